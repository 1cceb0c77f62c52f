"""The parts of a series that become separate files."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

from dicomseries.lazy_dataclass import dataclass
from dicomseries.sources import Volume

__all__ = ["VolumePart", "volume_parts"]

_SPLIT_AXES = ("echo", "part", "image_type", "inversion_time", "flip_angle", "acquisition")
"""Axes of which each entry is a file, as programs for MR expect; times and directions stay."""
_LETTERS = {"echo": "e", "inversion_time": "ti", "flip_angle": "fa", "acquisition": "a"}
"""Axis → letters before the number of the entry, from 1."""
_PARTS = {"magnitude": "", "phase": "ph", "real": "real", "imaginary": "imaginary"}
"""Part of complex numbers → suffix, as dcm2niix writes it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VolumePart:
    """One part of a series.

    Parameters
    ----------
    volume : Volume
        Its voxels.
    attributes : mapping of str to value
        Those that all its slices share, by keyword.
    suffix : str
        What tells it apart, e.g. ``"e2_ph"``; empty for a whole series.
    """

    volume: Volume
    attributes: Mapping[str, Any]
    suffix: str


def volume_parts(volume: Volume) -> Iterator[VolumePart]:
    """Yield each echo, and each part of complex numbers, of a series.

    Parameters
    ----------
    volume : Volume
        A series; time points, weightings and cardiac phases stay together.

    Examples
    --------
    >>> import numpy as np
    >>> from dicomseries.geometry import Grid
    >>> from dicomseries.sources import array_frames
    >>> grid = Grid(shape=(3, 4, 5), spacing_mm=(1, 1, 2))
    >>> volume = Volume(slabs=array_frames(np.ones((3, 4, 5))), grid=grid)
    >>> [part.suffix for part in volume_parts(volume)]
    ['']
    """
    axes = [axis for axis in volume.volume_axes if axis.name in _SPLIT_AXES]
    lengths = [range(len(axis.values)) for axis in axes]
    for entries in itertools.product(*lengths):
        words = []
        for axis, entry in zip(axes, entries, strict=True):
            words.append(_word(axis.name, str(axis.values[entry]), entry))
        chosen = {axis.name: entry for axis, entry in zip(axes, entries, strict=True)}
        part = volume.pick(**chosen) if chosen else volume
        yield VolumePart(
            volume=part,
            attributes={} if part.tags is None else part.tags.shared,
            suffix="_".join(filter(None, words)),
        )


def _word(axis: str, value: str, entry: int) -> str:
    if axis in _LETTERS:
        return f"{_LETTERS[axis]}{entry + 1}"
    return _PARTS.get(value, value)
