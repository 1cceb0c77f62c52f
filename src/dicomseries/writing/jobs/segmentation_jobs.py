"""From labels to Segmentation objects, encoded while they are planned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from dicomseries.derivation import PlaneReferences
from dicomseries.metadata import Metadata
from dicomseries.plan import Extent, SeriesPlan
from dicomseries.segmentation import SegmentationObject, build_segmentation, check_labels
from dicomseries.sources import Volume
from dicomseries.standard.attributes.attribute import Attribute, Item, Value
from dicomseries.standard.dictionary import keyword_for_tag
from dicomseries.standard.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN
from dicomseries.uids import SeriesUids, series_uids
from dicomseries.values import ValueMap
from dicomseries.writing.inputs.write_request import WriteRequest
from dicomseries.writing.jobs.overlay_advice import overlay_advice
from dicomseries.writing.jobs.series_jobs import Job, with_series_names
from dicomseries.writing.jobs.split_names import PartNames
from dicomseries.writing.jobs.uid_entropy import uid_entropy
from dicomseries.writing.jobs.value_statistics import frame_digest

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

__all__ = ["segmentation_jobs"]

_MOST_NAME = 64
"""Characters of SegmentAlgorithmName (LO, PS3.5 section 6.2)."""

_NOT_PRINTED = frozenset({"PixelData", "PerFrameFunctionalGroupsSequence"})
"""Thousands of numbers, left out of a printed plan."""


def segmentation_jobs(volume: Volume, request: WriteRequest) -> tuple[Job, ...]:
    """Return the Segmentations of a label map.

    Parameters
    ----------
    volume : Volume
        Whole numbers or booleans, slices in any order along the normal.
    request : WriteRequest
        The options of the write, and the attributes of its inputs.
    """
    stored = volume.along_normal()
    is_split = request.options.split and (volume.volumes or 1) > 1
    if not request.options.split:
        stored = _as_pictures(stored)
    if is_split:
        parts = [stored.at(index) for index in range(volume.volumes or 1)]
    elif stored.volumes == 1:
        parts = [stored.at(0)]
    else:
        parts = [stored]
    for part in parts:
        check_labels(part)
    entropy = uid_entropy(stored, request, _digests(stored))
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
    if volume.grid.statement.has_place or (volume.volumes or 1) == 1:
        return volume
    grid = replace(volume.grid, shape=(volume.slabs.shape[0], *volume.grid.shape[1:]))
    return replace(volume, grid=grid, volumes=None, times_s=None, repetition_time_s=None)


def _digests(volume: Volume) -> Iterator[bytes]:
    for frame in range(volume.slabs.shape[0]):
        yield frame_digest(volume.slabs.read(frame, frame + 1)[0])


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
        volume,
        request.options.segments,
        segmentation_type=request.options.segmentation_type,
        metadata=metadata,
        uids=uids,
        moment=request.options.now,
        source_images=_source_images(volume, number, planes),
        is_lossy=planes is not None and planes.is_lossy,
        algorithm_name=_algorithm_name(request),
    )
    encoded = segmentation.encoded()
    plan = _plan(volume, segmentation, uids)
    advice = (*request.advice, *plan.advice)
    plan = replace(plan, folder=folder, known_bytes=len(encoded), advice=advice)
    if inheritance is not None:
        plan = inheritance.added_to(plan, None)
    return Job(volume=volume, plan=plan, encoded=encoded, labels=segmentation.labels)


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
    if volume.grid.statement.has_place:
        return planes.slices
    return planes.slices[number * volume.slices : (number + 1) * volume.slices]


def _plan(volume: Volume, segmentation: SegmentationObject, uids: SeriesUids) -> SeriesPlan:
    dataset = segmentation.dataset
    advice = [*volume.grid.statement.notes, *segmentation.advice]
    advice += overlay_advice(
        segmentation.segmentation_type,
        segmentation.numbers,
        rows=volume.grid.shape[1],
        columns=volume.grid.shape[2],
        has_source="ReferencedSeriesSequence" in dataset,
    )
    return SeriesPlan(
        kind="Segmentation",
        sop_class_uid=str(dataset.SOPClassUID),
        transfer_syntax_uid=EXPLICIT_VR_LITTLE_ENDIAN,
        uids=uids,
        grid=volume.grid,
        samples=1,
        value_map=ValueMap(
            dtype="uint16" if segmentation.dtype == "uint16" else "uint8",
            slope="1",
            intercept="0",
            max_error=0.0,
            policy="Exact()",
        ),
        shared=_attributes(dataset),
        per_instance=(),
        extent=Extent(volumes=1, slices=volume.slices),
        is_multi_frame=True,
        advice=tuple(advice),
    )


def _attributes(dataset: Dataset) -> tuple[Attribute, ...]:
    """Return the content of a dataset, for people."""
    attributes: list[Attribute] = []
    for element in dataset:
        keyword = keyword_for_tag(element.tag)
        values: tuple[Value, ...] = ()
        if not keyword or keyword in _NOT_PRINTED:
            continue
        if element.VR == "SQ":
            values = tuple(map(_attributes, element.value))
        elif not element.is_empty:
            entries = element.value if element.VM > 1 else [element.value]
            values = tuple(entry if isinstance(entry, bytes) else str(entry) for entry in entries)
        attributes.append(Attribute(keyword, element.VR, values))
    return tuple(attributes)
