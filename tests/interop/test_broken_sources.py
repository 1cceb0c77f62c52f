"""Attributes taken over from a source, broken in every way: the result is valid."""

from __future__ import annotations

import datetime as dt
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.datadict import dictionary_VM, dictionary_VR
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

import dicomseries as dcs
from dicomseries.derivation.attributes.source_screening import TIES
from dicomseries.derivation.rules.attribute_rules import rules_by_keyword
from dicomseries.standard.attributes.defined_terms import ENUMERATED
from dicomseries.standard.objects.modules import IOD_MODULES, module_requirements
from judges import dciodvfy

pytestmark = pytest.mark.filterwarnings("ignore")

SHAPE = (2, 4, 5)
ARRAY = np.arange(40, dtype="int16").reshape(SHAPE)
NOW = dt.datetime(2024, 2, 29, 12, tzinfo=dt.UTC)
KINDS = {
    "CT": {"RescaleType": "HU", "PatientPosition": "HFS"},
    "MR": {"PatientPosition": "HFS", "EchoTime": 5},
    "PT": {"Units": "BQML", "DecayCorrection": "NONE"},
    "SC": {},
    "EnhancedCT": {"IrradiationEventUID": "1.2.3.4", "RescaleType": "HU"},
    "EnhancedMR": {"ApplicableSafetyStandardAgency": "IEC"},
}
BREAKS = ("form", "length", "count", "term", "representation", "control", "empty")


def element_of(keyword: str, vr: str, value: object) -> DataElement:
    """An element that pydicom would not make, as files hold them."""
    own = "UN" if value is None else "PN" if vr == "PN" else "LO"
    element = DataElement(keyword, own, value, validation_mode=0)
    element.VR = vr
    return element


def broken(keyword: str, how: str) -> DataElement | None:
    """Return an attribute that breaks one rule; None where the rule does not apply."""
    vr, allowed = dictionary_VR(keyword), dictionary_VM(keyword)
    odd = {
        "form": {
            "AS": "0",
            "CS": "NOT-LEGAL",
            "DA": "2024-13-45",
            "DS": "1,5",
            "IS": "1.5",
            "TM": "25:00",
            "UI": "1.02",
        },
        "length": {
            "AE": "X" * 20,
            "CS": "X" * 20,
            "LO": "x" * 70,
            "SH": "x" * 20,
            "ST": "x" * 1100,
            "UI": "1." + "2" * 70,
        },
        "control": {"LO": "a\nb", "SH": "a\tb", "PN": "Doe\x07"},
    }
    if how in odd:
        text = odd[how].get(vr)
        return None if text is None else element_of(keyword, vr, text)
    if how == "count" and allowed == "1" and vr in {"CS", "DS", "IS", "DA", "TM"}:
        return element_of(keyword, vr, ["1", "2", "3"])
    if how == "term" and keyword in ENUMERATED and vr == "CS":
        return element_of(keyword, vr, "OTHER")
    if how == "representation" and vr in {"CS", "DA", "IS"}:
        return element_of(keyword, "SH", "NEITHER")
    if how == "empty" and vr != "SQ":
        return element_of(keyword, vr, None)
    return None


def attributes_of(kind: str) -> Iterator[str]:
    """Return the attributes that a result takes over from a source of this kind."""
    uid = str(dcs.plan(ARRAY, kind=kind, spacing=(1, 1, 2), metadata=KINDS[kind]).sop_class_uid)
    for module, _ in IOD_MODULES[uid]:
        for requirement in module_requirements(module):
            rule = rules_by_keyword().get(requirement.keyword)
            if (
                requirement.is_top_level
                and rule is not None
                and rule.is_kept
                and " or " not in dictionary_VR(requirement.keyword)
            ):
                yield requirement.keyword


@pytest.fixture(scope="module", params=KINDS)
def source(request, tmp_path_factory) -> tuple[str, Path]:
    folder = tmp_path_factory.mktemp("source") / request.param
    array = ARRAY.astype("uint8") if request.param == "SC" else ARRAY
    dcs.write(
        array,
        folder,
        kind=request.param,
        spacing=(1, 1, 2),
        metadata=KINDS[request.param],
        now=NOW,
        sync=False,
    )
    return request.param, folder


