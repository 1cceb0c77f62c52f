"""Stored or real values of a series, read on demand."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.lazy_dataclass import dataclass
from dicomseries.reading.parse.instance import Instance, holding_only
from dicomseries.reading.pixels.native_bytes import bytes_of, read_same_format
from dicomseries.reading.pixels.pixel_format import FORMAT_TAGS, frame_shape, is_stored_as
from dicomseries.reading.pixels.read_frames import read_frames, read_frames_into, read_stored
from dicomseries.reading.pixels.rescale_of_frames import RESCALE_TAGS
from dicomseries.sources import FrameReader
from dicomseries.standard.attributes.attribute import tag_of

__all__ = ["BLOCK_BYTES", "TAGS_TO_READ", "FrameSlabs", "rescale_into", "runs_of"]

TAGS_TO_READ = (
    FORMAT_TAGS
    | RESCALE_TAGS
    | {tag_of("SOPInstanceUID"), tag_of("ExtendedOffsetTable")}
    | {tag_of("ExtendedOffsetTableLengths")}
)
"""Tags of the attributes that reading pixels needs."""

BLOCK_BYTES = 8 << 20
"""Frames that must be converted are read in blocks of this size, to keep memory low."""

_IDENTITY = [1.0, 0.0]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FrameSlabs:
    """Voxels of a series, slice by slice.

    Shape (frames, rows, columns) or (frames, rows, columns, 3). A classic series has one frame
    per file.

    Parameters
    ----------
    instances : tuple of Instance
        Files; at least one.
    sources : ndarray of int, shape (frames, 2)
        File and frame of each slice; -1 for an empty frame that no file holds.
    rescales : ndarray, shape (frames, 2)
        Slope and intercept applied to each slice.
    divisor : float
        Divides the rescaled values.
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
        return (len(self.sources), *frame_shape(self.instances[0]))

    def reader(self) -> FrameReader:
        """Return a reader of these frames."""
        return FrameReader(
            shape=self.shape,
            dtype=self.dtype,
            read=self.read,
            pick=self.pick,
            read_into=self.fill,
        )

    def pick(self, frames: Sequence[int]) -> FrameReader:
        """Return selected frames in the order of the indices."""
        sources = self.sources[list(frames)]
        files = np.unique(np.maximum(sources[:, 0], 0))
        is_empty = sources[:, 0] < 0
        renumbered = np.where(is_empty, -1, np.searchsorted(files, sources[:, 0]))
        instances = [self.instances[file] for file in files.tolist()]
        picked = replace(
            self,
            instances=holding_only(instances, TAGS_TO_READ),
            sources=np.column_stack((renumbered, sources[:, 1])),
            rescales=self.rescales[list(frames)],
        )
        return picked.reader()

    def read(self, start: int, stop: int) -> npt.NDArray[Any]:
        """Return the frames [start, stop) in a new array.

        Raises
        ------
        ReadError, MissingPackageError
            As `read_frames`.
        """
        count = len(self.sources[start:stop])
        array = np.empty((count, *self.shape[1:]), self.dtype)
        self.fill(array, start)
        return array

    def fill(self, array: npt.NDArray[Any], start: int) -> None:
        """Read frames into an array, beginning with frame `start`.

        Parameters
        ----------
        array : ndarray
            C-contiguous, of the frames' shape and `dtype`.
        start : int
            First frame.

        Raises
        ------
        ReadError, MissingPackageError
            As `read_frames`.
        """
        sources = self.sources[start : start + len(array)].tolist()
        rescales = self.rescales[start : start + len(array)].tolist()
        view = bytes_of(array)
        frame_bytes = array[:1].nbytes
        is_direct = self.divisor == 1.0 and is_stored_as(self.instances[0], array.dtype)
        first = self.instances[0]
        for begin, end in self._runs(start, len(array)):
            file, frame = sources[begin]
            if file < 0:
                array[begin:end] = 0
                continue
            instance = self.instances[file]
            if is_direct and rescales[begin] == _IDENTITY:
                bytes_of_run = view[begin * frame_bytes : end * frame_bytes]
                if read_same_format(instance, frame * frame_bytes, bytes_of_run, like=first):
                    continue
            self._read_run(instance, frame, array[begin:end], rescales[begin])

    def _runs(self, start: int, count: int) -> Iterator[tuple[int, int]]:
        """Yield ranges of consecutive frames with one rescale."""
        rescale_steps = np.diff(self.rescales[start : start + count], axis=0)
        yield from runs_of(self.sources[start : start + count], (rescale_steps != 0).any(axis=1))

    def _read_run(
        self, instance: Instance, frame: int, target: npt.NDArray[Any], rescale: list[float]
    ) -> None:
        if rescale == _IDENTITY and self.divisor == 1.0 and is_stored_as(instance, target.dtype):
            read_frames_into(instance, target, frame)
            return
        slope, intercept = rescale
        step = max(BLOCK_BYTES // (math.prod(target.shape[1:]) * target.dtype.itemsize), 1)
        for begin in range(0, len(target), step):
            block = target[begin : begin + step]
            stored = self._read_stored(instance, frame + begin, frame + begin + len(block))
            rescale_into(block, stored, slope, intercept, self.divisor)

    def _read_stored(self, instance: Instance, start: int, stop: int) -> npt.NDArray[Any]:
        first = self.instances[0]
        if first.frames == 1:  # faster, because the files have one format
            return read_stored(instance, like=first)[np.newaxis]
        return read_frames(instance, start, stop)


def runs_of(
    sources: npt.NDArray[np.intp], is_break: npt.NDArray[np.bool_]
) -> Iterator[tuple[int, int]]:
    """Yield ranges of consecutive frames of a file.

    Parameters
    ----------
    sources : ndarray of int, shape (frames, 2)
        File and frame.
    is_break : ndarray of bool, shape (frames - 1,)
        Whether two frames differ in what is done to them.

    Examples
    --------
    >>> sources = np.array([[0, 4], [0, 5], [1, 6]])
    >>> list(runs_of(sources, np.zeros(2, bool))), list(runs_of(sources, np.ones(2, bool)))
    ([(0, 2), (2, 3)], [(0, 1), (1, 2), (2, 3)])
    """
    begin = 0
    is_apart = (np.diff(sources, axis=0) != (0, 1)).any(axis=1) | is_break
    for end in (np.flatnonzero(is_apart) + 1).tolist():
        yield begin, end
        begin = end
    if len(sources):
        yield begin, len(sources)


def rescale_into(
    target: npt.NDArray[Any],
    stored: npt.NDArray[Any],
    slope: float,
    intercept: float,
    divisor: float,
) -> None:
    """Fill an array with stored values, rescaled and divided."""
    if (slope, intercept, divisor) == (1.0, 0.0, 1.0):
        target[...] = stored
    elif target.dtype.kind == "f":
        np.multiply(stored, slope, out=target, casting="unsafe")
        target += intercept
        if divisor != 1.0:
            target /= divisor
    else:
        np.multiply(stored, int(slope), out=target, dtype=target.dtype, casting="unsafe")
        target += int(intercept)
