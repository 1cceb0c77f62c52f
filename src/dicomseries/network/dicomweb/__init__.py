"""An archive that talks DICOMweb (PS3.18): STOW-RS, QIDO-RS, WADO-RS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dicomseries.lazy_exports import export_lazily

if TYPE_CHECKING:
    from dicomseries.network.dicomweb.web_address import WebAddress, is_dicomweb_url
    from dicomseries.network.dicomweb.web_peer import WebPeer
    from dicomseries.network.dicomweb.web_settings import WebSettings

__all__ = ["WebAddress", "WebPeer", "WebSettings", "is_dicomweb_url"]

export_lazily(
    __name__,
    {
        "dicomseries.network.dicomweb.web_address": ("WebAddress", "is_dicomweb_url"),
        "dicomseries.network.dicomweb.web_peer": ("WebPeer",),
        "dicomseries.network.dicomweb.web_settings": ("WebSettings",),
    },
)
