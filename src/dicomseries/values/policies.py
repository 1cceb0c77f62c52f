"""Policies of `values=`, and the pixel rules of a kind."""

from __future__ import annotations

import math

import numpy as np

from dicomseries.errors import OptionError
from dicomseries.lazy_dataclass import dataclass

__all__ = [
    "Digits",
    "Exact",
    "Lossless",
    "PixelRules",
    "Policy",
    "Rescale",
    "is_finite",
    "parse_policy",
]

_MOST_DIGITS = 15
"""Decimal digits that float64 surely has."""
_LEAST_DIGITS = -300


@dataclass(frozen=True, slots=True)
class Exact:
    """Store integers bit exact, or reject them.

    Examples
    --------
    >>> Exact()
    Exact()
    """


@dataclass(frozen=True, slots=True)
class Lossless:
    """Store integers exactly and floats bit for bit.

    NaN and infinity too. Floats need a kind that stores floats: the Parametric Map (PS3.3 section
    A.75). Other kinds reject them.

    Examples
    --------
    >>> Lossless()
    Lossless()
    """


@dataclass(frozen=True, slots=True, repr=False)
class Rescale:
    """Store real numbers with the least error of 16 bits.

    Parameters
    ----------
    max_error : float, optional
        Reject the values if the proven bound is above this (unit of the values).
    per_slice : bool
        Give each slice a slope for its range (PET only, PS3.3 section C.8.9.4.1.1).

    Raises
    ------
    OptionError
        If `max_error` is not a finite number above 0, or `per_slice` neither True nor False.

    Examples
    --------
    >>> Rescale(max_error=0.01), Rescale(), Rescale(per_slice=True)
    (Rescale(max_error=0.01), Rescale(), Rescale(per_slice=True))
    """

    max_error: float | None = None
    per_slice: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.per_slice, (bool, np.bool_)):
            raise OptionError(
                code="per-slice-not-bool",
                where="per_slice",
                given=repr(self.per_slice),
                expected="True or False",
                remedy="Pass per_slice=True for a different slope for each slice.",
            )
        object.__setattr__(self, "per_slice", bool(self.per_slice))
        if self.max_error is not None and not _is_positive(self.max_error):
            raise OptionError(
                code="max-error-not-positive",
                where="max_error",
                given=self.max_error,
                expected="a finite number above 0, in the unit of the values",
                remedy="Give the largest error you can accept, or leave it out for the least that "
                "16 bits can give.",
            )
        if self.max_error is not None:
            # files and digests contain the policy: one number must have one text for all types
            object.__setattr__(self, "max_error", float(self.max_error))

    def __repr__(self) -> str:
        parts = []
        if self.max_error is not None:
            parts.append(f"max_error={self.max_error!r}")
        if self.per_slice:
            parts.append("per_slice=True")
        return f"Rescale({', '.join(parts)})"


@dataclass(frozen=True, slots=True, repr=False)
class Digits:
    """Store real numbers to `digits` decimal digits.

    The error is at most ½·10⁻ⁿ.

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
                remedy="Give the number of decimal digits to keep, such as `Digits(3)`.",
            )
        object.__setattr__(self, "digits", int(self.digits))

    @property
    def step(self) -> float:
        """10⁻ⁿ (unit of the values)."""
        return float(f"1e{-self.digits}")

    def __repr__(self) -> str:
        return f"Digits({self.digits})"


Policy = Exact | Lossless | Rescale | Digits
"""Policies of `values=`.

