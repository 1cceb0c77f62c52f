"""A File-set with a DICOMDIR: conformant, and read by other people's programs."""

from __future__ import annotations

import datetime as dt
import re
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK
from pydicom import uid
from pydicom.data import get_testdata_file
from pydicom.fileset import FileSet
from pydicom.uid import UID_dictionary

import dicomseries as dcs
from dicomseries.errors import DicomSeriesWarning, MetadataError, ReadError
from dicomseries.sinks.media.file_set import make_file_set
from dicomseries.sinks.media.record_types import PREFIXES, record_type
from judges import dciodvfy, validators
from judges.presence import absent

ARRAY = np.random.default_rng(9).integers(0, 900, (4, 6, 7)).astype("int16")
IDENTITY = {"PatientID": "42", "PatientName": "Müller^Jörg", "StudyID": "7"}
FORM = {
    "spacing": (0.7, 0.9, 2.5),
    "metadata": IDENTITY,
    "now": dt.datetime(2024, 1, 2, 3, 4, 5, tzinfo=dt.UTC),
    "sync": False,
}
NEEDED = {
    "EnhancedCT": {"IrradiationEventUID": "2.25.20240229", "RescaleType": "HU"},
    "EnhancedMR": {"ApplicableSafetyStandardAgency": "IEC"},
}
KINDS = ("CT", "MR", "PT", "SC", "EnhancedCT", "EnhancedMR", "MultiframeSC", "XRay3D")
FILE_ID = re.compile(r"([A-Z0-9_]{1,8}/){0,7}[A-Z0-9_]{1,8}")


@contextmanager
def file_set_at(path=None):
    """A File-set of pydicom, whose temporary folder it would leave to the garbage collector."""
    file_set = FileSet(path)
    try:
        yield file_set
    finally:
        file_set._stage["t"].cleanup()


@pytest.fixture(scope="module")
def every_kind(tmp_path_factory):
    """One File-set of all kinds, made from folders, as `transcode` and `result` do."""
    folder = tmp_path_factory.mktemp("file-set")
    for kind in KINDS:
        form = FORM | {"metadata": IDENTITY | NEEDED.get(kind, {})}
        dcs.write(ARRAY, folder / kind.lower(), kind=kind, **form)
    dcs.write_result(
        folder / "ct",
        folder / "result",
        masks=(ARRAY > 500).astype("uint8"),
        maps={"Score": (ARRAY / np.float32(900), "1")},
        segments={1: "Liver"},
        measure=True,
        picture={"legend": False},
        sync=False,
    )
    files = sum(path.is_file() for path in folder.rglob("*"))
    make_file_set(folder, sync=False)
    return folder, files


@pytest.mark.parametrize("program", validators)
def test_no_validator_finds_an_error_in_the_directory(every_kind, program):
    folder, _ = every_kind
    verdict = dciodvfy(folder / "DICOMDIR", program=program)
    assert verdict.errors == ()


def test_every_file_has_a_record_and_a_legal_name(every_kind):
    folder, files = every_kind
    with file_set_at(folder / "DICOMDIR") as file_set:
        names = {
            path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
        }
        assert all(FILE_ID.fullmatch(name) for name in names)
        assert names - {"DICOMDIR"} == {Path(item.FileID).as_posix() for item in file_set}
        assert len(file_set) == files
        assert not file_set.is_staged  # pydicom would give the same names
        for item in file_set:
            header = pydicom.dcmread(item.path, stop_before_pixels=True)
            assert item.SOPInstanceUID == header.SOPInstanceUID
            assert item.TransferSyntaxUID == header.file_meta.TransferSyntaxUID
            assert item.PatientName == IDENTITY["PatientName"]
        types = {item.node.record_type for item in file_set}
        assert types == {"IMAGE", "SR DOCUMENT"}


def test_pydicom_makes_the_same_records(every_kind, tmp_path):
    folder, _ = every_kind
    ours = pydicom.dcmread(folder / "DICOMDIR")
    with file_set_at() as others:
        for record in ours.DirectoryRecordSequence:
            if "ReferencedFileID" in record:
                others.add(folder.joinpath(*record.ReferencedFileID))
        others.write(tmp_path / "other")
    theirs = pydicom.dcmread(tmp_path / "other" / "DICOMDIR")
    for our, their in zip(
        ours.DirectoryRecordSequence, theirs.DirectoryRecordSequence, strict=True
    ):
        for record in (our, their):
            for keyword in (
                "OffsetOfTheNextDirectoryRecord",
                "OffsetOfReferencedLowerLevelDirectoryEntity",
                "ContentSequence",  # pydicom copies the whole report
            ):
                record.pop(keyword, None)
        assert our == their


