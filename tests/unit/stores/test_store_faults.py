"""Faults of stores, one by one: our objects are removed, those of others stay."""

from __future__ import annotations

import json
import pickle
import uuid

import fsspec
import numpy as np
import pytest

import dicomseries as dcs
from dicomseries.errors import ReadError, WriteError
from dicomseries.sinks import ObjectSink
from dicomseries.sinks.uploads import Uploads
from dicomseries.stores import StoreError, open_store
from dicomseries.stores.fetching import fetch_file
from dicomseries.stores.fsspec_store import FsspecStore

ARRAY = np.arange(7 * 4 * 5, dtype="int16").reshape(7, 4, 5)
CT = {"kind": "CT", "spacing": (0.5, 0.75, 2.5)}


def contents(url):
    store = open_store(url)
    return {key: store.get(key) for key in store.list()}


@pytest.fixture
def url():
    return f"memory://{uuid.uuid4().hex}/scan"


# ----------------------------------------------- what is left, and what is let alone, after a fault
def test_what_other_processes_have_put_goes_too_and_what_is_no_dicom_stays(url):
    dicom = bytes(128) + b"DICM"
    with ObjectSink(url) as sink:
        other = pickle.loads(pickle.dumps(sink))  # noqa: S301 - our own
        with other.put("0002.dcm", [dicom]), sink.put("0001.dcm", [dicom]):
            pass
        open_store(url).put("notes.txt", b"of somebody else")
    assert contents(url) == {"notes.txt": b"of somebody else"}


def test_a_manifest_whose_put_failed_after_all_is_taken_back(url, monkeypatch):
    sink = ObjectSink(url)
    with sink.put("0001.dcm", [b"whole"]):
        pass
    whole = sink._store.put

    def put(key, content, **options):
        whole(key, content, **options)
        if key == "manifest.json":
            message = "the answer was lost"
            raise StoreError(message)

    monkeypatch.setattr(sink._store, "put", put)
    with pytest.raises(WriteError), sink:
        sink.commit()
    assert contents(url) == {}


def test_the_manifest_goes_first_where_a_series_is_overwritten(url, monkeypatch):
    dcs.write(ARRAY, url, **CT)
    deleted, whole = [], FsspecStore.delete
    monkeypatch.setattr(
        FsspecStore, "delete", lambda self, key: (deleted.append(key), whole(self, key))[1]
    )
    dcs.write(ARRAY[:2], url, **CT, overwrite=True)
    assert next(key for key in deleted if key != "_plan.json") == "manifest.json"
    assert "0007.dcm" in deleted


@pytest.mark.parametrize("change", ["deleted", "cut short"])
def test_an_object_that_is_not_there_any_more_is_missed_before_the_manifest(url, change):
    with ObjectSink(url) as sink:
        for key in ("0001.dcm", "0002.dcm"):
            with sink.put(key, [b"whole"]):
                pass
        if change == "deleted":
            open_store(url).delete("0002.dcm")
        else:
            open_store(url).put("0002.dcm", b"who")
        with pytest.raises(WriteError, match=r"0002\.dcm") as caught:
            sink.commit()
    assert caught.value.code == "commit-failed"
    assert contents(url) == {}


def test_a_lock_that_was_put_twice_by_the_same_request_is_ones_own(url, monkeypatch):
    whole = FsspecStore.put

    def twice(self, key, content, *, create_only=False):
        whole(self, key, content)
        whole(self, key, content, create_only=create_only)

    monkeypatch.setattr(FsspecStore, "put", twice)
    with ObjectSink(url) as sink:
        sink.commit()
    assert list(contents(url)) == ["manifest.json"]


def test_nothing_more_is_put_once_an_object_has_failed(url, monkeypatch):
    whole = FsspecStore.put

    def put(self, key, content, **options):
        if key == "0001.dcm":
            message = "slow down"
            raise StoreError(message)
        whole(self, key, content, **options)

    monkeypatch.setattr(FsspecStore, "put", put)
    with ObjectSink(url) as sink:
        with pytest.raises(WriteError):
            sink.put("0001.dcm", [b"whole"]).wait()
        with pytest.raises(WriteError, match="slow down"):
            sink.put("0002.dcm", [b"whole"])
    assert contents(url) == {}


def lost(*_):
    message = "the connection was lost"
    raise StoreError(message)


