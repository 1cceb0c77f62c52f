"""Segmentations, read back and compared voxel by voxel with their layers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries import reading
from dicomseries.executors import Bounds
from dicomseries.lazy_dataclass import dataclass
from dicomseries.segmentation import FRACTION_STEPS, SegmentationObject, SegmentLayer
from dicomseries.sources import HIGHEST_LABEL, FrameReader, WrittenPlanes, used_rows
from dicomseries.writing.encode.layer_loop import each_layer_slab
from dicomseries.writing.encode.plane_read_back import FramesOnPlanes, frames_on_planes
from dicomseries.writing.encode.read_back import Tally
from dicomseries.writing.inputs.write_request import WriteRequest

__all__ = ["compare_segments"]

Comparison = Callable[[npt.NDArray[Any], Bounds], float]


def compare_segments(path: Path, segmentation: SegmentationObject, request: WriteRequest) -> Tally:
    """Return the largest error of a segmentation, and its header.

    Every voxel of every layer is compared; the error of labels is 0 or infinite.
    """
    instance = reading.read_instance(path)
    grid = segmentation.plan.grid
    if isinstance(grid, WrittenPlanes):
        placed = frames_on_planes(instance, grid)
        if placed is None:
            return Tally(error=math.inf, instances=[instance])
        tasks = _comparisons_on_planes(placed, segmentation)
        error = _error_of_others(placed.frames, segmentation)
        return Tally(error=_largest(segmentation, tasks, request, error), instances=[instance])
    (series,) = reading.scan(path)
    if series.grid is None or series.grid.shape != grid.shape or series.frame_set is None:
        return Tally(error=math.inf, instances=[instance])
    if segmentation.segmentation_type == "binary":
        tasks = _bit_comparisons(series, segmentation)
    elif segmentation.segmentation_type == "labelmap":
        tasks = _label_comparisons(path, segmentation)
    else:
        tasks = _fraction_comparisons(path, segmentation)
    error = _error_of_others(series.frame_set.pool[0], segmentation)
    return Tally(error=_largest(segmentation, tasks, request, error), instances=[instance])


def _largest(
    segmentation: SegmentationObject,
    tasks: list[Comparison],
    request: WriteRequest,
    error: float,
) -> float:
    """Return the largest error of all layers, and of frames beside them."""
    run = each_layer_slab(request, "verifying")
    used = [_used_slices(*pair) for pair in zip(segmentation.layers, tasks, strict=True)]
    for _, error_of_slab in run(segmentation.layers, tasks, used):
        error = max(error, error_of_slab)
    return error


def _comparisons_on_planes(
    placed: FramesOnPlanes, segmentation: SegmentationObject
) -> list[Comparison]:
    """Return the comparison of each layer with frames on separate planes."""
    tasks: list[Comparison] = []
    for labels in segmentation.labels:
        if segmentation.segmentation_type == "binary":
            tasks.append(_BitComparison(labels=labels, slabs=placed.labels_of(labels.values())))
        elif segmentation.segmentation_type == "labelmap":
            tasks.append(_LabelComparison(labels=labels, slabs=placed.reader_of(0)))
        else:
            readers = {label: placed.reader_of(number) for label, number in labels.items()}
            tasks.append(_FractionComparison(slabs=readers))
    return tasks


def _used_slices(layer: SegmentLayer, task: Comparison) -> npt.NDArray[np.bool_]:
    """Return the slices of a layer that have voxels or a frame in the file."""
    slices, used = layer.volume.slices, layer.volume.slabs.used
    if used is None or not isinstance(task, _BitComparison):
        return np.ones(slices, np.bool_)
    has_frame = np.array([len(frames) > 0 for frames in task.slabs.masks], np.bool_)
    return has_frame | used(0, slices)


def _error_of_others(frames: reading.Frames, segmentation: SegmentationObject) -> float:
    """Return the error of frames whose segment is in no layer: they are empty."""
    numbers = frames.segments
    if segmentation.order is None or numbers is None:
        return 0.0
    of_layers = {number for labels in segmentation.labels for number in labels.values()}
    for frame in np.flatnonzero(~np.isin(numbers, sorted(of_layers))).tolist():
        if reading.read_frames(frames.instance, frame, frame + 1).any():
            return math.inf
    return 0.0


# ------------------------------------------------------------------------------------------- bits
def _bit_comparisons(series: reading.Series, segmentation: SegmentationObject) -> list[Comparison]:
    assert series.frame_set is not None  # noqa: S101 - the caller has checked it
    tasks: list[Comparison] = []
    for labels in segmentation.labels:
        slabs = reading.slabs_of_segments(series.frame_set, labels.values())
        tasks.append(_BitComparison(labels=labels, slabs=slabs))
    return tasks


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _BitComparison:
    """Compares the segments of a layer with a slab of its labels."""

    labels: Mapping[int, int]
    slabs: reading.LabelSlabs

    def __call__(self, slab: npt.NDArray[Any], bounds: Bounds) -> float:
        if self.slabs.has_overlap(*bounds):
            return math.inf  # a voxel of a layer is in one segment
        return _error_of_labels(self.slabs.read(*bounds), slab, self.labels)


# ------------------------------------------------------------------------------------------ labels
def _label_comparisons(path: Path, segmentation: SegmentationObject) -> list[Comparison]:
    slabs = reading.open_volume(str(path)).slabs
    return [_LabelComparison(labels=segmentation.labels[0], slabs=slabs)]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _LabelComparison:
    """Compares a label map with a slab of labels."""

    labels: Mapping[int, int]
    slabs: FrameReader

    def __call__(self, slab: npt.NDArray[Any], bounds: Bounds) -> float:
        return _error_of_labels(self.slabs.read(*bounds), slab, self.labels)


def _error_of_labels(
    numbers: npt.NDArray[Any], slab: npt.NDArray[Any], labels: Mapping[int, int]
) -> float:
    """Return 0 if numbers are those of all labels, else infinity."""
    if numbers.shape != slab.shape:
        return math.inf
    expected = _ExpectedNumbers(labels, numbers.dtype)
    if slab.dtype.kind == "b":
        slab = slab.view(np.uint8)
    for stored, frame in zip(numbers, slab, strict=True):
        rows = _used_rows(stored, frame)
        if rows is not None and not np.array_equal(stored[rows], expected.of(frame[rows])):
            return math.inf
    return 0.0


class _ExpectedNumbers:
    """Numbers of labels by the fastest of three equal ways."""

    def __init__(self, labels: Mapping[int, int], dtype: np.dtype[Any]) -> None:
        self._labels, self._dtype = labels, dtype
        self._table: npt.NDArray[Any] = np.zeros(HIGHEST_LABEL + 1, dtype)
        for label, number in labels.items():
            self._table[label] = number
        differing = np.flatnonzero(self._table != np.arange(len(self._table)))
        self._first_differing = int(differing[0]) if len(differing) else len(self._table)

    def of(self, labels: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return the number of each voxel, 0 outside of segments."""
        numbers: npt.NDArray[Any]
        if len(self._labels) == 1:
            ((label, number),) = self._labels.items()
            numbers = (labels == label) * self._dtype.type(number)
            return numbers
        if labels.max() < self._first_differing:  # each label is its number
            return labels
        numbers = self._table[labels]
        return numbers


