"""Remedies for files of other formats: pictures one by one, and formats with other readers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from dicomseries.errors import SourceError

__all__ = ["unknown_file"]

_PIL = "numpy.asarray(PIL.Image.open(name))"
_PICTURES = {
    ".tif": "tifffile.imread(name)",
    ".tiff": "tifffile.imread(name)",
    **dict.fromkeys((".png", ".jpg", ".jpeg", ".bmp", ".gif"), _PIL),
}
"""Suffix of a picture → code that reads it."""

_HAND_OVER = "pass the array (on the command line save it with numpy.save, and name that file)"
_NIBABEL = "Open it with nibabel.load(path), and pass that image"
_REMEDIES = {
    ".mat": f"Read it with scipy.io.loadmat (version 7.3: h5py), and {_HAND_OVER}",
    ".raw": "Read it with numpy.fromfile(path, dtype).reshape(slices, rows, columns), and "
    f"{_HAND_OVER}",
    ".img": "Name the .hdr file to nibabel.load, and pass that image",
    ".hdr": _NIBABEL,
    ".mnc": _NIBABEL,
    ".mgh": _NIBABEL,
    ".mgz": _NIBABEL,
    ".pt": f"Read it with torch.load, and {_HAND_OVER}",
    ".dcm": "Read it with dicomseries.read(folder), and pass that volume",
}
"""Suffix of a file → the remedy."""


def unknown_file(path: Path, where: str, suffixes: Sequence[str]) -> SourceError:
    """Return the error of a file or folder of no known format, with a remedy.

    Parameters
    ----------
    path : Path
        The file or folder.
    where : str
        Its name in the error.
    suffixes : sequence of str
        Those that can be read.

    Examples
    --------
    >>> unknown_file(Path("page.png"), "page.png", (".npy",)).code
    'format-unknown'
    """
    if path.is_dir():
        return _folder(path, where, suffixes)
    suffix = path.suffix.lower()
    remedy = _REMEDIES.get(suffix, "Convert it, or open it with its own library and pass the array")
    if suffix in _PICTURES:
        remedy = (
            f"Read it as {_PICTURES[suffix]}, several pictures as numpy.stack of them, and "
            f"{_HAND_OVER}, with `axes='yxc'` for a colour picture"
        )
    return SourceError(
        code="format-unknown",
        where=where,
        given=f"a file named *{path.suffix or path.name}",
        expected=f"one of {' '.join(suffixes)}",
        remedy=f"{remedy}; DICOM files are read with dicomseries.read(folder).",
    )


def _folder(path: Path, where: str, suffixes: Sequence[str]) -> SourceError:
    names = Counter(file.suffix.lower() for file in path.iterdir())
    pictures = [(count, suffix) for suffix, count in names.items() if suffix in _PICTURES]
    if not pictures:
        return SourceError(
            code="source-is-folder",
            where=where,
            given="a folder that is not a Zarr array",
            expected=f"a file ({' '.join(suffixes)}) or a Zarr folder",
            remedy="Name the file; a folder of masks (.nii.gz, .nrrd, .mha, .npy) is for "
            "`kind='Segmentation'`; a folder of DICOM files is read with dicomseries.read(folder) "
            "first.",
        )
    count, suffix = max(pictures)
    return SourceError(
        code="source-is-folder",
        where=where,
        given=f"a folder of {count} pictures ({suffix})",
        expected="one array, or one file: the order of the pictures and the distance between them "
        "are yours to state",
        remedy="Read them as one array in the order of their numbers, "
        f"numpy.stack([{_PICTURES[suffix]} for name in natsort.natsorted(names)]), and "
        f"{_HAND_OVER}, with `spacing=` in mm.",
    )
