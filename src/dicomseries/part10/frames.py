"""The functional groups of all frames → bytes; what repeats is encoded once (PS3.3 section C.7.6.16)."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from dicomseries.part10.elements import encode, sequence_head
from dicomseries.plan import FramePart, SeriesPlan, frame_parts
from dicomseries.standard.attribute import Item, tag_of

__all__ = ["PER_FRAME_TAG", "encode_per_frame", "per_frame_items"]

PER_FRAME_TAG = tag_of("PerFrameFunctionalGroupsSequence")
_ITEM = b"\xfe\xff\x00\xe0"


def encode_per_frame(plan: SeriesPlan) -> bytes:
    """Return PerFrameFunctionalGroupsSequence with its head; nothing for a plan without frames that differ.

    Examples
    --------
    >>> import numpy as np
    >>> import dicomseries as dcs
    >>> encode_per_frame(dcs.plan(np.zeros((3, 4, 5), "int16"), kind="CT", spacing=(1, 1, 2)))
    b''
    """
    if not plan.is_multi_frame:
        return b""
    pack = struct.Struct("<4sI").pack
    parts: list[bytes] = []
    for pieces in zip(*(_encoded(part, plan.extent.frames) for part in frame_parts(plan)), strict=True):
        content = b"".join(pieces)
        parts += (pack(_ITEM, len(content)), content)
    content = b"".join(parts)
    return sequence_head(PER_FRAME_TAG, len(content)) + content


def _encoded(part: FramePart, frames: int) -> Iterator[bytes]:
    """Yield the bytes of a part in each frame; a sequence without anything in it is not there."""
    if not part.keyword:
        known = [b"" if entry is None else encode(entry) for entry in part.entries]
        count, repeat = len(known), part.repeat
        yield from (known[frame // repeat % count] for frame in range(frames))
        return
    tag = tag_of(part.keyword)
    for pieces in zip(*(_encoded(inner, frames) for inner in part.parts), strict=True):
        content = b"".join(pieces)
        head = sequence_head(tag, 8 + len(content)) + _ITEM + struct.pack("<I", len(content))
        yield head + content if content else b""


def per_frame_items(plan: SeriesPlan) -> tuple[Item, ...]:
    """Return the item of each frame, made one by one: the oracle of `encode_per_frame`."""
    frames = range(plan.extent.frames if plan.is_multi_frame else 0)
    return tuple(
        tuple(own for group in plan.per_frame if (own := plan.filled(group, frame)) is not None) for frame in frames
    )
