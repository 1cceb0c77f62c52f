"""Voxels of files, some of which have their rows in reverse order."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from dicomseries.lazy_dataclass import dataclass
from dicomseries.reading.series_slabs import FrameSlabs

__all__ = ["MirroredSlabs"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MirroredSlabs(FrameSlabs):
    """Slices of files of one frame.

    Parameters
    ----------
    mirrored : frozenset of str
        Paths of the files whose rows are read from the last to the first.
    """

    mirrored: frozenset[str]

    @classmethod
    def of(cls, slabs: FrameSlabs, mirrored: frozenset[str]) -> MirroredSlabs:
        """Return slabs of files, some of which have their rows in reverse order."""
        return cls(
            instances=slabs.instances,
            sources=slabs.sources,
            rescales=slabs.rescales,
            dtype=slabs.dtype,
            divisor=slabs.divisor,
            mirrored=mirrored,
        )

    def fill(self, array: npt.NDArray[Any], start: int) -> None:
        """Read slices into an array, beginning with slice `start`.

        Raises
        ------
        ReadError, MissingPackageError
            As `read_frames`.
        """
        FrameSlabs.fill(self, array, start)
        files = self.sources[start : start + len(array), 0].tolist()
        for index, file in enumerate(files):
            if self.instances[file].path in self.mirrored:
                array[index] = array[index, ::-1].copy()
