"""Codes: by name, by value, whole or refused with a suggestion."""

from __future__ import annotations

import pytest

from dicomseries.errors import MetadataError
from dicomseries.segmentation.segment_codes import CATEGORIES, Code, category_of, code_of


@pytest.mark.parametrize(
    "name", ["Liver", "liver", " LIVER ", ["10200004", "SCT"], {"value": "10200004"}, "10200004"]
)
def test_a_concept_is_found_by_its_name_in_any_spelling_and_by_its_value(name):
    assert code_of(name, "type") == Code("10200004", "SCT", "Liver")


@pytest.mark.parametrize("name", ["WhiteMatter", "white matter", "White-Matter"])
def test_a_name_of_several_words_may_be_written_as_words(name):
    assert code_of(name, "type").meaning == "White Matter"


def test_a_whole_code_of_a_scheme_of_ones_own_is_taken_as_it_is():
    given = {"CodeValue": "7", "CodingSchemeDesignator": "99ACME", "CodeMeaning": "Gadget"}
    assert (
        code_of(given, "type")
        == code_of(["7", "99ACME", "Gadget"], "type")
        == Code("7", "99ACME", "Gadget")
    )


def test_an_unknown_name_is_rejected_with_the_nearest_ones():
    with pytest.raises(MetadataError) as caught:
        code_of("Livr", "segments[3].type")
    assert (caught.value.code, caught.value.where) == ("code-unknown", "segments[3].type")
    assert "'Liver'" in caught.value.remedy


@pytest.mark.parametrize(
    "given",
    [
        ["99999999", "SCT"],
        ["7", "99ACME"],
        ["1" * 17, "SCT", "x"],
        ["1", "SCT", "x" * 65],
        ["1", "SCT", "two\nlines"],
        ["1"],
        5,
        {"meaning": "Liver"},
        "",
        b"Liver",
    ],
    ids=str,
)
def test_a_code_that_is_not_whole_or_does_not_fit_its_vr_is_rejected(given):
    with pytest.raises(MetadataError) as caught:
        code_of(given, "segments[1].type")
    assert all(fault.where.startswith("segments[1].type") for fault in caught.value.faults)
    assert '["10200004", "SCT", "Liver"]' in str(caught.value)


@pytest.mark.parametrize(
    ("name", "category"),
    [
        ("Liver", "Anatomical Structure"),
        ("Adipose tissue", "Tissue"),
        ("Catheter", "Physical object"),
        ("Nodule", "Morphologically Abnormal Structure"),
        ("Urine", "Body Substance"),
        ("Contrast agent", "Substance"),
    ],
)
def test_the_category_follows_from_a_type_that_one_context_group_has(name, category):
    found = category_of(code_of(name, "type"))
    assert found is not None
    assert found.meaning.casefold() == category.casefold()


@pytest.mark.parametrize("code", ["Background", "Tissue", ["7", "99ACME", "Gadget"]])
def test_no_category_is_guessed_where_several_groups_or_none_have_the_type(code):
    assert category_of(code_of(code, "type")) is None


def test_every_category_of_the_standard_has_its_group():
    assert len(set(CATEGORIES.values())) == len(CATEGORIES) == 8
    assert all(code_of(name, "category").scheme == "SCT" for name in CATEGORIES.values())
