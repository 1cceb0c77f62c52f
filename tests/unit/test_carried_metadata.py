"""Metadata that comes with an array: BIDS sidecars, ITK tags, volumes of `read`."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pydicom
import pytest
import SimpleITK
from pydicom.data import get_testdata_file
from pydicom.datadict import keyword_dict

import dicomseries as dcs
from dicomseries.metadata import sidecar_of
from dicomseries.metadata.bids.bids_keys import is_bids_key, unit_of_key
from dicomseries.metadata.bids.sidecar import _DICOM_UNITS, _FACTORS, _RENAMED

ARRAY = np.arange(480, dtype="int16").reshape(4, 12, 10)
GRID = {"spacing": (1, 1, 2)}
TRUE = {
    "PatientID": "P2",
    "EchoTime": 2.98,
    "RepetitionTime": 2300,
    "InversionTime": 900,
    "FlipAngle": 9,
    "MagneticFieldStrength": 3,
    "ScanningSequence": ["GR", "IR"],
    "SequenceVariant": ["SK", "SP", "MP"],
    "Manufacturer": "ACME",
    "SeriesDescription": "T1w",
}


def first(folder: Path) -> pydicom.Dataset:
    return pydicom.dcmread(min(folder.rglob("*.dcm")))


def error_of(*arguments: Any, **options: Any) -> dcs.DicomSeriesError:
    with pytest.raises(dcs.DicomSeriesError) as found:
        dcs.plan(*arguments, **options)
    return found.value


# --------------------------------------------------------------------------------------------- BIDS
@pytest.fixture(scope="module")
def converted(tmp_path_factory):
    """Write a series and convert it by dcm2niix to NIfTI with a sidecar."""
    root = tmp_path_factory.mktemp("bids")
    dcs.write(ARRAY, root / "scan", kind="MR", **GRID, metadata=TRUE)
    program = shutil.which("dcm2niix") or str(Path(sys.executable).parent / "dcm2niix")
    subprocess.run(
        [program, "-b", "y", "-ba", "n", "-f", "t1", "-o", str(root), str(root / "scan")],
        capture_output=True,
        check=True,
    )
    return root


def test_a_sidecar_of_dcm2niix_comes_back_as_it_was(converted, tmp_path):
    receipt = dcs.write(
        converted / "t1.nii", tmp_path / "back", kind="MR", bids=converted / "t1.json"
    )
    found, source = first(tmp_path / "back"), first(converted / "scan")
    for keyword in TRUE.keys() - {"Manufacturer"}:  # dcm2niix names the vendors it knows
        assert found[keyword].value == source[keyword].value, keyword
    assert any("ImageType" in one and "BIDS" in one for one in receipt.advice)


def test_the_sidecar_as_metadata_is_rejected_with_the_way_to_pass_it(converted):
    for metadata in (
        converted / "t1.json",
        json.loads((converted / "t1.json").read_text(encoding="utf-8")),
    ):
        error = error_of(converted / "t1.nii", kind="MR", metadata=metadata)
        assert error.code == "metadata-is-bids"
        assert "bids=" in error.remedy


@pytest.mark.parametrize(
    "metadata",
    [
        {"ConversionSoftware": "dcm2niix"},
        {"SliceTiming": [0, 1]},
        {"TaskName": "rest", "ManufacturersModelName": "X"},
        {"EchoTime": 0.003, "ImageOrientationPatientDICOM": [1], "TotalReadoutTime": 1},
        {"EchoTime": 0.003, "RepetitionTime": 2.3, "InversionTime": 0.9},
    ],
)
def test_parts_of_a_sidecar_are_recognised(metadata):
    assert error_of(ARRAY, kind="MR", **GRID, metadata=metadata).code == "metadata-is-bids"


def test_what_the_user_says_beside_a_sidecar_wins():
    sidecar = {"EchoTime": 0.003, "FlipAngle": 9}
    plan = dcs.plan(ARRAY, kind="MR", **GRID, bids=sidecar, metadata={"EchoTime": 5})
    values = {one.keyword: one.values for one in plan.shared}
    assert (values["EchoTime"], values["FlipAngle"]) == (("5",), ("9",))


def test_every_renamed_key_has_a_keyword_and_its_unit():
    for key, keyword in _RENAMED.items():
        assert keyword in keyword_dict
        unit, wanted = unit_of_key(key), _DICOM_UNITS.get(keyword, "")
        assert not wanted or (unit, wanted) in _FACTORS, key
        # seconds there are milliseconds here
        assert unit != "s" or keyword in _DICOM_UNITS, key


def test_the_table_of_units_is_that_of_the_schema():
    sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))
    try:
        import make_bids_table
    finally:
        sys.path.pop(0)
    assert make_bids_table.TABLE.read_text(encoding="utf-8") == make_bids_table.table()
    assert is_bids_key("PhaseEncodingDirection")


MS: dict[str, tuple[float, float]] = {
    "EchoTime": (0.00298, 2.98),
    "RepetitionTime": (2.3, 2300),
    "InversionTime": (0.9, 900),
    "RepetitionTimeExcitation": (0.0065, 6.5),
}


@pytest.mark.parametrize("key", MS)
def test_seconds_become_milliseconds(key):
    seconds, milliseconds = MS[key]
    assert sidecar_of({key: seconds}).attributes == {_RENAMED[key]: milliseconds}


def test_dates_and_terms_of_a_sidecar_are_dicoms():
    found = sidecar_of(
        {
            "AcquisitionDateTime": "2024-01-31T12:00:00.500000",
            "ScanOptions": "PFP_FS",
            "SequenceVariant": "SK\\SP",
            "ManufacturersModelName": "Prisma",
            "PhaseEncodingDirection": "j-",
        }
    )
    assert found.attributes["ScanOptions"] == ["PFP", "FS"]
    assert found.attributes["SequenceVariant"] == ["SK", "SP"]
    assert found.attributes["ManufacturerModelName"] == "Prisma"
    assert found.attributes["AcquisitionTime"].isoformat() == "12:00:00.500000"
    assert found.ignored == ("PhaseEncodingDirection",)


def test_malformed_values_of_a_sidecar_are_left_out_and_named():
    found = sidecar_of(
        {
            "PatientSex": "Female",
            "SeriesNumber": "many",
            "AcquisitionTime": "noon",
            "EchoTime": 0.003,
        }
    )
    assert dict(found.attributes) == {"EchoTime": 3.0}
    assert set(found.ignored) == {"PatientSex", "SeriesNumber", "AcquisitionTime"}


PET = {
    "Units": "Bq/mL",
    "TracerName": "FDG",
    "TracerRadionuclide": "F18",
    "InjectedRadioactivity": 350,
    "InjectedRadioactivityUnits": "MBq",
    "TimeZero": "11:00:00",
    "InjectionStart": 0,
    "ScanStart": 3600,
    "ScanDate": "2024-01-31",
    "FrameTimesStart": [0, 10, 40],
    "FrameDuration": [10, 30, 60],
    "ImageDecayCorrected": True,
    "ImageDecayCorrectionTime": 3600,
    "DecayCorrectionFactor": [1.0, 1.001, 1.004],
    "AttenuationCorrection": "CT",
    "ReconMethodName": "OSEM",
    "BodyWeight": 72,
}


def test_a_pet_sidecar_gives_times_dose_and_decay(tmp_path):
    frames = np.random.default_rng(3).gamma(2, 900, (3, 4, 5, 6)).astype("float32")
    image = nibabel.Nifti1Image(frames.transpose(3, 2, 1, 0), np.diag([-4, -4, 3, 1]))
    nibabel.save(image, tmp_path / "pet.nii")
    receipt = dcs.write(tmp_path / "pet.nii", tmp_path / "out", kind="PT", bids=PET)
    files = [pydicom.dcmread(one) for one in sorted((tmp_path / "out").glob("*.dcm"))]
    found = files[0]
    drug = found.RadiopharmaceuticalInformationSequence[0]
    assert (found.Units, found.DecayCorrection, found.SeriesDate, found.SeriesTime) == (
        "BQML",
        "START",
        "20240131",
        "120000",
    )
    assert (drug.RadionuclideTotalDose, drug.RadiopharmaceuticalStartTime) == (3.5e8, "110000")
    assert drug.RadionuclideCodeSequence[0].CodeMeaning == "^18^Fluorine"
    assert [one.FrameReferenceTime for one in files[::4]] == [0, 10_000, 40_000]
    assert [one.ActualFrameDuration for one in files[::4]] == [10_000, 30_000, 60_000]
    assert [one.DecayFactor for one in files[::4]] == [1.0, 1.001, 1.004]
    assert any("BodyWeight" in one for one in receipt.advice)
    assert [
        one for one in dcs.check(tmp_path / "out", validators=False) if one.level == "error"
    ] == []


@pytest.mark.parametrize(
    "change",
    [
        {"Units": "kBq/mL"},
        {"InjectedRadioactivityUnits": "becquerels"},
        {"TimeZero": "at noon"},
        {"ImageDecayCorrectionTime": 1000},
        {"FrameTimesStart": "unknown"},
        {"TracerRadionuclide": "Xx99"},
    ],
)
def test_what_a_pet_sidecar_does_not_say_clearly_is_left_out_and_named(change):
    found = sidecar_of(PET | change)
    (key,) = change
    named = {"TimeZero": "ScanStart", "ImageDecayCorrectionTime": "ImageDecayCorrected"}.get(
        key, key
    )
    assert named in found.ignored


def test_keys_without_a_place_in_the_kind_are_named():
    plan = dcs.plan(ARRAY, kind="SC", **GRID, bids={"EchoTime": 0.003, "PatientID": "1"})
    assert any("EchoTime" in one and "SC" in one for one in plan.advice)


# ----------------------------------------------------------------------------------------- ITK tags
TAGS = {
    "0010|0010": "Doe^Jane ",
    "0010|0020": "P31",
    "0020|000d": "1.2.826.0.1.3680043.10.511.31",
    "0020|000e": "1.2.826.0.1.3680043.10.511.32",
    "0008|0018": "1.2.826.0.1.3680043.10.511.33",
    "0008|103e": "Mine",
    "0008|0070": "ACME",
    "0028|0010": "99",
    "0020|0032": "1\\2\\3",
    "0028|1054": "HU",
    "0028|1053": "0.001",
    "0018|0060": "120",
    "0008|0008": "ORIGINAL\\PRIMARY",
    "0099|1001": "private",
    "0010|0040": "female",
}


def image_with(tags: dict[str, str], array: np.ndarray = ARRAY) -> SimpleITK.Image:
    image = SimpleITK.GetImageFromArray(array)
    image.SetSpacing((1, 1, 2))
    for tag, text in tags.items():
        image.SetMetaData(tag, text)
    image.SetMetaData("ITK_something", "else")
    return image


@pytest.fixture(params=["image", ".nrrd", ".mha"])
def carrier(request, tmp_path):
    """Return an image, or a file written by ITK, with the tags."""
    if request.param == "image":
        return image_with(TAGS)
    SimpleITK.WriteImage(image_with(TAGS), tmp_path / f"image{request.param}")
    return tmp_path / f"image{request.param}"


def test_tags_of_an_image_are_taken_or_named(carrier, tmp_path):
    receipt = dcs.write(carrier, tmp_path / "out", kind="CT")
    found = first(tmp_path / "out")
    assert (found.PatientName, found.PatientID, found.SeriesDescription) == (
        "Doe^Jane",
        "P31",
        "Mine",
    )
    assert (found.Manufacturer, found.KVP) == ("ACME", 120)
    assert found.StudyInstanceUID == TAGS["0020|000d"]
    assert found.SeriesInstanceUID != TAGS["0020|000e"]
    assert found.SOPInstanceUID != TAGS["0008|0018"]
    assert (found.Rows, found.ImageType[0], found.PatientSex) == (12, "DERIVED", "")
    assert found.get("RescaleType") != "HU"
    (advice,) = (one for one in receipt.advice if "carries" in one)
    for name in ("PatientID", "RescaleType", "ImageType", "0099|1001", "PatientSex"):
        assert name in advice


def test_every_tag_of_an_image_is_accounted_for():
    plan = dcs.plan(image_with(TAGS), kind="CT")
    (advice,) = (one for one in plan.advice if "carries" in one)
    computed = int(advice.partition(" are computed")[0].rpartition(" ")[2])
    taken = advice.partition("Taken: ")[2].partition(". ")[0].split(", ")
    left_out = advice.partition("Left out: ")[2].partition(";")[0].split(", ")
    assert computed + len(taken) + len(left_out) == len(TAGS)


def test_metadata_wins_over_the_tags_of_an_image():
    plan = dcs.plan(image_with(TAGS), kind="CT", metadata={"SeriesDescription": "Other"})
    values = {one.keyword: one.values for one in plan.shared}
    assert (values["SeriesDescription"], values["PatientID"]) == (("Other",), ("P31",))


def test_another_patient_takes_nothing_of_the_study_of_an_image():
    plan = dcs.plan(image_with(TAGS), kind="CT", metadata={"PatientID": "another"})
    values = {one.keyword: one.values for one in plan.shared}
    assert values["PatientName"] == ()
    assert plan.uids.study != TAGS["0020|000d"]
    assert any("PatientName" in one for one in plan.advice)


def test_a_uid_of_the_users_wins_over_that_of_an_image():
    plan = dcs.plan(image_with(TAGS), kind="CT", uid={"StudyInstanceUID": "1.2.3"})
    assert plan.uids.study == "1.2.3"


def test_an_illegal_study_uid_of_an_image_is_named():
    plan = dcs.plan(image_with({"0020|000d": "1.02.x"}), kind="CT")
    assert any("StudyInstanceUID" in one for one in plan.advice)


def test_like_says_what_holds_and_the_image_is_not_asked(tmp_path):
    dcs.write(ARRAY, tmp_path / "source", kind="CT", **GRID, metadata={"PatientID": "S"})
    plan = dcs.plan(image_with(TAGS), like=tmp_path / "source")
    values = {one.keyword: one.values for one in plan.shared}
    assert values["PatientID"] == ("S",)
    assert any("15 DICOM attributes" in one for one in plan.advice)


def test_tags_of_an_image_give_way_to_a_value_of_each_slice():
    plan = dcs.plan(image_with(TAGS), kind="CT", per_volume={"KVP": [100, 120, 100, 120]})
    assert "KVP" in plan.per_instance


def test_content_uids_depend_on_the_tags_of_an_image():
    plans = [
        dcs.plan(image_with({"0010|0020": text, "0008|0020": "20240101"}), kind="CT", uid="content")
        for text in "ab"
    ]
    assert plans[0].uids.series != plans[1].uids.series


def test_a_mask_takes_the_patient_of_its_image(tmp_path):
    mask = np.zeros((4, 12, 10), "uint8")
    mask[1:3, 2:5] = 1
    dcs.write(image_with(TAGS, mask), tmp_path / "out", kind="Segmentation", segments={1: "Liver"})
    assert first(tmp_path / "out").PatientID == "P31"


def test_a_slice_that_itk_has_read_is_written(tmp_path):
    """Every tag of a real header, as ITK hands them on."""
    metadata = {
        "PatientID": "P",
        "EchoTime": 5,
        "TriggerTime": 3,
        "ScanOptions": "CG",
        "PatientPosition": "HFS",
    }
    dcs.write(ARRAY[:1], tmp_path / "source", kind="MR", **GRID, metadata=metadata)
    image = SimpleITK.ReadImage(str(min((tmp_path / "source").glob("*.dcm"))))
    for kind in ("CT", "MR", "PT", "SC", "EnhancedMR"):
        extra = {"ApplicableSafetyStandardAgency": "IEC"} if kind == "EnhancedMR" else {}
        receipt = dcs.write(image, tmp_path / kind, kind=kind, metadata=extra)
        found, source = first(tmp_path / kind), first(tmp_path / "source")
        assert found.PatientID == "P"
        assert found.StudyInstanceUID == source.StudyInstanceUID
        assert found.SeriesInstanceUID != source.SeriesInstanceUID
        assert any("carries" in one for one in receipt.advice)
        assert [
            one for one in dcs.check(tmp_path / kind, validators=False) if one.level == "error"
        ] == []


# --------------------------------------------------------------------------- a volume that was read
def test_a_volume_that_was_read_keeps_its_patient_and_study(tmp_path):
    metadata = {
        "PatientID": "P31",
        "PatientName": "Doe^Jane",
        "RescaleType": "HU",
        "KVP": 120,
        "StudyDate": "20240131",
    }
    dcs.write(ARRAY, tmp_path / "scan", kind="CT", **GRID, metadata=metadata)
    receipt = dcs.write(dcs.read(tmp_path / "scan"), tmp_path / "again", kind="CT")
    found, source = first(tmp_path / "again"), first(tmp_path / "scan")
    assert (found.PatientID, found.PatientName, found.StudyDate) == ("P31", "Doe^Jane", "20240131")
    assert found.StudyInstanceUID == source.StudyInstanceUID
    assert found.SeriesInstanceUID != source.SeriesInstanceUID
    assert found.SOPInstanceUID != source.SOPInstanceUID
    assert found.RescaleType == "US"
    assert any("derive" in one and "like=" in one for one in receipt.advice)


def test_private_attributes_of_a_volume_that_was_read_are_left_out(tmp_path):
    volume = dcs.read(get_testdata_file("CT_small.dcm"))
    assert any(attribute.startswith("(") for attribute in volume.tags.shared)
    dcs.write(volume, tmp_path / "out", kind="CT")
    written = first(tmp_path / "out")
    assert written.PatientID == volume.tags.shared["PatientID"]
    assert not [element.tag for element in written if element.tag.is_private]


def test_a_volume_that_was_read_is_derived_without_advice(tmp_path):
    dcs.write(ARRAY, tmp_path / "scan", kind="CT", **GRID, metadata={"PatientID": "P31"})
    volume = dcs.read(tmp_path / "scan")
    receipt = volume.derive(volume).write(tmp_path / "out")
    assert first(tmp_path / "out").PatientID == "P31"
    assert not any("volume.derive" in one for one in receipt.advice)
