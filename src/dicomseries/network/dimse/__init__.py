"""An archive that talks DIMSE, by pynetdicom: C-ECHO, C-STORE, C-FIND, C-GET, C-MOVE."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dicomseries.lazy_exports import export_lazily

if TYPE_CHECKING:
    from dicomseries.network.dimse.address import DimseAddress
    from dicomseries.network.dimse.dimse_peer import DimsePeer
    from dicomseries.network.dimse.settings import DimseSettings

__all__ = ["DimseAddress", "DimsePeer", "DimseSettings"]

export_lazily(
    __name__,
    {
        "dicomseries.network.dimse.address": ("DimseAddress",),
        "dicomseries.network.dimse.dimse_peer": ("DimsePeer",),
        "dicomseries.network.dimse.settings": ("DimseSettings",),
    },
)
