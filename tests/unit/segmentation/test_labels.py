"""What is a layer of labels, what is rejected, and where each label is."""

from __future__ import annotations

import datetime as dt
from io import BytesIO

import numpy as np
import pytest

from dicomseries.errors import DicomSeriesError, KindError, ValuesError
from dicomseries.geometry import Grid
from dicomseries.metadata import Metadata
from dicomseries.segmentation import SegmentLayer, build_segmentation, check_labels
from dicomseries.segmentation.labels import (
    LabelSurvey,
    label_spans,
    stored_fractions,
    unsigned_labels,
)
from dicomseries.segmentation.segment_survey import OverlapSearch
from dicomseries.sources import Volume, array_frames, used_rows
from dicomseries.uids import UidPolicy, series_uids


def volume(array, **options):
    count = options.get("volumes") or 1
    shape = (array.shape[0] // count, *array.shape[1:3])
    return Volume(
        slabs=array_frames(array), grid=Grid(shape=shape, spacing_mm=(0.7, 0.9, 2.5)), **options
    )


def built(labels, **options):
    check_labels(labels, options.get("segmentation_type", "binary"))
    return build_segmentation(
        [SegmentLayer(volume=labels)],
        metadata=Metadata(),
        uids=series_uids(UidPolicy(), b"seed"),
        moment=dt.datetime(2026, 11, 22),  # noqa: DTZ001
        **options,
    )


@pytest.mark.parametrize(
    "dtype",
    ["bool", "uint8", "int8", "uint16", "int16", "int32", "uint32", "int64", "uint64", ">u2"],
)
def test_labels_of_every_whole_type_are_found_in_their_slices(dtype):
    array = np.zeros((3, 4, 5), dtype)
    array[1, 2:, 3] = 1
    places = LabelSurvey()(array, (7, 10))
    assert (places.slices, places.labels) == ((8,), (1,))
    assert unsigned_labels(array).dtype == ("uint8" if array.dtype.itemsize == 1 else "uint16")


def test_each_label_has_its_first_and_last_voxel():
    rng = np.random.default_rng(3)
    for number in range(100):
        shape = (7, 5 + 3 * (number % 2))  # rows of 8 voxels are whole words
        frame = rng.integers(0, 2 + number % 5, shape) * (rng.random(shape) < 0.2)
        frame = (frame * (1 + 59 * (number % 3))).astype(("uint8", "uint16")[number % 2])
        frame[: number % 8] = 0
        expected = []
        for label in np.unique(frame[frame > 0]).tolist():
            places = np.flatnonzero(frame.reshape(-1) == label)
            expected.append((label, int(places[0]), int(places[-1]) + 1))
        assert list(map(tuple, label_spans(frame))) == expected


@pytest.mark.parametrize(
    ("array", "options", "code", "kind", "remedy"),
    [
        (np.ones((2, 3, 4)), {}, "labels-not-whole", ValuesError, "astype"),
        (np.ones((2, 3, 4), "complex64"), {}, "labels-not-whole", ValuesError, "astype"),
        (np.ones((2, 3, 4), "int16"), {"slope": 0.5}, "labels-scaled", ValuesError, "astype"),
        (np.ones((2, 3, 4, 3), "uint8"), {}, "colour-not-allowed", KindError, "kind='SC'"),
        (
            np.ones((4, 3, 4), "uint8"),
            {"volumes": 2},
            "volumes-not-allowed",
            KindError,
            "split='time'",
        ),
        (np.full((2, 3, 4), -1), {}, "labels-negative", ValuesError, "0"),
        (np.full((2, 3, 4), 65536), {}, "labels-too-high", ValuesError, "np.unique"),
        (np.full((2, 3, 4), 2**63, "uint64"), {}, "labels-too-high", ValuesError, "np.unique"),
        (np.zeros((2, 3, 4), bool), {}, "labels-empty", ValuesError, "Leave"),
    ],
)
def test_what_is_no_label_map_is_rejected_with_a_remedy(array, options, code, kind, remedy):
    with pytest.raises(DicomSeriesError) as caught:
        built(volume(array, **options))
    assert (caught.value.code, type(caught.value)) == (code, kind)
    assert remedy in caught.value.remedy


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (np.nan, "fractions-outside"),
        (np.inf, "fractions-outside"),
        (-0.01, "fractions-outside"),
        (1.0000001, "fractions-outside"),
        (1 / 511, "labels-empty"),
    ],
)
def test_fractions_outside_of_zero_to_one_are_rejected(value, code):
    array = np.zeros((2, 3, 4))
    array[1, 2, 1] = value
    with pytest.raises(ValuesError) as caught:
        built(volume(array), segmentation_type="fractional")
    assert caught.value.code == code


def test_a_single_volume_with_its_axis_is_a_label_map():
    array = np.ones((2, 3, 4), "uint8")
    check_labels(volume(array, volumes=1))
    with pytest.raises(KindError):
        check_labels(volume(array, volumes=2))


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_a_stored_fraction_is_the_nearest_of_256(dtype):
    fractions = np.concatenate(
        ([0.0, 1.0], np.arange(255) / 255 + 1 / 510, np.random.default_rng(0).random(1000))
    )
    frame = fractions.astype(dtype)[np.newaxis]
    _, stored, error = stored_fractions(frame)
    assert error <= (0.5 + 1e-9) / 255
    assert np.abs(stored / 255 - frame.astype("float64")).max() == error
    assert stored[0, 1] == 255


def test_rows_with_a_voxel_are_the_same_for_all_types_and_widths():
    rng = np.random.default_rng(4)
    for dtype in ("bool", "uint8", "int16", ">u2", "int64", "float32"):
        for columns in (1, 5, 8, 16):
            frames = np.zeros((3, 9, 2 * columns), dtype)
            frames[1, rng.integers(1, 4), rng.integers(columns)] = 1
            frames[1, rng.integers(5, 8), columns - 1] = 1
            for frame in (*frames, frames[1, :, ::2], frames[1, :, :columns], frames[1].T):
                rows = np.flatnonzero(frame.any(axis=1)).tolist()
                expected = slice(rows[0], rows[-1] + 1) if rows else None
                assert used_rows(frame) == expected


def test_a_union_leaves_labels_of_no_segment_out():
    frame = np.array([[[0, 2, 1, 0, 2, 1, 0, 0]]], "uint8")
    for segments, bits in (({1: 1}, 0b100100), ({1: 1, 2: 2}, 0b110110), (None, 0b110110)):
        (piece,) = LabelSurvey(segments=segments, has_union=True)(frame, (0, 1)).union
        assert piece.content == bytes([bits])


def test_overlaps_are_seen_in_the_bit_where_they_are():
    rng = np.random.default_rng(1)
    for _ in range(40):
        masks = rng.random((3, 4, 3, 7)) < 0.08
        search = OverlapSearch(BytesIO(), voxels=21)
        for mask in masks:
            search.add(LabelSurvey(has_union=True)(mask, (0, 4)).union)
        assert search.has_overlap == bool((masks.sum(axis=0) > 1).any())
