"""The slab rule: each chunk once where memory allows, and never more memory than was said."""

from __future__ import annotations

import errno
import itertools
import threading
from dataclasses import replace

import dask.array
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dicomseries.errors import SourceError
from dicomseries.sources import (
    FrameReader,
    SlabPlan,
    array_frames,
    open_volume,
    scratch_copy,
    slab_rule,
)
from dicomseries.sources.frames.array_axes import ArrayAxes
from dicomseries.sources.frames.chunks import Chunks
from dicomseries.sources.frames.prefetch import prefetched

MIB = 1 << 20


@st.composite
def sources(draw):
    """Return edges of chunks, and the frames of a volume."""
    slices, volumes = draw(st.integers(1, 40)), draw(st.integers(1, 5))
    count = slices * volumes
    inner = draw(st.sets(st.integers(1, count), max_size=12)) - {count}
    return sorted({0, count} | inner), slices


@given(
    sources(),
    st.integers(1, 4 * MIB),
    st.integers(1, 256 * MIB),
    st.integers(1, 4),
    st.booleans(),
)
def test_slabs_are_all_frames_once_within_the_memory_and_end_with_chunks_that_are_read_once(
    source, frame_bytes, memory, workers, can_copy
):
    edges, slices = source
    plan = slab_rule(
        edges,
        frame_bytes=frame_bytes,
        slices=slices,
        memory=memory,
        workers=workers,
        can_copy=can_copy,
    )
    frames = [frame for bounds in plan.bounds for frame in range(*bounds)]
    assert frames == list(range(edges[-1]))
    assert plan.total_bytes <= memory or plan.depth == 1
    ends = {stop for _, stop in plan.bounds}
    if plan.scratch_bytes:
        assert can_copy
        assert plan.scratch_bytes == edges[-1] * frame_bytes
        assert plan.chunk_reads == 1
    else:
        assert plan.chunk_reads <= 4 or not can_copy
        for start, stop in itertools.pairwise(edges):
            touching = [bounds for bounds in plan.bounds if bounds[0] < stop and start < bounds[1]]
            assert len(touching) <= plan.chunk_reads
        assert plan.chunk_reads > 1 or ends <= set(edges)


@pytest.mark.parametrize(
    ("memory", "reads", "scratch", "depth"),
    [(600, 1, 0, 100), (599, 2, 0, 50), (300, 2, 0, 50), (150, 4, 0, 25), (149, 1, 100 * MIB, 8)],
)
def test_chunks_too_deep_for_the_memory_are_read_up_to_four_times_and_then_copied(
    memory, reads, scratch, depth
):
    plan = slab_rule(
        (0, 100), frame_bytes=MIB, slices=100, memory=memory * MIB, workers=2, can_copy=True
    )
    assert (plan.chunk_reads, plan.scratch_bytes, plan.depth) == (reads, scratch, depth)
    assert bool(plan.advice) == (memory < 600)


def test_whole_volumes_are_read_together_where_a_chunk_of_several_is_too_deep():
    plan = slab_rule(
        (0, 60), frame_bytes=MIB, slices=10, memory=3 * 25 * MIB, workers=1, can_copy=True
    )
    assert {stop - start for start, stop in plan.bounds} == {20}
    assert plan.chunk_reads == 3


@pytest.mark.parametrize("bounds", [(), ((1, 2),), ((0, 2), (3, 4)), ((0, 0),)])
def test_slabs_that_miss_a_frame_are_no_plan(bounds):
    with pytest.raises(ValueError, match="do not follow"):
        SlabPlan(bounds=bounds, frame_bytes=1, workers=1)


def test_slices_turned_along_the_normal_turn_the_edges_of_chunks_with_them():
    array = dask.array.zeros((7, 4, 5), chunks=((2, 4, 1), 4, 5), dtype="int16")
    volume = open_volume(array, spacing=(1, 1, 1), direction=np.diag([1, 1, -1]))
    assert tuple(volume.slabs.edges) == (0, 2, 6, 7)
    turned = volume.along_normal()
    assert tuple(turned.slabs.edges) == (0, 1, 5, 7)


def test_the_edges_of_one_volume_are_those_of_its_chunks():
    array = dask.array.zeros((3, 7, 4, 5), chunks=(1, 4, 4, 5), dtype="int16")
    volume = open_volume(array, axes="tzyx", spacing=(1, 1, 1))
    assert tuple(volume.slabs.edges) == (0, 4, 7, 11, 14, 18, 21)
    assert tuple(volume.at(1).slabs.edges) == (0, 4, 7)


