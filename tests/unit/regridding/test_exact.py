"""Results whose voxels are voxels of the source come back as copies, at their place."""

from __future__ import annotations

import itertools
import pickle

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file

import dicomseries as dcs
from dicomseries.errors import DicomSeriesWarning, GeometryError, OptionError
from judges.known import OBLIQUE

SHAPE = (6, 8, 10)
PAD = {"PixelPaddingValue": -2000}


def moved(array, affine, order, flips):
    """Return the array with other axes (of slices, rows, columns), and its affine."""
    turned = np.transpose(array, order)
    matrix = affine[:, [2 - axis for axis in order[::-1]] + [3]].copy()
    for axis, is_flipped in enumerate(flips):
        if is_flipped:
            column = 2 - axis
            matrix[:, 3] += matrix[:, column] * (turned.shape[axis] - 1)
            matrix[:, column] *= -1
            turned = np.flip(turned, axis)
    return np.ascontiguousarray(turned), matrix


def part_of(array, affine, first, last):
    part = array[tuple(slice(a, b) for a, b in zip(first, last, strict=True))]
    matrix = affine.copy()
    matrix[:3, 3] = (affine @ (*first[::-1], 1))[:3]
    return part, matrix


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
@pytest.mark.parametrize("flips", [(0, 0, 0), (1, 0, 1), (0, 1, 0)])
def test_a_part_with_turned_axes_is_put_in_its_place(source, write, order, flips):
    values = np.arange(np.prod(SHAPE), dtype="int16").reshape(SHAPE) + 5
    part, affine = part_of(values, OBLIQUE, (1, 2, 3), (5, 7, 9))
    path = write(*moved(part, affine, order, flips))
    volume = dcs.read(path, onto=source, fill=-7)
    expected = np.full(SHAPE, -7)
    expected[1:5, 2:7, 3:9] = part
    assert volume.grid == dcs.read(source).grid
    np.testing.assert_array_equal(volume.array, expected)
    lazy = dcs.read(path, onto=source, fill=-7, lazy=True)
    np.testing.assert_array_equal(lazy[2:4], expected[2:4])
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(lazy.slabs)).read(0, 6), expected)  # noqa: S301
    np.testing.assert_array_equal(lazy.to_dask(chunks=2).compute(), expected)
    few = dcs.read(path, onto=source, fill=-7, slices=range(1, 6, 2))
    np.testing.assert_array_equal(few.array, expected[1:6:2])
    assert few.grid.position(1) == pytest.approx(volume.grid.position(3))


def test_the_same_grid_is_read_as_it_is(source, write):
    values = np.arange(np.prod(SHAPE), dtype="int16").reshape(SHAPE)
    path = write(values)
    np.testing.assert_array_equal(dcs.read(path, onto=source).array, values)


def test_voxels_outside_of_the_source_are_left_out_and_this_is_told(source, write):
    affine = OBLIQUE.copy()
    affine[:3, 3] = (OBLIQUE @ (-2, 3, -1, 1))[:3]
    values = np.arange(1, 1 + np.prod(SHAPE), dtype="uint16").reshape(SHAPE)
    path = write(values, affine)
    with pytest.warns(DicomSeriesWarning, match="8x5x5 of 10x8x6 voxels"):
        volume = dcs.read(path, onto=source, fill=0)
    expected = np.zeros(SHAPE, int)
    expected[:5, 3:, :8] = values[1:, :5, 2:]
    np.testing.assert_array_equal(volume.array, expected)
    assert "left out" in volume.notes[0]


@pytest.mark.parametrize("lazy", [False, True])
@pytest.mark.parametrize("segmentation_type", ["binary", "labelmap"])
def test_labels_have_the_background_in_slices_that_the_segmentation_lacks(
    source, write, segmentation_type, lazy
):
    labels = np.zeros(SHAPE, "uint8")
    labels[2, 3, 4:6], labels[3, 1] = 1, 2
    part, affine = part_of(labels, OBLIQUE, (2, 0, 0), (4, 8, 10))
    path = write(part, affine, "Segmentation", segmentation_type=segmentation_type)
    volume = dcs.read(path, onto=source, lazy=lazy)
    assert (volume.dtype, volume.voxels) == (np.uint8, "labels")
    np.testing.assert_array_equal(volume[...], labels)
    np.testing.assert_array_equal(volume.segment(2)[...], labels == 2)


