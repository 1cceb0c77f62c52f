"""Viewers of others that can show a series: one file each, with `WORD`, `SUMMARY` and `opened`."""

from __future__ import annotations

from types import ModuleType

from dicomseries.viewing.viewers import dcmview, niivue, ohif
from dicomseries.viewing.viewers.viewer_input import Opened, Subject

__all__ = ["VIEWERS", "Opened", "Subject"]

VIEWERS: dict[str, ModuleType] = {viewer.WORD: viewer for viewer in (niivue, dcmview, ohif)}
"""By the word of the command line: what it is (`SUMMARY`), and the context manager that gives it `opened`."""
