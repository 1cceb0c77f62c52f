"""Raw voxels behind a text header, little-endian."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dicomseries.errors import OptionError
from dicomseries.sinks.voxels import Voxels

__all__ = ["name_of_dtype", "number_texts", "save_raw"]


def save_raw(path: Path, header: str, voxels: Voxels) -> None:
    """Write a header and the voxels behind it."""
    with path.open("xb") as file:
        file.write(header.encode("ascii"))
        for plane in voxels.planes():
            file.write(plane.data)


def name_of_dtype(dtype: np.dtype[np.generic], names: Mapping[str, str], suffix: str) -> str:
    """Return the format's name of a dtype.

    Raises
    ------
    OptionError
        If it has none.
    """
    if dtype.name in names:
        return names[dtype.name]
    raise OptionError(
        code="dtype-not-in-format",
        where=suffix,
        given=str(dtype),
        expected=f"one of {', '.join(names)}",
        remedy="Choose .npy, which holds every dtype.",
    )


def number_texts(values: npt.NDArray[np.float64] | Sequence[float]) -> list[str]:
    """Return numbers as texts that give the same floats again, without −0."""
    return [repr(float(value) + 0.0) for value in values]
