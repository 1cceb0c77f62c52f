"""Bytes of a text → the text in its character sets (PS3.5 section 6.1, PS3.3 section C.12.1.1.2)."""

from __future__ import annotations

import re
from functools import lru_cache

from pydicom.charset import (
    CODES_TO_ENCODINGS,
    STAND_ALONE_ENCODINGS,
    handled_encodings,
    python_encoding,
)

__all__ = ["encodings_of", "text_of"]

_DEFAULT = "latin-1"
_PARTS = re.compile(b"(^[^\x1b]+|\x1b[^\x1b]*)", re.DOTALL)
_DELIMITERS = re.compile(rb"[\\^=\r\n\t\f]")
"""Behind one of these the first character set holds again (PS3.5 section 6.1.2.5.3)."""
_MISSPELT = re.compile(r"ISO[ _-]?(?P<escaped>2022[ _-])?IR[ _-]?(?P<number>\d+)")


@lru_cache(maxsize=256)
def encodings_of(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return Python's encodings for the values of SpecificCharacterSet; Latin-1 for unknown ones.

    Examples
    --------
    >>> encodings_of(("ISO_IR 192",)), encodings_of(("", "ISO 2022 IR 87")), encodings_of(("ISO-IR 101", "?"))
    (('UTF8',), ('latin-1', 'iso2022_jp'), ('iso8859_2', 'latin-1'))
    """
    found = [_encoding(name) for name in names] or [_DEFAULT]
    if names and names[0] in STAND_ALONE_ENCODINGS:
        return (found[0],)
    rest = zip(names[1:], found[1:], strict=False)
    return (found[0], *(encoding for name, encoding in rest if name not in STAND_ALONE_ENCODINGS))


def _encoding(name: str) -> str:
    known = python_encoding.get(name)
    if known is None:
        match = _MISSPELT.fullmatch(name)
        prefix = "ISO 2022 IR" if match is not None and match["escaped"] else "ISO_IR"
        known = None if match is None else python_encoding.get(f"{prefix} {match['number']}")
    return _DEFAULT if known is None or known == "iso8859" else known


def text_of(raw: bytes, encodings: tuple[str, ...], *, errors: str = "replace") -> str:
    r"""Return a text; what cannot be decoded is replaced, or with ``errors="strict"`` raises.

    Parameters
    ----------
    raw : bytes
        Of a text of any VR; several values stay in one text.
    encodings : tuple of str
        As `encodings_of` returns them; at least one.
    errors : {"replace", "strict"}
        What happens to bytes that are no character.

    Raises
    ------
    UnicodeError
        If `errors` is strict and the bytes are no text of these character sets.

    Examples
    --------
    >>> text_of(b"Sch\xf6n", ("latin-1",)), text_of("Schön".encode(), ("UTF8",))
    ('Schön', 'Schön')
    """
    if raw.isascii() and b"\x1b" not in raw:
        return raw.decode("ascii")
    if b"\x1b" not in raw:
        return raw.decode(encodings[0], errors)
    return "".join(_part(part, encodings, errors) for part in _PARTS.findall(raw))


def _part(part: bytes, encodings: tuple[str, ...], errors: str) -> str:
    """Return the text of a part that begins with an escape sequence, or with none."""
    length = 4 if part.startswith((b"\x1b$(", b"\x1b$)")) else 3
    encoding = (
        CODES_TO_ENCODINGS.get(part[:length], "") if part.startswith(b"\x1b") else encodings[0]
    )
    if encoding == "iso8859":
        encoding = _DEFAULT
    if encoding not in (*encodings, _DEFAULT):
        if errors == "strict":
            raise UnicodeDecodeError(
                encodings[0], part, 0, length, "an escape sequence of another character set"
            )
        return part.decode(encodings[0], errors)
    if encoding in handled_encodings or not part.startswith(b"\x1b"):
        return part.decode(encoding, errors)
    bare = part[length:]
    delimiter = _DELIMITERS.search(bare)
    end = len(bare) if delimiter is None else delimiter.start()
    return bare[:end].decode(encoding, errors) + bare[end:].decode(encodings[0], errors)
