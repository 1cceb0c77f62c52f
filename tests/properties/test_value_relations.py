"""A unit is taken over from a source unless the values contradict it."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dicomseries.derivation.rules.value_rules import RELATIONS
from dicomseries.derivation.source.value_relation import ArrayFacts, Scale, relation_of

numbers = st.one_of(
    st.floats(-1e6, 1e6),
    st.sampled_from([-1024.0, -1.0, 0.0, 0.5, 1.0, 20.0, 255.0, 256.0, 4095.0]),
)


@st.composite
def ranges(draw):
    low, high = sorted(draw(st.tuples(numbers, numbers)))
    return low, high


@st.composite
def scales(draw):
    reach = draw(st.none() | ranges())
    return Scale(
        reach=reach,
        span=draw(st.none() | ranges()) or reach,
        is_hounsfield=draw(st.booleans()),
        is_whole=draw(st.booleans()),
    )


@st.composite
def arrays(draw):
    low, high = draw(ranges())
    is_integer = draw(st.booleans())
    if is_integer:
        low, high = np.floor(low), np.ceil(high)
    is_byte = is_integer and low >= 0 and high <= 255 and draw(st.booleans())
    return ArrayFacts(is_integer=is_integer, is_byte=is_byte, low=float(low), high=float(high))


@given(scales(), arrays())
def test_every_array_has_one_relation_and_the_same_one_again(source, array):
    relation = relation_of(source, array)
    assert relation in RELATIONS
    assert relation_of(source, array) == relation


@given(scales(), arrays())
def test_no_picture_probability_or_mask_is_taken_for_hounsfield_units(source, array):
    source = Scale(
        reach=source.reach, span=(-160.0, 240.0), is_hounsfield=True, is_whole=source.is_whole
    )
    if relation_of(source, array) != "same":
        return
    assert array.high - array.low >= 20
    is_picture = array.is_integer and array.low >= 0 and array.high <= 255
    assert not is_picture or array.is_byte  # bytes of a source that holds bytes itself
    assert -32768 <= array.low <= array.high <= 65535
    assert array.low < -1 or array.high > 1


@given(scales(), arrays())
def test_what_the_user_states_decides(source, array):
    assert relation_of(source, array, is_other=True) == "other"
    assert relation_of(source, array, is_same=True) == "same"


@given(scales(), arrays(), st.booleans(), st.booleans())
def test_colour_and_truth_values_are_never_numbers_of_the_source(source, array, is_other, is_same):
    colour = ArrayFacts(samples=3, is_integer=True, is_byte=True, low=array.low, high=array.high)
    assert relation_of(source, colour, is_other=is_other, is_same=is_same) == "colour"
    mask = ArrayFacts(is_integer=True, is_bool=True, low=0.0, high=1.0)
    assert relation_of(source, mask, is_other=is_other, is_same=is_same) == "labels"


@given(ranges(), st.booleans())
def test_values_that_fill_what_the_source_can_hold_are_its_own_scale(reach, is_integer):
    low, high = reach
    if high - low < 600 or low >= -300:
        return
    source = Scale(reach=reach, span=reach, is_whole=True)
    array = ArrayFacts(is_integer=is_integer, low=low, high=high)
    assert relation_of(source, array) == "same"
