"""What the numbers of a series mean, settled once their ends are known: nothing is claimed that may not hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from dicomseries.derivation import (
    RELATIONS,
    VALUE_RULE_OF,
    ArrayFacts,
    Lineage,
    Meaning,
    ValueRelation,
    relation_of,
)
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
from dicomseries.standard.attribute import attribute
from dicomseries.values import Statistics
from dicomseries.writing.inputs.write_request import WriteRequest
from dicomseries.writing.jobs.padding_value import is_padding_seen

__all__ = ["array_facts", "as_map", "demands_unit", "settled"]

_UNITS = "MeasurementUnitsCodeSequence"
_WINDOW = frozenset(
    {"WindowCenter", "WindowWidth", "WindowCenterWidthExplanation", "VOILUTFunction"}
)
_LOOKS: Mapping[ValueRelation, str] = {
    "rescaled": ", which is off the source's scale",
    "grey": ", as grey levels or labels do",
    "unit": ", as probabilities do",
    "labels": ", as a mask does",
    "other": ", in a unit that you state",
    "colour": ", in colour",
}
"""Relation → what the values look like."""
_NAMED = ("RescaleType", "Units", _UNITS, "ComplexImageComponent", "PhotometricInterpretation")
"""What is named in the receipt where it was taken over on trust."""


def settled(
    request: WriteRequest, volume: Volume, statistics: Statistics | None = None
) -> WriteRequest:
    """Return the request with what holds of the values and without what does not.

    Parameters
    ----------
    request : WriteRequest
        With what was taken over from a source series, if there is one.
    volume : Volume
        The array.
    statistics : Statistics, optional
        Of its values; without them only dtype, colour and the user's statements decide.

    Raises
    ------
    MetadataError
        If units= contradicts what else is stated, or the kind demands a unit that does not hold any more.
    """
    lineage = request.lineage
    if lineage is not None and lineage.meaning is not None:
        request = _judged(
            request, lineage, lineage.meaning, array_facts(request, volume, statistics)
        )
    if volume.samples > 1:
        request = replace(request, metadata=_without_empty_unit(request.metadata))
    return replace(request, metadata=_with_stated_unit(request.kind, request.metadata))


def array_facts(request: WriteRequest, volume: Volume, statistics: Statistics | None) -> ArrayFacts:
    """Return what is known of the values of an array."""
    dtype = volume.slabs.dtype
    facts = ArrayFacts(
        samples=volume.samples,
        is_integer=dtype.kind in "biu" and not volume.is_scaled,
        is_byte=dtype.name == "uint8" and not volume.is_scaled,
        is_bool=dtype.kind == "b" or request.is_segmentation,
    )
    shown = None if statistics is None else statistics.shown_ends
    if statistics is None or shown is None:
        return facts
    ends = [float(end) * volume.slope + volume.intercept for end in shown]
    if request.options.clip is not None:
        ends = [min(max(end, request.options.clip[0]), request.options.clip[1]) for end in ends]
    return replace(facts, low=min(ends), high=max(ends), padding_seen=is_padding_seen(statistics))


def as_map(metadata: Metadata) -> Metadata:
    """Return the metadata of a classic kind for a map of the same floats: its unit as a code, without a rescale.

    Examples
    --------
    >>> hounsfield = Metadata.from_mapping({"RescaleType": "HU"})
    >>> as_map(hounsfield).keywords
    ('MeasurementUnitsCodeSequence',)
    """
    words = (_text(metadata, keyword) for keyword in ("RescaleType", "Units", "SUVType"))
    item = item_of_words(*words)
    metadata = metadata.without("RescaleType", "PhotometricInterpretation")
    if item is None or metadata.get(_UNITS) is not None:
        return metadata
    return metadata.having(attribute(_UNITS, item))


# --------------------------------------------------------------------------------------------- beside a source series
def _judged(
    request: WriteRequest, lineage: Lineage, meaning: Meaning, array: ArrayFacts
) -> WriteRequest:
    """Return the request with what the source says of its numbers, as far as it holds of the new ones."""
    unit = unit_of_item(request.metadata.get(_UNITS)) if _UNITS in lineage.stated else ""
    is_same = _confirms(lineage, meaning, request.metadata, unit)
    is_other = not is_same and _denies(lineage, meaning, request.metadata)
    relation = relation_of(meaning.scale, array, is_other=is_other, is_same=is_same)
    if relation == "same" and unit and not is_same:
        _refuse_contradiction(lineage, request.metadata, unit)
        relation = "other"
    gone = set() if relation == "same" else set(lineage.of_values)
    if not meaning.window_fits(array) or lineage.stated & _WINDOW:
        gone |= _WINDOW & lineage.of_values
    taken = lineage.of_values - gone
    if relation == "same" and array.padding_seen and request.padding is None:
        taken |= {"PixelPaddingValue"}
    metadata = request.metadata.without(*gone)
    _refuse_missing_unit(request.kind, metadata, meaning, relation)
    advice = [*_taken_advice(taken, meaning, metadata, is_same=is_same)]
    if not request.is_segmentation:
        advice += _lost_advice(meaning, relation, taken, lineage.stated, array)
    lineage = replace(
        lineage,
        of_values=taken,
        columns=tuple(one for one in lineage.columns if one.keyword not in gone),
        decisions=tuple(_decided(meaning, relation, taken, one) for one in lineage.decisions),
        advice=(*lineage.advice, *advice),
    )
    return replace(request, metadata=metadata, lineage=lineage)


def _confirms(lineage: Lineage, meaning: Meaning, metadata: Metadata, unit: str) -> bool:
    """Whether the user states the unit that the source has."""
    for keyword in ("RescaleType", "Units"):
        if keyword in lineage.stated and meaning.texts.get(keyword) == _text(metadata, keyword):
            return True
    stated = lineage.stated & {"RescaleType", "Units"}
    return bool(unit) and not stated and is_same_unit(unit, meaning.unit)


def _denies(lineage: Lineage, meaning: Meaning, metadata: Metadata) -> bool:
    """Whether the user states a unit or a quantity that the source does not have."""
    for keyword in ("RescaleType", "Units"):
        if keyword in lineage.stated and _text(metadata, keyword) != meaning.texts.get(keyword, ""):
            return True
    return "QuantityDefinitionSequence" in lineage.stated


def _text(metadata: Metadata, keyword: str) -> str:
    found = metadata.get(keyword)
    return "" if found is None else "\\".join(str(value) for value in found.values)


def _refuse_contradiction(lineage: Lineage, metadata: Metadata, unit: str) -> None:
    """Reject units= beside a unit of the source that would stand in the same file."""
    for keyword in ("RescaleType", "Units"):
        if keyword not in lineage.of_values:
            continue
        text = _text(metadata, keyword)
        term = "US" if keyword == "RescaleType" else " and SUVType ".join(pet_term(unit)) or "NONE"
        raise MetadataError(
            code="units-contradict",
            where="units",
            given=f"{unit!r}, beside {keyword} {text} of the series that the array comes from",
            expected="one unit",
            remedy=f'Give `metadata={{"{keyword}": "{term}"}}` too if the values are no longer {text}, or leave `units=` '
            "out if they are.",
        )


def demands_unit(kind: Kind) -> bool:
    """Return whether a kind demands the unit of its values.

    Examples
    --------
    >>> from dicomseries.iod import CT
    >>> demands_unit(CT)
    False
    """
    rows = (row.source for row in kind.all_rows if row.keyword == "RescaleType")
    return any(isinstance(source, Choice) and source.demanded for source in rows)


def _refuse_missing_unit(
    kind: Kind, metadata: Metadata, meaning: Meaning, relation: ValueRelation
) -> None:
    """Reject a kind that demands RescaleType where the source's does not hold, with the reason."""
    if not demands_unit(kind) or metadata.get("RescaleType") is not None:
        return
    text = meaning.texts.get("RescaleType", "")
    why = (
        f"{text} of the source is not taken over: {RELATIONS[relation][0]}"
        if text
        else "the source has none"
    )
    raise MetadataError(
        code="value-missing",
        where="RescaleType",
        given=f"none ({why})",
        expected=f"a value, as {kind.name} demands the unit of its values",
        remedy=f'Give `metadata={{"RescaleType": "{text or "HU"}"}}` if the values are that, or write `kind="SC"`.',
    )


