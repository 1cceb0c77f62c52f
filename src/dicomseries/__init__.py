"""Write any array as a DICOM series that every viewer reads right, and prove it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dicomseries.lazy_exports import export_lazily

if TYPE_CHECKING:
    from dicomseries.api import *

__version__: str
"""Version of the installed package."""

__all__ = [
    "ArchiveListing",
    "BatchReport",
    "BatchRow",
    "CodedConcept",
    "Confirmation",
    "ConversionReport",
    "ConvertedSeries",
    "DeliveryError",
    "Derivation",
    "DicomSeriesError",
    "DicomSeriesWarning",
    "Digits",
    "Exact",
    "Finding",
    "Findings",
    "Grid",
    "Htj2k",
    "Jpeg2000",
    "JpegLs",
    "JpegXl",
    "KeptFile",
    "LeftOutFile",
    "ListedEntry",
    "Lossless",
    "MeasurementReceipt",
    "MeasurementTable",
    "Receipt",
    "Rescale",
    "ResultPart",
    "ResultReceipt",
    "Rle",
    "Scan",
    "SegmentDescription",
    "SendReceipt",
    "SentInstance",
    "Series",
    "SeriesPlan",
    "SeriesTags",
    "SeriesVolume",
    "TranscodeReceipt",
    "Volume",
    "batch",
    "check",
    "convert",
    "diffusion_gradients",
    "explain",
    "find",
    "measure",
    "open_volume",
    "picture",
    "plan",
    "read",
    "read_measurements",
    "scan",
    "send",
    "tags",
    "transcode",
    "write",
    "write_result",
]

# The import of the package itself costs nothing, and `--help` stays quick.
export_lazily(
    __name__,
    {"dicomseries.api": __all__, "dicomseries.installed_version": ("__version__",)},
)
