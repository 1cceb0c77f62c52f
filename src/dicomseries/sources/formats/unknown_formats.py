"""What to do with files that are not read here: pictures one by one, and formats with readers of their own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from dicomseries.errors import SourceError

__all__ = ["unknown_file"]

_ONE_PICTURE = {
    **dict.fromkeys((".tif", ".tiff"), "tifffile.imread(name)"),
    **dict.fromkeys(
        (".png", ".jpg", ".jpeg", ".bmp", ".gif"), "numpy.asarray(PIL.Image.open(name))"
    ),
}
"""Suffix of a picture -> how it is read."""

_HAND_OVER = "pass the array (on the command line save it with numpy.save, and name that file)"

_READERS = {
    ".mat": f"Read it with scipy.io.loadmat (version 7.3: h5py), and {_HAND_OVER}",
    ".raw": f"Read it with numpy.fromfile(path, dtype).reshape(slices, rows, columns), and {_HAND_OVER}",
    ".img": "Name the .hdr file to nibabel.load, and pass that image",
    ".hdr": "Open it with nibabel.load(path), and pass that image",
    ".mnc": "Open it with nibabel.load(path), and pass that image",
    ".mgh": "Open it with nibabel.load(path), and pass that image",
    ".mgz": "Open it with nibabel.load(path), and pass that image",
    ".pt": f"Read it with torch.load, and {_HAND_OVER}",
    ".dcm": "Read it with dicomseries.read(folder), and pass that volume",
}
"""Suffix of a file -> the remedy."""


def unknown_file(path: Path, where: str, suffixes: Sequence[str]) -> SourceError:
    """Return the error of a file or folder that no format matches, with what the user can do.

    Parameters
    ----------
    path : Path
        The file or folder.
    where : str
        What to call it in the error.
    suffixes : sequence of str
        What can be read.

    Examples
    --------
    >>> unknown_file(Path("page.png"), "page.png", (".npy",)).code
    'format-unknown'
    """
    if path.is_dir():
        return _folder(path, where, suffixes)
    suffix = path.suffix.lower()
    return SourceError(
        code="format-unknown",
        where=where,
        given=f"a file named *{path.suffix or path.name}",
        expected=f"one of {' '.join(suffixes)}",
        remedy=f"{_remedy_of(suffix)}; DICOM files are read with dicomseries.read(folder).",
    )


def _remedy_of(suffix: str) -> str:
    if suffix in _ONE_PICTURE:
        return (
            f"Read it as {_ONE_PICTURE[suffix]}, several pictures as numpy.stack of them, and {_HAND_OVER}, with "
            "`axes='yxc'` for a colour picture"
        )
    return _READERS.get(suffix, "Convert it, or open it with its own library and pass the array")


def _folder(path: Path, where: str, suffixes: Sequence[str]) -> SourceError:
    pictures = Counter(
        one.suffix.lower() for one in path.iterdir() if one.suffix.lower() in _ONE_PICTURE
    )
    if not pictures:
        return SourceError(
            code="source-is-folder",
            where=where,
            given="a folder that is not a Zarr array",
            expected=f"a file ({' '.join(suffixes)}) or a Zarr folder",
            remedy="Name the file; a folder of DICOM files is read with dicomseries.read(folder) first.",
        )
    suffix, count = pictures.most_common(1)[0]
    return SourceError(
        code="source-is-folder",
        where=where,
        given=f"a folder of {count} pictures ({suffix})",
        expected="one array, or one file: the order of the pictures and the distance between them are yours to state",
        remedy=f"Read them as one array in the order of their numbers, numpy.stack([{_ONE_PICTURE[suffix]} for name in "
        f"natsort.natsorted(names)]), and {_HAND_OVER}, with `spacing=` in mm.",
    )
