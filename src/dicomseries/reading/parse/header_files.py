"""Header of a file, read into an `Instance`."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import replace

from dicomseries.errors import ReadError, counted
from dicomseries.operating_system import open_file, read_at
from dicomseries.reading import read_errors
from dicomseries.reading.parse.header_cache import (
    HeaderLayout,
    pattern_of,
    read_by_layout,
    read_by_pattern,
)
from dicomseries.reading.parse.instance import Family, Instance
from dicomseries.reading.parse.parser import (
    BIG,
    EXPLICIT,
    IMPLICIT,
    VR_NAMES,
    Element,
    Encoding,
    IncompleteError,
    MalformedError,
    Scanned,
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
"""All other transfer syntaxes are Explicit VR Little Endian up to the pixels (PS3.5 A.4)."""

_SYNTAX_TAG = 0x00020010
_FIRST_READ = 16 << 10
"""Bytes read from an unknown file; most headers of single images are smaller."""
_LONGEST_FIRST_VALUE = 64
"""Bytes; the first elements of group 8 are short."""
_FIRST_OF_META = {b"\x00\x00": 4, b"\x01\x00": 2}
"""Numbers and lengths of the first element of group 2: its length, and its version."""
_SLACK = 128
"""Bytes by which the header of the next file of a series may be longer."""


def read_instance(path: str | os.PathLike[str], *, like: Instance | None = None) -> Instance:
    """Read the header of one file.

    The pixels stay on disk.

    Parameters
    ----------
    path : path-like
        The file.
    like : Instance, optional
        Another file of the same series: most of the header is then recognised instead of parsed,
        with the same result.

    Returns
    -------
    Instance
        With undecoded elements.

    Raises
    ------
    ReadError
        If the file cannot be read (code "file-unreadable"), is not DICOM ("not-dicom"), or its
        header is damaged ("file-damaged") or incomplete ("file-truncated").

    Notes
    -----
    PS3.10 section 7. A file without preamble and file meta information is accepted if it begins
    with a plausible element of group 2 or 8.

    Examples
    --------
    >>> from pydicom.data import get_testdata_file
    >>> instance = read_instance(get_testdata_file("CT_small.dcm"))
    >>> instance.text("Modality"), instance.rows, instance.slope
    ('CT', 128, 1.0)
    """
    name = os.fspath(path)
    try:
        file = open_file(name)
        try:
            return _read_header(name, file, like)
        except MalformedError as problem:
            raise read_errors.damaged(name, problem) from None
        finally:
            os.close(file)
    except ReadError:
        raise
    except OSError as error:
        raise read_errors.unreadable(name, error) from error


def _read_header(path: str, file: int, like: Instance | None) -> Instance:
    status = os.fstat(file)
    if not stat.S_ISREG(status.st_mode) and not stat.S_ISDIR(status.st_mode):
        raise read_errors.not_dicom(path)
    size = status.st_size
    data = b""
    if like is not None and like.family.layout is not None:
        data = read_at(file, len(like.family.layout.header) + _SLACK, 0)
        instance = _recognise(path, data, size, like.family)
        if instance is not None:
            return instance
    if len(data) < _FIRST_READ:
        data = read_at(file, _FIRST_READ, 0)
    while True:
        try:
            return _parse(path, data, size)
        except IncompleteError as incomplete:
            end = incomplete.end
            if end > size or len(data) >= size:
                raise read_errors.truncated(path, has=size, needs=max(end, size + 1)) from None
            data = read_at(file, min(size, max(end + _FIRST_READ, 4 * len(data))), 0)


def _recognise(path: str, data: bytes, size: int, family: Family) -> Instance | None:
    """Return the instance if its header resembles the family's."""
    header = None
    if family.pattern is not None:
        header = read_by_pattern(data, family.pattern)
    if header is None:
        if data[128:132] != b"DICM" or family.layout is None:
            return None
        header = read_by_layout(data, family.layout)
        if header is None or _SYNTAX_TAG in header[0]:
            return None
        family = _with_differing(family, family.layout, frozenset(header[0]))
    own, pixels = header
    _check_depths(own, "<")
    return Instance(path=path, own=own, family=family, pixels=pixels, file_size=size)


def _with_differing(family: Family, layout: HeaderLayout, tags: frozenset[int]) -> Family:
    """Return the family with more differing tags."""
    differing = family.differing | tags
    if family.pattern is not None and differing == family.differing:
        return family
    return replace(family, differing=differing, pattern=pattern_of(layout, differing))


