"""Checks of attributes given for each volume or slice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, pairwise

from dicomseries.errors import MetadataError
from dicomseries.iod import Kind
from dicomseries.metadata import Metadata
from dicomseries.plan.columns import Column, Extent
from dicomseries.standard.objects.modules import module_requirements

__all__ = ["check_agreement"]


def _keywords(*modules: str) -> frozenset[str]:
    rows = chain.from_iterable(map(module_requirements, modules))
    return frozenset(row.keyword for row in rows if row.is_top_level)


_STUDY_ATTRIBUTES = _keywords(
    "patient",
    "clinical-trial-subject",
    "general-study",
    "patient-study",
    "clinical-trial-study",
    "frame-of-reference",
    "synchronization",
    "general-equipment",
    "enhanced-general-equipment",
) | {
    "SeriesNumber",
    "Modality",
    "WindowCenter",
    "WindowWidth",
    "WindowCenterWidthExplanation",
    "VOILUTFunction",
}
"""Equal in all series of a write: one patient, study, space and device, and one window."""

_SERIES_ATTRIBUTES = _keywords(
    "general-series",
    "clinical-trial-series",
    "mr-series",
    "ct-series",
    "pet-series",
    "pet-isotope",
    "enhanced-series",
    "patient-orientation",
    "nm-pet-patient-orientation",
) | {"ImageType", "RescaleType"}
"""Equal in all files of a series (PS3.3 section A.1.2); readers separate series by them."""

_COUNTED = {
    "TemporalPositionIdentifier": "the volumes are numbered 1, 2, 3 … (PS3.3 section C.8.3.1)",
    "NumberOfTemporalPositions": "the volumes are counted",
    "NumberOfTimeSlices": "the volumes are counted",
}
"""Attributes that follow from the axis t, with the reason."""

_RISING = ("FrameReferenceTime", "TriggerTime")
"""Times of classic files after a common start; readers sort volumes by them."""


def check_agreement(
    kind: Kind,
    extent: Extent,
    columns: Sequence[Column],
    metadata: Metadata,
    *,
    is_split: bool = False,
) -> None:
    """Reject attributes that contradict each other.

    Parameters
    ----------
    kind : Kind
        Its tables say which attributes have two names.
    extent : Extent
        How many volumes there are.
    columns : sequence of Column
        The user's attributes of each volume or slice.
    metadata : Metadata
        The user's attributes of all volumes.
    is_split : bool
        Whether each volume becomes a series, which may have attributes that differ.

    Raises
    ------
    MetadataError
        All disagreements at once.
    """
    names = {row.given_as: row.keyword for row in kind.all_rows if row.given_as}
    faults = [*_repeated(names, columns, metadata)]
    # in multi-frame kinds only functional groups vary, which `compose` checks
    if is_split or not kind.is_multi_frame:
        faults += _varying_in_series(kind, columns, is_split=is_split)
    if extent.is_timed:
        faults += _counted_twice(columns, metadata)
        if not kind.is_multi_frame and not is_split:
            faults += _falling_times(extent, columns)
    if faults:
        raise MetadataError.together(faults)


def _repeated(
    names: Mapping[str, str], columns: Sequence[Column], metadata: Metadata
) -> Iterator[MetadataError]:
    places: dict[str, str] = {}
    for attribute in metadata.attributes:
        keyword = names.get(attribute.keyword, attribute.keyword)
        places[keyword] = f"metadata[{attribute.keyword!r}]"
    for column in columns:
        keyword, place = names.get(column.keyword, column.keyword), _place(column)
        if keyword in places:
            yield MetadataError(
                code="said-twice",
                where=place,
                given=f"values beside {places[keyword]}",
                expected="one or the other",
                remedy="Leave one of the two out.",
            )
        places[keyword] = place


def _place(column: Column) -> str:
    return f"per_volume[{column.keyword!r}]"


def _varying_in_series(
    kind: Kind, columns: Sequence[Column], *, is_split: bool
) -> Iterator[MetadataError]:
    in_groups: set[str] = set()
    for row in kind.all_rows:
        in_groups |= {row.keyword, row.given_as}
    in_groups.difference_update(row.keyword for row in kind.rows)
    for column in columns:
        if column.is_constant or column.keyword in in_groups:
            continue
        is_of_study = column.keyword in _STUDY_ATTRIBUTES
        may_differ = is_split and column.per == "volume"
        if not is_of_study and (may_differ or column.keyword not in _SERIES_ATTRIBUTES):
            continue
        level, remedy = "series", "Give one in `metadata=`, or pass `split='time'`."
        if is_of_study:
            level, remedy = "study", "Give one value in `metadata=`."
        yield MetadataError(
            code="attribute-of-the-series",
            where=_place(column),
            given=f"another value for each {column.per}",
            expected=f"one value for all: it belongs to the {level}, not to its images",
            remedy=remedy,
        )


def _counted_twice(columns: Sequence[Column], metadata: Metadata) -> Iterator[MetadataError]:
    places = {keyword: f"metadata[{keyword!r}]" for keyword in metadata.keywords}
    places |= {column.keyword: _place(column) for column in columns}
    for keyword in sorted(_COUNTED.keys() & places.keys()):
        yield MetadataError(
            code="counted-by-the-writer",
            where=places[keyword],
            given="a number",
            expected=f"none: {_COUNTED[keyword]}",
            remedy="Leave it out; it follows from the axis t.",
        )


def _falling_times(extent: Extent, columns: Sequence[Column]) -> Iterator[MetadataError]:
    for column in columns:
        if column.keyword not in _RISING or column.is_constant or column.per == "slice":
            continue
        times = [_first_time(column, extent, volume) for volume in range(extent.volumes)]
        if any(after <= before for before, after in pairwise(times)):
            yield MetadataError(
                code="times-do-not-rise",
                where=_place(column),
                given=", ".join(f"{time:g}" for time in times[:8]),
                expected="a later time for each volume than for the one before",
                remedy="Sort the volumes by time, or pass `split='time'` for a series of each.",
            )


def _first_time(column: Column, extent: Extent, volume: int) -> float:
    times: list[float] = []
    for frame in range(volume * extent.slices, (volume + 1) * extent.slices):
        values = column.at(frame, slices=extent.slices)
        time = values[0] if values else ""
        times.append(float(time) if isinstance(time, (str, float)) and time != "" else 0.0)
    return min(times)
