"""Labels to Segmentation objects: made whole by `dicomseries.segmentation`, written and read back here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from pydicom.datadict import keyword_for_tag
from pydicom.dataset import Dataset

from dicomseries.derivation import PlaneReferences
from dicomseries.plan import Extent, SeriesPlan
from dicomseries.segmentation import SegmentationObject, build_segmentation, check_labels
from dicomseries.sources import Volume
from dicomseries.standard.attribute import Attribute, Item
from dicomseries.standard.readers import OHIF
from dicomseries.standard.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN
from dicomseries.uids import SeriesUids, series_uids
from dicomseries.values import ValueMap
from dicomseries.writing.inputs.write_request import WriteRequest
from dicomseries.writing.jobs.series_jobs import Job, told_apart
from dicomseries.writing.jobs.split_names import Parts
from dicomseries.writing.jobs.uid_entropy import uid_entropy
from dicomseries.writing.jobs.value_statistics import digest

__all__ = ["segmentation_jobs"]

_LEFT_OUT = frozenset({"PixelData", "PerFrameFunctionalGroupsSequence"})
"""Not shown by a plan: thousands of numbers."""


def segmentation_jobs(volume: Volume, request: WriteRequest) -> tuple[Job, ...]:
    """Return the Segmentation of a label map, or one for each volume if split, encoded.

    Parameters
    ----------
    volume : Volume
        Whole numbers or booleans, slices in any order along the normal.
    request : WriteRequest
        What was asked.
    """
    turned = volume.along_normal()
    if not request.options.split:
        turned = _as_pictures(turned)
    is_split = request.options.split and (volume.volumes or 1) > 1
    parts = (
        [turned.at(index) for index in range(volume.volumes or 1)]
        if is_split
        else [_single(turned)]
    )
    for part in parts:
        check_labels(part)
    uids = series_uids(request.uid, uid_entropy(turned, request, _slice_digests(turned)))
    metadata = request.metadata
    if request.lineage is not None:
        uids = request.lineage.identified(uids, request.uid)
        metadata = request.lineage.numbered(metadata, uids)
    planes = None if request.lineage is None else request.lineage.planes
    jobs: list[Job] = []
    for number, part in enumerate(parts):
        own = uids.sibling(number, number) if number else uids
        if request.lineage is not None:
            request.lineage.check_new(own, 1)
        names = Parts(word="time", count=len(parts))
        made = build_segmentation(
            part,
            request.options.segments,
            segmentation_type=request.options.segmentation_type,
            metadata=told_apart(metadata, number, names.text(number) if is_split else ""),
            uids=own,
            moment=request.options.now,
            source_images=_source_images(part, number, planes),
            is_lossy=planes is not None and planes.is_lossy,
        )
        folder = names.folder(number) if is_split else ""
        encoded = made.encoded()
        plan = _plan(part, made, own)
        plan = replace(
            plan, folder=folder, known_bytes=len(encoded), advice=(*request.advice, *plan.advice)
        )
        plan = plan if request.lineage is None else request.lineage.added(plan, None)
        jobs.append(Job(volume=part, plan=plan, encoded=encoded, labels=made.labels))
    return tuple(jobs)


def _source_images(
    volume: Volume, number: int, planes: PlaneReferences | None
) -> Sequence[tuple[Item, ...]] | None:
    """Return the images of each slice of one of several volumes; None without a source."""
    if planes is None or volume.grid.statement.has_place:
        return None if planes is None else planes.slices
    return planes.slices[number * volume.slices : (number + 1) * volume.slices]


def _single(volume: Volume) -> Volume:
    """Return the volume without an axis of one volume."""
    return volume.at(0) if volume.volumes == 1 else volume


def _as_pictures(volume: Volume) -> Volume:
    """Return the labels of a clip, which has no place, as one picture after another."""
    if volume.grid.statement.has_place or (volume.volumes or 1) == 1:
        return volume
    count = volume.slabs.shape[0]
    grid = replace(volume.grid, shape=(count, *volume.grid.shape[1:]))
    return replace(volume, grid=grid, volumes=None, times_s=None, repetition_time_s=None)


def _slice_digests(volume: Volume) -> Iterator[bytes]:
    for frame in range(volume.slabs.shape[0]):
        yield digest(volume.slabs.read(frame, frame + 1)[0])


def _plan(volume: Volume, made: SegmentationObject, uids: SeriesUids) -> SeriesPlan:
    return SeriesPlan(
        kind="Segmentation",
        sop_class_uid=str(made.dataset.SOPClassUID),
        transfer_syntax_uid=EXPLICIT_VR_LITTLE_ENDIAN,
        uids=uids,
        grid=volume.grid,
        samples=1,
        value_map=ValueMap(
            dtype="uint16" if made.dtype == "uint16" else "uint8",
            slope="1",
            intercept="0",
            max_error=0.0,
            policy="Exact()",
        ),
        shared=tuple(_attributes(made.dataset)),
        per_instance=(),
        extent=Extent(volumes=1, slices=volume.slices),
        is_multi_frame=True,
        advice=(*volume.grid.statement.notes, *made.advice, *_viewer_advice(made)),
    )


def _viewer_advice(made: SegmentationObject) -> Iterator[str]:
    """Yield what a viewer does with segments of no series."""
    if "ReferencedSeriesSequence" not in made.dataset:
        yield f"{OHIF} does not show a Segmentation by itself; `like=` names the series that it is of."


def _attributes(dataset: Dataset) -> Iterator[Attribute]:
    """Yield what a dataset holds as attributes, for people to read."""
    for element in dataset:
        keyword = keyword_for_tag(element.tag)
        if not keyword or keyword in _LEFT_OUT:
            continue
        value: Any = element.value
        if element.VR == "SQ":
            yield Attribute(keyword, "SQ", tuple(tuple(_attributes(item)) for item in value))
        elif element.is_empty:
            yield Attribute(keyword, element.VR)
        else:
            values = value if element.VM > 1 else [value]
            yield Attribute(
                keyword,
                element.VR,
                tuple(one if isinstance(one, bytes) else str(one) for one in values),
            )
