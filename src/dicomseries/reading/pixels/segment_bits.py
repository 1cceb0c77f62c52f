"""Packed bits of binary segmentations.

Bits are counted and compared eight or 64 at a time; only bytes with a bit of the segment are
unpacked (PS3.5 annex D).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.lazy_dataclass import dataclass
from dicomseries.reading.parse.instance import Instance
from dicomseries.reading.pixels.native_bytes import read_native_bytes, read_same_format
from dicomseries.reading.pixels.pixel_format import NATIVE_SYNTAXES, check_pixels, is_unconverted
from dicomseries.reading.pixels.read_frames import read_frames

__all__ = ["FrameRun", "add_labels", "are_overlapping", "has_whole_bytes"]

Bits = npt.NDArray[np.uint8]
Indices = npt.NDArray[np.intp]

_BLOCK_BYTES = 8 << 20
"""Frames are read, and slices compared, in blocks of about this size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameRun:
    """Consecutive frames of a file at consecutive slices.

    Parameters
    ----------
    frame : int
        First frame.
    index : int
        Its slice in the array.
    count : int
        Number of frames and slices.
    segment : int
        Segment number of all of them.
    """

    frame: int
    index: int
    count: int
    segment: int


def has_whole_bytes(instance: Instance) -> bool:
    """Return True if each frame is a whole number of packed bytes."""
    return (
        instance.transfer_syntax in NATIVE_SYNTAXES
        and is_unconverted(instance)
        and instance.number("BitsAllocated") == 1
        and instance.samples == 1
        and instance.rows * instance.columns % 8 == 0
    )


def frame_runs(
    masks: Sequence[Sequence[int]], segments: Indices, longest: int
) -> Iterator[FrameRun]:
    """Yield the frames of slices as runs.

    Parameters
    ----------
    masks : sequence of sequence of int
        Frames at each slice.
    segments : ndarray of int
        Segment number of each frame of the file.
    longest : int
        Most frames in a run.
    """
    places: list[tuple[int, int]] = []
    for index, frames in enumerate(masks):
        places += [(frame, index) for frame in frames]
    if not places:
        return
    table = np.array(sorted(places), np.intp)
    numbers = segments[table[:, 0]]
    is_break = (np.diff(table, axis=0) != 1).any(axis=1) | (np.diff(numbers) != 0)
    edges = [0, *(np.flatnonzero(is_break) + 1).tolist(), len(table)]
    for begin, end in itertools.pairwise(edges):
        for start in range(begin, end, longest):
            frame, index = table[start].tolist()
            yield FrameRun(
                frame=frame,
                index=index,
                count=min(longest, end - start),
                segment=int(numbers[start]),
            )


def are_overlapping(instance: Instance, masks: Sequence[Sequence[int]], segments: Indices) -> bool:
    """Return whether a voxel belongs to two segments.

    Slices with one frame are not read.

    Parameters
    ----------
    instance : Instance
        A binary segmentation.
    masks : sequence of sequence of int
        Frames at each slice.
    segments : ndarray of int
        Segment number of each frame of the file.

    Raises
    ------
    ReadError, MissingPackageError
        As `read_frames`.
    """
    shared = [frames for frames in masks if len(frames) > 1]
    check_pixels(instance)
    is_packed = has_whole_bytes(instance)
    size = instance.rows * instance.columns // (8 if is_packed else 1)
    deepest = max(_BLOCK_BYTES // size, 1)
    for first in range(0, len(shared), deepest):
        slices = shared[first : first + deepest]
        union = np.zeros((len(slices), size), np.uint8)
        for run in frame_runs(slices, segments, max(_BLOCK_BYTES // size // 8, 1)):
            mask = _mask_bytes(instance, run, size, is_packed=is_packed)
            before = union[run.index : run.index + run.count]
            if _words(before & mask).any():
                return True
            before |= mask
    return False


def _mask_bytes(instance: Instance, run: FrameRun, size: int, *, is_packed: bool) -> Bits:
    """Return packed bits of frames, or one byte for each voxel; shape (frames, size)."""
    if is_packed:
        return _packed(instance, run, size)
    pixels = read_frames(instance, run.frame, run.frame + run.count)
    mask: Bits = (pixels != 0).view(np.uint8)
    return mask.reshape(run.count, size)


def _packed(instance: Instance, run: FrameRun, size: int) -> Bits:
    """Return the bytes of frames, each of `size` bytes."""
    packed = np.empty((run.count, size), np.uint8)
    content = packed.reshape(-1).data
    if not read_same_format(instance, run.frame * size, content, like=instance):
        read_native_bytes(instance, run.frame * size, content)
    return packed


def add_labels(
    instance: Instance, masks: Sequence[Sequence[int]], segments: Indices, array: npt.NDArray[Any]
) -> None:
    """Set the voxels of segments that do not overlap to their numbers.

    Parameters
    ----------
    instance : Instance
        A binary segmentation.
    masks : sequence of sequence of int
        Frames at each slice of the array.
    segments : ndarray of int
        Segment number of each frame of the file.
    array : ndarray, shape (slices, rows, columns)
        Unsigned, C-contiguous, filled with 0.

    Raises
    ------
    ReadError, MissingPackageError
        As `read_frames`.
    """
    is_packed = has_whole_bytes(instance) and array.dtype.itemsize <= 2
    check_pixels(instance)
    size = instance.rows * instance.columns
    for run in frame_runs(masks, segments, max(_BLOCK_BYTES // size, 1)):
        target = array[run.index : run.index + run.count]
        if is_packed:
            _add_packed(target, _packed(instance, run, size // 8), run.segment)
            continue
        pixels = read_frames(instance, run.frame, run.frame + run.count)
        np.copyto(target, array.dtype.type(run.segment), where=pixels != 0)


def _add_packed(target: npt.NDArray[Any], packed: Bits, segment: int) -> None:
    """Add a segment to the voxels whose bits are set.

    Eight voxels of one byte are one or two numbers of 64 bits: their labels do not carry over.
    """
    content = packed.reshape(-1)
    used = _used_bytes(content)
    if not len(used):
        return
    voxels = target.reshape(-1).view(np.uint64).reshape(len(content), -1)
    labels = _table(target.dtype.itemsize) * np.uint64(segment)
    voxels[used] |= labels[content[used]]


def _used_bytes(content: Bits) -> Indices:
    """Return the indices of bytes that are not 0; most are in few words."""
    whole = len(content) // 8 * 8
    words = np.flatnonzero(content[:whole].view(np.uint64) != 0)  # of booleans it is faster
    inside = (words[:, None] * 8 + np.arange(8)).reshape(-1)
    candidates = np.concatenate((inside, np.arange(whole, len(content))))
    used: Indices = candidates[content[candidates] != 0]
    return used


def _words(content: Bits) -> npt.NDArray[Any]:
    """Return bytes as words of 64 bits where they are whole ones."""
    flat = content.reshape(-1)
    return flat.view(np.uint64) if len(flat) % 8 == 0 else flat


@cache
def _table(itemsize: int) -> npt.NDArray[np.uint64]:
    """Return the eight voxels of each byte as words, each voxel 0 or 1."""
    every = np.arange(256, dtype=np.uint8)[:, None]
    bits = np.unpackbits(every, axis=1, bitorder="little")
    return bits.astype(f"u{itemsize}").view(np.uint64)
