"""Metadata in TOML or JSON text → a dictionary."""

from __future__ import annotations

import json
import tomllib
from typing import Any, NoReturn

from dicomseries.errors import MetadataError

__all__ = ["parse_json", "parse_toml"]


def parse_toml(text: str) -> dict[str, Any]:
    """Return the contents of a TOML text.

    Raises
    ------
    MetadataError
        If it is not TOML; with line and column.

    Examples
    --------
    >>> parse_toml('PatientName = "Doe^Jane"')
    {'PatientName': 'Doe^Jane'}
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        _reject("TOML", str(error), 'Write lines such as PatientName = "Doe^Jane".', error)


def parse_json(text: str) -> dict[str, Any]:
    """Return the contents of a JSON text.

    Raises
    ------
    MetadataError
        If it is not JSON, not an object, or has a key twice.

    Examples
    --------
    >>> parse_json('{"PatientName": "Doe^Jane"}')
    {'PatientName': 'Doe^Jane'}
    """
    try:
        contents = json.loads(text, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        _reject("JSON", str(error), 'Write an object such as {"PatientName": "Doe^Jane"}.', error)
    if not isinstance(contents, dict):
        given = f"a {type(contents).__name__}"
        _reject("JSON", given, "Put the keywords in one object: {...}.", None)
    return contents


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        _reject("JSON", f"{', '.join(twice)} more than once", "Remove all but one.", None)
    return dict(pairs)


def _reject(language: str, text: str, remedy: str, cause: Exception | None) -> NoReturn:
    raise MetadataError(
        code=f"{language.lower()}-broken",
        where="metadata",
        given=text,
        expected=f"{language} text with one entry per keyword",
        remedy=remedy,
    ) from cause
