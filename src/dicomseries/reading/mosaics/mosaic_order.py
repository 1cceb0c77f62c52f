"""Order and grid of the slices of mosaics."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from dicomseries.errors import ReadError, counted
from dicomseries.geometry import Grid
from dicomseries.reading.consistency import consistency_problems, format_problems
from dicomseries.reading.geometry.arrangement import Arrangement
from dicomseries.reading.geometry.slice_spacing import (
    SAME_DIRECTION,
    repeated_problem,
    unit_normal,
)
from dicomseries.reading.geometry.volume_sorting import VolumeSorting, sort_files
from dicomseries.reading.mosaics.mosaic_facts import EXPORT_AGAIN, holds_mosaic
from dicomseries.reading.mosaics.mosaic_frames import MosaicFrames, mosaic_frames
from dicomseries.reading.order.placement import FrameSet, Placement, SortedPlanes, place_on_grid
from dicomseries.reading.parse.clocks import seconds_of_dates
from dicomseries.reading.parse.instance import Instance, file_order, unlike
from dicomseries.reading.problems import Problem, has_errors
from dicomseries.standard.attributes.attribute import tag_of

__all__ = ["hold_mosaics", "place_mosaics"]

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

_TAGS = frozenset(map(tag_of, ("Modality", "ImageType", "NumberOfFrames")))
_PIXEL_SPACING = frozenset({tag_of("PixelSpacing")})


def hold_mosaics(instances: Sequence[Instance]) -> bool:
    """Return True if any of the files has the slices of a volume as tiles."""
    return any(map(holds_mosaic, unlike(instances, _TAGS)))


def place_mosaics(instances: Sequence[Instance]) -> Placement:
    """Sort the slices of mosaics into volumes, and find their grid.

    Parameters
    ----------
    instances : sequence of Instance
        At least one, of one series, in any order. Each file is a volume.

    Returns
    -------
    Placement
        With `frames`: the tiles along the normal.
    """
    files = tuple(sorted(instances, key=file_order))
    problems = tuple(_file_problems(files))
    if problems:
        return Placement(instances=files, problems=problems)
    try:
        pool = tuple(map(mosaic_frames, files))
    except ReadError as error:
        return Placement(instances=files, problems=(Problem.of(error),))
    problems = (*_unlike_problems(pool), *_place_problems(pool))
    if has_errors(problems):
        return Placement(instances=files, problems=problems)
    # Every file is a whole volume, wherever its slices are.
    starts = _starts(pool)
    of_files = sort_files(files, np.zeros(len(files)), [starts])
    if of_files.arrangement is None:
        tried = tuple(dict.fromkeys((*of_files.tried, "InstanceNumber")))
        problem = repeated_problem(len(files), 1, "files", tried)
        return Placement(instances=files, problems=(problem,))
    by_number = of_files.arrangement.by == "InstanceNumber"
    if by_number and (np.diff(starts[of_files.order]) > 0).all():
        arrangement = replace(of_files.arrangement, by="AcquisitionDateTime")
        of_files = replace(of_files, arrangement=arrangement)
    order = of_files.order.tolist()
    return _placed(
        tuple(files[index] for index in order),
        tuple(pool[index] for index in order),
        of_files,
    )


def _placed(
    files: tuple[Instance, ...],
    pool: tuple[MosaicFrames, ...],
    of_files: VolumeSorting,
) -> Placement:
    """Return the placement of files that are in the order of their volumes."""
    sources = _sources(pool)
    if pool[0].is_unplaced:
        grid, problems = _grid_without_place(pool)
    else:
        grid, problems = place_on_grid(_sorted_planes(pool, sources), _sorting(pool, of_files))
    problems = [*consistency_problems(files), *_place_problems(pool), *problems]
    if grid is None or has_errors(problems):
        return Placement(instances=files, problems=tuple(problems))
    several = len(files) > 1
    return Placement(
        instances=files,
        grid=grid,
        problems=tuple(problems),
        volumes=len(files) if several else None,
        layout=of_files.layout,
        frames=FrameSet(pool=pool, sources=sources),
    )


def _starts(pool: tuple[MosaicFrames, ...]) -> Floats:
    """Return when the first slice of each file was taken, in seconds; NaN if unknown.

    Where the slices of a file have different times.
    """
    dates: list[str] = []
    counts = []
    for frames in pool:
        of_file = frames.attributes.get("AcquisitionDateTime", ()) or ("",)
        dates += [str(date or "") for date in of_file]
        counts.append(len(of_file))
    seconds = np.split(seconds_of_dates(dates), np.cumsum(counts)[:-1])
    return np.array([part.min() for part in seconds])


def _sources(pool: tuple[MosaicFrames, ...]) -> Indices:
    """Return file and tile of each slice: volume by volume, along the normal.

    Tile by tile if their places are unknown.
    """
    parts = []
    tiles = np.arange(pool[0].count)
    for index, frames in enumerate(pool):
        if not frames.is_unplaced:
            distances = frames.planes.positions_lps @ unit_normal(pool[0].planes.axes)
            tiles = np.argsort(distances, kind="stable")
        parts.append(np.column_stack((np.full_like(tiles, index), tiles)))
    return np.concatenate(parts)


def _grid_without_place(pool: tuple[MosaicFrames, ...]) -> tuple[Grid | None, list[Problem]]:
    """Return a grid of the lengths that are stated, and warnings about others."""
    from dicomseries.reading.geometry.picture_series import picture_grid  # noqa: PLC0415 - rare

    first = pool[0]
    grid, problems = picture_grid([frames.instance for frames in pool], first.count)
    if grid is not None:
        grid = replace(grid, shape=(first.count, first.tiles.rows, first.tiles.columns))
    return grid, problems


def _sorted_planes(pool: tuple[MosaicFrames, ...], sources: Indices) -> SortedPlanes:
    first = pool[0]
    names = []
    for file, tile in sources[: first.count].tolist():
        names.append(f"tile {tile + 1} of {pool[file].instance.name}")
    files = [frames.instance for frames in pool]
    positions = [pool[file].planes.positions_lps[tile] for file, tile in sources.tolist()]
    return SortedPlanes(
        noun="files",
        names=names,
        positions_lps=np.array(positions),
        axes=first.planes.axes,
        spacings_mm=[file.numbers("PixelSpacing") for file in unlike(files, _PIXEL_SPACING)],
        thicknesses_mm=(first.planes.slice_mm,),
        size=(first.tiles.rows, first.tiles.columns),
    )


def _sorting(pool: tuple[MosaicFrames, ...], of_files: VolumeSorting) -> VolumeSorting:
    """Return the sorting of the slices, from that of the files."""
    assert of_files.arrangement is not None  # noqa: S101 - the caller has checked it
    slices = np.tile(np.arange(pool[0].count), len(pool))
    arrangement = Arrangement(
        slice_index=slices,
        volume_index=np.repeat(np.arange(len(pool)), pool[0].count),
        volumes=len(pool),
        by=of_files.arrangement.by,
    )
    return replace(of_files, places=slices, arrangement=arrangement)


def _file_problems(files: tuple[Instance, ...]) -> Iterator[Problem]:
    others = [file for file in files if not holds_mosaic(file)]
    if others:
        yield Problem(
            code="mosaics-mixed",
            level="error",
            text=f"{counted(len(others), 'file')} of {len(files)} are no mosaics (all slices of a "
            f"volume side by side), the others are; the first is {others[0].name}",
            remedy="Move these files to another folder, and read both.",
        )
        return
    yield from format_problems(files)


def _unlike_problems(pool: tuple[MosaicFrames, ...]) -> Iterator[Problem]:
    """Yield errors of mosaics that do not have the same slices."""
    first = pool[0]
    odd = [frames.instance.name for frames in pool if frames.tiles != first.tiles]
    if odd:
        yield Problem(
            code="mixed-sizes",
            level="error",
            text=f"{len(odd)} of {len(pool)} mosaics have another number or size of slices than "
            f"{first.instance.name}, such as {odd[0]}",
            remedy="Move the files of each number of slices to a separate folder.",
        )
        return
    if any(frames.is_unplaced for frames in pool):
        return
    odd = []
    for frames in pool:
        if np.abs(frames.planes.axes - first.planes.axes).max() > SAME_DIRECTION:
            odd.append(frames.instance.name)
    if odd:
        yield Problem(
            code="mixed-orientations",
            level="error",
            text=f"{len(odd)} of {len(pool)} mosaics have another orientation than "
            f"{first.instance.name}, such as {odd[0]}",
            remedy="Move the files of each orientation to a separate folder.",
        )


def _place_problems(pool: tuple[MosaicFrames, ...]) -> Iterator[Problem]:
    """Yield problems of mosaics that do not state where their slices are."""
    unplaced = [frames for frames in pool if frames.is_unplaced]
    if unplaced and len(unplaced) < len(pool):
        yield Problem(
            code="position-missing",
            level="error",
            text=f"{len(unplaced)} of {len(pool)} mosaics do not state {unplaced[0].facts.lacking}"
            f", the first is {unplaced[0].instance.name}",
            remedy=EXPORT_AGAIN,
        )
    elif unplaced:
        yield Problem(
            code="no-geometry",
            level="warning",
            text=f"the mosaics do not state {unplaced[0].facts.lacking}: the places of the slices "
            "in the patient are unknown, also which end is the first, and they are in the order of "
            "the tiles",
            remedy=EXPORT_AGAIN,
        )
    elif pool[0].planes.is_thickness:
        yield Problem(
            code="slice-distance-assumed",
            level="warning",
            text="the distance of the slices is not stated (SpacingBetweenSlices); SliceThickness "
            "is used, as if there were no gaps",
            remedy="Give the real spacing when you use this volume, if there are gaps.",
        )
