"""JPEG-LS lossless (PS3.5 section 8.2.3).

The stream holds the stored words without a sign.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy.typing as npt

from dicomseries.codecs.imagecodecs_encoder import check_available, run
from dicomseries.lazy_dataclass import dataclass

__all__ = ["JpegLs", "without_spiff"]

_START, _SPIFF = b"\xff\xd8", b"\xff\xe8"
_ROOM, _HEADERS = 5, 1024
"""Largest size of the stream: at most 5 bytes per byte, and its headers."""


@dataclass(frozen=True, slots=True)
class JpegLs:
    """JPEG-LS Lossless: a third of the size for scans, fast.

    It is old enough for most readers.

    Notes
    -----
    PS3.5 section 8.2.3: the words of the stream are two's complement if Pixel Representation is 1.

    Examples
    --------
    >>> import numpy as np
    >>> JpegLs().encode(np.zeros((64, 64), np.int16))[:4].hex()
    'ffd8fff7'
    """

    word: ClassVar[str] = "jpegls"

    def check(self) -> None:
        """Check that the package is installed (`check_available`)."""
        check_available("jpegls")

    def encode(self, frame: npt.NDArray[Any]) -> bytes:
        """Return one frame (rows, columns[, 3]) encoded.

        The frame is of uint8, uint16 or int16, little endian.
        """
        words = frame.view(f"u{frame.dtype.itemsize}")
        return without_spiff(run("jpegls", words, out=_ROOM * words.nbytes + _HEADERS))


def without_spiff(stream: bytes) -> bytes:
    """Return the stream without a SPIFF header.

    DICOM's interchange format has none.
    """
    behind = len(_START)
    while stream[behind : behind + 2] == _SPIFF:
        behind += 2 + int.from_bytes(stream[behind + 2 : behind + 4], "big")
    return _START + stream[behind:]
