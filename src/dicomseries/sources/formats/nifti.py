"""NIfTI files and every image object of nibabel: the door to nibabel.

nibabel reads the header; the voxels of NIfTI files are mapped, or unpacked forward, here: nibabel reads each slab of a
``.nii.gz`` from the front again (its issue 1058).
"""

from __future__ import annotations

import gzip
import math
import os
import threading
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from dicomseries.errors import SourceError, missing_package
from dicomseries.geometry import Grid
from dicomseries.geometry_statement import UNSTATED
from dicomseries.sources.arguments.axes_argument import array_axes, check_dtype
from dicomseries.sources.arguments.source_arguments import Location, SourceArguments
from dicomseries.sources.arguments.volume_times import step_times
from dicomseries.sources.build_volume import build_volume
from dicomseries.sources.formats.array_like import numpy_frames
from dicomseries.sources.formats.nifti_space import nifti_statement
from dicomseries.sources.frames.array_axes import ArrayAxes
from dicomseries.sources.frames.frame_reader import FrameReader, derived_frames
from dicomseries.sources.frames.mapped_files import FileArray, map_file
from dicomseries.sources.frames.unpacked_size import check_packing
from dicomseries.sources.frames.unpacked_stream import unpack
from dicomseries.sources.optional_packages import guarded, made_by
from dicomseries.sources.volume import Volume

__all__ = ["PACKAGE", "matches", "open_volume"]

PACKAGE: str | None = "nifti"
"""Extra that installs nibabel."""

_MM_PER_UNIT = {"meter": 1000.0, "mm": 1.0, "micron": 1e-3, "unknown": 1.0}
_NO_TIMES = {"hz", "ppm", "rads", None}
_CHECK = "Check that the file is whole and what its name says."
_VECTORS = {1007, 2003}
"""intent_code of a vector and of an RGB vector, whose components stand along the last axis (nifti1.h)."""
_RGB = np.dtype([("R", "u1"), ("G", "u1"), ("B", "u1")])


def matches(source: object) -> bool:
    """Return whether `source` is the location of a ``.nii`` or ``.nii.gz`` file, or an image of nibabel.

    Examples
    --------
    >>> matches(Location(Path("a.nii.gz"))), matches(Location(Path("a.mha")))
    (True, False)
    """
    if isinstance(source, Location):
        return source.has_suffix(".nii", ".nii.gz")
    return made_by(source, "nibabel") and hasattr(source, "dataobj")


def open_volume(source: Any, arguments: SourceArguments) -> Volume:
    """Return a NIfTI file or nibabel image with its affine (RAS, sform before qform) turned into LPS mm.

    Integers stay what they are on disk; ``scl_slope`` and ``scl_inter`` become the slope and intercept of the volume,
    as float64 of the header's float32 (a slope of 0 or NaN means none). Floats with such a scale are scaled when they
    are read, as float64. Metres and micrometres (``xyzt_units``) are converted to mm; an unknown unit is taken as mm,
    as every NIfTI reader does. Axes are x, y, z, t; further axes must have one element.

    The times of 4-D files are multiples of ``pixdim[4]`` in the unit of ``xyzt_units``; where that is unknown they are
    left out, with a warning unless ``pixdim[4]`` is 0 or 1, which mean that nothing was said. Other images of nibabel
    have no times here.

    Raises
    ------
    MissingPackageError
        If nibabel is not installed.
    SourceError
        If nibabel cannot read the file, or it has a fifth axis.
    GeometryError
        If the affine is sheared; else as for an array.
    OptionError
        As for an array.

    Examples
    --------
    >>> import nibabel, tempfile
    >>> image = nibabel.Nifti1Image(np.zeros((5, 4, 3), "int16"), np.diag([1, 1, 2, 1]))
    >>> volume = open_volume(image, SourceArguments())
    >>> volume.slabs.shape, volume.grid.direction_lps[0]
    ((3, 4, 5), -1.0)
    """
    image = _load(source.path, arguments) if isinstance(source, Location) else source
    shape, letters = _shape_and_axes(image, arguments.where)
    axes = array_axes(shape, arguments, letters)
    frames, slope, intercept = _open_voxels(image, axes, arguments.where)
    if frames.dtype.kind == "f" and (slope, intercept) != (1.0, 0.0):
        frames, slope, intercept = _scaled_frames(frames, slope, intercept), 1.0, 0.0
    volume = build_volume(
        frames,
        axes,
        arguments,
        lambda: _grid(image),
        slope=slope,
        intercept=intercept,
        source_times=lambda count: _times(image, count, arguments.where),
    )
    if volume.times_s is None or arguments.times is not None or len(volume.times_s) < 2:
        return volume
    # By the convention of NIfTI's users (and of BIDS) the step along the fourth axis is the repetition time.
    return replace(volume, repetition_time_s=volume.times_s[1] - volume.times_s[0])


