"""Other programs read a known series right, and notice a planted fault."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset

import dicomseries as dcs
from judges import (
    Seen,
    corner_distance,
    corners,
    dcentvfy,
    dciodvfy,
    read_with_dcm2niix,
    read_with_dicom2nifti,
    read_with_gdcm,
    read_with_highdicom,
    read_with_pydicom,
    read_with_simpleitk,
    read_with_vtk_dicom,
    validators,
)
from judges.known import OBLIQUE, write_known_series
from judges.validators import COMPREHENSIVE_3D_SR, FALSE_ALARMS, SECONDARY_CAPTURE

SHAPE = (6, 12, 20)
STORED = np.random.default_rng(7).integers(-1000, 3000, SHAPE).astype(np.int16)
SLOPE, INTERCEPT = 0.125, -3.0

Reader = Callable[[Path], Seen]


def dcm2niix_only_volume(folder: Path) -> Seen:
    (seen,) = read_with_dcm2niix(folder)
    return seen


READERS = {
    "pydicom": (read_with_pydicom, 1e-9),
    "simpleitk": (read_with_simpleitk, 1e-9),
    "gdcm": (read_with_gdcm, 1e-9),
    "highdicom": (read_with_highdicom, 1e-9),
    "dcm2niix": (dcm2niix_only_volume, 1e-3),  # NIfTI's affine is float32
    "vtk-dicom": (read_with_vtk_dicom, 1e-3),
    "dicom2nifti": (read_with_dicom2nifti, 1e-3),
}
every_reader = pytest.mark.parametrize(
    ("reader", "tolerance_mm"), READERS.values(), ids=READERS.keys()
)


def spoil(keyword: str, value: object, *, at: int | None = None) -> Callable[[int, Dataset], None]:
    def change(index: int, dataset: Dataset) -> None:
        if at is None or index == at:
            setattr(dataset, keyword, value)

    return change


@every_reader
def test_a_reader_sees_geometry_and_values_of_a_known_series(tmp_path, reader, tolerance_mm):
    write_known_series(tmp_path, STORED, slope=SLOPE, intercept=INTERCEPT)
    seen = reader(tmp_path).aligned_to(OBLIQUE)
    assert corner_distance(seen, OBLIQUE, SHAPE) < tolerance_mm
    assert np.array_equal(seen.array, STORED * SLOPE + INTERCEPT)
    assert not seen.warnings


@every_reader
def test_integers_with_identity_rescale_stay_exact(tmp_path, reader, tolerance_mm):
    write_known_series(tmp_path, STORED)
    assert np.array_equal(reader(tmp_path).aligned_to(OBLIQUE).array, STORED)


@every_reader
def test_a_grid_one_voxel_off_is_noticed(tmp_path, reader, tolerance_mm):
    write_known_series(tmp_path, STORED)
    off = OBLIQUE.copy()
    off[:3, 3] += off[:3, 0]
    distance = corner_distance(reader(tmp_path).aligned_to(off), off, SHAPE)
    assert distance == pytest.approx(0.9, abs=1e-3)


@every_reader
def test_a_spacing_wrong_by_a_thousandth_is_noticed(tmp_path, reader, tolerance_mm):
    wrong = OBLIQUE.copy()
    wrong[:3, 1] *= 1.001
    write_known_series(tmp_path, STORED, wrong)
    distance = corner_distance(reader(tmp_path).aligned_to(OBLIQUE), OBLIQUE, SHAPE)
    assert distance == pytest.approx(0.0077, abs=1e-4)


@every_reader
def test_an_array_flipped_under_the_same_geometry_is_noticed(tmp_path, reader, tolerance_mm):
    write_known_series(tmp_path, STORED[:, ::-1])
    assert not np.array_equal(reader(tmp_path).aligned_to(OBLIQUE).array, STORED)


@every_reader
def test_a_grid_flipped_under_the_same_array_is_noticed(tmp_path, reader, tolerance_mm):
    flipped = OBLIQUE @ np.array(
        [[-1, 0, 0, 19], [0, 1, 0, 0], [0, 0, -1, 5], [0, 0, 0, 1]], dtype=float
    )
    write_known_series(tmp_path, STORED, flipped)
    seen = reader(tmp_path).aligned_to(OBLIQUE)
    assert corner_distance(seen, OBLIQUE, SHAPE) < tolerance_mm, "the grid covers the same points"
    assert np.array_equal(seen.array, STORED[::-1, :, ::-1]), "with other values on them"


def test_simpleitk_warns_of_an_uneven_step(tmp_path):
    write_known_series(
        tmp_path, STORED, change=spoil("ImagePositionPatient", ["-101.25", "38.1", "77.125"], at=1)
    )
    assert any("uniform" in line for line in read_with_simpleitk(tmp_path).warnings)


def test_gdcm_warns_of_an_uneven_step(tmp_path):
    write_known_series(
        tmp_path, STORED, change=spoil("ImagePositionPatient", ["-101.25", "38.1", "77.125"], at=1)
    )
    assert read_with_gdcm(tmp_path).warnings


def test_highdicom_rejects_a_missing_slice(tmp_path):
    write_known_series(tmp_path, STORED)
    (tmp_path / "0003.dcm").unlink()
    with pytest.raises(ValueError, match=r"(?i)volume|spac"):
        read_with_highdicom(tmp_path)


def test_dcm2niix_gives_a_second_volume_for_a_second_series(tmp_path):
    write_known_series(tmp_path / "a", STORED)
    write_known_series(tmp_path / "b", STORED, change=spoil("SeriesInstanceUID", "2.25.77"))
    assert len(read_with_dcm2niix(tmp_path)) == 2


def test_alignment_turns_the_array_with_its_affine():
    seen = Seen(array=np.arange(24).reshape(2, 3, 4), affine_lps=OBLIQUE)
    turned = Seen(
        array=np.transpose(seen.array, (2, 0, 1))[:, ::-1],
        affine_lps=OBLIQUE
        @ np.array([[0, 0, 1, 0], [1, 0, 0, 0], [0, -1, 0, 1], [0, 0, 0, 1]], dtype=float),
    )
    back = turned.aligned_to(OBLIQUE)
    assert np.array_equal(back.array, seen.array)
    assert np.allclose(back.affine_lps, OBLIQUE)


def test_corners_are_those_of_voxel_centres():
    points = corners(np.diag([2.0, 3.0, 4.0, 1.0]), (2, 3, 5))
    assert points[0].tolist() == [0, 0, 0]
    assert points[-1].tolist() == [8, 6, 4]


@pytest.mark.parametrize("program", validators)
def test_validators_have_nothing_against_a_clean_series(tmp_path, program):
    write_known_series(tmp_path, STORED[:2])
    paths = sorted(tmp_path.iterdir())
    verdicts = [dciodvfy(path, program=program) for path in paths] + [
        dcentvfy(paths, program=program)
    ]
    assert [verdict.errors + verdict.warnings for verdict in verdicts] == [()] * 3


@pytest.mark.parametrize("program", validators)
@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("ImageType", ["DERIVED", "SECONDARY"]),
        ("FrameOfReferenceUID", None),
        ("ImageOrientationPatient", ["1", "0", "0", "0", ".9", "0"]),
        ("PixelData", b"\0\0"),
        ("RescaleSlope", "0"),
    ],
)
def test_dciodvfy_notices_a_planted_fault(tmp_path, program, keyword, value):
    write_known_series(tmp_path, STORED[:1], change=spoil(keyword, value))
    assert dciodvfy(tmp_path / "0001.dcm", program=program).errors


@pytest.mark.parametrize("program", validators)
def test_dcentvfy_notices_a_second_study(tmp_path, program):
    write_known_series(tmp_path, STORED[:3], change=spoil("StudyInstanceUID", "2.25.66", at=1))
    assert dcentvfy(tmp_path.iterdir(), program=program).errors


def to_secondary_capture(_: int, dataset: Dataset) -> None:
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = SECONDARY_CAPTURE
    dataset.ImageType, dataset.Modality, dataset.ConversionType = (
        ["DERIVED", "SECONDARY"],
        "OT",
        "SYN",
    )
    dataset.PatientOrientation = ""
    del dataset.KVP, dataset.AcquisitionNumber


def write_report_of_label_map(folder: Path) -> None:
    """Write the numbers of a label map as ``0001.dcm``."""
    with tempfile.TemporaryDirectory() as name:
        ct, seg = Path(name, "ct"), Path(name, "seg")
        dcs.write(
            STORED,
            ct,
            kind="CT",
            spacing=(1, 1, 2),
            metadata={"RescaleType": "HU", "PatientID": "42"},
        )
        form = {"kind": "Segmentation", "segmentation_type": "labelmap"}
        dcs.write(STORED > 0, seg, like=ct, **form)
        dcs.measure(seg, source=ct, out=folder, percentiles=())


def write_picture_of_label_map(folder: Path) -> None:
    """Write a slice of a label map as the picture ``0001.dcm``."""
    with tempfile.TemporaryDirectory() as name:
        seg, pictures = Path(name, "seg"), Path(name, "pictures")
        form = {"kind": "Segmentation", "segmentation_type": "labelmap", "spacing": (1, 1, 2)}
        labels = np.ones(STORED.shape, "uint8")
        dcs.write(labels, seg, metadata={"PatientID": "42"}, **form)
        dcs.write(labels, pictures, kind="SC", like=seg, metadata={"Laterality": "L"})
        next(pictures.glob("*.dcm")).rename(folder / "0001.dcm")


@pytest.mark.parametrize("alarm", FALSE_ALARMS, ids=lambda alarm: alarm.pattern[:20])
def test_every_false_alarm_still_sounds_and_is_the_only_one(tmp_path, alarm):
    change = to_secondary_capture if SECONDARY_CAPTURE in alarm.sop_class_uids else None
    if COMPREHENSIVE_3D_SR in alarm.sop_class_uids:
        write_report_of_label_map(tmp_path)
    elif "ReferencedFrameNumber" in alarm.pattern:
        write_picture_of_label_map(tmp_path)
    else:
        write_known_series(tmp_path, STORED[:1], change=change)
    verdict = dciodvfy(tmp_path / "0001.dcm", program=alarm.program)
    assert bool(verdict.waived) == alarm.is_needed, "wrong version: correct `until`"
    assert verdict.errors + verdict.warnings == ()
    assert len(alarm.reason) > 30
