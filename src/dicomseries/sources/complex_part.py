"""One real part of complex voxels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.errors import OptionError, SourceError
from dicomseries.sources.frames.frame_reader import FrameReader, derived_frames
from dicomseries.sources.volume import Volume

__all__ = ["with_complex_part"]

Numbers = npt.NDArray[Any]

_FUNCTIONS: dict[str, Callable[[Numbers], Numbers]] = {
    "magnitude": np.abs,
    "phase": np.angle,
    "real": np.real,
    "imaginary": np.imag,
}
"""Value of the option `part` → function of numpy."""


def with_complex_part(volume: Volume, part: str | None, where: str) -> Volume:
    """Return a volume of real numbers: one part of complex ones.

    Parameters
    ----------
    volume : Volume
        Of any numbers.
    part : {"magnitude", "phase", "real", "imaginary"}, optional
        Which part; the phase is in radians, from -π to π. Complex numbers need it, real ones must
        not have it.
    where : str
        The source, for errors.

    Raises
    ------
    SourceError
        If the numbers are complex, and no part is named.
    OptionError
        If the part is unknown, or the numbers are real.

    Examples
    --------
    >>> from dicomseries.geometry import Grid
    >>> from dicomseries.sources import array_frames
    >>> frames = array_frames(np.full((1, 1, 2), 3 - 4j))
    >>> volume = Volume(slabs=frames, grid=Grid(shape=(1, 1, 2), spacing_mm=(1, 1, 1)))
    >>> with_complex_part(volume, "magnitude", "array").array.ravel()
    array([5., 5.])
    """
    if part is not None and part not in _FUNCTIONS:
        raise OptionError(
            code="part-unknown",
            where="part",
            given=repr(part),
            expected="'magnitude', 'phase', 'real' or 'imaginary'",
            remedy="Pass one of them, e.g. `part='magnitude'`.",
        )
    is_complex = volume.slabs.dtype.kind == "c"
    if not is_complex and part is not None:
        raise OptionError(
            code="part-of-real-numbers",
            where="part",
            given=f"`part={part!r}` for numbers of the type {volume.slabs.dtype}",
            expected="complex numbers",
            remedy="Leave `part=` out; for the magnitude of signed numbers pass abs(array).",
        )
    if not is_complex:
        return volume
    if part is None:
        raise SourceError(
            code="dtype-unsupported",
            where=where,
            given=f"complex numbers ({volume.slabs.dtype})",
            expected="real numbers, as a DICOM image holds; each part of complex ones is a series "
            "of its own",
            remedy="Name the part with `part='magnitude'`, 'phase', 'real' or 'imaginary', and "
            "write each part that you want; `like=` of the first series joins them in one study.",
        )
    return replace(volume, slabs=_part_frames(volume.slabs, part))


def _part_frames(reader: FrameReader, part: str) -> FrameReader:
    dtype = np.dtype(np.float32 if reader.dtype.itemsize == 8 else np.float64)
    return derived_frames(
        _part_frames,
        reader,
        part,
        shape=reader.shape,
        dtype=dtype,
        read=partial(_read_part, reader, part, dtype),
        edges=reader.edges,
    )


def _read_part(
    reader: FrameReader, part: str, dtype: np.dtype[Any], start: int, stop: int
) -> Numbers:
    return np.ascontiguousarray(_FUNCTIONS[part](reader.read(start, stop)), dtype)
