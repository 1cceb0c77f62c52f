"""The grid: accepted input, error codes and positions of voxels."""

from __future__ import annotations

import dataclasses
import math
import pickle
from fractions import Fraction

import numpy as np
import pytest

from dicomseries.errors import GeometryError
from dicomseries.geometry import Grid

SHAPE = (3, 4, 5)
SPACING = (2.5, 3.5, 4.5)
COS, SIN = math.cos(0.3), math.sin(0.3)
TURNED = (COS, -SIN, 0.0, SIN, COS, 0.0, 0.0, 0.0, 1.0)


def error_of(**arguments) -> GeometryError:
    with pytest.raises(GeometryError) as caught:
        Grid(**{"shape": SHAPE, "spacing_mm": SPACING, **arguments})
    return caught.value


class TestRejections:
    @pytest.mark.parametrize("shape", [(3, 4), (3, 4, 5, 6), (0, 4, 5), (-3, 4, 5), (3, 4.5, 5)])
    def test_a_shape_that_is_not_three_sizes(self, shape):
        assert error_of(shape=shape).code == "shape-not-3d"

    @pytest.mark.parametrize("spacing", [(0, 1, 1), (1, -1, 1), (1, 1, -0.0)])
    def test_a_zero_or_negative_spacing(self, spacing):
        error = error_of(spacing_mm=spacing)
        assert error.code == "spacing-not-positive"
        assert error.where == "spacing_mm"

    @pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, None, "x"])
    @pytest.mark.parametrize(
        ("name", "count"), [("spacing_mm", 3), ("origin_lps", 3), ("direction_lps", 9)]
    )
    def test_a_number_that_is_none(self, name, count, bad):
        error = error_of(**{name: (bad,) + (1.0,) * (count - 1)})
        assert error.code == "geometry-not-finite"
        assert error.where == name

    @pytest.mark.parametrize(
        ("name", "count"), [("spacing_mm", 2), ("origin_lps", 4), ("direction_lps", 6)]
    )
    def test_too_few_or_too_many_numbers(self, name, count):
        assert error_of(**{name: (1.0,) * count}).code == "geometry-not-finite"

    @pytest.mark.parametrize(
        "direction",
        [
            (1, 2e-5, 0, 0, 1, 0, 0, 0, 1),  # shear
            (1, 0, 0.01, 0, 1, 0, 0, 0, 1),  # gantry tilt
            (2, 0, 0, 0, 1, 0, 0, 0, 1),  # not a unit vector
            (1, 1, 0, 0, 0, 0, 0, 0, 1),  # two axes alike
            (0,) * 9,
        ],
    )
    def test_directions_that_are_no_right_angled_frame(self, direction):
        assert error_of(direction_lps=direction).code == "axes-not-right-angled"

    @pytest.mark.parametrize(
        "affine",
        [
            np.eye(3),
            np.full((4, 4), np.nan),
            np.vstack([np.eye(4)[:3], [0, 0, 1, 1]]),
            "affine",
            [[1, 2], [3]],
        ],
    )
    def test_an_affine_that_is_none(self, affine):
        with pytest.raises(GeometryError) as caught:
            Grid.from_affine(SHAPE, affine, space="LPS")
        assert caught.value.code == "affine-malformed"

    def test_an_affine_with_a_column_of_zeros(self):
        with pytest.raises(GeometryError) as caught:
            Grid.from_affine(SHAPE, np.diag([1, 1, 0, 1]), space="LPS")
        assert caught.value.code == "affine-singular"

    def test_a_sheared_affine(self):
        affine = np.eye(4)
        affine[0, 1] = 0.56
        with pytest.raises(GeometryError) as caught:
            Grid.from_affine(SHAPE, affine, space="RAS")
        assert caught.value.code == "axes-not-right-angled"

    @pytest.mark.parametrize("space", ["lps", "LAS", "", None])
    def test_a_space_that_is_neither_lps_nor_ras(self, space):
        with pytest.raises(GeometryError) as caught:
            Grid.from_affine(SHAPE, np.eye(4), space=space)
        assert caught.value.code == "space-unknown"

    def test_positions_that_16_characters_cannot_tell_apart(self):
        grid = Grid(
            shape=SHAPE, spacing_mm=(1e-6, 1e-6, 1e-6), origin_lps=(-123456.789012345678, 0, 0)
        )
        with pytest.raises(GeometryError) as caught:
            grid.check_printed()
        assert caught.value.code == "position-not-printable"


