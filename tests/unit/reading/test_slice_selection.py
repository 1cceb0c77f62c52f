"""Selected slices, lazy arrays and dask arrays of a series."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from pydicom.uid import JPEGLSLossless

import dicomseries as dcs
from dicomseries.errors import MissingPackageError, OptionError, ReadError
from dicomseries.reading import read_instance, read_plain_frames, read_stored
from dicomseries.sources import LazyArray, array_frames
from judges.known import OBLIQUE, write_known_series
from judges.known_frames import label_map, save, segmentation

STORED = np.arange(120, dtype="int16").reshape(6, 4, 5) * 11 - 600


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_known_series(tmp_path_factory.mktemp("parts"), STORED)


@pytest.mark.parametrize(
    ("slices", "expected"),
    [
        (slice(1, 5, 2), [1, 3]),
        (slice(-2, 99), [4, 5]),
        (range(0, 6, 3), [0, 3]),
        (range(-3, 0), [3, 4, 5]),
        ((2, 4), [2, 4]),
        ([np.int64(-1)], [5]),
        (np.array([1, 2, 3]), [1, 2, 3]),
        (3, [3]),
        (-6, [0]),
    ],
)
def test_only_the_slices_that_were_chosen_are_read_on_their_own_grid(folder, slices, expected):
    volume = dcs.read(folder, slices=slices)
    assert np.array_equal(volume.array, STORED[expected])
    step = expected[1] - expected[0] if len(expected) > 1 else 1
    affine = OBLIQUE @ np.diag([1, 1, step, 1])
    affine[:3, 3] = (OBLIQUE @ (0, 0, expected[0], 1))[:3]
    assert np.allclose(volume.grid.affine(), affine, atol=1e-9)
    every = [{**volume.tags.shared, **one} for one in volume.tags.instances]
    assert [one["InstanceNumber"] for one in every] == [index + 1 for index in expected]


@pytest.mark.parametrize(
    ("slices", "code"),
    [
        (slice(3, 3), "slices-empty"),
        ([], "slices-empty"),
        (slice(9, 12), "slices-empty"),
        (6, "slices-outside"),
        ([0, 3, 6], "slices-outside"),
        (range(-7, 0), "slices-outside"),
        ([0, 1, 3], "slices-not-even"),
        ([2, 2], "slices-not-even"),
        (slice(None, None, -1), "slices-not-even"),
        (range(4, 0, -1), "slices-not-even"),
        ("all", "slices-unknown"),
        ([0.0, 1.0], "slices-unknown"),
        (True, "slices-unknown"),
        (slice(0, 6, 0), "slices-unknown"),
        (slice("a"), "slices-unknown"),
        (np.array(3.5), "slices-unknown"),
    ],
)
def test_slices_that_are_not_there_or_form_no_grid_are_rejected(folder, slices, code):
    with pytest.raises(OptionError) as caught:
        dcs.read(folder, slices=slices)
    assert caught.value.code == code


def test_files_of_other_slices_are_not_opened_for_their_pixels(tmp_path):
    folder = write_known_series(tmp_path, STORED)
    volume = dcs.read(folder, lazy=True)
    (folder / "0006.dcm").unlink()
    assert np.array_equal(volume.array[:5], STORED[:5])
    with pytest.raises(ReadError):
        volume.array[5]


def test_a_lazy_array_is_like_an_array(folder):
    array = dcs.read(folder, lazy=True).array
    assert (array.shape, array.dtype, array.ndim, array.size, array.nbytes, len(array)) == (
        *(STORED.shape, STORED.dtype, 3, 120, 240),
        6,
    )
    assert np.array_equal(np.asarray(array), STORED)
    assert np.asarray(array, dtype="float32").dtype == "float32"
    assert np.array_equal(np.stack(list(array)), STORED)
    assert array[-1, 2, 3] == STORED[-1, 2, 3]
    assert "120" not in repr(array)
    assert "(6, 4, 5)" in repr(array)
    with pytest.raises(ValueError, match="copy"):
        np.asarray(array, copy=False)


@pytest.mark.parametrize(
    "index", [6, -7, (0, 0, 0, 0), [0, 1], (..., ...), np.array([True]), True, None, 1.0, "a"]
)
def test_an_index_that_is_outside_or_not_basic_is_rejected(folder, index):
    with pytest.raises(IndexError):
        dcs.read(folder, lazy=True).array[index]


@pytest.mark.parametrize("of", ["volume", "array", "dask"])
def test_what_is_read_lazily_can_be_written(folder, tmp_path, of):
    volume = dcs.read(folder, lazy=True)
    source = {"volume": volume, "array": volume.array, "dask": volume.to_dask()}[of]
    grid = {} if of == "volume" else {"affine": volume.grid.affine(), "space": "LPS"}
    dcs.write(source, tmp_path / "out", kind="CT", sync=False, **grid)
    back = dcs.read(tmp_path / "out")
    assert np.array_equal(back.array, STORED)
    assert np.allclose(back.grid.affine(), OBLIQUE, atol=1e-9)


def test_a_derived_series_is_made_of_a_lazy_volume(folder, tmp_path):
    volume = dcs.read(folder, lazy=True)
    volume.derive(volume.array, description="Copied").write(tmp_path / "out", sync=False)
    assert np.array_equal(dcs.read(tmp_path / "out").array, STORED)


PEAK = """
import sys, dicomseries as dcs
volume = dcs.read(sys.argv[1], lazy=True)
def peak():
    lines = open("/proc/self/status")
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1])
before = peak()
total = 0
for index in range(0, len(volume.array), 4):
    total += int(volume.array[index:index + 4].sum())
