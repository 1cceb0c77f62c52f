"""Bytes of Part 10 files (PS3.10 section 7) from templates.

Attributes that all instances share are encoded once, in the stretches between the varying ones; an
instance then costs the encoding of those few and one join (`encode_headers`). In the tests, files
made by pydicom alone have the same bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise, starmap
from operator import attrgetter
from typing import Any

import numpy.typing as npt

from dicomseries.lazy_dataclass import dataclass
from dicomseries.part10.encapsulation import DELIMITER, HEAD, fragment, offset_tables
from dicomseries.part10.encode_elements import encode
from dicomseries.part10.encode_functional_groups import PER_FRAME_TAG, encode_per_frame
from dicomseries.plan import SeriesPlan
from dicomseries.standard.attributes.attribute import tag_of

__all__ = [
    "HeaderTemplate",
    "encoded_chunks",
    "file_chunks",
    "frames_chunks",
    "header_template",
]

_END = 0xFFFFFFFF
_PIXELS = {"uint8": "PixelData", "float32": "FloatPixelData", "float64": "DoubleFloatPixelData"}
"""Elements of stored numbers other than 16-bit integers (PS3.3 C.7.6.3 and C.7.6.24)."""
_PIXEL_VR = {"uint8": "OB", "float32": "OF", "float64": "OD"}
"""PS3.5 section A.2; OW for all others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderTemplate:
    """Encoded parts of a file around its varying attributes.

    Parameters
    ----------
    meta : bytes
        File meta elements after MediaStorageSOPInstanceUID.
    meta_start : bytes
        File meta elements before it, without the group length.
    varying : tuple of int
        Tags of the attributes that may differ from file to file.
    stretches : tuple of bytes
        Encoded shared attributes before, between and after the varying ones; one more than those.
    pixel_header : bytes
        Tag, VR and length of Pixel Data.
    tail : bytes
        Padding or delimiter of Pixel Data; then the few shared attributes with higher tags.
    """

    meta_start: bytes
    meta: bytes
    varying: tuple[int, ...]
    stretches: tuple[bytes, ...]
    pixel_header: bytes
    tail: bytes


def header_template(plan: SeriesPlan) -> HeaderTemplate:
    """Encode the attributes that all instances share.

    Parameters
    ----------
    plan : SeriesPlan
        Of the series.

    Returns
    -------
    HeaderTemplate
        Explicit VR Little Endian (PS3.5 section A.2).
    """
    varying = tuple(map(tag_of, plan.per_instance))
    version, sop_class, _, *rest = plan.file_meta(plan.instance(0))
    pixels = tag_of(_pixel_element(plan)[0])
    head, behind_pixels = _around_pixels(plan)

    shared = sorted(plan.shared, key=attrgetter("tag"))

    def encoded(low: int, high: int) -> bytes:
        return b"".join(encode(element) for element in shared if low <= element.tag < high)

    # The frames' functional groups come after the last varying attribute: none of these has a
    # higher group number.
    before_frames = tuple(starmap(encoded, pairwise([0, *varying, PER_FRAME_TAG])))
    behind = encode_per_frame(plan) + encoded(PER_FRAME_TAG, pixels)
    return HeaderTemplate(
        meta_start=encode(version) + encode(sop_class),
        meta=b"".join(map(encode, rest)),
        varying=varying,
        stretches=(*before_frames[:-1], before_frames[-1] + behind),
        pixel_header=head,
        tail=behind_pixels + encoded(pixels, _END),
    )


def _around_pixels(plan: SeriesPlan) -> tuple[bytes, bytes]:
    """Return the head and the end of Pixel Data."""
    if plan.is_encapsulated:
        return HEAD, DELIMITER
    keyword, vr = _pixel_element(plan)
    odd = plan.pixel_bytes % 2
    head = struct.pack(
        "<HH2sHI", *divmod(tag_of(keyword), 0x10000), vr.encode(), 0, plan.pixel_bytes + odd
    )
    return head, b"\0" * odd


def _pixel_element(plan: SeriesPlan) -> tuple[str, str]:
    dtype = plan.value_map.dtype
    return _PIXELS.get(dtype, "PixelData"), _PIXEL_VR.get(dtype, "OW")


def file_chunks(
    template: HeaderTemplate, header: bytes, frame: npt.NDArray[Any] | bytes
) -> tuple[bytes | memoryview, ...]:
    """Return the bytes of one file in order.

    The pixels are a view of `frame`, not a copy.

    Parameters
    ----------
    template : HeaderTemplate
        Of the series.
    header : bytes
        Of the file (`encode_headers`).
    frame : ndarray, shape (rows, columns) or (rows, columns, 3)
        Stored values, little endian, C-contiguous; or compressed bytes.
    """
    if isinstance(frame, bytes):
        return tuple(encoded_chunks(template, header, (len(frame),), (frame,)))
    return header, template.pixel_header, frame.data.cast("B"), template.tail


def frames_chunks(
    template: HeaderTemplate, header: bytes, frames: Iterable[npt.NDArray[Any]]
) -> Iterator[bytes | memoryview]:
    """Yield the bytes of a multi-frame file in order.

    Parameters
    ----------
    template, header
        As in `file_chunks`.
    frames : iterable of ndarray
        Stored values of some frames at a time, in order; little endian, C-contiguous.
    """
    yield header + template.pixel_header
    for stored in frames:
        yield stored.data.cast("B")
    yield template.tail


def encoded_chunks(
    template: HeaderTemplate, header: bytes, lengths: Sequence[int], frames: Iterable[bytes]
) -> Iterator[bytes]:
    """Yield the bytes of a file of compressed frames.

    Parameters
    ----------
    template, header
        As in `file_chunks`.
    lengths : sequence of int
        Bytes of each frame, for the table before the first one.
    frames : iterable of bytes
        The frames, encoded.
    """
    extended, basic = offset_tables(lengths)
    yield header + extended
    yield template.pixel_header + basic
    for frame in frames:
        head, padding = fragment(frame)
        yield head
        yield frame
        yield padding
    yield template.tail
