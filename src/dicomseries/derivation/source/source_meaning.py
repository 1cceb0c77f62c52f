"""Meaning of a source's numbers.

Unit, quantity, window, padding and polarity.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field

from dicomseries.derivation.rules.value_rules import (
    OUTCOMES,
    VALUE_RULE_OF,
    VALUE_RULES,
    ValueRelation,
    ValueRule,
)
from dicomseries.derivation.source.source_facts import (
    Facts,
    SourceFact,
    by_keyword,
    cleaned,
    facts_of,
    first_item,
    first_text,
    numbers_in,
    text_of,
    values_text,
)
from dicomseries.derivation.source.source_series import SourceSeries
from dicomseries.derivation.source.value_relation import ArrayFacts, Scale, scale_of
from dicomseries.iod import (
    RESCALE_UNITS,
    Choice,
    Kind,
    Polarity,
    is_of_modality,
    is_same_unit,
    unit_code_of,
)
from dicomseries.lazy_dataclass import dataclass
from dicomseries.standard.attributes.attribute import Attribute, Item, attribute
from dicomseries.standard.attributes.decimal_string import format_ds

__all__ = ["Meaning", "meaning_of"]

_CT = "1.2.840.10008.5.1.4.1.1.2"
_MAPPING = "RealWorldValueMappingSequence"
_UNITS_CODE = "MeasurementUnitsCodeSequence"
_MAPPED = (_UNITS_CODE, "QuantityDefinitionSequence", "LUTLabel", "LUTExplanation")
_UNITS = frozenset({"RescaleType", _UNITS_CODE, "Units"})

_LEAST_OVERLAP = 0.1
"""Part of a window that the new values must cover."""

_NO_UNIT = frozenset({"", "US", "NONE"})
"""Texts that name no unit."""

_DEFAULTS = frozenset({*_NO_UNIT, "MONOCHROME2", "IDENTITY", "LINEAR"})
"""Texts with the meaning of an absent attribute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """Meaning of a source's numbers for one kind of result.

    Parameters
    ----------
    scale : Scale
        Real values of its headers.
    attributes : tuple of Attribute
        Attributes that a result keeps while its values are the source's quantity.
    texts : mapping of str to str
        The source's attributes about values → their values as text.
    unit : str
        UCUM code of its unit; empty if it names none.
    window : tuple of float, optional
        Ends of its one window, in real values.
    padding : float, optional
        Real value of its padding.
    is_inverted : bool
        Whether its low values are bright (MONOCHROME1).
    inverts : bool
        Whether the result can be MONOCHROME1, too.
    places : set of str
        Attributes naming a unit that the result can hold.

    Examples
    --------
    >>> Meaning(scale=Scale()).unit
    ''
    """

    scale: Scale
    attributes: tuple[Attribute, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict)
    unit: str = ""
    window: tuple[float, float] | None = None
    padding: float | None = None
    is_inverted: bool = False
    inverts: bool = False
    places: frozenset[str] = frozenset()

    def window_fits(self, array: ArrayFacts) -> bool:
        """Return whether the source's window covers the new values."""
        if self.window is None:
            return False
        if array.low is None or array.high is None:
            return True
        low, high = self.window
        return min(high, array.high) - max(low, array.low) >= _LEAST_OVERLAP * (high - low)

    def outcome(self, keyword: str, relation: ValueRelation, kept_keywords: frozenset[str]) -> str:
        """Return the outcome for an attribute in words."""
        rule = VALUE_RULE_OF[keyword]
        if keyword not in self.texts:
            return "new: the source has no value for it"
        cell = rule.cells[relation]
        if cell in {"keep", "keep if shown"}:
            words = "kept" if keyword in kept_keywords else "dropped"
        else:
            words = OUTCOMES[cell].partition(",")[0]
        return f"{words}: {rule.why}"

    def questions(
        self, relation: ValueRelation, kept_keywords: frozenset[str], stated: frozenset[str]
    ) -> Iterator[tuple[str, str]]:
        """Yield lost source attributes, each with a remedy.

        Parameters
        ----------
        relation : ValueRelation
            Relation of the new values to the source's.
        kept_keywords : set of str
            Attributes that were kept.
        stated : set of str
            Attributes from the user.
        """
        known = kept_keywords | stated
        is_unit_known = bool(known & _UNITS)
        for rule in VALUE_RULES:
            keyword = next((keyword for keyword in rule.keywords if keyword in self.texts), None)
            if keyword is None or not rule.remedy or rule.cells[relation] not in {"ask", "keep"}:
                continue
            is_unit = not _UNITS.isdisjoint(rule.keywords)
            if not known.isdisjoint(rule.keywords) or (is_unit and is_unit_known):
                continue
            is_unit_known = is_unit_known or is_unit
            yield f"{keyword} {self.texts[keyword]}", self._remedy(rule, keyword)

    def _remedy(self, rule: ValueRule, keyword: str) -> str:
        if keyword == "PhotometricInterpretation" and not self.inverts:
            return 'Invert the array so that low values are dark, or write `kind="SC"`'
        if keyword not in {"RescaleType", "Units"}:
            return rule.remedy
        if keyword in self.places:
            return f'Give `metadata={{"{keyword}": "{self.texts[keyword]}"}}` if they are'
        if self.unit:
            return f'Give `units="{self.unit}"` if they are'
        return "State the unit in SeriesDescription if they are"


