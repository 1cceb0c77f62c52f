"""Memory for the slabs of a write."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from dicomseries.errors import OptionError

__all__ = ["memory_of"]

_MOST = 512 << 20
"""Most bytes without an option."""

_LEAST = 16 << 20
"""Fewest bytes that make a slab worth a read."""

_SIZE = re.compile(
    r"(?P<number>\d+(?:\.\d+)?)\s*(?:(?P<prefix>[kmgt])(?P<binary>i?))?b?", re.IGNORECASE
)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}


def memory_of(memory: Any) -> int:
    """Return the bytes for the slabs of all workers.

    Parameters
    ----------
    memory : int or str, optional
        Bytes, or a size such as ``"200 MB"`` (10⁶ bytes) or ``"2GiB"`` (2³⁰ bytes). A quarter of
        the free memory, at most 512 MiB, if not given.

    Raises
    ------
    OptionError
        If it is no size, or less than 16 MiB.

    Examples
    --------
    >>> memory_of("200 MB"), memory_of("2GiB"), memory_of(None) <= 512 << 20
    (200000000, 2147483648, True)
    """
    if memory is None:
        return max(_LEAST, min(_MOST, _free() // 4))
    size = -1
    if isinstance(memory, str):
        size = _parsed(memory)
    elif isinstance(memory, int) and not isinstance(memory, bool):
        size = memory
    if size >= _LEAST:
        return size
    raise OptionError(
        code="memory-not-a-size",
        where="memory",
        given=repr(memory),
        expected="bytes, or a size with its unit, of 16 MiB or more",
        remedy="Pass `memory='512MiB'`, for example, or leave it out.",
    )


def _parsed(text: str) -> int:
    """Return the bytes of a size in words, else -1."""
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        return -1
    base = 1024 if match["binary"] else 1000
    return int(float(match["number"]) * base ** _POWERS[(match["prefix"] or "").lower()])


def _free() -> int:
    """Return the bytes of available memory."""
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in getattr(os, "sysconf_names", ()):
        size: int = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        return size
    return 4 * _MOST
