"""External viewers: one module each, with `NAME`, `SUMMARY` and `open_viewer`."""

from __future__ import annotations

from types import ModuleType

from dicomseries.viewing.viewers import dcmview, niivue, ohif
from dicomseries.viewing.viewers.viewer_input import OpenedViewer, ViewerInput

__all__ = ["VIEWERS", "OpenedViewer", "ViewerInput"]

VIEWERS: dict[str, ModuleType] = {viewer.NAME: viewer for viewer in (niivue, dcmview, ohif)}
"""Viewers by their name on the command line."""
