"""Slabs of labels with the source values at the same places."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy.typing as npt

from dicomseries import reading, regridding
from dicomseries.derivation import Matching, SourceSeries, match, match_pictures
from dicomseries.errors import GeometryError
from dicomseries.lazy_dataclass import dataclass
from dicomseries.measurements.measured_inputs import PaddingLimits, SegmentationInput
from dicomseries.measurements.region_statistics import (
    LabelLayer,
    MeasuredSlab,
    RegionStatistics,
    measure_regions,
)
from dicomseries.progress_bar import ProgressReport
from dicomseries.sources import Volume

__all__ = ["AlignedSlabs", "on_source", "source_slices", "with_voxels_outside"]

_SLAB_VOXELS = 1 << 22
"""Voxels of a slab: 32 MiB of real values."""
_MOST_VOXELS = 1 << 25
"""Voxels of a slab whose labels are read together, as their slices run across those of the
source."""

_REMEDIES = {
    "grids-differ": "Pass `resample='nearest'` to take the label nearest to each voxel of the "
    "source, or write the labels again on its slices, with `like=`.",
}
_OTHER_SOURCE = "Choose the series that the Segmentation was made from."
_LARGER = "is larger than the grid"
"""In a note; the advice counts the voxels of each segment instead."""


def on_source(
    segmentation: SegmentationInput, series: reading.Series, resample: str | None = None
) -> tuple[SegmentationInput, tuple[str, ...]]:
    """Return the labels on the grid of the source, and notes about what was changed.

    Parameters
    ----------
    segmentation : SegmentationInput
        Labels on their grid.
    series : Series
        The source.
    resample : {"nearest"}, optional
        For voxels that do not coincide.

    Raises
    ------
    GeometryError
        If they lie in different spaces, or their voxels do not coincide without `resample`.
    OptionError
        If `resample` is something else.
    """
    volume = segmentation.volume
    tags = volume.tags
    assert isinstance(tags, reading.SeriesTags)  # noqa: S101 - it was read
    options = regridding.OntoOptions(resample=resample, fill=0)
    if not series_has_place(series) and (series.volumes or 1) > 1:
        raise _not_comparable(series)
    target = regridding.open_target(series, tags.place, None)
    try:
        placed, _ = regridding.put_onto(
            volume, target, options, voxels=segmentation.meaning, is_real=True
        )
    except GeometryError as error:
        raise GeometryError(
            code=error.code,
            where="source",
            given=str(error.given),
            expected=error.expected,
            remedy=_REMEDIES.get(error.code, _OTHER_SOURCE),
        ) from None
    known = volume.grid.statement.notes
    notes = tuple(note for note in placed.grid.statement.notes if note not in known)
    return replace(segmentation, volume=placed), notes


def series_has_place(series: reading.Series) -> bool:
    """Return whether a series states its place in the patient."""
    return series.grid is not None and series.grid.statement.has_place


def _not_comparable(series: reading.Series) -> GeometryError:
    return GeometryError(
        code="clip-without-place",
        where="source",
        given=f"{series.volumes} frames in time without a place in the patient",
        expected="slices with a place, or pictures that are not a clip",
        remedy="Write the frames as pictures, one for each time, and measure those.",
    )


def source_slices(segmentation: SegmentationInput, source: SourceSeries) -> Matching:
    """Return the source slices of each slice of a Segmentation."""
    grid = segmentation.volume.grid
    if source.grid.statement.has_place and grid.statement.has_place:
        return match(source, grid)
    return match_pictures(source, grid)


def with_voxels_outside(
    segmentation: SegmentationInput,
    statistics: Mapping[int, RegionStatistics],
    notes: tuple[str, ...],
) -> tuple[dict[int, RegionStatistics], dict[int, int], tuple[str, ...]]:
    """Return statistics with voxels outside of the source, all voxels, and other notes.

    Parameters
    ----------
    segmentation : SegmentationInput
        Labels on their grid.
    statistics : mapping of int to RegionStatistics
        On the grid of the source.
    notes : tuple of str
        Of `on_source`; without any, all voxels are on the source.

    Returns
    -------
    (dict, dict, tuple)
        Statistics by segment; the number of its voxels in the Segmentation; and the notes that the
        first do not tell.
    """
    if not notes:
        return dict(statistics), {key: value.voxels for key, value in statistics.items()}, ()
    counted = measure_regions(_LabelSlabs(segmentation=segmentation), list(statistics))
    voxels = {number: region.voxels for number, region in counted.items()}
    others = tuple(note for note in notes if _LARGER not in note)
    if any("resampled" in note for note in notes):
        return dict(statistics), voxels, notes
    regions: dict[int, RegionStatistics] = {}
    for number, total in voxels.items():
        region = statistics.get(number, RegionStatistics(voxels=0))
        regions[number] = replace(region, voxels=total, outside=total - region.voxels)
    return regions, voxels, others


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AlignedSlabs:
    """The slabs of labels on the grid of their source, with its values.

    Parameters
    ----------
    segmentation : SegmentationInput
        Labels on the grid of the source.
    values : Volume
        Real values of one volume of the source.
    padding : PaddingLimits
        Of its slices.
    report : callable, optional
        Called with slices done, slices in all, ``"reading"``.
    """

    segmentation: SegmentationInput
    values: Volume
    padding: PaddingLimits
    report: ProgressReport | None = None

    def __call__(self) -> Iterator[MeasuredSlab]:
        """Yield the slabs from the first to the last slice."""
        total = self.values.slices
        for start, stop in _runs(self.segmentation.volume):
            slab = self._slab(start, stop)
            if slab is not None:
                yield slab
            if self.report is not None:
                self.report(stop, total, "reading")

    def _slab(self, start: int, stop: int) -> MeasuredSlab | None:
        """Return a slab; None if it has no label."""
        labels = _labels_of(self.segmentation, start, stop)
        layers = _layers(self.segmentation, labels)
        if not self.segmentation.numbers:  # one label map: a look before the source is read
            layer = LabelLayer(labels(0))
            if not layer.labels.any():
                return None
            layers = iter((layer,))
        values = self.values.slabs.read(start, stop)
        return MeasuredSlab(layers=layers, values=values, padding=self.padding.mask(values, start))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _LabelSlabs:
    """The slabs of a Segmentation on its grid, without values."""

    segmentation: SegmentationInput

    def __call__(self) -> Iterator[MeasuredSlab]:
        for start, stop in _runs(self.segmentation.volume):
            labels = _labels_of(self.segmentation, start, stop)
            yield MeasuredSlab(layers=_layers(self.segmentation, labels))


def _runs(volume: Volume) -> Iterator[tuple[int, int]]:
    """Yield the first slice of each slab, and that after the last."""
    _, rows, columns = volume.grid.shape
    together = min(volume.slabs.depth, _MOST_VOXELS // (rows * columns))
    step = max(_SLAB_VOXELS // (rows * columns), together, 1)
    for start in range(0, volume.slices, step):
        yield start, min(start + step, volume.slices)


def _labels_of(
    segmentation: SegmentationInput, start: int, stop: int
) -> Callable[[int], npt.NDArray[Any]]:
    """Return what reads the slices of one volume of labels."""
    volume = segmentation.volume

    def read(index: int) -> npt.NDArray[Any]:
        first = index * volume.slices
        return volume.slabs.read(first + start, first + stop)

    return read


def _layers(
    segmentation: SegmentationInput, labels: Callable[[int], npt.NDArray[Any]]
) -> Iterator[LabelLayer]:
    """Yield the layers of a slab, each read when it is used."""
    if not segmentation.numbers:
        yield LabelLayer(labels(0))
        return
    for index, number in enumerate(segmentation.numbers):
        mask = labels(index)
        is_inside = mask != 0 if segmentation.threshold is None else mask >= segmentation.threshold
        yield LabelLayer(is_inside, {1: number})
