"""The real values a plan must hold: each slice's ends after scale, clip and the value for NaN."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from dicomseries.errors import ValuesError
from dicomseries.values.statistics import Statistics
from dicomseries.values.value_map import UNIT_ROUNDOFF

__all__ = ["RealRange", "refuse_nonfinite"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RealRange:
    """Ends of the real values, in float64, and what is known about them.

    Parameters
    ----------
    lows, highs : array of float64, shape (slices,)
        Least and greatest real value of each slice as it will be stored (clip applied, NaN replaced).
    low, high : float
        Ends of the whole volume.
    genuine : (float, float) or None
        Ends of the voxels that are not replaced; None if all are.
    is_promised : bool
        Whether `lows` and `highs` are only those of some slices.
    conversion : float
        Largest error of taking a source integer (beyond 2^53) as float64, in real units.
    """

    lows: npt.NDArray[np.float64]
    highs: npt.NDArray[np.float64]
    low: float
    high: float
    genuine: tuple[float, float] | None
    conversion: float
    is_promised: bool = False

    @classmethod
    def of(
        cls,
        statistics: Statistics,
        *,
        nan: float | None,
        clip: tuple[float, float] | None,
        source_slope: float,
        source_intercept: float,
    ) -> RealRange:
        """Return the range of `statistics` under these options.

        Raises
        ------
        ValuesError
            If a source integer times its scale leaves float64.

        Examples
        --------
        >>> from dicomseries.values.statistics import SliceStatistics
        >>> both = (SliceStatistics(minimum=0.0, maximum=9.0), SliceStatistics(minimum=None, maximum=None, nonfinite=4))
        >>> found = RealRange.of(Statistics(dtype="float32", slices=both), nan=-1, clip=(2, 5), source_slope=1.0,
        ...                      source_intercept=0.0)
        >>> found.lows.tolist(), found.highs.tolist(), found.genuine
        ([2.0, -1.0], [5.0, -1.0], (2.0, 5.0))
        """
        ends = _ends(statistics, source_slope, source_intercept)
        if clip is not None:
            ends = np.clip(ends, clip[0], clip[1])
        has_values = np.array([one.minimum is not None for one in statistics.slices])
        kept = ends[:, has_values]
        genuine = (float(kept.min()), float(kept.max())) if kept.size else None
        if nan is not None:
            replaced = np.array([one.nonfinite > 0 for one in statistics.slices])
            ends[0] = np.where(replaced, np.fmin(ends[0], nan), ends[0])
            ends[1] = np.where(replaced, np.fmax(ends[1], nan), ends[1])
        size = max(abs(int(end)) for end in _whole_ends(statistics))
        beyond = size * UNIT_ROUNDOFF * abs(source_slope) if size > 2**53 else 0.0
        found = cls(
            lows=ends[0],
            highs=ends[1],
            low=float(ends[0].min()),
            high=float(ends[1].max()),
            genuine=genuine,
            conversion=beyond,
        )
        if statistics.promised is None:
            return found
        low, high = sorted(
            float(end) * source_slope + source_intercept for end in statistics.promised
        )
        low, high = np.clip([low, high], *(clip or (-np.inf, np.inf))).tolist()
        missing = () if nan is None else (nan,)
        return replace(
            found,
            low=min(low, *missing, low),
            high=max(high, *missing, high),
            genuine=(low, high),
            is_promised=True,
        )


def refuse_nonfinite(statistics: Statistics) -> None:
    """Raise if there are NaN or infinite values, with their count and the first index.

    Raises
    ------
    ValuesError
        Code "not-finite".

    Examples
    --------
    >>> from dicomseries.values.statistics import slice_statistics
    >>> refuse_nonfinite(Statistics(dtype="float64", slices=slice_statistics(np.array([[[0.0, np.inf]]]))))
    Traceback (most recent call last):
    dicomseries.errors.ValuesError: values: expected finite numbers, given 1 NaN or infinite values, the first at ...
    """
    count, first = statistics.nonfinite, statistics.first_nonfinite
    if count:
        raise ValuesError(
            code="not-finite",
            where="values",
            given=f"{count} NaN or infinite values, the first at (slice, row, column) {first}",
            expected="finite numbers",
            remedy="Pass `nan=VALUE` to store VALUE in their place, or replace them in the array.",
        )


def _whole_ends(statistics: Statistics) -> tuple[int, int]:
    low, high = statistics.minimum, statistics.maximum
    return (int(low or 0), int(high or 0)) if statistics.is_integer else (0, 0)


def _ends(statistics: Statistics, slope: float, intercept: float) -> npt.NDArray[np.float64]:
    """Return real ends of each slice, shape (2, slices); NaN where a slice has no finite value."""
    pairs = [
        (np.nan, np.nan) if one.minimum is None else (one.minimum, one.maximum)
        for one in statistics.slices
    ]
    # Python rounds an integer to float64 exactly as numpy's cast does: to nearest, ties to even.
    ends = np.array([[float(end) for end in pair] for pair in pairs]).T  # type: ignore[arg-type]
    with np.errstate(over="ignore", invalid="ignore"):
        ends = ends * slope + intercept if (slope, intercept) != (1.0, 0.0) else ends
    if np.isinf(ends).any():
        raise ValuesError(
            code="scale-overflows",
            where="values",
            given=f"slope {slope}, intercept {intercept} on {statistics.minimum} to {statistics.maximum}",
            expected="real values that float64 can hold",
            remedy="Correct the scale of the source.",
        )
    return np.sort(ends, axis=0)