def test_dcmtk_reads_every_record(every_kind):
    folder, files = every_kind
    program = shutil.which("dcmdump")
    if program is None:
        absent("dcmdump", "run `make debian` as root")
    dump = subprocess.run(
        [program, "-q", str(folder / "DICOMDIR")], capture_output=True, encoding="utf-8", check=True
    )
    assert dump.stdout.count("refFileID=") == files
    assert dump.stderr == ""


def test_readers_of_series_read_the_files_by_their_names(tmp_path):
    dcs.write(ARRAY, tmp_path / "cd", kind="CT", dicomdir=True, **FORM)
    (series,) = (tmp_path / "cd" / "PT000000" / "ST000000").iterdir()
    names = SimpleITK.ImageSeriesReader.GetGDCMSeriesFileNames(str(series))
    image = SimpleITK.ReadImage(names, imageIO="GDCMImageIO")
    np.testing.assert_array_equal(SimpleITK.GetArrayFromImage(image), ARRAY)


@pytest.mark.parametrize("suffix", ["", ".zip", ".tar"])
def test_the_same_write_gives_the_same_file_set(tmp_path, suffix):
    form = {**FORM, "kind": "CT", "dicomdir": True, "entropy": b"x" * 32}
    for name in ("a", "b"):
        dcs.write(ARRAY, tmp_path / f"{name}{suffix}", **form)
    np.testing.assert_array_equal(dcs.read(tmp_path / f"a{suffix}").array, ARRAY)
    if suffix:
        assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()
        return
    for path in (tmp_path / "a").rglob("*"):
        other = tmp_path / "b" / path.relative_to(tmp_path / "a")
        assert path.is_dir() or path.read_bytes() == other.read_bytes()
    dcs.write(ARRAY + 1, tmp_path / "a", overwrite=True, **form)
    np.testing.assert_array_equal(dcs.read(tmp_path / "a").array, ARRAY + 1)


def test_objects_of_other_kinds_get_their_types_of_records(tmp_path):
    names = ("rtplan.dcm", "rtstruct.dcm", "rtdose.dcm", "reportsi.dcm", "CT_small.dcm")
    for name in names:
        dataset = pydicom.dcmread(get_testdata_file(name), force=True)
        dataset.PatientID = dataset.get("PatientID") or "1"
        dataset.StudyDate, dataset.StudyTime = "20240102", "030405"
        dataset.StudyID, dataset.SeriesNumber = "1", 1
        dataset.InstanceNumber = 1
        dataset.ContentDate, dataset.ContentTime = "20240102", "030405"
        dataset.ensure_file_meta()
        if "TransferSyntaxUID" not in dataset.file_meta:
            dataset.file_meta.TransferSyntaxUID = uid.ImplicitVRLittleEndian
        dataset.save_as(tmp_path / name, enforce_file_format=True)
    make_file_set(tmp_path, sync=False)
    with file_set_at(tmp_path / "DICOMDIR") as file_set:
        types = sorted(item.node.record_type for item in file_set)
    assert types == ["IMAGE", "RT DOSE", "RT PLAN", "RT STRUCTURE SET", "SR DOCUMENT"]
    errors = dciodvfy(tmp_path / "DICOMDIR").errors
    assert [line for line in errors if "Illegal root for UID" not in line] == []  # of these files


def test_the_types_of_records_are_those_of_pydicom():
    dataset = pydicom.Dataset()
    dataset.PatientID = dataset.StudyID = dataset.StudyInstanceUID = "1"
    for sop_class, (name, kind, *_) in UID_dictionary.items():
        if kind != "SOP Class" or not name.endswith("Storage"):
            continue
        assert record_type(sop_class) in PREFIXES
    # A few that tell groups apart.
    assert record_type(uid.KeyObjectSelectionDocumentStorage) == "KEY OBJECT DOC"
    assert record_type(uid.SegmentationStorage) == "IMAGE"
    assert record_type(uid.SurfaceSegmentationStorage) == "SURFACE"
    assert record_type(uid.GrayscaleSoftcopyPresentationStateStorage) == "PRESENTATION"
    assert record_type(uid.EncapsulatedPDFStorage) == "ENCAP DOC"


