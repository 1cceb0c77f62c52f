"""A volume on the grid of its source: `read(onto=)`."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np

from dicomseries import reading
from dicomseries.errors import GeometryError, OptionError
from dicomseries.geometry import Grid
from dicomseries.lazy_dataclass import dataclass
from dicomseries.reading import VoxelMeaning
from dicomseries.regridding.fill_values import OF_SEGMENTS, fill_value
from dicomseries.regridding.grid_relation import ExactRelation, difference_text, exact_relation
from dicomseries.regridding.placed_frames import (
    frames_in_order,
    frames_on_grid,
    frames_on_planes,
)
from dicomseries.regridding.plane_relation import slices_in_planes
from dicomseries.regridding.resampled_frames import (
    METHODS,
    covers,
    resampled_dtype,
    resampled_frames,
)
from dicomseries.regridding.target_grid import TargetGrid
from dicomseries.slice_planes import SlicePlanes
from dicomseries.sources import FrameReader, Volume, picked_frames

__all__ = ["OntoOptions", "picked_slices", "put_onto"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OntoOptions:
    """Options of `read(onto=)`, checked.

    Parameters
    ----------
    resample : {"nearest", "linear"}, optional
        None: voxels must coincide.
    fill : float, optional
        Value of voxels that the result does not have; None: background, NaN or padding.
    same_space : bool
        Whether the user says that the spaces agree.

    Raises
    ------
    OptionError
        If one is none of these.
    """

    resample: str | None = None
    fill: float | None = None
    same_space: bool = False

    def __post_init__(self) -> None:
        if self.resample is not None and self.resample not in METHODS:
            raise OptionError(
                code="resample-unknown",
                where="resample",
                given=repr(self.resample),
                expected=" or ".join(map(repr, METHODS)),
                remedy="Use `resample='nearest'` for labels, `resample='linear'` for values.",
            )
        is_number = isinstance(self.fill, (int, float, np.number)) and not isinstance(
            self.fill, bool
        )
        if self.fill is not None and not is_number:
            raise OptionError(
                code="fill-not-a-number",
                where="fill",
                given=repr(self.fill),
                expected="a number, or nan",
                remedy="Pass a value that means nothing is there, such as `fill=-1024`.",
            )


def put_onto(
    volume: Volume,
    target: TargetGrid,
    options: OntoOptions,
    *,
    voxels: VoxelMeaning,
    is_real: bool,
) -> tuple[Volume, VoxelMeaning]:
    """Return a volume that was read, on another grid.

    Parameters
    ----------
    volume : Volume
        With tags.
    target : TargetGrid
        The other grid.
    options : OntoOptions
        Method, fill value and statement of the user.
    voxels : {"values", "labels", "masks", "fractions"}
        Meaning of the voxels.
    is_real : bool
        Whether they are real values.

    Returns
    -------
    (Volume, VoxelMeaning)
        Frames are read on demand. Notes about what was changed are in the statement of its grid.

    Raises
    ------
    GeometryError
        If the spaces differ, the grids have nothing in common, or do not coincide and no method is
        given.
    OptionError
        If a fill value is missing, or labels are to be interpolated.
    """
    if options.resample == "linear" and voxels == "labels":
        raise OptionError(
            code="resample-labels",
            where="resample",
            given="'linear' for a label map",
            expected="'nearest': a number between two labels is another label, or none",
            remedy="Use `resample='nearest'`.",
        )
    task = _Task(volume=volume, target=target, options=options, voxels=voxels, is_real=is_real)
    if not (volume.grid.statement.has_place and target.grid.statement.has_place):
        return task.by_pictures(), voxels
    notes = _notes_about_space(task.place, target, options)
    if isinstance(volume.grid, SlicePlanes) or isinstance(target.grid, SlicePlanes):
        return task.by_planes(notes), voxels
    relation = task.relation()
    if relation is not None:
        return task.copied(relation, notes), voxels
    if options.resample is None:
        raise task.differing()
    meaning: VoxelMeaning = voxels
    if voxels == "masks" and options.resample == "linear":
        meaning = "fractions"
    return task.resampled(options.resample, notes), meaning


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Task:
    """One volume, its target and the user's options."""

    volume: Volume
    target: TargetGrid
    options: OntoOptions
    voxels: VoxelMeaning
    is_real: bool

    @property
    def tags(self) -> reading.SeriesTags:
        assert isinstance(self.volume.tags, reading.SeriesTags)  # noqa: S101 - it was read
        return self.volume.tags

    @property
    def place(self) -> reading.SeriesPlace:
        return self.tags.place

    def relation(self) -> ExactRelation | None:
        """Return the place among the voxels of the target; None if they do not coincide."""
        grid, other = self.volume.grid, self.target.grid
        rounding = self.place.rounding(grid, other)
        if self.target.place is not None:
            rounding = rounding + self.target.place.rounding(other, other)
        is_sparse = self.voxels in OF_SEGMENTS and grid.statement.thickness == "assumed"
        return exact_relation(grid, other, rounding=rounding, is_sparse=is_sparse)

    def copied(self, relation: ExactRelation, notes: list[str]) -> Volume:
        grid, other = self.volume.grid, self.target.grid
        ranges = relation.ranges(grid, other)
        shape = relation.turn.shape(grid.shape)
        counts = [part.stop - part.start for _, part in ranges]
        if min(counts) == 0:
            raise self.apart()
        is_covered = all(
            place == slice(0, size, 1)
            for (place, _), size in zip(ranges, other.shape[::-1], strict=True)
        )
        if counts != list(shape[::-1]):
            lost = f"{counts[0]}x{counts[1]}x{counts[2]} of {shape[2]}x{shape[1]}x{shape[0]} voxels"
            notes.append(
                f"The series is larger than the grid of {self.target.name}: {lost} (x, y, z) are "
                "inside of it, the others are left out."
            )
        fill, dtype = self.fill(self.volume.dtype, is_needed=not is_covered)
        slabs = self.volume.slabs
        if not (is_covered and grid.shape == other.shape and relation.turn.is_identity):
            slabs = frames_on_grid(self.volume, other, relation, fill=fill, dtype=dtype)
        return self.on_target(slabs, notes)

    def by_planes(self, notes: list[str]) -> Volume:
        """Return slices in the planes of the target's."""
        slices = slices_in_planes(self.volume.grid, self.target.grid)
        if slices is None:
            raise self.other_planes()
        lost = slices.lost
        if lost:
            notes.append(
                f"{lost} of {self.volume.slices} slices lie in no plane of {self.target.name}, and "
                "are left out."
            )
        fill, dtype = self.fill(self.volume.dtype, is_needed=not slices.is_covered)
        frames = frames_on_planes(
            self.volume,
            self.target.grid.shape,
            slices.relation,
            slices.of_target,
            fill=fill,
            dtype=dtype,
        )
        return self.on_target(frames, notes)

    def resampled(self, method: str, notes: list[str]) -> Volume:
        grid, other = self.volume.grid, self.target.grid
        if _are_apart(grid, other):
            raise self.apart()
        if not covers(other, grid):
            notes.append(
                f"The series is larger than the grid of {self.target.name}: what lies outside of "
                "it is left out."
            )
        words = "the nearest voxel" if method == "nearest" else "linear interpolation"
        notes.append(
            f"The voxels were resampled by {words} onto the grid of {self.target.name}: "
            f"{difference_text(grid, other)}."
        )
        needed = resampled_dtype(self.volume.dtype, method)
        fill, dtype = self.fill(needed, is_needed=not covers(grid, other))
        slabs = resampled_frames(self.volume, other, method, fill=fill, dtype=dtype)
        return self.on_target(slabs, notes)

    def on_target(self, slabs: FrameReader, notes: list[str]) -> Volume:
        grid = self.target.grid
        noted = grid.stated(grid.statement.noting(*notes))
        return replace(self.volume, slabs=slabs, grid=noted)

    def by_pictures(self) -> Volume:
        """Return the pictures of a result in the order of the source's."""
        grid, target = self.volume.grid, self.target
        frames = (target.volumes or 1) * target.grid.shape[0]
        if grid.statement.has_place or target.grid.statement.has_place:
            raise self.without_place()
        if grid.shape[1:] != target.grid.shape[1:]:
            raise self.other_pictures(given=f"pictures of {grid.shape[1]}x{grid.shape[2]} pixels")
        pictures = self._pictures(frames)
        is_covered = len(pictures) == frames
        fill, dtype = self.fill(self.volume.dtype, is_needed=not is_covered)
        flat = replace(target.grid, shape=(frames, *target.grid.shape[1:]))
        volumes, slices = self.volume.volumes or 1, self.volume.slices
        table = np.full((volumes, frames), -1, np.intp)
        for picture, index in pictures.items():
            table[:, picture] = np.arange(volumes) * slices + index
        slabs = frames_in_order(self.volume.slabs, table.reshape(-1), fill=fill, dtype=dtype)
        if self.volume.volumes is None and target.volumes is not None:
            return replace(
                self.volume,
                slabs=slabs,
                grid=target.grid,
                volumes=target.volumes,
                times_s=target.times_s,
            )
        return replace(self.volume, slabs=slabs, grid=flat)

    def _pictures(self, frames: int) -> dict[int, int]:
        """Return the slice of the result for each picture of the source."""
        slices = self.volume.slices
        named = self.place.source_pictures
        if self.target.place is None or not any(named):
            if slices > frames:
                raise self.other_pictures(given=f"{slices} pictures")
            return {index: index for index in range(slices)}
        order: dict[tuple[str, int], int] = {}
        counts = Counter(uid for uid, _ in self.target.place.pictures)
        for index, (uid, frame) in enumerate(self.target.place.pictures):
            order[uid, frame] = index
            if counts[uid] == 1:  # its frame number may be given or not
                order[uid, 0] = order[uid, 1] = index
        pictures: dict[int, int] = {}
        for index, picture in enumerate(named):
            if picture is None:
                continue
            if picture not in order:
                raise self.other_pictures(given=f"a frame of the picture {picture[0]}")
            pictures[order[picture]] = index % slices
        return pictures

    def fill(self, dtype: np.dtype[Any], *, is_needed: bool) -> tuple[float, np.dtype[Any]]:
        """Return the value of voxels outside, and a dtype for it."""
        return fill_value(
            self.volume,
            self.options.fill,
            dtype,
            voxels=self.voxels,
            is_real=self.is_real,
            is_needed=is_needed,
            name=self.target.name,
        )

    # ------------------------------------------------------------------------------- errors
    @property
    def name(self) -> str:
        return reading.name_of_files(tuple(map(str, self.tags.paths)))

    def differing(self) -> GeometryError:
        method = "linear" if self.voxels == "values" else "nearest"
        return GeometryError(
            code="grids-differ",
            where="onto",
            given=f"{self.name} with {difference_text(self.volume.grid, self.target.grid)}",
            expected=f"voxels that coincide with voxels of {self.target.name}",
            remedy=f"Resample it with `resample={method!r}`, or read it without `onto=` on the "
            "grid that it has.",
        )

    def other_planes(self) -> GeometryError:
        grids = (self.volume.grid, self.target.grid)
        summaries = [grid.summary for grid in grids if isinstance(grid, SlicePlanes)]
        return GeometryError(
            code="grids-differ",
            where="onto",
            given=f"{self.name} of {self.volume.slices} slices, none in a plane of "
            f"{self.target.name}, or with other pixels in it (no regular grid: {summaries[0]})",
            expected="slices that coincide with slices of the target",
            remedy="Choose the series that the result was made from; or read both on even grids, "
            "with `even='linear'` (`'nearest'` for labels), and pass that volume as `onto=` with "
            "`resample=`.",
        )

    def apart(self) -> GeometryError:
        return GeometryError(
            code="grids-apart",
            where="onto",
            given=f"{self.name} from {_corner_text(self.volume.grid)}",
            expected=f"voxels inside of {self.target.name}, {_corner_text(self.target.grid)}",
            remedy="Choose the series that the result was made from.",
        )

    def without_place(self) -> GeometryError:
        unplaced, placed = self.name, self.target.name
        if self.volume.grid.statement.has_place:
            unplaced, placed = placed, unplaced
        return GeometryError(
            code="place-missing",
            where="onto",
            given=f"{unplaced} without a position in the patient, and {placed} with one",
            expected="two series with positions, or two without",
            remedy="Choose the series that the result was made from.",
        )

    def other_pictures(self, *, given: str) -> GeometryError:
        count = (self.target.volumes or 1) * self.target.grid.shape[0]
        _, rows, columns = self.target.grid.shape
        return GeometryError(
            code="pictures-differ",
            where="onto",
            given=f"{given} in {self.name}",
            expected=f"pictures of {self.target.name}, which has {count} of {rows}x{columns} "
            "pixels without a position",
            remedy="Choose the series that the result was made from.",
        )


