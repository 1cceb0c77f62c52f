"""Volumes of a series with several slices at each place.

Reading and checking both ask `sort_files` or `sort_frames` which time point, echo or diffusion
weighting a slice belongs to.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from dicomseries.lazy_dataclass import dataclass
from dicomseries.reading.geometry.arrangement import FILE_ORDER, Arrangement
from dicomseries.reading.geometry.volume_keys import Key
from dicomseries.reading.parse.functional_groups import FunctionalGroups
from dicomseries.reading.parse.instance import Instance
from dicomseries.reading.problems import Problem
from dicomseries.volume_axes import VolumeLayout

if TYPE_CHECKING:
    from dicomseries.reading.geometry.several_volumes import FactsOfVolumes

__all__ = [
    "VolumeSorting",
    "arrange",
    "median",
    "places_of",
    "same_place_mm",
    "sort_files",
    "sort_frames",
    "usual_gap",
]

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

_SAME_PLACE = 0.01
"""Slices closer than this fraction of the median gap share a place."""
_SAME_MM = 1e-6
"""Slices closer than this share a place in any case; far below any voxel size."""
_APART_MM = 0.1
"""Slices farther apart than this share no place, however large the gaps between others are."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VolumeSorting:
    """Volume of each slice, and the attributes that were tried.

    Parameters
    ----------
    places : ndarray of int, shape (slices,)
        Number of the place along the normal, from 0.
    keys : tuple of Key
        Attributes that were tried; none if no place repeats.
    numbers : ndarray, shape (slices,)
        InstanceNumber, or the order of the frames.
    arrangement : Arrangement or None
        The volumes; None if the slices do not form complete ones.
    layout : VolumeLayout
        Axes, times, b-values and directions of the volumes of `arrangement`.
    problems : tuple of Problem
        Warnings about axes and times.
    """

    places: Indices
    keys: tuple[Key, ...]
    numbers: Floats
    arrangement: Arrangement | None
    layout: VolumeLayout = VolumeLayout()
    problems: tuple[Problem, ...] = ()

    @property
    def place_count(self) -> int:
        """Number of places."""
        return int(self.places.max()) + 1

    @property
    def order(self) -> Indices:
        """The slices sorted by volume, then place.

        By place if the volumes are incomplete.
        """
        if self.arrangement is None:
            return np.argsort(self.places, kind="stable")
        return self.arrangement.order

    @property
    def volume_index(self) -> Indices:
        """Volume of each slice from 0.

        The best guess if the volumes are incomplete.
        """
        if self.arrangement is None:
            return _nearest_volumes(self.places, self.keys)
        return self.arrangement.volume_index

    @property
    def tried(self) -> tuple[str, ...]:
        """Names of the attributes that were tried."""
        return tuple(dict.fromkeys(key.name for key in self.keys))


def sort_files(
    instances: Sequence[Instance], distances_mm: Floats, clocks: Sequence[Floats] = ()
) -> VolumeSorting:
    """Sort files of one frame into volumes.

    Parameters
    ----------
    instances : sequence of Instance
        In the order of InstanceNumber.
    distances_mm : ndarray, shape (files,)
        Along the normal.
    clocks : sequence of ndarray, shape (files,), optional
        Further times of the files in seconds, such as those of a vendor's private header.

    Examples
    --------
    >>> from dicomseries.reading import read_instance
    >>> from pydicom.data import get_testdata_file
    >>> sorting = sort_files([read_instance(get_testdata_file("CT_small.dcm"))], np.zeros(1))
    >>> sorting.place_count, sorting.volume_index.tolist(), sorting.tried
    (1, [0], ())
    """
    places = places_of(distances_mm)
    numbers = np.array([instance.decimal("InstanceNumber") for instance in instances])
    if int(places.max()) + 1 == len(places):
        return _sorting(places, (), numbers)
    from dicomseries.reading.geometry import several_volumes  # noqa: PLC0415 - for few series

    facts = several_volumes.about_files(instances, clocks)
    return _laid_out(_sorting(places, facts.keys, numbers), facts)


