"""The arguments `axes=` and `time_point=`."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from dicomseries.errors import OptionError, SourceError, counted
from dicomseries.sources.arguments.source_arguments import SourceArguments
from dicomseries.sources.frames.array_axes import ArrayAxes

__all__ = ["array_axes", "check_dtype", "chosen_time_point", "default_axes"]

_CONVERT = "Convert it first, e.g. array.astype('float64')."
_REMEDIES = {
    "c": "Convert it to 128 bits first: array.astype('complex128').",
    "V": "Pick one field of the records, e.g. array['intensity'].",
    "M": "Convert the times to numbers first, e.g. array.astype('int64').",
    "m": "Convert the durations to numbers first, e.g. array / np.timedelta64(1, 's').",
    "f": "Convert it to 64 bits first: array.astype('float64').",
}


def array_axes(
    shape: Sequence[Any], arguments: SourceArguments, source_letters: str | None = None
) -> ArrayAxes:
    """Return the axes of an array.

    They are the caller's, else the source's, else the default.

    Parameters
    ----------
    shape : sequence of int
        Of the array.
    arguments : SourceArguments
        The caller's `axes` and `time_point`.
    source_letters : str, optional
        The letters of the source itself.

    Raises
    ------
    SourceError
        If the array is empty, has too few or too many axes, or its colour axis is not 1 or 3 long.
    OptionError
        If the axes do not name this array's, or the time point is not there.

    Examples
    --------
    >>> array_axes((3, 4, 5), SourceArguments(axes="XYZ")).frames_shape
    (5, 4, 3)
    """
    sizes = _sizes(shape, arguments.where)
    known = source_letters or default_axes(sizes)
    letters = known if arguments.axes is None else _letters(arguments.axes)
    if letters is None:
        raise _axes_missing(sizes)
    _check_letters(letters, sizes)
    axes = ArrayAxes(
        shape=sizes,
        letters=letters,
        source_letters=known or letters,
        is_assumed=arguments.axes is None and source_letters is None,
    )
    axes = replace(axes, time_point=chosen_time_point(axes.size("t"), arguments))
    _check_colours(axes, arguments.where)
    return axes


def default_axes(shape: Sequence[int]) -> str | None:
    """Return the default axes: yx, zyx, or zyxc for colours.

    Examples
    --------
    >>> default_axes((4, 5)), default_axes((3, 4, 5)), default_axes((3, 4, 5, 3)), default_axes(
    ...     (2, 3, 4, 5)
    ... )
    ('yx', 'zyx', 'zyxc', None)
    """
    if len(shape) == 4 and shape[3] == 3:
        return "zyxc"
    return {2: "yx", 3: "zyx"}.get(len(shape))


def chosen_time_point(count: int, arguments: SourceArguments) -> int | None:
    """Return the chosen time point, None for all of them.

    Raises
    ------
    OptionError
        If there is no such time point, or it is no whole number.

    Examples
    --------
    >>> arguments = SourceArguments(time_point=7)
    >>> chosen_time_point(20, arguments), chosen_time_point(20, SourceArguments())
    (7, None)
    """
    if arguments.time_point is None:
        return None
    try:
        time_point = operator.index(arguments.time_point)
    except TypeError:
        raise OptionError(
            code="time-point-not-whole",
            where="time_point",
            given=repr(arguments.time_point),
            expected="a whole number, the index along the time axis",
            remedy="Pass e.g. `time_point=0`.",
        ) from None
    if 0 <= time_point < count:
        return time_point
    raise OptionError(
        code="time-point-outside",
        where="time_point",
        given=time_point,
        expected=f"0 to {count - 1}: {arguments.where} has {counted(count, 'time point')}",
        remedy="Choose a time point in that range, or name the time axis with `axes=`.",
    )


def check_dtype(dtype: np.dtype[Any], where: str) -> None:
    """Reject numbers that no DICOM image can hold; parts of complex ones are real.

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
    if dtype.kind == "c" and dtype.itemsize <= 16:
        return
    raise SourceError(
        code="dtype-unsupported",
        where=where,
        given=f"dtype {dtype}",
        expected="bool, integers of 8 to 64 bits or floats of 16 to 64 bits",
        remedy=_REMEDIES.get(dtype.kind, _CONVERT),
    )


def _sizes(shape: Sequence[Any], where: str) -> tuple[int, ...]:
    if any(isinstance(size, float) and math.isnan(size) for size in shape):
        raise SourceError(
            code="shape-unknown",
            where=where,
            given=tuple(shape),
            expected="an array whose shape is known",
            remedy="Call compute_chunk_sizes() on the dask array first.",
        )
    sizes = tuple(map(int, shape))
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


def _letters(axes: Any) -> str:
    """Return axes, or a list of them, in lower case."""
    try:
        return "".join("".join(axes).lower().split())
    except TypeError:
        return repr(axes)  # rejected by the next check


def _check_letters(letters: str, sizes: tuple[int, ...]) -> None:
    is_known = set(letters) <= set("tzyxc") and len(set(letters)) == len(letters)
    if is_known and {"x", "y"} <= set(letters) and len(letters) == len(sizes):
        return
    raise OptionError(
        code="axes-do-not-fit",
        where="axes",
        given=f"{letters!r} for an array of shape {sizes}",
        expected=f"{len(sizes)} different letters of t z y x c, y and x among them, in the array's "
        "order",
        remedy="Name every axis once, e.g. `axes='zyx'` for (slices, rows, columns) or 'xyz' for "
        "nibabel's order.",
    )


def _axes_missing(sizes: tuple[int, ...]) -> OptionError:
    return OptionError(
        code="axes-missing",
        where="axes",
        given=f"an array of shape {sizes} without names for its axes",
        expected="a letter of t z y x c for each axis (time, slices, rows, columns, colour)",
        remedy="Pass `axes=`, e.g. `axes='tzyx'` for time points (or echoes, or weightings) of "
        "volumes, "
        "'tzyxc' for those in colour; of masks or probabilities of classes along the first axis "
        "`axes='czyx'` with `kind='Segmentation'`, or the class of each voxel, array.argmax(0); "
        "drop further axes by indexing.",
    )


def _check_colours(axes: ArrayAxes, where: str) -> None:
    count = axes.size("c")
    if count in {1, 3}:
        return
    axis = axes.letters.index("c")
    if count == 4 and axis == len(axes.letters) - 1:  # classes of a network come first
        remedy = (
            "Drop the alpha channel, for which a DICOM image has no place: array[..., :3]; the "
            "colours stay as they are, and what was transparent is then opaque."
        )
    else:
        remedy = (
            f"Pick a channel, e.g. array.take(0, {axis}); write masks or probabilities of classes "
            f"with `kind='Segmentation'` and `axes={axes.letters!r}`, or the class of each voxel, "
            f"array.argmax({axis})."
        )
    raise SourceError(
        code="colour-count",
        where=where,
        given=f"{count} channels (axes {axes.letters!r}, shape {axes.shape})",
        expected="1 channel, or the 3 of red, green, blue (PS3.3 section C.7.6.3.1.2)",
        remedy=remedy,
    )