@pytest.mark.parametrize("kind", ["CT", "MultiframeSC"])
@pytest.mark.parametrize("fault", [False, True])
def test_no_file_for_temporary_use_is_left_by_a_write_or_a_read(
    url, tmp_path, monkeypatch, kind, fault
):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    array, form = (
        (ARRAY, CT)
        if kind == "CT"
        else (ARRAY.astype("uint8"), {"kind": kind, "spacing": (1, 1, 2)})
    )
    if fault:
        for name in ("save", "_check_same"):
            monkeypatch.setattr(f"dicomseries.sinks.uploads.{name}", lost)
        with pytest.raises(WriteError):
            dcs.write(array, url, **form)
    else:
        dcs.write(array, url, **form)
        dcs.read(url)
    assert [*tmp_path.iterdir()] == []


def test_an_object_is_found_again_by_its_size_and_its_whole_header(url):
    uploads = Uploads(url, {}, read_back=False)
    uploads.put("0001.dcm", [b"header", b"pixels"]).wait()
    with uploads.find("0001.dcm", b"header", 12) as path:
        assert path.read_bytes() == b"headerpixels"
    for name, header, size in (
        ("0001.dcm", b"Header", 12),
        ("0001.dcm", b"header", 13),
        ("0002.dcm", b"header", 12),
    ):
        assert uploads.find(name, header, size) is None


def test_what_is_spooled_is_gone_when_its_maker_fails(url, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def chunks():
        yield b"half"
        raise ArithmeticError

    with ObjectSink(url) as sink, pytest.raises(ArithmeticError):
        sink.put("0001.dcm", chunks())
    assert [*tmp_path.iterdir()] == []
    assert contents(url) == {}


# ---------------------------------------------------------------------------------- what is fetched
def test_a_large_object_is_fetched_in_pieces_without_a_seam(url, tmp_path, monkeypatch):
    monkeypatch.setattr("dicomseries.stores.fetching._PIECE", 1000)
    content = np.random.default_rng(1).bytes(3500)
    open_store(url).put("", content)
    assert fetch_file(url, tmp_path).read_bytes() == content


@pytest.mark.parametrize("key", ["../outside.dcm", "a\\b.dcm", "a/../../outside.dcm"])
def test_a_key_that_leads_out_of_the_folder_is_rejected(url, tmp_path, monkeypatch, key):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    dcs.write(ARRAY, url, **CT)
    open_store(url).delete("manifest.json")
    monkeypatch.setattr(FsspecStore, "list", lambda _: {key: 4, "0001.dcm": 4})
    with pytest.raises(ReadError, match="leads elsewhere"):
        dcs.read(url)
    assert [*tmp_path.rglob("*")] == []


def test_a_manifest_with_a_key_that_leads_out_is_damaged(url, tmp_path):
    dcs.write(ARRAY, url, **CT)
    manifest = json.loads(open_store(url).get("manifest.json"))
    manifest["objects"][0]["key"] = "../0001.dcm"
    open_store(url).put("manifest.json", json.dumps(manifest).encode())
    (tmp_path / "manifest.json").write_bytes(json.dumps(manifest).encode())
    for place in (url, tmp_path):
        with pytest.raises(ReadError) as caught:
            dcs.read(place)
        assert caught.value.code == "manifest-damaged"


def test_a_download_larger_than_the_disk_is_not_started(url, tmp_path, monkeypatch):
    dcs.write(ARRAY, url, **CT)
    monkeypatch.setattr(
        "dicomseries.stores.fetching.shutil.disk_usage", lambda _: type("Usage", (), {"free": 100})
    )
    for fetch in (lambda: dcs.read(url), lambda: fetch_file(f"{url}/0001.dcm", tmp_path)):
        with pytest.raises(ReadError, match="TMPDIR") as caught:
            fetch()
        assert caught.value.code == "disk-full"


def test_what_the_manifest_does_not_list_is_not_part_of_the_series(url):
    dcs.write(ARRAY, url, **CT)
    store = open_store(url)
    store.put("0008.dcm", store.get("0001.dcm"))
    np.testing.assert_array_equal(dcs.read(url).array, ARRAY)


def test_the_configuration_of_fsspec_is_heard_and_what_is_given_comes_first(monkeypatch):
    monkeypatch.setitem(
        fsspec.config.conf, "memory", {"skip_instance_cache": True, "asynchronous": False}
    )
    options = open_store("memory://scan", {"asynchronous": None}).address.options
    assert options == {"skip_instance_cache": True, "asynchronous": None}
