"""Statistics of segments equal numpy's, however the voxels are cut into slabs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicomseries.measurements import LabelLayer, MeasuredSlab, measure_regions, region_statistics
from dicomseries.measurements.order_statistics import OrderStatistics, percentile_of, ranks_of

PERCENTILES = (0, 2.5, 10, 50, 75, 99.9, 100)


def slabs_of(values, layers, depth=1, padding=None):
    """Return slabs of a depth, for `measure_regions`."""

    def slabs():
        for start in range(0, len(values), depth):
            part = slice(start, start + depth)
            yield MeasuredSlab(
                layers=[LabelLayer(labels[part], names) for labels, names in layers],
                values=values[part],
                padding=None if padding is None else padding[part],
            )

    return slabs


def assert_equal_to_numpy(region, values):
    assert region.valued == len(values)
    scale = max(float(np.abs(values).max()), 1e-300)
    assert region.mean == pytest.approx(values.mean(dtype=float), rel=1e-13, abs=1e-13 * scale)
    spread = values.std(dtype=float)
    assert region.sd == pytest.approx(spread, rel=1e-12, abs=1e-13 * scale)
    assert (region.minimum, region.maximum) == (values.min(), values.max())
    parts, numbers = zip(*region.percentiles, strict=True)
    assert np.array_equal(numbers, np.percentile(values.astype(float), parts))


dtypes = st.sampled_from(("int16", "uint16", "int32", "float32", "float64"))


@given(dtypes, st.integers(0, 2**32 - 1), st.integers(1, 5))
def test_statistics_of_labels_equal_those_of_numpy(dtype, seed, depth):
    rng = np.random.default_rng(seed)
    shape = (5, 4, 7)
    values = (rng.normal(size=shape) * 10.0 ** rng.integers(-3, 5)).astype(dtype)
    labels = rng.integers(0, 4, shape).astype("uint8")
    measured = measure_regions(slabs_of(values, [(labels, None)], depth), [1, 2, 3, 9], PERCENTILES)
    for number in (1, 2, 3):
        if (labels == number).any():
            assert_equal_to_numpy(measured[number], values[labels == number])
    assert measured[9].voxels == 0


@given(st.integers(0, 2**32 - 1))
def test_many_distinct_values_are_selected_by_passes_and_equal_those_of_numpy(seed):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(3, 20, 31)) * 10.0 ** rng.integers(-9, 9)
    values[rng.random(values.shape) < 0.1] = 0.0
    labels = rng.integers(0, 3, values.shape)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(region_statistics, "_LEAST_DISTINCT", 8)
        patch.setattr(region_statistics, "_MOST_DISTINCT", 8)
        measured = measure_regions(slabs_of(values, [(labels, None)]), [1, 2], PERCENTILES)
    for number in (1, 2):
        assert_equal_to_numpy(measured[number], values[labels == number])


def test_ranks_are_found_in_numbers_of_any_sign_and_size():
    numbers = np.array([-np.inf, -1e300, -2.5, -0.0, 0.0, 5e-324, 1.0, 1e300, np.inf])
    selection = OrderStatistics(range(len(numbers)))
    passes = 0
    while not selection.is_complete:
        selection.add(numbers[::-2])
        selection.add(numbers[-2::-2])
        selection.end_pass()
        passes += 1
    assert list(selection.values.values()) == numbers.tolist()
    assert passes == 2


def test_equal_numbers_by_the_million_end_after_few_passes(monkeypatch):
    monkeypatch.setattr("dicomseries.measurements.order_statistics._FEW", 4)
    numbers = np.concatenate((np.full(1000, 2.0), np.full(1000, 3.0), np.arange(50)))
    ranks = ranks_of(len(numbers), (25, 50, 75))
    selection = OrderStatistics(ranks)
    passes = 0
    while not selection.is_complete:
        selection.add(numbers)
        selection.end_pass()
        passes += 1
    assert passes <= 4
    for part in (25, 50, 75):
        assert percentile_of(selection.values, len(numbers), part) == np.percentile(numbers, part)


def test_overlapping_layers_are_measured_each_as_a_whole(rng):
    values = rng.integers(-100, 100, (4, 5, 6))
    first, second = rng.random(values.shape) < 0.5, rng.random(values.shape) < 0.5
    layers = [(first, {1: 7}), (second, {1: 3})]
    measured = measure_regions(slabs_of(values, layers, 3), [3, 7], PERCENTILES)
    assert_equal_to_numpy(measured[7], values[first])
    assert_equal_to_numpy(measured[3], values[second])


def test_voxels_without_a_value_are_counted_and_left_out():
    values = np.array([[[1.0, np.nan, 3.0, np.inf, -1000.0, 5.0]]])
    labels = np.ones(values.shape, "uint8")
    padding = values == -1000.0

    def slabs():
        yield MeasuredSlab(layers=[LabelLayer(labels)], values=values, padding=padding)
        yield MeasuredSlab(layers=[LabelLayer(labels[..., :2])])

    region = measure_regions(slabs, [1], [50])[1]
    counts = region.voxels, region.outside, region.padding, region.not_finite, region.valued
    assert counts == (8, 2, 1, 2, 3)
    assert (region.mean, region.percentiles) == (3.0, ((50, 3.0),))


def test_a_segment_of_padding_alone_has_no_statistics():
    values = np.zeros((1, 2, 2))
    slab = MeasuredSlab(
        layers=[LabelLayer(np.ones((1, 2, 2), bool))], values=values, padding=values == 0
    )
    region = measure_regions(lambda: [slab], [1], [50])[1]
    assert (region.voxels, region.valued, region.percentiles) == (4, 0, ())
    assert np.isnan(region.mean)


def test_labels_without_description_are_measured_too():
    labels, values = np.array([[[0, 5]]]), np.array([[[1, 2]]])
    measured = measure_regions(slabs_of(values, [(labels, None)]), [1], ())
    assert sorted(measured) == [1, 5]
    assert measured[5].mean == 2.0
