"""Every codec restores every frame bit for bit, with any decoder."""

from __future__ import annotations

import warnings

import hypothesis.extra.numpy as npst
import imagecodecs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.pixels.decoders.base import get_decoder

import dicomseries as dcs
from dicomseries.codecs import CODECS, parse_compression, syntax_of
from dicomseries.plan.encoded_sizes import most_encapsulated

INDEPENDENT = {"rle": "pydicom", "jpegls": "pyjpegls", "j2k": "gdcm", "htj2k": "pylibjpeg"}
"""Plug-ins of pydicom that share no library with the encoder; none decodes JPEG XL."""

OWN = {
    "jpegls": imagecodecs.jpegls_decode,
    "j2k": imagecodecs.jpeg2k_decode,
    "jxl": imagecodecs.jpegxl_decode,
}

each_codec = pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.word)
grey, colour = (
    st.tuples(st.integers(1, 40), st.integers(1, 40)),
    st.tuples(*[st.integers(1, 12)] * 2, st.just(3)),
)


@st.composite
def frames(draw):
    """Frames of noise, constants, or few values in runs; colour is unsigned, as in DICOM."""
    shape = draw(grey | colour)
    dtype = draw(st.sampled_from(["uint8", "uint16", "int16"][: 3 if len(shape) == 2 else 2]))
    info = np.iinfo(dtype)
    low, high = sorted(draw(st.tuples(*[st.integers(info.min, info.max)] * 2)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    noise = rng.integers(low, high, shape, dtype=dtype, endpoint=True)
    few = np.where(
        rng.random(shape) < draw(st.sampled_from([0.02, 0.5])), noise, np.array(low, dtype)
    )
    return draw(npst.arrays(dtype, shape) | st.sampled_from([noise, few]))


def allowed(codec, frame):
    """JPEG XL stores unsigned values: the plan sees to it."""
    return frame.view(f"u{frame.dtype.itemsize}") if syntax_of(codec).is_unsigned else frame


def decoded_elsewhere(codec, frame):
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax_of(codec).uid
    dataset.Rows, dataset.Columns, *samples = frame.shape
    dataset.SamplesPerPixel = 3 if samples else 1
    dataset.PhotometricInterpretation = syntax_of(codec).colour if samples else "MONOCHROME2"
    if samples:
        dataset.PlanarConfiguration = 0
    dataset.BitsAllocated = dataset.BitsStored = 8 * frame.dtype.itemsize
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelRepresentation = int(frame.dtype.kind == "i")
    dataset.PixelData = encapsulate([codec.encode(frame)])
    decoder = get_decoder(syntax_of(codec).uid)
    with warnings.catch_warnings():
        # pydicom doubts frames that are as long as they would be without compression
        warnings.simplefilter("ignore", UserWarning)
        array, _ = decoder.as_array(dataset, decoding_plugin=INDEPENDENT[codec.word])
    return array


@pytest.mark.parametrize(
    "codec", [one for one in CODECS if one.word in INDEPENDENT], ids=lambda codec: codec.word
)
@given(frame=frames())
def test_another_decoder_gives_the_frame_back(codec, frame):
    if INDEPENDENT[codec.word] == "pyjpegls":
        pytest.importorskip("jpeg_ls")
    array = decoded_elsewhere(codec, frame)
    assert array.dtype == frame.dtype
    assert np.array_equal(array, frame)


@pytest.mark.parametrize(
    "codec", [one for one in CODECS if one.word in OWN], ids=lambda codec: codec.word
)
@given(frame=frames())
def test_the_library_itself_gives_the_frame_back(codec, frame):
    frame = allowed(codec, frame)
    array = OWN[codec.word](codec.encode(frame)).reshape(frame.shape)
    assert array.tobytes() == frame.tobytes()


@each_codec
@given(frame=frames())
def test_a_frame_is_never_larger_than_planned(codec, frame):
    frame = allowed(codec, frame)
    rows, size = frame.shape[0], frame.dtype.itemsize * (3 if frame.ndim == 3 else 1)
    most = most_encapsulated(rows=rows, row_bytes=frame.nbytes // rows, words=size, frames=1)
    assert len(codec.encode(frame)) <= most


@each_codec
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16"])
def test_noise_of_two_values_is_encoded_too(codec, dtype):
    # The worst for a predictor: imagecodecs reserves too little memory for it.
    info = np.iinfo(dtype)
    noise = np.random.default_rng(0).choice(np.array([info.min, info.max], dtype), (70, 90))
    frame = allowed(codec, noise)
    most = most_encapsulated(
        rows=70, row_bytes=frame.nbytes // 70, words=frame.dtype.itemsize, frames=1
    )
    assert len(codec.encode(frame)) <= most


@each_codec
def test_a_codec_is_named_by_its_word_or_by_itself(codec):
    assert parse_compression(codec.word.upper()) == parse_compression(codec) == codec
    assert type(codec) in {dcs.Rle, dcs.JpegLs, dcs.Jpeg2000, dcs.Htj2k, dcs.JpegXl}


def test_rle_begins_with_the_most_significant_bytes_in_segments_of_even_length():
    frame = np.array([[0x0102, 0x0102, 0x0102], [0x0304, 0x0506, 0x0708]], np.uint16)
    stream = dcs.Rle().encode(frame)
    count, first, second, *rest = np.frombuffer(stream[:64], "<u4").tolist()
    assert (count, first, rest) == (2, 64, [0] * 13)
    assert second % 2 == len(stream) % 2 == 0
    assert stream[first : first + 6] == b"\xfe\x01\x02\x03\x05\x07"
    assert stream[second : second + 6] == b"\xfe\x02\x02\x04\x06\x08"


def test_jpeg_ls_has_no_spiff_header():
    frame = np.arange(63, dtype=np.uint16).reshape(7, 9)
    assert dcs.JpegLs().encode(frame)[:4] == b"\xff\xd8\xff\xf7"


@pytest.mark.parametrize("codec", [dcs.Jpeg2000(), dcs.Htj2k()], ids=lambda codec: codec.word)
def test_sign_and_colour_transform_of_stream_and_header_agree(codec):
    signed, grey = (codec.encode(np.zeros((7, 9), dtype)) for dtype in ("int16", "uint16"))
    colour = codec.encode(np.zeros((7, 9, 3), np.uint8))
    # ISO/IEC 15444-1 annex A.5.1: Ssiz of the first component; A.6.1: colour transform in SGcod.
    assert [stream[stream.index(b"\xff\x51") + 40] for stream in (signed, grey)] == [0x8F, 0x0F]
    assert [stream[stream.index(b"\xff\x52") + 8] for stream in (grey, colour)] == [0, 1]
    assert syntax_of(codec).colour == "YBR_RCT"
