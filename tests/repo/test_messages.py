"""Messages mark the options that they name, so that the command line can spell them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from dicomseries.options import options_of

SOURCE = Path(__file__).parents[2] / "src" / "dicomseries"
OPTION = re.compile(rf"(?<!`)\b({'|'.join(options_of('write'))})=(?!=)")
FOREIGN = ("tifffile.imread(",)
"""Calls of other packages that messages show."""


def texts(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield each string of a module that is no docstring and no part of a longer one."""
    inner = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for part in ast.walk(node)
        if part is not node
    }
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if id(node) in inner | docstrings:
            continue
        if isinstance(node, ast.JoinedStr):
            parts = (part.value if isinstance(part, ast.Constant) else "…" for part in node.values)
            yield node.lineno, "".join(parts)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


def test_every_option_in_a_message_is_marked():
    offenders = []
    modules = sorted({*SOURCE.rglob("*.py")} - {SOURCE / "options" / "declarations.py"})
    for path in modules:
        for line, text in texts(ast.parse(path.read_text(encoding="utf-8"))):
            unmarked = OPTION.search(re.sub(r"`[^`]*`", "", text))
            if unmarked and not any(call in text for call in FOREIGN):
                offenders.append(f"{path.relative_to(SOURCE)}:{line}: {unmarked[0]} in {text!r}")
    assert modules
    assert offenders == []
