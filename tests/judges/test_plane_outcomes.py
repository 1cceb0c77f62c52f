"""Outcomes of slices on separate planes are stated where they are true."""

from __future__ import annotations

import numpy as np
import pytest

from judges.outcomes import Meant
from judges.plane_outcomes import outcome_on_planes
from judges.planes import PLANES, SPACING, linear_values
from judges.seen import Seen

ROWS, COLUMNS = 8, 16


def meant(name):
    planes = PLANES[name]
    real = planes.values(ROWS, COLUMNS)
    return Meant(real=real, frames=real, affine_lps=planes.affine_lps, planes=planes)


def shown(name, step, *, first=0, slices=slice(None)):
    """Return slices as a program has them: from the plane of one, with a step in mm."""
    planes = PLANES[name]
    cosines = planes.orientations[first].reshape(2, 3)
    affine = np.eye(4)
    affine[:3, :3] = np.column_stack([cosines[0] * SPACING[0], cosines[1] * SPACING[1], step])
    affine[:3, 3] = planes.positions[first]
    return Seen(array=planes.values(ROWS, COLUMNS)[slices], affine_lps=affine)


def steps(name):
    return np.diff(PLANES[name].positions, axis=0)


def test_evenly_shifted_slices_in_their_places_are_right():
    image = shown("tilted gantry", steps("tilted gantry")[0])
    assert outcome_on_planes([image], meant("tilted gantry")) == "right"


def test_slices_without_their_shift_are_unshifted():
    planes = PLANES["tilted gantry"]
    along = (steps("tilted gantry")[0] @ planes.normal) * planes.normal
    image = shown("tilted gantry", along)
    assert outcome_on_planes([image], meant("tilted gantry")) == "values right, unshifted"
    aside = shown("tilted gantry", along + 0.01 * planes.orientations[0, :3])
    assert outcome_on_planes([aside], meant("tilted gantry")) == "values right, wrong place"


@pytest.mark.parametrize("name", ["uneven", "a slice missing"])
def test_even_slices_are_named_by_their_step(name):
    planes = PLANES[name]
    whole = (planes.positions[-1] - planes.positions[0]) / 5
    for step, word in ((whole, "spread evenly"), (steps(name)[0], "first gap for all")):
        assert outcome_on_planes([shown(name, step)], meant(name)) == f"values right, {word}"
    assert outcome_on_planes([shown(name, 1.1 * whole)], meant(name)) == "values right, wrong place"


def test_a_volume_for_each_orientation_is_right_and_a_missing_one_is_noticed():
    name = "several orientations"
    each = [
        shown(name, steps(name)[first], first=first, slices=slice(first, first + 2))
        for first in (0, 2, 4)
    ]
    assert outcome_on_planes(each, meant(name)) == "right, stacks apart"
    assert outcome_on_planes(each[:1], meant(name)) == "right, slices left out"
    one_stack = shown(name, steps(name)[0])
    assert outcome_on_planes([one_stack], meant(name)) == "values right, wrong place"


def test_a_single_slice_in_its_place_is_shown_by_itself():
    image = shown("uneven", (0, 0, 1), first=2, slices=slice(2, 3))
    assert outcome_on_planes([image], meant("uneven")) == "slices one by one"
    moved = shown("uneven", (0, 0, 1), first=1, slices=slice(2, 3))
    assert outcome_on_planes([moved], meant("uneven")) == "values right, wrong place"


def test_computed_voxels_have_the_values_of_their_place():
    planes = PLANES["uneven"]
    affine = planes.affine_lps
    index = np.stack(np.indices((7, ROWS, COLUMNS))[::-1], axis=-1)
    values = linear_values(index @ affine[:3, :3].T + affine[:3, 3])
    image = Seen(array=values, affine_lps=affine)
    assert outcome_on_planes([image], meant("uneven")) == "resampled"
    moved = affine.copy()
    moved[:3, 3] += 0.3 * planes.normal
    image = Seen(array=values, affine_lps=moved)
    assert outcome_on_planes([image], meant("uneven")) == "resampled, wrong place"
    beside = [shown("uneven", steps("uneven")[0]), Seen(array=values, affine_lps=affine)]
    assert outcome_on_planes(beside, meant("uneven")) == (
        "values right, first gap for all / resampled"
    )


def test_another_value_is_wrong_and_pictures_have_no_place():
    image = shown("uneven", steps("uneven")[0])
    image.array[2, 3, 4] += 1
    assert outcome_on_planes([image], meant("uneven")).startswith("wrong values")
    pictures = Seen(array=meant("uneven").real, affine_lps=None)
    assert outcome_on_planes([pictures], meant("uneven")) == (
        "values right, frames stacked, no geometry"
    )
