"""Read-only DICOMweb service of a folder (PS3.18 chapter 10)."""

from __future__ import annotations

from dicomseries.viewing.dicomweb.series_index import SeriesIndex, index_instances
from dicomseries.viewing.dicomweb.service import HEADERS, Service

__all__ = ["HEADERS", "SeriesIndex", "Service", "index_instances"]
