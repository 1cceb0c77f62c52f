"""`plan_series`: decide everything about a series, before a pixel is encoded.

What a user can get wrong is refused here; after it only the source or the sink can fail.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

from dicomseries.errors import KindError, MetadataError
from dicomseries.geometry import Grid
from dicomseries.iod import Kind, compose
from dicomseries.metadata import Metadata
from dicomseries.plan.columns import Column, Extent, time_columns, time_facts
from dicomseries.plan.display_window import window_facts
from dicomseries.plan.frame_plan import frame_facts
from dicomseries.plan.picture_sequences import annotation_advice, clip_advice, clip_facts
from dicomseries.plan.plan_facts import (
    Facts,
    grid_facts,
    identity_facts,
    moment_facts,
    pixel_facts,
    place_facts,
    value_columns,
    value_facts,
)
from dicomseries.plan.reader_advice import reader_advice, window_advice
from dicomseries.plan.series_plan import SeriesPlan
from dicomseries.plan.time_base import time_base, with_acquisition
from dicomseries.plan.unit_advice import units_advice
from dicomseries.standard.attribute import Attribute, attribute
from dicomseries.standard.decimal_string import format_ds
from dicomseries.standard.transfer_syntaxes import BY_UID, EXPLICIT_VR_LITTLE_ENDIAN
from dicomseries.uids import SeriesUids
from dicomseries.values import Statistics, ValueMap

__all__ = ["check_frame", "plan_series"]

_MOST_ROWS = 65535
"""Rows and Columns (PS3.3 section C.7.6.3) are unsigned 16-bit numbers, as is NumberOfSlices (section C.8.9.1)."""

_MOST_PIXEL_BYTES = 0xFFFFFFFE
"""Largest length of a native Pixel Data element (PS3.5 section 7.1.1)."""

_TIME_INDEX = "TemporalPositionIndex"

_MOST_FRAMES = 2**31 - 1
"""NumberOfFrames and InstanceNumber are integer strings (PS3.5 section 6.2)."""


def plan_series(
    *,
    kind: Kind,
    grid: Grid,
    samples: int,
    value_map: ValueMap,
    statistics: Statistics,
    uids: SeriesUids,
    metadata: Metadata,
    moment: dt.datetime | None,
    extent: Extent | None = None,
    columns: Sequence[Column] = (),
    only_volume: int | None = None,
    transfer_syntax_uid: str = EXPLICIT_VR_LITTLE_ENDIAN,
) -> SeriesPlan:
    """Decide everything about a series.

    Parameters
    ----------
    kind : Kind
        The table of the information object.
    grid : Grid
        LPS mm, right-handed: slices along the normal.
    samples : int
        Samples per pixel, 1 or 3.
    value_map : ValueMap
        How real values are stored.
    statistics : Statistics
        Of the source, for the window.
    uids : SeriesUids
        Of the series.
    metadata : Metadata
        What the user says.
    moment : datetime, optional
        Date and time of the series; none leaves them to the user or empty.
    extent : Extent, optional
        Volumes, slices and times; one volume if not given.
    columns : sequence of Column
        What the user says of each volume or slice.
    only_volume : int, optional
        Which of the volumes the series holds, if it does not hold all of them.
    transfer_syntax_uid : str
        How pixels are encoded.

    Raises
    ------
    KindError
        If the kind cannot hold an array of this size, colour or number of volumes, or demands an attribute that is
        not given.
    GeometryError
        If the positions cannot be printed evenly (PS3.5 section 6.2).
    MetadataError
        If an attribute that the kind needs is missing.
    """
    whole = extent or Extent(volumes=1, slices=grid.shape[0])
    metadata = with_acquisition(kind, _with_repetition(kind, whole, metadata))
    extent = whole if only_volume is None else Extent(volumes=1, slices=whole.slices)
    computed = time_columns(kind, whole, metadata)
    base = time_base(kind, whole, metadata, computed, columns)
    units = tuple(units_advice(kind, whole, metadata, columns))
    columns = [*value_columns(value_map), *computed, *base.columns, *columns]
    if only_volume is not None:
        # An index orders the volumes of one object; alone, a volume has no place in an order (C.7.6.16.2.2).
        columns = [
            one.of_volume(only_volume, slices=whole.slices)
            for one in columns
            if one.keyword != _TIME_INDEX
        ]
    check_frame(kind, grid, samples)
    _check_extent(kind, extent)
    if grid.statement.has_place:
        grid.check_printed()
    sop_class_uid = kind.sop_class(samples, value_map.bits)
    facts = {
        **moment_facts(moment, _zone(metadata)),
        **base.facts,
        **place_facts(grid, identity_facts(sop_class_uid, uids)),
        **grid_facts(grid),
        **pixel_facts(grid, samples, value_map, BY_UID[transfer_syntax_uid]),
        **value_facts(kind, samples, value_map, statistics),
        **(window_facts(statistics, value_map) if samples == 1 else {}),
        **time_facts(kind, extent),
        **frame_facts(kind, extent, uids),
        **clip_facts(kind, extent, metadata, is_placed=grid.statement.has_place),
    }
    if metadata.get("WindowCenter") is not None:
        facts.pop("VOILUTFunction", None)  # it belongs to our window, not to the user's
    facts, metadata, varying = _divided(kind, facts, metadata, columns)
    composition = compose(kind, facts, metadata, frozenset(column.keyword for column in varying))
    series = SeriesPlan(
        kind=kind.name,
        sop_class_uid=sop_class_uid,
        transfer_syntax_uid=transfer_syntax_uid,
        uids=uids,
        grid=grid,
        samples=samples,
        value_map=value_map,
        shared=composition.shared,
        per_instance=composition.per_instance,
        extent=extent,
        columns=varying,
        groups=composition.groups,
        per_frame=composition.per_frame,
        is_multi_frame=kind.is_multi_frame,
        advice=(
            *grid.statement.notes,
            *value_map.advice,
            *composition.advice,
            *base.advice,
            *units,
            *window_advice(facts, metadata),
            *clip_advice(kind, extent, facts),
            *annotation_advice(kind, metadata),
        ),
    )
    _check_size(series)
    return replace(series, advice=(*series.advice, *reader_advice(series)))


def _zone(metadata: Metadata) -> str:
    own = metadata.get("TimezoneOffsetFromUTC")
    return "" if own is None or own.is_empty else str(own.values[0])


def _with_repetition(kind: Kind, extent: Extent, metadata: Metadata) -> Metadata:
    """Return the metadata with the repetition time that the source states, where the kind has one and the user none.

    The time from volume to volume is no repetition time (PS3.3 section C.8.3.1): segmented and 3-D sequences repeat
    faster. So `times_s` alone never becomes one.
    """
    stated = extent.repetition_time_s
    if stated is None or not extent.is_timed or "RepetitionTime" not in kind.over_time:
        return metadata
    if metadata.get("RepetitionTime") is not None:
        return metadata
    return metadata.having(attribute("RepetitionTime", format_ds(1000 * stated)))


def _divided(
    kind: Kind, facts: Facts, metadata: Metadata, columns: Sequence[Column]
) -> tuple[Facts, Metadata, tuple[Column, ...]]:
    """Return facts and metadata with what is the same in all frames, and the columns of what is not.

    The first values of a column that varies are facts too, as rows and their conditions want to see some.
    """
    known = {name for row in kind.all_rows for name in (row.keyword, row.given_as)}
    computed = {"RescaleSlope", "RealWorldValueSlope", *kind.over_time}
    varying: dict[str, Column] = {}
    for column in {
        column.keyword: column for column in columns
    }.values():  # the user's come last, and win
        if column.keyword in computed and column.keyword not in known:
            continue  # the kind says nothing of it
        column = _with_empty(kind, column)  # noqa: PLW2901 - the same column, whole
        first = next((values for values in column.values if values is not None), None)
        if not column.is_constant:
            varying[column.keyword] = column
        elif first is not None and (
            column.keyword not in computed or metadata.get(column.keyword) is not None
        ):
            metadata = metadata.having(Attribute(column.keyword, column.vr, first))
        if first is not None:
            facts = {**facts, column.keyword: first}
    return facts, metadata, tuple(varying.values())


def _with_empty(kind: Kind, column: Column) -> Column:
    """Return the column with zero length where a Type 2 attribute is left out (PS3.5 section 7.4.3).

    Raises
    ------
    MetadataError
        If an attribute of Type 1 is left out of some.
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
    return replace(
        column, values=tuple(() if values is None else values for values in column.values)
    )


