"""Bytes of the functional groups (PS3.3 section C.7.6.16).

Values that repeat are encoded once.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from itertools import chain, cycle, islice
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
    frames = plan.extent.frames
    head = struct.Struct("<4sI").pack
    contents = _joined([_encoded(part, frames) for part in plan.frame_parts], frames, 1)
    pieces: list[bytes] = []
    for content in contents:
        pieces += (head(_ITEM, len(content)), content)
    items = b"".join(pieces)
    return sequence_head(PER_FRAME_TAG, len(items)) + items


class _Pieces(NamedTuple):
    """Encoded entries of a part.

    Frame `f` has the entry ``f // repeat % len(entries)``.
    """

    entries: list[bytes]
    repeat: int


def _encoded(part: FramePart, frames: int) -> _Pieces:
    """Return the encoded entries of a part."""
    tag = tag_of(part.keyword)
    if part.vr != "SQ" or part.values:
        return _Pieces(encode_elements(tag, part.vr, part.values), part.repeat)
    inner = [_encoded(content, frames) for content in part.parts]
    spans = {(len(pieces.entries), pieces.repeat) for pieces in inner if len(pieces.entries) > 1}
    count, repeat = 1, 1
    if len(spans) == 1:
        ((count, repeat),) = spans
    elif spans:
        count = frames
    return _Pieces([_sequence(tag, content) for content in _joined(inner, count, repeat)], repeat)


def _joined(pieces: Sequence[_Pieces], count: int, step: int) -> Iterator[bytes]:
    """Yield the joined pieces of every `step`-th frame, `count` times."""
    columns = (islice(_each(entries, step), count) for entries in pieces)
    return map(b"".join, zip(*columns, strict=True))


def _each(pieces: _Pieces, step: int) -> Iterator[bytes]:
    """Yield the entry of every `step`-th frame, endlessly.

    `step` is 1 or the repeat of the pieces.
    """
    if len(pieces.entries) == 1 or pieces.repeat == step:
        return cycle(pieces.entries)
    return chain.from_iterable([entry] * pieces.repeat for entry in cycle(pieces.entries))


def _sequence(tag: int, content: bytes) -> bytes:
    if not content:
        return b""
    size = len(content)
    return _SEQUENCE.pack(*divmod(tag, 0x10000), b"SQ", 0, 8 + size, _ITEM, size) + content
