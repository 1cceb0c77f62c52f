"""Ends of the real values to be stored."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from dicomseries.errors import ValuesError
from dicomseries.lazy_dataclass import dataclass
from dicomseries.values.statistics import Statistics
from dicomseries.values.value_map import UNIT_ROUNDOFF

__all__ = ["RealRange", "reject_nonfinite"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RealRange:
    """Ends of the real values, in float64.

    Parameters
    ----------
    lows, highs : array of float64, shape (slices,)
        Least and greatest real value of each slice to be stored (clip applied, NaN replaced).
    low, high : float
        Ends of the source.
    genuine : (float, float) or None
        Ends of the voxels that are not replaced; None if all are.
    is_promised : bool
        Whether `lows` and `highs` are only those of some slices.
    conversion : float
        Largest error of source integers (beyond 2^53) as float64, in real units.
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
        >>> numbers = SliceStatistics(minimum=0.0, maximum=9.0)
        >>> holes = SliceStatistics(minimum=None, maximum=None, nonfinite=4)
        >>> statistics = Statistics(dtype="float32", slices=(numbers, holes))
        >>> identity = {"source_slope": 1.0, "source_intercept": 0.0}
        >>> reals = RealRange.of(statistics, nan=-1, clip=(2, 5), **identity)
        >>> reals.lows.tolist(), reals.highs.tolist(), reals.genuine
        ([2.0, -1.0], [5.0, -1.0], (2.0, 5.0))
        """
        ends = _ends(statistics, source_slope, source_intercept)
        if clip is not None:
            ends = np.clip(ends, clip[0], clip[1])
        finite = ends[:, ~np.isnan(ends[0])]
        genuine = (float(finite.min()), float(finite.max())) if finite.size else None
        if nan is not None:
            replaced = np.array([slice_.nonfinite > 0 for slice_ in statistics.slices])
            ends[0] = np.where(replaced, np.fmin(ends[0], nan), ends[0])
            ends[1] = np.where(replaced, np.fmax(ends[1], nan), ends[1])
        conversion = 0.0
        if statistics.is_integer:
            size = max(abs(int(statistics.minimum or 0)), abs(int(statistics.maximum or 0)))
            if size > 2**53:
                conversion = size * UNIT_ROUNDOFF * abs(source_slope)
        reals = cls(
            lows=ends[0],
            highs=ends[1],
            low=float(ends[0].min()),
            high=float(ends[1].max()),
            genuine=genuine,
            conversion=conversion,
        )
        if statistics.promised is None:
            return reals
        low, high = sorted(
            float(end) * source_slope + source_intercept for end in statistics.promised
        )
        low, high = np.clip([low, high], *(clip or (-np.inf, np.inf))).tolist()
        return replace(
            reals,
            low=low if nan is None else min(low, nan),
            high=high if nan is None else max(high, nan),
            genuine=(low, high),
            is_promised=True,
        )


def reject_nonfinite(statistics: Statistics) -> None:
    """Reject NaN and infinite values with count and first index.

    Raises
    ------
    ValuesError
        Code "not-finite".

    Examples
    --------
    >>> from dicomseries.values.statistics import slice_statistics
    >>> slices = slice_statistics(np.array([[[0.0, np.inf]]]))
    >>> reject_nonfinite(Statistics(dtype="float64", slices=slices))
    Traceback (most recent call last):
    dicomseries.errors.ValuesError: values: expected finite numbers, given 1 NaN or infinite ...
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


def _ends(statistics: Statistics, slope: float, intercept: float) -> npt.NDArray[np.float64]:
    """Return the real ends of each slice, shape (2, slices).

    NaN for a slice without a finite value.
    """
    ends = np.full((2, len(statistics.slices)), np.nan)
    for index, slice_ in enumerate(statistics.slices):
        if slice_.minimum is not None and slice_.maximum is not None:
            # Python rounds integers to float64 as numpy's cast does: to nearest, ties to even
            ends[:, index] = float(slice_.minimum), float(slice_.maximum)
    if (slope, intercept) != (1.0, 0.0):
        with np.errstate(over="ignore", invalid="ignore"):
            ends = ends * slope + intercept
    if np.isinf(ends).any():
        raise ValuesError(
            code="scale-overflows",
            where="values",
            given=f"slope {slope}, intercept {intercept} on {statistics.minimum} to "
            f"{statistics.maximum}",
            expected="real values that float64 can hold",
            remedy="Correct the scale of the source.",
        )
    return np.sort(ends, axis=0)
