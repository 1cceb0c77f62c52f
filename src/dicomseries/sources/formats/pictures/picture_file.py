"""Pictures of common programs: PNG, JPEG, BMP and GIF files.

The only module that imports `PIL` for reading pictures.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.errors import SourceError, missing_package
from dicomseries.sources.arguments.axes_argument import array_axes
from dicomseries.sources.arguments.source_arguments import Location, SourceArguments
from dicomseries.sources.build_volume import build_volume
from dicomseries.sources.formats.array_like import numpy_frames
from dicomseries.sources.frames.files.unpacked_size import check_packing
from dicomseries.sources.optional_packages import guarded
from dicomseries.sources.volume import Volume

__all__ = ["PACKAGE", "PICTURE_SUFFIXES", "load_picture", "matches", "open_volume"]

PACKAGE: str | None = "pictures"
"""Extra that installs Pillow."""

PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif")
"""Suffixes of the files that Pillow reads here."""

_EXPECTED = "a whole PNG, JPEG, BMP or GIF file"
_REMEDY = "Check that the file is complete and has the right suffix."
_PALETTES = {"P", "PA"}
_WITH_ALPHA = {"LA": "L", "La": "L", "RGBA": "RGB", "RGBa": "RGB"}
"""Mode with transparency -> mode without it."""
_PLAIN = {"1", "L", "RGB", "I", "F", "I;16", "I;16B", "I;16L", "I;16N"}


def matches(source: object) -> bool:
    """Return whether `source` is a picture file.

    Examples
    --------
    >>> matches(Location(Path("a.PNG"))), matches(Location(Path("a.tif")))
    (True, False)
    """
    return isinstance(source, Location) and source.has_suffix(*PICTURE_SUFFIXES)


def open_volume(source: Location, arguments: SourceArguments) -> Volume:
    """Return a picture as one slice, grey or in colours.

    Palettes become colours (or grey, if all their colours are). A JPEG is turned as its EXIF
    orientation asks, as every program shows it. A resolution in dots per inch is that of a printer,
    and not taken for a voxel size.

    Raises
    ------
    MissingPackageError
        If Pillow is not installed.
    SourceError
        If the file cannot be read, is transparent in places, holds several pictures, or colours
        that are not red, green and blue.
    OptionError, GeometryError
        As for an array.

    Examples
    --------
    >>> import tempfile
    >>> from PIL import Image
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Image.fromarray(np.zeros((4, 5), "uint8")).save(Path(folder) / "a.png")
    ...     arguments = SourceArguments(spacing=(0.5, 0.5, 1))
    ...     open_volume(Location(Path(folder) / "a.png"), arguments).slabs.shape
    (1, 4, 5)
    """
    array = load_picture(source.path, arguments.where)
    axes = array_axes(array.shape, arguments, "yx" if array.ndim == 2 else "yxc")
    return build_volume(numpy_frames(array, axes, arguments.where), axes, arguments)


def load_picture(path: Path, where: str) -> npt.NDArray[Any]:
    """Return the pixels of a picture, (rows, columns) or (rows, columns, 3).

    Raises
    ------
    MissingPackageError, SourceError
        As `open_volume` does.
    """
    try:
        from PIL import Image, ImageOps
    except ImportError as error:
        raise missing_package(extra="pictures", where=where) from error
    with guarded(where, _EXPECTED, _REMEDY), Image.open(path) as picture:
        count = getattr(picture, "n_frames", 1)
        if count > 1:
            raise _several_pictures(where, count)
        columns, rows = picture.size
        size = columns * rows * len(picture.getbands())
        check_packing(
            "other",
            where=where,
            packed_bytes=path.stat().st_size,
            unpacked_bytes=size,
            piece_bytes=size,
        )
        return np.asarray(_plain(ImageOps.exif_transpose(picture), where))


def _plain(picture: Any, where: str) -> Any:
    """Return a picture of grey or red, green and blue."""
    if picture.mode in _PALETTES or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        colours = np.asarray(picture)
        if (colours[..., :1] == colours[..., 1:3]).all():
            picture = picture.convert("LA")
    if picture.mode in _WITH_ALPHA:
        if picture.getchannel("A").getextrema()[0] < 255:
            raise SourceError(
                code="colour-count",
                where=where,
                given="a picture that is transparent in places",
                expected="opaque pixels: a DICOM image has no transparency",
                remedy="Put it on a background first, e.g. with Pillow: "
                "Image.alpha_composite(background, picture).convert('RGB').",
            )
        picture = picture.convert(_WITH_ALPHA[picture.mode])
    if picture.mode not in _PLAIN:
        raise SourceError(
            code="photometric-unsupported",
            where=where,
            given=f"a picture of the mode {picture.mode}",
            expected="grey, or red, green and blue",
            remedy="Convert it first, e.g. with Pillow: Image.open(path).convert('RGB').",
        )
    return picture


def _several_pictures(where: str, count: int) -> SourceError:
    return SourceError(
        code="dataset-unclear",
        where=where,
        given=f"{count} pictures in one file",
        expected="one picture",
        remedy="Save the pictures as files of one folder and name the folder, or pass them as one "
        "array with `axes='zyx'` (slices) or 'tyx' (times).",
    )
