"""Every attribute that a source may have has a rule, and none is kept by default."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

import pydicom
import pydicom.data
import pytest
from pydicom.datadict import keyword_for_tag

import data_packages
from dicomseries.derivation.rules.attribute_rules import (
    NO_RULE,
    rule_for,
    rule_sections,
    rules_by_keyword,
    tag_sections,
)
from dicomseries.iod import KINDS
from dicomseries.standard.attributes.attribute import tag_of
from dicomseries.standard.objects.modules import (
    FUNCTIONAL_GROUPS,
    IOD_MODULES,
    group_requirements,
    module_requirements,
)


def names_of(path: Path) -> set[str]:
    """Keywords, or tags, of everything at the top level and in the functional groups of a file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = pydicom.dcmread(path, stop_before_pixels=True)
    tags = set(dataset.keys())
    shared = dataset.get("SharedFunctionalGroupsSequence") or []
    frames = dataset.get("PerFrameFunctionalGroupsSequence") or []
    for item in (*shared, *frames[:1]):
        tags |= set(item.keys())
        tags |= {
            tag
            for group in item
            if group.VR == "SQ"
            for inner in group.value
            for tag in inner.keys()  # noqa: SIM118
        }
    return {keyword_for_tag(tag) or f"({tag.group:04X},{tag.element:04X})" for tag in tags}


def readable(paths) -> Iterator[Path]:
    for path in paths:
        try:
            names_of(path)
        except Exception:  # noqa: BLE001, S112 - some files are broken on purpose
            continue
        yield path


PYDICOM_FILES = tuple(sorted(Path(pydicom.data.__file__).parent.glob("test_files/**/*.dcm")))
"""Those that come with the package; it would fetch others."""


@pytest.mark.parametrize("sop_class", sorted(IOD_MODULES))
def test_every_attribute_of_every_module_has_a_rule(sop_class):
    keywords = {
        one.path[0] for module, _ in IOD_MODULES[sop_class] for one in module_requirements(module)
    }
    assert {keyword for keyword in keywords if rule_for(keyword) is NO_RULE} == set()


@pytest.mark.parametrize("sop_class", sorted(FUNCTIONAL_GROUPS))
def test_every_functional_group_and_its_attributes_have_a_rule(sop_class):
    groups = FUNCTIONAL_GROUPS[sop_class]
    inside = {one.path[0] for group in groups for one in group_requirements(sop_class, group)}
    assert {keyword for keyword in {*groups, *inside} if rule_for(keyword) is NO_RULE} == set()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_attribute_that_we_write_has_a_rule(kind):
    keywords = {name for row in kind.all_rows for name in (row.keyword, row.given_as) if name}
    assert {keyword for keyword in keywords if rule_for(keyword) is NO_RULE} == set()


def test_every_element_of_real_files_has_a_rule():
    unruled = {
        (name, path.name)
        for path in readable(PYDICOM_FILES)
        for name in names_of(path)
        if rule_for(name) is NO_RULE
    }
    assert unruled == set()


@pytest.mark.real_data
def test_every_element_of_a_real_series_has_a_rule():
    unruled = {name for path in data_packages.brain_series().iterdir() for name in names_of(path)}
    assert {name for name in unruled if rule_for(name) is NO_RULE} == set()


def test_an_attribute_without_a_rule_is_dropped_and_not_mistaken_for_one_with_a_rule():
    rule = rule_for("PresentationIntentType")
    assert rule is NO_RULE
    assert rule.action == "drop"


def test_what_is_neither_keyword_nor_tag_is_rejected():
    with pytest.raises(ValueError, match="PatienName"):
        rule_for("PatienName")


@pytest.mark.parametrize(
    ("name", "action", "entity"),
    [
        ("(0029,1010)", "drop", "private"),
        ("(0009,0010)", "drop", "private"),
        ("(6002,3000)", "drop", "presentation"),
        ("OverlayData", "drop", "presentation"),
        ("(5004,3000)", "drop", "presentation"),
        ("(0008,0000)", "drop", "encoding"),
        ("DigitalSignaturesSequence", "drop", "signatures"),
        ("PatientName", "keep", "patient"),
        ("NameOfPhysiciansReadingStudy", "keep", "study"),
        ("PatientWeight", "keep", "patient study"),
        ("ClinicalTrialSubjectID", "keep", "clinical trial"),
        ("LossyImageCompression", "keep forever", "image"),
        ("BurnedInAnnotation", "keep forever", "image"),
        ("PatientIdentityRemoved", "keep forever", "patient"),
        ("DeidentificationMethodCodeSequence", "keep forever", "patient"),
        ("SOPInstanceUID", "new", "file"),
        ("SeriesNumber", "new", "series"),
        ("ImageType", "change", "image"),
        ("SmallestImagePixelValue", "drop", "pixels"),
        ("PixelPaddingValue", "judge", "values"),
        ("OperatorsName", "drop", "series"),
        ("SourceImageSequence", "add", "references"),
    ],
)
def test_attributes_have_the_rule_that_the_measurements_ask_for(name, action, entity):
    rule = rule_for(name)
    assert (rule.action, rule.entity) == (action, entity)


def test_no_attribute_has_two_rules():
    keywords = [keyword for section in rule_sections() for keyword in section.keywords]
    assert len(keywords) == len(set(keywords)) == len(rules_by_keyword())


def test_every_rule_names_a_keyword_of_the_dictionary():
    assert all(tag_of(keyword) for keyword in rules_by_keyword())


def test_no_rule_of_a_whole_group_keeps_anything():
    assert {section.rule.action for section in tag_sections()} <= {"drop", "owned"}


def test_every_reason_is_a_clause_that_can_follow_a_colon():
    sections = (*rule_sections(), *tag_sections())
    reasons = {rule.why for rule in (NO_RULE, *(section.rule for section in sections))}
    assert [
        why
        for why in reasons
        if not why or why.endswith(".") or (why[0].isupper() and why[:2] != "HU")
    ] == []


def test_what_must_be_equal_in_all_files_of_a_study_is_kept_without_a_condition():
    verbatim = [section for section in rule_sections() if section.rule.is_verbatim]
    assert {section.rule.entity for section in verbatim} == {
        "patient",
        "study",
        "patient study",
        "clinical trial",
    }
    assert {section.rule.when for section in verbatim} == {"always"}
