"""Labels of uneven slices, read without their source."""

import numpy as np
import pytest

import dicomseries as dcs


def test_slices_that_the_source_does_not_have_are_named_in_a_note(tmp_path):
    array = np.arange(120, dtype="int16").reshape(4, 5, 6)
    places = {"spacing": (0.7, 0.9, 2.5), "positions": [0, 2, 4, 7]}
    dcs.write(array, tmp_path / "ct", kind="CT", **places)
    labels = (array % 7 == 0).astype("uint8")
    names = {1: "Liver"}
    dcs.write(labels, tmp_path / "seg", kind="Segmentation", like=tmp_path / "ct", segments=names)
    with pytest.warns(dcs.DicomSeriesWarning, match="SpacingBetweenSlices is missing"):
        volume = dcs.read(tmp_path / "seg")
    assert volume.grid.spacing_mm[2] == 1
    np.testing.assert_array_equal(volume.array[[0, 2, 4, 7]], labels)
    assert any("4 slices without frames are background" in note for note in volume.notes)