def derived(folder: Path, out: Path, kind: str):
    array = ARRAY.astype("uint8") if kind == "SC" else ARRAY
    return dcs.write(array, out, like=folder, sync=False, now=NOW, metadata=demanded_metadata(kind))


def demanded_metadata(kind: str) -> dict:
    """Metadata that the user must give where the source has a broken value."""
    return KINDS[kind] if kind.startswith("Enhanced") else {}


def with_elements(folder: Path, out: Path, elements: list[DataElement]) -> Path:
    out.mkdir()
    for path in folder.iterdir():
        dataset = pydicom.dcmread(path)
        for element in elements:
            dataset[element.tag] = element
        with pydicom.config.disable_value_validation(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            dataset.save_as(out / path.name)
    return out


def errors_of(folder: Path) -> list[str]:
    found = dcs.check(folder, validators=False)
    return [str(one) for one in found if one.level == "error"]


@pytest.mark.parametrize("how", BREAKS)
def test_a_result_keeps_the_rules_that_its_source_breaks(source, how, tmp_path):
    kind, folder = source
    elements = [
        one for keyword in sorted(set(attributes_of(kind)) - TIES) if (one := broken(keyword, how))
    ]
    broken_source = with_elements(folder, tmp_path / "broken", elements)
    assert elements or how == "term"
    receipt = derived(broken_source, tmp_path / "out", kind)
    assert errors_of(tmp_path / "out") == []
    assert receipt.verified
    result = pydicom.dcmread(next((tmp_path / "out").iterdir()))
    plan = dcs.plan(
        ARRAY.astype("uint8") if kind == "SC" else ARRAY,
        like=broken_source,
        now=NOW,
        metadata=demanded_metadata(kind),
    )
    outcomes = {attribute: outcome for attribute, _, outcome in plan.decisions}
    for element in elements:
        assert element.keyword in outcomes, element.keyword
        own = result.get(element.tag)
        is_same = own is not None and (own.VR, str(own.value)) == (element.VR, str(element.value))
        assert how == "empty" or not is_same, element.keyword


def test_the_judge_finds_no_more_errors_than_in_the_source(source, tmp_path):
    kind, folder = source
    elements = [
        one
        for keyword in sorted(set(attributes_of(kind)) - TIES)
        if (one := broken(keyword, "form"))
    ]
    broken_source = with_elements(folder, tmp_path / "broken", elements)
    derived(broken_source, tmp_path / "out", kind)
    before, after = (
        dciodvfy(next(where.iterdir())).errors for where in (broken_source, tmp_path / "out")
    )
    assert {*after} <= {*before}


@pytest.mark.parametrize(
    "keyword",
    sorted(TIES - {"SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "LossyImageCompression"}),
)
def test_what_ties_a_result_to_its_source_is_kept_and_named_though_it_breaks_a_rule(
    keyword, tmp_path
):
    dcs.write(ARRAY, tmp_path / "ct", kind="CT", spacing=(1, 1, 2), sync=False)
    vr = dictionary_VR(keyword)
    text = "1.02" if vr == "UI" else "x" * 70
    folder = with_elements(
        tmp_path / "ct", tmp_path / "broken", [DataElement(keyword, vr, text, validation_mode=0)]
    )
    receipt = dcs.write(ARRAY, tmp_path / "out", like=folder, sync=False)
    assert str(pydicom.dcmread(tmp_path / "out" / "0001.dcm")[keyword].value) == text
    assert any(text in line or keyword in line for line in receipt.advice)


VENDORS = {
    "AcquisitionMatrix of 13 values": [
        DataElement("AcquisitionMatrix", "US", [64, 0, 0, 64, *[0] * 9], validation_mode=0)
    ],
    "PatientAge 0Y": [DataElement("PatientAge", "AS", "0Y", validation_mode=0)],
    "PatientSex 0": [DataElement("PatientSex", "CS", "0", validation_mode=0)],
    "SH for CS": [
        DataElement("LongitudinalTemporalInformationModified", "SH", "REMOVED", validation_mode=0)
    ],
}
REPAIRED = {"AcquisitionMatrix": [64, 0, 0, 64], "PatientAge": "000Y", "PatientSex": ""}
REPAIRED |= {"LongitudinalTemporalInformationModified": "REMOVED"}


@pytest.mark.parametrize("name", VENDORS)
def test_faults_of_vendors_are_repaired_where_one_value_can_have_been_meant(name, tmp_path):
    dcs.write(ARRAY, tmp_path / "mr", kind="MR", spacing=(1, 1, 2), sync=False)
    folder = with_elements(tmp_path / "mr", tmp_path / "broken", VENDORS[name])
    receipt = dcs.write(ARRAY, tmp_path / "out", like=folder, sync=False)
    (element,) = VENDORS[name]
    result = pydicom.dcmread(tmp_path / "out" / "0001.dcm")[element.keyword]
    assert (result.value, result.VR) == (REPAIRED[element.keyword], dictionary_VR(element.keyword))
    assert errors_of(tmp_path / "out") == []
    assert any(element.keyword in line for line in receipt.advice)


def item(**values) -> Dataset:
    dataset = Dataset()
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    return dataset


def test_an_item_without_what_it_must_hold_goes_with_its_sequence(tmp_path):
    dcs.write(ARRAY, tmp_path / "ct", kind="CT", spacing=(1, 1, 2), sync=False)
    whole = item(CodeValue="1", CodingSchemeDesignator="99X", CodeMeaning="One")
    elements = [
        DataElement("ProcedureCodeSequence", "SQ", [item(CodeValue="1"), whole]),
        DataElement("ReferencedStudySequence", "SQ", [item(ReferencedSOPClassUID="1.2.3")]),
    ]
    folder = with_elements(tmp_path / "ct", tmp_path / "broken", elements)
    receipt = dcs.write(ARRAY, tmp_path / "out", like=folder, sync=False)
    result = pydicom.dcmread(tmp_path / "out" / "0001.dcm")
    assert [one.CodeMeaning for one in result.ProcedureCodeSequence] == ["One"]
    assert "ReferencedStudySequence" not in result
    assert any("ReferencedStudySequence" in line for line in receipt.advice)


def with_private(folder: Path) -> None:
    for path in folder.iterdir():
        dataset = pydicom.dcmread(path)
        for name in ("MINE", "OTHER"):
            block = dataset.private_block(0x0029, name, create=True)
            block.add_new(1, "DS", "1.5")
            block.add_new(2, "LO", "fine")
            odd = DataElement(block.get_tag(3), "LO", "1,5")
            odd.VR = "DS"
            dataset[odd.tag] = odd
        with pydicom.config.disable_value_validation():
            dataset.save_as(path)


def test_private_attributes_that_are_wanted_and_break_a_rule_are_named(tmp_path):
    dcs.write(ARRAY, tmp_path / "ct", kind="CT", spacing=(1, 1, 2), sync=False)
    with_private(tmp_path / "ct")
    receipt = dcs.write(
        ARRAY, tmp_path / "out", like=tmp_path / "ct", keep_private=("MINE",), sync=False
    )
    result = pydicom.dcmread(tmp_path / "out" / "0001.dcm")
    assert {str(one.tag) for one in result if one.tag.is_private} == {
        "(0029,0010)",
        "(0029,1001)",
        "(0029,1002)",
    }
    (advice,) = (line for line in receipt.advice if "(0029,1" in line)
    assert advice.startswith("(0029,1003) of the source (1,5) is dropped: it breaks a rule")
    plan = dcs.plan(ARRAY, like=tmp_path / "ct", keep_private=("MINE",))
    outcomes = {attribute: outcome for attribute, _, outcome in plan.decisions}
    assert "breaks a rule" in outcomes["(0029,1003)"]
    assert errors_of(tmp_path / "out") == []


@pytest.mark.parametrize("same_space", [None, False])
def test_one_uid_for_study_and_space_of_a_source_is_named(same_space, tmp_path):
    dcs.write(ARRAY, tmp_path / "ct", kind="CT", spacing=(1, 1, 2), sync=False)
    for path in (tmp_path / "ct").iterdir():
        dataset = pydicom.dcmread(path)
        dataset.FrameOfReferenceUID = dataset.StudyInstanceUID
        dataset.save_as(path)
    receipt = dcs.write(
        ARRAY,
        tmp_path / "out",
        like=tmp_path / "ct",
        same_space=same_space,
        spacing=(1, 1, 2),
        sync=False,
    )
    result = pydicom.dcmread(tmp_path / "out" / "0001.dcm")
    assert result.StudyInstanceUID == dataset.StudyInstanceUID
    is_carried = same_space is None
    assert (result.FrameOfReferenceUID == dataset.FrameOfReferenceUID) == is_carried
    assert any("SER-011" in line for line in receipt.advice) == is_carried
    assert (
        "SER-011" in {one.id for one in dcs.check(tmp_path / "out", validators=False)}
    ) == is_carried


def test_images_without_a_uid_are_not_named(tmp_path):
    dcs.write(ARRAY, tmp_path / "ct", kind="CT", spacing=(1, 1, 2), sync=False)
    folder = with_elements(
        tmp_path / "ct", tmp_path / "broken", [DataElement("SOPInstanceUID", "UI", "")]
    )
    receipt = dcs.write(ARRAY, tmp_path / "out", like=folder, sync=False)
    assert "SourceImageSequence" not in pydicom.dcmread(tmp_path / "out" / "0001.dcm")
    assert any("does not name them" in line for line in receipt.advice)


def test_a_value_of_the_series_that_differs_from_slice_to_slice_is_left_out(tmp_path):
    dcs.write(ARRAY, tmp_path / "ct", kind="CT", spacing=(1, 1, 2), sync=False)
    for path in (tmp_path / "ct").iterdir():
        dataset = pydicom.dcmread(path)
        dataset.ProtocolName = dataset.BodyPartExamined = f"P{dataset.InstanceNumber}"
        dataset.save_as(path)
    dcs.write(ARRAY, tmp_path / "out", like=tmp_path / "ct", sync=False)
    assert errors_of(tmp_path / "out") == []


def test_trigger_times_that_do_not_rise_are_left_out_and_named(tmp_path):
    array = np.stack([ARRAY, ARRAY + 1, ARRAY + 2])
    dcs.write(
        array, tmp_path / "mr", kind="MR", axes="tzyx", times=1.0, spacing=(1, 1, 2), sync=False
    )
    for path in (tmp_path / "mr").iterdir():
        dataset = pydicom.dcmread(path)
        dataset.TriggerTime = str({0: 50, 1: 10, 2: 20}[(int(dataset.InstanceNumber) - 1) // 2])
        dataset.save_as(path)
    receipt = dcs.write(array, tmp_path / "out", like=tmp_path / "mr", axes="tzyx", sync=False)
    assert errors_of(tmp_path / "out") == []
    assert any("TriggerTime" in line for line in receipt.advice)


@pytest.mark.parametrize("kind", ["CT", "EnhancedMR"])
def test_none_leaves_out_what_the_source_holds(kind, tmp_path):
    metadata = KINDS[kind] | {"KVP": 120, "PatientComments": "x", "BodyPartExamined": "HEAD"}
    if kind == "EnhancedMR":
        metadata |= {"RepetitionTime": 2000, "EchoTime": 5}
    dcs.write(
        ARRAY, tmp_path / "source", kind=kind, spacing=(1, 1, 2), metadata=metadata, sync=False
    )
    unwanted = {
        "PatientComments": None,
        "BodyPartExamined": None,
        "EchoTime": None,
        "EffectiveEchoTime": None,
    }
    dcs.write(ARRAY, tmp_path / "out", like=tmp_path / "source", metadata=unwanted, sync=False)
    result = pydicom.dcmread(tmp_path / "out" / "0001.dcm")
    assert not {*unwanted} & {element.keyword for element in result.iterall()}
    plan = dcs.plan(ARRAY, like=tmp_path / "source", metadata=unwanted)
    outcomes = {attribute: outcome for attribute, _, outcome in plan.decisions}
    assert outcomes["PatientComments"].startswith("left out")
