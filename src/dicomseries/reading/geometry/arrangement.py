"""Slice and volume of each frame of a series."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dicomseries.lazy_dataclass import dataclass

__all__ = ["FILE_ORDER", "Arrangement"]

Indices = npt.NDArray[np.intp]

FILE_ORDER = "the order of the files"
"""What sorts the volumes where nothing in the headers does."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Arrangement:
    """Slice and volume of each frame.

    Parameters
    ----------
    slice_index, volume_index : ndarray of int, shape (frames,)
        From 0; slices count along the normal.
    volumes : int
        Number of volumes; 1 if each place holds one frame.
    by : str
        Attribute that separates the volumes; "" for one volume.
    """

    slice_index: Indices
    volume_index: Indices
    volumes: int
    by: str

    @property
    def order(self) -> Indices:
        """The frames sorted by volume, then slice."""
        return np.lexsort((self.slice_index, self.volume_index))
