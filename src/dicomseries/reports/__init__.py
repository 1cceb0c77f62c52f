"""Receipts as text, plain values and HTML."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dicomseries.lazy_exports import export_lazily

if TYPE_CHECKING:
    from dicomseries.reports.archive_listing import ArchiveListing, ListedEntry
    from dicomseries.reports.batch_report import BatchReport, BatchRow, LeftOutFile
    from dicomseries.reports.conversion_report import ConversionReport, ConvertedSeries
    from dicomseries.reports.measurement_receipt import MeasurementReceipt
    from dicomseries.reports.receipt import Receipt
    from dicomseries.reports.result_receipt import ResultPart, ResultReceipt
    from dicomseries.reports.send_receipt import Confirmation, SendReceipt, SentInstance
    from dicomseries.reports.transcode_receipt import KeptFile, TranscodeReceipt

__all__ = [
    "ArchiveListing",
    "BatchReport",
    "BatchRow",
    "Confirmation",
    "ConversionReport",
    "ConvertedSeries",
    "KeptFile",
    "LeftOutFile",
    "ListedEntry",
    "MeasurementReceipt",
    "Receipt",
    "ResultPart",
    "ResultReceipt",
    "SendReceipt",
    "SentInstance",
    "TranscodeReceipt",
]

export_lazily(
    __name__,
    {
        "dicomseries.reports.batch_report": ("BatchReport", "BatchRow", "LeftOutFile"),
        "dicomseries.reports.archive_listing": ("ArchiveListing", "ListedEntry"),
        "dicomseries.reports.send_receipt": ("Confirmation", "SendReceipt", "SentInstance"),
        "dicomseries.reports.conversion_report": ("ConversionReport", "ConvertedSeries"),
        "dicomseries.reports.result_receipt": ("ResultPart", "ResultReceipt"),
        "dicomseries.reports.measurement_receipt": ("MeasurementReceipt",),
        "dicomseries.reports.receipt": ("Receipt",),
        "dicomseries.reports.transcode_receipt": ("KeptFile", "TranscodeReceipt"),
    },
)