def meaning_of(source: SourceSeries, kind: Kind) -> Meaning:
    """Return the meaning of numbers for a kind.

    Parameters
    ----------
    source : SourceSeries
        The source; only its headers are known.
    kind : Kind
        Kind of the result.

    Notes
    -----
    PS3.3 sections C.8.2.1 (a CT without RescaleType holds Hounsfield units), C.11.1, C.11.2,
    C.7.6.16.2.11, C.8.9.1.

    Examples
    --------
    >>> from dicomseries.derivation.source.source_series import SourceFrame
    >>> from dicomseries.geometry import Grid
    >>> from dicomseries.iod import CT, SC
    >>> frame = SourceFrame(
    ...     sop_class_uid="1.2", sop_instance_uid="1.3", position_lps=(0.0, 0.0, 0.0)
    ... )
    >>> source = SourceSeries(
    ...     kind="CT", sop_class_uid=CT.sop_class_uid, modality="CT", study_uid="1",
    ...     series_uid="2", frame_of_reference_uid="3",
    ...     grid=Grid(shape=(1, 4, 5), spacing_mm=(1, 1, 2)), frames=(frame,),
    ...     shared=(attribute("RescaleType", "HU"),),
    ... )
    >>> [member.keyword for member in meaning_of(source, CT).attributes]
    ['RescaleType']
    >>> meaning_of(source, SC).attributes
    ()
    """
    facts = facts_of(source)
    rescale_type = _rescale_type(source, facts)
    mapped = _mapped(facts)
    rescale_unit = RESCALE_UNITS.get(rescale_type, "")
    if rescale_unit and not is_same_unit(rescale_unit, unit_code_of("", "", "", mapped)):
        mapped = []  # the source contradicts itself
    window = _window(facts)
    is_inverted = text_of(facts, "PhotometricInterpretation") == "MONOCHROME1"
    row = kind.row("PhotometricInterpretation")
    inverts = row is not None and isinstance(row.source, Polarity) and row.source.inverse
    has_rescale_type = is_of_modality(kind, source.modality) and any(
        row.keyword == "RescaleType" and isinstance(row.source, Choice) for row in kind.all_rows
    )
    has_units = kind.row("Units") is not None
    attributes: list[Attribute] = []
    if has_rescale_type and rescale_type:
        attributes.append(attribute("RescaleType", rescale_type))
    is_family = kind.sop_class_uid == source.sop_class_uid or is_of_modality(kind, source.modality)
    if is_family and not has_units and any(row.keyword == _UNITS_CODE for row in kind.all_rows):
        attributes += mapped
    if kind.row("WindowCenter") or kind.is_multi_frame:
        attributes += window
    if is_inverted and inverts:
        attributes.append(attribute("PhotometricInterpretation", "MONOCHROME1"))
    texts = _value_texts(facts, rescale_type, mapped)
    places = set()
    if has_rescale_type:
        places.add("RescaleType")
    if has_units:
        places.add("Units")
    return Meaning(
        scale=scale_of(facts, is_hounsfield=rescale_type == "HU"),
        attributes=tuple(attributes),
        texts=texts,
        unit=unit_code_of(rescale_type, texts.get("Units", ""), texts.get("SUVType", ""), mapped),
        window=_ends(window),
        padding=_padding(facts),
        is_inverted=is_inverted,
        inverts=inverts,
        places=frozenset(places),
    )


