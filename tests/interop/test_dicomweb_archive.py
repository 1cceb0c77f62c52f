"""Orthanc's DICOMweb and our own server give back the bytes that were stored."""

from __future__ import annotations

import dataclasses
import io
import threading
from pathlib import Path

import numpy as np
import pydicom
import pytest

import dicomseries as dcs
from dicomseries.api.serve import held_at, serve
from dicomseries.errors import NetworkError
from dicomseries.network import open_peer
from dicomseries.network.dicomweb import web_session
from judges.cases import CASES
from judges.orthanc import free_port, orthanc_process
from judges.orthanc_dicomweb import PLUGIN
from judges.presence import absent
from web_archive import instance_of, stored, web_archive

COMPRESSIONS = {
    "RLE": dcs.Rle(),
    "JPEG-LS": dcs.JpegLs(),
    "JPEG 2000": dcs.Jpeg2000(),
    "HTJ2K": dcs.Htj2k(),
}
FORMS = list({case.kind: case for case in reversed(CASES) if "t" not in case.axes}.values())


@pytest.fixture(scope="module")
def orthanc(tmp_path_factory):
    """Yield the URL of a running Orthanc, its folder and its port."""
    if not PLUGIN.is_file():
        absent("Orthanc's DICOMweb plugin", "run `make debian` as root")
    port = free_port()
    with orthanc_process(tmp_path_factory.mktemp("orthanc"), port, [PLUGIN]):
        yield f"http://127.0.0.1:{port}/dicom-web"


def instances_in(folder: Path):
    return [instance_of(path) for path in sorted(folder.rglob("*.dcm"))]


def store_and_fetch(url, instances, folder):
    """Return the outcomes, and whether each instance came back byte by byte."""
    with open_peer(url) as peer:
        peer.echo()
        statuses = list(peer.store(instances, transcode=None))
        first = instances[0]
        folder.mkdir()
        count = peer.fetch(first.study_uid, first.series_uid, folder)
    same = [
        (folder / f"{item.sop_instance_uid}.dcm").read_bytes() == item.content.read_bytes()
        for item in instances
    ]
    return {status.outcome for status in statuses}, count == len(instances) and all(same)


@pytest.mark.parametrize("case", FORMS, ids=lambda case: case.name)
def test_every_kind_is_stored_and_comes_back_byte_by_byte(orthanc, case, tmp_path):
    case.write(tmp_path / "out")
    result = store_and_fetch(orthanc, instances_in(tmp_path / "out"), tmp_path / "back")
    assert result == ({"stored"}, True)


@pytest.mark.parametrize(
    ("kind", "name"), [*(("CT", name) for name in COMPRESSIONS), ("MultiframeSC", "JPEG-LS")]
)
def test_compressed_instances_come_back_as_they_were_sent(orthanc, kind, name, tmp_path):
    voxels = np.random.default_rng(1).integers(0, 4000, (4, 12, 10)).astype("uint16")
    options = {"kind": kind, "spacing": (1.5, 2.5, 3.5), "compression": COMPRESSIONS[name]}
    dcs.write(voxels, tmp_path / "out", **options)
    result = store_and_fetch(orthanc, instances_in(tmp_path / "out"), tmp_path / "back")
    assert result == ({"stored"}, True)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("series") / "ct"
    voxels = np.arange(12 * 9 * 7, dtype=np.int16).reshape(12, 9, 7)
    metadata = {"PatientID": "web-42", "PatientName": "Ünal^Jo", "AccessionNumber": "A1"}
    dcs.write(voxels, folder, kind="CT", spacing=(2.5, 3.5, 4.5), metadata=metadata)
    return folder


def test_a_stored_study_is_found_by_patient_and_accession_number(orthanc, written):
    instances = instances_in(written)
    with open_peer(orthanc) as peer:
        assert all(status.is_stored for status in peer.store(instances, transcode=None))
        for keys in (
            {"PatientID": "web-42"},
            {"AccessionNumber": "A1"},
            {"PatientName": "*nal*"},
        ):
            (match,) = peer.find("STUDY", {**keys, "PatientName": keys.get("PatientName", "")})
            assert match["StudyInstanceUID"] == instances[0].study_uid
            assert match["PatientName"] == "Ünal^Jo"
        uids = {
            match["SOPInstanceUID"]
            for match in peer.find("IMAGE", {"StudyInstanceUID": instances[0].study_uid})
        }
    assert uids == {instance.sop_instance_uid for instance in instances}


def test_a_series_is_sent_found_read_and_its_result_stored_back(orthanc, tmp_path):
    voxels = np.random.default_rng(2).integers(-500, 1500, (5, 9, 7)).astype("int16")
    metadata = {"PatientID": "round-trip"}
    options = {"kind": "CT", "spacing": (1.5, 2.5, 3.5), "compression": dcs.JpegLs()}
    dcs.write(voxels, tmp_path / "ct", metadata=metadata, **options)
    receipt = dcs.send(tmp_path / "ct", orthanc, confirm=True)
    assert (receipt.stored, receipt.is_complete) == (5, True)
    assert receipt.confirmation.same_data_sets == 5
    (study,) = dcs.find(orthanc, patient_id="round-trip").entries
    (series,) = dcs.find(study.url).entries
    volume = dcs.read(series.url)
    assert np.array_equal(volume.array, voxels)
    half = volume.array * 0.5
    dcs.write(half, orthanc, kind="CT", like=series.url, description="Half")
    (result,) = [item for item in dcs.find(study.url).entries if item.description == "Half"]
    stored = dcs.read(result.url)
    assert np.allclose(stored.array, half, atol=0.02)
    assert stored.grid == volume.grid
    assert not dcs.check(result.url, against=half).errors


