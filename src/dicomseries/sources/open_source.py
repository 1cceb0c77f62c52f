"""Open any array, file or URL as a `Volume`."""

from __future__ import annotations

import os
import pickle
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from dicomseries.errors import DicomSeriesError, OptionError, SourceError
from dicomseries.sources.arguments.axes_argument import chosen_time_point
from dicomseries.sources.arguments.grid_arguments import join_grid
from dicomseries.sources.arguments.source_arguments import Location, SourceArguments, locate
from dicomseries.sources.arguments.volume_times import times_argument
from dicomseries.sources.array_source import ArraySource
from dicomseries.sources.formats import array_like
from dicomseries.sources.formats.unknown_formats import unknown_file
from dicomseries.sources.frames.frame_reader import FrameReader
from dicomseries.sources.masks.layered_source import LayeredSource
from dicomseries.sources.optional_packages import guarded
from dicomseries.sources.remote_inputs import fetched, fetched_frames, is_lazy, open_lazily
from dicomseries.sources.volume import Volume
from dicomseries.stores import is_url, masked

if TYPE_CHECKING:
    import numpy.typing as npt

    from dicomseries.geometry import Space
    from dicomseries.sources.all_formats import Format

__all__ = ["SUFFIXES", "open_on_planes", "open_picture", "open_volume"]

SUFFIXES = (
    ".npy",
    ".npz",
    ".nii",
    ".nii.gz",
    ".mha",
    ".mhd",
    ".nrrd",
    ".nhdr",
    ".h5",
    ".hdf5",
    ".zarr",
    ".tif",
    ".tiff",
    ".png",
    ".jpg",
    ".jpeg",
    ".bmp",
    ".gif",
    ".mat",
    ".mrd",
    ".hdr",
    ".img",
    ".mnc",
    ".mgh",
    ".mgz",
)
"""Suffixes of the files that can be read, in any case."""

_OPEN_AT_ONCE = 4
"""Sources that a process keeps open after they were unpickled: each task of a long write brings the
same one again."""


def open_volume(
    source: ArraySource,
    *,
    spacing: Sequence[float] | npt.NDArray[Any] | None = None,
    origin: Sequence[float] | npt.NDArray[Any] | None = None,
    direction: npt.ArrayLike | None = None,
    affine: npt.ArrayLike | None = None,
    space: Space | None = None,
    positions: npt.ArrayLike | None = None,
    axes: str | None = None,
    time_point: int | None = None,
    times: npt.ArrayLike | None = None,
    part: str | None = None,
    storage_options: Mapping[str, Any] | None = None,
) -> Volume:
    """Return a volume over any array or file, unread.

    Parameters
    ----------
    source : array-like, str, os.PathLike, or Volume
        An array (numpy, memmap, torch, h5py, zarr, dask, xarray, any with `shape`, `dtype` and
        slicing), an image of SimpleITK, nibabel, TorchIO or MONAI, or a file (`SUFFIXES`;
        ``file.h5::scan/ct`` names a dataset in it). Of a URL, Zarr is read where it is, and any
        other file is fetched whole into a private folder for as long as it is used.
    spacing : sequence of 3 float, optional
        mm between voxel centres along x (columns), y (rows), z (slices).
    origin : sequence of 3 float, optional
        LPS mm of the first voxel's centre.
    direction : array_like, optional
        3×3 direction cosines (columns are the axes) or the six of ImageOrientationPatient, LPS.
    affine : array_like, optional
        4×4 from (x, y, z) = (column, row, slice) indices to mm, instead of the three above.
    space : {"LPS", "RAS"}, optional
        The frame of `affine`, which is rejected without it.
    positions : array_like, optional
        LPS mm of the first voxel of each slice, shape (slices, 3), instead of `origin`; or a
        distance along the normal for each. `spacing` then has the thickness of the slices as z.
    axes : str, optional
        A letter of ``t z y x c`` for each axis of the array in its order. By default a file's own;
        for arrays ``"yx"``, ``"zyx"``, or ``"zyxc"`` where the last of four axes is 3 long;
        ``"xyz"``, ``"xyzt"`` for nibabel, ``"cxyz"`` for TorchIO and MONAI.
    time_point : int, optional
        Index along axis t of the only volume that is wanted; all of them if not given.
    times : float, or sequence of float, datetime64 or timedelta64, optional
        Seconds from one volume to the next, or the time of each in seconds, from any beginning. By
        default those of the file, if it states their unit too (see Notes).
    part : {"magnitude", "phase", "real", "imaginary"}, optional
        Which part of complex numbers is taken; they need one. The phase is in radians.
    storage_options : mapping, optional
        Of fsspec, for a URL; by default its configuration and the environment.

    Returns
    -------
    Volume
        Lazy slabs in the source's own numbers; integers stay integers. Its grid may be left-handed,
        as the source is. Where axis t (time points, echoes, diffusion weightings) is longer than 1,
        its frames are the slices of the first volume, then those of the second, and its times are
        seconds after the first.

    Raises
    ------
    SourceError
        If the file or array cannot be read, is empty, or holds numbers that no DICOM image can; if
        `times` do not fit.
    GeometryError
        If no spacing is known, or the geometry is sheared, not finite, or given twice.
    OptionError
        If `axes` or `time_point` do not fit the array.
    MissingPackageError
        If the format needs a package that is not installed.

    Warns
    -----
    DicomSeriesWarning
        If the file has times without a unit, or that do not rise: they are left out.

    Notes
    -----
    Each of spacing, origin, direction overrides that of the source, the others stay the source's;
    an affine overrides all three. Renaming the axes of a file with `axes` turns its geometry with
    them: every voxel stays on its point in space. Coordinates: PS3.3 section C.7.6.2.1.1.

    Times are read from ``pixdim[4]`` and ``xyzt_units`` of NIfTI, the fourth spacing of ITK's
    images and MetaImages (seconds by ITK's convention; 1, which means that nothing was stated, is
    none), the spacing and unit of an axis of NRRD, the scale and unit of axis t of OME-NGFF,
    ImageJ's ``finterval``, OME's ``TimeIncrement``, and xarray's coordinate ``t`` or ``time``
    (datetime64, timedelta64, or numbers with ``attrs["units"]``).

    Frames are read volume by volume. Where a store's chunks hold several time points or many
    slices, `write` reads as many together, so that each chunk is read once, or as seldom as its
    memory allows.

    Examples
    --------
    >>> import numpy as np
    >>> volume = open_volume(np.zeros((5, 4, 3), "int16"), axes="xyz", spacing=(0.5, 0.5, 2))
    >>> volume.slabs.shape, volume.slabs.dtype.name, volume.grid.spacing_mm
    ((3, 4, 5), 'int16', (0.5, 0.5, 2.0))
    """
    arguments = SourceArguments(
        where=_name(source),
        spacing=spacing,
        origin=origin,
        direction=direction,
        affine=affine,
        space=space,
        positions=positions,
        axes=axes,
        time_point=time_point,
        times=times,
        part=part,
    )
    return _open(source, arguments, storage_options)


