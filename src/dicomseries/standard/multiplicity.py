"""How many values an attribute may have (PS3.5 section 6.4, PS3.6), for writing and for checking."""

from __future__ import annotations

from functools import cache

from pydicom.datadict import dictionary_has_tag, dictionary_VM

__all__ = ["allows_count", "most_values", "multiplicity"]


@cache
def multiplicity(tag: int) -> str | None:
    """Return the multiplicity that the dictionary gives, such as ``"1-n"``; None for an unknown tag.

    Examples
    --------
    >>> multiplicity(0x00181310), multiplicity(0x00291010)
    ('4', None)
    """
    return dictionary_VM(tag) if dictionary_has_tag(tag) else None


@cache
def allows_count(allowed: str, count: int) -> bool:
    """Return whether a multiplicity such as 1, 1-3, 2-n, 3-3n or "1-2 or 4" allows as many values.

    Examples
    --------
    >>> allows_count("3-3n", 6), allows_count("3-3n", 7), allows_count("1 or 4", 4)
    (True, False, True)
    """
    if " or " in allowed:
        return any(allows_count(part, count) for part in allowed.split(" or "))
    least, most, step = _bounds(allowed)
    return (
        least <= count
        and (most is None or count <= most)
        and (most is not None or count % step == 0)
    )


def most_values(allowed: str) -> int | None:
    """Return the largest number of values; None where there is no limit.

    Examples
    --------
    >>> most_values("4"), most_values("1-3"), most_values("2-n")
    (4, 3, None)
    """
    ends = [_bounds(part)[1] for part in allowed.split(" or ")]
    known = [end for end in ends if end is not None]
    return max(known) if len(known) == len(ends) else None


@cache
def _bounds(allowed: str) -> tuple[int, int | None, int]:
    """Return least, most (None: no limit) and step of a multiplicity such as 1, 1-3, 2-n, 3-3n, 2-2n."""
    low, _, high = allowed.partition("-")
    least = int(low)
    if not high:
        return least, least, 1
    if not high.endswith("n"):
        return least, int(high), 1
    return least, None, int(high[:-1] or 1)