def _taken_advice(
    taken: frozenset[str], meaning: Meaning, metadata: Metadata, *, is_same: bool
) -> Iterator[str]:
    """Yield what was taken over on trust: nothing in the values shows it, and the user has not stated it."""
    named = [
        keyword
        for keyword in _NAMED
        if keyword in taken and not (is_same and keyword in _NAMED[:3])
    ]
    if not named:
        return
    texts = ", ".join(
        f"{keyword} {meaning.texts.get(keyword, _text(metadata, keyword))}" for keyword in named
    )
    yield (
        f"Taken over from the source as true of the new values: {texts}. Give `units=` or `metadata=` if they are another "
        "quantity."
    )


def _lost_advice(
    meaning: Meaning,
    relation: ValueRelation,
    taken: frozenset[str],
    stated: frozenset[str],
    array: ArrayFacts,
) -> Iterator[str]:
    """Yield what the source says of its numbers and the result does not, and what to do about it."""
    for said, remedy in meaning.questions(relation, taken, stated):
        yield f"{said}{_meant(said)} of the source is not taken over: {_why(relation, array)}. {remedy}."


def _decided(
    meaning: Meaning, relation: ValueRelation, taken: frozenset[str], decision: tuple[str, str, str]
) -> tuple[str, str, str]:
    """Return the decision about one attribute, now that the relation is known."""
    keyword, source, outcome = decision
    if (
        keyword not in VALUE_RULE_OF
        or VALUE_RULE_OF[keyword].is_always_kept
        or outcome.startswith("dropped: no slice")
    ):
        return decision
    if keyword == "ImageType":  # value 1 is changed in any case
        word = "changed" if relation == "same" else "new"
        return keyword, source, outcome.replace("changed", word, 1)
    if keyword == "RealWorldValueMappingSequence" and _UNITS in taken:
        return (
            keyword,
            source,
            "changed: unit and names are kept, the map is made anew from how the values are stored",
        )
    return keyword, source, meaning.outcome(keyword, relation, taken)


