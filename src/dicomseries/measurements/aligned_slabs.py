"""Slabs of labels with the source values at the same places."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy.typing as npt

from dicomseries.derivation import Matching, SourceSeries, match, match_pictures
from dicomseries.errors import GeometryError
from dicomseries.lazy_dataclass import dataclass
from dicomseries.measurements.measured_inputs import PaddingLimits, SegmentationInput
from dicomseries.measurements.region_statistics import LabelLayer, MeasuredSlab
from dicomseries.progress_bar import ProgressReport
from dicomseries.sources import Volume

__all__ = ["AlignedSlabs", "match_grids"]

_SLAB_VOXELS = 1 << 22
"""Voxels of a slab: 32 MiB of real values."""


def match_grids(segmentation: SegmentationInput, source: SourceSeries) -> Matching:
    """Return the source slice of each slice of a Segmentation.

    Raises
    ------
    GeometryError
        If they lie in different spaces, or their voxels do not coincide.
    """
    grid = segmentation.volume.grid
    frame = segmentation.instance.text("FrameOfReferenceUID")
    if frame and source.frame_of_reference_uid and frame != source.frame_of_reference_uid:
        raise GeometryError(
            code="spaces-differ",
            where="source",
            given=f"the frame of reference {source.frame_of_reference_uid}, and {frame} of the "
            "Segmentation",
            expected="one frame of reference: only then positions can be compared",
            remedy="Choose the series that the Segmentation was made from.",
        )
    if source.grid.statement.has_place and grid.statement.has_place:
        matching = match(source, grid)
    else:
        matching = match_pictures(source, grid)
    is_between = any(
        exact is None and near for exact, near in zip(matching.exact, matching.slices, strict=True)
    )
    if not matching.same_pixels or is_between or all(exact is None for exact in matching.exact):
        raise GeometryError(
            code="grids-differ",
            where="source",
            given=f"{_grid_text(source.grid)} and a Segmentation of {_grid_text(grid)}",
            expected="rows, columns and slices that coincide",
            remedy="Write the labels again on the slices of the source, with `like=`.",
        )
    return matching


def _grid_text(grid: object) -> str:
    shape = getattr(grid, "shape", ())
    spacing = getattr(grid, "spacing_mm", ())
    sizes = " × ".join(map(str, shape))
    return f"{sizes} voxels of {', '.join(f'{length:.6g}' for length in spacing)} mm"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AlignedSlabs:
    """The slabs of a Segmentation with the values of its source.

    Parameters
    ----------
    segmentation : SegmentationInput
        Labels.
    values : Volume
        Real values of one volume of the source.
    matching : Matching
        Source slice of each slice of the Segmentation.
    padding : PaddingLimits
        Of the source slices.
    report : callable, optional
        Called with slices done, slices in all, ``"reading"``.
    """

    segmentation: SegmentationInput
    values: Volume
    matching: Matching
    padding: PaddingLimits
    report: ProgressReport | None = None

    def __call__(self) -> Iterator[MeasuredSlab]:
        """Yield the slabs from the first to the last slice."""
        total = self.segmentation.volume.slices
        for start, stop in self._runs():
            yield self._slab(start, stop)
            if self.report is not None:
                self.report(stop, total, "reading")

    def _runs(self) -> Iterator[tuple[int, int]]:
        """Yield slices whose source slices follow each other, or that have none."""
        _, rows, columns = self.segmentation.volume.grid.shape
        most = max(_SLAB_VOXELS // (rows * columns), 1)
        exact = self.matching.exact
        start = 0
        for stop in range(1, len(exact) + 1):
            is_end = stop == len(exact) or stop - start == most
            if is_end or not _follows(exact[stop - 1], exact[stop]):
                yield start, stop
                start = stop

    def _slab(self, start: int, stop: int) -> MeasuredSlab:
        first = self.matching.exact[start]
        layers = self._layers(start, stop)
        if first is None:
            return MeasuredSlab(layers=layers)
        values = self.values.slabs.read(first, first + stop - start)
        return MeasuredSlab(layers=layers, values=values, padding=self.padding.mask(values, first))

    def _layers(self, start: int, stop: int) -> Iterator[LabelLayer]:
        """Yield the layers of a slab, each read when it is used."""
        volume, threshold = self.segmentation.volume, self.segmentation.threshold
        read = partial(_read, volume, start, stop)
        if not self.segmentation.numbers:
            yield LabelLayer(read(0))
            return
        for index, number in enumerate(self.segmentation.numbers):
            labels = read(index)
            is_inside = labels != 0 if threshold is None else labels >= threshold
            yield LabelLayer(is_inside, {1: number})


def _read(volume: Volume, start: int, stop: int, index: int) -> npt.NDArray[Any]:
    first = index * volume.slices
    return volume.slabs.read(first + start, first + stop)


def _follows(slice_before: int | None, slice_after: int | None) -> bool:
    if slice_before is None or slice_after is None:
        return slice_before is slice_after
    return slice_after == slice_before + 1
