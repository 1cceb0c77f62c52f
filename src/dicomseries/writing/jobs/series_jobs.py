"""Jobs of a write, planned together.

All series of a write share study, space, values and window.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from dicomseries.codecs import syntax_of
from dicomseries.errors import MetadataError, OptionError
from dicomseries.executors import Bounds
from dicomseries.lazy_dataclass import dataclass
from dicomseries.metadata import Metadata
from dicomseries.orientation import Turn
from dicomseries.plan import (
    Column,
    Extent,
    SeriesDraft,
    SeriesPlan,
    check_agreement,
    check_compressible,
    check_draft,
    given_columns,
    plan_series,
)
from dicomseries.sources import SlabPlan, Volume, read_once
from dicomseries.standard.attributes.attribute import attribute
from dicomseries.uids import SeriesUids, series_uids
from dicomseries.values import Statistics, ValueMap, check_request
from dicomseries.writing.encode.slab_loop import slab_plan
from dicomseries.writing.inputs.write_request import WriteRequest
from dicomseries.writing.jobs.companion_references import cross_referenced
from dicomseries.writing.jobs.output_series import OutputSeries, output_series
from dicomseries.writing.jobs.padding_value import check_padding
from dicomseries.writing.jobs.split_names import part_names
from dicomseries.writing.jobs.uid_entropy import uid_entropy
from dicomseries.writing.jobs.value_maps import value_map_of
from dicomseries.writing.jobs.value_meaning import as_map, requires_unit, settled
from dicomseries.writing.jobs.value_statistics import survey

if TYPE_CHECKING:
    from dicomseries.segmentation import SegmentationObject

__all__ = ["Job", "check_plans", "plan_jobs", "with_others", "with_series_names"]

_LONGEST_DESCRIPTION = 64
"""Characters of a LO (PS3.5 section 6.2)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Job:
    """One series to write, and the volume of its voxels.

    Parameters
    ----------
    volume : Volume
        Slices along the normal.
    plan : SeriesPlan
        Everything about the series except its voxels.
    slabs : tuple of (int, int)
        Frames that are read at a time.
    segmentation : SegmentationObject, optional
        Layers and frames, if the series is a Segmentation.
    """

    volume: Volume
    plan: SeriesPlan
    slabs: tuple[Bounds, ...] = ()
    segmentation: SegmentationObject | None = None


def with_others(jobs: Sequence[Job]) -> SeriesPlan:
    """Return the first plan with the others inside."""
    first, *others = (job.plan for job in jobs)
    return replace(first, others=tuple(others))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _WriteDraft:
    """A write before its values are known."""

    volume: Volume
    slabs: tuple[Bounds, ...]
    request: WriteRequest
    outputs: tuple[OutputSeries, ...]
    extent: Extent
    columns: tuple[Column, ...]

    @property
    def is_split(self) -> bool:
        """Whether each volume becomes a series."""
        return self.request.options.split and self.extent.is_timed


def plan_jobs(volume: Volume, request: WriteRequest, reading: SlabPlan) -> tuple[Job, ...]:
    """Read the source once and plan its series.

    There are several series if volumes are split, or with a companion.

    Parameters
    ----------
    volume : Volume
        Slices in any order along the normal.
    request : WriteRequest
        The options of the write, and the attributes of its inputs.
    reading : SlabPlan
        The slabs of `volume`.
    """
    write = _checked_draft(volume, request, reading)
    volume = write.volume
    statistics, digests = survey(volume, request, write.outputs, write.slabs)
    write = replace(write, request=settled(request, volume, statistics))
    value_maps = [
        value_map_of(output, volume, write.request, statistics, write.slabs)
        for output in write.outputs
    ]
    entropy = uid_entropy(volume, write.request, digests, value_maps, write.columns)
    return _jobs(write, value_maps, statistics, entropy)


def check_plans(volume: Volume, request: WriteRequest, reading: SlabPlan) -> None:
    """Reject all faults that the user can fix, as `plan_jobs` does before it reads."""
    _checked_draft(volume, request, reading)


def _checked_draft(volume: Volume, request: WriteRequest, reading: SlabPlan) -> _WriteDraft:
    write = _draft_of(volume, request, reading)
    _check_options(write)
    _check_before_reading(write)
    return write


def _draft_of(volume: Volume, request: WriteRequest, reading: SlabPlan) -> _WriteDraft:
    extent = Extent(
        volumes=volume.volumes or 1,
        slices=volume.slices,
        times_s=volume.times_s,
        repetition_time_s=volume.repetition_time_s,
    )
    _, is_reversed = volume.grid.along_normal()
    stored = volume.along_normal()
    if request.options.executor.is_here:
        stored = read_once(stored)
    return _WriteDraft(
        volume=stored,
        slabs=slab_plan(stored, request).bounds if is_reversed else reading.bounds,
        request=request,
        outputs=output_series(request, volume.slabs.dtype),
        extent=extent,
        columns=_given_columns(request, volume, extent),
    )


