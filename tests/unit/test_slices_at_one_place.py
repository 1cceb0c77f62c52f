"""Slices nearer than 1 % of the usual distance are at one place for `read` and `check`."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest

import dicomseries as dcs

SPACING_MM = 2.5


def series_with_gap(folder, fraction):
    """Write six slices; the fourth follows the third after a fraction of the spacing."""
    array = np.arange(120, dtype="int16").reshape(6, 5, 4)
    dcs.write(array, folder, kind="CT", spacing=(1, 1, SPACING_MM), sync=False)
    path = folder / "0004.dcm"
    dataset = pydicom.dcmread(path)
    dataset.ImagePositionPatient = [0, 0, (2 + fraction) * SPACING_MM]
    dataset.save_as(path)
    return folder


@pytest.mark.parametrize(
    ("fraction", "code", "is_repeated"),
    [
        (0.0, "positions-repeated", True),
        (0.009, "positions-repeated", True),
        (0.011, "spacing-uneven", False),
        (0.1, "spacing-uneven", False),
    ],
)
@pytest.mark.filterwarnings("ignore::dicomseries.errors.DicomSeriesWarning")
def test_read_and_check_agree_on_slices_at_one_place(fraction, code, is_repeated, tmp_path):
    folder = series_with_gap(tmp_path / "series", fraction)
    with pytest.raises(dcs.DicomSeriesError) as caught:
        assert not dcs.read(folder).grid.affine()
    assert caught.value.code == code
    findings = {finding.id for finding in dcs.check(folder, validators=False)}
    assert ("GEO-004" in findings) == is_repeated
