"""Sources are read in slabs: number of reads of each chunk, and memory."""

from __future__ import annotations

import collections
import json
import subprocess
import sys

import dask.array
import numpy as np
import pytest
import zarr
from zarr.storage import MemoryStore

import dicomseries as dcs
from dicomseries.errors import OptionError, SourceError
from dicomseries.options import memory_budget
from dicomseries.options.memory_budget import memory_of


class Counting(MemoryStore):
    """A store that counts the reads of each chunk."""

    def __init__(self):
        super().__init__()
        self.reads = collections.Counter()

    async def get(self, key, prototype, byte_range=None):
        if "c/" in key:
            self.reads[key] += 1
        return await super().get(key, prototype, byte_range)


def stored(axes, chunks, dtype, **options):
    sizes = (
        {"t": 6, "z": 90, "y": 20, "x": 30}
        if "t" not in axes
        else {"t": 6, "z": 14, "y": 20, "x": 30}
    )
    shape = [sizes[letter] for letter in axes]
    array = (np.arange(np.prod(shape)).reshape(shape) % 4001).astype(dtype)
    store = Counting()
    made = zarr.create_array(store, shape=shape, chunks=chunks, dtype=dtype, **options)
    made[...] = array
    store.reads.clear()
    return made, store, array


def written(source, out, array, axes, **options):
    receipt = dcs.write(source, out, kind="CT", spacing=(1, 1, 2), axes=axes, sync=False, **options)
    back = dcs.read(out).array
    order = [axes.index(letter) for letter in "tzyx" if letter in axes]
    np.testing.assert_allclose(back, array.transpose(order), rtol=0, atol=receipt.max_error)
    return receipt


LAYOUTS = {
    "slabs of slices": ("zyx", (9, 20, 30), {}),
    "blocks": ("zyx", (30, 10, 10), {}),
    "shards": ("zyx", (3, 10, 10), {"shards": (18, 20, 30)}),
    "blocks that do not fit": ("zyx", (7, 9, 11), {}),
    "slices last": ("xyz", (10, 20, 8), {}),
    "time points together": ("tzyx", (4, 5, 20, 30), {}),
}


