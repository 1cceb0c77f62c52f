"""JPEG XL lossless (PS3.5 section 8.2.15).

The samples of the stream are unsigned.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy.typing as npt

from dicomseries.codecs.imagecodecs_encoder import check_available, run
from dicomseries.lazy_dataclass import dataclass

__all__ = ["JpegXl"]

_EFFORT = 3
"""With more the files are 1 % smaller but take several times as long; with less 10 % larger."""


@dataclass(frozen=True, slots=True)
class JpegXl:
    """JPEG XL Lossless: the smallest files, few readers yet.

    Stored numbers are unsigned.

    Notes
    -----
    PS3.5 section 8.2.15; ISO/IEC 18181-1. Streams of 16 bits are of level 10 and have a container
    (ISO/IEC 18181-2); those of 8 bits have none.

    Examples
    --------
    >>> import numpy as np
    >>> JpegXl().encode(np.zeros((64, 64), np.uint8))[:2].hex()
    'ff0a'
    """

    word: ClassVar[str] = "jxl"

    def check(self) -> None:
        """Check that the package is installed (`check_available`)."""
        check_available("jpegxl")

    def encode(self, frame: npt.NDArray[Any]) -> bytes:
        """Return one frame (rows, columns[, 3]) encoded.

        The frame is of uint8 or uint16, little endian.
        """
        return run("jpegxl", frame, lossless=True, effort=_EFFORT, numthreads=1)
