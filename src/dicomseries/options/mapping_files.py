"""Mappings that users may also give as a TOML or JSON file: metadata, attributes of each volume, segments."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset

from dicomseries.errors import MetadataError
from dicomseries.metadata import parse_json, parse_toml, plain_mapping
from dicomseries.options.declarations import MappingLike

__all__ = ["load_mapping"]

_EXAMPLES = {
    "bids": "Pass the .json file that stands beside the NIfTI file.",
    "metadata": "Pass a dict such as {'PatientID': '42'}.",
    "per_volume": "Pass a dict such as {'EchoTime': [4.6, 9.2]}.",
    "segments": "Pass a dict such as {1: 'Liver', 2: 'Spleen'}.",
}


def load_mapping(what: str, given: MappingLike) -> Mapping[str, Any]:
    """Return a mapping, read from its file if it is one.

    Raises
    ------
    MetadataError
        If it is neither, or the file cannot be read.

    Examples
    --------
    >>> load_mapping("metadata", None), load_mapping("metadata", {"PatientID": "42"})
    ({}, {'PatientID': '42'})
    """
    if given is None:
        return {}
    if isinstance(given, Mapping):
        return given
    if isinstance(given, Dataset):
        return plain_mapping(given)
    if not isinstance(given, (str, os.PathLike)):
        raise MetadataError(
            code=f"{what.replace('_', '-')}-not-a-mapping",
            where=what,
            given=repr(given),
            expected="a mapping, or the path of a .toml or .json file of one",
            remedy=_EXAMPLES[what],
        )
    path = Path(given)
    parse = {".toml": parse_toml, ".json": parse_json}.get(path.suffix.lower())
    try:
        if parse is None:
            raise MetadataError(
                code="metadata-format-unknown",
                where=str(path),
                given=f"a file ending in {path.suffix!r}",
                expected="a .toml or .json file of DICOM keywords, or a mapping",
                remedy="Rename it, or load it yourself and pass the mapping.",
            )
        return parse(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as refusal:
        raise MetadataError(
            code="metadata-not-readable",
            where=str(path),
            given=str(refusal),
            expected="a text file in UTF-8",
            remedy="Check the path and the encoding.",
        ) from refusal
