"""Outcomes are stated where they are true; a planted fault is never right."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from judges.cases import CASES, OBLIQUE, Case
from judges.outcomes import CannotReadError, Meant, outcome
from judges.programs import library
from judges.seen import Seen

SHAPE = (4, 5, 6)
STORED = np.random.default_rng(11).permutation(np.prod(SHAPE)).reshape(SHAPE).astype(np.uint16)
SLOPE = 0.1
REAL = STORED * SLOPE
TIMES = np.stack([REAL, REAL[:, ::-1], REAL[::-1]])
STORED_TIMES = np.concatenate([STORED, STORED[:, ::-1], STORED[::-1]])

VOLUME = Meant(real=REAL, frames=STORED, affine_lps=OBLIQUE, max_error=SLOPE / 2)
SERIES = Meant(real=TIMES, frames=STORED_TIMES, affine_lps=OBLIQUE, max_error=SLOPE / 2, volumes=3)
TIMED = replace(SERIES, step_s=2.0)


def image(array, affine=OBLIQUE, volumes=None):
    return Seen(array=np.asarray(array), affine_lps=affine, volumes=volumes)


def moved(millimetres):
    affine = OBLIQUE.copy()
    affine[1, 3] += millimetres
    return affine


def spoiled(array, by):
    array = np.array(array)
    array[2, 3, 4] += by
    return array


@pytest.mark.parametrize(
    ("said", "array", "affine"),
    [
        ("right", REAL, OBLIQUE),
        ("right", spoiled(REAL, 0.4 * SLOPE), OBLIQUE),
        ("wrong values", spoiled(REAL, 0.6 * SLOPE), OBLIQUE),
        ("wrong values", spoiled(REAL, np.nan), OBLIQUE),
        ("right", REAL, moved(9e-4)),
        ("values right, wrong place", REAL, moved(2e-3)),
        ("values right, no geometry", REAL, None),
        ("stored numbers", STORED, OBLIQUE),
        ("stored numbers, no geometry", STORED, None),
        ("wrong values", spoiled(STORED, 1), OBLIQUE),
        ("steps of 1", np.floor(REAL), OBLIQUE),
        ("steps of 1, no geometry", np.rint(REAL), None),
        ("wrong values", np.rint(REAL * 2) / 2, OBLIQUE),
        ("wrong values", np.rint(REAL) + 2, OBLIQUE),
        ("wrong values", REAL[:, ::-1], OBLIQUE),
        ("wrong values", REAL[:-1], OBLIQUE),
        ("wrong values, no geometry", np.transpose(REAL, (0, 2, 1)), None),
    ],
)
def test_one_volume(said, array, affine):
    assert outcome([image(array, affine)], VOLUME) == said


def test_whole_numbers_that_are_off_by_one_are_wrong():
    meant = Meant(real=STORED, frames=STORED, affine_lps=OBLIQUE)
    assert outcome([image(STORED)], meant) == "right"
    assert outcome([image(spoiled(STORED, 1))], meant) == "wrong values"


def test_a_reader_may_turn_a_volume_with_its_place():
    turned = OBLIQUE @ np.array([[1, 0, 0, 0], [0, -1, 0, 4], [0, 0, 1, 0], [0, 0, 0, 1]])
    assert outcome([image(REAL[:, ::-1], turned)], VOLUME) == "right"


@pytest.mark.parametrize(
    ("said", "images"),
    [
        ("right", [image(TIMES, volumes=3)]),
        ("values right, volumes apart", [image(one) for one in TIMES]),
        ("wrong values", [image(TIMES[[0, 2, 1]], volumes=3)]),
        ("wrong values", [image(TIMES[:2], volumes=2)]),
        ("wrong values", [image(REAL)]),
        ("values right, frames stacked", [image(TIMES.reshape(12, 5, 6))]),
        ("values right, frames stacked", [image(TIMES.reshape(12, 5, 6)[::-1])]),
        ("stored numbers, frames stacked", [image(STORED_TIMES)]),
        ("values right, frames stacked, no geometry", [image(TIMES.reshape(12, 5, 6), None)]),
        ("steps of 1, frames stacked", [image(np.floor(TIMES).reshape(12, 5, 6))]),
        ("wrong values", [image(np.floor(TIMES).reshape(12, 5, 6)[::-1])]),
        ("wrong values", [image(spoiled(TIMES.reshape(12, 5, 6), 1))]),
        ("stored numbers", [image(STORED_TIMES.reshape(TIMES.shape), volumes=3)]),
    ],
)
def test_volumes_over_time(said, images):
    assert outcome(images, SERIES) == said


@pytest.mark.parametrize(
    ("said", "step_s"),
    [
        ("right", 2.0),
        ("right", 2.0005),
        ("values right, no times", 2.002),
        ("values right, no times", None),
    ],
)
def test_volumes_with_times(said, step_s):
    seen = replace(image(TIMES, volumes=3), step_s=step_s)
    assert outcome([seen], TIMED) == said
    assert outcome([seen], SERIES) == "right"


def test_frames_of_segments_are_no_volume():
    labels = np.zeros(SHAPE, dtype=np.uint8)
    labels[1:3, 2:, 1:4] = 1
    labels[2:, :2, 2:] = 2
    frames = np.concatenate([labels[1:3] == 1, labels[2:] == 2]).astype(np.uint8)
    meant = Meant(real=labels, frames=frames[:3], affine_lps=OBLIQUE)
    assert outcome([image(labels)], meant) == "right"
    assert outcome([image(frames[:3])], meant) == "stored numbers, frames stacked"
    assert outcome([image(frames[:3] * 255)], meant) == "wrong values"


def test_only_a_rejection_by_the_reader_is_called_so():
    def refuses(_):
        message = "no"
        raise CannotReadError(message)

    def breaks(_):
        message = "a fault of ours"
        raise TypeError(message)

    with library(refuses)() as ask:
        assert ask(None, VOLUME) == "cannot read"
    with library(breaks, ValueError)() as ask, pytest.raises(TypeError, match="ours"):
        ask(None, VOLUME)
    with library(lambda _: [])() as ask:
        assert ask(None, VOLUME) == "cannot read"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_no_two_frames_of_a_case_are_equal_under_any_flip(case):
    assert isinstance(case, Case)
    array = case.array()
    volumes = array if "t" in case.axes else array[None]
    frames = [frame for volume in volumes for frame in volume]
    turned = {
        np.ascontiguousarray(one).tobytes()
        for f in frames
        for one in (f, f[::-1], f[:, ::-1], f[::-1, ::-1])
    }
    assert len(turned) == 4 * len(frames)
