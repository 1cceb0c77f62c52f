"""NIfTI, Analyze, MINC and FreeSurfer files, and images of nibabel.

The only module that imports `nibabel` here.

nibabel reads the header; the voxels of NIfTI files are mapped, or unpacked forward, here: nibabel
reads each slab of a ``.nii.gz`` from the front again (its issue 1058).
"""

from __future__ import annotations

import math
import os
import threading
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.errors import SourceError, missing_package
from dicomseries.geometry import Grid
from dicomseries.geometry_statement import UNSTATED
from dicomseries.sources.arguments.axes_argument import array_axes, check_dtype
from dicomseries.sources.arguments.grid_arguments import ShearedFrame, source_frame
from dicomseries.sources.arguments.source_arguments import Location, SourceArguments
from dicomseries.sources.arguments.volume_times import step_times
from dicomseries.sources.build_volume import build_volume
from dicomseries.sources.formats.array_like import numpy_frames
from dicomseries.sources.formats.headers.label_table import names_in_table
from dicomseries.sources.formats.headers.nifti_space import nifti_statement
from dicomseries.sources.frames.array_axes import ArrayAxes
from dicomseries.sources.frames.files.gzip_stream import open_gzip
from dicomseries.sources.frames.files.mapped_files import FileArray, map_file
from dicomseries.sources.frames.files.unpacked_size import check_packing
from dicomseries.sources.frames.files.unpacked_stream import unpack, unpack_once
from dicomseries.sources.frames.frame_reader import FrameReader, derived_frames
from dicomseries.sources.optional_packages import guarded, made_by
from dicomseries.sources.volume import Volume

__all__ = ["PACKAGE", "label_names", "matches", "open_volume"]

PACKAGE: str | None = "nifti"
"""Extra that installs nibabel."""

_SUFFIXES = (".nii", ".nii.gz", ".hdr", ".img", ".mnc", ".mgh", ".mgz")
"""NIfTI, Analyze (with NIfTI in two files), MINC and FreeSurfer: what nibabel gives an affine."""

_MM_PER_UNIT = {"meter": 1000.0, "mm": 1.0, "micron": 1e-3, "unknown": 1.0}
_NO_TIMES = {"hz", "ppm", "rads", None}
_CHECK = "Check that the file is complete and has the right suffix."
_SLICES_FIRST = {"Minc1Image", "Minc2Image"}
"""Images of the axes times, slices, rows, columns."""
_VECTORS = {1007, 2003}
"""intent_code of a vector and of an RGB vector, whose components are along the last axis
(nifti1.h)."""
_RGB = np.dtype([("R", "u1"), ("G", "u1"), ("B", "u1")])


def matches(source: object) -> bool:
    """Return whether `source` is a NIfTI file or nibabel image.

    Examples
    --------
    >>> matches(Location(Path("a.nii.gz"))), matches(Location(Path("a.mha")))
    (True, False)
    """
    if isinstance(source, Location):
        return source.has_suffix(*_SUFFIXES)
    return made_by(source, "nibabel") and hasattr(source, "dataobj")