def _meant(said: str) -> str:
    return " (Hounsfield units)" if said == "RescaleType HU" else ""


def _why(relation: ValueRelation, array: ArrayFacts) -> str:
    if relation == "same":
        return "the kind of the result has no place for it"
    if array.low is None or array.high is None:
        return f"the new values are {RELATIONS[relation][0]}"
    return f"the new values run from {array.low:g} to {array.high:g}{_LOOKS[relation]}"


# ------------------------------------------------------------------------------------------- what units= says besides
def _without_empty_unit(metadata: Metadata) -> Metadata:
    """Return the metadata of a colour image without a RescaleType that names no unit: colour has no rescale."""
    return (
        metadata.without("RescaleType")
        if _text(metadata, "RescaleType") in {"", "US"}
        else metadata
    )


def _with_stated_unit(kind: Kind, metadata: Metadata) -> Metadata:
    """Return the metadata with RescaleType and Units that say what the user's unit says.

    Raises
    ------
    MetadataError
        If they say something else, or PET has no term for the unit.
    """
    unit = unit_of_item(metadata.get(_UNITS))
    if not unit:
        return metadata
    if kind.row("Units") is not None:
        return _with_pet_units(metadata, unit)
    text = _text(metadata, "RescaleType")
    _refuse_two_units("RescaleType", text, RESCALE_UNITS.get(text, ""), unit)
    if has_hounsfield(kind) and not text and is_same_unit(unit, RESCALE_UNITS["HU"]):
        return metadata.having(attribute("RescaleType", "HU"))
    return metadata


def _with_pet_units(metadata: Metadata, unit: str) -> Metadata:
    units, suv_type = _text(metadata, "Units"), _text(metadata, "SUVType")
    if units:
        _refuse_two_units("Units", units, unit_code_of("", units, suv_type, ()), unit)
        return metadata
    term = pet_term(unit)
    if not term:
        raise MetadataError(
            code="units-without-term",
            where="units",
            given=unit,
            expected="a unit that PET has a term for, such as Bq/ml, g/ml{SUVbw}, % or 1 (PS3.3 section C.8.9.1.1.3)",
            remedy="Convert the values to such a unit (kBq/ml times 1000 is Bq/ml), or give the term in "
            '`metadata={"Units": ...}`.',
        )
    added = (attribute("Units", term[0]), *(attribute("SUVType", text) for text in term[1:]))
    return metadata.having(*added)


def _refuse_two_units(keyword: str, text: str, known: str, unit: str) -> None:
    """Reject a unit beside an attribute that names another one; a term without a code contradicts nothing."""
    if not known or is_same_unit(known, unit):
        return
    raise MetadataError(
        code="units-contradict",
        where="units",
        given=f"{unit!r}, beside {keyword} {text}",
        expected="one unit",
        remedy=f"Leave one of the two out, or give the {keyword} of that unit.",
    )
