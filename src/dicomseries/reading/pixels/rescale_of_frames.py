"""What stored values mean: slope and intercept of a file, or of each frame of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from dicomseries.errors import ReadError
from dicomseries.reading.multiframe.functional_groups import FunctionalGroups, path_of
from dicomseries.reading.parse.instance import Instance, unlike
from dicomseries.reading.pixels.pixel_format import FORMAT_TAGS, stored_dtype
from dicomseries.reading.problems import Problem
from dicomseries.standard.attribute import tag_of

__all__ = [
    "RESCALE",
    "dtype_of_real",
    "mapping_problems",
    "real_world_of",
    "rescale_of",
    "rescales_of",
    "rescales_of_files",
]

Floats = npt.NDArray[np.float64]

RESCALE = frozenset(
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
"""Tags of what a file of one frame says of the meaning of its values."""
_SLOPE = path_of("PixelValueTransformationSequence", "RescaleSlope")
_INTERCEPT = path_of("PixelValueTransformationSequence", "RescaleIntercept")
_MAPPED_SLOPE = path_of("RealWorldValueMappingSequence", "RealWorldValueSlope")
_MAPPED_INTERCEPT = path_of("RealWorldValueMappingSequence", "RealWorldValueIntercept")
_MAPPING = path_of("RealWorldValueMappingSequence")


def mapping_problems(groups: FunctionalGroups) -> Iterator[Problem]:
    """Yield what is in doubt about what the values of a Parametric Map mean (PS3.3 section C.7.6.16.2.11)."""
    if groups.raw(_MAPPING) is None:
        yield Problem(
            code="mapping-missing",
            level="warning",
            text=f"{groups.instance.name} has no RealWorldValueMapping: its values are returned as stored",
            remedy="Ask its maker what the values mean.",
        )
    items = {
        path[1]
        for path in (*groups.per_frame, *groups.shared)
        if path[0] == _MAPPING[0] and len(path) > 1
    }
    if len(items) > 1:
        yield Problem(
            code="mappings-several",
            level="warning",
            text=f"{groups.instance.name} has {len(items)} RealWorldValueMappings; the first is applied to all values",
            remedy="Look at RealWorldValueMappingSequence in the tags, and apply another one to `values='stored'`.",
        )


def rescale_of(instance: Instance) -> tuple[float, float]:
    """Return slope and intercept (PS3.3 section C.11.1); 1 and 0 for colour, which has none; DoseGridScaling for doses.

    Raises
    ------
    ReadError
        If they are there but are no finite numbers, the slope is 0, or a lookup table stands in their place.
    """
    if instance.samples > 1:
        return 1.0, 0.0
    if instance.text("DoseGridScaling"):
        return _dose_scaling(instance), 0.0
    slopes, intercepts = instance.numbers("RescaleSlope"), instance.numbers("RescaleIntercept")
    has_text = instance.text("RescaleSlope") or instance.text("RescaleIntercept")
    usable = (
        len(slopes) == len(intercepts) == 1
        and bool(np.isfinite((*slopes, *intercepts)).all())
        and slopes[0] != 0
    )
    if (has_text and not usable) or instance.raw("ModalityLUTSequence"):
        given = "a ModalityLUTSequence" if not has_text else f"{instance.text('RescaleSlope')!r}"
        raise _unusable(
            instance, f"{given} (RescaleIntercept {instance.text('RescaleIntercept')!r})"
        )
    return (slopes[0], intercepts[0]) if has_text else (1.0, 0.0)


def rescales_of(groups: FunctionalGroups) -> Floats:
    """Return slope and intercept of each frame, shape (frames, 2).

    Raises
    ------
    ReadError
        If one is no finite number, or a slope is 0.

    Notes
    -----
    PS3.3 section C.7.6.16.2.9; the file's own rescale where frames have none; DoseGridScaling for doses.

    Examples
    --------
    >>> from dicomseries.reading import read_instance
    >>> from pydicom.data import get_testdata_file
    >>> rescales_of(FunctionalGroups(read_instance(get_testdata_file("CT_small.dcm")))).tolist()
    [[1.0, -1024.0]]
    """
    instance = groups.instance
    slopes, intercepts = groups.numbers(_SLOPE), groups.numbers(_INTERCEPT)
    if instance.samples > 1 or slopes is None or intercepts is None:
        return np.tile(rescale_of(instance), (groups.count, 1))
    return _usable(instance, np.column_stack((slopes, intercepts)))


def real_world_of(groups: FunctionalGroups) -> Floats | None:
    """Return slope and intercept of each frame's first RealWorldValueMapping, shape (frames, 2); None without one.

    Raises
    ------
    ReadError
        If a mapping is a lookup table, or one of its numbers is not finite.

    Notes
    -----
    PS3.3 section C.7.6.16.2.11: it maps the stored values, whatever the rescale says.
    """
    instance = groups.instance
    if groups.raw(_MAPPING) is None:
        return None
    slopes, intercepts = groups.numbers(_MAPPED_SLOPE), groups.numbers(_MAPPED_INTERCEPT)
    if slopes is None or intercepts is None:
        raise _unusable(instance, "a RealWorldValueMapping without slope and intercept")
    return _usable(instance, np.column_stack((slopes, intercepts)))


def _dose_scaling(instance: Instance) -> float:
    """Return what stored values are multiplied by to give a dose (PS3.3 section C.8.8.3)."""
    scalings = instance.numbers("DoseGridScaling")
    if len(scalings) != 1 or not np.isfinite(scalings[0]) or scalings[0] == 0:
        raise _unusable(instance, f"DoseGridScaling {instance.text('DoseGridScaling')!r}")
    return scalings[0]


def _usable(instance: Instance, pairs: Floats) -> Floats:
    bad = np.flatnonzero(~np.isfinite(pairs).all(axis=1) | (pairs[:, 0] == 0))
    if len(bad):
        slope, intercept = pairs[bad[0]]
        raise _unusable(
            instance, f"slope {slope:g} and intercept {intercept:g} in frame {bad[0] + 1}"
        )
    return pairs


def _unusable(instance: Instance, given: str) -> ReadError:
    return ReadError(
        code="rescale-unusable",
        where=instance.path,
        given=given,
        expected="one finite RescaleSlope that is not 0, and one finite RescaleIntercept (PS3.3 section C.11.1)",
        remedy="Read the stored values with `values='stored'`, and apply their meaning yourself.",
    )


def rescales_of_files(instances: Sequence[Instance]) -> list[tuple[float, float]]:
    """Return slope and intercept of each file, as `rescale_of` does; what they share is looked at once.

    Raises
    ------
    ReadError
        As `rescale_of`.
    """
    if not instances:
        return []
    found = {id(instance): rescale_of(instance) for instance in unlike(instances, RESCALE)}
    usual = found[id(instances[0])]
    return [found.get(id(instance), usual) for instance in instances]


def dtype_of_real(
    instances: Iterable[Instance], rescales: set[tuple[float, float]]
) -> np.dtype[np.generic]:
    """Return the dtype that holds all real values: integers if every slope and intercept is whole, else float64.

    Of the integers, the smallest that holds what BitsStored can say, and at least the stored one. The stored one
    itself, float or integer, where nothing is rescaled.
    """
    files = tuple(instances)
    stored = stored_dtype(files[0])
    if rescales <= {(1.0, 0.0)}:
        return stored
    if stored.kind == "f" or not all(
        slope.is_integer() and intercept.is_integer() for slope, intercept in rescales
    ):
        return np.dtype(np.float64)
    bits = max(
        instance.number("BitsStored", stored.itemsize * 8)
        for instance in unlike(files, FORMAT_TAGS)
    )
    low, high = (
        (-(1 << bits - 1), (1 << bits - 1) - 1) if stored.kind == "i" else (0, (1 << bits) - 1)
    )
    ends = [
        int(slope) * end + int(intercept) for slope, intercept in rescales for end in (low, high)
    ]
    for name in (stored.name, "uint8", "int16", "uint16", "int32", "uint32", "int64"):
        info = np.iinfo(name)
        if (
            np.dtype(name).itemsize >= stored.itemsize
            and info.min <= min(ends)
            and max(ends) <= info.max
        ):
            return np.dtype(name)
    return np.dtype(np.float64)
