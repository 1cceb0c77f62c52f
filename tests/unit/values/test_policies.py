"""Policies are checked before a voxel is read."""

from __future__ import annotations

import pickle
import re

import numpy as np
import pytest

from dicomseries.errors import OptionError, ValuesError
from dicomseries.values import (
    Digits,
    Exact,
    Lossless,
    PixelRules,
    Rescale,
    check_request,
    parse_policy,
)

WRONG_PARTS = [
    "exact,per-slice",
    "digits=3,per-slice",
    "rescale,",
    "rescale,slices",
    "auto,per-slice",
    ",per-slice",
]


@pytest.mark.parametrize(
    ("text", "policy"),
    [
        ("auto", None),
        (" Exact ", Exact()),
        ("rescale", Rescale()),
        ("max-error=1e-2", Rescale(max_error=0.01)),
        ("digits=-2", Digits(-2)),
        ("Lossless", Lossless()),
        ("rescale,per-slice", Rescale(per_slice=True)),
        (" Max-Error=0.01 , Per-Slice ", Rescale(max_error=0.01, per_slice=True)),
        (Lossless(), Lossless()),
        (Digits(3), Digits(3)),
        (None, None),
    ],
)
def test_every_form_of_the_command_line_is_understood(text, policy):
    assert parse_policy(text) == policy


@pytest.mark.parametrize(
    "text",
    ["", "lossy", "digits", "digits=1.5", "max-error=", "max-error=much", "exact=1", *WRONG_PARTS],
)
def test_an_unknown_policy_is_rejected_with_the_list(text):
    with pytest.raises(OptionError) as caught:
        parse_policy(text)
    assert caught.value.code == "values-not-known"
    assert "digits=N" in caught.value.expected


@pytest.mark.parametrize("bound", [0, -1.0, float("nan"), float("inf"), "0.1"])
def test_a_bound_that_is_no_length_is_rejected(bound):
    with pytest.raises(OptionError):
        Rescale(max_error=bound)


@pytest.mark.parametrize("digits", [16, -301, 2.0, True, "3"])
def test_digits_are_a_number_of_decimal_digits(digits):
    with pytest.raises(OptionError):
        Digits(digits)


POLICIES = [
    Exact(),
    Lossless(),
    Rescale(),
    Rescale(max_error=0.5),
    Rescale(per_slice=True),
    Rescale(max_error=0.5, per_slice=True),
    Digits(3),
]


@pytest.mark.parametrize("policy", POLICIES)
def test_a_policy_prints_as_it_is_written_and_can_be_sent_to_a_worker(policy):
    names = {kind.__name__: kind for kind in map(type, POLICIES)}
    assert eval(repr(policy), names) == policy  # noqa: S307
    assert pickle.loads(pickle.dumps(policy)) == policy  # noqa: S301


@pytest.mark.parametrize("dtype", ["complex64", "object", "U3", "longdouble", "datetime64[s]"])
def test_arrays_without_numbers_of_64_bits_are_rejected(dtype):
    with pytest.raises(ValuesError) as caught:
        check_request(None, np.dtype(dtype))
    assert caught.value.code == "dtype-not-supported"


@pytest.mark.parametrize(
    "clip", [(1, 1), (2, 1), (0, float("inf")), (float("nan"), 1), (1,), 5, "ab"]
)
def test_a_clip_that_is_no_range_is_rejected(clip):
    with pytest.raises(OptionError) as caught:
        check_request(None, "float32", clip=clip)
    assert caught.value.code == "clip-not-valid"


@pytest.mark.parametrize("nan", [float("nan"), float("-inf"), "0"])
def test_nan_is_replaced_by_a_number_only(nan):
    with pytest.raises(OptionError):
        check_request(None, "float32", nan=nan)


@pytest.mark.parametrize(
    ("dtype", "policy"), [("int16", None), ("float32", None), ("uint8", Rescale()), ("bool", None)]
)
def test_colour_is_stored_as_it_is_or_not_at_all(dtype, policy):
    with pytest.raises(ValuesError) as caught:
        check_request(policy, dtype, samples=3)
    assert caught.value.code == "colour-not-storable"


@pytest.mark.parametrize("dtype", ["uint32", "uint64", "float32", "int16"])
def test_the_message_of_a_colour_has_a_line_that_makes_it_storable(dtype):
    with pytest.raises(ValuesError) as caught:
        check_request(None, dtype, samples=3)
    line = re.search(r"array = (.*?\.astype\('\w+'\))", caught.value.remedy)[1]
    highest = 1 if dtype == "float32" else min(np.iinfo(dtype).max, 2**64 - 1)
    full = highest if dtype != "int16" else 255
    colours = eval(line, {"array": np.array([0, full], dtype)})  # noqa: S307 - our own message
    assert colours.tolist() == [0, np.iinfo(colours.dtype).max]
    check_request(None, colours.dtype.name, samples=3)


def test_rules_know_8_and_16_bits_only():
    with pytest.raises(ValueError, match="bits"):
        PixelRules(bits=(8,))


@pytest.mark.parametrize("number", [np.float64(0.25), np.float32(0.25), np.float16(0.25)])
def test_a_number_of_any_type_gives_the_policy_one_text(number):
    assert repr(Rescale(max_error=number)) == "Rescale(max_error=0.25)"


def test_true_is_no_number_for_nan():
    with pytest.raises(OptionError):
        check_request(None, "float64", nan=True)


def test_a_policy_of_today_keeps_its_text():
    assert [repr(policy) for policy in POLICIES] == [
        "Exact()",
        "Lossless()",
        "Rescale()",
        "Rescale(max_error=0.5)",
        "Rescale(per_slice=True)",
        "Rescale(max_error=0.5, per_slice=True)",
        "Digits(3)",
    ]


def test_colour_is_lossless_as_words_of_8_or_16_bits_and_rejected_as_floats():
    for dtype in ("uint8", "uint16"):
        assert check_request(Lossless(), dtype, samples=3) is None
    with pytest.raises(ValuesError):
        check_request(Lossless(), "float32", samples=3)
