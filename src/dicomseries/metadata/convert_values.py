"""Python values → attributes with the values of the file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from numbers import Integral, Real
from typing import Any

from dicomseries.errors import MetadataError
from dicomseries.metadata.keywords import keyword_of
from dicomseries.metadata.private_names import PrivateTag, private_tags
from dicomseries.metadata.single_value import short, single_value, value_error
from dicomseries.standard.attributes.attribute import Attribute, Item, attribute, tag_of, vr_of
from dicomseries.standard.attributes.multiplicity import allows_count, multiplicity
from dicomseries.standard.attributes.value_representations import (
    BINARY_RANGES,
    BYTE_VRS,
    FLOAT_VRS,
    MULTI_LINE_VRS,
    TEXT_VRS,
    text_fault,
)
from dicomseries.standard.pydicom_objects import is_person_name

__all__ = ["attribute_of", "private_attributes"]

_KNOWN_VRS = frozenset({*TEXT_VRS, *BINARY_RANGES, *FLOAT_VRS, *BYTE_VRS, "AT"})


def attribute_of(keyword: str, value: Any, *, path: str = "") -> Attribute:
    """Return the checked attribute.

    Parameters
    ----------
    keyword : str
        Keyword of the data dictionary.
    value : object
        Value as the user has written it.
    path : str
        Place of the attribute inside sequences, for error messages.

    Raises
    ------
    MetadataError
        For a wrong type, form, number of values or enumerated value; for a sequence all faults of
        its items.

    Examples
    --------
    >>> attribute_of("PixelSpacing", [1 / 3, 2]).values
    ('0.33333333333333', '2')
    """
    where = path + keyword
    vr = vr_of(keyword)
    if len(vr) > 2:  # a choice such as "US or SS"
        raise value_error(
            where,
            "depends-on-pixels",
            f"an attribute of VR {vr}",
            "attributes that do not describe pixels",
            "Leave it out; the writer sets what describes pixels.",
        )
    if vr == "SQ":
        return attribute(keyword, *_items(where, value))
    parts = _parts(value, vr)
    _check_count(keyword, where, parts, is_inside=bool(path))
    convert = partial(single_value, keyword, vr, where)
    return attribute(keyword, *map(convert, parts), vr=vr)


def private_attributes(
    tags: Mapping[str, PrivateTag | None], values: Mapping[str, Any], faults: list[MetadataError]
) -> list[Attribute]:
    """Return private attributes with those of their creators.

    Parameters
    ----------
    tags : mapping
        Name → tag and creator, as `private_tags` gives them.
    values : mapping
        Name → value; or a mapping of ``vr`` and ``value``, for a value representation that does
        not follow from the value: LO or UT of text, SL of integers, FD of other numbers, OB of
        bytes, SQ of mappings.
    faults : list of MetadataError
        Takes their faults.

    Examples
    --------
    >>> values = {"(0099,1001) MY LAB": "run 7"}
    >>> private, creator = private_attributes(private_tags(values, []), values, [])
    >>> private.keyword, private.vr, private.values
    ('(0099,1001)', 'LO', ('run 7',))
    >>> creator.keyword, creator.values
    ('(0099,0010)', ('MY LAB',))
    """
    attributes: dict[str, Attribute] = {}
    for name, tag in tags.items():
        if tag is None:
            continue
        try:
            attributes[tag.keyword] = _private_attribute(tag, name, values[name])
            keyword = tag.creator_keyword
            creator = single_value(keyword, "LO", name, tag.creator)
            attributes[keyword] = Attribute(keyword, "LO", (creator,))
        except MetadataError as error:
            faults += [fault for fault in error.faults if isinstance(fault, MetadataError)]
    return list(attributes.values())


def _private_attribute(tag: PrivateTag, name: str, value: Any) -> Attribute:
    vr = tag.known_vr
    if isinstance(value, Mapping) and set(value) == {"vr", "value"}:
        vr, value = str(value["vr"]), value["value"]
    vr = vr or _vr_of_value(value)
    if vr == "SQ":
        return Attribute(tag.keyword, vr, _items(name, value))
    if vr not in _KNOWN_VRS:
        raise value_error(
            name,
            "vr-unknown",
            vr,
            "a value representation of PS3.5 section 6.2",
            "Write for example LO.",
        )
    convert = partial(single_value, tag.keyword, vr, name)
    return Attribute(tag.keyword, vr, tuple(map(convert, _parts(value, vr))))


def _vr_of_value(value: Any) -> str:
    """Return the value representation that fits a Python value."""
    has_lines = isinstance(value, str) and "\n" in value
    parts = _parts(value, "UT" if has_lines else "LO")
    for kind, vr in ((Mapping, "SQ"), (bytes, "OB")):
        if any(isinstance(part, kind) for part in parts):
            return vr
    if any(isinstance(part, str) for part in parts):
        is_short = all(text_fault("LO", str(part)) is None for part in parts)
        return "LO" if is_short else "UT"
    if all(isinstance(part, Integral) for part in parts):
        low, high = BINARY_RANGES["SL"]
        is_in_range = low <= min(parts, default=0) and max(parts, default=0) <= high
        return "SL" if is_in_range else "SV"
    if all(isinstance(part, Real) for part in parts):
        return "FD"
    return "LO"


# -------------------------------------------------------------------------------------- sequences
def _items(where: str, value: Any) -> tuple[Item, ...]:
    mappings = [value] if isinstance(value, Mapping) else value
    if mappings is None or (isinstance(mappings, str) and not mappings):
        return ()
    if isinstance(mappings, str | bytes) or not isinstance(mappings, Sequence):
        raise _no_items(where, value)
    faults: list[MetadataError] = []
    items: list[Item] = []
    for index, mapping in enumerate(mappings):
        if not isinstance(mapping, Mapping):
            raise _no_items(where, mapping)
        items.append(_item(f"{where}[{index}].", mapping, faults))
    if faults:
        raise MetadataError.together(faults)
    return tuple(items)


def _item(path: str, mapping: Mapping[str, Any], faults: list[MetadataError]) -> Item:
    tags = private_tags(mapping, faults)
    attributes = private_attributes(tags, mapping, faults)
    for name, value in mapping.items():
        if name in tags:
            continue
        try:
            attributes.append(attribute_of(keyword_of(name), value, path=path))
        except MetadataError as error:
            faults += map(partial(_inside, path), error.faults)
    return tuple(sorted(attributes, key=lambda attr: attr.tag))


def _inside(path: str, fault: Any) -> MetadataError:
    where = path + fault.where.removeprefix(path)
    return value_error(where, fault.code, fault.given, fault.expected, fault.remedy)


def _no_items(where: str, value: Any) -> MetadataError:
    return value_error(
        where,
        "sequence-needs-items",
        repr(value),
        "a list of mappings from keyword to value (VR SQ)",
        'Write each item as a mapping, such as [{"CodeValue": ...}].',
    )


# ------------------------------------------------------------------------------- number of values
def _parts(value: Any, vr: str) -> list[Any]:
    r"""Return the values as a list; a\b is two."""
    if value is None:
        return []
    if isinstance(value, str) or is_person_name(value):
        text = str(value)
        if not text.strip():
            return []
        return [text] if vr in MULTI_LINE_VRS or vr == "UR" else text.split("\\")
    if isinstance(value, bytes | Mapping):
        return [value]
    if callable(getattr(value, "tolist", None)):  # numpy scalars and arrays
        value = value.tolist()
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return list(value)
    return [value]


def _check_count(keyword: str, where: str, parts: list[Any], *, is_inside: bool) -> None:
    allowed = str(multiplicity(tag_of(keyword)))
    if not parts or allows_count(allowed, len(parts)):
        return
    remedy = "Give that many values"
    if len(parts) > 1 and not is_inside:
        remedy += f', or `per_volume={{"{keyword}": [...]}}` for a value of each slice or volume'
    raise value_error(
        where,
        "number-of-values",
        f"{len(parts)}: {short(parts)}",
        _number_of_values(allowed),
        f"{remedy}.",
    )


def _number_of_values(allowed: str) -> str:
    low, _, high = allowed.partition("-")
    if allowed == "1":
        return "1 value"
    if high == "n":
        return f"{low} or more values"
    return f"{allowed} values"
