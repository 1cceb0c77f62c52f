"""Return freed memory to the system at once."""

from __future__ import annotations

import contextlib
import ctypes

__all__ = ["return_freed_memory"]

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
"""In <malloc.h> of the GNU C library."""
_LARGE = 2 << 20
"""Bytes of a block that is returned at once: a few slices."""
_SPARE = 16 << 20
"""Bytes that wait for the next smaller blocks; each page that is returned and taken again costs
more time than the work on it."""


def return_freed_memory() -> None:
    """Let the C library return large blocks at once.

    The library takes blocks above a threshold from the system and returns them at once, but raises
    the threshold to the size of each returned block. Chunks then come from heaps that never shrink,
    and their remains add up over thousands of slices. A threshold that is set stays. Only the
    command line does this: a library does not decide on the memory of its program.

    Examples
    --------
    >>> return_freed_memory()
    """
    with contextlib.suppress(OSError, AttributeError, TypeError):  # another C library
        library = ctypes.CDLL(None)
        library.mallopt(_M_MMAP_THRESHOLD, _LARGE)
        library.mallopt(_M_TRIM_THRESHOLD, _SPARE)