print(total, peak() - before)
"""


@pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="the peak of memory is asked of Linux"
)
@pytest.mark.slow
def test_a_lazy_array_holds_nothing(tmp_path):
    array = np.ones((96, 512, 512), "uint16")
    dcs.write(array, tmp_path / "big", kind="CT", spacing=(1, 1, 1), verify=False, sync=False)
    done = subprocess.run(
        [sys.executable, "-c", PEAK, str(tmp_path / "big")],
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    total, kilobytes = map(int, done.stdout.split())
    assert total == array.size
    assert kilobytes * 1024 < array.nbytes / 4


def test_dask_names_the_same_files_alike_and_others_otherwise(folder, tmp_path):
    array = dcs.read(folder, lazy=True).to_dask(chunks=4)
    assert array.name == dcs.read(folder, lazy=True).to_dask(chunks=4).name
    assert array.chunks == ((4, 2), (4,), (5,))
    assert array.name != dcs.read(folder, lazy=True).to_dask(chunks=3).name
    other = write_known_series(tmp_path, STORED)
    assert array.name != dcs.read(other, lazy=True).to_dask(chunks=4).name


def test_the_tasks_of_dask_are_small_and_read_by_path_in_another_folder(
    folder, tmp_path, monkeypatch
):
    monkeypatch.chdir(folder.parent)
    array = dcs.read(folder.name, lazy=True).to_dask(chunks=2)
    sent = pickle.dumps(array)
    assert len(sent) < 20_000
    monkeypatch.chdir(tmp_path)
    received = pickle.loads(sent)  # noqa: S301 - made above
    assert np.array_equal(received.compute(scheduler="synchronous"), STORED)


@pytest.mark.parametrize("chunks", [0, -1, True, 1.5, "auto"])
def test_chunks_that_are_no_number_of_slices_are_rejected(folder, chunks):
    with pytest.raises(OptionError) as caught:
        dcs.read(folder, lazy=True).to_dask(chunks=chunks)
    assert caught.value.code == "chunks-not-positive"


def test_without_dask_the_extra_is_named(folder, monkeypatch):
    volume = dcs.read(folder, lazy=True)
    monkeypatch.setitem(sys.modules, "dask.array", None)
    with pytest.raises(MissingPackageError, match=r'pip install "dicomseries\[dask\]"'):
        volume.to_dask()


def test_one_of_several_volumes_becomes_an_array_of_dask():
    slabs = array_frames(np.arange(24).reshape(6, 2, 2))
    volume = dcs.Volume(
        slabs=slabs, grid=dcs.Grid(shape=(3, 2, 2), spacing_mm=(1, 1, 1)), volumes=2
    )
    assert np.array_equal(volume.at(1).to_dask().compute(), volume.array[1])
    assert np.array_equal(LazyArray(slabs, (2, 3, 2, 2))[1, ::2], volume.array[1, ::2])


@pytest.mark.parametrize("made", [segmentation, label_map])
def test_a_map_of_labels_is_read_in_parts(tmp_path, made):
    labels = (np.arange(120).reshape(6, 4, 5) // 9 % 3).astype("uint8")
    folder = save(made(labels), tmp_path / "labels")
    assert np.array_equal(dcs.read(folder, slices=slice(1, 6, 2)).array, labels[1::2])
    lazy = dcs.read(folder, lazy=True)
    assert np.array_equal(lazy.array[-2:, 1], labels[-2:, 1])
    assert np.array_equal(lazy.to_dask(chunks=4).compute(scheduler="synchronous"), labels)
    assert len(dcs.read(folder, slices=2).tags.instances) <= len(lazy.tags.instances)


@pytest.mark.parametrize("workers", [1, 3])
def test_compressed_slices_come_in_the_order_of_the_slices(tmp_path, monkeypatch, workers):
    pytest.importorskip("jpeg_ls")  # the encoder of pydicom, without a wheel for every Python
    monkeypatch.setattr(sys.modules["dicomseries.api.read"], "_TASK_BYTES", 1)
    folder = write_known_series(
        tmp_path,
        STORED,
        change=lambda _, ds: ds.compress(JPEGLSLossless, generate_instance_uid=False),
    )
    assert np.array_equal(dcs.read(folder, workers=workers).array, STORED)


@pytest.mark.parametrize("workers", [0, -1, True, 1.5])
def test_a_number_of_threads_that_is_none_is_rejected(folder, workers):
    with pytest.raises(OptionError) as caught:
        dcs.read(folder, workers=workers)
    assert caught.value.code == "workers-not-positive"


def test_floats_beside_integers_of_the_same_format_are_not_taken_for_them(tmp_path):
    def floats(index, dataset):
        dataset.BitsAllocated = dataset.BitsStored = 32
        dataset.HighBit = 31
        data = np.full((4, 5), 1.5, "<f4").tobytes()
        if index:
            del dataset.PixelData
            dataset.FloatPixelData = data
        else:
            dataset.PixelData = data

    paths = sorted(write_known_series(tmp_path, STORED[:2], change=floats).iterdir())
    first = read_instance(paths[0])
    second = read_instance(paths[1], like=first)
    assert second.base is first.base
    assert np.array_equal(read_stored(second, like=first), np.full((4, 5), 1.5, "f4"))
    target = np.empty((4, 5), "f4")
    read_plain_frames(second, target)
    assert np.array_equal(target, np.full((4, 5), 1.5))
