"""The archive sink: one file, whole or nothing, with the same bytes for the same content."""

from __future__ import annotations

import datetime as dt
import os
import pickle
import subprocess
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

import dicomseries as dcs
from dicomseries.errors import MetadataError, TargetError, VerificationError, WriteError
from dicomseries.sinks import ArchiveSink
from dicomseries.sinks.media import archive_forms, archive_sink
from dicomseries.writing.encode.resume_record import WriteRecord
from warm_python import warm_python

DICOM = b"\0" * 128 + b"DICM" + b"rest"
ARRAY = np.random.default_rng(9).integers(-900, 900, (6, 4, 5)).astype("int16")
FORM = {
    "kind": "CT",
    "spacing": (0.7, 0.9, 2.5),
    "metadata": {"PatientID": "42", "PatientName": "Müller^Jörg"},
    "now": dt.datetime(2024, 1, 2, 3, 4, 5, tzinfo=dt.UTC),
    "entropy": b"x" * 32,
}
SUFFIXES = [".zip", ".tar"]

# Dies when the archive is packed, before it appears.
DYING = """
import datetime as dt, os, sys
import numpy as np, dicomseries as dcs
from dicomseries.sinks.media import archive_sink

archive_sink.sync_file = lambda path: os._exit(9)
array = np.load(sys.argv[1])
dcs.write(array, sys.argv[2], kind="CT", spacing=(0.7, 0.9, 2.5), metadata={"PatientID": "42"})
"""


def names(folder):
    return sorted(path.name for path in Path(folder).iterdir())


def contents(path):
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            return {name: archive.read(name) for name in archive.namelist()}
    with tarfile.open(path) as archive:
        return {item.name: archive.extractfile(item).read() for item in archive}


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_archive_holds_the_files_of_a_folder_and_is_read_like_one(tmp_path, suffix):
    dcs.write(ARRAY, tmp_path / "out", **FORM)
    receipt = dcs.write(ARRAY, tmp_path / f"out{suffix}", **FORM)
    files = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    assert contents(tmp_path / f"out{suffix}") == files
    assert receipt.out == str(tmp_path / f"out{suffix}")
    assert receipt.verified
    np.testing.assert_array_equal(dcs.read(tmp_path / f"out{suffix}").array, ARRAY)
    assert names(tmp_path) == ["out", f"out{suffix}"]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_bytes_depend_on_the_content_alone(tmp_path, suffix):
    os.utime(tmp_path, (10**9, 10**9))
    for name, workers in (("a", 1), ("b", 3)):
        dcs.write(ARRAY, tmp_path / f"{name}{suffix}", workers=workers, **FORM)
    assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()


def test_files_of_a_zip_are_stored_in_order_with_fixed_times(tmp_path):
    dcs.write(ARRAY, tmp_path / "out.zip", **FORM)
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        items = archive.infolist()
    assert [item.filename for item in items] == sorted(item.filename for item in items)
    facts = {(item.compress_type, item.date_time, item.create_system) for item in items}
    assert facts == {(zipfile.ZIP_STORED, (1980, 1, 1, 0, 0, 0), 3)}
    assert {item.external_attr >> 16 for item in items} == {0o100644}


def test_long_files_get_zip64_fields(tmp_path, monkeypatch):
    monkeypatch.setattr(archive_forms, "_LONGEST_ZIP32", 100)
    dcs.write(ARRAY, tmp_path / "out.zip", **FORM)
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        assert archive.testzip() is None
        assert {item.extract_version for item in archive.infolist()} == {45}
    np.testing.assert_array_equal(dcs.read(tmp_path / "out.zip").array, ARRAY)


def test_series_of_one_write_keep_their_folders_in_an_archive(tmp_path):
    array = np.stack([ARRAY, ARRAY + 1])
    receipt = dcs.write(array, tmp_path / "out.zip", axes="tzyx", split="time", **FORM)
    folders = {name.partition("/")[0] for name in contents(tmp_path / "out.zip")}
    assert folders == {"time-0001", "time-0002"}
    assert {series.out for series in (receipt, *receipt.others)} == {str(tmp_path / "out.zip")}


