"""BIDS sidecars → keywords and units of DICOM."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field
from datetime import datetime, timedelta
from numbers import Real
from types import MappingProxyType
from typing import Any

from dicomseries.errors import MetadataError
from dicomseries.lazy_dataclass import dataclass
from dicomseries.metadata.bids.bids_keys import is_bids_key, unit_of_key
from dicomseries.metadata.bids.pet_sidecar import pet_attributes
from dicomseries.metadata.convert_values import attribute_of
from dicomseries.standard.dictionary import is_keyword

__all__ = ["Sidecar", "reject_sidecar", "sidecar_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sidecar:
    """A BIDS sidecar in keywords and units of DICOM.

    Parameters
    ----------
    attributes : mapping of str to object
        DICOM keyword → value, one for all volumes.
    per_volume : mapping of str to list
        DICOM keyword → one value per volume.
    times_s : tuple of float, optional
        Start of each volume in seconds.
    ignored : tuple of str
        Keys without a keyword in DICOM, or with a value that does not fit.

    Examples
    --------
    >>> Sidecar(attributes={"EchoTime": 2.98}).ignored
    ()
    """

    attributes: Mapping[str, Any] = field(default_factory=dict)
    per_volume: Mapping[str, Any] = field(default_factory=dict)
    times_s: tuple[float, ...] | None = None
    ignored: tuple[str, ...] = ()


# -------------------------------------------------------------------------------------- recognition
_TOOL_KEYS = frozenset(
    """
    AcquisitionMatrixPE BidsGuess BidsVersion ConversionSoftware ConversionSoftwareVersion
    ImageOrientationText PhaseEncodingAxis PhaseEncodingPolarityGE PhilipsRescaleSlope
    PhilipsScaleSlope PhilipsRWVSlope ReconMatrixPE RawImage ShimSetting TxRefAmp
    PhaseResolution ReceiveCoilActiveElements CoilString EstimatedEffectiveEchoSpacing
    EstimatedTotalReadoutTime DerivedVendorReportedEchoSpacing UsePhilipsFloatNotDisplayScaling
    """.split()  # noqa: SIM905 - a list of words
)
"""Keys of dcm2niix that BIDS does not define."""

_SECONDS: Mapping[str, float] = MappingProxyType(
    {"EchoTime": 0.1, "RepetitionTime": 20.0, "InversionTime": 10.0}
)
"""No scan has all three times below these limits in ms: then they are seconds of a sidecar."""

_CERTAIN = frozenset(
    {
        "BidsVersion",
        "ConversionSoftware",
        "PhaseEncodingDirection",
        "SliceTiming",
        "FrameTimesStart",
    }
)


def reject_sidecar(mapping: Mapping[Any, Any]) -> None:
    """Reject a BIDS sidecar passed as DICOM attributes.

    Times of a sidecar are in seconds, those of DICOM in milliseconds.

    Raises
    ------
    MetadataError
        If there is one key of sidecars only, or two that are no DICOM keywords; if echo,
        repetition and inversion time are all shorter than those of any scan.

    Examples
    --------
    >>> reject_sidecar({"EchoTime": 2.98, "PatientID": "1"})
    """
    keys = list(filter(_is_sidecar_key, mapping))
    certain = [key for key in keys if key in _CERTAIN]
    if all(_is_below(mapping.get(key), limit) for key, limit in _SECONDS.items()):
        keys = keys or list(_SECONDS)
    elif len(keys) < 2 and not certain:
        return
    first = (certain or keys)[0]
    more = f" and {len(keys) - 1} more of its keys" if len(keys) > 1 else ""
    raise MetadataError(
        code="metadata-is-bids",
        where="metadata",
        given=f"a BIDS sidecar: it has {first}{more}",
        expected="DICOM keywords in units of DICOM; times of a sidecar are in seconds, those of "
        "DICOM in milliseconds",
        remedy="Pass `bids=` with this file or mapping: its names and units are converted. Give "
        "other attributes in `metadata=`.",
    )


def _is_sidecar_key(key: Any) -> bool:
    if key in _TOOL_KEYS or is_bids_key(key):
        return True
    return isinstance(key, str) and key.endswith("DICOM") and not is_keyword(key)


def _is_below(value: Any, limit: float) -> bool:
    return _is_number(value) and 0 < float(value) < limit


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


# --------------------------------------------------------------------------------------- conversion
_SAME = """
    AccessionNumber AcquisitionNumber BodyPartExamined ConvolutionKernel DeidentificationMethod
    DeviceSerialNumber EchoTime EchoTrainLength FlipAngle ImageComments ImagingFrequency
    InstitutionAddress InstitutionName InstitutionalDepartmentName InversionTime KVP
    MRAcquisitionType MagneticFieldStrength Manufacturer NumberOfAverages PatientAge
    PatientBirthDate PatientID PatientName PatientPosition PatientSex PatientSize PatientWeight
    PercentSampling PixelBandwidth ProtocolName ReceiveCoilName ReferringPhysicianName
    RepetitionTime SAR SeriesDescription SeriesNumber SequenceName SoftwareVersions StationName
    StudyDescription StudyID TransmitCoilName XRayTubeCurrent
