"""What users say of each volume or slice, against what they say of all, what a series shares, and what rises in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from dicomseries.errors import MetadataError
from dicomseries.iod import Kind
from dicomseries.metadata import Metadata
from dicomseries.plan.columns import Column, Extent
from dicomseries.standard.modules import MODULES

__all__ = ["check_agreement"]


def _keywords(*modules: str) -> frozenset[str]:
    return frozenset(
        one.keyword for module in modules for one in MODULES[module] if one.is_top_level
    )


_OF_ALL = _keywords(
    *(
        "patient",
        "clinical-trial-subject",
        "general-study",
        "patient-study",
        "clinical-trial-study",
    ),
    *("frame-of-reference", "synchronization", "general-equipment", "enhanced-general-equipment"),
) | {
    "SeriesNumber",
    "Modality",
    "WindowCenter",
    "WindowWidth",
    "WindowCenterWidthExplanation",
    "VOILUTFunction",
}
"""Equal in all series of a write: one patient, study, space and device, and one window to compare volumes by."""

_OF_SERIES = _keywords(
    *(
        "general-series",
        "clinical-trial-series",
        "mr-series",
        "ct-series",
        "pet-series",
        "pet-isotope",
    ),
    *("enhanced-series", "patient-orientation", "nm-pet-patient-orientation"),
) | {"ImageType", "RescaleType"}
"""Equal in all files of a series (PS3.3 section A.1.2); readers tell series apart by them."""

_COUNTED = {
    "TemporalPositionIdentifier": "the volumes are numbered 1, 2, 3 … (PS3.3 section C.8.3.1)",
    "NumberOfTemporalPositions": "the volumes are counted",
    "NumberOfTimeSlices": "the volumes are counted",
}
"""What the axis t says by itself."""

_RISING = ("FrameReferenceTime", "TriggerTime")
"""Times of classic files after a common start, by which readers sort volumes."""


def check_agreement(
    kind: Kind,
    extent: Extent,
    columns: Sequence[Column],
    metadata: Metadata,
    *,
    is_split: bool = False,
) -> None:
    """Refuse what contradicts itself, or would tear a series apart.

    Parameters
    ----------
    kind : Kind
        The object; its tables say which attributes have two names.
    extent : Extent
        How many volumes there are.
    columns : sequence of Column
        What the user says of each volume or slice.
    metadata : Metadata
        What the user says of all of them.
    is_split : bool
        Whether each volume becomes a series of its own, which may have attributes of its own.

    Raises
    ------
    MetadataError
        All that does not agree, at once.

    Examples
    --------
    >>> from dicomseries.iod import MR
    >>> echoes = Column(keyword="EchoTime", per="volume", values=(("4",), ("9",)), vr="DS")
    >>> check_agreement(MR, Extent(volumes=2, slices=3), [echoes], Metadata())
    """
    names = {row.given_as: row.keyword for row in kind.all_rows if row.given_as}
    faults = [*_said_twice(names, columns, metadata)]
    if (
        is_split or not kind.is_multi_frame
    ):  # else only what functional groups hold may vary, which `compose` sees to
        faults += _not_of_volumes(kind, columns, is_split=is_split)
    if extent.is_timed:
        faults += _counted(columns, metadata)
        if not kind.is_multi_frame and not is_split:
            faults += _falling(extent, columns)
    if faults:
        raise MetadataError.together(faults)


def _said_twice(
    names: Mapping[str, str], columns: Sequence[Column], metadata: Metadata
) -> Iterator[MetadataError]:
    said = {
        names.get(one.keyword, one.keyword): f"metadata[{one.keyword!r}]"
        for one in metadata.attributes
    }
    for column in columns:
        own = names.get(column.keyword, column.keyword)
        if own in said:
            yield MetadataError(
                code="said-twice",
                where=f"per_volume[{column.keyword!r}]",
                given=f"values beside {said[own]}",
                expected="one or the other",
                remedy="Leave one of the two out.",
            )
        said[own] = f"per_volume[{column.keyword!r}]"


def _not_of_volumes(
    kind: Kind, columns: Sequence[Column], *, is_split: bool
) -> Iterator[MetadataError]:
    own = {name for row in kind.all_rows for name in (row.keyword, row.given_as)} - {
        row.keyword for row in kind.rows
    }
    for column in columns:
        is_of_all = column.keyword in _OF_ALL
        may_vary = column.is_constant or column.keyword in own
        if may_vary or not (
            is_of_all
            or (column.keyword in _OF_SERIES and not (is_split and column.per == "volume"))
        ):
            continue
        yield MetadataError(
            code="attribute-of-the-series",
            where=f"per_volume[{column.keyword!r}]",
            given=f"another value for each {column.per}",
            expected=f"one value for all: it belongs to the {'study' if is_of_all else 'series'}, not to its images",
            remedy="Give one value in metadata=."
            if is_of_all
            else "Give one in metadata=, or pass split='time'.",
        )


def _counted(columns: Sequence[Column], metadata: Metadata) -> Iterator[MetadataError]:
    given = {one.keyword: f"metadata[{one.keyword!r}]" for one in metadata.attributes}
    given |= {one.keyword: f"per_volume[{one.keyword!r}]" for one in columns}
    for keyword in sorted(_COUNTED.keys() & given.keys()):
        yield MetadataError(
            code="counted-by-the-writer",
            where=given[keyword],
            given="a number",
            expected=f"none: {_COUNTED[keyword]}",
            remedy="Leave it out; the axis t says it.",
        )


def _falling(extent: Extent, columns: Sequence[Column]) -> Iterator[MetadataError]:
    for column in columns:
        if column.keyword not in _RISING or column.is_constant or column.per == "slice":
            continue
        times = [min(_times(column, extent, volume)) for volume in range(extent.volumes)]
        if any(after <= before for before, after in pairwise(times)):
            yield MetadataError(
                code="times-do-not-rise",
                where=f"per_volume[{column.keyword!r}]",
                given=", ".join(f"{time:g}" for time in times[:8]),
                expected="a later time for each volume than for the one before",
                remedy="Put the volumes in the order of time, or pass split='time' for a series each.",
            )


def _times(column: Column, extent: Extent, volume: int) -> Iterator[float]:
    for frame in range(volume * extent.slices, (volume + 1) * extent.slices):
        values = column.at(frame, slices=extent.slices)
        yield (
            float(values[0])
            if values and isinstance(values[0], (str, float)) and values[0] != ""
            else 0.0
        )