def _check_extent(kind: Kind, extent: Extent) -> None:
    if extent.is_timed and not kind.over_time and not (kind.holds_clips and extent.slices == 1):
        raise KindError(
            code="kind-without-time",
            where="kind",
            given=f"{kind.name} and an array with {extent.volumes} volumes (axis t)",
            expected="one volume: no attribute of the object tells volumes apart",
            remedy="Pass split='time' for one series a volume, choose one with time_point=, or another kind; "
            "kind='MultiframeSC' holds pictures in time of one slice each (axes='tyx').",
        )
    if extent.frames > _MOST_FRAMES:
        raise KindError(
            code="too-many-frames",
            where="shape",
            given=f"{extent.frames} frames",
            expected=f"at most {_MOST_FRAMES} (PS3.5 section 6.2, IS)",
            remedy="Write parts of the volume as series of their own.",
        )


def _check_size(series: SeriesPlan) -> None:
    if series.pixel_bytes > _MOST_PIXEL_BYTES and not series.is_encapsulated:
        raise KindError(
            code="file-too-large",
            where="shape",
            given=f"{series.pixel_bytes:,} bytes of pixels in one {series.kind} file",
            expected=f"at most {_MOST_PIXEL_BYTES:,} (PS3.5 section 7.1.1)",
            remedy="Pass split='time' for one file a volume, compression='jpegls' for one without this limit, or write "
            "a classic kind, which has one file a slice.",
        )


def check_frame(kind: Kind, grid: Grid, samples: int) -> None:
    """Refuse an array whose slices the kind, or DICOM, cannot hold.

    Raises
    ------
    KindError
        For colour where the kind has none, and for more than 65,535 rows or columns or 4 GiB a slice.
    """
    if samples not in kind.samples:
        raise KindError(
            code="colour-not-allowed",
            where="kind",
            given=f"{kind.name} and an array with {samples} samples per pixel",
            expected=f"an array with {' or '.join(map(str, kind.samples))} sample(s) per pixel",
            remedy="Use kind='SC' for colour, or write one channel.",
        )
    slices, rows, columns = grid.shape
    if slices > _MOST_ROWS and kind.row("NumberOfSlices") is not None:
        raise KindError(
            code="too-many-slices",
            where="shape",
            given=f"{slices} slices",
            expected=f"at most {_MOST_ROWS}, which NumberOfSlices and ImageIndex of a {kind.name} can count",
            remedy="Write parts of the volume as series of their own.",
        )
    if max(rows, columns) > _MOST_ROWS or rows * columns * samples * 2 > _MOST_PIXEL_BYTES:
        raise KindError(
            code="slice-too-large",
            where="shape",
            given=f"{rows} rows × {columns} columns",
            expected=f"at most {_MOST_ROWS} of each and 4 GiB a slice (PS3.3 section C.7.6.3, PS3.5 section 7.1.1)",
            remedy="Write tiles, or resample the array.",
        )
