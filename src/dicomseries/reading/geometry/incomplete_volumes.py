"""Volumes of a series that lack slices: an interrupted scan, or missing files."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dicomseries.errors import counted
from dicomseries.reading.geometry.volume_keys import Key
from dicomseries.reading.geometry.volume_sorting import VolumeSorting
from dicomseries.reading.problems import Problem

__all__ = ["complete_volumes", "groups_by_attribute", "left_out_problem"]

Indices = npt.NDArray[np.intp]
Flags = npt.NDArray[np.bool_]

_OVER_TIME = frozenset(
    {
        "TemporalPositionIdentifier",
        "TemporalPositionIndex",
        "TemporalPositionTimeOffset",
        "AcquisitionNumber",
        "FrameAcquisitionNumber",
        "FrameReferenceTime",
        "ImageIndex",
    }
)
"""Attributes that count the volumes in the order in which they were taken."""


def complete_volumes(sorting: VolumeSorting) -> Flags | None:
    """Return the frames of complete volumes, where only the last one lacks slices.

    A scan that was interrupted ends so. Where an earlier volume lacks slices, files are missing,
    and the times of the others would not be those of a list of volumes.

    Parameters
    ----------
    sorting : VolumeSorting
        Without an arrangement.

    Returns
    -------
    ndarray of bool, shape (frames,) or None
        None if that is not so.
    """
    for key in sorting.keys:
        if key.name not in _OVER_TIME:
            continue
        codes = _codes_of(key)
        if codes is None or not _are_apart(sorting.places, codes):
            continue
        sizes = np.bincount(codes)
        is_interrupted = len(sizes) > 1 and (sizes[:-1] == sorting.place_count).all()
        if is_interrupted and sizes[-1] < sorting.place_count:
            return np.asarray(codes < len(sizes) - 1)
    return None


def left_out_problem(kept: Flags, places: int) -> Problem:
    """Return the warning about an incomplete volume that is left out."""
    volumes, slices = int(kept.sum()) // places + 1, int((~kept).sum())
    return Problem(
        code="volume-incomplete",
        level="warning",
        text=f"the last of {counted(volumes, 'volume')} has {slices} of {places} slices, as of an "
        "interrupted scan, and is left out",
        remedy="Copy or export its other slices, if there are such; give its files alone to read "
        "the slices that it has.",
    )


def groups_by_attribute(sorting: VolumeSorting) -> tuple[str, Indices] | None:
    """Return the attribute that tells incomplete volumes apart, and the volume of each frame.

    Echoes, flip angles or parts of complex numbers of which some lack slices. None without such.
    """
    most = int(np.bincount(sorting.places).max())
    for key in sorting.keys:
        if key.name in _OVER_TIME or key.is_clock:
            continue
        codes = _codes_of(key)
        if codes is None or int(codes.max()) + 1 != most:
            continue
        if _are_apart(sorting.places, codes):
            return key.name, codes
    return None


def _codes_of(key: Key) -> Indices | None:
    """Return the number of each frame's value; None if one is missing, or they are vectors."""
    values = key.values.reshape(len(key.values), -1)
    if values.shape[1] != 1 or not np.isfinite(values).all():
        return None
    codes = np.unique(values[:, 0], return_inverse=True)[1]
    return np.asarray(codes.reshape(-1), np.intp)


def _are_apart(places: Sequence[int] | Indices, codes: Indices) -> bool:
    """Return whether no volume has two frames at one place."""
    pairs = np.asarray(places) * (int(codes.max()) + 1) + codes
    return len(np.unique(pairs)) == len(pairs)
