"""Object stores: a complete series or nothing, proven by reading, without credentials."""

from __future__ import annotations

import json
import pickle
import uuid
import warnings
from urllib.request import Request, urlopen

import numpy as np
import pytest

import dicomseries as dcs
from dicomseries.errors import (
    DicomSeriesError,
    DicomSeriesWarning,
    OptionError,
    ReadError,
    SourceError,
    TargetError,
    WriteError,
)
from dicomseries.sinks import ObjectSink
from dicomseries.stores import StoreError, open_store
from dicomseries.stores.addresses import Address
from dicomseries.stores.fsspec_store import FsspecStore
from dicomseries.stores.obstore_store import ObstoreStore, can_use_obstore
from dicomseries.testing import SinkContract
from s3_server import s3_server

SECRET = "wJalrXUtnFEMI-K7MDENG"  # noqa: S105 - nobody's
ARRAY = np.arange(7 * 4 * 5, dtype="int16").reshape(7, 4, 5)
CT = {"kind": "CT", "spacing": (0.5, 0.75, 2.5)}


def contents(url, options=None):
    store = open_store(url, options)
    return {key: store.get(key) for key in store.list()}


@pytest.fixture
def url():
    return f"memory://{uuid.uuid4().hex}/scan"


@pytest.fixture(scope="module")
def s3():
    """Storage options of an S3 with the bucket "scans"."""
    with s3_server() as address:
        urlopen(Request(f"{address}/scans", method="PUT")).close()  # noqa: S310 - it is http
        yield {"key": "AKIAEXAMPLE", "secret": SECRET, "endpoint_url": address}


NETWORK = [pytest.param(name, marks=pytest.mark.network) for name in ("fsspec", "obstore")]


@pytest.fixture(params=["memory", "file", *NETWORK])
def place(request, tmp_path, url, monkeypatch):
    """URL and options of an empty prefix in every kind of store."""
    if request.param == "memory":
        return url, None
    if request.param == "file":
        return f"file://{tmp_path.as_posix()}/scan", None
    options = request.getfixturevalue("s3")
    if request.param == "fsspec":
        monkeypatch.setattr("dicomseries.stores.obstore_store.can_use_obstore", lambda _: False)
    else:
        assert can_use_obstore(Address(url="s3://scans/a", options=options))
    return f"s3://scans/{uuid.uuid4().hex}", options


def test_what_is_written_is_read_back_equal_and_leaves_objects_and_a_manifest(place):
    url, options = place
    receipt = dcs.write(ARRAY, url, **CT, storage_options=options)
    assert (receipt.out, receipt.files, receipt.max_error, receipt.verified) == (url, 7, 0.0, True)
    volume = dcs.read(url, storage_options=options)
    np.testing.assert_array_equal(volume.array, ARRAY)
    assert volume.grid == receipt.grid
    found = contents(url, options)
    manifest = json.loads(found.pop("manifest.json"))
    assert sorted(found) == [one["key"] for one in manifest["objects"]]
    assert all(one["sop_instance_uid"].startswith("2.25.") for one in manifest["objects"])
    assert manifest["series"][0]["SeriesInstanceUID"] == receipt.series_uid
    assert [one.series_uid for one in dcs.scan(url, storage_options=options).series] == [
        receipt.series_uid
    ]
    assert dcs.tags(url, storage_options=options)["SeriesInstanceUID"] == receipt.series_uid
    assert dcs.check(url, against=ARRAY, validators=False, storage_options=options) == ()


def test_all_stores_and_a_folder_get_the_same_bytes(place, tmp_path):
    url, options = place
    dcs.write(ARRAY, tmp_path / "out", **CT, uid="content")
    dcs.write(ARRAY, url, **CT, uid="content", storage_options=options)
    found = contents(url, options)
    del found["manifest.json"]
    assert found == {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}


def test_a_store_keeps_what_its_interface_says(place):
    store = open_store(*place)
    assert store.list() == {}
    store.put("a/b", b"content", create_only=True)
    with pytest.raises(FileExistsError):
        store.put("a/b", b"other", create_only=True)
    store.put("c", b"")
    assert (store.get("a/b"), store.get_range("a/b", 3, 99), store.size("a/b")) == (
        b"content",
        b"tent",
        7,
    )
    assert store.get_range("c", 0, 4) == b""
    assert dict(store.list()) == {"a/b": 7, "c": 0}
    for _ in range(2):
        store.delete("a/b")
    with pytest.raises(FileNotFoundError):
        store.get("a/b")
    assert dict(store.list()) == {"c": 0}


