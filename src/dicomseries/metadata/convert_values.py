"""A Python value → the values of an attribute, as the file will hold them."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from difflib import get_close_matches
from numbers import Integral, Real
from typing import Any

from pydicom.datadict import dictionary_VM
from pydicom.valuerep import PersonName

from dicomseries.errors import MetadataError
from dicomseries.metadata.keywords import keyword_of
from dicomseries.metadata.private_names import PrivateTag, private_tags
from dicomseries.standard.attribute import Attribute, Item, Value, attribute, tag_of, vr_of
from dicomseries.standard.decimal_string import format_ds
from dicomseries.standard.terms import ENUMERATED
from dicomseries.standard.value_representations import (
    BINARY_RANGES,
    BYTE_VRS,
    FLOAT_VRS,
    MAX_CHARS,
    MULTI_LINE_VRS,
    TEXT_VRS,
    WORD_BYTES,
    text_fault,
)

__all__ = ["attribute_of", "private_attributes", "short"]

_ISO_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)")
_ISO_TIME = re.compile(r"(\d\d):(\d\d)(?::(\d\d(?:\.\d{1,6})?))?")
_OFFSET = re.compile(r"(\+(0\d|1[0-3])[0-5]\d|\+1400|-(0\d|1[01])[0-5]\d|-1200)(?<!-0000)")
_FLOAT32_MAX = 3.4028235e38
_HIGHEST_TAG = 0xFFFFFFFF
_SHOWN = 60


def attribute_of(keyword: str, value: Any, *, path: str = "") -> Attribute:
    """Return the checked attribute.

    Parameters
    ----------
    keyword : str
        Keyword of the data dictionary.
    value : object
        What the user has written.
    path : str
        Where the attribute stands inside sequences, for error messages.

    Raises
    ------
    MetadataError
        For a wrong type, form, number of values or enumerated value; for a sequence all faults of its items.

    Examples
    --------
    >>> attribute_of("PixelSpacing", [1 / 3, 2]).values
    ('0.33333333333333', '2')
    """
    where = path + keyword
    vr = _single_vr(keyword, where)
    if vr == "SQ":
        return attribute(keyword, *_items(where, value))
    parts = _parts(value, vr)
    _check_count(keyword, where, parts, is_inside=bool(path))
    return attribute(keyword, *(_value(keyword, vr, where, part) for part in parts), vr=vr)


def private_attributes(
    tags: Mapping[str, PrivateTag | None], values: Mapping[str, Any], faults: list[MetadataError]
) -> list[Attribute]:
    """Return private attributes with those that name their creators.

    Parameters
    ----------
    tags : mapping
        Name → tag and creator, as `private_tags` gives them.
    values : mapping
        Name → value; or a mapping of ``vr`` and ``value``, for a value representation that does not follow from the
        value: LO or UT of text, SL of whole numbers, FD of others, OB of bytes, SQ of mappings.
    faults : list of MetadataError
        Takes what is wrong with them.

    Examples
    --------
    >>> values = {"(0099,1001) MY LAB": "run 7"}
    >>> [(one.keyword, one.vr, one.values) for one in private_attributes(private_tags(values, []), values, [])]
    [('(0099,1001)', 'LO', ('run 7',)), ('(0099,0010)', 'LO', ('MY LAB',))]
    """
    found: dict[str, Attribute] = {}
    for name, tag in tags.items():
        if tag is None:
            continue
        try:
            found[tag.keyword] = _private_attribute(tag, name, values[name])
            found[tag.creator_keyword] = Attribute(
                tag.creator_keyword,
                "LO",
                (_text_value(tag.creator_keyword, "LO", name, tag.creator),),
            )
        except MetadataError as error:
            faults += [one for one in error.faults if isinstance(one, MetadataError)]
    return list(found.values())


def _private_attribute(tag: PrivateTag, name: str, value: Any) -> Attribute:
    vr = tag.known_vr
    if isinstance(value, Mapping) and set(value) == {"vr", "value"}:
        vr, value = str(value["vr"]), value["value"]
    vr = vr or _vr_of_value(value)
    if vr == "SQ":
        return Attribute(tag.keyword, vr, _items(name, value))
    if vr not in _KNOWN_VRS:
        raise _fault(
            name,
            "vr-unknown",
            vr,
            "a value representation of PS3.5 section 6.2",
            "Write for example LO.",
        )
    return Attribute(
        tag.keyword, vr, tuple(_value(tag.keyword, vr, name, part) for part in _parts(value, vr))
    )


_KNOWN_VRS = frozenset({*TEXT_VRS, *BINARY_RANGES, *FLOAT_VRS, *BYTE_VRS, "AT"})


def _vr_of_value(value: Any) -> str:
    """Return the value representation that holds a Python value."""
    parts = _parts(value, "UT" if isinstance(value, str) and "\n" in value else "LO")
    if any(isinstance(part, Mapping) for part in parts):
        return "SQ"
    if any(isinstance(part, bytes) for part in parts):
        return "OB"
    if any(isinstance(part, str) for part in parts):
        return "LO" if all(text_fault("LO", str(part)) is None for part in parts) else "UT"
    if all(isinstance(part, Integral) for part in parts):
        low, high = BINARY_RANGES["SL"]
        return "SL" if all(low <= part <= high for part in parts) else "SV"
    return "FD" if all(isinstance(part, Real) for part in parts) else "LO"


def _single_vr(keyword: str, where: str) -> str:
    vr = vr_of(keyword)
    if len(vr) > 2:
        raise _fault(
            where,
            "depends-on-pixels",
            f"an attribute of VR {vr}",
            "attributes that do not describe pixels",
            "Leave it out; what the pixels need is written for you.",
        )
    return vr


def short(value: object) -> str:
    """Return a value as an error shows it: cut after 57 characters, with its length.

    Examples
    --------
    >>> short("a" * 80)
    "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa... (80 characters)"
    """
    text = repr(value)
    if len(text) <= _SHOWN:
        return text
    length = f" ({len(value)} characters)" if isinstance(value, str) else ""
    return text[: _SHOWN - 3] + "..." + length


def _fault(where: str, code: str, given: object, expected: str, remedy: str) -> MetadataError:
    return MetadataError(code=code, where=where, given=given, expected=expected, remedy=remedy)


# -------------------------------------------------------------------------------------------------------- sequences
def _items(where: str, value: Any) -> tuple[Item, ...]:
    items = [value] if isinstance(value, Mapping) else value
    if items is None or (isinstance(items, str) and not items):
        return ()
    if isinstance(items, str | bytes) or not isinstance(items, Sequence):
        raise _not_items(where, value)
    faults: list[MetadataError] = []
    found: list[Item] = []
    for index, item in enumerate(items):
        if not isinstance(item, Mapping):
            raise _not_items(where, item)
        found.append(_item(f"{where}[{index}].", item, faults))
    if faults:
        raise MetadataError.together(faults)
    return tuple(found)


def _item(path: str, item: Mapping[str, Any], faults: list[MetadataError]) -> Item:
    attributes: list[Attribute] = []
    tags = private_tags(item, faults)
    attributes += private_attributes(tags, item, faults)
    for name, value in item.items():
        if name in tags:
            continue
        try:
            attributes.append(attribute_of(keyword_of(name), value, path=path))
        except MetadataError as error:
            faults += [_below(path, fault) for fault in error.faults]
    return tuple(sorted(attributes, key=lambda one: one.tag))


def _below(path: str, fault: Any) -> MetadataError:
    where = fault.where if fault.where.startswith(path) else path + fault.where
    return _fault(where, fault.code, fault.given, fault.expected, fault.remedy)


def _not_items(where: str, value: Any) -> MetadataError:
    return _fault(
        where,
        "sequence-needs-items",
        repr(value),
        "a list of mappings from keyword to value (VR SQ)",
        'Write each item as a mapping, such as [{"CodeValue": ...}].',
    )


# --------------------------------------------------------------------------------------------------- multiplicity
def _parts(value: Any, vr: str) -> list[Any]:
    r"""Return the values one by one; texts of the form a\b are taken as DICOM writes them."""
    if value is None:
        return []
    if isinstance(value, str | PersonName):
        text = str(value)
        if not text.strip():
            return []
        return [text] if vr in MULTI_LINE_VRS or vr == "UR" else text.split("\\")
    if isinstance(value, bytes | Mapping):
        return [value]
    tolist = getattr(value, "tolist", None)  # numpy scalars and arrays
    value = tolist() if callable(tolist) else value
    return (
        list(value)
        if isinstance(value, Sequence) and not isinstance(value, str | bytes)
        else [value]
    )


def _check_count(keyword: str, where: str, parts: list[Any], *, is_inside: bool) -> None:
    multiplicity = str(dictionary_VM(tag_of(keyword)))
    if not parts or any(_fits(len(parts), form) for form in multiplicity.split(" or ")):
        return
    remedy = "Give that many values"
    if len(parts) > 1 and not is_inside:
        remedy += f', or `per_volume={{"{keyword}": [...]}}` for a value of each slice or volume'
    raise _fault(
        where,
        "number-of-values",
        f"{len(parts)}: {short(parts)}",
        _words(multiplicity),
        f"{remedy}.",
    )


def _fits(count: int, form: str) -> bool:
    """Return whether a count fits a multiplicity such as 1, 1-3, 1-n, 2-2n (PS3.5 section 6.4)."""
    low, _, high = form.partition("-")
    if not high:
        return count == int(low)
    if not high.endswith("n"):
        return int(low) <= count <= int(high)
    step = int(high[:-1] or 1)
    return count >= int(low) and count % step == 0


def _words(multiplicity: str) -> str:
    low, _, high = multiplicity.partition("-")
    if not high:
        return f"{low} value" + ("" if low == "1" else "s")
    return f"{low} or more values" if high == "n" else f"{multiplicity} values"


# ----------------------------------------------------------------------------------------------------- one value
def _value(keyword: str, vr: str, where: str, part: Any) -> Value:
    if part is None:
        return ""
    if isinstance(part, bool) or (
        isinstance(part, Mapping | Sequence) and not isinstance(part, str | bytes)
    ):
        raise _wrong_type(vr, where, part)
    if vr in TEXT_VRS:
        return _text_value(keyword, vr, where, part)
    if vr in BINARY_RANGES:
        return _integer(vr, where, part)
    if vr in FLOAT_VRS:
        return _float(vr, where, part)
    return _other(vr, where, part)


_WANTED = {
    "AT": "a keyword or a tag",
    "DA": "a date",
    "DS": "a number",
    "DT": "a date and time",
    "FD": "a number",
    "FL": "a number",
    "IS": "a whole number",
    "TM": "a time",
    "UI": "a UID",
    **dict.fromkeys(BYTE_VRS, "bytes"),
    **dict.fromkeys(BINARY_RANGES, "a whole number"),
}
_EXAMPLES = {
    "AE": '"SCANNER1"',
    "AS": '"042Y"',
    "AT": '"PatientName"',
    "CS": '"CODE_1"',
    "DA": '"20261122"',
    "DS": "2.5",
    "DT": '"20261122110000"',
    "FD": "2.5",
    "FL": "2.5",
    "PN": '"Doe^Jane"',
    "TM": '"110000"',
    "UI": '"1.2.840.10008.1.1"',
    **dict.fromkeys(BYTE_VRS, 'b"..."'),
    **dict.fromkeys((*BINARY_RANGES, "IS"), "7"),
}


def _wanted(vr: str) -> str:
    return f"{_WANTED.get(vr, 'text')} (VR {vr})"


def _example(vr: str) -> str:
    example = _EXAMPLES.get(vr, '"some text"')
    return f"Write for example {example}."


def _wrong_type(vr: str, where: str, part: Any) -> MetadataError:
    remedy = (
        "Write the plain value; only sequences hold mappings."
        if isinstance(part, Mapping)
        else _example(vr)
    )
    return _fault(where, "wrong-type", short(part), _wanted(vr), remedy)


def _text_value(keyword: str, vr: str, where: str, part: Any) -> str:
    text = _text_of(vr, where, part)
    stripped = text.rstrip(" \0") if vr in MULTI_LINE_VRS else text.strip(" \0")
    terms = ENUMERATED.get(keyword, ())
    if terms and stripped and stripped not in terms:
        raise _fault(
            where,
            "value-not-enumerated",
            short(part),
            "one of " + ", ".join(terms),
            _choose(terms, stripped),
        )
    expected = text_fault(vr, stripped) or _own_fault(keyword, stripped)
    if expected:
        raise _fault(where, "value-malformed", short(part), expected, _mend(vr, stripped))
    return stripped


def _own_fault(keyword: str, text: str) -> str | None:
    """Return what an attribute demands beyond its VR."""
    if keyword == "TimezoneOffsetFromUTC" and text and not _OFFSET.fullmatch(text):
        return "an offset from -1200 to +1400, as &ZZXX (PS3.3 C.12.1.1.8)"
    return None


def _choose(terms: tuple[str, ...], text: str) -> str:
    near = get_close_matches(text.upper(), terms, n=1, cutoff=0.7)
    begins = [term for term in terms if text.upper().startswith(term)]
    best = [*(term for term in terms if term == text.upper()), *near, *begins]
    return f"Write {best[0]}, or leave it out." if best else "Choose one of them, or leave it out."


def _mend(vr: str, text: str) -> str:
    if vr == "CS" and text_fault("CS", text.upper()) is None:
        return f"Write {text.upper()}."
    if vr == "DS" and len(text) > MAX_CHARS["DS"] and _parsed_float(text) is not None:
        return "Give it as a number; it is then printed in 16 characters."
    if vr in MAX_CHARS and len(text) > MAX_CHARS[vr]:
        return f"Shorten it to {MAX_CHARS[vr]} characters." if vr not in _EXAMPLES else _example(vr)
    return _example(vr) if vr in _EXAMPLES else "Change the text."


def _text_of(vr: str, where: str, part: Any) -> str:
    """Return the text DICOM writes for a Python value."""
    if isinstance(part, dt.date | dt.time):
        return _clock_text(vr, where, part)
    if isinstance(part, str | PersonName):
        return _compact(vr, str(part))
    if isinstance(part, Real | Decimal):
        return _number_text(vr, where, part)
    raise _wrong_type(vr, where, part)


def _compact(vr: str, text: str) -> str:
    """Return ISO dates and times (2026-11-22, 12:30:59) in DICOM's form, other texts as they are."""
    text_without_blanks = text.strip()
    if vr == "DA" and (match := _ISO_DATE.fullmatch(text_without_blanks)):
        return "".join(match.groups())
    if vr == "TM" and (match := _ISO_TIME.fullmatch(text_without_blanks)):
        return "".join(part or "" for part in match.groups())
    return text