def _used_rows(stored: npt.NDArray[Any], frame: npt.NDArray[Any]) -> slice | None:
    """Return the rows from the first to the last that is not empty in both."""
    rows = [rows for rows in (used_rows(stored), used_rows(frame)) if rows is not None]
    if not rows:
        return None
    return slice(min(part.start for part in rows), max(part.stop for part in rows))


# --------------------------------------------------------------------------------------- fractions
def _fraction_comparisons(path: Path, segmentation: SegmentationObject) -> list[Comparison]:
    volume = reading.open_volume(str(path), values="stored")
    tasks: list[Comparison] = []
    for labels in segmentation.labels:
        slabs: dict[int, FrameReader] = {}
        for label, number in labels.items():
            index = segmentation.numbers.index(number)
            slabs[label] = volume.at(index).slabs
        tasks.append(_FractionComparison(slabs=slabs))
    return tasks


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _FractionComparison:
    """Compares the segments of a layer with a slab of it."""

    slabs: Mapping[int, FrameReader]

    def __call__(self, slab: npt.NDArray[Any], bounds: Bounds) -> float:
        error = 0.0
        for label, reader in self.slabs.items():
            stored = reader.read(*bounds)
            fractions = slab if slab.dtype.kind == "f" else slab == label
            for stored_frame, frame in zip(stored, fractions, strict=True):
                error = max(error, _largest_difference(stored_frame, frame))
        if not self.slabs and slab.dtype.kind == "f":
            error = float(slab.max())
        return error


def _largest_difference(stored: npt.NDArray[Any], frame: npt.NDArray[Any]) -> float:
    """Return the largest difference in rows that are not empty."""
    rows = _used_rows(stored, frame)
    if rows is None:
        return 0.0
    difference = stored[rows] / FRACTION_STEPS - frame[rows].astype(np.float64)
    return float(np.abs(difference).max())
