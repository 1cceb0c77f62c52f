"""Slices that stand several at one place → volumes: the one answer that reading and checking share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from dicomseries.reading.geometry.repeated_places import (
    Arrangement,
    Key,
    arrange,
    nearest_volumes,
    places_of,
)
from dicomseries.reading.geometry.volume_keys import classic_keys, frame_keys
from dicomseries.reading.multiframe.functional_groups import FunctionalGroups
from dicomseries.reading.parse.instance import Instance

__all__ = ["VolumeSorting", "sort_files", "sort_frames"]

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VolumeSorting:
    """Which volume each slice belongs to.

    Parameters
    ----------
    places : ndarray of int, shape (slices,)
        Number of the place along the normal, from 0.
    keys : tuple of Key
        Attributes that were tried; none where no place repeats.
    numbers : ndarray, shape (slices,)
        InstanceNumber, or the order of the frames.
    arrangement : Arrangement or None
        The volumes; None if the slices do not form whole ones.
    """

    places: Indices
    keys: tuple[Key, ...]
    numbers: Floats
    arrangement: Arrangement | None

    @property
    def place_count(self) -> int:
        """How many places there are."""
        return int(self.places.max()) + 1

    @property
    def volume_index(self) -> Indices:
        """Volume of each slice from 0; the nearest guess where they form no whole volumes."""
        if self.arrangement is not None:
            return self.arrangement.volume_index
        return nearest_volumes(self.places, self.keys)

    @property
    def tried(self) -> tuple[str, ...]:
        """Names of the attributes that were tried."""
        return tuple(dict.fromkeys(key.name for key in self.keys))


def sort_files(instances: Sequence[Instance], distances_mm: Floats) -> VolumeSorting:
    """Sort files of one frame into volumes.

    Parameters
    ----------
    instances : sequence of Instance
        In the order of InstanceNumber.
    distances_mm : ndarray, shape (files,)
        Along the normal.

    Examples
    --------
    >>> from dicomseries.reading import read_instance
    >>> from pydicom.data import get_testdata_file
    >>> sorting = sort_files([read_instance(get_testdata_file("CT_small.dcm"))], np.zeros(1))
    >>> sorting.place_count, sorting.volume_index.tolist(), sorting.tried
    (1, [0], ())
    """
    places = places_of(distances_mm)
    keys = classic_keys(instances) if int(places.max()) + 1 < len(places) else ()
    numbers = np.array([next(iter(one.numbers("InstanceNumber")), np.nan) for one in instances])
    return VolumeSorting(
        places=places, keys=keys, numbers=numbers, arrangement=arrange(places, keys, numbers)
    )


def sort_frames(
    pool: Sequence[FunctionalGroups], distances_mm: Floats, chosen: Indices | None = None
) -> VolumeSorting:
    """Sort frames of multi-frame files into volumes.

    Parameters
    ----------
    pool : sequence of FunctionalGroups
        Of all files, in order.
    distances_mm : ndarray, shape (frames,)
        Along the normal, of the frames that are sorted.
    chosen : ndarray of int, shape (frames,), optional
        Which frames these are, counted through all files; all of them by default.
    """
    places = places_of(distances_mm)
    frames = np.arange(len(places)) if chosen is None else chosen
    keys = frame_keys(pool) if int(places.max()) + 1 < len(places) else ()
    keys = tuple(replace(key, values=key.values[frames]) for key in keys)
    numbers = np.arange(len(places), dtype=np.float64)
    return VolumeSorting(
        places=places, keys=keys, numbers=numbers, arrangement=arrange(places, keys, numbers)
    )