def _given_columns(request: WriteRequest, volume: Volume, extent: Extent) -> tuple[Column, ...]:
    """Return the user's attributes of volumes and slices.

    A consequence gives way to the user's metadata.
    """
    turn = volume.turn or Turn()
    if request.per_volume and not turn.keeps_slices:
        _check_without_slices(request, volume, turn)
    is_reversed = volume.grid.along_normal()[1] != turn.flips[2]
    columns: list[Column] = []
    for column in given_columns(request.per_volume, extent, is_reversed=is_reversed):
        if column.keyword in request.per_volume or request.metadata.get(column.keyword) is None:
            columns.append(column)
    return tuple(columns)


def _check_without_slices(request: WriteRequest, volume: Volume, turn: Turn) -> None:
    """Reject values of slices that become rows or columns."""
    slices = volume.grid.shape[2 - turn.order.index(2)]
    extent = Extent(volumes=volume.volumes or 1, slices=slices)
    for column in given_columns(request.per_volume, extent):
        if column.per != "volume":
            raise OptionError(
                code="slices-turned",
                where=f"per_volume[{column.keyword!r}]",
                given="a value for each slice of an array whose slices are stored as rows or "
                "columns",
                expected="one value for each volume, or slices that stay slices",
                remedy="Pass `orient='as-is'` to keep the slices of the array, or give one value "
                "for each volume.",
            )


# ------------------------------------------------------------------------ checks before reading
def _check_options(write: _WriteDraft) -> None:
    """Reject options that contradict dtype or kinds."""
    request, volume = write.request, write.volume
    for output in write.outputs:
        check_compressible(output.kind, request.options.compression)
        check_request(
            output.policy,
            volume.slabs.dtype,
            samples=volume.samples,
            nan=output.nan,
            clip=output.clip,
            rules=output.kind.pixels,
        )
    check_padding(request, volume, [output.kind for output in write.outputs])
    # Attributes of a source series give way to those of volumes: only the user's must agree.
    metadata = request.metadata if request.inheritance is None else Metadata()
    for output in write.outputs:
        check_agreement(output.kind, write.extent, write.columns, metadata, is_split=write.is_split)


def _check_before_reading(write: _WriteDraft) -> None:
    """Reject all faults that the user can fix.

    Whether the unit of a source series still holds may need the values: they are read if something
    else is missing.
    """
    request, volume = write.request, write.volume
    faults: list[MetadataError] = []
    try:
        checked = settled(request, volume)
    except MetadataError as error:
        if error.code != "value-missing":
            raise
        faults.append(error)
        with_unit = request.metadata.having(attribute("RescaleType", "US"))
        checked = settled(replace(request, metadata=with_unit), volume)
    try:
        _check_series(replace(write, request=checked))
    except MetadataError as error:
        if not faults:
            faults += _missing_unit(write)
        raise MetadataError.together([*faults, *_metadata_faults(error)]) from None
    if faults:
        raise faults[0]


def _missing_unit(write: _WriteDraft) -> list[MetadataError]:
    """Return the fault of a unit that no longer holds."""
    if write.request.inheritance is None or not requires_unit(write.request.kind):
        return []
    statistics, _ = survey(write.volume, write.request, write.outputs, write.slabs)
    try:
        settled(write.request, write.volume, statistics)
    except MetadataError as error:
        return _metadata_faults(error)
    return []


def _metadata_faults(error: MetadataError) -> list[MetadataError]:
    return [fault for fault in error.faults if isinstance(fault, MetadataError)]


def _check_series(write: _WriteDraft) -> None:
    entropy = write.request.options.entropy or b"not known before reading"
    for part in _series_parts(write, entropy):
        expected = ValueMap(
            dtype=_expected_dtype(part.output, write.volume),
            slope="1",
            intercept="0",
            max_error=0.0,
            policy="expected",
        )
        check_draft(part.draft, part.uids, expected)
        if write.request.inheritance is not None:
            write.request.inheritance.check_new_uids(part.uids, part.files)


def _expected_dtype(output: OutputSeries, volume: Volume) -> str:
    """Return the expected stored dtype."""
    source = volume.slabs.dtype
    if output.kind.pixels.floats:
        if source == np.float64 or volume.is_scaled:
            return "float64"
        return "float32"
    if source.itemsize == 1 and 8 in output.kind.pixels.bits:
        return "uint8"
    return "int16"


# ------------------------------------------------------------------------------------ the series
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _SeriesPart:
    """One of the series of a write."""

    output: OutputSeries
    index: int | None
    draft: SeriesDraft
    uids: SeriesUids
    folder: str

    @property
    def files(self) -> int:
        if self.draft.kind.is_multi_frame:
            return 1
        if self.index is None:
            return self.draft.extent.frames
        return self.draft.extent.slices


