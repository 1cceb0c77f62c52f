"""Advice on arrays that are probably another thing than their user thinks."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest

import dicomseries as dcs
from dicomseries.errors import KindError

CUBE = np.arange(64, dtype="int16").reshape(4, 4, 4)


@pytest.fixture(scope="module")
def ct(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mistakes") / "ct"
    dcs.write(CUBE, folder, kind="CT", spacing=(1, 2, 3))
    return folder


def advice(array, ct, **options):
    return " ".join(dcs.plan(array, like=ct, **options).advice)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "bool"])
def test_a_mask_without_a_kind_is_advised_to_be_a_segmentation(ct, dtype):
    assert "kind='Segmentation'" in advice((CUBE > 9).astype(dtype), ct)


@pytest.mark.parametrize(
    ("array", "options"),
    [
        (CUBE, {}),
        (CUBE > 9, {"kind": "Segmentation"}),
        ((CUBE > 9).astype("int16"), {"kind": "CT"}),
    ],
    ids=["an image", "a segmentation", "a stated kind"],
)
def test_other_results_are_not_advised_to_be_a_segmentation(ct, array, options):
    assert "If they are a mask" not in advice(array, ct, **options)


def test_a_cube_is_said_to_be_taken_as_slices_rows_columns(ct):
    assert "taken as slices, rows, columns" in advice(CUBE, ct)
    assert "taken as slices, rows, columns" in advice(CUBE > 9, ct, kind="SEG")


def test_nothing_is_said_of_a_cube_with_named_axes_or_of_a_derived_volume(ct):
    assert "taken as slices" not in advice(CUBE, ct, axes="zyx")
    volume = dcs.read(ct)
    assert "taken as slices" not in " ".join(volume.derive(volume.array + 1).plan().advice)


def test_colours_in_space_of_a_class_that_is_not_written_are_advised_to_be_pictures(tmp_path):
    colours = np.arange(3 * 4 * 5 * 3, dtype="uint8").reshape(3, 4, 5, 3)
    source = tmp_path / "source"
    dcs.write(colours, source, kind="SC", spacing=(1, 1, 2), axes="zyxc", sync=False)
    for path in source.iterdir():
        dataset = pydicom.dcmread(path)
        dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.4.3"  # Enhanced MR Color Image
        dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
        dataset.save_as(path)
    with pytest.raises(KindError, match=r"Pass `?kind='SC'`? for colours"):
        dcs.read(source).derive(colours, description="Same").plan()
