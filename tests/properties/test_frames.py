"""Frames read fast are those of pydicom; damaged files only raise a ReadError."""

from __future__ import annotations

import contextlib
import io
import warnings

import hypothesis.strategies as st
import numpy as np
import pydicom
import pytest
from hypothesis import given
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.pixels.utils import pack_bits
from pydicom.sequence import Sequence

from dicomseries.errors import DicomSeriesError
from dicomseries.reading import frames_of, read, read_frames, read_instance, scan, tags
from dicomseries.reading.geometry.volume_keys import Key
from dicomseries.reading.geometry.volume_sorting import arrange, places_of
from dicomseries.reading.parse.functional_groups import FunctionalGroups, path_of
from examples import examples

SYNTAXES = st.sampled_from([f"1.2.840.10008.1.2{end}" for end in (".1", "", ".2", ".1.99")])
PATHS = {
    ("FrameContentSequence", "TemporalPositionIndex"): (st.integers(0, 2**32 - 1), 1),
    ("FrameContentSequence", "DimensionIndexValues"): (
        st.lists(st.integers(1, 99), min_size=2, max_size=2),
        2,
    ),
    ("PlanePositionSequence", "ImagePositionPatient"): (
        st.lists(
            st.sampled_from(["0", "-1.5", "12.25", "1e-3", "100.125"]), min_size=3, max_size=3
        ),
        3,
    ),
    ("MRDiffusionSequence", "DiffusionBValue"): (st.floats(-1e6, 1e6), 1),
    ("MRDiffusionSequence", "DiffusionGradientDirectionSequence", "DiffusionGradientOrientation"): (
        st.lists(st.floats(-1, 1), min_size=3, max_size=3),
        3,
    ),
    ("SegmentIdentificationSequence", "ReferencedSegmentNumber"): (st.integers(1, 65535), 1),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("frames")


def put(groups: Dataset, keywords: tuple[str, ...], value) -> None:
    for keyword in keywords[:-1]:
        if keyword not in groups:
            setattr(groups, keyword, Sequence([Dataset()]))
        groups = groups[keyword].value[0]
    setattr(groups, keywords[-1], value)


def value_of(groups: Dataset, keywords: tuple[str, ...]):
    for keyword in keywords[:-1]:
        if keyword not in groups:
            return None
        groups = groups[keyword].value[0]
    return groups.get(keywords[-1])


@st.composite
def items(draw: st.DrawFn) -> Dataset:
    groups = Dataset()
    for keywords in draw(st.lists(st.sampled_from(sorted(PATHS)), unique=True)):
        put(groups, keywords, draw(PATHS[keywords][0]))
    for element in groups:
        element.is_undefined_length = draw(st.booleans())
        element.value[0].is_undefined_length_sequence_item = draw(st.booleans())
    groups.is_undefined_length_sequence_item = draw(st.booleans())
    return groups


def encoded(dataset: Dataset, syntax: str) -> bytes:
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.4.1"
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID = "1.2.3"
    file = io.BytesIO()
    pydicom.dcmwrite(file, dataset, enforce_file_format=True)
    return file.getvalue()


def numbers(value, size: int) -> list[float]:
    if value is None:
        return [np.nan] * size
    return [
        float(one)
        for one in (value if isinstance(value, pydicom.multival.MultiValue | list) else [value])
    ]


@given(own=st.lists(items(), min_size=1, max_size=6), shared=items(), syntax=SYNTAXES)
def test_functional_groups_are_those_pydicom_reads(folder, own, shared, syntax):
    dataset = Dataset()
    dataset.NumberOfFrames = len(own)
    dataset.SharedFunctionalGroupsSequence = Sequence([shared])
    dataset.PerFrameFunctionalGroupsSequence = Sequence(own)
    path = folder / "groups.dcm"
    path.write_bytes(encoded(dataset, syntax))
    theirs = pydicom.dcmread(path)
    groups = FunctionalGroups(read_instance(path))
    for keywords, (_, size) in PATHS.items():
        values = [value_of(one, keywords) for one in theirs.PerFrameFunctionalGroupsSequence]
        common = value_of(theirs.SharedFunctionalGroupsSequence[0], keywords)
        values = [common if value is None else value for value in values]
        found = groups.numbers(path_of(*keywords), size)
        if all(value is None for value in values):
            assert found is None or np.isnan(found).all()
        else:
            np.testing.assert_array_equal(found, [numbers(value, size) for value in values])


@given(
    kind=st.sampled_from(["uint8", "int16", "uint16", "int32", "float32", "float64", "bits"]),
    size=st.tuples(st.integers(1, 7), st.integers(1, 5), st.integers(1, 5)),
    bounds=st.tuples(st.integers(0, 7), st.integers(0, 7)),
    colour=st.sampled_from([None, 0, 1]),
    syntax=SYNTAXES,
)
def test_any_frames_are_those_of_the_whole(folder, kind, size, bounds, **how):
    colour, syntax = how["colour"], how["syntax"]
    rng = np.random.default_rng(sum(size))
    is_big = syntax.endswith(".2.2")
    colour = None if kind in {"bits", "float32", "float64"} else colour
    shape = (*size, 3) if colour is not None else size
    stored = rng.integers(0, 2 if kind == "bits" else 200, shape).astype(
        "uint8" if kind == "bits" else kind
    )
    dataset = Dataset()
    dataset.NumberOfFrames, dataset.Rows, dataset.Columns = size
    dataset.SamplesPerPixel = 1 if colour is None else 3
    dataset.PhotometricInterpretation = "MONOCHROME2" if colour is None else "RGB"
    if colour is not None:
        dataset.PlanarConfiguration = colour
    dataset.BitsAllocated = 1 if kind == "bits" else stored.dtype.itemsize * 8
    dataset.BitsStored, dataset.HighBit = dataset.BitsAllocated, dataset.BitsAllocated - 1
    dataset.PixelRepresentation = int(kind.startswith("int"))
    lying = np.moveaxis(stored, -1, 1) if colour == 1 else stored
    lying = np.ascontiguousarray(lying, dtype=stored.dtype.newbyteorder(">" if is_big else "<"))
    data = pack_bits(lying) if kind == "bits" else lying.tobytes()
    keyword = {"float32": "FloatPixelData", "float64": "DoubleFloatPixelData"}.get(
        kind, "PixelData"
    )
    setattr(dataset, keyword, data + bytes(len(data) % 2))
    if keyword == "PixelData":
        dataset["PixelData"].VR = "OB" if dataset.BitsAllocated <= 8 else "OW"
    path = folder / "pixels.dcm"
    path.write_bytes(encoded(dataset, syntax))
    start, stop = sorted(min(bound, size[0]) for bound in bounds)
    found = read_frames(read_instance(path), start, stop)
    assert found.dtype == stored.dtype
    np.testing.assert_array_equal(found, stored[start:stop])


@given(
    volumes=st.integers(1, 4),
    slices=st.integers(1, 5),
    data=st.data(),
    gap=st.sampled_from([0.01, 0.5, 2.5, 1000.0]),
)
def test_whole_volumes_in_any_order_are_put_in_theirs(volumes, slices, data, gap):
    order = data.draw(st.permutations(range(volumes * slices)))
    t, z = np.divmod(np.array(order), slices)
    places = places_of(z * gap + data.draw(st.floats(-500, 500)))
    np.testing.assert_array_equal(places, z)
    names = data.draw(
        st.lists(st.floats(-9, 9), min_size=volumes, max_size=volumes, unique=True).map(sorted)
    )
    keys = [
        Key(name="same", values=np.ones(len(order))),
        Key(name="place", values=z.astype(float)),
        Key(name="real", values=np.array(names)[t]),
    ]
    found = arrange(places, keys, np.array(order, dtype=float))
    np.testing.assert_array_equal(found.volume_index, t)
    np.testing.assert_array_equal(np.array(order)[found.order], np.arange(len(order)))


@pytest.fixture(scope="module")
def whole_file(folder):
    """A clean 4-D file of two volumes of two slices."""
    dataset = Dataset()
    dataset.NumberOfFrames, dataset.Rows, dataset.Columns, dataset.SamplesPerPixel = 4, 2, 3, 1
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = (
        16,
        16,
        15,
        0,
    )
    dataset.PhotometricInterpretation, dataset.Modality, dataset.SeriesInstanceUID = (
        "MONOCHROME2",
        "MR",
        "1.2.4",
    )
    shared = Dataset()
    put(shared, ("PixelMeasuresSequence", "PixelSpacing"), ["1", "2"])
    put(
        shared,
        ("PlaneOrientationSequence", "ImageOrientationPatient"),
        ["1", "0", "0", "0", "1", "0"],
    )
    put(shared, ("PixelValueTransformationSequence", "RescaleSlope"), "0.5")
    put(shared, ("PixelValueTransformationSequence", "RescaleIntercept"), "3")
    own = []
    for frame in range(4):
        one = Dataset()
        put(one, ("PlanePositionSequence", "ImagePositionPatient"), ["0", "0", f"{frame % 2 * 5}"])
        put(one, ("FrameContentSequence", "TemporalPositionIndex"), frame // 2 + 1)
        put(one, ("FrameContentSequence", "FrameAcquisitionDateTime"), f"2024022912000{frame}")
        own.append(one)
    index = Dataset()
    index.DimensionIndexPointer = 0x00209128
    dataset.DimensionIndexSequence = Sequence([index])
    dataset.SharedFunctionalGroupsSequence = Sequence([shared])
    dataset.PerFrameFunctionalGroupsSequence = Sequence(own)
    dataset.add(DataElement("PixelData", "OW", np.arange(24, dtype="<u2").tobytes()))
    data = encoded(dataset, "1.2.840.10008.1.2.1")
    (folder / "whole").mkdir()
    (folder / "whole" / "one.dcm").write_bytes(data)
    assert read(folder / "whole").array.shape == (2, 2, 2, 3)
    return data


@given(
    noise=st.lists(st.tuples(st.integers(132, 1800), st.integers(0, 255)), min_size=1, max_size=4),
    cut=st.integers(0, 60),
)
@examples(300)
def test_a_spoiled_multi_frame_file_is_read_or_rejected(folder, whole_file, noise, cut):
    data = bytearray(whole_file[: len(whole_file) - cut])
    for position, value in noise:
        data[position % len(data)] = value
    path = folder / "spoiled.dcm"
    path.write_bytes(data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for series in scan(path).series:
            str(series)
            with contextlib.suppress(DicomSeriesError):
                read(path).array.sum()
            with contextlib.suppress(DicomSeriesError):
                tags(path)
            with contextlib.suppress(DicomSeriesError):
                frames = frames_of(series.instances[0])
                assert len(frames.rescales) == frames.count
