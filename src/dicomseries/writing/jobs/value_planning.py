"""From a volume and a request to plans: one pass over the source, none of it kept."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.errors import MetadataError, OptionError
from dicomseries.executors import Bounds
from dicomseries.metadata import Metadata
from dicomseries.orientation import Turn
from dicomseries.plan import (
    Column,
    Extent,
    SeriesPlan,
    check_agreement,
    check_compressible,
    check_sign,
    given_columns,
)
from dicomseries.sources import Volume, read_once
from dicomseries.standard.attribute import attribute
from dicomseries.values import (
    RangeError,
    SliceStatistics,
    Statistics,
    ValueMap,
    check_request,
    choose_value_map,
    count_outside,
    divisor_of,
    needs_divisor,
    refuse_range,
)
from dicomseries.writing.encode.slab_loop import each_slab
from dicomseries.writing.inputs.write_request import WriteRequest
from dicomseries.writing.jobs.output_series import Form, forms_of
from dicomseries.writing.jobs.padding_value import check_padding, with_padding
from dicomseries.writing.jobs.series_jobs import Draft, Job
from dicomseries.writing.jobs.uid_entropy import uid_entropy
from dicomseries.writing.jobs.value_meaning import demands_unit, settled
from dicomseries.writing.jobs.value_statistics import survey

__all__ = ["plan_volume", "with_others"]


def plan_volume(volume: Volume, request: WriteRequest) -> tuple[Job, ...]:
    """Read the source once and decide everything about its series: one, or more if split or with a companion.

    Parameters
    ----------
    volume : Volume
        Slices in any order along the normal.
    request : WriteRequest
        What was asked.
    """
    forms = forms_of(request, volume.slabs.dtype)
    for form in forms:
        check_compressible(form.kind, request.options.compression)
        check_request(
            form.policy,
            volume.slabs.dtype,
            samples=volume.samples,
            nan=form.nan,
            clip=form.clip,
            rules=form.kind.pixels,
        )
    check_padding(request, volume, [form.kind for form in forms])
    extent = Extent(
        volumes=volume.volumes or 1,
        slices=volume.slices,
        times_s=volume.times_s,
        repetition_time_s=volume.repetition_time_s,
    )
    draft = Draft(
        volume=read_once(volume.along_normal())
        if request.options.executor.is_here
        else volume.along_normal(),
        request=request,
        forms=forms,
        extent=extent,
        columns=_columns(request, volume, extent),
    )
    # What is taken over from a source series gives way to what is said of volumes; only what the user says must agree.
    said = request.metadata if request.lineage is None else Metadata()
    for form in forms:
        check_agreement(form.kind, extent, draft.columns, said, is_split=draft.is_split)
    _check_before_reading(draft)
    statistics, digests = survey(draft.volume, request, forms)
    draft = replace(draft, request=settled(request, volume, statistics))
    value_maps = [_plan_values(draft.volume, draft.request, form, statistics) for form in forms]
    for value_map in value_maps:
        check_sign(value_map, request.options.compression)
    entropy = uid_entropy(draft.volume, draft.request, digests, value_maps, draft.columns)
    return draft.jobs(value_maps, statistics, entropy)


def _columns(request: WriteRequest, volume: Volume, extent: Extent) -> tuple[Column, ...]:
    """Return what the user says of volumes and slices, and what follows from it unless the user says that too."""
    turn = volume.turn or Turn()
    if request.per_volume and not turn.keeps_slices:
        _refuse_slices_of_another_axis(request, volume, turn)
    is_reversed = volume.grid.along_normal()[1] != turn.flips[2]
    columns = given_columns(request.per_volume, extent, is_reversed=is_reversed)
    return tuple(
        one
        for one in columns
        if one.keyword in request.per_volume or request.metadata.get(one.keyword) is None
    )


def _refuse_slices_of_another_axis(request: WriteRequest, volume: Volume, turn: Turn) -> None:
    """Refuse values of the array's slices where these become rows or columns."""
    slices = volume.grid.shape[2 - turn.order.index(2)]
    columns = given_columns(request.per_volume, Extent(volumes=volume.volumes or 1, slices=slices))
    odd = next((one.keyword for one in columns if one.per != "volume"), None)
    if odd is not None:
        raise OptionError(
            code="slices-turned",
            where=f"per_volume[{odd!r}]",
            given="a value for each slice of an array whose slices are stored as rows or columns",
            expected="one value for each volume, or slices that stay slices",
            remedy="Pass `orient='as-is'` to keep the slices of the array, or give one value for each volume.",
        )


def with_others(jobs: Sequence[Job]) -> SeriesPlan:
    """Return the plan of the first series with those of all others inside."""
    first, *others = (job.plan for job in jobs)
    return replace(first, others=tuple(others))


