"""Units that several attributes state: the code of a map, Units of PET, RescaleType (PS3.3 C.8.9.1, C.11.1)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from types import MappingProxyType

from dicomseries.iod.code_items import PET_UNITS, code_item
from dicomseries.iod.kind import Kind
from dicomseries.standard.attribute import Attribute, Item

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
    """Return the code of a unit that RescaleType, or Units and SUVType, name; None if they name none.

    Examples
    --------
    >>> [one.values[0] for one in item_of_words("", "BQML", "") or ()]
    ['Bq/ml', 'UCUM', 'Becquerels/milliliter']
    """
    word = " ".join(part for part in (units, suv_type) if part)
    return PET_UNITS.get(word) or _RESCALE_ITEMS.get(rescale_type)


def unit_of_item(units: Attribute | None) -> str:
    """Return the code of MeasurementUnitsCodeSequence; empty if it has none.

    Examples
    --------
    >>> from dicomseries.standard.attribute import attribute
    >>> unit_of_item(attribute("MeasurementUnitsCodeSequence", PET_UNITS["BQML"]))
    'Bq/ml'
    """
    item = units.values[0] if units is not None and units.values else ()
    parts = item if isinstance(item, tuple) else ()
    found = (one for one in parts if one.keyword in {"CodeValue", "LongCodeValue"} and one.values)
    return next((str(one.values[0]) for one in found), "")


def unit_code_of(rescale_type: str, units: str, suv_type: str, mapped: Iterable[Attribute]) -> str:
    """Return the UCUM code of a series that states its unit in one of these ways; empty if none is known.

    Examples
    --------
    >>> unit_code_of("HU", "", "", ()), unit_code_of("", "GML", "LBM", ()), unit_code_of("", "", "", ())
    ("[hnsf'U]", 'g/ml{SUVlbm}', '')
    """
    word = " ".join(part for part in (units, suv_type) if part)
    if word in PET_UNITS:
        return _code(PET_UNITS[word])
    code = next((one for one in mapped if one.keyword == "MeasurementUnitsCodeSequence"), None)
    return RESCALE_UNITS.get(rescale_type, "") or unit_of_item(code)


def _code(item: Item) -> str:
    return next(str(one.values[0]) for one in item if one.keyword in {"CodeValue", "LongCodeValue"})


def is_same_unit(one: str, other: str) -> bool:
    """Return whether two UCUM codes name the same unit: annotations in braces and L for l tell none apart.

    Examples
    --------
    >>> is_same_unit("g/ml", "g/ml{SUVbw}"), is_same_unit("Bq/mL", "Bq/ml"), is_same_unit("kBq/ml", "Bq/ml")
    (True, True, False)
    >>> is_same_unit("g/ml{SUVlbm}", "g/ml{SUVbw}")
    False
    """
    first, second = one.replace("L", "l"), other.replace("L", "l")
    if "{" in first and "{" in second:
        return first == second
    return _plain(first) == _plain(second)


def _plain(code: str) -> str:
    return re.sub(r"(?<=.)\{[^}]*\}", "", code)


def pet_term(code: str) -> tuple[str, ...]:
    """Return Units, and SUVType where there is one, of a UCUM code; empty if PET has no term for it.

    Notes
    -----
    PS3.3 section C.8.9.1.1.3.

    Examples
    --------
    >>> pet_term("Bq/ml"), pet_term("g/ml{SUVlbm}"), pet_term("kBq/ml")
    (('BQML',), ('GML', 'LBM'), ())
    """
    same = [word for word, item in PET_UNITS.items() if is_same_unit(code, _code(item))]
    exact = [word for word in same if _code(PET_UNITS[word]) == code]
    found = exact or same
    return tuple(found[0].split(" ")) if found else ()


def is_of_modality(kind: Kind, modality: str) -> bool:
    """Return whether a kind belongs to a modality; a picture of any source (OT) belongs to none.

    Examples
    --------
    >>> from dicomseries.iod import CT, SC
    >>> is_of_modality(CT, "CT"), is_of_modality(SC, "OT")
    (True, False)
    """
    return kind.modality == modality != "OT"


def names_quantity(kind: Kind) -> bool:
    """Return whether ImageType of a kind names the quantity: M, P or ADC of MR (PS3.3 section C.8.3.1.1.1).

    Examples
    --------
    >>> from dicomseries.iod import CT, MR
    >>> names_quantity(MR), names_quantity(CT)
    (True, False)
    """
    return kind.modality == "MR"


def has_hounsfield(kind: Kind) -> bool:
    """Return whether RescaleType of a kind may be HU by its unit alone (PS3.3 sections C.8.2.1 and C.8.15.3.10).

    Examples
    --------
    >>> from dicomseries.iod import CT, SC
    >>> has_hounsfield(CT), has_hounsfield(SC)
    (True, False)
    """
    return kind.modality == "CT" and any(row.keyword == "RescaleType" for row in kind.all_rows)
