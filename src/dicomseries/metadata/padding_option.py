"""PixelPaddingValue in metadata: a number of the array (PS3.3 C.7.5.1.1.2)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from dicomseries.errors import MetadataError

__all__ = ["padding_error", "split_padding"]

_KEYWORD = "PixelPaddingValue"


def split_padding(mapping: Mapping[str, Any]) -> tuple[dict[str, Any], float | None]:
    """Return the metadata without PixelPaddingValue, and that number.

    Raises
    ------
    MetadataError
        If it is not a number.

    Examples
    --------
    >>> split_padding({"PatientID": "42", "PixelPaddingValue": -2000})
    ({'PatientID': '42'}, -2000.0)
    """
    rest = {name: value for name, value in mapping.items() if name != _KEYWORD}
    if len(rest) == len(mapping):
        return rest, None
    value = mapping[_KEYWORD]
    if value is None:
        return rest, None
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if isinstance(value, bool) or not math.isfinite(number):
        raise padding_error(value, "a number of the array", "Give one number, such as -2000.")
    return rest, number


def padding_error(value: Any, expected: str, remedy: str) -> MetadataError:
    """Return the error of an impossible padding value.

    Examples
    --------
    >>> padding_error(-2000.0, "integers", "Leave it out.").where
    'PixelPaddingValue'
    """
    return MetadataError(
        code="padding-not-possible",
        where=_KEYWORD,
        given=f"{value:g}" if isinstance(value, float) else repr(value),
        expected=expected,
        remedy=remedy,
    )
