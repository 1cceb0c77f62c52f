"""Remedies for files of other formats."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dicomseries.errors import SourceError

__all__ = ["unknown_file"]

_HAND_OVER = "pass the array (on the command line save it with numpy.save, and name that file)"
_REMEDIES = {
    ".raw": "Read it with numpy.fromfile(path, dtype).reshape(slices, rows, columns), and "
    f"{_HAND_OVER}",
    ".par": "Open it with nibabel.load(path), and pass that image",
    ".head": "Open it with nibabel.load(path), and pass that image",
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
    >>> unknown_file(Path("page.pdf"), "page.pdf", (".npy",)).code
    'format-unknown'
    """
    if path.is_dir():
        return SourceError(
            code="source-is-folder",
            where=where,
            given="a folder that is neither a Zarr array nor one of pictures",
            expected=f"a file ({' '.join(suffixes)}), a Zarr folder, or a folder of pictures that "
            "are slices (.png, .tif, .jpg)",
            remedy="Name the file; a folder of masks (.nii.gz, .nrrd, .mha, .npy) is for "
            "`kind='Segmentation'`; a folder of DICOM files is read with dicomseries.read(folder) "
            "first.",
        )
    remedy = _REMEDIES.get(
        path.suffix.lower(), "Convert it, or open it with its own library and pass the array"
    )
    return SourceError(
        code="format-unknown",
        where=where,
        given=f"a file named *{path.suffix or path.name}",
        expected=f"one of {' '.join(suffixes)}",
        remedy=f"{remedy}; DICOM files are read with dicomseries.read(folder).",
    )
