"""Items of code sequences (PS3.3 section 8.8)."""

from __future__ import annotations

from dicomseries.standard.attributes.attribute import Item, attribute
from dicomseries.standard.attributes.body_parts import REGIONS

__all__ = ["BODY_PARTS", "NO_UNITS", "PAIRED_BODY_PARTS", "PET_UNITS", "PHANTOM", "code_item"]


def code_item(value: str, scheme: str, meaning: str) -> Item:
    """Return the item of a code sequence.

    Parameters
    ----------
    value : str
        CodeValue, at most 16 characters; longer codes become a LongCodeValue.
    scheme : str
        CodingSchemeDesignator.
    meaning : str
        CodeMeaning.

    Examples
    --------
    >>> [attr.values[0] for attr in code_item("1", "UCUM", "no units")]
    ['1', 'UCUM', 'no units']
    >>> code_item("g/ml{SUVlbm(Janma)}", "UCUM", "SUV lbm")[-1].keyword
    'LongCodeValue'
    """
    code = attribute("CodeValue" if len(value) <= _CODE_VALUE_CHARS else "LongCodeValue", value)
    scheme_and_meaning = (
        attribute("CodingSchemeDesignator", scheme),
        attribute("CodeMeaning", meaning),
    )
    return tuple(sorted((code, *scheme_and_meaning), key=lambda attr: attr.tag))


_CODE_VALUE_CHARS = 16
"""Most characters of a CodeValue, VR SH (PS3.3 section 8.1)."""

PHANTOM = code_item("706342009", "SCT", "Phantom")
"""CID 4031: for arrays of unknown anatomy."""

BODY_PARTS: dict[str, Item] = {
    word: code_item(region.code, "SCT", region.meaning) for word, region in REGIONS.items()
}
"""BodyPartExamined → the item of AnatomicRegionSequence."""

PAIRED_BODY_PARTS = tuple(word for word, region in REGIONS.items() if region.is_paired)
"""BodyPartExamined of regions with a left and a right one."""

NO_UNITS = code_item("1", "UCUM", "no units")
"""CID 7181: a number without a unit."""

_SUV = "Standardized Uptake Value "

PET_UNITS: dict[str, Item] = {
    word: code_item(value, "UCUM", meaning)
    for word, value, meaning in (
        ("NONE", "1", "no units"),
        ("CNTS", "{counts}", "Counts"),
        ("CM2", "cm2", "Centimeter**2"),
        ("CM2ML", "cm2/ml", "Centimeter**2/milliliter"),
        ("PCNT", "%", "Percent"),
        ("CPS", "{counts}/s", "Counts per second"),
        ("BQML", "Bq/ml", "Becquerels/milliliter"),
        ("MGMINML", "mg/min/ml", "Milligrams/minute/milliliter"),
        ("UMOLMINML", "umol/min/ml", "Micromole/minute/milliliter"),
        ("MLMING", "ml/min/g", "Milliliter/minute/gram"),
        ("MLG", "ml/g", "Milliliter/gram"),
        ("1CM", "/cm", "/Centimeter"),
        ("UMOLML", "umol/ml", "Micromole/milliliter"),
        ("PROPCNTS", "{propcounts}", "Proportional to counts"),
        ("PROPCPS", "{propcounts}/s", "Proportional to counts per second"),
        # section C.8.9.1.1.3: SUVType is BW for GML alone
        ("GML", "g/ml{SUVbw}", f"{_SUV}body weight"),
        ("GML BW", "g/ml{SUVbw}", f"{_SUV}body weight"),
        ("GML LBM", "g/ml{SUVlbm}", f"{_SUV}lean body mass (James)"),
        (
            "GML LBMJAMES128",
            "g/ml{SUVlbm(James128)}",
            f"{_SUV}lean body mass (James 128 multiplier)",
        ),
        ("GML LBMJANMA", "g/ml{SUVlbm(Janma)}", f"{_SUV}lean body mass (Janma)"),
        ("GML IBW", "g/ml{SUVibw}", f"{_SUV}ideal body weight"),
        ("CM2ML BSA", "cm2/ml{SUVbsa}", f"{_SUV}body surface area"),
    )
}
"""Units, with SUVType if set → the item of MeasurementUnitsCodeSequence (CID 84)."""
