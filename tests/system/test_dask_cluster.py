"""A Dask cluster writes the same bytes as threads, and survives the loss of a worker."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import pickle
import signal
import warnings
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import dicomseries as dcs
from dicomseries.cli import main
from dicomseries.errors import OptionError, ValuesError, WriteError
from dicomseries.executors import chosen_executor
from dicomseries.executors.dask_cluster import _is_handle
from dicomseries.sinks.staged_folder import StagedFolder
from dicomseries.writing.encode.encode_tasks import FileTask

dask_array = pytest.importorskip("dask.array")
distributed = pytest.importorskip("distributed")

ARRAY = np.random.default_rng(5).integers(-1000, 2000, (24, 30, 50)).astype("int16")
FLOATS = ARRAY / np.float32(7)
FORM = {
    "kind": "CT",
    "spacing": (0.7, 0.9, 2.5),
    "entropy": b"the same chance",
    "now": dt.datetime(2024, 2, 29, 12, 0, tzinfo=dt.UTC),
}


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """Yield a client of two worker processes on loopback."""
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # of ports that are taken, and of packages that distributed imports
        cluster = distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address=None,
            local_directory=str(tmp_path_factory.mktemp("workers")),
            silence_logs=50,
        )
        own = distributed.Client(cluster, set_as_default=False)
    yield own
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        own.close()
        cluster.close()


def digests(folder):
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in Path(folder).rglob("*.dcm")
    }


def sources(tmp_path):
    """Yield the same floats: sent slab by slab, opened by the workers, computed by a graph."""
    zarr = pytest.importorskip("zarr")
    np.save(tmp_path / "a.npy", FLOATS)
    stored = zarr.create_array(
        tmp_path / "a.zarr", shape=FLOATS.shape, chunks=(5, 16, 16), dtype="float32"
    )
    stored[:] = FLOATS
    yield "array in memory", FLOATS, {}
    yield "array in another order", np.asfortranarray(FLOATS.T), {"axes": "xyz"}
    yield "npy file", tmp_path / "a.npy", {}
    yield "zarr folder", tmp_path / "a.zarr", {}
    yield "zarr array", stored, {}
    yield "dask array", dask_array.from_array(FLOATS, chunks=(5, 16, 20)), {}
    yield (
        "dask array in another order",
        dask_array.from_array(FLOATS.T, chunks=(16, 16, 5)),
        {"axes": "xyz"},
    )


def test_a_cluster_writes_what_threads_write_wherever_the_array_is(tmp_path, client):
    expected = dcs.write(FLOATS, tmp_path / "threads", values=dcs.Rescale(max_error=0.05), **FORM)
    forms = list(sources(tmp_path))
    assert forms
    for name, source, axes in forms:
        out = tmp_path / name.replace(" ", "-")
        receipt = dcs.write(
            source, out, values=dcs.Rescale(max_error=0.05), executor=client, **axes, **FORM
        )
        assert digests(out) == digests(tmp_path / "threads"), name
        assert receipt.achieved_error == expected.achieved_error, name
        assert receipt.verified


def test_slices_against_the_normal_are_turned_by_the_workers_too(tmp_path, client):
    affine = np.diag([0.7, 0.9, -2.5, 1.0])
    form = {**FORM, "affine": affine, "space": "LPS"}
    del form["spacing"]
    dcs.write(ARRAY, tmp_path / "threads", **form)
    dcs.write(
        dask_array.from_array(ARRAY, chunks=(7, 30, 20)),
        tmp_path / "cluster",
        executor=client,
        **form,
    )
    assert digests(tmp_path / "cluster") == digests(tmp_path / "threads")


@pytest.mark.parametrize(
    ("kind", "array"),
    [
        ("ParametricMap", FLOATS),
        ("MultiframeSC", (ARRAY + 1000).astype("uint16")),
        ("Segmentation", (ARRAY % 7).astype("uint8")),
    ],
)
def test_files_of_all_frames_are_the_same_too(tmp_path, client, kind, array):
    form = {**FORM, "kind": kind}
    dcs.write(array, tmp_path / "threads", **form)
    dcs.write(
        dask_array.from_array(array, chunks=(7, 30, 20)),
        tmp_path / "cluster",
        executor=client,
        **form,
    )
    assert digests(tmp_path / "cluster") == digests(tmp_path / "threads")


@pytest.mark.parametrize(("kind", "codec"), [("CT", "jpegls"), ("MultiframeSC", "rle")])
def test_compressed_series_are_the_same_too(tmp_path, client, kind, codec):
    pytest.importorskip("imagecodecs")
    form = {**FORM, "kind": kind, "compression": codec}
    array = (ARRAY + 1000).astype("uint16")
    dcs.write(array, tmp_path / "threads", **form)
    receipt = dcs.write(
        dask_array.from_array(array, chunks=(7, 30, 20)),
        tmp_path / "cluster",
        executor=client,
        **form,
    )
    assert receipt.verified
    assert digests(tmp_path / "cluster") == digests(tmp_path / "threads")
    np.testing.assert_array_equal(dcs.read(tmp_path / "cluster").array, array)


def once(marker, block):
    """Kill the worker of the first block in the middle of the write."""
    try:
        os.close(os.open(marker, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return block
    os.kill(os.getpid(), signal.SIGKILL)
    return block


def test_a_worker_killed_in_the_middle_of_the_write_changes_nothing(tmp_path, client):
    dcs.write(ARRAY, tmp_path / "threads", **FORM)
    whole = dask_array.from_array(ARRAY, chunks=(3, 30, 50))
    deadly = whole.map_blocks(
        partial(once, str(tmp_path / "marker")),
        dtype=whole.dtype,
        meta=np.empty((0, 0, 0), "int16"),
    )
    # the first slabs are whole before the deadly one comes
    source = dask_array.concatenate([whole[:12], deadly[12:15], whole[15:]])
    dcs.write(source, tmp_path / "cluster", executor=client, **FORM)
    assert (tmp_path / "marker").exists()
    assert digests(tmp_path / "cluster") == digests(tmp_path / "threads")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cluster", "marker", "threads"]
    assert len(list((tmp_path / "cluster").iterdir())) == len(ARRAY)


def test_a_file_that_a_worker_left_unfinished_is_not_shown(tmp_path):
    folder = StagedFolder(path=tmp_path, sync=False, is_shared=True)
    folder.put("0001.dcm", [b"whole"])
    folder.put("0001.dcm", [b"again"])  # a task that is done twice
    (tmp_path / "0002.dcm.unfinished-0a1b2c3d").write_bytes(b"ha")
    folder.sweep()
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [
        ("0001.dcm", b"again")
    ]


def test_a_rejection_by_a_worker_arrives_unchanged(tmp_path, client):
    values = FLOATS.copy()
    values[13, 4, 5] = np.nan
    with pytest.raises(ValuesError):
        dcs.write(
            dask_array.from_array(values, chunks=(6, 30, 50)),
            tmp_path / "out",
            executor=client,
            **FORM,
        )
    assert list(tmp_path.iterdir()) == []


def test_what_is_sent_to_a_worker_is_small_however_many_slices_there_are(tmp_path):
    sizes = []
    for slices in (10, 1000):
        np.save(tmp_path / f"{slices}.npy", np.zeros((slices, 4, 5), "int16"))
        task = FileTask(
            plan=dcs.plan(tmp_path / f"{slices}.npy", kind="CT", spacing=(1, 1, 2), workers=1),
            sink=StagedFolder(path=tmp_path, sync=False),
            scale=(1, 0),
            read_back=True,
            resumes=False,
        )
        slabs = dcs.open_volume(tmp_path / f"{slices}.npy", spacing=(1, 1, 2)).slabs
        sizes.append(len(pickle.dumps((task, slabs))))
    assert sizes[1] < 16_000
    assert sizes[1] - sizes[0] < 100


def test_a_handle_is_distinguished_from_data(tmp_path):
    np.save(tmp_path / "a.npy", ARRAY)
    assert _is_handle(dcs.open_volume(tmp_path / "a.npy", spacing=(1, 1, 1)).slabs)
    assert not _is_handle(dcs.open_volume(ARRAY, spacing=(1, 1, 1)).slabs)
    assert not _is_handle(
        dcs.open_volume(np.load(tmp_path / "a.npy", mmap_mode="r"), spacing=(1, 1, 1)).slabs
    )


def test_the_command_line_takes_the_address_of_a_scheduler(tmp_path, client):
    np.save(tmp_path / "a.npy", ARRAY)
    form = ["--kind", "ct", "--spacing", "0.7", "0.9", "2.5", "--uid", "content", "--quiet"]
    address = client.scheduler.address
    assert (
        main(
            ["write", str(tmp_path / "a.npy"), str(tmp_path / "cluster"), *form, "--dask", address]
        )
        == 0
    )
    assert main(["write", str(tmp_path / "a.npy"), str(tmp_path / "threads"), *form]) == 0
    assert digests(tmp_path / "cluster") == digests(tmp_path / "threads")


@pytest.mark.parametrize("executor", ["tcp://somewhere:8786", 3, object()])
def test_what_is_no_client_is_rejected(executor):
    with pytest.raises(OptionError) as refusal:
        chosen_executor(executor, None)
    assert refusal.value.code == "executor-unknown"


def test_a_number_of_threads_beside_a_cluster_is_rejected(client):
    with pytest.raises(OptionError) as refusal:
        chosen_executor(client, 2)
    assert refusal.value.code == "workers-of-cluster"


def test_a_cluster_without_workers_is_an_error_and_no_endless_wait(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cluster = distributed.LocalCluster(
            n_workers=0, processes=True, host="127.0.0.1", dashboard_address=None, silence_logs=50
        )
        with (
            cluster,
            distributed.Client(cluster, set_as_default=False) as alone,
            pytest.raises(WriteError) as refusal,
        ):
            dcs.write(ARRAY, tmp_path / "out", executor=alone, **FORM)
    assert refusal.value.code == "cluster-without-workers"
    assert not (tmp_path / "out").exists()


def test_a_worker_that_dies_with_a_series_leaves_each_series_once(tmp_path, client):
    jobs = []
    for index in range(24):
        array = np.arange(60, dtype="int16").reshape(3, 4, 5) + index
        np.save(tmp_path / f"{index}.npy", array)
        jobs.append({"source": str(tmp_path / f"{index}.npy"), "study": f"s{index // 3}"})
    form = {"kind": "CT", "spacing": [0.7, 0.9, 2.5], "uid": "content", "sync": False}
    killed: list[int] = []

    def kill_one(done: int, total: int, what: str) -> None:
        if done == 6:
            killed.append(next(iter(client.run(os.getpid).values())))
            os.kill(killed[0], getattr(signal, "SIGKILL", signal.SIGTERM))

    written = {}
    for name, cluster in (("threads", {}), ("cluster", {"executor": client, "progress": kill_one})):
        listed = [{**job, "out": str(tmp_path / name / str(at))} for at, job in enumerate(jobs)]
        report = dcs.batch(listed, records=tmp_path / f"{name}.batch", **form, **cluster)
        assert (report.done, report.failed) == (24, 0)
        written[name] = {
            path.relative_to(tmp_path / name).as_posix(): path.read_bytes()
            for path in (tmp_path / name).rglob("*")
            if path.is_file()
        }
    assert killed
    assert written["cluster"] == written["threads"]
    assert not list((tmp_path / "cluster.batch").glob(".begun-*"))
