"""Labels and maps of uneven slices, read alone and on their source."""

import numpy as np
import pydicom
import pytest

import dicomseries as dcs

ARRAY = np.arange(120, dtype="int16").reshape(4, 5, 6)
LABELS = (ARRAY % 7 == 0).astype("uint8")
SHEAR = np.array([[0.7, 0, 0.1, 3], [0, 0.8, 0.9, 4], [0, 0, 2.5, 5], [0, 0, 0, 1.0]])
PLACES = {
    "uneven": {"spacing": (0.7, 0.9, 2.5), "positions": [0, 2, 4, 7]},
    "tilted": {"affine": SHEAR, "space": "LPS"},
}

pytestmark = pytest.mark.filterwarnings("ignore::dicomseries.errors.DicomSeriesWarning")


@pytest.fixture(params=PLACES)
def source(request, tmp_path):
    dcs.write(ARRAY, tmp_path / "ct", kind="CT", sync=False, **PLACES[request.param])
    return tmp_path / "ct"


def sparse(labels):
    """Return labels of which two slices are empty, so that their frames are left out."""
    labels = labels.copy()
    labels[1:3] = 0
    return labels


@pytest.mark.parametrize("kind", ["Segmentation", "ParametricMap"])
def test_results_of_irregular_slices_read_alone_are_on_their_planes(source, tmp_path, kind):
    array = LABELS if kind == "Segmentation" else ARRAY * 0.5
    dcs.write(array, tmp_path / "out", kind=kind, like=source, sync=False)
    volume = dcs.read(tmp_path / "out")
    np.testing.assert_array_equal(volume, array)
    np.testing.assert_allclose(volume.positions_mm, dcs.read(source).positions_mm)
    assert not volume.is_regular


@pytest.mark.parametrize("array", [LABELS, sparse(LABELS)], ids=["all slices", "two slices"])
def test_labels_are_put_onto_their_irregular_source(source, tmp_path, array):
    dcs.write(array, tmp_path / "out", kind="Segmentation", like=source, sync=False)
    volume = dcs.read(tmp_path / "out", onto=source)
    np.testing.assert_array_equal(volume, array)
    np.testing.assert_allclose(volume.positions_mm, dcs.read(source).positions_mm)


def test_turned_rows_and_columns_are_turned_onto_irregular_slices(tmp_path):
    dcs.write(ARRAY, tmp_path / "ct", kind="CT", sync=False, **PLACES["uneven"])
    turned = {
        "spacing": (0.9, 0.7, 2.5),
        "positions": [(0.7 * 5, 0, z) for z in (0, 2, 4, 7)],
        "direction": (0, 1, 0, -1, 0, 0),
    }
    array = np.rot90(ARRAY, axes=(1, 2))
    dcs.write(array, tmp_path / "turned", kind="CT", orient="as-is", sync=False, **turned)
    back = dcs.read(tmp_path / "turned", onto=tmp_path / "ct", same_space=True)
    np.testing.assert_array_equal(back, ARRAY)


def test_slices_of_an_irregular_series_go_onto_regular_ones(tmp_path):
    whole = np.arange(240, dtype="int16").reshape(8, 5, 6)
    dcs.write(whole, tmp_path / "whole", kind="CT", spacing=(0.7, 0.9, 1), sync=False)
    dcs.write(LABELS, tmp_path / "seg", kind="Segmentation", sync=False, **PLACES["uneven"])
    volume = dcs.read(tmp_path / "seg", onto=tmp_path / "whole", same_space=True)
    assert volume.is_regular
    np.testing.assert_array_equal(volume[[0, 2, 4, 7]], LABELS)
    assert not volume[[1, 3, 5, 6]].any()


def test_slices_beside_the_planes_of_a_series_are_an_error(tmp_path):
    dcs.write(ARRAY, tmp_path / "a", kind="CT", sync=False, **PLACES["uneven"])
    moved = {"spacing": (0.7, 0.9, 2.5), "positions": [0.5, 2.5, 4.5, 7.5]}
    dcs.write(ARRAY, tmp_path / "b", kind="CT", sync=False, **moved)
    with pytest.raises(dcs.DicomSeriesError) as caught:
        dcs.read(tmp_path / "a", onto=tmp_path / "b", same_space=True)
    assert caught.value.code == "grids-differ"


def test_a_result_of_uneven_volumes_over_time_keeps_their_planes(tmp_path):
    array = np.arange(240, dtype="int16").reshape(2, 4, 5, 6)
    time = {"axes": "tzyx", "times": (0, 2.5), "sync": False}
    dcs.write(array, tmp_path / "mr", kind="MR", spacing=(1, 1, 2.5), verify=False, **time)
    places = [0, 2.5, 4, 9]
    for path in (tmp_path / "mr").glob("*.dcm"):
        dataset = pydicom.dcmread(path)
        place = round(float(dataset.ImagePositionPatient[2]) / 2.5)
        dataset.ImagePositionPatient = [0, 0, places[place]]
        del dataset.SpacingBetweenSlices
        dataset.save_as(path)
    volume = dcs.read(tmp_path / "mr")
    volume.derive(volume.array // 2).write(tmp_path / "half", sync=False)
    half = dcs.read(tmp_path / "half")
    np.testing.assert_array_equal(half, array // 2)
    np.testing.assert_allclose(half.positions_mm[:, 2], places)
    labels = (array[0] % 3).astype("uint8")
    dcs.write(labels, tmp_path / "seg", kind="Segmentation", like=tmp_path / "mr", sync=False)
    np.testing.assert_array_equal(dcs.read(tmp_path / "seg", onto=tmp_path / "mr"), labels)


def test_frames_left_out_between_even_slices_are_background(tmp_path):
    labels = np.zeros((6, 5, 6), "uint8")
    labels[[0, 1, 4]] = 1
    dcs.write(labels, tmp_path / "seg", kind="Segmentation", spacing=(1, 1, 2), sync=False)
    (path,) = (tmp_path / "seg").glob("*.dcm")
    dataset = pydicom.dcmread(path)
    measures = dataset.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
    del measures.SpacingBetweenSlices
    dataset.save_as(path)
    volume = dcs.read(path)
    np.testing.assert_array_equal(volume, labels)
    assert any("2 slices without frames are background" in note for note in volume.notes)
