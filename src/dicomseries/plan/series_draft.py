"""From the draft of a series to its plan."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import replace

from dicomseries.errors import KindError, MetadataError
from dicomseries.geometry import Grid
from dicomseries.iod import Composition, Kind, compose
from dicomseries.lazy_dataclass import dataclass
from dicomseries.metadata import Metadata
from dicomseries.plan.columns import Column, Extent, time_columns, time_facts
from dicomseries.plan.display_window import window_facts
from dicomseries.plan.frame_plan import frame_facts, stack_columns
from dicomseries.plan.picture_sequences import annotation_advice, clip_advice, clip_facts
from dicomseries.plan.plan_facts import (
    Facts,
    grid_facts,
    identity_facts,
    moment_facts,
    pixel_facts,
    place_facts,
    plane_columns,
    value_columns,
    value_facts,
)
from dicomseries.plan.reader_advice import reader_advice, window_advice
from dicomseries.plan.series_plan import SeriesPlan
from dicomseries.plan.time_base import time_base, with_acquisition
from dicomseries.plan.unit_advice import units_advice
from dicomseries.sources import WrittenPlanes
from dicomseries.standard.attributes.attribute import Attribute, attribute
from dicomseries.standard.attributes.decimal_string import format_ds
from dicomseries.standard.transfer_syntaxes import BY_UID, EXPLICIT_VR_LITTLE_ENDIAN
from dicomseries.uids import SeriesUids
from dicomseries.values import SliceStatistics, Statistics, ValueMap

__all__ = ["SeriesDraft", "check_draft", "check_frame", "check_size", "plan_series"]

_OF_EACH_FRAME = frozenset({"InStackPositionNumber"})
"""Attributes that are counted over all frames if no column says otherwise."""

_MOST_ROWS = 65535
"""Rows and Columns (PS3.3 section C.7.6.3) are unsigned 16-bit numbers, as is NumberOfSlices
(section C.8.9.1)."""

_MOST_PIXEL_BYTES = 0xFFFFFFFE
"""Largest length of a native Pixel Data element (PS3.5 section 7.1.1)."""

_MOST_FRAMES = 2**31 - 1
"""NumberOfFrames and InstanceNumber are integer strings (PS3.5 section 6.2)."""

_SOME_STATISTICS = Statistics(dtype="int16", slices=(SliceStatistics(minimum=0, maximum=1),))
"""Any window passes the checks: its numbers are ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesDraft:
    """A series before its values are known.

    Parameters
    ----------
    kind : Kind
        The table of the information object.
    grid : Grid
        LPS mm, right-handed: slices along the normal.
    samples : int
        Samples per pixel, 1 or 3.
    metadata : Metadata
        The user's attributes, and those of the source.
    moment : datetime, optional
        Date and time of the series; without it they are the user's or empty.
    extent : Extent
        Volumes, slices and times of the array.
    columns : sequence of Column
        Attributes given for each volume or slice.
    only_volume : int, optional
        Index of the volume, if the series holds only one of them.
    transfer_syntax_uid : str
        Encoding of the pixels.
    """

    kind: Kind
    grid: Grid
    samples: int
    metadata: Metadata
    moment: dt.datetime | None
    extent: Extent
    columns: Sequence[Column] = ()
    only_volume: int | None = None
    transfer_syntax_uid: str = EXPLICIT_VR_LITTLE_ENDIAN


def check_draft(draft: SeriesDraft, uids: SeriesUids, expected: ValueMap) -> None:
    """Reject a series that cannot be written.

    Its values are not read yet.

    Parameters
    ----------
    draft : SeriesDraft
        What is known of the series.
    uids : SeriesUids
        Any: they differ in width at most.
    expected : ValueMap
        With the stored dtype that the values will have, as far as it is known.

    Raises
    ------
    KindError, GeometryError, MetadataError
        As `plan_series`.
    """
    _contents(draft, uids, expected, _SOME_STATISTICS)


