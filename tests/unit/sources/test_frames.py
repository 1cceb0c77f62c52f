"""Volumes as frames: views of contiguous memory, copies of other, no needless pass."""

from __future__ import annotations

import itertools

import dask.array
import numpy as np
import pytest
import zarr

from dicomseries.sources import open_volume
from dicomseries.sources.frames.frame_runs import best_depth, joined, pieces

SPACING = (0.5, 0.75, 2)
ARRAY = np.arange(3 * 5 * 4 * 6, dtype=">i2").reshape(3, 5, 4, 6)
FRAMES = ARRAY.reshape(15, 4, 6)


def stored(axes, order="C"):
    """Return the array with its axes in another order, and in an order of memory."""
    return np.array(ARRAY.transpose(["tzyx".index(letter) for letter in axes]), order=order)


@pytest.mark.parametrize(
    ("axes", "order"), [("tzyx", "C"), ("xyzt", "F"), ("tzxy", "C"), ("yxzt", "F")]
)
def test_volumes_that_follow_each_other_are_viewed(axes, order):
    array = stored(axes, order)
    volume = open_volume(array, axes=axes, spacing=SPACING)
    for start, stop in ((0, 15), (3, 7), (4, 11)):
        part = volume.slabs.read(start, stop)
        assert np.shares_memory(part, array)
        np.testing.assert_array_equal(part, FRAMES[start:stop])


@pytest.mark.parametrize("axes", ["ztyx", "zyxt", "xyzt", "tyxz", "yztx"])
def test_volumes_that_lie_apart_are_gathered_and_never_copied_whole(axes):
    array = stored(axes)
    volume = open_volume(array, axes=axes, spacing=SPACING)
    for start in range(16):
        for stop in range(start, 18):
            part = volume.slabs.read(start, stop)
            np.testing.assert_array_equal(part, FRAMES[start:stop])
            assert part.dtype == ARRAY.dtype
    assert np.shares_memory(volume.slabs.read(5, 10), array)
    assert np.shares_memory(volume.at(1).slabs.read(1, 4), array)


@pytest.mark.parametrize("axes", ["tzyx", "ztyx", "xyzt"])
@pytest.mark.parametrize("opened", ["path", "memmap", "npz"])
def test_mapped_volumes_are_the_same(tmp_path, axes, opened):
    path = tmp_path / ("a.npz" if opened == "npz" else "a.npy")
    np.savez_compressed(path, stored(axes)) if opened == "npz" else np.save(path, stored(axes))
    source = np.load(path, mmap_mode="r") if opened == "memmap" else path
    slabs = open_volume(source, axes=axes, spacing=SPACING).slabs
    assert (joined(slabs.view.array) is not None) == (axes == "tzyx")
    for start, stop in ((14, 15), (0, 1), (3, 12), (15, 15), (13, 99)):
        np.testing.assert_array_equal(slabs.read(start, stop), FRAMES[start:stop])


def test_an_unpacked_file_is_read_only_as_far_as_a_volume_needs(tmp_path):
    array = np.zeros((200, 5, 40, 60), "int16")
    np.savez_compressed(tmp_path / "a.npz", array)
    slabs = open_volume(tmp_path / "a.npz", axes="tzyx", spacing=SPACING).slabs
    scratch = slabs.view.take.__self__._fill.__self__
    assert scratch._ready == 0
    slabs.read(5, 10)
    assert scratch._ready < array.nbytes / 2


@pytest.mark.parametrize(
    ("frames", "expected"),
    [
        ((0, 15), [(0, 3, 0, 5)]),
        ((3, 4), [(0, 1, 3, 4)]),
        ((3, 12), [(0, 1, 3, 5), (1, 2, 0, 5), (2, 3, 0, 2)]),
        ((5, 10), [(1, 2, 0, 5)]),
        ((7, 15), [(1, 2, 2, 5), (2, 3, 0, 5)]),
        ((7, 7), [(0, 1, 0, 0)]),
    ],
)
def test_a_run_of_frames_is_three_pieces_at_most(frames, expected):
    found = [(v.start, v.stop, s.start, s.stop) for v, s in pieces(*frames, 5)]
    assert found == expected