def test_a_file_without_what_its_record_needs_and_a_file_twice_are_named(tmp_path):
    dcs.write(ARRAY, tmp_path / "ct", kind="CT", spacing=(1, 1, 2), sync=False)
    with pytest.raises(MetadataError) as refusal:
        make_file_set(tmp_path, sync=False)
    assert refusal.value.code == "file-set-needs-a-value"
    assert refusal.value.where == "ct/0001.dcm"
    dcs.write(ARRAY, tmp_path / "cd", kind="CT", **FORM)
    shutil.rmtree(tmp_path / "ct")
    shutil.copytree(tmp_path / "cd", tmp_path / "copy")
    with pytest.raises(MetadataError) as refusal:
        make_file_set(tmp_path, sync=False)
    assert refusal.value.code == "instance-twice"


def test_a_dicomdir_is_read_as_the_files_that_it_lists(tmp_path):
    dcs.write(ARRAY, tmp_path / "cd", kind="CT", dicomdir=True, **FORM)
    directory = tmp_path / "cd" / "DICOMDIR"
    np.testing.assert_array_equal(dcs.read(directory).array, ARRAY)
    assert len(dcs.scan(directory)) == 1
    assert dcs.tags(directory)["PatientID"] == "42"
    assert not [finding for finding in dcs.check(directory, validators=False) if finding.is_error]
    receipt = dcs.write(ARRAY, tmp_path / "twice", like=directory, sync=False)
    assert receipt.study_uid == dcs.tags(directory)["StudyInstanceUID"]


def test_a_folder_of_several_series_is_packed_as_it_is(tmp_path):
    for number, kind in enumerate(("CT", "MR")):
        dcs.write(ARRAY + number, tmp_path / "scans" / kind, kind=kind, **FORM)
    dcs.transcode(tmp_path / "scans", tmp_path / "cd", dicomdir=True, sync=False)
    dcs.transcode(tmp_path / "scans", tmp_path / "cd.zip", dicomdir=True, sync=False)
    before = {path.read_bytes() for path in (tmp_path / "scans").rglob("*.dcm")}
    packed = {path.read_bytes() for path in (tmp_path / "cd").rglob("IM*")}
    assert packed == before
    for place in ("cd", "cd/DICOMDIR", "cd.zip"):
        assert [series.modality for series in dcs.scan(tmp_path / place)] in (
            ["CT", "MR"],
            ["MR", "CT"],
        )
    assert dciodvfy(tmp_path / "cd" / "DICOMDIR").errors == ()


def test_a_copy_in_lower_case_is_found_and_missing_and_other_files_are_named(tmp_path):
    dcs.write(ARRAY, tmp_path / "cd", kind="CT", dicomdir=True, **FORM)
    folder = tmp_path / "cd" / "PT000000" / "ST000000" / "SE000000"
    (folder / "IM000002").rename(folder / "im000002.")
    (tmp_path / "cd" / "DICOMDIR").rename(tmp_path / "cd" / "dicomdir")
    np.testing.assert_array_equal(dcs.read(tmp_path / "cd" / "dicomdir").array, ARRAY)
    shutil.copy(folder / "IM000000", folder / "IM000009")
    with pytest.warns(DicomSeriesWarning, match="does not list 1 file .*IM000009"):
        assert len(dcs.scan(tmp_path / "cd" / "dicomdir")[0].instances) == len(ARRAY)
    (folder / "IM000009").unlink()
    (folder / "IM000003").unlink()
    with pytest.warns(DicomSeriesWarning, match=r"cannot be found: PT000000/.*/IM000003\."):
        assert len(dcs.scan(tmp_path / "cd" / "dicomdir")[0].instances) == len(ARRAY) - 1
    shutil.rmtree(tmp_path / "cd" / "PT000000")
    with pytest.raises(ReadError, match="none of which exists"):
        dcs.scan(tmp_path / "cd" / "dicomdir")


@pytest.mark.parametrize("name", [["..", "SECRET"], ["/etc/hostname"]])
def test_no_record_leads_out_of_the_folder(tmp_path, name):
    dcs.write(ARRAY, tmp_path / "cd", kind="CT", dicomdir=True, **FORM)
    directory = pydicom.dcmread(tmp_path / "cd" / "DICOMDIR")
    with pydicom.config.disable_value_validation():
        directory.DirectoryRecordSequence[3].ReferencedFileID = name
        directory.save_as(tmp_path / "cd" / "DICOMDIR")
    with pytest.raises(ReadError) as refusal:
        dcs.scan(tmp_path / "cd" / "DICOMDIR")
    assert refusal.value.code in {"file-damaged", "no-series"}


def test_a_damaged_dicomdir_is_an_error(tmp_path):
    (tmp_path / "DICOMDIR").write_bytes(b"\0" * 128 + b"DICM" + b"\xff" * 40)
    with pytest.raises(ReadError) as refusal:
        dcs.read(tmp_path / "DICOMDIR")
    assert refusal.value.code in {"file-damaged", "no-series"}
