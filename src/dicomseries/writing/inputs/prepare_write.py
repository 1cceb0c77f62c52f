"""From the input of a write to its jobs.

What only a source series or a label map needs is imported where it is used.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dicomseries.errors import SourceError
from dicomseries.lazy_dataclass import dataclass
from dicomseries.options import WriteOptions
from dicomseries.sources import LayeredSource, SlabPlan, Volume, is_collection
from dicomseries.writing.encode.slab_loop import within_memory
from dicomseries.writing.inputs.carried_metadata import with_carried, with_sidecar
from dicomseries.writing.inputs.drawn_images import DrawnImage, with_drawn_images
from dicomseries.writing.inputs.grid_choice import opened_alone, opened_like
from dicomseries.writing.inputs.stored_order import oriented
from dicomseries.writing.inputs.unstated_lengths import (
    completed,
    on_written_planes,
    states_thickness,
    with_known_lengths,
    with_stated_thickness,
)
from dicomseries.writing.inputs.write_request import WriteRequest
from dicomseries.writing.jobs.padding_value import check_padding
from dicomseries.writing.jobs.series_jobs import Job, check_plans, plan_jobs
from dicomseries.writing.jobs.value_meaning import settled

if TYPE_CHECKING:
    from dicomseries.derivation import SourceSeries

__all__ = ["OpenedWrite", "check_opened", "open_write", "plan_opened", "prepare"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OpenedWrite:
    """A write whose input is opened and placed, but not read.

    Parameters
    ----------
    request : WriteRequest
        The options, and the attributes of all inputs.
    volume : Volume
        The input on its grid.
    reading : SlabPlan
        Its slabs.
    """

    request: WriteRequest
    volume: Volume
    reading: SlabPlan


def prepare(
    source: Any, options: WriteOptions, *, drawn: Sequence[Sequence[DrawnImage]] = ()
) -> tuple[WriteRequest, tuple[Job, ...]]:
    """Return the request and the jobs of a write.

    Arguments as in `open_write`.
    """
    return plan_opened(open_write(source, options, drawn=drawn))


def open_write(
    source: Any, options: WriteOptions, *, drawn: Sequence[Sequence[DrawnImage]] = ()
) -> OpenedWrite:
    """Return a write whose input is opened and placed; no voxel is read.

    Parameters
    ----------
    source : array, path or Volume
        As in `write`.
    options : WriteOptions
        Its options.
    drawn : sequence of sequences of DrawnImage
        Images that each slice was made from, beside those of the source series.
    """
    series: SourceSeries | None = None
    if options.like is None:
        request = WriteRequest.of(options, str(options.kind))
        source, request = _masks(source, request)
        volume = opened_alone(source, request.kind, options.geometry)
    else:
        from dicomseries.writing.inputs.read_source import open_source
        from dicomseries.writing.inputs.source_inheritance import result_kind

        series = open_source(
            options.like,
            series=options.series,
            storage_options=options.storage_options,
            report=options.progress,
        )
        request = WriteRequest.of(options, result_kind(options.kind, series))
        source, request = _masks(source, request)
        volume = opened_like(source, series, options, request.kind, options.geometry)
        series = completed(series, volume.grid)
    if request.is_segmentation and isinstance(source, Volume):
        from dicomseries.writing.inputs.mask_inputs import with_read_segments

        options = with_read_segments(source, options)
        request = replace(request, options=options)
    if isinstance(source, LayeredSource):
        from dicomseries.writing.inputs.mask_inputs import described_masks

        volume, segments, advice = described_masks(volume, source, request.options)
        request = replace(
            request,
            options=replace(request.options, segments=segments),
            advice=(*request.advice, *advice),
        )
    volume = on_written_planes(volume, request.metadata.get("SliceThickness"))
    request = with_stated_thickness(request, volume)
    volume = with_known_lengths(
        volume, request.kind, has_thickness=states_thickness(request, series)
    )
    volume, advice = oriented(
        volume,
        options.orient,
        has_own_direction=_states_direction(source, options),
        source=None if options.same_space is False else series,
    )
    request = replace(request, advice=(*request.advice, *advice))
    request, volume = with_sidecar(request, volume)
    request = with_carried(request, volume, is_derived=series is not None)
    if series is not None:
        from dicomseries.derivation import SOURCE_IMAGE
        from dicomseries.writing.inputs.source_inheritance import with_inheritance

        request = with_inheritance(series, volume, request)
        request = with_drawn_images(request, drawn, SOURCE_IMAGE)
    volume, reading = within_memory(volume, request)
    return OpenedWrite(request=request, volume=volume, reading=reading)


def check_opened(opened: OpenedWrite) -> None:
    """Reject what the user can get wrong before a voxel is read.

    Of numbers; labels are checked against their descriptions when they are read.

    Raises
    ------
    DicomSeriesError
        As `prepare`.
    """
    if not opened.request.is_segmentation:
        check_plans(opened.volume, opened.request, opened.reading)


def plan_opened(opened: OpenedWrite) -> tuple[WriteRequest, tuple[Job, ...]]:
    """Return the request and the jobs of an opened write; voxels are read for statistics."""
    request, volume, reading = opened.request, opened.volume, opened.reading
    if request.is_segmentation:
        from dicomseries.writing.jobs.segmentation_jobs import segmentation_jobs

        check_padding(request, volume, [request.kind])
        jobs = segmentation_jobs(volume, settled(request, volume))
    else:
        jobs = plan_jobs(volume, request, reading)
    return request, tuple(replace(job, plan=job.plan.read_by(reading)) for job in jobs)


def _masks(source: Any, request: WriteRequest) -> tuple[Any, WriteRequest]:
    """Return several masks as a source of layers, any other input as it is.

    The request names labels that the input names.
    """
    if request.is_segmentation:
        from dicomseries.writing.inputs.label_names import with_label_names
        from dicomseries.writing.inputs.mask_inputs import mask_source

        source, options, advice = with_label_names(source, request.options)
        request = replace(request, options=options, advice=(*request.advice, *advice))
        return mask_source(source, options), request
    if not is_collection(source):
        return source, request
    raise SourceError(
        code="masks-of-another-kind",
        where="source",
        given=f"a {type(source).__name__}",
        expected="one array, image or file; several masks are for `kind='Segmentation'`",
        remedy="Pass `kind='Segmentation'` for masks, or numpy.stack(arrays) for slices.",
    )


def _states_direction(source: Any, options: WriteOptions) -> bool:
    """Return whether an image states its axes."""
    if options.affine is not None or options.direction is not None:
        return False
    if isinstance(source, LayeredSource):
        return source.states_direction
    return not isinstance(source, Volume)
