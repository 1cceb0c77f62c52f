"""Frames that stand several at one place → volumes: which frame belongs to which time point, echo or weighting.

Nothing here knows whether the frames come from one multi-frame file or from a file each.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = [
    "SAME_PLACE",
    "Arrangement",
    "Key",
    "arrange",
    "nearest_volumes",
    "places_of",
    "rising_times",
]

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

SAME_PLACE = 0.01
"""Slices nearer than this part of the median gap stand at one place."""
_SAME_MM = 1e-6
"""Slices nearer than this stand at one place whatever the others do; it is far below any voxel."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Key:
    """An attribute that may tell the volumes apart.

    Parameters
    ----------
    name : str
        Keyword.
    values : ndarray, shape (frames,) or (frames, n)
        One value or vector a frame; NaN where it has none.
    is_clock : bool
        A clock goes on from slice to slice, so its values need only differ between the frames at one place; any other
        attribute must have the same values at each.
    is_index : bool
        The maker numbered the volumes by it: where it repeats from place to place, each place has the same numbers.
    is_dimension : bool
        The standard's own index of the frames (PS3.3 section C.7.6.17).
    in_order : bool
        Volumes are sorted by the order of their frames, not by value (diffusion: directions have no order).
    """

    name: str
    values: Floats
    is_clock: bool = False
    is_index: bool = False
    in_order: bool = False
    is_dimension: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Arrangement:
    """Which slice and which volume each frame is.

    Parameters
    ----------
    slice_index, volume_index : ndarray of int, shape (frames,)
        From 0; slices count along the normal.
    volumes : int
        Volumes; 1 where each place holds one frame.
    by : str
        What told the volumes apart; "" for one volume.
    """

    slice_index: Indices
    volume_index: Indices
    volumes: int
    by: str

    @property
    def order(self) -> Indices:
        """The frames sorted by volume, then slice."""
        return np.lexsort((self.slice_index, self.volume_index))


def places_of(distances_mm: Floats) -> Indices:
    """Return the number of the place each frame stands at, from 0 along the normal.

    Examples
    --------
    >>> places_of(np.array([5.0, 0.0, 2.5, 5.0001, 0.0, 2.5])).tolist()
    [2, 0, 1, 2, 0, 1]
    """
    order = np.argsort(distances_mm, kind="stable")
    gaps = np.diff(distances_mm[order])
    largest = float(gaps.max(initial=0.0))
    usual = float(np.median(gaps[gaps > SAME_PLACE * largest])) if largest > _SAME_MM else np.inf
    places = np.empty(len(order), np.intp)
    places[order] = np.concatenate(([0], np.cumsum(gaps > SAME_PLACE * usual)))
    return places


def arrange(places: Indices, keys: Sequence[Key], numbers: Floats) -> Arrangement | None:
    """Split frames into volumes that are each complete.

    Parameters
    ----------
    places : ndarray of int, shape (frames,)
        As `places_of` returns them.
    keys : sequence of Key
        What may tell the volumes apart, the best first.
    numbers : ndarray, shape (frames,)
        InstanceNumber or number of the frame: the last resort, and the order where a key has none.

    Returns
    -------
    Arrangement or None
        None if the places do not hold the same number of frames, lack different volumes, or nothing tells them apart.

    Examples
    --------
    >>> echoes = Key(name="EchoTime", values=np.array([20.0, 20, 10, 10]))
    >>> found = arrange(np.array([0, 1, 0, 1]), [echoes], np.arange(4.0))
    >>> found.volume_index.tolist(), found.order.tolist(), found.by
    ([1, 1, 0, 0], [2, 3, 0, 1], 'EchoTime')
    """
    counts = np.bincount(places)
    volumes = int(counts[0])
    if (counts != volumes).any():
        return None
    if volumes == 1:
        return Arrangement(slice_index=places, volume_index=np.zeros_like(places), volumes=1, by="")
    if any(key.is_index and _lacks_some(places, key.values) for key in keys):
        # Some count acquisitions where volumes are meant; what the dimensions say of every place alike is the order.
        keys = [key for key in keys if key.is_dimension]
        named = (_same_everywhere(places, [key], numbers, volumes) for key in keys)
        index = next((one for one in named if one is not None), None)
        return None if index is None else _by_dimension(places, index, volumes)
    last = Key(name="InstanceNumber", values=numbers, is_clock=True)
    for name, index in itertools.chain(
        _by_value(places, keys, numbers, volumes),
        _by_clock(places, [*(key for key in keys if key.is_clock), last]),
    ):
        if index is not None:
            return Arrangement(slice_index=places, volume_index=index, volumes=volumes, by=name)
    return None


