"""The time of each volume, in seconds after the first."""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.errors import DicomSeriesWarning, SourceError
from dicomseries.sources.arguments.source_arguments import SourceArguments
from dicomseries.sources.frames.array_axes import ArrayAxes

__all__ = [
    "SECONDS_PER_UNIT",
    "SourceTimes",
    "check_times",
    "in_seconds",
    "itk_times",
    "join_times",
    "no_times",
    "step_times",
    "times_argument",
]

SourceTimes = Callable[[int], npt.ArrayLike | None]
"""Gives the source's own times in seconds for that many volumes, from any beginning; None if it
states none."""

_NAMES = {
    Fraction(1): "s sec secs second seconds",
    Fraction(1, 10**3): "ms msec msecs millisecond milliseconds",
    Fraction(1, 10**6): "us µs μs usec usecs microsecond microseconds",
    Fraction(1, 10**9): "ns nsec nanosecond nanoseconds",
    Fraction(60): "min mins minute minutes",
    Fraction(3600): "h hr hour hours",
    Fraction(86400): "d day days",
}
SECONDS_PER_UNIT = {name: factor for factor, names in _NAMES.items() for name in names.split()}
"""Unit of time, lower case -> seconds, exactly."""


def no_times(volumes: int) -> None:
    """Return None: the times of a source that states none."""


def join_times(
    axes: ArrayAxes, arguments: SourceArguments, source_times: SourceTimes = no_times
) -> tuple[float, ...] | None:
    """Return the times of volumes, None if not known.

    `source_times` is not called if the caller states the times, or if there is no axis of volumes.
    Times of the source that do not rise, or are not finite, are left out with a warning: the voxels
    are good without them.

    Raises
    ------
    SourceError
        If the caller's times are not one number for each volume, each later than the one before.

    Warns
    -----
    DicomSeriesWarning
        If the source's own times do not fit.

    Examples
    --------
    >>> axes = ArrayAxes(shape=(3, 1, 4, 5), letters="tzyx", source_letters="tzyx")
    >>> source_times = lambda count: [7, 8, 10]
    >>> stated = SourceArguments(times=2.5)
    >>> join_times(axes, stated), join_times(axes, SourceArguments(), source_times)
    ((0.0, 2.5, 5.0), (0.0, 1.0, 3.0))
    """
    if arguments.times is not None:
        is_chosen = "t" not in axes.letters or axes.time_point is not None
        return times_argument(arguments.times, None if is_chosen else axes.size("t"))
    if axes.volumes is None or axes.source_letters[axes.letters.index("t")] != "t":
        return None  # the times of the source are about another axis
    numbers = source_times(axes.volumes)
    if numbers is None:
        return None
    times = _after_the_first(np.asarray(numbers, dtype=np.float64).ravel().tolist())
    try:
        check_times(times, axes.volumes)
    except SourceError as error:
        expected = f"where {error.expected} were expected"
        _warn(arguments.where, f"times that are left out: {error.given}, {expected}")
        return None
    return times


def times_argument(times: Any, volumes: int | None) -> tuple[float, ...] | None:
    """Return the caller's times as seconds after the first.

    Parameters
    ----------
    times : float, or sequence of float, datetime64 or timedelta64
        The step from one volume to the next, or one time for each volume, from any beginning;
        numbers are seconds.
    volumes : int, optional
        Number of volumes; None if there is no such axis, 1 if it has one element, which needs no
        time.

    Raises
    ------
    SourceError
        If they are not numbers, or do not fit the volumes.

    Examples
    --------
    >>> times_argument(0.5, 3), times_argument([100, 102, 105], 3)
    ((0.0, 0.5, 1.0), (0.0, 2.0, 5.0))
    """
    try:
        numbers = _seconds(np.asarray(times))
    except (TypeError, ValueError, IndexError):
        numbers = np.empty((0, 0))
    if numbers.ndim > 1:
        raise SourceError(
            code="times-not-numbers",
            where="times",
            given=repr(times),
            expected="the seconds from one volume to the next, or a list with the time of each "
            "volume in seconds",
            remedy="Pass e.g. `times=2.5`, or `times=[0, 2.5, 5.1]`.",
        )
    if numbers.ndim == 0:
        seconds = tuple(float(numbers) * number for number in range(volumes or 1))
    else:
        seconds = _after_the_first(numbers.tolist())
    check_times(seconds, volumes)
    if volumes == 1:
        return None
    return seconds


