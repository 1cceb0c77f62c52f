"""One header → the next of the same series, recognised instead of taken apart: equal bytes are equal elements.

`HeaderLayout` remembers where the elements of a header stand. The next header is compared with it in a few long stretches;
once it is known which elements differ from file to file, a `HeaderPattern` says what stands between them, and reading a
header is a comparison for each and nothing else.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from dicomseries.reading.parse.parser import (
    EXPLICIT,
    PIXEL_TAGS,
    SHORT,
    UNDEFINED,
    VR_NAMES,
    Damaged,
    Element,
    Pixels,
    Short,
    element_at,
    head_at,
)

__all__ = ["HeaderLayout", "HeaderPattern", "follow", "matched", "pattern_of"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeaderLayout:
    """One header, where its elements begin, and its pixels, for reading the next one of the same series.

    Parameters
    ----------
    header : bytes
        Up to the value of the pixels; Explicit VR Little Endian.
    starts : tuple of int
        Where each element begins, and where the last one ends.
    tags : tuple of int
        Of the elements, each once.
    pixels : Pixels
        Where they are.
    """

    header: bytes = field(repr=False)
    starts: tuple[int, ...]
    tags: tuple[int, ...]
    pixels: Pixels


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeaderPattern:
    """What stands between the elements that differ from file to file.

    Parameters
    ----------
    steps : tuple of (bytes, int, str)
        For each of these elements all bytes behind the one before it up to its length, its tag, and its VR if its
        length takes two bytes (else "").
    tail : bytes
        All bytes behind the last one, up to the value of the pixels.
    pixels : Pixels
        Where they are, counted from where the tail begins.
    """

    steps: tuple[tuple[bytes, int, str], ...] = field(repr=False)
    tail: bytes = field(repr=False)
    pixels: Pixels


def pattern_of(layout: HeaderLayout, tags: AbstractSet[int]) -> HeaderPattern:
    """Return the pattern of headers like `layout` in which the elements of `tags` differ."""
    steps: list[tuple[bytes, int, str]] = []
    done = 0
    for index, tag in enumerate(layout.tags):
        if tag in tags:
            head = layout.starts[index] + 6
            vr = layout.header[head - 2 : head]
            steps.append((layout.header[done:head], tag, VR_NAMES[vr] if vr in SHORT else ""))
            done = layout.starts[index + 1]
    pixels = layout.pixels._replace(offset=layout.pixels.offset - done)
    return HeaderPattern(steps=tuple(steps), tail=layout.header[done:], pixels=pixels)


def matched(data: bytes, pattern: HeaderPattern) -> tuple[dict[int, Element], Pixels] | None:
    """Return the elements of a header that its pattern names, and the pixels; None if it is not of the pattern.

    Notes
    -----
    Each stretch begins where an element begins and ends with tag and VR of the next one that differs (PS3.5 section
    7.1.2), so what is equal to it holds the same elements: `follow` and `scan_elements` find the same.
    """
    own: dict[int, Element] = {}
    position = 0
    for stretch, tag, vr in pattern.steps:
        if not data.startswith(stretch, position):
            return None
        position += len(stretch)
        if vr:
            value = position + 2
            position = value + int.from_bytes(data[position:value], "little")
            own[tag] = Element(vr, data[value:position])
        else:
            found = _same_head(data, position - 6, stretch[-6:])
            if found is None:
                return None
            own[tag], position = found
    if not data.startswith(
        pattern.tail, position
    ):  # nor is the last value cut off, as the tail is never empty
        return None
    tag, vr, offset, length = pattern.pixels
    return own, Pixels(tag, vr, position + offset, length)


def follow(data: bytes, layout: HeaderLayout) -> tuple[dict[int, Element], Pixels] | None:
    """Read a header by comparing it with another: return the elements that differ, and the pixels.

    None where the two do not have the same tags and VRs in the same order; `scan_elements` must read it then.

    Notes
    -----
    Stretches are halved until they are equal or one element long. An equal stretch that begins where an element
    begins holds the same elements, so the result is that of `scan_elements`.
    """
    starts, old = layout.starts, layout.header
    own: dict[int, Element] = {}
    shift = 0
    ranges = [(0, len(layout.tags))]
    while ranges:
        first, last = ranges.pop()
        begin, end = starts[first], starts[last]
        if data[begin + shift : end + shift] == old[begin:end]:
            continue
        if last - first > 1:
            middle = (first + last) // 2
            ranges += ((middle, last), (first, middle))
            continue
        found = _same_head(data, begin + shift, old[begin : begin + 6])
        if found is None:
            return None
        own[layout.tags[first]], stop = found
        shift = stop - end
    return _pixels_at(data, starts[-1] + shift, own, layout)


def _pixels_at(
    data: bytes, position: int, own: dict[int, Element], layout: HeaderLayout
) -> tuple[dict[int, Element], Pixels] | None:
    usual, start = layout.pixels, layout.starts[-1]
    if data[position : position + 12] == layout.header[start:]:
        return own, Pixels(usual.tag, usual.vr, usual.offset + position - start, usual.length)
    try:
        tag, vr, value, length = head_at(data, position, EXPLICIT)
    except (Damaged, Short):
        return None
    if tag not in PIXEL_TAGS:
        return None
    return own, Pixels(tag, VR_NAMES[vr], value, None if length == UNDEFINED else length)


def _same_head(data: bytes, position: int, head: bytes) -> tuple[Element, int] | None:
    """Return the element at `position` and where it stops, if it has the tag and VR of `head`."""
    if data[position : position + 6] != head:
        return None
    vr = head[4:]
    if vr in SHORT:
        value = position + 8
        stop = value + int.from_bytes(data[position + 6 : value], "little")
        return (
            (Element(VR_NAMES[vr], data[value:stop]), stop) if value <= stop <= len(data) else None
        )
    try:
        _, vr, value, length = head_at(data, position, EXPLICIT)
        return element_at(data, vr, value, length, EXPLICIT)
    except (Damaged, Short):
        return None
