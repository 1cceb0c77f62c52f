"""What the user says about patient, study, series and equipment: DICOM keywords, checked before a byte is written."""

from __future__ import annotations

from dicomseries.metadata.bids import Sidecar, refuse_sidecar, sidecar_of
from dicomseries.metadata.datasets import plain_mapping
from dicomseries.metadata.keywords import keyword_of
from dicomseries.metadata.ownership import OWNED
from dicomseries.metadata.plausible import unit_advice
from dicomseries.metadata.record import Metadata
from dicomseries.metadata.texts import parse_json, parse_toml

__all__ = [
    "OWNED",
    "Metadata",
    "Sidecar",
    "keyword_of",
    "parse_json",
    "parse_toml",
    "plain_mapping",
    "refuse_sidecar",
    "sidecar_of",
    "unit_advice",
]
