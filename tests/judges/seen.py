"""Content from a reader, and its distance from the expected one."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Seen", "corner_distance", "corners"]

Affine = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Seen:
    """A volume, or several over time on one grid, as another program reads it.

    Attributes
    ----------
    array : ndarray, shape ([volumes,] slices, rows, columns[, 3])
        Real values.
    affine_lps : ndarray, shape (4, 4), or None
        From (column, row, slice) indices to LPS mm; None for pictures without a place.
    warnings : tuple of str
        Warnings of the program.
    volumes : int, optional
        The length of the leading axis, where there is one.
    step_s : float, optional
        Seconds from one volume to the next, if the program states it.
    window : pair of float, optional
        The real values that the program shows black and white.
    """

    array: npt.NDArray[Any]
    affine_lps: Affine | None
    warnings: tuple[str, ...] = ()
    volumes: int | None = None
    step_s: float | None = None
    window: tuple[float, float] | None = None

    def each(self) -> list[Seen]:
        """Return the volumes of the leading axis; the volume itself if there is none."""
        if self.volumes is None:
            return [self]
        return [
            Seen(array=one, affine_lps=self.affine_lps, warnings=self.warnings)
            for one in self.array
        ]

    def aligned_to(self, affine_lps: npt.ArrayLike) -> Seen:
        """Return the same voxels with axes ordered and directed as those of `affine_lps`.

        A reader may turn an array as long as every value stays on its point in space:
        dcm2niix flips the rows, SimpleITK the slices.
        """
        wanted = _directions(np.asarray(affine_lps, dtype=np.float64))
        here = _directions(self.affine_lps)
        agreement = wanted.T @ here
        order = max(
            itertools.permutations(range(3)),
            key=lambda p: sum(abs(agreement[i, p[i]]) for i in range(3)),
        )
        signs = [1 if agreement[i, order[i]] >= 0 else -1 for i in range(3)]
        return self._turned(order, signs)

    def _turned(self, order: tuple[int, ...], signs: list[int]) -> Seen:
        sizes = self.array.shape[2::-1]
        turn = np.zeros((4, 4))
        turn[3, 3] = 1
        for new, (old, sign) in enumerate(zip(order, signs, strict=True)):
            turn[old, new] = sign
            turn[old, 3] = 0 if sign > 0 else sizes[old] - 1
        axes = [2 - order[2 - axis] for axis in range(3)]
        flips = tuple(slice(None, None, signs[2 - axis]) for axis in range(3))
        array = np.transpose(self.array, (*axes, *range(3, self.array.ndim)))[flips]
        return Seen(array=array, affine_lps=self.affine_lps @ turn, warnings=self.warnings)


def corners(affine_lps: npt.ArrayLike, shape: tuple[int, ...]) -> Affine:
    """Return LPS mm of the eight corner voxel centres, shape (8, 3), columns varying fastest."""
    slices, rows, columns = shape[:3]
    indices = [
        (x, y, z, 1) for z in (0, slices - 1) for y in (0, rows - 1) for x in (0, columns - 1)
    ]
    points: Affine = (
        np.asarray(affine_lps, dtype=np.float64) @ np.array(indices, dtype=np.float64).T
    )[:3].T
    return points


def corner_distance(seen: Seen, affine_lps: npt.ArrayLike, shape: tuple[int, ...]) -> float:
    """Return the largest distance in mm between corners; infinite if the sizes differ.

    Align `seen` first with `Seen.aligned_to` where a reader may turn the array.
    """
    if seen.affine_lps is None or seen.array.shape[:3] != tuple(shape[:3]):
        return float("inf")
    return float(
        np.linalg.norm(corners(seen.affine_lps, shape) - corners(affine_lps, shape), axis=1).max()
    )


def _directions(affine: Affine) -> Affine:
    axes = affine[:3, :3]
    lengths = np.linalg.norm(axes, axis=0)
    return axes / np.where(lengths > 0, lengths, 1)
