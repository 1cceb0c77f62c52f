"""Order and grid of the slices of a series.

Files of one frame and multi-frame files are placed by the same function.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from typing import Self

import numpy as np
import numpy.typing as npt

from dicomseries.geometry import Grid
from dicomseries.geometry_statement import evenness_of
from dicomseries.lazy_dataclass import dataclass
from dicomseries.reading.geometry.arrangement import FILE_ORDER
from dicomseries.reading.geometry.slice_spacing import (
    drift_problems,
    gap_problems,
    grid_of,
    moved_problems,
    pixel_spacing_of,
    repeated_problem,
    statement_of,
    thickness_of,
    uneven_problems,
    unit_normal,
)
from dicomseries.reading.geometry.volume_sorting import VolumeSorting
from dicomseries.reading.multiframe.frame_facts import Frames
from dicomseries.reading.order.slice_stacks import SliceStack
from dicomseries.reading.parse.instance import Instance
from dicomseries.reading.problems import Problem, has_errors
from dicomseries.slice_planes import IRREGULARITIES, Irregularity, SlicePlanes
from dicomseries.volume_axes import VolumeLayout

__all__ = ["FrameSet", "Placement", "SortedPlanes", "no_geometry", "place_on_grid"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FrameSet:
    """Frames of multi-frame files in the order of the array.

    Parameters
    ----------
    pool : tuple of Frames
        One for each file.
    sources : ndarray of int, shape (frames, 2)
        File and frame of each frame of the array, volume by volume; -1 for an empty frame that
        no file holds.
    masks : tuple of tuple of int, optional
        For binary segmentations: the frames at each slice, instead of `sources`.
    divisor : float
        Divides stored values (fractional segmentations).
    """

    pool: tuple[Frames, ...]
    sources: npt.NDArray[np.intp]
    masks: tuple[tuple[int, ...], ...] | None = None
    divisor: float = 1.0

    @property
    def length(self) -> int:
        """Slices of the array, of all volumes."""
        return len(self.sources) if self.masks is None else len(self.masks)

    def of_files(self, files: Sequence[int]) -> Self:
        """Return the frames with these files alone, which hold all of them."""
        places = np.searchsorted(files, self.sources[:, 0])
        renumbered = np.where(self.sources[:, 0] < 0, -1, places)
        return replace(
            self,
            pool=tuple(self.pool[file] for file in files),
            sources=np.column_stack((renumbered, self.sources[:, 1])),
        )

    def pick(self, frames: Sequence[int]) -> Self:
        """Return selected frames in the order of the indices."""
        if self.masks is None:
            return replace(self, sources=self.sources[list(frames)])
        masks = tuple(self.masks[index] for index in frames)
        is_used = np.isin(self.sources[:, 1], list(itertools.chain(*masks)))
        return replace(self, masks=masks, sources=self.sources[is_used])

    def frames_at_places(self) -> list[tuple[int, tuple[int, ...]]]:
        """Return the file and the frames of each slice of each volume.

        A slice of a label map has a frame for each segment in it; an empty slice has none.
        """
        if self.masks is not None:
            return [(0, frames) for frames in self.masks]
        places: list[tuple[int, tuple[int, ...]]] = []
        for file, frame in self.sources.tolist():
            places.append((file, (frame,)) if file >= 0 else (0, ()))
        return places


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Placement:
    """Order, grid and problems of a series.

    Parameters
    ----------
    instances : tuple of Instance
        In the order of the slices, volume by volume; multi-frame files by number.
    grid : Grid or None
        Voxel centres of one volume; None if the slices do not form one.
    planes : SlicePlanes or None
        Planes of slices that form no regular grid, but are one array; None if there is a grid.
    stacks : tuple of SliceStack
        Slices of each orientation, size and pixel spacing, if there are several.
    problems : tuple of Problem
        Errors and warnings.
    volumes : int or None
        Number of volumes; None if there is one.
    layout : VolumeLayout
        Axes of the volumes, with their times, b-values and directions.
    frames : FrameSet or None
        Frames of multi-frame files.
    segments : mapping of int to str
        SegmentLabel by SegmentNumber.
    left_out : tuple of Instance
        Files of an incomplete volume; not in `instances`.
    """

    instances: tuple[Instance, ...]
    grid: Grid | None = None
    planes: SlicePlanes | None = None
    stacks: tuple[SliceStack, ...] = ()
    problems: tuple[Problem, ...]
    volumes: int | None = None
    layout: VolumeLayout = VolumeLayout()
    frames: FrameSet | None = None
    segments: Mapping[int, str] = field(default_factory=dict)
    left_out: tuple[Instance, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SortedPlanes:
    """Planes of sorted slices, volume by volume.

    Parameters
    ----------
    noun : {"files", "frames"}
        For messages.
    names : sequence of str
        Of the slices of the first volume.
    positions_lps : ndarray, shape (slices, 3)
        Centre of the first voxel in mm.
    axes : ndarray, shape (2, 3)
        Cosines of rows and columns.
    spacings_mm : sequence of (row, column) spacing
        Different PixelSpacing of the slices.
    thicknesses_mm : sequence of float
        SpacingBetweenSlices and SliceThickness of the first slice.
    size : tuple of int
        Rows and columns.
    """

    noun: str
    names: Sequence[str]
    positions_lps: Floats
    axes: Floats
    spacings_mm: Sequence[Sequence[float]]
    thicknesses_mm: Sequence[float]
    size: tuple[int, int]


def place_on_grid(
    planes: SortedPlanes, sorting: VolumeSorting
) -> tuple[Grid | None, list[Problem]]:
    """Return the grid of the first volume, and all problems.

    `SlicePlanes` if all errors are irregularities of its slices; None for other errors.
    """
    arrangement = sorting.arrangement
    if arrangement is None:
        tried = sorting.tried
        if planes.noun == "files":
            tried = tuple(dict.fromkeys((*tried, "InstanceNumber")))
        count = len(sorting.places)
        return None, [repeated_problem(count, sorting.place_count, planes.noun, tried)]
    slices = len(sorting.places) // arrangement.volumes
    first_volume = planes.positions_lps[:slices]
    distances = first_volume @ unit_normal(planes.axes)
    problems = list(gap_problems(planes.names[:slices], distances, planes.noun))
    if not _are_irregularities(problems):
        return None, problems
    (row_mm, column_mm), more = pixel_spacing_of(planes.spacings_mm)
    pixel_mm = min(row_mm, column_mm)
    slice_mm, of_slices = _step_of(planes, first_volume, pixel_mm, is_complete=not problems)
    problems += [*more, *of_slices]
    problems += moved_problems(planes.positions_lps, arrangement.volumes, pixel_mm)
    problems += _doubtful_volumes(sorting, planes.noun)
    spacing = (column_mm, row_mm, slice_mm)
    grid = grid_of((slices, *planes.size), spacing, first_volume[0], planes.axes)
    if isinstance(grid, Problem):
        return None, [*problems, grid]
    if not has_errors(problems):
        return grid.stated(statement_of(problems)), problems
    if not _are_irregularities(problems):
        return None, problems
    return _slice_planes(planes, slices, (column_mm, row_mm), problems), problems


def _step_of(
    planes: SortedPlanes, positions_lps: Floats, pixel_mm: float, *, is_complete: bool
) -> tuple[float, list[Problem]]:
    """Return the distance of slices in mm, and problems of their places.

    `is_complete` is False if a problem of missing slices is known.
    """
    slices = len(positions_lps)
    if slices == 1:
        return thickness_of(planes.thicknesses_mm)
    evenness = evenness_of(positions_lps, planes.axes, pixel_mm)
    problems: list[Problem] = []
    if is_complete:
        distances = positions_lps @ unit_normal(planes.axes)
        problems += uneven_problems(planes.names[:slices], distances, evenness)
    return evenness.step_mm, [*problems, *drift_problems(evenness, pixel_mm)]


def _are_irregularities(problems: Sequence[Problem]) -> bool:
    """Return whether the slices are one array in spite of all errors."""
    codes = {problem.code for problem in problems if problem.level == "error"}
    return codes <= IRREGULARITIES.keys()


def _slice_planes(
    planes: SortedPlanes, slices: int, spacing_mm: tuple[float, float], problems: Sequence[Problem]
) -> SlicePlanes | None:
    """Return the planes of parallel slices; None if their pixel spacings differ."""
    irregularities = []
    for problem in problems:
        if problem.code == "pixel-spacing-differs":
            return None
        if problem.level == "error":
            irregularities.append(Irregularity(code=problem.code, detail=problem.text))
    return SlicePlanes(
        shape=(slices, *planes.size),
        spacings_mm=np.array(spacing_mm),
        positions_lps=planes.positions_lps[:slices],
        orientations=np.tile(planes.axes.reshape(6), (slices, 1)),
        irregularities=tuple(irregularities),
        statement=statement_of(problems),
    )


def _doubtful_volumes(sorting: VolumeSorting, noun: str) -> list[Problem]:
    """Return warnings about volumes with an uncertain order."""
    arrangement = sorting.arrangement
    if arrangement is None:
        return []
    volumes = f"the {arrangement.volumes} volumes"
    if arrangement.by == FILE_ORDER:
        problem = Problem(
            code="volumes-by-number",
            level="warning",
            text=f"nothing in the headers tells {volumes} at one place apart: they may be copies, "
            "and are in the order of the files",
            remedy="Check whether they are equal, and read one file alone if they are copies.",
        )
        return [problem, *sorting.problems]
    if arrangement.by != "InstanceNumber":
        return list(sorting.problems)
    number = "InstanceNumber" if noun == "files" else "the order of the frames"
    gaps = int(np.ptp(sorting.numbers)) + 1 - len(sorting.numbers)
    missing = f"; {gaps} numbers between the first and the last are missing" if gaps > 0 else ""
    taken = ""
    remedy = "Check that the volumes are what you expect: time points, echoes, or copies."
    times = sorting.layout.times_s
    if times is not None and not missing:
        taken = f"; they are taken as time points, {times[1] - times[0]:.6g} s apart at first"
        remedy = "Check that the volumes are time points, and the time between them."
    problem = Problem(
        code="volumes-by-number",
        level="warning",
        text=f"{volumes} differ in nothing but {number}{missing}{taken}",
        remedy=remedy,
    )
    return [problem, *sorting.problems]


def no_geometry(noun: str = "files", order: str = "InstanceNumber") -> Problem:
    """Return the warning for slices without a position."""
    return Problem(
        code="no-geometry",
        level="warning",
        text=f"the {noun} have no ImagePositionPatient: their place in the patient is unknown, "
        f"and they are in the order of {order}",
        remedy="Give origin and direction when you use them as slices of a volume.",
    )
