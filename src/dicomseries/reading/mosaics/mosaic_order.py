"""Order and grid of the slices of mosaics."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from dicomseries.errors import ReadError, counted
from dicomseries.reading.consistency import consistency_problems, format_problems
from dicomseries.reading.geometry.arrangement import Arrangement
from dicomseries.reading.geometry.slice_spacing import (
    SAME_DIRECTION,
    repeated_problem,
    unit_normal,
)
from dicomseries.reading.geometry.volume_sorting import VolumeSorting, sort_files
from dicomseries.reading.mosaics.mosaic_facts import holds_mosaic
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
    problems = tuple(_unlike_problems(pool))
    if problems:
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
    grid, problems = place_on_grid(_planes(pool, sources), _sorting(pool, of_files))
    problems = [*consistency_problems(files), *_distance_problems(pool), *problems]
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
    """Return file and tile of each slice: volume by volume, along the normal."""
    parts = []
    normal = unit_normal(pool[0].facts.axes)
    for index, frames in enumerate(pool):
        distances = frames.positions_lps @ normal
        tiles = np.argsort(distances, kind="stable")
        parts.append(np.column_stack((np.full_like(tiles, index), tiles)))
    return np.concatenate(parts)


def _planes(pool: tuple[MosaicFrames, ...], sources: Indices) -> SortedPlanes:
    first = pool[0]
    names = []
    for file, tile in sources[: first.count].tolist():
        names.append(f"tile {tile + 1} of {pool[file].instance.name}")
    files = [frames.instance for frames in pool]
    positions = [pool[file].positions_lps[tile] for file, tile in sources.tolist()]
    return SortedPlanes(
        noun="files",
        names=names,
        positions_lps=np.array(positions),
        axes=first.facts.axes,
        spacings_mm=[file.numbers("PixelSpacing") for file in unlike(files, _PIXEL_SPACING)],
        thicknesses_mm=(first.facts.slice_mm,),
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
    odd = []
    for frames in pool:
        if np.abs(frames.facts.axes - first.facts.axes).max() > SAME_DIRECTION:
            odd.append(frames.instance.name)
    if odd:
        yield Problem(
            code="mixed-orientations",
            level="error",
            text=f"{len(odd)} of {len(pool)} mosaics have another orientation than "
            f"{first.instance.name}, such as {odd[0]}",
            remedy="Move the files of each orientation to a separate folder.",
        )


def _distance_problems(pool: tuple[MosaicFrames, ...]) -> Iterator[Problem]:
    if pool[0].facts.is_thickness:
        yield Problem(
            code="slice-distance-assumed",
            level="warning",
            text="the distance of the slices is not stated (SpacingBetweenSlices); SliceThickness "
            "is used, as if there were no gaps",
            remedy="Give the real spacing when you use this volume, if there are gaps.",
        )
