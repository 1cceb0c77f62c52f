"""Text headers of voxel files."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from dicomseries.errors import SourceError
from dicomseries.lazy_dataclass import dataclass
from dicomseries.sources.frames.files.mapped_files import FileArray
from dicomseries.sources.frames.files.unpacked_size import check_packing
from dicomseries.sources.frames.files.unpacked_stream import Readable, unpack

__all__ = ["MAX_LINE", "TextHeader", "unpacked_voxels"]

MAX_LINE = 1 << 16
"""Longest line of a header, in bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextHeader:
    """The fields of a header.

    Parameters
    ----------
    fields : mapping of str to str
        Key → text.
    path : Path
        The file of the header.
    end : int
        Bytes of the header in its file.
    code : str
        Of its errors.
    separator : str
        Between key and text, for messages.
    """

    fields: Mapping[str, str]
    path: Path
    end: int
    code: str
    separator: str

    def text(self, key: str, default: str = "") -> str:
        """Return the text of a field."""
        return self.fields.get(key, default)

    def integer(self, key: str, default: int = 0) -> int:
        """Return the whole number of a field."""
        try:
            return int(self.text(key, str(default)))
        except ValueError:
            raise self.error(key=key, expected="a whole number", remedy="Fix the header.") from None

    def numbers(self, key: str) -> tuple[float, ...]:
        """Return the numbers of a field; none without it."""
        try:
            return tuple(map(float, self.text(key).split()))
        except ValueError:
            raise self.error(key=key, expected="numbers", remedy="Fix the header.") from None

    def error(self, *, key: str, expected: str, remedy: str) -> SourceError:
        """Return the error of a field."""
        return SourceError(
            code=self.code,
            where=str(self.path),
            given=f"{key}{self.separator}{self.text(key) or '(missing)'}",
            expected=expected,
            remedy=remedy,
        )

    def data_path(self, key: str) -> Path:
        """Return the file of voxels named by a field."""
        name = self.text(key)
        if name.upper().startswith("LIST") or "%" in name:
            remedy = f"Convert it to one {self.path.suffix} file, e.g. with SimpleITK."
            raise self.error(key=key, expected="one file of voxels", remedy=remedy)
        path = self.path.parent / name
        if not path.is_file():
            remedy = "Put the file of voxels there again."
            raise self.error(key=key, expected="a file beside the header", remedy=remedy)
        return path


def unpacked_voxels(
    path: Path,
    offset: int,
    dtype: np.dtype[Any],
    shape: Sequence[int],
    reader: Callable[[BinaryIO], Readable],
    *,
    skip: int = 0,
    is_deflate: bool = True,
) -> FileArray:
    """Return compressed voxels, unpacked when they are read.

    Parameters
    ----------
    path : Path
        The file.
    offset : int
        Where in it the compressed bytes begin.
    dtype : dtype
        Of the voxels.
    shape : sequence of int
        Of the array, C order.
    reader : callable
        Takes the open file, returns the stream of unpacked bytes.
    skip : int
        Unpacked bytes before the voxels.
    is_deflate : bool
        Whether the gain of the compression is bounded.

    Raises
    ------
    SourceError
        If the file is too small for the voxels (code "file-truncated"), or cannot be unpacked.
    """
    size = skip + math.prod(shape) * dtype.itemsize
    if is_deflate:
        packed = path.stat().st_size - offset
        check_packing("deflate", where=str(path), packed_bytes=packed, unpacked_bytes=size)
    file = path.open("rb")  # closed with the stream
    file.seek(offset)
    return unpack(reader(file), dtype, shape, where=str(path), skip=skip)
