"""The JSON model of `serve` equals that of pydicom."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from dicomseries.reading import read_instance
from dicomseries.viewing.dicomweb.json_model import LARGE_BYTES, model_of, to_json

TEXTS = {"ISO_IR 192": st.text("aß森 ^*-", max_size=9), "ISO_IR 100": st.text("aéß ^*", max_size=9)}
FLOATS = st.floats(allow_nan=False, width=32)


@st.composite
def files(draw):
    characters = draw(st.sampled_from(sorted(TEXTS)))
    text = TEXTS[characters]
    item = pydicom.Dataset()
    item.CodeMeaning = draw(text).strip()
    item.ReferencedSOPInstanceUID = "1.2.3"
    dataset = pydicom.Dataset()
    dataset.SpecificCharacterSet = characters
    dataset.SOPClassUID, dataset.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.7", "1.2.4"
    dataset.PatientName = draw(text).strip()
    dataset.StudyDescription = draw(text).strip()
    dataset.StudyDate = draw(st.sampled_from(["", "20240229"]))
    dataset.PixelSpacing = draw(st.lists(st.integers(1, 9), min_size=2, max_size=2))
    dataset.InstanceNumber = draw(st.integers(-9, 9) | st.none())
    dataset.PixelRepresentation = draw(st.sampled_from([0, 1]))
    dataset.add_new(
        0x00280106, "US" if dataset.PixelRepresentation == 0 else "SS", draw(st.integers(0, 9))
    )
    dataset.TableOfXBreakPoints = draw(st.lists(st.integers(0, 9), min_size=1, max_size=3))
    dataset.RealWorldValueSlope = draw(FLOATS)
    dataset.FrameIncrementPointer = 0x00181063
    dataset.ReferencedImageSequence = [item]
    dataset.add_new(
        0x00091010, "OB", draw(st.binary(max_size=8).map(lambda raw: raw + b"\0" * (len(raw) % 2)))
    )
    return dataset, draw(st.sampled_from([ExplicitVRLittleEndian, ImplicitVRLittleEndian]))


@settings(deadline=None)
@given(st.lists(files(), min_size=1, max_size=3))
def test_every_attribute_is_that_of_pydicom(made):
    with tempfile.TemporaryDirectory() as folder:
        for index, (dataset, syntax) in enumerate(made):
            path = Path(folder) / f"{index}.dcm"
            dataset.file_meta = pydicom.dataset.FileMetaDataset()
            dataset.file_meta.TransferSyntaxUID = syntax
            pydicom.dcmwrite(path, dataset, enforce_file_format=True)
            expected = pydicom.dcmread(path).to_json_dict(bulk_data_threshold=1 << 20)
            model = model_of(read_instance(path), None, "")
            assert model.pop("00080005") == {"vr": "CS", "Value": ["ISO_IR 192"]}
            expected.pop("00080005")
            private = model.pop("00091010"), expected.pop("00091010")
            assert private[0].get("InlineBinary") == private[1].get("InlineBinary")
            # Without VRs in the file pydicom leaves the choice open that PixelRepresentation makes.
            if syntax == ImplicitVRLittleEndian:
                sign = "SS" if dataset.PixelRepresentation else "US"
                assert model.pop("00280106") == {"vr": sign, "Value": [dataset[0x00280106].value]}
                expected.pop("00280106")
            assert model == expected


@pytest.mark.parametrize("size", [LARGE_BYTES, LARGE_BYTES + 2])
def test_large_values_are_given_by_their_address(tmp_path, size):
    dataset = pydicom.Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.7", "1.2.4"
    dataset.ICCProfile = b"\0" * size
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    pydicom.dcmwrite(tmp_path / "a.dcm", dataset, enforce_file_format=True)
    model = model_of(read_instance(tmp_path / "a.dcm"), None, "http://here/bulkdata/")["00282000"]
    assert model.get("BulkDataURI", "").endswith("/bulkdata/00282000") == (size > LARGE_BYTES)
    assert ("InlineBinary" in model) == (size <= LARGE_BYTES)


def test_a_damaged_value_is_left_out_and_the_others_are_there(tmp_path):
    dataset = pydicom.Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.7", "1.2.4"
    dataset.PatientID = "42"
    dataset.add_new(0x00200013, "LO", "one")
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    pydicom.dcmwrite(tmp_path / "a.dcm", dataset, enforce_file_format=True)
    model = model_of(read_instance(tmp_path / "a.dcm"), None, "")
    assert "00200013" not in model
    assert model["00100020"]["Value"] == ["42"]


def test_infinities_are_texts_in_json():
    assert to_json([{"Value": [float("-inf"), 1.0]}]) == b'[{"Value": ["-inf", 1.0]}]'
