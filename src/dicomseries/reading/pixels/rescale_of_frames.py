"""Slope and intercept of files and frames."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from dicomseries.errors import ReadError
from dicomseries.reading.parse.functional_groups import FunctionalGroups, path_of
from dicomseries.reading.parse.instance import Instance, unlike
from dicomseries.reading.pixels.pixel_format import FORMAT_TAGS, stored_dtype
from dicomseries.reading.problems import Problem
from dicomseries.standard.attributes.attribute import tag_of

__all__ = [
    "RESCALE_TAGS",
    "dtype_of_real",
    "has_colour_table",
    "has_frame_tables",
    "has_narrow_bits",
    "has_value_table",
    "mapping_problems",
    "real_world_of",
    "rescales_of",
    "rescales_of_files",
]

Floats = npt.NDArray[np.float64]

RESCALE_TAGS = frozenset(
    map(
        tag_of,
        (
            "SamplesPerPixel",
            "RescaleSlope",
            "RescaleIntercept",
            "ModalityLUTSequence",
            "DoseGridScaling",
        ),
    )
)
"""Tags of the attributes that define the real values of a file of one frame."""
_SLOPE = path_of("PixelValueTransformationSequence", "RescaleSlope")
_INTERCEPT = path_of("PixelValueTransformationSequence", "RescaleIntercept")
_MAPPED_SLOPE = path_of("RealWorldValueMappingSequence", "RealWorldValueSlope")
_MAPPED_INTERCEPT = path_of("RealWorldValueMappingSequence", "RealWorldValueIntercept")
_MAPPING = path_of("RealWorldValueMappingSequence")
_MODALITY_LUT = tag_of("ModalityLUTSequence")
_LUT_DATA = tag_of("LUTData")
_LUT_DESCRIPTOR = tag_of("LUTDescriptor")
_INTEGERS = ("uint8", "int16", "uint16", "int32", "uint32", "int64")


def has_value_table(instance: Instance) -> bool:
    """Return True if a Modality LUT gives the real values of a grey image."""
    is_grey = instance.samples == 1 and not instance.text("DoseGridScaling")
    if not is_grey or not instance.raw("ModalityLUTSequence"):
        return False
    # Some writers add an item without a table.
    items = instance.sequence("ModalityLUTSequence")
    return any(_LUT_DATA in item and item[_LUT_DATA].raw for item in items)


def has_narrow_bits(instance: Instance) -> bool:
    """Return True if a Modality LUT states 8 bits for entries that need more.

    Each entry has a word (PS3.3 section C.11.1.1), so that its value is certain; DCMTK also takes
    it.
    """
    if not has_value_table(instance):
        return False
    item = instance.sequence("ModalityLUTSequence")[0]
    word = np.dtype(f"{instance.byte_order}u2")
    descriptor = item[_LUT_DESCRIPTOR].raw if _LUT_DESCRIPTOR in item else b""
    data = item[_LUT_DATA].raw if _LUT_DATA in item else b""
    if len(descriptor) != 3 * word.itemsize or len(data) % word.itemsize:
        return False
    count, _, bits = np.frombuffer(descriptor, word).tolist()
    entries = np.frombuffer(data, word)
    has_words = len(entries) == (count or 1 << 16)
    return bool(bits == 8 and has_words and entries.max() >= 1 << 8)


def has_frame_tables(groups: FunctionalGroups) -> bool:
    """Return True if functional groups have a Modality LUT, which the standard has not there."""
    if groups.instance.samples > 1:
        return False
    # Other tables have entries too: the VOI LUT, and the pixel intensity relationship of XA.
    for path in (*groups.per_frame, *groups.shared):
        if path[-3::2] == (_MODALITY_LUT, _LUT_DATA):
            return True
    return False


def has_colour_table(instance: Instance) -> bool:
    """Return True if stored values are indices into a palette that the file has."""
    return instance.text("PhotometricInterpretation") == "PALETTE COLOR" and bool(
        instance.raw("RedPaletteColorLookupTableDescriptor")
    )


def rescales_of_files(files: Sequence[Instance]) -> list[tuple[float, float]]:
    """Return slope and intercept of each file of one frame.

    Raises
    ------
    ReadError
        If one is unusable.
    """
    if not files:
        return []
    rescales = {id(instance): _rescale_of(instance) for instance in unlike(files, RESCALE_TAGS)}
    usual = rescales[id(files[0])]
    return [rescales.get(id(instance), usual) for instance in files]


def rescales_of(groups: FunctionalGroups) -> Floats:
    """Return slope and intercept of each frame, shape (frames, 2).

    Raises
    ------
    ReadError
        If one is not a finite number, or a slope is 0.

    Notes
    -----
    PS3.3 section C.7.6.16.2.9; the rescale of the file if the frames have none; DoseGridScaling
    for doses.

    Examples
    --------
    >>> from dicomseries.reading import read_instance
    >>> from pydicom.data import get_testdata_file
    >>> rescales_of(FunctionalGroups(read_instance(get_testdata_file("CT_small.dcm")))).tolist()
    [[1.0, -1024.0]]
    """
    instance = groups.instance
    if has_frame_tables(groups):
        raise _unusable(instance, "a Modality LUT in place of a slope, in the functional groups")
    slopes, intercepts = groups.numbers(_SLOPE), groups.numbers(_INTERCEPT)
    if instance.samples > 1 or slopes is None or intercepts is None:
        return np.tile(_rescale_of(instance), (groups.count, 1))
    return _checked(instance, np.column_stack((slopes, intercepts)))


def _rescale_of(instance: Instance) -> tuple[float, float]:
    """Return slope and intercept; 1 and 0 for colour.

    PS3.3 section C.11.1.
    """
    if instance.samples > 1:
        return 1.0, 0.0
    if instance.text("DoseGridScaling"):
        return _dose_scaling(instance), 0.0
    if has_value_table(instance):
        raise _unusable(instance, "a Modality LUT in place of a slope")
    texts = instance.text("RescaleSlope"), instance.text("RescaleIntercept")
    if not any(texts):
        return 1.0, 0.0
    slopes, intercepts = instance.numbers("RescaleSlope"), instance.numbers("RescaleIntercept")
    is_pair = len(slopes) == len(intercepts) == 1
    if not is_pair or not np.isfinite((*slopes, *intercepts)).all() or slopes[0] == 0:
        raise _unusable(instance, f"RescaleSlope {texts[0]!r}, RescaleIntercept {texts[1]!r}")
    return slopes[0], intercepts[0]


def _dose_scaling(instance: Instance) -> float:
    """Return the factor from stored values to dose.

    PS3.3 section C.8.8.3.
    """
    scalings = instance.numbers("DoseGridScaling")
    if len(scalings) != 1 or not np.isfinite(scalings[0]) or scalings[0] == 0:
        raise _unusable(instance, f"DoseGridScaling {instance.text('DoseGridScaling')!r}")
    return scalings[0]


def real_world_of(groups: FunctionalGroups) -> Floats | None:
    """Return slope and intercept of each frame's first RealWorldValueMapping.

    None without.

    Returns
    -------
    ndarray, shape (frames, 2)
        They apply to stored values, independent of the rescale.

    Raises
    ------
    ReadError
        If a mapping is a lookup table, or one of its numbers is not finite.

    Notes
    -----
    PS3.3 section C.7.6.16.2.11.
    """
    if groups.raw(_MAPPING) is None:
        return None
    slopes, intercepts = groups.numbers(_MAPPED_SLOPE), groups.numbers(_MAPPED_INTERCEPT)
    if slopes is None or intercepts is None:
        raise _unusable(groups.instance, "a RealWorldValueMapping without slope and intercept")
    return _checked(groups.instance, np.column_stack((slopes, intercepts)))


def _checked(instance: Instance, rescales: Floats) -> Floats:
    is_usable = np.isfinite(rescales).all(axis=1) & (rescales[:, 0] != 0)
    if not is_usable.all():
        frame = int(np.argmin(is_usable))
        slope, intercept = rescales[frame]
        raise _unusable(
            instance, f"slope {slope:g} and intercept {intercept:g} in frame {frame + 1}"
        )
    return rescales


def _unusable(instance: Instance, given: str) -> ReadError:
    return ReadError(
        code="rescale-unusable",
        where=instance.path,
        given=given,
        expected="one finite RescaleSlope that is not 0, and one finite RescaleIntercept "
        "(PS3.3 section C.11.1)",
        remedy="Read the stored values with `values='stored'`, and rescale them yourself.",
    )


def mapping_problems(groups: FunctionalGroups) -> Iterator[Problem]:
    """Yield warnings about RealWorldValueMapping (PS3.3 section C.7.6.16.2.11)."""
    name = groups.instance.name
    if groups.raw(_MAPPING) is None:
        yield Problem(
            code="mapping-missing",
            level="warning",
            text=f"{name} has no RealWorldValueMapping: its values are returned as stored",
            remedy="Ask the maker of the file for the meaning of the values.",
        )
    paths = [path for path in (*groups.per_frame, *groups.shared) if len(path) > 1]
    items = {path[1] for path in paths if path[0] == _MAPPING[0]}
    if len(items) > 1:
        yield Problem(
            code="mappings-several",
            level="warning",
            text=f"{name} has {len(items)} RealWorldValueMappings; the first is applied to all "
            "values",
            remedy="Look at RealWorldValueMappingSequence in the tags, and apply another one to "
            "`values='stored'`.",
        )


def dtype_of_real(
    instances: Iterable[Instance], rescales: set[tuple[float, float]]
) -> np.dtype[np.generic]:
    """Return the dtype for real values with these rescales.

    The stored dtype without a rescale. If every slope and intercept is whole, the smallest integer
    dtype for the range of BitsStored, at least as wide as the stored one. Otherwise float64.
    """
    files = tuple(instances)
    stored = stored_dtype(files[0])
    if rescales <= {(1.0, 0.0)}:
        return stored
    are_whole = all(number.is_integer() for rescale in rescales for number in rescale)
    if stored.kind == "f" or not are_whole:
        return np.dtype(np.float64)
    variants = unlike(files, FORMAT_TAGS)
    bits = max(instance.number("BitsStored", stored.itemsize * 8) for instance in variants)
    low, high = 0, (1 << bits) - 1
    if stored.kind == "i":
        low, high = -(1 << bits - 1), (1 << bits - 1) - 1
    ends = []
    for slope, intercept in rescales:
        ends += [int(slope) * low + int(intercept), int(slope) * high + int(intercept)]
    for name in (stored.name, *_INTEGERS):
        dtype = np.dtype(name)
        limits = np.iinfo(dtype)
        is_wide = dtype.itemsize >= stored.itemsize
        if is_wide and limits.min <= min(ends) and max(ends) <= limits.max:
            return dtype
    return np.dtype(np.float64)
