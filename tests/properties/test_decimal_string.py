"""DS texts of numbers are legal, short, the nearest, and survive a copy through a float."""

from __future__ import annotations

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydicom.valuerep import DS, format_number_as_ds

from dicomseries.standard.attributes.decimal_string import format_ds

finite = st.floats(allow_nan=False, allow_infinity=False)


def nearest_that_survives(value: float) -> str | None:
    """Return the nearest rounding of `value` with a `repr` of at most 16 characters."""
    roundings = [f"{value:.{digits}e}" for digits in range(18)]
    roundings += [f"{value:.{digits}f}" for digits in range(18) if abs(value) < 1e16]
    fitting = [text for text in roundings if survives(text)]
    return min(fitting, key=lambda text: abs(float(text) - value), default=None)


def survives(text: str) -> bool:
    """Return whether the number takes 16 characters or fewer after a copy through a float."""
    return math.isfinite(float(text)) and len(repr(float(text))) <= 16


def can_survive(value: float) -> bool:
    """Return whether any text does: `repr` prints all digits and ".0" below 1e16."""
    return not (1e13 if value < 0 else 1e14) - 0.05 <= abs(value) < 1e16


def error(text: str, value: float) -> float:
    return abs(float(text) - value)


@given(finite)
@example(1.7976931348623157e308)
@example(-2.2250738585072014e-308)
def test_a_text_fits_and_pydicom_accepts_it(value):
    text = format_ds(value)
    assert 1 <= len(text) <= 16
    DS(text, auto_format=False, validation_mode=2)  # 2: raise


any_size = st.builds(
    lambda mantissa, exponent: mantissa * 10.0**exponent, st.floats(-10, 10), st.integers(-300, 300)
)


@given(finite | any_size | st.floats(-1e17, 1e17) | st.floats(-2, 2) | st.floats(-1e-3, 1e-3))
@example(0.936293363584199)
@example(-0.936293363584199)
@example(-1.2345678901234567e-5)
@example(0.0001234567890123456)
@example(-0.00099999999999999999)
@example(99999999999999.97)
@example(-9999999999999.97)
@example(1.7976931348623157e308)
@example(-2.2250738585072014e-308)
def test_a_copy_through_a_float_is_a_legal_ds(value):
    text = format_ds(value)
    if can_survive(value):
        assert survives(text)
        assert float(repr(float(text))) == float(text)
    else:
        assert len(text) <= 16


@given(finite | any_size)
def test_a_fraction_has_its_leading_zero(value):
    assert not format_ds(value).lstrip("-").startswith(".")


@given(st.floats(-1e16, 1e16) | finite | any_size)
@example(-1.2345678901234567e-5)
@example(0.0001234567890123456)
@example(-123456789.123456789)
@example(9612345678901234.0)
def test_no_text_that_survives_is_nearer(value):
    nearest = nearest_that_survives(value)
    if nearest is not None:
        assert error(format_ds(value), value) <= error(nearest, value)
    if survives(format_number_as_ds(value)):
        assert error(format_ds(value), value) <= error(format_number_as_ds(value), value)


@given(st.floats(1e13, 1e16) | st.floats(-1e16, -1e13))
def test_integer_parts_of_14_to_16_digits_are_as_exact_as_16_characters_allow(value):
    assert error(format_ds(value), value) <= (0.5 if abs(value) < 1e15 else 5e-11 * abs(value))


@given(st.floats(-1, 1))
def test_cosines_are_printed_within_5e_14(cosine):
    assert error(format_ds(cosine), cosine) <= 5e-14


@given(st.floats(-1000, 1000))
def test_positions_within_a_metre_are_printed_within_5e_12_mm(position):
    assert error(format_ds(position), position) <= 5e-12


@given(st.floats(1e-6, 1e6) | st.floats(-1e6, -1e-6))
def test_the_relative_error_is_at_most_5e_10(value):
    assert error(format_ds(value), value) <= 5e-10 * abs(value)


@given(st.integers(-(10**14), 10**14))
def test_integers_are_exact(value):
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