@pytest.mark.parametrize("interruption", [RuntimeError, KeyboardInterrupt])
def test_an_interruption_leaves_nothing_not_even_new_parents(tmp_path, interruption):
    with pytest.raises(interruption), ArchiveSink(tmp_path / "a" / "out.zip") as sink:  # noqa: PT012
        sink.put("1.dcm", [b"ab"])
        raise interruption
    assert names(tmp_path) == []


def test_nothing_is_visible_before_the_commit(tmp_path):
    with ArchiveSink(tmp_path / "out.tar") as sink:
        path = sink.put("1.dcm", [b"ab", memoryview(b"cd")])
        assert path.read_bytes() == b"abcd"
        assert not (tmp_path / "out.tar").exists()
        sink.commit()
    assert names(tmp_path) == ["out.tar"]


def test_other_processes_put_and_find_files_through_a_pickled_sink(tmp_path):
    with ArchiveSink(tmp_path / "out.zip") as sink:
        other = pickle.loads(pickle.dumps(sink))  # noqa: S301 - our own
        other.put("2.dcm", [b"cd"])
        sink.put("1.dcm", [b"ab"])
        assert other.find("2.dcm", b"c", 2) is not None
        sink.commit()
    assert contents(tmp_path / "out.zip") == {"1.dcm": b"ab", "2.dcm": b"cd"}


def test_an_archive_is_replaced_only_if_asked_and_only_if_it_holds_nothing_else(tmp_path):
    out = tmp_path / "out.zip"
    dcs.write(ARRAY, out, **FORM)
    with pytest.raises(TargetError) as refusal:
        dcs.write(ARRAY + 1, out, **FORM)
    assert refusal.value.code == "target-exists"
    dcs.write(ARRAY + 1, out, overwrite=True, **FORM)
    np.testing.assert_array_equal(dcs.read(out).array, ARRAY + 1)
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("thesis.tex", "years of work")
    with pytest.raises(TargetError) as refusal:
        dcs.write(ARRAY, out, overwrite=True, **FORM)
    assert refusal.value.code == "target-holds-other-files"
    out.write_bytes(b"PK, but no archive")
    with pytest.raises(TargetError) as refusal:
        dcs.write(ARRAY, out, overwrite=True, **FORM)
    assert refusal.value.code == "target-holds-other-files"
    (tmp_path / "folder.tar").mkdir()
    with pytest.raises(TargetError) as refusal:
        dcs.write(ARRAY, tmp_path / "folder.tar", overwrite=True, **FORM)
    assert refusal.value.code == "target-not-a-file"


def test_a_target_that_appears_meanwhile_is_not_lost(tmp_path):
    with ArchiveSink(tmp_path / "out.zip") as sink:
        sink.put("1.dcm", [b"ab"])
        (tmp_path / "out.zip").write_bytes(b"of another process")
        with pytest.raises(TargetError):
            sink.commit()
    assert (tmp_path / "out.zip").read_bytes() == b"of another process"
    assert names(tmp_path) == ["out.zip"]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_archive_that_the_disk_has_changed_does_not_appear(tmp_path, monkeypatch, suffix):
    sync_file = archive_sink.sync_file

    def damage(path):
        content = bytearray(path.read_bytes())
        content[content.index(b"pixels")] ^= 1
        path.write_bytes(content)
        sync_file(path)

    monkeypatch.setattr(archive_sink, "sync_file", damage)
    with ArchiveSink(tmp_path / f"out{suffix}") as sink:
        sink.put("1.dcm", [b"header", b"pixels"])
        with pytest.raises(VerificationError):
            sink.commit()
    assert names(tmp_path) == []