def open_on_planes(
    source: Any, *, storage_options: Mapping[str, Any] | None = None, **geometry: Any
) -> Volume:
    """Return any source, also with a sheared affine.

    Parameters
    ----------
    source : array, path or Volume
        As in `open_volume`.
    storage_options, **geometry
        As in `open_volume`.

    Returns
    -------
    Volume
        Its grid is `WrittenPlanes` if the slices form no regular grid.

    Raises
    ------
    SourceError, OptionError, GeometryError, MissingPackageError
        As `open_volume` does.

    Examples
    --------
    >>> import numpy as np
    >>> affine = [[1, 0, 0, 0], [0, 1, 0.5, 0], [0, 0, 2, 0], [0, 0, 0, 1]]
    >>> volume = open_on_planes(np.zeros((3, 4, 5), "int16"), affine=affine, space="LPS")
    >>> volume.grid.summary
    'sheared'
    """
    arguments = SourceArguments(where=_name(source), may_be_irregular=True, **geometry)
    return _open(source, arguments, storage_options)


def open_picture(
    source: Any,
    *,
    axes: str | None = None,
    time_point: int | None = None,
    times: float | Sequence[float] | None = None,
    part: str | None = None,
    storage_options: Mapping[str, Any] | None = None,
    **geometry: Any,
) -> Volume:
    """Return any source, also without voxel size or place.

    Parameters
    ----------
    source : array, path or Volume
        As in `open_volume`.
    axes, time_point, times, part, storage_options, **geometry
        As in `open_volume`. With any argument of geometry, the missing ones are demanded as there.

    Returns
    -------
    Volume
        Where nothing states a place, on a grid whose statement says so: its numbers (1 mm, at 0)
        are placeholders.

    Raises
    ------
    SourceError, OptionError, GeometryError, MissingPackageError
        As `open_volume` does.

    Examples
    --------
    >>> import numpy as np
    >>> open_picture(np.zeros((4, 5), "uint8")).grid.statement.has_place
    False
    """
    arguments = SourceArguments(
        where=_name(source),
        axes=axes,
        time_point=time_point,
        times=times,
        part=part,
        place_optional=True,
        **geometry,
    )
    return _open(source, arguments, storage_options)


