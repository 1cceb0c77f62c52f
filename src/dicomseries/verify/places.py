"""Where the slices of a series stand: of single-frame files or of the frames in one, volume by volume.

A series may hold the same places several times: time points, echoes, segments. What tells them apart are attributes
(PS3.3 section C.7.6.17 names them in multi-frame files); slices are compared with each other inside one volume only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from dicomseries.readback import Instance

__all__ = [
    "SAME_PLACE",
    "Floats",
    "Places",
    "Source",
    "Volume",
    "labels_of_files",
    "labels_of_frames",
    "places_of",
    "repeated",
    "usual_gap",
]

SAME_PLACE = 0.01
"""Slices nearer than this part of the usual gap stand at one place."""

Floats = npt.NDArray[np.float64]
Label = tuple[Any, ...]


class Source(NamedTuple):
    """A slice: the file and the number of the frame in it, from 0; `is_only` where the file has no other."""

    instance: Instance
    frame: int
    is_only: bool

    @property
    def name(self) -> str:
        """The file, and the frame as people count, from 1."""
        return self.instance.name if self.is_only else f"{self.instance.name} frame {self.frame + 1}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Volume:
    """Slices that form one volume: from `start` up to `stop`, in the stack `stack`."""

    start: int
    stop: int
    stack: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Places:
    """The slices of a series in order: volume by volume, along the normal in each.

    Parameters
    ----------
    sources : tuple of Source
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
    """

    sources: tuple[Source, ...]
    order: npt.NDArray[np.intp]
    positions_lps: Floats | None
    distances_mm: Floats | None
    axes: Floats | None
    volumes: tuple[Volume, ...]

    def name(self, index: int) -> str:
        """Return the file, and the frame, of a slice."""
        return self.sources[index].name

    @cached_property
    def different(self) -> tuple[Volume, ...]:
        """The volumes without those whose positions are just those of the first of their stack."""
        if self.positions_lps is None:
            return self.volumes
        seen: dict[tuple[str, bytes], Volume] = {}
        for one in self.volumes:
            seen.setdefault((one.stack, self.positions_lps[one.start : one.stop].tobytes()), one)
        return tuple(seen.values())

    def gaps(self, one: Volume) -> Floats | None:
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


def repeated(distances: Floats) -> int:
    """Return how many slices stand where another one does.

    Examples
    --------
    >>> repeated(np.array([0, 2.5, 5, 0, 2.5, 5]))
    3
    """
    if len(distances) < 2:
        return 0
    gaps = np.diff(np.sort(distances))
    return int((gaps <= SAME_PLACE * usual_gap(gaps)).sum())


def places_of(
    sources: Sequence[Source],
    positions: Floats | None,
    axes: Floats | None,
    labels: Callable[[Floats], tuple[Sequence[str], Sequence[Label]]],
) -> Places:
    """Sort slices into volumes, and along the normal in each.

    Parameters
    ----------
    sources : sequence of Source
        In the order of the files.
    positions, axes : ndarray or None
        LPS mm and cosines of each, in the same order.
    labels : callable
        From the distances along the normal to the stack and the volume that each slice belongs to.
    """
    count = len(sources)
    if positions is None or axes is None:
        whole = (Volume(start=0, stop=count, stack=""),)
        return Places(
            sources=tuple(sources),
            order=np.arange(count),
            positions_lps=positions,
            distances_mm=None,
            axes=axes,
            volumes=whole,
        )
    distances = (positions * np.cross(axes[:, 0], axes[:, 1])).sum(axis=1)
    stacks, keys = labels(distances)
    numbers = _numbered(list(zip(stacks, keys, strict=True)))
    order = np.lexsort((distances, numbers))
    ends = [*np.flatnonzero(np.diff(numbers[order])).tolist(), count - 1]
    starts = [0, *(end + 1 for end in ends[:-1])]
    return Places(
        sources=tuple(sources[index] for index in order.tolist()),
        order=order,
        positions_lps=positions[order],
        distances_mm=distances[order],
        axes=axes[order],
        volumes=tuple(
            Volume(start=start, stop=end + 1, stack=stacks[order[start]])
            for start, end in zip(starts, ends, strict=True)
        ),
    )


def _numbered(keys: Sequence[Label]) -> npt.NDArray[np.intp]:
    """Return numbers for labels: volumes stand in the order in which their first slices do."""
    known: dict[Label, int] = {}
    return np.array([known.setdefault(key, len(known)) for key in keys], dtype=np.intp)


_TELLING = (
    *("TemporalPositionIdentifier", "FrameReferenceTime", "AcquisitionNumber", "TriggerTime", "AcquisitionTime"),
    *("EchoNumbers", "EchoTime", "DiffusionBValue", "InversionTime"),
)
"""What may tell volumes at the same places apart in classic series; the first that does, does."""


def labels_of_files(instances: Sequence[Instance], distances: Floats) -> tuple[Sequence[str], Sequence[Label]]:
    """Return one stack, and the volume of each file: one for all, unless places repeat and an attribute tells why.

    An attribute tells it if it has as many values as there are slices at a place, and all but removes the repetition.
    """
    stacks, one = [""] * len(instances), [()] * len(instances)
    again = repeated(distances)
    volumes = _times_a_place(distances) if again else 1
    best: tuple[int, Sequence[Label]] = (again, one)
    for values in _tellings(instances) if again else ():
        if len({*values}) == volumes > 1 and all(value is not None for (value,) in values):
            left = sum(repeated(distances[where]) for where in _members(values))
            best = min(best, (left, values), key=lambda found: found[0])
    return stacks, best[1] if best[0] * 2 < again else one


def _times_a_place(distances: Floats) -> int:
    """Return how many slices most places have: the number of volumes, even if one slice is somewhere else."""
    along = np.sort(distances)
    gaps = np.diff(along)
    starts = np.flatnonzero(gaps > SAME_PLACE * usual_gap(gaps)) + 1
    return int(np.median(np.diff([0, *starts.tolist(), len(along)])))


def _tellings(instances: Sequence[Instance]) -> Iterator[list[Label]]:
    """Yield what may tell volumes apart, a value a file; the time slice of dynamic PET is in ImageIndex."""
    for keyword in _TELLING:
        yield [(instance.raw(keyword) or None,) for instance in instances]
    slices = instances[0].number("NumberOfSlices")
    if slices:
        yield [((instance.number("ImageIndex") - 1) // slices,) for instance in instances]


def labels_of_frames(
    stacks: Sequence[str], kinds: Sequence[Sequence[Any] | None], distances: Floats
) -> tuple[Sequence[str], Sequence[Label]]:
    """Return the stack, and the volume of each frame: told by as few of `kinds` as keep places from repeating.

    Parameters
    ----------
    stacks : sequence of str
        StackID of each frame.
    kinds : sequence
        What may tell volumes apart: for each attribute its value in each frame; None where there is none.
    distances : ndarray
        Along the normal, mm.
    """
    keys: list[Label] = [(stack,) for stack in stacks]
    for values in kinds:
        if not any(repeated(distances[where]) for where in _members(keys)):
            break
        if values is not None:
            keys = [(*key, value) for key, value in zip(keys, values, strict=True)]
    return stacks, keys


def _members(keys: Sequence[Label]) -> Iterator[npt.NDArray[np.intp]]:
    numbers = _numbered(keys)
    order = np.argsort(numbers, kind="stable")
    yield from np.split(order, np.flatnonzero(np.diff(numbers[order])) + 1)