def nearest_volumes(places: Indices, keys: Sequence[Key]) -> Indices:
    """Return the volume of each frame where no arrangement is whole: by the key that leaves fewest repeated places.

    A key, or a pair of keys, is looked at if it has as many values as most places have frames, and if less than half
    of the frames that repeat a place still do so inside its volumes. All frames are one volume where none is.

    Examples
    --------
    >>> echoes = Key(name="EchoTime", values=np.array([10.0, 20, 10, 20, 10]))
    >>> nearest_volumes(np.array([0, 0, 1, 1, 2]), [echoes]).tolist()
    [0, 1, 0, 1, 0]
    """
    usual = int(np.median(np.bincount(places)))
    fewest = (len(places) - len(np.unique(places)) + 1) // 2
    best = np.zeros(len(places), np.intp)
    named = [key for key in keys if not key.is_clock]
    for combination in (*((key,) for key in keys), *itertools.combinations(named, 2)):
        codes = _codes(combination)
        count = int(codes.max()) + 1
        left = len(places) - len(np.unique(places * count + codes))
        if count == usual > 1 and left < fewest:
            best, fewest = codes, left
    return best


def _codes(keys: Sequence[Key]) -> Indices:
    """Return a number for each value that frames have of some keys together."""
    columns = np.column_stack([key.values for key in keys])
    # What a frame lacks is a value too: images without diffusion weighting have no direction.
    codes = np.unique(np.where(np.isnan(columns), -np.inf, columns), axis=0, return_inverse=True)[1]
    return np.asarray(codes.reshape(-1), np.intp)


def _by_dimension(places: Indices, index: Indices, volumes: int) -> Arrangement:
    return Arrangement(
        slice_index=places, volume_index=index, volumes=volumes, by="DimensionIndexValues"
    )


def _by_value(
    places: Indices, keys: Sequence[Key], numbers: Floats, volumes: int
) -> Iterator[tuple[str, Indices | None]]:
    """Yield what keys, and pairs of keys, with the same values at every place make of the frames."""
    for key in keys:
        yield key.name, _same_everywhere(places, [key], numbers, volumes)
    named = [key for key in keys if not key.is_clock]
    for pair in itertools.combinations(named, 2):
        yield (
            " and ".join(key.name for key in pair),
            _same_everywhere(places, pair, numbers, volumes),
        )


def _same_everywhere(
    places: Indices, keys: Sequence[Key], numbers: Floats, volumes: int
) -> Indices | None:
    codes = _codes(keys)
    if int(codes.max()) + 1 != volumes or not _are_distinct(places, codes):
        return None
    if not any(key.in_order for key in keys):
        return codes
    firsts = np.full(volumes, np.inf)
    np.minimum.at(firsts, codes, numbers)
    return np.argsort(np.argsort(firsts, kind="stable"))[codes]


def _by_clock(places: Indices, keys: Sequence[Key]) -> Iterator[tuple[str, Indices | None]]:
    """Yield the rank of each frame among those at its place, for keys that differ at every place."""
    for key in keys:
        values = key.values.reshape(len(places))
        if not np.isfinite(values).all() or not _are_distinct(
            places, np.unique(values, return_inverse=True)[1]
        ):
            yield key.name, None
            continue
        order = np.lexsort((values, places))
        rank = np.empty_like(places)
        rank[order] = np.arange(len(places)) % (len(places) // (int(places.max()) + 1))
        yield key.name, None if _ticks_amiss(values, rank) else rank


def _lacks_some(places: Indices, values: Floats) -> bool:
    """Return whether the places share values, but not all of them: each lacks other volumes."""
    known, codes = np.unique(
        np.where(np.isnan(values), -np.inf, values), axis=0, return_inverse=True
    )
    if len(known) == len(places):
        return False
    table = np.bincount(
        places * len(known) + codes.reshape(-1), minlength=(int(places.max()) + 1) * len(known)
    )
    held = table.reshape(-1, len(known))
    return bool(((held > 0).sum(axis=0) > 1).any() and (held != held[0]).any())


def _ticks_amiss(values: Floats, rank: Indices) -> bool:
    """Return whether a clock with one time for a whole volume has it early at one place and late at another.

    Then places lack different volumes. Clocks with times of their own for each slice cannot show that.
    """
    known, codes = np.unique(values, return_inverse=True)
    ranks = len(np.unique(codes.reshape(-1) * len(values) + rank))
    return len(known) <= 2 * (int(rank.max()) + 1) and ranks > len(known)


def _are_distinct(places: Indices, codes: npt.NDArray[np.intp]) -> bool:
    pairs = places * (int(codes.max()) + 1) + codes
    return len(np.unique(pairs)) == len(pairs)


def rising_times(arrangement: Arrangement, clocks: Sequence[Floats]) -> tuple[float, ...] | None:
    """Return when each volume begins, in seconds after the first, by the first clock that rises from each to the next.

    Parameters
    ----------
    arrangement : Arrangement
        Of the frames.
    clocks : sequence of ndarray, shape (frames,)
        Seconds; NaN where a frame has none.

    Examples
    --------
    >>> found = arrange(np.array([0, 1, 0, 1]), [], np.arange(4.0))
    >>> rising_times(found, [np.array([10.0, 11.0, 12.5, 13.5])])
    (0.0, 2.5)
    """
    if arrangement.volumes == 1:
        return None
    for seconds in clocks:
        if not np.isfinite(seconds).all():
            continue
        starts = np.full(arrangement.volumes, np.inf)
        np.minimum.at(starts, arrangement.volume_index, seconds)
        if (np.diff(starts) > 0).all():
            return tuple(np.round(starts - starts[0], 9).tolist())
    return None
