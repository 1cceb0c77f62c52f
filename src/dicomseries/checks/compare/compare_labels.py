"""A segmentation beside the labels that were asked for."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from dicomseries.checks.compare.compare_series import Asked, nearest_slices
from dicomseries.checks.registry import Fault, check
from dicomseries.checks.series_view.series_view import SeriesView
from dicomseries.errors import DicomSeriesError
from dicomseries.reading import read_frames

__all__: list[str] = []

Labels = npt.NDArray[np.int64]


@check("VAL-011", level="error", part="PS3.3 C.8.20.2.3", scope="values")
def labels_are_as_asked(asked: Asked) -> Iterator[Fault]:
    """The segments of a segmentation are the labels of the input, voxel for voxel; 0 is of no segment.

    A label map holds the labels themselves. A binary segmentation numbers its segments from 1, so each segment must
    cover the voxels of one label, and each label be covered by one segment. Fractions and overlapping segments, which
    no array of labels can say, are not compared.
    """
    view, volume = asked.view, asked.volume
    kind = view.first.text("SegmentationType")
    if (
        volume is None
        or kind not in {"BINARY", "LABELMAP"}
        or view.first.text("SegmentsOverlap") == "YES"
    ):
        return
    slices = nearest_slices(asked)
    if (
        slices is None
        or (view.first.rows, view.first.columns) != asked.grid.shape[1:]
        or asked.volumes != 1
    ):
        return  # GEO-020 says so
    known: dict[int, int] = {0: 0}
    used: dict[int, int] = {0: 0}
    for place in range(asked.grid.shape[0]):
        wanted = np.asarray(volume.slabs.read(place, place + 1)[0]).astype(np.int64)
        found = _labels(
            view, np.flatnonzero(slices == place).tolist(), wanted.shape, is_map=kind == "LABELMAP"
        )
        for segment, label in _pairs(found, wanted):
            is_right = (
                segment == label
                if kind == "LABELMAP"
                else known.setdefault(segment, label) == label
            )
            if not is_right or (kind == "BINARY" and used.setdefault(label, segment) != segment):
                yield Fault(
                    f"slice {place + 1}",
                    f"Voxels with the label {label} are of segment {segment}.",
                    "Write the segmentation again, or compare with the labels that were written.",
                )
                return


def _labels(view: SeriesView, frames: list[int], shape: tuple[int, ...], *, is_map: bool) -> Labels:
    """Return the number of the segment of each voxel of a slice; -1 where the pixels cannot be read."""
    labels = np.zeros(shape, np.int64)
    numbers = None if is_map else view.segments
    for index in frames:
        source = view.places.sources[index]
        try:
            stored = read_frames(source.instance, source.frame, source.frame + 1)[0]
        except DicomSeriesError:
            return np.full(shape, -1, np.int64)
        if numbers is None:
            labels[...] = stored
        else:
            labels[stored != 0] = numbers[index]
    return labels


def _pairs(found: Labels, wanted: Labels) -> list[tuple[int, int]]:
    """Return which segment stands with which label somewhere."""
    both = np.stack([found.ravel(), wanted.ravel()], axis=1)
    return [(int(segment), int(label)) for segment, label in np.unique(both, axis=0)]
