"""The imperative shell: the only package that names the stages in order, and that holds clock, entropy and progress."""

from __future__ import annotations

from dicomseries.pipeline.checking import check
from dicomseries.pipeline.commands import plan, write
from dicomseries.pipeline.looking import scan, tags
from dicomseries.pipeline.reading import Derivation, SeriesVolume, read
from dicomseries.pipeline.request import Progress

__all__ = ["Derivation", "Progress", "SeriesVolume", "check", "plan", "read", "scan", "tags", "write"]
