import importlib
from importlib import resources
from importlib.metadata import version
from pathlib import Path

import pytest

from dicomseries.standard.attributes.attribute import vr_of
from dicomseries.standard.objects.modules import (
    FUNCTIONAL_GROUPS,
    IOD_MODULES,
    MANDATORY_GROUPS,
    Requirement,
    group_requirements,
    mandatory_modules,
    module_requirements,
)
from dicomseries.standard.read_table import read_table

CT = "1.2.840.10008.5.1.4.1.1.2"
ENHANCED_MR = "1.2.840.10008.5.1.4.1.1.4.1"
PARAMETRIC_MAP = "1.2.840.10008.5.1.4.1.1.30"
TABLE = read_table("modules.json")
MADE_TABLES = ("modules.json", "functional_groups.json", "image_planes.json", "body_parts.json")
TOOLS = Path(__file__).parents[3] / "tools"


def test_every_module_of_an_iod_has_a_table():
    assert {key for modules in IOD_MODULES.values() for key, _ in modules} == set(TABLE["modules"])


def test_every_usage_and_type_is_one_of_the_standard():
    assert {usage for modules in IOD_MODULES.values() for _, usage in modules} == {"M", "C", "U"}
    types = {row.type for module in TABLE["modules"] for row in module_requirements(module)}
    assert types == {"1", "1C", "2", "2C", "3"}


def test_known_rows_are_there():
    assert Requirement(path=("PatientName",), type="2") in module_requirements("patient")
    assert Requirement(path=("RescaleSlope",), type="1") in module_requirements("ct-image")
    pet = Requirement(
        path=("RadiopharmaceuticalInformationSequence", "RadionuclideCodeSequence"), type="2"
    )
    assert pet in module_requirements("pet-isotope")


def test_inside_sequences_only_types_1_and_2_are_listed():
    rows = [row for module in TABLE["modules"] for row in module_requirements(module)]
    assert {row.type for row in rows if not row.is_top_level} == {"1", "2"}


def test_a_class_without_a_table_has_no_mandatory_modules():
    assert mandatory_modules("1.2.3") == ()
    assert "frame-of-reference" in mandatory_modules(CT)


def test_every_multi_frame_class_has_the_module_of_functional_groups():
    for uid in FUNCTIONAL_GROUPS:
        key = next(
            key for key, _ in IOD_MODULES[uid] if key.endswith("multi-frame-functional-groups")
        )
        assert Requirement(
            path=("SharedFunctionalGroupsSequence",), type="1"
        ) in module_requirements(key)
        assert Requirement(path=("NumberOfFrames",), type="1") in module_requirements(key)


def test_every_mandatory_group_is_one_of_the_class_and_has_a_table():
    for uid, groups in MANDATORY_GROUPS.items():
        assert set(groups) <= set(FUNCTIONAL_GROUPS[uid])
        assert all(group_requirements(uid, group) for group in groups)


def test_every_group_is_a_sequence_of_known_attributes():
    assert FUNCTIONAL_GROUPS
    for uid, groups in FUNCTIONAL_GROUPS.items():
        assert groups, uid
        for group in groups:
            assert vr_of(group) == "SQ"
            assert all(vr_of(one.keyword) for one in group_requirements(uid, group))


def test_known_rows_of_functional_groups_are_there():
    assert Requirement(path=("RescaleSlope",), type="1") in group_requirements(
        ENHANCED_MR, "PixelValueTransformationSequence"
    )
    units = Requirement(path=("MeasurementUnitsCodeSequence", "CodeMeaning"), type="1")
    assert units in group_requirements(PARAMETRIC_MAP, "RealWorldValueMappingSequence")
    assert group_requirements(ENHANCED_MR, "NoSuchSequence") == ()


def test_a_group_with_another_form_in_one_class_keeps_both():
    window = ("WindowCenter",)
    assert Requirement(path=window, type="1") in group_requirements(
        ENHANCED_MR, "FrameVOILUTSequence"
    )
    assert Requirement(path=window, type="1C") in group_requirements(
        PARAMETRIC_MAP, "FrameVOILUTSequence"
    )


@pytest.fixture
def made(tmp_path, monkeypatch):
    """The folder of tables that the tool has made again."""
    pytest.importorskip("highdicom", exc_type=ImportError)
    if f"highdicom {version('highdicom')} " not in TABLE["source"]:
        pytest.skip("another release of highdicom is installed")
    monkeypatch.syspath_prepend(TOOLS)
    maker = importlib.import_module("make_standard_tables")
    monkeypatch.setattr(maker, "FOLDER", tmp_path)
    maker.main()
    return tmp_path


def test_the_tables_are_what_the_tool_makes(made):
    folder = resources.files("dicomseries.standard") / "data"
    for name in MADE_TABLES:
        ours = (folder / name).read_text(encoding="utf-8")
        theirs = (made / name).read_text(encoding="utf-8")
        assert theirs == ours


def test_every_attribute_of_the_rules_of_groups_is_in_the_data_dictionary():
    rules = read_table("group_rules.json")
    keywords = [*rules["whole groups"], *rules["families"], *rules["flavours"].values()]
    for group, entry in rules["conditions"].items():
        keywords.append(group)
        for need in entry["needs"]:
            keywords += [need["keyword"], *need["partners"]]
    assert len(keywords) > 40
    assert all(vr_of(keyword) for keyword in keywords)
