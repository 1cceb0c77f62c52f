"""Binary segmentations as label maps, read on demand."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.lazy_dataclass import dataclass
from dicomseries.reading.order.placement import FrameSet
from dicomseries.reading.parse.instance import Instance, holding_only
from dicomseries.reading.pixels.segment_bits import add_labels, are_overlapping
from dicomseries.reading.series_slabs import TAGS_TO_READ
from dicomseries.sources import FrameReader

__all__ = ["LabelSlabs", "slabs_of_segments"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LabelSlabs:
    """Binary segmentation as a label map, shape (slices, rows, columns).

    0 is background. Its segments do not overlap.

    Parameters
    ----------
    instance : Instance
        File.
    masks : tuple of tuple of int
        Frames at each slice.
    segments : ndarray of int, shape (frames,)
        Segment number of each frame of the file.
    dtype : dtype
        Unsigned, wide enough for the largest number.
    """

    instance: Instance
    masks: tuple[tuple[int, ...], ...]
    segments: npt.NDArray[np.intp]
    dtype: np.dtype[Any]

    @property
    def shape(self) -> tuple[int, ...]:
        """(slices, rows, columns)."""
        return (len(self.masks), self.instance.rows, self.instance.columns)

    def reader(self) -> FrameReader:
        """Return a reader of these slices."""
        return FrameReader(
            shape=self.shape,
            dtype=self.dtype,
            read=self.read,
            pick=self.pick,
            read_into=self.fill,
        )

    def pick(self, frames: Sequence[int]) -> FrameReader:
        """Return selected slices in the order of the indices."""
        (instance,) = holding_only([self.instance], TAGS_TO_READ)
        masks = tuple(self.masks[index] for index in frames)
        return replace(self, instance=instance, masks=masks).reader()

    def read(self, start: int, stop: int) -> npt.NDArray[Any]:
        """Return the slices [start, stop) in a new array.

        Raises
        ------
        ReadError, MissingPackageError
            As `fill`.
        """
        array = np.empty((len(self.masks[start:stop]), *self.shape[1:]), self.dtype)
        self.fill(array, start)
        return array

    def fill(self, array: npt.NDArray[Any], start: int) -> None:
        """Read slices into an array, beginning with slice `start`.

        Parameters
        ----------
        array : ndarray
            C-contiguous, of the slices' shape and `dtype`.
        start : int
            First slice.

        Raises
        ------
        ReadError, MissingPackageError
            As `read_frames`.
        """
        array[...] = 0
        masks = self.masks[start : start + len(array)]
        add_labels(self.instance, masks, self.segments, array)

    def has_overlap(self, start: int, stop: int) -> bool:
        """Return whether a voxel of the slices [start, stop) is in two segments.

        Raises
        ------
        ReadError, MissingPackageError
            As `read_frames`.
        """
        return are_overlapping(self.instance, self.masks[start:stop], self.segments)


def slabs_of_segments(frames: FrameSet, numbers: Collection[int]) -> LabelSlabs:
    """Return some segments of a binary segmentation as one label map.

    They may overlap all others.

    Parameters
    ----------
    frames : FrameSet
        With `masks`.
    numbers : collection of int
        Numbers of the segments.
    """
    pool = frames.pool[0]
    segments = pool.segments
    assert segments is not None  # noqa: S101 - a segmentation without them has no grid
    is_chosen = np.isin(segments, sorted(numbers)).tolist()
    masks = []
    for of_slice in frames.masks or ():
        masks.append(tuple(frame for frame in of_slice if is_chosen[frame]))
    (instance,) = holding_only([pool.instance], TAGS_TO_READ)
    return LabelSlabs(
        instance=instance,
        masks=tuple(masks),
        segments=segments,
        dtype=np.min_scalar_type(max(1, *numbers)),
    )