class BrokenStore(FsspecStore):
    """Refuses the fourth object, or gives others back than it was given."""

    fault = "put"

    def put(self, key, content, *, create_only=False):
        if self.fault == "put" and key.startswith("0004"):
            message = f"SlowDown, signed with {SECRET}"
            raise OSError(message)
        super().put(key, content, create_only=create_only)

    def get(self, key):
        content = super().get(key)
        return content[:-1] + b"\x55" if self.fault == "get" and key.startswith("0004") else content


@pytest.mark.parametrize("fault", ["put", "get"])
def test_a_store_that_fails_midway_is_left_with_nothing(url, monkeypatch, fault):
    from dicomseries.sinks import uploads
    from dicomseries.stores.store import StoreError, without_secrets

    class Broken(BrokenStore):
        def put(self, key, content, *, create_only=False):
            with without_secrets(self.address, FileExistsError):
                super().put(key, content, create_only=create_only)

    Broken.fault = fault
    options = {"secret": SECRET}
    monkeypatch.setattr(
        uploads, "open_store", lambda url, _: Broken(Address(url=url, options=options))
    )
    with pytest.raises(WriteError) as caught:
        dcs.write(ARRAY, url, **CT)
    assert caught.value.code == {"put": "write-failed", "get": "store-changed-object"}[fault]
    assert SECRET not in repr(caught.value)
    assert issubclass(StoreError, OSError)
    assert contents(url) == {}


def test_a_fault_while_objects_are_under_way_leaves_no_object_and_no_manifest(place, monkeypatch):
    from dicomseries.part10 import file_chunks

    def failing(template, header, frame):
        if np.array_equal(frame, ARRAY[5]):
            raise ArithmeticError
        return file_chunks(template, header, frame)

    url, options = place
    monkeypatch.setattr("dicomseries.writing.encode.encode_tasks.file_chunks", failing)
    with pytest.raises(ArithmeticError):
        dcs.write(ARRAY, url, **CT, storage_options=options)
    assert contents(url, options) == {}


def test_a_write_that_was_killed_is_incomplete_for_readers_and_in_the_way_of_another(url):
    store = killed_write(url)
    for look in (dcs.read, dcs.scan, dcs.tags, dcs.check):
        with pytest.raises(ReadError) as caught:
            look(url)
        assert caught.value.code == "series-incomplete"
    before = contents(url)
    with pytest.raises(TargetError) as refused:
        dcs.write(ARRAY, url, **CT)
    assert refused.value.code == "target-in-use"
    assert contents(url) == before
    assert "_plan.json" in store.list()


def killed_write(url, **options):
    """Write, and take back what a kill before the manifest would not have done."""
    store = open_store(url)
    kept = {}
    original = ObjectSink.commit

    def commit(sink):
        sink._uploads.finished()
        kept.update(contents(url))
        original(sink)

    ObjectSink.commit = commit
    try:
        dcs.write(ARRAY, url, **CT, **options)
    finally:
        ObjectSink.commit = original
    store.delete("manifest.json")
    store.put("_plan.json", kept["_plan.json"])
    return store


def test_a_killed_write_is_resumed_with_the_same_bytes(url):
    store = killed_write(url)
    whole = {key: content for key, content in contents(url).items() if key != "_plan.json"}
    store.delete("0002.dcm")
    store.put("0003.dcm", whole["0001.dcm"])
    dcs.write(ARRAY, url, **CT, resume=True)
    found = contents(url)
    assert found.pop("manifest.json")
    assert found == whole
    np.testing.assert_array_equal(dcs.read(url).array, ARRAY)


def test_two_writers_with_different_plans_cannot_share_a_prefix(place):
    url, options = place
    first = ObjectSink(url, options, record='{"fingerprint": "a"}')
    with pytest.raises(TargetError) as caught:
        ObjectSink(url, options, record='{"fingerprint": "b"}')
    assert caught.value.code == "target-in-use"
    with first.put("0001.dcm", [b"whole"]):
        pass
    first.commit()
    assert sorted(contents(url, options)) == ["0001.dcm", "manifest.json"]


def test_the_lock_itself_rejects_who_comes_between_look_and_lock(url, monkeypatch):
    monkeypatch.setattr("dicomseries.sinks.object_store.check_prefix", lambda *_, **__: None)
    with ObjectSink(url), pytest.raises(TargetError):
        ObjectSink(url)
    assert contents(url) == {}


