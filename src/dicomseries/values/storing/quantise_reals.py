"""Real numbers → the nearest stored integers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.errors import ValuesError
from dicomseries.values.storing.stored_slab import BLOCK, Stored, source_changed, target_dtype
from dicomseries.values.value_map import ValueMap, stored_range

__all__ = ["store_real", "store_real_slowly"]

Flat = npt.NDArray[Any]
Doubles = npt.NDArray[np.float64]

_ALL_OF_HALF = 0.5 - 2.0**-10
"""Distance from a step above which the planned bound counts as the error."""


def store_real(slab: npt.NDArray[Any], value_map: ValueMap) -> Stored:
    """Return real numbers as the nearest stored integers.

    Its `error` is that of `store_real_slowly`, or the map's bound if that is above it by less than
    a part in 500.

    Raises
    ------
    ValuesError
        Code "source-changed": a value is NaN, infinite or contradicts the statistics.

    Examples
    --------
    >>> halves = ValueMap(
    ...     dtype="uint16", slope="0.5", intercept="-1", max_error=0.25, policy="Rescale()"
    ... )
    >>> store_real(np.array([[-1.0, 0.2]]), halves).array.tolist()
    [[0, 2]]
    """
    out = np.empty(slab.shape, dtype=target_dtype(value_map))
    flat, filled = np.ascontiguousarray(slab).reshape(-1), out.reshape(-1)
    buffers = np.empty((2, min(BLOCK, flat.size)))
    residual, clipped, replaced = 0.0, 0, 0
    # values that do not fit are rejected before they are cast, without numpy's warning
    with np.errstate(invalid="ignore", over="ignore"):
        for start in range(0, flat.size, BLOCK):
            block, target = flat[start : start + BLOCK], filled[start : start + BLOCK]
            x, y = buffers[:, : block.size]
            np.copyto(x, block)
            # numpy compares float16 in software
            if not _is_plain(x if block.dtype.char == "e" else block, value_map):
                counts = _prepare(x, value_map)
                clipped, replaced = clipped + counts[0], replaced + counts[1]
                if not _are_held(float(x.min()), float(x.max()), value_map):
                    raise _beyond(block, value_map)
            elif value_map.is_scaled:
                _scale(x, value_map)
            _to_steps(x, value_map)
            np.rint(x, out=y)
            np.copyto(target, y, casting="unsafe")
            if residual < _ALL_OF_HALF:
                residual = max(residual, _residual(x, y))
    error = _real_error(residual if residual < _ALL_OF_HALF else 0.5, value_map)
    return Stored(array=out, error=error, clipped=clipped, replaced=replaced)


def store_real_slowly(slab: npt.NDArray[Any], value_map: ValueMap) -> Stored:
    """Return the same in the simplest way, with exact error.

    Tests compare `store_real` with it.

    Examples
    --------
    >>> halves = ValueMap(
    ...     dtype="uint16", slope="0.5", intercept="-1", max_error=0.25, policy="Rescale()"
    ... )
    >>> store_real_slowly(np.array([[-1.0, 0.2]]), halves).array.tolist()
    [[0, 2]]
    """
    x = slab.astype(np.float64).reshape(-1)
    with np.errstate(invalid="ignore", over="ignore"):
        clipped, replaced = _prepare(x, value_map)
        _to_steps(x, value_map)
    stored = np.rint(x)
    least, most = stored_range(value_map.dtype)
    if not ((stored >= least) & (stored <= most)).all():
        raise _beyond(slab, value_map)
    residual = _residual(x, stored) if x.size else 0.0
    array = stored.astype(target_dtype(value_map)).reshape(slab.shape)
    return Stored(
        array=array, error=_real_error(residual, value_map), clipped=clipped, replaced=replaced
    )


def _is_plain(block: Flat, value_map: ValueMap) -> bool:
    """Return whether a block needs neither `nan` nor `clip`.

    All of its values are finite and have a stored integer. Every operation is monotone, so the ends
    decide; they are found sooner in the dtype of the source.
    """
    ends = float(block.min()), float(block.max())
    if value_map.is_scaled:
        first, last = (end * value_map.source_slope + value_map.source_intercept for end in ends)
        ends = min(first, last), max(first, last)
    clip = value_map.clip or (-math.inf, math.inf)
    return clip[0] <= ends[0] and ends[1] <= clip[1] and _are_held(*ends, value_map)


def _are_held(low: float, high: float, value_map: ValueMap) -> bool:
    """Return whether both ends have a stored integer.

    NaN has none, as it passes no comparison.
    """
    slope, intercept = 1.0 / float(value_map.slope), float(value_map.intercept)
    least, most = stored_range(value_map.dtype)
    ends = sorted(((low - intercept) * slope, (high - intercept) * slope))
    # half a step more on each side is rounded into the range, or is a tie to the even number
    return least - 0.5 <= ends[0] and ends[1] < most + 0.5


def _residual(steps: Doubles, stored: Doubles) -> float:
    """Return the largest distance from a stored integer.

    `steps` is overwritten.
    """
    np.subtract(steps, stored, out=steps)  # exact, and at most half a step
    return max(-float(steps.min()), float(steps.max()))


def _prepare(x: Doubles, value_map: ValueMap) -> tuple[int, int]:
    """Turn source values into real ones in place.

    Returns the numbers of clipped and of replaced values.
    """
    nonfinite = None
    if value_map.nan is not None:
        nonfinite = ~np.isfinite(x)
    _scale(x, value_map)
    clipped = 0
    if value_map.clip is not None:
        clipped = _clip(x, value_map.clip, nonfinite)
    if nonfinite is None:
        return clipped, 0
    np.copyto(x, value_map.nan, where=nonfinite)  # type: ignore[arg-type]
    return clipped, int(np.count_nonzero(nonfinite))


def _scale(x: Doubles, value_map: ValueMap) -> None:
    """Turn source values into real ones, in place."""
    if value_map.is_scaled:
        np.multiply(x, value_map.source_slope, out=x)
        np.add(x, value_map.source_intercept, out=x)


def _clip(x: Doubles, clip: tuple[float, float], nonfinite: npt.NDArray[np.bool_] | None) -> int:
    low, high = clip
    outside = (x < low) | (x > high)
    if nonfinite is not None:
        outside &= ~nonfinite
    elif not np.isfinite(x).all():
        return 0  # unplanned infinity: rejected later, but clipped it would pass unseen
    count = int(np.count_nonzero(outside))
    if count:
        np.clip(x, low, high, out=x)
    return count


def _to_steps(x: Doubles, value_map: ValueMap) -> None:
    """Turn reals into (x - intercept) / slope in place.

    The plan proved its ends by the same operations.
    """
    intercept = float(value_map.intercept)
    if intercept:
        np.subtract(x, intercept, out=x)
    np.multiply(x, 1.0 / float(value_map.slope), out=x)


def _beyond(source: Flat, value_map: ValueMap) -> ValuesError:
    """Return the error of values without a stored integer."""
    return source_changed(
        given=f"values from {source.min()} to {source.max()}",
        expected=f"finite values that {value_map.dtype} holds at slope {value_map.slope}, "
        f"intercept {value_map.intercept}",
    )


def _real_error(residual: float, value_map: ValueMap) -> float:
    """Return the largest |restored - real| for a residual.

    No value is further than `residual` <= ½ steps from its stored integer. The part of the bound
    beyond half a step is the rounding of float64 in the source, here and in the reader: it is added
    completely, so that no reader finds more. A bound below half a step is that of a single value.
    """
    half = float(value_map.slope) / 2
    if value_map.max_error < half:
        return value_map.max_error
    return min(2 * residual * half + (value_map.max_error - half), value_map.max_error)
