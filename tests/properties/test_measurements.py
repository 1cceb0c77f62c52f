"""Measured segments: numpy's numbers on turned, cropped and sparse grids, in every form."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dicomseries as dcs
from dicomseries.testing import directions, lengths_mm, positions_mm

SHAPE = (5, 6, 7)
PERCENTILES = (5, 33.3, 50)
FAST = {"sync": False, "verify": False}


@st.composite
def affines(draw):
    """From (column, row, slice) to LPS mm: oblique, with three different spacings."""
    affine = np.eye(4)
    cosines = np.array(draw(directions())).reshape(3, 3).T
    affine[:3, :3] = cosines * [draw(lengths_mm()) for _ in range(3)]
    affine[:3, 3] = draw(positions_mm())
    return affine


def crop(draw_range, labels, affine):
    """Return a part of the labels and its affine; it may reach beyond the source."""
    starts = np.array(draw_range)
    part = np.zeros(labels.shape, labels.dtype)
    places = np.indices(labels.shape).reshape(3, -1) + starts[:, None]
    is_inside = ((places >= 0) & (places < np.array(labels.shape)[:, None])).all(axis=0)
    part.reshape(-1)[is_inside] = labels[tuple(places[:, is_inside])]
    moved = affine.copy()
    moved[:3, 3] = (affine @ [*starts[::-1], 1])[:3]
    return part, moved


@settings(max_examples=6)
@given(
    affines(),
    st.integers(0, 2**32 - 1),
    st.sampled_from(["binary", "labelmap"]),
    st.tuples(*[st.integers(-2, 2)] * 3),
    st.booleans(),
)
def test_measured_numbers_equal_numpys_within_the_printed_digits(
    affine, seed, form, starts, is_flipped
):
    rng = np.random.default_rng(seed)
    values = rng.integers(-1000, 2000, SHAPE).astype("int16")
    labels = rng.integers(0, 3, SHAPE).astype("uint8")
    part, place = crop(starts, labels, affine)
    if is_flipped:
        part = part[:, ::-1]
        place = place @ [[1, 0, 0, 0], [0, -1, 0, SHAPE[1] - 1], [0, 0, 1, 0], [0, 0, 0, 1]]
    with tempfile.TemporaryDirectory() as name:
        ct, seg = Path(name, "ct"), Path(name, "seg")
        series = dcs.write(values, ct, kind="CT", affine=affine, space="LPS", **FAST)
        uid = {"FrameOfReferenceUID": series.frame_of_reference_uid}
        dcs.write(
            part,
            seg,
            kind="Segmentation",
            affine=place,
            space="LPS",
            uid=uid,
            segments=["one", "two"],
            segmentation_type=form,
            **FAST,
        )
        table = dcs.measure(seg, source=ct, percentiles=PERCENTILES).table
    window = tuple(slice(max(start, 0), 99 if start >= 0 else start) for start in starts)
    visible = np.zeros(SHAPE, bool)
    visible[window] = True
    voxel = abs(np.linalg.det(affine[:3, :3]))
    for number, label in ((1, "one"), (2, "two")):
        volume = (part == number).sum() * voxel
        assert table.number(label, "Volume") == pytest.approx(volume, rel=1e-9)
        inside = values[visible & (labels == number)]
        expected = {
            "Mean": inside.mean(),
            "Standard Deviation": inside.std(),
            "Minimum": inside.min(),
            "Maximum": inside.max(),
            "5th Percentile Value of population": np.percentile(inside, 5),
            "33.3th percentile": np.percentile(inside, 33.3),
            "Median": np.median(inside),
        }
        for quantity, value in expected.items():
            assert table.number(label, quantity) == pytest.approx(value, rel=1e-12, abs=1e-10), (
                quantity
            )
