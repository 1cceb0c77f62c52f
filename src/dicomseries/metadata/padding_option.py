"""PixelPaddingValue as users state it: a number of the array, not a stored one (PS3.3 section C.7.5.1.1.2)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from dicomseries.errors import MetadataError

__all__ = ["padding_refused", "taken_padding"]

_KEYWORD = "PixelPaddingValue"


def taken_padding(mapping: Mapping[str, Any]) -> tuple[dict[str, Any], float | None]:
    """Return the metadata without PixelPaddingValue, and its number.

    Raises
    ------
    MetadataError
        If it is no number.

    Examples
    --------
    >>> taken_padding({"PatientID": "42", "PixelPaddingValue": -2000})
    ({'PatientID': '42'}, -2000.0)
    """
    rest = {name: value for name, value in mapping.items() if name != _KEYWORD}
    if len(rest) == len(mapping):
        return rest, None
    given = mapping[_KEYWORD]
    if given is None:
        return rest, None
    try:
        number = float(given)
    except (TypeError, ValueError):
        number = math.nan
    if isinstance(given, bool) or not math.isfinite(number):
        raise padding_refused(given, "a number of the array", "Give one number, such as -2000.")
    return rest, number


def padding_refused(given: Any, expected: str, remedy: str) -> MetadataError:
    """Return the error of a padding value that is not possible.

    Examples
    --------
    >>> padding_refused(-2000.0, "integers", "Leave it out.").where
    'PixelPaddingValue'
    """
    return MetadataError(
        code="padding-not-possible",
        where=_KEYWORD,
        given=f"{given:g}" if isinstance(given, float) else repr(given),
        expected=expected,
        remedy=remedy,
    )
