"""What the user says about patient, study, series and equipment: DICOM keywords, checked before a byte is written."""

from __future__ import annotations

from dicomseries.metadata.bids.sidecar import Sidecar, refuse_sidecar, sidecar_of
from dicomseries.metadata.datasets import plain_mapping
from dicomseries.metadata.keywords import keyword_of
from dicomseries.metadata.metadata_files import parse_json, parse_toml
from dicomseries.metadata.metadata_record import Metadata
from dicomseries.metadata.owned_attributes import OWNED
from dicomseries.metadata.padding_option import padding_refused, taken_padding
from dicomseries.metadata.plausible_units import unit_advice

__all__ = [
    "OWNED",
    "Metadata",
    "Sidecar",
    "keyword_of",
    "padding_refused",
    "parse_json",
    "parse_toml",
    "plain_mapping",
    "refuse_sidecar",
    "sidecar_of",
    "taken_padding",
    "unit_advice",
]