def _clock_text(vr: str, where: str, part: dt.date | dt.time) -> str:
    forms = {"DA": "%Y%m%d", "TM": "%H%M%S.%f", "DT": "%Y%m%d%H%M%S.%f%z"}
    has_date, has_time = isinstance(part, dt.date), isinstance(part, dt.datetime | dt.time)
    if vr not in forms or (vr != "TM" and not has_date) or (vr == "TM" and not has_time):
        raise _wrong_type(vr, where, part)
    form = forms[vr] if has_time or vr == "DA" else "%Y%m%d"
    if not getattr(part, "microsecond", 0):
        form = form.replace(".%f", "")
    # strftime does not pad years before 1000 everywhere
    return (
        part.strftime(form)
        if not has_date
        else part.strftime(form.replace("%Y", f"{_year(part):04d}"))
    )


def _year(part: dt.date | dt.time) -> int:
    return part.year if isinstance(part, dt.date) else 0


def _number_text(vr: str, where: str, part: Any) -> str:
    if vr == "DS":
        if not math.isfinite(part):
            raise _fault(
                where, "number-not-finite", short(part), "a finite number (VR DS)", "Leave it out."
            )
        return format_ds(float(part))
    whole = isinstance(part, Integral) or float(part).is_integer()
    if vr == "IS" and whole:
        return str(int(part))
    if vr in {"LO", "SH"} and isinstance(part, Integral):  # PatientID = 42
        return str(int(part))
    raise _fault(where, "wrong-type", short(part), _wanted(vr), _quoted(vr))


