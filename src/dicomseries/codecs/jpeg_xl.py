"""JPEG XL lossless: a stream of unsigned samples (PS3.5 section 8.2.15)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy.typing as npt

from dicomseries.codecs.imagecodecs_encoder import check_available, run

__all__ = ["JpegXl"]

_EFFORT = 3
"""Above it the files get 1 % smaller and take several times as long; below it they are a tenth larger."""


@dataclass(frozen=True, slots=True)
class JpegXl:
    """JPEG XL Lossless: the smallest files; few readers of DICOM have it yet. Stored numbers are unsigned.

    Notes
    -----
    PS3.5 section 8.2.15; ISO/IEC 18181-1. Streams of 16 bits are of level 10, which is said in a container around them
    (ISO/IEC 18181-2); those of 8 bits are bare.

    Examples
    --------
    >>> import numpy as np
    >>> JpegXl().encode(np.zeros((64, 64), np.uint8))[:2].hex()
    'ff0a'
    """

    word: ClassVar[str] = "jxl"

    def check(self) -> None:
        """Refuse to begin without the package; see `check_available`."""
        check_available("jpegxl")

    def encode(self, frame: npt.NDArray[Any]) -> bytes:
        """Return one frame (rows, columns[, 3]) of uint8 or uint16, little endian, encoded."""
        return run("jpegxl", frame, lossless=True, effort=_EFFORT, numthreads=1)