def test_what_is_there_is_rejected_and_replaced_only_if_it_is_all_dicom(url):
    dcs.write(ARRAY, url, **CT)
    before = contents(url)
    with pytest.raises(TargetError) as caught:
        dcs.write(ARRAY[:2], url, **CT)
    assert caught.value.code == "target-not-empty"
    open_store(url).put("notes.txt", b"mine")
    with pytest.raises(TargetError) as caught:
        dcs.write(ARRAY[:2], url, **CT, overwrite=True)
    assert caught.value.code == "target-holds-other-files"
    assert contents(url) == {**before, "notes.txt": b"mine"}
    open_store(url).delete("notes.txt")
    dcs.write(ARRAY[:2], url, **CT, overwrite=True)
    assert sorted(contents(url)) == ["0001.dcm", "0002.dcm", "manifest.json"]


@pytest.mark.parametrize("how", ["missing", "short", "changed"])
def test_an_object_that_is_not_as_the_manifest_says_is_noticed_there_and_in_a_copy(
    url, tmp_path, how
):
    dcs.write(ARRAY, url, **CT)
    for key, content in contents(url).items():
        (tmp_path / key).write_bytes(content)
    np.testing.assert_array_equal(dcs.read(tmp_path).array, ARRAY)
    store, copy = open_store(url), tmp_path / "0003.dcm"
    content = store.get("0003.dcm")
    store.delete("0003.dcm")
    copy.unlink()
    if how != "missing":
        other = content[:-1] + (b"" if how == "short" else b"\x55")
        store.put("0003.dcm", other)
        copy.write_bytes(other)
    for place in (url, tmp_path):
        with pytest.raises(ReadError, match=r"0003\.dcm") as caught:
            dcs.read(place)
        assert caught.value.code == "series-incomplete"


def test_objects_of_any_maker_are_read_without_a_manifest(url):
    dcs.write(ARRAY, url, **CT)
    store = open_store(url)
    store.delete("manifest.json")
    np.testing.assert_array_equal(dcs.read(url).array, ARRAY)
    assert dcs.read(f"{url}/0001.dcm").array.shape == (1, 4, 5)


def test_an_empty_prefix_holds_no_series(place):
    with pytest.raises(ReadError) as caught:
        dcs.read(place[0], storage_options=place[1])
    assert caught.value.code == "no-series"


def test_a_multi_frame_file_and_several_series_go_whole(url):
    dcs.write(ARRAY.astype("uint8"), f"{url}/one", kind="MultiframeSC", spacing=(1, 1, 2))
    np.testing.assert_array_equal(dcs.read(f"{url}/one").array, ARRAY)
    receipt = dcs.write(np.stack([ARRAY, -ARRAY]), f"{url}/two", **CT, axes="tzyx", split="time")
    assert [one.out for one in (receipt, *receipt.others)] == [
        f"{url}/two/time-0001",
        f"{url}/two/time-0002",
    ]
    assert len(dcs.scan(f"{url}/two").series) == 2


