"""Damaged and hostile files: one kind of error, in bounded time and memory."""

from __future__ import annotations

import re
import struct
import time
import zlib
from pathlib import Path

import imagecodecs
import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file

import dicomseries as dcs
from dicomseries.errors import ReadError
from dicomseries.reading import DECODABLE_SYNTAXES, read_frames, read_instance
from dicomseries.reading.parse.parser import IMPLICIT, fields_of
from dicomseries.reading.pixels import imagecodecs_decoder, stream_headers
from dicomseries.reading.pixels.imagecodecs_decoder import stream_of
from dicomseries.reading.pixels.stream_headers import FrameSize, check_stream, stated_size

RLE = "1.2.840.10008.1.2.5"
JPEG_2000 = "1.2.840.10008.1.2.4.201"
CODECS = ("rle", "jpegls", "j2k", "htj2k", "jxl")
SIZES = ((1, 1), (7, 300), (64, 64), (8, 8), (513, 3), (40, 48))


def written(folder: Path, array: np.ndarray, **options: object) -> Path:
    dcs.write(
        array,
        folder,
        kind=options.pop("kind", "CT"),
        spacing=(1, 1, 1),
        sync=False,
        verify=False,
        **options,
    )
    return next(folder.glob("*.dcm"))


def noise(*shape: int, dtype: str = "int16") -> np.ndarray:
    return np.random.default_rng(0).integers(0, 1000, shape).astype(dtype)


def rle_head(count: int, *offsets: int) -> bytes:
    return struct.pack("<16L", count, *offsets, *[0] * (15 - len(offsets)))


@pytest.fixture
def rle_file(tmp_path: Path) -> Path:
    return written(tmp_path / "rle", noise(1, 64, 64), compression="rle")


BROKEN_HEADS = {
    "one segment too few": (1, 64),
    "one segment too many": (3, 64, 4000, 4100),
    "no segments": (0,),
    "more segments than the table holds": (16, 64),
    "the first inside the header": (2, 16, 4000),
    "falling": (2, 4000, 64),
    "equal": (2, 64, 64),
    "one byte behind the end": (2, 64, 1 << 20),
    "far behind the end": (2, 64, 0x7FFFFFFF),
    "at the largest offset": (2, 64, 0xFFFFFFFF),
}


@pytest.mark.parametrize("head", BROKEN_HEADS.values(), ids=BROKEN_HEADS)
@pytest.mark.parametrize("with_imagecodecs", [True, False])
def test_a_broken_rle_header_is_found_before_any_decoder_sees_it(
    head: tuple[int, ...], with_imagecodecs: bool, rle_file: Path, monkeypatch: pytest.MonkeyPatch
):
    data = rle_file.read_bytes()
    start = data.find(struct.pack("<II", 2, 64))
    rle_file.write_bytes(data[:start] + rle_head(*head) + data[start + 64 :])
    if not with_imagecodecs:
        monkeypatch.setattr(imagecodecs_decoder, "can_decode", lambda _: False)
    with pytest.raises(ReadError) as caught:
        dcs.read(rle_file)
    assert caught.value.code == "file-damaged"
    with pytest.raises(ReadError):
        read_frames(read_instance(rle_file), 0, 1)
    assert any(finding.level == "error" for finding in dcs.check(rle_file, validators=False))


def test_grey_rle_is_never_read_as_colour(tmp_path: Path):
    path = written(
        tmp_path / "a", noise(3, 4, 5, dtype="uint16"), kind="MultiframeSC", compression="rle"
    )
    dataset = pydicom.dcmread(path)
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation, dataset.PlanarConfiguration = (
        3,
        "RGB",
        0,
    )
    dataset.save_as(path)
    with pytest.raises(ReadError, match="2 segments; the pixels need 6"):
        dcs.read(path)


@pytest.mark.parametrize("codec", CODECS[1:])
@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("colours", [1, 3])
def test_the_size_in_a_stream_is_read_without_a_decoder(
    codec: str, size: tuple[int, int], colours: int, tmp_path: Path
):
    if colours == 3:
        path = written(
            tmp_path / "a",
            noise(1, *size, 3, dtype="uint8"),
            kind="SC",
            axes="zyxc",
            compression=codec,
        )
    else:
        path = written(tmp_path / "a", noise(1, *size), compression=codec)
    instance = read_instance(path)
    with path.open("rb") as file:
        stream = stream_of(instance, file, 0)
    found = stated_size(instance.transfer_syntax, stream)
    assert found in {FrameSize(*size, colours), FrameSize(*size, 0)}


@pytest.mark.parametrize("codec", CODECS)
def test_rows_and_columns_that_a_stream_contradicts_take_no_memory(codec: str, tmp_path: Path):
    path = written(tmp_path / "a", noise(1, 16, 16), compression=codec)
    data = path.read_bytes()
    for head in (b"\x28\0\x10\0US\2\0", b"\x28\0\x11\0US\2\0"):
        data = data.replace(head + b"\x10\0", head + b"\xff\xff")
    path.write_bytes(data)
    began = time.process_time()
    with pytest.raises(ReadError) as caught:
        dcs.read(path)
    assert caught.value.code == "file-damaged"
    assert time.process_time() - began < 2


