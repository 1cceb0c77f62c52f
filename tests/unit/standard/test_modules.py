import importlib.util
import re
from pathlib import Path

import pytest

from dicomseries.standard import module_tables
from dicomseries.standard.attribute import vr_of
from dicomseries.standard.modules import (
    FUNCTIONAL_GROUPS,
    IOD_MODULES,
    MANDATORY_GROUPS,
    MODULES,
    Requirement,
    group_requirements,
    mandatory_modules,
)

CT = "1.2.840.10008.5.1.4.1.1.2"
ENHANCED_MR = "1.2.840.10008.5.1.4.1.1.4.1"
PARAMETRIC_MAP = "1.2.840.10008.5.1.4.1.1.30"
TABLES = (
    "module_tables.py",
    "multi_frame_tables.py",
    "functional_group_tables.py",
    "image_class_tables.py",
)


def test_every_module_of_an_iod_has_a_table():
    assert {key for modules in IOD_MODULES.values() for key, _ in modules} == set(MODULES)


def test_every_usage_and_type_is_one_of_the_standard():
    assert {usage for modules in IOD_MODULES.values() for _, usage in modules} == {"M", "C", "U"}
    assert {one.type for rows in MODULES.values() for one in rows} == {"1", "1C", "2", "2C", "3"}


def test_known_rows_are_there():
    assert Requirement(path=("PatientName",), type="2") in MODULES["patient"]
    assert Requirement(path=("RescaleSlope",), type="1") in MODULES["ct-image"]
    pet = Requirement(
        path=("RadiopharmaceuticalInformationSequence", "RadionuclideCodeSequence"), type="2"
    )
    assert pet in MODULES["pet-isotope"]


def test_inside_sequences_only_what_must_be_there_is_listed():
    assert {one.type for rows in MODULES.values() for one in rows if not one.is_top_level} == {
        "1",
        "2",
    }


def test_a_class_without_a_table_has_no_mandatory_modules():
    assert mandatory_modules("1.2.3") == ()
    assert "frame-of-reference" in mandatory_modules(CT)


def test_every_multi_frame_class_has_the_module_of_functional_groups():
    for uid in FUNCTIONAL_GROUPS:
        key = next(
            key for key, _ in IOD_MODULES[uid] if key.endswith("multi-frame-functional-groups")
        )
        assert Requirement(path=("SharedFunctionalGroupsSequence",), type="1") in MODULES[key]
        assert Requirement(path=("NumberOfFrames",), type="1") in MODULES[key]


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
def made(tmp_path):
    """The folder in which the tool has made its tables anew."""
    pytest.importorskip("highdicom", exc_type=ImportError)
    tool = Path(__file__).parents[3] / "tools" / "make_module_tables.py"
    spec = importlib.util.spec_from_file_location("make_module_tables", tool)
    maker = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(maker)
    maker.FOLDER = tmp_path
    maker.main()
    return tmp_path


def test_the_tables_are_what_the_tool_makes(made):
    folder = Path(module_tables.__file__).parent
    release = re.compile(r"highdicom [\d.]+")
    for name in TABLES:
        ours, theirs = (
            (folder / name).read_text(encoding="utf-8"),
            (made / name).read_text(encoding="utf-8"),
        )
        if release.search(theirs)[0] != release.search(ours)[0]:
            pytest.skip("another release of highdicom is installed")
        assert theirs == ours
