"""Segmentations that leave slices out, and those of pictures without a position."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest

import dicomseries as dcs
from dicomseries.errors import DicomSeriesWarning, GeometryError, ReadError
from judges.known import OBLIQUE

SHAPE = (6, 8, 10)


def changed(folder, change):
    """Change the one file of a folder with pydicom."""
    (path,) = folder.glob("*.dcm")
    dataset = pydicom.dcmread(path)
    change(dataset)
    dataset.save_as(path)
    return path


def measures(dataset):
    return dataset.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]


def every_second_slice(write):
    labels = np.zeros((5, *SHAPE[1:]), "uint8")
    for index in (0, 2, 4):
        labels[index, index, 3] = 1
    return labels, write(labels, OBLIQUE, "Segmentation")


def test_a_segmentation_of_every_second_slice_is_put_on_these_slices(source, write):
    labels, path = every_second_slice(write)

    def without_spacing(dataset):
        del measures(dataset).SpacingBetweenSlices

    changed(path, without_spacing)
    assert dcs.read(path).grid.spacing_mm[2] == pytest.approx(5.0)
    volume = dcs.read(path, onto=source)
    np.testing.assert_array_equal(volume.array[:5], labels)
    assert not volume.array[5].any()


def test_a_segmentation_that_states_thicker_slices_is_not_spread_over_thin_ones(source, write):
    _, path = every_second_slice(write)
    changed(path, lambda dataset: setattr(measures(dataset), "SpacingBetweenSlices", "5"))
    with pytest.raises(GeometryError, match=r"0\.7, 5\) mm, not \(0\.9, 0\.7, 2\.5\) mm"):
        dcs.read(path, onto=source)


def test_rounded_positions_of_the_source_are_no_difference(tmp_path, write):
    from judges.known import write_known_series

    affine = np.diag([0.7, 0.9, 10 / 3, 1.0])

    def rounded(index, dataset):
        dataset.ImagePositionPatient = ["0", "0", f"{10 / 3 * index:.1f}"]

    ct = write_known_series(tmp_path / "ct", np.zeros((9, 8, 10), "int16"), affine, change=rounded)
    labels = np.zeros((9, 8, 10), "uint8")
    labels[2, 3, 4] = labels[3, 1, 2] = 1
    dcs.write(labels, tmp_path / "seg", kind="Segmentation", like=ct, sync=False)
    (path,) = (tmp_path / "seg").glob("*.dcm")
    dataset = pydicom.dcmread(path)
    for item in dataset.PerFrameFunctionalGroupsSequence:
        position = item.PlanePositionSequence[0]
        position.ImagePositionPatient = [
            "0",
            "0",
            f"{float(position.ImagePositionPatient[2]):.1f}",
        ]
    dataset.save_as(path)
    np.testing.assert_array_equal(dcs.read(path, onto=ct).array, labels)


@pytest.fixture(params=["three files", "a clip"])
def pictures(request, tmp_path):
    """Return pictures without a position, and labels of the last two of three."""
    labels = np.zeros((3, 6, 8), "uint8")
    labels[1, 2, 3:5], labels[2, 4] = 1, 2
    values = np.arange(3 * 6 * 8, dtype="uint8").reshape(3, 6, 8)
    kind = "SC" if request.param == "three files" else "MultiframeSC"
    out = tmp_path / "pictures"
    dcs.write(values, out, kind=kind, sync=False)
    names = {1: "Lung", 2: "Heart"}
    dcs.write(labels, tmp_path / "seg", kind="Segmentation", like=out, segments=names, sync=False)
    return out, labels, tmp_path / "seg"


def without_stack_numbers(dataset):
    for item in dataset.PerFrameFunctionalGroupsSequence:
        del item.FrameContentSequence[0].InStackPositionNumber


def without_source_images(dataset):
    for item in dataset.PerFrameFunctionalGroupsSequence:
        item.pop("DerivationImageSequence", None)
    dataset.SharedFunctionalGroupsSequence[0].pop("DerivationImageSequence", None)


@pytest.mark.parametrize("change", [None, without_stack_numbers, without_source_images])
def test_labels_of_pictures_are_put_on_the_pictures_that_they_are_of(pictures, change):
    source, labels, path = pictures
    if change is not None:
        changed(path, change)
    volume = dcs.read(path, onto=source)
    np.testing.assert_array_equal(volume.array.reshape(labels.shape), labels)
    assert volume.shape == dcs.read(source).shape
    heart = volume.segment("Heart").array
    np.testing.assert_array_equal(heart.reshape(labels.shape), labels == 2)


def test_frames_that_name_pictures_are_read_without_stack_numbers(pictures):
    _, labels, path = pictures
    changed(path, without_stack_numbers)
    with pytest.warns(DicomSeriesWarning, match="order of their source images"):
        volume = dcs.read(path)
    np.testing.assert_array_equal(volume.array[: len(labels)], labels[: volume.shape[0]])


def test_frames_that_name_nothing_are_rejected(pictures):
    _, _, path = pictures
    changed(path, without_stack_numbers)
    changed(path, without_source_images)
    with pytest.raises(ReadError) as caught:
        dcs.read(path)
    assert caught.value.code == "position-missing"


def test_tiles_of_a_large_picture_are_no_stack_of_pictures(pictures):
    _, _, path = pictures
    changed(path, without_stack_numbers)
    changed(path, lambda dataset: setattr(dataset, "TotalPixelMatrixRows", 60))
    with pytest.raises(ReadError) as caught:
        dcs.read(path)
    assert caught.value.code == "tiled-image"
    assert "highdicom" in caught.value.remedy


def test_labels_of_other_pictures_are_rejected(pictures, source, tmp_path):
    _, _, path = pictures
    dcs.write(np.ones((3, 6, 8), "uint8"), tmp_path / "other", kind="SC", sync=False)
    with pytest.raises(GeometryError) as caught:
        dcs.read(path, onto=tmp_path / "other")
    assert caught.value.code == "pictures-differ"
    with pytest.raises(GeometryError) as caught:
        dcs.read(path, onto=source)
    assert caught.value.code == "place-missing"
