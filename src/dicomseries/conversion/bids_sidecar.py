"""The BIDS sidecar of a converted series: names and units of BIDS, without the patient."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from dicomseries.installed_version import __version__
from dicomseries.sources import Volume
from dicomseries.volume_axes import VolumeAxis, entries_of

__all__ = ["asl_context_table", "sidecar"]

_KEYWORDS: dict[str, str] = {
    **{
        keyword: keyword
        for keyword in """
        Modality MagneticFieldStrength Manufacturer BodyPartExamined
        PatientPosition MRAcquisitionType SeriesDescription ProtocolName
        ScanningSequence SequenceVariant ScanOptions SequenceName ImageType SeriesNumber
        AcquisitionNumber SliceThickness SpacingBetweenSlices SAR FlipAngle
        EchoTrainLength PixelBandwidth NumberOfAverages ContrastBolusIngredient ReceiveCoilName
        ParallelReductionFactorInPlane ConvolutionKernel KVP XRayTubeCurrent ExposureTime
        Units DecayCorrection AttenuationCorrectionMethod ScatterCorrectionMethod
        RandomsCorrectionMethod ReconstructionMethod PercentSampling
        """.split()  # noqa: SIM905 - a list of words
    },
    "ManufacturersModelName": "ManufacturerModelName",
    "EchoNumber": "EchoNumbers",
    "PercentPhaseFOV": "PercentPhaseFieldOfView",
    "PartialFourierEnabled": "PartialFourier",
    "ImageOrientationPatientDICOM": "ImageOrientationPatient",
}
"""Key of the sidecar → keyword of an attribute in the same unit."""

_MILLISECONDS: dict[str, tuple[str, ...]] = {
    "EchoTime": ("EchoTime", "EffectiveEchoTime"),
    "RepetitionTime": ("RepetitionTime",),
    "InversionTime": ("InversionTime", "InversionTimes"),
}
"""Key in seconds → keywords in milliseconds."""

_ASL_TYPES = {"CONTINUOUS": "CASL", "PSEUDOCONTINUOUS": "PCASL", "PULSED": "PASL"}
"""ArterialSpinLabelingContrast → ArterialSpinLabelingType."""
_IN_PLANE = {"COL": "COL", "COLUMN": "COL", "ROW": "ROW"}
"""InPlanePhaseEncodingDirection → its word in files of one frame, which programs expect."""
_SAME_STEP = 0.01
"""Part of RepetitionTime by which clocks of scanners differ from it."""
_MOST_MHZ = 1000
"""Largest frequency in MHz; some makers state Hz."""
_PHILIPS_SCALE = ("(2005,100E) Philips MR Imaging DD 001", "(2005,100E)")
"""Names of Philips' scale slope, of files of one frame and of functional groups."""


