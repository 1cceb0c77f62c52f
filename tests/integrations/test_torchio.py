"""TorchIO's own images and subjects become series: `make integrations` installs it."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import dicomseries as dcs

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    pytest.importorskip("torch")
    tio = pytest.importorskip("torchio")

from dicomseries.integrations.torchio import save_image, save_subject

pytestmark = pytest.mark.filterwarnings("ignore")

VOXELS = np.random.default_rng(0).integers(-500, 500, (5, 6, 7), dtype="int16")
OBLIQUE = (0.6, 0.8, 0, -0.8, 0.6, 0, 0, 0, 1)


@pytest.fixture(scope="module")
def ct(tmp_path_factory):
    folder = tmp_path_factory.mktemp("source") / "ct"
    dcs.write(
        VOXELS,
        folder,
        kind="CT",
        spacing=(2, 3, 4),
        origin=(10, 20, 30),
        direction=OBLIQUE,
        metadata={"PatientID": "42", "RescaleType": "HU"},
    )
    return folder


def labels_of(image):
    return tio.LabelMap(tensor=(image.data > 100).byte(), affine=image.affine)


@pytest.mark.parametrize("turned", [False, True])
def test_labels_lie_on_the_series_also_after_a_change_of_axes(ct, tmp_path, turned):
    image = tio.ScalarImage(ct)
    if turned:
        image = tio.ToCanonical()(image)
    receipt = save_image(labels_of(image), tmp_path / "seg", like=ct, segments={1: "Liver"})
    volume = dcs.read(tmp_path / "seg")
    assert receipt.kind == "Segmentation"
    assert np.array_equal(volume.array, VOXELS > 100)
    np.testing.assert_allclose(volume.grid.corners(), dcs.read(ct).grid.corners())


def test_a_channel_for_each_class_becomes_a_segment_for_each(ct, tmp_path):
    image = tio.ToCanonical()(tio.ScalarImage(ct))
    data = (image.data > 0).byte() + (image.data > 200).byte()
    classes = tio.OneHot(num_classes=3)(tio.LabelMap(tensor=data, affine=image.affine))
    assert classes.shape[0] == 3
    save_image(classes, tmp_path / "seg", like=ct, segments={1: "Liver", 2: "Spleen"})
    expected = (VOXELS > 0) + np.uint8(VOXELS > 200)
    assert np.array_equal(dcs.read(tmp_path / "seg").array, expected)


def test_an_image_that_was_loaded_from_dicom_becomes_a_result_of_it(ct, tmp_path):
    image = tio.ScalarImage(ct)
    image.set_data(image.data / 2)
    receipt = save_image(image, tmp_path / "half", description="Halved")
    assert receipt.kind == "CT"
    assert receipt.study_uid == dcs.read(ct).tags["StudyInstanceUID"]
    assert np.abs(dcs.read(tmp_path / "half").array - VOXELS / 2).max() <= receipt.max_error


def test_a_subject_becomes_one_study_with_its_labels_on_its_image(ct, tmp_path):
    image = tio.ScalarImage(ct)
    subject = tio.Subject(liver=labels_of(image), ct=image)
    receipts = save_subject(subject, tmp_path, segments={1: "Liver"})
    assert list(receipts) == ["ct", "liver"]
    assert {receipt.study_uid for receipt in receipts.values()} == {
        dcs.read(ct).tags["StudyInstanceUID"]
    }
    assert np.array_equal(dcs.read(tmp_path / "liver").array, VOXELS > 100)


def test_a_subject_from_other_files_is_written_with_its_first_image_as_the_source(ct, tmp_path):
    dcs.read(ct).save(tmp_path / "scan.nii.gz")
    image = tio.ScalarImage(tmp_path / "scan.nii.gz")
    subject = tio.ToCanonical()(tio.Subject(ct=image, liver=labels_of(image)))
    metadata = {"PatientID": "42", "RescaleType": "HU"}
    receipts = save_subject(subject, tmp_path / "out", kind="CT", metadata=metadata)
    assert receipts["liver"].study_uid == receipts["ct"].study_uid
    written = dcs.read(tmp_path / "out" / "ct")
    liver = dcs.read(tmp_path / "out" / "liver")
    assert np.array_equal(liver.array, written.array > 100)
    np.testing.assert_allclose(liver.grid.corners(), written.grid.corners())


def test_write_takes_images_that_are_not_loaded_yet(ct, tmp_path):
    dcs.read(ct).save(tmp_path / "scan.nii.gz")
    image = tio.ScalarImage(tmp_path / "scan.nii.gz")
    volume = dcs.open_volume(image)
    assert np.array_equal(np.sort(volume.array, axis=None), np.sort(VOXELS, axis=None))
    dcs.write(image, tmp_path / "again", kind="CT", like=ct)
    assert np.array_equal(dcs.read(tmp_path / "again").array, VOXELS)
