"""From layers of segments to Segmentation objects."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from dicomseries.codecs import syntax_of
from dicomseries.derivation import PlaneReferences
from dicomseries.metadata import Metadata
from dicomseries.plan import plane_advice
from dicomseries.segmentation import build_segmentation, check_labels, layers_of
from dicomseries.sources import Volume
from dicomseries.standard.attributes.attribute import Item, attribute
from dicomseries.uids import SeriesUids, series_uids
from dicomseries.writing.encode.compressed_frames import scratch_file
from dicomseries.writing.encode.layer_loop import each_layer_slab
from dicomseries.writing.encode.slab_loop import slab_plan
from dicomseries.writing.inputs.write_request import WriteRequest
from dicomseries.writing.jobs.overlay_advice import overlay_advice
from dicomseries.writing.jobs.series_jobs import Job, with_series_names
from dicomseries.writing.jobs.split_names import PartNames
from dicomseries.writing.jobs.uid_entropy import uid_entropy
from dicomseries.writing.jobs.value_statistics import frame_digest

__all__ = ["segmentation_jobs"]

_MOST_NAME = 64
"""Characters of SegmentAlgorithmName (LO, PS3.5 section 6.2)."""


def segmentation_jobs(volume: Volume, request: WriteRequest) -> tuple[Job, ...]:
    """Return the Segmentations of a label map, or of layers.

    Parameters
    ----------
    volume : Volume
        Whole numbers, booleans or fractions, slices in any order along the normal. Its layers are
        one Segmentation.
    request : WriteRequest
        The options of the write, and the attributes of its inputs.
    """
    stored = volume.along_normal()
    is_split = request.options.split and (volume.volumes or 1) > 1 and volume.layers is None
    if not is_split:
        stored = _as_pictures(stored)
    if is_split:
        parts = list(map(stored.at, range(volume.volumes or 1)))
    elif stored.volumes == 1:
        parts = [stored.at(0)]
    else:
        parts = [stored]
    for part in parts:
        checked = part if part.layers is None else part.at(0)
        check_labels(checked, str(request.options.segmentation_type))
    entropy = uid_entropy(stored, request, _digests(stored, request), *_layers(stored))
    uids, metadata = series_uids(request.uid, entropy), request.metadata
    if request.inheritance is not None:
        uids = request.inheritance.uids_in_study(uids, request.uid)
        metadata = request.inheritance.with_series_number(metadata, uids)
    names = PartNames(word="time", count=len(parts))
    jobs: list[Job] = []
    for number, part in enumerate(parts):
        folder, text = "", ""
        if is_split:
            folder, text = names.folder(number), names.text(number)
        job = _job(
            part,
            number,
            request,
            metadata=with_series_names(metadata, number, text),
            uids=uids.sibling(number, number) if number else uids,
            folder=folder,
        )
        jobs.append(job)
    return tuple(jobs)


def _as_pictures(volume: Volume) -> Volume:
    """Return the labels of a clip as separate pictures."""
    is_clip = not volume.grid.statement.has_place and (volume.volumes or 1) > 1
    if not is_clip or volume.layers is not None:
        return volume
    grid = replace(volume.grid, shape=(volume.slabs.shape[0], *volume.grid.shape[1:]))
    return replace(volume, grid=grid, volumes=None, times_s=None, repetition_time_s=None)


def _digests(volume: Volume, request: WriteRequest) -> Iterator[bytes]:
    for start, stop in slab_plan(volume, request).bounds:
        yield from map(frame_digest, volume.slabs.read(start, stop))


def _layers(volume: Volume) -> tuple[object, ...]:
    """Return the segments of layers for the digest of the content."""
    if volume.layers is None:
        return ()
    return (tuple(segments and tuple(segments.items()) for segments in volume.layers),)


def _job(
    volume: Volume,
    number: int,
    request: WriteRequest,
    *,
    metadata: Metadata,
    uids: SeriesUids,
    folder: str,
) -> Job:
    inheritance = request.inheritance
    planes = None
    if inheritance is not None:
        inheritance.check_new_uids(uids, 1)
        planes = inheritance.planes
    segmentation = build_segmentation(
        layers_of(volume),
        request.options.segments,
        segmentation_type=request.options.segmentation_type,
        metadata=metadata,
        uids=uids,
        moment=request.options.now,
        source_images=_source_images(volume, number, planes),
        is_lossy=planes is not None and planes.is_lossy,
        algorithm_name=_algorithm_name(request),
        transfer_syntax_uid=syntax_of(request.options.compression).uid,
        run=each_layer_slab(request, "reading"),
        scratch=scratch_file,
    )
    plan = segmentation.plan
    in_viewers = overlay_advice(
        segmentation.segmentation_type,
        segmentation.numbers,
        rows=volume.grid.shape[1],
        columns=volume.grid.shape[2],
        has_source=any(element.keyword == "ReferencedSeriesSequence" for element in plan.shared),
        has_overlap=attribute("SegmentsOverlap", "YES") in plan.shared,
    )
    of_planes = plane_advice(plan.grid, "segmentation")
    advice = (*request.advice, *volume.grid.statement.notes, *plan.advice, *of_planes, *in_viewers)
    plan = replace(plan, folder=folder, advice=advice)
    if inheritance is not None:
        plan = inheritance.added_to(plan, None)
    segmentation = replace(segmentation, plan=plan)
    return Job(volume=volume, plan=plan, segmentation=segmentation)


def _algorithm_name(request: WriteRequest) -> str:
    """Return name and version of the model, or its name if both are too long."""
    model = request.options.model
    if model is None:
        return ""
    if len(model.label) > _MOST_NAME:
        return model.name
    return model.label


def _source_images(
    volume: Volume, number: int, planes: PlaneReferences | None
) -> Sequence[tuple[Item, ...]] | None:
    if planes is None:
        return None
    if len(planes.slices) == volume.slices:
        return planes.slices
    return planes.slices[number * volume.slices : (number + 1) * volume.slices]
