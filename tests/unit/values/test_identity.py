"""Multi-frame Secondary Capture: unsigned pixels without a rescale, or an error with a remedy."""

from __future__ import annotations

import numpy as np
import pytest

from dicomseries.errors import ValuesError
from dicomseries.values import (
    Digits,
    Exact,
    Lossless,
    PixelRules,
    Rescale,
    Statistics,
    choose_value_map,
    needs_divisor,
    slice_statistics,
    store,
)

RULES = PixelRules(bits=(8, 16), unsigned=True, identity=True)
X_RAY = PixelRules(bits=(8, 16), unsigned=True)


def plan(array, policy=None, rules=RULES, **options):
    statistics = Statistics(dtype=array.dtype.name, slices=slice_statistics(array))
    assert not needs_divisor(policy, statistics, RULES)
    return choose_value_map(policy, statistics, rules, **options)


@pytest.mark.parametrize("policy", [None, Exact(), Lossless()])
@pytest.mark.parametrize(
    ("dtype", "top", "stored"),
    [
        ("bool", 1, "uint8"),
        ("uint8", 255, "uint8"),
        ("int8", 127, "uint8"),
        (">u2", 65535, "uint16"),
        ("int16", 32767, "uint16"),
        ("int64", 65535, "uint16"),
    ],
)
def test_integers_without_a_sign_are_stored_as_they_are(dtype, top, stored, policy):
    array = np.array([[[0, top, 1]]]).astype(dtype)
    values = plan(array, policy)
    assert (values.dtype, values.is_identity, values.signed, values.max_error) == (
        stored,
        True,
        False,
        0.0,
    )
    assert store(array, values).array.tolist() == array.astype(int).tolist()


@pytest.mark.parametrize(
    "ends", [(-1, 5), (0, 65536), (100_000, 100_001), (0, 10**9), (-70000, -65536)]
)
def test_integers_with_a_sign_or_more_bits_are_rejected_with_the_kind_that_takes_them(ends):
    array = np.array([[list(ends)]])
    with pytest.raises(ValuesError) as caught:
        plan(array)
    assert caught.value.code == "range-not-exact"
    assert "Secondary Capture" in caught.value.expected
    assert "kind='SC'" in caught.value.remedy
    assert caught.value.window == (0, 65535)
    assert plan(array, clip=caught.value.window).is_identity


@pytest.mark.parametrize("policy", [None, Rescale(), Digits(2)])
def test_fractions_are_rejected_with_the_kind_that_takes_them(policy):
    with pytest.raises(ValuesError) as caught:
        plan(np.ones((1, 2, 3), np.float32), policy)
    assert caught.value.code == "kind-has-no-rescale"
    assert "kind='SC'" in caught.value.remedy


@pytest.mark.parametrize("policy", [Rescale(), Digits(0)])
def test_a_rescale_of_integers_is_rejected(policy):
    with pytest.raises(ValuesError):
        plan(np.ones((1, 2, 3), np.uint8), policy)


@pytest.mark.parametrize("policy", [None, Exact(), Lossless()])
def test_a_scale_of_the_source_is_rejected(policy):
    with pytest.raises(ValuesError) as caught:
        plan(np.ones((1, 2, 3), np.uint8), policy, source_slope=0.5)
    assert caught.value.code == "kind-has-no-rescale"


def test_a_kind_with_unsigned_pixels_and_a_rescale_never_stores_signed_ones():
    assert plan(np.array([[[-5, 9]]]), rules=X_RAY).dtype == "uint16"
    assert plan(np.array([[[-5.0, 9.5]]]), rules=X_RAY).dtype == "uint16"
    assert plan(np.array([[[-5.0, 9.5]]]), Digits(3), X_RAY).dtype == "uint16"
    with pytest.raises(ValuesError) as caught:
        plan(np.array([[[-1.7e308, 9.5]]]), rules=X_RAY)
    assert caught.value.code == "range-not-unsigned"
