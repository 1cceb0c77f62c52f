"""Any array as a `Volume`: lazy slabs of (slices, rows, columns) on a grid in LPS mm.

`FORMATS` lists the readers; each is a small module with the same three names: ``matches(source)``,
``open_volume(source, request)`` and ``PACKAGE``, the pip extra that it needs.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from dicomseries.errors import DicomSeriesError, OptionError, SourceError
from dicomseries.sources.arguments.array_axes import chosen_time_point
from dicomseries.sources.arguments.diffusion_gradients import diffusion_gradients
from dicomseries.sources.arguments.grid_arguments import join
from dicomseries.sources.arguments.source_arguments import Location, SourceArguments, locate
from dicomseries.sources.arguments.volume_times import asked_times
from dicomseries.sources.formats import (
    array_like,
    dask_array,
    hdf5,
    itk_image,
    metaimage,
    nifti,
    npy,
    nrrd,
    tiff,
    xarray_array,
    zarr_store,
)
from dicomseries.sources.formats.unknown_formats import unknown_file
from dicomseries.sources.frames.frame_selection import LazyArray, pick
from dicomseries.sources.frames.prefetch import KeptSlabs, read_once
from dicomseries.sources.frames.reopen_path import PathSlabs
from dicomseries.sources.frames.scratch_copy import CopiedSlabs, Copyable
from dicomseries.sources.frames.slab_plan import SlabPlan, slab_rule
from dicomseries.sources.frames.turned_axes import turned
from dicomseries.sources.optional_packages import guarded
from dicomseries.sources.remote_inputs import FetchedSlabs, fetched, is_lazy, open_lazily
from dicomseries.sources.volume import ArraySlabs, FrameReader, Tags, Volume, array_frames, edges_of
from dicomseries.stores import is_url, masked

__all__ = [
    "FORMATS",
    "SUFFIXES",
    "ArraySlabs",
    "CopiedSlabs",
    "Copyable",
    "Format",
    "FrameReader",
    "KeptSlabs",
    "LazyArray",
    "PathSlabs",
    "SlabPlan",
    "Tags",
    "Volume",
    "array_frames",
    "diffusion_gradients",
    "edges_of",
    "open_picture",
    "open_volume",
    "pick",
    "read_once",
    "slab_rule",
    "turned",
]

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
)
"""Names of the files that can be read end so, in any case."""


_WHOLE = "a file that is whole and of the format that its name says"
_CHECK_FILE = "Check that the file is whole and what its name says, and that it may be read."


class Format(Protocol):
    """What a module of `FORMATS` has."""

    __name__: str

    @property
    def PACKAGE(self) -> str | None:  # noqa: N802 - a constant of the module
        """Extra that it needs, None if nothing."""

    def matches(self, source: object, /) -> bool:
        """Return whether the source is of this format, by its name or type only."""

    def open_volume(self, source: Any, request: SourceArguments, /) -> Volume:
        """Return the volume without reading its voxels."""


FORMATS: tuple[Format, ...] = (
    npy,
    nifti,
    metaimage,
    nrrd,
    hdf5,
    zarr_store,
    tiff,
    itk_image,
    xarray_array,
    dask_array,
    array_like,
)
"""The first that matches opens the source; the general array comes last."""


def open_volume(
    source: Any,
    *,
    spacing: Sequence[float] | None = None,
    origin: Sequence[float] | None = None,
    direction: Any = None,
    affine: Any = None,
    space: str | None = None,
    axes: str | None = None,
    time_point: int | None = None,
    times: float | Sequence[Any] | None = None,
    storage_options: Mapping[str, Any] | None = None,
) -> Volume:
    """Return a volume over any array or file, without reading its voxels.

    Parameters
    ----------
    source : array-like, str, os.PathLike, or Volume
        An array (numpy, memmap, torch, h5py, zarr, dask, xarray, any with `shape`, `dtype` and slicing), an image of
        SimpleITK or nibabel, or a file (`SUFFIXES`; ``file.h5::scan/ct`` names a dataset in it). Of a URL, Zarr is
        read where it is, and any other file is fetched whole into a private folder for as long as it is used.
    spacing : sequence of 3 float, optional
        mm between voxel centres along x (columns), y (rows), z (slices).
    origin : sequence of 3 float, optional
        LPS mm of the first voxel's centre.
    direction : array_like, optional
        3×3 direction cosines (columns are the axes) or the six of ImageOrientationPatient, LPS.
    affine : array_like, optional
        4×4 from (x, y, z) = (column, row, slice) indices to mm, instead of the three above.
    space : {"LPS", "RAS"}, optional
        The frame of `affine`, without which it is refused.
    axes : str, optional
        A letter of ``t z y x c`` for each axis of the array in its order. By default a file's own; for arrays
        ``"yx"``, ``"zyx"``, or ``"zyxc"`` where the last of four axes is 3 long; ``"xyz"``, ``"xyzt"`` for nibabel.
    time_point : int, optional
        Index along axis t of the only volume that is wanted; all of them if not given.
    times : float, or sequence of float, datetime64 or timedelta64, optional
        Seconds from one volume to the next, or the time of each in seconds, from any beginning. By default what the
        file says, as far as it says the unit too (see Notes).
    storage_options : mapping, optional
        Of fsspec, for a URL; by default its configuration and the environment.

    Returns
    -------
    Volume
        Lazy slabs in the source's own numbers; integers stay integers. Its grid may be left-handed, as the source is.
        Where axis t (time points, echoes, diffusion weightings) is longer than 1, its frames are the slices of the
        first volume, then those of the second, and its times are seconds after the first.

    Raises
    ------
    SourceError
        If the file or array cannot be read, is empty, or holds what no DICOM image can; if `times` do not fit.
    GeometryError
        If no spacing is known, or the geometry is sheared, not finite, or said twice.
    OptionError
        If `axes` or `time_point` do not fit the array.
    MissingPackageError
        If the format needs a package that is not installed.

    Warns
    -----
    DicomSeriesWarning
        If the file has times whose unit it does not say, or that do not rise: they are left out.

    Notes
    -----
    Each of spacing, origin, direction overrides what the source itself says, the others stay the source's; an affine
    overrides all three. Renaming the axes of a file with `axes` turns its geometry with them: every voxel stays on its
    point in space. Coordinates: PS3.3 section C.7.6.2.1.1.

    Times are read from ``pixdim[4]`` and ``xyzt_units`` of NIfTI, the fourth spacing of ITK's images and MetaImages
    (seconds by ITK's convention; 1, which means that nothing was said, is none), the spacing and unit of an axis of
    NRRD, the scale and unit of axis t of OME-NGFF, ImageJ's ``finterval``, OME's ``TimeIncrement``, and xarray's
    coordinate ``t`` or ``time`` (datetime64, timedelta64, or numbers with ``attrs["units"]``).

    Frames are read volume by volume. Where a store's chunks hold several time points or many slices, `write` reads as
    many together, so that each chunk is read once, or as seldom as its memory allows.

    Examples
    --------
    >>> import numpy as np
    >>> volume = open_volume(np.zeros((5, 4, 3), "int16"), axes="xyz", spacing=(0.5, 0.5, 2))
    >>> volume.slabs.shape, volume.slabs.dtype.name, volume.grid.spacing_mm
    ((3, 4, 5), 'int16', (0.5, 0.5, 2.0))
    """
    request = SourceArguments(
        where=_name(source),
        spacing=spacing,
        origin=origin,
        direction=direction,
        affine=affine,
        space=space,
        axes=axes,
        time_point=time_point,
        times=times,
    )
    return _opened_from(source, request, storage_options)


def open_picture(
    source: Any,
    *,
    axes: str | None = None,
    time_point: int | None = None,
    times: float | Sequence[float] | None = None,
    storage_options: Mapping[str, Any] | None = None,
    **geometry: Any,
) -> Volume:
    """Return any source as `open_volume` does, also one that states neither voxel size nor place.

    Parameters
    ----------
    source : array, path or Volume
        As in `open_volume`.
    axes, time_point, times, storage_options, **geometry
        As in `open_volume`. With any argument of geometry, what is missing of it is demanded as there.

    Returns
    -------
    Volume
        Where nothing states a place, on a grid whose statement says so: its numbers (1 mm, at 0) are stand-ins.

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
    request = SourceArguments(
        where=_name(source),
        axes=axes,
        time_point=time_point,
        times=times,
        place_optional=True,
        **geometry,
    )
    return _opened_from(source, request, storage_options)


def _opened_from(
    source: Any, request: SourceArguments, options: Mapping[str, Any] | None
) -> Volume:
    if isinstance(source, Volume):
        return _placed_again(source, request)
    if is_url(source):
        return _opened_at(source, request, options)
    return _opened_here(source, request)


def _opened_here(source: Any, request: SourceArguments) -> Volume:
    found = locate(source) if isinstance(source, (str, os.PathLike)) else source
    for module in FORMATS:
        if module.matches(found):
            return _opened(module, found, request)
    raise _unknown(found, request.where)


def _opened_at(url: str, request: SourceArguments, options: Mapping[str, Any] | None) -> Volume:
    if is_lazy(url):
        return _opened_here(open_lazily(url, options), request)
    path, folder = fetched(url, options)
    try:
        volume = _opened_here(path, request)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return replace(volume, slabs=FetchedSlabs(volume.slabs, folder))


def _opened(module: Format, source: Any, request: SourceArguments) -> Volume:
    try:
        if not isinstance(source, Location):
            return module.open_volume(source, request)
        with guarded(request.where, _WHOLE, _CHECK_FILE):
            volume = module.open_volume(source, request)
    except OSError as error:
        if isinstance(error, DicomSeriesError):
            raise
        raise SourceError(
            code="file-unreadable",
            where=request.where,
            given=error.strerror or str(error),
            expected="a file that may be read",
            remedy="Check that it is a file and not a folder, and its permissions.",
        ) from error
    location = replace(source, path=source.path.absolute())
    return replace(volume, slabs=PathSlabs(volume.slabs, module.__name__, location, request))


def _name(source: object) -> str:
    return (
        masked(os.fspath(source))
        if isinstance(source, (str, os.PathLike))
        else type(source).__name__
    )


def _placed_again(volume: Volume, request: SourceArguments) -> Volume:
    if request.axes is not None:
        raise OptionError(
            code="axes-of-volume",
            where="axes",
            given=f"`axes={request.axes!r}` for a Volume",
            expected="none: a Volume is ([volumes, ]slices, rows, columns) already",
            remedy="Leave `axes=` out, or pass the array itself.",
        )
    time_point = chosen_time_point(volume.volumes or 1, request)
    chosen = volume if time_point is None else volume.at(time_point)
    if request.times is not None:
        chosen = replace(chosen, times_s=asked_times(request.times, chosen.volumes))
    if not request.has_geometry and (request.place_optional or chosen.grid.statement.has_place):
        return chosen
    return replace(chosen, grid=join(chosen.grid.shape, request, lambda: chosen.grid))


def _unknown(source: object, where: str) -> SourceError:
    if isinstance(source, Location):
        return unknown_file(source.path, where, SUFFIXES)
    return SourceError(
        code="source-unknown",
        where=where,
        given=f"an object of type {type(source).__module__}.{type(source).__qualname__}",
        expected="an array with shape, dtype and slicing, an image of SimpleITK or nibabel, a path, or a Volume",
        remedy="Make it an array first, e.g. numpy.asarray(data).",
    )
