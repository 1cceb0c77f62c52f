"""Overlapping, fractional and compressed segmentations, written, verified and read by pydicom."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pydicom
import pytest

import dicomseries as dcs
from dicomseries import reading
from dicomseries.errors import DicomSeriesError, OptionError, ValuesError, VerificationError
from dicomseries.geometry import Grid
from dicomseries.sources import FrameReader, SlabPlan, Volume, array_frames
from dicomseries.writing.encode import (
    compressed_frames,
    layer_loop,
    segment_read_back,
    segmentation_chunks,
)

OBLIQUE = (0.6, 0.0, 0.8, 0.0, -1.0, 0.0, 0.8, 0.0, -0.6)
SHAPE = (6, 5, 7)
FIXED = {
    "entropy": b"layers",
    "now": dt.datetime(2026, 1, 1),  # noqa: DTZ001
    "metadata": {"ContentDate": "20260101", "ContentTime": "12"},
}


def layered(array, layers):
    """Return volumes of (layers, slices, rows, columns) as layers on an oblique grid."""
    count, *shape = array.shape
    grid = Grid.from_spacing(shape, (0.7, 0.9, 2.5), origin=(-12.5, 3.5, 4), direction=OBLIQUE)
    slabs = array_frames(array.reshape(-1, *shape[1:]))
    return Volume(slabs=slabs, grid=grid, volumes=count, layers=layers)


def masks(seed=0, count=3, shape=SHAPE):
    """Return random masks, thin lines and single voxels, with empty slices."""
    rng = np.random.default_rng(seed)
    array = rng.random((count, *shape)) < 0.15
    array[:, 1] = False
    array[0, 2:] = False
    array[-1, 0] = False
    array[-1, :, 2, 3] = True
    return array


def single_slices(volume, _):
    """Return a slab for each slice."""
    frames = volume.slabs.shape[0]
    return SlabPlan(
        bounds=tuple((start, start + 1) for start in range(frames)), frame_bytes=1, workers=1
    )


def written(volume, folder, **options):
    receipt = dcs.write(volume, folder, kind="Segmentation", **FIXED, **options)
    (path,) = Path(folder).glob("*.dcm")
    return pydicom.dcmread(path), receipt


def arrays_of(dataset, grid):
    """Return an array of each segment by number, from positions and pydicom's pixels."""
    frames = dataset.pixel_array.reshape(-1, dataset.Rows, dataset.Columns)
    shared = dataset.SharedFunctionalGroupsSequence[0]
    arrays = {item.SegmentNumber: np.zeros(grid.shape) for item in dataset.SegmentSequence}
    for frame, item in zip(frames, dataset.PerFrameFunctionalGroupsSequence, strict=True):
        position = np.array(item.PlanePositionSequence[0].ImagePositionPatient, float)
        index = round(float((position - grid.origin_lps) @ np.array(grid.normal)) / 2.5)
        named = item if "SegmentIdentificationSequence" in item else shared
        number = named.SegmentIdentificationSequence[0].ReferencedSegmentNumber
        arrays[number][index] += frame
    return arrays


@pytest.mark.parametrize("shape", [SHAPE, (4, 8, 16), (3, 1, 3), (2, 40, 31)])
def test_overlapping_masks_come_back_bit_for_bit(tmp_path, shape):
    array = masks(shape=shape)[:, :, ::1] if shape == SHAPE else None
    if array is None:
        array = np.random.default_rng(5).random((3, *shape)) < 0.3
    volume = layered(array, ({1: 1}, {1: 2}, {1: 3}))
    dataset, receipt = written(volume, tmp_path / "out")
    assert dataset.SegmentsOverlap == "YES"
    assert receipt.verified
    arrays = arrays_of(dataset, volume.grid)
    for number, mask in enumerate(array, 1):
        assert np.array_equal(arrays[number], mask)