None is "auto": `Exact` for integers, `Rescale` for floats, `Lossless` where a kind stores floats.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PixelRules:
    """Pixel formats allowed by the IOD of a kind.

    PS3.3 sections C.8.2.1 (CT), C.8.3.1 (MR), C.8.9.4 (PET), C.8.6 (SC), C.8.32 (Parametric Map).

    Parameters
    ----------
    bits : tuple of int
        Bits Allocated that stored integers may have, out of 8 and 16; () where only floats are
        stored.
    zero_intercept : bool
        Whether Rescale Intercept must be 0 (PET, PS3.3 section C.8.9.4.1.1).
    floats : bool
        Whether pixels are floats of 32 or 64 bits, and only floats: Float and Double Float Pixel
        Data (PS3.3 sections C.7.6.24 and C.7.6.25).
    unsigned : bool
        Whether Pixel Representation must be 0 (multi-frame SC).
    identity : bool
        Whether the rescale must be slope 1 and intercept 0 (multi-frame SC, PS3.3 section C.8.6.3).
    per_slice : bool
        Whether the slope may differ from slice to slice (PET): readers of CT and MR expect one, and
        ITK gives all frames of a multi-frame object the slope of the first.

    Raises
    ------
    ValueError
        If `bits` lacks 16 or has another number than 8 and 16, or two rules contradict each other.

    Examples
    --------
    >>> PixelRules(bits=(8, 16)).zero_intercept, PixelRules(floats=True).bits
    (False, ())
    """

    bits: tuple[int, ...] = (16,)
    zero_intercept: bool = False
    floats: bool = False
    unsigned: bool = False
    identity: bool = False
    per_slice: bool = False

    def __post_init__(self) -> None:
        if self.floats:
            object.__setattr__(self, "bits", ())
        elif 16 not in self.bits or not set(self.bits) <= {8, 16}:
            message = f"bits must be (16,) or (8, 16), not {self.bits}"
            raise ValueError(message)
        other_rules = (self.zero_intercept, self.unsigned, self.identity, self.per_slice)
        if self.floats and any(other_rules):
            message = "floats have neither a rescale nor a sign rule: give no other rule"
            raise ValueError(message)
        if self.per_slice and not self.zero_intercept:
            message = "per_slice needs zero_intercept: slopes differ about a common 0"
            raise ValueError(message)
        if self.zero_intercept and self.unsigned:
            message = "zero_intercept and unsigned together leave no form for negative values"
            raise ValueError(message)


def parse_policy(text: str | Policy | None) -> Policy | None:
    """Return the policy that `text` names; None for ``"auto"``.

    Parameters
    ----------
    text : str, Exact, Lossless, Rescale, Digits or None
        ``"auto"``, ``"exact"``, ``"lossless"``, ``"rescale"``, ``"max-error=0.01"``, either of
        these two with ``",per-slice"`` after it, ``"digits=3"``, or a policy, returned as it is.

    Raises
    ------
    OptionError
        If the text names no policy or its number is not valid.

    Examples
    --------
    >>> parse_policy("digits=3"), parse_policy("MAX-ERROR=0.01"), parse_policy("auto")
    (Digits(3), Rescale(max_error=0.01), None)
    >>> parse_policy("rescale,per-slice")
    Rescale(per_slice=True)
    """
    if text is None or isinstance(text, (Exact, Lossless, Rescale, Digits)):
        return text
    first, comma, second = (part.strip() for part in str(text).lower().partition(","))
    try:
        policy = _named_policy(first)
        if not comma:
            return policy
        if second == "per-slice" and isinstance(policy, Rescale):
            return Rescale(max_error=policy.max_error, per_slice=True)
    except OptionError:
        raise
    except ValueError:
        pass
    raise OptionError(
        code="values-not-known",
        where="values",
        given=repr(text),
        expected="auto, exact, lossless, rescale, max-error=E, digits=N, or rescale,per-slice or "
        "max-error=E,per-slice",
        remedy="Write one of these, such as `values='digits=3'`, or pass `Exact()`, `Lossless()`, "
        "`Rescale(max_error=E)`, `Digits(N)`.",
    )


def _named_policy(text: str) -> Policy | None:
    """Return the policy; raise ValueError for an unknown name."""
    name, mark, number = text.partition("=")
    if name == "max-error":
        return Rescale(max_error=float(number))
    if name == "digits":
        return Digits(int(number))
    plain: dict[str, Policy | None] = {
        "auto": None,
        "exact": Exact(),
        "lossless": Lossless(),
        "rescale": Rescale(),
    }
    if mark or name not in plain:
        raise ValueError(text)
    return plain[name]


def _is_integer(value: object) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def is_finite(value: object) -> bool:
    """Return whether a user's value is a finite number.

    True and False are no numbers.

    Examples
    --------
    >>> is_finite(0), is_finite(float("nan")), is_finite(True)
    (True, False, False)
    """
    if isinstance(value, bool):  # nan=True does not mean 1.0
        return False
    return isinstance(value, (int, float, np.integer, np.floating)) and math.isfinite(value)


def _is_positive(value: object) -> bool:
    return is_finite(value) and float(value) > 0  # type: ignore[arg-type]
