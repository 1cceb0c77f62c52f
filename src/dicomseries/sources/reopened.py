"""Slabs that come from a path: pickled they are the path alone, and another process opens it again."""

from __future__ import annotations

import importlib
import pickle
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy.typing as npt

from dicomseries.sources.request import Location, Request
from dicomseries.sources.volume import Slabs, SlabsAround

__all__ = ["PathSlabs"]

_OPEN_AT_ONCE = 4
"""Sources that a process keeps open after they were unpickled: each task of a long write brings the same one again."""


@dataclass(frozen=True, slots=True, eq=False)
class PathSlabs(SlabsAround):
    """The slabs of a file or folder that other processes can open too.

    Parameters
    ----------
    slabs : Slabs
        As the format reads them here.
    module : str
        Name of the module of the format.
    location : Location
        Absolute, as a worker has a working folder of its own.
    request : Request
        What was asked of it.
    """

    slabs: Slabs
    module: str
    location: Location
    request: Request

    def read(self, start: int, stop: int) -> npt.NDArray[Any]:
        """Return the frames [start, stop)."""
        return self.slabs.read(start, stop)

    def __reduce__(self) -> tuple[Any, ...]:
        return _reopen, (pickle.dumps((self.module, self.location, self.request)),)


@lru_cache(maxsize=_OPEN_AT_ONCE)
def _reopen(recipe: bytes) -> PathSlabs:
    module, location, request = pickle.loads(recipe)  # noqa: S301 - made by ourselves, inside of a pickle
    volume = importlib.import_module(module).open_volume(location, request)
    return PathSlabs(volume.slabs, module, location, request)
