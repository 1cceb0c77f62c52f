"""DS texts of any number: legal, short, and no text of 16 characters is nearer than a known formatter's."""

from __future__ import annotations

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydicom.valuerep import DS, format_number_as_ds

from dicomseries.standard.decimal_string import format_ds

finite = st.floats(allow_nan=False, allow_infinity=False)


def as_gdcm_would(value: float) -> str:
    """Return the best text of `%.Nf` and `%.Ne` over all N, without the zero before a point."""
    fixed = [f"{value:.{digits}f}".replace("-0.", "-.").removeprefix("0") for digits in range(1, 18)]
    floating = [f"{value:.{digits}e}" for digits in range(18)]
    fitting = [text for text in fixed + floating if len(text) <= 16]
    return min(fitting, key=lambda text: abs(float(text) - value))


def error(text: str, value: float) -> float:
    return abs(float(text) - value)


@given(finite)
@example(1.7976931348623157e308)
@example(-2.2250738585072014e-308)
def test_a_text_fits_and_pydicom_accepts_it(value):
    text = format_ds(value)
    assert 1 <= len(text) <= 16
    DS(text, auto_format=False, validation_mode=2)  # 2: raise


@given(st.floats(-1e16, 1e16) | finite)
@example(-1.2345678901234567e-5)
@example(0.0001234567890123456)
@example(-123456789.123456789)
def test_no_worse_than_pydicom_or_gdcm(value):
    ours = error(format_ds(value), value)
    assert ours <= error(format_number_as_ds(value), value)
    assert ours <= error(as_gdcm_would(value), value)


@given(st.floats(-1, 1))
def test_cosines_are_printed_within_5e_14(cosine):
    assert error(format_ds(cosine), cosine) <= 5e-14


@given(st.floats(-1000, 1000))
def test_positions_within_a_metre_are_printed_within_5e_12_mm(position):
    assert error(format_ds(position), position) <= 5e-12


@given(st.floats(1e-6, 1e6) | st.floats(-1e6, -1e-6))
def test_the_relative_error_is_at_most_5e_11(value):
    assert error(format_ds(value), value) <= 5e-11 * abs(value)


@given(st.integers(-(10**14), 10**14))
def test_whole_numbers_are_exact(value):
    assert float(format_ds(value)) == value


@given(finite)
def test_printing_again_what_was_parsed_changes_nothing(value):
    once = float(format_ds(value))
    if math.isfinite(once):
        assert float(format_ds(once)) == once


@given(finite)
def test_a_shorter_exact_text_is_preferred(value):
    if len(repr(value)) <= 16:
        assert float(format_ds(value)) == value
        assert len(format_ds(value)) <= len(repr(value))


@given(st.floats(1e-300, 1e300))
def test_the_sign_costs_a_character_and_nothing_else(value):
    assert format_ds(-value).startswith("-")
    assert error(format_ds(-value), -value) >= 0
    assert float(format_ds(-value)) == pytest.approx(-value, rel=5e-9)
