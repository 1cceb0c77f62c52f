"""Lists of checked and unchecked parts; no image checks for objects without an image."""

from __future__ import annotations

import copy
import shutil

import numpy as np
import pydicom
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, UID_dictionary

from dicomseries.checks import Findings, check, check_instances, coverage
from dicomseries.errors import MissingPackageError
from dicomseries.reading import open_volume, read_instance, scan
from dicomseries.standard.objects.image_classes import image_class
from judges.known import write_known_series

STORED = np.arange(60, dtype="int16").reshape(3, 4, 5)
NO_IMAGE = [
    uid
    for uid, entry in UID_dictionary.items()
    if entry[1] == "SOP Class" and image_class(uid).plane == "no-pixels" and "Storage" in entry[0]
]
NO_PLANE = [uid for uid in UID_dictionary if image_class(uid).plane == "none"]
PIXELS = {
    "Rows": 2,
    "Columns": 2,
    "BitsAllocated": 8,
    "BitsStored": 8,
    "HighBit": 7,
    "PixelRepresentation": 0,
    "SamplesPerPixel": 1,
    "PhotometricInterpretation": "MONOCHROME2",
    "PixelData": bytes(4),
}


def save(folder, sop_class_uid, **values):
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID, dataset.SOPInstanceUID = sop_class_uid, "2.25.5"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = "2.25.6", "2.25.7"
    dataset.Modality, dataset.InstanceNumber = "OT", 1
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    folder.mkdir(exist_ok=True)
    dataset.save_as(folder / "1.dcm", enforce_file_format=True)
    return folder


def test_no_object_without_pixels_is_checked_as_an_image(tmp_path):
    for uid in NO_IMAGE:
        instance = read_instance(save(tmp_path, uid) / "1.dcm")
        findings = {finding.id for finding in check_instances([instance])}
        assert not {check_id[:3] for check_id in findings} & {
            "PIX",
            "GEO",
            "WIN",
            "VAL",
            "MFR",
            "TIM",
        }, UID(uid).name
        assert "FIL-004" not in findings, UID(uid).name


def test_objects_without_an_image_are_named(tmp_path):
    findings = check(save(tmp_path, "1.2.840.10008.5.1.4.1.1.88.11"), validators=False)
    reason = "pixels and geometry of 1 file (no image object but 1 Basic Text "
    reason += "SR: texts and modules are checked only)"
    assert findings.not_checked[0] == reason
    assert findings.checked == ("texts and modules of 1 file",)


def test_no_image_without_a_plane_needs_a_position(tmp_path):
    for uid in NO_PLANE:
        for spacing, expected in (("0.5", []), ("0", ["GEO-003"])):
            folder = save(tmp_path, uid, PixelSpacing=[spacing, "0.5"], **PIXELS)
            findings = check_instances([read_instance(folder / "1.dcm")])
            assert [
                finding.id for finding in findings if finding.id.startswith("GEO")
            ] == expected, UID(uid).name


def test_a_missing_plane_is_named(tmp_path):
    findings = check(save(tmp_path, "1.2.840.10008.5.1.4.1.1.1", **PIXELS), validators=False)
    assert (
        "geometry (Computed Radiography Image Storage has no image plane)" in findings.not_checked
    )


def test_secondary_captures_with_a_position_need_the_complete_plane(tmp_path):
    def change(_, dataset):
        dataset.SOPClassUID, dataset.Modality = "1.2.840.10008.5.1.4.1.1.7", "OT"
        del dataset.ImageOrientationPatient

    folder = write_known_series(tmp_path, STORED, change=change)
    assert "GEO-003" in {finding.id for finding in check(folder, validators=False)}


def test_a_ct_without_pixels_is_still_an_error(tmp_path):
    folder = write_known_series(tmp_path, STORED, change=lambda _, ds: delattr(ds, "PixelData"))
    assert "FIL-004" in {finding.id for finding in check(folder, validators=False)}


def test_an_object_without_pixels_among_images_does_not_spoil_them(tmp_path):
    folder = write_known_series(tmp_path / "series", STORED)
    first = pydicom.dcmread(folder / "0001.dcm", stop_before_pixels=True)
    uids = {
        "SeriesInstanceUID": first.SeriesInstanceUID,
        "StudyInstanceUID": first.StudyInstanceUID,
    }
    raw = save(tmp_path / "raw", "1.2.840.10008.5.1.4.1.1.66", **uids)
    shutil.copy(raw / "1.dcm", folder / "9.dcm")
    findings = check(folder, validators=False)
    assert not {finding.id[:3] for finding in findings} & {"PIX", "GEO", "WIN", "VAL"}
    assert any("no image object" in finding for finding in findings.not_checked)


def test_a_clean_result_equals_an_empty_tuple_and_lists_the_coverage(tmp_path):
    findings = check(write_known_series(tmp_path, STORED), validators=False)
    assert findings == ()
    assert not findings
    assert findings.checked == (
        "texts and modules of 3 files",
        "geometry of 3 files",
        "pixels of 3 files",
    )
    assert findings.not_checked == (
        "comparison with the input (none was given)",
        "dciodvfy, dcentvfy: left out by choice",
    )
    assert str(findings).splitlines()[0] == "0 errors, 0 warnings"


def test_findings_can_be_copied_and_sent_to_another_process(tmp_path):
    findings = check(write_known_series(tmp_path, STORED), validators=False)
    again = copy.deepcopy(findings)
    assert isinstance(again, Findings)
    assert (again, again.checked, again.not_checked) == (
        findings,
        findings.checked,
        findings.not_checked,
    )


def test_pixels_without_a_decoder_are_named(monkeypatch):
    def missing(*_):
        raise MissingPackageError(
            code="package-missing", where="1", given="2", expected="3", remedy="Install it."
        )

    monkeypatch.setattr(coverage, "read_frames", missing)
    findings = check(get_testdata_file("MR_small_jp2klossless.dcm"), validators=False)
    reason = "no decoder for JPEG 2000 Image Compression (Lossless Only) is installed"
    assert f"pixels of 1 file ({reason})" in findings.not_checked
    assert not any(finding.startswith("pixels") for finding in findings.checked)


def test_a_missing_sop_class_is_taken_from_the_file_meta_information(tmp_path):
    source, path = get_testdata_file("CT_small.dcm"), tmp_path / "1.dcm"
    dataset = pydicom.dcmread(source)
    del dataset.SOPClassUID
    dataset.save_as(path)
    (series,) = scan(path).series
    assert (series.kind, series.sop_class_uid) == ("CT", "1.2.840.10008.5.1.4.1.1.2")
    assert open_volume(path).grid == open_volume(source).grid
    assert {"FIL-002", "MOD-001"} <= {finding.id for finding in check(path, validators=False)}
