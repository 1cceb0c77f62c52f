"""The fast decoders give the values of pydicom's choice, or both reject the file."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import CTImageStorage

import dicomseries as dcs
from dicomseries.codecs import CODECS, syntax_of
from dicomseries.errors import ReadError
from dicomseries.reading import read_frames, read_instance
from dicomseries.reading.pixels import imagecodecs_decoder
from examples import examples

DECODED = [one for one in CODECS if one.word != "jxl"]
"""pydicom has no decoder of JPEG XL to compare with."""

each_codec = pytest.mark.parametrize("codec", DECODED, ids=lambda codec: codec.word)


def save(path, codec, frames, *, bits, is_signed, cut=0):
    """Save frames under a header that may contradict their streams."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax_of(codec).uid
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID = CTImageStorage
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID = "1.2.3"
    _, dataset.Rows, dataset.Columns, *samples = frames.shape
    dataset.SamplesPerPixel = 3 if samples else 1
    dataset.PhotometricInterpretation = syntax_of(codec).colour if samples else "MONOCHROME2"
    if samples:
        dataset.PlanarConfiguration = 0
    dataset.NumberOfFrames = len(frames)
    dataset.BitsAllocated = 8 * frames.dtype.itemsize
    dataset.BitsStored, dataset.HighBit = bits, bits - 1
    dataset.PixelRepresentation = int(is_signed)
    streams = [codec.encode(frame) for frame in frames]
    streams[-1] = streams[-1][: len(streams[-1]) - cut]
    dataset.PixelData = encapsulate(streams)
    dataset.save_as(path, enforce_file_format=True)
    return read_instance(path)


def by_pydicom(path):
    """Return the pixels of a file from pydicom, frames first; None if it rejects it."""
    try:
        dataset = dcmread(path)
        array = dataset.pixel_array
    except (RuntimeError, ValueError):
        return None
    return array if dataset.NumberOfFrames > 1 else array[np.newaxis]


def by_us(instance):
    try:
        return read_frames(instance, 0, instance.frames)
    except ReadError:
        return None


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return tmp_path_factory.mktemp("frames") / "file.dcm"


@each_codec
@given(
    dtype=st.sampled_from(["uint8", "uint16", "int16"]),
    form=st.fixed_dictionaries({"bits": st.sampled_from([16, 12]), "other_sign": st.booleans()}),
    frames=st.tuples(st.integers(1, 3), st.booleans(), st.integers(0, 99)),
)
@examples(12)
def test_the_fast_decoder_gives_what_pydicom_gives(file, codec, dtype, form, frames):
    count, is_colour, seed = frames
    is_signed = (dtype == "int16") != form["other_sign"]
    dtype = "uint8" if is_colour else dtype
    bits = 8 if dtype == "uint8" else form["bits"]
    rng, signed = np.random.default_rng(seed), dtype == "int16"
    low, high = (-(1 << bits - 1), 1 << bits - 1) if signed else (0, 1 << bits)
    voxels = rng.integers(low, high, (count, 7, 9, *([3] if is_colour else []))).astype(dtype)
    instance = save(file, codec, voxels, bits=bits, is_signed=is_signed and not is_colour)
    expected, found = by_pydicom(file), by_us(instance)
    assert found.dtype == expected.dtype
    assert np.array_equal(found, expected)


@each_codec
@pytest.mark.parametrize("cut", [3, 40, 200])
def test_a_stream_that_is_cut_off_is_rejected(file, codec, cut):
    frames = np.random.default_rng(0).integers(0, 1 << 16, (2, 30, 40)).astype("uint16")
    instance = save(file, codec, frames, bits=16, is_signed=False, cut=cut)
    assert by_us(instance) is None


@each_codec
def test_frames_as_they_are_usually_written_are_decoded_side_by_side(file, codec, monkeypatch):
    monkeypatch.setattr("dicomseries.reading.pixels.decode_frames._decode_with_pydicom", None)
    frames = np.random.default_rng(0).integers(-99, 99, (2, 30, 40)).astype("int16")
    assert np.array_equal(by_us(save(file, codec, frames, bits=16, is_signed=True)), frames)


def test_a_stream_that_is_cut_off_is_rejected_where_pydicom_has_no_decoder(file, monkeypatch):
    frames = np.zeros((1, 30, 40), "uint16")
    instance = save(file, dcs.Htj2k(), frames, bits=16, is_signed=False, cut=3)
    with pytest.raises(ValueError, match="truncated"):
        imagecodecs_decoder.decode(instance, 0, 1)
