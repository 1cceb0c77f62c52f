"""The slabs of a pass: each chunk once, within memory."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

from dicomseries.errors import counted
from dicomseries.lazy_dataclass import dataclass

__all__ = ["SlabPlan", "slab_rule"]

_LEAST = 8 << 20
"""Bytes of a slab whose chunks are small: large enough to amortise a read, small enough for the
processor's caches."""

_LEAST_COSTLY = 1 << 20
"""Bytes of such a slab whose work takes far longer than its reading: many, so that no worker waits
long for another."""

_COPIES = 3
"""Copies of the bytes of a slab in memory: as chunks that are decoded, as read, and as
stored."""

_MOST_READS = 4
"""Times that a chunk is rather read again than that the whole source is copied to the disk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlabPlan:
    """The slabs of one pass over a source.

    Parameters
    ----------
    bounds : tuple of (int, int)
        First frame of each slab, and the one behind its last; together they are all frames in
        order.
    frame_bytes : int
        Bytes of one frame of the source.
    workers : int
        FrameReader that are worked on at a time.
    chunk_reads : int
        How often a chunk is read in a pass, at most.
    scratch_bytes : int
        Bytes of the file for temporary use into which the chunks are copied first; 0 if they are
        not.

    Raises
    ------
    ValueError
        If slabs are empty, or do not follow each other from frame 0.

    Examples
    --------
    >>> plan = SlabPlan(bounds=((0, 4), (4, 6)), frame_bytes=1000, workers=2)
    >>> plan.depth, plan.worker_bytes, plan.total_bytes
    (4, 12000, 24000)
    """

    bounds: tuple[tuple[int, int], ...]
    frame_bytes: int
    workers: int
    chunk_reads: int = 1
    scratch_bytes: int = 0

    def __post_init__(self) -> None:
        is_continuous, end = bool(self.bounds), 0
        for start, stop in self.bounds:
            is_continuous &= end == start < stop
            end = stop
        if not is_continuous:
            message = f"slabs {self.bounds[:3]} do not follow each other from frame 0"
            raise ValueError(message)

    @property
    def depth(self) -> int:
        """Frames of the deepest slab."""
        return max(stop - start for start, stop in self.bounds)

    @property
    def worker_bytes(self) -> int:
        """Bytes of a slab: as chunks, as read, as stored."""
        return _COPIES * self.depth * self.frame_bytes

    @property
    def total_bytes(self) -> int:
        """Bytes that all workers need at a time."""
        return min(self.workers, len(self.bounds)) * self.worker_bytes

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as plain values, for JSON."""
        return {
            "slabs": len(self.bounds),
            "slices_per_slab": self.depth,
            "workers": self.workers,
            "worker_bytes": self.worker_bytes,
            "total_bytes": self.total_bytes,
            "chunk_reads": self.chunk_reads,
            "scratch_bytes": self.scratch_bytes,
        }

    def __str__(self) -> str:
        slabs = f"{counted(len(self.bounds), 'slab')} of {counted(self.depth, 'slice')}"
        memory = f"{_sized(self.worker_bytes)} a worker, {_sized(self.total_bytes)} in all"
        chunks = f"each chunk read {_times(self.chunk_reads)} a pass"
        if self.scratch_bytes:
            chunks += f", into {_sized(self.scratch_bytes)} of scratch first"
        return f"{slabs}, {memory}; {chunks}"

    @property
    def advice(self) -> tuple[str, ...]:
        """Advice on chunks that are read repeatedly or copied."""
        if self.scratch_bytes:
            size = _sized(self.scratch_bytes)
            cost = f"first copied, each once, into {size} of the folder TMPDIR for temporary files"
        elif self.chunk_reads > 1:
            cost = f"each read {_times(self.chunk_reads)} a pass"
        else:
            return ()
        text = (
            f"The source's chunks are deeper than the memory allows, so they are {cost}: pass a "
            "larger `memory=`, or store the source in chunks of fewer slices."
        )
        return (text,)


def slab_rule(
    edges: Sequence[int],
    *,
    frame_bytes: int,
    slices: int,
    memory: int,
    workers: int,
    can_copy: bool,
    is_costly: bool = False,
) -> SlabPlan:
    """Return the slabs of a source with chunk `edges`.

    FrameReader end where chunks end, about 8 MiB of them together (1 MiB of costly ones), so that
    each chunk is read once. Chunks that are too deep for the memory are cut into even parts, whole
    volumes where these fit: each is then read once for each part. Beyond four times the source is
    rather copied once into a scratch file, in the order of its chunks.

    Parameters
    ----------
    edges : sequence of int
        Frames that a slab may begin and end at without cutting a chunk, from 0 to the number of
        frames.
    frame_bytes : int
        Bytes of one frame of the source.
    slices : int
        Frames of one volume.
    memory : int
        Bytes for the slabs of all workers together. A single frame is read even if it needs more.
    workers : int
        FrameReader that are worked on at a time.
    can_copy : bool
        Whether the source can be gone through in the order of its chunks.
    is_costly : bool
        Whether the slabs are compressed.

    Examples
    --------
    >>> source = {"frame_bytes": 1 << 20, "slices": 100, "workers": 1, "can_copy": True}
    >>> slab_rule(range(0, 101, 10), memory=64 << 20, **source).bounds[:2]
    ((0, 10), (10, 20))
    >>> slab_rule((0, 100), memory=100 << 20, **source).chunk_reads
    4
    >>> slab_rule((0, 100), memory=30 << 20, **source).scratch_bytes
    104857600
    """
    most = max(1, memory // (workers * _COPIES * frame_bytes))
    slab_bytes = _LEAST_COSTLY if is_costly else _LEAST
    least = min(most, max(1, slab_bytes // frame_bytes))
    pieces, reads = _pieces(edges, most, slices)
    scratch = 0
    if reads > _MOST_READS and can_copy:
        frames = edges[-1]
        pieces, reads, scratch = (
            list(itertools.pairwise(range(frames + 1))),
            1,
            frames * frame_bytes,
        )
    return SlabPlan(
        bounds=tuple(_joined(pieces, least)),
        frame_bytes=frame_bytes,
        workers=workers,
        chunk_reads=reads,
        scratch_bytes=scratch,
    )


def _pieces(edges: Sequence[int], most: int, slices: int) -> tuple[list[tuple[int, int]], int]:
    """Return runs of at most `most` frames, and most cuts."""
    pieces: list[tuple[int, int]] = []
    reads = 1
    for start, stop in itertools.pairwise(edges):
        parts = -(-(stop - start) // most)
        step = -(-(stop - start) // parts)
        if step > slices:  # whole volumes, as their chunks lie together
            step = most // slices * slices
        cuts = [*range(start, stop, step), stop]
        pieces += itertools.pairwise(cuts)
        reads = max(reads, len(cuts) - 1)
    return pieces, reads


def _joined(pieces: Sequence[tuple[int, int]], least: int) -> Iterator[tuple[int, int]]:
    """Yield neighbours together, as many as stay within `least` frames."""
    first, last = pieces[0]
    for start, stop in pieces[1:]:
        if stop - first > least:
            yield first, last
            first = start
        last = stop
    yield first, last


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def _sized(size: int) -> str:
    """Return a size for people, in decimal units."""
    for unit, scale in (("GB", 1e9), ("MB", 1e6)):
        if size >= scale:
            return f"{size / scale:.1f} {unit}"
    return f"{size / 1e3:.1f} kB"
