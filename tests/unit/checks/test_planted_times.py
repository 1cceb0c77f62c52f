"""Clean time points give no finding, and each planted fault its finding."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from dicomseries.checks import check
from dicomseries.geometry import Grid
from dicomseries.sources import Volume, array_frames
from judges.known import OBLIQUE, write_known_series

TIMES, SLICES = 3, 4
STORED = np.arange(TIMES * SLICES * 30, dtype="int16").reshape(TIMES * SLICES, 5, 6) * 3 - 200
MR, PT = "1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.5.1.4.1.1.128"

DAY = "20240229"

Change = Callable[[int, Dataset], None]


def placed(at: int, dataset: Dataset) -> None:
    """Put a slice at its place in its volume; slices run fastest."""
    position = OBLIQUE[:3] @ (0, 0, at % SLICES, 1)
    dataset.ImagePositionPatient = [f"{value:.6f}" for value in position]


def ct(at: int, dataset: Dataset) -> None:
    placed(at, dataset)
    dataset.AcquisitionNumber = at // SLICES + 1


def mr(at: int, dataset: Dataset) -> None:
    placed(at, dataset)
    dataset.SOPClassUID, dataset.Modality = MR, "MR"
    dataset.ScanningSequence, dataset.SequenceVariant, dataset.ScanOptions = "RM", "NONE", ""
    dataset.MRAcquisitionType, dataset.EchoTime, dataset.EchoTrainLength = "", None, None
    dataset.RepetitionTime = None
    dataset.TemporalPositionIdentifier, dataset.NumberOfTemporalPositions = at // SLICES + 1, TIMES
    dataset.TriggerTime = f"{2000 * (at // SLICES)}"
    dataset.AcquisitionDate, dataset.AcquisitionTime = "20240229", f"1200{2 * (at // SLICES):02d}.5"


def pt(at: int, dataset: Dataset) -> None:
    placed(at, dataset)
    dataset.SOPClassUID, dataset.Modality, dataset.ImageType = PT, "PT", ["DERIVED", "PRIMARY"]
    dataset.SeriesDate, dataset.SeriesTime = dataset.StudyDate, dataset.StudyTime
    dataset.SeriesType, dataset.NumberOfSlices, dataset.NumberOfTimeSlices = (
        ["DYNAMIC", "IMAGE"],
        SLICES,
        TIMES,
    )
    dataset.Units, dataset.CountsSource, dataset.DecayCorrection = "BQML", "EMISSION", "NONE"
    dataset.CorrectedImage = dataset.CollimatorType = dataset.AcquisitionDate = (
        dataset.AcquisitionTime
    ) = ""
    dataset.RadiopharmaceuticalInformationSequence = Sequence([])
    dataset.PatientOrientationCodeSequence = dataset.PatientGantryRelationshipCodeSequence = (
        Sequence([])
    )
    dataset.FrameReferenceTime, dataset.ActualFrameDuration = f"{2000 * (at // SLICES)}", "2000"
    dataset.ImageIndex = at + 1
    dataset.RescaleSlope = f"{1 + at / 16}"
    del dataset.PatientPosition, dataset.RescaleType


KINDS: dict[str, Change] = {"CT": ct, "MR": mr, "PT": pt}


def write(folder: Path, kind: str, *changes: Change) -> Path:
    def change(at: int, dataset: Dataset) -> None:
        for change in (KINDS[kind], *changes):
            change(at, dataset)

    return write_known_series(folder, STORED, change=change)


def ids(folder: Path, **options) -> set[str]:
    return {finding.id for finding in check(folder, validators=False, **options)}


@pytest.mark.parametrize("kind", KINDS)
def test_a_clean_series_of_time_points_gives_no_finding(tmp_path, kind):
    assert check(write(tmp_path / "series", kind), validators=False) == ()


def moved(index: int, mm: float) -> Change:
    """Move one slice along y, which is the normal here."""

    def change(at: int, dataset: Dataset) -> None:
        if at == index:
            x, y, z = dataset.ImagePositionPatient
            dataset.ImagePositionPatient = [x, f"{float(y) + mm:.6f}", z]

    return change


def at_index(index: int, **values) -> Change:
    """Set attributes in one slice."""

    def change(at: int, dataset: Dataset) -> None:
        if at == index:
            for keyword, value in values.items():
                setattr(dataset, keyword, value)

    return change


def every(**values) -> Change:
    """Set attributes in all slices, from the number of the slice if the value is a function."""

    def change(at: int, dataset: Dataset) -> None:
        for keyword, value in values.items():
            setattr(dataset, keyword, value(at) if callable(value) else value)

    return change


PLANTED = {
    "a slice beside its even place": ("CT", moved(6, 0.4), "GEO-006"),
    "a slice rounded": ("MR", moved(6, 0.01), "GEO-007"),
    "two slices of a time at one place": ("CT", moved(5, 2.5), "GEO-004"),
    "nothing tells the times apart": ("CT", every(AcquisitionNumber=1), "GEO-011"),
    "a time at other places": (
        "MR",
        lambda at, ds: moved(at, 0.02 if at >= 8 else 0)(at, ds),
        "GEO-010",
    ),
    "an instance number twice": ("CT", at_index(5, InstanceNumber=2), "SER-009"),
    "two instance numbers of a time exchanged": (
        "MR",
        every(InstanceNumber=lambda at: {5: 7, 6: 6}.get(at, at + 1)),
        "SER-010",
    ),
    "a time point numbered as the one before": (
        "MR",
        at_index(5, TemporalPositionIdentifier=1),
        "TIM-001",
    ),
    "time points from 0": (
        "MR",
        every(TemporalPositionIdentifier=lambda at: at // SLICES),
        "TIM-001",
    ),
    "time points backwards": (
        "MR",
        every(TemporalPositionIdentifier=lambda at: 3 - at // SLICES),
        "TIM-001",
    ),
    "another number of time points": ("MR", every(NumberOfTemporalPositions=4), "TIM-001"),
    "another number of time slices": ("PT", every(NumberOfTimeSlices=4), "TIM-002"),
    "another number of slices": ("PT", every(NumberOfSlices=12), "TIM-002"),
    "image index slice by slice": (
        "PT",
        every(ImageIndex=lambda at: at % SLICES * TIMES + at // SLICES + 1),
        "TIM-002",
    ),
    "two image indices exchanged": (
        "PT",
        lambda at, ds: at in {5, 6} and setattr(ds, "ImageIndex", 12 - at),
        "TIM-002",
    ),
    "reference times that fall": (
        "PT",
        every(FrameReferenceTime=lambda at: f"{9 - at // SLICES}"),
        "TIM-003",
    ),
    "trigger times that fall": (
        "MR",
        every(TriggerTime=lambda at: f"{9 - at // SLICES}"),
        "TIM-003",
    ),
    "acquisition times that fall": (
        "MR",
        every(AcquisitionTime=lambda at: f"12000{9 - at // SLICES}"),
        "TIM-003",
    ),
    "a PET series dated years after its acquisition": (
        "PT",
        every(SeriesDate="20261128", AcquisitionDate="20240131", AcquisitionTime="120000"),
        "TIM-004",
    ),
    "a PET series dated an hour before its acquisition": (
        "PT",
        every(SeriesTime="110000", AcquisitionDate=DAY, AcquisitionTime="120000"),
        "TIM-004",
    ),
    "PET frames of one acquisition time": (
        "PT",
        every(
            SeriesTime="120000",
            AcquisitionDate=DAY,
            AcquisitionTime="120000",
            FrameReferenceTime=lambda at: f"{200000 * (at // SLICES)}",
        ),
        "TIM-004",
    ),
    "a slope of PET with an intercept": ("PT", every(RescaleIntercept="1"), "VAL-003"),
    "a slope in one time": ("MR", at_index(5, RescaleSlope="2"), "VAL-002"),
}


@pytest.mark.parametrize(("kind", "change", "expected"), PLANTED.values(), ids=PLANTED)
@pytest.mark.filterwarnings("ignore:.*:UserWarning:pydicom")
def test_a_planted_fault_is_found(tmp_path, kind, change, expected):
    assert expected in ids(write(tmp_path / "series", kind, change))


def test_a_missing_slice_of_one_time_is_found(tmp_path):
    folder = write(tmp_path / "series", "MR")
    (folder / "0006.dcm").unlink()
    assert "GEO-005" in ids(folder)
    assert "GEO-010" in ids(folder)


def test_acquisitions_over_midnight_rise(tmp_path):
    overnight = every(
        AcquisitionDate=lambda at: "20240229" if at < SLICES else "20240301",
        AcquisitionTime=lambda at: "235958" if at < SLICES else f"00000{at // SLICES}",
    )
    assert ids(write(tmp_path / "series", "MR", overnight)) == set()


SCANNERS = {
    "SeriesTime a few seconds before the first acquisition": {
        "SeriesTime": "115955.3",
        "FrameReferenceTime": "0",
    },
    "SeriesTime that is rounded up": {"SeriesTime": "120001", "FrameReferenceTime": "0"},
    "the middle of the frame": {
        "SeriesTime": "120000",
        "FrameReferenceTime": "900000",
        "ActualFrameDuration": "1800000",
    },
    "SeriesTime at the injection": {"SeriesTime": "110000", "FrameReferenceTime": "3600000"},
    "SeriesTime at the injection, before midnight": {
        "SeriesDate": "20240228",
        "SeriesTime": "233000",
        "AcquisitionTime": "003000",
        "FrameReferenceTime": "3600000",
    },
    "no acquisition date": {
        "SeriesTime": "115959",
        "FrameReferenceTime": "0",
        "AcquisitionDate": "",
    },
    "no acquisition time": {
        "SeriesTime": "080000",
        "FrameReferenceTime": "0",
        "AcquisitionTime": "",
    },
    "beds that all have FrameReferenceTime 0": {
        "SeriesTime": "120000",
        "FrameReferenceTime": "0",
        "AcquisitionTime": lambda at: f"12{3 * (at // SLICES):02d}00",
    },
}


@pytest.mark.parametrize("name", SCANNERS)
def test_the_time_base_of_scanners_is_accepted(tmp_path, name):
    usual = {"SeriesDate": DAY, "AcquisitionDate": DAY, "AcquisitionTime": "120000"}
    assert ids(write(tmp_path / "series", "PT", every(**usual | SCANNERS[name]))) == set()


def test_slices_counted_against_the_normal_are_counted(tmp_path):
    folder = write(
        tmp_path / "series",
        "PT",
        every(ImageIndex=lambda at: at // SLICES * SLICES + SLICES - at % SLICES),
    )
    assert ids(folder) == set()


def test_image_index_distinguishes_time_slices_without_times(tmp_path):
    assert ids(write(tmp_path / "series", "PT", every(FrameReferenceTime="0"))) == set()


def test_an_attribute_of_every_slice_does_not_hide_repeated_slices(tmp_path):
    folder = write(tmp_path / "series", "CT", every(AcquisitionNumber=lambda at: at + 1))
    assert ids(folder) == {"GEO-011"}


def backwards(at):
    return at // SLICES * SLICES + SLICES - at % SLICES


NUMBERED = {
    "slice by slice": lambda at: at % SLICES * TIMES + at // SLICES + 1,
    "from 7": lambda at: at + 7,
    "with gaps": lambda at: 10 * at + 1,
    "against the normal": backwards,
}


@pytest.mark.parametrize("number", NUMBERED.values(), ids=NUMBERED)
def test_any_numbering_along_the_slices_is_legal(tmp_path, number):
    assert ids(write(tmp_path / "series", "MR", every(InstanceNumber=number))) == set()


def test_every_voxel_of_every_time_is_compared(tmp_path):
    grid = Grid.from_affine((SLICES, 5, 6), OBLIQUE, space="LPS")

    def against(array: np.ndarray, volumes: int | None) -> Volume:
        return Volume(slabs=array_frames(array), grid=grid, volumes=volumes)

    folder = write(tmp_path / "series", "MR")
    assert ids(folder, against=against(STORED, TIMES)) == set()
    other = STORED.copy()
    other[6, 1, 2] += 1
    findings = check(folder, against=against(other, TIMES), validators=False)
    assert [(finding.id, finding.where) for finding in findings] == [("VAL-010", "0007.dcm")]
    assert ids(folder, against=against(STORED[:8], 2)) == {"GEO-020"}
    assert ids(folder, against=against(STORED[:4], None)) == {"GEO-020"}
