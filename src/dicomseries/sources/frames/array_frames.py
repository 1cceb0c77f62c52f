"""Frames of arrays in memory or mapped."""

from __future__ import annotations

from contextlib import nullcontext
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.sources.frames.frame_reader import FrameReader, VolumeView
from dicomseries.sources.frames.frame_runs import best_depth, edges_at, joined, pieces, together
from dicomseries.sources.optional_packages import guarded

__all__ = ["array_frames", "view_frames"]

_INTERLEAVED = 64
"""Frames that share a cache line of 64 bytes at most, and are read together where they lie
interleaved."""


def array_frames(array: npt.NDArray[Any]) -> FrameReader:
    """Return a reader of an array (frames, rows, columns[, 3]).

    Examples
    --------
    >>> array_frames(np.zeros((3, 4, 5))).read(1, 3).shape
    (2, 4, 5)
    """
    return view_frames(VolumeView(array[np.newaxis]))


def view_frames(view: VolumeView, where: str = "array") -> FrameReader:
    """Return a reader of the frames of an array.

    Where time runs fastest, every volume touches every byte: as many volumes as fit into 32 MiB are
    then best read together, so that the array is gone through so many times less.

    Examples
    --------
    >>> array = np.arange(24).reshape(3, 2, 2, 2).swapaxes(0, 1)
    >>> view_frames(VolumeView(array)).read(2, 4)[:, 0, 0].tolist()
    [16, 4]
    """
    volumes, slices, *frame = view.array.shape
    return FrameReader(
        shape=(volumes * slices, *frame),
        dtype=view.array.dtype,
        read=partial(_read_view, view, where),
        edges=edges_at(_depth(view.array), volumes * slices, slices),
        where=where,
        view=view,
    )


def _read_view(view: VolumeView, where: str, start: int, stop: int) -> npt.NDArray[Any]:
    frames = joined(view.array)
    with nullcontext() if view.take is None else guarded(where):
        if frames is not None:
            return _taken(view, frames[start:stop])
        volumes, slices, *frame = view.array.shape
        end = max(start, min(stop, volumes * slices))
        parts = []
        for piece in pieces(start, end, slices):
            parts.append(_taken(view, view.array[piece]).reshape(-1, *frame))
        return together(parts)


def _taken(view: VolumeView, part: npt.NDArray[Any]) -> npt.NDArray[Any]:
    if view.take is None or not part.size:
        return part
    return view.take(part)


def _depth(array: npt.NDArray[Any]) -> int:
    """Return the depth of interleaved frames, else 1."""
    steps = list(map(abs, array.strides))
    frames = joined(array)
    if frames is not None:
        if 0 < abs(frames.strides[0]) < max(steps[2:]):
            return min(_INTERLEAVED, len(frames))
        return 1
    volumes, slices, *frame = array.shape
    chunk = [_INTERLEAVED if 0 < step < max(steps[2:]) else 1 for step in steps[:2]]
    frame_bytes = int(np.prod(frame)) * array.itemsize
    return best_depth((chunk[0], chunk[1]), (volumes, slices), frame_bytes)
