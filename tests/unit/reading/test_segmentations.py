"""Segmentations as label maps, or as volumes of fractions, on their grid."""

from __future__ import annotations

import copy

import highdicom
import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.sr.codedict import codes

from dicomseries.errors import ReadError
from dicomseries.reading import read, scan
from dicomseries.reading.order.segment_order import step_mm
from judges.known import OBLIQUE

BINARY, LABELMAP = "1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7"


def label_map(dtype="uint8"):
    labels = np.zeros((9, 4, 5), dtype)
    labels[1:4, 1:3, 0:2] = 1
    labels[2:8, 0:2, 3:5] = 2
    labels[5] = 0
    labels[6, 3, 4] = 4
    return labels


def segments(*numbers):
    found = []
    for number in numbers:
        one = Dataset()
        one.SegmentNumber, one.SegmentLabel = number, f"Läsion {number}"
        found.append(one)
    return Sequence(found)


def identified(numbers):
    def each(frame, groups):
        inner = Dataset()
        inner.ReferencedSegmentNumber = numbers[frame]
        groups.SegmentIdentificationSequence = Sequence([inner])

    return each


def masks(labels):
    """Return masks, slices and numbers of what is not empty, out of order."""
    pairs = [
        (number, z)
        for number in (4, 2, 1)
        for z in range(len(labels))
        if (labels[z] == number).any()
    ]
    pairs = pairs[1::2] + pairs[::2]
    return (
        np.array([labels[z] == number for number, z in pairs]),
        [z for _, z in pairs],
        [n for n, _ in pairs],
    )


def write_binary(write_frames, labels, *, kind="BINARY", change=None, sop_class=BINARY):
    stored, slices, numbers = masks(labels)

    def described(dataset):
        dataset.SegmentationType, dataset.SegmentSequence = kind, segments(1, 2, 4)
        dataset.Modality = "SEG"
        if change:
            change(dataset)

    return write_frames(
        stored, positions=slices, each=identified(numbers), change=described, sop_class=sop_class
    )


def test_masks_become_one_map_of_labels_with_the_empty_slices(write_frames):
    labels = label_map()
    path = write_binary(write_frames, labels)
    (series,) = scan(path).series
    assert (series.kind, series.problems, series.volumes) == ("Segmentation", (), None)
    assert dict(series.segments) == {1: "Läsion 1", 2: "Läsion 2", 4: "Läsion 4"}
    volume = read(path)
    assert volume.array.dtype == np.uint8
    np.testing.assert_array_equal(volume.array, labels[1:8])
    expected = OBLIQUE.copy()
    expected[:, 3] = OBLIQUE @ (0, 0, 1, 1)
    np.testing.assert_allclose(volume.grid.affine(), expected, atol=1e-9)
    np.testing.assert_array_equal(volume.slabs.read(3, 6), labels[4:7])
    assert len(volume.tags.instances) == series.frames
    assert {one["ReferencedSegmentNumber"] for one in volume.tags.instances} == {1, 2, 4}


def test_numbers_above_255_need_wider_labels(write_frames):
    stored = np.ones((2, 4, 5), bool)
    path = write_frames(stored, each=identified([300, 7]), sop_class=BINARY)
    volume = read(path)
    assert volume.array.dtype == np.uint16
    assert volume.array[:, 0, 0].tolist() == [300, 7]


def test_the_same_segment_twice_at_one_place_is_rejected(write_frames):
    path = write_frames(
        np.ones((3, 4, 5), bool), positions=[0, 1, 1], each=identified([1, 1, 1]), sop_class=BINARY
    )
    with pytest.raises(ReadError) as caught:
        read(path)
    assert caught.value.code == "positions-repeated"


