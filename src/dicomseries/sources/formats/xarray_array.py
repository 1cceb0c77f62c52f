"""Arrays of xarray: dimension names are axes, coordinates are spacing and origin."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.errors import GeometryError, SourceError
from dicomseries.geometry import Grid
from dicomseries.geometry_statement import STATED
from dicomseries.lazy_dataclass import dataclass
from dicomseries.sources.arguments.axes_argument import array_axes, check_dtype
from dicomseries.sources.arguments.grid_arguments import no_grid
from dicomseries.sources.arguments.length_units import mm_per_unit
from dicomseries.sources.arguments.source_arguments import SourceArguments
from dicomseries.sources.arguments.stated_geometry import without_unit
from dicomseries.sources.arguments.volume_times import in_seconds
from dicomseries.sources.build_volume import build_volume
from dicomseries.sources.frames.array_axes import ArrayAxes
from dicomseries.sources.frames.chunks import Chunks
from dicomseries.sources.frames.dask_frames import ComputedArray, is_dask
from dicomseries.sources.frames.sliced_frames import sliced_frames
from dicomseries.sources.optional_packages import made_by
from dicomseries.sources.volume import Volume
from dicomseries.volume_axes import AXIS_NAMES

__all__ = ["EVENNESS", "PACKAGE", "matches", "open_volume"]

PACKAGE: str | None = "xarray"
"""Extra that installs xarray."""

EVENNESS = 1e-4
"""Largest departure of a coordinate from an even row, as a part of the step; float32 coordinates
reach about 1e-5."""

_ROUNDING = 1e-12
"""Departure that is rounding, as a part of the largest value: a coordinate may hardly change."""

_VECTORS = tuple(f"{side}_{letter}" for letter in "xyz" for side in "LPS")
"""Coordinates of an oblique grid."""

_LETTERS = {"time": "t", "channel": "c", "rgb": "c"}


_NO_UNITS = STATED.noting(without_unit("The coordinates x, y and z"))


def matches(source: object) -> bool:
    """Return whether `source` is an object of xarray.

    Examples
    --------
    >>> matches(np.ones(3))
    False
    """
    return made_by(source, "xarray")


def open_volume(source: Any, arguments: SourceArguments) -> Volume:
    """Return a DataArray, with its dimensions as axes x, y, z, t (time), c (channel, rgb).

    If x, y and z all have coordinates of two values or more, these are LPS positions: their step is
    the spacing (a falling coordinate is a direction of −1) and their first value the origin.
    ``attrs["units"]`` may be any unit of length; without it they are mm. An oblique grid has the
    coordinates ``L_x``, ``P_x``, ``S_x``, ``L_y`` to ``S_z`` of `SeriesVolume.to_xarray`, whose
    sums over x, y, z are the position of a voxel. Dimensions of other names are taken by their
    order, without geometry.

    Dimensions that `SeriesVolume.to_xarray` makes of axes of volumes (echo, part, ...) become one
    axis t, the outer one first.

    The coordinate of t is the times: datetime64, timedelta64, or numbers whose unit of time is
    ``attrs["units"]``; numbers without one are left out with a warning.

    Raises
    ------
    SourceError
        For a Dataset, which has several arrays.
    GeometryError
        If coordinates are uneven or in a unit that is no length; else as for an array.
    OptionError
        As for an array.

    Examples
    --------
    >>> import xarray
    >>> coords = {"z": [10.0, 12.5], "y": [4.0, 3.0, 2.0], "x": [0.0, 0.5]}
    >>> grid = open_volume(xarray.DataArray(np.zeros((2, 3, 2)), coords), SourceArguments()).grid
    >>> grid.spacing_mm, grid.origin_lps, grid.axes[1]
    ((0.5, 1.0, 2.5), (0.0, 4.0, 10.0), (0.0, -1.0, 0.0))
    """
    where = arguments.where
    if not hasattr(source, "dims") or not hasattr(source, "dtype"):
        raise _several_arrays(source, where)
    source = _one_axis_of_volumes(source)
    names = [str(name).lower() for name in source.dims]
    letters = [_LETTERS.get(name, name) for name in names]
    is_distinct = len(set(letters)) == len(letters)
    is_named = is_distinct and {"x", "y"} <= set(letters) <= set("tzyxc")
    axes = array_axes(source.shape, arguments, "".join(letters) if is_named else None)
    check_dtype(source.dtype, where)
    # Asked of the variable, since .data of an array that is still in its file would read it all.
    graph: Any = None
    data: Any = _PositionIndexed(source.variable)
    if source.chunks and is_dask(source.variable.data):
        graph = source.variable.data
        data = ComputedArray(graph)
    frames = sliced_frames(data, axes, source.dtype, _chunks(source, axes), where, graph=graph)
    return build_volume(
        frames,
        axes,
        arguments,
        partial(_grid, source, letters) if is_named else no_grid,
        source_times=lambda _: _times(source, axes.letters, where),
    )


def _one_axis_of_volumes(source: Any) -> Any:
    """Return the array with named axes of volumes joined to the dimension t."""
    named = [name for name in source.dims if name in AXIS_NAMES and name != "time"]
    if not named:
        return source
    joined = [name for name in source.dims if name in named or name in {"t", "time"}]
    others = [name for name in source.dims if name not in joined]
    coordinates = [name for name, row in source.coords.items() if set(row.dims) & set(joined)]
    plain = source.drop_vars(coordinates).transpose(*joined, *others)
    one = plain.stack({"volumes of all axes": joined}, create_index=False)
    return one.rename({"volumes of all axes": "t"}).transpose("t", *others)


@dataclass(frozen=True, slots=True, eq=False)
class _PositionIndexed:
    """A variable of xarray, indexed by position and made numpy."""

    variable: Any

    def __getitem__(self, index: Any) -> npt.NDArray[Any]:
        return np.asarray(self.variable[index].to_numpy())


def _several_arrays(source: Any, where: str) -> SourceError:
    names = list(map(str, getattr(source, "data_vars", ())))
    return SourceError(
        code="dataset-unclear",
        where=where,
        given=f"a {type(source).__name__} with {', '.join(names) or 'no array'}",
        expected="one DataArray",
        remedy=f"Pick one, e.g. dataset[{next(iter(names), 'name')!r}].",
    )


def _chunks(source: Any, axes: ArrayAxes) -> Chunks:
    preferred = source.encoding.get("preferred_chunks") or {}
    chunks = source.chunks
    if not chunks and preferred:
        chunks = [preferred.get(name, 1) for name in source.dims]
    return Chunks.of(axes, chunks, source.dtype.itemsize)


def _times(source: Any, letters: str, where: str) -> npt.ArrayLike | None:
    name = source.dims[letters.index("t")]
    if name not in source.coords:
        return None
    row = source.coords[name]
    return in_seconds(row.to_numpy(), row.attrs.get("units"), where=f"{where}, coordinate {name}")


def _grid(source: Any, letters: list[str]) -> Grid | None:
    if all(name in source.coords for name in _VECTORS):
        return _grid_of_vectors(source)
    names = dict(zip(letters, source.dims, strict=True))
    rows = []
    for letter in "xyz":
        # Asked by name first: xarray makes up a coordinate 0, 1, 2, ... for a dimension that has
        # none.
        if names.get(letter) not in source.coords:
            return None
        row = source.coords[names[letter]]
        if row.size < 2 or row.dtype.kind not in "iuf":
            return None
        rows.append(row)
    firsts, steps = zip(*map(_line, rows, "xyz"), strict=True)
    grid = Grid.from_spacing(
        (1, 1, 1),
        list(map(abs, steps)),
        origin=list(firsts),
        direction=np.diag(np.sign(steps)),
    )
    has_units = all(row.attrs.get("units") for row in rows)
    return grid.stated(STATED if has_units else _NO_UNITS)


def _grid_of_vectors(source: Any) -> Grid | None:
    """Return the grid of coordinates that are vectors, as `to_xarray` makes them."""
    rows = [source.coords[name] for name in _VECTORS]
    if any(row.size < 2 for row in rows):
        return None
    lines = np.reshape(list(map(_line, rows, _VECTORS)), (3, 3, 2))
    origin, steps = lines[:, :, 0].sum(axis=0), lines[:, :, 1]
    spacing = np.linalg.norm(steps, axis=1)
    return Grid.from_spacing(
        (1, 1, 1), spacing.tolist(), origin=origin.tolist(), direction=(steps / spacing[:, None]).T
    )


def _line(row: Any, name: str) -> tuple[float, float]:
    """Return the first value and the step of a coordinate in mm."""
    unit = row.attrs.get("units")
    factor = mm_per_unit(unit)
    if factor is None:
        raise GeometryError(
            code="unit-unknown",
            where=f"coordinate {name}",
            given=f"units {unit!r}",
            expected="a unit of length, e.g. mm",
            remedy="Set coords[...].attrs['units'] = 'mm', or pass `spacing=`, `origin=` and "
            "`direction=` in mm.",
        )
    values = np.asarray(row.to_numpy(), dtype=np.float64)
    step = (values[-1] - values[0]) / (values.size - 1)
    departure = np.abs(values - (values[0] + step * np.arange(values.size))).max()
    if not departure <= max(EVENNESS * abs(step), _ROUNDING * np.abs(values).max()):
        raise GeometryError(
            code="coordinates-uneven",
            where=f"coordinate {name}",
            given=f"values {departure:.3g} off an even row of step {step:.6g}",
            expected=f"even steps, within {EVENNESS:g} of a step",
            remedy="Interpolate onto even coordinates first, e.g. array.interp(...), or pass "
            "`spacing=`, `origin=` and `direction=`.",
        )
    return float(values[0]) * factor, float(step) * factor
