"""Siemens CSA headers: private fields as texts by name.

The format was described by the makers of SPM, and is documented by nibabel ("Siemens CSA header").
nibabel is no requirement of ours and slow to import; tests compare both readers.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any

from dicomseries.reading.parse.parser import ParseError

__all__ = ["csa_fields", "csa_numbers"]

_MAGIC = b"SV10"
"""Start of the newer form (CSA2), since VB; the older one (CSA1) has none."""
_FIELD = struct.Struct("<64si4s3i")
"""Name, value multiplicity, VR, syngo type, number of items, a constant."""
_ITEM_SIZE = 16
_LENGTH = struct.Struct("<i")
_COUNT = struct.Struct("<2I")
_MOST_FIELDS = 1000
_TEXTS = frozenset({"LO", "SH", "LT", "ST", "UT", "CS", "UN", "AE", "UI", "PN", "DT", "DA", "TM"})


def csa_fields(raw: bytes) -> dict[str, tuple[str, ...]]:
    r"""Return the values of all fields by name.

    Parameters
    ----------
    raw : bytes
        Value of (0029,xx10) or (0029,xx20) of the creator SIEMENS CSA HEADER.

    Returns
    -------
    dict
        Name → its texts; () for a field without values.

    Raises
    ------
    ParseError
        If the bytes are no such header, or end inside it.

    Examples
    --------
    >>> field = struct.pack("<64si4s3i", b"B_value", 1, b"IS", 6, 1, 77)
    >>> item = struct.pack("<4i", 4, 4, 77, 4) + b"800\0"
    >>> csa_fields(b"SV10\4\3\2\1" + struct.pack("<2I", 1, 77) + field + item)
    {'B_value': ('800',)}
    """
    is_new = raw[:4] == _MAGIC
    position = 8 if is_new else 0
    count, _ = _unpacked(_COUNT, raw, position)
    position += _COUNT.size
    if not 0 < count <= _MOST_FIELDS:
        message = f"a CSA header of {count} fields; 1 to {_MOST_FIELDS} are possible"
        raise ParseError(message)
    fields: dict[str, tuple[str, ...]] = {}
    extra = 0
    for number in range(count):
        name, multiplicity, vr, _, item_count, _ = _unpacked(_FIELD, raw, position)
        position += _FIELD.size
        if number == 0:
            extra = item_count
        if not 0 <= item_count <= (len(raw) - position) // _ITEM_SIZE:
            message = f"{item_count} items of the CSA field {_text(name)!r}"
            raise ParseError(message)
        if is_new:
            texts, position = _new_items(raw, position, item_count)
        else:
            texts, position = _old_items(raw, position, item_count, extra)
        fields[_text(name)] = _values(texts, multiplicity, is_text=_text(vr) in _TEXTS)
    return fields


def _new_items(raw: bytes, position: int, count: int) -> tuple[list[str], int]:
    """Return the texts of a field in the newer form, and where they end."""
    texts = []
    for _ in range(count):
        (length,) = _unpacked(_LENGTH, raw, position + 4)
        position += _ITEM_SIZE
        if not length:
            texts.append("")
            continue
        stop = position + length
        if length < 0 or stop > len(raw):
            message = f"an item of {length} bytes in a CSA header, {len(raw) - position} follow"
            raise ParseError(message)
        texts.append(_text(raw[position:stop]))
        position = stop + -length % 4
    return texts, position


def _old_items(raw: bytes, position: int, count: int, extra: int) -> tuple[list[str], int]:
    """Return the texts of a field in the older form, and where they end.

    Its lengths are `extra` too large. One that cannot be is the end of the values.
    """
    texts = []
    for _ in range(count):
        (stated,) = _unpacked(_LENGTH, raw, position)
        position += _ITEM_SIZE
        length = stated - extra
        if length < 0 or position + length > len(raw):
            break
        texts.append(_text(raw[position : position + length]))
        position += length + -length % 4
    return texts, position


def _values(texts: list[str], multiplicity: int, *, is_text: bool) -> tuple[str, ...]:
    """Return the used items: as many as the multiplicity says, up to an empty number."""
    if multiplicity > 0:
        texts = texts[:multiplicity]
    if not is_text and "" in texts:
        texts = texts[: texts.index("")]
    while texts and not texts[-1]:
        texts = texts[:-1]
    return tuple(texts)


def csa_numbers(
    fields: Mapping[str, tuple[str, ...]], name: str, size: int | None = None
) -> tuple[float, ...]:
    """Return the numbers of a field.

    Parameters
    ----------
    fields : mapping
        As `csa_fields` returns it.
    name : str
        Of the field.
    size : int, optional
        The number of values; () for another one.

    Examples
    --------
    >>> csa_numbers({"SliceNormalVector": ("0.0", "0.6", "0.8")}, "SliceNormalVector", 3)
    (0.0, 0.6, 0.8)
    >>> csa_numbers({"B_value": ("?",)}, "B_value")
    ()
    """
    try:
        numbers = tuple(map(float, fields.get(name, ())))
    except ValueError:
        return ()
    if size is not None and len(numbers) != size:
        return ()
    return numbers


def _unpacked(layout: struct.Struct, raw: bytes, position: int) -> tuple[Any, ...]:
    if position + layout.size > len(raw):
        message = f"a CSA header that ends after {len(raw)} bytes"
        raise ParseError(message)
    return layout.unpack_from(raw, position)


def _text(raw: bytes) -> str:
    return raw.partition(b"\0")[0].decode("latin-1").strip()
