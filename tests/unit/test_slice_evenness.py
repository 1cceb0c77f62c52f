"""Promises about the limit between slices of a regular grid and irregular ones."""

from __future__ import annotations

import warnings

import numpy as np
import pydicom
import pytest

import dicomseries as dcs
from dicomseries.geometry_statement import evenness_of, rounding_allowed_mm
from judges.known import OBLIQUE

AXIAL = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
STEP_MM, PIXEL_MM = 1.3, 0.8
COSINES = OBLIQUE[:3, :2].T / np.linalg.norm(OBLIQUE[:3, :2], axis=0)[:, None]
SLICES = 40


def even_positions(axes=COSINES):
    normal = np.cross(axes[0], axes[1])
    return np.array([-117.3719, 82.20417, 30.0391]) + np.outer(np.arange(SLICES), normal) * STEP_MM


def are_regular(evenness):
    return evenness.are_along and evenness.are_above_each_other


@pytest.mark.parametrize("decimals", [2, 3, 4, 6])
def test_rounded_positions_of_a_scanner_are_regular(decimals):
    evenness = evenness_of(even_positions().round(decimals), COSINES, PIXEL_MM)
    assert are_regular(evenness)
    assert evenness.step_mm == pytest.approx(STEP_MM, abs=10.0**-decimals)


def test_positions_in_float32_are_regular():
    positions = even_positions().astype("float32").astype(float)
    assert are_regular(evenness_of(positions, COSINES, PIXEL_MM))


def test_positions_of_one_decimal_are_regular_where_slices_are_far_apart():
    positions = np.outer(np.arange(9), (0, 0, 10 / 3)).round(1)
    assert are_regular(evenness_of(positions, AXIAL, PIXEL_MM))
    near = np.outer(np.arange(9), (0, 0, 0.875)).round(1)
    assert not are_regular(evenness_of(near, AXIAL, PIXEL_MM))


@pytest.mark.parametrize("decimals", [2, 3, 4, 6])
def test_rounded_cosines_do_not_make_even_slices_irregular(decimals):
    assert are_regular(evenness_of(even_positions(), COSINES.round(decimals), PIXEL_MM))


def test_exact_cosines_excuse_no_shift():
    positions = even_positions(AXIAL)
    positions[:, 0] += np.linspace(0, 0.1 * PIXEL_MM, SLICES)
    assert not are_regular(evenness_of(positions.round(4), AXIAL, PIXEL_MM))


@pytest.mark.parametrize("departure", [0.02, 0.1, 0.19])
def test_a_slice_beside_its_place_by_more_than_rounding_is_irregular(departure):
    positions = even_positions()
    positions[7] += np.cross(*COSINES) * departure
    assert not are_regular(evenness_of(positions.round(4), COSINES, PIXEL_MM))


def test_whole_millimetres_are_no_excuse_for_uneven_slices():
    positions = np.zeros((4, 3))
    positions[:, 2] = 0, 2, 4, 5
    assert not evenness_of(positions, AXIAL, PIXEL_MM).are_along
    assert rounding_allowed_mm(positions, PIXEL_MM, 2.0) == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("move_mm", "is_regular"), [(0.003, True), (0.009, False), (0.05, False), (0.4, False)]
)
def test_read_and_like_have_one_limit(tmp_path, move_mm, is_regular):
    array = np.arange(6 * 5 * 4, dtype="int16").reshape(6, 5, 4)
    dcs.write(array, tmp_path / "ct", kind="CT", spacing=(0.7, 0.7, 2.5), sync=False)
    path = sorted((tmp_path / "ct").glob("*.dcm"))[3]
    dataset = pydicom.dcmread(path)
    dataset.ImagePositionPatient[2] = f"{7.5 + move_mm:.4f}"
    dataset.save_as(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dcs.DicomSeriesWarning)
        volume = dcs.read(tmp_path / "ct")
        dcs.write(array * 2, tmp_path / "out", like=tmp_path / "ct", sync=False)
    assert volume.is_regular == is_regular
    written = [pydicom.dcmread(file) for file in sorted((tmp_path / "out").glob("*.dcm"))]
    place = float(written[3].ImagePositionPatient[2])
    assert place == pytest.approx(7.5 if is_regular else 7.5 + move_mm, abs=4e-3)
    assert ("SpacingBetweenSlices" in written[0]) == is_regular


@pytest.mark.parametrize("digits", [6, 9])
def test_rounded_positions_that_were_moved_together_are_regular(digits):
    """GE scanners round to 0.1 mm, and move the slices to the landmark in float32."""
    axes = np.array([[1.0, 0.0, 0.0], [0.0, 0.990960, 0.134158]])
    axes[1] /= np.linalg.norm(axes[1])
    rounded = np.outer(np.arange(20), np.cross(*axes) * 7.0).round(1)
    moved = rounded + np.array([-110.5, -78.3063, -72.75753])
    stated = np.array([[float(f"{value:.{digits}g}") for value in place] for place in moved])
    evenness = evenness_of(stated, axes, 0.859375)
    assert evenness.along_mm.max() > 0.01 * 0.859375
    assert are_regular(evenness)
    stated[7] += np.cross(*axes) * 0.4
    assert not are_regular(evenness_of(stated, axes, 0.859375))


def test_a_shift_of_more_than_a_tenth_of_a_pixel_is_no_rounding():
    positions = np.outer(np.arange(9), (0, 0, 3.0))
    positions[4, 0] = 0.1
    assert are_regular(evenness_of(positions, AXIAL, 1.01))
    assert not are_regular(evenness_of(positions, AXIAL, 0.99))
