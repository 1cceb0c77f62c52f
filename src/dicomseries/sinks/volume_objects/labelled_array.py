"""DataArrays of xarray. The only module that imports `xarray` here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.errors import missing_package
from dicomseries.sinks.voxels import Voxels
from dicomseries.slice_planes import SlicePlanes
from dicomseries.volume_axes import VolumeAxis

__all__ = ["data_array"]

_MM = {"units": "mm"}
_DIMENSIONS = {"t": "t", "z": "z", "y": "y", "x": "x", "c": "rgb"}


def data_array(voxels: Voxels, attributes: Mapping[str, Any], where: str) -> Any:
    """Return a DataArray with dimensions ([t, ]z, y, x[, rgb]).

    Each named axis of volumes is a dimension of this name, with its values as coordinate: ``echo``
    (ms), ``part``, and ``t`` for time (s). That of diffusion has the coordinates ``b_value``
    (s/mm²) and ``gradient_L``, ``gradient_P``, ``gradient_S`` (a unit vector).

    Where rows, columns and slices run along the axes of the patient, the coordinates x, y and z are
    LPS mm. Otherwise no coordinate of one axis is a position; then each axis has three, which add
    up: ``L_x + L_y + L_z`` is how far to the left a voxel is, ``P_x + P_y + P_z`` to the back,
    ``S_x + S_y + S_z`` upwards, in mm. Both stay right when the array is cut or computed with.
    Without a stated geometry there are no coordinates. Parallel slices that are irregular always
    have three for each axis.

    Parameters
    ----------
    voxels : Voxels
        Its array may be dask's, which stays lazy.
    attributes : mapping
        Of the DataArray, such as the units of its values.
    where : str
        The method, for messages.

    Raises
    ------
    MissingPackageError
        If xarray is not installed.

    Examples
    --------
    >>> from dicomseries.geometry import Grid
    >>> grid = Grid(shape=(3, 4, 5), spacing_mm=(1, 1, 2), origin_lps=(7, 8, 9))
    >>> labelled = data_array(Voxels.of(np.zeros((3, 4, 5)), grid), {}, "here")
    >>> labelled.dims, labelled.z.values.tolist()
    (('z', 'y', 'x'), [9.0, 11.0, 13.0])
    """
    try:
        import xarray  # noqa: PLC0415 - an optional package, imported when used
    except ImportError as error:
        raise missing_package(extra="xarray", where=where) from error

    coordinates: dict[str, Any] = {}
    if voxels.has_geometry:
        coordinates |= _positions(voxels)
    if voxels.times_s is not None and voxels.is_time_axis:
        coordinates["t"] = ("t", np.array(voxels.times_s), {"units": "s"})
    if voxels.is_colour:
        coordinates["rgb"] = ("rgb", ["R", "G", "B"])
    dimensions = [_DIMENSIONS[letter] for letter in voxels.axes]
    array = voxels.array
    if voxels.has_time and not voxels.is_time_axis:
        names = list(map(_dimension_of, voxels.volume_axes))
        array = array.reshape(*map(len, voxels.volume_axes), *array.shape[1:])
        dimensions = [*names, *dimensions[1:]]
        coordinates |= _coordinates_of_volumes(voxels)
    return xarray.DataArray(array, coordinates, dimensions, attrs=dict(attributes))


def _dimension_of(axis: VolumeAxis) -> str:
    return "t" if axis.name == "time" else axis.name


def _coordinates_of_volumes(voxels: Voxels) -> dict[str, Any]:
    """Return the coordinates of named axes of volumes."""
    coordinates: dict[str, Any] = {}
    names = tuple(map(_dimension_of, voxels.volume_axes))
    for name, axis in zip(names, voxels.volume_axes, strict=True):
        units = {"units": axis.unit} if axis.unit else {}
        if axis.name == "diffusion":
            coordinates["b_value"] = (name, np.array(axis.values), units)
        else:
            coordinates[name] = (name, np.array(axis.values), units)
    if voxels.gradients is not None:
        lengths = tuple(map(len, voxels.volume_axes))
        for side, parts in zip("LPS", voxels.gradients.T, strict=True):
            coordinates[f"gradient_{side}"] = (names, parts.reshape(lengths))
    if voxels.times_s is not None and len(names) == 1:
        coordinates["start"] = (names, np.array(voxels.times_s), {"units": "s"})
    return coordinates


def _positions(voxels: Voxels) -> dict[str, Any]:
    """Return the coordinates of the axes."""
    grid = voxels.grid
    if isinstance(grid, SlicePlanes):
        return _summed(_offsets_of_planes(grid))
    axes = np.array(grid.axes)
    origin = np.array(grid.origin_lps)
    counts = grid.shape[::-1]
    offsets = []
    for count, step, axis in zip(counts, grid.spacing_mm, axes, strict=True):
        offsets.append(np.multiply.outer(np.arange(count) * step, axis))
    if np.array_equal(np.abs(axes), np.eye(3)):
        coordinates: dict[str, Any] = {}
        for index, name in enumerate("xyz"):
            coordinates[name] = (name, origin[index] + offsets[index][:, index], _MM)
        return coordinates
    offsets[2] = offsets[2] + origin
    return _summed(offsets)


def _offsets_of_planes(planes: SlicePlanes) -> list[npt.NDArray[np.float64]]:
    """Return the parts of the position along columns, rows and slices of parallel slices."""
    cosines = np.reshape(planes.orientation, (2, 3))
    counts = planes.shape[:0:-1]
    offsets = []
    for count, step, axis in zip(counts, planes.pixel_spacing_mm, cosines, strict=True):
        offsets.append(np.multiply.outer(np.arange(count) * step, axis))
    return [*offsets, planes.positions_lps]


def _summed(offsets: Sequence[npt.NDArray[np.float64]]) -> dict[str, Any]:
    """Return three coordinates of each axis, whose sums are positions."""
    coordinates = {}
    for name, vectors in zip("xyz", offsets, strict=True):
        for component, side in enumerate("LPS"):
            coordinates[f"{side}_{name}"] = (name, vectors[:, component], _MM)
    return coordinates
