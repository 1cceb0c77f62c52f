"""The project's modules, parsed once for all tests that look at code."""

from __future__ import annotations

import ast
import functools
from pathlib import Path

__all__ = ["MODULES", "SOURCE", "docstrings", "nodes", "tree"]

SOURCE = Path(__file__).parents[1] / "src" / "dicomseries"
MODULES = tuple(sorted(SOURCE.rglob("*.py")))
"""Every file of the package."""


@functools.cache
def tree(path: Path) -> ast.Module:
    """Return the syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


@functools.cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """Return every node of a file, as `ast.walk` yields them."""
    return tuple(ast.walk(tree(path)))


@functools.cache
def docstrings(path: Path) -> frozenset[int]:
    """Return the identities of expressions that stand alone, as docstrings do."""
    return frozenset(id(node.value) for node in nodes(path) if isinstance(node, ast.Expr))
