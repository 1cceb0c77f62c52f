"""Series go into archives of others and come back as they were, by `send`, `write` and `read`."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

import dicomseries as dcs
from dicomseries.cli import main
from dicomseries.errors import DeliveryError
from dicomseries.network import url_of_series
from judges.cases import CASES
from judges.dimse_archives import dcmqrscp, pynetdicom_archive, storescp
from judges.orthanc import free_port, orthanc_process
from judges.orthanc_dicomweb import PLUGIN
from judges.presence import absent

FORMS = list({case.kind: case for case in reversed(CASES) if "t" not in case.axes}.values())
CT = "1.2.840.10008.5.1.4.1.1.2"
ARRAY = np.random.default_rng(6).integers(-1000, 3000, (6, 9, 7)).astype("int16")
QUICK = {"retries": 1, "timeout": 10}
READ_AGAIN = ("CT", "Segmentation", "MultiframeSC-jpegls")
"""Kinds that are read by URL, too; every data set is compared without."""


@dataclass
class Orthanc:
    """A running Orthanc; it can be killed, and started again with what it has."""

    home: Path
    port: int
    dicom_port: int
    process: Any = None

    @property
    def dicom(self) -> str:
        return f"dicom://ARCHIVE@127.0.0.1:{self.dicom_port}"

    @property
    def web(self) -> str:
        return f"http://127.0.0.1:{self.port}/dicom-web"

    @contextmanager
    def running(self):
        settings = {
            "DicomServerEnabled": True,
            "DicomPort": self.dicom_port,
            "DicomAet": "ARCHIVE",
            "DicomCheckCalledAet": True,
            "DicomAlwaysAllowFind": True,
            "DicomAlwaysAllowGet": True,
            "UnknownSopClassAccepted": True,
        }
        with orthanc_process(self.home, self.port, [PLUGIN], more_settings=settings) as process:
            self.process = process
            yield self


@pytest.fixture(scope="module")
def orthanc(tmp_path_factory):
    if not PLUGIN.is_file():
        absent("Orthanc's DICOMweb plugin", "run `make debian` as root")
    server = Orthanc(tmp_path_factory.mktemp("orthanc"), free_port(), free_port())
    with server.running():
        yield server


@pytest.fixture(scope="module")
def series(tmp_path_factory):
    """Every kind without compression, and a classic and a multi-frame one with it."""
    folder = tmp_path_factory.mktemp("series")
    for case in FORMS:
        case.write(folder / case.kind)
    for kind in ("CT", "MultiframeSC"):
        dcs.write(
            np.abs(ARRAY),
            folder / f"{kind}-jpegls",
            kind=kind,
            spacing=(1.5, 2.5, 3.5),
            compression="jpegls",
            sync=False,
        )
    return folder


def data_sets(folder: Path) -> dict[str, bytes]:
    """Return the bytes behind the file meta information, by pydicom's own reader of it."""
    found = {}
    for path in filter(Path.is_file, folder.rglob("*")):
        with path.open("rb") as file:
            file.seek(132)
            pydicom.filereader._read_file_meta_info(file)
            rest = file.read()
        found[str(pydicom.dcmread(path, specific_tags=["SOPInstanceUID"]).SOPInstanceUID)] = rest
    return found


@pytest.mark.parametrize("way", ["dicom", "web"])
def test_every_kind_is_sent_to_orthanc_and_read_from_it(orthanc, series, way):
    url = getattr(orthanc, way)
    receipt = dcs.send(series, url, again=True, confirm=True, storage_options=QUICK)
    assert set(receipt.counts) == {"stored"}
    proof = receipt.confirmation
    assert proof.same_data_sets == proof.listed == len(receipt.instances)
    assert receipt.transcoded == {}
    for name in READ_AGAIN:
        [local] = dcs.scan(series / name)
        fetched = dcs.read(url_of_series(url, local.study_uid, local.series_uid))
        assert np.array_equal(fetched.array, dcs.read(series / name).array), name


def test_what_was_sent_one_way_is_there_for_the_other(orthanc, series):
    dcs.send(series, orthanc.web)
    again = dcs.send(series, orthanc.dicom)
    assert set(again.counts) == {"present"}


def test_every_kind_is_sent_to_dcmqrscp_and_fetched_again(series):
    with dcmqrscp() as port:
        url = f"dicom://ARCHIVE@127.0.0.1:{port}"
        receipt = dcs.send(series, url, storage_options=QUICK)
        assert set(receipt.counts) == {"stored"}
        assert set(dcs.send(series, url, storage_options=QUICK).counts) == {"present"}
        for name in READ_AGAIN:
            [local] = dcs.scan(series / name)
            fetched = dcs.read(url_of_series(url, local.study_uid, local.series_uid))
            assert np.array_equal(fetched.array, dcs.read(series / name).array), name


