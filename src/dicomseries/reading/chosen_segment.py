"""One segment of a label map as 0 and 1, read on demand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.lazy_dataclass import dataclass
from dicomseries.sources import FrameReader, picked_frames

__all__ = ["frames_of_segment"]


def frames_of_segment(reader: FrameReader, number: int) -> FrameReader:
    """Return the voxels of one segment as frames of 0 and 1.

    Parameters
    ----------
    reader : FrameReader
        Frames of a label map.
    number : int
        SegmentNumber.

    Examples
    --------
    >>> from dicomseries.sources import array_frames
    >>> frames_of_segment(array_frames(np.array([[[0, 2, 1]]])), 2).read(0, 1).tolist()
    [[[0, 1, 0]]]
    """
    chosen = _ChosenSegment(source=reader, number=number)
    return FrameReader(
        shape=reader.shape,
        dtype=np.dtype(np.uint8),
        read=chosen.read,
        edges=reader.edges,
        pick=chosen.pick,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _ChosenSegment:
    source: FrameReader
    number: int

    def read(self, start: int, stop: int) -> npt.NDArray[Any]:
        labels = self.source.read(start, stop)
        mask: npt.NDArray[np.uint8] = (labels == self.number).view(np.uint8)
        return mask

    def pick(self, frames: Sequence[int]) -> FrameReader:
        return frames_of_segment(picked_frames(self.source, frames), self.number)
