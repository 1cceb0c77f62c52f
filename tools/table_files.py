"""Tables as readable JSON files: one line per entry."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import Any

__all__ = ["table_text", "write_table"]

LINE = 100


def table_text(table: dict[str, Any]) -> str:
    """Return a table as JSON, one line per entry."""
    parts = [f'"{name}": {_part_text(part)}' for name, part in table.items()]
    return "{\n" + ",\n".join(parts) + "\n}\n"


def write_table(path: Path, table: dict[str, Any]) -> None:
    """Write a table into a file of package data."""
    path.write_text(table_text(table), encoding="utf-8")
    print(path)


def _part_text(part: Any) -> str:
    if isinstance(part, dict):
        entries = [f'  "{key}": {_one_line(value)}' for key, value in part.items()]
        return "{\n" + ",\n".join(entries) + "\n}"
    if isinstance(part, list):
        items = ", ".join(_one_line(value) for value in part)
        lines = textwrap.fill(items, LINE - 2, break_long_words=False, break_on_hyphens=False)
        return "[\n" + textwrap.indent(lines, "  ") + "\n]"
    return _one_line(part)


def _one_line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
