"""What a program lays over a source is compared voxel by voxel, with names and colours."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from judges.overlays import Overlay, overlay_from_page, overlay_outcome, placed_on
from judges.results import COLOURS, NAMES, RESULTS
from judges.seen import Seen

BINARY, MAP, FRACTIONAL = (
    next(result for result in RESULTS if result.name.startswith(name))
    for name in (
        "Segmentation: binary: oblique",
        "ParametricMap: float32: oblique",
        "Segmentation: fractional: oblique",
    )
)


def overlay(result, **changes):
    """Return the overlay of a program that is right, but for these changes."""
    values = {number: np.nan_to_num(array) for number, array in result.meant().items()}
    named = {} if result is MAP else {"names": NAMES, "colours": COLOURS}
    right = Overlay(values=values, affine_lps=result.on.affine_lps, **named)
    return replace(right, **changes)


def changed(result, change):
    return {number: change(array) for number, array in overlay(result).values.items()}


SHIFTED = BINARY.on.affine_lps + np.outer([0, 0, 1, 0], [0, 0, 0, 2.5])


@pytest.mark.parametrize("result", [BINARY, MAP, FRACTIONAL], ids=lambda result: result.name)
def test_an_overlay_without_a_fault_is_right(result):
    assert overlay_outcome([overlay(result)], result) == "right"
    turned = changed(result, lambda array: array[::-1, :, ::-1])
    affine = result.on.affine_lps @ np.diag([-1.0, 1, -1, 1])
    columns, slices = result.on.shape[2], result.on.shape[0]
    affine[:3, 3] = (result.on.affine_lps @ (columns - 1, 0, slices - 1, 1))[:3]
    assert overlay_outcome([overlay(result, values=turned, affine_lps=affine)], result) == "right"


@pytest.mark.parametrize(
    ("outcome", "result", "changes"),
    [
        ("wrong values", BINARY, {"values": changed(BINARY, lambda array: array[:, ::-1])}),
        ("wrong values", BINARY, {"values": changed(BINARY, lambda a: np.roll(a, 1, axis=0))}),
        ("wrong values", BINARY, {"values": {1: overlay(BINARY).values[1]}}),
        ("wrong values", MAP, {"values": changed(MAP, lambda array: array + 0.001)}),
        ("wrong values", FRACTIONAL, {"values": changed(FRACTIONAL, lambda a: a * 0.99)}),
        ("wrong place", BINARY, {"affine_lps": SHIFTED}),
        ("values right, other names", BINARY, {"names": {**NAMES, 1: NAMES[2], 2: NAMES[1]}}),
        ("values right, other colours", BINARY, {"colours": {**COLOURS, 3: (0, 0, 0)}}),
        ("values × 100", MAP, {"values": changed(MAP, lambda array: array * 100)}),
        ("values × 255", FRACTIONAL, {"values": changed(FRACTIONAL, lambda array: array * 255)}),
    ],
)
def test_a_planted_fault_is_named(outcome, result, changes):
    wrong = overlay(result, **changes)
    assert overlay_outcome([wrong], result) == outcome
    assert overlay_outcome([overlay(result), wrong], result) == outcome


def test_no_overlay_is_a_rejection():
    assert overlay_outcome([], BINARY) == "cannot read"
    assert overlay_from_page({"error": "not supported"}, np.zeros(0)) == []


def test_layers_of_a_page_are_one_overlay_and_its_first_views_are_others():
    layers = np.zeros((3, 1, 1, 2))
    layers[0, 0, 0], layers[1, 0, 0, 0], layers[2, 0, 0, 0] = (1, 2), 1, 2
    head = {
        "affine": np.eye(4).tolist(),
        "sizes": [2, 1, 1],
        "views": 1,
        "segments": [
            {"number": number, "name": str(number), "colour": [number] * 3} for number in (0, 1, 2)
        ],
    }
    planes, slices = overlay_from_page(head, layers.ravel())
    assert [planes.values[number].ravel().tolist() for number in (1, 2)] == [[1, 0], [0, 1]]
    assert [slices.values[number].ravel().tolist() for number in (1, 2)] == [[1, 0], [1, 0]]


def test_voxels_are_placed_on_the_source_and_those_between_its_voxels_are_not():
    source = Seen(array=np.zeros((3, 4, 5)), affine_lps=np.diag([2.0, 3, 4, 1]))
    part = np.arange(1, 9).reshape(2, 2, 2)
    affine = source.affine_lps.copy()
    affine[:3, 3] = 2 * 4, 3 * 1, -4
    placed = placed_on(source, Seen(array=part, affine_lps=affine))
    assert placed.shape == (3, 4, 5)
    assert (placed[0, 1:3, 4] == part[1, :, 0]).all()
    assert placed.sum() == part[1, :, 0].sum()
    affine[0, 3] += 0.5
    assert placed_on(source, Seen(array=part, affine_lps=affine)).size == 0
