"""`Layout`: which axis of an array is which, and how one slab of it becomes (slices, rows, columns[, 3])."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.errors import OptionError, SourceError
from dicomseries.sources.request import Request

__all__ = ["Layout", "check_dtype", "default_axes", "lay_out"]

_OUT = "zyxc"
_CAST = "Convert it first, e.g. array.astype('float64')."
_REMEDIES = {
    "c": "Write its parts as two series: array.real and array.imag, or abs(array).",
    "O": _CAST,
    "S": _CAST,
    "U": _CAST,
    "T": _CAST,
    "V": "Pick one field of the records, e.g. array['intensity'].",
    "M": "Convert the times to numbers first, e.g. array.astype('int64').",
    "m": "Convert the durations to numbers first, e.g. array / np.timedelta64(1, 's').",
    "f": "Convert it to 64 bits first: array.astype('float64').",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The axes of an array of any order.

    Parameters
    ----------
    shape : tuple of int
        The array's own shape.
    axes : str
        A letter of ``t z y x c`` for each of its axes.
    own_axes : str
        The letters under which the source describes its geometry; equal to `axes` unless the caller renamed them.
    time_point : int
        The index taken of axis t.

    Examples
    --------
    >>> layout = Layout(shape=(5, 4, 3, 2), axes="xyzt", own_axes="xyzt", time_point=1)
    >>> layout.volume_shape, layout.index(0, 2)
    ((3, 4, 5), (slice(0, 5, None), slice(0, 4, None), slice(0, 2, None), 1))
    """

    shape: tuple[int, ...]
    axes: str
    own_axes: str
    time_point: int = 0

    @property
    def volume_shape(self) -> tuple[int, ...]:
        """(slices, rows, columns), and 3 more for colour."""
        sizes = dict(zip(self.axes, self.shape, strict=True))
        colours = (3,) if sizes.get("c") == 3 else ()
        return (sizes.get("z", 1), sizes["y"], sizes["x"], *colours)

    @property
    def grid_shape(self) -> tuple[int, int, int]:
        """(slices, rows, columns)."""
        slices, rows, columns = self.volume_shape[:3]
        return slices, rows, columns

    def index(self, start: int, stop: int) -> tuple[int | slice, ...]:
        """Return the index of the slices [start, stop) in the array, one entry for every axis."""
        chosen: dict[str, int | slice] = {"z": slice(start, stop), "t": self.time_point}
        return tuple(chosen.get(letter, slice(0, size)) for letter, size in zip(self.axes, self.shape, strict=True))

    def block_shape(self, start: int, stop: int) -> tuple[int, ...]:
        """Return the shape of what `index` cuts out; the chosen time point has no axis of its own.

        Examples
        --------
        >>> Layout(shape=(5, 4, 3, 2), axes="xyzt", own_axes="xyzt").block_shape(1, 3)
        (5, 4, 2)
        """
        sizes = dict(zip(self.axes, self.shape, strict=True)) | {"z": max(0, stop - start)}
        return tuple(sizes[letter] for letter in self.axes if letter != "t")

    def arrange(self, block: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return what `index` cut out as (slices, rows, columns[, 3]); a view, nothing is copied.

        Examples
        --------
        >>> layout = Layout(shape=(5, 4, 3), axes="xyz", own_axes="xyz")
        >>> layout.arrange(np.zeros((5, 4, 2))).shape
        (2, 4, 5)
        """
        kept = self.axes.replace("t", "")
        view = block.transpose([kept.index(letter) for letter in _OUT if letter in kept])
        if "z" not in kept:
            view = view[np.newaxis]
        return view[..., 0] if "c" in kept and view.shape[-1] == 1 else view

    def view(self, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return the whole array, in memory or mapped, as (slices, rows, columns[, 3]); a view."""
        return self.arrange(array[self.index(0, self.grid_shape[0])])

    def depth(self, chunks: Sequence[int] | None) -> int:
        """Return how many slices one chunk of the array holds, 1 if it has no chunks."""
        if chunks is None or "z" not in self.axes:
            return 1
        return max(1, min(int(chunks[self.axes.index("z")]), self.grid_shape[0]))


def default_axes(shape: Sequence[int]) -> str | None:
    """Return the axes that are meant when nothing is said: yx, zyx, or zyxc where the last of four axes is 3 long.

    Examples
    --------
    >>> default_axes((4, 5)), default_axes((3, 4, 5)), default_axes((3, 4, 5, 3)), default_axes((2, 3, 4, 5))
    ('yx', 'zyx', 'zyxc', None)
    """
    if len(shape) == 4 and shape[3] == 3:
        return "zyxc"
    return {2: "yx", 3: "zyx"}.get(len(shape))


def check_dtype(dtype: np.dtype[Any], where: str) -> None:
    """Refuse numbers that no DICOM image can hold: complex, text, objects, records, times, more than 64 bits.

    Raises
    ------
    SourceError
        With the way to convert them.

    Examples
    --------
    >>> check_dtype(np.dtype(">i2"), "array")
    """
    if dtype.kind in "biu" or (dtype.kind == "f" and dtype.itemsize <= 8):
        return
    raise SourceError(
        code="dtype-unsupported",
        where=where,
        given=f"dtype {dtype}",
        expected="bool, integers of 8 to 64 bits or floats of 16 to 64 bits",
        remedy=_REMEDIES.get(dtype.kind, _CAST),
    )


def lay_out(shape: Sequence[Any], request: Request, own_axes: str | None = None) -> Layout:
    """Return the layout of an array of `shape`: the caller's axes, else the source's own, else the default.

    Raises
    ------
    SourceError
        If the array is empty, has too few or too many axes, or its colour axis is not 1 or 3 long.
    OptionError
        If the axes do not name this array's, or the time point is missing or not there.

    Examples
    --------
    >>> lay_out((3, 4, 5), Request(axes="XYZ")).volume_shape
    (5, 4, 3)
    """
    sizes = _sizes(shape, request.where)
    known = own_axes or default_axes(sizes)
    axes = known if request.axes is None else _letters(request.axes)
    if axes is None:
        raise _unnamed(sizes)
    _check_axes(axes, sizes)
    layout = Layout(shape=sizes, axes=axes, own_axes=known or axes, time_point=_time_point(axes, sizes, request))
    _check_colours(layout, request.where)
    return layout


def _letters(axes: Any) -> str:
    """Return axes in lower case; a list of letters will do as well."""
    try:
        return "".join("".join(axes).lower().split())
    except TypeError:
        return repr(axes)  # refused by the next check


def _sizes(shape: Sequence[Any], where: str) -> tuple[int, ...]:
    if any(isinstance(size, float) and math.isnan(size) for size in shape):
        raise SourceError(
            code="shape-unknown",
            where=where,
            given=tuple(shape),
            expected="an array whose shape is known",
            remedy="Call compute_chunk_sizes() on the dask array first.",
        )
    sizes = tuple(int(size) for size in shape)
    if len(sizes) < 2:
        raise SourceError(
            code="too-few-axes",
            where=where,
            given=f"shape {sizes}",
            expected="an image (rows, columns) or a volume (slices, rows, columns)",
            remedy="Reshape the array, e.g. array.reshape(slices, rows, columns).",
        )
    if 0 in sizes:
        raise SourceError(
            code="array-empty",
            where=where,
            given=f"shape {sizes}",
            expected="at least one voxel along every axis",
            remedy="Check how the array was cut; an index range is probably empty.",
        )
    return sizes


def _unnamed(sizes: tuple[int, ...]) -> OptionError:
    return OptionError(
        code="axes-missing",
        where="axes",
        given=f"an array of shape {sizes} without names for its axes",
        expected="a letter of t z y x c for each axis (time, slices, rows, columns, colour)",
        remedy="Pass axes=, e.g. axes='tzyx' with time_point=0, or 'tzyxc' for colour; drop further axes by indexing.",
    )


def _check_axes(axes: str, sizes: tuple[int, ...]) -> None:
    known = set(axes) <= set("tzyxc") and len(set(axes)) == len(axes)
    if known and {"x", "y"} <= set(axes) and len(axes) == len(sizes):
        return
    raise OptionError(
        code="axes-do-not-fit",
        where="axes",
        given=f"{axes!r} for an array of shape {sizes}",
        expected=f"{len(sizes)} different letters of t z y x c, y and x among them, in the array's order",
        remedy="Name every axis once, e.g. axes='zyx' for (slices, rows, columns) or 'xyz' for nibabel's order.",
    )


def _time_point(axes: str, sizes: tuple[int, ...], request: Request) -> int:
    count = sizes[axes.index("t")] if "t" in axes else 1
    asked = _whole(request.time_point)
    if asked is None and count > 1:
        raise OptionError(
            code="time-point-missing",
            where="time_point",
            given=f"{count} time points (axes {axes!r}, shape {sizes})",
            expected="one time point: a series holds one volume",
            remedy=f"Choose one with time_point=0 to {count - 1} (--time-point on the command line), or name the "
            "axes with axes=.",
        )
    if asked is not None and not 0 <= asked < count:
        raise OptionError(
            code="time-point-outside",
            where="time_point",
            given=asked,
            expected=f"0 to {count - 1}: {request.where} has {count} time point{'s' if count > 1 else ''}",
            remedy="Choose a time point that is there, or name the time axis with axes=.",
        )
    return asked or 0


def _whole(time_point: Any) -> int | None:
    try:
        return None if time_point is None else operator.index(time_point)
    except TypeError:
        raise OptionError(
            code="time-point-not-whole",
            where="time_point",
            given=repr(time_point),
            expected="a whole number, the index along the time axis",
            remedy="Pass e.g. time_point=0.",
        ) from None


def _check_colours(layout: Layout, where: str) -> None:
    count = layout.shape[layout.axes.index("c")] if "c" in layout.axes else 1
    if count in {1, 3}:
        return
    raise SourceError(
        code="colour-count",
        where=where,
        given=f"{count} channels (axes {layout.axes!r}, shape {layout.shape})",
        expected="1 channel, or the 3 of red, green, blue (PS3.3 section C.7.6.3.1.2)",
        remedy="Drop the alpha channel or pick one channel, e.g. array[..., :3] or array[..., 0].",
    )
