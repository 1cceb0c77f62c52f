"""Bytes of Part 10 files (PS3.10 section 7), without I/O."""

from __future__ import annotations

from dicomseries.part10.file_headers import encode_headers
from dicomseries.part10.file_template import (
    HeaderTemplate,
    encoded_chunks,
    file_chunks,
    frames_chunks,
    header_template,
)

__all__ = [
    "HeaderTemplate",
    "encode_headers",
    "encoded_chunks",
    "file_chunks",
    "frames_chunks",
    "header_template",
]
