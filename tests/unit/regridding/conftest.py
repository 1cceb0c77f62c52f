"""A source CT of pydicom alone, and results on grids that are parts of it."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import dicomseries as dcs
from dicomseries.errors import DicomSeriesWarning
from judges.known import FRAME, OBLIQUE, write_known_series

SHAPE = (6, 8, 10)


@pytest.fixture(autouse=True)
def _quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DicomSeriesWarning)
        yield


@pytest.fixture(scope="session")
def source(tmp_path_factory):
    """Return the folder of an oblique CT, read by every test of this folder."""
    values = np.arange(np.prod(SHAPE), dtype="int16").reshape(SHAPE)
    return write_known_series(tmp_path_factory.mktemp("source") / "ct", values)


@pytest.fixture(scope="session")
def grid(source):
    return dcs.read(source).grid


@pytest.fixture
def write(tmp_path):
    """Return a function that writes a result with the frame of reference of the source."""

    def written(array, affine=OBLIQUE, kind="CT", *, frame=FRAME, name="out", **options):
        out = tmp_path / name
        dcs.write(
            array,
            out,
            kind=kind,
            affine=affine,
            space="LPS",
            uid={"FrameOfReferenceUID": frame},
            workers=1,
            sync=False,
            overwrite=True,
            **options,
        )
        return out

    return written
