"""PET-BIDS: tracer, dose, frames and decay of a sidecar in the keywords and units of DICOM (PS3.3 section C.8.9)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from numbers import Real
from typing import Any

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
    """What a sidecar says of PET; `used` are its keys.

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
    """Return what a PET-BIDS sidecar says, in DICOM's keywords and units.

    Parameters
    ----------
    sidecar : mapping of str to object
        Times in s after TimeZero, activity in the unit of InjectedRadioactivityUnits.

    Examples
    --------
    >>> found = pet_attributes({"Units": "Bq/mL", "InjectedRadioactivity": 350, "InjectedRadioactivityUnits": "MBq"})
    >>> found.attributes["Units"], found.attributes["RadiopharmaceuticalInformationSequence"]
    ('BQML', [{'RadionuclideTotalDose': 350000000.0}])
    """
    found = PetAttributes()
    if not _is_pet(sidecar):
        return found
    _take_texts(sidecar, found)
    _take_drug(sidecar, found)
    _take_frames(sidecar, found)
    _take_decay(sidecar, found)
    return found


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


def _take_texts(sidecar: Mapping[str, Any], found: PetAttributes) -> None:
    unit = _unit(sidecar)
    if unit is not None:
        found.attributes["Units"] = unit
        found.used.add("Units")
    for key, keyword in _TEXTS.items():
        if key in sidecar and keyword not in found.attributes:
            found.attributes[keyword] = sidecar[key]
            found.used.add(key)


def _take_drug(sidecar: Mapping[str, Any], found: PetAttributes) -> None:
    drug: dict[str, Any] = {}
    for key, keyword in _DRUG.items():
        if key in sidecar:
            drug[keyword] = sidecar[key]
            found.used.add(key)
    nuclide = _NUCLIDES.get(_nuclide_name(sidecar.get("TracerRadionuclide")))
    if nuclide is not None:
        code, meaning = nuclide
        item = {"CodeValue": code, "CodingSchemeDesignator": "SCT", "CodeMeaning": meaning}
        drug["RadionuclideCodeSequence"] = [item]
        found.used.add("TracerRadionuclide")
    activity = sidecar.get("InjectedRadioactivity")
    factor = _BECQUERELS.get(str(sidecar.get("InjectedRadioactivityUnits")))
    if _is_number(activity) and factor is not None:
        drug["RadionuclideTotalDose"] = float(activity) * factor  # type: ignore[arg-type]
        found.used |= {"InjectedRadioactivity", "InjectedRadioactivityUnits"}
    injection = _after_zero(sidecar, "InjectionStart")
    if injection is not None:
        drug["RadiopharmaceuticalStartTime"] = injection.time()
        found.used |= {"InjectionStart", "TimeZero"}
    if drug:
        found.attributes["RadiopharmaceuticalInformationSequence"] = [drug]


def _nuclide_name(text: Any) -> str:
    """Return F18 for F18, F-18, [18F] and 18F."""
    plain = re.sub(r"[^A-Z0-9]", "", str(text).upper())
    match = re.fullmatch(r"(\d+)([A-Z]+)", plain)
    return match[2] + match[1] if match else plain


def _take_frames(sidecar: Mapping[str, Any], found: PetAttributes) -> None:
    starts, durations = (
        _numbers(sidecar.get("FrameTimesStart")),
        _numbers(sidecar.get("FrameDuration")),
    )
    if starts is not None:
        found.used.add("FrameTimesStart")
        found.times_s = tuple(starts) if len(starts) > 1 else None
    if durations is not None:
        found.used.add("FrameDuration")
        _say(found, "ActualFrameDuration", [round(1000 * one) for one in durations])
    scan = _after_zero(sidecar, "ScanStart")
    if scan is not None and (starts is None or starts[0] in {0, sidecar["ScanStart"]}):
        found.attributes["AcquisitionTime"] = scan.time()
        found.used |= {"ScanStart", "TimeZero"}


def _take_decay(sidecar: Mapping[str, Any], found: PetAttributes) -> None:
    corrected = sidecar.get("ImageDecayCorrected")
    if corrected is False:
        found.attributes["DecayCorrection"] = "NONE"
        found.used |= {"ImageDecayCorrected", "ImageDecayCorrectionTime", "DecayCorrectionFactor"}
        return
    factors = _numbers(sidecar.get("DecayCorrectionFactor", sidecar.get("DecayFactor")))
    term = _decay_term(sidecar)
    if corrected is not True or term is None or factors is None:
        return
    found.attributes["DecayCorrection"] = term
    _say(found, "DecayFactor", factors)
    found.used |= {
        "ImageDecayCorrected",
        "ImageDecayCorrectionTime",
        "DecayCorrectionFactor",
        "DecayFactor",
    }


def _decay_term(sidecar: Mapping[str, Any]) -> str | None:
    """Return START or ADMIN: whether the time of correction is that of the scan or of the injection."""
    time = sidecar.get("ImageDecayCorrectionTime")
    for key, term in {"ScanStart": "START", "InjectionStart": "ADMIN"}.items():
        start = sidecar.get(key)
        if _is_number(time) and _is_number(start) and abs(float(time) - float(start)) <= _SAME_S:  # type: ignore[arg-type]
            return term
    return None


def _say(found: PetAttributes, keyword: str, values: Sequence[float]) -> None:
    """Give one value to all volumes, or one to each."""
    if len(values) == 1:
        found.attributes[keyword] = values[0]
    else:
        found.per_volume[keyword] = list(values)


def _after_zero(sidecar: Mapping[str, Any], key: str) -> datetime | None:
    """Return the time of day of a number of seconds after TimeZero."""
    zero, after = _CLOCK.fullmatch(str(sidecar.get("TimeZero", "")).strip()), sidecar.get(key)
    if zero is None or not _is_number(after):
        return None
    seconds = 3600 * int(zero[1]) + 60 * int(zero[2]) + float(zero[3]) + float(after)  # type: ignore[arg-type]
    return datetime(2000, 1, 2) + timedelta(seconds=seconds)  # noqa: DTZ001 - a time of day


def _numbers(value: Any) -> list[float] | None:
    values = list(value) if isinstance(value, Sequence) and not isinstance(value, str) else [value]
    return [float(one) for one in values] if values and all(map(_is_number, values)) else None


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)
