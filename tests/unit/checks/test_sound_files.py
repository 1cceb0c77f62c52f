"""Sound files of other programs give no false findings."""

from __future__ import annotations

import pydicom
import pytest
from pydicom.data import get_charset_files, get_testdata_file
from pydicom.dataset import Dataset

from dicomseries.checks import check

IMAGE_CHECKS = ("PIX", "GEO", "WIN", "VAL", "MFR", "TIM")
SOUND = {
    "names with escapes of ISO 2022": ("chrH31.dcm", "VR-001"),
    "names with other escapes of ISO 2022": ("chrH32.dcm", "VR-001"),
    "names in Korean": ("chrI2.dcm", "VR-001"),
    "subsampled colours": ("SC_ybr_full_422_uncompressed.dcm", "FIL-004"),
    "8 bits without a window": ("SC_rgb_small_odd.dcm", "WIN-001"),
    "a palette without a window": ("examples_palette.dcm", "WIN-001"),
    "an ultrasound image": ("examples_rgb_color.dcm", "GEO-003"),
    "a single image with a number": ("CT_small.dcm", "SER-010"),
    "a structure set": ("rtstruct.dcm", "FIL-004"),
    "a plan": ("rtplan.dcm", "FIL-004"),
    "a report": ("reportsi.dcm", "FIL-004"),
}


def path_of(name):
    """Return the path of one of pydicom's files."""
    charset = [path for path in get_charset_files("*.dcm") if path.endswith(name)]
    return charset[0] if charset else get_testdata_file(name, download=False)


def found_in(path):
    return check(path, validators=False)


@pytest.mark.parametrize(("name", "unwanted"), SOUND.values(), ids=SOUND)
def test_sound_files_give_no_false_finding(name, unwanted):
    assert unwanted not in {finding.id for finding in found_in(path_of(name))}


@pytest.mark.parametrize("name", ["rtstruct.dcm", "rtplan.dcm", "reportsi.dcm"])
def test_objects_without_an_image_have_no_image_findings(name):
    assert not any(
        finding.id.startswith(IMAGE_CHECKS) for finding in found_in(get_testdata_file(name))
    )


def test_an_image_without_pixels_gives_one_finding():
    findings = found_in(path_of("chrSQEncoding.dcm"))  # an MR image by its class
    assert [
        finding.id for finding in findings if finding.id.startswith(("FIL-004", *IMAGE_CHECKS))
    ] == ["FIL-004"]


def test_a_control_character_in_a_name_is_still_found(tmp_path):
    dataset = pydicom.dcmread(get_testdata_file("CT_small.dcm"))
    dataset.save_as(tmp_path / "1.dcm")
    data = (tmp_path / "1.dcm").read_bytes()
    assert data.count(b"CompressedSamples^CT1") == 1
    (tmp_path / "1.dcm").write_bytes(
        data.replace(b"CompressedSamples^CT1", b"Compressed\x01amples^CT1")
    )
    assert "VR-001" in {finding.id for finding in found_in(tmp_path)}


def test_a_single_file_needs_no_number_and_several_do(tmp_path):
    dataset: Dataset = pydicom.dcmread(get_testdata_file("CT_small.dcm"))
    dataset.InstanceNumber = None
    dataset.save_as(tmp_path / "1.dcm")
    assert "SER-009" not in {finding.id for finding in found_in(tmp_path)}
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = "2.25.5"
    dataset.ImagePositionPatient = ["-158.13", "-179.03", "-70.70"]
    dataset.save_as(tmp_path / "2.dcm")
    messages = [finding.message for finding in found_in(tmp_path) if finding.id == "SER-009"]
    assert messages == ["2 of 2 files have no InstanceNumber."]