def _rescale_type(source: SourceSeries, facts: Facts) -> str:
    """Return the unit of the source's rescale.

    HU for a CT without one, unless it is a localizer.
    """
    if "RescaleType" in facts:
        text = text_of(facts, "RescaleType")
        if text in _NO_UNIT:
            return ""
        return text
    is_localizer = "LOCALIZER" in text_of(facts, "ImageType").split("\\")
    if source.sop_class_uid == _CT and not is_localizer:
        return "HU"
    return ""


def _mapped(facts: Facts) -> list[Attribute]:
    """Return the constant unit, quantity and labels of maps."""
    members: list[Attribute] = []
    if _MAPPING in facts:
        members = _in_all_items(facts[_MAPPING])
    else:
        for fact in facts.values():
            if fact.group == _MAPPING and fact.constant is not None:
                members.append(fact.constant)
    mapped = []
    for member in members:
        if member.keyword in _MAPPED and not member.is_empty:
            mapped.append(cleaned(member, ()))
    if _UNITS_CODE in by_keyword(mapped):
        return mapped
    return []


def _in_all_items(fact: SourceFact) -> list[Attribute]:
    """Return the attributes equal in the items of all frames."""
    items: list[Item] = []
    for sequence in fact.different:
        if len(sequence.values) != 1 or not isinstance(sequence.values[0], tuple):
            return []
        items.append(sequence.values[0])
    members = []
    for member in items[0]:
        if all(member in item for item in items):
            members.append(member)
    return members


def _window(facts: Facts) -> list[Attribute]:
    """Return the constant window, as DICOM prints it."""
    centers, widths = _decimals(facts, "WindowCenter"), _decimals(facts, "WindowWidth")
    function = text_of(facts, "VOILUTFunction")
    is_exact = function in {"LINEAR_EXACT", "SIGMOID"}
    if not centers or len(centers) != len(widths) or min(widths) <= 0:
        return []
    if min(widths) < 1 and not is_exact:
        return []
    window = [
        attribute("WindowCenter", *map(format_ds, centers)),
        attribute("WindowWidth", *map(format_ds, widths)),
    ]
    explanations = text_of(facts, "WindowCenterWidthExplanation").split("\\")
    if len(explanations) == len(centers) and all(explanations):
        window.append(attribute("WindowCenterWidthExplanation", *explanations))
    if is_exact:  # LINEAR is the default
        window.append(attribute("VOILUTFunction", function))
    return window


def _decimals(facts: Facts, keyword: str) -> list[float]:
    return numbers_in(text_of(facts, keyword).split("\\"))


def _value_texts(facts: Facts, rescale_type: str, mapped: Sequence[Attribute]) -> Mapping[str, str]:
    """Return the texts of attributes about values, without defaults."""
    texts: dict[str, str] = {}
    for keyword in VALUE_RULE_OF:
        if keyword in facts:
            texts[keyword] = facts[keyword].text
    texts["RescaleType"] = rescale_type
    for member in mapped:
        texts[member.keyword] = values_text([member])
        for part in first_item(member):
            if part.keyword in {"CodeValue", "LongCodeValue"} and part.values:
                texts[member.keyword] = str(part.values[0])
                break
    return {keyword: text for keyword, text in texts.items() if text not in _DEFAULTS}


def _ends(window: Sequence[Attribute]) -> tuple[float, float] | None:
    """Return the ends of the first window.

    Viewers open with it.
    """
    if not window:
        return None
    center, width = float(first_text(window[0])), float(first_text(window[1]))
    return center - width / 2, center + width / 2


def _padding(facts: Facts) -> float | None:
    """Return the real value of constant padding."""
    stored, slope, intercept = _decimals(facts, "PixelPaddingValue"), [1.0], [0.0]
    if "RescaleSlope" in facts:
        slope = _decimals(facts, "RescaleSlope")
    if "RescaleIntercept" in facts:
        intercept = _decimals(facts, "RescaleIntercept")
    is_single = len(stored) == len(slope) == len(intercept) == 1
    if not is_single or "PixelPaddingRangeLimit" in facts:
        return None
    return stored[0] * slope[0] + intercept[0]
