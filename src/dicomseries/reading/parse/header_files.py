"""A path → `Instance`: finds the header in the file and has it taken apart."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeVar

from dicomseries.errors import ReadError
from dicomseries.reading import read_errors
from dicomseries.reading.parse.deflated import scan_deflated
from dicomseries.reading.parse.header_cache import HeaderLayout, follow, matched, pattern_of
from dicomseries.reading.parse.instance import Family, Instance
from dicomseries.reading.parse.parser import (
    BIG,
    EXPLICIT,
    IMPLICIT,
    VR_NAMES,
    Damaged,
    Element,
    Encoding,
    Scanned,
    Short,
    check_depth,
    scan_elements,
)
from dicomseries.standard.transfer_syntaxes import (
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
)

__all__ = ["read_instance"]

_ENCODINGS: dict[str, Encoding] = {
    IMPLICIT_VR_LITTLE_ENDIAN: IMPLICIT,
    EXPLICIT_VR_BIG_ENDIAN: BIG,
}
"""Every other transfer syntax is Explicit VR Little Endian up to its pixels (PS3.5 section A.4)."""

_SYNTAX_TAG = 0x00020010
_FIRST_READ = 16 << 10
"""Bytes read of a file nothing is known of; most headers of single images are smaller."""
_SLACK = 128
"""Bytes by which the header of the next file of a series may be longer."""

Found = TypeVar("Found")


def read_instance(path: str | os.PathLike[str], *, like: Instance | None = None) -> Instance:
    """Read the header of one file; the pixels stay on disk.

    Parameters
    ----------
    path : path-like
        The file.
    like : Instance, optional
        Another file of the same series: most of the header is then recognised instead of taken apart, with the
        same result.

    Returns
    -------
    Instance
        Elements undecoded.

    Raises
    ------
    ReadError
        If the file cannot be read (code "file-unreadable"), is not DICOM ("not-dicom"), or its header is damaged
        ("file-damaged") or incomplete ("file-truncated").

    Notes
    -----
    PS3.10 section 7. A file without preamble and file meta information is accepted if it begins with a plausible
    element of group 2 or 8.

    Examples
    --------
    >>> from pydicom.data import get_testdata_file
    >>> instance = read_instance(get_testdata_file("CT_small.dcm"))
    >>> instance.text("Modality"), instance.rows, instance.slope
    ('CT', 128, 1.0)
    """
    name = os.fspath(path)
    try:
        file = os.open(
            name, os.O_RDONLY | os.O_NONBLOCK
        )  # a named pipe would wait for a writer forever
        try:
            return _read_open(name, file, like)
        finally:
            os.close(file)
    except OSError as error:
        if isinstance(error, ReadError):
            raise
        raise read_errors.unreadable(name, error) from error


def _read_open(path: str, file: int, like: Instance | None) -> Instance:
    status = os.fstat(file)
    if not stat.S_ISREG(status.st_mode) and not stat.S_ISDIR(status.st_mode):
        raise read_errors.not_dicom(path)
    size = status.st_size
    data = b""
    if like is not None and like.family.layout is not None:
        data = os.pread(file, len(like.family.layout.header) + _SLACK, 0)
        try:
            found = _recognise(path, data, size, like.family)
        except Damaged as problem:
            raise read_errors.damaged(path, problem) from None
        if found is not None:
            return found
    data = data if len(data) >= _FIRST_READ else os.pread(file, _FIRST_READ, 0)
    return _grow(path, file, size, data, lambda more: _take_apart(path, more, size))


def _recognise(path: str, data: bytes, size: int, family: Family) -> Instance | None:
    """Return the instance that a header of the family's layout describes; None for another one."""
    found = None if family.pattern is None else matched(data, family.pattern)
    if found is None:
        if data[128:132] != b"DICM" or family.layout is None:
            return None
        found = follow(data, family.layout)
        if found is None or _SYNTAX_TAG in found[0]:
            return None
        family = _with_differing(family, family.layout, frozenset(found[0]))
    own, pixels = found
    _check_depths(own, "<")
    return Instance(path=path, own=own, family=family, pixels=pixels, file_size=size)


