"""A loss is made only where a user states it, and the files say so."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file

import dicomseries as dcs
from dicomseries.cli import main
from dicomseries.codecs import JpegLs
from dicomseries.errors import OptionError, VerificationError
from dicomseries.transcoding import Loss, lossy_file
from judges.validators import dcentvfy, dciodvfy, validators

lossy_module = sys.modules[lossy_file.__module__]
ROUTES = (("jpegls", {"near": 3}), ("j2k", {"ratio": 8}), ("htj2k", {"ratio": 8}))
METHODS = {"jpegls": "ISO_14495_1", "j2k": "ISO_15444_1", "htj2k": "ISO_15444_15"}


@pytest.fixture(scope="module")
def ct(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lossy") / "ct"
    smooth = np.add.outer(np.arange(3) * 20, np.add.outer(np.arange(40) * 9, np.arange(32) * 7))
    array = (smooth - 300 + np.random.default_rng(3).integers(-9, 9, smooth.shape)).astype("int16")
    dcs.write(array, folder, kind="CT", spacing=(0.7, 0.8, 2.5), sync=False)
    return folder


@pytest.fixture(scope="module", params=ROUTES, ids=[word for word, _ in ROUTES])
def lossy(request, ct, tmp_path_factory):
    word, options = request.param
    out = tmp_path_factory.mktemp(word) / "out"
    return word, out, dcs.transcode(ct, out, compression=word, sync=False, **options)


def test_the_receipt_states_the_measured_error(ct, lossy):
    word, out, receipt = lossy
    difference = np.abs(np.asarray(dcs.read(out), dtype=int) - np.asarray(dcs.read(ct), dtype=int))
    assert receipt.is_lossy
    assert difference.max() <= receipt.largest_error <= difference.max() + 1
    assert receipt.mean_error == pytest.approx(difference.mean(), abs=0.02)
    assert receipt.mean_error > 0
    if word == "jpegls":
        assert receipt.largest_error <= 3


def test_files_say_that_they_are_derived(ct, lossy):
    word, out, _ = lossy
    for path in sorted(out.glob("*.dcm")):
        source, result = pydicom.dcmread(ct / path.name), pydicom.dcmread(path)
        assert result.LossyImageCompression == "01"
        assert result.LossyImageCompressionMethod == METHODS[word]
        assert float(result.LossyImageCompressionRatio) > 1
        assert result.ImageType[0] == "DERIVED"
        assert result.SourceImageSequence[-1].ReferencedSOPInstanceUID == source.SOPInstanceUID
        assert result.SOPInstanceUID != source.SOPInstanceUID
        assert result.SeriesInstanceUID != source.SeriesInstanceUID
        assert result.StudyInstanceUID == source.StudyInstanceUID
        assert result.ImagePositionPatient == source.ImagePositionPatient
        if word != "jpegls":
            compressed = len(pydicom.encaps.get_frame(result.PixelData, 0))
            assert compressed * 8 <= len(source.PixelData)


@pytest.mark.parametrize("program", validators)
def test_validators_have_no_errors(ct, lossy, program):
    word, out, _ = lossy
    if word == "htj2k" and program == "debian":
        pytest.skip("that program does not know HTJ2K")
    paths = sorted(out.glob("*.dcm"))
    assert dciodvfy(paths[1], program=program).errors == ()
    assert dcentvfy([*sorted(ct.glob("*.dcm")), *paths], program=program).errors == ()


def test_colours_keep_their_order(tmp_path):
    rows, columns = np.mgrid[:40, :32]
    array = np.stack([rows * 5, columns * 7, rows * 0 + 30], axis=-1)[None].astype("uint8")
    dcs.write(array, tmp_path / "in", kind="SC", axes="zyxc", sync=False, spacing=(1, 1, 1))
    for word, options in ROUTES:
        out = tmp_path / word
        receipt = dcs.transcode(tmp_path / "in", out, compression=word, sync=False, **options)
        difference = np.abs(np.asarray(dcs.read(out), dtype=int) - array)
        assert difference.max() <= receipt.largest_error + 1 < 40, word


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"near": 2}, "near-not-possible"),
        ({"compression": "j2k", "near": 2}, "near-not-possible"),
        ({"compression": "jpegls", "near": 0}, "near-not-possible"),
        ({"compression": "jpegls", "near": 2.5}, "near-not-possible"),
        ({"compression": "jpegls", "ratio": 5}, "ratio-not-possible"),
        ({"compression": "j2k", "ratio": 1}, "ratio-not-possible"),
        ({"compression": "j2k", "ratio": float("nan")}, "ratio-not-possible"),
    ],
)
def test_a_loss_of_another_codec_is_rejected(options, code, ct, tmp_path):
    with pytest.raises(OptionError) as info:
        dcs.transcode(ct, tmp_path / "out", **options)
    assert info.value.code == code
    assert not (tmp_path / "out").exists()


def test_doses_and_labels_are_never_changed(tmp_path):
    path = Path(get_testdata_file("rtdose_1frame.dcm"))
    receipt = dcs.transcode(path, tmp_path / "out", compression="jpegls", near=1, sync=False)
    assert len(receipt.kept) == 1
    assert next((tmp_path / "out").glob("*.dcm")).read_bytes() == path.read_bytes()


def test_an_error_above_near_is_rejected(ct, monkeypatch):
    encode = lossy_module.lossy_stream
    monkeypatch.setattr(
        lossy_module, "lossy_stream", lambda word, frame, **loss: encode(word, frame + 9, **loss)
    )
    with pytest.raises(VerificationError, match="near"):
        lossy_file(ct / "0001.dcm", Loss(codec=JpegLs(), near=3))


def test_the_command_takes_the_loss(ct, tmp_path, capsys):
    words = ["transcode", str(ct), str(tmp_path / "out"), "--compress", "jpegls", "--near", "2"]
    assert main(words) == 0
    assert "with loss" in capsys.readouterr().out
