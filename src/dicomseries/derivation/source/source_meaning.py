"""`Meaning`: what a source says of its numbers, and what of that a derived series takes over."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from dicomseries.derivation.attributes.decisions import shown
from dicomseries.derivation.rules.value_rules import JUDGED, OUTCOMES, VALUE_RULES, ValueRule
from dicomseries.derivation.source.source_facts import SourceFact, cleaned, facts_of
from dicomseries.derivation.source.source_series import SourceSeries
from dicomseries.derivation.source.value_relation import ArrayFacts, Scale, ValueRelation, scale_of
from dicomseries.iod import (
    RESCALE_UNITS,
    Choice,
    Kind,
    Polarity,
    is_of_modality,
    is_same_unit,
    unit_code_of,
)
from dicomseries.standard.attribute import Attribute, attribute
from dicomseries.standard.decimal_string import format_ds

__all__ = ["Meaning", "meaning_of"]

Facts = Mapping[str, SourceFact]

_CT = "1.2.840.10008.5.1.4.1.1.2"
_MAPPING = "RealWorldValueMappingSequence"
_MAPPED = (
    "MeasurementUnitsCodeSequence",
    "QuantityDefinitionSequence",
    "LUTLabel",
    "LUTExplanation",
)
_WINDOW = ("WindowCenter", "WindowWidth", "WindowCenterWidthExplanation", "VOILUTFunction")
_LEAST_SHOWN = 0.1
"""Part of a window that the new values must meet."""
_UNITS = frozenset({"RescaleType", "MeasurementUnitsCodeSequence", "Units"})
_NO_UNIT = frozenset({"", "US", "NONE"})
"""Texts that name no unit."""
_NEUTRAL = frozenset({*_NO_UNIT, "MONOCHROME2", "IDENTITY", "LINEAR"})
"""Texts that say nothing but what a series without them does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What a source says of its numbers, as far as one kind of result has a place for it.

    Parameters
    ----------
    scale : Scale
        The real values that its headers speak of.
    attributes : tuple of Attribute
        What a result takes over while its values are the source's quantity.
    says : mapping of str to str
        Attributes about values that the source has → their values as texts.
    unit : str
        UCUM code of its unit, empty if it names none.
    window : tuple of float, optional
        Ends of its one window, in real values.
    padding : float, optional
        Real value of its padding.
    is_inverted : bool
        Whether its low values are bright (MONOCHROME1).
    inverts : bool
        Whether the result can say so too.
    places : set of str
        Attributes that name a unit and have a place in the result.

    Examples
    --------
    >>> Meaning(scale=Scale()).unit
    ''
    """

    scale: Scale
    attributes: tuple[Attribute, ...] = ()
    says: Mapping[str, str] = field(default_factory=dict)
    unit: str = ""
    window: tuple[float, float] | None = None
    padding: float | None = None
    is_inverted: bool = False
    inverts: bool = False
    places: frozenset[str] = frozenset()

    @property
    def keywords(self) -> frozenset[str]:
        """What is taken over for as long as the values are the source's quantity."""
        return frozenset(one.keyword for one in self.attributes)

    def shows(self, array: ArrayFacts) -> bool:
        """Return whether the source's window shows enough of the new values to be theirs."""
        if self.window is None:
            return False
        if array.low is None or array.high is None:
            return True
        low, high = self.window
        return min(high, array.high) - max(low, array.low) >= _LEAST_SHOWN * (high - low)

    def outcome(self, keyword: str, relation: ValueRelation, taken: frozenset[str]) -> str:
        """Return what became of an attribute in words, for the table of a dry run."""
        rule = JUDGED[keyword]
        if keyword not in self.says:
            return "new: the source says nothing of its values by it"
        cell = rule.cells[relation]
        if cell in {"keep", "keep if shown"}:
            words = "kept" if keyword in taken else "dropped"
        else:
            words = OUTCOMES[cell].partition(",")[0]
        return f"{words}: {rule.why}"

    def asked(
        self, relation: ValueRelation, taken: frozenset[str], stated: frozenset[str]
    ) -> Iterator[tuple[str, str]]:
        """Yield what the source says and the result does not, with what a user who knows better does.

        Parameters
        ----------
        relation : ValueRelation
            Of the new values to the source's.
        taken : set of str
            Attributes that were taken over.
        stated : set of str
            Attributes that the user has given.
        """
        is_unit_asked = bool((taken | stated) & _UNITS)
        for rule in VALUE_RULES:
            there = next((one for one in rule.keywords if one in self.says), None)
            is_unit = bool(_UNITS.intersection(rule.keywords))
            if there is None or not rule.remedy or rule.cells[relation] not in {"ask", "keep"}:
                continue
            if (taken | stated).intersection(rule.keywords) or (is_unit and is_unit_asked):
                continue
            is_unit_asked = is_unit_asked or is_unit
            yield f"{there} {self.says[there]}", self._remedy(rule, there)

    def _remedy(self, rule: ValueRule, keyword: str) -> str:
        """Return what a user does who knows that the source's word still holds."""
        if keyword == "PhotometricInterpretation" and not self.inverts:
            return 'Invert the array so that low values are dark, or write `kind="SC"`'
        if keyword not in {"RescaleType", "Units"}:
            return rule.remedy
        if keyword in self.places:
            return f'Give `metadata={{"{keyword}": "{self.says[keyword]}"}}` if they are'
        return (
            f'Give `units="{self.unit}"` if they are'
            if self.unit
            else "Say so in SeriesDescription if they are"
        )


