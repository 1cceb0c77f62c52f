"""JPEG 2000 lossless (PS3.5 section 8.2.4)."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy.typing as npt

from dicomseries.codecs.imagecodecs_encoder import check_available, run
from dicomseries.lazy_dataclass import dataclass

__all__ = ["Jpeg2000"]


@dataclass(frozen=True, slots=True)
class Jpeg2000:
    """JPEG 2000 Lossless: as small as JPEG-LS, several times slower.

    Nearly all readers read it.

    Notes
    -----
    PS3.5 section 8.2.4: the stream has signed samples if Pixel Representation is 1.

    Examples
    --------
    >>> import numpy as np
    >>> Jpeg2000().encode(np.zeros((64, 64), np.int16))[:4].hex()
    'ff4fff51'
    """

    word: ClassVar[str] = "j2k"

    def check(self) -> None:
        """Check that the package is installed (`check_available`)."""
        check_available("jpeg2k")

    def encode(self, frame: npt.NDArray[Any]) -> bytes:
        """Return one frame (rows, columns[, 3]) encoded.

        The frame is of uint8, uint16 or int16, little endian.
        """
        # one thread: the frames of a series are encoded in parallel
        return run(
            "jpeg2k", frame, level=0, codecformat="j2k", reversible=True, mct=True, numthreads=1
        )
