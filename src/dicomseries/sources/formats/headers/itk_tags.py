"""DICOM attributes in ITK's metadata dictionary: entries "gggg|eeee"."""

from __future__ import annotations

import re
from collections.abc import Mapping

__all__ = ["tags_among"]

_TAG = re.compile(r"[0-9A-Fa-f]{4}\|[0-9A-Fa-f]{4}")


def tags_among(entries: Mapping[str, str]) -> dict[str, str]:
    """Return the entries of a dictionary with tags as keys.

    Examples
    --------
    >>> tags_among({"0010|0020": "P31 ", "ITK_original_spacing": "1"})
    {'0010|0020': 'P31'}
    """
    return {key: text.strip(" \0") for key, text in entries.items() if _TAG.fullmatch(key)}