def _name(source: object) -> str:
    if isinstance(source, (str, os.PathLike)):
        return masked(os.fspath(source))
    return type(source).__name__


def _open(source: Any, arguments: SourceArguments, options: Mapping[str, Any] | None) -> Volume:
    volume = _open_stored(source, arguments, options)
    if arguments.part is None and volume.slabs.dtype.kind != "c":
        return volume
    from dicomseries.sources.complex_part import with_complex_part

    return with_complex_part(volume, arguments.part, arguments.where)


def _open_stored(
    source: Any, arguments: SourceArguments, options: Mapping[str, Any] | None
) -> Volume:
    """Return the volume in the numbers of its source, also complex ones."""
    if isinstance(source, Volume):
        return _with_arguments(source, arguments)
    if isinstance(source, LayeredSource):
        return source.open_layers(partial(_open, options=options), arguments)
    if not is_url(source):
        return _open_local(source, arguments)
    if is_lazy(source):
        return _open_local(open_lazily(source, options), arguments)
    path, folder = fetched(source, options)
    try:
        volume = _open_local(path, arguments)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return replace(volume, slabs=fetched_frames(volume.slabs, folder))


def _with_arguments(volume: Volume, arguments: SourceArguments) -> Volume:
    if arguments.axes is not None:
        raise OptionError(
            code="axes-of-volume",
            where="axes",
            given=f"`axes={arguments.axes!r}` for a Volume",
            expected="none: a Volume is ([volumes, ]slices, rows, columns) already",
            remedy="Leave `axes=` out, or pass the array itself.",
        )
    time_point = chosen_time_point(volume.volumes or 1, arguments)
    if time_point is not None:
        volume = volume.at(time_point)
    if arguments.times is not None:
        volume = replace(volume, times_s=times_argument(arguments.times, volume.volumes))
    is_placed = arguments.place_optional or volume.grid.statement.has_place
    if is_placed and not arguments.has_geometry:
        return volume
    grid = volume.grid
    return replace(volume, grid=join_grid(grid.shape, arguments, lambda: grid))


def _open_local(source: Any, arguments: SourceArguments) -> Volume:
    if isinstance(source, (str, os.PathLike)):
        return _open_file(locate(source), arguments)
    if isinstance(source, np.ndarray):
        return array_like.open_volume(source, arguments)
    for module in _formats():
        if module.matches(source):
            return module.open_volume(source, arguments)
    raise SourceError(
        code="source-unknown",
        where=arguments.where,
        given=f"an object of type {type(source).__module__}.{type(source).__qualname__}",
        expected="an array with shape, dtype and slicing, an image of SimpleITK or nibabel, a "
        "path, "
        "or a Volume",
        remedy="Make it an array first, e.g. numpy.asarray(data).",
    )


def _formats() -> Sequence[Format]:
    from dicomseries.sources.all_formats import FORMATS  # an array needs none of the files

    return FORMATS


def _open_file(location: Location, arguments: SourceArguments) -> Volume:
    module = next((module for module in _formats() if module.matches(location)), None)
    if module is None:
        raise unknown_file(location.path, arguments.where, SUFFIXES)
    expected = "a complete file of the format that its name says"
    remedy = "Check that the file is complete, has the right suffix and may be read."
    try:
        with guarded(arguments.where, expected, remedy):
            volume = module.open_volume(location, arguments)
    except OSError as error:
        if isinstance(error, DicomSeriesError):
            raise
        raise SourceError(
            code="file-unreadable",
            where=arguments.where,
            given=error.strerror or str(error),
            expected="a file that may be read",
            remedy="Check that it is a file and not a folder, and its permissions.",
        ) from error
    # Absolute, since a worker has another working folder.
    recipe = (module.__name__, replace(location, path=location.path.absolute()), arguments)
    return replace(volume, slabs=replace(volume.slabs, recipe=(_open_again, recipe)))


def _open_again(name: str, location: Location, arguments: SourceArguments) -> FrameReader:
    """Return the frames of another process' file."""
    return _opened(pickle.dumps((name, location, arguments)))


@lru_cache(maxsize=_OPEN_AT_ONCE)
def _opened(recipe: bytes) -> FrameReader:
    name, location, arguments = pickle.loads(recipe)  # noqa: S301 - made by `_open_again`
    module = next(module for module in _formats() if module.__name__ == name)
    frames = module.open_volume(location, arguments).slabs
    return replace(frames, recipe=(_open_again, (name, location, arguments)))