def test_a_map_has_nan_where_it_says_nothing(source, write):
    values = np.linspace(0, 1, 2 * 8 * 10, dtype="float32").reshape(2, 8, 10)
    _, affine = part_of(np.zeros(SHAPE), OBLIQUE, (3, 0, 0), (5, 8, 10))
    path = write(values, affine, "ParametricMap", units="1")
    volume = dcs.read(path, onto=source)
    assert np.isnan(volume.array[[0, 1, 2, 5]]).all()
    np.testing.assert_array_equal(volume.array[3:5], values)
    assert (dcs.read(path, onto=source, fill=0).array[0] == 0).all()


def test_whole_numbers_need_a_value_for_what_is_missing(source, write):
    part, affine = part_of(np.ones(SHAPE, "int16"), OBLIQUE, (1, 0, 0), (5, 8, 10))
    path = write(part, affine)
    with pytest.raises(OptionError, match="PixelPaddingValue") as caught:
        dcs.read(path, onto=source)
    assert caught.value.code == "fill-missing"
    assert dcs.read(path, onto=source, fill=np.nan).dtype == np.float32
    assert dcs.read(path, onto=source, fill=-40000).array.min() == -40000
    padded = write(part, affine, name="padded", metadata={"PixelPaddingValue": -5})
    assert dcs.read(padded, onto=source).array[0, 0, 0] == -5


def test_padding_is_rescaled_as_the_values_are(source, tmp_path):
    from judges.known import write_known_series

    path = write_known_series(
        tmp_path / "part",
        np.ones((2, 8, 10), "int16"),
        slope=2,
        intercept=-1000,
        change=lambda _, dataset: setattr(dataset, "PixelPaddingValue", -5),
    )
    assert dcs.read(path, onto=source).array[5, 0, 0] == -1010
    assert dcs.read(path, onto=source, values="stored").array[5, 0, 0] == -5


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda m: m @ np.diag([1, 1, 1.1, 1]), r"spacing \(0.9, 0.7, 2.75\) mm, not"),
        (
            lambda m: m @ [[1, 0, 0, 0.4], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]],
            r"\(0.4, 0, 0\)",
        ),
        (lambda _: np.diag([0.9, 0.7, 2.5, 1.0]), "turned by 36.9°"),
    ],
)
def test_a_grid_that_does_not_coincide_is_rejected_by_its_differences(source, write, change, text):
    affine = change(OBLIQUE)
    affine[:3, 3] += OBLIQUE[:3, 3] * (affine[:3, 3] == 0).all()
    path = write(np.ones(SHAPE, "int16"), affine)
    with pytest.raises(GeometryError, match=text) as caught:
        dcs.read(path, onto=source)
    assert (caught.value.code, "resample='linear'" in caught.value.remedy) == ("grids-differ", True)


def test_a_result_elsewhere_is_rejected(source, write):
    affine = OBLIQUE.copy()
    affine[:3, 3] = (OBLIQUE @ (0, 0, 20, 1))[:3]
    for options in ({}, {"resample": "nearest"}):
        with pytest.raises(GeometryError) as caught:
            dcs.read(write(np.ones(SHAPE, "int16"), affine), onto=source, **options)
        assert caught.value.code == "grids-apart"


def test_another_frame_of_reference_is_rejected_unless_the_user_knows_better(source, write):
    path = write(np.ones(SHAPE, "int16"), frame="2.25.77")
    with pytest.raises(GeometryError, match=r"2\.25\.77 in the series") as caught:
        dcs.read(path, onto=source)
    assert caught.value.code == "space-differs"
    with pytest.warns(DicomSeriesWarning, match="frames of reference differ"):
        volume = dcs.read(path, onto=source, same_space=True)
    assert volume.notes