def plan_series(
    draft: SeriesDraft, uids: SeriesUids, value_map: ValueMap, statistics: Statistics
) -> SeriesPlan:
    """Return the plan of a series.

    Parameters
    ----------
    draft : SeriesDraft
        What is known of the series before its values.
    uids : SeriesUids
        Of the series.
    value_map : ValueMap
        How real values are stored.
    statistics : Statistics
        Of the source, for the window.

    Raises
    ------
    KindError
        If the kind cannot hold an array of this size, colour or number of volumes.
    GeometryError
        If the positions cannot be printed evenly (PS3.5 section 6.2).
    MetadataError
        If an attribute is wrong, or one that the kind requires is missing.
    """
    contents = _contents(draft, uids, value_map, statistics)
    series = SeriesPlan(
        kind=draft.kind.name,
        sop_class_uid=contents.sop_class_uid,
        transfer_syntax_uid=draft.transfer_syntax_uid,
        uids=uids,
        grid=draft.grid,
        samples=draft.samples,
        value_map=value_map,
        shared=contents.composition.shared,
        per_instance=contents.composition.per_instance,
        extent=contents.extent,
        columns=contents.varying,
        groups=contents.composition.groups,
        per_frame=contents.composition.per_frame,
        is_multi_frame=draft.kind.is_multi_frame,
        advice=(
            *draft.grid.statement.notes,
            *value_map.advice,
            *contents.composition.advice,
            *contents.time_advice,
            *window_advice(contents.facts, contents.metadata),
            *clip_advice(draft.kind, contents.extent, contents.facts),
            *annotation_advice(draft.kind, contents.metadata),
        ),
    )
    return replace(series, advice=(*series.advice, *reader_advice(series)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Contents:
    """Attributes of a series, with facts and metadata."""

    sop_class_uid: str
    extent: Extent
    facts: Facts
    metadata: Metadata
    varying: tuple[Column, ...]
    composition: Composition
    time_advice: tuple[str, ...]


def _contents(
    draft: SeriesDraft, uids: SeriesUids, value_map: ValueMap, statistics: Statistics
) -> _Contents:
    kind, grid, samples = draft.kind, draft.grid, draft.samples
    extent = draft.extent
    metadata = with_acquisition(kind, _with_repetition(kind, draft.extent, draft.metadata))
    computed = time_columns(kind, draft.extent, metadata)
    base = time_base(kind, draft.extent, metadata, computed, draft.columns)
    units = units_advice(kind, draft.extent, metadata, draft.columns)
    time_advice = (*base.advice, *units)
    stated = metadata.keywords  # a thickness of the user is that of all slices
    of_planes = [column for column in plane_columns(grid) if column.keyword not in stated]
    planes = (*of_planes, *stack_columns(kind, grid, draft.extent))
    columns = [*value_columns(value_map), *planes, *computed, *base.columns, *draft.columns]
    if draft.only_volume is not None:
        extent = Extent(volumes=1, slices=extent.slices)
        columns = _columns_of_volume(columns, draft.only_volume, extent.slices)
    check_frame(kind, grid, samples)
    _check_extent(kind, extent)
    if grid.statement.has_place:
        grid.check_printed()
    sop_class_uid = kind.sop_class(samples, value_map.bits)
    facts = {
        **moment_facts(draft.moment, metadata.text("TimezoneOffsetFromUTC")),
        **base.facts,
        **place_facts(grid, identity_facts(sop_class_uid, uids)),
        **grid_facts(grid),
        **pixel_facts(grid, samples, value_map, BY_UID[draft.transfer_syntax_uid]),
        **value_facts(kind, samples, value_map, statistics),
        **(window_facts(statistics, value_map) if samples == 1 else {}),
        **time_facts(kind, extent),
        **frame_facts(kind, extent, uids, is_regular=not isinstance(grid, WrittenPlanes)),
        **clip_facts(kind, extent, metadata, is_placed=grid.statement.has_place),
    }
    if metadata.get("WindowCenter") is not None:
        facts.pop("VOILUTFunction", None)  # it belongs to our window, not to the user's
    facts, metadata, varying = _without_constant_columns(kind, facts, metadata, columns)
    keywords = frozenset(column.keyword for column in varying)
    composition = compose(kind, facts, metadata, keywords)
    if kind.is_multi_frame and draft.transfer_syntax_uid == EXPLICIT_VR_LITTLE_ENDIAN:
        check_size(kind, extent.frames * math.prod(grid.shape[1:]) * samples * value_map.bits // 8)
    return _Contents(
        sop_class_uid=sop_class_uid,
        extent=extent,
        facts=facts,
        metadata=metadata,
        varying=varying,
        composition=composition,
        time_advice=time_advice,
    )


def _columns_of_volume(columns: Sequence[Column], index: int, slices: int) -> list[Column]:
    """Return the columns of one volume of several.

    An index orders the volumes of one object; alone, a volume has none (PS3.3 C.7.6.16.2.2).
    """
    of_volume: list[Column] = []
    for column in columns:
        if column.keyword != "TemporalPositionIndex":
            of_volume.append(column.of_volume(index, slices=slices))
    return of_volume


def _with_repetition(kind: Kind, extent: Extent, metadata: Metadata) -> Metadata:
    """Return the metadata with the repetition time of the source.

    That of the user wins.

    The time from volume to volume is no repetition time (PS3.3 section C.8.3.1): segmented and 3-D
    sequences repeat faster. So `times_s` alone never becomes one.
    """
    stated = extent.repetition_time_s
    if stated is None or not extent.is_timed or "RepetitionTime" not in kind.over_time:
        return metadata
    if metadata.get("RepetitionTime") is not None:
        return metadata
    return metadata.having(attribute("RepetitionTime", format_ds(1000 * stated)))


def _without_constant_columns(
    kind: Kind, facts: Facts, metadata: Metadata, columns: Sequence[Column]
) -> tuple[Facts, Metadata, tuple[Column, ...]]:
    """Return facts, metadata and columns; constant columns become metadata.

    The first values of a varying column are facts too, because rows and conditions need an example.
    """
    known = {name for row in kind.all_rows for name in (row.keyword, row.given_as)}
    computed = {"RescaleSlope", "RealWorldValueSlope", *kind.over_time}
    by_keyword = {column.keyword: column for column in columns}  # the user's come last, and win
    facts = dict(facts)
    varying: list[Column] = []
    for keyword, column in by_keyword.items():
        if keyword in computed and keyword not in known:
            continue  # the kind has no place for it
        filled = _with_empty(kind, column)
        first = next((entry for entry in filled.values if entry is not None), None)
        is_given = keyword not in computed or metadata.get(keyword) is not None
        if not filled.is_constant or keyword in _OF_EACH_FRAME:
            varying.append(filled)
        elif first is not None and is_given:
            metadata = metadata.having(Attribute(keyword, column.vr, first))
        if first is not None:
            facts[keyword] = first
    return facts, metadata, tuple(varying)


def _with_empty(kind: Kind, column: Column) -> Column:
    """Return the column with empty Type 2 values.

    PS3.5 section 7.4.3.

    Raises
    ------
    MetadataError
        If an attribute of Type 1 is absent in some volumes or slices.
    """
    row = kind.row(column.keyword)
    if row is None or None not in column.values:
        return column
    if row.type == "1":
        index = column.values.index(None)
        raise MetadataError(
            code="value-missing",
            where=f"per_volume[{column.keyword!r}][{index}]",
            given="None",
            expected="a value, as the attribute is of Type 1",
            remedy=f"Give one to each {column.per}.",
        )
    if not row.type.startswith("2"):
        return column
    return replace(column, values=tuple(entry or () for entry in column.values))


def _check_extent(kind: Kind, extent: Extent) -> None:
    is_clip = kind.holds_clips and extent.slices == 1
    if extent.is_timed and not kind.over_time and not is_clip:
        raise KindError(
            code="kind-without-time",
            where="kind",
            given=f"{kind.name} and an array with {extent.volumes} volumes (axis t)",
            expected="one volume: no attribute of the object distinguishes volumes",
            remedy="Pass `split='time'` for one series of each volume, choose one with "
            "`time_point=`, or another kind; `kind='MultiframeSC'` holds pictures in time of one "
            "slice each (`axes='tyx'`).",
        )
    if extent.frames > _MOST_FRAMES:
        raise KindError(
            code="too-many-frames",
            where="shape",
            given=f"{extent.frames} frames",
            expected=f"at most {_MOST_FRAMES} (PS3.5 section 6.2, IS)",
            remedy="Write parts of the volume as separate series.",
        )


def check_size(kind: Kind, pixel_bytes: int) -> None:
    """Reject pixels that are too large for one element.

    Raises
    ------
    KindError
        Beyond 4 GiB.
    """
    if pixel_bytes > _MOST_PIXEL_BYTES:
        raise KindError(
            code="file-too-large",
            where="shape",
            given=f"{pixel_bytes:,} bytes of pixels in one {kind.name} file",
            expected=f"at most {_MOST_PIXEL_BYTES:,} (PS3.5 section 7.1.1)",
            remedy="Pass `split='time'` for one file of each volume, `compression='jpegls'` for "
            "one without this limit, or write a classic kind, which has one file for each slice.",
        )


def check_frame(kind: Kind, grid: Grid, samples: int) -> None:
    """Reject slices that the kind, or DICOM, cannot hold.

    Raises
    ------
    KindError
        For colour if the kind has none, and for more than 65,535 rows or columns or 4 GiB a slice.
    """
    if samples not in kind.samples:
        raise KindError(
            code="colour-not-allowed",
            where="kind",
            given=f"{kind.name} and an array with {samples} samples per pixel",
            expected=f"an array with {' or '.join(map(str, kind.samples))} sample(s) per pixel",
            remedy="Use `kind='SC'` for colour, or write one channel.",
        )
    slices, rows, columns = grid.shape
    if slices > _MOST_ROWS and kind.row("NumberOfSlices") is not None:
        raise KindError(
            code="too-many-slices",
            where="shape",
            given=f"{slices} slices",
            expected=f"at most {_MOST_ROWS}, which NumberOfSlices and ImageIndex of a {kind.name} "
            "can count",
            remedy="Write parts of the volume as separate series.",
        )
    if max(rows, columns) > _MOST_ROWS or rows * columns * samples * 2 > _MOST_PIXEL_BYTES:
        raise KindError(
            code="slice-too-large",
            where="shape",
            given=f"{rows} rows × {columns} columns",
            expected=f"at most {_MOST_ROWS} of each and 4 GiB a slice (PS3.3 section C.7.6.3, "
            "PS3.5 section 7.1.1)",
            remedy="Write tiles, or resample the array.",
        )
