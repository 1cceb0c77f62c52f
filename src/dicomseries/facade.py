"""Every public name, imported from where it is; `dicomseries` imports this module when the first of them is used."""

from dicomseries.codecs import Htj2k, Jpeg2000, JpegLs, JpegXl, Rle
from dicomseries.errors import DicomSeriesError, DicomSeriesWarning
from dicomseries.geometry import Grid
from dicomseries.pipeline import check, plan, read, scan, tags, write
from dicomseries.plan import SeriesPlan
from dicomseries.report import Receipt
from dicomseries.sources import Volume, diffusion_gradients, open_volume
from dicomseries.values import Digits, Exact, Lossless, Rescale
from dicomseries.verify import Finding, Findings, explain

__all__ = [
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
    "Lossless",
    "Receipt",
    "Rescale",
    "Rle",
    "SeriesPlan",
    "Volume",
    "check",
    "diffusion_gradients",
    "explain",
    "open_volume",
    "plan",
    "read",
    "scan",
    "tags",
    "write",
]
