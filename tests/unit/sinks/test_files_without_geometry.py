"""Files of grids that nobody stated: they state no geometry either, and read back so."""

from dataclasses import replace

import numpy as np
import pytest

import dicomseries as dcs
from dicomseries.geometry import Grid
from dicomseries.geometry_statement import UNSTATED, Statement
from dicomseries.sinks import Voxels
from dicomseries.sinks.volume_files import FORMATS, save_volume
from dicomseries.sources import open_picture

SUFFIXES = [form.SUFFIXES[0] for form in FORMATS]
IN_PLANE = Statement(origin="missing", direction="missing")
UNKNOWN = {
    "nothing": UNSTATED,
    "a place without lengths": Statement(spacing="missing"),
    "spacing at the detector": replace(IN_PLANE, lengths="detector"),
    "a ratio": replace(IN_PLANE, lengths="ratio"),
}
ARRAYS = {
    "grey": (np.arange(60, dtype="uint8").reshape(3, 4, 5), {}),
    "colour": (np.arange(180, dtype="uint8").reshape(3, 4, 5, 3), {}),
    "clip": (
        np.arange(120, dtype="uint8").reshape(2, 3, 4, 5),
        {"volumes": 2, "times_s": (0.0, 2.5)},
    ),
}
TIMELESS = {".mha", ".npy"}


@pytest.mark.parametrize("name", UNKNOWN)
@pytest.mark.parametrize("pixels", ARRAYS)
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_file_states_no_geometry_that_its_grid_does_not_state(tmp_path, suffix, pixels, name):
    array, times = ARRAYS[pixels]
    grid = Grid(
        shape=(3, 4, 5), spacing_mm=(0.5, 0.25, 2), origin_lps=(1, 2, 3), statement=UNKNOWN[name]
    )
    path = tmp_path / f"picture{suffix}"
    save_volume(path, Voxels.of(array, grid, **times))
    axes = {"axes": "tzyx"} if pixels == "clip" and suffix in TIMELESS else {}
    with pytest.raises(dcs.DicomSeriesError) as error:
        dcs.open_volume(path, **axes)
    assert error.value.code == "geometry-missing"
    volume = open_picture(path, **axes)
    assert not volume.grid.statement.has_place
    assert not volume.grid.statement.has_lengths
    np.testing.assert_array_equal(np.asarray(volume.array), array)
    if pixels == "clip" and suffix not in TIMELESS:
        assert volume.times_s == (0.0, 2.5)


def test_the_spacing_of_a_picture_is_kept_where_the_format_holds_it_without_a_place(tmp_path):
    array, _ = ARRAYS["grey"]
    grid = Grid(shape=(3, 4, 5), spacing_mm=(0.5, 0.25, 1), statement=IN_PLANE)
    save_volume(tmp_path / "picture.nrrd", Voxels.of(array, grid))
    found = open_picture(tmp_path / "picture.nrrd").grid
    assert found.spacing_mm[:2] == (0.5, 0.25)
    assert not found.statement.has_place
    with pytest.raises(dcs.DicomSeriesError) as error:
        dcs.open_volume(tmp_path / "picture.nrrd")
    assert error.value.code == "geometry-missing"


@pytest.mark.parametrize("suffix", [".nrrd", ".mha", ".nii"])
def test_simpleitk_reads_files_without_a_geometry(tmp_path, suffix):
    sitk = pytest.importorskip("SimpleITK")
    array, _ = ARRAYS["grey"]
    path = tmp_path / f"picture{suffix}"
    save_volume(
        path, Voxels.of(array, Grid(shape=(3, 4, 5), spacing_mm=(0.5, 0.25, 2), statement=UNSTATED))
    )
    image = sitk.ReadImage(str(path))
    np.testing.assert_array_equal(sitk.GetArrayFromImage(image), array)
    assert image.GetSpacing() == (1, 1, 1)
