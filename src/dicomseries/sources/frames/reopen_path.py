"""FrameReader that come from a path: pickled they are the path alone, and another process opens it again."""

from __future__ import annotations

import importlib
import pickle
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy.typing as npt

from dicomseries.orientation import Turn
from dicomseries.sources.arguments.source_arguments import Location, SourceArguments
from dicomseries.sources.frames.turned_axes import turned_slabs
from dicomseries.sources.optional_packages import guarded
from dicomseries.sources.volume import FrameReader, SlabsAround

__all__ = ["PathSlabs"]

_OPEN_AT_ONCE = 4
"""Sources that a process keeps open after they were unpickled: each task of a long write brings the same one again."""


@dataclass(frozen=True, slots=True, eq=False)
class PathSlabs(SlabsAround):
    """The slabs of a file or folder that other processes can open too.

    Parameters
    ----------
    slabs : FrameReader
        As the format reads them here.
    module : str
        Name of the module of the format.
    location : Location
        Absolute, as a worker has a working folder of its own.
    request : SourceArguments
        What was asked of it.
    turn : Turn, optional
        How its axes are turned.
    slices : int
        Slices of one volume before the turn.
    """

    slabs: FrameReader
    module: str
    location: Location
    request: SourceArguments
    turn: Turn | None = None
    slices: int = 1

    def turned(self, turn: Turn, slices: int) -> PathSlabs:
        """Return the slabs with their axes turned, here and wherever they are opened again."""
        return replace(self, slabs=turned_slabs(self.slabs, turn, slices), turn=turn, slices=slices)

    def read(self, start: int, stop: int) -> npt.NDArray[Any]:
        """Return the frames [start, stop)."""
        with guarded(str(self.location)):
            return self.slabs.read(start, stop)

    def __reduce__(self) -> tuple[Any, ...]:
        recipe = (self.module, self.location, self.request, self.turn, self.slices)
        return _reopen, (pickle.dumps(recipe),)


@lru_cache(maxsize=_OPEN_AT_ONCE)
def _reopen(recipe: bytes) -> PathSlabs:
    module, location, request, turn, slices = pickle.loads(recipe)  # noqa: S301 - made by ourselves, inside of a pickle
    volume = importlib.import_module(module).open_volume(location, request)
    slabs = PathSlabs(volume.slabs, module, location, request)
    return slabs if turn is None else slabs.turned(turn, slices)