def check_times(times_s: Sequence[float] | None, volumes: int | None) -> None:
    """Reject times that do not fit the volumes.

    Raises
    ------
    SourceError
        With the way to fix them.

    Examples
    --------
    >>> check_times((0.0, 2.5), 2)
    """
    times = tuple(times_s or ())
    is_rising = all(before < after for before, after in itertools.pairwise(times))
    is_finite = all(map(math.isfinite, times))
    if volumes is not None and len(times) == volumes and is_finite and is_rising:
        return
    if volumes is None:
        expected = "no times: there is no axis t"
        remedy = "Leave `times=` out, or name the axis of time with `axes=` (e.g. 'tzyx')."
    else:
        expected = f"{volumes} rising, finite times in seconds"
        remedy = (
            "Pass one time for each volume in seconds, or a single number for the step from one to "
            "the next."
        )
    first = ", ".join(f"{time:g}" for time in times[:4])
    if len(times) > 4:
        first += " …"
    raise SourceError(
        code="times-do-not-fit",
        where="times",
        given=f"{len(times)} times ({first})",
        expected=expected,
        remedy=remedy,
    )


def in_seconds(
    values: npt.ArrayLike, unit: object, *, where: str
) -> npt.NDArray[np.float64] | None:
    """Return times in seconds, None for an unknown unit.

    Parameters
    ----------
    values : array_like
        datetime64, timedelta64, or numbers.
    unit : object
        Unit of the numbers, as a file names it; one that is not known is not guessed.
    where : str
        The file and the field, for the warning.

    Examples
    --------
    >>> in_seconds([0, 1500], "msec", where="a.nii").tolist()
    [0.0, 1.5]
    >>> times = np.array(["2024-01-01T00:00:10", "2024-01-01T00:00:12"], "datetime64[s]")
    >>> in_seconds(times, None, where="t").tolist()
    [0.0, 2.0]
    """
    array = np.asarray(values)
    if array.dtype.kind in "mM":
        return _seconds(array)
    # CF's "seconds since 2000-01-01": the beginning does not matter.
    name = str(unit or "").partition(" since ")[0].strip().strip('"').lower()
    if name in SECONDS_PER_UNIT and array.dtype.kind in "iuf":
        # Divided, not multiplied with 0.001: 2300 ms are 2.3 s and not 2.3000000000000003.
        factor = SECONDS_PER_UNIT[name]
        return np.asarray(array, dtype=np.float64) * factor.numerator / factor.denominator
    in_unit = f"in {unit!r}" if name else "without a unit"
    _warn(where, f"times {in_unit} are left out, since nothing says that they are seconds")
    return None


def step_times(
    step: float, unit: object, volumes: int, *, where: str
) -> npt.NDArray[np.float64] | None:
    """Return times at even steps, None without a step.

    A step of 0, or of 1 without a unit, is what programs write that were told nothing; below 0 or
    not finite is none either. Any other step whose unit is not known is left out with a warning.

    Examples
    --------
    >>> step_times(2500, "msec", 3, where="a.nii").tolist(), step_times(1, None, 3, where="a.nii")
    ([0.0, 2.5, 5.0], None)
    """
    if not (math.isfinite(step) and step > 0) or (step == 1 and not unit):
        return None
    return in_seconds(step * np.arange(volumes), unit, where=where)


def itk_times(spacing: Sequence[float], volumes: int, *, where: str) -> npt.ArrayLike | None:
    """Return the times of a fourth spacing, in seconds by ITK's convention; 1 is none."""
    if len(spacing) < 4 or spacing[3] == 1:
        return None
    return step_times(spacing[3], "s", volumes, where=where)


def _seconds(array: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    if array.dtype.kind == "M":
        array = array - array[:1]
    if array.dtype.kind == "m":
        array = array.astype("timedelta64[ns]") / np.timedelta64(1, "s")
    if array.dtype.kind not in "iuf":
        message = f"{array.dtype} is no number"
        raise TypeError(message)
    return np.asarray(array, dtype=np.float64)


def _after_the_first(seconds: Sequence[float]) -> tuple[float, ...]:
    return tuple(time - seconds[0] for time in seconds)


def _warn(where: str, text: str) -> None:
    warnings.warn(f"{where}: {text}. Pass `times=` in seconds.", DicomSeriesWarning, stacklevel=2)
