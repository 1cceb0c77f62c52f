"""Every code block of the documents runs.

The blocks of one file run in order, in one empty folder. `python` blocks share their names; with
`>>>` they are doctests, and their output is compared. `bash` blocks stop at the first command that
fails. `console` blocks run the lines that begin with `$` and compare the output, in which `...`
matches anything. Only a comment `<!-- not run: REASON -->` right above a block leaves it out.
"""

from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from warm_python import warm_programs

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
FENCE = re.compile(
    r"(?:<!--\s*not run:\s*(?P<reason>[^>]*?)\s*-->\s*\n)?"
    r"^(?P<indent> *)```(?P<language>\w+)[^\n]*\n(?P<code>.*?)^ *```",
    re.MULTILINE | re.DOTALL,
)
LIKE = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@dataclass(frozen=True, kw_only=True)
class Block:
    language: str
    code: str
    line: int
    reason: str | None


def blocks(path: Path) -> list[Block]:
    text = path.read_text(encoding="utf-8")
    return [
        Block(
            language=match["language"],
            code=re.sub(rf"^{match['indent']}", "", match["code"], flags=re.MULTILINE),
            line=text[: match.start("code")].count("\n") + 1,
            reason=match["reason"],
        )
        for match in FENCE.finditer(text)
    ]


def run_python(block: Block, path: Path, names: dict[str, Any]) -> None:
    if ">>>" not in block.code:
        # The line numbers of a traceback are those of the document.
        exec(compile("\n" * (block.line - 1) + block.code, str(path), "exec"), names)  # noqa: S102
        return
    test = doctest.DocTestParser().get_doctest(
        block.code, names, path.name, str(path), block.line - 1
    )
    report: list[str] = []
    runner = doctest.DocTestRunner(optionflags=LIKE, verbose=False)
    runner.run(test, out=report.append, clear_globs=False)
    names.update(test.globs)
    assert not runner.failures, "".join(report)


def run_shell(script: str, where: str) -> str:
    beside_python = str(Path(sys.executable).parent)
    places = [str(warm_programs()), beside_python, os.environ["PATH"]]
    environment = {
        **os.environ,
        "PATH": os.pathsep.join(places),
        "COLUMNS": "120",
    }
    result = subprocess.run(
        ["bash", "-c", f"set -eo pipefail\n{script}"],  # noqa: S607
        env=environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=120,
    )
    assert result.returncode == 0, (
        f"{where}: exit {result.returncode}\n{script}\n{result.stdout}{result.stderr}"
    )
    return result.stdout


def run_console(block: Block, where: str) -> None:
    for part in re.split(r"^\$ ", block.code, flags=re.MULTILINE)[1:]:
        command, expected = split_continued(part)
        printed = run_shell(command, where)
        if expected.strip():
            same = doctest.OutputChecker().check_output(expected, printed, LIKE)
            assert same, f"{where}: $ {command}\nexpected:\n{expected}\nprinted:\n{printed}"


def split_continued(text: str) -> tuple[str, str]:
    """Yield commands, also of several lines ending with a backslash, and their output."""
    command, _, output = text.partition("\n")
    while command.endswith("\\"):
        more, _, output = output.partition("\n")
        command = f"{command}\n{more}"
    return command, output


def execute(path: Path) -> None:
    names: dict[str, Any] = {"__name__": "__document__"}
    for block in blocks(path):
        where = f"{path.name}:{block.line}"
        if block.reason is not None:
            assert block.reason, f"{where}: give the reason in <!-- not run: REASON -->"
        elif block.language == "python":
            run_python(block, path, names)
        elif block.language in {"bash", "sh"}:
            run_shell(block.code, where)
        elif block.language == "console":
            run_console(block, where)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_the_code_blocks_of_a_document_run(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    execute(path)


@pytest.mark.parametrize(
    "text",
    [
        "```python\n1 / 0\n```\n",
        "```python\n>>> 1 + 1\n3\n```\n",
        "```bash\nfalse\ntrue\n```\n",
        "```console\n$ echo one\ntwo\n```\n",
        "<!-- not run: -->\n```python\npass\n```\n",
        "1. text\n\n   ```python\n   raise SystemError\n   ```\n",
    ],
)
def test_a_block_that_is_wrong_is_noticed(text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    document = tmp_path / "wrong.md"
    document.write_text(text, encoding="utf-8")
    with pytest.raises((AssertionError, ZeroDivisionError, SystemError)):
        execute(document)


def test_blocks_share_names_and_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    document = tmp_path / "right.md"
    document.write_text(
        "```python\nx = 2\n```\n```bash\necho made > file\n```\n"
        "```console\n$ cat file\nma...\n$ true\n```\n```python\n"
        ">>> from pathlib import Path\n>>> x, Path('file').read_text()\n(2, 'made\\n')\n```\n"
        "<!-- not run: it needs a network -->\n```bash\nfalse\n```\n```text\nfalse\n```\n",
        encoding="utf-8",
    )
    execute(document)
