"""From an array and everything that was asked to the jobs of a write: the part that `write` and `plan` share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from dicomseries.derivation import Source
from dicomseries.errors import GeometryError
from dicomseries.pipeline.carrying import with_carried, with_sidecar
from dicomseries.pipeline.deriving import Like, kind_of, lineage_of
from dicomseries.pipeline.drafting import Job
from dicomseries.pipeline.loading import MappingLike
from dicomseries.pipeline.orienting import oriented
from dicomseries.pipeline.padding import check_padding
from dicomseries.pipeline.planning import plan_volume
from dicomseries.pipeline.request import Request, make_request
from dicomseries.pipeline.segmenting import segmentation_jobs
from dicomseries.pipeline.settling import settled
from dicomseries.pipeline.slabs import within_memory
from dicomseries.pipeline.source_series import open_source
from dicomseries.sources import Volume, open_volume

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
    origin: Source | None = None
    if like is None:
        request = make_request(kind=kind, **options)
        volume = open_volume(source, **geometry)
    else:
        origin = open_source(like.path, series=like.series, storage_options=geometry.get("storage_options"))
        request = make_request(kind=kind_of(kind, origin), **options)
        volume = _opened_like(source, origin, geometry)
    volume, advice = oriented(
        volume,
        request.orient,
        has_own_direction=_has_own_direction(source, geometry),
        source=origin if like is not None and like.same_space else None,
    )
    request, volume = with_sidecar(replace(request, advice=advice), volume, bids)
    request = with_carried(request, volume, is_derived=like is not None)
    if like is not None and origin is not None:
        request = lineage_of(like, origin, volume, request)
    volume, reading = within_memory(volume, request)
    if request.is_segmentation:
        check_padding(request, volume, [request.kind])
        request = settled(request, volume)
    jobs = segmentation_jobs(volume, request) if request.is_segmentation else plan_volume(volume, request)
    return request, tuple(replace(job, plan=job.plan.read_by(reading)) for job in jobs)


def _has_own_direction(source: Any, geometry: Mapping[str, Any]) -> bool:
    """Return whether an image says itself how its axes run; a Volume keeps the order that it has."""
    is_stated = geometry.get("affine") is not None or geometry.get("direction") is not None
    return not is_stated and not isinstance(source, Volume)


def _opened_like(array: Any, origin: Source, geometry: Mapping[str, Any]) -> Volume:
    """Return the volume; an array without a place of its own stands on the grid of the source, if it has its shape."""
    try:
        return open_volume(array, **geometry)
    except GeometryError as refusal:
        if refusal.code != "geometry-missing":
            raise
    found = _on_grid(array, origin, geometry)
    if origin.volumes > 1 and found.volumes == origin.volumes and found.times_s is None:
        return replace(found, times_s=origin.times_s)
    return found


def _on_grid(array: Any, origin: Source, geometry: Mapping[str, Any]) -> Volume:
    wanted = origin.grid.shape
    try:
        found = open_volume(array, **{**geometry, "affine": origin.grid.affine(), "space": "LPS"})
    except GeometryError as refusal:
        raise _other_shape(refusal.given, origin) from None
    if found.grid.shape != wanted:
        raise _other_shape(found.grid.shape, origin)
    if not origin.is_regular:
        raise GeometryError(
            code="source-has-gaps",
            where="like",
            given=f"{wanted[0]} slices that are not evenly spaced",
            expected="a source on a regular grid, for an array without a place of its own",
            remedy="Pass spacing= and origin= (or affine=) of the array; the slices it comes from are found by place.",
        )
    return found


def _other_shape(given: Any, origin: Source) -> GeometryError:
    return GeometryError(
        code="shape-of-another-grid",
        where="source",
        given=f"an array of (slices, rows, columns) {given}",
        expected=f"that of the series it comes from, {origin.grid.shape}, as it brings no geometry",
        remedy="Pass its own affine= with space=, or spacing= and origin=, for a resampled, cropped or flipped array; "
        "same_space=False for one that stands elsewhere.",
    )
