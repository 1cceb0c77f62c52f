"""SUV of a PET series by each of its times."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset

__all__ = ["SUV_READERS", "suv_factors"]


def _moment(date: str, time: str) -> dt.datetime:
    whole, _, fraction = str(time).partition(".")
    text = f"{date}{whole:0<6}.{fraction or 0:0<6}"
    return dt.datetime.strptime(text, "%Y%m%d%H%M%S.%f")  # noqa: DTZ007


def _by_series_time(_: Sequence[Dataset], one: Dataset) -> dt.datetime:
    """Trust SeriesDate and SeriesTime."""
    return _moment(one.SeriesDate, one.SeriesTime)


def _by_acquisition_time(series: Sequence[Dataset], _: Dataset) -> dt.datetime:
    """Trust the earliest AcquisitionDate and AcquisitionTime of the series."""
    return min(_moment(one.AcquisitionDate, one.AcquisitionTime) for one in series)


def _by_frame_reference_time(series: Sequence[Dataset], one: Dataset) -> dt.datetime:
    """Return the acquisition time of a frame minus its FrameReferenceTime (start of the frame)."""
    del series
    return _moment(one.AcquisitionDate, one.AcquisitionTime) - dt.timedelta(
        milliseconds=float(one.FrameReferenceTime)
    )


SUV_READERS: dict[str, Callable[[Sequence[Dataset], Dataset], dt.datetime]] = {
    "by SeriesTime": _by_series_time,
    "by AcquisitionTime": _by_acquisition_time,
    "by FrameReferenceTime": _by_frame_reference_time,
}
"""Reference times of decay by name of the reader."""


def suv_factors(folder: Path, reader: str) -> list[float]:
    """Return the factor from Bq/ml to SUV (g/ml) of each file, in the order of their names.

    The dose has decayed from the injection to the time of the correction: the injection itself
    (ADMIN), the reference time of the series (START), or the beginning of the frame (NONE).
    """
    series = [
        pydicom.dcmread(one, stop_before_pixels=True) for one in sorted(folder.rglob("*.dcm"))
    ]
    return [_factor(series, one, reader) for one in series]


def _factor(series: Sequence[Dataset], one: Dataset, reader: str) -> float:
    drug = one.RadiopharmaceuticalInformationSequence[0]
    injection = _moment(one.SeriesDate, drug.RadiopharmaceuticalStartTime)
    base = SUV_READERS[reader](series, one)
    if injection > base:
        injection -= dt.timedelta(days=1)
    decayed = {
        "ADMIN": 0.0,
        "START": (base - injection).total_seconds(),
        "NONE": (base - injection).total_seconds() + float(one.FrameReferenceTime) / 1000,
    }[one.DecayCorrection]
    dose = float(drug.RadionuclideTotalDose) * 2 ** (-decayed / float(drug.RadionuclideHalfLife))
    return 1000 * float(one.PatientWeight) / dose