def test_a_full_disk_while_packing_is_an_error_that_leaves_nothing(tmp_path, monkeypatch):
    def full(files, target):
        raise OSError(28, "No space left on device")

    sink = ArchiveSink(tmp_path / "out.zip")
    sink.put("1.dcm", [b"ab"])
    monkeypatch.setattr(
        sink, "_form", archive_forms.ArchiveForm(suffix=".zip", pack=full, members=iter, faults=())
    )
    with pytest.raises(WriteError), sink:
        sink.commit()
    assert names(tmp_path) == []


def test_a_write_that_was_killed_while_it_packed_goes_on_with_the_same_bytes(tmp_path):
    np.save(tmp_path / "array.npy", ARRAY)
    done = subprocess.run(
        [warm_python(), "-c", DYING, tmp_path / "array.npy", tmp_path / "out.zip"],
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(dcs.__file__).parents[1])},
    )
    assert done.returncode == 9
    hidden = [name for name in names(tmp_path) if name.startswith("..out.zip.files.partial-")]
    assert len(hidden) == 2
    assert not (tmp_path / "out.zip").exists()
    (record,) = tmp_path.glob("*.json")
    killed = WriteRecord.from_text(record.read_text(encoding="utf-8"))
    form = {"kind": "CT", "spacing": (0.7, 0.9, 2.5), "metadata": {"PatientID": "42"}}
    dcs.write(ARRAY, tmp_path / "out.zip", resume=True, **form)
    dcs.write(ARRAY, tmp_path / "usual.zip", now=killed.now, entropy=killed.entropy, **form)
    assert (tmp_path / "out.zip").read_bytes() == (tmp_path / "usual.zip").read_bytes()
    assert names(tmp_path) == ["array.npy", "out.zip", "usual.zip"]


@pytest.mark.parametrize("name", ["out.tar.gz", "out.tgz", "out.7z"])
def test_other_archives_are_rejected_with_what_is_written(tmp_path, name):
    with pytest.raises(TargetError) as refusal:
        dcs.write(ARRAY, tmp_path / name, **FORM)
    assert refusal.value.code == "archive-not-written"
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("url", "options"), [("memory://x/out.zip", {}), ("memory://x/out", {"dicomdir": True})]
)
def test_archives_and_file_sets_at_a_url_are_rejected(url, options):
    with pytest.raises(TargetError) as refusal:
        dcs.write(ARRAY, url, **options, **FORM)
    assert refusal.value.code == "target-not-local"


def test_a_whole_result_is_one_archive(tmp_path):
    dcs.write(ARRAY, tmp_path / "ct", **FORM)
    mask = np.zeros(ARRAY.shape, "uint8")
    mask[1:4, 1:3, 2:4] = 1
    receipt = dcs.write_result(
        tmp_path / "ct",
        tmp_path / "result.zip",
        masks=mask,
        segments={1: "Liver"},
        measure=True,
        dicomdir=True,
        entropy=b"x" * 32,
        now=FORM["now"],
    )
    assert {part.receipt.out for part in receipt.parts} == {str(tmp_path / "result.zip")}
    files = contents(tmp_path / "result.zip")
    assert list(files) == [
        "DICOMDIR",
        "PT000000/ST000000/SE000000/SR000000",
        "PT000000/ST000000/SE000001/IM000000",
    ]
    assert {series.modality for series in dcs.scan(tmp_path / "result.zip")} == {"SEG", "SR"}
    assert names(tmp_path) == ["ct", "result.zip"]


def test_a_file_set_demands_what_its_records_hold_before_anything_is_written(tmp_path):
    form = {"kind": "CT", "spacing": (1, 1, 2), "uid": "content", "dicomdir": True}
    with pytest.raises(MetadataError) as refusal:
        dcs.write(ARRAY, tmp_path / "cd", **form)
    assert [fault.where for fault in refusal.value.faults] == [
        "metadata['PatientID']",
        "metadata['StudyDate']",
        "metadata['StudyTime']",
    ]
    assert names(tmp_path) == []
