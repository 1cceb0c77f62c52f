"""`ValueMap`: how real values become stored integers, with a bound that is proven."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import ROUND_CEILING, Context
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.standard.decimal_string import MAX_DS_CHARS, format_ds

__all__ = ["UNIT_ROUNDOFF", "ValueMap", "bound_text", "stored_range"]

UNIT_ROUNDOFF = 2.0**-53
"""Largest relative error of one float64 operation (round to nearest)."""

_DTYPES = ("uint8", "int16", "uint16")


_BOUND_DIGITS = Context(prec=6, rounding=ROUND_CEILING)


def bound_text(bound: float) -> str:
    """Return a proven bound in six digits, rounded up: what is printed must be proven too.

    Examples
    --------
    >>> bound_text(0.0005), bound_text(0.00050000000004)
    ('0.0005', '0.000500001')
    """
    return f"{float(_BOUND_DIGITS.create_decimal(repr(bound))):.6g}"


def stored_range(dtype: str) -> tuple[int, int]:
    """Return the least and greatest integer of a stored dtype.

    Examples
    --------
    >>> stored_range("int16")
    (-32768, 32767)
    """
    info = np.iinfo(dtype)
    return int(info.min), int(info.max)


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueMap:
    """real = float64(slope) · stored + float64(intercept), as every reader computes it (PS3.3 section C.11.1.1.2).

    Parameters
    ----------
    dtype : str
        Of the stored integers: "uint8", "int16" or "uint16".
    slope, intercept : str
        Rescale Slope and Rescale Intercept as DS text of at most 16 characters (unit of the real values).
    source_slope, source_intercept : float
        What a value of the source means: real = source_slope · value + source_intercept.
    max_error : float
        Proven: no restored value is further from the real one than this (unit of the values); 0.0 is exact.
    nan : float, optional
        The real value that stands for NaN and infinity.
    clip : (float, float), optional
        Real values are limited to this range; for exact integers the range is already moved inwards to integers.
    padding : int, optional
        Stored value that only replaced voxels have, for Pixel Padding Value (PS3.3 section C.7.5.1.1.2).
    policy : str
        What was asked or chosen, such as "Rescale(max_error=0.01)".
    advice : tuple of str
        What a named reader will do with this, and the way out.
    offset : int, optional
        Set for exact forms: stored = (source integer - offset) / divisor. None where real numbers are quantised.
    divisor : int
        See `offset`; 1 otherwise.

    Raises
    ------
    ValueError
        If a text is not DS, the dtype is not one of the three, or the bound is negative or not finite.

    Examples
    --------
    >>> values = ValueMap(dtype="int16", slope="0.001", intercept="0", max_error=0.0005, policy="Digits(3)")
    >>> values.real(np.array([-10000, 2500], np.int16)).tolist(), values.bits, values.signed, values.is_identity
    ([-10.0, 2.5], 16, True, False)
    """

    dtype: str
    slope: str
    intercept: str
    max_error: float
    policy: str
    source_slope: float = 1.0
    source_intercept: float = 0.0
    nan: float | None = None
    clip: tuple[float, float] | None = None
    padding: int | None = None
    advice: tuple[str, ...] = ()
    offset: int | None = None
    divisor: int = 1

    def __post_init__(self) -> None:
        if self.dtype not in _DTYPES:
            message = f"dtype must be one of {_DTYPES}, not {self.dtype!r}"
            raise ValueError(message)
        for text in (self.slope, self.intercept):
            if len(text) > MAX_DS_CHARS or not math.isfinite(float(text)):
                message = f"{text!r} is no finite DS of at most {MAX_DS_CHARS} characters"
                raise ValueError(message)
        if float(self.slope) == 0.0 or not 0.0 <= self.max_error < math.inf:
            message = f"slope {self.slope} must not be 0, max_error {self.max_error} must be finite and not negative"
            raise ValueError(message)

    @property
    def is_identity(self) -> bool:
        """Whether stored numbers are the real ones: slope 1, intercept 0."""
        return (float(self.slope), float(self.intercept)) == (1.0, 0.0)

    @property
    def bits(self) -> int:
        """Bits Allocated and Bits Stored: 8 or 16."""
        return 8 * np.dtype(self.dtype).itemsize

    @property
    def signed(self) -> bool:
        """Pixel Representation: True is 1, two's complement."""
        return self.dtype == "int16"

    @property
    def is_scaled(self) -> bool:
        """Whether a value of the source means something else than itself."""
        return (self.source_slope, self.source_intercept) != (1.0, 0.0)

    def real(self, stored: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Return the real values of stored integers, any shape, in float64, rounded as a reader rounds."""
        values = np.asarray(stored, dtype=np.float64) * float(self.slope)
        return np.asarray(values + float(self.intercept), dtype=np.float64)

    def describe(self) -> str:
        """Return one sentence or more for Derivation Description (0008,2111), ASCII, well below its 1024 characters.

        Examples
        --------
        >>> ValueMap(dtype="int16", slope="1", intercept="0", max_error=0.0, policy="Exact()").describe()
        'Values stored exactly.'
        """
        if self.max_error == 0.0:
            parts = ["Values stored exactly."]
        else:
            form = f"{self.bits}-bit integers by {self.policy}, slope {self.slope}, intercept {self.intercept}"
            parts = [f"Values stored as {form}; largest error {bound_text(self.max_error)}."]
        if self.clip is not None:
            parts.append(f"Values limited to {format_ds(self.clip[0])} to {format_ds(self.clip[1])}.")
        if self.nan is not None:
            parts.append(f"NaN and infinity replaced by {format_ds(self.nan)}.")
        return " ".join(parts)

    def source_to_real(self, value: Any) -> Any:
        """Return the real value of a source value or array, in float64 with the rounding of `store`."""
        real = np.asarray(value, dtype=np.float64)[()]
        return real * self.source_slope + self.source_intercept if self.is_scaled else real
