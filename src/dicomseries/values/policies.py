"""What a user may ask of the values: `Exact`, `Rescale`, `Digits`, and what a kind of image allows."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from dicomseries.errors import OptionError, ValuesError

__all__ = ["Digits", "Exact", "PixelRules", "Policy", "Rescale", "check_request", "parse_policy"]

_MOST_DIGITS = 15
"""Decimal digits a float64 surely carries; a finer step than 10⁻¹⁵ is asked of numbers that do not have it."""
_LEAST_DIGITS = -300


@dataclass(frozen=True, slots=True)
class Exact:
    """Store integers bit exact, or refuse.

    Examples
    --------
    >>> Exact()
    Exact()
    """


@dataclass(frozen=True, slots=True, repr=False)
class Rescale:
    """Store real numbers with the least error that 16 bits can give.

    Parameters
    ----------
    max_error : float, optional
        Refuse when the proven bound is above this (unit of the values).

    Raises
    ------
    OptionError
        If `max_error` is not a finite number above 0.

    Examples
    --------
    >>> Rescale(max_error=0.01), Rescale()
    (Rescale(max_error=0.01), Rescale())
    """

    max_error: float | None = None

    def __post_init__(self) -> None:
        if self.max_error is not None and not _is_positive(self.max_error):
            raise OptionError(
                code="max-error-not-positive",
                where="max_error",
                given=self.max_error,
                expected="a finite number above 0, in the unit of the values",
                remedy="Give the largest error you can accept, or leave it out for the least that 16 bits can give.",
            )
        if self.max_error is not None:
            # The policy is printed into files and digests: one number must have one text, whatever its type.
            object.__setattr__(self, "max_error", float(self.max_error))

    def __repr__(self) -> str:
        return "Rescale()" if self.max_error is None else f"Rescale(max_error={self.max_error!r})"


@dataclass(frozen=True, slots=True, repr=False)
class Digits:
    """Store real numbers to `digits` decimal digits: error at most ½·10⁻ⁿ.

    Parameters
    ----------
    digits : int
        n of 10⁻ⁿ; 3 gives the slope 0.001, a negative one keeps tens or hundreds.

    Raises
    ------
    OptionError
        If `digits` is not an integer from -300 to 15.

    Examples
    --------
    >>> Digits(3), Digits(3).step
    (Digits(3), 0.001)
    """

    digits: int

    def __post_init__(self) -> None:
        if not _is_integer(self.digits) or not _LEAST_DIGITS <= self.digits <= _MOST_DIGITS:
            raise OptionError(
                code="digits-not-valid",
                where="digits",
                given=repr(self.digits),
                expected=f"an integer from {_LEAST_DIGITS} to {_MOST_DIGITS}",
                remedy="Give the number of decimal digits to keep, such as Digits(3).",
            )
        object.__setattr__(self, "digits", int(self.digits))

    @property
    def step(self) -> float:
        """10⁻ⁿ (unit of the values)."""
        return float(f"1e{-self.digits}")

    def __repr__(self) -> str:
        return f"Digits({self.digits})"


Policy = Exact | Rescale | Digits
"""What `values=` takes; None stands for "auto": `Exact` for integers, `Rescale` for floats."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PixelRules:
    """What the IOD of a kind allows its pixels (PS3.3 C.8.2.1 CT, C.8.3.1 MR, C.8.9.4 PET, C.8.6 SC).

    Parameters
    ----------
    bits : tuple of int
        Bits Allocated that the kind may have, out of 8 and 16.
    zero_intercept : bool
        Whether Rescale Intercept must be 0 (PET, PS3.3 section C.8.9.4.1.1).

    Raises
    ------
    ValueError
        If `bits` lacks 16 or has another number than 8 and 16.

    Examples
    --------
    >>> PixelRules(bits=(8, 16)).zero_intercept
    False
    """

    bits: tuple[int, ...] = (16,)
    zero_intercept: bool = False

    def __post_init__(self) -> None:
        if 16 not in self.bits or not set(self.bits) <= {8, 16}:
            message = f"bits must be (16,) or (8, 16), not {self.bits}"
            raise ValueError(message)


def parse_policy(text: str | Policy | None) -> Policy | None:
    """Return the policy that `text` names; None for ``"auto"``.

    Parameters
    ----------
    text : str, Exact, Rescale, Digits or None
        ``"auto"``, ``"exact"``, ``"rescale"``, ``"max-error=0.01"``, ``"digits=3"``, or a policy, returned as it is.

    Raises
    ------
    OptionError
        If the text names no policy or its number is not valid.

    Examples
    --------
    >>> parse_policy("digits=3"), parse_policy("MAX-ERROR=0.01"), parse_policy("auto")
    (Digits(3), Rescale(max_error=0.01), None)
    """
    if text is None or isinstance(text, (Exact, Rescale, Digits)):
        return text
    name, mark, number = str(text).strip().lower().partition("=")
    plain: dict[str, Policy | None] = {"auto": None, "exact": Exact(), "rescale": Rescale()}
    if not mark and name in plain:
        return plain[name]
    try:
        if name == "max-error":
            return Rescale(max_error=float(number))
        if name == "digits":
            return Digits(int(number))
    except OptionError:
        raise
    except ValueError:
        pass
    raise OptionError(
        code="values-not-known",
        where="values",
        given=repr(text),
        expected="auto, exact, rescale, max-error=E or digits=N",
        remedy="Write one of these, such as values='digits=3', or pass Exact(), Rescale(max_error=E), Digits(N).",
    )


