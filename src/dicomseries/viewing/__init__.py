"""Views of a series: page, contact sheet, external viewers, DICOMweb."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dicomseries.lazy_exports import export_lazily

if TYPE_CHECKING:
    from dicomseries.viewing.contact_sheet import contact_sheet, letters_of
    from dicomseries.viewing.dicomweb import HEADERS, SeriesIndex, Service, index_instances
    from dicomseries.viewing.grey_windows import PRESETS, GreyWindow, header_window
    from dicomseries.viewing.html_page import packed_voxels, page_html
    from dicomseries.viewing.layers import (
        Layer,
        check_regular,
        check_shown,
        layer_of,
        place_overlay,
    )
    from dicomseries.viewing.loopback import make_server, request_handler
    from dicomseries.viewing.page_model import attributes_of, findings_of, page_model
    from dicomseries.viewing.planes import Planes
    from dicomseries.viewing.server import Site, site_server
    from dicomseries.viewing.viewers import VIEWERS, OpenedViewer, ViewerInput

__all__ = [
    "HEADERS",
    "PRESETS",
    "VIEWERS",
    "GreyWindow",
    "Layer",
    "OpenedViewer",
    "Planes",
    "SeriesIndex",
    "Service",
    "Site",
    "ViewerInput",
    "attributes_of",
    "check_regular",
    "check_shown",
    "contact_sheet",
    "findings_of",
    "header_window",
    "index_instances",
    "layer_of",
    "letters_of",
    "make_server",
    "packed_voxels",
    "page_html",
    "page_model",
    "place_overlay",
    "request_handler",
    "site_server",
]

export_lazily(
    __name__,
    {
        "dicomseries.viewing.grey_windows": ("GreyWindow", "PRESETS", "header_window"),
        "dicomseries.viewing.contact_sheet": ("contact_sheet", "letters_of"),
        "dicomseries.viewing.dicomweb": ("HEADERS", "SeriesIndex", "Service", "index_instances"),
        "dicomseries.viewing.html_page": ("packed_voxels", "page_html"),
        "dicomseries.viewing.layers": (
            "Layer",
            "check_regular",
            "check_shown",
            "layer_of",
            "place_overlay",
        ),
        "dicomseries.viewing.loopback": ("make_server", "request_handler"),
        "dicomseries.viewing.page_model": ("attributes_of", "findings_of", "page_model"),
        "dicomseries.viewing.planes": ("Planes",),
        "dicomseries.viewing.server": ("Site", "site_server"),
        "dicomseries.viewing.viewers": ("VIEWERS", "OpenedViewer", "ViewerInput"),
    },
)
