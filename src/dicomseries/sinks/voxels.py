"""An array to save, with its grid and axes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.errors import OptionError
from dicomseries.geometry import Grid, Space
from dicomseries.lazy_dataclass import dataclass
from dicomseries.slice_planes import SlicePlanes
from dicomseries.volume_axes import VolumeAxis, record_of_volumes

__all__ = ["Voxels"]

_EVEN = 0.01
"""Largest departure of times from even steps, as a part of the step."""
_CLOCK_S = 0.005
"""Largest departure in seconds: the clock of a scanner has steps of 2.5 ms."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Voxels:
    """An array on a grid, of one or several volumes.

    Parameters
    ----------
    array : ndarray, shape ([volumes, ]slices, rows, columns[, 3])
        The values.
    grid : Grid
        Voxel centres of one volume in LPS mm.
    axes : {"zyx", "tzyx", "zyxc", "tzyxc"}
        What the axes are.
    times_s : tuple of float, optional
        When each volume was taken, in seconds after the first.
    volume_axes : tuple of VolumeAxis
        What differs between the volumes, the outer axis first.
    b_values, gradients : ndarray, optional
        Diffusion weighting in s/mm², and unit vector in patient LPS, of each volume.

    Examples
    --------
    >>> grid = Grid(shape=(3, 4, 5), spacing_mm=(1, 1, 2))
    >>> voxels = Voxels.of(np.zeros((2, 3, 4, 5)), grid, times_s=(0, 2.5))
    >>> voxels.axes, voxels.step_s
    ('tzyx', 2.5)
    """

    array: npt.NDArray[Any]
    grid: Grid
    axes: str
    times_s: tuple[float, ...] | None = None
    volume_axes: tuple[VolumeAxis, ...] = ()
    b_values: npt.NDArray[np.float64] | None = None
    gradients: npt.NDArray[np.float64] | None = None

    @classmethod
    def of(
        cls,
        array: npt.NDArray[Any],
        grid: Grid,
        *,
        volumes: int | None = None,
        times_s: tuple[float, ...] | None = None,
    ) -> Voxels:
        """Return an array with its axes named.

        Axis t is in front if `volumes` or the grid say so, c behind.

        Raises
        ------
        OptionError
            If the array does not fit the grid.
        """
        is_wider = array.ndim == 4 and array.shape[:3] != grid.shape
        has_time = volumes is not None or array.ndim == 5 or is_wider
        axes = "t" * has_time + "zyx"
        axes += "c" * (array.ndim - len(axes))
        inner = array.shape[int(has_time) :]
        if inner[:3] == grid.shape and inner[3:] in {(), (3,)}:
            return cls(array=array, grid=grid, axes=axes, times_s=times_s if has_time else None)
        shapes = f"shape {array.shape} on a grid of {grid.shape}"
        if volumes:
            shapes += f", {volumes} volumes"
        raise OptionError(
            code="array-does-not-fit",
            where="array",
            given=shapes,
            expected="([volumes, ]slices, rows, columns[, 3])",
            remedy="Pass the array and the grid of one Volume.",
        )

    def with_volumes(
        self,
        volume_axes: tuple[VolumeAxis, ...],
        b_values: npt.NDArray[np.float64] | None = None,
        gradients: npt.NDArray[np.float64] | None = None,
    ) -> Voxels:
        """Return the voxels with what is known of their volumes."""
        if not self.has_time:
            return self
        return replace(self, volume_axes=volume_axes, b_values=b_values, gradients=gradients)

    @property
    def is_time_axis(self) -> bool:
        """Whether the axis of volumes is one of time, or nothing is known of it."""
        names = {axis.name for axis in self.volume_axes}
        return names <= {"time", "volume"}

    @property
    def volume_record(self) -> dict[str, Any]:
        """What is known of the volumes, for JSON: axes, b-values and gradients."""
        if self.is_time_axis and self.b_values is None:
            return {}
        gradients = None if self.gradients is None else self.gradients.tolist()
        b_values = None if self.b_values is None else self.b_values.tolist()
        return record_of_volumes(self.volume_axes, b_values, gradients)

    @property
    def has_time(self) -> bool:
        """Whether the first axis counts volumes."""
        return self.axes[0] == "t"

    @property
    def is_colour(self) -> bool:
        """Whether the last axis is red, green and blue."""
        return self.axes[-1] == "c"

    @property
    def has_geometry(self) -> bool:
        """Whether place and lengths of the grid are stated."""
        return self.grid.statement.has_place and self.grid.statement.has_lengths

    @property
    def is_regular(self) -> bool:
        """Whether the slices form a regular grid."""
        return not isinstance(self.grid, SlicePlanes)

    def affine(self, space: Space = "LPS") -> npt.NDArray[np.float64]:
        """Return the 4×4 matrix from (column, row, slice) to mm, which may be sheared.

        Raises
        ------
        GeometryError
            If the slices are irregular in another way than an even shear.
        """
        if isinstance(self.grid, SlicePlanes):
            return self.grid.sheared_affine(space)
        return self.grid.affine(space)

    @property
    def in_plane_mm(self) -> tuple[float, float] | None:
        """Spacing of columns and rows of pictures without place."""
        statement = self.grid.statement
        if isinstance(self.grid, SlicePlanes):
            return None
        if statement.has_place or not statement.is_measured:
            return None
        return self.grid.spacing_mm[:2]

    @property
    def step_s(self) -> float | None:
        """Seconds between volumes; None if unknown, or more uneven than a clock's rounding."""
        if not self.has_time or self.times_s is None or len(self.times_s) < 2:
            return None
        steps = np.diff(self.times_s)
        step = float((self.times_s[-1] - self.times_s[0]) / len(steps))
        even = self.times_s[0] + step * np.arange(len(self.times_s))
        if float(np.abs(even - self.times_s).max()) <= min(_CLOCK_S, _EVEN * step):
            return round(step, 9)
        return None

    def planes(self) -> Iterator[npt.NDArray[Any]]:
        """Yield the slices of each volume, little-endian."""
        frames = self.array.reshape(-1, *self.array.shape[1:][int(self.has_time) :])
        for frame in frames:
            yield np.ascontiguousarray(frame, dtype=self.array.dtype.newbyteorder("<"))
