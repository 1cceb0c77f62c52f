"""Facts about a volume for a notebook."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from dicomseries import drawing
from dicomseries.geometry import Grid
from dicomseries.sources.frames.frame_reader import FrameReader

__all__ = ["facts_of_volume"]

_NAMES = {"modality": "Modality", "series": "SeriesDescription", "series UID": "SeriesInstanceUID"}
"""Label of a fact about a series → keyword of its attribute."""


class _Described(Protocol):
    """What is told of a `Volume`."""

    @property
    def grid(self) -> Grid: ...
    @property
    def slabs(self) -> FrameReader: ...
    @property
    def samples(self) -> int: ...
    @property
    def is_scaled(self) -> bool: ...
    @property
    def slope(self) -> float: ...
    @property
    def intercept(self) -> float: ...


def facts_of_volume(
    volume: _Described, attributes: Mapping[str, Any], volumes: str
) -> list[tuple[str, object]]:
    """Return the facts about a volume, each with its label.

    Parameters
    ----------
    volume : Volume
        Its voxels are not read.
    attributes : mapping
        Those of the series.
    volumes : str
        Number and axes of the volumes; "" for one volume.
    """
    facts: list[tuple[str, object]] = []
    for label, keyword in _NAMES.items():
        if attributes.get(keyword):
            facts.append((label, attributes[keyword]))
    facts += drawing.facts_of_grid(volume.grid)
    if volumes:
        facts.append(("volumes", volumes))
    values = str(volume.slabs.dtype)
    if volume.samples == 3:
        values += ", 3 colours"
    if volume.is_scaled:
        values += f", real = {volume.slope:g} · value + {volume.intercept:g}"
    return [*facts, ("values", values)]