def _quoted(vr: str) -> str:
    if vr == "IS":
        return "Round it."
    return _example(vr) if vr in _EXAMPLES else "Write it in quotes."


def _integer(vr: str, where: str, part: Any) -> int:
    low, high = BINARY_RANGES[vr]
    number = _parsed_integer(part)
    if number is None or not low <= number <= high:
        raise _fault(
            where,
            "number-out-of-range",
            short(part),
            f"a whole number from {low} to {high} (VR {vr})",
            _example(vr),
        )
    return number


def _float(vr: str, where: str, part: Any) -> float:
    number = _parsed_float(part)
    limit = _FLOAT32_MAX if vr == "FL" else math.inf
    if number is None or not math.isfinite(number) or abs(number) > limit:
        raise _fault(
            where, "number-out-of-range", short(part), f"a finite number (VR {vr})", _example(vr)
        )
    return number


def _parsed_integer(part: Any) -> int | None:
    """Return the number; None if it is none, or has a fraction."""
    try:
        if isinstance(part, str | Integral):
            return int(part)
        return int(float(part)) if isinstance(part, Real) and float(part).is_integer() else None
    except (ValueError, OverflowError):
        return None


def _parsed_float(part: Any) -> float | None:
    """Return the number, None if it is none."""
    try:
        return float(part) if isinstance(part, str | Real | Decimal) else None
    except (ValueError, OverflowError):
        return None


def _other(vr: str, where: str, part: Any) -> Value:
    if vr in BYTE_VRS and isinstance(part, bytes):
        return _whole_words(vr, where, part)
    if vr == "AT" and isinstance(part, str):
        return tag_of(keyword_of(part))
    if vr == "AT" and isinstance(part, Integral) and 0 <= int(part) <= _HIGHEST_TAG:
        return int(part)
    raise _wrong_type(vr, where, part)


def _whole_words(vr: str, where: str, part: bytes) -> bytes:
    """Return bytes that are whole words of the VR; what has no words is padded to an even length (PS3.5 6.2)."""
    size = WORD_BYTES.get(vr, 1)
    if len(part) % size:
        raise _fault(
            where,
            "bytes-broken",
            f"{len(part)} bytes",
            f"a multiple of {size} bytes (VR {vr})",
            "Give the bytes of whole numbers, lowest byte first.",
        )
    return part + bytes(len(part) % 2)
