"""`ArrayAxes`: which axis of an array is which, and how some of it becomes frames (frames, rows, columns[, 3])."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.errors import OptionError, SourceError
from dicomseries.sources.arguments.source_arguments import SourceArguments
from dicomseries.sources.frames.frame_runs import Piece, best_depth, pieces, together

__all__ = ["ArrayAxes", "check_dtype", "chosen_time_point", "default_axes", "lay_out"]

_OUT = "tzyxc"
_CAST = "Convert it first, e.g. array.astype('float64')."
_REMEDIES = {
    "c": "Write a part of it as a series: abs(array), numpy.angle(array), array.real or array.imag; say which by "
    '`metadata={"ComplexImageComponent": "MAGNITUDE"}`, "PHASE", "REAL" or "IMAGINARY" (kinds MR and EnhancedMR).',
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
class ArrayAxes:
    """The axes of an array of any order.

    Parameters
    ----------
    shape : tuple of int
        The array's own shape.
    axes : str
        A letter of ``t z y x c`` for each of its axes.
    own_axes : str
        The letters under which the source describes its geometry; equal to `axes` unless the caller renamed them.
    time_point : int, optional
        The only index taken of axis t; all of them if not given.
    is_assumed : bool
        Whether neither the caller nor the source names the axes.

    Examples
    --------
    >>> layout = ArrayAxes(shape=(5, 4, 3, 2), axes="xyzt", own_axes="xyzt")
    >>> layout.volumes, layout.frames_shape
    (2, (6, 4, 5))
    """

    shape: tuple[int, ...]
    axes: str
    own_axes: str
    time_point: int | None = None
    is_assumed: bool = False

    @property
    def volumes(self) -> int | None:
        """Length of axis t, None where there is none, it has one element, or one was chosen."""
        count = self._sizes.get("t", 1)
        return count if count > 1 and self.time_point is None else None

    @property
    def frames_shape(self) -> tuple[int, ...]:
        """(frames, rows, columns), and 3 more for colour: the slices of the first volume, then those of the second."""
        slices, rows, columns = self.grid_shape
        colours = (3,) if self._sizes.get("c") == 3 else ()
        return ((self.volumes or 1) * slices, rows, columns, *colours)

    @property
    def grid_shape(self) -> tuple[int, int, int]:
        """(slices, rows, columns)."""
        return self._sizes.get("z", 1), self._sizes["y"], self._sizes["x"]

    @property
    def _sizes(self) -> dict[str, int]:
        return dict(zip(self.axes, self.shape, strict=True))

    def index(self, piece: Piece) -> tuple[slice, ...]:
        """Return the index in the array of some volumes and slices, a slice for every axis.

        Examples
        --------
        >>> layout = ArrayAxes(shape=(5, 4, 3, 2), axes="xyzt", own_axes="xyzt", time_point=1)
        >>> layout.index((slice(0, 1), slice(0, 2)))
        (slice(0, 5, None), slice(0, 4, None), slice(0, 2, None), slice(1, 2, None))
        """
        volumes, slices = piece
        shift = self.time_point or 0
        chosen = {"z": slices, "t": slice(volumes.start + shift, volumes.stop + shift)}
        return tuple(
            chosen.get(letter, slice(0, size))
            for letter, size in zip(self.axes, self.shape, strict=True)
        )

    def gather(
        self, start: int, stop: int, take: Callable[[tuple[slice, ...]], npt.NDArray[Any]]
    ) -> npt.NDArray[Any]:
        """Return the frames [start, stop), whose blocks `take` cuts out of the array; past the end there are none.

        Whole volumes that follow each other are taken together, so `take` is called three times at most.

        Examples
        --------
        >>> array = np.arange(24).reshape(2, 2, 3, 2)
        >>> layout = ArrayAxes(shape=array.shape, axes="xyzt", own_axes="xyzt")
        >>> layout.gather(2, 4, array.__getitem__)[:, 0, 0].tolist()
        [4, 1]
        """
        end = max(start, min(stop, self.frames_shape[0]))
        blocks = [take(self.index(piece)) for piece in pieces(start, end, self.grid_shape[0])]
        # Where no axis is called z, nothing could be cut away along it.
        return together([self.arrange(block) for block in blocks])[: end - start]

    def arrange(self, block: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return what `index` cut out as (frames, rows, columns[, 3]); a view where volumes follow each other in it.

        Examples
        --------
        >>> layout = ArrayAxes(shape=(5, 4, 3), axes="xyz", own_axes="xyz")
        >>> layout.arrange(np.zeros((5, 4, 2))).shape
        (2, 4, 5)
        """
        view = self.ordered(block)
        return view.reshape(view.shape[0] * view.shape[1], *view.shape[2:])

    def view(self, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return the whole array, in memory or mapped, as a view of (volumes, slices, rows, columns[, 3])."""
        return self.ordered(
            array[self.index((slice(0, self.volumes or 1), slice(0, self.grid_shape[0])))]
        )

    def place(self, index: Sequence[slice]) -> tuple[slice, ...]:
        """Return where in (volumes, slices, rows, columns[, 3]) a block stands that an index cuts out of the array.

        Examples
        --------
        >>> layout = ArrayAxes(shape=(5, 4, 3, 2), axes="xyzt", own_axes="xyzt", time_point=1)
        >>> layout.place((slice(0, 5), slice(2, 4), slice(0, 3), slice(1, 2)))
        (slice(0, 1, None), slice(0, 3, None), slice(2, 4, None), slice(0, 5, None))
        """
        parts = {"t": slice(0, 1), "z": slice(0, 1)} | dict(zip(self.axes, index, strict=True))
        shift = self.time_point or 0
        parts["t"] = slice(parts["t"].start - shift, parts["t"].stop - shift)
        return tuple(
            parts[letter] for letter in ("tzyxc" if len(self.frames_shape) == 4 else "tzyx")
        )

    def ordered(self, block: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return a block that was cut out of the array as a view of (volumes, slices, rows, columns[, 3])."""
        view = block.transpose([self.axes.index(letter) for letter in _OUT if letter in self.axes])
        view = view[(*(slice(None) if letter in self.axes else np.newaxis for letter in "tz"), ...)]
        return view[..., 0] if "c" in self.axes and view.shape[-1] == 1 else view

    def depth(self, chunks: Sequence[int] | None, itemsize: int) -> int:
        """Return how many frames are best read together of an array in chunks, 1 if it has none (see `best_depth`).

        Examples
        --------
        >>> ArrayAxes(shape=(5, 4, 8, 20), axes="xyzt", own_axes="xyzt").depth((5, 4, 4, 1), itemsize=2)
        4
        """
        if chunks is None:
            return 1
        sizes = dict(zip(self.axes, chunks, strict=True))
        chunk = int(sizes.get("t", 1)), int(sizes.get("z", 1))
        return best_depth(
            chunk,
            (self.volumes or 1, self.grid_shape[0]),
            math.prod(self.frames_shape[1:]) * itemsize,
        )


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


def lay_out(
    shape: Sequence[Any], request: SourceArguments, own_axes: str | None = None
) -> ArrayAxes:
    """Return the layout of an array of `shape`: the caller's axes, else the source's own, else the default.

    Raises
    ------
    SourceError
        If the array is empty, has too few or too many axes, or its colour axis is not 1 or 3 long.
    OptionError
        If the axes do not name this array's, or the time point is not there.

    Examples
    --------
    >>> lay_out((3, 4, 5), SourceArguments(axes="XYZ")).frames_shape
    (5, 4, 3)
    """
    sizes = _sizes(shape, request.where)
    known = own_axes or default_axes(sizes)
    axes = known if request.axes is None else _letters(request.axes)
    if axes is None:
        raise _unnamed(sizes)
    _check_axes(axes, sizes)
    count = sizes[axes.index("t")] if "t" in axes else 1
    time_point = chosen_time_point(count, request)
    layout = ArrayAxes(
        shape=sizes,
        axes=axes,
        own_axes=known or axes,
        time_point=time_point,
        is_assumed=request.axes is None and own_axes is None,
    )
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
        remedy="Pass `axes=`, e.g. `axes='tzyx'` for time points (or echoes, or weightings) of volumes, 'tzyxc' for those "
        "in colour; of masks or probabilities of classes along the first axis take the class of each voxel, "
        "array.argmax(0); drop further axes by indexing.",
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
        remedy="Name every axis once, e.g. `axes='zyx'` for (slices, rows, columns) or 'xyz' for nibabel's order.",
    )


