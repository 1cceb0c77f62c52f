"""The plan's window, date and advice for extreme numbers."""

from __future__ import annotations

import datetime as dt
import sys

import numpy as np
import pytest

import dicomseries as dcs
from dicomseries.errors import KindError
from dicomseries.geometry import Grid
from dicomseries.iod import find_kind
from dicomseries.plan import check_frame


def planned_values(array, **options):
    plan = dcs.plan(array, **{"kind": "CT", "spacing": (1, 2, 3), **options})
    return {own.keyword: own.values[0] for own in plan.shared if own.values} | {
        "advice": " ".join(plan.advice)
    }


@pytest.mark.parametrize("low", [-sys.float_info.max, 0.0, 1e308, sys.float_info.max])
def test_the_window_of_the_largest_numbers_can_be_printed(low):
    array = np.full((3, 4, 5), low)
    array[:, 0, 0] = sys.float_info.max
    attributes = planned_values(array)
    assert np.isfinite(float(attributes["WindowCenter"]))
    assert 0 < float(attributes["WindowWidth"]) < np.inf


@pytest.mark.parametrize("dtype", ["int16", "float64"])
def test_slices_of_one_value_each_share_a_window_over_all_of_them(dtype):
    array = np.repeat(np.arange(6, dtype=dtype) * 100, 20).reshape(6, 4, 5)
    attributes = planned_values(array)
    centre, width = float(attributes["WindowCenter"]), float(attributes["WindowWidth"])
    assert centre - width / 2 <= 0
    assert centre + width / 2 >= 500


def test_the_window_of_whole_numbers_shows_each_of_them():
    array = np.arange(-3, 57, dtype="int16").reshape(3, 4, 5)
    attributes = planned_values(array)
    # PS3.3 C.11.2.1.2.1: black up to c - 0.5 - (w - 1) / 2, white above c - 0.5 + (w - 1) / 2
    centre, width = float(attributes["WindowCenter"]), float(attributes["WindowWidth"])
    assert (centre - 0.5 - (width - 1) / 2, centre - 0.5 + (width - 1) / 2) == (-3.0, 56.0)


@pytest.mark.parametrize(
    ("low", "high"), [(-10, 10), (0, 1), (-2e-6, 3e-6), (-1e5, 1e5), (7.5, 7.5), (1e9, 1e9 + 1e-3)]
)
def test_the_window_of_floats_shows_all_of_them_without_naming_a_function(low, high):
    # With VOILUTFunction, Cornerstone3D and OHIF draw nothing (tests/interop/test_viewers.py).
    attributes = planned_values(np.linspace(low, high, 60).reshape(3, 4, 5))
    assert "VOILUTFunction" not in attributes
    assert "VOILUTFunction" not in attributes["advice"]
    centre, width = float(attributes["WindowCenter"]), float(attributes["WindowWidth"])
    ends = (centre - 0.5 - (width - 1) / 2, centre - 0.5 + (width - 1) / 2)
    margin = 0.5 * (low == high)
    assert ends == pytest.approx((low - margin, high + margin), abs=2e-3 * ((high - low) or 1))


def test_a_window_that_needs_its_function_named_brings_advice():
    attributes = planned_values(
        1 + np.linspace(0, 1.2345678e-12, 60).reshape(3, 4, 5), values=dcs.Rescale()
    )
    assert attributes["VOILUTFunction"] == "LINEAR_EXACT"
    assert "OHIF" in attributes["advice"]
    users = {"WindowCenter": 40, "WindowWidth": 400, "VOILUTFunction": "SIGMOID"}
    assert (
        "OHIF"
        in planned_values(np.arange(60, dtype="int16").reshape(3, 4, 5), metadata=users)["advice"]
    )


ENHANCED = {"kind": "EnhancedMR", "metadata": {"ApplicableSafetyStandardAgency": "IEC"}}
OVER_TIME = np.zeros((3, 2, 4, 5), "uint16") + np.arange(5, dtype="uint16")


@pytest.mark.parametrize(
    ("words", "array", "options"),
    [
        ("stack of slices", OVER_TIME, {**ENHANCED, "axes": "tzyx"}),
        (
            "",
            OVER_TIME,
            {**ENHANCED, "axes": "tzyx", "per_volume": {"DiffusionBValue": [0, 700, 1400]}},
        ),
        ("", OVER_TIME[0], ENHANCED),
        ("does not show", OVER_TIME[0].astype("float32"), {"kind": "ParametricMap"}),
        ("does not show", OVER_TIME[0].astype("uint8"), {"kind": "Segmentation"}),
        ("odd number", np.arange(105, dtype="uint8").reshape(3, 5, 7), {"kind": "MultiframeSC"}),
        (
            "",
            np.arange(105, dtype="uint8").reshape(3, 5, 7),
            {"kind": "MultiframeSC", "compression": dcs.Rle()},
        ),
        ("", np.arange(210, dtype="uint8").reshape(3, 10, 7), {"kind": "MultiframeSC"}),
        ("", np.arange(105, dtype="uint8").reshape(3, 5, 7), {"kind": "SC"}),
    ],
)
def test_advice_names_what_web_viewers_do_not_show(words, array, options):
    # The table of readers in docs/reference/kinds.md has the same, measured.
    advice = " ".join(dcs.plan(array, spacing=(1, 2, 3), **options).advice)
    assert words in advice
    assert bool(words) == ("OHIF" in advice)


def test_a_date_of_long_ago_has_eight_digits():
    now = dt.datetime(5, 1, 2, 3, 4, 5)  # noqa: DTZ001
    assert planned_values(np.zeros((1, 2, 2)), now=now)["StudyDate"] == "00050102"


@pytest.mark.parametrize(
    ("shape", "words"),
    [((3, 1, 5), "SimpleITK"), ((3, 4, 1), "dcm2niix"), ((1, 1, 1), "dcm2niix"), ((1, 4, 5), "")],
)
def test_slices_that_are_lines_bring_advice_about_the_readers_that_fail(shape, words):
    advice = planned_values(np.zeros(shape, "int16"), metadata={"RescaleType": "HU"})["advice"]
    assert words in advice
    assert ("single row" in advice) == bool(words)


def test_an_outlier_in_one_slice_does_not_blacken_the_others():
    array = np.tile(np.arange(20, dtype="int16").reshape(4, 5), (5, 1, 1))
    array[3, 2, 1] = 30000
    attributes = planned_values(array)
    assert float(attributes["WindowWidth"]) < 200


def test_more_slices_than_a_kind_can_count_are_rejected():
    grid = Grid(shape=(65536, 2, 2), spacing_mm=(1, 1, 1))
    check_frame(find_kind("CT"), grid, 1)
    with pytest.raises(KindError) as refusal:
        check_frame(find_kind("PT"), grid, 1)
    assert refusal.value.code == "too-many-slices"
