"""Siemens CSA headers: private fields as texts by name.

The format was described by the makers of SPM, and is documented by nibabel ("Siemens CSA header").
nibabel is no requirement of ours and slow to import; tests compare both readers.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Mapping

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
_Span = tuple[int, int]
_TEXTS = frozenset({"LO", "SH", "LT", "ST", "UT", "CS", "UN", "AE", "UI", "PN", "DT", "DA", "TM"})


def csa_fields(raw: bytes, wanted: Collection[str] | None = None) -> dict[str, tuple[str, ...]]:
    r"""Return the values of fields by name.

    Parameters
    ----------
    raw : bytes
        Value of (0029,xx10) or (0029,xx20) of the creator SIEMENS CSA HEADER.
    wanted : collection of str, optional
        Names of the fields; all by default.

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
    try:
        return _fields(raw, wanted)
    except struct.error:
        message = f"a CSA header that ends after {len(raw)} bytes"
        raise ParseError(message) from None


def _fields(raw: bytes, wanted: Collection[str] | None) -> dict[str, tuple[str, ...]]:
    is_new = raw[:4] == _MAGIC
    position = 8 if is_new else 0
    count, _ = _COUNT.unpack_from(raw, position)
    position += _COUNT.size
    if not 0 < count <= _MOST_FIELDS:
        message = f"a CSA header of {count} fields; 1 to {_MOST_FIELDS} are possible"
        raise ParseError(message)
    names = None if wanted is None else {name.encode("latin-1") for name in wanted}
    find_items = _new_items if is_new else _old_items
    fields: dict[str, tuple[str, ...]] = {}
    extra = 0
    for number in range(count):
        start, multiplicity, vr, _, item_count, _ = _FIELD.unpack_from(raw, position)
        position += _FIELD.size
        if number == 0 and not is_new:
            extra = item_count  # the older form adds it to every length
        if not 0 <= item_count <= (len(raw) - position) // _ITEM_SIZE:
            message = f"{item_count} items of the CSA field {_text(start)!r}"
            raise ParseError(message)
        spans, position = find_items(raw, position, item_count, extra)
        if names is not None and start.partition(b"\0")[0].strip() not in names:
            continue
        texts = [_text(raw[begin:end]) for begin, end in spans]
        fields[_text(start)] = _values(texts, multiplicity, is_text=_text(vr) in _TEXTS)
        if wanted is not None and len(fields) == len(names or ()):
            break  # what follows is not read, also if it is damaged
    return fields


def _new_items(raw: bytes, position: int, count: int, _extra: int) -> tuple[list[_Span], int]:
    """Return the items of a field in the newer form, and where they end."""
    spans = []
    for _ in range(count):
        (length,) = _LENGTH.unpack_from(raw, position + 4)
        position += _ITEM_SIZE
        stop = position + length
        if length < 0 or stop > len(raw):
            message = f"an item of {length} bytes in a CSA header, {len(raw) - position} follow"
            raise ParseError(message)
        spans.append((position, stop))
        position = stop + -length % 4
    return spans, position


def _old_items(raw: bytes, position: int, count: int, extra: int) -> tuple[list[_Span], int]:
    """Return the items of a field in the older form, and where they end.

    Its lengths are `extra` too large. One that cannot be is the end of the values.
    """
    spans = []
    for _ in range(count):
        (stated,) = _LENGTH.unpack_from(raw, position)
        position += _ITEM_SIZE
        length = stated - extra
        if length < 0 or position + length > len(raw):
            break
        spans.append((position, position + length))
        position += length + -length % 4
    return spans, position


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


def _text(raw: bytes) -> str:
    return raw.partition(b"\0")[0].decode("latin-1").strip()
