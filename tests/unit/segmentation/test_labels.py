"""What is a label map, and what is refused before anything is built."""

from __future__ import annotations

import numpy as np
import pytest

from dicomseries.errors import DicomSeriesError, KindError, ValuesError
from dicomseries.geometry import Grid
from dicomseries.segmentation.labels import LabelVolume, check_labels, read_labels, renumbered
from dicomseries.sources import FrameReader, Volume, array_frames


def volume(array, **options):
    count = options.get("volumes") or 1
    shape = (array.shape[0] // count, *array.shape[1:3])
    return Volume(
        slabs=array_frames(array), grid=Grid(shape=shape, spacing_mm=(0.7, 0.9, 2.5)), **options
    )


@pytest.mark.parametrize(
    "dtype",
    ["bool", "uint8", "int8", "uint16", "int16", "int32", "uint32", "int64", "uint64", ">u2"],
)
def test_labels_of_every_whole_type_are_read_as_they_are(dtype):
    array = np.zeros((3, 4, 5), dtype)
    array[1, 2:, 3] = 1
    labels = read_labels(volume(array))
    assert labels.values == (1,)
    assert np.array_equal(labels.array, array)
    assert labels.array.dtype == ("uint8" if array.dtype.itemsize == 1 else "uint16")


def test_the_source_is_read_once(monkeypatch):
    monkeypatch.setattr("dicomseries.segmentation.labels._BYTES_PER_READ", 1)
    array = np.arange(8 * 4 * 5, dtype="uint8").reshape(8, 4, 5)
    reads = []

    def read(start, stop):
        reads.append((start, stop))
        return array[start:stop]

    frames = FrameReader(shape=array.shape, dtype=array.dtype, read=read, edges=(0, 3, 6, 8))
    labels = read_labels(Volume(slabs=frames, grid=Grid(shape=(8, 4, 5), spacing_mm=(1, 1, 1))))
    assert reads == [(0, 3), (3, 6), (6, 8)]
    assert labels.values == tuple(range(1, 160))


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
        read_labels(volume(array, **options))
    assert (caught.value.code, type(caught.value)) == (code, kind)
    assert remedy in caught.value.remedy


def test_a_single_volume_with_its_axis_is_a_label_map():
    array = np.ones((2, 3, 4), "uint8")
    check_labels(volume(array, volumes=1))
    assert np.array_equal(read_labels(volume(array, volumes=1)).array, array)
    with pytest.raises(KindError):
        check_labels(volume(array, volumes=2))


def test_the_highest_label_is_kept_and_numbers_take_the_smallest_type():
    labels = LabelVolume(array=np.array([[[0, 65535, 2]]], "uint16"), values=(2, 65535))
    assert renumbered(labels, (2, 65535), (2, 65535)).tolist() == [[[0, 65535, 2]]]
    small = renumbered(labels, (2, 65535), (1, 2))
    assert (small.tolist(), small.dtype) == ([[[0, 2, 1]]], np.uint8)
    assert renumbered(labels, (2, 65535), (1, 256)).dtype == np.uint16
