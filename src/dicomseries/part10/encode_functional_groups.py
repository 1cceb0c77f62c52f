"""Bytes of the functional groups (PS3.3 section C.7.6.16).

Values that repeat are encoded once.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, cycle, islice, repeat
from typing import NamedTuple

from dicomseries.part10.encode_elements import encode_elements, sequence_head
from dicomseries.plan import FramePart, SeriesPlan
from dicomseries.standard.attributes.attribute import tag_of

__all__ = ["PER_FRAME_TAG", "encode_per_frame"]

PER_FRAME_TAG = tag_of("PerFrameFunctionalGroupsSequence")
_ITEM = b"\xfe\xff\x00\xe0"
_SEQUENCE = struct.Struct("<HH2sHI4sI")
"""Head of a sequence and of its one item."""


def encode_per_frame(plan: SeriesPlan) -> bytes:
    """Return PerFrameFunctionalGroupsSequence; empty if frames do not differ."""
    if not plan.frame_parts:
        return b""
    frames = plan.frame_count
    head = struct.Struct("<4sI").pack
    columns = [_encoded(part, frames).of_frames(frames) for part in plan.frame_parts]
    pieces: list[bytes] = []
    for content in map(b"".join, zip(*columns, strict=True)):
        pieces += (head(_ITEM, len(content)), content)
    items = b"".join(pieces)
    return sequence_head(PER_FRAME_TAG, len(items)) + items


class _Pieces(NamedTuple):
    """Encoded entries of a part.

    Frame `f` has the entry ``order[f]``, without an order ``f // repeat % len(entries)``.
    """

    entries: list[bytes]
    repeat: int = 1
    order: tuple[int, ...] | None = None

    @property
    def span(self) -> tuple[int, int, int]:
        """Equal for parts whose entries belong to the same frames."""
        return len(self.entries), self.repeat, id(self.order)

    def of_frames(self, frames: int) -> Iterator[bytes]:
        """Yield the entry of each frame."""
        if len(self.entries) == 1:
            return repeat(self.entries[0], frames)
        if self.order is not None:
            return map(self.entries.__getitem__, self.order)
        entries: Iterator[bytes] = cycle(self.entries)
        if self.repeat > 1:
            entries = chain.from_iterable([entry] * self.repeat for entry in entries)
        return islice(entries, frames)


def _encoded(part: FramePart, frames: int) -> _Pieces:
    """Return the encoded entries of a part."""
    tag = tag_of(part.keyword)
    if part.vr != "SQ" or part.values:
        return _Pieces(encode_elements(tag, part.vr, part.values), part.repeat, part.order)
    inner = [_encoded(content, frames) for content in part.parts]
    varying = [pieces for pieces in inner if len(pieces.entries) > 1]
    if len({pieces.span for pieces in varying}) > 1:
        return _Pieces(_sequences(tag, [pieces.of_frames(frames) for pieces in inner]))
    first = varying[0] if varying else _Pieces([b""])
    columns: list[Iterable[bytes]] = []
    for pieces in inner:
        entries: Iterable[bytes] = pieces.entries
        if len(pieces.entries) == 1:
            entries = repeat(pieces.entries[0], len(first.entries))
        columns.append(entries)
    return _Pieces(_sequences(tag, columns), first.repeat, first.order)


def _sequences(tag: int, columns: Sequence[Iterable[bytes]]) -> list[bytes]:
    """Return a sequence of one item for each row of encoded contents."""
    return [_sequence(tag, content) for content in map(b"".join, zip(*columns, strict=True))]


def _sequence(tag: int, content: bytes) -> bytes:
    if not content:
        return b""
    size = len(content)
    return _SEQUENCE.pack(*divmod(tag, 0x10000), b"SQ", 0, 8 + size, _ITEM, size) + content