@pytest.mark.parametrize(
    ("axes", "chunks", "time_point"),
    [
        ("zyx", (3, 2, 4), None),
        ("xzy", (2, 7, 3), None),
        ("tzyx", (2, 3, 3, 2), None),
        ("xyzt", (4, 2, 9, 2), 1),
        ("zyxc", (9, 2, 5, 1), None),
        ("tzyx", (1, 3, 3, 2), 1),
    ],
)
def test_copied_slabs_are_the_slabs(axes, chunks, time_point):
    sizes = {"t": 3, "z": 7, "y": 5, "x": 6, "c": 3}
    array = np.arange(np.prod([sizes[letter] for letter in axes])).reshape(
        [sizes[letter] for letter in axes]
    )
    opened = open_volume(
        dask.array.from_array(array.astype("int32"), chunks=chunks),
        axes=axes,
        spacing=(1, 1, 1),
        time_point=time_point,
    )
    reports = []
    copied = scratch_copy(
        opened.slabs, slices=opened.slices, progress=lambda *both: reports.append(both)
    )
    count = opened.slabs.shape[0]
    for start, stop in ((0, count), (2, 5), (count - 1, count + 3), (4, 4)):
        np.testing.assert_array_equal(copied.read(start, stop), opened.slabs.read(start, stop))
    assert not copied.read(0, 1).flags.writeable
    assert reports[-1] == (count, count)


def test_costly_slabs_are_small_so_that_all_workers_have_as_much_to_do():
    said = {
        "frame_bytes": MIB // 2,
        "slices": 40,
        "memory": 600 * MIB,
        "workers": 2,
        "can_copy": True,
    }
    assert slab_rule(range(41), **said).depth == 16
    assert slab_rule(range(41), **said, is_costly=True).depth == 2
    assert slab_rule(range(0, 41, 8), **said, is_costly=True).depth == 8  # chunks stay whole


def test_chunks_of_several_volumes_are_not_cut_inside_of_a_volume():
    array = dask.array.zeros((3, 4, 5, 6), chunks=(2, 2, 5, 6), dtype="int16")
    volume = open_volume(array, axes="tzyx", spacing=(1, 1, 1))
    assert tuple(volume.slabs.edges) == (0, 8, 12)


def test_blocks_of_dask_that_are_empty_are_no_chunks():
    array = dask.array.ones((7, 4, 5), chunks=((2, 0, 5), 4, 5), dtype="int16")
    assert array.chunks[0] == (2, 0, 5)
    volume = open_volume(array, spacing=(1, 1, 1))
    assert tuple(volume.slabs.edges) == (0, 2, 7)


@pytest.mark.parametrize("chunk", [(1, 64, 64), (64, 8, 512), (3, 512, 512), (64, 1, 1)])
def test_chunks_side_by_side_are_read_together_up_to_8_mib(chunk):
    axes = ArrayAxes(shape=(64, 256, 512), letters="zyx", source_letters="zyx")
    blocks = list(Chunks.of(axes, chunk, itemsize=2).blocks())
    sizes = [int(np.prod([part.stop - part.start for part in block])) * 2 for block in blocks]
    assert sum(sizes) == 64 * 256 * 512 * 2
    assert max(sizes) <= 8 * MIB
    assert len(blocks) <= 8


def test_two_who_read_at_once_have_the_source_copied_once():
    opened = open_volume(
        dask.array.zeros((6, 4, 5), chunks=(6, 2, 5), dtype="int16"), spacing=(1, 1, 1)
    )
    copies, others = [], []

    def blocks():
        copies.append(True)
        if len(copies) == 1:
            others.append(threading.Thread(target=copied.read, args=(0, 1)))
            others[0].start()
            others[0].join(0.2)  # it waits; if it did not, it would be here by now
        return opened.slabs.blocks()

    copied = scratch_copy(replace(opened.slabs, blocks=blocks), slices=6)
    copied.read(0, 6)
    others[0].join()
    assert copies == [True]


def test_a_disk_that_fills_before_the_copy_is_an_error_and_no_signal(monkeypatch):
    opened = open_volume(
        dask.array.zeros((6, 4, 5), chunks=(6, 2, 5), dtype="int16"), spacing=(1, 1, 1)
    )

    def full(*_):
        raise OSError(errno.ENOSPC, "no space left")

    monkeypatch.setattr("os.posix_fallocate", full, raising=False)
    with pytest.raises(SourceError) as refusal:
        scratch_copy(opened.slabs, slices=6).read(0, 1)
    assert refusal.value.code == "scratch-full"


BOUNDS = st.tuples(st.integers(0, 9), st.integers(1, 12)).filter(lambda pair: pair[0] < pair[1])


@given(st.lists(st.tuples(st.booleans(), BOUNDS), max_size=8))
@example([(True, (0, 1)), (True, (0, 2)), (False, (0, 2))])
def test_each_read_is_that_of_the_source_with_any_frames_read_ahead(steps):
    array = np.arange(10 * 2 * 3).reshape(10, 2, 3)
    frames = prefetched(array_frames(array))
    for is_ahead, (start, stop) in steps:
        stop = min(stop, 10) if is_ahead else stop  # noqa: PLW2901
        np.testing.assert_array_equal(
            (frames.ahead if is_ahead else frames).read(start, stop), array[start:stop]
        )


def test_what_was_read_ahead_is_kept_for_one_reading():
    reads = []

    def read(start, stop):
        reads.append((start, stop))
        return np.zeros((6, 2, 3))[start:stop]

    frames = prefetched(FrameReader(shape=(6, 2, 3), dtype=np.dtype(float), read=read))
    frames.ahead.read(2, 4)
    frames.read(0, 6)
    frames.read(2, 4)
    assert reads == [(2, 4), (0, 2), (4, 6), (2, 4)]
