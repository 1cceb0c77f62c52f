"""Layers of a segmentation as volumes of labels."""

from __future__ import annotations

import numpy as np
import pytest

from dicomseries.errors import GeometryError, SourceError
from dicomseries.geometry import Grid
from dicomseries.segmentation import SegmentLayer, layers_of
from dicomseries.sources import Volume, array_frames

GRID = Grid(shape=(2, 3, 4), spacing_mm=(1, 2, 3))
MASKS = np.arange(3 * 24).reshape(6, 3, 4) % 5 == 0


def masks(**fields):
    fields = {"volumes": 3, "layers": ({1: 4}, None, {1: 9, 2: 4}), **fields}
    return Volume(slabs=array_frames(MASKS), grid=GRID, **fields)


def test_each_volume_becomes_a_layer_with_its_segments():
    layers = layers_of(masks())
    assert [layer.segments for layer in layers] == [{1: 4}, None, {1: 9, 2: 4}]
    assert np.array_equal(layers[2].volume.array, MASKS[4:])
    assert [layer.segments for layer in layers_of(masks(), kept=[2])] == [{1: 9, 2: 4}]


def test_a_volume_without_layers_is_one_label_map():
    volume = Volume(slabs=array_frames(MASKS[:2]), grid=GRID)
    (layer,) = layers_of(volume)
    assert layer.segments is None
    assert layer.value_of(7) == 7


def test_the_segments_of_one_volume_stay_with_it():
    assert masks().at(2).layers == ({1: 9, 2: 4},)
    assert masks().along_normal().layers == masks().layers


@pytest.mark.parametrize(
    "fields",
    [
        {"layers": ({1: 1}, {1: 2})},
        {"layers": ({1: 1}, {1: 2}, {})},
        {"layers": ({1: 1}, {1: 2}, {0: 3})},
        {"layers": ({1: 1}, {1: 2}, {1: 65536})},
        {"layers": ({1: 1}, {1: 2}, {1: True})},
        {"layers": ({1: 1}, {1: 2}, {"1": 3})},
        {"times_s": (0.0, 1.0, 2.0)},
    ],
)
def test_layers_that_do_not_fit_the_volumes_are_rejected(fields):
    with pytest.raises(SourceError) as caught:
        masks(**fields)
    assert caught.value.code == "layers-malformed"


def test_several_volumes_in_one_layer_are_rejected():
    with pytest.raises(GeometryError):
        SegmentLayer(volume=masks())
