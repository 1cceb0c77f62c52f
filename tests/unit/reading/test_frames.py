"""Frames of a file: ranges of pixels, and functional groups."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRBigEndian, ImplicitVRLittleEndian, RLELossless

from dicomseries.errors import ReadError
from dicomseries.reading import encoded_frame, frames_of, read_frames, read_instance
from judges.known import OBLIQUE, write_known_series

STORED = np.arange(7 * 20, dtype="int16").reshape(7, 4, 5) * 11 - 600


def item(**values):
    dataset = Dataset()
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    return Sequence([dataset])


RANGES = [(0, 7), (2, 5), (6, 7), (3, 3)]


@pytest.mark.parametrize(
    "dtype", ["uint8", "int8", "int16", "uint16", "int32", "uint32", "float32", "float64", "bool"]
)
@pytest.mark.parametrize(("start", "stop"), RANGES)
def test_any_range_of_frames_is_read(write_frames, rng, dtype, start, stop):
    stored = rng.integers(0, 256, (7, 3, 5 * np.dtype(dtype).itemsize)).astype("uint8").view(dtype)
    stored = rng.random((7, 3, 5)) > 0.5 if dtype == "bool" else stored
    found = read_frames(read_instance(write_frames(stored)), start, stop)
    assert found.dtype == (np.uint8 if dtype == "bool" else dtype)
    assert found.tobytes() == stored[start:stop].tobytes()


def test_floats_keep_every_bit(write_frames):
    bits = np.array(
        [0x7FC00001, 0xFF800000, 0x7F800000, 1, 0x80000000, 0x7F800001], "uint32"
    ).reshape(1, 2, 3)
    assert (
        read_frames(read_instance(write_frames(bits.view("float32"))), 0, 1).tobytes()
        == bits.tobytes()
    )


@pytest.mark.parametrize("planar", [0, 1])
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_colours_stand_last_however_they_lie(write_frames, rng, planar, dtype):
    colours = rng.integers(0, 255, (7, 3, 5, 3)).astype(dtype)

    def plane_by_plane(dataset):
        dataset.PlanarConfiguration = 1
        dataset.PixelData = np.ascontiguousarray(np.moveaxis(colours, -1, 1)).tobytes() + bytes(
            colours.nbytes % 2
        )

    path = write_frames(colours, change=plane_by_plane if planar else None)
    np.testing.assert_array_equal(read_frames(read_instance(path), 2, 6), colours[2:6])


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian, RLELossless])
def test_other_transfer_syntaxes_give_the_same_frames_and_groups(write_frames, syntax):
    def transcoded(dataset):
        if syntax == RLELossless:
            dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
            dataset.compress(RLELossless, encoding_plugin="pydicom")
            return
        dataset.file_meta.TransferSyntaxUID = syntax
        if syntax == ExplicitVRBigEndian:
            dataset.PixelData = STORED.astype(">i2").tobytes()

    instance = read_instance(write_frames(STORED, change=transcoded))
    np.testing.assert_array_equal(read_frames(instance, 1, 6), STORED[1:6])
    frames = frames_of(instance)
    np.testing.assert_allclose(
        frames.positions_lps, [OBLIQUE[:3] @ (0, 0, z, 1) for z in range(7)], atol=1e-9
    )
    assert frames.attributes["ImagePositionPatient"][0] == [-101.25, 40.5, 77.125]


def test_bits_above_bits_stored_are_replaced_by_the_sign(write_frames):
    def twelve(dataset):
        dataset.BitsStored, dataset.HighBit = 12, 11
        dataset.PixelData = (
            (np.frombuffer(dataset.PixelData, "<u2") & 0xFFF | 0x5000).astype("<u2").tobytes()
        )

    np.testing.assert_array_equal(
        read_frames(read_instance(write_frames(STORED, change=twelve)), 2, 4), STORED[2:4]
    )


@pytest.mark.parametrize(
    "name",
    [
        "SC_rgb_rle_2frame.dcm",
        "SC_rgb_rle_16bit_2frame.dcm",
        "rtdose.dcm",
        "rtdose_expb.dcm",
        "rtdose_rle.dcm",
    ],
)
def test_frames_are_those_pydicom_reads(name):
    path = get_testdata_file(name)
    expected = pydicom.dcmread(path).pixel_array
    np.testing.assert_array_equal(read_frames(read_instance(path), 1, len(expected)), expected[1:])


@pytest.mark.parametrize(("start", "stop"), [(-1, 2), (0, 8), (5, 4)])
def test_frames_that_are_not_there_are_an_index_error(write_frames, start, stop):
    instance = read_instance(write_frames(STORED))
    with pytest.raises(IndexError):
        read_frames(instance, start, stop)


def test_too_few_pixels_are_rejected(write_frames):
    path = write_frames(
        STORED, change=lambda dataset: setattr(dataset, "PixelData", dataset.PixelData[:-2])
    )
    with pytest.raises(ReadError) as caught:
        read_frames(read_instance(path), 0, 1)
    assert caught.value.code == "pixels-short"


def test_groups_are_those_of_each_frame_or_shared(write_frames):
    def each(frame, groups):
        if frame != 3:
            groups.PixelValueTransformationSequence = item(
                RescaleSlope=f"{frame + 0.5}", RescaleIntercept=f"{-frame}"
            )

    frames = frames_of(read_instance(write_frames(STORED, each=each)))
    expected = [(frame + 0.5, -frame) if frame != 3 else (1, 0) for frame in range(7)]
    np.testing.assert_array_equal(frames.rescales, expected)
    np.testing.assert_allclose(
        frames.orientation, OBLIQUE[:3, :2].T / np.array([[0.9], [0.7]]), atol=1e-9
    )
    np.testing.assert_allclose(frames.pixel_spacing_mm, [[0.7, 0.9]] * 7)
    assert frames.attributes["SliceThickness"][0] == 2.5
    assert frames.attributes["RescaleSlope"][2] == 2.5


def test_attributes_in_groups_of_groups_go_by_their_own_names(write_frames):
    codes = item(CodeValue="1", CodingSchemeDesignator="UCUM", CodeMeaning="no units")

    def each(frame, groups):
        direction = item(DiffusionGradientOrientation=[0.0, 0.6, 0.8 if frame else -0.8])
        groups.MRDiffusionSequence = item(
            DiffusionBValue=1000.0 * frame, DiffusionGradientDirectionSequence=direction
        )
        groups.RealWorldValueMappingSequence = item(
            LUTLabel=f"Grün {frame}", MeasurementUnitsCodeSequence=codes
        )
        groups.DerivationImageSequence = item(
            SourceImageSequence=item(ReferencedSOPInstanceUID=f"2.25.{frame}")
        )
        groups.FrameVOILUTSequence = Sequence(
            [
                *item(WindowCenter=f"{frame}", WindowWidth="9"),
                *item(WindowCenter="7", WindowWidth="2"),
            ]
        )

    frames = frames_of(read_instance(write_frames(STORED[:2], each=each)))
    attributes = frames.attributes
    assert attributes["DiffusionBValue"] == [0.0, 1000.0]
    assert attributes["DiffusionGradientOrientation"] == [[0.0, 0.6, -0.8], [0.0, 0.6, 0.8]]
    assert attributes["LUTLabel"] == ["Grün 0", "Grün 1"]
    assert attributes["DerivationImageSequence"][1] == [
        {"SourceImageSequence": [{"ReferencedSOPInstanceUID": "2.25.1"}]}
    ]
    assert [one["WindowCenter"] for one in attributes["FrameVOILUTSequence"][1]] == [1.0, 7.0]
    assert "ReferencedSOPInstanceUID" not in attributes
    (units,) = attributes["MeasurementUnitsCodeSequence"][0]
    assert units["CodeMeaning"] == "no units"


def test_groups_that_are_not_as_many_as_the_frames_are_rejected(write_frames):
    path = write_frames(
        STORED, change=lambda dataset: dataset.PerFrameFunctionalGroupsSequence.pop()
    )
    with pytest.raises(ReadError, match="6 items in PerFrameFunctionalGroupsSequence for 7 frames"):
        frames_of(read_instance(path))


def test_a_file_of_one_frame_has_frames_too(tmp_path):
    folder = write_known_series(tmp_path, STORED, slope=2.0, intercept=-3.0)
    frames = frames_of(read_instance(folder / "0003.dcm"))
    np.testing.assert_allclose(frames.positions_lps, [OBLIQUE[:3] @ (0, 0, 2, 1)], atol=1e-9)
    assert frames.rescales.tolist() == [[2.0, -3.0]]
    assert (frames.spacing_between_mm.tolist(), frames.thickness_mm.tolist()) == ([2.5], [2.5])


def test_items_of_undefined_length_are_read(write_frames):
    def open_ended(dataset):
        dataset["PerFrameFunctionalGroupsSequence"].is_undefined_length = True
        for groups in dataset.PerFrameFunctionalGroupsSequence:
            groups.is_undefined_length_sequence_item = True
            groups["PlanePositionSequence"].is_undefined_length = True

    frames = frames_of(read_instance(write_frames(STORED, change=open_ended)))
    np.testing.assert_allclose(frames.positions_lps[6], OBLIQUE[:3] @ (0, 0, 6, 1), atol=1e-9)


def test_items_of_many_shapes_are_distinguished(write_frames):
    """Of one length, with other elements in them, in more kinds than are looked for together."""
    stored = np.zeros((150, 2, 2), "uint8")

    def each(frame, groups):
        block = groups.private_block(0x0029, "MAKER", create=True)
        block.add_new(frame, "US", frame)
        groups.FrameContentSequence[0].InStackPositionNumber = frame + 1

    frames = frames_of(read_instance(write_frames(stored, each=each)))
    assert frames.attributes["InStackPositionNumber"] == list(range(1, 151))
    assert frames.attributes["(0029,1095)"] == [*[None] * 149, 149]


@pytest.mark.slow
def test_five_thousand_frames_are_taken_apart_at_once(write_frames):
    path = write_frames(STORED[:1])
    dataset = pydicom.dcmread(path)
    first = dataset.PerFrameFunctionalGroupsSequence[0]
    groups = []
    for frame in range(5000):
        one = Dataset()
        one.FrameContentSequence = first.FrameContentSequence
        one.PlanePositionSequence = item(
            ImagePositionPatient=[f"{frame * 0.37:.6g}", "-7.25", f"{frame}"]
        )
        groups.append(one)
    dataset.PerFrameFunctionalGroupsSequence = Sequence(groups)
    dataset.NumberOfFrames, dataset.Rows, dataset.Columns, dataset.PixelData = (
        5000,
        1,
        1,
        bytes(10000),
    )
    dataset.save_as(path)
    started = time.process_time()
    positions = frames_of(read_instance(Path(path))).positions_lps
    taken = time.process_time() - started
    np.testing.assert_allclose(positions[:, 2], np.arange(5000))
    # 20 ms here; item by item through pydicom takes seconds, which is what must not come back.
    assert taken < 1.0


@pytest.mark.parametrize(
    "name", ["MR_small_bigendian.dcm", "rtdose_expb.dcm", "SC_rgb_small_odd_big_endian.dcm"]
)
def test_stored_frames_of_big_endian_are_found_before_any_trailing_element(
    name: str, tmp_path: Path
):
    whole = get_testdata_file(name)
    dataset = pydicom.dcmread(whole)
    word = max(dataset.BitsAllocated // 8, 2)
    wanted = np.frombuffer(dataset.PixelData, f"u{word}").byteswap().tobytes()
    path = tmp_path / "1.dcm"
    path.write_bytes(
        Path(whole).read_bytes() + b"\x7f\xe1\x00\x10OB\0\0\xff\xff\xff\x00"
    )  # 4 GB that are not there
    instance = read_instance(path)
    found = b"".join(encoded_frame(instance, index) for index in range(instance.frames))
    assert len(found) > 20
    assert wanted.startswith(found)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("bits", [None, 0, 2, 16, 32, 64, 128])
@pytest.mark.parametrize("photometric", ["MONOCHROME2", ""])
def test_floats_whose_bits_allocated_is_missing_or_wrong_are_read_or_rejected(
    write_frames, dtype: str, bits: int | None, photometric: str
):
    stored = np.linspace(-1, 1, 24).astype(dtype).reshape(2, 3, 4)
    path = write_frames(stored)
    dataset = pydicom.dcmread(path)
    dataset.PhotometricInterpretation = photometric
    del dataset.BitsAllocated
    if bits is not None:
        dataset.BitsAllocated = bits
    dataset.save_as(path)
    instance = read_instance(path)
    if bits in {None, 0, 8 * np.dtype(dtype).itemsize}:
        assert read_frames(instance, 0, 2).tobytes() == stored.tobytes()
        return
    with pytest.raises(ReadError):
        read_frames(instance, 0, 2)
