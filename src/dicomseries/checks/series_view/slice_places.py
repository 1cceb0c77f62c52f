"""Slices of a series, by volume and along the normal.

Slices are files of one frame, or frames of a file. Which volume a slice belongs to is the answer
of `dicomseries.reading`; slices are compared with each other inside one volume only.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from dicomseries.checks.series_view.file_frames import FileFrames, numbers_of_frames
from dicomseries.lazy_dataclass import dataclass
from dicomseries.reading import (
    Instance,
    VolumeSorting,
    same_place_mm,
    sort_files,
    sort_frames,
    usual_gap,
)

__all__ = [
    "Floats",
    "PlacedVolume",
    "SlicePlaces",
    "SliceSource",
    "places_of_files",
    "places_of_frames",
    "places_of_segments",
    "segment_numbers",
]

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

_SAME_DIRECTION = 1e-4
"""Largest difference of direction cosines of parallel slices: four printed decimals."""


class SliceSource(NamedTuple):
    """A slice: file, frame number, and whether the only one."""

    instance: Instance
    frame: int
    is_only: bool

    @property
    def name(self) -> str:
        """The file, and the number of the frame from 1."""
        name = self.instance.name
        return name if self.is_only else f"{name} frame {self.frame + 1}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlacedVolume:
    """Slices `start` up to `stop` of one volume in `stack`."""

    start: int
    stop: int
    stack: str


@dataclass(frozen=True, kw_only=True, eq=False)
class SlicePlaces:
    """Slices of a series, by volume and along the normal.

    Parameters
    ----------
    sources : tuple of SliceSource
        The slices.
    order : ndarray of int
        Index of each slice in the order of the files.
    positions_lps : ndarray, shape (slices, 3), or None
        ImagePositionPatient in LPS mm; None if a slice has none.
    axes : ndarray, shape (slices, 2, 3), or None
        ImageOrientationPatient; None without geometry.
    distances_mm : ndarray, shape (slices,), or None
        Distances along the normal; None without geometry.
    volumes : tuple of PlacedVolume
        First and last slice of each volume.
    sortings : tuple of VolumeSorting
        How each stack was sorted into volumes.
    step_mm : float
        Stated distance of slices of a segmentation, which may leave frames out; 0 if unknown.
    """

    sources: tuple[SliceSource, ...]
    order: Indices
    positions_lps: Floats | None
    axes: Floats | None = None
    distances_mm: Floats | None = None
    volumes: tuple[PlacedVolume, ...]
    sortings: tuple[VolumeSorting, ...] = ()
    step_mm: float = 0.0

    def name(self, index: int) -> str:
        """Return the file, and the frame, of a slice."""
        return self.sources[index].name

    @cached_property
    def distinct_volumes(self) -> tuple[PlacedVolume, ...]:
        """The volumes at different positions of a stack."""
        if self.positions_lps is None:
            return self.volumes
        distinct: dict[tuple[str, bytes], PlacedVolume] = {}
        for volume in self.volumes:
            positions = self.positions_lps[volume.start : volume.stop]
            distinct.setdefault((volume.stack, positions.tobytes()), volume)
        return tuple(distinct.values())

    def gaps_mm(self, volume: PlacedVolume) -> Floats | None:
        """Return the steps between slices; None for one slice."""
        if self.distances_mm is None or volume.stop - volume.start < 2:
            return None
        gaps: Floats = np.diff(self.distances_mm[volume.start : volume.stop])
        return gaps

    def same_mm(self, gaps_mm: Floats) -> float:
        """Return the largest gap between slices at one place."""
        usual = usual_gap(gaps_mm)
        if self.step_mm:
            usual = min(usual, self.step_mm)
        return same_place_mm(usual)


def places_of_files(files: Sequence[Instance]) -> SlicePlaces:
    """Sort files of one frame by volume and position."""
    sources = [SliceSource(file, 0, is_only=True) for file in files]
    numbers = [file.numbers("ImagePositionPatient") for file in files]
    if {*map(len, numbers)} != {3} or not np.isfinite(numbers).all():
        return _unsorted(sources, None)
    positions = np.array(numbers)
    axes = _axes_of_files(files)
    if axes is None:
        return _unsorted(sources, positions)

    def sort(members: Indices, distances: Floats) -> VolumeSorting:
        return sort_files([files[index] for index in members.tolist()], distances)

    return _sorted_by_stack(sources, positions, axes, _stacks_of_axes(axes), sort)


def _axes_of_files(files: Sequence[Instance]) -> Floats | None:
    """Return the cosines of each file; those of the first where another has none."""
    raws = [file.raw("ImageOrientationPatient") for file in files]
    first = files[0].numbers("ImageOrientationPatient")
    if len(first) != 6 or not np.isfinite(first).all():
        return None
    axes = np.tile(np.reshape(first, (1, 2, 3)), (len(files), 1, 1))
    for index, raw in enumerate(raws):
        if raw == raws[0]:
            continue
        cosines = files[index].numbers("ImageOrientationPatient")
        if len(cosines) == 6 and np.isfinite(cosines).all():
            axes[index] = np.reshape(cosines, (2, 3))
    return axes


def _stacks_of_axes(axes: Floats) -> list[str]:
    """Return a name for the orientation of each slice; "" if all are parallel."""
    rows = axes.reshape(len(axes), 6)
    if np.abs(rows - rows[0]).max() <= _SAME_DIRECTION:
        return [""] * len(rows)
    known: list[Floats] = []
    names = []
    for row in rows:
        is_same = [bool(np.abs(row - other).max() <= _SAME_DIRECTION) for other in known]
        if not any(is_same):
            known.append(row)
            is_same.append(True)
        names.append(f"orientation {is_same.index(True) + 1}")
    return names


def places_of_frames(files: Sequence[FileFrames]) -> SlicePlaces:
    """Sort frames by stack, volume and position."""
    sources, positions, axes = _frames_in_space(files)
    if positions is None or axes is None:
        return _unsorted(sources, positions)
    groups = [frames.groups for frames in files if frames.groups is not None]

    def sort(members: Indices, distances: Floats) -> VolumeSorting:
        return sort_frames(groups, distances, members)

    return _sorted_by_stack(sources, positions, axes, _stack_names(files, axes), sort)


def _sorted_by_stack(
    sources: Sequence[SliceSource],
    positions: Floats,
    axes: Floats,
    stacks: Sequence[str],
    sort: Callable[[Indices, Floats], VolumeSorting],
) -> SlicePlaces:
    """Return slices of which those of each stack are sorted into volumes."""
    distances = _distances_mm(positions, axes)
    names = np.array(stacks)
    volume_index = np.zeros(len(names), np.intp)
    sortings = []
    first = 0
    for stack in dict.fromkeys(stacks):
        members = np.flatnonzero(names == stack)
        sorting = sort(members, distances[members])
        volume_index[members] = first + sorting.volume_index
        first = int(volume_index[members].max()) + 1
        sortings.append(sorting)
    return _sorted(
        sources, positions, axes, stacks=stacks, volume_index=volume_index, sortings=tuple(sortings)
    )


def places_of_segments(files: Sequence[FileFrames]) -> SlicePlaces:
    """Sort frames of a segmentation by stack, segment and position."""
    sources, positions, axes = _frames_in_space(files)
    if positions is None or axes is None:
        return _unsorted(sources, positions)
    stacks = _stack_names(files, axes)
    numbers: dict[tuple[str, int], int] = {}
    volume_index = []
    for pair in zip(stacks, segment_numbers(files).tolist(), strict=True):
        volume_index.append(numbers.setdefault(pair, len(numbers)))
    places = _sorted(
        sources, positions, axes, stacks=stacks, volume_index=np.array(volume_index, np.intp)
    )
    return replace(places, step_mm=_stated_step(files))


def _stated_step(files: Sequence[FileFrames]) -> float:
    """Return SpacingBetweenSlices or SliceThickness of the first frame; 0 without."""
    for keyword in ("SpacingBetweenSlices", "SliceThickness"):
        lengths = numbers_of_frames(files, keyword, 1)
        if lengths is not None and lengths[0, 0] > 0:
            return float(lengths[0, 0])
    return 0.0


def segment_numbers(files: Sequence[FileFrames]) -> Indices:
    """Return ReferencedSegmentNumber of each frame; 0 if absent."""
    parts = []
    for frames in files:
        numbers = frames.numbers("ReferencedSegmentNumber")
        if numbers is None:
            numbers = np.zeros((frames.count, 1))
        parts.append(np.nan_to_num(numbers[:, 0]))
    return np.concatenate(parts).astype(np.intp)


def _frames_in_space(
    files: Sequence[FileFrames],
) -> tuple[list[SliceSource], Floats | None, Floats | None]:
    """Return the frames, their positions and their axes."""
    sources = []
    for frames in files:
        for index in range(frames.count):
            sources.append(SliceSource(frames.instance, index, is_only=False))
    axes = numbers_of_frames(files, "ImageOrientationPatient", 6)
    if axes is not None:
        axes = axes.reshape(-1, 2, 3)
    return sources, numbers_of_frames(files, "ImagePositionPatient", 3), axes


def _stack_names(files: Sequence[FileFrames], axes: Floats) -> list[str]:
    """Return StackID of each frame; names of the orientations where no frame has one."""
    names = [name for frames in files for name in frames.texts("StackID")]
    return names if any(names) else _stacks_of_axes(axes)


def _distances_mm(positions: Floats, axes: Floats) -> Floats:
    """Return distances along the normal."""
    distances: Floats = (positions * np.cross(axes[:, 0], axes[:, 1])).sum(axis=1)
    return distances


def _unsorted(sources: Sequence[SliceSource], positions: Floats | None) -> SlicePlaces:
    """Return slices without geometry as one volume."""
    count = len(sources)
    return SlicePlaces(
        sources=tuple(sources),
        order=np.arange(count),
        positions_lps=positions,
        volumes=(PlacedVolume(start=0, stop=count, stack=""),),
    )


def _sorted(
    sources: Sequence[SliceSource],
    positions: Floats,
    axes: Floats,
    *,
    stacks: Sequence[str],
    volume_index: Indices,
    sortings: tuple[VolumeSorting, ...] = (),
) -> SlicePlaces:
    distances = _distances_mm(positions, axes)
    order = np.lexsort((distances, volume_index))
    steps = np.flatnonzero(np.diff(volume_index[order])) + 1
    bounds = [0, *steps.tolist(), len(order)]
    volumes = []
    for start, stop in itertools.pairwise(bounds):
        volumes.append(PlacedVolume(start=start, stop=stop, stack=stacks[order[start]]))
    return SlicePlaces(
        sources=tuple(sources[index] for index in order.tolist()),
        order=order,
        positions_lps=positions[order],
        axes=axes[order],
        distances_mm=distances[order],
        volumes=tuple(volumes),
        sortings=sortings,
    )
