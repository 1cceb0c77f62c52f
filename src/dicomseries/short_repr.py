"""`repr` of records in a few short lines, for consoles and logs, and whole, for digests."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any

__all__ = ["LONGEST_LINE", "MOST_LINES", "record_repr", "short_lines", "short_text", "whole_text"]

MOST_LINES = 8
LONGEST_LINE = 100
_PLAIN = frozenset({bool, bytes, float, int, str, type(None)})
"""Types whose `repr` shows all."""


def short_lines(lines: Iterable[object]) -> str:
    """Return at most 8 lines of at most 100 characters.

    Control characters, such as line feeds in a description, are escaped.

    Examples
    --------
    >>> print(short_lines(["first", "x" * 200, "third"])[:12])
    first
    xxxxxx
    >>> short_lines(map(str, range(100))).splitlines()[-1]
    '… and 93 more lines'
    """
    texts = [_one_line(str(line)) for line in lines]
    if len(texts) > MOST_LINES:
        more = len(texts) - MOST_LINES + 1
        texts[MOST_LINES - 1 :] = [f"… and {more} more lines"]
    return "\n".join(texts)


def short_text(text: str) -> str:
    """Return a text on at most 8 lines of at most 100 characters.

    Examples
    --------
    >>> print(short_text("word " * 30).splitlines()[1])
      word word word word word word word word word word
    """
    return short_lines(textwrap.wrap(text, LONGEST_LINE, subsequent_indent="  "))


def record_repr(record: Any) -> str:
    """Return the `repr` of a dataclass without its defaults.

    On one line if it fits, else one field on a line.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> @dataclass
    ... class Point:
    ...     x: int
    ...     y: int = 0
    ...     __repr__ = record_repr
    >>> Point(1), Point(1, 2)
    (Point(x=1), Point(x=1, y=2))
    """
    name = type(record).__name__
    parts = []
    for field in fields(record):
        value = getattr(record, field.name)
        if field.repr and not _is_default(field, value):
            parts.append(f"{field.name}={_one_line(repr(value), 10 * LONGEST_LINE)}")
    text = f"{name}({', '.join(parts)})"
    if len(text) <= LONGEST_LINE:
        return text
    lines = [f"{name}("]
    for part in parts:
        lines += textwrap.wrap(
            f"{part},", LONGEST_LINE, initial_indent="    ", subsequent_indent="        "
        )
    return short_lines([*lines, ")"])


def whole_text(value: Any) -> str:
    """Return a text with every field of every record, for digests.

    Unlike a short `repr`, it differs whenever a value does.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> @dataclass
    ... class Point:
    ...     x: int
    ...     y: int = 0
    ...     __repr__ = record_repr
    >>> whole_text((Point(1), "text"))
    "(Point(x=1, y=0), 'text')"
    """
    if is_dataclass(value) and not isinstance(value, type):
        texts = [
            f"{field.name}={whole_text(getattr(value, field.name))}"
            for field in fields(value)
            if field.repr
        ]
        return f"{type(value).__qualname__}({', '.join(texts)})"
    if type(value) in {list, tuple} and {*map(type, value)} <= _PLAIN:
        return repr(value)
    if type(value) is dict:
        items = [f"{whole_text(key)}: {whole_text(item)}" for key, item in value.items()]
        return f"{{{', '.join(items)}}}"
    if type(value) is list:
        return f"[{', '.join(map(whole_text, value))}]"
    if type(value) is tuple:
        comma = "," if len(value) == 1 else ""
        return f"({', '.join(map(whole_text, value))}{comma})"
    return repr(value)


def _is_default(field: Field[Any], value: Any) -> bool:
    default = field.default
    if field.default_factory is not MISSING:
        default = field.default_factory()
    return type(value) is type(default) and bool(value == default)


def _one_line(text: str, longest: int = LONGEST_LINE) -> str:
    text = "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)
    return text if len(text) <= longest else f"{text[: longest - 2]} …"
