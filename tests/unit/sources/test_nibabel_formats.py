"""Files of Analyze, MINC and FreeSurfer, which nibabel reads."""

from pathlib import Path

import nibabel
import numpy as np
import pytest

from dicomseries.sources import open_volume

DATA = Path(nibabel.__file__).parent / "tests" / "data"
SCAN = np.arange(60, dtype="int16").reshape(3, 4, 5)
AFFINE = np.array([[0, -2.0, 0, 9], [1.5, 0, 0, 8], [0, 0, 2.5, 7], [0, 0, 0, 1]])


def values_by_place(volume):
    """Return the value at each place in RAS mm, rounded to micrometres."""
    slices, rows, columns = volume.grid.shape
    k, j, i = np.meshgrid(*map(np.arange, (slices, rows, columns)), indexing="ij")
    index = np.stack([i, j, k, np.ones_like(i)]).reshape(4, -1)
    places = (np.asarray(volume.grid.affine("RAS")) @ index)[:3].T.round(3)
    array = volume.array if volume.volumes is None else volume.array[1]
    values = array.ravel() * volume.slope + volume.intercept
    return dict(zip(map(tuple, (places + 0.0).tolist()), values.tolist(), strict=True))


def nibabel_values(image):
    data = np.asanyarray(image.dataobj)
    if data.ndim == 4:
        data = data[1] if "Minc" in type(image).__name__ else data[..., 1]
    index = np.stack([*np.indices(data.shape).reshape(3, -1), np.ones(data.size)])
    places = (image.affine @ index)[:3].T.round(3)
    return dict(zip(map(tuple, (places + 0.0).tolist()), data.ravel().tolist(), strict=True))


@pytest.mark.parametrize("name", ["tiny.mnc", "small.mnc", "minc1_4d.mnc", "minc2_4d.mnc"])
def test_minc_files_have_their_values_in_place_and_slices_first(name):
    volume = open_volume(DATA / name)
    image = nibabel.load(DATA / name)
    assert volume.shape == image.shape
    assert values_by_place(volume) == pytest.approx(nibabel_values(image))


# nibabel 5.4 leaves the file of an .mgh open
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    ("kind", "suffix"),
    [
        (nibabel.MGHImage, ".mgz"),
        (nibabel.MGHImage, ".mgh"),
        (nibabel.Nifti1Pair, ".img"),
        (nibabel.Nifti1Pair, ".hdr"),
    ],
)
def test_files_with_an_affine_have_their_values_in_place(tmp_path, kind, suffix):
    image = kind(SCAN, AFFINE)
    nibabel.save(image, tmp_path / f"a{suffix}")
    volume = open_volume(tmp_path / f"a{suffix}")
    assert values_by_place(volume) == pytest.approx(nibabel_values(image))


def test_an_analyze_file_says_that_its_orientation_is_a_convention(tmp_path):
    image = nibabel.AnalyzeImage(SCAN, np.diag([2, 3, 4, 1]))
    nibabel.save(image, tmp_path / "a.hdr")
    volume = open_volume(tmp_path / "a.hdr")
    assert volume.grid.spacing_mm == (2, 3, 4)
    assert volume.grid.statement.direction == "assumed"
    assert any("left and right" in note for note in volume.grid.statement.notes)
