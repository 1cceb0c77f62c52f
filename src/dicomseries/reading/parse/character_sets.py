"""Texts decoded by SpecificCharacterSet (PS3.5 section 6.1, PS3.3 section C.12.1.1.2)."""

from __future__ import annotations

import re
from functools import lru_cache

__all__ = ["encodings_of", "text_of"]

_DEFAULT = "latin-1"
_PARTS = re.compile(b"(^[^\x1b]+|\x1b[^\x1b]*)", re.DOTALL)
_DELIMITERS = re.compile(rb"[\\^=\r\n\t\f]")
"""After one of these the first character set applies again (PS3.5 section 6.1.2.5.3)."""
_FREQUENT = {(): ("latin-1",), ("ISO_IR 100",): ("latin_1",), ("ISO_IR 192",): ("UTF8",)}
"""Answers without pydicom, which is slow to import."""
_MISSPELT = re.compile(r"ISO[ _-]?(?P<escaped>2022[ _-])?IR[ _-]?(?P<number>\d+)")


@lru_cache(maxsize=256)
def encodings_of(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return Python's encodings for SpecificCharacterSet; Latin-1 for unknown ones.

    Examples
    --------
    >>> encodings_of(("ISO_IR 192",)), encodings_of(("", "ISO 2022 IR 87"))
    (('UTF8',), ('latin-1', 'iso2022_jp'))
    >>> encodings_of(("ISO-IR 101", "?"))
    ('iso8859_2', 'latin-1')
    """
    if names in _FREQUENT:
        return _FREQUENT[names]
    from pydicom.charset import STAND_ALONE_ENCODINGS  # noqa: PLC0415 - for other texts only

    if names[0] in STAND_ALONE_ENCODINGS:
        return (_encoding(names[0]),)
    return tuple(_encoding(name) for name in names if name not in STAND_ALONE_ENCODINGS)


def _encoding(name: str) -> str:
    from pydicom.charset import python_encoding  # noqa: PLC0415 - for other texts only

    match = _MISSPELT.fullmatch(name)
    if name not in python_encoding and match is not None:
        prefix = "ISO 2022 IR" if match["escaped"] else "ISO_IR"
        name = f"{prefix} {match['number']}"
    encoding = python_encoding.get(name, _DEFAULT)
    if encoding == "iso8859":
        return _DEFAULT
    return encoding


def text_of(raw: bytes, encodings: tuple[str, ...], *, errors: str = "replace") -> str:
    r"""Return a text.

    Undecodable bytes are replaced, or raise with ``errors="strict"``.

    Parameters
    ----------
    raw : bytes
        Of a text of any VR; several values stay in one text.
    encodings : tuple of str
        As `encodings_of` returns them; at least one.
    errors : {"replace", "strict"}
        What happens to undecodable bytes.

    Raises
    ------
    UnicodeError
        If `errors` is strict and the bytes do not fit these character sets.

    Examples
    --------
    >>> text_of(b"Sch\xf6n", ("latin-1",)), text_of("Schön".encode(), ("UTF8",))
    ('Schön', 'Schön')
    """
    if b"\x1b" in raw:
        return "".join(_decode_part(part, encodings, errors) for part in _PARTS.findall(raw))
    if raw.isascii():
        return raw.decode("ascii")
    return raw.decode(encodings[0], errors)


def _decode_part(part: bytes, encodings: tuple[str, ...], errors: str) -> str:
    """Return the text of a part, with any escape sequence."""
    if not part.startswith(b"\x1b"):
        return part.decode(encodings[0], errors)
    from pydicom.charset import (  # noqa: PLC0415 - for other texts only
        CODES_TO_ENCODINGS,
        handled_encodings,
    )

    length = 4 if part.startswith((b"\x1b$(", b"\x1b$)")) else 3
    encoding = CODES_TO_ENCODINGS.get(part[:length], "")
    if encoding == "iso8859":
        encoding = _DEFAULT
    if encoding not in (*encodings, _DEFAULT):
        if errors == "strict":
            reason = "an escape sequence of another character set"
            raise UnicodeDecodeError(encodings[0], part, 0, length, reason)
        return part.decode(encodings[0], errors)
    if encoding in handled_encodings:
        return part.decode(encoding, errors)
    content = part[length:]
    delimiter = _DELIMITERS.search(content)
    end = len(content)
    if delimiter is not None:
        end = delimiter.start()
    return content[:end].decode(encoding, errors) + content[end:].decode(encodings[0], errors)