def meaning_of(source: SourceSeries, kind: Kind) -> Meaning:
    """Return what a source says of its numbers, and what a result of a kind may take over of it.

    Parameters
    ----------
    source : SourceSeries
        The series; only headers are known of it.
    kind : Kind
        Of the result.

    Notes
    -----
    PS3.3 sections C.8.2.1 (a CT without RescaleType holds Hounsfield units), C.11.1, C.11.2, C.7.6.16.2.11, C.8.9.1.

    Examples
    --------
    >>> from dicomseries.derivation.source.source_series import SourceFrame
    >>> from dicomseries.geometry import Grid
    >>> from dicomseries.iod import CT, SC
    >>> frame = SourceFrame(sop_class_uid="1.2", sop_instance_uid="1.3", position_lps=(0.0, 0.0, 0.0))
    >>> source = SourceSeries(kind="CT", sop_class_uid=CT.sop_class_uid, modality="CT", study_uid="1", series_uid="2",
    ...                 frame_of_reference_uid="3", grid=Grid(shape=(1, 4, 5), spacing_mm=(1, 1, 2)), frames=(frame,),
    ...                 shared=(attribute("RescaleType", "HU"),))
    >>> [one.keyword for one in meaning_of(source, CT).attributes], meaning_of(source, SC).attributes
    (['RescaleType'], ())
    """
    facts = facts_of(source)
    rescale_type = _rescale_type(source, facts)
    mapped = _mapped(facts)
    known = RESCALE_UNITS.get(rescale_type, "")
    if known and not is_same_unit(known, unit_code_of("", "", "", mapped)):
        mapped = []  # the source contradicts itself
    window = _window(facts)
    polarity = _text(facts, "PhotometricInterpretation") == "MONOCHROME1"
    row = kind.row("PhotometricInterpretation")
    inverts = row is not None and isinstance(row.source, Polarity) and row.source.inverse
    says = {keyword: shown(facts[keyword].frames) for keyword in JUDGED if keyword in facts}
    says |= {"RescaleType": rescale_type} | {one.keyword: _code_text(one) for one in mapped}
    says = {keyword: text for keyword, text in says.items() if text not in _NEUTRAL}
    is_family = kind.sop_class_uid == source.sop_class_uid or is_of_modality(kind, source.modality)
    attributes = [
        *(
            [attribute("RescaleType", rescale_type)]
            if _has_rescale_type(source, kind) and rescale_type
            else []
        ),
        *(mapped if is_family and kind.row("Units") is None and _has_mapping(kind) else []),
        *(window if kind.row("WindowCenter") or kind.is_multi_frame else []),
        *([attribute("PhotometricInterpretation", "MONOCHROME1")] if polarity and inverts else []),
    ]
    return Meaning(
        scale=scale_of(facts, is_hounsfield=rescale_type == "HU"),
        attributes=tuple(attributes),
        says=says,
        unit=unit_code_of(rescale_type, says.get("Units", ""), says.get("SUVType", ""), mapped),
        window=_ends(window),
        padding=_padding(facts),
        is_inverted=polarity,
        inverts=inverts,
        places=frozenset(
            keyword
            for keyword, has_place in (
                ("RescaleType", _has_rescale_type(source, kind)),
                ("Units", kind.row("Units") is not None),
            )
            if has_place
        ),
    )


def _text(facts: Facts, keyword: str) -> str:
    fact = facts.get(keyword)
    constant = None if fact is None else fact.constant
    if constant is None or constant.is_empty or constant.vr == "SQ":
        return ""
    return "\\".join(str(value).strip() for value in constant.values)


