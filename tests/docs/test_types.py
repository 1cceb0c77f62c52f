"""mypy and pyright accept what the documents show, and find a user's mistakes.

The documents' blocks and two scripts are checked in one run of each. pyright is basedpyright's,
which brings its own node, in pyright's standard mode.
"""

from __future__ import annotations

import doctest
import json
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest
from tests.docs.test_code_blocks import DOCUMENTS, ROOT, blocks

SCRIPTS = Path(__file__).parent / "user_scripts"
CHECKERS = ["mypy", "pyright"]
MEANT = {
    ("docs_how_to_multi_frame", 'kind="RTDose"'),  # shows how it is rejected
    ("docs_how_to_from_a_network", "nibabel.load("),  # nibabel types it as any of its images
}
"""Module of a document and a part of its line, where a type checker is right to complain."""


def source_of(document: Path) -> str:
    """Return the Python of a document, each line where it is there."""
    lines: list[str] = [""] * len(document.read_text(encoding="utf-8").splitlines())
    for block in blocks(document):
        if block.language != "python" or block.reason is not None:
            continue
        code = block.code
        if ">>>" in code:
            code = doctest.script_from_examples(code)
        for number, line in enumerate(code.splitlines()):
            lines[block.line - 1 + number] = line
    allowed = ["import-untyped", "no-untyped-call"]  # packages without types
    if document.name != "README.md":
        allowed.append("no-untyped-def")
    lines[0] = f'# mypy: allow-redefinition, disable-error-code="{",".join(allowed)}"'
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The scripts and a module for each document with Python."""
    folder = tmp_path_factory.mktemp("users")
    for script in SCRIPTS.glob("*.py"):
        shutil.copy(script, folder)
    for document in DOCUMENTS:
        source = source_of(document)
        if len(source.strip().splitlines()) > 1:
            name = re.sub(r"\W", "_", document.relative_to(ROOT).with_suffix("").as_posix())
            (folder / f"{name}.py").write_text(source, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def mistakes(folder):
    """Checker → name of a module → line → message."""
    return {"mypy": by_mypy(folder), "pyright": by_pyright(folder)}


def by_mypy(folder: Path) -> dict[str, dict[int, str]]:
    # With the project's own settings, which are strict, its cache serves here too.
    result = subprocess.run(
        [sys.executable, "-m", "mypy", "--no-pretty", *sorted(map(str, folder.glob("*.py")))],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert result.returncode in {0, 1}, result.stdout + result.stderr
    found: dict[str, dict[int, str]] = defaultdict(dict)
    for line in result.stdout.splitlines():
        match = re.match(r"(.+\.py):(\d+): error: (.*)", line)
        if match:
            found[Path(match[1]).stem][int(match[2])] = match[3]
    return found


def by_pyright(folder: Path) -> dict[str, dict[int, str]]:
    settings = '{"typeCheckingMode": "standard"}'
    (folder / "pyrightconfig.json").write_text(settings, encoding="utf-8")
    program = Path(sys.executable).parent / "basedpyright"
    result = subprocess.run(
        [program, "--outputjson", "--pythonpath", sys.executable, "--project", str(folder)],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert result.returncode in {0, 1}, result.stdout + result.stderr
    found: dict[str, dict[int, str]] = defaultdict(dict)
    for report in json.loads(result.stdout)["generalDiagnostics"]:
        if report["severity"] == "error":
            line = report["range"]["start"]["line"] + 1
            found[Path(report["file"]).stem][line] = report["message"]
    return found


@pytest.mark.parametrize("checker", CHECKERS)
def test_a_type_checker_finds_every_mistake_of_a_script(checker, mistakes):
    source = (SCRIPTS / "wrong.py").read_text(encoding="utf-8").splitlines()
    planted = [number for number, line in enumerate(source, 1) if line.endswith("# mistake")]
    assert sorted(mistakes[checker]["wrong"]) == planted


@pytest.mark.parametrize("checker", CHECKERS)
def test_a_type_checker_accepts_a_script_without_mistakes_and_all_documents(
    checker, mistakes, folder
):
    wrong = []
    for name, lines in mistakes[checker].items():
        if name == "wrong":
            continue
        source = (folder / f"{name}.py").read_text(encoding="utf-8").splitlines()
        for number, message in lines.items():
            line = source[number - 1]
            if not any(name == module and part in line for module, part in MEANT):
                wrong.append(f"{name}:{number}: {line}\n{message}")
    assert not wrong, "\n".join(wrong)
