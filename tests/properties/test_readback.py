"""Our parser reads the same as pydicom; damaged files only raise a ReadError."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings

import hypothesis.strategies as st
import numpy as np
import pydicom
import pytest
from hypothesis import given
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence

from dicomseries.checks import check
from dicomseries.errors import DicomSeriesError, ReadError
from dicomseries.reading import read, read_instance, read_stored, scan, tags
from examples import examples
from judges.known import write_known_series

EXPLICIT, IMPLICIT, BIG, DEFLATED = (f"1.2.840.10008.1.2{end}" for end in (".1", "", ".2", ".1.99"))

texts = st.text("AZaz09 _-", max_size=15).map(str.strip)
plain_values = {
    "PatientName": st.sampled_from(["Doe^Jane", "Müller^Ägid", "", "山田^太郎"]),
    "PatientID": texts,
    "StudyDate": st.sampled_from(["", "20240229"]),
    "SeriesDescription": texts,
    "PixelSpacing": st.sampled_from([None, ["0.5", "1.25"], ["1e-3", "-.5"]]),
    "ImageType": st.lists(st.sampled_from(["DERIVED", "SECONDARY", "AXIAL"]), max_size=3),
    "InstanceNumber": st.one_of(st.none(), st.integers(0, 9999)),
    "Rows": st.integers(0, 65535),
    "SpectralWidth": st.floats(-1e9, 1e9),
    "FrameIncrementPointer": st.sampled_from([0x00181063, 0x00280009]),
    "ICCProfile": st.binary(max_size=9).map(lambda data: data + b"\0" * (len(data) % 2)),
    "SOPInstanceUID": st.sampled_from(["1.2.3", "2.25.1234", ""]),
    "DerivationDescription": st.text("abc \n", max_size=40).map(str.strip),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return one folder for all examples of hypothesis; its files are overwritten."""
    return tmp_path_factory.mktemp("files")


@st.composite
def data_sets(draw: st.DrawFn, depth: int = 2) -> Dataset:
    dataset = Dataset()
    for keyword in draw(st.lists(st.sampled_from(sorted(plain_values)), unique=True)):
        setattr(dataset, keyword, draw(plain_values[keyword]))
    if draw(st.booleans()):
        block = dataset.private_block(0x0029, "SOME MAKER", create=True)
        block.add_new(0x01, "LO", draw(texts))
        block.add_new(
            0x02, "OB", draw(st.binary(max_size=8).map(lambda data: data + b"\0" * (len(data) % 2)))
        )
        block.add_new(
            0x03, "UN", draw(st.binary(max_size=8).map(lambda data: data + b"\0" * (len(data) % 2)))
        )
    if depth and draw(st.booleans()):
        items = Sequence(draw(st.lists(data_sets(depth=depth - 1), max_size=2)))
        for item in items:
            item.is_undefined_length_sequence_item = draw(st.booleans())
        element = DataElement(draw(st.sampled_from([0x00082112, 0x00089215])), "SQ", items)
        element.is_undefined_length = draw(st.booleans())
        dataset.add(element)
    return dataset


def encoded(dataset: Dataset, syntax: str, *, pixels: bool = False) -> bytes:
    dataset = pydicom.Dataset(dataset)
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    dataset.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    if pixels:
        dataset.PixelData = bytes(range(24))
        dataset["PixelData"].VR = "OW"
    file = io.BytesIO()
    pydicom.dcmwrite(file, dataset, enforce_file_format=True)
    return file.getvalue()


def is_equal(ours: Dataset, theirs: Dataset) -> bool:
    """Whether both have the same tags, VRs and values, all decoded."""
    assert list(ours.keys()) == list(theirs.keys())
    return (
        all(_same(a, b) for a, b in zip(ours, theirs, strict=True))
        and ours.file_meta == theirs.file_meta
    )


def _same(a: DataElement, b: DataElement) -> bool:
    if a.VR == b.VR == "SQ":
        return len(a.value) == len(b.value) and all(
            x == y for x, y in zip(a.value, b.value, strict=True)
        )
    return (a.tag, a.VR, a.value) == (b.tag, b.VR, b.value)


@given(
    dataset=data_sets(),
    syntax=st.sampled_from([EXPLICIT, IMPLICIT, BIG, DEFLATED]),
    pixels=st.booleans(),
)
def test_every_encoding_reads_as_pydicom_reads_it(folder, dataset, syntax, pixels):
    path = folder / "one.dcm"
    path.write_bytes(encoded(dataset, syntax, pixels=pixels))
    instance = read_instance(path)
    assert is_equal(instance.dataset(), pydicom.dcmread(path, stop_before_pixels=True))
    assert (instance.pixels is not None) == pixels
    assert instance.transfer_syntax == syntax


@given(dataset=data_sets())
def test_un_of_undefined_length_reads_as_an_implicit_sequence(folder, dataset):
    dataset.SpecificCharacterSet = "ISO_IR 192"
    inner = io.BytesIO()
    pydicom.dcmwrite(inner, dataset, implicit_vr=True, little_endian=True)
    item = b"\xfe\xff\x00\xe0\xff\xff\xff\xff" + inner.getvalue() + b"\xfe\xff\x0d\xe0\0\0\0\0"
    unknown = b"\x29\x00\x10\x10UN\0\0\xff\xff\xff\xff" + item + b"\xfe\xff\xdd\xe0\0\0\0\0"
    path = folder / "one.dcm"
    path.write_bytes(encoded(Dataset(), EXPLICIT) + unknown)
    assert is_equal(read_instance(path).dataset(), pydicom.dcmread(path))


