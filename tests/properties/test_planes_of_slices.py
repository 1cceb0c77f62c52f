"""Slices at any positions are written and read where they were said to be."""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path

import numpy as np
import pydicom
import SimpleITK
from hypothesis import given
from hypothesis import strategies as st

import dicomseries as dcs
from dicomseries.geometry_statement import evenness_of

ROWS, COLUMNS = 3, 4
SPACING_MM = (0.7, 0.9)
DS_ROUNDING_MM = 1e-9
"""Of positions below 1 m in 16 characters."""


@st.composite
def planes(draw):
    """Return cosines and positions of slices: uneven, with gaps, tilted, oblique, reversed."""
    angles = draw(st.tuples(*[st.floats(-3, 3).map(lambda angle: round(angle, 3))] * 3))
    a, b, c = angles
    turn = (
        np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])
        @ np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
        @ np.array([[1, 0, 0], [0, np.cos(c), -np.sin(c)], [0, np.sin(c), np.cos(c)]])
    )
    gaps = draw(st.lists(st.sampled_from([0.5, 1.0, 2.5, 2.7, 5.0, 7.5]), min_size=1, max_size=5))
    along = np.concatenate([[0], np.cumsum(gaps)])
    tilt = np.array(draw(st.sampled_from([(0, 0), (0, 0.4), (-0.3, 0.2)])))
    start = np.array(draw(st.tuples(*[st.integers(-300, 300)] * 3)), float)
    inside = turn[:, :2].T
    positions = start + np.outer(along, turn[:, 2]) + np.outer(along, tilt @ inside)
    if draw(st.booleans()):
        positions = positions[::-1]
    return inside, positions


def corners(position, cosines):
    """Return the outermost voxel centres of a slice, of the first row, then the last."""
    x, y = SPACING_MM
    places = []
    for row in (0, ROWS - 1):
        for column in (0, COLUMNS - 1):
            places.append(position + cosines[0] * column * x + cosines[1] * row * y)
    return np.array(places)


@given(planes())
def test_every_voxel_is_at_its_stated_position_in_the_files_and_when_read(drawn):
    inside, positions = drawn
    array = np.arange(len(positions) * ROWS * COLUMNS, dtype="int16").reshape(-1, ROWS, COLUMNS)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore", dcs.DicomSeriesWarning)
        path = Path(folder, "out")
        dcs.write(
            array,
            path,
            kind="CT",
            positions=positions,
            spacing=(*SPACING_MM, 2),
            direction=inside.ravel(),
            orient="as-is",
            sync=False,
            verify=False,
        )
        paths = sorted(path.glob("*.dcm"))
        files = [pydicom.dcmread(file) for file in paths]
        images = [SimpleITK.ReadImage(str(file)) for file in paths]
        volume = dcs.read(path)
    expected = {int(slab[0, 0]): position for slab, position in zip(array, positions, strict=True)}
    for file, image in zip(files, images, strict=True):
        cosines = np.reshape(np.array(file.ImageOrientationPatient, float), (2, 3))
        place = corners(np.array(file.ImagePositionPatient, float), cosines)
        wanted = corners(expected[int(file.pixel_array[0, 0])], inside)
        np.testing.assert_allclose(place, wanted, rtol=0, atol=DS_ROUNDING_MM)
        ends = [(x, y, 0) for y in (0, ROWS - 1) for x in (0, COLUMNS - 1)]
        by_itk = [image.TransformIndexToPhysicalPoint(index) for index in ends]
        np.testing.assert_allclose(by_itk, wanted, rtol=0, atol=1e-6)
    even = evenness_of(positions[np.argsort(positions @ np.cross(*inside))], inside, SPACING_MM[0])
    allowed = DS_ROUNDING_MM
    if volume.is_regular:
        assert even.are_along
        assert even.are_above_each_other
        allowed += even.allowed_mm
    for index in range(len(positions)):
        cosines = volume.orientations[index].reshape(2, 3)
        place = corners(volume.positions_mm[index], cosines)
        wanted = corners(expected[int(volume.array[index, 0, 0])], inside)
        np.testing.assert_allclose(place, wanted, rtol=0, atol=allowed)
        order = {int(slab[0, 0]): slab for slab in array}
        np.testing.assert_array_equal(volume[index], order[int(volume.array[index, 0, 0])])