class TestTolerance:
    def test_the_float32_noise_of_an_affine_is_snapped_to_right_angles(self):
        noisy = np.reshape(TURNED, (3, 3)).astype(np.float32).astype(np.float64)
        noisy[0, 1] += 2e-6
        matrix = np.reshape(
            Grid(shape=SHAPE, spacing_mm=SPACING, direction_lps=tuple(noisy.ravel())).axes, (3, 3)
        )
        assert np.abs(matrix @ matrix.T - np.eye(3)).max() < 1e-15
        assert np.abs(matrix.T.ravel() - TURNED).max() < 3e-6

    def test_an_exact_frame_is_left_alone_to_the_bit(self):
        assert Grid(shape=SHAPE, spacing_mm=SPACING, direction_lps=TURNED).direction_lps == TURNED

    def test_a_reader_may_tolerate_more_than_a_writer(self):
        rounded = (0.9553, -0.2955, 0, 0.2955, 0.9553, 0, 0, 0, 1)
        with pytest.raises(GeometryError):
            Grid.from_spacing(SHAPE, SPACING, direction=rounded)
        assert Grid.from_spacing(SHAPE, SPACING, direction=rounded, tolerance=1e-3).axes[0][
            0
        ] == pytest.approx(COS, abs=1e-4)


class TestPlaces:
    def test_spacing_is_in_itks_order_and_the_shape_in_numpys(self):
        grid = Grid(shape=SHAPE, spacing_mm=SPACING, origin_lps=(10, 20, 30))
        assert grid.point(1, 0, 0) == (12.5, 20, 30)
        assert grid.point(0, 1, 0) == (10, 23.5, 30)
        assert grid.point(0, 0, 1) == (10, 20, 34.5)
        assert grid.corners()[-1] == (10 + 4 * 2.5, 20 + 3 * 3.5, 30 + 2 * 4.5)
        assert [grid.position(index) for index in range(3)] == [
            (10, 20, 30),
            (10, 20, 34.5),
            (10, 20, 39),
        ]

    def test_the_columns_of_direction_are_the_axes(self):
        grid = Grid(shape=SHAPE, spacing_mm=SPACING, direction_lps=TURNED)
        assert grid.axes[0] == (COS, SIN, 0)
        assert grid.orientation == (COS, SIN, 0, -SIN, COS, 0)

    def test_six_cosines_are_image_orientation_patient(self):
        grid = Grid.from_spacing(SHAPE, SPACING, direction=(0, 1, 0, 0, 0, -1))
        assert grid.axes == ((0, 1, 0), (0, 0, -1), (-1, 0, 0))
        assert grid.is_right_handed

    def test_ras_and_lps_differ_in_the_sign_of_the_first_two_axes(self):
        ras = np.array([[-2, 0, 0, 9], [0, 2, 0, 8], [0, 0, 3, 7], [0, 0, 0, 1]])
        grid = Grid.from_affine(SHAPE, ras, space="RAS")
        assert grid.origin_lps == (-9, -8, 7)
        assert grid.axes == ((1, 0, 0), (0, -1, 0), (0, 0, 1))
        assert np.array_equal(grid.affine("RAS"), ras)
        assert np.array_equal(grid.affine("LPS"), np.diag([-1, -1, 1, 1]) @ ras)

    def test_the_last_row_of_an_affine_may_be_left_out(self):
        affine = np.diag([2.0, 3.0, 4.0, 1.0])
        assert Grid.from_affine(SHAPE, affine[:3], space="LPS") == Grid.from_affine(
            SHAPE, affine, space="LPS"
        )

    def test_a_left_handed_grid_is_turned_so_that_slices_follow_the_normal(self):
        left = Grid(shape=SHAPE, spacing_mm=SPACING, direction_lps=(1, 0, 0, 0, 1, 0, 0, 0, -1))
        turned, reverse = left.along_normal()
        assert reverse
        assert turned.origin_lps == (0, 0, -9)
        assert turned.axes[2] == (0, 0, 1)
        assert turned.along_normal() == (turned, False)

    def test_no_negative_zero_reaches_a_file(self):
        flipped = Grid(shape=SHAPE, spacing_mm=SPACING).flipped("x")
        assert not any(math.copysign(1, value) < 0 for value in flipped.direction_lps if value == 0)
        assert flipped.orientation_texts() == ("-1", "0", "0", "0", "1", "0")

    def test_a_single_slice_keeps_its_spacing(self):
        assert Grid(shape=(1, 4, 5), spacing_mm=SPACING).spacing_mm[2] == 4.5


