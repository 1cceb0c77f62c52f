"""A series → something to look at: a page for a browser, the server that feeds it, a contact sheet."""

from __future__ import annotations

from dicomseries.viewing.contact_sheet import contact_sheet
from dicomseries.viewing.dicomweb import HEADERS, Holdings, Service, holdings_of
from dicomseries.viewing.html_page import document, packed
from dicomseries.viewing.layers import Layer, check_regular, layer_of, over
from dicomseries.viewing.loopback import bound, handler
from dicomseries.viewing.page_model import attributes_of, findings_of, page_model
from dicomseries.viewing.planes import Planes
from dicomseries.viewing.server import Site, bound_server
from dicomseries.viewing.viewers import VIEWERS, Opened, Subject

__all__ = [
    "HEADERS",
    "VIEWERS",
    "Holdings",
    "Layer",
    "Opened",
    "Planes",
    "Service",
    "Site",
    "Subject",
    "attributes_of",
    "bound",
    "bound_server",
    "check_regular",
    "contact_sheet",
    "document",
    "findings_of",
    "handler",
    "holdings_of",
    "layer_of",
    "over",
    "packed",
    "page_model",
]
