"""Forms of metadata: private attributes, Datasets, sequences, columns, other units."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.datadict import DicomDictionary
from pydicom.dataset import Dataset

import dicomseries as dcs
from dicomseries.metadata import OWNED, Metadata
from dicomseries.metadata.attribute_relations import PARTNER_RULES
from dicomseries.options.mapping_files import load_mapping

ARRAY = np.arange(240, dtype="int16").reshape(4, 6, 10)
GRID = {"spacing": (1, 1, 2)}
KINDS = {
    "CT": {},
    "MR": {},
    "SC": {},
    "EnhancedMR": {"ApplicableSafetyStandardAgency": "IEC"},
    "MultiframeSC": {},
}


def error_of(function: Any, *arguments: Any, **options: Any) -> dcs.DicomSeriesError:
    with pytest.raises(dcs.DicomSeriesError) as found:
        function(*arguments, **options)
    return found.value


# ------------------------------------------------------------------------------- private attributes
PRIVATE: dict[str, tuple[Any, str, Any]] = {
    "text": ("run 7", "LO", "run 7"),
    "long text": ("x" * 70, "UT", "x" * 70),
    "lines": ("a\nb", "UT", "a\nb"),
    "whole number": (3, "SL", 3),
    "large number": (2**40, "SV", 2**40),
    "number": (2.5, "FD", 2.5),
    "numbers": ([1.5, 2.5], "FD", [1.5, 2.5]),
    "bytes": (b"abcd", "OB", b"abcd"),
    "items": ([{"PatientID": "2"}], "SQ", None),
    "VR of its own": ({"vr": "DS", "value": 2.5}, "DS", 2.5),
}


@pytest.mark.parametrize("name", PRIVATE)
def test_private_attributes_are_written_with_their_creator(tmp_path, name):
    value, vr, expected = PRIVATE[name]
    dcs.write(ARRAY, tmp_path / "out", kind="CT", **GRID, metadata={"(0099,1001) MY LAB": value})
    dataset = pydicom.dcmread(tmp_path / "out" / "0001.dcm")
    element = dataset.private_block(0x0099, "MY LAB")[0x01]
    assert vr == element.VR
    assert element.value == expected if expected is not None else element.value[0].PatientID == "2"
    assert [
        one for one in dcs.check(tmp_path / "out", validators=False) if one.level == "error"
    ] == []


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_place_for_private_attributes(tmp_path, kind):
    metadata = {"(0099,xx01) MY LAB": "run 7", "PatientID": "1", **KINDS[kind]}
    dcs.write(ARRAY, tmp_path / "out", kind=kind, **GRID, metadata=metadata)
    assert dcs.tags(tmp_path / "out")["(0099,1001) MY LAB"] == "run 7"


def test_the_creator_may_be_an_entry_beside():
    found = Metadata.from_mapping({"00990010": "MY LAB", "00991001": "run 7"})
    assert [(one.keyword, one.values) for one in found.attributes] == [
        ("(0099,0010)", ("MY LAB",)),
        ("(0099,1001)", ("run 7",)),
    ]


def test_creators_that_take_any_block_do_not_share_one():
    found = Metadata.from_mapping(
        {"(0099,xx01) A": 1, "(0099,xx01) B": 2, "(0099,1001) C": 3, "(0099,xx02) A": 4}
    )
    assert found.keywords == (
        *("(0099,0010)", "(0099,0011)", "(0099,0012)"),
        *("(0099,1001)", "(0099,1101)", "(0099,1102)", "(0099,1201)"),
    )


def test_a_known_private_attribute_has_the_vr_of_its_creator():
    found = Metadata.from_mapping({"(0019,100C) SIEMENS MR HEADER": "1000"})
    assert found.get("(0019,100C)").vr == "IS"


@pytest.mark.parametrize(
    "metadata",
    [
        {"00991001": "run 7"},
        {"(0099,1001)": "run 7"},
        {"(0099,xx01)": "run 7"},
        {"(0099,0001) MY LAB": "run 7"},
        {"(0001,1001) MY LAB": "run 7"},
        {"(0099,1001) A": 1, "(0099,1002) B": 2},
        {"ProcedureCodeSequence": [{"00991001": "run 7"}]},
    ],
)
def test_private_attributes_without_a_creator_are_rejected_with_the_way_to_name_it(metadata):
    error = error_of(Metadata.from_mapping, metadata)
    assert error.code == "private-attribute"
    assert "MY LAB" in error.remedy


def test_private_attributes_cannot_differ_from_slice_to_slice():
    error = error_of(
        dcs.plan, ARRAY, kind="CT", **GRID, per_volume={"(0099,1001) MY LAB": list("abcd")}
    )
    assert error.code == "private-attribute"


# ----------------------------------------------------------------------------------------- Datasets
def test_a_dataset_is_metadata(tmp_path):
    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 100"
    dataset.PatientName, dataset.PatientID, dataset.PatientWeight = "Müller^Jo", "P14", "72.50"
    dataset.ScanOptions, dataset.KVP = ["A", "B"], None
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "1", "99X", "y"
    dataset.ProcedureCodeSequence = [code]
    dataset.private_block(0x0099, "MY LAB", create=True).add_new(1, "LO", "run 7")
    dcs.write(ARRAY, tmp_path / "out", kind="CT", **GRID, metadata=dataset)
    found = pydicom.dcmread(tmp_path / "out" / "0001.dcm")
    for keyword in (
        "PatientName",
        "PatientID",
        "PatientWeight",
        "ScanOptions",
        "KVP",
        "ProcedureCodeSequence",
    ):
        assert found[keyword].value == dataset[keyword].value
    assert found.private_block(0x0099, "MY LAB")[1].value == "run 7"


def test_a_dataset_does_not_set_computed_attributes():
    dataset = Dataset()
    dataset.Rows, dataset.SOPInstanceUID = 7, "1.2.3"
    error = error_of(dcs.plan, ARRAY, kind="CT", **GRID, metadata=dataset)
    assert {one.code for one in error.faults} == {"attribute-owned"}


_TEXTS = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=16)
_NOT_ALONE = {*OWNED, *(rule.keyword for rule in PARTNER_RULES)}
_LONG_STRINGS = sorted(
    keyword
    for vr, vm, _, is_retired, keyword in DicomDictionary.values()
    if vr == "LO" and vm == "1" and not is_retired and keyword and keyword not in _NOT_ALONE
)


@given(st.dictionaries(st.sampled_from(_LONG_STRINGS), _TEXTS, max_size=5), _TEXTS)
def test_a_dataset_equals_the_same_mapping(texts, private):
    dataset = Dataset()
    for keyword, text in texts.items():
        setattr(dataset, keyword, text)
    dataset.private_block(0x0099, "MY LAB", create=True).add_new(1, "LO", private)
    mapping = {**texts, "(0099,1001) MY LAB": private}
    assert Metadata.from_mapping(load_mapping("metadata", dataset)) == Metadata.from_mapping(
        mapping
    )


# ---------------------------------------------------------------------------------------- sequences
DRUG = {"Radiopharmaceutical": "FDG", "RadionuclideTotalDose": 3.5e8}
SEQUENCES: dict[str, tuple[str, dict[str, Any], tuple[str, ...]]] = {
    "PET": (
        "PT",
        {"RadiopharmaceuticalInformationSequence": [DRUG]},
        ("RadionuclideCodeSequence",),
    ),
    "an empty one": (
        "PT",
        {"RadiopharmaceuticalInformationSequence": [DRUG | {"RadionuclideCodeSequence": []}]},
        (),
    ),
    "request": ("CT", {"RequestAttributesSequence": [{"RequestedProcedureID": "1"}]}, ()),
}


@pytest.mark.parametrize("name", SEQUENCES)
def test_missing_type_2_attributes_of_an_item_are_written_empty(tmp_path, name):
    kind, metadata, empty = SEQUENCES[name]
    dcs.write(ARRAY, tmp_path / "out", kind=kind, **GRID, metadata=metadata | {"PatientID": "1"})
    (keyword,) = metadata
    item = pydicom.dcmread(tmp_path / "out" / "0001.dcm")[keyword].value[0]
    assert all(item[one].is_empty for one in empty)
    assert [
        one for one in dcs.check(tmp_path / "out", validators=False) if one.level == "error"
    ] == []


def test_missing_type_1_attributes_of_an_item_are_demanded():
    error = error_of(
        dcs.plan, ARRAY, kind="CT", **GRID, metadata={"ProcedureCodeSequence": [{"CodeValue": "1"}]}
    )
    assert {one.where for one in error.faults} == {"ProcedureCodeSequence[0].CodeMeaning"}


# --------------------------------------------------------------------------- a value of every slice
_NUMBERS = sorted(
    keyword
    for vr, vm, _, is_retired, keyword in DicomDictionary.values()
    if vr in {"DS", "IS", "FD"}
    and vm == "1"
    and not is_retired
    and keyword
    and keyword not in OWNED
)


@given(st.sampled_from(_NUMBERS), st.integers(2, 6))
def test_a_list_for_an_attribute_of_one_value_is_sent_to_per_volume(keyword, count):
    error = error_of(Metadata.from_mapping, {keyword: list(range(1, count + 1))})
    assert error.code == "number-of-values"
    assert f'per_volume={{"{keyword}": [...]}}' in error.remedy


def test_a_list_for_a_slice_is_not_sent_to_per_volume_again():
    error = error_of(dcs.plan, ARRAY, kind="CT", **GRID, per_volume={"KVP": [[1, 2], 1, 1, 1]})
    assert "per_volume=" not in error.remedy


@pytest.mark.parametrize(
    ("kind", "word"), [("MR", "ScanOptions"), ("EnhancedMR", "CardiacSynchronizationTechnique")]
)
def test_the_error_of_trigger_times_names_the_attributes_they_need(kind, word):
    array = np.zeros((3, 2, 4, 5), "int16")
    options = {"axes": "tzyx", "per_volume": {"TriggerTime": [0, 30, 60]}, "metadata": KINDS[kind]}
    error = error_of(dcs.plan, array, kind=kind, **GRID, **options)
    found = next(one for one in error.faults if one.where == word)
    assert "TriggerTime" in found.expected
    assert "Type" not in found.expected
    assert f'"{word}": "' in found.remedy


# -------------------------------------------------------------------------------------------- parts
SPLITS: dict[str, tuple[dict[str, Any], str, str]] = {
    "times": ({"times": 2}, "time-0002", "time 2 of 2"),
    "nothing": ({}, "time-0002", "time 2 of 2"),
    "echoes": ({"per_volume": {"EchoTime": [4.6, 9.2]}}, "echo-0002", "echo 2 of 2, 9.2 ms"),
    "weightings": (
        {"per_volume": {"DiffusionBValue": [0, 1000]}},
        "b-value-0002",
        "b-value 2 of 2, 1000 s/mm2",
    ),
    "angles": (
        {"per_volume": {"FlipAngle": [5, 20]}},
        "flip-angle-0002",
        "flip-angle 2 of 2, 20 deg",
    ),
    "words": (
        {"per_volume": {"ImageComments": ["label", "control"]}},
        "volume-0002",
        "volume 2 of 2",
    ),
    "echoes with times": (
        {"times": 2, "per_volume": {"EchoTime": [4, 9]}},
        "time-0002",
        "time 2 of 2",
    ),
}


@pytest.mark.parametrize("name", SPLITS)
def test_split_series_are_named_by_their_differing_attribute(name):
    options, folder, text = SPLITS[name]
    plan = dcs.plan(
        np.zeros((2, 3, 4, 5), "int16"), kind="MR", axes="tzyx", **GRID, split="time", **options
    )
    second = plan.others[0]
    assert second.folder == folder
    assert [one.values for one in second.shared if one.keyword == "SeriesDescription"] == [(text,)]


# -------------------------------------------------------------------------------------- other units
ODD: dict[str, dict[str, Any]] = {
    "EchoTime": {"EchoTime": 0.00298, "RepetitionTime": 2300},
    "RepetitionTime": {"EchoTime": 2.98, "RepetitionTime": 2.3},
    "RepetitionTime alone": {"RepetitionTime": 2.3},
    "RepetitionTime below one": {"EchoTime": 0.2, "RepetitionTime": 0.8},
    "InversionTime": {"InversionTime": 0.9, "ScanningSequence": "IR"},
    "PatientWeight": {"PatientWeight": 72500},
    "PatientSize": {"PatientSize": 172},
    "RadionuclideTotalDose": {
        "RadiopharmaceuticalInformationSequence": [{"RadionuclideTotalDose": 350}]
    },
    "RadionuclideHalfLife": {
        "RadiopharmaceuticalInformationSequence": [{"RadionuclideHalfLife": 109.77}]
    },
    "ActualFrameDuration": {"ActualFrameDuration": 60},
}
USUAL: list[dict[str, Any]] = [
    {"EchoTime": 2.98, "RepetitionTime": 2300, "InversionTime": 900, "ScanningSequence": "IR"},
    {"EchoTime": 1.6, "RepetitionTime": 3.2},
    {"EchoTime": 0, "RepetitionTime": 0},
    {"PatientWeight": 72.5, "PatientSize": 1.72},
    {
        "RadiopharmaceuticalInformationSequence": [
            {"RadionuclideTotalDose": 3.5e8, "RadionuclideHalfLife": 6586.2}
        ]
    },
    {"RadiopharmaceuticalInformationSequence": [{"RadionuclideHalfLife": 76.4}]},
    {"ActualFrameDuration": 1000},
]


def advice(metadata: dict[str, Any], **options: Any) -> list[str]:
    kind = (
        "PT"
        if "ActualFrameDuration" in metadata or "RadiopharmaceuticalInformationSequence" in metadata
        else "MR"
    )
    plan = dcs.plan(ARRAY, kind=kind, **GRID, metadata=metadata, **options)
    return [one for one in plan.advice if "unless this is meant" in one]


@pytest.mark.parametrize("name", ODD)
def test_numbers_in_another_unit_are_named(name):
    (found,) = advice(ODD[name])
    assert found.startswith(name.split()[0])


@pytest.mark.parametrize("metadata", USUAL)
def test_usual_numbers_are_not_remarked_upon(metadata):
    assert advice(metadata) == []


def test_very_short_echoes_are_written():
    found = advice({"EchoTime": 0.03, "RepetitionTime": 40})
    assert [one.partition(".")[0] for one in found] == ["EchoTime is 0"]
    assert len(advice({"EchoTime": 0.03, "RepetitionTime": 4})) == 2


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"per_volume": {"EchoTime": [0.0046, 0.0092]}}, "EchoTime"),
        (
            {"per_volume": {"TriggerTime": [0, 0.5]}, "metadata": {"ScanOptions": "CG"}},
            "TriggerTime",
        ),
    ],
)
def test_numbers_of_volumes_in_another_unit_are_named(options, word):
    plan = dcs.plan(np.zeros((2, 3, 4, 5), "int16"), kind="MR", axes="tzyx", **GRID, **options)
    assert any(word in one for one in plan.advice if "unless this is meant" in one)


@pytest.mark.parametrize(
    ("times", "remedy"), [(2000, "give times=2."), ([0, 1500, 4000], "divide it by 1000.")]
)
def test_long_steps_of_time_say_what_milliseconds_would_be(times, remedy):
    plan = dcs.plan(np.zeros((3, 3, 4, 5), "int16"), kind="MR", axes="tzyx", **GRID, times=times)
    (sentence,) = (text for text in plan.advice if "s between volumes" in text)
    assert sentence.endswith(f"times= is in seconds. If it was in milliseconds, {remedy}")


def test_frames_of_pet_may_be_long():
    array = np.zeros((2, 3, 4, 5), "int16")
    plan = dcs.plan(array, kind="PT", axes="tzyx", **GRID, times=1800, metadata={"PatientID": "1"})
    assert not any("unless this is meant" in one for one in plan.advice)


def test_private_attributes_come_from_files_too(tmp_path):
    (tmp_path / "meta.json").write_text(
        json.dumps({"(0099,1001) MY LAB": {"vr": "DS", "value": 2.5}}), encoding="utf-8"
    )
    plan = dcs.plan(ARRAY, kind="CT", **GRID, metadata=tmp_path / "meta.json")
    assert any(one.keyword == "(0099,1001)" for one in plan.shared)
