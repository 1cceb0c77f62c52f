"""`check` sorts volumes as `read` does, with errors for the same series."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from pydicom.dataset import Dataset

from dicomseries.checks import check
from dicomseries.errors import DicomSeriesWarning
from dicomseries.reading import open_volume, scan
from judges import known_frames
from judges.known import OBLIQUE, write_known_series

VOLUMES, SLICES = 3, 4
STORED = np.arange(VOLUMES * SLICES * 30, dtype="int16").reshape(VOLUMES * SLICES, 5, 6) * 3 - 200
MR = "1.2.840.10008.5.1.4.1.1.4"
DOUBTS = {"GEO-011"}


def clock(seconds):
    return f"{int(seconds) // 3600:02d}{int(seconds) // 60 % 60:02d}{seconds % 60:09.6f}"


def both(**values):
    """Set attributes from the number of the volume and of the slice."""

    def change(volume, place, dataset):
        for keyword, value in values.items():
            setattr(dataset, keyword, value(volume, place))

    return change


def of_volume(**values):
    """Set attributes to the value of the volume."""
    return both(
        **{key: lambda volume, _, value=value: value[volume] for key, value in values.items()}
    )


def directions(volume, _, dataset):
    dataset.DiffusionBValue = 0.0 if not volume else 1000.0
    if volume:
        dataset.DiffusionGradientOrientation = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]][volume - 1]


def vectors(volume, _, dataset):
    dataset.DiffusionBValue = 1000.0
    dataset.DiffusionGradientOrientation = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.6, 0.8]][
        volume
    ]


def image_index(volume, place, dataset):
    dataset.NumberOfSlices, dataset.ImageIndex = SLICES, volume * SLICES + place + 1


TOLD_APART = {
    "TemporalPositionIdentifier": of_volume(TemporalPositionIdentifier=(1, 2, 3)),
    "AcquisitionNumber": of_volume(AcquisitionNumber=(1, 2, 3)),
    "TriggerTime": of_volume(TriggerTime=("0", "100", "200")),
    "TriggerTime of each slice": both(TriggerTime=lambda t, z: f"{100 * t + z}"),
    "FrameReferenceTime": of_volume(FrameReferenceTime=("0", "1000", "2000")),
    "ActualFrameDuration": of_volume(ActualFrameDuration=("1000", "2000", "3000")),
    "b-values": of_volume(DiffusionBValue=(0.0, 700.0, 1400.0)),
    "b-value and direction": directions,
    "directions": vectors,
    "EchoTime": of_volume(EchoTime=("5", "10", "15")),
    "EchoNumbers": of_volume(EchoNumbers=(1, 2, 3)),
    "InversionTime": of_volume(InversionTime=("100", "900", "2000")),
    "FlipAngle": of_volume(FlipAngle=("2", "10", "20")),
    "ImageIndex": image_index,
    "ImageType": of_volume(ImageType=[["ORIGINAL", "PRIMARY", part] for part in "MPR"]),
    "AcquisitionDateTime": both(AcquisitionDateTime=lambda t, z: f"2024022912{t:02d}0{z}.5"),
    "AcquisitionTime": both(
        AcquisitionDate=lambda *_: "20240229",
        AcquisitionTime=lambda t, z: clock(3600 + 2 * t + 0.2 * z),
    ),
    "ContentTime": both(ContentTime=lambda t, z: clock(3600 + 2 * t + 0.2 * z)),
    "InstanceNumber": lambda *_: None,
}


def write(folder, change, *, spoil=lambda *_: None):
    def changed(at, dataset):
        volume, place = divmod(at, SLICES)
        dataset.ImagePositionPatient = [f"{value:.6f}" for value in OBLIQUE[:3] @ (0, 0, place, 1)]
        dataset.SOPClassUID, dataset.Modality, dataset.ImageType = (
            MR,
            "MR",
            ["ORIGINAL", "PRIMARY", "OTHER"],
        )
        dataset.ScanningSequence, dataset.SequenceVariant, dataset.ScanOptions = "RM", "NONE", ""
        dataset.MRAcquisitionType, dataset.RepetitionTime = "", None
        dataset.EchoTime, dataset.EchoTrainLength = None, None
        change(volume, place, dataset)
        spoil(at, dataset)

    return write_known_series(folder, STORED, change=changed)


@pytest.mark.parametrize("change", TOLD_APART.values(), ids=TOLD_APART)
def test_check_sorts_volumes_of_files_as_read_does(tmp_path, change):
    folder = write(tmp_path, change)
    (series,) = scan(folder).series
    assert (series.volumes, series.grid is None) == (VOLUMES, False)
    findings = check(folder, validators=False)
    assert {finding.id for finding in findings} == (DOUBTS if series.problems else set())
    assert findings.errors == ()


@pytest.mark.parametrize("change", TOLD_APART.values(), ids=TOLD_APART)
def test_check_compares_with_the_array_of_read(tmp_path, change):
    folder = write(tmp_path, change)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DicomSeriesWarning)
        volume = open_volume(folder)
    findings = check(folder, against=volume, validators=False)
    assert findings.errors == ()


def place_of_another(at, dataset):
    """Put a slice where another of its volume is."""
    if at == SLICES + 1:
        dataset.ImagePositionPatient = [f"{value:.6f}" for value in OBLIQUE[:3] @ (0, 0, 2, 1)]


@pytest.mark.parametrize("change", TOLD_APART.values(), ids=TOLD_APART)
def test_a_repeated_position_is_found(tmp_path, change):
    folder = write(tmp_path, change, spoil=place_of_another)
    assert [problem.code for problem in scan(folder).series[0].problems] == ["positions-repeated"]
    findings = check(folder, validators=False)
    assert "GEO-004" in {finding.id for finding in findings.errors}


@pytest.mark.parametrize("change", TOLD_APART.values(), ids=TOLD_APART)
def test_a_missing_slice_is_found(tmp_path, change):
    folder = write(tmp_path, change)
    (folder / "0006.dcm").unlink()
    first = scan(folder).series[0]
    codes = {problem.code for problem in first.problems}
    assert first.split_from is not None or codes & {"positions-repeated", "volume-incomplete"}
    assert {finding.id for finding in check(folder, validators=False).errors} & {
        "GEO-004",
        "GEO-005",
        "GEO-010",
    }


def without_numbers(at, dataset):
    dataset.InstanceNumber = 1


def test_copies_with_one_number_are_found(tmp_path):
    folder = write(tmp_path, lambda *_: None, spoil=without_numbers)
    assert scan(folder).series[0].grid is None
    assert {"GEO-004", "SER-009"} <= {
        finding.id for finding in check(folder, validators=False).errors
    }


def told_by_echo_and_type(volume, _, dataset):
    dataset.EchoTime = ("5", "5", "10")[volume]
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "MPM"[volume]]


def test_volumes_distinguished_by_two_attributes_are_legal(tmp_path):
    folder = write(tmp_path, told_by_echo_and_type)
    assert [problem.code for problem in scan(folder).series[0].problems] == ["volumes-incomplete"]
    assert check(folder, validators=False) == ()


def test_times_of_complex_parts_need_not_rise(tmp_path):
    def change(volume, place, dataset):
        dataset.ImageType = ["ORIGINAL", "PRIMARY", "MPR"[volume]]
        dataset.TriggerTime = "0" if volume < 2 else "5"

    assert check(write(tmp_path, change), validators=False) == ()


FRAMES = {
    "TemporalPositionIndex": ("FrameContentSequence", "TemporalPositionIndex", (1, 2, 3)),
    "EffectiveEchoTime": ("MREchoSequence", "EffectiveEchoTime", (5.0, 10.0, 15.0)),
    "FrameAcquisitionNumber": ("FrameContentSequence", "FrameAcquisitionNumber", (1, 2, 3)),
}


def drop(dataset, *keywords):
    for keyword in keywords:
        if keyword in dataset:
            delattr(dataset, keyword)


def told_in_frames(group, keyword, values):
    """Return an Enhanced MR image whose volumes differ in one attribute of the frames only."""
    dataset = known_frames.enhanced_mr(STORED.reshape(VOLUMES, SLICES, 5, 6))
    drop(dataset, "DimensionIndexSequence")
    for frame, item in enumerate(dataset.PerFrameFunctionalGroupsSequence):
        drop(item, "TemporalPositionSequence")
        content = item.FrameContentSequence[0]
        drop(content, "TemporalPositionIndex", "DimensionIndexValues", "FrameAcquisitionNumber")
        drop(content, "FrameAcquisitionDateTime", "FrameReferenceDateTime")
        if group not in item:
            setattr(item, group, [Dataset()])
        setattr(item[group].value[0], keyword, values[frame // SLICES])
    return dataset


@pytest.mark.parametrize(("group", "keyword", "values"), FRAMES.values(), ids=FRAMES)
def test_check_sorts_volumes_of_frames_as_read_does(tmp_path, group, keyword, values):
    folder = known_frames.save(told_in_frames(group, keyword, values), tmp_path)
    (series,) = scan(folder).series
    assert (series.volumes, series.problems) == (VOLUMES, ())
    findings = {finding.id for finding in check(folder, validators=False)}
    assert not findings & {"GEO-004", "GEO-010", "GEO-011"}
