"""The example service answers an Orthanc that a CT was sent to."""

from __future__ import annotations

import importlib.util
import time
from pathlib import Path

import numpy as np
import pytest

import dicomseries as dcs
from judges.orthanc import free_port, orthanc_process
from judges.orthanc_dicomweb import PLUGIN
from judges.presence import absent

SERVICE = Path(__file__).parents[2] / "docs" / "examples" / "result_service.py"
WAIT_S = 20


@pytest.fixture
def service():
    spec = importlib.util.spec_from_file_location("result_service", SERVICE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_result_of_a_ct_that_was_sent_is_stored_once_in_its_study(service, tmp_path):
    if not PLUGIN.is_file():
        absent("Orthanc's DICOMweb plugin", "run `make debian` as root")
    voxels = np.random.default_rng(2).integers(-900, 900, (4, 16, 24)).astype("int16")
    facts = {"PatientID": "42", "PatientName": "Müller^Jörg", "RescaleType": "HU"}
    ct = dcs.write(
        voxels, tmp_path / "ct", kind="CT", spacing=(0.7, 0.9, 2.5), metadata=facts, sync=False
    )
    port, dicom_port = free_port(), free_port()
    settings = {
        "StableAge": 1,
        "DicomServerEnabled": True,
        "DicomPort": dicom_port,
        "DicomAet": "ORTHANC",
        "DicomAlwaysAllowStore": True,
        "DicomCheckCalledAet": False,
    }
    with orthanc_process(tmp_path, port, [PLUGIN], more_settings=settings):
        orthanc = f"http://127.0.0.1:{port}"
        dcs.send(tmp_path / "ct", f"dicom://ORTHANC@127.0.0.1:{dicom_port}?calling=SCANNER")
        since, results = 0, []
        end = time.monotonic() + WAIT_S
        while not results and time.monotonic() < end:
            since, results = service.answer_new(orthanc, since)
            time.sleep(0.05)
        (result,) = results
        url = f"{orthanc}/dicom-web/studies/{ct.study_uid}/series/{result}"
        np.testing.assert_array_equal(np.asarray(dcs.read(url)), voxels > service.BONE_HU)
        assert dcs.tags(url)["PatientName"] == "Müller^Jörg"
        _, again = service.answer_new(orthanc, 0)  # a service that was restarted
        assert again == [result]
        statistics = service.ask(orthanc, "/statistics")
        assert (statistics["CountStudies"], statistics["CountSeries"]) == (1, 2)
        assert statistics["CountInstances"] == len(voxels) + 1


def test_the_example_stays_short():
    assert len(SERVICE.read_text(encoding="utf-8").splitlines()) <= 100