def sort_frames(
    files: Sequence[FunctionalGroups], distances_mm: Floats, frames: Indices | None = None
) -> VolumeSorting:
    """Sort frames of multi-frame files into volumes.

    Parameters
    ----------
    files : sequence of FunctionalGroups
        Of all files, in order.
    distances_mm : ndarray, shape (frames,)
        Along the normal, of the frames to sort.
    frames : ndarray of int, shape (frames,), optional
        Indices of these frames, counted through all files; all frames by default.
    """
    places = places_of(distances_mm)
    numbers = np.arange(len(places), dtype=np.float64)
    if int(places.max()) + 1 == len(places):
        return _sorting(places, (), numbers)
    from dicomseries.reading.geometry import several_volumes  # noqa: PLC0415 - for few series

    facts = several_volumes.about_frames(files, frames)
    return _laid_out(_sorting(places, facts.keys, numbers), facts)


def _sorting(places: Indices, keys: tuple[Key, ...], numbers: Floats) -> VolumeSorting:
    arrangement = arrange(places, keys, numbers)
    return VolumeSorting(places=places, keys=keys, numbers=numbers, arrangement=arrangement)


def _laid_out(sorting: VolumeSorting, facts: FactsOfVolumes) -> VolumeSorting:
    """Return the sorting with its volumes in the order of their axes."""
    if sorting.arrangement is None:
        return sorting
    arrangement, layout, problems = facts.lay_out(sorting.arrangement)
    return replace(sorting, arrangement=arrangement, layout=layout, problems=problems)


def places_of(distances_mm: Floats, *, step_mm: float | None = None) -> Indices:
    """Return the place number of each frame, along the normal.

    Parameters
    ----------
    distances_mm : ndarray, shape (frames,)
        Along the normal.
    step_mm : float, optional
        Stated distance of slices, where frames may be left out: most gaps may be many of it.

    Examples
    --------
    >>> places_of(np.array([5.0, 0.0, 2.5, 5.0001, 0.0, 2.5])).tolist()
    [2, 0, 1, 2, 0, 1]
    """
    order = np.argsort(distances_mm, kind="stable")
    gaps = np.diff(distances_mm[order])
    usual = usual_gap(gaps)
    if step_mm is not None:
        usual = min(usual, step_mm) or step_mm
    places = np.empty(len(order), np.intp)
    places[order] = np.concatenate(([0], np.cumsum(gaps > same_place_mm(usual))))
    return places


def usual_gap(gaps_mm: Floats) -> float:
    """Return the median step between different places, or 0.

    Examples
    --------
    >>> usual_gap(np.array([2.5, 0.0, 2.5, 5.0])), usual_gap(np.array([0.0, 1.25, 200.0, 1.25]))
    (2.5, 1.25)
    """
    largest = float(gaps_mm.max(initial=0.0))
    if largest <= _SAME_MM:
        return 0.0
    return median(gaps_mm[gaps_mm > same_place_mm(largest)])


def same_place_mm(gap_mm: float) -> float:
    """Return the largest step between slices at one place, where others are so far apart.

    Examples
    --------
    >>> same_place_mm(2.5), same_place_mm(200.0)
    (0.025, 0.1)
    """
    return max(_SAME_MM, min(_SAME_PLACE * gap_mm, _APART_MM))


