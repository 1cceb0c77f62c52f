"""Attributes missing in a source are demanded in one error with working remedies."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pydicom
import pytest

import dicomseries as dcs
from dicomseries.errors import MetadataError

pytestmark = pytest.mark.filterwarnings("ignore")

ARRAY = np.arange(40, dtype="int16").reshape(2, 4, 5)
SOURCES = {
    "CT": {"RescaleType": "HU", "BodyPartExamined": "HEAD"},
    "MR": {"EchoTime": 5},
    "PT": {"Units": "BQML", "DecayCorrection": "NONE"},
    "SC": {},
    "EnhancedCT": {"IrradiationEventUID": "1.2.3.4", "RescaleType": "HU"},
    "EnhancedMR": {"ApplicableSafetyStandardAgency": "IEC"},
}
RESULTS = (*SOURCES, "XRay3D", "MultiframeSC", "ParametricMap")
VALUES = {"IrradiationEventUID": "1.2.3.4", "ApplicableSafetyStandardAgency": "IEC"}
"""Values for remedies that leave them open."""

ARRAYS = {"same values": ARRAY, "other values": (ARRAY * 0.37 + 5000).astype("float32")}


@pytest.fixture(scope="module", params=SOURCES)
def source(request, tmp_path_factory) -> Path:
    """Return a series without its unit and demanded attributes."""
    folder = tmp_path_factory.mktemp("source") / request.param
    array = ARRAY.astype("uint8") if request.param == "SC" else ARRAY
    dcs.write(
        array,
        folder,
        kind=request.param,
        spacing=(1, 1, 2),
        metadata=SOURCES[request.param],
        sync=False,
    )
    for path in folder.iterdir():
        dataset = pydicom.dcmread(path)
        if "ApplicableSafetyStandardAgency" in dataset:
            dataset.ApplicableSafetyStandardAgency = ""  # as Philips scanners leave it
        for shared in dataset.get("SharedFunctionalGroupsSequence", []):
            if "IrradiationEventIdentificationSequence" in shared:
                del shared.IrradiationEventIdentificationSequence
        dataset.save_as(path)
    return folder


def followed(error: MetadataError) -> dict[str, object]:
    """Return the metadata that follows from the remedies of an error."""
    given: dict[str, object] = {}
    for fault in error.faults:
        found = re.search(r'metadata=\{"(\w+)": (?:"(.*?)"|\.\.\.)\}', fault.remedy)
        assert found is not None, fault.remedy
        given[found[1]] = found[2] or VALUES[found[1]]
    return given


@pytest.mark.parametrize("values", ARRAYS)
@pytest.mark.parametrize("kind", RESULTS)
def test_all_that_is_missing_is_asked_at_once(kind, values, source, tmp_path):
    array = ARRAYS[values]
    if kind in {"SC", "MultiframeSC"}:
        array = array.astype("uint8")
    try:
        dcs.write(array, tmp_path / "out", like=source, kind=kind, sync=False)
    except MetadataError as error:
        dcs.write(
            array, tmp_path / "out", like=source, kind=kind, metadata=followed(error), sync=False
        )
    assert [
        str(one) for one in dcs.check(tmp_path / "out", validators=False) if one.level == "error"
    ] == []


@pytest.mark.parametrize("values", ARRAYS)
def test_a_unit_that_is_missing_is_asked_with_all_else(values, tmp_path):
    dcs.write(ARRAY, tmp_path / "ct", kind="MR", spacing=(1, 1, 2), sync=False)
    with pytest.raises(MetadataError) as caught:
        dcs.plan(ARRAYS[values], like=tmp_path / "ct", kind="EnhancedCT")
    assert {fault.where for fault in caught.value.faults} == {"RescaleType", "IrradiationEventUID"}


def test_a_unit_that_only_the_values_deny_is_asked_with_all_else(tmp_path):
    dcs.write(
        ARRAY,
        tmp_path / "ct",
        kind="CT",
        spacing=(1, 1, 2),
        metadata={"RescaleType": "HU"},
        sync=False,
    )
    probabilities = np.linspace(0, 1, 40).reshape(2, 4, 5).astype("float32")
    with pytest.raises(MetadataError) as caught:
        dcs.plan(probabilities, like=tmp_path / "ct", kind="EnhancedCT")
    assert {fault.where for fault in caught.value.faults} == {"RescaleType", "IrradiationEventUID"}
    with pytest.raises(MetadataError) as caught:
        dcs.plan(ARRAY, like=tmp_path / "ct", kind="EnhancedCT")
    assert [fault.where for fault in caught.value.faults] == ["IrradiationEventUID"]


def test_an_empty_agency_of_a_source_is_written_as_unknown_with_advice(tmp_path):
    dcs.write(
        ARRAY,
        tmp_path / "mr",
        kind="EnhancedMR",
        spacing=(1, 1, 2),
        metadata=SOURCES["EnhancedMR"],
        sync=False,
    )
    path = tmp_path / "mr" / "0001.dcm"
    dataset = pydicom.dcmread(path)
    dataset.ApplicableSafetyStandardAgency = ""
    dataset.save_as(path)
    receipt = dcs.write(ARRAY, tmp_path / "out", like=tmp_path / "mr", sync=False)
    result = pydicom.dcmread(tmp_path / "out" / "0001.dcm")
    assert result.ApplicableSafetyStandardAgency == "UNKNOWN"
    assert any("ApplicableSafetyStandardAgency is UNKNOWN" in text for text in receipt.advice)
    given = {"ApplicableSafetyStandardAgency": "FDA"}
    plan = dcs.plan(ARRAY, like=tmp_path / "mr", metadata=given)
    assert not any("ApplicableSafetyStandardAgency" in text for text in plan.advice)


@pytest.mark.parametrize("values", ARRAYS)
def test_an_enhanced_ct_without_a_unit_gives_a_result_whose_unit_is_unspecified(values, tmp_path):
    dcs.write(
        ARRAY,
        tmp_path / "ct",
        kind="EnhancedCT",
        spacing=(1, 1, 2),
        metadata=SOURCES["EnhancedCT"],
        sync=False,
    )
    path = tmp_path / "ct" / "0001.dcm"
    dataset = pydicom.dcmread(path)
    for group in (
        *dataset.SharedFunctionalGroupsSequence,
        *dataset.PerFrameFunctionalGroupsSequence,
    ):
        for item in group.get("PixelValueTransformationSequence", ()):
            del item.RescaleType
    dataset.save_as(path)
    receipt = dcs.write(ARRAYS[values], tmp_path / "out", like=tmp_path / "ct", sync=False)
    result = pydicom.dcmread(tmp_path / "out" / "0001.dcm")
    (item,) = result.SharedFunctionalGroupsSequence[0].PixelValueTransformationSequence
    assert item.RescaleType == "US"
    assert any("RescaleType is US" in text for text in receipt.advice)
