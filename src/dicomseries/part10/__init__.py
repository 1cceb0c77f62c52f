"""Bytes of Part 10 files (PS3.10 section 7), without I/O."""

from __future__ import annotations

from dicomseries.part10.encapsulation import encapsulated_frames
from dicomseries.part10.encode_elements import element_head, encode_element
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
    "element_head",
    "encapsulated_frames",
    "encode_element",
    "encode_headers",
    "encoded_chunks",
    "file_chunks",
    "frames_chunks",
    "header_template",
]