@pytest.mark.parametrize("codec", CODECS[1:])
def test_a_stream_of_another_size_never_reaches_a_decoder(
    codec: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = written(tmp_path / "a", noise(1, 16, 16), compression=codec)
    instance = read_instance(path)
    with path.open("rb") as file:
        stream = stream_of(instance, file, 0)
    with pytest.raises(ValueError, match="the header says"):
        check_stream(instance.transfer_syntax, stream, FrameSize(17, 16, 1), 16)
    for end in range(0, 12, 3):
        with pytest.raises(ValueError, match="stream"):
            stated_size(instance.transfer_syntax, stream[:end])


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [(16, 1 << 31, "without a size"), (24, 0, "without a size"), (24, 1, "tiles")],
    ids=["offset beyond the end", "tiles of no width", "tiles of one column"],
)
def test_a_jpeg_2000_stream_of_impossible_tiles_never_reaches_a_decoder(
    place: int, value: int, message: str
):
    stream = bytearray(imagecodecs.htj2k_encode(noise(512, 512), reversible=True))
    assert stated_size(JPEG_2000, bytes(stream)) == FrameSize(512, 512, 1)
    for at in (place, place + 4):
        struct.pack_into(">L", stream, at, value)
    with pytest.raises(ValueError, match=message):
        stated_size(JPEG_2000, bytes(stream))


def test_a_cut_jpeg_ls_stream_costs_no_time(tmp_path: Path):
    data = Path(get_testdata_file("MR_small_jpeg_ls_lossless.dcm")).read_bytes()
    path = tmp_path / "cut.dcm"
    for end in (5969, 5500, 3000):
        path.write_bytes(data[:end])
        began = time.process_time()
        with pytest.raises(ReadError) as caught:
            dcs.read(path)
        assert caught.value.code in {"file-damaged", "file-truncated"}
        assert time.process_time() - began < 1


@pytest.fixture(scope="module")
def deflated() -> tuple[bytes, bytes]:
    """Return the head of a deflated file, and its inflated data set."""
    data = Path(get_testdata_file("image_dfl.dcm")).read_bytes()
    body = 144 + int.from_bytes(data[140:144], "little")
    return data[:body], zlib.decompress(data[body:], -15)


def deflate(*parts: bytes) -> bytes:
    packer = zlib.compressobj(1, zlib.DEFLATED, -15)
    return b"".join([*(packer.compress(part) for part in parts), packer.flush()])


