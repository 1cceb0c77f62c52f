"""Cardiac and respiratory gating in results is complete, or left out and named."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

import dicomseries as dcs
from judges import dciodvfy

pytestmark = pytest.mark.filterwarnings("ignore")

SHAPE = (2, 6, 5)
PHASES = 3
ARRAY = np.stack([np.arange(60, dtype="int16").reshape(SHAPE) + phase for phase in range(PHASES)])
AGENCY = {"ApplicableSafetyStandardAgency": "IEC"}
MODULE = {"CardiacSynchronizationTechnique": "RETROSPECTIVE", "CardiacSignalSource": "ECG"}
MODULE |= {"CardiacRRIntervalSpecified": 900.0, "CardiacBeatRejectionTechnique": "NONE"}
MODULE |= {"LowRRValue": 800, "HighRRValue": 1000, "IntervalsAcquired": 10, "IntervalsRejected": 0}
BREATH = {"RespiratoryMotionCompensationTechnique": "GATING", "RespiratorySignalSource": "BELT"}
BREATH |= {"RespiratoryTriggerDelayThreshold": 10.0, "RespiratoryTriggerType": "BOTH"}
ENHANCED = {
    "delays alone": ({}, (), {}),
    "delays and interval": (
        {"RRIntervalTimeNominal": 900.0},
        ("NominalPercentageOfCardiacPhase",),
        MODULE,
    ),
    "pulse": (
        {},
        (),
        {"CardiacSynchronizationTechnique": "PROSPECTIVE", "CardiacSignalSource": "PP"},
    ),
    "breath": (
        {"RRIntervalTimeNominal": 900.0},
        ("RespiratorySynchronizationSequence",),
        MODULE | BREATH,
    ),
    "not gated": ({}, (), {"CardiacSynchronizationTechnique": "NONE"}),
}
CLASSIC = {
    "trigger times alone": {},
    "interval": {"NominalInterval": 900},
    "heart rate": {
        "NominalInterval": 900,
        "HeartRate": 67,
        "LowRRValue": 800,
        "HighRRValue": 1000,
        "IntervalsAcquired": 10,
        "IntervalsRejected": 0,
        "BeatRejectionFlag": "N",
    },
}


def item(**values) -> Dataset:
    dataset = Dataset()
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    return dataset


def enhanced(folder: Path, case: str) -> Path:
    """Return a cine as Philips writes it: a delay after the R peak in each frame."""
    constant, varying, module = ENHANCED[case]
    dcs.write(
        ARRAY,
        folder,
        kind="EnhancedMR",
        axes="tzyx",
        spacing=(1, 1, 2),
        metadata=AGENCY,
        sync=False,
    )
    dataset = pydicom.dcmread(folder / "0001.dcm")
    for index, frame in enumerate(dataset.PerFrameFunctionalGroupsSequence):
        phase = index // SHAPE[0]
        own = item(NominalCardiacTriggerDelayTime=40.0 * phase, **constant)
        if "NominalPercentageOfCardiacPhase" in varying:
            own.NominalPercentageOfCardiacPhase = 25.0 * phase
        frame.CardiacSynchronizationSequence = [own]
        if "RespiratorySynchronizationSequence" in varying:
            frame.RespiratorySynchronizationSequence = [
                item(
                    RespiratoryIntervalTime=4000.0,
                    NominalPercentageOfRespiratoryPhase=25.0 * phase,
                    NominalRespiratoryTriggerDelayTime=100.0 * phase,
                    StartingRespiratoryAmplitude=10.0,
                    StartingRespiratoryPhase="EXPIRATION",
                    EndingRespiratoryAmplitude=20.0,
                    EndingRespiratoryPhase="EXPIRATION",
                )
            ]
    for keyword, value in module.items():
        setattr(dataset, keyword, value)
    dataset.save_as(folder / "0001.dcm")
    return folder


def classic(folder: Path, case: str) -> Path:
    """A cine as classic scanners write it: TriggerTime in each image."""
    dcs.write(ARRAY, folder, kind="MR", axes="tzyx", spacing=(1, 1, 2), sync=False)
    for path in folder.iterdir():
        dataset = pydicom.dcmread(path)
        dataset.TriggerTime = str(40 * ((int(dataset.InstanceNumber) - 1) // SHAPE[0]))
        dataset.ScanOptions = "CG"
        dataset.CardiacNumberOfImages = PHASES
        for keyword, value in CLASSIC[case].items():
            setattr(dataset, keyword, value)
        dataset.save_as(path)
    return folder


def errors_of_dciodvfy(folder: Path) -> set[str]:
    """The errors of dciodvfy in the last file, without numbers."""
    return {re.sub(r"\d+", "#", line) for line in dciodvfy(max(folder.iterdir())).errors}


def errors_of(folder: Path) -> list[str]:
    return [str(one) for one in dcs.check(folder, validators=False) if one.level == "error"]


CASES = [("enhanced", case) for case in ENHANCED] + [("classic", case) for case in CLASSIC]


@pytest.mark.parametrize(("form", "case"), CASES)
def test_gating_is_whole_or_left_out(form, case, tmp_path):
    source = (enhanced if form == "enhanced" else classic)(tmp_path / "source", case)
    assert errors_of(source) == []
    before = errors_of_dciodvfy(source)
    for kind in ("EnhancedMR", "MR"):
        metadata = AGENCY if (form, kind) == ("classic", "EnhancedMR") else {}
        for name, array, axes in (("all", ARRAY, "tzyx"), ("one", ARRAY[0], "zyx")):
            out = tmp_path / f"{kind} {name}"
            dcs.write(array, out, like=source, kind=kind, axes=axes, metadata=metadata, sync=False)
            assert errors_of(out) == []
            assert errors_of_dciodvfy(out) <= before, (kind, name)


@pytest.mark.parametrize("case", ["delays and interval", "breath"])
def test_a_gated_enhanced_source_is_handed_on_whole(case, tmp_path):
    source = enhanced(tmp_path / "source", case)
    dcs.write(ARRAY, tmp_path / "out", like=source, axes="tzyx", sync=False)
    before, after = (pydicom.dcmread(folder / "0001.dcm") for folder in (source, tmp_path / "out"))
    assert [after[keyword] for keyword in ENHANCED[case][2]] == [
        before[keyword] for keyword in ENHANCED[case][2]
    ]
    assert len(after.PerFrameFunctionalGroupsSequence) == np.prod(ARRAY.shape[:2])
    for old, new in zip(
        before.PerFrameFunctionalGroupsSequence, after.PerFrameFunctionalGroupsSequence, strict=True
    ):
        for group in ("CardiacSynchronizationSequence", "RespiratorySynchronizationSequence"):
            assert new.get(group) == old.get(group)


@pytest.mark.parametrize(
    ("case", "option"), [("delays alone", "CG"), ("pulse", "PPG"), ("not gated", None)]
)
def test_classic_images_of_an_enhanced_cine_say_that_they_were_gated(case, option, tmp_path):
    source = enhanced(tmp_path / "source", case)
    receipt = dcs.write(ARRAY, tmp_path / "out", like=source, kind="MR", axes="tzyx", sync=False)
    results = [pydicom.dcmread(path) for path in sorted((tmp_path / "out").iterdir())][:: SHAPE[0]]
    assert [one.get("ScanOptions") or None for one in results] == [option] * PHASES
    times = [None if "TriggerTime" not in one else float(one.TriggerTime) for one in results]
    assert times == ([0, 40, 80] if option else [None] * PHASES)
    assert option or any("TriggerTime" in line for line in receipt.advice)


def test_trigger_times_of_classic_images_are_named_where_an_enhanced_one_cannot_have_them(tmp_path):
    source = classic(tmp_path / "source", "interval")
    receipt = dcs.write(
        ARRAY, tmp_path / "out", like=source, kind="EnhancedMR", axes="tzyx", metadata=AGENCY
    )
    (advice,) = (line for line in receipt.advice if "TriggerTime" in line)
    assert "CardiacSynchronizationTechnique" in advice
    dcs.write(
        ARRAY,
        tmp_path / "gated",
        like=source,
        kind="EnhancedMR",
        axes="tzyx",
        metadata=AGENCY | MODULE | {"NominalInterval": 900},
        per_volume={"TriggerTime": [0, 40, 80]},
        sync=False,
    )
    result = pydicom.dcmread(tmp_path / "gated" / "0001.dcm")
    frames = result.PerFrameFunctionalGroupsSequence[:: SHAPE[0]]
    found = [one.CardiacSynchronizationSequence[0].NominalCardiacTriggerDelayTime for one in frames]
    assert found == [0, 40, 80]
    assert errors_of(tmp_path / "gated") == []