def test_an_archive_that_refuses_a_compression_gets_the_same_pixels_without(tmp_path):
    voxels = np.random.default_rng(3).integers(-500, 1500, (4, 9, 7)).astype("int16")
    options = {"kind": "CT", "spacing": (1.5, 2.5, 3.5), "compression": dcs.JpegLs()}
    dcs.write(voxels, tmp_path / "ct", **options)
    with web_archive() as archive:

        def refuse(request):
            failed = {}
            for part in request.parts:
                header = pydicom.dcmread(io.BytesIO(part), stop_before_pixels=True)
                if header.file_meta.TransferSyntaxUID.is_compressed:
                    failed[header.SOPInstanceUID] = 0xC122
            return stored(archive, request, failed=failed) if request.parts else None

        archive.reply = refuse
        receipt = dcs.send(tmp_path / "ct", archive.url, confirm=True)
        uid = receipt.instances[0].series_uid
        (study,) = dcs.find(archive.url).entries
        volume = dcs.read(f"{study.url}/series/{uid}")
    assert receipt.stored == receipt.confirmation.same_pixels == 4
    assert {entry.sent_syntax_uid for entry in receipt.instances} == {"1.2.840.10008.1.2.1"}
    assert np.array_equal(volume.array, voxels)


def test_what_orthanc_cannot_read_is_refused_and_the_rest_is_stored(orthanc, written, tmp_path):
    bad = tmp_path / "bad.dcm"
    bad.write_bytes(b"\0" * 128 + b"DICM" + b"no data set")
    first, second, *_ = instances_in(written)
    broken = dataclasses.replace(
        second, content=bad, size=bad.stat().st_size, sop_instance_uid="1.2.3"
    )
    with open_peer(orthanc) as peer:
        statuses = list(peer.store([first, broken, second], transcode=None))
    assert [status.outcome for status in statuses] == ["stored", "refused", "stored"]


def test_an_orthanc_killed_in_mid_send_has_each_instance_once_after_a_second_send(
    written, tmp_path, monkeypatch
):
    if not PLUGIN.is_file():
        absent("Orthanc's DICOMweb plugin", "run `make debian` as root")
    monkeypatch.setattr(web_session, "_FIRST_WAIT", 0.01)
    instances = instances_in(written)
    port = free_port()
    url = f"http://127.0.0.1:{port}/dicom-web"
    options = {"batch_instances": 3, "retries": 1}
    with orthanc_process(tmp_path, port, [PLUGIN]) as process, open_peer(url, options) as peer:
        statuses = []
        for status in peer.store(instances, transcode=None):
            statuses.append(status)
            if len(statuses) == 3:
                process.kill()
                process.wait(20)
    assert [status.outcome for status in statuses] == ["stored"] * 3 + ["failed"] * 9
    with orthanc_process(tmp_path, port, [PLUGIN]), open_peer(url, options) as peer:
        keys = {"StudyInstanceUID": instances[0].study_uid, "SOPInstanceUID": ""}
        held = {match["SOPInstanceUID"] for match in peer.find("IMAGE", keys)}
        rest = [instance for instance in instances if instance.sop_instance_uid not in held]
        assert len(rest) == 9
        assert all(status.is_stored for status in peer.store(rest, transcode=None))
        assert len(list(peer.find("IMAGE", keys))) == 12


def test_an_orthanc_with_users_wants_a_user(tmp_path, monkeypatch):
    if not PLUGIN.is_file():
        absent("Orthanc's DICOMweb plugin", "run `make debian` as root")
    monkeypatch.delenv("DICOMSERIES_AUTHORIZATION", raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "none"))
    port = free_port()
    url = f"http://127.0.0.1:{port}/dicom-web"
    with orthanc_process(tmp_path, port, [PLUGIN], users={"jo": "pa:ss"}):
        with open_peer(url, {"auth": ("jo", "pa:ss")}) as peer:
            peer.echo()
        with open_peer(url) as peer, pytest.raises(NetworkError) as caught:
            peer.echo()
    assert caught.value.code == "not-authorized"


def test_our_own_server_is_read_as_any_archive_is(written, tmp_path):
    with serve(held_at(written)) as (server, url):
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            instances = instances_in(written)
            first = instances[0]
            with open_peer(f"dicomweb+{url}") as peer:
                peer.echo()
                assert len(list(peer.find("IMAGE", {}))) == 12
                assert peer.fetch(first.study_uid, None, tmp_path) == 12
        finally:
            server.shutdown()
            thread.join()
    for instance in instances:
        fetched = (tmp_path / f"{instance.sop_instance_uid}.dcm").read_bytes()
        assert fetched == instance.content.read_bytes()