def _scaled_frames(reader: FrameReader, slope: float, intercept: float) -> FrameReader:
    """Return floats that mean slope · float + intercept, as float64."""
    return derived_frames(
        _scaled_frames,
        reader,
        slope,
        intercept,
        shape=reader.shape,
        dtype=np.dtype(np.float64),
        read=partial(_read_scaled, reader, slope, intercept),
        edges=reader.edges,
    )


def _read_scaled(
    reader: FrameReader, slope: float, intercept: float, start: int, stop: int
) -> npt.NDArray[Any]:
    values = reader.read(start, stop).astype(np.float64)
    values *= slope
    values += intercept
    return values


def _proxy_frames(proxy: Any, axes: ArrayAxes, where: str) -> FrameReader:
    """Return frames that nibabel reads and scales; scale factors may change from slice to slice."""
    lock = threading.Lock()

    def take(index: tuple[slice, ...]) -> npt.NDArray[Any]:
        with lock, guarded(where):
            return np.asarray(proxy[index], np.float64)

    return FrameReader(
        shape=axes.frames_shape,
        dtype=np.dtype(np.float64),
        read=lambda start, stop: axes.gather(start, stop, take),
        where=where,
    )


def _load(path: Path, arguments: SourceArguments) -> Any:
    try:
        import nibabel
    except ImportError as error:
        raise missing_package(extra="nifti", where=arguments.where) from error
    with guarded(arguments.where, "a NIfTI-1 or NIfTI-2 file", _CHECK):
        image = nibabel.load(path)
        image.header.get_xyzt_units()  # a damaged code is found here
        return image


def _open_voxels(image: Any, axes: ArrayAxes, where: str) -> tuple[FrameReader, float, float]:
    """Return the voxels of an image as they are stored, and what their integers mean."""
    proxy = image.dataobj
    if isinstance(proxy, np.ndarray):
        return numpy_frames(_with_colours(proxy, axes), axes), 1.0, 0.0
    if not _has_one_scale(proxy):
        return _proxy_frames(proxy, axes, where), 1.0, 0.0
    scale = float(proxy.slope), float(proxy.inter)
    if not _is_plain(proxy):
        return numpy_frames(_with_colours(np.asarray(proxy.get_unscaled()), axes), axes), *scale
    return _map(proxy, axes), *scale


def _has_one_scale(proxy: Any) -> bool:
    """Return whether one slope and intercept hold for all voxels; those of AFNI and PAR/REC change on the way."""
    names = ("get_unscaled", "slope", "inter")
    return (
        all(hasattr(proxy, name) for name in names)
        and type(proxy).__module__ == "nibabel.arrayproxy"
    )


def _is_plain(proxy: Any) -> bool:
    """Return whether the voxels lie in a file in Fortran order, raw or packed by gzip."""
    is_file = isinstance(proxy.file_like, (str, os.PathLike))
    return (
        is_file
        and not str(proxy.file_like).endswith((".bz2", ".zst"))
        and getattr(proxy, "order", "") == "F"
    )


def _map(proxy: Any, axes: ArrayAxes) -> FrameReader:
    """Map, or unpack forward, the file of an array proxy; x is its fastest axis."""
    path, offset, dtype = Path(proxy.file_like), int(proxy.offset), np.dtype(proxy.dtype)
    colours = (3,) if dtype == _RGB else ()
    spatial = axes.shape[: len(axes.shape) - len(colours)]
    stored = (np.dtype("u1") if colours else dtype), (*spatial[::-1], *colours)
    if path.suffix.lower() not in {".gz", ".mgz"}:
        mapped = map_file(path, *stored, offset=offset)
    else:
        size = offset + math.prod(stored[1]) * stored[0].itemsize
        check_packing(
            "deflate", where=str(path), packed_bytes=path.stat().st_size, unpacked_bytes=size
        )
        stream = gzip.open(path)  # noqa: SIM115 - closed when all is unpacked, or with the scratch file
        mapped = unpack(cast("Any", stream), *stored, where=str(path), skip=offset)
    order = (*range(len(spatial) - 1, -1, -1), *range(len(spatial), len(axes.shape)))
    array = mapped.array.transpose(order)
    return FileArray(array, mapped.window, mapped.where).frames(axes)


