"""Mappings from TOML and JSON files."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dicomseries.errors import Message, MetadataError
from dicomseries.options.keyword_types import MappingLike
from dicomseries.standard.pydicom_objects import is_dataset

__all__ = ["load_mapping"]

_CONTENTS = {
    "bids": ("the keys of a BIDS sidecar", '{"EchoTime": 0.00298}'),
    "metadata": ("one value for each DICOM keyword", 'PatientID = "42"'),
    "numbers": ("a table of numbers for each segment", 'Liver.Elasticity = [3.2, "kPa"]'),
    "per_volume": ("a list of values for each DICOM keyword", "EchoTime = [4.6, 9.2]"),
    "segments": ("a name or a table for each label", '1 = "Liver"'),
}
"""Option → contents of its file, and a line of it."""

_MAPPINGS = {
    "bids": "the .json file beside the NIfTI file",
    "metadata": "a dict such as {'PatientID': '42'}",
    "numbers": "a dict such as {'Liver': {'Elasticity': (3.2, 'kPa')}}",
    "per_volume": "a dict such as {'EchoTime': [4.6, 9.2]}",
    "segments": "a dict such as {1: 'Liver', 2: 'Spleen'}",
}


def load_mapping(option: str, value: MappingLike) -> Mapping[str, Any]:
    """Return the mapping of an option, or of its file.

    Raises
    ------
    MetadataError
        If it is neither, or the file cannot be read.

    Examples
    --------
    >>> load_mapping("metadata", None), load_mapping("metadata", {"PatientID": "42"})
    ({}, {'PatientID': '42'})
    """
    from dicomseries.metadata import plain_mapping  # noqa: PLC0415

    if value is None:
        return {}
    if isinstance(value, Mapping):
        return value
    if is_dataset(value):
        return plain_mapping(value)
    if not isinstance(value, (str, os.PathLike)):
        raise MetadataError(
            code=f"{option.replace('_', '-')}-not-a-mapping",
            where=option,
            given=repr(value),
            expected="a mapping, or the path of a .toml or .json file of one",
            remedy=f"Pass {_MAPPINGS[option]}.",
        )
    return _parsed(option, Path(value))


def _parsed(option: str, path: Path) -> Mapping[str, Any]:
    from dicomseries.metadata import parse_json, parse_toml  # noqa: PLC0415

    parse = {".toml": parse_toml, ".json": parse_json}.get(path.suffix.lower())
    if parse is None:
        raise _unreadable(
            option, path, "metadata-format-unknown", f"a file that ends in {path.suffix!r}"
        )
    try:
        text = path.read_text(encoding="utf-8-sig")  # editors of Windows begin it with a mark
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise _unreadable(option, path, "metadata-not-readable", reason) from error
    try:
        return parse(text)
    except MetadataError as error:
        raise MetadataError(
            code=error.code,
            where=_place(option, path),
            given=error.given,
            expected=error.expected,
            remedy=error.remedy,
        ) from error


def _unreadable(option: str, path: Path, code: str, reason: str) -> MetadataError:
    contents, line = _CONTENTS[option]
    suffix = ".json" if line.startswith("{") else ".toml"
    return MetadataError(
        code=code,
        where=_place(option, path),
        given=reason,
        expected=f"a .toml or .json file in UTF-8 with {contents}",
        remedy=f"Write for example {line} into a {suffix} file.",
    )


def _place(option: str, path: Path) -> str:
    return Message(f"`{option}={str(path)!r}`")
