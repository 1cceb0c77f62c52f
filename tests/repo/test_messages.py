"""Messages mark the options that they name, so that the command line can spell them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from dicomseries.options import options_of
from python_source import MODULES, SOURCE, docstrings, nodes

OPTION = re.compile(rf"(?<!`)\b({'|'.join(options_of('write'))})=(?!=)")
FOREIGN = ("tifffile.imread(",)
"""Calls of other packages that messages show."""


def texts(path: Path) -> Iterator[tuple[int, str]]:
    """Yield each string of a module that is no docstring and no part of a longer one."""
    left_out = set(docstrings(path))
    for node in nodes(path):
        if isinstance(node, ast.JoinedStr):
            left_out.update(id(part) for part in ast.walk(node) if part is not node)
    for node in nodes(path):
        if id(node) in left_out:
            continue
        if isinstance(node, ast.JoinedStr):
            parts = (part.value if isinstance(part, ast.Constant) else "…" for part in node.values)
            yield node.lineno, "".join(parts)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


def test_every_option_in_a_message_is_marked():
    offenders = []
    modules = sorted({*MODULES} - {SOURCE / "options" / "declarations.py"})
    for path in modules:
        for line, text in texts(path):
            unmarked = OPTION.search(re.sub(r"`[^`]*`", "", text))
            if unmarked and not any(call in text for call in FOREIGN):
                offenders.append(f"{path.relative_to(SOURCE)}:{line}: {unmarked[0]} in {text!r}")
    assert modules
    assert offenders == []