"""
"""Keys that are DICOM keywords with the same meaning."""

_RENAMED: Mapping[str, str] = MappingProxyType(
    {
        **{key: key for key in _SAME.split()},
        "BodyPart": "BodyPartExamined",
        "ContrastBolusIngredient": "ContrastBolusIngredient",
        "EchoNumber": "EchoNumbers",
        "ManufacturersModelName": "ManufacturerModelName",
        "PercentPhaseFOV": "PercentPhaseFieldOfView",
        "ProcedureStepDescription": "PerformedProcedureStepDescription",
        "RepetitionTimeExcitation": "RepetitionTime",
        "XRayExposure": "Exposure",
    }
)
"""Key of a sidecar → DICOM keyword."""

_DICOM_UNITS: Mapping[str, str] = MappingProxyType(
    {"EchoTime": "ms", "InversionTime": "ms", "RepetitionTime": "ms"}
)
"""DICOM keyword → its unit, where BIDS has another."""

_FACTORS = {("s", "ms"): 1000.0}
_LISTS = {"ScanningSequence": None, "SequenceVariant": None, "ScanOptions": None}
_OPTIONS = frozenset({"PER", "RG", "CG", "PPG", "FC", "PFF", "PFP", "SP", "FS"})
"""Defined terms of ScanOptions (PS3.3 section C.8.3.1), which dcm2niix joins by an underscore."""

_SILENT = frozenset(
    {"Modality", "ConversionSoftware", "ConversionSoftwareVersion", "BidsVersion", "BidsGuess"}
)
"""Keys about the sidecar itself."""

_CLOCK = re.compile(r"(\d{1,2}):(\d{2}):(\d{2}(?:\.\d+)?)")


def sidecar_of(sidecar: Mapping[str, Any]) -> Sidecar:
    """Return a BIDS sidecar in DICOM's keywords and units.

    Parameters
    ----------
    sidecar : mapping of str to object
        As dcm2niix, PET2BIDS and others write it: times in seconds.

    Notes
    -----
    Units of BIDS come from its specification (`unit_of_key`), those of DICOM from PS3.3 sections
    C.8.3.1 and C.8.9. UIDs, geometry, and keys that depend on the axes of the NIfTI file
    (PhaseEncodingDirection, SliceTiming) are ignored.

    Examples
    --------
    >>> converted = sidecar_of({"EchoTime": 0.00298, "RepetitionTime": 2.3, "TaskName": "rest"})
    >>> converted.attributes, converted.ignored
    ({'EchoTime': 2.98, 'RepetitionTime': 2300.0}, ('TaskName',))
    """
    sidecar = dict(sidecar)
    if "RepetitionTimeExcitation" in sidecar:
        sidecar.pop("RepetitionTime", None)
    pet = pet_attributes(sidecar)
    attributes: dict[str, Any] = {}
    used = {*pet.used, *_SILENT}
    for key, value in sidecar.items():
        for keyword, converted in _converted(key, value):
            if _fits(keyword, converted):
                attributes[keyword] = converted
                used.add(key)
    for keyword, value in pet.attributes.items():
        if _fits(keyword, value):
            attributes[keyword] = value
    return Sidecar(
        attributes=attributes,
        per_volume=pet.per_volume,
        times_s=pet.times_s,
        ignored=tuple(key for key in sidecar if key not in used),
    )


def _converted(key: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the keywords and values of one key."""
    if key in _RENAMED:
        keyword = _RENAMED[key]
        yield keyword, _in_unit(value, unit_of_key(key), _DICOM_UNITS.get(keyword, ""))
    elif key in _LISTS:
        yield key, _terms(key, value)
    elif key in _MOMENTS:
        yield from _MOMENTS[key](value)


def _in_unit(value: Any, unit: str, wanted: str) -> Any:
    factor = _FACTORS.get((unit, wanted))
    if factor is None:
        return value
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_in_unit(entry, unit, wanted) for entry in value]
    if not _is_number(value):
        return value
    return float(f"{float(value) * factor:.12g}")  # 2.98, not 2.9800000000000004


def _terms(key: str, value: Any) -> Any:
    r"""Return the terms of a_b (dcm2niix) or a\b (DICOM)."""
    if not isinstance(value, str):
        return value
    parts = re.split(r"[\\_]", value)
    if key == "ScanOptions" and "\\" not in value and not _OPTIONS.issuperset(parts):
        return value
    return list(filter(None, parts))


def _clock(value: Any) -> Iterator[tuple[str, Any]]:
    match = _CLOCK.fullmatch(str(value).strip())
    if match is None:
        return
    midnight = datetime(2000, 1, 1)  # noqa: DTZ001 - a time of day
    since_midnight = timedelta(hours=int(match[1]), minutes=int(match[2]), seconds=float(match[3]))
    yield "AcquisitionTime", (midnight + since_midnight).time()


def _moment(value: Any) -> Iterator[tuple[str, Any]]:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return
    yield "AcquisitionDate", moment.date()
    yield "AcquisitionTime", moment.time()


def _day(value: Any) -> Iterator[tuple[str, Any]]:
    yield "AcquisitionDate", str(value).replace("-", "")


_MOMENTS: Mapping[str, Callable[[Any], Iterator[tuple[str, Any]]]] = MappingProxyType(
    {
        "AcquisitionTime": _clock,
        "AcquisitionDateTime": _moment,
        "AcquisitionDate": _day,
        "ScanDate": _day,
    }
)
"""Keys of dates and times → their conversion."""


def _fits(keyword: str, value: Any) -> bool:
    try:
        attribute_of(keyword, value)
    except MetadataError:
        return False
    return True