def median(numbers: npt.NDArray[Any]) -> float:
    """Return the median of finite numbers.

    `numpy.median` imports `numpy.ma`, which takes as long as to read a small series.

    Examples
    --------
    >>> median(np.array([4, 1, 2, 10]))
    3.0
    """
    ordered = np.sort(numbers)
    last = len(ordered) - 1
    return float((ordered[last // 2] + ordered[(last + 1) // 2]) / 2)


def arrange(places: Indices, keys: Sequence[Key], numbers: Floats) -> Arrangement | None:
    """Split frames into complete volumes.

    Parameters
    ----------
    places : ndarray of int, shape (frames,)
        As `places_of` returns them.
    keys : sequence of Key
        Attributes that may separate the volumes, the best first.
    numbers : ndarray, shape (frames,)
        InstanceNumber or index of the frame: the last resort, and the order of unordered keys.

    Returns
    -------
    Arrangement or None
        None if the places hold different numbers of frames, lack different volumes, or no
        attribute separates them.

    Examples
    --------
    >>> echoes = Key(name="EchoTime", values=np.array([20.0, 20, 10, 10]))
    >>> arrangement = arrange(np.array([0, 1, 0, 1]), [echoes], np.arange(4.0))
    >>> arrangement.volume_index.tolist(), arrangement.order.tolist(), arrangement.by
    ([1, 1, 0, 0], [2, 3, 0, 1], 'EchoTime')
    """
    counts = np.bincount(places)
    volumes = int(counts[0])
    if (counts != volumes).any():
        return None
    if volumes == 1:
        index = np.zeros_like(places)
        return Arrangement(slice_index=places, volume_index=index, volumes=1, by="")
    for name, volume_index in _candidates(places, keys, numbers, volumes):
        if volume_index is not None:
            return Arrangement(
                slice_index=places, volume_index=volume_index, volumes=volumes, by=name
            )
    if volumes < len(places):
        return None
    # All slices have one place: each is a whole volume, so that none can be in the wrong one.
    return Arrangement(
        slice_index=places, volume_index=np.arange(volumes), volumes=volumes, by=FILE_ORDER
    )


def _candidates(
    places: Indices, keys: Sequence[Key], numbers: Floats, volumes: int
) -> Iterator[tuple[str, Indices | None]]:
    """Yield attribute names with the volume of each frame.

    None if they do not fit.
    """
    if any(key.is_index and _lacks_values(places, key.values) for key in keys):
        # Some writers count acquisitions in place of volumes; only dimensions are reliable then.
        for key in keys:
            if key.is_dimension:
                yield key.name, _by_value(places, [key], numbers, volumes)
        return
    for key in keys:
        yield key.name, _by_value(places, [key], numbers, volumes)
    for first, second in _pairs(keys):
        name = f"{first.name} and {second.name}"
        yield name, _by_value(places, [first, second], numbers, volumes)
    yield _by_refining(places, keys, numbers, volumes)
    for key in keys:
        if key.is_clock:
            yield key.name, _by_clock(places, key.values.reshape(len(places)))
    yield "InstanceNumber", _by_clock(places, numbers)


def _pairs(keys: Sequence[Key]) -> Iterator[tuple[Key, Key]]:
    return itertools.combinations([key for key in keys if not key.is_clock], 2)


def _by_refining(
    places: Indices, keys: Sequence[Key], numbers: Floats, volumes: int
) -> tuple[str, Indices | None]:
    """Return volumes by all attributes whose values each place has equally often.

    Volumes with equal values, such as repetitions, are told apart by a clock or by number.
    """
    codes, used = _refined(places, keys)
    if not used:
        return "", None
    names = [key.name for key in used]
    clocks = [(key.name, key.values.reshape(-1)) for key in keys if key.is_clock]
    for name, times in [("", np.zeros(len(places))), *clocks, ("InstanceNumber", numbers)]:
        if not np.isfinite(times).all() or not _are_distinct(places, _joined(codes, times)):
            continue
        index = _joined(codes, _ranks(places, codes, times))
        if int(index.max()) + 1 != volumes or not _are_distinct(places, index):
            continue
        if any(key.in_order for key in used):
            index = _by_first_number(index, numbers)
        elif name:
            index = _by_first_number(index, times)
        return " and ".join([*names, name] if name else names), index
    return "", None


def _refined(places: Indices, keys: Sequence[Key]) -> tuple[Indices, list[Key]]:
    """Return a number for each combination of values, and the attributes used."""
    codes = np.zeros(len(places), np.intp)
    used: list[Key] = []
    for key in keys:
        if key.is_clock:
            continue
        finer = _joined(codes, _codes([key]))
        if int(finer.max()) > int(codes.max()) and _is_balanced(places, finer):
            codes = finer
            used.append(key)
    return codes, used


def _joined(codes: Indices, others: npt.NDArray[Any]) -> Indices:
    """Return a number for each pair, in their order."""
    pairs = np.column_stack((codes, others))
    return np.asarray(np.unique(pairs, axis=0, return_inverse=True)[1].reshape(-1), np.intp)


def _is_balanced(places: Indices, codes: Indices) -> bool:
    """Return whether each place has each code equally often."""
    table = np.zeros((int(places.max()) + 1, int(codes.max()) + 1), np.intp)
    np.add.at(table, (places, codes), 1)
    return bool((table == table[0]).all())


def _ranks(places: Indices, codes: Indices, times: Floats) -> Indices:
    """Return the rank of each time among those of one place and code."""
    order = np.lexsort((times, codes, places))
    groups = np.flatnonzero(np.diff(_joined(places, codes)[order], prepend=-1))
    ranks = np.empty(len(places), np.intp)
    counts = np.diff([*groups.tolist(), len(places)])
    ranks[order] = np.arange(len(places)) - np.repeat(groups, counts)
    return ranks


def _by_first_number(index: Indices, numbers: Floats) -> Indices:
    """Return volumes in the order of their smallest number."""
    firsts = np.full(int(index.max()) + 1, np.inf)
    np.minimum.at(firsts, index, numbers)
    ranked: Indices = np.argsort(np.argsort(firsts, kind="stable"))[index]
    return ranked


def _by_value(
    places: Indices, keys: Sequence[Key], numbers: Floats, volumes: int
) -> Indices | None:
    """Return volumes by values that are equal at each place."""
    codes = _codes(keys)
    if int(codes.max()) + 1 != volumes or not _are_distinct(places, codes):
        return None
    if not any(key.in_order for key in keys):
        return codes
    return _by_first_number(codes, numbers)


def _codes(keys: Sequence[Key]) -> Indices:
    """Return a number for each combination of the keys' values."""
    columns = np.column_stack([key.values for key in keys])
    # A missing value counts as a value: images without diffusion weighting have no direction.
    columns = np.where(np.isnan(columns), -np.inf, columns)
    codes = np.unique(columns, axis=0, return_inverse=True)[1]
    return np.asarray(codes.reshape(-1), np.intp)


def _by_clock(places: Indices, times: Floats) -> Indices | None:
    """Return volumes by the rank of times at each place."""
    if not np.isfinite(times).all():
        return None
    if not _are_distinct(places, np.unique(times, return_inverse=True)[1]):
        return None
    order = np.lexsort((times, places))
    rank = np.empty_like(places)
    rank[order] = np.arange(len(places)) % (len(places) // (int(places.max()) + 1))
    if _contradicts_order(times, rank):
        return None
    return rank


def _contradicts_order(times: Floats, rank: Indices) -> bool:
    """Return True if equal times have different ranks.

    Then places lack different volumes. Clocks with different times per slice cannot show that.
    """
    known, codes = np.unique(times, return_inverse=True)
    ranks = len(np.unique(codes.reshape(-1) * len(times) + rank))
    return len(known) <= 2 * (int(rank.max()) + 1) and ranks > len(known)


def _are_distinct(places: Indices, codes: Indices) -> bool:
    pairs = places * (int(codes.max()) + 1) + codes
    return len(np.unique(pairs)) == len(pairs)


def _lacks_values(places: Indices, values: Floats) -> bool:
    """Return True if places share only part of their values.

    They lack different volumes.
    """
    filled = np.where(np.isnan(values), -np.inf, values)
    known, codes = np.unique(filled, axis=0, return_inverse=True)
    if len(known) == len(places):
        return False
    cells = (int(places.max()) + 1) * len(known)
    table = np.bincount(places * len(known) + codes.reshape(-1), minlength=cells)
    table = table.reshape(-1, len(known))
    is_shared = ((table > 0).sum(axis=0) > 1).any()
    return bool(is_shared and (table != table[0]).any())


def _nearest_volumes(places: Indices, keys: Sequence[Key]) -> Indices:
    """Return volumes by the key that leaves fewest repeated places.

    A key, or a pair of keys, must have as many values as most places have frames, and resolve
    more than half of the repeated places. All frames are one volume otherwise.

    Examples
    --------
    >>> echoes = Key(name="EchoTime", values=np.array([10.0, 20, 10, 20, 10]))
    >>> _nearest_volumes(np.array([0, 0, 1, 1, 2]), [echoes]).tolist()
    [0, 1, 0, 1, 0]
    """
    usual = int(median(np.bincount(places)))
    fewest = (len(places) - len(np.unique(places)) + 1) // 2
    nearest = np.zeros(len(places), np.intp)
    for combination in (*itertools.combinations(keys, 1), *_pairs(keys)):
        codes = _codes(combination)
        count = int(codes.max()) + 1
        repeated = len(places) - len(np.unique(places * count + codes))
        if count == usual > 1 and repeated < fewest:
            nearest, fewest = codes, repeated
    return nearest