def test_layers_of_several_labels_in_any_order_keep_their_segments(tmp_path):
    labels = np.zeros((2, *SHAPE), "int16")
    labels[0, 1:4, 1:3, 2:5], labels[0, 3, 4, 6] = 7, 9
    labels[1, 2:5, 2:4, 1:3], labels[1, 5, 0, 0], labels[1, 0, 0, 0] = 2, 1, 5
    volume = layered(labels, ({7: 4, 9: 1}, {1: 2, 2: 3}))
    dataset, receipt = written(volume, tmp_path / "out")
    arrays = arrays_of(dataset, volume.grid)
    expected = [labels[0] == 9, labels[1] == 1, labels[1] == 2, labels[0] == 7]
    for number, mask in enumerate(expected, 1):
        assert np.array_equal(arrays[number], mask)
    items = dataset.PerFrameFunctionalGroupsSequence
    indices = [list(item.FrameContentSequence[0].DimensionIndexValues) for item in items]
    assert indices == sorted(indices)
    assert dataset.SegmentsOverlap == "YES"
    assert receipt.verified


def test_masks_that_do_not_overlap_say_so_and_can_be_a_label_map(tmp_path):
    array = np.zeros((3, *SHAPE), bool)
    for index, mask in enumerate(array):
        mask[1:5, index, 2:6] = True
    volume = layered(array, ({1: 1}, {1: 300}, {1: 2}))
    dataset, _ = written(volume, tmp_path / "binary")
    assert dataset.SegmentsOverlap == "NO"
    dataset, receipt = written(volume, tmp_path / "map", segmentation_type="labelmap")
    expected = array[0] + 300 * array[1] + 2 * array[2]
    assert np.array_equal(dataset.pixel_array, expected)
    assert receipt.verified


def test_overlapping_masks_are_no_label_map(tmp_path):
    volume = layered(masks(), ({1: 1}, {1: 2}, {1: 3}))
    with pytest.raises(ValuesError) as caught:
        written(volume, tmp_path / "out", segmentation_type="labelmap")
    assert caught.value.code == "segments-overlap"
    assert "segmentation_type='binary'" in caught.value.remedy
    assert not (tmp_path / "out").exists()


def test_a_segment_in_two_layers_is_rejected(tmp_path):
    volume = layered(masks(), ({1: 1}, {1: 2}, {1: 1}))
    with pytest.raises(ValuesError) as caught:
        written(volume, tmp_path / "out")
    assert caught.value.code == "segment-repeated"


@pytest.mark.parametrize("codec", [None, "rle", "jpegls", "j2k", "htj2k"])
@pytest.mark.parametrize("count", [1, 3])
def test_fractions_come_back_within_half_a_step(tmp_path, codec, count):
    rng = np.random.default_rng(2)
    array = (rng.random((count, *SHAPE)) * masks(count=count)).astype("float32")
    array[-1, -1, 0, :2] = 1, 1 / 600
    volume = layered(array, tuple({1: index + 1} for index in range(count)))
    if codec:
        pytest.importorskip("imagecodecs")
    dataset, receipt = written(
        volume, tmp_path / "out", segmentation_type="fractional", compression=codec
    )
    assert (dataset.SegmentationType, dataset.SegmentationFractionalType) == (
        "FRACTIONAL",
        "PROBABILITY",
    )
    assert dataset.MaximumFractionalValue == 255
    error = 0.0
    if codec in {None, "rle"}:
        arrays = arrays_of(dataset, volume.grid)
        for number, fractions in enumerate(array, 1):
            error = max(error, np.abs(arrays[number] / 255 - fractions).max())
        assert error == pytest.approx(receipt.achieved_error)
    assert 0 < receipt.achieved_error <= receipt.max_error < 1 / 509


def test_occupancy_is_stated_and_labels_may_be_fractions_of_0_and_1(tmp_path):
    labels = masks(count=1)[0].astype("uint8") * 3
    volume = layered(labels[np.newaxis], ({3: 1},))
    options = {
        **FIXED,
        "metadata": {**FIXED["metadata"], "SegmentationFractionalType": "OCCUPANCY"},
    }
    dcs.write(
        volume, tmp_path / "out", kind="Segmentation", segmentation_type="fractional", **options
    )
    dataset = pydicom.dcmread(tmp_path / "out" / "0001.dcm")
    assert dataset.SegmentationFractionalType == "OCCUPANCY"
    assert np.array_equal(arrays_of(dataset, volume.grid)[1], (labels == 3) * 255)
    with pytest.raises(DicomSeriesError):
        dcs.write(volume, tmp_path / "bits", kind="Segmentation", **options)


