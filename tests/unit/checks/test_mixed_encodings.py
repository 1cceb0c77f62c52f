"""Files of a series in several encodings are compared by value."""

from __future__ import annotations

import shutil

import numpy as np
import pydicom
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    RLELossless,
)

from dicomseries.checks import check
from dicomseries.reading import differing_tags, open_volume, scan
from judges.known import write_known_series

STORED = np.arange(120, dtype="int16").reshape(6, 4, 5) * 7 - 300
SYNTAXES = (
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    ExplicitVRBigEndian,
    DeflatedExplicitVRLittleEndian,
)


def described(at, dataset):
    """Add numbers, floats, tags, nested sequences, private elements and odd lengths."""
    inner, item = Dataset(), Dataset()
    inner.ReferencedSOPClassUID, inner.ReferencedSOPInstanceUID = (
        "1.2.840.10008.5.1.4.1.1.2",
        "2.25.77",
    )
    inner.ReferencedFrameNumber = [1, 2]
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = (
        inner.ReferencedSOPClassUID,
        "2.25.7",
    )
    item.PurposeOfReferenceCodeSequence = [code()]
    dataset.SourceImageSequence = [item]
    dataset.SmallestImagePixelValue = -300
    dataset.ExposureTime, dataset.DataCollectionDiameter, dataset.ContentTime = (
        12,
        "500.5",
        f"12000{at}",
    )
    block = dataset.private_block(0x0029, "TESTS", create=True)
    block.add_new(0x01, "LO", "abc")
    block.add_new(0x02, "FD", 1.5)
    block.add_new(0x03, "US", 258)


def code():
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = "121322", "DCM", "Source image"
    return item


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    return write_known_series(tmp_path_factory.mktemp("good"), STORED, change=described)


def transcode(path, syntax):
    dataset = pydicom.dcmread(path)
    order = ">" if syntax == ExplicitVRBigEndian else "<"
    pixels = np.frombuffer(dataset.PixelData, "<i2")
    if syntax == RLELossless:
        dataset.compress(RLELossless)
    else:
        dataset.PixelData = pixels.astype(f"{order}i2").tobytes()
        dataset.file_meta.TransferSyntaxUID = syntax
    dataset.walk(lambda _, element: element.value)  # decoded, to be encoded anew
    pydicom.dcmwrite(
        path,
        dataset,
        implicit_vr=syntax == ImplicitVRLittleEndian,
        little_endian=syntax != ExplicitVRBigEndian,
        force_encoding=True,
    )


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=15
)
@given(syntaxes=st.lists(st.sampled_from((*SYNTAXES, RLELossless)), min_size=6, max_size=6))
def test_mixed_encodings_give_only_one_warning(good, tmp_path_factory, syntaxes):
    folder = tmp_path_factory.mktemp("mixed") / "series"
    shutil.copytree(good, folder)
    for path, syntax in zip(sorted(folder.iterdir()), syntaxes, strict=True):
        if syntax != ExplicitVRLittleEndian:
            transcode(path, syntax)
    findings = check(folder, validators=False)
    assert [finding.id for finding in findings] == (["FIL-007"] if len(set(syntaxes)) > 1 else [])
    np.testing.assert_array_equal(open_volume(folder).array, STORED)
    shared = open_volume(folder).tags.shared
    assert (shared["Rows"], shared["SmallestImagePixelValue"], shared["ExposureTime"]) == (
        4,
        -300,
        12,
    )


@pytest.mark.parametrize("syntax", SYNTAXES[1:], ids=lambda uid: uid.name)
def test_differing_values_are_found_in_mixed_encodings(good, tmp_path, syntax):
    folder = tmp_path / "series"
    shutil.copytree(good, folder)
    for number in (2, 4):
        path = folder / f"{number:04d}.dcm"
        dataset = pydicom.dcmread(path)
        dataset.Columns, dataset.SeriesNumber, dataset.PatientID = 5, "1", "KNOWN"
        if number == 4:
            dataset.BitsStored, dataset.HighBit, dataset.PatientID = 12, 11, "OTHER"
            dataset.SourceImageSequence[0].PurposeOfReferenceCodeSequence[0].CodeValue = "121320"
        dataset.save_as(path)
        transcode(path, syntax)
    findings = {finding.id: finding for finding in check(folder, validators=False)}
    assert {"FIL-007", "SER-003", "SER-007"} == set(findings) - {"PIX-004"}
    assert findings["SER-007"].message == "HighBit is 11, in other files 15 (1 of 6 files differ)."
    differing = {
        pydicom.datadict.keyword_for_tag(tag)
        for tag in differing_tags(scan(folder).series[0].instances)
    }
    assert {"SourceImageSequence", "BitsStored", "PatientID"} <= differing
    assert not differing & {"Rows", "SmallestImagePixelValue", "SamplesPerPixel", "ExposureTime"}


def test_a_wrong_vr_is_found_among_implicit_files(good, tmp_path):
    folder = tmp_path / "series"
    shutil.copytree(good, folder)
    transcode(folder / "0001.dcm", ImplicitVRLittleEndian)
    path = folder / "0004.dcm"
    data = path.read_bytes()
    assert data.count(b"\x20\x00\x10\x00SH") == 1
    path.write_bytes(data.replace(b"\x20\x00\x10\x00SH", b"\x20\x00\x10\x00LO"))
    findings = {finding.id: finding.where for finding in check(folder, validators=False)}
    assert findings["VR-004"] == "0004.dcm StudyID"
