"""Numbers of each segment, as a report prints them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from dicomseries.geometry import Grid
from dicomseries.lazy_dataclass import dataclass
from dicomseries.measurements.concepts import private_concept
from dicomseries.measurements.described_segments import DescribedSegment
from dicomseries.measurements.further_numbers import FurtherNumber
from dicomseries.measurements.measurement_table import MeasurementRow, MeasurementTable
from dicomseries.measurements.region_statistics import RegionStatistics
from dicomseries.measurements.source_quantity import Quantity
from dicomseries.reading import CodedConcept
from dicomseries.standard.attributes.decimal_string import format_ds

__all__ = ["PrintedNumber", "ReportedRegion", "has_volume", "reported_regions", "table_of"]

VOLUME = CodedConcept("118565006", "SCT", "Volume")
SUM_OF_VOXELS = CodedConcept("126030", "DCM", "Sum of segmented voxel method for volume")
CUBIC_MM = CodedConcept("mm3", "UCUM", "cubic millimeter")
MEAN = CodedConcept("373098007", "SCT", "Mean")
STANDARD_DEVIATION = CodedConcept("386136009", "SCT", "Standard Deviation")
MINIMUM = CodedConcept("255605001", "SCT", "Minimum")
MAXIMUM = CodedConcept("56851009", "SCT", "Maximum")
_PERCENTILES: Mapping[float, CodedConcept] = {
    5: CodedConcept("371888009", "SCT", "5th Percentile Value of population"),
    10: CodedConcept("371890005", "SCT", "10th Percentile Value of population"),
    50: CodedConcept("373099004", "SCT", "Median"),
    90: CodedConcept("371887004", "SCT", "90th Percentile Value of population"),
    95: CodedConcept("371889001", "SCT", "95th Percentile Value of population"),
}
"""Percentage → its code (PS3.16, CID 7464 and 7465); others have none."""
_ORDINALS = {1: "st", 2: "nd", 3: "rd"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedNumber:
    """One number of a segment.

    Parameters
    ----------
    quantity : CodedConcept
        What it is.
    value : str
        DS text, at most 16 characters.
    unit : CodedConcept
        UCUM unit.
    statistic, method : CodedConcept, optional
        Derivation from many values, and method of measurement (PS3.16, TID 300).
    """

    quantity: CodedConcept
    value: str
    unit: CodedConcept
    statistic: CodedConcept | None = None
    method: CodedConcept | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedRegion:
    """One segment with its numbers.

    Parameters
    ----------
    segment : DescribedSegment
        As its file describes it.
    numbers : tuple of PrintedNumber
        In the order of the report.
    """

    segment: DescribedSegment
    numbers: tuple[PrintedNumber, ...]


def reported_regions(
    segments: Mapping[int, DescribedSegment],
    statistics: Mapping[int, RegionStatistics],
    *,
    grid: Grid,
    voxels: Mapping[int, int],
    quantity: Quantity,
    further: Mapping[int, Sequence[FurtherNumber]],
) -> tuple[ReportedRegion, ...]:
    """Return the segments with their numbers, by segment number.

    Parameters
    ----------
    segments : mapping of int to DescribedSegment
        Segments of the file.
    statistics : mapping of int to RegionStatistics
        Of each of them, and of labels without description.
    grid : Grid
        Of the Segmentation: the volume is voxels × the product of its spacing in mm. Left out if
        the thickness of the slice is not stated.
    voxels : mapping of int to int
        Voxels of each segment on that grid.
    quantity : Quantity
        What the values are.
    further : mapping of int to sequence of FurtherNumber
        Numbers from the user.
    """
    regions: list[ReportedRegion] = []
    for number in sorted(statistics):
        segment = segments.get(number)
        if segment is None:
            segment = DescribedSegment(number=number, label=f"Segment {number}")
        numbers = [*_volume(voxels[number], grid)]
        numbers += _statistics(statistics[number], quantity)
        for further_number in further.get(number, ()):
            printed = PrintedNumber(
                quantity=further_number.concept,
                value=format_ds(further_number.value),
                unit=further_number.unit,
            )
            numbers.append(printed)
        regions.append(ReportedRegion(segment=segment, numbers=tuple(numbers)))
    return tuple(regions)


def has_volume(grid: Grid) -> bool:
    """Return whether the lengths of voxels in the patient are stated, in all three directions."""
    return grid.statement.is_measured and grid.statement.thickness != "missing"


def _volume(voxels: int, grid: Grid) -> Iterator[PrintedNumber]:
    if has_volume(grid):
        x, y, z = grid.spacing_mm
        text = format_ds(voxels * (x * y * z))
        yield PrintedNumber(quantity=VOLUME, value=text, unit=CUBIC_MM, method=SUM_OF_VOXELS)


def _statistics(statistics: RegionStatistics, quantity: Quantity) -> Iterator[PrintedNumber]:
    if not statistics.valued:
        return
    values = [
        (MEAN, statistics.mean),
        (STANDARD_DEVIATION, statistics.sd),
        (MINIMUM, statistics.minimum),
        (MAXIMUM, statistics.maximum),
    ]
    values += [(_percentile(part), value) for part, value in statistics.percentiles]
    for statistic, value in values:
        yield PrintedNumber(
            quantity=quantity.concept,
            value=format_ds(value),
            unit=quantity.unit,
            statistic=statistic,
        )


def _percentile(part: float) -> CodedConcept:
    """Return the code of a percentile; a private one without a standard one.

    Examples
    --------
    >>> _percentile(50.0).meaning, _percentile(2.5).meaning, _percentile(1).meaning
    ('Median', '2.5th percentile', '1st percentile')
    """
    if part in _PERCENTILES:
        return _PERCENTILES[part]
    ending = "th"
    if float(part).is_integer() and part % 100 not in {11, 12, 13}:
        ending = _ORDINALS.get(int(part) % 10, "th")
    return private_concept(f"{part:g}{ending} percentile")


def table_of(regions: Sequence[ReportedRegion]) -> MeasurementTable:
    """Return the table that a report of these regions reads back as."""
    rows: list[MeasurementRow] = []
    for region in regions:
        segment = region.segment
        site = segment.sites[0] if segment.sites else None
        for number in region.numbers:
            row = MeasurementRow(
                segment=segment.number,
                label=segment.identifier,
                finding=segment.type,
                site=None if site is None else site.region,
                laterality=None if site is None else site.laterality,
                quantity=number.quantity,
                statistic=number.statistic,
                value=number.value,
                unit=number.unit,
            )
            rows.append(row)
    return MeasurementTable(tuple(rows))
