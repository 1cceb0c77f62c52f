"""SUV of our PET is the same number by every clock of a file, and by the package that OHIF uses."""

from __future__ import annotations

import pydicom
import pytest

from judges.pet import FACTOR, PET_SERIES, factor_by, factors_by_calculate_suv


@pytest.mark.parametrize("name", PET_SERIES)
def test_the_factor_to_suv_is_the_same_by_series_time_and_by_acquisition_time(name, tmp_path):
    folder = PET_SERIES[name](tmp_path / "pet")
    first = pydicom.dcmread(min(folder.glob("*.dcm")))
    assert factor_by("Series", first) == pytest.approx(FACTOR, rel=1e-12)
    assert factor_by("Acquisition", first) == pytest.approx(FACTOR, rel=1e-12)


def test_a_series_time_that_is_not_that_of_the_scan_is_noticed(tmp_path):
    folder = PET_SERIES["static"](tmp_path / "pet")
    for path in folder.glob("*.dcm"):
        dataset = pydicom.dcmread(path)
        dataset.SeriesTime = "113000"
        dataset.save_as(path)
    assert factor_by("Series", dataset) != pytest.approx(FACTOR, rel=1e-2)
    ((factor, *_),) = factors_by_calculate_suv([folder])
    assert factor != pytest.approx(FACTOR, rel=1e-2)