@pytest.mark.filterwarnings("ignore::dicomseries.errors.DicomSeriesWarning")
def test_the_scan_of_a_deflated_file_stops_at_the_pixels(
    deflated: tuple[bytes, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    head, content = deflated
    pixels = content.find(bytes.fromhex("e07f1000"))
    start = content[:pixels] + bytes.fromhex("e07f1000") + b"OB\0\0" + struct.pack("<I", 256 << 20)
    path = tmp_path / "bomb.dcm"
    path.write_bytes(head + deflate(start, *[bytes(1 << 20)] * 256))
    inflated = []
    real = zlib.decompressobj

    class Counting:
        def __init__(self, *arguments: int) -> None:
            self._real = real(*arguments)

        def decompress(self, data: bytes, most: int = 0) -> bytes:
            found = self._real.decompress(data, most)
            inflated.append(len(found))
            return found

        def __getattr__(self, name: str) -> object:
            return getattr(self._real, name)

    monkeypatch.setattr(zlib, "decompressobj", Counting)
    assert len(dcs.scan(path).series) == 1
    assert sum(inflated) < 1 << 20
    inflated.clear()
    assert dcs.read(path).array.shape == (1, 512, 512)
    assert sum(inflated) < 4 << 20


def test_a_deflated_header_without_an_end_is_damaged(deflated: tuple[bytes, bytes], tmp_path: Path):
    head, content = deflated
    endless = struct.pack("<HH2sHI", 0x0042, 0x0011, b"OB", 0, 200 << 20)
    path = tmp_path / "bomb.dcm"
    path.write_bytes(
        head
        + deflate(
            content[: content.find(bytes.fromhex("28000200"))], endless, *[bytes(1 << 20)] * 200
        )
    )
    (problem,) = dcs.scan(path).problems
    assert problem.code == "file-damaged"
    assert "deflated header" in problem.text


@pytest.mark.filterwarnings("ignore::dicomseries.errors.DicomSeriesWarning")
@pytest.mark.parametrize("part", [0.1, 0.5, 0.9])
def test_a_cut_deflated_file_is_rejected(
    deflated: tuple[bytes, bytes], part: float, tmp_path: Path
):
    head, content = deflated
    packed = deflate(content)
    path = tmp_path / "cut.dcm"
    path.write_bytes(head + packed[: int(len(packed) * part)])
    with pytest.raises(ReadError):
        dcs.read(path)


def test_a_deflated_file_holds_what_its_plain_twin_holds(
    deflated: tuple[bytes, bytes], tmp_path: Path
):
    array = noise(5, 6, 7)
    plain = written(tmp_path / "plain", array.astype("uint16"), kind="MultiframeSC")
    dataset = pydicom.dcmread(plain)
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.DeflatedExplicitVRLittleEndian
    packed = tmp_path / "deflated.dcm"
    dataset.save_as(packed)
    found = dcs.read(packed)
    assert np.array_equal(found.array, dcs.read(plain).array)
    assert np.array_equal(dcs.read(packed, slices=slice(2, 4)).array, found.array[2:4])
    assert {key: dcs.tags(packed)[key] for key in ("Rows", "PatientID")} == {
        "Rows": 6,
        "PatientID": "",
    }


def nested(levels: int, head: bytes) -> bytes:
    body = b""
    for _ in range(levels):
        item = b"\xfe\xff\0\xe0" + struct.pack("<L", len(body)) + body
        body = head + struct.pack("<L", len(item)) + item
    return body


@pytest.mark.parametrize(
    "head", [b"\x08\0\x15\x11SQ\0\0", b"\x08\0\x15\x11UN\0\0"], ids=["SQ", "UN"]
)
@pytest.mark.parametrize("verb", ["read", "tags", "check"])
@pytest.mark.slow
def test_sequences_ten_thousand_deep_are_damage(head: bytes, verb: str, tmp_path: Path):
    path = written(tmp_path / "a", noise(1, 4, 4))
    data = path.read_bytes()
    start = data.index(b"\x10\0\x10\0PN")
    sequence = nested(9_999, head if b"SQ" in head else head[:4])
    outer = b"\xfe\xff\0\xe0" + struct.pack("<L", len(sequence)) + sequence
    path.write_bytes(data[:start] + head + struct.pack("<L", len(outer)) + outer + data[start:])
    began = time.process_time()
    with pytest.raises(ReadError):
        getattr(dcs, verb)(path)
    assert time.process_time() - began < 2
    (problem,) = dcs.scan(path).problems
    assert problem.code == "file-damaged"


def test_sequences_as_deep_as_objects_have_them_are_read(tmp_path: Path):
    path = written(tmp_path / "a", noise(1, 4, 4))
    data = path.read_bytes()
    start = data.index(b"\x10\0\x10\0PN")
    sequence = nested(30, b"\x08\0\x15\x11SQ\0\0")
    path.write_bytes(data[:start] + sequence + data[start:])
    value = dcs.tags(path)["ReferencedSeriesSequence"]
    assert str(value).count("ReferencedSeriesSequence") == 29


def test_float_pixels_of_odd_bits_allocated_are_rejected(tmp_path: Path):
    path = written(tmp_path / "a", np.ones((3, 4, 5), "float32"), kind="ParametricMap", units="1")
    dataset = pydicom.dcmread(path)
    dataset.BitsAllocated = 2
    dataset.save_as(path)
    with pytest.raises(ReadError):
        dcs.read(path)


@pytest.mark.parametrize(
    "name", [b"ISO_IR\x00192", b"ISO_IR 1\x0092", b"\xff\xfe\x00\x01", b"zip ", b"\\\\\\ "]
)
def test_a_damaged_character_set_leaves_the_other_attributes_readable(name: bytes, tmp_path: Path):
    path = written(tmp_path / "a", noise(1, 4, 4), metadata={"PatientName": "Müller^Jörg"})
    data = path.read_bytes()
    head = b"\x08\0\x05\0CS\n\0ISO_IR 192"
    assert head in data
    path.write_bytes(data.replace(head, b"\x08\0\x05\0CS\n\0" + name.ljust(10)[:10]))
    found = dcs.tags(path)
    assert found["Rows"] == 4
    assert "PatientName" in found
    assert dcs.read(path).tags.shared["Rows"] == 4
    dcs.check(path, validators=False)


def test_every_compressed_transfer_syntax_that_is_served_has_its_header_read():
    known = {syntax for syntaxes, _ in stream_headers._READERS for syntax in syntaxes} | {RLE}
    sized = {uid for uid, syntax in DECODABLE_SYNTAXES.items() if syntax.codec}
    assert sized <= known
    assert all(re.fullmatch(r"[\d.]+", syntax) for syntax in known)


def test_a_delimiter_among_implicit_elements_is_an_element_of_unknown_kind():
    delimiter = b"\xfe\xff\x0d\xe0" + (2).to_bytes(4, "little") + b"42"
    (field,) = fields_of(delimiter, IMPLICIT).values()
    assert (field.vr, field.length) == ("UN", 2)
