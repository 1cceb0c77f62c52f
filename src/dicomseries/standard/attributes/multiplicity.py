"""Numbers of values of attributes (PS3.5 section 6.4, PS3.6)."""

from __future__ import annotations

from functools import cache

from dicomseries.standard.dictionary import dictionary_vm, has_tag

__all__ = ["allows_count", "most_values", "multiplicity"]


@cache
def multiplicity(tag: int) -> str | None:
    """Return the dictionary's value multiplicity, such as ``"1-n"``.

    None for an unknown tag.

    Examples
    --------
    >>> multiplicity(0x00181310), multiplicity(0x00291010)
    ('4', None)
    """
    if not has_tag(tag):
        return None
    return dictionary_vm(tag)


@cache
def allows_count(allowed: str, count: int) -> bool:
    """Return whether a multiplicity allows this number of values.

    Examples
    --------
    >>> allows_count("3-3n", 6), allows_count("3-3n", 7), allows_count("1 or 4", 4)
    (True, False, True)
    """
    if " or " in allowed:
        return any(allows_count(part, count) for part in allowed.split(" or "))
    least, most, step = _bounds(allowed)
    if most is None:
        return least <= count and count % step == 0
    return least <= count <= most


def most_values(allowed: str) -> int | None:
    """Return the largest number of values; None without limit.

    Examples
    --------
    >>> most_values("4"), most_values("1-3"), most_values("2-n")
    (4, 3, None)
    """
    largest = 0
    for part in allowed.split(" or "):
        _, most, _ = _bounds(part)
        if most is None:
            return None
        largest = max(largest, most)
    return largest


@cache
def _bounds(allowed: str) -> tuple[int, int | None, int]:
    """Return least, most (None: no limit) and step."""
    low, _, high = allowed.partition("-")
    least = int(low)
    if not high:
        return least, least, 1
    if not high.endswith("n"):
        return least, int(high), 1
    return least, None, int(high[:-1] or 1)
