"""Frames of volumes with empty slices between theirs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from dicomseries.sources.frames.frame_reader import FrameReader, Numbers, derived_frames

__all__ = ["padded_frames"]


def padded_frames(reader: FrameReader, places: Sequence[int], slices: int) -> FrameReader:
    """Return volumes of more slices, 0 in those that are new.

    Parameters
    ----------
    reader : FrameReader
        The slices of one or several volumes.
    places : sequence of int
        The new place of each slice, rising.
    slices : int
        Slices of each new volume.

    Examples
    --------
    >>> from dicomseries.sources import array_frames
    >>> frames = array_frames(np.array([[[7]], [[8]]]))
    >>> padded_frames(frames, [0, 2], 3).read(0, 3).ravel().tolist()
    [7, 0, 8]
    """
    places = tuple(places)
    count = reader.shape[0] // len(places) * slices
    return derived_frames(
        padded_frames,
        reader,
        places,
        slices,
        shape=(count, *reader.shape[1:]),
        read=partial(_read_padded, reader, places, slices),
        graph=None,
        over=None,
    )


def _read_padded(
    reader: FrameReader, places: tuple[int, ...], slices: int, start: int, stop: int
) -> Numbers:
    end = min(stop, reader.shape[0] // len(places) * slices)
    frames = np.zeros((max(0, end - start), *reader.shape[1:]), reader.dtype)
    while start < end:
        volume, first = divmod(start, slices)
        last = min(slices, first + end - start)
        inside = [index for index, place in enumerate(places) if first <= place < last]
        if inside:
            base = volume * len(places)
            read = reader.read(base + inside[0], base + inside[-1] + 1)
            offset = len(frames) - (end - start) - first
            frames[[places[index] + offset for index in inside]] = read
        start += last - first
    return frames
