"""kill -9 during an upload: no manifest, readers report it, --resume writes the same bytes."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import uuid
from pathlib import Path
from urllib.request import Request, urlopen

import numpy as np
import pytest

import dicomseries as dcs
from dicomseries.cli import main
from dicomseries.errors import ReadError, TargetError
from dicomseries.stores import open_store
from s3_server import s3_server
from systems import not_on_windows
from warm_python import warm_python

ARRAY = np.random.default_rng(5).integers(-1000, 2000, (32, 70, 90)).astype("int16")
FORM = {"kind": "CT", "spacing": (0.7, 0.9, 2.5)}
WORDS = ("--kind", "ct", "--spacing", "0.7", "0.9", "2.5")
BEFORE = 7
"""Objects in the store at the kill; up to 16 more may follow."""

# The command line kills itself after so many objects; argv[1] names the store package.
DYING = """
import itertools, os, signal, sys
from dicomseries.cli import main
from dicomseries.stores import obstore_store
from dicomseries.stores.fsspec_store import FsspecStore
from dicomseries.stores.obstore_store import ObstoreStore

package, before, *words = sys.argv[1:]
kind, count = {"fsspec": FsspecStore, "obstore": ObstoreStore}[package], itertools.count(1)
obstore_store.can_use_obstore = lambda _: package == "obstore"
whole = kind.put

def put(self, key, content, **options):
    whole(self, key, content, **options)
    if key.endswith(".dcm") and next(count) == int(before):
        os.kill(os.getpid(), signal.SIGKILL)

kind.put = put
sys.exit(main(words))
"""


@pytest.fixture(scope="module")
def server():
    """Address of an S3 with the bucket "scans"."""
    with s3_server() as address:
        urlopen(Request(f"{address}/scans", method="PUT")).close()  # noqa: S310 - it is http
        yield address


@pytest.fixture
def url(server, monkeypatch):
    """Return an empty prefix; credentials are in the environment, as usual."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", server)
    return f"s3://scans/{uuid.uuid4().hex}"


def contents(url):
    store = open_store(url)
    return {key: store.get(key) for key in store.list()}


@not_on_windows("no signal kills a process there")
@pytest.mark.parametrize(("package", "dtype"), [("fsspec", "int16"), ("obstore", "float32")])
def test_a_killed_upload_is_reported_as_unfinished_and_resumed_with_the_same_bytes(
    url, tmp_path, capsys, package, dtype
):
    array = ARRAY.astype(dtype)
    np.save(tmp_path / "array.npy", array)
    words = ["write", str(tmp_path / "array.npy"), url, *WORDS]
    killed = subprocess.run(
        [warm_python(), "-c", DYING, package, str(BEFORE), *words],
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(dcs.__file__).parents[1])},
    )
    assert killed.returncode == -9
    left = contents(url)
    assert BEFORE <= len([key for key in left if key.endswith(".dcm")]) < len(ARRAY)
    assert "manifest.json" not in left
    record = json.loads(left["_plan.json"])

    for look in (dcs.read, dcs.scan, dcs.tags, dcs.check):
        with pytest.raises(ReadError, match=r"under way, or was killed.*resume=True") as unfinished:
            look(url)
        assert unfinished.value.code == "series-incomplete"
    assert main(["check", url]) == 3
    assert "_plan.json without manifest.json" in capsys.readouterr().err
    with pytest.raises(TargetError, match="resume=True") as refused:
        dcs.write(array, url, **FORM)
    assert refused.value.code == "target-in-use"
    assert left.items() <= contents(url).items()  # objects under way may have arrived

    assert main([*words, "--resume"]) == 0
    options = {
        "entropy": bytes.fromhex(record["entropy"]),
        "now": dt.datetime.fromisoformat(record["now"]),
    }
    dcs.write(array, tmp_path / "undisturbed", **FORM, **options)
    found = contents(url)
    manifest = json.loads(found.pop("manifest.json"))
    assert found == {path.name: path.read_bytes() for path in (tmp_path / "undisturbed").iterdir()}
    assert [one["key"] for one in manifest["objects"]] == sorted(found)
    np.testing.assert_allclose(
        dcs.read(url).array, array, rtol=0, atol=0.05
    )  # each is held to its SHA-256 there
