"""RLE Lossless: PackBits of one byte rank at a time.

Row by row (PS3.5 annex G).
"""

from __future__ import annotations

import struct
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from dicomseries.codecs.imagecodecs_encoder import check_available, run
from dicomseries.lazy_dataclass import dataclass

__all__ = ["Rle"]

_HEADER = struct.Struct("<16I")
"""The number of segments, and the offset of each; 15 at most (PS3.5 section G.5)."""


@dataclass(frozen=True, slots=True)
class Rle:
    """RLE Lossless: read most widely, about half the size.

    That is for scans; masks and labels shrink more.

    Notes
    -----
    PS3.5 section 8.2.2 and annex G.

    Examples
    --------
    >>> import numpy as np
    >>> len(Rle().encode(np.zeros((64, 64), np.uint16)))
    320
    """

    word: ClassVar[str] = "rle"

    def check(self) -> None:
        """Check that the package is installed (`check_available`)."""
        check_available("packbits")

    def encode(self, frame: npt.NDArray[Any]) -> bytes:
        """Return one frame (rows, columns[, 3]) encoded.

        The frame is of uint8, uint16 or int16, little endian.
        """
        rows, columns, *samples = frame.shape
        size = frame.dtype.itemsize
        ranks = frame.view(np.uint8).reshape(rows, columns, *samples or (1,), size)
        # the most significant bytes of the first sample come first (PS3.5 section G.2)
        planes = (
            ranks[:, :, sample, rank]
            for sample in range(ranks.shape[2])
            for rank in reversed(range(size))
        )
        segments = []
        for plane in planes:
            segment = run("packbits", plane.copy())
            segments.append(segment + b"\0" * (len(segment) % 2))
        starts = np.cumsum([_HEADER.size, *map(len, segments)])[:-1].tolist()
        header = _HEADER.pack(len(segments), *starts, *[0] * (15 - len(starts)))
        return b"".join([header, *segments])