def test_a_series_at_a_url_can_found_another(url):
    dcs.write(ARRAY, f"{url}/source", **CT)
    dcs.write(ARRAY // 2, f"{url}/derived", like=f"{url}/source", derivation="smoothing")
    np.testing.assert_array_equal(dcs.read(f"{url}/derived").array, ARRAY // 2)


@pytest.mark.parametrize("name", ["a.npy", "a.zarr"])
def test_inputs_are_read_at_a_url(place, tmp_path, name):
    url, options = place
    if name == "a.npy":
        np.save(tmp_path / "a.npy", ARRAY)
        open_store(url, options).put(name, (tmp_path / "a.npy").read_bytes())
    else:
        zarr = pytest.importorskip("zarr")
        made = {"auto_mkdir": True} if url.startswith("file") else options
        zarr.create_array(f"{url}/{name}", data=ARRAY, chunks=(2, 4, 5), storage_options=made)
    receipt = dcs.write(f"{url}/{name}", tmp_path / "out", **CT, storage_options=options)
    assert receipt.files == 7
    np.testing.assert_array_equal(dcs.read(tmp_path / "out").array, ARRAY)


def test_an_input_that_is_not_at_its_url_is_missing(place, tmp_path):
    url, options = place
    with pytest.raises(SourceError, match="no such object") as caught:
        dcs.write(f"{url}/none.npy", tmp_path / "out", **CT, storage_options=options)
    assert caught.value.code == "file-missing"


def test_a_lazy_read_of_a_url_is_rejected_with_a_message(url):
    dcs.write(ARRAY, url, **CT)
    with pytest.raises(OptionError, match="Copy them to a folder") as caught:
        dcs.read(url, lazy=True)
    assert caught.value.code == "lazy-without-files"


def test_a_password_of_digits_is_hidden_and_a_switch_is_not():
    address = Address(url="sftp://host/scan", options={"password": 12345678, "look_for_keys": True})
    assert address.hide("True: 12345678 is wrong") == "True: *** is wrong"


@pytest.mark.network
def test_no_credentials_are_shown_or_stored(s3):
    url = f"s3://scans/{uuid.uuid4().hex}"
    receipt = dcs.write(ARRAY, url, **CT, storage_options=s3)
    texts = [str(receipt), json.dumps(receipt.to_dict(), default=str)]
    texts += [content.decode("latin-1") for content in contents(url, s3).values()]
    wrong = {**s3, "endpoint_url": "http://127.0.0.1:9", "client_kwargs": {}}
    for attempt in (
        lambda: dcs.read("s3://no-such-bucket/scan", storage_options=s3),
        lambda: dcs.write(ARRAY, "s3://no-such-bucket/scan", **CT, storage_options=s3),
        lambda: dcs.open_volume(
            "s3://no-such-bucket/a.zarr", spacing=(1, 1, 1), storage_options=s3
        ),
        lambda: dcs.read(f"nosuch://jane:{SECRET}@host/scan?token={SECRET}"),
        lambda: dcs.write(
            ARRAY, f"nosuch://jane:{SECRET}@host/scan?token={SECRET}", **CT, storage_options=wrong
        ),
    ):
        with pytest.raises(DicomSeriesError) as caught:
            attempt()
        texts += [str(caught.value), repr(caught.value), repr(caught.value.__cause__)]
    assert not [text for text in texts if SECRET in text or "AKIAEXAMPLE" in text]


def test_files_that_cannot_be_deleted_are_reported_and_stay_locked(url, monkeypatch):
    sink = ObjectSink(url)
    with sink.put("0001.dcm", [b"whole"]):
        pass
    delete = sink._store.delete

    def refuse_one(key):
        if key == "0001.dcm":
            raise StoreError
        delete(key)

    monkeypatch.setattr(sink._store, "delete", refuse_one)
    with pytest.warns(DicomSeriesWarning, match=r"could not delete 0001\.dcm"):
        sink.abort()
    assert sorted(contents(url)) == ["0001.dcm", "_plan.json"]


def test_other_processes_put_objects_through_a_pickled_sink(url):
    with ObjectSink(url) as sink:
        other = pickle.loads(pickle.dumps(sink))  # noqa: S301 - our own
        with other.put("0002.dcm", [b"theirs"]) as path:
            assert path.read_bytes() == b"theirs"
        with sink.put("0001.dcm", [b"ours"]):
            pass
        sink.commit()
    manifest = json.loads(contents(url)["manifest.json"])
    assert [(one["key"], one["size"]) for one in manifest["objects"]] == [
        ("0001.dcm", 4),
        ("0002.dcm", 6),
    ]


class TestObjectSink(SinkContract):
    """The promises of every sink; what everybody can see is what has a manifest."""

    def open(self, place):
        return ObjectSink(f"memory://{place.as_posix().replace('/', '-')}", read_back=True)

    def shown(self, place):
        found = contents(f"memory://{place.as_posix().replace('/', '-')}")
        return (
            {key: found[key] for key in found if key != "manifest.json"}
            if "manifest.json" in found
            else {}
        )

    def left(self, place):
        return sorted(contents(f"memory://{place.as_posix().replace('/', '-')}"))


def test_nothing_warns(url):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        dcs.write(ARRAY, url, **CT)
        assert np.array_equal(dcs.read(url).array, ARRAY)


def test_obstore_is_not_asked_where_only_a_profile_lets_in(monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID", raising=False)
    assert not can_use_obstore(Address(url="s3://scans/a"))
    assert not can_use_obstore(Address(url="s3://scans/a", options={"profile": "clinic"}))
    assert can_use_obstore(Address(url="s3://scans/a", options={"anon": True}))
    assert isinstance(open_store("s3://scans/a", {"anon": True}), ObstoreStore)


def test_a_prefix_is_not_that_of_its_sibling_whose_name_begins_the_same(place):
    url, options = place
    open_store(f"{url}-2", options).put("0001.dcm", b"theirs")
    assert open_store(url, options).list() == {}
