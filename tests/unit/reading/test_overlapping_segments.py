"""Segments that share voxels, and single segments of any segmentation."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

import dicomseries as dcs
from dicomseries.errors import DicomSeriesWarning, OptionError
from dicomseries.reading import read
from dicomseries.reading.pixels import segment_bits

BINARY = "1.2.840.10008.5.1.4.1.1.66.4"
SIZES = [(4, 5), (8, 6), (8, 16), (16, 12)]
"""Frames of 20 bits (in no whole bytes), 6 bytes, 2 and 3 words of 64 bits."""


def described(numbers, overlap="UNDEFINED"):
    def change(dataset):
        dataset.SegmentationType, dataset.SegmentsOverlap, dataset.Modality = (
            "BINARY",
            overlap,
            "SEG",
        )
        items = []
        for number in numbers:
            segment = Dataset()
            segment.SegmentNumber, segment.SegmentLabel = number, f"Läsion {number}"
            items.append(segment)
        dataset.SegmentSequence = Sequence(items)

    return change


def write_masks(write_frames, masks, numbers, **options):
    """Write masks (segments, slices, rows, columns), without their empty frames."""
    frames, places, owners = [], [], []
    for mask, number in zip(masks, numbers, strict=True):
        for place in np.flatnonzero(mask.any(axis=(1, 2))).tolist():
            frames.append(mask[place])
            places.append(place)
            owners.append(number)

    def each(frame, groups):
        identified = Dataset()
        identified.ReferencedSegmentNumber = owners[frame]
        groups.SegmentIdentificationSequence = Sequence([identified])

    return write_frames(
        np.array(frames),
        positions=places,
        each=each,
        change=described(numbers, **options),
        sop_class=BINARY,
    )


def random_masks(rng, size, *, overlap):
    labels = rng.integers(0, 4, (5, *size))
    labels[0, 0, 0], labels[4, -1, -1], labels[2] = 1, 2, 0
    masks = np.array([labels == value for value in (1, 2, 3)])
    if overlap:
        masks[0, 3], masks[2, 3, 1:3] = masks[0, 3] | (labels[3] == 3), True
    return masks


@pytest.mark.parametrize("numbers", [(1, 2, 9), (3, 300, 7000)])
@pytest.mark.parametrize("size", SIZES)
def test_segments_that_share_a_voxel_have_a_volume_each(write_frames, rng, size, numbers):
    masks = random_masks(rng, size, overlap=True)
    path = write_masks(write_frames, masks, numbers)
    volume = dcs.read(path)
    assert (volume.volumes, volume.dtype, volume.voxels) == (3, np.uint8, "masks")
    np.testing.assert_array_equal(volume.array, masks)
    assert tuple(volume.segments) == numbers
    lazy = dcs.read(path, lazy=True)
    np.testing.assert_array_equal(lazy[1:, 2:4], masks[1:, 2:4])
    np.testing.assert_array_equal(lazy.segment(numbers[2])[...], masks[2])
    np.testing.assert_array_equal(dcs.read(path, slices=slice(1, 4)).array, masks[:, 1:4])


@pytest.mark.parametrize("numbers", [(1, 2, 9), (3, 300, 7000)])
@pytest.mark.parametrize("size", SIZES)
def test_segments_that_share_no_voxel_are_one_label_map(write_frames, rng, size, numbers):
    masks = random_masks(rng, size, overlap=False)
    volume = dcs.read(write_masks(write_frames, masks, numbers))
    expected = np.sum(masks * np.reshape(numbers, (3, 1, 1, 1)), axis=0)
    assert volume.voxels == "labels"
    np.testing.assert_array_equal(volume.array, expected)
    chosen = volume.segment(f"Läsion {numbers[1]}")
    assert (chosen.dtype, chosen.voxels, chosen.shape) == (np.uint8, "masks", volume.shape)
    np.testing.assert_array_equal(chosen.array, masks[1])
    assert chosen.segment(numbers[1]) is chosen


@pytest.mark.parametrize("size", SIZES)
def test_one_shared_voxel_is_found_in_every_block(write_frames, monkeypatch, size):
    masks = np.zeros((2, 9, *size), bool)
    masks[0, :, 0, :3], masks[1, :, 1, :3] = True, True
    masks[1, 7, 0, 2] = True
    path = write_masks(write_frames, masks, (1, 2))
    for block in (1, 8, 64, 1 << 20):
        monkeypatch.setattr(segment_bits, "_BLOCK_BYTES", block)
        np.testing.assert_array_equal(read(path).array, masks)


def test_a_file_that_denies_its_overlap_is_read_with_a_warning(write_frames, rng):
    masks = random_masks(rng, (8, 6), overlap=True)
    path = write_masks(write_frames, masks, (1, 2, 3), overlap="NO")
    with pytest.warns(DicomSeriesWarning, match="SegmentsOverlap is NO"):
        volume = read(path)
    np.testing.assert_array_equal(volume.array, masks)


def test_segments_have_the_names_codes_and_colours_of_the_file(tmp_path):
    labels = np.zeros((2, 8, 6), "uint8")
    labels[0, 1], labels[1, 2] = 1, 2
    segments = {
        1: {
            "label": "Liver",
            "type": "Liver",
            "color": "#dd8265",
            "algorithm": "AUTOMATIC",
            "algorithm_name": "Net 1",
            "tracking_id": "the liver",
        },
        2: {"label": "Milz", "type": "Spleen", "description": "Ends here."},
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DicomSeriesWarning)
        dcs.write(
            labels, tmp_path / "seg", kind="Segmentation", spacing=(1, 1, 2), segments=segments
        )
        volume = dcs.read(tmp_path / "seg")
    liver, spleen = volume.segments.values()
    assert (liver.label, liver.color, liver.algorithm) == ("Liver", (221, 130, 101), "AUTOMATIC")
    assert (liver.algorithm_name, liver.tracking_id) == ("Net 1", "the liver")
    assert (str(liver.type), liver.category.meaning) == (
        "Liver (10200004, SCT)",
        "Anatomical Structure",
    )
    assert (spleen.number, spleen.label, spleen.description) == (2, "Milz", "Ends here.")
    assert repr(spleen) == 'Segment 2 "Milz": Spleen (78961009, SCT)'
    assert dcs.read(tmp_path / "seg").at(0).segments == volume.segments


@pytest.mark.parametrize(
    ("segment", "code", "remedy"),
    [
        (4, "segment-unknown", "number or the label"),
        ("Läsion 22", "segment-unknown", "Did you mean 'Läsion 2'"),
        (True, "segment-unknown", "number or the label"),
    ],
)
def test_a_segment_that_is_not_there_is_rejected(write_frames, rng, segment, code, remedy):
    volume = dcs.read(write_masks(write_frames, random_masks(rng, (4, 5), overlap=True), (1, 2, 3)))
    with pytest.raises(OptionError, match=remedy) as caught:
        volume.segment(segment)
    assert caught.value.code == code


def test_a_label_of_two_segments_is_rejected(write_frames, rng):
    path = write_masks(write_frames, random_masks(rng, (4, 5), overlap=True), (1, 2, 3))
    volume = dcs.read(path)
    segments = dict(volume.segments)
    segments[3] = segments[2]
    doubtful = dcs.SeriesVolume(
        slabs=volume.slabs,
        grid=volume.grid,
        tags=volume.tags,
        volumes=3,
        segments=segments,
        voxels="masks",
    )
    with pytest.raises(OptionError, match="Give the number: 2 or 3") as caught:
        doubtful.segment("Läsion 2")
    assert caught.value.code == "segment-ambiguous"
