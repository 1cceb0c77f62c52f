"""Asymmetric arrays and grids for the matrices of kinds, with the ends of their range."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = [
    "GEOMETRIES",
    "NUMBERS",
    "ORIGIN",
    "SHAPE",
    "SPACING",
    "Numbers",
    "affine_of",
    "rotation",
]

SHAPE = (5, 7, 9)
SPACING = (0.7, 0.9, 2.5)
ORIGIN = (-31.4159, 27.1828, -141.421)


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """A way to fill an array, and the policy that suits it."""

    dtype: str
    low: float
    high: float
    values: str = "auto"

    def array(self, shape: tuple[int, ...]) -> npt.NDArray[Any]:
        """Return noise on a ramp that differs along every axis, both ends reached."""
        weights = (0.07, 0.31, 1.0, 0.53)  # of columns, rows, slices and volumes
        ramp = sum(
            weights[-1 - axis] * index
            for axis, index in enumerate(np.indices(shape), 4 - len(shape))
        )
        part = np.asarray(ramp) + np.random.default_rng(3).normal(0, 0.2, shape)
        part = (part - part.min()) / (part.max() - part.min())
        real = self.low + (self.high - self.low) * part
        return (
            real.astype(self.dtype)
            if self.dtype.startswith("float")
            else np.rint(real).astype(self.dtype)
        )


NUMBERS = {
    "bool": Numbers(dtype="bool", low=0, high=1),
    "int8": Numbers(dtype="int8", low=-128, high=127),
    "uint8": Numbers(dtype="uint8", low=0, high=255),
    "int16": Numbers(dtype="int16", low=-1024, high=3071),
    "uint16": Numbers(dtype="uint16", low=0, high=65535),
    "int32-small": Numbers(dtype="int32", low=-3024, high=3071),
    "int32-large": Numbers(dtype="int32", low=-2_000_000_000, high=1_900_000_000, values="rescale"),
    "float32-around-0": Numbers(dtype="float32", low=-3.2, high=3.2),
    "float64-0-to-1": Numbers(dtype="float64", low=0.0, high=1.0),
    "float32-ct": Numbers(dtype="float32", low=-1024.0, high=3071.0),
}


def rotation(a: float, b: float, c: float) -> npt.NDArray[np.float64]:
    """Return the rotation by three angles in radians, about x, y and z."""
    x = np.array([[1, 0, 0], [0, math.cos(a), -math.sin(a)], [0, math.sin(a), math.cos(a)]])
    y = np.array([[math.cos(b), 0, math.sin(b)], [0, 1, 0], [-math.sin(b), 0, math.cos(b)]])
    z = np.array([[math.cos(c), -math.sin(c), 0], [math.sin(c), math.cos(c), 0], [0, 0, 1]])
    return np.asarray(x @ y @ z, dtype=np.float64)


GEOMETRIES = {
    "axial": (SHAPE, np.eye(3)),
    "oblique": (SHAPE, rotation(0.1, -0.2, 0.3)),
    # LAS as in nibabel: x to the left, y to the anterior, z to the superior; left-handed.
    "LAS": (SHAPE, np.diag([1.0, -1.0, 1.0])),
    "single slice": ((1, *SHAPE[1:]), rotation(-0.3, 0.2, 0.1)),
}


def affine_of(matrix: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the affine in LPS mm of a grid with these directions."""
    affine = np.eye(4)
    affine[:3, :3] = matrix * SPACING
    affine[:3, 3] = ORIGIN
    return affine
