"""`transcode`: whole series, whole or not at all."""

from __future__ import annotations

import json
import logging
import shutil
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file

import dicomseries as dcs
from dicomseries.cli import main
from dicomseries.errors import ReadError, TargetError


@pytest.fixture(scope="module")
def ct(tmp_path_factory):
    folder = tmp_path_factory.mktemp("transcode") / "ct"
    array = np.random.default_rng(3).integers(-1000, 3000, (5, 12, 9)).astype("int16")
    dcs.write(array, folder, kind="CT", spacing=(0.7, 0.8, 2.5), sync=False)
    return folder


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(Path(folder).rglob("*.dcm"))}


@pytest.mark.parametrize("word", ["rle", "jpegls", "j2k", "htj2k"])
def test_there_and_back_gives_the_same_bytes(ct, tmp_path, word):
    receipt = dcs.transcode(ct, tmp_path / "small", compression=word, sync=False)
    assert (receipt.files, receipt.encoded, receipt.frames, receipt.kept) == (5, 5, 5, ())
    np.testing.assert_array_equal(
        np.asarray(dcs.read(tmp_path / "small")), np.asarray(dcs.read(ct))
    )
    dcs.transcode(tmp_path / "small", tmp_path / "back", compression="none", sync=False)
    assert contents(tmp_path / "back") == contents(ct)


def test_without_compression_files_are_copied(ct, tmp_path):
    receipt = dcs.transcode(ct, tmp_path / "copy", sync=False)
    assert (receipt.encoded, receipt.frames) == (0, 0)
    assert contents(tmp_path / "copy") == contents(ct)


def test_files_that_a_codec_cannot_hold_are_kept_and_named(tmp_path):
    folder = tmp_path / "mixed"
    folder.mkdir()
    for name in ("rtdose_1frame.dcm", "MR_small.dcm", "reportsi.dcm"):
        shutil.copy(get_testdata_file(name), folder)
    (folder / "notes.txt").write_text("not DICOM", encoding="utf-8")
    receipt = dcs.transcode(folder, tmp_path / "out", compression="rle", sync=False)
    assert {file.name: file.reason for file in receipt.kept} == {
        "rtdose_1frame.dcm": "32 bits allocated",
        "reportsi.dcm": "floats, or no pixels",
    }
    assert (receipt.files, receipt.encoded, receipt.skipped) == (3, 1, 1)
    kept = (tmp_path / "out" / "rtdose_1frame.dcm").read_bytes()
    assert kept == (folder / "rtdose_1frame.dcm").read_bytes()


def test_folders_and_equal_names_stay_apart(ct, tmp_path):
    shutil.copytree(ct, tmp_path / "in" / "a" / "deep" / "1")
    (tmp_path / "in" / "b").mkdir()
    shutil.copy(get_testdata_file("MR_small.dcm"), tmp_path / "in" / "b" / "0001")
    shutil.copy(get_testdata_file("rtdose.dcm"), tmp_path / "in" / "b" / "0001.dcm")
    receipt = dcs.transcode(tmp_path / "in", tmp_path / "out", sync=False)
    names = {
        path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.dcm")
    }
    assert receipt.files == len(names)
    assert {"a-deep-1/0001.dcm", "b/0001.dcm", "b/0001-2.dcm"} <= names


def test_objects_without_pixels_beside_images_are_copied(ct, tmp_path):
    shutil.copytree(ct, tmp_path / "in")
    dataset = pydicom.dcmread(tmp_path / "in" / "0001.dcm")
    del dataset.PixelData
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.66"
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    dataset.save_as(tmp_path / "in" / "raw.dcm")
    receipt = dcs.transcode(tmp_path / "in", tmp_path / "out", compression="rle", sync=False)
    assert receipt.files == 6
    assert [file.name for file in receipt.kept] == ["raw.dcm"]


def test_a_damaged_file_stops_everything(ct, tmp_path):
    shutil.copytree(ct, tmp_path / "in")
    last = tmp_path / "in" / "0005.dcm"
    last.write_bytes(last.read_bytes()[:-20])
    with pytest.raises(ReadError):
        dcs.transcode(tmp_path / "in", tmp_path / "out", compression="rle", sync=False)
    assert not (tmp_path / "out").exists()


def test_a_target_in_use_is_not_replaced_unless_asked(ct, tmp_path):
    shutil.copytree(ct, tmp_path / "out")
    with pytest.raises(TargetError):
        dcs.transcode(ct, tmp_path / "out", compression="rle", sync=False)
    dcs.transcode(ct, tmp_path / "out", compression="rle", overwrite=True, sync=False)
    dataset = pydicom.dcmread(tmp_path / "out" / "0001.dcm")
    assert dataset.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.5"


def test_the_command_says_what_it_did(ct, tmp_path, capsys):
    words = ["transcode", str(ct), str(tmp_path / "out"), "--compress", "jpegls", "--json"]
    assert main(words) == 0
    record = json.loads(capsys.readouterr().out)
    assert (record["files"], record["frames"], record["kept"]) == (5, 5, [])
    assert main(["transcode", str(ct), str(tmp_path / "out"), "--compress", "zip"]) == 3
    assert "rle" in capsys.readouterr().err


def test_large_files_are_in_memory_one_by_one(ct, tmp_path, monkeypatch):
    from dicomseries.api.folders import transcode as module

    under_way, most = set(), []
    encode_file = module._encode_file

    def counted(name, *arguments):
        under_way.add(name)
        most.append(len(under_way))
        try:
            return encode_file(name, *arguments)
        finally:
            under_way.remove(name)

    monkeypatch.setattr(module, "_encode_file", counted)
    monkeypatch.setattr(module, "_MOST_BYTES", 1)
    dcs.transcode(ct, tmp_path / "out", compression="rle", workers=4, sync=False)
    assert most == [1] * 5


def test_what_highdicom_notes_is_a_log_and_no_raw_line(tmp_path, monkeypatch, capsys):
    pytest.importorskip("highdicom")
    from highdicom.legacy import LegacyConvertedEnhancedCTImage as Converter

    def converter(*arguments, **options):
        logging.getLogger("highdicom.legacy.sop").warning("a note of highdicom")
        return Converter(*arguments, **options)

    monkeypatch.setattr("highdicom.legacy.LegacyConvertedEnhancedCTImage", converter)
    words = ["transcode", get_testdata_file("CT_small.dcm"), "--to", "enhanced"]
    assert main([*words, str(tmp_path / "out")]) == 0
    assert "a note" not in capsys.readouterr().err
    assert main([*words, str(tmp_path / "again"), "--verbose"]) == 0
    assert "warning: a note of highdicom\n" in capsys.readouterr().err
