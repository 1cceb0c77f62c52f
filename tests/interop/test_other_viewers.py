"""Viewers opened by `view --viewer` show our values at their place in the patient."""

from __future__ import annotations

import base64
import itertools
import json
import queue
import struct
import subprocess
import tempfile
import threading
import urllib.request
from contextlib import contextmanager

import numpy as np
import pytest

import dicomseries as dcs
from dicomseries.api.view import opened_in
from dicomseries.errors import OptionError, ReadError
from dicomseries.reading import open_volume
from dicomseries.viewing.loopback import Answer
from dicomseries.viewing.nifti_stream import nifti_length, nifti_pieces
from dicomseries.viewing.viewers import niivue
from judges.browser import FLAGS, chromium
from judges.cases import OBLIQUE

SECONDS = 90.0
REAL = np.random.default_rng(5).uniform(-10, 10, (4, 5, 6))


@contextmanager
def running(viewer, path, **options):
    with opened_in(viewer, path, **options) as shown:
        thread = threading.Thread(target=shown.run)
        thread.start()
        try:
            yield shown.address
        finally:
            shown.stop()
            thread.join()


def got(address, **headers):
    request = urllib.request.Request(address, headers=headers)  # noqa: S310
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
        return answer.headers, answer.read()


@pytest.fixture(scope="module")
def series(tmp_path_factory):
    folder = tmp_path_factory.mktemp("oblique") / "ct"
    dcs.write(REAL, folder, kind="CT", affine=OBLIQUE, space="LPS", verify=False)
    return folder


PROBE = """
const seen = setInterval(() => {
  const viewer = globalThis.probe, volume = viewer?.volumes?.[0];
  if (!volume?.img) return;
  clearInterval(seen);
  const bytes = new Uint8Array(volume.img.buffer, volume.img.byteOffset, volume.img.byteLength);
  const told = { dims: volume.hdr.dims, affine: volume.hdr.affine, slope: volume.hdr.scl_slope,
    type: volume.img.constructor.name, radiological: viewer.opts.isRadiologicalConvention,
    voxels: btoa(String.fromCharCode(...bytes)), count: viewer.volumes.length };
  fetch("app/told/" + encodeURIComponent(JSON.stringify(told)));
}, 50);
"""


def test_niivue_holds_our_values_where_they_are_with_right_on_the_left(series, monkeypatch):
    program = chromium()
    told: queue.Queue[dict] = queue.Queue()
    whole = niivue.file_answer

    def probed(folder, path):
        """Return the program with one more line that gives its viewer to the probe."""
        if path.startswith("told/"):
            told.put(json.loads(urllib.request.unquote(path[5:])))
        answer = whole(folder, path)
        if path != "index.js":
            return answer
        text = answer.content.decode("utf-8")
        place = "setRadiologicalConvention(e) {"
        assert text.count(place) == 1, "the program is another: see what it calls this"
        text = text.replace(place, f"{place} globalThis.probe = this;") + PROBE
        return Answer(content=text.encode("utf-8"), content_type=answer.content_type)

    monkeypatch.setattr(niivue, "file_answer", probed)
    with (
        running("niivue", series) as address,
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile,
    ):
        command = [program, *FLAGS, f"--user-data-dir={profile}", address]
        browser = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            seen = told.get(timeout=SECONDS)
        finally:
            browser.terminate()
            browser.wait(timeout=20)
    assert (seen["count"], seen["type"], seen["radiological"]) == (1, "Float32Array", True)
    assert seen["dims"][:4] == [3, 6, 5, 4]
    voxels = np.frombuffer(base64.b64decode(seen["voxels"]), "<f4").reshape(4, 5, 6)
    affine_lps = np.diag([-1, -1, 1, 1]) @ np.array(seen["affine"])
    # NiiVue may reverse axes; its affine gives the place of each voxel.
    to_seen = np.linalg.inv(affine_lps) @ OBLIQUE
    real = dcs.read(series).array
    for k, j, i in itertools.product(*map(range, REAL.shape)):
        x, y, z, _ = to_seen @ (i, j, k, 1)
        assert abs(np.array((x, y, z)) - np.rint((x, y, z))).max() < 1e-3
        assert voxels[round(z), round(y), round(x)] == np.float32(real[k, j, i])


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "float32"])
def test_the_nifti_that_is_sent_is_what_nibabel_reads_as_the_volume(tmp_path, dtype):
    nibabel = pytest.importorskip("nibabel")
    low = -500 if dtype == "int16" else 0
    array = np.random.default_rng(6).integers(low, 250, (2, 3, 4, 5)).astype(dtype)
    kind = "PT" if dtype == "float32" else "SC"
    dcs.write(
        array,
        tmp_path / "t",
        kind=kind,
        affine=OBLIQUE,
        space="LPS",
        axes="tzyx",
        times=2.5,
        verify=False,
    )
    volume = open_volume(tmp_path / "t")
    content = b"".join(nifti_pieces(volume))
    assert len(content) == nifti_length(volume)
    image = nibabel.Nifti1Image.from_bytes(content)
    assert np.allclose(image.affine, np.diag([-1, -1, 1, 1]) @ OBLIQUE, atol=1e-4)
    assert np.array_equal(np.asarray(image.dataobj).T, volume.array.astype(image.get_data_dtype()))
    assert np.allclose(np.asarray(image.dataobj).T, array, atol=0.01)
    assert image.header.get_zooms()[3] == 2.5


