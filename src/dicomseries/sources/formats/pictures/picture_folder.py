"""A folder of pictures, each of which is one slice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.errors import SourceError
from dicomseries.sources.arguments.axes_argument import array_axes, check_dtype
from dicomseries.sources.arguments.source_arguments import Location, SourceArguments
from dicomseries.sources.build_volume import build_volume
from dicomseries.sources.formats import tiff
from dicomseries.sources.formats.pictures import picture_file
from dicomseries.sources.frames.frame_reader import FrameReader
from dicomseries.sources.natural_order import natural_key
from dicomseries.sources.volume import Volume

__all__ = ["PACKAGE", "matches", "open_volume"]

PACKAGE: str | None = "pictures"
"""Extra that installs Pillow; TIFF files need tifffile instead."""

_TIFF = (".tif", ".tiff")
_SUFFIXES = (*_TIFF, *picture_file.PICTURE_SUFFIXES)
_SAME_FORMAT = {".tiff": ".tif", ".jpeg": ".jpg"}


def matches(source: object) -> bool:
    """Return whether `source` is a folder with pictures.

    Examples
    --------
    >>> matches(Location(Path("a.tif")))
    False
    """
    if not isinstance(source, Location) or not source.path.is_dir():
        return False
    return any(file.suffix.lower() in _SUFFIXES for file in source.path.iterdir())


def open_volume(source: Location, arguments: SourceArguments) -> Volume:
    """Return the pictures of a folder as slices, in natural order.

    In natural order of their names 2 comes before 10. Hidden files, and files that are no pictures,
    are passed over. Pictures are read when they are needed, and only their headers or the first of
    them now.

    Parameters
    ----------
    source : Location
        The folder; folders below it are not searched.
    arguments : SourceArguments
        Must hold the spacing: pictures do not state the distance of slices.

    Raises
    ------
    SourceError
        If the pictures are of several formats, sizes or types, if a number in their names is
        missing, or two names differ only by zeros; as for one picture.
    MissingPackageError
        If Pillow (or tifffile) is not installed.
    OptionError, GeometryError
        As for an array.

    Examples
    --------
    >>> import tempfile
    >>> from PIL import Image
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for number in (10, 9, 8):
    ...         picture = Image.fromarray(np.full((4, 5), number, "uint8"))
    ...         picture.save(Path(folder) / f"slice{number}.png")
    ...     volume = open_volume(Location(Path(folder)), SourceArguments(spacing=(1, 1, 2)))
    ...     volume.array[:, 0, 0]
    array([ 8,  9, 10], dtype=uint8)
    """
    where = arguments.where
    files = _pictures(source.path, where)
    first = _load(files[0])
    check_dtype(first.dtype, where)
    letters = "zyx" if first.ndim == 2 else "zyxc"
    axes = array_axes((len(files), *first.shape), arguments, letters)
    stack = partial(_stack, files, first.shape, first.dtype)
    frames = FrameReader(
        shape=axes.frames_shape,
        dtype=first.dtype,
        read=lambda start, stop: axes.gather(start, stop, stack),
        where=where,
        is_chunked=True,
    )
    return build_volume(frames, axes, arguments)


def _pictures(folder: Path, where: str) -> list[Path]:
    """Return the pictures of a folder in natural order."""
    files = []
    for file in folder.iterdir():
        is_picture = file.suffix.lower() in _SUFFIXES and not file.name.startswith(".")
        if is_picture and file.is_file():
            files.append(file)
    suffixes = (file.suffix.lower() for file in files)
    formats = Counter(_SAME_FORMAT.get(suffix, suffix) for suffix in suffixes)
    if len(formats) > 1:
        counts = ", ".join(f"{count} {suffix}" for suffix, count in formats.most_common())
        raise SourceError(
            code="pictures-of-several-formats",
            where=where,
            given=f"pictures of several formats ({counts})",
            expected="pictures of one format, each of which is one slice",
            remedy="Move the others to another folder.",
        )
    files.sort(key=lambda file: natural_key(file.name))
    _check_numbers(files, where)
    return files


def _check_numbers(files: Sequence[Path], where: str) -> None:
    """Reject pictures of which some are missing, by the numbers in their names."""
    keys = [natural_key(file.stem) for file in files]
    if len(set(keys)) < len(keys):
        index = next(index for index, key in enumerate(keys) if key in keys[:index])
        raise SourceError(
            code="pictures-of-one-number",
            where=where,
            given=f"{files[index - 1].name} and {files[index].name}",
            expected="one picture for each number",
            remedy="Rename one of them, or move it to another folder.",
        )
    counting = _counting_numbers(keys)
    if len(counting) < 3:
        return
    steps = np.diff(counting)
    smallest = int(steps.min())
    if (steps == smallest).all():
        return
    index = int(np.argmax(steps != smallest))
    raise SourceError(
        code="pictures-missing",
        where=where,
        given=f"{files[index + 1].name} after {files[index].name}",
        expected=f"numbers in steps of {smallest}: a slice is missing, and all slices after it "
        "would be misplaced",
        remedy="Add the missing pictures, or number the files anew if they are complete.",
    )


def _counting_numbers(keys: Sequence[tuple[str | int, ...]]) -> list[int]:
    """Return the only number that changes from name to name; none if other parts do."""
    if len(set(map(len, keys))) > 1:
        return []
    changing = [parts for parts in zip(*keys, strict=True) if len(set(parts)) > 1]
    if len(changing) != 1:
        return []
    return [part for part in changing[0] if isinstance(part, int)]


def _load(path: Path) -> npt.NDArray[Any]:
    """Return the pixels of one picture."""
    where = str(path)
    if path.suffix.lower() not in _TIFF:
        return picture_file.load_picture(path, where)
    volume = tiff.open_volume(Location(path), SourceArguments(where=where, place_optional=True))
    if volume.slabs.shape[0] != 1:
        raise SourceError(
            code="dataset-unclear",
            where=where,
            given=f"{volume.slabs.shape[0]} pages",
            expected="one page: each file of the folder is one slice",
            remedy="Name this file alone, or split it into files of one page.",
        )
    return np.array(volume.slabs.read(0, 1)[0])


def _stack(
    files: Sequence[Path],
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    index: tuple[slice, ...],
) -> npt.NDArray[Any]:
    """Return the pixels of some slices."""
    chosen = files[index[0]]
    stack = np.empty((len(chosen), *shape), dtype)
    for number, file in enumerate(chosen):
        picture = _load(file)
        if (picture.shape, picture.dtype) != (shape, dtype):
            raise SourceError(
                code="pictures-differ",
                where=str(file),
                given=f"a picture of shape {picture.shape}, {picture.dtype}",
                expected=f"{shape}, {dtype}, as that of {files[0].name}",
                remedy="Convert all pictures to one size and type, or move this one to another "
                "folder.",
            )
        stack[number] = picture
    return stack[(slice(None), *index[1:])]
