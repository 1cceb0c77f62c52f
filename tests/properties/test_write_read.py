"""Any array on any grid comes back through our reader and SimpleITK."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import dicomseries as dcs
from dicomseries.testing import grids
from examples import examples
from judges import corner_distance, read_with_simpleitk
from judges.seen import Seen

KINDS = st.sampled_from(["CT", "MR", "PT", "SC"])
SMALL_INTEGERS = st.sampled_from(["bool", "int8", "uint8", "int16", "uint16"])
FLOATS = st.sampled_from(["float16", "float32", "float64", ">f4"])


@st.composite
def integer_arrays(draw, shape):
    return draw(hnp.arrays(draw(SMALL_INTEGERS), shape))


@st.composite
def float_arrays(draw, shape):
    dtype = np.dtype(draw(FLOATS))
    limit = (
        draw(st.sampled_from([1e-3, 1.0, 100.0, 6e4]))
        if dtype.itemsize == 2
        else draw(st.sampled_from([1e-6, 1.0, 3e3, 1e9]))
    )
    width = 8 * dtype.itemsize
    limit = float(np.dtype(dtype.newbyteorder("=")).type(limit))
    elements = st.floats(-limit, limit, width=width, allow_subnormal=False)
    return draw(hnp.arrays(dtype, shape, elements=elements))


def aligned(seen, grid):
    return seen.aligned_to(grid.affine())


@given(data=st.data(), grid=grids(), kind=KINDS)
def test_integers_come_back_bit_for_bit_on_their_points_in_space(data, grid, kind):
    array = data.draw(integer_arrays(grid.shape))
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "out")
        receipt = dcs.write(
            array, out, kind=kind, affine=grid.affine(), space="LPS", sync=False, workers=1
        )
        back = dcs.read(out)
    assert receipt.max_error == receipt.achieved_error == 0
    seen = aligned(Seen(array=back.array, affine_lps=back.grid.affine()), grid)
    assert corner_distance(seen, grid.affine(), grid.shape) < 1e-8
    assert np.array_equal(seen.array, array.astype(int))


@given(data=st.data(), grid=grids(), kind=KINDS)
def test_floats_come_back_within_the_bound(data, grid, kind):
    array = data.draw(float_arrays(grid.shape))
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "out")
        receipt = dcs.write(
            array, out, kind=kind, affine=grid.affine(), space="LPS", sync=False, workers=1
        )
        back = dcs.read(out)
    seen = aligned(Seen(array=back.array, affine_lps=back.grid.affine()), grid)
    difference = np.abs(seen.array.astype(np.float64) - array.astype(np.float64)).max()
    assert difference <= receipt.max_error
    assert receipt.achieved_error <= receipt.max_error


# ITK drops the axes of a 1 × 1 image when it stacks it into a series, whoever wrote it.
STACKABLE = grids().filter(lambda grid: min(grid.shape[1:]) > 1)


@examples(40)
@given(data=st.data(), grid=STACKABLE, kind=KINDS, whole=st.booleans())
def test_simpleitk_reads_the_same_volume(data, grid, kind, whole):
    array = data.draw(integer_arrays(grid.shape) if whole else float_arrays(grid.shape))
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "out")
        receipt = dcs.write(
            array, out, kind=kind, affine=grid.affine(), space="LPS", sync=False, workers=1
        )
        seen = aligned(read_with_simpleitk(out), grid)
    assert seen.warnings == ()
    assert corner_distance(seen, grid.affine(), grid.shape) < 1e-6
    assert np.abs(
        seen.array.astype(np.float64) - array.astype(np.float64)
    ).max() <= receipt.max_error * (1 + 1e-9)
