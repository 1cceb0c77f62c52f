"""`write(compression=)`: exact, the same bytes for any workers, rejected where impossible."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import sys

import numpy as np
import pydicom
import pytest

import dicomseries as dcs
from dicomseries import errors
from dicomseries.cli import main
from dicomseries.codecs import CODECS, syntax_of
from dicomseries.reading.pixels import imagecodecs_decoder
from dicomseries.writing.encode import compressed_frames, targets

NOW = dt.datetime(2024, 2, 29, 23, 59, 58, tzinfo=dt.UTC)
SPACING = (0.7, 0.9, 2.5)
DEMANDED = {
    "EnhancedCT": {"IrradiationEventUID": "2.25.1", "RescaleType": "HU"},
    "EnhancedMR": {"ApplicableSafetyStandardAgency": "IEC"},
}
FORMS = [
    ("CT", "int16", -1024),
    ("MR", "uint16", 0),
    ("PT", "float32", 0),
    ("SC", "uint8", 0),
    ("EnhancedCT", "int16", -1024),
    ("EnhancedMR", "uint16", 0),
    ("MultiframeSC", "uint8", 0),
    ("XRay3D", "uint16", 0),
]
each_codec = pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.word)


def array_of(dtype="int16", low=-1024, shape=(5, 9, 7)):
    rng = np.random.default_rng(2)
    return rng.integers(low, low + 250, shape).astype(dtype)


def written(folder, array, kind="CT", **options):
    return dcs.write(
        array,
        folder,
        kind=kind,
        spacing=SPACING,
        metadata=DEMANDED.get(kind, {}),
        sync=False,
        **options,
    )


def bytes_of(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


@each_codec
@pytest.mark.parametrize(("kind", "dtype", "low"), FORMS)
def test_every_kind_of_integers_is_compressed_read_back_and_checked(
    tmp_path, codec, kind, dtype, low
):
    array = array_of(dtype, low)
    receipt = written(tmp_path / "out", array, kind, compression=codec)
    assert receipt.verified
    assert np.abs(dcs.read(tmp_path / "out").array - array).max() <= receipt.max_error
    assert [one for one in dcs.check(tmp_path / "out") if one.level == "error"] == []
    for path in (tmp_path / "out").iterdir():
        dataset = pydicom.dcmread(path)
        assert dataset.file_meta.TransferSyntaxUID == syntax_of(codec).uid
        assert dataset["PixelData"].VR == "OB"
        assert dataset["PixelData"].is_undefined_length
        assert dataset.get("LossyImageCompression", "00") == "00"


@each_codec
@pytest.mark.parametrize("kind", ["SC", "MultiframeSC"])
def test_colour_is_compressed_and_its_photometry_is_that_of_the_stream(tmp_path, codec, kind):
    array = array_of("uint8", 0, (4, 9, 7, 3))
    written(tmp_path / "out", array, kind, axes="zyxc", compression=codec)
    assert np.array_equal(dcs.read(tmp_path / "out").array, array)
    dataset = pydicom.dcmread(next((tmp_path / "out").iterdir()), stop_before_pixels=True)
    assert dataset.PhotometricInterpretation == (
        "YBR_RCT" if codec.word in {"j2k", "htj2k"} else "RGB"
    )


@each_codec
@pytest.mark.parametrize("kind", ["CT", "EnhancedMR"])
def test_the_bytes_do_not_depend_on_the_workers(tmp_path, monkeypatch, codec, kind):
    monkeypatch.setattr(
        sys.modules["dicomseries.sources.frames.slab_plan"], "_LEAST", 2 * 9 * 7 * 2
    )
    seen = []
    for workers in (1, 2, 5):
        out = tmp_path / str(workers)
        written(
            out, array_of(), kind, compression=codec, now=NOW, entropy=b"chance", workers=workers
        )
        seen.append(bytes_of(out))
    assert seen[0] == seen[1] == seen[2]


def test_frames_that_wait_on_disk_give_the_same_file(tmp_path, monkeypatch):
    for name, room in (("memory", 1 << 20), ("disk", 1)):
        monkeypatch.setattr(compressed_frames, "IN_MEMORY", room)
        written(
            tmp_path / name, array_of(), "EnhancedMR", compression="rle", now=NOW, entropy=b"chance"
        )
    assert bytes_of(tmp_path / "memory") == bytes_of(tmp_path / "disk")


def test_content_uids_know_the_transfer_syntax(tmp_path):
    words = ("none", "rle", "jpegls")
    uids = [
        written(tmp_path / word, array_of(), uid="content", compression=word).series_uid
        for word in words
    ]
    again = written(
        tmp_path / "again", array_of(), uid="content", compression=dcs.JpegLs()
    ).series_uid
    without = written(tmp_path / "without", array_of(), uid="content").series_uid
    assert len(set(uids)) == 3
    assert (again, without) == (uids[2], uids[0])


@each_codec
def test_the_plan_names_the_syntax_and_says_at_most(tmp_path, codec):
    plan = dcs.plan(array_of(), kind="CT", spacing=SPACING, compression=codec)
    receipt = written(tmp_path / "out", array_of(), compression=codec)
    assert plan.transfer_syntax_uid == syntax_of(codec).uid
    assert receipt.bytes <= plan.total_bytes
    assert f"at most {plan.total_bytes:,} bytes" in str(plan)
    assert plan.to_dict()["bytes_at_most"]
    assert "at most" not in str(dcs.plan(array_of(), kind="CT", spacing=SPACING))


@each_codec
def test_the_receipt_names_the_readers_that_lack_the_codec(tmp_path, codec):
    advice = " ".join(written(tmp_path / "out", array_of(), compression=codec).advice)
    assert all(reader in advice for reader in syntax_of(codec).unread_by)


def test_jpeg_xl_stores_signed_integers_unsigned_and_exact(tmp_path):
    receipt = written(tmp_path / "out", array_of(), compression="jxl")
    assert (receipt.dtype, receipt.max_error, float(receipt.intercept) < 0) == ("uint16", 0.0, True)
    assert np.array_equal(dcs.read(tmp_path / "out").array, array_of())


def error_of(tmp_path, array, kind, **options):
    with pytest.raises(errors.DicomSeriesError) as refused:
        written(tmp_path / "out", array, kind, **options)
    assert list(tmp_path.iterdir()) == []
    return refused.value


@pytest.mark.parametrize(
    ("kind", "dtype", "options", "code"),
    [
        ("CT", "int16", {"compression": "gzip"}, "compression-unknown"),
        ("CT", "int16", {"compression": 3}, "compression-unknown"),
        ("ParametricMap", "float32", {"compression": "rle"}, "compression-of-floats"),
        ("SC", "float32", {"compression": "rle", "values": "lossless"}, "compression-of-floats"),
        ("SC", "float32", {"compression": "rle", "companion": True}, "compression-of-floats"),
        ("Segmentation", "uint8", {"compression": "rle"}, "compression-of-bits"),
        ("PT", "float32", {"compression": "jxl"}, "compression-needs-unsigned"),
    ],
)
def test_what_cannot_be_compressed_is_rejected_before_a_file_exists(
    tmp_path, kind, dtype, options, code
):
    array = array_of(dtype, -100 if kind == "PT" else 0)
    assert error_of(tmp_path, array, kind, **options).code == code


def test_a_missing_package_is_named_with_its_pip_line(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "imagecodecs", None)
    refused = error_of(tmp_path, array_of(), "CT", compression="jpegls")
    assert str(refused) == (
        "compression needs imagecodecs, which is not installed. "
        'Run `pip install imagecodecs`, or `pip install "dicomseries[codecs]"`.'
    )


def test_a_frame_that_cannot_be_encoded_leaves_nothing(tmp_path, monkeypatch):
    def fail(*_, **__):
        message = "no room"
        raise RuntimeError(message)

    monkeypatch.setattr("imagecodecs.jpegls_encode", fail)
    assert error_of(tmp_path, array_of(), "CT", compression="jpegls").code == "frame-not-encoded"


@each_codec
@pytest.mark.parametrize("kind", ["CT", "EnhancedMR"])
def test_read_back_finds_one_wrong_bit_in_one_frame(tmp_path, monkeypatch, codec, kind):
    encode = type(codec).encode

    def spoil(self, frame):
        wrong = frame.copy()
        if wrong[0, 0] == array_of()[3, 0, 0] - (-1024 if wrong.dtype.kind == "u" else 0):
            wrong[4, 5] ^= 1
        return encode(self, wrong)

    monkeypatch.setattr(type(codec), "encode", spoil)
    assert error_of(tmp_path, array_of(), kind, compression=codec).code == "not-as-asked"


@pytest.mark.parametrize("codec", CODECS[1:], ids=lambda codec: codec.word)
def test_imagecodecs_reads_what_pydicom_has_no_decoder_for(tmp_path, monkeypatch, codec):
    monkeypatch.setattr("dicomseries.reading.pixels.decode_frames._decode_with_pydicom", None)
    decoded = []
    decode = imagecodecs_decoder.decode
    monkeypatch.setattr(
        imagecodecs_decoder, "decode", lambda *given: decoded.append(given) or decode(*given)
    )
    for kind, shape, axes in (("SC", (4, 9, 7), "zyx"), ("MultiframeSC", (4, 9, 7, 3), "zyxc")):
        array = array_of("uint8", 0, shape)
        written(tmp_path / kind, array, kind, axes=axes, compression=codec)
        assert np.array_equal(dcs.read(tmp_path / kind).array, array)
    assert decoded


@pytest.mark.parametrize("codec", CODECS[:-1], ids=lambda codec: codec.word)
@pytest.mark.parametrize("kind", ["CT", "EnhancedMR"])
def test_what_imagecodecs_has_encoded_is_verified_by_the_decoders_of_pydicom(
    tmp_path, monkeypatch, codec, kind
):
    def fail(*_):
        raise AssertionError

    with monkeypatch.context() as patch:
        patch.setattr(imagecodecs_decoder, "decode", fail)
        assert written(tmp_path / "out", array_of(), kind, compression=codec).verified
    assert np.array_equal(dcs.read(tmp_path / "out").array, array_of())


def test_a_full_disk_is_reported_with_the_room_needed_at_most(tmp_path, monkeypatch):
    usage = type("Usage", (), {"free": 100, "total": 1000})
    monkeypatch.setattr(targets.shutil, "disk_usage", lambda _: usage)
    assert "at most" in error_of(tmp_path, array_of(), "CT", compression="rle").expected


def test_the_command_line_compresses(tmp_path, capsys):
    np.save(tmp_path / "a.npy", array_of())
    arguments = [
        "write",
        str(tmp_path / "a.npy"),
        str(tmp_path / "out"),
        "--kind",
        "ct",
        "--spacing",
        "1",
        "2",
        "3",
    ]
    arguments += ["--compress", "JPEGLS", "--json"]
    assert main([*arguments, "--dry-run"]) == 0
    assert json.loads(capsys.readouterr().out)["transfer_syntax_uid"] == "1.2.840.10008.1.2.4.80"
    assert main(arguments) == 0
    assert np.array_equal(dcs.read(tmp_path / "out").array, array_of())