def open_volume(source: Any, arguments: SourceArguments) -> Volume:
    """Return a NIfTI file or nibabel image, in LPS mm.

    The affine is nibabel's (RAS, sform before qform). Integers stay as they are on disk;
    ``scl_slope`` and ``scl_inter`` become the slope and intercept of the volume, as float64 of the
    header's float32 (a slope of 0 or NaN means none). Floats with such a scale are scaled when they
    are read, as float64. Metres and micrometres (``xyzt_units``) are converted to mm; an unknown
    unit is taken as mm, as every NIfTI reader does. Axes are x, y, z, t; further axes must have one
    element.

    The times of 4-D files are multiples of ``pixdim[4]`` in the unit of ``xyzt_units``; where that
    is unknown they are left out, with a warning unless ``pixdim[4]`` is 0 or 1, which mean that
    nothing was stated. Other images of nibabel have no times here.

    Raises
    ------
    MissingPackageError
        If nibabel is not installed.
    SourceError
        If nibabel cannot read the file, or it has a fifth axis.
    GeometryError
        If the affine is sheared, unless slices may lie on separate planes; else as for an
        array.
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
    where = arguments.where
    image = source
    if isinstance(source, Location):
        image = _load(source.path, where)
    shape, letters = _shape_and_letters(image, where)
    axes = array_axes(shape, arguments, letters)
    frames, slope, intercept = _open_voxels(image, axes, arguments)
    if frames.dtype.kind == "f" and (slope, intercept) != (1.0, 0.0):
        frames, slope, intercept = _scaled_frames(frames, slope, intercept), 1.0, 0.0
    volume = build_volume(
        frames,
        axes,
        arguments,
        partial(_grid, image),
        slope=slope,
        intercept=intercept,
        source_times=partial(_times, image, where),
    )
    if volume.times_s is None or arguments.times is not None or len(volume.times_s) < 2:
        return volume
    # By the convention of NIfTI's users (and of BIDS) the step along the fourth axis is the
    # repetition time.
    return replace(volume, repetition_time_s=volume.times_s[1] - volume.times_s[0])


def label_names(source: Any) -> dict[int, str]:
    """Return the names of labels that a header states, as files of TotalSegmentator do.

    Parameters
    ----------
    source : object
        The path of a NIfTI file, or an image of nibabel; anything else has none.

    Examples
    --------
    >>> label_names("labels.nrrd")
    {}
    """
    image = source
    if isinstance(source, (str, os.PathLike)):
        path = Path(source)
        if not path.name.lower().endswith((".nii", ".nii.gz")) or not path.is_file():
            return {}
        image = _load(path, os.fspath(source))
    if not matches(image):
        return {}
    names: dict[int, str] = {}
    for extension in getattr(image.header, "extensions", ()):
        content = extension.get_content()
        if isinstance(content, bytes):
            names |= names_in_table(content.decode("utf-8", errors="replace"))
    return names


def _load(path: Path, where: str) -> Any:
    try:
        import nibabel
    except ImportError as error:
        raise missing_package(extra="nifti", where=where) from error
    with guarded(where, "a NIfTI-1 or NIfTI-2 file", _CHECK):
        image = nibabel.load(path)
        if hasattr(image.header, "get_xyzt_units"):
            image.header.get_xyzt_units()  # raises for a damaged code
        return image


def _shape_and_letters(image: Any, where: str) -> tuple[tuple[int, ...], str]:
    """Return shape and axes, without trailing axes of one element.

    The three colours of RGB24, or of a vector of uint8, are the last axis.
    """
    shape = tuple(map(int, image.shape))
    if min(shape, default=0) < 0:
        raise SourceError(
            code="file-unreadable",
            where=where,
            given=f"shape {shape}",
            expected="sizes above 0",
            remedy=_CHECK,
        )
    dtype = np.dtype(getattr(image.dataobj, "dtype", np.float64))
    components = _components(image, shape)
    if components == 3 and dtype == np.uint8:
        spatial = shape[:3] if shape[3] == 1 else shape[:-1]
        return (*spatial, 3), "xyzt"[: len(spatial)] + "c"
    if components > 1 or set(shape[4:]) - {1}:
        raise _several_components(shape, components, where)
    letters = "xyzt"[: len(shape)]
    if type(image).__name__ in _SLICES_FIRST:
        return shape, "tzyx"[-len(shape) :]
    if dtype == _RGB:
        return (*shape[:4], 3), letters + "c"
    if dtype.names == ("R", "G", "B", "A"):
        raise SourceError(
            code="colour-count",
            where=where,
            given="4 channels (RGBA32)",
            expected="1 channel, or the 3 of red, green, blue (PS3.3 section C.7.6.3.1.2)",
            remedy="Drop the alpha channel, for which a DICOM image has no place, and pass the "
            "colours as an array: np.stack([np.asanyarray(image.dataobj)[name] for name in 'RGB'], "
            "axis=-1) with `axes='xyzc'`, `affine=image.affine` and `space='RAS'`; what was "
            "transparent is then opaque.",
        )
    check_dtype(dtype, where)
    return shape[:4], letters


def _components(image: Any, shape: tuple[int, ...]) -> int:
    """Return the number of vector components along the last axis."""
    header: Any = getattr(image, "header", None)
    try:
        code = int(header["intent_code"])
    except (KeyError, TypeError, ValueError, IndexError):
        return 1
    if code in _VECTORS and len(shape) in {4, 5}:
        return shape[-1]
    return 1


def _several_components(shape: tuple[int, ...], components: int, where: str) -> SourceError:
    letters = "xyzt"[: len(shape) - 1]
    shapes = f"shape {shape}"
    if components > 1:
        shapes += ", the last axis with components of vectors"
    return SourceError(
        code="too-many-axes",
        where=where,
        given=shapes,
        expected="x, y, z and time; further axes with one element, or the 3 colours of uint8",
        remedy="Pass one component as an array: np.asanyarray(image.dataobj)[..., 0] with "
        f"`axes={letters!r}`, `affine=image.affine` and `space='RAS'`.",
    )


def _open_voxels(
    image: Any, axes: ArrayAxes, arguments: SourceArguments
) -> tuple[FrameReader, float, float]:
    """Return stored voxels with their slope and intercept."""
    proxy = image.dataobj
    if isinstance(proxy, np.ndarray):
        return _array_frames(proxy, axes), 1.0, 0.0
    if not _has_one_scale(proxy):
        return _proxy_frames(proxy, axes, arguments.where), 1.0, 0.0
    frames = _file_frames(proxy, axes, is_read_once=arguments.is_read_once)
    if frames is None:
        frames = _array_frames(np.asarray(proxy.get_unscaled()), axes)
    return frames, float(proxy.slope), float(proxy.inter)


def _array_frames(array: npt.NDArray[Any], axes: ArrayAxes) -> FrameReader:
    """Return the frames of an array, RGB24 voxels as colours."""
    if array.dtype == _RGB:
        array = np.stack([array[name] for name in "RGB"], axis=-1)
    return numpy_frames(array.reshape(axes.shape), axes)


def _has_one_scale(proxy: Any) -> bool:
    """Return whether one slope and intercept hold for all voxels.

    Those of AFNI and PAR/REC change from slice to slice.
    """
    has_scale = all(hasattr(proxy, name) for name in ("get_unscaled", "slope", "inter"))
    return has_scale and type(proxy).__module__ == "nibabel.arrayproxy"


def _file_frames(proxy: Any, axes: ArrayAxes, *, is_read_once: bool) -> FrameReader | None:
    """Return the frames of a plain or gzipped file, else None."""
    if not isinstance(proxy.file_like, (str, os.PathLike)) or getattr(proxy, "order", "") != "F":
        return None
    path, offset, dtype = Path(proxy.file_like), int(proxy.offset), np.dtype(proxy.dtype)
    if path.suffix in {".bz2", ".zst"}:
        return None
    spatial = axes.shape
    colours: tuple[int, ...] = ()
    if dtype == _RGB:
        dtype, spatial, colours = np.dtype("u1"), axes.shape[:-1], (3,)
    shape = (*spatial[::-1], *colours)
    if path.suffix.lower() in {".gz", ".mgz"}:
        size = offset + math.prod(shape) * dtype.itemsize
        packed = path.stat().st_size
        check_packing("deflate", where=str(path), packed_bytes=packed, unpacked_bytes=size)
        opened: Any = partial(open_gzip, path)  # closed when all is unpacked
        if is_read_once:
            mapped = unpack_once(opened, dtype, shape, where=str(path), skip=offset)
        else:
            mapped = unpack(opened(), dtype, shape, where=str(path), skip=offset)
    else:
        mapped = map_file(path, dtype, shape, offset=offset)
    # x is the fastest axis of the file.
    order = (*reversed(range(len(spatial))), *range(len(spatial), len(shape)))
    return FileArray(mapped.array.transpose(order), mapped.window, mapped.where).frames(axes)


def _scaled_frames(reader: FrameReader, slope: float, intercept: float) -> FrameReader:
    """Return float64 frames: slope · float + intercept."""
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
    """Return frames that nibabel reads and scales."""
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


def _times(image: Any, where: str, volumes: int) -> npt.ArrayLike | None:
    """Return the times of volumes; frequencies are no times."""
    header: Any = getattr(image, "header", None)
    if not hasattr(header, "get_xyzt_units"):
        return None
    unit = header.get_xyzt_units()[1]
    if unit in _NO_TIMES:
        return None
    # pixdim is float32: its shortest decimal is the number that was meant, 0.72 and not
    # 0.7200000286102295.
    step = float(str(header.get_zooms()[3]))
    where = f"{where}, pixdim[4] = {step:g}"
    return step_times(step, None if unit == "unknown" else unit, volumes, where=where)


def _grid(image: Any) -> Grid | ShearedFrame | None:
    """Return nibabel's affine in mm; surfaces have none."""
    if getattr(image, "affine", None) is None:
        return None
    affine = np.array(image.affine, dtype=np.float64)
    if hasattr(image.header, "get_xyzt_units"):
        affine[:3] *= _MM_PER_UNIT.get(image.header.get_xyzt_units()[0], 1.0)
    if type(image).__name__ in _SLICES_FIRST:
        affine[:, :3] = affine[:, 2::-1]
    statement = nifti_statement(image)
    if statement == UNSTATED:
        return None
    return source_frame(affine, space="RAS", statement=statement)
