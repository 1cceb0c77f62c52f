"""The memory of this process is given back as soon as it is free."""

from __future__ import annotations

import contextlib
import ctypes

__all__ = ["give_back_what_is_free"]

_M_MMAP_THRESHOLD = -3
"""In <malloc.h> of the GNU C library."""
_LARGE = 128 << 10
"""The threshold that library begins with."""


def give_back_what_is_free() -> None:
    """Keep the C library from holding on to large blocks, whose remains would add up over thousands of slices.

    It takes blocks above a threshold from the system and gives them back at once, but raises that threshold to the
    size of each one it has given back; chunks then come from heaps that never shrink. Named, the threshold stays. This
    is for a process of our own: a library does not decide on the memory of the program it is in.

    Examples
    --------
    >>> give_back_what_is_free()
    """
    with contextlib.suppress(
        OSError, AttributeError, TypeError
    ):  # another C library, or none that can be asked
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _LARGE)
