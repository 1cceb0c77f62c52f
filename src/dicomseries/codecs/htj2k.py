"""High-throughput JPEG 2000 lossless (PS3.5 section 8.2.14)."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy.typing as npt

from dicomseries.codecs.imagecodecs_encoder import check_available, run
from dicomseries.lazy_dataclass import dataclass

__all__ = ["Htj2k"]


@dataclass(frozen=True, slots=True)
class Htj2k:
    """HTJ2K Lossless: small as JPEG 2000, ten times faster.

    Old readers do not read it.

    Notes
    -----
    PS3.5 section 8.2.14; ISO/IEC 15444-15.

    Examples
    --------
    >>> import numpy as np
    >>> Htj2k().encode(np.zeros((64, 64), np.int16))[:4].hex()
    'ff4fff51'
    """

    word: ClassVar[str] = "htj2k"

    def check(self) -> None:
        """Check that the package is installed (`check_available`)."""
        check_available("htj2k")

    def encode(self, frame: npt.NDArray[Any]) -> bytes:
        """Return one frame (rows, columns[, 3]) encoded.

        The frame is of uint8, uint16 or int16, little endian.
        """
        return run("htj2k", frame, reversible=True, rgb=frame.ndim == 3, planar=False)