@pytest.mark.parametrize("codec", ["rle", "jpegls", "j2k", "htj2k"])
@pytest.mark.parametrize("highest", [200, 60000])
def test_label_maps_are_compressed_without_loss(tmp_path, codec, highest):
    pytest.importorskip("imagecodecs")
    labels = np.random.default_rng(0).integers(0, 4, SHAPE).astype("uint16")
    labels[2, 3, 4] = highest
    dcs.write(
        labels,
        tmp_path / "out",
        kind="Segmentation",
        segmentation_type="labelmap",
        spacing=(1, 1, 1),
        compression=codec,
    )
    assert np.array_equal(dcs.read(tmp_path / "out"), labels)


def test_bits_are_not_compressed(tmp_path):
    with pytest.raises(OptionError) as caught:
        written(layered(masks(), ({1: 1}, {1: 2}, {1: 3})), tmp_path / "out", compression="rle")
    assert caught.value.code == "compression-of-bits"


@pytest.mark.parametrize("form", ["binary", "labelmap", "fractional"])
def test_the_bytes_do_not_depend_on_threads_slabs_or_memory(tmp_path, monkeypatch, form):
    labels = np.random.default_rng(4).integers(0, 9, (12, 9, 13)).astype("uint8")
    volume = layered(labels[np.newaxis], (None,))
    written(volume, tmp_path / "one", segmentation_type=form, workers=1)
    monkeypatch.setattr(compressed_frames, "IN_MEMORY", 8)
    monkeypatch.setattr(layer_loop, "IN_MEMORY", 8)
    monkeypatch.setattr(layer_loop, "slab_plan", single_slices)
    written(volume, tmp_path / "many", segmentation_type=form, workers=3)
    one, many = ((tmp_path / name / "0001.dcm").read_bytes() for name in ("one", "many"))
    assert one == many


@pytest.mark.parametrize("form", ["binary", "labelmap", "fractional"])
@pytest.mark.parametrize("fault", ["a voxel more", "a voxel less", "frames in another order"])
def test_a_fault_of_the_encoder_is_seen_when_it_is_read_back(tmp_path, monkeypatch, form, fault):
    array = masks(seed=8).astype("uint8") if form != "labelmap" else masks(seed=8)[:1]
    array[0, 3, 0, 0], array[0, 4, 0, 0] = 1, 0
    original = segmentation_chunks._pixels

    def spoilt(*arguments):
        content = bytearray(b"".join(original(*arguments)))
        if fault == "frames in another order":
            content = content[::-1]
        elif fault == "a voxel more":
            content[content.index(0)] |= 1
        else:
            content[next(i for i, byte in enumerate(content) if byte)] = 0
        yield bytes(content)

    monkeypatch.setattr(segmentation_chunks, "_pixels", spoilt)
    layers = tuple({1: index + 1} for index in range(len(array)))
    with pytest.raises(VerificationError):
        written(layered(array, layers), tmp_path / "out", segmentation_type=form)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("fault", ["in an empty slice", "in a used slice", "a slice less"])
