"""Meaning of numbers: unit, rescale type and window.

It is settled when the range of the values is known: no attribute is kept that may not hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from dicomseries import derivation
from dicomseries.errors import MetadataError
from dicomseries.iod import (
    RESCALE_UNITS,
    Choice,
    Kind,
    has_hounsfield,
    is_same_unit,
    item_of_words,
    pet_term,
    unit_code_of,
    unit_of_item,
)
from dicomseries.metadata import Metadata
from dicomseries.sources import Volume
from dicomseries.standard.attributes.attribute import attribute
from dicomseries.values import Statistics
from dicomseries.writing.inputs.write_request import WriteRequest
from dicomseries.writing.jobs.padding_value import has_padding

__all__ = ["as_map", "requires_unit", "settled"]

_UNITS = "MeasurementUnitsCodeSequence"
_UNIT_TERMS = ("RescaleType", "Units")
_WINDOW = frozenset(
    {"WindowCenter", "WindowWidth", "WindowCenterWidthExplanation", "VOILUTFunction"}
)
_APPEARANCES: Mapping[derivation.ValueRelation, str] = {
    "rescaled": ", which is off the source's scale",
    "grey": ", as grey levels or labels do",
    "unit": ", as probabilities do",
    "labels": ", as a mask does",
    "other": ", in a unit that you state",
    "colour": ", in colour",
}
"""Relation → appearance of the values."""
_PART = "ComplexImageComponent"
_ON_TRUST = (*_UNIT_TERMS, _UNITS, _PART, "PhotometricInterpretation")
"""Attributes that the receipt names if nothing in the values confirms them."""

_MASK = (
    "All values are 0 or 1, and the kind is that of the source. If they are a mask, pass "
    "`kind='Segmentation'`."
)


def settled(
    request: WriteRequest, volume: Volume, statistics: Statistics | None = None
) -> WriteRequest:
    """Return the request with attributes that hold.

    Parameters
    ----------
    request : WriteRequest
        With attributes of a source series, if there is one.
    volume : Volume
        The array.
    statistics : Statistics, optional
        Of its values; without them only dtype, colour and the user's statements decide.

    Raises
    ------
    MetadataError
        If `units` contradicts another statement, or the kind requires a unit that no longer holds.
    """
    inheritance = request.inheritance
    if inheritance is not None and inheritance.meaning is not None:
        array = _array_facts(request, volume, statistics)
        request = _with_valid_meaning(request, inheritance, inheritance.meaning, array)
    metadata = request.metadata
    if volume.samples > 1 and _text(metadata, "RescaleType") in {"", "US"}:
        metadata = metadata.without("RescaleType")  # colour has no rescale
    return replace(request, metadata=_with_stated_unit(request.kind, metadata))


def _array_facts(
    request: WriteRequest, volume: Volume, statistics: Statistics | None
) -> derivation.ArrayFacts:
    dtype = volume.slabs.dtype
    facts = derivation.ArrayFacts(
        samples=volume.samples,
        is_integer=dtype.kind in "biu" and not volume.is_scaled,
        is_byte=dtype.name == "uint8" and not volume.is_scaled,
        is_bool=dtype.kind == "b" or request.is_segmentation,
    )
    if statistics is None or statistics.shown_ends is None:
        return facts
    ends = [float(end) * volume.slope + volume.intercept for end in statistics.shown_ends]
    clip = request.options.clip
    if clip is not None:
        ends = [min(max(end, clip[0]), clip[1]) for end in ends]
    return replace(facts, low=min(ends), high=max(ends), padding_seen=has_padding(statistics))


def as_map(metadata: Metadata) -> Metadata:
    """Return the metadata for a map of the same floats.

    Its unit becomes a code, without a rescale.

    Examples
    --------
    >>> hounsfield = Metadata.from_mapping({"RescaleType": "HU"})
    >>> as_map(hounsfield).keywords
    ('MeasurementUnitsCodeSequence',)
    """
    words = (_text(metadata, keyword) for keyword in (*_UNIT_TERMS, "SUVType"))
    item = item_of_words(*words)
    metadata = metadata.without("RescaleType", "PhotometricInterpretation")
    if item is None or metadata.get(_UNITS) is not None:
        return metadata
    return metadata.having(attribute(_UNITS, item))


def requires_unit(kind: Kind) -> bool:
    """Return whether a kind requires the unit of its values."""
    for row in kind.all_rows:
        if row.keyword == "RescaleType" and isinstance(row.source, Choice) and row.source.demanded:
            return True
    return False


# -------------------------------------------------------------------------- with a source series
def _with_valid_meaning(
    request: WriteRequest,
    inheritance: derivation.Inheritance,
    meaning: derivation.Meaning,
    array: derivation.ArrayFacts,
) -> WriteRequest:
    """Return the request with the valid meaning of the source."""
    metadata = request.metadata
    unit = unit_of_item(metadata.get(_UNITS)) if _UNITS in inheritance.stated else ""
    is_same = _states_same_unit(inheritance, meaning, metadata, unit)
    is_other = not is_same and _states_other_quantity(inheritance, meaning, metadata)
    relation = derivation.relation_of(meaning.scale, array, is_other=is_other, is_same=is_same)
    if relation == "same" and unit and not is_same:
        _check_single_unit(inheritance, metadata, unit)
        relation = "other"
    invalid: set[str] = set()
    if relation != "same":
        invalid.update(inheritance.of_values)
    if not meaning.window_fits(array) or inheritance.stated & _WINDOW:
        invalid |= _WINDOW & inheritance.of_values
    valid = inheritance.of_values - invalid
    invalid.update(_lost_groups(request.kind, metadata, inheritance, frozenset(invalid)))
    if relation == "same" and array.padding_seen and request.padding is None:
        valid |= {"PixelPaddingValue"}
    metadata = metadata.without(*invalid)
    _check_required_unit(request.kind, metadata, meaning, relation)
    advice = [*inheritance.advice, *_trust_advice(valid, meaning, metadata, is_same=is_same)]
    if not request.is_segmentation:
        advice += _loss_advice(meaning, relation, valid, inheritance.stated, array)
    if request.options.kind is None and array.is_integer and (array.low, array.high) == (0, 1):
        advice.append(_MASK)
    columns = [column for column in inheritance.columns if column.keyword not in invalid]
    decisions = [_decision(meaning, relation, valid, entry) for entry in inheritance.decisions]
    inheritance = replace(
        inheritance,
        of_values=valid,
        columns=tuple(columns),
        groups=tuple(group for group in inheritance.groups if group.keyword not in invalid),
        group_columns=tuple(
            column for column in inheritance.group_columns if column.keyword not in invalid
        ),
        decisions=tuple(decisions),
        advice=tuple(advice),
    )
    return replace(request, metadata=metadata, inheritance=inheritance)


def _lost_groups(
    kind: Kind,
    metadata: Metadata,
    inheritance: derivation.Inheritance,
    invalid: frozenset[str],
) -> Iterator[str]:
    """Yield functional groups of the source with an attribute that no longer holds."""
    groups = derivation.group_members(kind, metadata, inheritance.group_columns)
    for group, members in groups.items():
        if not members.isdisjoint(invalid) and group not in inheritance.stated:
            yield group


def _states_same_unit(
    inheritance: derivation.Inheritance, meaning: derivation.Meaning, metadata: Metadata, unit: str
) -> bool:
    """Return whether the user states the unit of the source."""
    stated = inheritance.stated.intersection(_UNIT_TERMS)
    for keyword in stated:
        if meaning.texts.get(keyword) == _text(metadata, keyword):
            return True
    return bool(unit) and not stated and is_same_unit(unit, meaning.unit)


def _states_other_quantity(
    inheritance: derivation.Inheritance, meaning: derivation.Meaning, metadata: Metadata
) -> bool:
    """Return whether the user states another quantity."""
    for keyword in inheritance.stated.intersection(_UNIT_TERMS):
        if _text(metadata, keyword) != meaning.texts.get(keyword, ""):
            return True
    return "QuantityDefinitionSequence" in inheritance.stated


def _text(metadata: Metadata, keyword: str) -> str:
    stated = metadata.get(keyword)
    if stated is None:
        return ""
    return "\\".join(map(str, stated.values))


def _check_single_unit(inheritance: derivation.Inheritance, metadata: Metadata, unit: str) -> None:
    """Reject `units=` beside another unit of the source."""
    for keyword in _UNIT_TERMS:
        if keyword not in inheritance.of_values:
            continue
        text, term = _text(metadata, keyword), "US"
        if keyword == "Units":
            term = " and SUVType ".join(pet_term(unit)) or "NONE"
        raise MetadataError(
            code="units-contradict",
            where="units",
            given=f"{unit!r}, beside {keyword} {text} of the series that the array comes from",
            expected="one unit",
            remedy=f'Give `metadata={{"{keyword}": "{term}"}}` too if the values are no longer '
            f"{text}, or leave `units=` out if they are.",
        )


def _check_required_unit(
    kind: Kind, metadata: Metadata, meaning: derivation.Meaning, relation: derivation.ValueRelation
) -> None:
    """Reject a kind without its required RescaleType."""
    if not requires_unit(kind) or metadata.get("RescaleType") is not None:
        return
    text = meaning.texts.get("RescaleType", "")
    reason = "the source has none"
    if text:
        reason = f"{text} of the source is not taken over: {derivation.RELATIONS[relation][0]}"
    raise MetadataError(
        code="value-missing",
        where="RescaleType",
        given=f"none ({reason})",
        expected=f"a value, as {kind.name} requires the unit of its values",
        remedy=f'Give `metadata={{"RescaleType": "{text or "HU"}"}}` if the values are that, or '
        'write `kind="SC"`.',
    )


def _trust_advice(
    valid: frozenset[str], meaning: derivation.Meaning, metadata: Metadata, *, is_same: bool
) -> Iterator[str]:
    """Yield attributes that neither the values nor the user confirm."""
    texts: list[str] = []
    for keyword in _ON_TRUST:
        is_stated = is_same and keyword in (*_UNIT_TERMS, _UNITS)
        if keyword in valid and not is_stated:
            texts.append(f"{keyword} {meaning.texts.get(keyword, _text(metadata, keyword))}")
    if "ImageType" in valid and _PART not in valid:
        names = _text(metadata, "ImageType").split("\\")[2:3]
        texts += [f"ImageType {name}" for name in names if name not in {"", "OTHER"}]
    if texts:
        yield (
            f"Taken over from the source as true of the new values: {', '.join(texts)}. Give "
            "`units=` or `metadata=` if they are another quantity."
        )


def _loss_advice(
    meaning: derivation.Meaning,
    relation: derivation.ValueRelation,
    valid: frozenset[str],
    stated: frozenset[str],
    array: derivation.ArrayFacts,
) -> Iterator[str]:
    """Yield lost statements of the source, with the remedy."""
    reason = f"the new values are {derivation.RELATIONS[relation][0]}"
    if relation == "same":
        reason = "the kind of the result has no place for it"
    elif array.low is not None and array.high is not None:
        appearance = _APPEARANCES[relation]
        reason = f"the new values run from {array.low:g} to {array.high:g}{appearance}"
    for statement, remedy in meaning.questions(relation, valid, stated):
        explained = statement
        if statement == "RescaleType HU":
            explained = "RescaleType HU (Hounsfield units)"
        yield f"{explained} of the source is not taken over: {reason}. {remedy}."


def _decision(
    meaning: derivation.Meaning,
    relation: derivation.ValueRelation,
    valid: frozenset[str],
    decision: tuple[str, str, str],
) -> tuple[str, str, str]:
    """Return the decision for a known relation."""
    keyword, source, outcome = decision
    if keyword not in derivation.VALUE_RULE_OF or derivation.VALUE_RULE_OF[keyword].is_always_kept:
        return decision
    if outcome.startswith(("dropped: no slice", "dropped: the volumes")):
        return decision
    if keyword == "ImageType":  # value 1 is changed in any case
        word = "changed" if relation == "same" else "new"
        outcome = outcome.replace("changed", word, 1)
    elif keyword == "RealWorldValueMappingSequence" and _UNITS in valid:
        outcome = (
            "changed: unit and names are kept, the map is made anew from how the values are stored"
        )
    else:
        outcome = meaning.outcome(keyword, relation, valid)
    return keyword, source, outcome


# ------------------------------------------------------------------------- the user's unit
def _with_stated_unit(kind: Kind, metadata: Metadata) -> Metadata:
    """Return metadata with the terms of the user's unit.

    Raises
    ------
    MetadataError
        If they state another one, or PET has no term for the unit.
    """
    unit = unit_of_item(metadata.get(_UNITS))
    if not unit:
        return metadata
    if kind.row("Units") is not None:
        return _with_pet_units(metadata, unit)
    text = _text(metadata, "RescaleType")
    _check_same_unit("RescaleType", text, RESCALE_UNITS.get(text, ""), unit)
    if has_hounsfield(kind) and not text and is_same_unit(unit, RESCALE_UNITS["HU"]):
        return metadata.having(attribute("RescaleType", "HU"))
    return metadata


def _with_pet_units(metadata: Metadata, unit: str) -> Metadata:
    units, suv_type = _text(metadata, "Units"), _text(metadata, "SUVType")
    if units:
        _check_same_unit("Units", units, unit_code_of("", units, suv_type, ()), unit)
        return metadata
    term = pet_term(unit)
    if not term:
        raise MetadataError(
            code="units-without-term",
            where="units",
            given=unit,
            expected="a unit that PET has a term for, such as Bq/ml, g/ml{SUVbw}, % or 1 "
            "(PS3.3 section C.8.9.1.1.3)",
            remedy="Convert the values to such a unit (kBq/ml times 1000 is Bq/ml), or give the "
            'term in `metadata={"Units": ...}`.',
        )
    added = [attribute("Units", term[0])]
    added += (attribute("SUVType", text) for text in term[1:])
    return metadata.having(*added)


def _check_same_unit(keyword: str, text: str, known: str, unit: str) -> None:
    """Reject a unit beside an attribute of another."""
    if not known or is_same_unit(known, unit):
        return
    raise MetadataError(
        code="units-contradict",
        where="units",
        given=f"{unit!r}, beside {keyword} {text}",
        expected="one unit",
        remedy=f"Leave one of the two out, or give the {keyword} of that unit.",
    )
