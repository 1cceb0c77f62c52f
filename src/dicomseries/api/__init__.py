"""Public names of the package, one module per verb."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dicomseries.lazy_exports import export_lazily

if TYPE_CHECKING:
    from dicomseries.api.check import check
    from dicomseries.api.delivery.find import find
    from dicomseries.api.delivery.send import send
    from dicomseries.api.folders.batch import batch
    from dicomseries.api.folders.convert import convert
    from dicomseries.api.folders.transcode import transcode
    from dicomseries.api.measure import measure
    from dicomseries.api.picture import picture
    from dicomseries.api.plan import plan
    from dicomseries.api.read import read
    from dicomseries.api.read_measurements import read_measurements
    from dicomseries.api.read_result import SeriesVolume
    from dicomseries.api.report import report_page
    from dicomseries.api.scan import scan
    from dicomseries.api.serve import held_at, serve
    from dicomseries.api.tags import tags
    from dicomseries.api.view import look, opened_in
    from dicomseries.api.write import Derivation, write
    from dicomseries.api.write_result import write_result
    from dicomseries.checks import Finding, Findings, explain
    from dicomseries.codecs import Htj2k, Jpeg2000, JpegLs, JpegXl, Rle
    from dicomseries.errors import DeliveryError, DicomSeriesError, DicomSeriesWarning
    from dicomseries.geometry import Grid
    from dicomseries.measurements import MeasurementTable
    from dicomseries.plan import SeriesPlan
    from dicomseries.reading import CodedConcept, Scan, SegmentDescription, Series, SeriesTags
    from dicomseries.reports import (
        ArchiveListing,
        BatchReport,
        BatchRow,
        Confirmation,
        ConversionReport,
        ConvertedSeries,
        KeptFile,
        LeftOutFile,
        ListedEntry,
        MeasurementReceipt,
        Receipt,
        ResultPart,
        ResultReceipt,
        SendReceipt,
        SentInstance,
        TranscodeReceipt,
    )
    from dicomseries.sources import Volume, diffusion_gradients, open_volume
    from dicomseries.values import Digits, Exact, Lossless, Rescale

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
    "held_at",
    "look",
    "measure",
    "open_volume",
    "opened_in",
    "picture",
    "plan",
    "read",
    "read_measurements",
    "report_page",
    "scan",
    "send",
    "serve",
    "tags",
    "transcode",
    "write",
    "write_result",
]

export_lazily(
    __name__,
    {
        "dicomseries.api.write_result": ("write_result",),
        "dicomseries.api.picture": ("picture",),
        "dicomseries.api.check": ("check",),
        "dicomseries.api.folders.batch": ("batch",),
        "dicomseries.api.delivery.find": ("find",),
        "dicomseries.api.delivery.send": ("send",),
        "dicomseries.api.folders.convert": ("convert",),
        "dicomseries.api.folders.transcode": ("transcode",),
        "dicomseries.api.measure": ("measure",),
        "dicomseries.api.plan": ("plan",),
        "dicomseries.api.read": ("read",),
        "dicomseries.api.read_measurements": ("read_measurements",),
        "dicomseries.api.read_result": ("SeriesVolume",),
        "dicomseries.api.report": ("report_page",),
        "dicomseries.api.scan": ("scan",),
        "dicomseries.api.serve": ("held_at", "serve"),
        "dicomseries.api.tags": ("tags",),
        "dicomseries.api.view": ("look", "opened_in"),
        "dicomseries.api.write": ("Derivation", "write"),
        "dicomseries.checks": ("Finding", "Findings", "explain"),
        "dicomseries.codecs": ("Htj2k", "Jpeg2000", "JpegLs", "JpegXl", "Rle"),
        "dicomseries.errors": ("DeliveryError", "DicomSeriesError", "DicomSeriesWarning"),
        "dicomseries.geometry": ("Grid",),
        "dicomseries.measurements": ("MeasurementTable",),
        "dicomseries.plan": ("SeriesPlan",),
        "dicomseries.reading": (
            "CodedConcept",
            "Scan",
            "SegmentDescription",
            "Series",
            "SeriesTags",
        ),
        "dicomseries.reports": (
            "BatchReport",
            "BatchRow",
            "ConversionReport",
            "ConvertedSeries",
            "LeftOutFile",
            "ArchiveListing",
            "Confirmation",
            "ConversionReport",
            "ConvertedSeries",
            "ListedEntry",
            "MeasurementReceipt",
            "KeptFile",
            "Receipt",
            "ResultPart",
            "ResultReceipt",
            "TranscodeReceipt",
            "SendReceipt",
            "SentInstance",
        ),
        "dicomseries.sources": ("Volume", "diffusion_gradients", "open_volume"),
        "dicomseries.values": ("Digits", "Exact", "Lossless", "Rescale"),
    },
)
