"""From a series and a new array to the attributes of a derived series (PS3.3 sections C.7.6.1.1.3 and C.12.4)."""

from __future__ import annotations

from dicomseries.derivation.source import Source, SourceFrame

__all__ = ["Source", "SourceFrame"]
