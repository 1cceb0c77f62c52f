"""Promises about the comparison of mosaics with an input."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dicomseries.checks import check
from dicomseries.reading import open_volume
from dicomseries.sources import array_frames
from judges.mosaics import write_mosaics

STORED = np.random.default_rng(15).integers(1, 4000, (3, 5, 4, 6), "uint16")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    def rescale(volume, dataset):
        dataset.RescaleSlope, dataset.RescaleIntercept = f"{volume + 1}", "-10"

    path = tmp_path_factory.mktemp("mosaics")
    return write_mosaics(path, STORED, is_reversed=True, change=rescale)


def _errors(folder, volume):
    findings = check(folder, against=volume, validators=False)
    return [(finding.id, finding.where) for finding in findings if finding.level == "error"]


def test_a_mosaic_is_the_volume_that_is_read_from_it(folder):
    assert _errors(folder, open_volume(folder)) == []


def test_a_voxel_a_place_and_a_size_that_differ_are_found(folder):
    volume = open_volume(folder)
    real = volume.slabs.read(0, 15)
    real[8, 2, 4] += 1  # of the second volume the fourth slice, which is the second tile
    changed = replace(volume, slabs=array_frames(real))
    assert _errors(folder, changed) == [("VAL-010", "6.dcm frame 2")]
    x, y, z = volume.grid.origin_lps
    moved = replace(volume, grid=replace(volume.grid, origin_lps=(x, y, z + 0.1)))
    assert _errors(folder, moved) == [("GEO-020", "7.dcm frame 5")]
    assert _errors(folder, open_volume(folder, slices=range(4))) == [("GEO-020", "series")]
