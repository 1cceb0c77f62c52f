"""Headers of one series, recognised by comparison instead of parsed.

Equal bytes are equal elements. `HeaderLayout` holds the offsets of the elements of a header; the
next header is compared with it in a few long stretches. Once it is known which elements differ
from file to file, `HeaderPattern` holds the bytes between them, and reading a header takes one
comparison for each.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import field

from dicomseries.lazy_dataclass import dataclass
from dicomseries.reading.parse.parser import (
    EXPLICIT,
    PIXEL_TAGS,
    SHORT,
    VR_NAMES,
    Element,
    ParseError,
    Pixels,
    element_at,
    head_at,
    pixels_of,
)

__all__ = ["HeaderLayout", "HeaderPattern", "pattern_of", "read_by_layout", "read_by_pattern"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeaderLayout:
    """Offsets of the elements of one header.

    Parameters
    ----------
    header : bytes
        Up to the value of the pixels; Explicit VR Little Endian.
    starts : tuple of int
        Offset of each element, and the end of the last one.
    tags : tuple of int
        Of the elements, each once.
    pixels : Pixels
        Their location.
    """

    header: bytes = field(repr=False)
    starts: tuple[int, ...]
    tags: tuple[int, ...]
    pixels: Pixels


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeaderPattern:
    """Bytes between the elements that differ from file to file.

    Parameters
    ----------
    steps : tuple of (bytes, int, str)
        For each of these elements: all bytes since the one before it up to its length, its tag,
        and its VR if its length takes two bytes (otherwise "").
    tail : bytes
        All bytes after the last one, up to the value of the pixels.
    pixels : Pixels
        Their location; the offset counts from the start of the tail.
    """

    steps: tuple[tuple[bytes, int, str], ...] = field(repr=False)
    tail: bytes = field(repr=False)
    pixels: Pixels


def pattern_of(layout: HeaderLayout, tags: AbstractSet[int]) -> HeaderPattern:
    """Return the pattern of headers that differ in `tags`."""
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


def read_by_pattern(
    data: bytes, pattern: HeaderPattern
) -> tuple[dict[int, Element], Pixels] | None:
    """Return the differing elements and the pixels.

    None if the header is different.

    Notes
    -----
    Each stretch begins at an element and ends with tag and VR of the next one that differs (PS3.5
    section 7.1.2), so equal bytes hold the same elements: `read_by_layout` and `scan_elements`
    return the same.
    """
    elements: dict[int, Element] = {}
    position = 0
    for stretch, tag, vr in pattern.steps:
        if not data.startswith(stretch, position):
            return None
        position += len(stretch)
        if vr:
            value = position + 2
            position = value + int.from_bytes(data[position:value], "little")
            elements[tag] = Element(vr, data[value:position])
        else:
            same = _element_like(data, position - 6, stretch[-6:])
            if same is None:
                return None
            elements[tag], position = same
    # The tail is never empty, so this also rejects a truncated last value.
    if not data.startswith(pattern.tail, position):
        return None
    tag, vr, offset, length = pattern.pixels
    return elements, Pixels(tag, vr, position + offset, length)


def read_by_layout(data: bytes, layout: HeaderLayout) -> tuple[dict[int, Element], Pixels] | None:
    """Return the elements unlike another header's, and the pixels.

    None if the two do not have the same tags and VRs in the same order; `scan_elements` must read
    the header then.

    Notes
    -----
    Stretches are halved until they are equal or one element long. An equal stretch that begins at
    an element holds the same elements, so the result is that of `scan_elements`.
    """
    starts, header = layout.starts, layout.header
    elements: dict[int, Element] = {}
    shift = 0
    ranges = [(0, len(layout.tags))]
    while ranges:
        first, last = ranges.pop()
        begin, end = starts[first], starts[last]
        if data[begin + shift : end + shift] == header[begin:end]:
            continue
        if last - first > 1:
            middle = (first + last) // 2
            ranges += ((middle, last), (first, middle))
            continue
        same = _element_like(data, begin + shift, header[begin : begin + 6])
        if same is None:
            return None
        elements[layout.tags[first]], stop = same
        shift = stop - end
    pixels = _pixels_at(data, starts[-1] + shift, layout)
    if pixels is None:
        return None
    return elements, pixels


def _pixels_at(data: bytes, position: int, layout: HeaderLayout) -> Pixels | None:
    usual, start = layout.pixels, layout.starts[-1]
    if data[position : position + 12] == layout.header[start:]:
        return usual._replace(offset=usual.offset + position - start)
    try:
        tag, vr, value, length = head_at(data, position, EXPLICIT)
    except ParseError:
        return None
    if tag not in PIXEL_TAGS:
        return None
    return pixels_of(tag, vr, value, length)


def _element_like(data: bytes, position: int, head: bytes) -> tuple[Element, int] | None:
    """Return an element with this head, and its end."""
    if data[position : position + 6] != head:
        return None
    vr = head[4:]
    if vr in SHORT:
        value = position + 8
        stop = value + int.from_bytes(data[position + 6 : value], "little")
        if value <= stop <= len(data):
            return Element(VR_NAMES[vr], data[value:stop]), stop
        return None
    try:
        _, vr, value, length = head_at(data, position, EXPLICIT)
        return element_at(data, vr, value, length, EXPLICIT)
    except ParseError:
        return None
