"""`clip=` and `value_range=` mean the same in `write`, the receipt and `check`."""

from __future__ import annotations

import itertools
import math
import tempfile
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import dicomseries as dcs
from dicomseries.checks import largest_error
from dicomseries.errors import DicomSeriesError, ValuesError
from dicomseries.values import limits_in
from examples import examples

POLICIES: dict[str, Any] = {
    "auto": "auto",
    "exact": dcs.Exact(),
    "rescale": dcs.Rescale(),
    "digits": dcs.Digits(2),
    "lossless": dcs.Lossless(),
}
DTYPES = (
    "bool",
    "int8",
    "uint8",
    "int16",
    "uint16",
    "int32",
    "uint32",
    "float16",
    "float32",
    "float64",
)
LIMITS = (
    (41.2, 64.3),
    (42, 64),
    (41.5, 64),
    (-0.007, 0.8457),
    (83.95, 223.18),
    (-3.5, 1e6),
    (0.1, 0.7),
    (-1e9, 1e9),
)
RANGES = ("none", "the limits", "wide")
REJECTIONS = {
    "clip-holds-no-integer",
    "value-range-holds-no-integer",
    "clip-holds-no-float32",
    "exact-needs-integers",
    "lossless-needs-parametric-map",
    "kind-stores-floats",
    "outside-value-range",
    "range-not-exact",
    "range-too-wide-for-digits",
}


def array_of(dtype: str) -> np.ndarray:
    """Return values on both sides of most limits."""
    values = np.array([0, 1, 8, 27, 41, 42, 48, 60, 64, 65, 97, 100, 200, 250, 120, 2]).reshape(
        2, 2, 4
    )
    if dtype == "bool":
        return values % 2 == 1
    if dtype.startswith("float"):
        return (values + 0.37).astype(dtype)
    return np.minimum(values, np.iinfo(dtype).max).astype(dtype)


def meant(array: np.ndarray, clip: tuple[float, float] | None) -> list[Fraction]:
    """Return every voxel as the documentation has it, in exact arithmetic."""
    values = [Fraction(value) for value in array.ravel().tolist()]
    if clip is None:
        return values
    low, high = map(Fraction, clip)
    if array.dtype.kind in "biu":
        low, high = Fraction(math.ceil(low)), Fraction(math.floor(high))
    elif array.dtype.itemsize <= 4:
        low, high = (Fraction(float(end)) for end in inside_float32(*clip))
    return [min(max(value, low), high) for value in values]


def inside_float32(low: float, high: float) -> tuple[np.float32, np.float32]:
    near = np.nextafter(np.float32(low), np.float32([-np.inf, np.inf]))
    first = min(one for one in (near[0], np.float32(low), near[1]) if float(one) >= low)
    near = np.nextafter(np.float32(high), np.float32([-np.inf, np.inf]))
    return first, max(one for one in (near[0], np.float32(high), near[1]) if float(one) <= high)


def hold(
    dtype: str, policy: str, clip: tuple[float, float] | None, span: str, *, verify: bool, kind: str
) -> str:
    """Write, read and check a combination; return the code of an error, or "written"."""
    array = array_of(dtype)
    value_range = {"none": None, "the limits": clip, "wide": (-2e9, 2e9)}[span]
    options = {
        "clip": clip,
        "values": POLICIES[policy],
        "value_range": value_range,
        "verify": verify,
        "sync": False,
    }
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        units = {"units": "1"} if kind == "ParametricMap" else {}
        try:
            receipt = dcs.write(array, out, kind=kind, spacing=(1, 1, 1), **options, **units)
        except DicomSeriesError as error:
            return error.code
        expected = meant(array, clip)
        found = [Fraction(value) for value in dcs.read(out).array.ravel().tolist()]
        # `read` rounds a rescaled series to float64 once more.
        rounding = 4 * math.ulp(max(map(abs, map(float, [*expected, 1]))))
        errors = [abs(one - other) for one, other in zip(found, expected, strict=True)]
        assert max(errors) <= Fraction(receipt.max_error) + (
            Fraction(rounding) if receipt.max_error else 0
        )
        outside = sum(one != other for one, other in zip(expected, meant(array, None), strict=True))
        assert receipt.clipped == outside
        if receipt.achieved_error is not None:
            assert receipt.achieved_error <= receipt.max_error
            assert float(max(errors)) <= receipt.achieved_error + rounding
        bound = receipt.max_error or None
        assert dcs.check(out, against=array, clip=clip, max_error=bound, validators=False) == ()
        if clip is not None and array.dtype.kind in "biu":
            has_moved = any(not float(end).is_integer() for end in clip)
            assert any("counts as" in line for line in receipt.advice) == has_moved
    return "written"


