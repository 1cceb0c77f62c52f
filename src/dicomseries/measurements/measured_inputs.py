"""Segmentation and source of a measurement: series, labels, values, padding."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries import reading
from dicomseries.derivation import SourceSeries, facts_of
from dicomseries.errors import OptionError, ReadError
from dicomseries.lazy_dataclass import dataclass
from dicomseries.measurements.described_segments import (
    DescribedSegment,
    described_segments,
    referenced_images,
    referenced_series,
)
from dicomseries.slice_planes import SlicePlanes
from dicomseries.sources import Volume

__all__ = [
    "PaddingLimits",
    "SegmentationInput",
    "choose_source",
    "notes_of_gaps",
    "open_segmentation",
    "open_values",
    "padding_limits",
    "volume_of_images",
]

Floats = npt.NDArray[np.float64]

_GAPS = frozenset({"slices-missing"})
"""Irregularity of a source that can be measured as far as it has slices."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SegmentationInput:
    """One Segmentation, opened.

    Parameters
    ----------
    instance : Instance
        Its file.
    volume : Volume
        One label map, or a volume for each segment.
    segments : dict of int to DescribedSegment
        As the file describes them.
    numbers : tuple of int
        SegmentNumber of each volume; empty for one label map.
    threshold : float, optional
        Least value that belongs to a segment, for fractional ones.
    """

    instance: reading.Instance
    volume: Volume
    segments: dict[int, DescribedSegment]
    numbers: tuple[int, ...] = ()
    threshold: float | None = None

    @property
    def meaning(self) -> reading.VoxelMeaning:
        """Meaning of the voxels."""
        if self.threshold is not None:
            return "fractions"
        return "masks" if self.numbers else "labels"

    @property
    def series_uid(self) -> str:
        """SeriesInstanceUID."""
        return self.instance.text("SeriesInstanceUID")

    @property
    def study_uid(self) -> str:
        """StudyInstanceUID."""
        return self.instance.text("StudyInstanceUID")

    @property
    def source_uids(self) -> tuple[str, ...]:
        """SeriesInstanceUIDs of the series that it refers to."""
        return referenced_series(self.instance)


def open_segmentation(
    path: reading.LocalFiles, *, series: str | None = None, threshold: float | None = None
) -> SegmentationInput:
    """Open the Segmentation at a path.

    Parameters
    ----------
    path : path-like, or sequence of str
        Its file or folder; a folder may hold other series beside one Segmentation.
    series : str, optional
        SeriesInstanceUID, if there are several Segmentations.
    threshold : float, optional
        From 0 to 1, for fractional ones.

    Raises
    ------
    ReadError
        If there is no Segmentation, or it cannot be read.
    OptionError
        If a fractional one comes without threshold, or another one with it.
    """
    scanned = reading.scan(path)
    segmentations = [member for member in scanned.series if member.kind == "Segmentation"]
    if series is None and len(segmentations) == 1:
        chosen = segmentations[0]
    else:
        chosen = reading.select_images(path, scanned, series)
    if chosen.kind != "Segmentation":
        raise ReadError(
            code="not-a-segmentation",
            where=reading.name_of_files(path),
            given=f"a series of the modality {chosen.modality or 'unknown'}",
            expected="a Segmentation (SEG), whose segments are to be measured",
            remedy="Write labels with `kind='Segmentation'` and `like=` first, then measure that.",
        )
    volume = reading.open_volume(list(map(str, chosen.paths)))
    instance = chosen.instances[0]
    _check_threshold(instance, threshold)
    segments = described_segments(instance)
    numbers: tuple[int, ...] = ()
    if volume.volumes is not None or volume.slabs.dtype.kind == "f":
        numbers = tuple(sorted(chosen.segments))
    return SegmentationInput(
        instance=instance, volume=volume, segments=segments, numbers=numbers, threshold=threshold
    )


def _check_threshold(instance: reading.Instance, threshold: float | None) -> None:
    is_fractional = instance.text("SegmentationType") == "FRACTIONAL"
    if threshold is not None and not (is_fractional and 0 < threshold <= 1):
        given = repr(threshold)
        if not is_fractional:
            given += " for a Segmentation of whole voxels"
        raise OptionError(
            code="threshold-not-usable",
            where="threshold",
            given=given,
            expected="a number above 0, at most 1, for a fractional Segmentation",
            remedy="Pass `threshold=0.5`, or leave it out for binary ones and label maps.",
        )
    if is_fractional and threshold is None:
        raise OptionError(
            code="threshold-missing",
            where="threshold",
            given="none for a fractional Segmentation, whose voxels are part of a segment",
            expected="the least fraction that counts as the segment",
            remedy="Pass `threshold=0.5` for the voxels that are half in it, or more.",
        )


def choose_source(
    path: reading.LocalFiles, segmentation: SegmentationInput, series: str | None = None
) -> reading.Series:
    """Return the source series at a path.

    Without `series` the only one, else the one that the Segmentation refers to.

    Raises
    ------
    ReadError
        If there is none, or several and none is referred to.
    """
    scanned = reading.scan(path)
    if series is None:
        images = [member for member in scanned.series if member.has_images and member.series_uid]
        others = [member for member in images if member.series_uid != segmentation.series_uid]
        referred = [member for member in others if member.series_uid in segmentation.source_uids]
        if len(others) > 1 and len(referred) == 1:
            return referred[0]
        if len(others) == 1:
            return others[0]
    return reading.select_images(path, scanned, series)


