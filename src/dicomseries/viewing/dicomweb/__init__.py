"""A folder of series as a read-only DICOMweb service (PS3.18 chapter 10): search and retrieve, nothing else."""

from __future__ import annotations

from dicomseries.viewing.dicomweb.series_index import Holdings, holdings_of
from dicomseries.viewing.dicomweb.service import HEADERS, Service

__all__ = ["HEADERS", "Holdings", "Service", "holdings_of"]