def check_request(
    policy: Policy | None,
    dtype: np.dtype[np.generic] | str,
    *,
    samples: int = 1,
    nan: float | None = None,
    clip: tuple[float, float] | None = None,
) -> None:
    """Refuse what cannot be right whatever the voxels are, before one of them is read.

    Parameters
    ----------
    policy : Exact, Rescale, Digits or None
        What was asked; None is "auto".
    dtype : numpy dtype or its name
        Of the source, any byte order.
    samples : int
        Samples per pixel: 1, or 3 for colour.
    nan : float, optional
        The value for every NaN and infinity (unit of the values).
    clip : (float, float), optional
        Real values are limited to this range.

    Raises
    ------
    ValuesError
        If no policy can store this dtype, or not the one asked for.
    OptionError
        If `nan` or `clip` is not valid.

    Examples
    --------
    >>> check_request(Exact(), "float32")
    Traceback (most recent call last):
    dicomseries.errors.ValuesError: values: expected integers for Exact(), given float32. Pass values=Rescale() ...
    """
    kind = np.dtype(dtype)
    _check_dtype(kind)
    _check_nan(nan)
    _check_clip(clip)
    if samples != 1:
        _check_colour(policy, kind)
    if isinstance(policy, Exact) and kind.kind == "f":
        raise ValuesError(
            code="exact-needs-integers",
            where="values",
            given=kind.name,
            expected="integers for Exact()",
            remedy="Pass values=Rescale() or Digits(n) for a proven error bound, or cast the array to integers.",
        )


def _check_dtype(dtype: np.dtype[np.generic]) -> None:
    if dtype.kind in "biu" or (dtype.kind == "f" and dtype.itemsize <= 8):
        return
    remedy = {
        "c": "Write the real part, the magnitude or the phase (numpy.real, abs, numpy.angle) as a series each.",
        "f": "Cast the array to float64 (array.astype('float64')) if its digits suffice.",
    }.get(dtype.kind, "Convert the array to integers or floats first.")
    raise ValuesError(
        code="dtype-not-supported",
        where="array dtype",
        given=dtype.name,
        expected="bool, an integer of 8 to 64 bits, or float16, float32, float64",
        remedy=remedy,
    )


def _check_nan(nan: float | None) -> None:
    if nan is not None and not _is_finite(nan):
        raise OptionError(
            code="nan-value-not-finite",
            where="nan",
            given=repr(nan),
            expected="a finite number that stands for NaN and infinity",
            remedy="Give a number of the data's own range or just below it, such as nan=0.",
        )


def _check_clip(clip: tuple[float, float] | None) -> None:
    if clip is None:
        return
    if _is_rising_pair(clip):
        return
    raise OptionError(
        code="clip-not-valid",
        where="clip",
        given=repr(clip),
        expected="two finite numbers (lo, hi) with lo below hi",
        remedy="Give the lowest and the highest value to keep, such as clip=(-1024, 3071).",
    )


def _check_colour(policy: Policy | None, dtype: np.dtype[np.generic]) -> None:
    # No reader applies a rescale to RGB (PS3.3 C.11.1 is for grey only), so colour is stored as it is or not at all.
    if dtype.name in {"uint8", "uint16"} and not isinstance(policy, (Rescale, Digits)):
        return
    raise ValuesError(
        code="colour-not-storable",
        where="values",
        given=f"colour of {dtype.name} with {policy or 'auto'}",
        expected="RGB of uint8 or uint16, stored as it is",
        remedy="Convert the colours to uint8 (0 to 255), or write one grey volume for each channel.",
    )


def _is_integer(value: object) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def _is_finite(value: object) -> bool:
    if isinstance(value, bool):  # who passes nan=True does not mean 1.0
        return False
    return isinstance(value, (int, float, np.integer, np.floating)) and math.isfinite(value)


def _is_rising_pair(value: object) -> bool:
    if not isinstance(value, (tuple, list)) or len(value) != 2 or not all(map(_is_finite, value)):
        return False
    return bool(value[0] < value[1])


def _is_positive(value: object) -> bool:
    return _is_finite(value) and float(value) > 0  # type: ignore[arg-type]