@given(st.data())
@examples(40)
def test_limits_mean_the_same_everywhere(data: st.DataObject):
    clip = data.draw(st.one_of(st.none(), st.sampled_from(LIMITS), limits()))
    outcome = hold(
        data.draw(st.sampled_from(DTYPES)),
        data.draw(st.sampled_from(list(POLICIES))),
        clip,
        data.draw(st.sampled_from(RANGES)),
        verify=data.draw(st.booleans()),
        kind=data.draw(st.sampled_from(["SC", "CT", "ParametricMap"])),
    )
    assert outcome == "written" or outcome in REJECTIONS


@st.composite
def limits(draw: st.DrawFn) -> tuple[float, float]:
    low = draw(st.floats(-100, 200, width=32))
    return low, low + draw(st.floats(2, 200, width=32))


@pytest.mark.parametrize(
    ("dtype", "policy"), list(itertools.product(["uint16", "bool", "float32"], POLICIES))
)
def test_fractional_limits_with_the_same_value_range_are_written_or_rejected_by_name(
    dtype: str, policy: str
):
    for clip in LIMITS[:4]:
        for verify in (True, False):
            outcome = hold(dtype, policy, clip, "the limits", verify=verify, kind="SC")
            assert outcome == "written" or outcome in REJECTIONS - {"outside-value-range"}


@given(
    st.sampled_from(["int8", "uint16", "int32", "int64"]),
    st.floats(-1e6, 1e6),
    st.floats(1e-3, 1e6),
    st.sampled_from([1.0, -1.0, 0.5, 0.1, 1e-3, -2.7, 3.0]),
    st.sampled_from([0.0, -1024.0, 0.1]),
)
def test_limits_that_were_moved_stay_where_they_are(
    dtype: str, low: float, width: float, slope: float, intercept: float
):
    try:
        once = limits_in(dtype, (low, low + width), slope, intercept)
    except ValuesError:
        return
    assert low <= once[0] <= once[1] <= low + width
    if once[0] < once[1]:
        assert limits_in(dtype, once, slope, intercept) == once


@given(
    st.integers(-100, 100),
    st.sampled_from([0.5, 0.1, -0.3, 2.5]),
    st.sampled_from([0.0, 0.1, -7.0]),
)
def test_the_reader_moves_limits_of_scaled_integers_as_the_writer_does(
    start: int, slope: float, intercept: float
):
    array = np.arange(start, start + 20, dtype="int16").reshape(1, 4, 5)
    reals = array * slope + intercept
    clip = (float(np.quantile(reals, 0.2)) + 0.01, float(np.quantile(reals, 0.8)))
    limits = limits_in("int16", clip, slope, intercept)
    stored = np.clip(
        array, *sorted(np.rint((np.array(limits) - intercept) / slope).astype("int16"))
    )
    asked = {"source_slope": slope, "source_intercept": intercept}
    assert largest_error(stored, slope, intercept, array, clip=clip, **asked) == 0.0
    assert largest_error(stored, slope, intercept, array, clip=limits, **asked) == 0.0
