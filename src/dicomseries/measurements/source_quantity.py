"""Quantity and unit of a source's real values."""

from __future__ import annotations

from collections.abc import Iterator

from dicomseries.derivation import SourceSeries, meaning_of
from dicomseries.errors import OptionError
from dicomseries.iod import find_kind, is_same_unit
from dicomseries.lazy_dataclass import dataclass
from dicomseries.measurements.concepts import private_concept, ucum_concept
from dicomseries.measurements.ucum_form import ucum_fault
from dicomseries.reading import CodedConcept
from dicomseries.standard.attributes.attribute import Attribute, Item

__all__ = ["Quantity", "quantity_of"]

_TOMOGRAPHIC_ACTIVITY = CodedConcept("110821", "DCM", "Nuclear Medicine Tomographic Activity")
_PIXEL_VALUE = private_concept("Pixel value")

_QUANTITY_OF_UNIT = {
    "[hnsf'U]": CodedConcept("112031", "DCM", "Attenuation Coefficient"),
    "g/ml{SUVbw}": CodedConcept("126401", "DCM", "SUVbw"),
    "g/ml{SUVlbm}": CodedConcept("126402", "DCM", "SUVlbm"),
    "cm2/ml{SUVbsa}": CodedConcept("126403", "DCM", "SUVbsa"),
    "g/ml{SUVibw}": CodedConcept("126404", "DCM", "SUVibw"),
    "g/ml{SUVlbm(Janma)}": CodedConcept("126405", "DCM", "SUVlbm(Janma)"),
    "g/ml{SUVlbm(James128)}": CodedConcept("126406", "DCM", "SUVlbm(James128)"),
    "Bq/ml": _TOMOGRAPHIC_ACTIVITY,
    "{counts}": _TOMOGRAPHIC_ACTIVITY,
    "{counts}/s": _TOMOGRAPHIC_ACTIVITY,
    "{propcounts}": _TOMOGRAPHIC_ACTIVITY,
    "{propcounts}/s": _TOMOGRAPHIC_ACTIVITY,
    "Gy": CodedConcept("128513", "DCM", "Absorbed Dose"),
}
"""UCUM code → the one quantity that is stated in it (PS3.16, CID 7469)."""

_QUANTITY_OF_MODALITY = {"MR": CodedConcept("110852", "DCM", "MR signal intensity")}
"""Modality → quantity of original images without a unit."""

_PROCEDURE_OF_MODALITY = {
    "CT": CodedConcept("25045-6", "LN", "CT unspecified body region"),
    "MR": CodedConcept("25056-3", "LN", "MRI unspecified body region"),
    "NM": CodedConcept("49118-3", "LN", "NM unspecified body region"),
    "PT": CodedConcept("44136-0", "LN", "PET unspecified body region"),
}
_ANY_PROCEDURE = CodedConcept("363679005", "SCT", "Imaging procedure")
"""PS3.16, CID 100."""

_QUANTITY_CODE = "246205007"
_NO_UNIT = "1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """What the real values of a source are.

    Parameters
    ----------
    concept : CodedConcept
        The quantity, such as Attenuation Coefficient.
    unit : CodedConcept
        Its UCUM unit; "1" if the source states none.
    procedure : CodedConcept
        The imaging procedure of the source's modality.
    is_stated : bool
        Whether source or user state the unit.
    """

    concept: CodedConcept
    unit: CodedConcept
    procedure: CodedConcept
    is_stated: bool


def quantity_of(source: SourceSeries, units: str | None = None) -> Quantity:
    """Return quantity and unit of a source's real values.

    Parameters
    ----------
    source : SourceSeries
        The source; only its headers are known.
    units : str, optional
        UCUM code from the user, for a source that states none.

    Raises
    ------
    OptionError
        If `units` is no UCUM code, or another one than the source's.

    Notes
    -----
    PS3.3 sections C.11.1.1.2 (RescaleType), C.8.9.1.1.3 (Units of PET) and C.7.6.16.2.11 (Real
    World Value Mapping).
    """
    code = meaning_of(source, find_kind("ParametricMap")).unit or _dose_unit(source)
    if units is not None:
        _check_units(units, code)
        code = code or units
    return Quantity(
        concept=_concept(source, code),
        unit=ucum_concept(code or _NO_UNIT),
        procedure=_PROCEDURE_OF_MODALITY.get(source.modality, _ANY_PROCEDURE),
        is_stated=bool(code),
    )


def _check_units(units: str, code: str) -> None:
    expected = ucum_fault(units)
    remedy = "Correct the code, or leave it out."
    if not expected and code and not is_same_unit(units, code):
        expected = f"the unit that the source states, {code}"
        remedy = "Leave it out."
    if expected:
        raise OptionError(
            code="units-not-ucum",
            where="units",
            given=repr(units),
            expected=expected,
            remedy=remedy,
        )


def _dose_unit(source: SourceSeries) -> str:
    """Return the unit of RT Dose (PS3.3 C.8.8.3)."""
    stated = source.get("DoseUnits")
    return "Gy" if stated is not None and stated.values == ("GY",) else ""


def _concept(source: SourceSeries, code: str) -> CodedConcept:
    """Return the quantity: stated, that of the unit, or of the modality."""
    stated = next(_stated_quantities(source.shared), None)
    if stated is not None:
        return stated
    if code in _QUANTITY_OF_UNIT:
        return _QUANTITY_OF_UNIT[code]
    if not code and _is_original(source):
        return _QUANTITY_OF_MODALITY.get(source.modality, _PIXEL_VALUE)
    return _PIXEL_VALUE


def _is_original(source: SourceSeries) -> bool:
    """Return whether the scanner's signal is in the pixels, and no map of it."""
    for member in source.all_attributes():
        if member.keyword == "ImageType":
            return member.values[:1] == ("ORIGINAL",)
    return False


def _stated_quantities(members: Item) -> Iterator[CodedConcept]:
    """Yield the codes of QuantityDefinitionSequence, in any depth."""
    for member in members:
        for item in member.values:
            if not isinstance(item, tuple):
                continue
            if member.keyword == "QuantityDefinitionSequence":
                names = _code_in(item, "ConceptNameCodeSequence")
                concept = _code_in(item, "ConceptCodeSequence")
                if concept is not None and names is not None and names.value == _QUANTITY_CODE:
                    yield concept
            else:
                yield from _stated_quantities(item)


def _code_in(item: Item, keyword: str) -> CodedConcept | None:
    for member in item:
        if member.keyword == keyword and member.values and isinstance(member.values[0], tuple):
            return _concept_of(member.values[0])
    return None


def _concept_of(item: Item) -> CodedConcept | None:
    texts: dict[str, str] = {}
    for member in item:
        texts[member.keyword] = _text(member)
    value = texts.get("CodeValue") or texts.get("LongCodeValue") or texts.get("URNCodeValue", "")
    scheme, meaning = texts.get("CodingSchemeDesignator", ""), texts.get("CodeMeaning", "")
    if value and meaning:
        return CodedConcept(value, scheme, meaning)
    return None


def _text(member: Attribute) -> str:
    return str(member.values[0]) if member.values else ""
