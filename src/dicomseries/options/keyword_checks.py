"""Keyword arguments to checked options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from dicomseries.options.declarations import WriteOptions
from dicomseries.options.keyword_arguments import check_names
from dicomseries.options.option import declared

__all__ = ["checked_options"]

Record = TypeVar("Record", bound=WriteOptions)


def checked_options(
    record: type[Record], keywords: Mapping[str, Any], *, verb: str = "write"
) -> Record:
    """Check and convert the keyword arguments of a call.

    Parameters
    ----------
    record : type
        The class with the declarations.
    keywords : mapping
        The keyword arguments of the call.
    verb : str
        The function that was called.

    Raises
    ------
    TypeError
        If there is no such option.
    DicomSeriesError
        If a value is wrong, or two options contradict each other.

    Examples
    --------
    >>> checked_options(WriteOptions, {"kind": "CT", "clip": (-1000, 3000)}).clip
    (-1000, 3000)
    """
    # The checks import numpy and pydicom, which --help does without.
    from dicomseries.options.option_checks import checked  # noqa: PLC0415

    check_names(verb, keywords, record)
    options = declared(record)
    values = {name: keywords.get(name, option.default) for name, option in options.items()}
    return record(**checked(values, options))
