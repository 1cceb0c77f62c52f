"""Every compressed transfer syntax that is read, against what was encoded or a second decoder."""

from __future__ import annotations

import io
import struct
import sys
import zlib
from pathlib import Path

import imagecodecs
import numpy as np
import pydicom
import pytest
import SimpleITK
from PIL import Image
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate, get_frame
from pydicom.pixels.processing import convert_color_space
from pydicom.pixels.utils import pack_bits
from pydicom.uid import CTImageStorage

import dicomseries as dcs
from dicomseries.cli import main
from dicomseries.errors import MissingPackageError, ReadError
from dicomseries.reading import DECODABLE_SYNTAXES, decoders_of, read_frames, read_instance
from dicomseries.reading.pixels import imagecodecs_decoder

pytestmark = pytest.mark.filterwarnings("ignore::dicomseries.errors.DicomSeriesWarning")

JPEG = "1.2.840.10008.1.2.4."
DEFLATED_FRAMES = "1.2.840.10008.1.2.8.1"
RLE = "1.2.840.10008.1.2.5"


def save(path: Path, syntax: str, streams: list[bytes], like: np.ndarray, **header: object) -> Path:
    """Save streams of frames shaped and typed as `like`; `header` overrides attributes."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = f"{JPEG}90"
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID = CTImageStorage
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID = "1.2.3"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = "1.2.4", "1.2.5"
    dataset.Rows, dataset.Columns, *samples = like.shape
    dataset.SamplesPerPixel = samples[0] if samples else 1
    dataset.PhotometricInterpretation = "RGB" if samples else "MONOCHROME2"
    if samples:
        dataset.PlanarConfiguration = 0
    dataset.NumberOfFrames = len(streams)
    bits = 8 * like.dtype.itemsize
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = bits, bits, bits - 1
    dataset.PixelRepresentation = int(like.dtype.kind == "i")
    for keyword, value in header.items():
        setattr(dataset, keyword, value)
    dataset.PixelData = encapsulate(streams)
    dataset.save_as(path, enforce_file_format=True)
    path.write_bytes(with_syntax(path.read_bytes(), syntax))
    return path


def with_syntax(data: bytes, syntax: str) -> bytes:
    """Return a file with another transfer syntax; pydicom 3.0 writes those it knows only."""
    value = syntax.encode() + b"\0" * (len(syntax) % 2)
    place = data.index(b"\x02\0\x10\0UI") + 6
    (old,) = struct.unpack_from("<H", data, place)
    (group,) = struct.unpack_from("<L", data, 140)
    head = data[:140] + struct.pack("<L", group + len(value) - old) + data[144:place]
    return head + struct.pack("<H", len(value)) + value + data[place + 2 + old :]


def decoded(path: Path) -> np.ndarray:
    instance = read_instance(path)
    return read_frames(instance, 0, instance.frames)


def smooth(shape: tuple[int, ...], dtype: str, bits: int) -> np.ndarray:
    """Return an asymmetric image that lossy codecs change little, up to the ends of its range."""
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    wave = (np.sin(rows / 9) + np.cos(columns / 5) + rows / shape[0]) / 3
    image = (wave - wave.min()) / (wave.max() - wave.min())
    if len(shape) == 3:
        image = np.stack([image, image[::-1], image[:, ::-1]], axis=-1)
    low = -(1 << bits - 1) if dtype.startswith("i") else 0
    return (image * ((1 << bits) - 1) + low).round().astype(dtype)


def unsigned(frame: np.ndarray, bits: int) -> np.ndarray:
    """Return the lowest bits of signed values, as codecs without a sign hold them."""
    frame = frame.view(f"u{frame.dtype.itemsize}")
    return frame if 8 * frame.dtype.itemsize == bits else frame & ((1 << bits) - 1)


def raw_deflate(content: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(content) + packer.flush()


def lossless_jpeg(predictor: int):
    """Return an encoder with a predictor of ISO/IEC 10918-1 table H.1."""
    return lambda a, bits: imagecodecs.jpeg8_encode(
        unsigned(a, bits), lossless=True, predictor=predictor, bitspersample=bits
    )


def jpeg_2000(container: str):
    return lambda a, bits: imagecodecs.jpeg2k_encode(
        unsigned(a, bits), codecformat=container, reversible=True, level=0, bitspersample=bits
    )


def high_throughput(frame: np.ndarray, _: int) -> bytes:
    return dcs.Htj2k().encode(frame)


LOSSLESS = {
    "JPEG lossless, any predictor": (f"{JPEG}57", lossless_jpeg(4)),
    "JPEG lossless": (f"{JPEG}70", lossless_jpeg(1)),
    "JPEG-LS": (f"{JPEG}80", lambda a, _: dcs.JpegLs().encode(a)),
    "JPEG-LS, near": (f"{JPEG}81", lambda a, _: dcs.JpegLs().encode(a)),
    "JPEG 2000": (f"{JPEG}90", jpeg_2000("j2k")),
    "JPEG 2000 in a box file": (f"{JPEG}91", jpeg_2000("jp2")),
    "HTJ2K": (f"{JPEG}201", high_throughput),
    "HTJ2K, RPCL": (f"{JPEG}202", high_throughput),
    "HTJ2K, lossy": (f"{JPEG}203", high_throughput),
    "JPEG XL lossless": (f"{JPEG}110", lambda a, bits: dcs.JpegXl().encode(unsigned(a, bits))),
    "JPEG XL": (f"{JPEG}112", lambda a, bits: dcs.JpegXl().encode(unsigned(a, bits))),
    "deflated frames": (DEFLATED_FRAMES, lambda a, _: raw_deflate(a.tobytes())),
}


@pytest.mark.parametrize(("syntax", "encode"), LOSSLESS.values(), ids=LOSSLESS)
@pytest.mark.parametrize(
    ("dtype", "bits"), [("uint8", 8), ("uint16", 12), ("uint16", 16), ("int16", 12), ("int16", 16)]
)
def test_a_lossless_stream_gives_the_encoded_values(syntax, encode, dtype, bits, tmp_path):
    frames = [smooth((37, 53), dtype, bits), smooth((37, 53), dtype, bits)[::-1].copy()]
    streams = [encode(frame, bits) for frame in frames]
    header = {"BitsStored": bits, "HighBit": bits - 1}
    found = decoded(save(tmp_path / "a.dcm", syntax, streams, frames[0], **header))
    assert found.dtype == dtype
    assert np.array_equal(found, frames)


@pytest.mark.parametrize("name", [name for name in LOSSLESS if name != "deflated frames"])
def test_colours_of_a_lossless_stream_come_out_as_encoded(name, tmp_path):
    syntax, encode = LOSSLESS[name]
    colours = smooth((37, 53, 3), "uint8", 8)
    found = decoded(save(tmp_path / "a.dcm", syntax, [encode(colours, 8)], colours))
    assert np.array_equal(found[0], colours)


def with_plain_identifiers(stream: bytes) -> bytes:
    """Return a JPEG stream without application markers, with components 1, 2, 3."""
    edited = bytearray(stream)
    frame, scan = stream.index(b"\xff\xc3"), stream.index(b"\xff\xda")
    for place, step in ((frame + 10, 3), (scan + 5, 2)):
        edited[place : place + 3 * step : step] = b"\1\2\3"
    return b"\xff\xd8" + bytes(edited[min(frame, stream.index(b"\xff\xc4")) :])


@pytest.mark.parametrize("name", ["JPEG lossless", "JPEG-LS", "JPEG 2000", "deflated frames"])
def test_lossless_samples_of_ybr_full_are_converted_to_rgb_as_pydicom_does(name, tmp_path):
    syntax, encode = LOSSLESS[name]
    samples = smooth((37, 53, 3), "uint8", 8)
    if name == "JPEG 2000":  # without its own colour transform
        stream = imagecodecs.jpeg2k_encode(
            samples, codecformat="j2k", reversible=True, colorspace="SYCC", mct=False
        )
    elif name == "JPEG lossless":
        stream = with_plain_identifiers(encode(samples, 8))
    else:
        stream = encode(samples, 8)
    path = save(tmp_path / "a.dcm", syntax, [stream], samples, PhotometricInterpretation="YBR_FULL")
    expected = convert_color_space(samples.copy(), "YBR_FULL", "RGB")
    assert np.array_equal(decoded(path)[0], expected)


EXTENDED = {
    "baseline": (f"{JPEG}50", "uint8", 8, {"level": 95}),
    "extended, 8 bits": (f"{JPEG}51", "uint8", 8, {"level": 95}),
    "extended, 12 bits": (f"{JPEG}51", "uint16", 12, {"level": 95, "bitspersample": 12}),
    "lossless, 16 bits": (f"{JPEG}70", "int16", 16, {"lossless": True, "bitspersample": 16}),
}


@pytest.mark.parametrize(("syntax", "dtype", "bits", "options"), EXTENDED.values(), ids=EXTENDED)
def test_jpeg_is_decoded_as_by_the_decoder_of_itk(syntax, dtype, bits, options, tmp_path):
    image = smooth((40, 56), dtype, bits)
    stream = imagecodecs.jpeg8_encode(unsigned(image, bits), **options)
    header = {"BitsStored": bits, "HighBit": bits - 1}
    path = save(tmp_path / "a.dcm", syntax, [stream], image, **header)
    found = decoded(path)
    assert found.dtype == dtype
    assert np.array_equal(found, SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(path)))
    assert np.abs(found[0].astype(int) - image).max() <= (1 << bits) // 100


@pytest.mark.parametrize("shape", [(40, 56), (40, 56, 3)], ids=["grey", "colour"])
def test_progressive_jpeg_is_decoded_as_by_pillow(shape, tmp_path):
    image = smooth(shape, "uint8", 8)
    content = io.BytesIO()
    Image.fromarray(image).save(content, "JPEG", quality=95, progressive=True)
    stream = content.getvalue()
    header = {"PhotometricInterpretation": "YBR_FULL_422"} if image.ndim == 3 else {}
    found = decoded(save(tmp_path / "a.dcm", f"{JPEG}55", [stream], image, **header))
    assert b"\xff\xc2" in stream
    pillow = np.asarray(Image.open(io.BytesIO(stream))).astype(int)
    assert np.abs(found[0] - pillow).max() <= image.ndim - 2  # colours are rounded otherwise


def marked(stream: bytes, marker: bytes) -> bytes:
    """Put a marker in place of the first one of a stream, or before it."""
    return stream[:2] + marker + stream[2:]


ADOBE = b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00%c"
JFIF = b"\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"


@pytest.mark.parametrize(
    ("photometric", "marker", "is_ybr"),
    [
        ("YBR_FULL_422", b"", True),
        ("YBR_FULL", b"", True),
        ("RGB", b"", False),
        ("RGB", JFIF, True),
        ("RGB", ADOBE % 1, True),
        ("RGB", ADOBE % 0, False),
        ("YBR_FULL_422", ADOBE % 0, False),
        ("YBR_FULL_422", ADOBE % 1, True),
    ],
)
def test_markers_of_a_jpeg_stream_come_before_the_photometric_interpretation(
    photometric, marker, is_ybr, tmp_path
):
    source = pydicom.dcmread(get_testdata_file("SC_rgb_dcmtk_+eb+cy+n1.dcm"))
    stream = get_frame(source.PixelData, 0, number_of_frames=1)
    bare = stream[:2] + stream[stream.index(b"\xff\xdb") :]
    like = np.zeros((100, 100, 3), "uint8")
    path = save(
        tmp_path / "a.dcm",
        f"{JPEG}50",
        [marked(bare, marker)],
        like,
        PhotometricInterpretation=photometric,
    )
    expected = imagecodecs.jpeg8_decode(bare, colorspace="RGB", outcolorspace="RGB")
    if is_ybr:
        expected = convert_color_space(expected, "YBR_FULL", "RGB")
    assert np.array_equal(decoded(path)[0], expected)


PYDICOM_FILES = (
    "JPEG2000.dcm",
    "J2K_pixelrep_mismatch.dcm",
    "JPEGLSNearLossless_16.dcm",
    "MR_small_RLE.dcm",
    "MR_small_jp2klossless.dcm",
    "MR_small_jpeg_ls_lossless.dcm",
    "SC_jpeg_no_color_transform.dcm",
    "SC_jpeg_no_color_transform_2.dcm",
    "SC_rgb_dcmtk_+eb+cr.dcm",
    "SC_rgb_dcmtk_+eb+cy+n1.dcm",
    "SC_rgb_dcmtk_+eb+cy+s2.dcm",
    "SC_rgb_dcmtk_+eb+cy+s4.dcm",
    "SC_rgb_jls_lossy_line.dcm",
    "SC_rgb_jpeg_app14_dcmd.dcm",
    "SC_rgb_jpeg_gdcm.dcm",
    "SC_rgb_jpeg_lossy_gdcm.dcm",
    "SC_rgb_rle_16bit_2frame.dcm",
    "SC_rgb_rle_32bit.dcm",
    "SC_rgb_small_odd_jpeg.dcm",
)


def available(name: str) -> str:
    """Return the path of a file that pydicom ships; skip if this release does not."""
    path = get_testdata_file(name, download=False)
    if path is None:
        pytest.skip(f"this release of pydicom does not ship {name}")
    return path


@pytest.mark.parametrize("name", PYDICOM_FILES)
def test_imagecodecs_alone_gives_the_values_of_pydicom(name, monkeypatch):
    path = available(name)
    expected = pydicom.dcmread(path).pixel_array
    monkeypatch.setattr("dicomseries.reading.pixels.decode_frames._decode_with_pydicom", None)
    found = decoded(path)
    assert found.dtype == expected.dtype
    assert np.array_equal(found.reshape(expected.shape), expected)


@pytest.mark.parametrize("name", ["JPEG-lossy.dcm", "JPGExtended.dcm"])
def test_jpeg_of_12_bits_is_read_where_the_plugins_of_pydicom_reject_it(name):
    path = available(name)
    expected = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(path))
    assert np.array_equal(decoded(path), expected)


BITS = np.random.default_rng(1).random((3, 7, 9)) > 0.7
"""63 bits a frame: with rests in the last byte."""


def run_lengths(content: bytes) -> bytes:
    """Encode one segment as literal runs."""
    body = b"".join(
        bytes([len(part) - 1]) + part
        for part in (content[i : i + 128] for i in range(0, len(content), 128))
    )
    return np.array([1, 64, *[0] * 14], "<u4").tobytes() + body + b"\0" * (len(body) % 2)


@pytest.mark.parametrize(
    ("syntax", "encode"),
    [
        (RLE, lambda mask: run_lengths(pack_bits(mask.astype("uint8"), pad=False))),
        (DEFLATED_FRAMES, lambda mask: raw_deflate(pack_bits(mask.astype("uint8"), pad=False))),
        (
            f"{JPEG}90",
            lambda mask: imagecodecs.jpeg2k_encode(
                mask.astype("uint8"), codecformat="j2k", reversible=True, bitspersample=1
            ),
        ),
    ],
    ids=["RLE", "deflated frames", "JPEG 2000"],
)
def test_compressed_frames_of_single_bits_are_0_and_1(syntax, encode, tmp_path):
    header = {"BitsAllocated": 1, "BitsStored": 1, "HighBit": 0}
    streams = [encode(mask) for mask in BITS]
    path = save(tmp_path / "a.dcm", syntax, streams, BITS[0].astype("uint8"), **header)
    assert np.array_equal(decoded(path), BITS)


@pytest.mark.parametrize("planar", [0, 1])
def test_deflated_frames_of_colours_lie_as_the_planar_configuration_says(planar, tmp_path):
    colours = smooth((7, 9, 3), "uint8", 8)
    content = (np.moveaxis(colours, -1, 0) if planar else colours).tobytes()
    path = save(
        tmp_path / "a.dcm",
        DEFLATED_FRAMES,
        [raw_deflate(content)],
        colours,
        PlanarConfiguration=planar,
    )
    assert np.array_equal(decoded(path)[0], colours)


def test_values_of_lossy_htj2k_are_clipped_to_their_range_not_wrapped(tmp_path):
    image = np.zeros((64, 64), "uint8")
    image[20:44, 10:50] = 255
    stream = imagecodecs.jpeg2k_encode(image, codecformat="j2k", reversible=False, level=30)
    found = decoded(save(tmp_path / "a.dcm", f"{JPEG}203", [stream], image))
    assert np.abs(found[0].astype(int) - image).max() < 80


@pytest.mark.parametrize("options", [{}, {"lossless": True}, {"bitspersample": 12}], ids=str)
@pytest.mark.parametrize("cut", [30, 400])
def test_a_jpeg_stream_that_is_cut_off_is_damaged_not_grey(options, cut, tmp_path):
    bits = options.get("bitspersample", 8)
    image = np.random.default_rng(0).integers(0, 1 << bits, (64, 48))
    image = image.astype("uint8" if bits == 8 else "uint16")
    stream = imagecodecs.jpeg8_encode(image, **options)[:-cut]
    header = {"BitsStored": bits, "HighBit": bits - 1}
    path = save(tmp_path / "a.dcm", f"{JPEG}51", [stream], image, **header)
    with pytest.raises(ReadError, match="truncated JPEG") as caught:
        decoded(path)
    assert caught.value.code == "file-damaged"


def test_a_complete_jpeg_stream_without_its_end_marker_is_read(tmp_path):
    image = smooth((64, 48), "uint8", 8)
    stream = imagecodecs.jpeg8_encode(image, level=95)
    path = save(tmp_path / "a.dcm", f"{JPEG}50", [stream[:-2]], image)
    assert np.array_equal(decoded(path)[0], imagecodecs.jpeg8_decode(stream))


def test_arithmetic_coding_is_named_and_not_called_damage(tmp_path):
    image = smooth((64, 48), "uint8", 8)
    stream = imagecodecs.jpeg8_encode(image).replace(b"\xff\xc0", b"\xff\xc9", 1)
    path = save(tmp_path / "a.dcm", f"{JPEG}51", [stream], image)
    with pytest.raises(ReadError, match="arithmetic coding") as caught:
        dcs.read(path)
    assert caught.value.code == "compression-variant-not-read"
    assert "damaged" not in str(caught.value)


def test_thousands_of_scans_cost_no_time(tmp_path):
    image = smooth((64, 48), "uint8", 8)
    stream = imagecodecs.jpeg8_encode(image)
    scan = stream[stream.index(b"\xff\xda") : -2]
    path = save(tmp_path / "a.dcm", f"{JPEG}50", [stream[:-2] + scan * 2000 + b"\xff\xd9"], image)
    with pytest.raises(ReadError, match="scans"):
        decoded(path)


def test_a_deflated_frame_inflates_no_further_than_its_size(tmp_path, monkeypatch):
    image = smooth((64, 48), "uint8", 8)
    path = save(tmp_path / "a.dcm", DEFLATED_FRAMES, [raw_deflate(bytes(64 << 20))], image)
    assert decoded(path).max() == 0
    short = save(tmp_path / "b.dcm", DEFLATED_FRAMES, [raw_deflate(bytes(3000))], image)
    with pytest.raises(ReadError, match="3000 bytes in a frame of 3072"):
        decoded(short)


@pytest.mark.parametrize(
    ("syntax", "word"),
    [(f"{JPEG}102", "ffmpeg"), (f"{JPEG}94", "without compression"), ("1.2.3.4", "1.2.3.4")],
    ids=["video", "JPIP", "private"],
)
def test_a_syntax_that_nothing_decodes_is_named_and_not_called_damage(syntax, word, tmp_path):
    image = smooth((64, 48), "uint8", 8)
    path = save(tmp_path / "a.dcm", syntax, [b"\0" * 100], image)
    for reads in (dcs.read, decoded):
        with pytest.raises(ReadError, match=word) as caught:
            reads(path)
        assert caught.value.code == "transfer-syntax-not-read"
        assert "pip" not in str(caught.value)
        assert "damaged" not in str(caught.value)


@pytest.mark.parametrize("name", ["JPGExtended.dcm", "SC_rgb_jpeg_gdcm.dcm"])
def test_without_a_decoder_the_message_names_the_package_that_brings_it(name, monkeypatch):
    path = available(name)
    monkeypatch.setattr(imagecodecs_decoder, "decoder_of", lambda _: None)
    monkeypatch.setattr(
        "dicomseries.reading.pixels.decode_frames._decode_with_pydicom",
        lambda *_, **__: (_ for _ in ()).throw(RuntimeError("no plug-in")),
    )
    with pytest.raises(MissingPackageError, match="pip install imagecodecs"):
        decoded(path)


def test_a_damaged_stream_is_named_with_the_words_of_the_decoder(tmp_path):
    image = smooth((64, 48), "uint8", 8)
    stream = bytearray(imagecodecs.jpeg2k_encode(image, codecformat="j2k", reversible=True))
    stream[60:90] = b"\xff" * 30
    path = save(tmp_path / "a.dcm", f"{JPEG}90", [bytes(stream)], image)
    with pytest.raises(ReadError) as caught:
        decoded(path)
    assert caught.value.code == "file-damaged"
    assert "pip" not in str(caught.value)
    assert not str(caught.value.given).endswith(":")


def test_the_doctor_has_a_line_for_each_syntax_with_what_decodes_it(capsys, monkeypatch):
    assert main(["doctor"]) == 0
    text = capsys.readouterr().out
    for uid, syntax in DECODABLE_SYNTAXES.items():
        assert f"({uid})" in text
        assert syntax.name in text
        assert decoders_of(uid)
    assert decoders_of(f"{JPEG}51")[0] == "imagecodecs"
    monkeypatch.setitem(sys.modules, "imagecodecs", None)
    for cached in (imagecodecs_decoder.decoder_of, imagecodecs_decoder._codec):
        cached.cache_clear()
    try:
        assert "imagecodecs" not in decoders_of(f"{JPEG}55")
        assert decoders_of(DEFLATED_FRAMES) == ("dicomseries",)
    finally:
        for cached in (imagecodecs_decoder.decoder_of, imagecodecs_decoder._codec):
            cached.cache_clear()


@pytest.mark.filterwarnings("ignore:Expected explicit VR:UserWarning")
def test_elements_in_implicit_vr_under_a_compressed_syntax_are_read():
    path = available("SC_rgb_jpeg.dcm")
    instance = read_instance(path)
    assert instance.is_implicit
    assert np.array_equal(decoded(path)[0], pydicom.dcmread(path).pixel_array)
    assert dcs.tags(path)["Rows"] == 256
    assert dcs.read(path).array.shape == (1, 256, 256, 3)


def test_explicit_elements_under_the_implicit_syntax_are_read(tmp_path):
    data = Path(get_testdata_file("CT_small.dcm")).read_bytes()
    path = tmp_path / "a.dcm"
    uid = data.index(b"1.2.840.10008.1.2.1\0")
    path.write_bytes(data[:uid] + b"1.2.840.10008.1.2\0\0\0" + data[uid + 20 :])
    assert np.array_equal(dcs.read(path).array, dcs.read(get_testdata_file("CT_small.dcm")).array)


@pytest.mark.parametrize(
    "delimiter",
    [b"\xfe\xff\x0d\xe0", b"\xfe\xff\xdd\xe0", b"\xfe\xff\x00\xe0"],
    ids=["item delimiter", "sequence delimiter", "item"],
)
def test_a_stray_delimiter_outside_of_a_sequence_is_passed_over(delimiter, tmp_path):
    source = get_testdata_file("CT_small.dcm")
    data = Path(source).read_bytes()
    place = data.index(b"\x10\0\x10\0PN")
    path = tmp_path / "a.dcm"
    path.write_bytes(data[:place] + delimiter + bytes(4) + data[place:])
    assert np.array_equal(dcs.read(path).array, dcs.read(source).array)
    assert dcs.tags(path)["PatientName"] == dcs.tags(source)["PatientName"]
    path.write_bytes(data[:place] + delimiter + b"\2\0\0\0ab" + data[place:])
    with pytest.raises(ReadError):
        dcs.read(path)


def test_a_damaged_stream_is_not_given_to_gdcm_which_ends_the_process(tmp_path):
    image = smooth((61, 47), "uint8", 8)
    stream = bytearray(imagecodecs.jpeg8_encode(image, lossless=True))
    table = stream.index(b"\xff\xc4")
    stream[table + 5 : table + 21] = b"\xff" * 16
    path = save(tmp_path / "a.dcm", f"{JPEG}70", [bytes(stream)], image)
    with pytest.raises(ReadError) as caught:
        decoded(path)
    assert caught.value.code == "file-damaged"
    for uid in DECODABLE_SYNTAXES:
        assert not any("gdcm" in name for name in decoders_of(uid))


def test_a_header_that_ends_where_its_first_block_ends_has_its_pixels(tmp_path):
    source = get_testdata_file("CT_small.dcm")
    data = Path(source).read_bytes()
    place = data.index(b"\xe0\x7f\x10\x00")
    for surplus in (-2, 0, 2):
        filler = b"\xd1\x7f\x11\x10OB\0\0" + struct.pack("<L", (16 << 10) - place - 12 + surplus)
        content = bytes((16 << 10) - place - 12 + surplus)
        path = tmp_path / f"{surplus}.dcm"
        path.write_bytes(data[:place] + filler + content + data[place:])
        assert np.array_equal(dcs.read(path).array, dcs.read(source).array)


def test_damage_inside_an_htj2k_stream_is_an_error_not_memory_that_was_never_filled(tmp_path):
    image = smooth((61, 47), "uint16", 12)
    whole = dcs.Htj2k().encode(image)
    codes = set()
    for place in range(120, 150):
        stream = bytearray(whole)
        stream[place] = 0xFF
        path = save(tmp_path / "a.dcm", f"{JPEG}201", [bytes(stream)], image)
        try:
            decoded(path)
        except ReadError as error:
            codes.add(error.code)
    assert codes == {"file-damaged"}


def test_check_names_elements_that_contradict_the_transfer_syntax():
    found = {each.id for each in dcs.check(available("SC_rgb_jpeg.dcm"), validators=False)}
    sound = {each.id for each in dcs.check(available("MR_small_RLE.dcm"), validators=False)}
    assert "FIL-008" in found
    assert "FIL-008" not in sound