@pytest.mark.parametrize(
    ("chunk", "count", "frame_bytes", "expected"),
    [
        ((1, 64), (1, 100), 10, 64),  # without an axis of volumes: the depth of a chunk
        ((1, 999), (1, 100), 10, 100),
        ((1, 5), (20, 15), 10, 5),  # no slab cuts a chunk
        ((1, 4), (20, 15), 10, 15),  # one would: whole volumes
        ((1, 15), (20, 15), 10, 15),
        ((4, 5), (20, 15), 10, 60),  # chunks of four volumes: these together
        ((99, 5), (20, 15), 10, 300),
        ((4, 5), (20, 15), 1 << 20, 30),  # of four volumes of 15 MiB, two fit into 32 MiB
        ((4, 5), (20, 15), 700_000, 30),  # three do, but would cut the next chunk
        ((4, 5), (20, 15), 2 << 20, 5),  # one does: nothing is gained beyond the chunk's depth
        ((4, 4), (20, 15), 2 << 20, 15),
        ((4, 5), (20, 15), 3 << 20, 5),  # none does
        ((1, 4), (20, 15), 3 << 20, 4),
    ],
)
def test_frames_that_are_best_read_together(chunk, count, frame_bytes, expected):
    assert best_depth(chunk, count, frame_bytes) == expected


def test_the_depth_of_volumes_in_memory_is_that_of_their_order():
    array = np.zeros((6, 10, 4, 70), "int16")
    depths = {
        axes: open_volume(array, axes=axes, spacing=SPACING).slabs.depth
        for axes in ("tzyx", "ztyx", "xyzt")
    }
    assert depths == {"tzyx": 1, "ztyx": 1, "xyzt": 256}  # 64 volumes of 4 slices for a cache line


@pytest.mark.parametrize(
    ("chunks", "edges"),
    [
        ((6, 4, 5, 1), (0, 5, 10, 15)),
        ((6, 4, 2, 1), (0, 2, 4, 5, 7, 9, 10, 12, 14, 15)),
        ((2, 2, 2, 3), (0, 15)),
    ],
)
@pytest.mark.parametrize("make", ["dask", "zarr"])
def test_a_store_is_read_by_whole_chunks(make, chunks, edges):
    array = stored("xyzt").astype("int16")
    source = (
        dask.array.from_array(array, chunks=chunks)
        if make == "dask"
        else zarr.create_array({}, data=array, chunks=chunks)
    )
    frames = open_volume(source, axes="xyzt", spacing=SPACING).slabs
    assert frames.edges == edges
    for start, stop in itertools.pairwise(edges):
        np.testing.assert_array_equal(frames.read(start, stop), FRAMES[start:stop])
    assert open_volume(source, axes="xyzt", time_point=1, spacing=SPACING).slabs.depth == chunks[2]


def test_volumes_are_asked_of_a_source_together_and_not_one_by_one():
    asked = []

    class Store:
        shape, dtype = ARRAY.shape, ARRAY.dtype

        def __getitem__(self, index):
            asked.append(index[:2])
            return ARRAY[index]

    slabs = open_volume(Store(), axes="tzyx", spacing=SPACING).slabs
    np.testing.assert_array_equal(slabs.read(0, 15), FRAMES)
    np.testing.assert_array_equal(slabs.read(4, 6), FRAMES[4:6])
    assert asked == [
        (slice(0, 3), slice(0, 5)),
        (slice(0, 1), slice(4, 5)),
        (slice(1, 2), slice(0, 1)),
    ]
    reversed_slabs = open_volume(
        Store(), axes="tzyx", spacing=SPACING, direction=np.diag([1, 1, -1])
    ).along_normal()
    asked.clear()
    np.testing.assert_array_equal(
        reversed_slabs.slabs.read(0, 15), ARRAY[:, ::-1].reshape(15, 4, 6)
    )
    assert asked == [(slice(0, 3), slice(0, 5))]
