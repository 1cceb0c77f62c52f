"""Measurements of segments, and their reports by TID 1500.

PS3.3 section A.35.13 (Comprehensive 3D SR), PS3.16.

The steps, in order: open the inputs (`open_segmentation`, `choose_source`, `open_values`), put the
labels on the grid of the source (`on_source`), compute (`measure_regions`), print
(`reported_regions`), make the content tree through highdicom (`content_of`) and the file
(`encode_report`). `table_of_report` reads a report of any program.
"""

from __future__ import annotations

from dicomseries.measurements.aligned_slabs import (
    AlignedSlabs,
    on_source,
    source_slices,
    with_voxels_outside,
)
from dicomseries.measurements.described_segments import DescribedSegment
from dicomseries.measurements.further_numbers import FurtherNumber, parse_numbers
from dicomseries.measurements.measured_inputs import (
    SegmentationInput,
    choose_source,
    notes_of_gaps,
    open_segmentation,
    open_values,
    padding_limits,
    volume_of_images,
)
from dicomseries.measurements.measurement_advice import advice_on_measurements
from dicomseries.measurements.measurement_table import MeasurementRow, MeasurementTable
from dicomseries.measurements.region_numbers import (
    PrintedNumber,
    ReportedRegion,
    reported_regions,
    table_of,
)
from dicomseries.measurements.region_statistics import (
    LabelLayer,
    MeasuredSlab,
    RegionStatistics,
    measure_regions,
)
from dicomseries.measurements.report_document import (
    ReferencedObjects,
    ReportHeader,
    encode_report,
    report_header,
)
from dicomseries.measurements.report_reader import is_report, table_of_report
from dicomseries.measurements.report_template import ReportContext, check_installed, content_of
from dicomseries.measurements.source_quantity import Quantity, quantity_of

__all__ = [
    "AlignedSlabs",
    "DescribedSegment",
    "FurtherNumber",
    "LabelLayer",
    "MeasuredSlab",
    "MeasurementRow",
    "MeasurementTable",
    "PrintedNumber",
    "Quantity",
    "ReferencedObjects",
    "RegionStatistics",
    "ReportContext",
    "ReportHeader",
    "ReportedRegion",
    "SegmentationInput",
    "advice_on_measurements",
    "check_installed",
    "choose_source",
    "content_of",
    "encode_report",
    "is_report",
    "measure_regions",
    "notes_of_gaps",
    "on_source",
    "open_segmentation",
    "open_values",
    "padding_limits",
    "parse_numbers",
    "quantity_of",
    "report_header",
    "reported_regions",
    "source_slices",
    "table_of",
    "table_of_report",
    "volume_of_images",
    "with_voxels_outside",
]
