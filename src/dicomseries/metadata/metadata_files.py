"""Metadata as TOML or JSON text → a plain dictionary; reading the file is the caller's business."""

from __future__ import annotations

import json
import tomllib
from typing import Any, NoReturn

from dicomseries.errors import MetadataError

__all__ = ["parse_json", "parse_toml"]


def parse_toml(text: str) -> dict[str, Any]:
    """Return what a TOML text says.

    Raises
    ------
    MetadataError
        If it is no TOML; with line and column.

    Examples
    --------
    >>> parse_toml('PatientName = "Doe^Jane"')
    {'PatientName': 'Doe^Jane'}
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        _refuse("TOML", str(error), 'Write lines such as PatientName = "Doe^Jane".', error)


def parse_json(text: str) -> dict[str, Any]:
    """Return what a JSON text says.

    Raises
    ------
    MetadataError
        If it is no JSON, no object, or names something twice.

    Examples
    --------
    >>> parse_json('{"PatientName": "Doe^Jane"}')
    {'PatientName': 'Doe^Jane'}
    """
    try:
        found = json.loads(text, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        _refuse("JSON", str(error), 'Write an object such as {"PatientName": "Doe^Jane"}.', error)
    if not isinstance(found, dict):
        _refuse("JSON", f"a {type(found).__name__}", "Put the keywords in one object: {...}.", None)
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        _refuse("JSON", f"{', '.join(twice)} more than once", "Remove all but one.", None)
    return dict(pairs)


def _refuse(language: str, given: str, remedy: str, cause: Exception | None) -> NoReturn:
    raise MetadataError(
        code=f"{language.lower()}-broken",
        where="metadata",
        given=given,
        expected=f"{language} text with one entry a keyword",
        remedy=remedy,
    ) from cause
