"""Elements of any VR keep their bytes or their values in another transfer syntax."""

from __future__ import annotations

import struct
from io import BytesIO

import pydicom
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian

from dicomseries.transcoding import transcoded

NATIVE, IMPLICIT, RLE = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2", "1.2.840.10008.1.2.5"
LONG = {b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"UC", b"UN", b"UR", b"UT"}
STANDARD = {
    0x00080050: (b"SH", 2),
    0x00081030: (b"LO", 2),
    0x00180050: (b"DS", 2),
    0x00189073: (b"FD", 8),
    0x00280009: (b"AT", 4),
    0x00280120: (b"US", 2),
    0x00281201: (b"OW", 2),
    0x00400310: (b"ST", 2),
    0x00420010: (b"ST", 2),
    0x00720064: (b"IS", 2),
    0x00720078: (b"UL", 4),
    0x0072007C: (b"SL", 4),
}
"""Tag → VR of the dictionary, and bytes of a value."""
ITEM, ITEM_END, SEQUENCE_END = (
    struct.pack("<HHI", 0xFFFE, e, n) for e, n in ((0xE000, 0xFFFFFFFF), (0xE00D, 0), (0xE0DD, 0))
)


def element(tag: int, vr: bytes, content: bytes, length: int | None = None) -> bytes:
    size = len(content) if length is None else length
    head = struct.pack("<HH", *divmod(tag, 1 << 16)) + vr
    if vr in LONG:
        return head + b"\0\0" + struct.pack("<I", size) + content
    return head + struct.pack("<H", size) + content


def even(unit: int):
    return st.binary(max_size=16).map(lambda raw: (raw * unit)[: len(raw) // 2 * 2 * unit])


@st.composite
def simple(draw) -> dict[int, bytes]:
    """Draw standard elements with their VRs."""
    tags = draw(st.sets(st.sampled_from(sorted(STANDARD)), max_size=8))
    return {tag: element(tag, STANDARD[tag][0], draw(even(STANDARD[tag][1]))) for tag in tags}


@st.composite
def private(draw) -> dict[int, bytes]:
    """Draw private elements of any VR, with their creator, and sequences of undefined length."""
    block = draw(st.integers(0x10, 0xFF))
    group = draw(st.sampled_from((0x0009, 0x0019, 0x0029, 0x7FDF, 0x7FE1)))
    elements = {(group << 16) + block: element((group << 16) + block, b"LO", b"Maker ")}
    for number in draw(st.sets(st.integers(0, 255), max_size=4)):
        tag = (group << 16) + (block << 8) + number
        vr = draw(st.sampled_from((b"UN", b"OB", b"LO", b"US", b"FD", b"SQ")))
        if vr == b"SQ":
            inner = b"".join(draw(simple()).values())
            content = ITEM + inner + ITEM_END + SEQUENCE_END
            elements[tag] = element(tag, vr, content, 0xFFFFFFFF)
        else:
            elements[tag] = element(tag, vr, draw(even(8 if vr == b"FD" else 1)))
    return elements


def pixels(elements: dict[int, bytes]) -> dict[int, bytes]:
    numbers = {
        0x00280002: 1,
        0x00280010: 3,
        0x00280011: 5,
        0x00280100: 16,
        0x00280101: 16,
        0x00280102: 15,
        0x00280103: 0,
    }
    described = {tag: element(tag, b"US", struct.pack("<H", n)) for tag, n in numbers.items()}
    described[0x00080016] = element(0x00080016, b"UI", b"1.2.840.10008.5.1.4.1.1.7\0")
    described[0x00080018] = element(0x00080018, b"UI", b"1.2.3.4\0")
    described[0x00280004] = element(0x00280004, b"CS", b"MONOCHROME2 ")
    described[0x7FE00010] = element(0x7FE00010, b"OW", bytes(range(30)))
    return {**elements, **described}


def file_of(elements: dict[int, bytes]) -> bytes:
    meta = element(0x00020010, b"UI", NATIVE.encode() + b"\0")
    head = element(0x00020000, b"UL", struct.pack("<I", len(meta)))
    body = b"".join(elements[tag] for tag in sorted(elements))
    return bytes(128) + b"DICM" + head + meta + body


def body_of(content: bytes) -> bytes:
    (length,) = struct.unpack_from("<I", content, 140)
    return content[144 + length :]


FEW = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)


@FEW
@given(simple(), private())
def test_other_elements_keep_their_bytes(standard, vendor):
    elements = pixels({**standard, **vendor})
    body = body_of(transcoded(file_of(elements), RLE).content)
    before = b"".join(elements[tag] for tag in sorted(elements) if tag < 0x7FE00010)
    after = b"".join(elements[tag] for tag in sorted(elements) if tag > 0x7FE00010)
    assert body.startswith(before)
    assert body.endswith(after)
    back = transcoded(transcoded(file_of(elements), RLE).content, NATIVE).content
    assert body_of(back) == before + elements[0x7FE00010] + after


@FEW
@given(simple())
def test_standard_elements_keep_their_bytes_over_implicit_vr(standard):
    elements = pixels(standard)
    implicit = transcoded(file_of(elements), IMPLICIT).content
    back = transcoded(implicit, NATIVE).content
    assert body_of(back) == body_of(file_of(elements))


@FEW
@given(
    st.lists(st.integers(0, 65535), min_size=1, max_size=4),
    st.floats(allow_nan=False),
    st.integers(-(2**31), 2**31 - 1),
)
def test_numbers_of_big_endian_files_keep_their_values(words, real, whole):
    def encoded(order: str, syntax: pydicom.uid.UID) -> bytes:
        item = Dataset()
        item.FrameIncrementPointer = [0x00181063, 0x00181065]
        item.PixelRepresentation = 0
        item.RedPaletteColorLookupTableDescriptor = [256, 0, 16]
        item.RedPaletteColorLookupTableData = struct.pack(f"{order}{len(words)}H", *words)
        dataset = Dataset()
        dataset.SOPClassUID, dataset.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.7", "1.2.3.4"
        dataset.ReferencedImageSequence = [item]
        dataset.EffectiveEchoTime, dataset.SelectorSLValue = real, whole
        dataset.SamplesPerPixel, dataset.PixelRepresentation = 1, 0
        dataset.PhotometricInterpretation = "MONOCHROME2"
        dataset.Rows, dataset.Columns = 3, 5
        dataset.BitsAllocated = dataset.BitsStored = 16
        dataset.HighBit = 15
        dataset.add_new(0x7FE00010, "OW", struct.pack(f"{order}15H", *range(15)))
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = syntax
        buffer = BytesIO()
        pydicom.dcmwrite(buffer, dataset, enforce_file_format=True)
        return buffer.getvalue()

    expected = encoded("<", ExplicitVRLittleEndian)
    big = encoded(">", ExplicitVRBigEndian)
    assert body_of(transcoded(big, NATIVE).content) == body_of(expected)