def chosen_time_point(count: int, request: SourceArguments) -> int | None:
    """Return the one of `count` time points that the caller chose, None if all of them are wanted.

    Raises
    ------
    OptionError
        If there is no such time point, or it is no whole number.

    Examples
    --------
    >>> chosen_time_point(20, SourceArguments(time_point=7)), chosen_time_point(20, SourceArguments())
    (7, None)
    """
    asked = _whole(request.time_point)
    if asked is None or 0 <= asked < count:
        return asked
    raise OptionError(
        code="time-point-outside",
        where="time_point",
        given=asked,
        expected=f"0 to {count - 1}: {request.where} has {count} time point{'s' if count > 1 else ''}",
        remedy="Choose a time point that is there, or name the time axis with `axes=`.",
    )


def _whole(time_point: Any) -> int | None:
    try:
        return None if time_point is None else operator.index(time_point)
    except TypeError:
        raise OptionError(
            code="time-point-not-whole",
            where="time_point",
            given=repr(time_point),
            expected="a whole number, the index along the time axis",
            remedy="Pass e.g. `time_point=0`.",
        ) from None


def _check_colours(layout: ArrayAxes, where: str) -> None:
    count = layout.shape[layout.axes.index("c")] if "c" in layout.axes else 1
    if count in {1, 3}:
        return
    axis = layout.axes.index("c")
    has_alpha = count == 4 and axis == len(layout.axes) - 1  # classes of a network come first
    raise SourceError(
        code="colour-count",
        where=where,
        given=f"{count} channels (axes {layout.axes!r}, shape {layout.shape})",
        expected="1 channel, or the 3 of red, green, blue (PS3.3 section C.7.6.3.1.2)",
        remedy="Drop the alpha channel, for which a DICOM image has no place: array[..., :3]; the colours stay as they "
        "are, and what was transparent is then opaque."
        if has_alpha
        else f"Pick a channel, e.g. array.take(0, {axis}); of masks or probabilities of classes take the class of each "
        f"voxel, array.argmax({axis}), and write it with `kind='Segmentation'`.",
    )