def _with_colours(array: npt.NDArray[Any], axes: ArrayAxes) -> npt.NDArray[Any]:
    """Return the array without its trailing axes of one element, RGB24 voxels as a last axis of 3."""
    if array.dtype == _RGB:
        array = np.stack([array[name] for name in "RGB"], axis=-1)
    return array.reshape(axes.shape)


def _shape_and_axes(image: Any, where: str) -> tuple[tuple[int, ...], str]:
    """Return the shape without trailing axes of one element, with the three colours of RGB24 as the last axis."""
    shape = tuple(int(size) for size in image.shape)
    if any(size < 0 for size in shape):
        raise SourceError(
            code="file-unreadable",
            where=where,
            given=f"shape {shape}",
            expected="sizes above 0",
            remedy=_CHECK,
        )
    dtype = np.dtype(getattr(image.dataobj, "dtype", np.float64))
    parts = _parts_of_vector(image, shape)
    if parts == 3 and dtype == np.uint8:
        spatial = shape[:3] if shape[3] == 1 else shape[:-1]
        return (*spatial, 3), "xyzt"[: len(spatial)] + "c"
    if parts > 1 or any(size != 1 for size in shape[4:]):
        raise _several_components(shape, parts, where)
    shape = shape[:4]
    axes = "xyzt"[: len(shape)]
    if dtype == _RGB:
        return (*shape, 3), axes + "c"
    _refuse_alpha(dtype, where)
    check_dtype(dtype, where)
    return shape, axes


def _parts_of_vector(image: Any, shape: tuple[int, ...]) -> int:
    """Return the number of components where the header says that the last axis holds those of a vector; else 1."""
    header: Any = getattr(image, "header", None)
    try:
        code = int(header["intent_code"])
    except (KeyError, TypeError, ValueError, IndexError):
        return 1
    return shape[-1] if code in _VECTORS and len(shape) in {4, 5} else 1


def _several_components(shape: tuple[int, ...], parts: int, where: str) -> SourceError:
    axes = "xyzt"[: len(shape) - 1]
    return SourceError(
        code="too-many-axes",
        where=where,
        given=f"shape {shape}"
        + (", the last axis with components of vectors" if parts > 1 else ""),
        expected="x, y, z and time; further axes with one element, or the 3 colours of uint8",
        remedy=f"Pass one component as an array: np.asanyarray(image.dataobj)[..., 0] with `axes={axes!r}`, "
        "`affine=image.affine` and `space='RAS'`.",
    )


def _refuse_alpha(dtype: np.dtype[Any], where: str) -> None:
    if dtype.names == ("R", "G", "B", "A"):
        raise SourceError(
            code="colour-count",
            where=where,
            given="4 channels (RGBA32)",
            expected="1 channel, or the 3 of red, green, blue (PS3.3 section C.7.6.3.1.2)",
            remedy="Drop the alpha channel, for which a DICOM image has no place, and pass the colours as an array: "
            "np.stack([np.asanyarray(image.dataobj)[name] for name in 'RGB'], axis=-1) with `axes='xyzc'`, "
            "`affine=image.affine` and `space='RAS'`; what was transparent is then opaque.",
        )


def _times(image: Any, volumes: int, where: str) -> npt.ArrayLike | None:
    """Return when each volume was taken, in seconds; the fourth axis may be one of frequencies too."""
    header: Any = getattr(image, "header", None)
    unit = header.get_xyzt_units()[1] if hasattr(header, "get_xyzt_units") else None
    if unit in _NO_TIMES:
        return None
    # pixdim is float32: its shortest decimal is the number that was meant, 0.72 and not 0.7200000286102295.
    step = float(str(header.get_zooms()[3]))
    return step_times(
        step, None if unit == "unknown" else unit, volumes, where=f"{where}, pixdim[4] = {step:g}"
    )


def _grid(image: Any) -> Grid | None:
    """Return nibabel's affine in mm; images of other kinds (surfaces) have none."""
    if getattr(image, "affine", None) is None:
        return None
    affine = np.array(image.affine, dtype=np.float64)
    units = image.header.get_xyzt_units()[0] if hasattr(image.header, "get_xyzt_units") else "mm"
    affine[:3] *= _MM_PER_UNIT.get(units, 1.0)
    statement = nifti_statement(image)
    if statement == UNSTATED:
        return None
    return Grid.from_affine((1, 1, 1), affine, space="RAS").stated(statement)
