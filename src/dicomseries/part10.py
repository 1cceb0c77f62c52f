"""Instance → the bytes of a Part 10 file (PS3.10 section 7), sans I/O.

What is equal in all instances is encoded once, through pydicom, in the stretches between the attributes that vary;
an instance then costs the encoding of those few and one join. `encode_slowly` is the plain way, kept as the oracle.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom import dcmwrite
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from pydicom.sequence import Sequence as DicomSequence

from dicomseries.plan import InstancePlan, SeriesPlan
from dicomseries.standard.attribute import Attribute

__all__ = ["HeaderTemplate", "encode_slowly", "file_chunks", "header_template"]

_PREAMBLE = bytes(128) + b"DICM"
_PIXEL_DATA = 0x7FE00010
_END = 0xFFFFFFFF


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderTemplate:
    """All of a file up to its pixels, with holes for what varies from instance to instance.

    Parameters
    ----------
    meta : bytes
        File meta elements after MediaStorageSOPInstanceUID.
    meta_start : bytes
        File meta elements before it, without the group length.
    stretches : tuple of bytes
        Encoded shared attributes before, between and after the varying ones; one more than those.
    pixel_header : bytes
        Tag, VR and length of Pixel Data.
    tail : bytes
        What makes the length of Pixel Data even, then the few shared attributes whose tags come after it.
    """

    meta_start: bytes
    meta: bytes
    stretches: tuple[bytes, ...]
    pixel_header: bytes
    tail: bytes

    def render(self, instance: InstancePlan) -> bytes:
        """Return the bytes of one file up to its pixels."""
        uid = _text_element(0x0002, 0x0003, b"UI", (instance.sop_instance_uid,))
        length = len(self.meta_start) + len(uid) + len(self.meta)
        group_length = struct.pack("<HH2sHI", 0x0002, 0x0000, b"UL", 4, length)
        parts = [_PREAMBLE, group_length, self.meta_start, uid, self.meta, self.stretches[0]]
        for attribute, stretch in zip(instance.attributes, self.stretches[1:], strict=True):
            parts += (_element(attribute), stretch)
        parts.append(self.pixel_header)
        return b"".join(parts)


def header_template(plan: SeriesPlan) -> HeaderTemplate:
    """Encode once what all instances of the plan share.

    Parameters
    ----------
    plan : SeriesPlan
        What the files say.

    Returns
    -------
    HeaderTemplate
        Explicit VR Little Endian (PS3.5 section A.2).
    """
    varying = [attribute.tag for attribute in plan.instance(0).attributes]
    version, sop_class, _, *rest = plan.file_meta(plan.instance(0))
    odd = plan.frame_bytes % 2

    def encoded(low: int, high: int) -> bytes:
        return _encode(_dataset(own for own in plan.shared if low <= own.tag < high))

    vr = b"OB" if plan.value_map.bits == 8 else b"OW"
    return HeaderTemplate(
        meta_start=_encode(_dataset((version, sop_class))),
        meta=_encode(_dataset(rest)),
        stretches=tuple(encoded(low, high) for low, high in pairwise([0, *varying, _PIXEL_DATA])),
        pixel_header=struct.pack("<HH2sHI", 0x7FE0, 0x0010, vr, 0, plan.frame_bytes + odd),
        tail=b"\0" * odd + encoded(_PIXEL_DATA, _END),
    )


def file_chunks(
    template: HeaderTemplate, instance: InstancePlan, frame: npt.NDArray[Any]
) -> tuple[bytes | memoryview, ...]:
    """Return the bytes of one file in order; the pixels are a view of `frame`, not a copy.

    Parameters
    ----------
    template : HeaderTemplate
        Of the series.
    instance : InstancePlan
        Of the slice.
    frame : ndarray, shape (rows, columns) or (rows, columns, 3)
        Stored values, little endian, C-contiguous.
    """
    return template.render(instance), frame.data.cast("B"), template.tail


def encode_slowly(plan: SeriesPlan, instance: InstancePlan, frame: npt.NDArray[Any]) -> bytes:
    """Return the bytes of one file made by pydicom alone: the oracle of `file_chunks`."""
    dataset = _dataset((*plan.shared, *instance.attributes))
    dataset.PixelData = np.ascontiguousarray(frame).tobytes() + b"\0" * (plan.frame_bytes % 2)
    dataset["PixelData"].VR = "OB" if plan.value_map.bits == 8 else "OW"
    dataset.file_meta = FileMetaDataset(_dataset(plan.file_meta(instance)))
    file = BytesIO()
    dcmwrite(file, dataset, enforce_file_format=True)
    return file.getvalue()


def _dataset(attributes: Iterable[Attribute]) -> Dataset:
    dataset = Dataset()
    for attribute in attributes:
        values: Any
        if attribute.vr == "SQ":
            values = DicomSequence([_dataset(item) for item in attribute.values if isinstance(item, tuple)])
        else:
            values = list(attribute.values) if len(attribute.values) != 1 else attribute.values[0]
        dataset.add_new(attribute.tag, attribute.vr, values)
    return dataset


def _encode(dataset: Dataset) -> bytes:
    buffer = DicomBytesIO()
    buffer.is_little_endian = True
    buffer.is_implicit_VR = False
    write_dataset(buffer, dataset, "utf-8")
    return buffer.getvalue()


def _element(attribute: Attribute) -> bytes:
    """Encode one varying attribute: all of them are in the short form (PS3.5 section 7.1.2)."""
    group, element = divmod(attribute.tag, 0x10000)
    vr = attribute.vr.encode()
    if vr == b"US":
        value = struct.pack(f"<{len(attribute.values)}H", *attribute.values)
        return struct.pack("<HH2sH", group, element, vr, len(value)) + value
    return _text_element(group, element, vr, attribute.values)


def _text_element(group: int, element: int, vr: bytes, values: Sequence[Any]) -> bytes:
    text = "\\".join(map(str, values)).encode()
    if len(text) % 2:
        text += b"\0" if vr == b"UI" else b" "
    return struct.pack("<HH2sH", group, element, vr, len(text)) + text