def test_storescp_gets_every_data_set_byte_by_byte(series, tmp_path):
    with storescp(tmp_path / "kept", "+B", "+xa") as port:
        receipt = dcs.send(series, f"dicom://ARCHIVE@127.0.0.1:{port}", storage_options=QUICK)
    assert set(receipt.counts) == {"stored"}
    assert data_sets(tmp_path / "kept") == data_sets(series)


def test_a_peer_that_refuses_jpeg_ls_gets_native_pixels(series, tmp_path):
    contexts = [(CT, [ExplicitVRLittleEndian, ImplicitVRLittleEndian])]
    with pynetdicom_archive(contexts) as archive:
        url = f"dicom://ARCHIVE@127.0.0.1:{archive.port}"
        receipt = dcs.send(series / "CT-jpegls", url, storage_options=QUICK)
    names = "JPEG-LS Lossless Image Compression to Explicit VR Little Endian"
    assert receipt.transcoded == {names: 6}
    assert f"transcoded: 6 instances from {names}" in str(receipt)
    for uid, data in archive.data.items():
        meta = b"\0" * 128 + b"DICM\x02\x00\x10\x00UI\x14\x00" + b"1.2.840.10008.1.2.1\0"
        (tmp_path / f"{uid}.dcm").write_bytes(meta + data)
    assert np.array_equal(dcs.read(tmp_path).array, np.abs(ARRAY))


def test_pynetdicom_gets_every_data_set_byte_by_byte(series):
    with pynetdicom_archive([(CT, [ExplicitVRLittleEndian])]) as archive:
        url = f"dicom://ARCHIVE@127.0.0.1:{archive.port}"
        assert dcs.send(series / "CT", url, storage_options=QUICK).is_complete
    assert archive.data == data_sets(series / "CT")


@pytest.mark.parametrize("way", ["dicom", "web"])
def test_orthanc_killed_in_mid_send_has_the_rest_after_a_second_send(tmp_path, way):
    voxels = np.random.default_rng(2).integers(0, 999, (60, 64, 64)).astype("uint16")
    dcs.write(voxels, tmp_path / "ct", kind="CT", spacing=(1, 1, 1), sync=False, verify=False)
    (tmp_path / "home").mkdir()
    server = Orthanc(tmp_path / "home", free_port(), free_port())
    options = {"retries": 0, "timeout": 5}
    if way == "web":
        options["batch_instances"] = 10
    receipt_file = tmp_path / "sent.json"
    with server.running():
        process = server.process

        def kill(done: int, *_: object) -> None:
            if done == 20:
                process.kill()
                process.wait()

        with pytest.raises(DeliveryError) as caught:
            dcs.send(
                tmp_path / "ct",
                getattr(server, way),
                progress=kill,
                receipt=receipt_file,
                storage_options=options,
            )
    first = caught.value.receipt
    assert 20 <= first.stored < 60
    assert first.counts["failed"] == 60 - first.stored
    assert f"{first.stored} of 60 instances" in str(caught.value)
    assert json.loads(receipt_file.read_text(encoding="utf-8"))["counts"] == first.counts
    with server.running():
        second = dcs.send(tmp_path / "ct", getattr(server, way), receipt=receipt_file)
        assert second.is_complete
        # Orthanc answers before its index is on the disk: what it lost is sent again
        assert second.counts["present"] + second.counts["stored"] == 60
        assert second.counts["present"] > 0
        [entry] = dcs.find(server.web)
        [found] = dcs.find(entry.url)
        assert found.instances == 60
        assert np.array_equal(dcs.read(found.url).array, voxels)


def test_an_array_and_a_derived_result_need_no_file(orthanc, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    receipt = dcs.write(
        ARRAY, orthanc.dicom, kind="CT", spacing=(0.7, 0.9, 2.5), metadata={"PatientID": "77"}
    )
    assert receipt.delivery.counts == {"stored": 6}
    [study] = dcs.find(orthanc.web, patient_id="77")
    [source] = dcs.find(study.url)
    np.save("result.npy", ARRAY // 3)
    words = ["derive", source.url, "result.npy", orthanc.web, "--description", "Third", "--json"]
    assert main(words) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["delivery"]["counts"] == {"stored": 6}
    assert answer["study_uid"] == study.study_uid
    derived = f"{study.url}/series/{answer['series_uid']}"
    assert np.array_equal(dcs.read(derived).array, ARRAY // 3)
    assert [path.name for path in tmp_path.iterdir()] == ["result.npy"]
    assert main(["check", derived, "--no-validators", "--quiet"]) == 0
    capsys.readouterr()
    assert main(["list", orthanc.web, "--patient", "77"]) == 0
    assert study.url in capsys.readouterr().out
    assert main(["list", study.url, "--json"]) == 0
    assert {entry["description"] for entry in json.loads(capsys.readouterr().out)["entries"]} >= {
        "Third"
    }