def _series_parts(write: _WriteDraft, entropy: bytes) -> Iterator[_SeriesPart]:
    """Yield every series of a write."""
    request = write.request
    indices: list[int | None] = [None]
    if write.is_split:
        indices = [*range(write.extent.volumes)]
    _check_series_uid(request, len(indices) * len(write.outputs))
    uids, metadata = series_uids(request.uid, entropy), request.metadata
    if request.inheritance is not None:
        uids = request.inheritance.uids_in_study(uids, request.uid)
        metadata = request.inheritance.with_series_number(metadata, uids)
    names = part_names(write.extent, write.columns)
    number = files = 0
    for index in indices:
        for output in write.outputs:
            folder, text = output.folder, output.description
            if index is not None:
                folder = "-".join(filter(None, (names.folder(index), folder)))
                text = ", ".join(filter(None, (names.text(index), text)))
            draft = SeriesDraft(
                kind=output.kind,
                grid=write.volume.grid,
                samples=write.volume.samples,
                metadata=with_series_names(_metadata(write, output, metadata), number, text),
                moment=request.options.now,
                extent=write.extent,
                columns=_columns(write, output),
                only_volume=index,
                transfer_syntax_uid=syntax_of(request.options.compression).uid,
            )
            part = _SeriesPart(
                output=output,
                index=index,
                draft=draft,
                uids=uids.sibling(number, files) if number else uids,
                folder=folder,
            )
            yield part
            number += 1
            files += part.files


def _check_series_uid(request: WriteRequest, count: int) -> None:
    if count > 1 and "SeriesInstanceUID" in dict(request.uid.given):
        raise OptionError(
            code="uid-of-several-series",
            where="uid['SeriesInstanceUID']",
            given=f"one UID for {count} series",
            expected="none: each series has another UID",
            remedy="Leave SeriesInstanceUID out; StudyInstanceUID and FrameOfReferenceUID are "
            "those of all.",
        )


def _metadata(write: _WriteDraft, output: OutputSeries, metadata: Metadata) -> Metadata:
    request = write.request
    is_other_kind = output.kind != request.kind
    if output.kind.pixels.floats and (len(write.outputs) > 1 or is_other_kind):
        metadata = as_map(metadata)
    if request.inheritance is not None and is_other_kind:
        metadata = metadata.without(*request.inheritance.unfit_keywords(metadata))
    return metadata


def _columns(write: _WriteDraft, output: OutputSeries) -> tuple[Column, ...]:
    """Return columns of source and user for the kind."""
    if write.request.inheritance is None:
        return write.columns
    kind = output.kind
    known: set[str] = set()
    for row in kind.all_rows:
        known |= {row.keyword, row.given_as}
    columns: list[Column] = []
    for column in write.request.inheritance.columns:
        if column.keyword not in known:
            has_place = not kind.is_multi_frame
        else:
            # the kind states it for every slice, so a source that lacks some gives none
            has_place = None not in column.values
        if has_place:
            columns.append(column)
    return (*columns, *write.columns)


def with_series_names(metadata: Metadata, number: int, added: str) -> Metadata:
    """Return metadata with SeriesNumber and SeriesDescription of one series.

    Parameters
    ----------
    metadata : Metadata
        The user's, for all series.
    number : int
        Index of the series, from 0.
    added : str
        Distinguishes the series, behind the description; left out if it does not fit.
    """
    if number:
        first = int(metadata.text("SeriesNumber") or 1)
        metadata = metadata.having(attribute("SeriesNumber", str(first + number)))
    described = metadata.text("SeriesDescription")
    text = f"{described} ({added})" if described else added
    if not added or len(text) > _LONGEST_DESCRIPTION:
        return metadata
    return metadata.having(attribute("SeriesDescription", text))


def _jobs(
    write: _WriteDraft, value_maps: Sequence[ValueMap], statistics: Statistics, entropy: bytes
) -> tuple[Job, ...]:
    map_of = dict(zip(map(id, write.outputs), value_maps, strict=True))
    plans: dict[int | None, list[SeriesPlan]] = {}
    for part in _series_parts(write, entropy):
        value_map = _of_volume(map_of[id(part.output)], part.index, write.extent)
        plan = plan_series(part.draft, part.uids, value_map, statistics)
        if write.request.inheritance is not None:
            plan = write.request.inheritance.added_to(plan, part.index)
            write.request.inheritance.check_new_uids(part.uids, part.files)
        advice = (*part.output.advice, *write.request.advice, *plan.advice)
        plans.setdefault(part.index, []).append(replace(plan, folder=part.folder, advice=advice))
    jobs: list[Job] = []
    for index, plans_of_volume in plans.items():
        volume, slabs = write.volume, write.slabs
        if index is not None:
            volume = volume.at(index)
            slabs = slab_plan(volume, write.request).bounds
        for plan in cross_referenced(plans_of_volume):
            jobs.append(Job(volume=volume, plan=plan, slabs=slabs))
    return tuple(jobs)


def _of_volume(value_map: ValueMap, index: int | None, extent: Extent) -> ValueMap:
    """Return the value map of one volume."""
    if value_map.slopes is None or index is None:
        return value_map
    return value_map.between(index * extent.slices, (index + 1) * extent.slices)