def _parse(path: str, data: bytes, size: int) -> Instance:
    has_preamble = data[128:132] == b"DICM"
    start = 132 if has_preamble else 0
    if not has_preamble and not _looks_like_elements(data):
        raise read_errors.not_dicom(path)
    meta = Scanned({}, [], start, None)
    faults: list[str] = []
    if data[start : start + 2] == b"\x02\x00":  # always explicit little endian (PS3.10 7.1)
        is_explicit = data[start + 4 : start + 6] in VR_NAMES
        meta = scan_elements(data, start, EXPLICIT if is_explicit else IMPLICIT, only_group=2)
        if not is_explicit:
            faults.append("its file meta information is in implicit VR, and was read as such")
    syntax = _transfer_syntax(meta.elements, data, meta.end)
    encoding = _encoding(syntax, data, meta.end)
    if syntax == DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN:
        from dicomseries.reading.parse.deflated import scan_deflated  # noqa: PLC0415 - rare

        main = scan_deflated(path, data, meta.end, size)
    else:
        main = scan_elements(data, meta.end, encoding, may_have_strays=True)
        if (
            main.pixels is None and len(data) < size
        ):  # an element ends where the data read so far do
            raise IncompleteError(len(data) + 1)
    _check_depths(main.elements, encoding.order)
    is_usual = encoding == EXPLICIT and syntax == EXPLICIT_VR_LITTLE_ENDIAN
    if main.stray_items:
        faults.append(_strays_fault(main.stray_items))
    can_recognise = has_preamble and is_usual and not faults
    family = Family(
        base={**meta.elements, **main.elements},
        transfer_syntax=syntax,
        has_preamble=has_preamble,
        layout=_layout(data, meta, main) if can_recognise else None,
        faults=tuple(faults),
    )
    instance = Instance(path=path, own={}, family=family, pixels=main.pixels, file_size=size)
    if main.pixels is not None and (main.pixels.length is None) != _has_streams(syntax):
        return _by_pixels(instance, data)
    return instance


def _has_streams(syntax: str) -> bool:
    """Return whether a transfer syntax has compressed pixels."""
    return syntax not in {*_ENCODINGS, EXPLICIT_VR_LITTLE_ENDIAN} and (
        syntax != DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN
    )


def _by_pixels(instance: Instance, data: bytes) -> Instance:
    """Return the instance with the transfer syntax that its pixels show."""
    from dicomseries.reading.parse.pixel_syntax import real_syntax  # noqa: PLC0415 - rare

    syntax = real_syntax(instance, data)
    if syntax == instance.transfer_syntax:
        return instance
    from pydicom.uid import UID  # noqa: PLC0415 - slow to import

    stated, shown = UID(instance.transfer_syntax).name, UID(syntax).name
    fault = f"its TransferSyntaxUID is {stated}, but its pixels are {shown}, and were read as such"
    faults = (*instance.family.faults, fault)
    family = replace(instance.family, transfer_syntax=syntax, layout=None, faults=faults)
    return replace(instance, family=family)


def _strays_fault(count: int) -> str:
    items = counted(count, "item")
    return f"{items} outside of a sequence, whose tag was lost; the content was left out"


def _looks_like_elements(data: bytes) -> bool:
    """Return True if the first element is plausible."""
    if data[:2] not in {b"\x02\x00", b"\x08\x00"} or len(data) < 8:
        return False
    if data[4:6] in VR_NAMES:
        return True
    # Implicit VR has the length here; also, against PS3.10 section 7.1, in some files of group 2.
    length = int.from_bytes(data[4:8], "little")
    if data[:2] == b"\x02\x00":
        return _FIRST_OF_META.get(data[2:4]) == length
    return length <= _LONGEST_FIRST_VALUE


def _transfer_syntax(meta: dict[int, Element], data: bytes, body: int) -> str:
    """Return the transfer syntax.

    Without one, guess it from the first element.
    """
    if _SYNTAX_TAG in meta:
        return meta[_SYNTAX_TAG].raw.strip(b" \0").decode("latin-1")
    if data[body + 4 : body + 6] in VR_NAMES:
        return EXPLICIT_VR_LITTLE_ENDIAN
    return IMPLICIT_VR_LITTLE_ENDIAN


def _encoding(syntax: str, data: bytes, body: int) -> Encoding:
    """Return the encoding of the elements.

    Some writers use implicit VR in files whose transfer syntax demands explicit VR, or the other
    way round: the first element shows it.
    """
    stated = _ENCODINGS.get(syntax, EXPLICIT)
    head = data[body : body + 8]
    if len(head) < 8 or stated == BIG or syntax == DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN:
        return stated
    has_vr = head[4:6] in VR_NAMES
    if stated == IMPLICIT:
        return EXPLICIT if has_vr and head[:2] == b"\x08\0" else IMPLICIT
    length = int.from_bytes(head[4:8], "little")
    if not has_vr and head[:2] == b"\x08\0" and length <= _LONGEST_FIRST_VALUE:
        return IMPLICIT
    return EXPLICIT


def _layout(data: bytes, meta: Scanned, main: Scanned) -> HeaderLayout | None:
    """Return the layout for reading the next file.

    None if that is not possible.
    """
    if main.pixels is None or not meta.starts:
        return None
    tags = (*meta.elements, *main.elements)
    starts = (*meta.starts, *main.starts, main.end)
    if len(starts) != len(tags) + 1:  # a tag occurs twice
        return None
    return HeaderLayout(header=data[: main.end + 12], starts=starts, tags=tags, pixels=main.pixels)


def _check_depths(elements: Mapping[int, Element], order: str) -> None:
    for element in elements.values():
        if element.vr in {"SQ", "UN"}:
            check_depth(element, order)
