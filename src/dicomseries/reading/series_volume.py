"""A series → a `Volume`: the inverse of `write`."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.errors import DicomSeriesWarning, OptionError, ReadError
from dicomseries.geometry import Grid
from dicomseries.reading.consistency import value_notes
from dicomseries.reading.label_slabs import LabelSlabs
from dicomseries.reading.mosaics.mosaic_frames import MosaicFrames
from dicomseries.reading.mosaics.mosaic_slabs import MosaicSlabs
from dicomseries.reading.order.placement import FrameSet
from dicomseries.reading.order.segment_order import segment_volumes
from dicomseries.reading.parse.functional_groups import FunctionalGroups
from dicomseries.reading.parse.instance import Instance
from dicomseries.reading.parse.private_elements import is_from_ge
from dicomseries.reading.pixels.pixel_format import is_compressed, stored_dtype
from dicomseries.reading.pixels.rescale_of_frames import (
    dtype_of_real,
    has_colour_table,
    has_frame_tables,
    has_value_table,
    rescales_of_files,
)
from dicomseries.reading.pixels.segment_bits import are_overlapping
from dicomseries.reading.series_attributes import SeriesTags
from dicomseries.reading.series_choice import damage_problems, select_images
from dicomseries.reading.series_files import LocalFiles, name_of_files
from dicomseries.reading.series_folders import Series, scan
from dicomseries.reading.series_slabs import FrameSlabs
from dicomseries.reading.slice_selection import Slices, chosen_slices, grid_of_slices
from dicomseries.slice_planes import SlicePlanes
from dicomseries.sources import FrameReader, Volume, array_frames, picked_frames
from dicomseries.volume_axes import VolumeAxis

__all__ = ["mirrored_paths", "open_volume", "read", "stored_frames", "volume_of"]


def open_volume(
    path: LocalFiles,
    *,
    series: str | None = None,
    values: str = "real",
    slices: Slices | None = None,
    stack: str | None = None,
    is_made_even: bool = False,
) -> Volume:
    """Return a series as a volume, read on demand.

    Parameters
    ----------
    path : path-like, or sequence of str
        Folder of the series, searched with the folders below it, or one file: a single slice, or
        a multi-frame file; or several of them.
    series : str, optional
        SeriesInstanceUID, if there are several; ``"UID/part"`` if one of them has several parts
        (`Series.choice`).
    values : {"real", "stored"}
        Real values (slope and intercept of each slice, a Modality LUT or a colour palette
        applied), or the integers in the files with `Volume.slope` and `Volume.intercept`.
    slices : slice, range, whole number, or whole numbers, optional
        Only these slices (of every volume), rising in even steps; the grid is theirs.
    stack : str, optional
        Only the slices of this stack, of a series of several orientations.
    is_made_even : bool
        Whether the caller puts irregular slices on an even grid: there is no note about them.

    Returns
    -------
    Volume
        Slices along the normal; of several orientations, one stack after the other; by
        InstanceNumber if they rotate or some have no position. ``.array`` of shape ([volumes,
        ]slices, rows, columns[, 3]), read anew each time; ``.grid`` in LPS mm, with the mean
        distance of the positions as slice spacing, or `SlicePlanes` of slices that form no regular
        grid; ``.volumes`` and ``.times_s``; ``.tags``. Real values are integers if every slope and
        intercept is whole, else float64; the floats of a Parametric Map are unchanged. A binary
        segmentation is one label map with 0 as background. If its segments overlap, it has a volume
        of 0 and 1 for each segment, by number; a fractional one, of values from 0 to 1.

    Raises
    ------
    ReadError
        If there is no series or more than one, or if its files are not the slices of one array,
        once or several times: repeated or truncated ones, other sizes; mosaics without the private
        attributes that say where their slices are.
    OptionError
        If `values` is neither of the two, or `slices` or `stack` do not exist.

    Warns
    -----
    DicomSeriesWarning
        If a detail is wrong or ambiguous: rounded positions, a missing spacing, unreadable files,
        volumes that only InstanceNumber separates, slices of different units.

    Notes
    -----
    PS3.3 sections C.7.6.2 (Image Plane), C.7.6.16 (Multi-frame Functional Groups), C.8.20
    (Segmentation) and C.11.1 (Modality LUT).

    Examples
    --------
    >>> from pydicom.data import get_testdata_file
    >>> volume = open_volume(get_testdata_file("CT_small.dcm"))
    >>> volume.array.shape, volume.slabs.dtype.name, volume.grid.spacing_mm
    ((1, 128, 128), 'int32', (0.661468, 0.661468, 5.0))
    """
    _check_values(values)
    scanned = scan(path)
    selected = select_images(path, scanned, series)
    notes = tuple(map(str, damage_problems(scanned)))
    for note in notes:
        warnings.warn(note, DicomSeriesWarning, stacklevel=2)
    if stack is not None:
        from dicomseries.reading.contents.stack_choice import chosen_stack  # noqa: PLC0415 - rare

        selected = chosen_stack(selected, stack)
    grid = _grid(path, selected)
    if is_compressed(selected.instances[0]):
        from dicomseries.reading.pixels.decode_frames import (  # noqa: PLC0415 - for few files
            check_first_frame,
        )

        check_first_frame(selected.instances[0])
    is_real = values == "real"
    volume = volume_of(selected, grid, is_real=is_real)
    if slices is not None:
        volume = _select_slices(volume, slices)
    of_series = tuple(_notes_of(selected, volume, is_made_even=is_made_even))
    for note in of_series:
        warnings.warn(note, DicomSeriesWarning, stacklevel=2)
    of_values = [*value_notes(selected.instances, is_real=is_real)]
    of_values += _notes_of_frame_tables(selected, is_real=is_real)
    return replace(volume, notes=(*notes, *of_series, *of_values))


def _notes_of_frame_tables(series: Series, *, is_real: bool) -> Iterator[str]:
    """Yield notes about Modality LUTs in functional groups."""
    pool = () if series.frame_set is None or series.segments else series.frame_set.pool
    groups = [file.groups for file in pool if not isinstance(file, MosaicFrames)]
    if groups and (has_value_table(groups[0].instance) or has_frame_tables(groups[0])):
        from dicomseries.reading.pixels.frame_tables import (  # noqa: PLC0415 - for few files
            frame_table_notes,
        )

        yield from frame_table_notes(groups, is_real=is_real)


def _notes_of(series: Series, volume: Volume, *, is_made_even: bool) -> Iterator[str]:
    """Yield what is doubtful or irregular in the slices of a series."""
    planes = volume.grid
    is_irregular = isinstance(planes, SlicePlanes) and not is_made_even
    for problem in series.problems:
        if problem.level == "warning" or is_irregular:
            yield str(problem)
    if is_irregular and isinstance(planes, SlicePlanes):
        yield _note_about_order(series, planes)


def _check_values(values: str) -> None:
    if values not in {"real", "stored"}:
        raise OptionError(
            code="values-unknown",
            where="values",
            given=repr(values),
            expected="'real' or 'stored'",
            remedy="Use `values='real'` for rescaled values, `values='stored'` for the integers "
            "in the files.",
        )


def _note_about_order(series: Series, planes: SlicePlanes) -> str:
    order = "in the order of InstanceNumber"
    if series.frame_set is not None:
        order = "in the order of the file"
    if planes.are_placed and planes.are_parallel:
        order = "in the order along their normal"
    elif planes.are_placed and series.stacks:
        order = "one stack after the other, each along its normal"
    return (
        f"The slices form no regular grid ({planes.summary}). They are as in the files, {order}; "
        "positions_mm and orientations say where each of them is."
    )


def _grid(path: LocalFiles, series: Series) -> Grid:
    """Return the grid of a series, or its planes; raise its errors."""
    if series.planes is not None:
        return series.planes
    name = name_of_files(path)
    errors = [problem.error(name) for problem in series.problems if problem.level == "error"]
    if errors:
        raise ReadError.together(errors)
    assert series.grid is not None  # noqa: S101 - a series without a grid has an error
    return series.grid


def _select_slices(volume: Volume, slices: Slices) -> Volume:
    """Return selected slices of every volume."""
    chosen = chosen_slices(slices, volume.grid.shape[0])
    starts = range(0, (volume.volumes or 1) * volume.slices, volume.slices)
    frames = np.add.outer(starts, chosen).ravel().tolist()
    return replace(
        volume,
        slabs=picked_frames(volume.slabs, frames),
        grid=grid_of_slices(volume.grid, chosen),
        tags=volume.tags.pick(frames) if isinstance(volume.tags, SeriesTags) else volume.tags,
    )


def read(path: LocalFiles, *, series: str | None = None, values: str = "real") -> Volume:
    """Return a series with its voxels in memory.

    Raises
    ------
    ReadError, OptionError
        As `open_volume`.
    MissingPackageError
        If its compression has no decoder installed.

    Examples
    --------
    >>> from pydicom.data import get_testdata_file
    >>> read(get_testdata_file("CT_small.dcm")).slabs.shape
    (1, 128, 128)
    """
    volume = open_volume(path, series=series, values=values)
    return replace(volume, slabs=array_frames(volume.slabs.read(0, volume.slabs.shape[0])))


def volume_of(series: Series, grid: Grid, *, is_real: bool) -> Volume:
    """Return the volume of a series that has a grid.

    Parameters
    ----------
    series : Series
        As `scan` returns it.
    grid : Grid
        Voxel centres of one volume.
    is_real : bool
        Apply slope and intercept of each slice; otherwise return stored values.

    Raises
    ------
    ReadError
        If a rescale is unusable, or if the slices have different rescales and stored values are
        wanted.
    """
    frames, volumes = _frames_of(series), series.volumes
    slope, intercept = 1.0, 0.0
    slabs: FrameSlabs | LabelSlabs
    if frames.masks is not None and _have_overlap(series, frames):
        frames = segment_volumes(frames, series.segments)
        volumes = len(frames.sources) // grid.shape[0]
    if frames.masks is not None:
        slabs = _label_slabs(series, frames, frames.masks)
    elif is_real and (looked_up := _looked_up(series, frames)) is not None:
        slabs = looked_up
    elif is_real:
        rescales = _rescales(series, frames)
        slabs = _frame_slabs(
            series, frames, rescales, _real_dtype(series, rescales, frames.divisor), frames.divisor
        )
    else:
        slope, intercept = _common_rescale(series, frames)
        slope /= frames.divisor
        slabs = _frame_slabs(
            series, frames, _identity(len(frames.sources)), stored_dtype(series.instances[0]), 1.0
        )
    tags = SeriesTags(series.instances, None if series.frame_set is None else frames)
    layers = None
    if tags.segmentation_type and volumes is not None and min(tags.segments) > 0:
        layers = tuple({1: number} for number in tags.segments)
    return Volume(
        slabs=slabs.reader(),
        grid=grid,
        slope=slope,
        intercept=intercept,
        tags=tags,
        volumes=volumes,
        times_s=series.times_s,
        layers=layers,
        volume_axes=_axes(series, volumes, layers),
        b_values=_array(series.layout.b_values),
        gradients=_array(series.layout.gradients),
    )


def _array(values: Sequence[Any] | None) -> npt.NDArray[np.float64] | None:
    return None if values is None else np.array(values, dtype=np.float64)


def _axes(
    series: Series, volumes: int | None, layers: tuple[object, ...] | None
) -> tuple[VolumeAxis, ...]:
    """Return the axes of volumes: those of the series, or its segments."""
    if volumes is None or not series.segments:
        return series.layout.axes
    labels = [f"{number} {label}".strip() for number, label in sorted(series.segments.items())]
    if layers is None or len(labels) != volumes:
        return ()
    return (VolumeAxis(name="segment", values=tuple(labels)),)


def _frames_of(series: Series) -> FrameSet:
    """Return the frames in the order of the array.

    A classic series has one frame per file, and no functional groups.
    """
    if series.frame_set is not None:
        return series.frame_set
    files = np.arange(len(series.instances))
    return FrameSet(pool=(), sources=np.column_stack((files, np.zeros_like(files))))


def stored_frames(series: Series) -> FrameReader:
    """Return the stored values of a series that has a grid, with any rescales.

    Parameters
    ----------
    series : Series
        No segmentation.
    """
    frames = _frames_of(series)
    rescales = _identity(len(frames.sources))
    return _frame_slabs(series, frames, rescales, stored_dtype(series.instances[0]), 1.0).reader()


def _looked_up(series: Series, frames: FrameSet) -> FrameSlabs | None:
    """Return voxels behind a Modality LUT or a palette; None for others, and for labels."""
    first = series.instances[0]
    if series.segments:
        return None
    has_table = has_value_table(first) or has_colour_table(first)
    of_frames = [] if has_table else _with_frame_tables(frames)
    if not has_table and not of_frames:
        return None
    from dicomseries.reading import table_slabs  # noqa: PLC0415 - for few files

    if of_frames:
        return table_slabs.frame_table_slabs(of_frames, frames.sources)
    return table_slabs.table_slabs(series.instances, frames.sources)


def _with_frame_tables(frames: FrameSet) -> list[FunctionalGroups]:
    """Return the functional groups of all files, if some have a Modality LUT."""
    groups = [file.groups for file in frames.pool if not isinstance(file, MosaicFrames)]
    return groups if any(map(has_frame_tables, groups)) else []


def _frame_slabs(
    series: Series,
    frames: FrameSet,
    rescales: npt.NDArray[np.float64],
    dtype: np.dtype[np.generic],
    divisor: float,
) -> FrameSlabs:
    """Return the voxels of files, of their frames or of their tiles."""
    if frames.pool and isinstance(frames.pool[0], MosaicFrames):
        return MosaicSlabs(
            instances=series.instances,
            sources=frames.sources,
            rescales=rescales,
            dtype=dtype,
            divisor=divisor,
            tiles=frames.pool[0].tiles,
        )
    slabs = FrameSlabs(
        instances=series.instances,
        sources=frames.sources,
        rescales=rescales,
        dtype=dtype,
        divisor=divisor,
    )
    mirrored = frozenset[str]() if frames.pool else mirrored_paths(series.instances)
    if not mirrored:
        return slabs
    from dicomseries.reading.modalities.mirrored_slabs import MirroredSlabs  # noqa: PLC0415 - rare

    return MirroredSlabs.of(slabs, mirrored)


def mirrored_paths(instances: Sequence[Instance]) -> frozenset[str]:
    """Return the paths of files of one frame whose rows are stored in reverse order.

    Parameters
    ----------
    instances : sequence of Instance
        At least one, of one series.
    """
    if not is_from_ge(instances[0]):
        return frozenset()
    from dicomseries.reading.modalities.mirrored_volumes import (  # noqa: PLC0415 - for few files
        mirrored_files,
    )

    return mirrored_files(instances)


def _have_overlap(series: Series, frames: FrameSet) -> bool:
    """Return whether segments share voxels; warn if the file denies it."""
    instance, segments = series.instances[0], frames.pool[0].segments
    if (
        frames.masks is None
        or segments is None
        or not are_overlapping(instance, frames.masks, segments)
    ):
        return False
    if instance.text("SegmentsOverlap") == "NO":
        message = (
            f"segments of {instance.name} overlap, and its SegmentsOverlap is NO: the array has a "
            "volume for each segment"
        )
        warnings.warn(message, DicomSeriesWarning, stacklevel=4)
    return True


def _label_slabs(
    series: Series, frames: FrameSet, masks: tuple[tuple[int, ...], ...]
) -> LabelSlabs:
    segments = frames.pool[0].segments
    assert segments is not None  # noqa: S101 - a segmentation without them has no grid
    largest = max((*series.segments, *segments.tolist()))
    return LabelSlabs(
        instance=series.instances[0],
        masks=masks,
        segments=segments,
        dtype=np.min_scalar_type(largest),
    )


def _real_dtype(
    series: Series, rescales: npt.NDArray[np.float64], divisor: float
) -> np.dtype[np.generic]:
    if divisor != 1.0:
        return np.dtype(np.float64)
    pairs = set(map(tuple, rescales.tolist()))
    return dtype_of_real(series.instances, pairs)


def _rescales(series: Series, frames: FrameSet) -> npt.NDArray[np.float64]:
    """Return slope and intercept of each frame, shape (frames, 2).

    A Parametric Map has RealWorldValueMapping instead of a rescale. A segmentation has neither.
    """
    if series.segments:
        return _identity(len(frames.sources))
    if not frames.pool:
        return np.array(rescales_of_files(series.instances))
    by_file = []
    for file in frames.pool:
        mapping = None
        if series.kind == "ParametricMap":
            mapping = file.real_world
        by_file.append(file.rescales if mapping is None else mapping)
    starts = np.cumsum([0, *map(len, by_file)])
    order = starts[frames.sources[:, 0]] + frames.sources[:, 1]
    rescales: npt.NDArray[np.float64] = np.concatenate(by_file)[order]
    return rescales


def _identity(count: int) -> npt.NDArray[np.float64]:
    return np.tile([1.0, 0.0], (count, 1))


def _common_rescale(series: Series, frames: FrameSet) -> tuple[float, float]:
    """Return slope and intercept of all stored values.

    1 and 0, with a warning, if unusable.
    """
    try:
        rescales = np.unique(_rescales(series, frames), axis=0)
    except ReadError as error:
        message = f"the real values are unknown: {error.given} in {error.where}"
        warnings.warn(message, DicomSeriesWarning, stacklevel=4)
        return 1.0, 0.0
    if len(rescales) == 1:
        slope, intercept = rescales[0].tolist()
        return slope, intercept
    raise ReadError(
        code="rescale-differs",
        where=f"series {series.series_uid}",
        given=f"{len(rescales)} pairs of RescaleSlope and RescaleIntercept",
        expected="one pair for all slices, if stored values are to be one array",
        remedy="Read the real values with `values='real'`.",
    )