def test_colours_of_eight_bits_are_sent_and_those_of_sixteen_rejected(tmp_path):
    array = np.random.default_rng(7).integers(0, 255, (2, 3, 4, 3)).astype("uint8")
    dcs.write(array, tmp_path / "a", kind="SC", spacing=(1, 1, 1), axes="zyxc", verify=False)
    dcs.write(
        array.astype("uint16"),
        tmp_path / "b",
        kind="SC",
        spacing=(1, 1, 1),
        axes="zyxc",
        verify=False,
    )
    content = b"".join(nifti_pieces(open_volume(tmp_path / "a")))
    assert (struct.unpack_from("<h", content, 70), content[352:]) == ((128,), array.tobytes())
    with pytest.raises(OptionError, match="colours of uint16"), opened_in("niivue", tmp_path / "b"):
        pass


def test_niivue_rejects_what_is_no_volume_and_states_the_fault(series, tmp_path):
    for path in sorted(series.iterdir())[::2]:
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "0004.dcm").write_bytes(sorted(series.iterdir())[3].read_bytes())
    with pytest.raises(ReadError), opened_in("niivue", tmp_path):
        pass


def test_dcmview_shows_the_stored_values_of_the_one_series_that_was_meant(series, tmp_path):
    pytest.importorskip("dcmview_py", reason="run: pip install dicomseries[dcmview]")
    dcs.write(
        np.full((2, 3, 4), 7, "int16"),
        tmp_path / "other",
        kind="CT",
        spacing=(1, 1, 1),
        verify=False,
    )
    (tmp_path / "ct").symlink_to(series, target_is_directory=True)
    both = tmp_path / "both"
    both.mkdir()
    for index, path in enumerate([*series.iterdir(), *(tmp_path / "other").iterdir()]):
        (both / f"{index}.dcm").write_bytes(path.read_bytes())
    uid = next(one.series_uid for one in dcs.scan(both).series if one.rows == 5)
    with running("dcmview", both, series=uid) as address:
        base, _, token = address.partition("#token=")
        _, listed = got(f"{base}api/files", Authorization=f"Bearer {token}")
        _, frame = got(f"{base}api/file/0/frame/0/raw", Authorization=f"Bearer {token}")
    assert len(frame) == 5 * 6 * 2, listed
    stored = open_volume(series, values="stored").array
    assert any(
        np.array_equal(np.frombuffer(frame, stored.dtype).reshape(5, 6), one) for one in stored
    )


def test_ohif_is_given_as_it_is_but_for_a_configuration_that_holds_no_secret(series, tmp_path):
    dist = tmp_path / "package" / "dist"
    dist.mkdir(parents=True)
    (dist / "index.html").write_text("<p>OHIF", encoding="utf-8")
    (dist / "app-config.js").write_text("theirs", encoding="utf-8")
    (dist / "a.wasm").write_bytes(b"\0asm")
    (tmp_path / "package" / "secret.js").write_text("not for others", encoding="utf-8")
    with running("ohif", series, program=str(tmp_path)) as address:
        page, _, token = address.partition("#")
        host = page[: page.index("/viewer")]
        headers, content = got(page)
        assert (content, headers["Cross-Origin-Embedder-Policy"]) == (b"<p>OHIF", "require-corp")
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert got(f"{host}/a.wasm")[0]["Content-Type"] == "application/wasm"
        config = got(f"{host}/app-config.js")[1].decode("utf-8")
        assert "dicomweb" in config
        assert token not in config
        headers, content = got(f"{host}/{token}/studies")
        assert json.loads(content)[0]["00081190"]["Value"][0].startswith(f"{host}/{token}/studies/")
        assert headers["Access-Control-Allow-Origin"] == "*"
        assert got(f"{host}/{token[:-1]}/studies")[1] == b"<p>OHIF"  # no images without the token
        for path in ("../secret.js", "%2e%2e/secret.js", "nothing.js"):
            with pytest.raises(OSError, match="404"):
                got(f"{host}/{path}")
