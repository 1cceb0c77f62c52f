"""DS texts: at most 16 characters, the shortest of the most exact."""

from __future__ import annotations

import math
import re

import pytest

from dicomseries.standard.attributes.decimal_string import MAX_DS_CHARS, format_ds

# PS3.5 table 6.2-1: a fixed point number, or a floating point one with E or e
LEGAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (1.0, "1"),
        (-1000.0, "-1000"),
        (2.5, "2.5"),
        (0.001, "0.001"),
        (-0.5, "-0.5"),
        (100000.0, "100000"),
        (1e15, "1000000000000000"),
        (1e22, "1e22"),
        (5e-324, "5e-324"),
        (1e-5, "1e-5"),
        (2 / 3, "0.66666666666667"),
        (-2 / 3, "-0.6666666666667"),
        (-1023.9876543212345, "-1023.9876543212"),
        (math.pi, "3.14159265358979"),
    ],
)
def test_a_number_has_its_text(value, text):
    assert format_ds(value) == text


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_numbers_without_a_ds_text_are_rejected(value):
    with pytest.raises(ValueError, match="finite"):
        format_ds(value)


@pytest.mark.parametrize(
    "value", [123456789012345.0, -123456789012345.0, 9.999999999999999e22, 1.7976931348623157e308]
)
def test_large_numbers_fit_in_16_characters(value):
    text = format_ds(value)
    assert len(text) <= MAX_DS_CHARS
    assert LEGAL.fullmatch(text)
    assert float(text) == pytest.approx(value, rel=5e-9)


def test_rounding_up_to_a_power_of_ten_keeps_the_length():
    assert format_ds(0.99999999999999999999) == "1"
    assert format_ds(9.9999999999999996) == "10"
    assert len(format_ds(-0.099999999999999992)) <= MAX_DS_CHARS


def test_the_largest_number_does_not_become_infinite():
    assert math.isfinite(float(format_ds(1.7976931348623157e308)))
    assert math.isfinite(float(format_ds(-1.7976931348623157e308)))
