"""Objects without pixels: reports, structures, plans, curves, raw data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from dicomseries.errors import counted
from dicomseries.lazy_dataclass import dataclass
from dicomseries.reading.parse.instance import Instance
from dicomseries.reading.problems import Problem
from dicomseries.standard.objects.image_classes import image_class

__all__ = [
    "is_without_pixels",
    "kinds_of",
    "left_out",
    "left_out_series",
    "only_objects",
    "reader_of",
]

_STORAGE = "1.2.840.10008.5.1.4.1.1."
_MOST_KINDS = 4
"""Kinds that a message names; the rest is counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    """Program that reads objects of some SOP classes.

    `classes` are ends of UIDs below the storage classes; one that ends with a dot is a branch.
    """

    classes: tuple[str, ...]
    reads: str


_READERS = (
    _Reader(
        classes=("88.",),
        reads="pydicom or highdicom read reports and key images, and `dicomseries measure` its own",
    ),
    _Reader(
        classes=("481.3",),
        reads="dcmrtstruct2nii makes masks of the contours, pydicom reads them as they are",
    ),
    _Reader(
        classes=("4.2",),
        reads="spec2nii converts spectra to NIfTI-MRS, pydicom reads them as they are",
    ),
    _Reader(
        classes=("9.",),
        reads="pydicom reads curves, such as an ECG, with its waveform_array",
    ),
    _Reader(
        classes=("104.",),
        reads="pydicom gives the document (PDF, CDA, STL) in EncapsulatedDocument",
    ),
    _Reader(
        classes=("66",),
        reads="raw data are read by the software of the maker",
    ),
)
"""The first that fits is named; `_ANY_READER` for the others."""
_ANY_READER = "pydicom reads their attributes, and so does `dicomseries tags`"


def is_without_pixels(instance: Instance) -> bool:
    """Return True for an object that is no image.

    By its SOP class; by missing pixels if the standard does not list the class.

    Examples
    --------
    >>> from dicomseries.reading import read_instance
    >>> from pydicom.data import get_testdata_file
    >>> files = [get_testdata_file(name) for name in ("CT_small.dcm", "reportsi.dcm")]
    >>> [is_without_pixels(read_instance(file)) for file in files]
    [False, True]
    """
    if instance.pixels is not None:
        return False
    return image_class(instance.sop_class_uid).plane in {"no-pixels", "unknown"}


def kinds_of(objects: Iterable[Instance]) -> str:
    """Return the number and kind of objects, the most frequent first.

    Examples
    --------
    >>> from dicomseries.reading import read_instance
    >>> from pydicom.data import get_testdata_file
    >>> kinds_of([read_instance(get_testdata_file("rtplan.dcm"))])
    '1 RT Plan'
    """
    counts = Counter(instance.sop_class_uid for instance in objects)
    parts = []
    for uid, count in counts.most_common(_MOST_KINDS):
        parts.append(f"{count} {_name_of(uid)}")
    others = len(counts) - _MOST_KINDS
    if others > 0:
        parts.append(f"{counted(others, 'other kind')}")
    return ", ".join(parts)


def _name_of(sop_class_uid: str) -> str:
    """Return the name of a SOP class without the word Storage."""
    if not sop_class_uid:
        return "without SOP class"
    from pydicom.uid import UID  # noqa: PLC0415 - slow to import

    name = UID(sop_class_uid).name
    if name == sop_class_uid:
        return f"of the class {sop_class_uid}"
    return name.removesuffix(" Storage")


def reader_of(objects: Iterable[Instance]) -> str:
    """Return a sentence about what reads these objects.

    Examples
    --------
    >>> from dicomseries.reading import read_instance
    >>> from pydicom.data import get_testdata_file
    >>> reader_of([read_instance(get_testdata_file("rtplan.dcm"))])
    'pydicom reads their attributes, and so does `dicomseries tags`'
    """
    sentences = dict.fromkeys(_reads(instance.sop_class_uid) for instance in objects)
    return "; ".join(sentences)


def _reads(sop_class_uid: str) -> str:
    end = sop_class_uid.removeprefix(_STORAGE)
    for reader in _READERS:
        for name in reader.classes:
            if end == name or (name.endswith(".") and end.startswith(name)):
                return reader.reads
    return _ANY_READER


def left_out(objects: Sequence[Instance]) -> Problem:
    """Return the warning about objects beside the images of a series."""
    number = counted(len(objects), "object")
    return Problem(
        code="objects-left-out",
        level="warning",
        text=f"{number} without pixels in the series left out ({kinds_of(objects)})",
        remedy=f"Use another reader for them: {reader_of(objects)}.",
    )


def left_out_series(count: int, objects: Sequence[Instance]) -> Problem:
    """Return the warning about series without images in a folder."""
    return Problem(
        code="series-left-out",
        level="warning",
        text=f"{count} series without images in the folder left out ({kinds_of(objects)})",
        remedy=f"Use another reader for them: {reader_of(objects)}.",
    )


def only_objects(objects: Sequence[Instance]) -> Problem:
    """Return the error about a series without images."""
    number = counted(len(objects), "object")
    return Problem(
        code="no-pixels",
        level="error",
        text=f"no image, but {number} without pixels ({kinds_of(objects)}), such as "
        f"{objects[0].name}",
        remedy=f"Choose an image series, or use another reader: {reader_of(objects)}.",
    )
