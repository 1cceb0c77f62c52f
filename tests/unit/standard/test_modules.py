import importlib.util
import re
from pathlib import Path

import pytest

from dicomseries.standard import module_tables
from dicomseries.standard.modules import IOD_MODULES, MODULES, Requirement, mandatory_modules

CT = "1.2.840.10008.5.1.4.1.1.2"


def test_every_module_of_an_iod_has_a_table():
    assert {key for modules in IOD_MODULES.values() for key, _ in modules} == set(MODULES)


def test_every_usage_and_type_is_one_of_the_standard():
    assert {usage for modules in IOD_MODULES.values() for _, usage in modules} == {"M", "C", "U"}
    assert {one.type for rows in MODULES.values() for one in rows} == {"1", "1C", "2", "2C", "3"}


def test_known_rows_are_there():
    assert Requirement(path=("PatientName",), type="2") in MODULES["patient"]
    assert Requirement(path=("RescaleSlope",), type="1") in MODULES["ct-image"]
    pet = Requirement(path=("RadiopharmaceuticalInformationSequence", "RadionuclideCodeSequence"), type="2")
    assert pet in MODULES["pet-isotope"]


def test_inside_sequences_only_what_must_be_there_is_listed():
    assert {one.type for rows in MODULES.values() for one in rows if not one.is_top_level} == {"1", "2"}


def test_a_class_without_a_table_has_no_mandatory_modules():
    assert mandatory_modules("1.2.3") == ()
    assert "frame-of-reference" in mandatory_modules(CT)


def test_the_tables_are_what_the_tool_makes(tmp_path):
    pytest.importorskip("highdicom", exc_type=ImportError)
    tool = Path(__file__).parents[3] / "tools" / "make_module_tables.py"
    spec = importlib.util.spec_from_file_location("make_module_tables", tool)
    maker = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(maker)
    maker.TARGET = tmp_path / "module_tables.py"
    maker.main()
    made = (tmp_path / "module_tables.py").read_text()
    there = Path(module_tables.__file__).read_text()
    release = re.compile(r"highdicom [\d.]+")
    if release.search(made)[0] != release.search(there)[0]:
        pytest.skip("another release of highdicom is installed")
    assert made == there
