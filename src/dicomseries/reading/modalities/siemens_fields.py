"""Fields of Siemens' CSA header that the files of a series share."""

from __future__ import annotations

from dicomseries.reading.parse.csa_header import csa_fields, csa_numbers
from dicomseries.reading.parse.parser import ParseError
from dicomseries.reading.series_attributes import SeriesTags

__all__ = ["shared_csa_number"]

_HEADER = "(0029,1010) SIEMENS CSA HEADER"


def shared_csa_number(tags: SeriesTags, field: str) -> float | None:
    """Return a number of the CSA header; None if it is missing, or differs between files.

    Parameters
    ----------
    tags : SeriesTags
        Of the slices.
    field : str
        Its name, such as ``"PhaseEncodingDirectionPositive"``.
    """
    headers = tags.get(_HEADER)
    if headers is None:
        return None
    numbers = set()
    for header in set(headers) if isinstance(headers, tuple) else {headers}:
        numbers.add(_number(header, field))
    return numbers.pop() if len(numbers) == 1 else None


def _number(header: object, field: str) -> float | None:
    if not isinstance(header, bytes) or not header.strip(b"\0"):
        return None
    try:
        values = csa_numbers(csa_fields(header, {field}), field)
    except ParseError:
        return None
    return values[0] if len(values) == 1 else None
