"""Frames of multi-frame files → slabs of stored or real values, read when they are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import mul
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from dicomseries.errors import ReadError
from dicomseries.reading.parse.instance import Instance, holding_only
from dicomseries.reading.pixels.frame_pixels import read_frames, read_frames_into, reads_in_place
from dicomseries.reading.slice_slabs import TO_READ

__all__ = ["FrameSlabs", "LabelSlabs"]

_BLOCK_BYTES = 8 << 20
"""Frames that must be converted are read in blocks of this size, so that memory holds them once only."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FrameSlabs:
    """The voxels of multi-frame files, shape (frames, rows, columns) or (frames, rows, columns, 3).

    Parameters
    ----------
    instances : tuple of Instance
        The files.
    sources : ndarray of int, shape (frames, 2)
        File and frame of each frame; -1 for one that is empty.
    rescales : ndarray, shape (frames, 2)
        Slope and intercept applied to each.
    divisor : float
        What the values are divided by then.
    dtype : dtype
        Of the result.
    """

    instances: tuple[Instance, ...]
    sources: npt.NDArray[np.intp]
    rescales: npt.NDArray[np.float64]
    dtype: np.dtype[Any]
    divisor: float = 1.0

    @property
    def shape(self) -> tuple[int, ...]:
        """(frames, rows, columns[, 3])."""
        first = self.instances[0]
        return (len(self.sources), first.rows, first.columns, *([3] if first.samples == 3 else []))

    @property
    def depth(self) -> int:
        """1: any frames may be read together."""
        return 1

    def pick(self, frames: Sequence[int]) -> Self:
        """Return some of the frames, at least one, in the order given."""
        chosen = list(frames)
        return replace(
            self,
            instances=holding_only(self.instances, TO_READ),
            sources=self.sources[chosen],
            rescales=self.rescales[chosen],
        )

    def read(self, start: int, stop: int) -> npt.NDArray[Any]:
        """Return the frames [start, stop) in a new array.

        Raises
        ------
        ReadError, MissingPackageError
            As `read_frames`.
        """
        array = np.empty(
            (max(min(stop, len(self.sources)) - start, 0), *self.shape[1:]), self.dtype
        )
        self.fill(array, start)
        return array

    def fill(self, array: npt.NDArray[Any], start: int) -> None:
        """Read the frames from `start` on into a C-contiguous `array` of their shape and of `dtype`.

        Raises
        ------
        ReadError, MissingPackageError
            As `read_frames`.
        """
        for first, last in self._runs(start, start + len(array)):
            self._fill(array[first - start : last - start], first)

    def _runs(self, start: int, stop: int) -> Iterator[tuple[int, int]]:
        """Yield ranges of frames that follow each other in one file and are rescaled alike."""
        files, frames = self.sources[start:stop].T
        differ = (np.diff(self.rescales[start:stop], axis=0) != 0).any(axis=1)
        breaks = (np.diff(files) != 0) | (np.diff(frames) != 1) | differ
        ends = [*(np.flatnonzero(breaks) + 1 + start).tolist(), stop] if stop > start else []
        for end in ends:
            yield start, end
            start = end

    def _fill(self, target: npt.NDArray[Any], first: int) -> None:
        file, frame = self.sources[first].tolist()
        slope, intercept = self.rescales[first].tolist()
        if file < 0:
            target[...] = 0
            return
        instance = self.instances[file]
        is_stored = (slope, intercept, self.divisor) == (1.0, 0.0, 1.0)
        if is_stored and reads_in_place(instance, target.dtype):
            read_frames_into(instance, target, frame)
            return
        step = max(_BLOCK_BYTES // reduce(mul, target.shape[1:], target.dtype.itemsize), 1)
        for begin in range(0, len(target), step):
            part = target[begin : begin + step]
            stored = read_frames(instance, frame + begin, frame + begin + len(part))
            _rescale(stored, part, slope, intercept, self.divisor)


def _rescale(
    stored: npt.NDArray[Any],
    target: npt.NDArray[Any],
    slope: float,
    intercept: float,
    divisor: float,
) -> None:
    if (slope, intercept, divisor) == (1.0, 0.0, 1.0):
        target[...] = stored
    elif target.dtype.kind == "f":
        np.multiply(stored, slope, out=target, casting="unsafe")
        target += intercept
        target /= divisor
    else:
        np.multiply(stored, int(slope), out=target, dtype=target.dtype, casting="unsafe")
        target += int(intercept)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LabelSlabs:
    """A binary segmentation as one map of labels, shape (slices, rows, columns): 0 where there is no segment.

    Parameters
    ----------
    instance : Instance
        The file.
    masks : tuple of tuple of int
        The frames at each slice.
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

    @property
    def depth(self) -> int:
        """1: any slices may be read together."""
        return 1

    def pick(self, frames: Sequence[int]) -> Self:
        """Return some of the slices, at least one, in the order given."""
        (instance,) = holding_only([self.instance], TO_READ)
        return replace(self, instance=instance, masks=tuple(self.masks[index] for index in frames))

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
        """Read the slices from `start` on into a C-contiguous `array` of their shape and of `dtype`.

        Raises
        ------
        ReadError
            If a voxel belongs to two segments (code "segments-overlap"), and as `read_frames`.
        MissingPackageError
            As `read_frames`.
        """
        array[...] = 0
        masks = self.masks[start : start + len(array)]
        wanted = sorted((frame, place) for place, frames in enumerate(masks) for frame in frames)
        for run in _consecutive(wanted, max(_BLOCK_BYTES // (self.shape[1] * self.shape[2]), 1)):
            found = read_frames(self.instance, run[0][0], run[-1][0] + 1)
            for mask, (frame, place) in zip(found, run, strict=True):
                self._add(array[place], mask != 0, int(self.segments[frame]), start + place)

    def _add(
        self, target: npt.NDArray[Any], mask: npt.NDArray[np.bool_], segment: int, place: int
    ) -> None:
        others = target[mask]
        if others.any():
            named = ", ".join(str(number) for number in np.unique(others[others > 0]).tolist())
            raise ReadError(
                code="segments-overlap",
                where=self.instance.path,
                given=f"voxels of slice {place + 1} that are in segment {segment} and in {named}",
                expected="segments that do not overlap: a label map has one number for each voxel",
                remedy="Export the segments that overlap as files of their own, or as a FRACTIONAL segmentation.",
            )
        target[mask] = segment


def _consecutive(wanted: list[tuple[int, int]], longest: int) -> Iterator[list[tuple[int, int]]]:
    """Yield runs of frames that follow each other in the file."""
    run: list[tuple[int, int]] = []
    for one in wanted:
        if run and (one[0] != run[-1][0] + 1 or len(run) >= longest):
            yield run
            run = []
        run.append(one)
    if run:
        yield run
