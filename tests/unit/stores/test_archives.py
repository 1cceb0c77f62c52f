"""Archives of DICOM files are read as the folders that they hold."""

import io
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

import dicomseries as dcs
from dicomseries.errors import OptionError, ReadError

ARRAY = np.random.default_rng(6).integers(-900, 900, (3, 4, 5)).astype("int16")
COMPRESSION = {".gz": "gz", ".tgz": "gz", ".xz": "xz"}
FORMS = [".zip", ".tar", ".tar.gz", ".tgz", ".tar.xz"]


@pytest.fixture(scope="module")
def series(tmp_path_factory):
    folder = tmp_path_factory.mktemp("series")
    dcs.write(ARRAY, folder / "ct", kind="CT", spacing=(0.7, 0.9, 2.5))
    return folder / "ct"


def packed(series, path, names=None):
    """Write an archive of the files of a series beside others that are no DICOM files."""
    contents = {f"study/IM {file.stem}": file.read_bytes() for file in series.glob("*.dcm")}
    contents |= {"study/DICOMDIR": b"x" * 200, "__MACOSX/study/._IM": b"x", "README.txt": b"x"}
    contents |= names or {}
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in contents.items():
                archive.writestr(name, content)
        return path
    with tarfile.open(path, f"w:{COMPRESSION.get(path.suffix, '')}") as tar:
        for name, content in contents.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
        link = tarfile.TarInfo("study/link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
        tar.addfile(link)
    return path


@pytest.mark.parametrize("form", FORMS)
def test_a_series_in_an_archive_is_read_scanned_checked_and_derived_from(series, tmp_path, form):
    path = packed(series, tmp_path / f"scans{form}")
    np.testing.assert_array_equal(dcs.read(path).array, ARRAY)
    assert len(dcs.scan(path)) == 1
    assert not [finding for finding in dcs.check(path, validators=False) if finding.is_error]
    assert dcs.tags(path)["Modality"] == "CT"
    receipt = dcs.write(ARRAY * 2, tmp_path / "twice", like=path)
    assert receipt.study_uid == dcs.tags(series)["StudyInstanceUID"]


@pytest.mark.parametrize("name", ["../../evil.dcm", "/evil.dcm", "..\\evil.dcm", "C:\\evil.dcm"])
def test_no_name_leads_out_of_the_temporary_folder(series, tmp_path, monkeypatch, name):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    content = next(series.glob("*.dcm")).read_bytes()
    path = packed(series, tmp_path / "scans.zip", {name: content[:-2] + b"\x01\x02"})
    before = sorted(tmp_path.rglob("*"))
    dcs.scan(path)
    assert sorted(tmp_path.rglob("*")) == before
    assert not Path("/evil.dcm").exists()


def test_damaged_encrypted_and_swollen_archives_are_errors(series, tmp_path):
    path = packed(series, tmp_path / "scans.zip")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(ReadError, match="whole archive"):
        dcs.read(path)
    with zipfile.ZipFile(tmp_path / "swollen.zip", "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("a", bytes(40 << 20))
    with pytest.raises(ReadError, match="can hold its files"):
        dcs.read(tmp_path / "swollen.zip")
    content = bytearray(packed(series, tmp_path / "locked.zip").read_bytes())
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = content.find(mark)
        while start >= 0:
            content[start + place] |= 1
            start = content.find(mark, start + 4)
    (tmp_path / "locked.zip").write_bytes(content)
    with pytest.raises(ReadError, match="Unpack it yourself"):
        dcs.read(tmp_path / "locked.zip")


def test_an_archive_in_an_archive_is_not_opened(series, tmp_path):
    inner = packed(series, tmp_path / "inner.zip").read_bytes()
    path = packed(series, tmp_path / "outer.zip", {"study/inner.zip": inner})
    scan = dcs.scan(path)
    assert [len(found.instances) for found in scan] == [len(ARRAY)]
    assert scan.skipped == 2  # README.txt and inner.zip
    (tmp_path / "outer.zip").unlink()
    with zipfile.ZipFile(tmp_path / "outer.zip", "w") as archive:
        archive.writestr("inner.zip", inner)
    with pytest.raises(ReadError, match="does not contain a DICOM series"):
        dcs.read(tmp_path / "outer.zip")


def test_a_link_and_a_special_file_of_a_tar_are_passed_over(series, tmp_path):
    with tarfile.open(tmp_path / "scans.tar", "w") as tar:
        for path in sorted(series.glob("*.dcm")):
            tar.add(path, f"study/{path.name}")
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE):
            item = tarfile.TarInfo(f"study/{kind.decode()}")
            item.type, item.linkname = kind, "/etc/passwd"
            tar.addfile(item)
    (found,) = dcs.scan(tmp_path / "scans.tar")
    assert len(found.instances) == len(ARRAY)
    np.testing.assert_array_equal(dcs.read(tmp_path / "scans.tar").array, ARRAY)


def test_an_archive_is_not_read_lazily(series, tmp_path):
    path = packed(series, tmp_path / "scans.zip")
    with pytest.raises(OptionError, match="lazy"):
        dcs.read(path, lazy=True)


def test_an_archive_without_dicom_files_says_so(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("notes.txt", "x")
    with pytest.raises(ReadError, match="does not contain a DICOM series"):
        dcs.read(tmp_path / "a.zip")


def test_unpacking_is_reported_and_errors_name_the_archive(series, tmp_path):
    path = packed(series, tmp_path / "scans.zip")
    reports = []
    dcs.scan(path, progress=lambda *report: reports.append(report))
    assert reports[-1] == (4, 4, "unpacking")
    with pytest.raises(ReadError) as caught:
        dcs.read(path, series="1.2.3")
    assert (caught.value.code, caught.value.where) == ("series-not-found", str(path))
    assert "dicomseries-" not in str(caught.value)