def sidecar(
    volume: Volume,
    attributes: Mapping[str, Any],
    *,
    slice_times_s: Sequence[float] | None = None,
    phase_encoding: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the sidecar of a volume.

    Parameters
    ----------
    volume : Volume
        The voxels of the file.
    attributes : mapping of str to value
        Those that all its slices share, by keyword.
    slice_times_s : sequence of float, optional
        When each slice was taken within its volume, in seconds.
    phase_encoding : mapping, optional
        As `phase_encoding_record` returns it.

    Returns
    -------
    dict
        Of JSON's types: times in seconds, lengths in mm. Names, dates and identifiers of the
        patient are left out.

    Notes
    -----
    BIDS 1.11, "Magnetic Resonance Imaging" and "Positron Emission Tomography".

    Examples
    --------
    >>> import numpy as np
    >>> from dicomseries.geometry import Grid
    >>> from dicomseries.sources import array_frames
    >>> grid = Grid(shape=(3, 4, 5), spacing_mm=(1, 1, 2))
    >>> volume = Volume(slabs=array_frames(np.ones((3, 4, 5))), grid=grid)
    >>> sidecar(volume, {"Modality": "MR", "EchoTime": 30})["EchoTime"]
    0.03
    """
    record: dict[str, Any] = {}
    for key, keyword in _KEYWORDS.items():
        record[key] = _plain(attributes.get(keyword))
    for key, keywords in _MILLISECONDS.items():
        seconds = (_seconds(attributes.get(keyword)) for keyword in keywords)
        record[key] = next((value for value in seconds if value is not None), None)
    record["SoftwareVersions"] = _joined(attributes.get("SoftwareVersions"))
    record["ImagingFrequency"] = _frequency_mhz(attributes)
    record["InPlanePhaseEncodingDirectionDICOM"] = _IN_PLANE.get(
        str(attributes.get("InPlanePhaseEncodingDirection"))
    )
    record["ArterialSpinLabelingType"] = _ASL_TYPES.get(
        str(attributes.get("ArterialSpinLabelingContrast"))
    )
    record |= _philips_scale(attributes) | dict(phase_encoding or {})
    record = {key: value for key, value in record.items() if value is not None}
    if record.get("Modality") == "PT" and volume.times_s is not None:
        record["FrameTimesStart"] = list(volume.times_s)
    if record.get("Modality") == "MR" and volume.times_s is not None and len(volume.times_s) > 1:
        _take_times(record, volume.times_s)
    if any(axis.name == "asl_context" and "m0scan" in axis.values for axis in volume.volume_axes):
        record["M0Type"] = "Included"
    if slice_times_s is not None:
        record["SliceTiming"] = list(map(_round, slice_times_s))
    record["ConversionSoftware"] = "dicomseries"
    record["ConversionSoftwareVersion"] = __version__
    return record


def asl_context_table(axes: Sequence[VolumeAxis]) -> str:
    r"""Return BIDS's table of what each volume of arterial spin labelling is.

    Nothing if the axes do not say it.

    Parameters
    ----------
    axes : sequence of VolumeAxis
        Of the volumes, the outer one first.

    Notes
    -----
    BIDS 1.11, "Arterial Spin Labeling perfusion data": ``*_aslcontext.tsv``.

    Examples
    --------
    >>> axis = VolumeAxis(name="asl_context", values=("m0scan", "control", "label"))
    >>> asl_context_table([axis])
    'volume_type\nm0scan\ncontrol\nlabel\n'
    """
    names = [axis.name for axis in axes]
    if "asl_context" not in names:
        return ""
    place = names.index("asl_context")
    types = [entries[place] for entries in entries_of(axes)]
    return "\n".join(("volume_type", *types, ""))


def _joined(value: Any) -> str | None:
    """Return several texts as one, as BIDS has them."""
    if isinstance(value, (list, tuple)):
        return "\\".join(map(str, value))
    return None if value in {None, ""} else str(value)


def _frequency_mhz(attributes: Mapping[str, Any]) -> float | None:
    for keyword in ("ImagingFrequency", "TransmitterFrequency"):
        value = attributes.get(keyword)
        if isinstance(value, (int, float)) and 0 < value < _MOST_MHZ:
            return float(value)
    return None


def _philips_scale(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the numbers of Philips that make other values of the displayed ones.

    In dcm2niix's keys. The file has the displayed values; divided by PhilipsRescaleSlope times
    PhilipsScaleSlope they are those that Philips calls floating point.
    """
    if not str(attributes.get("Manufacturer", "")).lower().startswith("philips"):
        return {}
    scale = next((attributes[name] for name in _PHILIPS_SCALE if name in attributes), None)
    slope, intercept = attributes.get("RescaleSlope"), attributes.get("RescaleIntercept")
    if not scale or not all(isinstance(number, (int, float)) for number in (scale, slope)):
        return {}
    return {
        "PhilipsRescaleSlope": slope,
        "PhilipsRescaleIntercept": intercept,
        "PhilipsScaleSlope": scale,
        "UsePhilipsFloatNotDisplayScaling": 0,
    }


def _take_times(record: dict[str, Any], times: Sequence[float]) -> None:
    """Make RepetitionTime the time from volume to volume, as BIDS defines it.

    VolumeTiming instead, if the steps differ from each other and most from RepetitionTime.
    """
    stated = record.get("RepetitionTime")
    step = _even_step(times)
    if step is None:
        steps = sorted(end - start for start, end in itertools.pairwise(times))
        usual = steps[len(steps) // 2]
        if stated is None or abs(usual - stated) <= _SAME_STEP * stated:
            return
        record["VolumeTiming"] = list(map(_round, times))
        record["RepetitionTimeExcitation"] = record.pop("RepetitionTime")
        return
    if stated is not None and stated != step:
        record["RepetitionTimeExcitation"] = stated
    record["RepetitionTime"] = step


def _plain(value: Any) -> Any:
    """Return a value of JSON's types; None for an empty or nested one."""
    if isinstance(value, (list, tuple)):
        parts = list(map(_plain, value))
        return parts if parts and None not in parts else None
    if isinstance(value, (str, int, float)):
        return value if value != "" else None
    return None


def _seconds(value: Any) -> float | None:
    if isinstance(value, (list, tuple)):
        value = value[0] if len(value) == 1 else None
    if not isinstance(value, (int, float)) or value <= 0:
        return None
    return _round(value / 1000)


def _round(seconds: float) -> float:
    return round(seconds, 9)


def _even_step(times: Sequence[float]) -> float | None:
    """Return the time from volume to volume, if it is the same for all."""
    step = (times[-1] - times[0]) / (len(times) - 1)
    for index, time in enumerate(times):
        if abs(times[0] + index * step - time) > 1e-3 * step:
            return None
    return _round(step)