@given(first=data_sets(), second=data_sets(), third=data_sets(), same_tags=st.booleans())
def test_reading_like_another_file_gives_what_reading_alone_gives(
    folder, first, second, third, same_tags
):
    if same_tags:
        second, third = (
            Dataset({**first, **{tag: other[tag] for tag in other.keys() & first.keys()}})
            for other in (second, third)
        )
    for name, dataset in (("1", first), ("2", second), ("3", third)):
        (folder / name).write_bytes(encoded(dataset, EXPLICIT, pixels=True))
    like = read_instance(folder / "1")
    fast, slow = read_instance(folder / "2", like=like), read_instance(folder / "2")
    assert list(fast.items()) == list(slow.items())
    assert (fast.pixels, fast.file_size, fast.transfer_syntax) == (
        slow.pixels,
        slow.file_size,
        slow.transfer_syntax,
    )
    assert list(read_instance(folder / "1", like=fast).items()) == list(like.items())
    thrice, alone = read_instance(folder / "3", like=fast), read_instance(folder / "3")
    assert list(thrice.items()) == list(alone.items())
    assert thrice.pixels == alone.pixels


def read_all(path) -> None:
    logging.getLogger("pydicom").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        instance = read_instance(path)
        for tag in instance.tags:
            keyword = pydicom.datadict.keyword_for_tag(tag)
            if pydicom.datadict.tag_for_keyword(keyword) == tag and tag >> 16 != 2:
                with contextlib.suppress(ReadError):
                    instance.value(keyword)
        read_stored(instance)


@given(
    dataset=data_sets(),
    syntax=st.sampled_from([EXPLICIT, IMPLICIT, BIG, DEFLATED]),
    cut=st.integers(0, 2000),
    noise=st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), max_size=6),
)
@examples(150)
def test_cut_and_spoiled_files_give_values_or_a_read_error(folder, dataset, syntax, cut, noise):
    data = bytearray(encoded(dataset, syntax, pixels=True))
    for position, value in noise:
        data[position % len(data)] = value
    path = folder / "one.dcm"
    path.write_bytes(data[: max(len(data) - cut, 0)] if cut % 2 else data)
    with contextlib.suppress(ReadError):
        read_all(path)


@given(st.binary(max_size=400), st.booleans())
def test_any_bytes_give_values_or_a_read_error(folder, data, preamble):
    path = folder / "one.dcm"
    path.write_bytes((bytes(128) + b"DICM" if preamble else b"\x08\0") + data)
    with contextlib.suppress(ReadError):
        read_all(path)


@pytest.fixture(scope="module")
def series_bytes(tmp_path_factory):
    """The files of a clean series of three slices."""
    folder = write_known_series(
        tmp_path_factory.mktemp("series"), np.arange(60, dtype="int16").reshape(3, 4, 5)
    )
    return [path.read_bytes() for path in sorted(folder.iterdir())]


@given(
    which=st.integers(0, 2),
    noise=st.lists(st.tuples(st.integers(132, 1600), st.integers(0, 255)), min_size=1, max_size=4),
)
@examples(120)
def test_a_spoiled_series_is_read_or_rejected_and_always_checked(
    folder, series_bytes, which, noise
):
    place = folder / "spoiled"
    place.mkdir(exist_ok=True)
    for index, data in enumerate(series_bytes):
        spoiled = bytearray(data)
        for position, value in noise if index == which else ():
            spoiled[position % len(spoiled)] = value
        (place / f"{index}.dcm").write_bytes(spoiled)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for series in scan(place).series:
            check(place, series=series.choice, validators=False)
            with contextlib.suppress(DicomSeriesError):
                read(place, series=series.choice).array.sum()
            tags(place, series=series.choice)


def test_sequences_nested_without_end_are_rejected(tmp_path):
    head = b"\x08\x00\x12\x21SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff"
    (tmp_path / "one.dcm").write_bytes(encoded(Dataset(), EXPLICIT) + head * 5000)
    with pytest.raises(ReadError) as caught:
        read_instance(tmp_path / "one.dcm")
    assert caught.value.code == "file-damaged"


@given(
    dtype=st.sampled_from(["uint8", "int8", "uint16", "int16", "uint32"]),
    syntax=st.sampled_from([EXPLICIT, IMPLICIT, BIG, DEFLATED]),
    size=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    colour=st.sampled_from([(1, 0), (3, 0), (3, 1)]),
)
def test_stored_values_are_those_of_pydicom(folder, dtype, syntax, size, colour):
    (rows, columns), (samples, planar) = size, colour
    shape = (rows, columns, samples)[: 3 if samples == 3 else 2]
    length = int(np.prod(shape)) * np.dtype(dtype).itemsize
    data = (
        np.random.default_rng(length).integers(0, 256, length + length % 2, dtype="uint8").tobytes()
    )
    dataset = Dataset()
    dataset.Rows, dataset.Columns, dataset.SamplesPerPixel = rows, columns, samples
    dataset.PhotometricInterpretation = "RGB" if samples == 3 else "MONOCHROME2"
    bits = np.dtype(dtype).itemsize * 8
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = bits, bits, bits - 1
    dataset.PixelRepresentation = int(dtype.startswith("i"))
    if samples == 3:
        dataset.PlanarConfiguration = planar
    dataset.PixelData = data
    dataset["PixelData"].VR = "OB" if bits == 8 else "OW"
    path = folder / "one.dcm"
    path.write_bytes(encoded(dataset, syntax))
    theirs = pydicom.dcmread(path).pixel_array
    ours = read_stored(read_instance(path))
    assert ours.dtype == theirs.dtype.newbyteorder("=")
    assert np.array_equal(ours, theirs)