def _with_differing(family: Family, layout: HeaderLayout, tags: frozenset[int]) -> Family:
    """Return the family in which these tags may differ as well; the same one if they may already."""
    differing = family.differing | tags
    if family.pattern is not None and differing == family.differing:
        return family
    return replace(family, differing=differing, pattern=pattern_of(layout, differing))


def _grow(path: str, file: int, size: int, data: bytes, parse: Callable[[bytes], Found]) -> Found:
    """Parse the beginning of a file, and more of it as long as it ends too early."""
    while True:
        try:
            return parse(data)
        except Short as short:
            needs = short.end
            if needs > size or len(data) >= size:
                raise read_errors.truncated(path, has=size, needs=max(needs, size + 1)) from None
            data = os.pread(file, min(size, max(needs + _FIRST_READ, 4 * len(data))), 0)
        except Damaged as problem:
            raise read_errors.damaged(path, problem) from None


def _take_apart(path: str, data: bytes, size: int) -> Instance:
    has_preamble = data[128:132] == b"DICM"
    start = 132 if has_preamble else 0
    if not has_preamble and not _looks_like_elements(data):
        raise read_errors.not_dicom(path)
    meta = _meta(data, start)
    body = start if meta is None else meta.end
    elements = {} if meta is None else meta.elements
    syntax = _syntax(elements, data, body)
    if syntax == DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN:
        main = scan_deflated(path, data, body, size)
    else:
        main = scan_elements(data, body, _ENCODINGS.get(syntax, EXPLICIT))
    _check_depths(main.elements, _ENCODINGS.get(syntax, EXPLICIT).order)
    family = Family(
        base={**elements, **main.elements},
        transfer_syntax=syntax,
        has_preamble=has_preamble,
        layout=_layout(data, meta, main)
        if has_preamble and syntax == EXPLICIT_VR_LITTLE_ENDIAN
        else None,
    )
    return Instance(path=path, own={}, family=family, pixels=main.pixels, file_size=size)


def _check_depths(elements: Mapping[int, Element], order: str) -> None:
    for element in elements.values():
        if element.vr in {"SQ", "UN"}:
            check_depth(element, order)


def _meta(data: bytes, start: int) -> Scanned | None:
    """Return the file meta information, always Explicit VR Little Endian (PS3.10 section 7.1)."""
    if data[start : start + 2] != b"\x02\x00":
        return None
    return scan_elements(data, start, EXPLICIT, only_group=2)


def _layout(data: bytes, meta: Scanned | None, main: Scanned) -> HeaderLayout | None:
    if meta is None or main.pixels is None:
        return None
    tags = (*meta.elements, *main.elements)
    starts = (*meta.starts, *main.starts, main.end)
    if len(starts) != len(tags) + 1:  # a tag that occurs twice
        return None
    return HeaderLayout(header=data[: main.end + 12], starts=starts, tags=tags, pixels=main.pixels)


def _syntax(meta: dict[int, Element], data: bytes, body: int) -> str:
    """Return the transfer syntax; where it is not given, what the first element looks like."""
    if _SYNTAX_TAG in meta:
        return meta[_SYNTAX_TAG].raw.strip(b" \0").decode("latin-1")
    return (
        EXPLICIT_VR_LITTLE_ENDIAN
        if data[body + 4 : body + 6] in VR_NAMES
        else IMPLICIT_VR_LITTLE_ENDIAN
    )


def _looks_like_elements(data: bytes) -> bool:
    """Return whether a file without preamble begins with an element of group 2 or 8 of a length that can be."""
    if data[:2] not in {b"\x02\x00", b"\x08\x00"} or len(data) < 8:
        return False
    if data[4:6] in VR_NAMES:
        return True
    # Implicit VR: the length stands there; the first elements of group 8 are short ones.
    return data[:2] == b"\x08\x00" and int.from_bytes(data[4:8], "little") <= 64