def _notes_about_space(
    place: reading.SeriesPlace, target: TargetGrid, options: OntoOptions
) -> list[str]:
    """Return notes about frames of reference; reject different ones."""
    uid = place.frame_of_reference_uid
    other = "" if target.place is None else target.place.frame_of_reference_uid
    if target.grid.statement.space == "template" and not options.same_space:
        raise _other_space(given=f"a grid in the space of a template ({target.name})")
    if uid and other and uid != other:
        if not options.same_space:
            raise _other_space(given=f"{uid} in the series, {other} in {target.name}")
        note = f"The positions were taken as those of {target.name}, although the frames of "
        return [note + "reference differ."]
    if (uid and other) or target.place is None or options.same_space:
        return []
    if target.place.series_uid in place.referenced_series:
        return []
    return [
        f"A FrameOfReferenceUID is missing: the positions were taken as those of {target.name}."
    ]


def _other_space(*, given: str) -> GeometryError:
    return GeometryError(
        code="space-differs",
        where="onto",
        given=given,
        expected="one frame of reference: positions of another one are no positions in this one",
        remedy="Pass `same_space=True` if the positions agree all the same; otherwise register the "
        "images first.",
    )


def _are_apart(grid: Grid, other: Grid) -> bool:
    """Return whether another grid lies beyond one face of a grid."""
    to_grid = np.linalg.inv(grid.affine())
    corners = np.array([(*corner, 1.0) for corner in other.corners()])
    index = (corners @ to_grid.T)[:, :3]
    last = np.array(grid.shape[::-1]) - 0.5
    return bool((index.max(axis=0) < -0.5).any() or (index.min(axis=0) > last).any())


def _corner_text(grid: Grid) -> str:
    corners = np.array(grid.corners())
    low, high = corners.min(axis=0).round(2) + 0.0, corners.max(axis=0).round(2) + 0.0
    return f"{tuple(low.tolist())} to {tuple(high.tolist())} mm (LPS)"


def picked_slices(volume: Volume, slices: Any) -> Volume:
    """Return selected slices of every volume, on a grid that is not that of the tags."""
    chosen = reading.chosen_slices(slices, volume.grid.shape[0])
    starts = range(0, (volume.volumes or 1) * volume.slices, volume.slices)
    frames = np.add.outer(starts, chosen).ravel().tolist()
    return replace(
        volume,
        slabs=picked_frames(volume.slabs, frames),
        grid=reading.grid_of_slices(volume.grid, chosen),
    )
