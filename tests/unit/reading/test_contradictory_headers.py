"""Files whose header contradicts their content: read where the content leaves no doubt."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread, dcmwrite
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

import dicomseries as dcs
from dicomseries.errors import DicomSeriesWarning, ReadError
from dicomseries.reading import read_instance
from dicomseries.reading.contents.instance_files import instance_file
from dicomseries.transcoding import transcoded

pytestmark = pytest.mark.filterwarnings("ignore::dicomseries.errors.DicomSeriesWarning")

STATED = b"1.2.840.10008.1.2.1\0"
STUDY_UID = b"\x20\x00\x0d\x00UI"


def content_of(name: str) -> bytes:
    return Path(get_testdata_file(name)).read_bytes()


def relabelled(path: Path, name: str, stated: str) -> Path:
    """Write a test file of pydicom with another TransferSyntaxUID."""
    dataset = dcmread(get_testdata_file(name))
    real = str(dataset.file_meta.TransferSyntaxUID).encode()
    padded = real + b"\0" * (len(real) % 2)
    data = content_of(name)
    assert data.count(padded) == 1
    length = len(padded)
    new = stated.encode() + b"\0" * (len(stated) % 2)
    head = struct.pack("<HH2sH", 2, 0x10, b"UI", length)
    changed = data.replace(head + padded, struct.pack("<HH2sH", 2, 0x10, b"UI", len(new)) + new)
    assert changed != data
    path.write_bytes(changed)
    return path


def fault_of(path: Path) -> str:
    """Return the note about the header."""
    with pytest.warns(DicomSeriesWarning):
        notes = dcs.read(path).notes
    (note,) = [note for note in notes if "readers that trust its header" in note]
    return note


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.50"])
def test_native_pixels_labelled_as_compressed_are_read_as_they_are(tmp_path, syntax):
    path = relabelled(tmp_path / "a.dcm", "CT_small.dcm", syntax)
    expected = dcs.read(get_testdata_file("CT_small.dcm"))
    assert np.array_equal(dcs.read(path).array, expected.array)
    assert "but its pixels are Explicit VR Little Endian" in fault_of(path)
    assert "FIL-005" in {finding.id for finding in dcs.check(path, validators=False)}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("MR_small_jpeg_ls_lossless.dcm", "JPEG-LS"),
        ("MR_small_jp2klossless.dcm", "JPEG 2000"),
        ("SC_rgb_jpeg_gdcm.dcm", "JPEG"),
    ],
)
def test_compressed_pixels_labelled_as_native_are_decoded(tmp_path, name, words):
    path = relabelled(tmp_path / "a.dcm", name, "1.2.840.10008.1.2.1")
    expected = dcs.read(get_testdata_file(name))
    assert np.array_equal(dcs.read(path).array, expected.array)
    assert f"but its pixels are {words}" in fault_of(path)
    assert "FIL-005" in {finding.id for finding in dcs.check(path, validators=False)}


def test_a_stream_of_no_known_compression_keeps_the_stated_syntax(tmp_path):
    path = relabelled(tmp_path / "a.dcm", "MR_small_RLE.dcm", "1.2.840.10008.1.2.1")
    with pytest.raises(ReadError) as caught:
        dcs.read(path)
    assert caught.value.code == "transfer-syntax-not-read"


def test_a_length_that_fits_no_native_pixels_keeps_the_stated_syntax(tmp_path):
    path = relabelled(tmp_path / "a.dcm", "CT_small.dcm", "1.2.840.10008.1.2.4.80")
    path.write_bytes(
        path.read_bytes().replace(
            b"\x28\x00\x10\x00US\x02\x00\x80", b"\x28\x00\x10\x00US\x02\x00\x7f"
        )
    )
    with pytest.raises(ReadError):
        dcs.read(path)
    assert not read_instance(path).family.faults


def test_a_relabelled_file_gets_its_real_syntax_when_it_is_transcoded_or_sent(tmp_path):
    path = relabelled(tmp_path / "a.dcm", "CT_small.dcm", "1.2.840.10008.1.2.4.80")
    values = dcmread(get_testdata_file("CT_small.dcm")).pixel_array
    (tmp_path / "b.dcm").write_bytes(transcoded(path, ExplicitVRLittleEndian).content)
    sent = instance_file(path)
    assert sent.transfer_syntax_uid == ExplicitVRLittleEndian
    assert isinstance(sent.content, bytes)
    (tmp_path / "c.dcm").write_bytes(sent.content)
    for name in ("b.dcm", "c.dcm"):
        assert np.array_equal(dcmread(tmp_path / name).pixel_array, values)


def implicit_bytes(dataset: Dataset) -> bytes:
    buffer = DicomBytesIO()
    buffer.is_little_endian, buffer.is_implicit_VR = True, True
    write_dataset(buffer, dataset)
    return buffer.getvalue()


@pytest.mark.parametrize("has_preamble", [True, False])
def test_file_meta_information_in_implicit_vr_is_read_with_a_note(tmp_path, has_preamble):
    dataset = dcmread(get_testdata_file("MR_small_implicit.dcm"))
    meta = Dataset()
    meta.update(dataset.file_meta)
    meta.FileMetaInformationGroupLength = 0
    body = Dataset()
    body.update(dataset)
    data = implicit_bytes(meta) + implicit_bytes(body)
    path = tmp_path / "a.dcm"
    path.write_bytes((bytes(128) + b"DICM") * has_preamble + data)
    assert read_instance(path).transfer_syntax == ImplicitVRLittleEndian
    assert np.array_equal(dcs.read(path).array[0], dataset.pixel_array)
    assert "its file meta information is in implicit VR" in fault_of(path)
    (tmp_path / "b.dcm").write_bytes(transcoded(path, ExplicitVRLittleEndian).content)
    written = dcmread(tmp_path / "b.dcm")
    assert np.array_equal(written.pixel_array, dataset.pixel_array)
    assert not any(element.tag.group == 2 for element in written)


def test_other_files_that_begin_like_group_2_are_no_dicom(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(b"\x02\x00\x00\x00\x09\x00\x00\x00" + bytes(300))
    with pytest.raises(ReadError) as caught:
        read_instance(path)
    assert caught.value.code == "not-dicom"


def with_item(path: Path, content: bytes) -> Path:
    """Write CT_small with an item outside of a sequence."""
    data = content_of("CT_small.dcm")
    at = data.index(STUDY_UID)
    item = b"\xfe\xff\x00\xe0" + struct.pack("<L", len(content)) + content
    path.write_bytes(data[:at] + item + data[at:])
    return path


def test_an_item_without_its_sequence_is_left_out_with_a_note(tmp_path):
    patient = b"\x10\x00\x10\x00PN\x08\x00Somebody"
    path = with_item(tmp_path / "a.dcm", patient)
    expected = dcs.read(get_testdata_file("CT_small.dcm"))
    volume = dcs.read(path)
    assert np.array_equal(volume.array, expected.array)
    assert volume.tags["PatientName"] == expected.tags["PatientName"]
    assert "1 item outside of a sequence, whose tag was lost" in fault_of(path)
    (tmp_path / "b.dcm").write_bytes(transcoded(path, ImplicitVRLittleEndian).content)
    assert dcmread(tmp_path / "b.dcm").PatientName == dcmread(path).PatientName != "Somebody"


@pytest.mark.parametrize("content", [b"not elements at all!", b"\x10\x00\x10\x00PN\x40\x00Some"])
def test_an_item_of_other_bytes_is_damage(tmp_path, content):
    with pytest.raises(ReadError) as caught:
        dcs.read(with_item(tmp_path / "a.dcm", content))
    assert caught.value.code == "file-damaged"


def test_functional_groups_beyond_the_frames_are_left_out_with_a_note():
    with pytest.warns(DicomSeriesWarning, match="functional groups for 3 frames, but pixels of 1"):
        volume = dcs.read(get_testdata_file("liver_1frame.dcm"))
    dataset = dcmread(get_testdata_file("liver_1frame.dcm"))
    assert np.array_equal(volume.array[0] > 0, dataset.pixel_array > 0)
    assert tuple(volume.grid.origin_lps) == (-235.2, -226.8, -128.69)


def test_pixels_of_more_frames_than_number_of_frames_stay_an_error(tmp_path):
    dataset = dcmread(get_testdata_file("liver_1frame.dcm"))
    dataset.PixelData = dataset.PixelData * 3
    dcmwrite(tmp_path / "a.dcm", dataset)
    with pytest.raises(ReadError, match="3 items in PerFrame"):
        dcs.read(tmp_path / "a.dcm")


def packed(values: np.ndarray) -> bytes:
    """Return values of 12 bits as one little-endian number of many bits."""
    number = 0
    for index, value in enumerate(values.reshape(-1).tolist()):
        number |= (value & 0xFFF) << 12 * index
    return number.to_bytes((12 * values.size + 7) // 8, "little")


@pytest.mark.parametrize("is_signed", [False, True])
def test_values_of_12_bits_without_padding_are_read(tmp_path, is_signed):
    values = np.random.default_rng(3).integers(0, 4096, (3, 3, 5))
    if is_signed:
        values -= 2048
    dataset = dcmread(get_testdata_file("CT_small.dcm"))
    del dataset.RescaleSlope, dataset.RescaleIntercept, dataset.ImagePositionPatient
    data = packed(values)
    dataset.Rows, dataset.Columns, dataset.NumberOfFrames = 3, 5, 3
    dataset.BitsAllocated = dataset.BitsStored = 12
    dataset.HighBit, dataset.PixelRepresentation = 11, int(is_signed)
    dataset.PixelData = data + b"\0" * (len(data) % 2)
    dcmwrite(tmp_path / "a.dcm", dataset)
    volume = dcs.read(tmp_path / "a.dcm")
    assert np.array_equal(volume.array.reshape(values.shape), values)
    assert volume.array.dtype == ("int16" if is_signed else "uint16")
    assert any("12 bits for each value, without padding" in note for note in volume.notes)
    lazy = dcs.read(tmp_path / "a.dcm", lazy=True).array
    assert np.array_equal(np.asarray(lazy[1:2]).reshape(3, 5), values[1])