class TestRecord:
    def test_a_grid_is_a_value(self):
        grid = Grid(shape=SHAPE, spacing_mm=SPACING)
        assert grid == Grid(shape=np.array(SHAPE), spacing_mm=np.array(SPACING))
        assert hash(grid) == hash(pickle.loads(pickle.dumps(grid)))  # noqa: S301
        with pytest.raises(dataclasses.FrozenInstanceError):
            grid.shape = (1, 1, 1)

    def test_its_numbers_are_pythons_own(self):
        grid = Grid.from_affine(np.array(SHAPE), np.eye(4, dtype=np.float32), space="LPS")
        numbers = (*grid.shape, *grid.spacing_mm, *grid.origin_lps, *grid.direction_lps)
        assert {type(number) for number in numbers} == {int, float}


def test_the_length_of_a_column_is_the_nearest_float_with_every_c_library():
    columns = np.random.default_rng(3).uniform(-1, 1, (200, 3))
    for column in columns:
        exact = sum(Fraction(part) ** 2 for part in column.tolist())
        length = Grid.from_affine(
            (1, 1, 1), np.column_stack([_frame_along(column), [0, 0, 0]]), space="LPS"
        ).spacing_mm[0]
        halfway_below = (Fraction(length) + Fraction(math.nextafter(length, 0))) / 2
        halfway_above = (Fraction(length) + Fraction(math.nextafter(length, 9))) / 2
        assert halfway_below**2 <= exact <= halfway_above**2


def _frame_along(column):
    second = np.cross(column, [0.3, 0.5, 0.8])
    return np.column_stack([column, second, np.cross(column, second)])


@pytest.mark.parametrize("size", [1e-200, 1e200])
def test_an_affine_of_very_small_or_large_voxels_keeps_its_spacing(size):
    grid = Grid.from_affine((1, 2, 3), np.diag([size, 2 * size, 3 * size, 1]), space="LPS")
    assert grid.spacing_mm == pytest.approx((size, 2 * size, 3 * size), rel=1e-15)


def test_positions_beyond_float64_are_rejected():
    with pytest.raises(GeometryError) as error_of:
        Grid(shape=(3, 4, 5), spacing_mm=(1e308, 1e308, 1e308)).check_printed()
    assert error_of.value.code == "position-not-printable"


@pytest.mark.parametrize(("spacing", "is_even"), [(0.01, True), (1e-4, False)])
def test_positions_may_be_uneven_by_a_millionth_of_the_spacing_once_printed(spacing, is_even):
    grid = Grid(shape=(9, 4, 5), spacing_mm=(1, 1, spacing), origin_lps=(0, 0, 1234567.123456789))
    if is_even:
        grid.check_printed()
    else:
        with pytest.raises(GeometryError, match="once printed"):
            grid.check_printed()
