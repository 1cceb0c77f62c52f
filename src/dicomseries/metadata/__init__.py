"""The user's attributes of patient, study, series and equipment, checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dicomseries.lazy_exports import export_lazily

if TYPE_CHECKING:
    from dicomseries.metadata.bids.sidecar import Sidecar, reject_sidecar, sidecar_of
    from dicomseries.metadata.datasets import plain_mapping
    from dicomseries.metadata.keywords import keyword_of
    from dicomseries.metadata.metadata_files import parse_json, parse_toml
    from dicomseries.metadata.metadata_record import Metadata
    from dicomseries.metadata.owned_attributes import OWNED
    from dicomseries.metadata.padding_option import padding_error, split_padding
    from dicomseries.metadata.plausible_units import unit_advice

__all__ = [
    "OWNED",
    "Metadata",
    "Sidecar",
    "keyword_of",
    "padding_error",
    "parse_json",
    "parse_toml",
    "plain_mapping",
    "reject_sidecar",
    "sidecar_of",
    "split_padding",
    "unit_advice",
]

export_lazily(
    __name__,
    {
        "dicomseries.metadata.bids.sidecar": ("Sidecar", "reject_sidecar", "sidecar_of"),
        "dicomseries.metadata.datasets": ("plain_mapping",),
        "dicomseries.metadata.keywords": ("keyword_of",),
        "dicomseries.metadata.metadata_files": ("parse_json", "parse_toml"),
        "dicomseries.metadata.metadata_record": ("Metadata",),
        "dicomseries.metadata.owned_attributes": ("OWNED",),
        "dicomseries.metadata.padding_option": ("padding_error", "split_padding"),
        "dicomseries.metadata.plausible_units": ("unit_advice",),
    },
)
