"""Units in code sequences, Units of PET, and RescaleType."""

from __future__ import annotations

import re
from collections.abc import Iterable
from types import MappingProxyType

from dicomseries.iod.code_items import PET_UNITS, code_item
from dicomseries.iod.kind import Kind
from dicomseries.standard.attributes.attribute import Attribute, Item

__all__ = [
    "RESCALE_UNITS",
    "has_hounsfield",
    "is_of_modality",
    "is_same_unit",
    "item_of_words",
    "names_quantity",
    "pet_term",
    "unit_code_of",
    "unit_of_item",
]

RESCALE_UNITS = MappingProxyType({"HU": "[hnsf'U]", "MGML": "mg/ml", "PCT": "%"})
"""RescaleType → UCUM code of the same unit; other terms have none."""


_RESCALE_ITEMS = {
    "HU": code_item("[hnsf'U]", "UCUM", "Hounsfield unit"),
    "MGML": code_item("mg/ml", "UCUM", "mg/ml"),
    "PCT": code_item("%", "UCUM", "Percent"),
}


def item_of_words(rescale_type: str, units: str, suv_type: str) -> Item | None:
    """Return the code of the unit in RescaleType or Units.

    With SUVType; None if they name no unit.

    Examples
    --------
    >>> [attr.values[0] for attr in item_of_words("", "BQML", "") or ()]
    ['Bq/ml', 'UCUM', 'Becquerels/milliliter']
    """
    return PET_UNITS.get(f"{units} {suv_type}".strip()) or _RESCALE_ITEMS.get(rescale_type)


def unit_of_item(units: Attribute | None) -> str:
    """Return the code of MeasurementUnitsCodeSequence; empty without one.

    Examples
    --------
    >>> from dicomseries.standard.attributes.attribute import attribute
    >>> unit_of_item(attribute("MeasurementUnitsCodeSequence", PET_UNITS["BQML"]))
    'Bq/ml'
    """
    if units is None or not units.values or not isinstance(units.values[0], tuple):
        return ""
    return _code(units.values[0])


def unit_code_of(rescale_type: str, units: str, suv_type: str, mapped: Iterable[Attribute]) -> str:
    """Return the UCUM code of a series; empty if unknown.

    Examples
    --------
    >>> unit_code_of("HU", "", "", ()), unit_code_of("", "GML", "LBM", ())
    ("[hnsf'U]", 'g/ml{SUVlbm}')
    """
    word = f"{units} {suv_type}".strip()
    if word in PET_UNITS:
        return _code(PET_UNITS[word])
    if rescale_type in RESCALE_UNITS:
        return RESCALE_UNITS[rescale_type]
    for attr in mapped:
        if attr.keyword == "MeasurementUnitsCodeSequence":
            return unit_of_item(attr)
    return ""


def _code(item: Item) -> str:
    for attr in item:
        if attr.keyword in {"CodeValue", "LongCodeValue"} and attr.values:
            return str(attr.values[0])
    return ""


_ANNOTATION = re.compile(r"(?<=.)\{[^}]*\}")


def is_same_unit(code: str, other: str) -> bool:
    """Return whether two UCUM codes name the same unit.

    A missing annotation in braces, and L instead of l, make no difference.

    Examples
    --------
    >>> is_same_unit("g/ml", "g/ml{SUVbw}"), is_same_unit("Bq/mL", "Bq/ml")
    (True, True)
    >>> is_same_unit("g/ml{SUVlbm}", "g/ml{SUVbw}"), is_same_unit("kBq/ml", "Bq/ml")
    (False, False)
    """
    first, second = code.replace("L", "l"), other.replace("L", "l")
    if "{" in first and "{" in second:
        return first == second
    return _ANNOTATION.sub("", first) == _ANNOTATION.sub("", second)


def pet_term(code: str) -> tuple[str, ...]:
    """Return Units and SUVType for a UCUM code.

    Empty if PET has no term for it.

    Notes
    -----
    PS3.3 section C.8.9.1.1.3.

    Examples
    --------
    >>> pet_term("Bq/ml"), pet_term("g/ml{SUVlbm}"), pet_term("kBq/ml")
    (('BQML',), ('GML', 'LBM'), ())
    """
    term = ""
    for word, item in PET_UNITS.items():
        if _code(item) == code:
            return tuple(word.split())
        if not term and is_same_unit(code, _code(item)):
            term = word
    return tuple(term.split())


def is_of_modality(kind: Kind, modality: str) -> bool:
    """Return whether a kind belongs to a modality.

    The modality OT (pictures of any source) belongs to none.

    Examples
    --------
    >>> from dicomseries.iod import CT, SC
    >>> is_of_modality(CT, "CT"), is_of_modality(SC, "OT")
    (True, False)
    """
    return kind.modality == modality != "OT"


def names_quantity(kind: Kind) -> bool:
    """Return whether ImageType of a kind names the quantity.

    M, P or ADC of MR (PS3.3 section C.8.3.1.1.1).

    Examples
    --------
    >>> from dicomseries.iod import CT, MR
    >>> names_quantity(MR), names_quantity(CT)
    (True, False)
    """
    return kind.modality == "MR"


def has_hounsfield(kind: Kind) -> bool:
    """Return whether RescaleType of a kind may be HU.

    PS3.3 sections C.8.2.1 and C.8.15.3.10.

    Examples
    --------
    >>> from dicomseries.iod import CT, SC
    >>> has_hounsfield(CT), has_hounsfield(SC)
    (True, False)
    """
    return kind.modality == "CT" and any(row.keyword == "RescaleType" for row in kind.all_rows)
