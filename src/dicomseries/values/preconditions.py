"""Rejections before any voxel is read."""

from __future__ import annotations

import numpy as np

from dicomseries.errors import OptionError, ValuesError
from dicomseries.values.policies import (
    Digits,
    Exact,
    Lossless,
    PixelRules,
    Policy,
    Rescale,
    is_finite,
)

__all__ = ["check_request"]


def check_request(
    policy: Policy | None,
    dtype: np.dtype[np.generic] | str,
    *,
    samples: int = 1,
    nan: float | None = None,
    clip: tuple[float, float] | None = None,
    rules: PixelRules | None = None,
) -> None:
    """Reject policies and options that fit no voxels.

    Parameters
    ----------
    policy : Exact, Lossless, Rescale, Digits or None
        The user's policy; None is "auto".
    dtype : numpy dtype or its name
        Of the source, any byte order.
    samples : int
        Samples per pixel: 1, or 3 for colour.
    nan : float, optional
        The value for every NaN and infinity (unit of the values).
    clip : (float, float), optional
        Real values are limited to this range.
    rules : PixelRules, optional
        Rules of the kind; without them only values that fit no kind are rejected.

    Raises
    ------
    ValuesError
        If the policy cannot store this dtype; code "lossless-needs-parametric-map" for
        `Lossless()` floats in a kind that stores integers.
    OptionError
        If `nan` or `clip` is not valid, or the kind has one slope for all slices.

    Examples
    --------
    >>> check_request(Exact(), "float32")
    Traceback (most recent call last):
    dicomseries.errors.ValuesError: values: expected integers for Exact(), given float32. Pass ...
    """
    kind = np.dtype(dtype)
    _check_dtype(kind)
    _check_nan(nan)
    _check_clip(clip)
    if samples != 1:
        _check_colour(policy, kind, rules)
    if isinstance(policy, Exact) and kind.kind == "f":
        raise ValuesError(
            code="exact-needs-integers",
            where="values",
            given=kind.name,
            expected="integers for `Exact()`",
            remedy="Pass `values=Rescale()` or `Digits(n)` for a proven error bound, "
            "`values=Lossless()` with `kind='ParametricMap'` for every bit, or cast the array to "
            "integers.",
        )
    if rules is not None:
        _check_rules(policy, kind, rules)


def _check_rules(policy: Policy | None, dtype: np.dtype[np.generic], rules: PixelRules) -> None:
    quantises = isinstance(policy, (Rescale, Digits))
    if rules.floats:
        if quantises:
            raise _not_for_floats(policy)
        return
    if isinstance(policy, Lossless) and dtype.kind == "f":
        raise _needs_parametric_map(dtype)
    if rules.identity and (quantises or dtype.kind == "f"):
        raise _needs_a_rescale(policy, dtype)
    if isinstance(policy, Rescale) and policy.per_slice and not rules.per_slice:
        raise OptionError(
            code="per-slice-not-allowed",
            where="values",
            given=repr(policy),
            expected="one slope for all slices: readers of this kind apply that of the first",
            remedy="Leave per_slice out, or write `kind='PT'`, whose readers expect a slope for "
            "each slice.",
        )


def _needs_parametric_map(dtype: np.dtype[np.generic]) -> ValuesError:
    return ValuesError(
        code="lossless-needs-parametric-map",
        where="values",
        given=f"`Lossless()` for {dtype.name}",
        expected="integers, or a kind that stores floats",
        remedy="Pass `kind='ParametricMap'` to store floats bit for bit, or `values=Rescale()` for "
        "16-bit integers with a proven error bound.",
    )


def _not_for_floats(policy: Policy | None) -> ValuesError:
    # only the Real World Value Mapping scales a Parametric Map (C.8.32.2), and few readers apply it
    return ValuesError(
        code="kind-stores-floats",
        where="values",
        given=repr(policy),
        expected="`Lossless()` or auto: this kind stores floats as they are, without a rescale",
        remedy="Leave `values=` out, or pass `kind='SC'` for 16-bit integers with a proven error "
        "bound.",
    )


def _needs_a_rescale(policy: Policy | None, dtype: np.dtype[np.generic]) -> ValuesError:
    return ValuesError(
        code="kind-has-no-rescale",
        where="values",
        given=f"{dtype.name} with {policy or 'auto'}",
        expected="integers from 0 to 65535, stored unchanged: a multi-frame Secondary Capture "
        "has only the identity rescale (PS3.3 section C.8.6.3)",
        remedy="Pass `kind='SC'`, or another kind with a rescale, for fractions, or cast the array "
        "to uint8 or uint16.",
    )


def _check_dtype(dtype: np.dtype[np.generic]) -> None:
    if dtype.kind in "biu" or (dtype.kind == "f" and dtype.itemsize <= 8):
        return
    remedy = {
        "c": "Write a part of it as a series: abs(array), numpy.angle(array), array.real or "
        "array.imag; say which by "
        '`metadata={"ComplexImageComponent": "MAGNITUDE"}`, "PHASE", "REAL" or "IMAGINARY" (kinds '
        "MR and EnhancedMR).",
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
    if nan is not None and not is_finite(nan):
        raise OptionError(
            code="nan-value-not-finite",
            where="nan",
            given=repr(nan),
            expected="a finite number to store for NaN and infinity",
            remedy="Give a number of the data's own range or just below it, such as `nan=0`.",
        )


def _check_clip(clip: tuple[float, float] | None) -> None:
    if clip is None or _is_rising_pair(clip):
        return
    raise OptionError(
        code="clip-not-valid",
        where="clip",
        given=repr(clip),
        expected="two finite numbers (lo, hi) with lo below hi",
        remedy="Give the lowest and the highest value to keep, such as `clip=(-1024, 3071)`.",
    )


def _check_colour(
    policy: Policy | None, dtype: np.dtype[np.generic], rules: PixelRules | None
) -> None:
    # no reader applies a rescale to RGB (C.11.1 is for grey only), so colour is stored unchanged
    stores_integers = rules is None or not rules.floats
    is_quantised = isinstance(policy, Rescale | Digits)
    if dtype.name in {"uint8", "uint16"} and stores_integers and not is_quantised:
        return
    raise ValuesError(
        code="colour-not-storable",
        where="values",
        given=f"colour of {dtype.name} with {policy or 'auto'}",
        expected="RGB of uint8 or uint16, stored unchanged",
        remedy=_remedy_of_colour(dtype),
    )


def _remedy_of_colour(dtype: np.dtype[np.generic]) -> str:
    """Return how to make colours storable, with a line to paste.

    The full range of a colour is that of its bits: other bits need other numbers for one colour.
    """
    if dtype.kind == "u" and dtype.itemsize > 2:
        bits = 8 * dtype.itemsize
        return (
            f"Keep the upper 16 of the {bits} bits: array = (array >> {bits - 16})"
            ".astype('uint16'). Full colour stays full colour; viewers show no deeper colours, and "
            "validators stop at them."
        )
    if dtype.kind == "f":
        return (
            "Convert the colours: array = (array * 255).round().astype('uint8') if 1 is full "
            "colour, array = array.round().astype('uint8') if 255 is; or write one grey volume for "
            "each channel."
        )
    return (
        "Convert the colours: array = array.astype('uint8') if they are from 0 to 255; or write "
        "one grey volume for each channel."
    )


def _is_rising_pair(value: object) -> bool:
    if not isinstance(value, (tuple, list)) or len(value) != 2 or not all(map(is_finite, value)):
        return False
    return bool(value[0] < value[1])