def test_every_form_of_a_source_gives_the_same_array(source, write, grid, tmp_path):
    labels = np.zeros(SHAPE, "uint8")
    labels[2, 3, 4:6] = 1
    path = write(labels, kind="Segmentation")
    dcs.read(source).save(tmp_path / "ct.nii.gz")
    files = sorted(source.glob("*.dcm"))
    forms = [
        source,
        str(source),
        files,
        dcs.scan(source)[0],
        dcs.read(source, lazy=True),
        grid,
        dcs.open_volume(tmp_path / "ct.nii.gz"),
        tmp_path / "ct.nii.gz",
        [dcmread(file) for file in files],
    ]
    for form in forms:
        np.testing.assert_array_equal(dcs.read(path, onto=form).array, labels)
    few = dcs.read(path, onto=dcs.read(source, slices=slice(1, 4)))
    np.testing.assert_array_equal(few.array, labels[1:4])


def test_in_a_study_the_series_is_taken_that_the_result_refers_to(source, tmp_path):
    import shutil

    labels = np.zeros(SHAPE, "uint8")
    labels[1, 2] = 1
    shutil.copytree(source, tmp_path / "study" / "ct")
    dcs.write(labels, tmp_path / "study" / "seg", kind="Segmentation", like=source)
    dcs.write(labels, tmp_path / "study" / "other", kind="CT", like=source, description="Other")
    volume = dcs.read(tmp_path / "study" / "seg", onto=tmp_path / "study")
    np.testing.assert_array_equal(volume.array, labels)


def test_a_time_series_keeps_its_volumes_and_times(source, write):
    values = np.arange(2 * 4 * 8 * 10, dtype="int16").reshape(2, 4, 8, 10)
    _, affine = part_of(np.zeros(SHAPE), OBLIQUE, (1, 0, 0), (5, 8, 10))
    path = write(values, affine, "MR", axes="tzyx", times=(0.0, 2.5))
    for lazy in (False, True):
        volume = dcs.read(path, onto=source, fill=-1, lazy=lazy)
        assert (volume.volumes, volume.times_s) == (2, (0.0, 2.5))
        np.testing.assert_array_equal(volume[:, 1:5], values)
        assert (np.asarray(volume[:, [0, 5]] if not lazy else volume[:, 0]) == -1).all()


def test_a_dose_is_put_on_its_ct_by_its_frame_offsets():
    path = get_testdata_file("rtdose.dcm")
    dose = dcs.read(path)
    part = dcs.Grid(
        shape=(4, 5, 6),
        spacing_mm=dose.grid.spacing_mm,
        origin_lps=dose.grid.point(2, 3, 5),
        direction_lps=dose.grid.direction_lps,
    )
    volume = dcs.read(path, onto=part)
    np.testing.assert_array_equal(volume.array, dose.array[5:9, 3:8, 2:8])
    larger = dcs.Grid(
        shape=(20, 12, 13),
        spacing_mm=dose.grid.spacing_mm,
        origin_lps=dose.grid.point(-1, -2, -3),
        direction_lps=dose.grid.direction_lps,
    )
    whole = dcs.read(path, onto=larger).array
    np.testing.assert_array_equal(whole[3:18, 2:12, 1:11], dose.array)
    assert np.isnan(whole[0]).all()


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"resample": "nearest"}, "onto-missing"),
        ({"fill": 0}, "onto-missing"),
        ({"same_space": True}, "onto-missing"),
        ({"onto": 7}, "not-a-path"),
        ({"onto": "nowhere"}, "no-series"),
        ({"onto": True, "resample": "cubic"}, "resample-unknown"),
        ({"onto": True, "fill": "air"}, "fill-not-a-number"),
    ],
)
def test_wrong_options_are_rejected(source, options, code):
    if options.get("onto") is True:
        options = {**options, "onto": source}
    with pytest.raises(dcs.DicomSeriesError) as caught:
        dcs.read(source, **options)
    assert caught.value.code == code


def test_what_is_derived_from_an_array_on_another_grid_has_that_grid(source, write, tmp_path):
    labels = np.zeros(SHAPE, "uint8")
    labels[2, 3, 4:6] = 1
    part, affine = part_of(labels, OBLIQUE, (2, 0, 0), (4, 8, 10))
    volume = dcs.read(write(part, affine, "Segmentation"), onto=source)
    dcs.write(volume, tmp_path / "again", kind="Segmentation", like=source)
    np.testing.assert_array_equal(dcs.read(tmp_path / "again", onto=source).array, labels)
