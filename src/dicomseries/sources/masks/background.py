"""Masks that are classes of every voxel, one of them the background."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.errors import ValuesError
from dicomseries.sources.frames.frame_reader import FrameReader

__all__ = ["reject_background"]

_BYTES_PER_READ = 1 << 23
_ROUNDED = 0.01
"""Part of their sum by which probabilities of float16 miss it."""


def reject_background(readers: Sequence[FrameReader], where: str) -> None:
    """Reject masks that add up to one number in every voxel.

    Such masks are one-hot, or a softmax: one of them is probably the background, which is no
    segment. Slices are read up to the first in which the sum differs.

    Parameters
    ----------
    readers : sequence of FrameReader
        The slices of each mask.
    where : str
        The masks, for the error.

    Raises
    ------
    ValuesError
        With the way to name the background.

    Examples
    --------
    >>> from dicomseries.sources import array_frames
    >>> inside = np.array([[[1, 0, 0]]])
    >>> reject_background([array_frames(inside), array_frames(inside)], "channels")
    """
    if len(readers) < 2:
        return
    slices, rows, columns = readers[0].shape[:3]
    depth = max(reader.depth for reader in readers)
    step = max(depth, _BYTES_PER_READ // (4 * rows * columns * len(readers)), 1)
    whole: float | None = None
    for start in range(0, slices, step):
        total = _sum_of(readers, start, min(start + step, slices))
        if whole is None:
            whole = float(total.flat[0])
        if not whole > 0 or not bool((np.abs(total - whole) <= _ROUNDED * whole).all()):
            return
    raise ValuesError(
        code="background-unnamed",
        where=where,
        given=f"{len(readers)} masks that add up to {whole:g} in every voxel: one-hot or softmax, "
        "with a background",
        expected="which of them is the background, as that is no segment",
        remedy="Name the classes and leave the background out, such as "
        f"`segments={_example(len(readers))}`, or name all: "
        "`segments=['background', 'Liver', …]`.",
    )


def _sum_of(readers: Sequence[FrameReader], start: int, stop: int) -> npt.NDArray[Any]:
    total: npt.NDArray[Any] | None = None
    for reader in readers:
        slab = np.asarray(reader.read(start, stop)).astype(np.float32)
        total = slab if total is None else np.add(total, slab, out=total)
    if total is None:
        message = "no masks"
        raise ValueError(message)
    return total


def _example(count: int) -> str:
    names = ("Liver", "Spleen", "Pancreas")
    entries = [f'{index}: "{name}"' for index, name in enumerate(names[: count - 1], 1)]
    return "{" + ", ".join(entries) + "}"
