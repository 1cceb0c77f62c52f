"""A series → something to look at: a page for a browser, the server that feeds it, a contact sheet."""

from __future__ import annotations

from dicomseries.viewing.contact_sheet import contact_sheet
from dicomseries.viewing.document import document, packed
from dicomseries.viewing.layers import Layer, check_regular, layer_of, over
from dicomseries.viewing.loopback import bound, handler
from dicomseries.viewing.model import attributes_of, findings_of, page_model
from dicomseries.viewing.planes import Planes
from dicomseries.viewing.server import Site, bound_server

__all__ = [
    "Layer",
    "Planes",
    "Site",
    "attributes_of",
    "bound",
    "bound_server",
    "check_regular",
    "contact_sheet",
    "document",
    "findings_of",
    "handler",
    "layer_of",
    "over",
    "packed",
    "page_model",
]
