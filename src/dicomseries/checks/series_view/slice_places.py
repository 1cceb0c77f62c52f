"""Where the slices of a series stand: of single-frame files or of the frames in one, volume by volume.

A series may hold the same places several times: time points, echoes, segments. What tells them apart are attributes
(PS3.3 section C.7.6.17 names them in multi-frame files), and `reading` knows them; slices are compared with each
other inside one volume only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from dicomseries.reading import (
    SAME_PLACE,
    FunctionalGroups,
    Instance,
    VolumeSorting,
    sort_files,
    sort_frames,
)

__all__ = [
    "Floats",
    "PlacedVolume",
    "SlicePlaces",
    "SliceSource",
    "VolumeLabels",
    "labels_of_files",
    "labels_of_frames",
    "labels_of_segments",
    "places_of",
    "usual_gap",
]

Floats = npt.NDArray[np.float64]


class SliceSource(NamedTuple):
    """A slice: the file and the number of the frame in it, from 0; `is_only` where the file has no other."""

    instance: Instance
    frame: int
    is_only: bool

    @property
    def name(self) -> str:
        """The file, and the frame as people count, from 1."""
        return (
            self.instance.name if self.is_only else f"{self.instance.name} frame {self.frame + 1}"
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlacedVolume:
    """Slices that form one volume: from `start` up to `stop`, in the stack `stack`."""

    start: int
    stop: int
    stack: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VolumeLabels:
    """Stack and volume of each slice, and how reading sorted them; a segmentation needs no sorting."""

    stacks: Sequence[str]
    volumes: npt.NDArray[np.intp]
    sortings: tuple[VolumeSorting, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class SlicePlaces:
    """The slices of a series in order: volume by volume, along the normal in each.

    Parameters
    ----------
    sources : tuple of SliceSource
        The slices.
    order : ndarray of int
        Which of the slices in the order of the files each one is.
    positions_lps : ndarray, shape (slices, 3), or None
        ImagePositionPatient in LPS mm; None if a slice has none.
    distances_mm : ndarray, shape (slices,), or None
        How far along the normal each slice stands.
    axes : ndarray, shape (slices, 2, 3), or None
        ImageOrientationPatient.
    volumes : tuple
        Where each volume begins and ends.
    sortings : tuple of VolumeSorting
        How reading sorted each stack into volumes.
    """

    sources: tuple[SliceSource, ...]
    order: npt.NDArray[np.intp]
    positions_lps: Floats | None
    distances_mm: Floats | None
    axes: Floats | None
    volumes: tuple[PlacedVolume, ...]
    sortings: tuple[VolumeSorting, ...] = ()

    def name(self, index: int) -> str:
        """Return the file, and the frame, of a slice."""
        return self.sources[index].name

    @cached_property
    def different(self) -> tuple[PlacedVolume, ...]:
        """The volumes without those whose positions are just those of the first of their stack."""
        if self.positions_lps is None:
            return self.volumes
        seen: dict[tuple[str, bytes], PlacedVolume] = {}
        for one in self.volumes:
            seen.setdefault((one.stack, self.positions_lps[one.start : one.stop].tobytes()), one)
        return tuple(seen.values())

    def gaps(self, one: PlacedVolume) -> Floats | None:
        """Return the steps along the normal from slice to slice of a volume in mm; None where there are none."""
        if self.distances_mm is None or one.stop - one.start < 2:
            return None
        gaps: Floats = np.diff(self.distances_mm[one.start : one.stop])
        return gaps


def usual_gap(gaps: Floats) -> float:
    """Return the median of the steps, those between slices at one place left out; 0 if there are no others.

    Examples
    --------
    >>> usual_gap(np.array([2.5, 0.0, 2.5, 5.0]))
    2.5
    """
    apart = gaps[gaps > SAME_PLACE * gaps.max()] if gaps.size else gaps
    return float(np.median(apart)) if apart.size else 0.0


def places_of(
    sources: Sequence[SliceSource],
    positions: Floats | None,
    axes: Floats | None,
    labels_of: Callable[[Floats], VolumeLabels],
) -> SlicePlaces:
    """Sort slices into volumes, and along the normal in each.

    Parameters
    ----------
    sources : sequence of SliceSource
        In the order of the files.
    positions, axes : ndarray or None
        LPS mm and cosines of each, in the same order.
    labels_of : callable
        From the distances along the normal to the stack and the volume of each slice, as reading has them.
    """
    count = len(sources)
    if positions is None or axes is None:
        whole = (PlacedVolume(start=0, stop=count, stack=""),)
        return SlicePlaces(
            sources=tuple(sources),
            order=np.arange(count),
            positions_lps=positions,
            distances_mm=None,
            axes=axes,
            volumes=whole,
        )
    distances = (positions * np.cross(axes[:, 0], axes[:, 1])).sum(axis=1)
    labels = labels_of(distances)
    order = np.lexsort((distances, labels.volumes))
    ends = [*np.flatnonzero(np.diff(labels.volumes[order])).tolist(), count - 1]
    starts = [0, *(end + 1 for end in ends[:-1])]
    return SlicePlaces(
        sources=tuple(sources[index] for index in order.tolist()),
        order=order,
        positions_lps=positions[order],
        distances_mm=distances[order],
        axes=axes[order],
        volumes=tuple(
            PlacedVolume(start=start, stop=end + 1, stack=labels.stacks[order[start]])
            for start, end in zip(starts, ends, strict=True)
        ),
        sortings=labels.sortings,
    )


def labels_of_files(instances: Sequence[Instance], distances_mm: Floats) -> VolumeLabels:
    """Return the volume of each file of one frame, as reading sorts them; all are one stack."""
    sorting = sort_files(instances, distances_mm)
    return VolumeLabels(
        stacks=[""] * len(instances), volumes=sorting.volume_index, sortings=(sorting,)
    )


def labels_of_frames(
    pool: Sequence[FunctionalGroups], stacks: Sequence[str], distances_mm: Floats
) -> VolumeLabels:
    """Return the stack and the volume of each frame: reading's answer for the frames of each stack.

    Parameters
    ----------
    pool : sequence of FunctionalGroups
        Of all files, in order.
    stacks : sequence of str
        StackID of each frame.
    distances_mm : ndarray
        Along the normal.
    """
    names = np.array(stacks)
    volumes = np.zeros(len(names), np.intp)
    sortings = []
    first = 0
    for stack in dict.fromkeys(stacks):
        chosen = np.flatnonzero(names == stack)
        sorting = sort_frames(pool, distances_mm[chosen], chosen)
        volumes[chosen] = first + sorting.volume_index
        first = int(volumes[chosen].max()) + 1
        sortings.append(sorting)
    return VolumeLabels(stacks=stacks, volumes=volumes, sortings=tuple(sortings))


def labels_of_segments(stacks: Sequence[str], segments: Floats) -> VolumeLabels:
    """Return the stack and the volume of each frame of a segmentation: one for each segment."""
    numbers: dict[tuple[str, float], int] = {}
    pairs = zip(stacks, segments.tolist(), strict=True)
    volumes = [numbers.setdefault(pair, len(numbers)) for pair in pairs]
    return VolumeLabels(stacks=stacks, volumes=np.array(volumes, np.intp))
