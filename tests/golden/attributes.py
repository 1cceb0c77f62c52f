"""Golden cases of attributes: metadata, values per volume, UIDs, companion series."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pydicom

import dicomseries as dcs
from golden.inputs import FIXED, GRID, array, labels
from golden.writers import KINDS, SEG, Case, of_array

__all__ = ["columns", "companions", "identity", "metadata"]

DATED = {"ContentDate": "20240229", "ContentTime": "123456", "StudyDate": "20240229"}
UNSET: dict[str, Any] = {"now": None, "entropy": None}


def metadata() -> Iterator[Case]:
    """Metadata, sidecars and description."""
    text = {
        "PatientName": "Müller^Jürgen=漢字",
        "PatientID": "42",
        "SeriesDescription": "A series",
        "StudyDate": "20240131",
        "SeriesNumber": 7,
        "BodyPartExamined": "HEAD",
        "KVP": 120,
        "ContentLabel": "MAP",
    }
    nested = {
        "ProcedureCodeSequence": [
            {"CodeValue": "1", "CodingSchemeDesignator": "99X", "CodeMeaning": "Test"}
        ],
    }
    private = {
        "(0099,xx01) MY LAB": "run 7",
        "(0099,xx02) MY LAB": {"vr": "DS", "value": 2.5},
        "(0099,xx03) MY LAB": [1, 2, 3],
        "(0099,xx04) MY LAB": [{"PatientID": "7"}],
    }
    dataset = pydicom.Dataset()
    dataset.PatientID, dataset.EchoTime, dataset.OtherPatientIDs = "42", "30.5", ["a", "b"]
    sidecar = {
        "EchoTime": 0.00298,
        "RepetitionTime": 2.3,
        "FlipAngle": 9,
        "ManufacturersModelName": "Scanner",
        "TaskName": "rest",
        "MagneticFieldStrength": 3,
    }
    pet = {
        "TracerName": "FDG",
        "TracerRadionuclide": "F18",
        "InjectedRadioactivity": 370,
        "InjectedRadioactivityUnits": "MBq",
        "Units": "Bq/mL",
        "TimeZero": "12:00:00",
        "FrameDuration": [10],
        "BodyWeight": 70,
    }
    numbers = {"KVP": 1 / 3, "ExposureTime": 10**6, "TableHeight": -1e-5 / 3, "Exposure": 0}
    removed = {"PatientID": None, "StudyDate": None}
    for kind in KINDS:
        for name, metadata in {
            "text": text,
            "sequences": nested,
            "private": private,
            "None": removed,
        }.items():
            yield _attributes(f"{kind} {name}", kind=kind, metadata=metadata)
        yield _attributes(f"{kind} description", kind=kind, description="Described")
        yield _attributes(f"{kind} bids", kind=kind, bids=sidecar)
    yield _attributes("CT numbers", metadata=numbers)
    yield Case(
        name="attributes: MR Dataset",
        write=lambda _, out: dcs.write(
            array("int16"), out, kind="MR", metadata=dataset, **GRID, **FIXED
        ),
    )
    yield _attributes("PT bids of PET", kind="PT", bids=pet)
    yield _attributes("MR bids, metadata wins", kind="MR", bids=sidecar, metadata={"EchoTime": 5})
    yield _attributes("CT unknown keyword", metadata={"PatientsName": "x"})
    yield _attributes("CT writer's attribute", metadata={"Rows": 7})
    yield _attributes("CT model", model={"name": "Net", "version": "1"})
    yield _attributes("CT derivation", derivation="113087")


def columns() -> Iterator[Case]:
    """Values for each volume or slice."""
    weighting = {
        "DiffusionBValue": [0, 700, 1400],
        "DiffusionGradientOrientation": [[0, 0, 0], [0.6, 0, 0.8], [0, 1, 0]],
    }
    echoes = {"EchoTime": [10.5, 20.5, 30.5]}
    each_slice = {"EchoTime": np.arange(12.0).reshape(3, 4) / 3}
    for kind in ("MR", "EnhancedMR", "CT", "EnhancedCT", "PT", "ParametricMap"):
        for name, per_volume in {
            "b-values": weighting,
            "echoes": echoes,
            "slices": each_slice,
        }.items():
            yield _attributes(
                f"{kind} per_volume {name}", kind=kind, axes="tzyx", per_volume=per_volume
            )
    frames = {"ActualFrameDuration": [1e4, 3e4, 6e4]}
    yield _attributes("PT frames", kind="PT", axes="tzyx", times=[0, 10, 40], per_volume=frames)
    yield _attributes("CT per slice", per_volume={"KVP": [100, 110, 120, 130]})
    yield _attributes("MR split, echoes", kind="MR", axes="tzyx", per_volume=echoes, split="time")
    yield _attributes("MR too few", kind="MR", axes="tzyx", per_volume={"EchoTime": [1, 2]})


def identity() -> Iterator[Case]:
    """Given UIDs, and UIDs made from chance or content."""
    for kind in KINDS:
        yield _attributes(f"{kind} content UIDs", kind=kind, uid="content", metadata=DATED, **UNSET)
        yield _attributes(f"{kind} root", kind=kind, uid="1.2.826.0.1.3680043.9.9999")
        yield _attributes(f"{kind} content UIDs and now", kind=kind, uid="content", entropy=None)
    given = {"StudyInstanceUID": "2.25.11", "SeriesInstanceUID": "2.25.12"}
    yield _attributes("CT given UIDs", uid=given)
    yield _attributes(
        "SC given frame of reference", kind="SC", uid={"FrameOfReferenceUID": "2.25.13"}
    )
    yield _attributes(
        "MR split, content UIDs", kind="MR", axes="tzyx", split="time", uid="content", **UNSET
    )


def companions() -> Iterator[Case]:
    """A lossless map with a series for display beside it."""
    floats = array("float32")
    holes = np.where(floats < 0, np.float32("nan"), floats)
    for kind in ("CT", "MR", "PT", "SC"):
        yield _attributes(f"{kind} companion", floats, kind=kind, companion=True, clip=(0.0, 900.0))
    yield _attributes(
        "CT companion, split", array("float32", "tzyx"), axes="tzyx", companion=True, split="time"
    )
    yield _attributes(
        "CT companion, content UIDs", floats, companion=True, uid="content", metadata=DATED, **UNSET
    )
    yield _attributes("CT companion, nan", holes, companion=True, nan=0.0, clip=(0.0, 900.0))
    yield _attributes("CT companion of integers", companion=True)


def _attributes(name: str, voxels: Any = None, kind: str = "CT", **options: Any) -> Case:
    packages = SEG if kind == "Segmentation" else ()
    if voxels is None:
        axes = options.get("axes", "zyx")
        voxels = labels() if kind == "Segmentation" else abs(array("int16", axes))
    if kind == "MultiframeSC":
        voxels = voxels.astype("uint8")
    return Case(
        name=f"attributes: {name}", write=of_array(voxels, kind, **options), packages=packages
    )