@pytest.mark.parametrize(("dtype", "passes"), [("int16", 1), ("float32", 2)])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("turned", [False, True])
def test_every_chunk_is_read_once_a_pass(tmp_path, layout, dtype, passes, turned):
    axes, chunks, options = LAYOUTS[layout]
    source, store, array = stored(axes, chunks, dtype, **options)
    if turned:
        dcs.write(
            source,
            tmp_path / "out",
            kind="CT",
            spacing=(1, 1, 2),
            axes=axes,
            direction=np.diag([1, 1, -1]),
        )
    else:
        written(source, tmp_path / "out", array, axes)
    grid = options.get("shards", chunks)
    count = int(np.prod([-(-size // chunk) for size, chunk in zip(array.shape, grid, strict=True)]))
    assert len(store.reads) == count
    if "shards" not in options:  # the index and the chunks of a shard are read one by one
        assert set(store.reads.values()) == {passes}
    else:
        assert len(set(store.reads.values())) == 1


@pytest.mark.parametrize(("dtype", "passes"), [("int16", 1), ("float32", 2)])
def test_every_block_of_dask_is_computed_once_a_pass(tmp_path, dtype, passes):
    computed = collections.Counter()
    array = (np.arange(50 * 6 * 7).reshape(50, 6, 7) % 999).astype(dtype)

    def block(part, block_info=None):
        if block_info:
            computed[tuple(block_info[0]["chunk-location"])] += 1
        return part

    blocks = dask.array.from_array(array, chunks=((20, 13, 17), 3, 7))
    written(blocks.map_blocks(block, dtype=dtype, meta=array[:0]), tmp_path / "out", array, "zyx")
    assert len(computed) == 6
    assert set(computed.values()) == {passes}


def test_chunks_over_all_slices_are_copied_once_and_advice_says_so(tmp_path):
    shape = (600, 64, 128)
    array = (np.arange(np.prod(shape)).reshape(shape) % 4001).astype("float32")
    store = Counting()
    source = zarr.create_array(store, shape=shape, chunks=(600, 16, 128), dtype="float32")
    source[...] = array
    store.reads.clear()
    reports = []
    receipt = written(
        source,
        tmp_path / "out",
        array,
        "zyx",
        memory="16MiB",
        workers=2,
        progress=lambda *all_of: reports.append(all_of),
    )
    assert set(store.reads.values()) == {1}
    assert any("first copied" in text and "19.7 MB" in text for text in receipt.advice)
    assert (600, 600, "copying") in reports


def test_no_room_for_the_copy_is_reported_before_a_file_exists(tmp_path, monkeypatch):
    source = zarr.create_array({}, shape=(600, 64, 128), chunks=(600, 16, 128), dtype="float32")
    monkeypatch.setattr(
        "dicomseries.sources.frames.files.scratch_file.shutil.disk_usage",
        lambda _: type("Usage", (), {"free": 10**6}),
    )
    with pytest.raises(SourceError, match="TMPDIR") as caught:
        dcs.plan(source, kind="CT", spacing=(1, 1, 2), memory="16MiB", workers=2)
    assert caught.value.code == "scratch-full"
    assert not [*tmp_path.iterdir()]


def test_the_plan_says_how_the_source_is_read():
    source = zarr.create_array({}, shape=(60, 64, 128), chunks=(20, 16, 128), dtype="int16")
    plan = dcs.plan(source, kind="CT", spacing=(1, 1, 2), workers=2)
    assert (
        "reading   1 slab of 60 slices, 2.9 MB a worker, 2.9 MB in all; each chunk read once a pass"
        in str(plan)
    )
    assert plan.to_dict()["reading"]["slabs"] == 1
    assert plan.to_dict()["reading"]["chunk_reads"] == 1


@pytest.mark.parametrize("asked", ["many", "12", -1, 15 << 20, True, 1.5, "5 XB"])
def test_a_memory_that_is_no_size_is_rejected(asked):
    with pytest.raises(OptionError) as caught:
        dcs.plan(np.zeros((3, 4, 5), "int16"), kind="CT", spacing=(1, 1, 2), memory=asked)
    assert caught.value.code == "memory-not-a-size"


@pytest.mark.parametrize(
    ("asked", "size"), [("1.5 GB", 1_500_000_000), ("64MiB", 64 << 20), (99_999_999, 99_999_999)]
)
def test_a_memory_is_bytes_or_a_size_with_its_unit(asked, size):
    assert memory_of(asked) == size


@pytest.mark.parametrize(
    ("free", "size"), [(1 << 20, 16 << 20), (400 << 20, 100 << 20), (1 << 40, 512 << 20)]
)
def test_unasked_a_quarter_of_what_is_free_is_taken_within_limits(monkeypatch, free, size):
    monkeypatch.setattr(memory_budget, "_free", lambda: free)
    assert memory_of(None) == size


def test_what_is_free_is_what_the_system_says_in_kib(monkeypatch):
    monkeypatch.setattr(
        memory_budget.Path,
        "read_text",
        lambda *_, **__: "MemTotal: 9 kB\nMemAvailable:    2048 kB\n",
    )
    assert memory_budget._free() == 2 << 20


@pytest.mark.parametrize("workers", [1, 4])
@pytest.mark.parametrize("dtype", ["int16", "float64"])
def test_a_plan_keeps_to_the_memory_for_any_number_of_workers_of_a_path_too(
    tmp_path, workers, dtype
):
    zarr.create_array(tmp_path / "a.zarr", shape=(600, 64, 128), chunks=(600, 16, 128), dtype=dtype)
    reading = dcs.plan(
        tmp_path / "a.zarr",
        kind="CT",
        spacing=(1, 1, 2),
        memory="16MiB",
        workers=workers,
        value_range=(0, 1),
    ).to_dict()["reading"]
    itemsize = np.dtype(dtype).itemsize
    assert 0 < reading["total_bytes"] <= 16 << 20
    assert reading["worker_bytes"] == 3 * reading["slices_per_slab"] * 64 * 128 * itemsize
    assert reading["scratch_bytes"] in {0, 600 * 64 * 128 * itemsize}
    assert reading["scratch_bytes"] or reading["chunk_reads"] <= 4


PEAK = """
import sys
from dicomseries.cli import main

form = "--kind ct --spacing 1 1 2 --no-sync --workers 2 --quiet"
assert main(["write", *sys.argv[1:], *form.split()]) == 0
print(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1])
"""


@pytest.mark.endurance
@pytest.mark.skipif(sys.platform != "linux", reason="the peak of the memory is read from /proc")
@pytest.mark.parametrize("kind", ["zarr", "memmap", "fortran"])
def test_memory_does_not_grow_with_the_slices(tmp_path, kind):
    peaks = []
    for count in (600, 2400):
        path = tmp_path / f"{count}.{'zarr' if kind == 'zarr' else 'npy'}"
        shape = (count, 128, 128)
        if kind != "zarr":
            order = {"fortran_order": kind == "fortran"}
            made = np.lib.format.open_memmap(path, mode="w+", dtype="int16", shape=shape, **order)
        else:
            made = zarr.create_array(
                path, shape=shape, chunks=(20, 128, 128), dtype="int16", compressors=None
            )
        for first in range(0, count, 200):
            made[first : first + 200] = np.full((200, 128, 128), first, "int16")
        del made
        run = [sys.executable, "-c", PEAK, str(path), str(tmp_path / f"out{count}")]
        peaks.append(
            json.loads(
                subprocess.run(run, check=True, capture_output=True, encoding="utf-8").stdout
            )
            / 1024
        )
    assert peaks[1] < 300
    assert peaks[1] <= 1.1 * peaks[0]
