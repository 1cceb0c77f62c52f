"""Copies through DICOM's JSON model or floats are legal for every kind (PS3.18 annex F)."""

from __future__ import annotations

from collections.abc import Iterator

import pydicom
import pytest
from pydicom import config
from pydicom.dataset import Dataset
from tests.judges.cases import CASES


@pytest.fixture(autouse=True)
def _strict(monkeypatch):
    monkeypatch.setattr(config.settings, "reading_validation_mode", config.RAISE)
    monkeypatch.setattr(config.settings, "writing_validation_mode", config.RAISE)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_copy_has_no_decimal_string_of_more_than_16_characters(case, tmp_path):
    case.write(tmp_path / "series")
    *_, path = sorted((tmp_path / "series").rglob("*.dcm"))
    own = pydicom.dcmread(path)
    through_json = Dataset.from_json(own.to_json())
    through_floats = pydicom.dcmread(path)
    for element in decimals(through_floats):
        element.value = (
            [float(value) for value in element.value] if element.VM > 1 else float(element.value)
        )
    for copy in (through_json, through_floats):
        copy.file_meta = own.file_meta
        copy.save_as(tmp_path / "copy.dcm", enforce_file_format=True)
        again = [element.value for element in decimals(pydicom.dcmread(tmp_path / "copy.dcm"))]
        assert again == [element.value for element in decimals(own)]


def decimals(dataset: Dataset) -> Iterator[pydicom.DataElement]:
    """Yield every element of VR DS that has a value, in sequences too."""
    for element in dataset.iterall():
        if element.VR == "DS" and not element.is_empty:
            yield element
