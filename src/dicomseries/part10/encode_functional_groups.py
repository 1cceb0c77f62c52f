"""The functional groups of all frames → bytes; what repeats is encoded once (PS3.3 section C.7.6.16)."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from itertools import chain, cycle, islice
from typing import NamedTuple

from dicomseries.part10.encode_elements import encode_elements, sequence_head
from dicomseries.plan import FramePart, SeriesPlan
from dicomseries.standard.attribute import Item, tag_of

__all__ = ["PER_FRAME_TAG", "encode_per_frame", "per_frame_items"]

PER_FRAME_TAG = tag_of("PerFrameFunctionalGroupsSequence")
_ITEM = b"\xfe\xff\x00\xe0"
_SEQUENCE = struct.Struct("<HH2sHI4sI")
"""Head of a sequence and of its one item."""


def encode_per_frame(plan: SeriesPlan) -> bytes:
    """Return PerFrameFunctionalGroupsSequence with its head; nothing for a plan without frames that differ.

    Examples
    --------
    >>> import numpy as np
    >>> import dicomseries as dcs
    >>> encode_per_frame(dcs.plan(np.zeros((3, 4, 5), "int16"), kind="CT", spacing=(1, 1, 2)))
    b''
    """
    if not plan.frame_parts:
        return b""
    frames = plan.extent.frames
    head = struct.Struct("<4sI").pack
    contents = _joined([_encoded(part, frames) for part in plan.frame_parts], frames, 1)
    content = b"".join(
        [piece for content in contents for piece in (head(_ITEM, len(content)), content)]
    )
    return sequence_head(PER_FRAME_TAG, len(content)) + content


class _Pieces(NamedTuple):
    """Encoded entries of a part; frame `f` has the entry ``f // repeat % len(entries)``."""

    entries: list[bytes]
    repeat: int


def _encoded(part: FramePart, frames: int) -> _Pieces:
    """Return the bytes of a part, as few as it has entries; a sequence without anything in it is not there."""
    tag = tag_of(part.keyword)
    if part.vr != "SQ" or part.values:
        return _Pieces(encode_elements(tag, part.vr, part.values), part.repeat)
    inner = [_encoded(one, frames) for one in part.parts]
    spans = {(len(pieces.entries), pieces.repeat) for pieces in inner if len(pieces.entries) > 1}
    if len(spans) > 1:
        count, repeat = frames, 1
    else:
        count, repeat = spans.pop() if spans else (1, 1)
    return _Pieces([_sequence(tag, content) for content in _joined(inner, count, repeat)], repeat)


def _joined(pieces: Sequence[_Pieces], count: int, step: int) -> Iterator[bytes]:
    """Yield what the pieces say together of every `step`-th frame, `count` times."""
    return map(b"".join, zip(*(islice(_each(one, step), count) for one in pieces), strict=True))


def _each(pieces: _Pieces, step: int) -> Iterator[bytes]:
    """Yield the entry of every `step`-th frame, for ever; `step` is 1 or what the pieces repeat."""
    if len(pieces.entries) == 1 or pieces.repeat == step:
        return cycle(pieces.entries)
    return chain.from_iterable([entry] * pieces.repeat for entry in cycle(pieces.entries))


def _sequence(tag: int, content: bytes) -> bytes:
    if not content:
        return b""
    size = len(content)
    return _SEQUENCE.pack(*divmod(tag, 0x10000), b"SQ", 0, 8 + size, _ITEM, size) + content


def per_frame_items(plan: SeriesPlan) -> tuple[Item, ...]:
    """Return the item of each frame, made one by one: the oracle of `encode_per_frame`."""
    frames = range(plan.extent.frames if plan.is_multi_frame else 0)
    return tuple(
        tuple(own for group in plan.per_frame if (own := plan.filled(group, frame)) is not None)
        for frame in frames
    )
