"""Two programs without volumes: the factor to SUV, and the grey levels of a picture.

`NOTED` lists programs that were tried by hand and are not run by the tests.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pydicom

import dicomseries as dcs
from judges.browser import package_version
from judges.node import image_of, node_program
from judges.pet import FACTOR, PET_SERIES, factors_by_calculate_suv

__all__ = ["MEASURES", "NOTED", "Measure"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A program, its task and version, and a function: text by name of the series."""

    name: str
    asked: str
    version: Callable[[], str]
    measure: Callable[[Path], dict[str, str]]


def suv_factors(folder: Path) -> dict[str, str]:
    """Return the deviation of factors from those of dose, weight and times."""
    written = {
        name: write(folder / str(index)) for index, (name, write) in enumerate(PET_SERIES.items())
    }
    answers = factors_by_calculate_suv(list(written.values()))
    return {f"PT: {name}": _ratio(factors) for name, factors in zip(written, answers, strict=True)}


def _ratio(factors: list[float]) -> str:
    worst = max(factors, key=lambda factor: abs(factor - FACTOR))
    return (
        "right"
        if abs(worst / FACTOR - 1) < 1e-9
        else f"{worst / FACTOR:.3g} times the right factor"
    )


RAMP = np.linspace(0, 1, 3 * 4 * 5).reshape(3, 4, 5)

PICTURES = {
    "CT: int16": np.rint(RAMP * 4095 - 1024).astype("int16"),
    "CT: float32, slope below 0.1": RAMP.astype("float32"),
    "CT: float32, slope above 0.1": (RAMP * 1e5).astype("float32"),
}


def grey_levels(folder: Path) -> dict[str, str]:
    """Return the deviation of grey levels from those of the window in the file."""
    said = {}
    with node_program("dcmjs_imaging") as ask:
        for index, (name, array) in enumerate(PICTURES.items()):
            dcs.write(
                array, folder / str(index), kind="CT", spacing=(1, 1, 1), verify=False, sync=False
            )
            files = sorted((folder / str(index)).glob("*.dcm"))
            drawn = [
                image_of(image).array[0]
                for image in ask({"files": list(map(str, files))})["images"]
            ]
            said[name] = _levels(np.stack(drawn), np.stack([_windowed(path) for path in files]))
    return said


def _levels(drawn: npt.NDArray[np.float64], wanted: npt.NDArray[np.float64]) -> str:
    if np.abs(drawn - wanted).max() <= 1:
        return "right"
    if drawn.min() == drawn.max():
        return f"all {drawn.min():.0f} of 255"
    return f"up to {np.abs(drawn - wanted).max():.0f} of 255 off"


def _windowed(path: Path) -> npt.NDArray[np.float64]:
    """Return the grey levels of PS3.3 section C.11.2.1.2.1 (LINEAR)."""
    dataset = pydicom.dcmread(path)
    real = dataset.pixel_array * float(dataset.RescaleSlope) + float(dataset.RescaleIntercept)
    center, width = float(dataset.WindowCenter), float(dataset.WindowWidth)
    if dataset.get("VOILUTFunction") == "LINEAR_EXACT":
        part = (real - center) / width + 0.5
    else:
        part = (real - (center - 0.5)) / (width - 1) + 0.5
    return np.asarray(np.clip(part, 0, 1) * 255)


MEASURES = (
    Measure(
        name="@cornerstonejs/calculate-suv",
        asked="the factor from Bq/ml to SUV by body weight that OHIF uses",
        version=partial(package_version, "@cornerstonejs/calculate-suv"),
        measure=suv_factors,
    ),
    Measure(
        name="dcmjs-imaging",
        asked="the grey levels that dcmjs's renderer draws with the window of the file",
        version=partial(package_version, "dcmjs-imaging"),
        measure=grey_levels,
    ),
)

NOTED = {
    "mcverter": {
        "version": "2.1",
        "seen": "applies one slice's slope to all: values of a PT with a slope for each slice are "
        "wrong, by up to 10,728 of 30,000; with one slope they are right",
    },
    "dcmstack": {
        "version": "0.9",
        "seen": "stops at an empty KVP, AcquisitionNumber, EchoTrainLength or ActualFrameDuration; "
        "reads a CT with KVP and AcquisitionNumber",
    },
    "pypet2bids": {
        "version": "1.6",
        "seen": "stops at an empty RadionuclideCodeSequence; right with a code in it",
    },
}
"""Programs tried by hand with f6f0382; the tests do not run them."""
