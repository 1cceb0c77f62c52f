"""The natural order of names: 2 before 10."""

from __future__ import annotations

import re

__all__ = ["natural_key"]

_DIGITS = re.compile(r"(\d+)")


def natural_key(name: str) -> tuple[str | int, ...]:
    """Return the key that sorts names in natural order.

    Texts and numbers take turns in it, so that keys can be compared.

    Examples
    --------
    >>> sorted(["s10.png", "s9.png", "a.png"], key=natural_key)
    ['a.png', 's9.png', 's10.png']
    """
    parts = _DIGITS.split(name.casefold())
    return tuple(int(part) if index % 2 else part for index, part in enumerate(parts))