def test_a_fault_beside_masks_of_files_is_seen_though_empty_slices_are_passed_over(
    tmp_path, monkeypatch, fault
):
    mask = (np.random.default_rng(3).random(SHAPE) < 0.3).astype("uint8")
    mask[-1] = 0
    nibabel = pytest.importorskip("nibabel")
    affine = np.diag([-1.0, -1, 1, 1])
    nibabel.save(nibabel.Nifti1Image(mask.T, affine), tmp_path / "mask.nii.gz")
    other = mask.copy()
    if fault == "in an empty slice":
        other[-1, 1, 1] = 1
    elif fault == "a slice less":
        other[3] = 0
    else:
        other[1] ^= 1
    form = {"kind": "Segmentation", "affine": affine, "space": "RAS"}
    (wrong,) = reading.scan(dcs.write(other, tmp_path / "other", **form).out)
    original = segment_read_back._bit_comparisons

    def of_others(_, segmentation):
        return original(wrong, segmentation)

    monkeypatch.setattr(segment_read_back, "_bit_comparisons", of_others)
    with pytest.raises(VerificationError):
        dcs.write([tmp_path / "mask.nii.gz"], tmp_path / "out", kind="Segmentation", verify=True)


@pytest.mark.parametrize("labels", [{1: 1}, {7: 2}, {1: 1, 2: 2, 3: 3}, {1: 2, 2: 1}, {1: 1, 5: 2}])
def test_every_way_to_compare_labels_sees_a_voxel_with_another_number(labels):
    slab = np.random.default_rng(6).integers(0, 8, (2, 5, 6)).astype("uint8")
    numbers = np.zeros_like(slab)
    for label, number in labels.items():
        numbers[slab == label] = number
    assert segment_read_back._error_of_labels(numbers, slab, labels) == 0
    for place in np.ndindex(slab.shape):
        wrong = numbers.copy()
        wrong[place] = (wrong[place] + 1) % 4
        assert segment_read_back._error_of_labels(wrong, slab, labels) == np.inf


def test_one_slab_of_one_layer_is_read_at_a_time(tmp_path, monkeypatch):
    monkeypatch.setattr(layer_loop, "slab_plan", single_slices)
    array = masks(count=4)
    most = []

    def read(start, stop):
        most.append(stop - start)
        return frames[start:stop]

    frames = array.reshape(-1, *SHAPE[1:])
    reader = FrameReader(shape=frames.shape, dtype=frames.dtype, read=read)
    volume = layered(array, ({1: 1}, {1: 2}, {1: 3}, {1: 4}))
    volume = Volume(slabs=reader, grid=volume.grid, volumes=4, layers=volume.layers)
    written(volume, tmp_path / "out", workers=1)
    assert set(most) == {1}
    present = int(array.any(axis=(2, 3)).sum())
    assert len(most) == 2 * 4 * SHAPE[0] + present, "presence, bits of slices, comparison"


def test_a_plan_knows_the_size_and_writes_nothing(tmp_path):
    volume = layered(masks(), ({1: 1}, {1: 2}, {1: 3}))
    plan = dcs.plan(volume, kind="Segmentation", **FIXED)
    _, receipt = written(volume, tmp_path / "out")
    assert plan.total_bytes == receipt.bytes == (tmp_path / "out" / "0001.dcm").stat().st_size
    assert "SegmentSequence" in str(plan)


def test_the_uid_of_content_depends_on_the_segments_of_layers():
    options = {"kind": "Segmentation", "uid": "content", "metadata": FIXED["metadata"]}
    first, again, other = (
        dcs.plan(layered(masks(), layers), **options).uids.series
        for layers in (({1: 1}, {1: 2}, {1: 3}),) * 2 + (({1: 1}, {1: 3}, {1: 2}),)
    )
    assert first == again != other


@pytest.mark.parametrize("form", ["binary", "fractional"])
@pytest.mark.parametrize("slices", [3, 300, 2000])
def test_a_lesion_of_few_slices_far_from_the_ends_keeps_its_place(tmp_path, form, slices):
    mask = np.zeros((slices, 4, 5), bool)
    middle = slices // 2
    mask[middle : middle + 4 : 2, 1, 2] = mask[middle + 1 : middle + 2, 3, 3] = True
    volume = layered(mask[np.newaxis], ({1: 1},))
    written(volume, tmp_path / "out", segmentation_type=form)
    seen = dcs.read(tmp_path / "out")
    assert np.array_equal(seen, mask)
    assert seen.grid.spacing_mm == pytest.approx((0.7, 0.9, 2.5))
    assert dcs.check(tmp_path / "out", validators=False) == ()