def _check_before_reading(draft: Draft) -> None:
    """Reject what the user can fix, all in one error, before a long source is read.

    Whether the unit of a source series still holds may need the values: they are read if something else is missing.
    """
    request, volume = draft.request, draft.volume
    faults: list[MetadataError] = []
    try:
        ready = settled(request, volume)
    except MetadataError as error:
        if error.code != "value-missing":
            raise
        faults.append(error)
        ready = settled(_with_made_up_unit(request), volume)
    try:
        _rehearse(replace(draft, request=ready))
    except MetadataError as error:
        unit = [] if faults else _missing_unit(draft)
        raise MetadataError.together([*faults, *unit, *_own_faults(error)]) from None
    if faults:
        raise faults[0]


def _with_made_up_unit(request: WriteRequest) -> WriteRequest:
    return replace(request, metadata=request.metadata.having(attribute("RescaleType", "US")))


def _missing_unit(draft: Draft) -> list[MetadataError]:
    """Return that the values ask for a unit, where they are off the scale of the source series."""
    if draft.request.lineage is None or not demands_unit(draft.request.kind):
        return []
    statistics, _ = survey(draft.volume, draft.request, draft.forms)
    try:
        settled(draft.request, draft.volume, statistics)
    except MetadataError as error:
        return _own_faults(error)
    return []


def _own_faults(error: MetadataError) -> list[MetadataError]:
    return [fault for fault in error.faults if isinstance(fault, MetadataError)]


def _rehearse(draft: Draft) -> None:
    """Plan with made-up values, so that what the user can fix is refused before a long source is read."""
    maps = [
        ValueMap(
            dtype=_expected_dtype(form, draft.volume),
            slope="1",
            intercept="0",
            max_error=0.0,
            policy="rehearsal",
        )
        for form in draft.forms
    ]
    draft.jobs(
        maps,
        Statistics(dtype="int16", slices=(SliceStatistics(minimum=0, maximum=1),)),
        b"rehearsal",
    )


def _expected_dtype(form: Form, volume: Volume) -> str:
    """Return the dtype that the values will have, or a shorter one where only they can tell."""
    source = volume.slabs.dtype
    if form.kind.pixels.floats:
        is_long = source == np.float64 or (volume.slope, volume.intercept) != (1.0, 0.0)
        return "float64" if is_long else "float32"
    return "uint8" if source.itemsize == 1 and 8 in form.kind.pixels.bits else "int16"


def _plan_values(
    volume: Volume, request: WriteRequest, form: Form, statistics: Statistics
) -> ValueMap:
    rules = form.kind.pixels
    if needs_divisor(form.policy, statistics, rules, clip=form.clip):
        statistics = _with_divisor(volume, request, statistics)
    try:
        found = choose_value_map(
            form.policy,
            statistics,
            rules,
            nan=form.nan,
            clip=form.clip,
            source_slope=volume.slope,
            source_intercept=volume.intercept,
        )
    except RangeError as refusal:
        raise _counted(refusal, volume, request) from None
    is_kept = request.lineage is not None and "PixelPaddingValue" in request.lineage.of_values
    found = with_padding(found, request, statistics, is_kept=is_kept)
    return replace(found, value_range=request.options.value_range)


def _with_divisor(volume: Volume, request: WriteRequest, statistics: Statistics) -> Statistics:
    reference = int(statistics.minimum or 0)

    divisor = math.gcd(
        *each_slab(volume, partial(_divisor, reference=reference), request, "reading")
    )
    return replace(statistics, divisor=divisor)


def _divisor(slab: npt.NDArray[Any], _: Bounds, *, reference: int) -> int:
    return divisor_of(slab, reference)


def _counted(refusal: RangeError, volume: Volume, request: WriteRequest) -> RangeError:
    """Return the refusal with the number of voxels that are out of the range it names."""
    low, high = refusal.window

    look = partial(_outside, window=refusal.window, scale=(volume.slope, volume.intercept))
    outside = sum(each_slab(volume, look, request, "reading"))
    total = math.prod(volume.slabs.shape)
    return refuse_range(
        code=refusal.code,
        where=refusal.where,
        given=f"{refusal.given}; {outside:,} of {total:,} voxels lie outside {low:g} … {high:g}",
        expected=refusal.expected,
        remedy=refusal.remedy,
        window=refusal.window,
    )


def _outside(
    slab: npt.NDArray[Any], _: Bounds, *, window: tuple[float, float], scale: tuple[float, float]
) -> int:
    return count_outside(slab, *window, source_slope=scale[0], source_intercept=scale[1])