def volume_of_images(segmentation: SegmentationInput, source: SourceSeries) -> int | None:
    """Return the only volume of the source that a Segmentation refers to; None if unknown.

    Files of a single frame name their volume; a multi-frame file holds all of them.
    """
    images = referenced_images(segmentation.instance)
    volumes: set[int] = set()
    for frame in source.frames:
        if frame.sop_instance_uid in images and not frame.frame_numbers:
            volumes.add(frame.volume)
    if len(volumes) == 1 and source.volumes > 1:
        return volumes.pop()
    return None


def notes_of_gaps(values: Volume) -> Iterator[str]:
    """Yield a note on the numbers of a source with missing slices."""
    if isinstance(values.grid, SlicePlanes):
        detail = values.grid.irregularities[0].detail
        yield (
            f"Slices of the source are missing ({detail}): segments have no voxels there, and "
            "their volumes are too small."
        )


def open_values(series: reading.Series, time_point: int | None = None) -> Volume:
    """Return the real values of one volume of a source series.

    Raises
    ------
    GeometryError
        If its slices are no regular grid. Missing slices are allowed (`notes_of_gaps`).
    ReadError
        If they are pictures in colour.
    OptionError
        If it has several volumes and `time_point` chooses none of them.
    """
    volume = reading.open_volume(list(map(str, series.paths)))
    where = f"series {series.series_uid}"
    if isinstance(volume.grid, SlicePlanes) and volume.grid.codes != _GAPS:
        # Read alone, labels of uneven slices may be a regular grid, of smaller voxels.
        raise volume.grid.error(where)
    if volume.samples != 1:
        raise ReadError(
            code="source-in-colour",
            where=where,
            given="pictures of three samples",
            expected="one number for each voxel",
            remedy="Choose the series that the pictures were made from.",
        )
    count = volume.volumes or 1
    if time_point is None and count == 1:
        return volume.at(0) if volume.volumes else volume
    if not isinstance(time_point, int) or not 0 <= time_point < count:
        raise OptionError(
            code="time-point-outside",
            where="time_point",
            given=f"{time_point!r} for a source of {count} volumes",
            expected=f"0 to {count - 1}, the volume to measure",
            remedy="Pass `time_point=0` for the first one.",
        )
    return volume.at(time_point) if volume.volumes else volume


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PaddingLimits:
    """Range of real values that are padding, for each source slice.

    Parameters
    ----------
    low, high : ndarray, shape (slices,)
        Ends in real values; NaN for slices without padding.
    """

    low: Floats
    high: Floats

    def mask(self, values: npt.NDArray[Any], start: int) -> npt.NDArray[np.bool_] | None:
        """Return which values of slices from `start` on are padding; None if none can be."""
        low, high = self.low[start : start + len(values)], self.high[start : start + len(values)]
        if bool(np.isnan(low).all()):
            return None
        shape = (-1, *([1] * (values.ndim - 1)))
        mask: npt.NDArray[np.bool_] = (values >= low.reshape(shape)) & (
            values <= high.reshape(shape)
        )
        return mask


def padding_limits(source: SourceSeries, time_point: int = 0) -> PaddingLimits:
    """Return the real values of PixelPaddingValue to PixelPaddingRangeLimit.

    Half a step of the rescale wider on both sides, as real values are rounded.

    Parameters
    ----------
    source : SourceSeries
        Its headers.
    time_point : int
        Volume that is measured.

    Notes
    -----
    PS3.3 sections C.7.5.1.1.2 and C.7.6.24.1.2.
    """
    slices = source.grid.shape[0]
    frames = slice(time_point * slices, (time_point + 1) * slices)
    low = _numbers(source, "PixelPaddingValue", np.nan)[frames]
    high = _numbers(source, "PixelPaddingRangeLimit", np.nan)[frames]
    high = np.where(np.isnan(high), low, high)
    slope = _numbers(source, "RescaleSlope", 1.0)[frames]
    intercept = _numbers(source, "RescaleIntercept", 0.0)[frames]
    if source.kind == "ParametricMap":
        slope = _numbers(source, "RealWorldValueSlope", 1.0)[frames]
        intercept = _numbers(source, "RealWorldValueIntercept", 0.0)[frames]
    ends = np.sort(np.stack((low, high)) * slope + intercept, axis=0)
    half = np.abs(slope) / 2
    return PaddingLimits(low=ends[0] - half * 0.99, high=ends[1] + half * 0.99)


def _numbers(source: SourceSeries, keyword: str, default: float) -> Floats:
    """Return the first value of an attribute for each frame."""
    fact = facts_of(source).get(keyword)
    numbers = np.full(len(source.frames), default)
    if fact is None:
        return numbers
    for index, member in enumerate(fact.frames):
        if member is None or member.is_empty:
            continue
        try:
            numbers[index] = float(str(member.values[0]))
        except ValueError:
            continue
    return numbers
