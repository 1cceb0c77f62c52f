"""How much memory the slabs of a write may take: what the user says, or a part of what is free."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from dicomseries.errors import OptionError

__all__ = ["memory_of"]

_MOST = 512 << 20
"""Bytes that are taken unasked at most."""

_LEAST = 16 << 20
"""Bytes without which no slab is worth a read."""

_SIZE = re.compile(
    r"(?P<number>\d+(?:\.\d+)?)\s*(?:(?P<prefix>[kmgt])(?P<binary>i?))?b?", re.IGNORECASE
)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}


def memory_of(asked: Any) -> int:
    """Return the bytes for the slabs of all workers: as asked, else a quarter of what is free, 512 MiB at most.

    Parameters
    ----------
    asked : int or str, optional
        Bytes, or a size such as ``"200 MB"`` (10⁶ bytes) or ``"2GiB"`` (2³⁰ bytes).

    Raises
    ------
    OptionError
        If it is no size, or less than 16 MiB.

    Examples
    --------
    >>> memory_of("200 MB"), memory_of("2GiB"), memory_of(None) <= 512 << 20
    (200000000, 2147483648, True)
    """
    if asked is None:
        return max(_LEAST, min(_MOST, _free() // 4))
    size = asked if isinstance(asked, int) and not isinstance(asked, bool) else _parsed(asked)
    if size >= _LEAST:
        return size
    raise OptionError(
        code="memory-not-a-size",
        where="memory",
        given=repr(asked),
        expected="bytes, or a size with its unit, of 16 MiB or more",
        remedy="Pass `memory='512MiB'`, for example, or leave it out.",
    )


def _parsed(asked: Any) -> int:
    """Return the bytes that a text means, -1 for none."""
    found = _SIZE.fullmatch(asked.strip()) if isinstance(asked, str) else None
    if found is None:
        return -1
    base = 1024 if found["binary"] else 1000
    return int(float(found["number"]) * base ** _POWERS[(found["prefix"] or "").lower()])


def _free() -> int:
    """Return the bytes of memory that are available, as far as the system says; else what is taken at most."""
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return 4 * _MOST
