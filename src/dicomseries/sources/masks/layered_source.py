"""`LayeredSource`: an input that opens as layers of a segmentation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

from dicomseries.sources.arguments.source_arguments import SourceArguments
from dicomseries.sources.volume import Volume

__all__ = ["LayeredSource", "Opener"]

Opener = Callable[[Any, SourceArguments], Volume]
"""Opens one array, image or file."""


@runtime_checkable
class LayeredSource(Protocol):
    """Several masks, or a file of several layers."""

    @property
    def states_direction(self) -> bool:
        """Whether images or files state the directions of its axes."""

    def open_layers(self, opener: Opener, arguments: SourceArguments, /) -> Volume:
        """Return a volume whose axis of volumes holds the layers."""
