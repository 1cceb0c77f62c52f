"""The stored order of an array, its line in the receipt, and side labels in pictures."""

from __future__ import annotations

import pickle

import nibabel
import numpy as np
import pydicom
import pytest
import SimpleITK as sitk

import dicomseries as dcs
from dicomseries.api import report
from dicomseries.errors import OptionError
from dicomseries.orientation import Turn
from dicomseries.sources import turned

ARRAY = np.arange(60, dtype="int16").reshape(3, 4, 5)
RAS = np.diag([2.0, 2.0, 3.0, 1.0])
QUICK = {"kind": "MR", "sync": False}


@pytest.fixture
def image():
    return nibabel.Nifti1Image(ARRAY.T, RAS)


def orientation(folder) -> list[float]:
    return [
        round(float(one)) for one in pydicom.dcmread(folder / "0001.dcm").ImageOrientationPatient
    ]


def about_order(receipt) -> list[str]:
    return [text for text in receipt.advice if "orient=" in text or "axes=" in text]


def test_a_plain_array_is_read_back_as_it_was_and_the_receipt_says_how_its_rows_run(tmp_path):
    receipt = dcs.write(ARRAY, tmp_path / "out", affine=RAS, space="RAS", **QUICK)
    np.testing.assert_array_equal(dcs.read(tmp_path / "out").array, ARRAY)
    (advice,) = about_order(receipt)
    assert "rows from posterior to anterior" in advice
    assert "turned by 180°" in advice
    assert "Pass orient='upright'" in advice
    assert "orientation: columns L→R, rows P→A, slices I→S" in str(receipt)


@pytest.mark.parametrize(
    ("signs", "seen"),
    [
        ((-1, 1), "upside down"),
        ((1, -1), "left and right exchanged"),
        ((1, 1), "turned by 180°"),
        ((-1, -1), ""),
    ],
)
def test_advice_says_what_a_viewer_shows(signs, seen, tmp_path):
    affine = np.diag([*signs, 1.0, 1.0])
    advice = about_order(dcs.write(ARRAY, tmp_path / "out", affine=affine, space="RAS", **QUICK))
    assert [seen in one for one in advice] == ([True] if seen else [])


def test_what_was_asked_for_is_not_advised_against(tmp_path):
    receipt = dcs.write(ARRAY, tmp_path / "out", affine=RAS, space="RAS", orient="as-is", **QUICK)
    assert about_order(receipt) == []


@pytest.mark.parametrize("form", ["nibabel", "file", "SimpleITK"])
def test_an_image_with_directions_is_stored_upright(form, image, tmp_path):
    nibabel.save(image, tmp_path / "image.nii.gz")
    own = {
        "nibabel": image,
        "file": tmp_path / "image.nii.gz",
        "SimpleITK": sitk.ReadImage(tmp_path / "image.nii.gz"),
    }
    receipt = dcs.write(own[form], tmp_path / "out", **QUICK)
    assert orientation(tmp_path / "out") == [1, 0, 0, 0, 1, 0]
    np.testing.assert_array_equal(dcs.read(tmp_path / "out").array, ARRAY[:, ::-1, ::-1])
    assert about_order(receipt) == []
    assert dcs.check(tmp_path / "out", against=own[form], validators=False) == ()


def test_a_volume_keeps_the_order_that_it_has(image, tmp_path):
    dcs.write(dcs.open_volume(image), tmp_path / "out", **QUICK)
    np.testing.assert_array_equal(dcs.read(tmp_path / "out").array, ARRAY)


@pytest.mark.parametrize(
    ("orient", "cosines", "array"),
    [
        ("as-is", [-1, 0, 0, 0, -1, 0], ARRAY),
        ("upright", [1, 0, 0, 0, 1, 0], ARRAY[:, ::-1, ::-1]),
        ("AXIAL", [1, 0, 0, 0, 1, 0], ARRAY[:, ::-1, ::-1]),
        ("coronal", [1, 0, 0, 0, 0, -1], ARRAY.transpose(1, 0, 2)[::-1, ::-1, ::-1]),
        ("sagittal", [0, 1, 0, 0, 0, -1], ARRAY.transpose(2, 0, 1)[:, ::-1, ::-1]),
    ],
)
def test_each_choice_stores_whole_axes_in_its_order(orient, cosines, array, image, tmp_path):
    for source in (image, dcs.open_volume(image)):
        dcs.write(source, tmp_path / "out", orient=orient, overwrite=True, **QUICK)
        assert orientation(tmp_path / "out") == cosines
        np.testing.assert_array_equal(dcs.read(tmp_path / "out").array, array)
        assert dcs.check(tmp_path / "out", against=image, validators=False) == ()


def test_a_plan_has_the_grid_of_the_write(image):
    assert dcs.plan(image, kind="MR", orient="coronal").grid.shape == (4, 3, 5)
    assert dcs.plan(image, kind="MR", orient="coronal").to_dict()["orientation"] == "LIP"


@pytest.mark.parametrize("orient", ["RAS", 1, ""])
def test_an_unknown_choice_is_rejected(orient, image):
    with pytest.raises(OptionError) as caught:
        dcs.plan(image, kind="MR", orient=orient)
    assert caught.value.code == "orient-unknown"


