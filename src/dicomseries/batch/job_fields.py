"""Names and values of the fields of a job."""

from __future__ import annotations

import datetime as dt
import difflib
import json
import os
import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, get_args, get_origin

from dicomseries.errors import OptionError
from dicomseries.options import Option, options_of
from dicomseries.standard.dictionary import is_keyword

__all__ = ["JOB_FIELDS", "field_of", "json_value", "value_of_cell"]

JOB_FIELDS = ("source", "out", "study", "frame_of_reference", "bvals", "bvecs")
"""Fields of a job that are no options of `write`."""

_OF_THE_BATCH = frozenset(
    {"entropy", "executor", "memory", "progress", "resume", "storage_options", "workers"}
)
"""Options of `write` that a single job does not have."""

_MODEL_PARTS = ("model_name", "model_version", "model_manufacturer")
_WORDS_OF_TRUTH = {
    "true": True,
    "yes": True,
    "1": True,
    "false": False,
    "no": False,
    "0": False,
}


@cache
def _spellings() -> Mapping[str, tuple[str, bool]]:
    """Return spelling → name of an option, and whether it turns the option off."""
    spellings: dict[str, tuple[str, bool]] = {name: (name, False) for name in JOB_FIELDS}
    for name, option in options_of("write").items():
        if name in _OF_THE_BATCH:
            continue
        spellings[name] = (name, False)
        for position, flag in enumerate(option.flag_of(name).split("/")):
            is_off = position == 1 or flag.startswith("--no-")
            spellings[_plain(flag)] = (name, is_off)
    for name in _MODEL_PARTS:
        spellings[name] = (name, False)
    return spellings


def _plain(text: str) -> str:
    return text.strip().lstrip("-").replace("-", "_").replace(" ", "_")


def field_of(text: str) -> tuple[str, bool]:
    """Return the name that a key or column means.

    Parameters
    ----------
    text : str
        Spelled as a keyword of `write`, as a flag of the command line, or as a DICOM keyword.

    Returns
    -------
    name : str
    is_off : bool
        Whether the spelling turns the option off, as ``no-verify`` does.

    Raises
    ------
    OptionError
        If there is no such option.

    Examples
    --------
    >>> field_of("--compress"), field_of("no-verify"), field_of("PatientID")
    (('compression', False), ('verify', True), ('PatientID', False))
    """
    name = _plain(text)
    if name in _spellings():
        return _spellings()[name]
    if is_keyword(text.strip()):
        return text.strip(), False
    if name in _OF_THE_BATCH or name == "dask":
        raise OptionError(
            code="option-of-the-batch",
            where=text,
            given=f"{text} in a job",
            expected="an option that one job can have",
            remedy=f"Give {text} once, for the whole batch.",
        )
    similar = difflib.get_close_matches(name, _spellings(), n=1)
    hint = f"; did you mean {similar[0]!r}?" if similar else ""
    raise OptionError(
        code="job-field-unknown",
        where=text,
        given=f"{text!r}{hint}",
        expected="source, out, study, an option of write, or a DICOM keyword",
        remedy="Correct the name, or remove it.",
    )


def json_value(name: str, value: Any) -> Any:
    """Return a value in terms of JSON.

    Raises
    ------
    OptionError
        If a file of jobs cannot hold it.

    Examples
    --------
    >>> json_value("clip", (0, 1.5))
    [0, 1.5]
    """
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    if isinstance(value, Mapping):
        return {str(key): json_value(name, item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [json_value(name, item) for item in value]
    return _converted(name, value)


def _converted(name: str, value: Any) -> Any:
    for kind, convert in _CONVERTED.items():
        if isinstance(value, kind):
            return convert(value)
    if hasattr(value, "tolist"):
        return value.tolist()
    raise OptionError(
        code="option-not-json",
        where=name,
        given=f"an object of type {type(value).__name__}",
        expected="a value that a file can hold: text, numbers, lists and mappings",
        remedy="Write it as on the command line, such as 'max-error=0.01' or 'jpegls'.",
    )


_CONVERTED: Mapping[type, Callable[[Any], str]] = {
    os.PathLike: os.fspath,
    dt.datetime: dt.datetime.isoformat,
    dt.date: "{:%Y%m%d}".format,
    dt.time: "{:%H%M%S.%f}".format,
}
"""Types that JSON does not have, a subclass before its base."""


def value_of_cell(name: str, text: str, *, is_off: bool = False) -> Any:
    """Return the value of a cell of a table.

    Parameters
    ----------
    name : str
        Of a field, as `field_of` returns it.
    text : str
        Words of the command line, or JSON in brackets.
    is_off : bool
        Whether true turns the option off.

    Raises
    ------
    ValueError
        If the text does not fit the option.

    Examples
    --------
    >>> value_of_cell("spacing", "0.7 0.7 2.5"), value_of_cell("verify", "yes", is_off=True)
    ([0.7, 0.7, 2.5], False)
    """
    if text[:1] in {"[", "{"}:
        return json.loads(text)
    if name in _CELLS:
        return _CELLS[name](text)
    words = options_of("write").get(name, Option()).words
    if words is bool:
        return _truth(text) is not is_off
    if words in {int, float}:
        return words(text)
    return _several(name, words, text)


def _several(name: str, words: Any, text: str) -> Any:
    """Return the values of a cell that may have several."""
    if get_origin(words) is tuple and float in get_args(words):
        return _numbers(text)
    if get_origin(words) is list:
        return [part.strip() for part in text.split(";")]
    if is_keyword(name) and "\\" in text:
        return text.split("\\")
    return text


def _truth(text: str) -> bool:
    try:
        return _WORDS_OF_TRUTH[text.lower()]
    except KeyError:
        message = f"{text!r} is neither true nor false"
        raise ValueError(message) from None


def _numbers(text: str) -> list[float]:
    return list(map(float, re.split(r"[\s,;]+", text.strip())))


def _number_or_numbers(text: str) -> float | list[float]:
    numbers = _numbers(text)
    return numbers[0] if len(numbers) == 1 else numbers


def _numbers_or_file(text: str) -> str | list[float]:
    try:
        return _numbers(text)
    except ValueError:
        return text


def _parts(text: str) -> str | list[str]:
    return [part.strip() for part in text.split(",", 2)] if "," in text else text


def _pairs_or_text(text: str) -> str | dict[str, str]:
    """Return a mapping for ``1=Liver,2=Spleen``."""
    if "=" not in text:
        return text
    pairs = {}
    for pair in re.split(r"[,;](?=[^,;=]*=)", text):
        key, _, value = pair.partition("=")
        pairs[key.strip()] = value.strip()
    return pairs


_CELLS: Mapping[str, Callable[[str], Any]] = {
    "direction": _numbers,
    "times": _number_or_numbers,
    "positions": _numbers_or_file,
    "derivation": _parts,
    "uid": _pairs_or_text,
    "segments": _pairs_or_text,
    "space": str.upper,
}
"""Options whose cells are read in a way that their words do not tell."""
