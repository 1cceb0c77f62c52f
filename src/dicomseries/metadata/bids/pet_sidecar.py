"""PET-BIDS sidecars → keywords and units of DICOM (PS3.3 C.8.9)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import datetime, timedelta
from numbers import Real
from typing import Any

from dicomseries.lazy_dataclass import dataclass

__all__ = ["PetAttributes", "pet_attributes"]

_BECQUERELS = {
    "Bq": 1.0,
    "kBq": 1e3,
    "MBq": 1e6,
    "GBq": 1e9,
    "uCi": 3.7e4,
    "mCi": 3.7e7,
    "Ci": 3.7e10,
}
_UNITS = {
    "bq/ml": "BQML",
    "bqml": "BQML",
    "cps": "CPS",
    "cnts": "CNTS",
    "counts": "CNTS",
    "g/ml": "GML",
    "gml": "GML",
}
_NUCLIDES = {
    "C11": ("40565003", "^11^Carbon"),
    "N13": ("21576001", "^13^Nitrogen"),
    "O15": ("129504001", "^15^Oxygen"),
    "F18": ("77004003", "^18^Fluorine"),
    "CU64": ("3932008", "^64^Copper"),
    "GA68": ("35337001", "^68^Gallium"),
    "RB82": ("79197006", "^82^Rubidium"),
    "ZR89": ("63360001", "^89^Zirconium"),
    "I124": ("40937006", "^124^Iodine"),
}
"""Name in a sidecar, in capitals → code and meaning of SNOMED CT (PS3.16 CID 4020)."""

_DRUG = {
    "TracerName": "Radiopharmaceutical",
    "InjectedVolume": "RadiopharmaceuticalVolume",
    "RadionuclidePositronFraction": "RadionuclidePositronFraction",
    "RadionuclideHalfLife": "RadionuclideHalfLife",
}
"""Keys → attributes of the radiopharmaceutical; mL and s in both."""

_TEXTS = {
    "AttenuationCorrection": "AttenuationCorrectionMethod",
    "AttenuationCorrectionMethod": "AttenuationCorrectionMethod",
    "ReconMethodName": "ReconstructionMethod",
    "ReconstructionMethod": "ReconstructionMethod",
    "DoseCalibrationFactor": "DoseCalibrationFactor",
}
_CLOCK = re.compile(r"(\d{1,2}):(\d{2}):(\d{2}(?:\.\d+)?)")
_SAME_S = 0.5


@dataclass(kw_only=True)
class PetAttributes:
    """Attributes of PET from a sidecar.

    `used` are the keys they come from.

    Examples
    --------
    >>> PetAttributes().times_s is None
    True
    """

    attributes: dict[str, Any] = field(default_factory=dict)
    per_volume: dict[str, Any] = field(default_factory=dict)
    times_s: tuple[float, ...] | None = None
    used: set[str] = field(default_factory=set)


def pet_attributes(sidecar: Mapping[str, Any]) -> PetAttributes:
    """Return a PET-BIDS sidecar in DICOM's keywords and units.

    Parameters
    ----------
    sidecar : mapping of str to object
        Times in s after TimeZero, activity in the unit of InjectedRadioactivityUnits.

    Examples
    --------
    >>> dose = {"InjectedRadioactivity": 350, "InjectedRadioactivityUnits": "MBq"}
    >>> pet_attributes({"Units": "Bq/mL", **dose}).attributes
    {'Units': 'BQML',
     'RadiopharmaceuticalInformationSequence': [{'RadionuclideTotalDose': 350000000.0}]}
    """
    pet = PetAttributes()
    if not _is_pet(sidecar):
        return pet
    _add_texts(sidecar, pet)
    _add_drug(sidecar, pet)
    _add_frames(sidecar, pet)
    _add_decay(sidecar, pet)
    return pet


def _is_pet(sidecar: Mapping[str, Any]) -> bool:
    keys = {
        "TracerName",
        "TracerRadionuclide",
        "InjectedRadioactivity",
        "FrameTimesStart",
        "TimeZero",
    }
    return (
        sidecar.get("Modality") in {"PT", "PET"}
        or not keys.isdisjoint(sidecar)
        or _unit(sidecar) is not None
    )


def _unit(sidecar: Mapping[str, Any]) -> str | None:
    return _UNITS.get(str(sidecar.get("Units", "")).lower().replace(" ", ""))


def _add_texts(sidecar: Mapping[str, Any], pet: PetAttributes) -> None:
    unit = _unit(sidecar)
    if unit is not None:
        pet.attributes["Units"] = unit
        pet.used.add("Units")
    for key, keyword in _TEXTS.items():
        if key in sidecar and keyword not in pet.attributes:
            pet.attributes[keyword] = sidecar[key]
            pet.used.add(key)


def _add_drug(sidecar: Mapping[str, Any], pet: PetAttributes) -> None:
    drug: dict[str, Any] = {}
    for key, keyword in _DRUG.items():
        if key in sidecar:
            drug[keyword] = sidecar[key]
            pet.used.add(key)
    nuclide = _NUCLIDES.get(_nuclide_name(sidecar.get("TracerRadionuclide")))
    if nuclide is not None:
        code, meaning = nuclide
        item = {"CodeValue": code, "CodingSchemeDesignator": "SCT", "CodeMeaning": meaning}
        drug["RadionuclideCodeSequence"] = [item]
        pet.used.add("TracerRadionuclide")
    activity: Any = sidecar.get("InjectedRadioactivity")
    factor = _BECQUERELS.get(str(sidecar.get("InjectedRadioactivityUnits")))
    if _is_number(activity) and factor is not None:
        drug["RadionuclideTotalDose"] = float(activity) * factor
        pet.used |= {"InjectedRadioactivity", "InjectedRadioactivityUnits"}
    injection = _after_zero(sidecar, "InjectionStart")
    if injection is not None:
        drug["RadiopharmaceuticalStartTime"] = injection.time()
        pet.used |= {"InjectionStart", "TimeZero"}
    if drug:
        pet.attributes["RadiopharmaceuticalInformationSequence"] = [drug]


def _nuclide_name(text: Any) -> str:
    """Return F18 for F18, F-18, [18F] and 18F."""
    plain = re.sub(r"[^A-Z0-9]", "", str(text).upper())
    return re.sub(r"\A(\d+)([A-Z]+)\Z", r"\2\1", plain)


def _add_frames(sidecar: Mapping[str, Any], pet: PetAttributes) -> None:
    starts = _numbers(sidecar.get("FrameTimesStart"))
    durations = _numbers(sidecar.get("FrameDuration"))
    if starts is not None:
        pet.used.add("FrameTimesStart")
        pet.times_s = tuple(starts) if len(starts) > 1 else None
    if durations is not None:
        pet.used.add("FrameDuration")
        _set(pet, "ActualFrameDuration", [round(1000 * seconds) for seconds in durations])
    scan = _after_zero(sidecar, "ScanStart")
    if scan is not None and (starts is None or starts[0] in {0, sidecar["ScanStart"]}):
        pet.attributes["AcquisitionTime"] = scan.time()
        pet.used |= {"ScanStart", "TimeZero"}


def _add_decay(sidecar: Mapping[str, Any], pet: PetAttributes) -> None:
    corrected = sidecar.get("ImageDecayCorrected")
    if corrected is False:
        pet.attributes["DecayCorrection"] = "NONE"
        pet.used |= {"ImageDecayCorrected", "ImageDecayCorrectionTime", "DecayCorrectionFactor"}
        return
    factors = _numbers(sidecar.get("DecayCorrectionFactor", sidecar.get("DecayFactor")))
    term = _decay_term(sidecar)
    if corrected is not True or term is None or factors is None:
        return
    pet.attributes["DecayCorrection"] = term
    _set(pet, "DecayFactor", factors)
    pet.used |= {
        "ImageDecayCorrected",
        "ImageDecayCorrectionTime",
        "DecayCorrectionFactor",
        "DecayFactor",
    }


def _decay_term(sidecar: Mapping[str, Any]) -> str | None:
    """Return the term for the time of decay correction."""
    time: Any = sidecar.get("ImageDecayCorrectionTime")
    if not _is_number(time):
        return None
    for key, term in {"ScanStart": "START", "InjectionStart": "ADMIN"}.items():
        start: Any = sidecar.get(key)
        if _is_number(start) and abs(float(time) - float(start)) <= _SAME_S:
            return term
    return None


def _set(pet: PetAttributes, keyword: str, values: Sequence[float]) -> None:
    """Set one value for all volumes, or one for each."""
    if len(values) == 1:
        pet.attributes[keyword] = values[0]
    else:
        pet.per_volume[keyword] = list(values)


def _after_zero(sidecar: Mapping[str, Any], key: str) -> datetime | None:
    """Return TimeZero plus the seconds of a key."""
    zero = _CLOCK.fullmatch(str(sidecar.get("TimeZero", "")).strip())
    after: Any = sidecar.get(key)
    if zero is None or not _is_number(after):
        return None
    seconds = 3600 * int(zero[1]) + 60 * int(zero[2]) + float(zero[3]) + float(after)
    return datetime(2000, 1, 2) + timedelta(seconds=seconds)  # noqa: DTZ001 - a time of day


def _numbers(value: Any) -> list[float] | None:
    values = [value]
    if isinstance(value, Sequence) and not isinstance(value, str):
        values = list(value)
    if not values or not all(map(_is_number, values)):
        return None
    return list(map(float, values))


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)
