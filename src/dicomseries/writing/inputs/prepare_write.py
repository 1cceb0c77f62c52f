"""From an array and everything that was asked to the jobs of a write: the part that `write` and `plan` share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from dicomseries.derivation import SourceSeries
from dicomseries.options import MappingLike, Request, make_request
from dicomseries.sources import Volume
from dicomseries.writing.encode.slab_loop import within_memory
from dicomseries.writing.inputs.carried_metadata import with_carried, with_sidecar
from dicomseries.writing.inputs.grid_choice import opened_alone, opened_like
from dicomseries.writing.inputs.like_option import Like, kind_of, lineage_of
from dicomseries.writing.inputs.read_source import open_source
from dicomseries.writing.inputs.stored_order import oriented
from dicomseries.writing.inputs.unstated_lengths import completed, with_known_lengths
from dicomseries.writing.jobs.padding_value import check_padding
from dicomseries.writing.jobs.segmentation_jobs import segmentation_jobs
from dicomseries.writing.jobs.series_jobs import Job
from dicomseries.writing.jobs.value_meaning import settled
from dicomseries.writing.jobs.value_planning import plan_volume

__all__ = ["prepare"]


def prepare(
    source: Any,
    like: Like | None,
    geometry: Mapping[str, Any],
    *,
    kind: str | None,
    bids: MappingLike = None,
    **options: Any,
) -> tuple[Request, tuple[Job, ...]]:
    """Return the request and the jobs; the source was read once, and nothing written.

    Parameters
    ----------
    source : array, path or Volume
        As in `write`.
    like : Like, optional
        The series it was made from.
    geometry : mapping
        The arguments of `open_volume`.
    bids : mapping or path, optional
        A BIDS sidecar.
    kind, **options
        The arguments of `make_request`.
    """
    origin: SourceSeries | None = None
    if like is None:
        request = make_request(kind=kind, **options)
        volume = opened_alone(source, request.kind, geometry)
    else:
        origin = open_source(
            like.path, series=like.series, storage_options=geometry.get("storage_options")
        )
        request = make_request(kind=kind_of(kind, origin), **options)
        volume = opened_like(source, origin, like, request.kind, geometry)
        origin = completed(origin, volume.grid)
    volume = with_known_lengths(volume, request.kind)
    in_space = like is not None and like.same_space is not False
    volume, advice = oriented(
        volume,
        request.orient,
        has_own_direction=_has_own_direction(source, geometry),
        source=origin if in_space else None,
    )
    request, volume = with_sidecar(replace(request, advice=advice), volume, bids)
    request = with_carried(request, volume, is_derived=like is not None)
    if like is not None and origin is not None:
        request = lineage_of(like, origin, volume, request)
    volume, reading = within_memory(volume, request)
    if request.is_segmentation:
        check_padding(request, volume, [request.kind])
        request = settled(request, volume)
    jobs = (
        segmentation_jobs(volume, request)
        if request.is_segmentation
        else plan_volume(volume, request)
    )
    return request, tuple(replace(job, plan=job.plan.read_by(reading)) for job in jobs)


def _has_own_direction(source: Any, geometry: Mapping[str, Any]) -> bool:
    """Return whether an image says itself how its axes run; a Volume keeps the order that it has."""
    is_stated = geometry.get("affine") is not None or geometry.get("direction") is not None
    return not is_stated and not isinstance(source, Volume)
