"""Comprehensive 3D SR (PS3.3 A.35.13) with measurements of segments.

The content tree is made by `dicomseries.measurements`. The kind is not offered in `write`, as it
holds no array.
"""

from __future__ import annotations

from dicomseries.iod import common_rows, enhanced_rows
from dicomseries.iod.kind import Choice, Constant, Default, Fact, Kind, Row
from dicomseries.values import PixelRules

__all__ = ["MeasurementReport"]

# C.17.1 and C.17.2; the content is whole, and no person has verified it
_DOCUMENT = (
    Row("ReferencedPerformedProcedureStepSequence", "2", Choice()),
    Row("InstanceNumber", "1", Fact()),
    Row("ContentDate", "1", Default()),
    Row("ContentTime", "1", Default()),
    Row("PerformedProcedureCodeSequence", "2", Choice()),
    Row("CompletionFlag", "1", Constant(values=("COMPLETE",))),
    Row("VerificationFlag", "1", Constant(values=("UNVERIFIED",))),
)

MeasurementReport = Kind(
    name="MeasurementReport",
    title="Comprehensive 3D SR",
    summary="measurements of segments",
    modality="SR",
    sop_class_uid="1.2.840.10008.5.1.4.1.1.88.34",
    pixels=PixelRules(),
    samples=(1,),
    rows=(
        Row("SOPClassUID", "1", Fact()),
        Row("SOPInstanceUID", "1", Fact()),
        *(row for row in common_rows.SOP_COMMON if row.keyword != "SOPInstanceUID"),
        *common_rows.PATIENT,
        *common_rows.STUDY,
        *enhanced_rows.SERIES,
        *common_rows.modality("SR"),
        *enhanced_rows.EQUIPMENT,
        *_DOCUMENT,
    ),
)
"""Comprehensive 3D SR Storage."""
