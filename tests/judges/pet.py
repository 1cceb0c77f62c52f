"""PET series of a known dose, and the SUV factors of OHIF's package."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom

import dicomseries as dcs
from judges.node import node_program
from judges.outcomes import CannotReadError

__all__ = ["FACTOR", "PET_SERIES", "factors_by_calculate_suv"]

DOSE_BQ, HALF_LIFE_S, WEIGHT_KG = 3.5e8, 6586.2, 80.0

FACTOR = WEIGHT_KG * 1000 / (DOSE_BQ * 2 ** (-3600 / HALF_LIFE_S))
"""g/Bq of a scan that begins one hour after the injection."""

METADATA = {
    "PatientID": "1",
    "PatientWeight": WEIGHT_KG,
    "Units": "BQML",
    "AcquisitionDate": "20240131",
    "AcquisitionTime": "120000",
    "DecayCorrection": "START",
    "DecayFactor": 1.0,
    "CorrectedImage": ["ATTN", "DECY"],
    "RadiopharmaceuticalInformationSequence": [
        {
            "RadionuclideCodeSequence": [],
            "RadionuclideTotalDose": DOSE_BQ,
            "RadionuclideHalfLife": HALF_LIFE_S,
            "RadiopharmaceuticalStartTime": "110000",
        }
    ],
}

GRID = {"kind": "PT", "spacing": (4, 4, 3), "verify": False, "sync": False}


def _static(folder: Path, **options: Any) -> Path:
    array = np.random.default_rng(2).gamma(2, 900, (3, 4, 5)).astype("float32")
    dcs.write(array, folder, metadata=METADATA, **GRID, **options)
    return folder


def _per_slice(folder: Path) -> Path:
    return _static(folder, values=dcs.Rescale(per_slice=True))


def _dynamic(folder: Path) -> Path:
    array = np.random.default_rng(3).gamma(2, 900, (3, 3, 4, 5)).astype("float32")
    timed = {
        "axes": "tzyx",
        "times": [0, 10, 40],
        "per_volume": {"ActualFrameDuration": [10000, 30000, 60000]},
    }
    dcs.write(array, folder, metadata=METADATA, **GRID, **timed)
    return folder


def _derived(folder: Path) -> Path:
    source = _static(folder / "source")
    denoised = dcs.read(source).array * 0.9
    dcs.write(denoised, folder / "derived", kind="PT", like=source, verify=False, sync=False)
    return folder / "derived"


PET_SERIES: dict[str, Callable[[Path], Path]] = {
    "static": _static,
    "slope for each slice": _per_slice,
    "dynamic": _dynamic,
    "derived": _derived,
}


def factors_by_calculate_suv(folders: list[Path]) -> list[list[float]]:
    """Return the factors of OHIF's package for each image of each series."""
    with node_program("suv") as ask:
        return [_asked(ask, folder) for folder in folders]


def _asked(ask: Callable[[dict[str, Any]], dict[str, Any]], folder: Path) -> list[float]:
    datasets = [
        pydicom.dcmread(path, stop_before_pixels=True) for path in sorted(folder.glob("*.dcm"))
    ]
    try:
        factors: list[float] = ask(
            {"instances": [_for_calculate_suv(dataset) for dataset in datasets]}
        )["factors"]
    except CannotReadError as error:
        message = f"calculate-suv rejects {folder}: {error}"
        raise ValueError(message) from error
    return factors


def _for_calculate_suv(dataset: pydicom.Dataset) -> dict[str, Any]:
    (drug,) = dataset.RadiopharmaceuticalInformationSequence
    texts = (
        "Units",
        "DecayCorrection",
        "SeriesDate",
        "SeriesTime",
        "AcquisitionDate",
        "AcquisitionTime",
    )
    return {
        **{keyword: str(dataset[keyword].value) for keyword in texts},
        "CorrectedImage": list(dataset.CorrectedImage),
        "PatientWeight": float(dataset.PatientWeight),
        "FrameReferenceTime": float(dataset.FrameReferenceTime),
        "RadionuclideTotalDose": float(drug.RadionuclideTotalDose),
        "RadionuclideHalfLife": float(drug.RadionuclideHalfLife),
        "RadiopharmaceuticalStartTime": str(drug.RadiopharmaceuticalStartTime),
    }