def test_fractions_have_a_volume_for_each_segment(write_frames, rng):
    stored = rng.integers(0, 201, (4, 4, 5)).astype("uint8")

    def change(dataset):
        dataset.SegmentationType, dataset.MaximumFractionalValue = "FRACTIONAL", 200
        dataset.SegmentSequence = segments(1, 2)

    path = write_frames(
        stored,
        positions=[2, 0, 1, 2],
        each=identified([1, 2, 1, 2]),
        change=change,
        sop_class=BINARY,
    )
    volume = read(path)
    assert (volume.volumes, volume.array.dtype) == (2, np.float64)
    expected = np.zeros((2, 3, 4, 5))
    for frame, (segment, place) in enumerate([(0, 2), (1, 0), (0, 1), (1, 2)]):
        expected[segment, place] = stored[frame] / 200
    np.testing.assert_array_equal(volume.array, expected)
    raw = read(path, values="stored")
    assert (raw.array.dtype, raw.slope) == (np.uint8, 1 / 200)


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_a_label_map_is_as_stored(write_frames, dtype):
    labels = label_map(dtype)
    kept = [z for z in range(9) if labels[z].any()]

    def change(dataset):
        dataset.SegmentationType, dataset.SegmentSequence = "LABELMAP", segments(0, 1, 2, 4)

    volume = read(write_frames(labels[kept], positions=kept, change=change, sop_class=LABELMAP))
    assert volume.array.dtype == dtype
    np.testing.assert_array_equal(volume.array, labels[1:8])


def test_several_segmentations_are_no_volume(write_frames):
    for name in ("a.dcm", "b.dcm"):
        path = write_frames(
            np.ones((2, 4, 5), bool), name, each=identified([1, 1]), sop_class=BINARY
        )
    with pytest.raises(ReadError) as caught:
        read(path.parent)
    assert caught.value.code == "several-segmentations"
    assert read(path).array.all()


@pytest.mark.parametrize(
    ("places", "between", "thickness", "expected"),
    [
        ([0, 2.5, 5], None, None, 2.5),
        ([0, 2.5, 10], 2.5, None, 2.5),
        ([0, 10], 2.5, 5.0, 2.5),
        ([0, 10], None, 2.5, 2.5),
        ([0, 5, 10], None, 2.5, 5.0),
        ([0, 5, 12.5], None, None, None),
        ([0, 5, 15], None, None, 5.0),
        ([0, 5, 10], 3.0, None, 5.0),
        ([0, 2.4999, 10.0001], None, None, 2.500025),
        ([0, 1, 2.414], None, None, None),
    ],
)
def test_the_step_between_slices_is_found_where_many_are_left_out(
    places, between, thickness, expected
):
    found = step_mm(np.array(places, dtype=float), between=between, thickness=thickness)
    assert found == (None if expected is None else pytest.approx(expected, rel=1e-9))


@pytest.mark.parametrize("kind", ["BINARY", "LABELMAP", "FRACTIONAL"])
@pytest.mark.parametrize("omit", [True, False])
def test_what_highdicom_writes_is_read(tmp_path, kind, omit):
    source = pydicom.dcmread(get_testdata_file("CT_small.dcm"))
    sources = []
    for z in range(6):
        one = copy.deepcopy(source)
        one.SOPInstanceUID = f"2.25.77{z}"
        one.ImagePositionPatient = [*source.ImagePositionPatient[:2], -75.0 + 5 * z]
        sources.append(one)
    mask = np.zeros((6, 128, 128), "uint8")
    mask[1:3, 20:40, 30:50] = 1
    mask[4, 60:90, 10:90] = 2
    described = [
        highdicom.seg.SegmentDescription(
            segment_number=number,
            segment_label=f"part {number}",
            segmented_property_category=codes.SCT.Organ,
            segmented_property_type=codes.SCT.Liver,
            algorithm_type=highdicom.seg.SegmentAlgorithmTypeValues.MANUAL,
        )
        for number in (1, 2)
    ]
    stored = (
        np.stack([mask == 1, mask == 2], axis=-1).astype("float32")
        if kind == "FRACTIONAL"
        else mask
    )
    seg = highdicom.seg.Segmentation(
        source_images=sources,
        pixel_array=stored,
        segmentation_type=kind,
        segment_descriptions=described,
        series_instance_uid="2.25.5",
        series_number=2,
        sop_instance_uid="2.25.6",
        instance_number=1,
        manufacturer="Tests",
        manufacturer_model_name="Tests",
        software_versions="1",
        device_serial_number="1",
        omit_empty_frames=omit,
    )
    seg.save_as(tmp_path / "seg.dcm")
    volume = read(tmp_path)
    whole = slice(1, 5) if omit else slice(0, 6)
    expected = np.stack([mask == 1, mask == 2])[:, whole] if kind == "FRACTIONAL" else mask[whole]
    np.testing.assert_array_equal(volume.array, expected)
    assert volume.grid.origin_lps[2] == -75.0 + 5 * whole.start
    assert volume.grid.spacing_mm[2] == pytest.approx(5.0)
