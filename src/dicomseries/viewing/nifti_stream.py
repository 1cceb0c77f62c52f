"""A volume as a NIfTI-1 file, made while sending."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator

import numpy as np

from dicomseries.errors import OptionError
from dicomseries.sources import Volume

__all__ = ["nifti_length", "nifti_pieces"]

_HEADER_BYTES = 352
_CODES = {"u1": 2, "i2": 4, "i4": 8, "f4": 16, "u2": 512}
_COLOURS = 128
"""DT_RGB24: three samples of 8 bits."""

_SCANNER = 1
_MM_AND_SECONDS = 2 | 8


def nifti_length(volume: Volume) -> int:
    """Return the size of the file in bytes.

    Raises
    ------
    OptionError
        If the volume has colours of 16 bits.
    """
    return _HEADER_BYTES + math.prod(volume.slabs.shape) * _dtype(volume).itemsize


def nifti_pieces(volume: Volume) -> Iterator[bytes]:
    """Yield the header, then slice after slice.

    Parameters
    ----------
    volume : Volume
        Of real values, shape ([volumes, ]slices, rows, columns[, 3]).

    Raises
    ------
    OptionError
        If the volume has colours of 16 bits.

    Notes
    -----
    NIfTI-1.1: x first, volumes last; sform from (column, row, slice) to RAS mm, no qform. Integers
    of 8, 16 and 32 bits are kept; all other values become float32, with which viewers compute.

    Examples
    --------
    >>> from dicomseries.geometry import Grid
    >>> from dicomseries.sources import array_frames
    >>> grid = Grid(shape=(2, 3, 4), spacing_mm=(1, 2, 3))
    >>> array = np.arange(24, dtype="int16").reshape(2, 3, 4)
    >>> volume = Volume(slabs=array_frames(array), grid=grid)
    >>> file = b"".join(nifti_pieces(volume))
    >>> len(file), nifti_length(volume), struct.unpack_from("<4h", file, 40)
    (400, 400, (3, 4, 3, 2))
    >>> struct.unpack_from("<4f", file, 280)
    (-1.0, 0.0, 0.0, 0.0)
    """
    dtype = _dtype(volume)
    yield _header(volume, dtype)
    for index in range(volume.slabs.shape[0]):
        yield np.ascontiguousarray(volume.slabs.read(index, index + 1), dtype=dtype).tobytes()


def _dtype(volume: Volume) -> np.dtype[np.generic]:
    dtype = volume.slabs.dtype
    if volume.samples == 3 and dtype != np.uint8:
        raise OptionError(
            code="dtype-not-in-format",
            where="--viewer niivue",
            given=f"colours of {dtype}",
            expected="colours of 8 bits",
            remedy="Leave --viewer out, or choose --viewer ohif or dcmview.",
        )
    code = dtype.str[1:]
    return np.dtype(f"<{code}" if code in _CODES else "<f4")


def _header(volume: Volume, dtype: np.dtype[np.generic]) -> bytes:
    rows, columns = volume.slabs.shape[1:3]
    volumes = volume.volumes or 1
    times = volume.times_s or ()
    step = times[1] - times[0] if len(times) > 1 else 0.0
    code = _CODES[dtype.str[1:]]
    if volume.samples == 3:
        code = _COLOURS
    header = bytearray(_HEADER_BYTES)
    struct.pack_into("<i", header, 0, 348)
    dimensions = 3 + (volumes > 1)
    sizes = (columns, rows, volume.slices, volumes)
    struct.pack_into("<8h", header, 40, dimensions, *sizes, 1, 1, 1)
    struct.pack_into("<2h", header, 70, code, 8 * dtype.itemsize * volume.samples)
    struct.pack_into("<8f", header, 76, 1, *volume.grid.spacing_mm, step, 0, 0, 0)
    struct.pack_into("<3f", header, 108, _HEADER_BYTES, 1, 0)
    header[123] = _MM_AND_SECONDS
    struct.pack_into("<2h", header, 252, 0, _SCANNER)
    struct.pack_into("<12f", header, 280, *volume.grid.affine("RAS")[:3].ravel())
    header[344:348] = b"n+1\0"
    return bytes(header)
