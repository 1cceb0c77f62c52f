"""`ValueMap`: real values ↔ stored values, with a proven bound."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import ROUND_CEILING, Context
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.lazy_dataclass import dataclass
from dicomseries.short_repr import record_repr
from dicomseries.standard.attributes.decimal_string import MAX_DS_CHARS, format_ds

__all__ = ["UNIT_ROUNDOFF", "ValueMap", "bound_text", "stored_range"]

UNIT_ROUNDOFF = 2.0**-53
"""Largest relative error of one float64 operation (round to nearest)."""

_FLOATS = ("float32", "float64")
_DTYPES = ("uint8", "int16", "uint16", *_FLOATS)

_BOUND_DIGITS = Context(prec=6, rounding=ROUND_CEILING)


def bound_text(bound: float) -> str:
    """Return a bound in six digits, rounded up.

    A printed bound must be proven too.

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
    """Map from real to stored values.

    real = float64(slope) · stored + float64(intercept), as every reader computes it (PS3.3 section
    C.11.1.1.2).

    Parameters
    ----------
    dtype : str
        Of the stored values: "uint8", "int16" or "uint16"; "float32" (Float Pixel Data, PS3.3
        section C.7.6.24) or "float64" (Double Float Pixel Data, section C.7.6.25), whose stored
        values are the real ones.
    slope, intercept : str
        Rescale Slope and Rescale Intercept as DS text of at most 16 characters (unit of the real
        values); with `slopes` that of the first frame.
    source_slope, source_intercept : float
        real = source_slope · source value + source_intercept.
    max_error : float
        Proven bound of |restored - real| (unit of the values); 0.0 is exact, of floats to the
        last bit.
    nan : float, optional
        Real value stored for NaN and infinity.
    clip : (float, float), optional
        Limits of the real values; for exact integers already moved inwards to integers.
    value_range : (float, float), optional
        Promised range of the real values, after `clip`; values beyond it are rejected.
    padding : int, optional
        Stored value of replaced voxels alone, for Pixel Padding Value (PS3.3 section
        C.7.5.1.1.2).
    policy : str
        Name of the policy, such as "Rescale(max_error=0.01)".
    advice : tuple of str
        Readers with problems, and how to avoid them.
    offset : int, optional
        Set for exact forms: stored = (source integer - offset) / divisor. None for quantised
        real numbers.
    divisor : int
        See `offset`; 1 otherwise.
    slopes : tuple of str, optional
        Rescale Slope of each frame as DS text, if it differs from frame to frame (`at`).
    max_errors : tuple of float, optional
        The proven bound of each frame, beside `slopes`; `max_error` is the largest.

    Raises
    ------
    ValueError
        If a text is not DS, the dtype is not one of the five, the bound is negative or not finite,
        floats have a rescale, or the slopes contradict the rest.

    Examples
    --------
    >>> value_map = ValueMap(
    ...     dtype="int16", slope="0.001", intercept="0", max_error=0.0005, policy="Digits(3)"
    ... )
    >>> value_map.real(np.array([-10000, 2500], np.int16)).tolist()
    [-10.0, 2.5]
    >>> value_map.bits, value_map.signed, value_map.is_identity
    (16, True, False)
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
    value_range: tuple[float, float] | None = None
    padding: int | None = None
    advice: tuple[str, ...] = ()
    offset: int | None = None
    divisor: int = 1
    slopes: tuple[str, ...] | None = None
    max_errors: tuple[float, ...] | None = None

    __repr__ = record_repr

    def __post_init__(self) -> None:
        if self.dtype not in _DTYPES:
            message = f"dtype must be one of {_DTYPES}, not {self.dtype!r}"
            raise ValueError(message)
        for text in (self.slope, self.intercept, *(self.slopes or ())):
            if len(text) > MAX_DS_CHARS or not math.isfinite(float(text)):
                message = f"{text!r} is no finite DS of at most {MAX_DS_CHARS} characters"
                raise ValueError(message)
        if float(self.slope) == 0.0 or not 0.0 <= self.max_error < math.inf:
            message = (
                f"slope {self.slope} must not be 0, max_error {self.max_error} must be finite and "
                "not negative"
            )
            raise ValueError(message)
        if self.is_float and not (self.is_identity and self.offset is None and self.slopes is None):
            message = (
                f"{self.dtype} values are stored unchanged: slope 1, intercept 0, no offset, "
                "no slopes"
            )
            raise ValueError(message)
        self._check_slopes()

    def _check_slopes(self) -> None:
        if self.slopes is None and self.max_errors is None:
            return
        slopes, errors = self.slopes or (), self.max_errors or ()
        message = ""
        if not slopes or len(errors) != len(slopes):
            message = "there must be as many slopes as max_errors"
        elif slopes[0] != self.slope or max(errors) != self.max_error:
            message = "slope must be the first of the slopes, max_error the largest of max_errors"
        elif min(errors) < 0.0 or not all(map(float, slopes)):
            message = "slopes must not be 0, max_errors not negative"
        elif float(self.intercept) or self.offset is not None:
            message = "with slopes the intercept must be 0 and there is no offset"
        if message:
            raise ValueError(message)

    @property
    def is_identity(self) -> bool:
        """Whether stored numbers are the real ones."""
        return (float(self.slope), float(self.intercept)) == (1.0, 0.0) and self.slopes is None

    @property
    def is_float(self) -> bool:
        """Whether floats are stored (Float or Double Float Pixel Data)."""
        return self.dtype in _FLOATS

    @property
    def bits(self) -> int:
        """Bits Allocated.

        8 or 16, 32 or 64 for floats; of integers also Bits Stored.
        """
        return 8 * np.dtype(self.dtype).itemsize

    @property
    def signed(self) -> bool:
        """Whether stored integers have a sign (Pixel Representation 1)."""
        return self.dtype == "int16"

    @property
    def counts(self) -> bool:
        """Whether values are replaced or clipped, and counted."""
        return self.nan is not None or self.clip is not None

    @property
    def is_scaled(self) -> bool:
        """Whether the source has a slope or intercept."""
        return (self.source_slope, self.source_intercept) != (1.0, 0.0)

    def at(self, frame: int) -> ValueMap:
        """Return the map of one frame.

        Parameters
        ----------
        frame : int
            Index of the frame, from 0; all frames have the same map if `slopes` is None.

        Raises
        ------
        IndexError
            If there is no such frame.

        Examples
        --------
        >>> value_map = ValueMap(
        ...     dtype="int16", slope="0.5", intercept="0", max_error=0.3, slopes=("0.5", "0.1"),
        ...     max_errors=(0.3, 0.1), policy="Rescale(per_slice=True)",
        ... )
        >>> frame = value_map.at(1)
        >>> frame.slope, frame.max_error, frame.slopes
        ('0.1', 0.1, None)
        """
        if self.slopes is None or self.max_errors is None:
            return self
        if not 0 <= frame < len(self.slopes):
            message = f"frame {frame} of {len(self.slopes)}"
            raise IndexError(message)
        return replace(
            self,
            slope=self.slopes[frame],
            max_error=self.max_errors[frame],
            slopes=None,
            max_errors=None,
        )

    def between(self, start: int, stop: int) -> ValueMap:
        """Return the map of frames `start` to `stop` - 1.

        Parameters
        ----------
        start, stop : int
            Indices of frames, from 0; all parts have the same map if `slopes` is None.

        Raises
        ------
        IndexError
            If there are no such frames.

        Examples
        --------
        >>> value_map = ValueMap(
        ...     dtype="int16", slope="0.5", intercept="0", max_error=0.3,
        ...     slopes=("0.5", "0.1", "0.2"), max_errors=(0.3, 0.1, 0.2),
        ...     policy="Rescale(per_slice=True)",
        ... )
        >>> part = value_map.between(1, 3)
        >>> part.slope, part.slopes, part.max_error
        ('0.1', ('0.1', '0.2'), 0.2)
        """
        if self.slopes is None or self.max_errors is None:
            return self
        if not 0 <= start < stop <= len(self.slopes):
            message = f"frames {start} to {stop} of {len(self.slopes)}"
            raise IndexError(message)
        slopes, errors = self.slopes[start:stop], self.max_errors[start:stop]
        return replace(
            self, slope=slopes[0], slopes=slopes, max_error=max(errors), max_errors=errors
        )

    def real(self, stored: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Return the real values of stored ones.

        Any shape, in float64, computed as readers do. With `slopes` the first axis of `stored` is
        that of all frames.
        """
        with np.errstate(invalid="ignore"):  # a signalling NaN becomes a quiet one
            numbers = np.asarray(stored, dtype=np.float64)
        if self.is_float:
            return numbers
        slope: Any = float(self.slope)
        if self.slopes is not None:
            if numbers.ndim == 0 or len(numbers) != len(self.slopes):
                message = (
                    f"the first axis must be that of the {len(self.slopes)} frames; "
                    "use at(frame) for one of them"
                )
                raise ValueError(message)
            slopes = np.array(list(map(float, self.slopes)))
            slope = slopes.reshape(-1, *(1,) * (numbers.ndim - 1))
        return np.asarray(numbers * slope + float(self.intercept), dtype=np.float64)

    def describe(self) -> str:
        """Return sentences for DerivationDescription (0008,2111).

        ASCII, well below its 1024 characters.

        Examples
        --------
        >>> exact = ValueMap(
        ...     dtype="int16", slope="1", intercept="0", max_error=0.0, policy="Exact()"
        ... )
        >>> exact.describe()
        'Values stored exactly.'
        """
        parts = ["Values stored exactly."]
        if self.max_error:
            bound = bound_text(self.max_error)
            parts = [f"Values stored as {self._form()}; largest error {bound}."]
        if self.clip is not None:
            low, high = map(format_ds, self.clip)
            parts.append(f"Values limited to {low} to {high}.")
        if self.nan is not None:
            parts.append(f"NaN and infinity replaced by {format_ds(self.nan)}.")
        return " ".join(parts)

    def _form(self) -> str:
        if self.is_float:
            return f"{self.bits}-bit floats"
        slope = f"slope {self.slope}" if self.slopes is None else "a slope for each slice"
        return f"{self.bits}-bit integers by {self.policy}, {slope}, intercept {self.intercept}"

    def source_to_real(self, value: Any) -> Any:
        """Return the real value of a source value or array.

        In float64, with the rounding of `store`.
        """
        real = np.asarray(value, dtype=np.float64)[()]
        if not self.is_scaled:
            return real
        return real * self.source_slope + self.source_intercept