def test_content_has_one_uid_in_one_order_and_another_in_another(image):
    def series(orient):
        return dcs.plan(image, kind="MR", orient=orient, uid="content").uids.series

    assert series(None) == series("upright") == series("axial")
    assert len({series("upright"), series("as-is"), series("coronal")}) == 3


# --------------------------------------------------------------------------------- values of slices
@pytest.mark.parametrize("signs", [(1, 1, 1), (-1, 1, 1), (1, 1, -1), (-1, -1, -1)])
@pytest.mark.parametrize("orient", [None, "as-is", "axial"])
def test_values_of_slices_follow_their_slices(signs, orient, tmp_path):
    image = nibabel.Nifti1Image(ARRAY.T, np.diag([*signs, 1.0]))
    dcs.write(
        image,
        tmp_path / "out",
        per_volume={"KVP": [100, 110, 120]},
        orient=orient,
        kind="CT",
        sync=False,
    )
    datasets = [pydicom.dcmread(path) for path in (tmp_path / "out").glob("*.dcm")]
    assert len(datasets) == 3
    for dataset in datasets:
        index = int(dataset.pixel_array.min()) // 20
        assert 100 + 10 * index == dataset.KVP


def test_values_of_slices_are_rejected_where_these_become_rows(image):
    with pytest.raises(OptionError) as caught:
        dcs.plan(image, kind="CT", orient="coronal", per_volume={"KVP": [100, 110, 120]})
    assert caught.value.code == "slices-turned"


# --------------------------------------------------------------------------------------- equal axes
@pytest.mark.parametrize(
    ("shape", "options", "is_named"),
    [
        ((4, 4, 4), {}, True),
        ((4, 4, 5), {}, True),
        ((4, 5, 4), {}, True),
        ((3, 4, 4), {}, False),
        ((1, 1, 1), {}, False),
        ((4, 4, 4), {"axes": "zyx"}, False),
        ((4, 4, 4), {"axes": "xyz"}, False),
    ],
)
def test_axes_of_equal_length_are_named(shape, options, is_named, tmp_path):
    array = np.arange(np.prod(shape), dtype="uint16").reshape(shape)
    plan = dcs.plan(array, kind="MR", spacing=(1, 1, 2), **options)
    assert any("Axes of equal length" in one for one in plan.advice) == is_named
    dcs.write(array, tmp_path / "source", spacing=(1, 1, 2), **options, **QUICK)
    plan = dcs.plan(array, like=tmp_path / "source", **options)
    assert any("Axes of equal length" in one for one in plan.advice) == is_named


def test_an_image_that_names_its_axes_leaves_nothing_open():
    image = nibabel.Nifti1Image(np.zeros((4, 4, 4), "int16"), np.eye(4))
    assert not any("equal length" in one for one in dcs.plan(image, kind="MR").advice)


@pytest.mark.parametrize("orient", [None, "as-is", "coronal"])
def test_a_report_compares_voxels_at_the_same_place(orient, image, tmp_path):
    dcs.write(image, tmp_path / "out", orient=orient, **QUICK)
    errors = report._errors(dcs.open_volume(image), dcs.read(tmp_path / "out"), None)
    assert (errors.low, errors.high) == (0, 0)


def test_slabs_of_a_turned_file_are_opened_again_with_the_turn(image, tmp_path):
    nibabel.save(image, tmp_path / "image.nii.gz")
    for turn in (
        Turn(flips=(True, False, True)),
        Turn(order=(2, 0, 1), flips=(False, True, False)),
    ):
        volume = turned(dcs.open_volume(tmp_path / "image.nii.gz"), turn)
        again = pickle.loads(pickle.dumps(volume.slabs))  # noqa: S301 - made here
        np.testing.assert_array_equal(again.read(0, 9), volume.array)


# -------------------------------------------------------------------------------------- side labels
def test_pictures_name_the_sides_of_the_patient(tmp_path):
    volume = dcs.open_volume(ARRAY, affine=RAS, space="RAS")
    across, along_rows, along_columns = volume.look().planes
    assert across.letters == ("L", "R", "P", "A")
    assert along_rows.letters == ("L", "R", "S", "I")
    assert along_columns.letters == ("P", "A", "S", "I")
    html = volume._repr_html_()
    assert html.count(">P</b>") == 2
    assert "RAS: columns L→R, rows P→A, slices I→S" in html
    receipt = dcs.write(ARRAY, tmp_path / "out", affine=RAS, space="RAS", **QUICK)
    assert "RAS: columns L→R, rows P→A, slices I→S" in receipt._repr_html_()
    assert receipt.to_html(look=volume.look()).count(">P</b>") == 2
    assert receipt.to_dict()["orientation"] == "RAS"


def test_pictures_without_a_place_have_no_side_labels(tmp_path):
    receipt = dcs.write(ARRAY.astype("uint8"), tmp_path / "out", kind="SC", sync=False)
    assert not receipt.grid.statement.has_place
    with pytest.warns(dcs.DicomSeriesWarning):
        seen = dcs.read(tmp_path / "out").look()
    assert [plane.letters for plane in seen.planes] == [()] * 3
    for text in (str(receipt), receipt._repr_html_(), receipt.to_html(look=seen)):
        assert "→" not in text
        assert "orientation" not in text.replace("ImageOrientation", "")