def _code_text(one: Attribute) -> str:
    """Return the code of an item, or the text of an attribute."""
    item = one.values[0] if one.vr == "SQ" and one.values else ()
    parts = item if isinstance(item, tuple) else ()
    found = (
        str(part.values[0])
        for part in parts
        if part.keyword in {"CodeValue", "LongCodeValue"} and part.values
    )
    return next(found, shown([one]))


def _rescale_type(source: SourceSeries, facts: Facts) -> str:
    """Return the unit of the source's rescale; a CT image that is silent means HU, unless it is a localizer."""
    if "RescaleType" in facts:
        text = _text(facts, "RescaleType")
        return "" if text in _NO_UNIT else text
    is_localizer = "LOCALIZER" in _text(facts, "ImageType").split("\\")
    return "HU" if source.sop_class_uid == _CT and not is_localizer else ""


def _has_rescale_type(source: SourceSeries, kind: Kind) -> bool:
    """Whether a result may have the source's unit: of one modality, which Secondary Capture has none of."""
    rows = (
        row
        for row in kind.all_rows
        if row.keyword == "RescaleType" and isinstance(row.source, Choice)
    )
    return is_of_modality(kind, source.modality) and any(rows)


def _has_mapping(kind: Kind) -> bool:
    return any(row.keyword == "MeasurementUnitsCodeSequence" for row in kind.all_rows)


def _mapped(facts: Facts) -> list[Attribute]:
    """Return unit, quantity and names of the real-world map, where all frames have one map with the same."""
    if _MAPPING in facts:
        fact = facts[_MAPPING]
        sequences = [one.values for one in dict.fromkeys(fact.frames) if one is not None]
        items = [
            values[0] for values in sequences if len(values) == 1 and isinstance(values[0], tuple)
        ]
        if len(items) < len(sequences):
            return []
        found = [{one.keyword: one for one in item} for item in items]
        same = [
            one
            for one in found[0].values()
            if all(other.get(one.keyword) == one for other in found)
        ]
    else:
        same = [
            fact.constant
            for fact in facts.values()
            if fact.group == _MAPPING and fact.constant is not None
        ]
    kept = [cleaned(one, ()) for one in same if one.keyword in _MAPPED and not one.is_empty]
    return kept if any(one.keyword == "MeasurementUnitsCodeSequence" for one in kept) else []


def _window(facts: Facts) -> list[Attribute]:
    """Return the window that all frames have, in numbers as DICOM prints them."""
    centers, widths = _decimals(facts, "WindowCenter"), _decimals(facts, "WindowWidth")
    function = _text(facts, "VOILUTFunction")
    least = 0.0 if function in {"LINEAR_EXACT", "SIGMOID"} else 1.0
    if not centers or len(centers) != len(widths) or min(widths) < least or min(widths) <= 0:
        return []
    texts = _text(facts, "WindowCenterWidthExplanation").split("\\")
    found = [
        attribute("WindowCenter", *map(format_ds, centers)),
        attribute("WindowWidth", *map(format_ds, widths)),
    ]
    if len(texts) == len(centers) and all(texts):
        found.append(attribute("WindowCenterWidthExplanation", *texts))
    if function in {"LINEAR_EXACT", "SIGMOID"}:  # LINEAR goes without saying
        found.append(attribute("VOILUTFunction", function))
    return found


def _decimals(facts: Facts, keyword: str) -> list[float]:
    try:
        found = [float(part) for part in _text(facts, keyword).split("\\")]
    except ValueError:
        return []
    return found if all(map(math.isfinite, found)) else []


def _ends(window: Sequence[Attribute]) -> tuple[float, float] | None:
    """Return the ends of the first window, which viewers open with."""
    if not window:
        return None
    center, width = (float(str(one.values[0])) for one in window[:2])
    return center - width / 2, center + width / 2


def _padding(facts: Facts) -> float | None:
    """Return the real value of the source's padding, where it is one value and one rescale for all."""
    if "PixelPaddingRangeLimit" in facts:
        return None
    stored = _decimals(facts, "PixelPaddingValue")
    slope = _decimals(facts, "RescaleSlope") or ([1.0] if "RescaleSlope" not in facts else [])
    intercept = _decimals(facts, "RescaleIntercept") or (
        [0.0] if "RescaleIntercept" not in facts else []
    )
    if len(stored) != 1 or len(slope) != 1 or len(intercept) != 1:
        return None
    return stored[0] * slope[0] + intercept[0]
