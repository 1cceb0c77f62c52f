"""SUV of our PET is the same by every time of a file, and by the package of OHIF."""

from __future__ import annotations

import pydicom
import pytest

from judges.pet import FACTOR, PET_SERIES, factors_by_calculate_suv
from judges.suv import SUV_READERS, suv_factors


@pytest.mark.parametrize("name", PET_SERIES)
def test_the_factor_to_suv_is_the_same_by_every_time_of_the_files(name, tmp_path):
    folder = PET_SERIES[name](tmp_path / "pet")
    for reader in SUV_READERS:
        factors = suv_factors(folder, reader)
        assert factors
        assert factors == pytest.approx([FACTOR] * len(factors), rel=1e-12), reader


def test_a_series_time_that_is_not_that_of_the_scan_is_noticed(tmp_path):
    folder = PET_SERIES["static"](tmp_path / "pet")
    for path in folder.glob("*.dcm"):
        dataset = pydicom.dcmread(path)
        dataset.SeriesTime = "113000"
        dataset.save_as(path)
    assert suv_factors(folder, "by SeriesTime")[0] != pytest.approx(FACTOR, rel=1e-2)
    ((factor, *_),) = factors_by_calculate_suv([folder])
    assert factor != pytest.approx(FACTOR, rel=1e-2)
