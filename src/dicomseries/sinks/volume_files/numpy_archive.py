"""``.npz``: the array and its affine."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from dicomseries.sinks.voxels import Voxels
from dicomseries.slice_planes import SlicePlanes

__all__ = ["PACKAGE", "SUFFIXES", "save"]

SUFFIXES: tuple[str, ...] = (".npz",)
PACKAGE: str | None = None


def save(path: Path, voxels: Voxels) -> None:
    """Write ``array``, ``affine_lps`` (4×4, mm) and its parts.

    Irregular slices have ``positions_lps`` (slices, 3), ``orientations`` (slices, 6) and
    ``pixel_spacings_mm`` (slices, 2) instead, and the affine only if they are evenly sheared. Where
    no geometry is stated, only the array is written. Where the times of the volumes are
    known, they are ``times_s``, seconds after the first. The names of the axes
    of volumes are ``volume_axes``, their units ``volume_axis_units``, their values ``echo_values``
    and so on; ``b_values`` and ``gradients_lps`` have a row for each volume.

    Examples
    --------
    >>> SUFFIXES
    ('.npz',)
    """
    grid = voxels.grid
    arrays = {"array": voxels.array}
    if isinstance(grid, SlicePlanes):
        arrays |= _planes(grid)
    elif voxels.has_geometry:
        arrays |= {
            "affine_lps": grid.affine("LPS"),
            "spacing_mm": np.array(grid.spacing_mm),
            "origin_lps": np.array(grid.origin_lps),
            "direction_lps": np.array(grid.direction_lps).reshape(3, 3),
        }
    if voxels.times_s is not None:
        arrays["times_s"] = np.array(voxels.times_s)
    if voxels.b_values is not None and voxels.gradients is not None:
        arrays |= {"b_values": voxels.b_values, "gradients_lps": voxels.gradients}
    if not voxels.is_time_axis:
        arrays["volume_axes"] = np.array([axis.name for axis in voxels.volume_axes])
        arrays["volume_axis_units"] = np.array([axis.unit for axis in voxels.volume_axes])
        for axis in voxels.volume_axes:
            arrays[f"{axis.name}_values"] = np.array(axis.values)
    np.savez(path, **arrays)  # type: ignore[arg-type]  # the stub knows allow_pickle only


def _planes(planes: SlicePlanes) -> dict[str, npt.NDArray[np.float64]]:
    """Return what is known of irregular slices, NaN where it is not."""
    arrays = {
        "positions_lps": planes.positions_lps,
        "orientations": planes.orientations,
        "pixel_spacings_mm": planes.spacings_mm,
    }
    if planes.is_evenly_sheared:
        arrays["affine_lps"] = planes.sheared_affine()
    return arrays
