"""Advice about measurements: what was left out, assumed or has no standard code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from dicomseries.derivation import SourceSeries
from dicomseries.errors import counted
from dicomseries.geometry import Grid
from dicomseries.measurements.concepts import PRIVATE_SCHEME
from dicomseries.measurements.measured_inputs import SegmentationInput
from dicomseries.measurements.region_numbers import ReportedRegion, has_volume
from dicomseries.measurements.region_statistics import RegionStatistics
from dicomseries.measurements.source_quantity import Quantity

__all__ = ["advice_on_measurements"]

_MOST_NAMES = 6


def advice_on_measurements(
    segmentation: SegmentationInput,
    source: SourceSeries,
    regions: Sequence[ReportedRegion],
    statistics: Mapping[int, RegionStatistics],
    quantity: Quantity,
) -> tuple[str, ...]:
    """Return sentences for the user."""
    return (
        *_about_source(segmentation, source, quantity),
        *_about_volume(segmentation.volume.grid),
        *_about_voxels(regions, statistics),
        *_about_codes(regions, segmentation),
    )


def _about_source(
    segmentation: SegmentationInput, source: SourceSeries, quantity: Quantity
) -> Iterator[str]:
    if not quantity.is_stated:
        yield (
            "The source states no unit: its values are written with the unit 1 (no units). Give "
            "`units=` if you know it."
        )
    referred = segmentation.source_uids
    if referred and source.series_uid not in referred:
        yield (
            f"The Segmentation refers to the series {referred[0]}, and {source.series_uid} was "
            "measured: they lie in one space, but are not the same images."
        )
    if segmentation.study_uid != source.study_uid:
        yield (
            "Segmentation and source are of different studies: the report is in that of the source."
        )


def _about_volume(grid: Grid) -> Iterator[str]:
    if not has_volume(grid):
        yield (
            "No volumes are written, as the spacing of rows, columns or slices in the patient is "
            "not stated."
        )


def _about_voxels(
    regions: Sequence[ReportedRegion], statistics: Mapping[int, RegionStatistics]
) -> Iterator[str]:
    labels = {region.segment.number: region.segment.identifier for region in regions}
    empty = [labels[number] for number in labels if not statistics[number].voxels]
    if empty:
        yield f"Segments without a voxel have the volume 0 and no statistics: {_names(empty)}."
    reasons = {
        "outside": "lie outside of the source",
        "padding": "are padding in the source (PixelPaddingValue)",
        "not_finite": "are NaN or infinite in the source",
    }
    for name, words in reasons.items():
        parts: list[str] = []
        for number, label in labels.items():
            count = getattr(statistics[number], name)
            if count:
                parts.append(f"{label} {count:,} of {statistics[number].voxels:,}")
        if parts:
            yield (
                f"Voxels that {words} count for the volume, and not for the statistics: "
                f"{_names(parts)}."
            )


def _about_codes(
    regions: Sequence[ReportedRegion], segmentation: SegmentationInput
) -> Iterator[str]:
    unknown = [
        str(region.segment.number)
        for region in regions
        if region.segment.number not in segmentation.segments
    ]
    if unknown:
        yield f"Labels that SegmentSequence does not describe have no finding: {_names(unknown)}."
    names: dict[str, None] = {}
    for region in regions:
        for number in region.numbers:
            for concept in (number.quantity, number.statistic):
                if concept is not None and concept.scheme == PRIVATE_SCHEME:
                    names[concept.meaning] = None
    if names:
        yield (
            f"Without a standard code, and therefore with one of the private scheme "
            f"{PRIVATE_SCHEME}: {_names(list(names))}."
        )


def _names(names: Sequence[str]) -> str:
    text = ", ".join(names[:_MOST_NAMES])
    more = len(names) - _MOST_NAMES
    return f"{text} and {counted(more, 'other')}" if more > 0 else text
