"""Parts of a series that are not one array.

Some archives keep single-frame and multi-frame copies of the same images under one
SeriesInstanceUID, or captured screens beside slices; ultrasound and angiography have clips and
stills of many sizes in one series. Each part is listed, and read, alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import PurePath

from dicomseries.errors import DicomSeriesError
from dicomseries.reading.consistency import format_of
from dicomseries.reading.multiframe.frame_facts import frames_of
from dicomseries.reading.order.frame_order import holds_frames
from dicomseries.reading.order.segment_order import SEGMENTATIONS
from dicomseries.reading.parse.instance import Instance, file_order
from dicomseries.standard.objects.image_classes import image_class
from dicomseries.standard.objects.sop_classes import NAMED_KINDS

__all__ = ["parts_of"]

_POSITION = b"\x20\x00\x32\x00"
_POSITION_BIG_ENDIAN = b"\x00\x20\x00\x32"
"""Tag of ImagePositionPatient as bytes."""


def parts_of(images: Sequence[Instance]) -> list[tuple[str, list[Instance]]]:
    """Return the parts of a series, each with its name.

    Parameters
    ----------
    images : sequence of Instance
        At least one, of one SeriesInstanceUID.

    Returns
    -------
    list of (str, list of Instance)
        One part with the name "" for most series. Images in space are parts by their form: files of
        one frame, or multi-frame files of one class, size and pixel format. Images without a
        position are parts by size and pixel format; each multi-frame file among several is a part.

    Examples
    --------
    >>> from dicomseries.reading import read_instance
    >>> from pydicom.data import get_testdata_file
    >>> names = ("CT_small.dcm", "rtdose.dcm")
    >>> parts = parts_of([read_instance(get_testdata_file(name)) for name in names])
    >>> [(name, len(files)) for name, files in parts]
    [('CT', 1), ('RTDose', 1)]
    """
    groups: dict[tuple[object, ...], list[Instance]] = {}
    placed_classes = {each.sop_class_uid for each in images if _has_position(each)}
    for instance in images:
        key = _part_key(instance, is_placed=instance.sop_class_uid in placed_classes)
        groups.setdefault(key, []).append(instance)
    parts = list(groups.values())
    if len(parts) == 1:
        return [("", parts[0])]
    parts.sort(key=lambda files: min(map(file_order, files)))
    return list(zip(_names(parts), parts, strict=True))


def _has_position(instance: Instance) -> bool:
    """Return True for an image in space, and for segmentations."""
    if instance.raw("ImagePositionPatient"):
        return True
    if not holds_frames(instance):
        return False
    sop_class_uid = instance.sop_class_uid
    if sop_class_uid in SEGMENTATIONS or _mentions_position(instance):
        return True
    try:
        return not frames_of(instance).is_unplaced
    except DicomSeriesError:
        return True  # `place_frames` reports the damage


def _mentions_position(instance: Instance) -> bool:
    """Return True if a functional group has ImagePositionPatient; a fast look at the bytes."""
    tag = _POSITION if instance.byte_order == "<" else _POSITION_BIG_ENDIAN
    return any(
        tag in (instance.raw(keyword) or b"")
        for keyword in ("PerFrameFunctionalGroupsSequence", "SharedFunctionalGroupsSequence")
    )


def _part_key(instance: Instance, *, is_placed: bool) -> tuple[object, ...]:
    if is_placed and holds_frames(instance):
        return ("frames", instance.sop_class_uid, *format_of(instance))
    if is_placed and image_class(instance.sop_class_uid).has_plane:
        return ("slices",)
    if holds_frames(instance):
        return ("clip", instance.text("ConcatenationUID") or instance.path)
    bits, sign = instance.number("BitsAllocated"), instance.number("PixelRepresentation")
    return ("stills", is_placed, instance.rows, instance.columns, instance.samples, bits, sign)


def _names(parts: Sequence[Sequence[Instance]]) -> list[str]:
    """Return the shortest names that tell the parts apart.

    By kind; by kind and size; by number; or by file.
    """
    forms: tuple[Callable[[Instance], str], ...] = (
        _kind_word,
        _sized,
        lambda first: f"{_kind_word(first)}-{first.text('InstanceNumber')}",
        lambda first: f"{_sized(first)}-{first.text('InstanceNumber')}",
    )
    firsts = [min(files, key=file_order) for files in parts]
    for form in forms:
        names = list(map(form, firsts))
        if len({*names}) == len(names):
            return names
    names = [PurePath(first.path).stem for first in firsts]
    repeated = Counter(names)
    return [
        f"{name}-{index}" if repeated[name] > 1 else name for index, name in enumerate(names, 1)
    ]


def _sized(instance: Instance) -> str:
    return f"{_kind_word(instance)}-{instance.columns}x{instance.rows}"


def _kind_word(instance: Instance) -> str:
    """Return the kind of a SOP class, or its keyword without Image and Storage."""
    uid = instance.sop_class_uid
    if uid in NAMED_KINDS:
        return NAMED_KINDS[uid]
    from pydicom.uid import UID  # noqa: PLC0415 - slow to import

    return UID(uid).keyword.removesuffix("Storage").removesuffix("Image") or uid or "images"
