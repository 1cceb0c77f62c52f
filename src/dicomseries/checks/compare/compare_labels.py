"""A segmentation compared with the labels of its input."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from dicomseries.checks.compare.compare_series import Comparison, nearest_slices
from dicomseries.checks.registry import Fault, check
from dicomseries.checks.series_view.series_view import SeriesView
from dicomseries.errors import DicomSeriesError
from dicomseries.reading import read_frames

__all__: list[str] = []

LabelArray = npt.NDArray[np.int64]


@check("VAL-011", level="error", part="PS3.3 C.8.20.2.3", scope="values")
def labels_are_as_expected(comparison: Comparison) -> Iterator[Fault]:
    """The segments are the labels of the input.

    0 is the background. A label map holds the labels themselves. A binary segmentation numbers its
    segments from 1, so each segment must cover the voxels of one label, and each label be covered
    by one segment. Fractions and overlapping segments cannot be compared with an array of labels.
    """
    view, volume, shape = comparison.view, comparison.volume, comparison.grid.shape
    kind = view.first.text("SegmentationType")
    if kind not in {"BINARY", "LABELMAP"} or view.first.text("SegmentsOverlap") == "YES":
        return
    slices = nearest_slices(comparison)
    if volume is None or slices is None:
        return
    if (view.first.rows, view.first.columns) != shape[1:] or comparison.volumes != 1:
        return  # GEO-020 reports it
    label_of: dict[int, int] = {0: 0}
    segment_of: dict[int, int] = {0: 0}
    for index in range(shape[0]):
        labels = np.asarray(volume.slabs.read(index, index + 1)[0]).astype(np.int64)
        segments = _segments(view, np.flatnonzero(slices == index).tolist(), shape[1:])
        both = np.stack([segments.ravel(), labels.ravel()], axis=1)
        for segment, label in np.unique(both, axis=0).tolist():
            is_equal = segment == label
            if kind == "BINARY":
                is_only_label = label_of.setdefault(segment, label) == label
                is_equal = is_only_label and segment_of.setdefault(label, segment) == segment
            if not is_equal:
                yield Fault(
                    f"slice {index + 1}",
                    f"Voxels with the label {label} are of segment {segment}.",
                    "Write the segmentation again, or compare with the labels that were written.",
                )
                return


def _segments(view: SeriesView, frames: list[int], shape: tuple[int, ...]) -> LabelArray:
    """Return segment numbers of a slice; -1 if not readable."""
    segments = np.zeros(shape, np.int64)
    for index in frames:
        source = view.places.sources[index]
        try:
            stored = read_frames(source.instance, source.frame, source.frame + 1)[0]
        except DicomSeriesError:
            return np.full(shape, -1, np.int64)
        if view.first.text("SegmentationType") == "LABELMAP":
            segments[...] = stored
        else:
            segments[stored != 0] = view.segments[index]
    return segments
