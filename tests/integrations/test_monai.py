"""MONAI itself saves what it predicts: `make integrations` installs it."""

from __future__ import annotations

import warnings
from functools import partial

import numpy as np
import pytest

import dicomseries as dcs

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    pytest.importorskip("torch")
    pytest.importorskip("monai")
    from monai.data import MetaTensor
    from monai.transforms import (
        AsDiscrete,
        LoadImage,
        LoadImaged,
        Orientation,
        SaveImage,
        SaveImaged,
        Spacing,
    )

from dicomseries.integrations.monai import DicomSeriesWriter

pytestmark = pytest.mark.filterwarnings("ignore")

VOXELS = np.random.default_rng(0).integers(-500, 500, (5, 6, 7), dtype="int16")
DIRECTIONS = {
    "axial": (1, 0, 0, 0, 1, 0, 0, 0, 1),
    "oblique": (0.6, 0.8, 0, -0.8, 0.6, 0, 0, 0, 1),
    "sagittal": (0, 0, -1, 1, 0, 0, 0, -1, 0),
}


@pytest.fixture(scope="module", params=DIRECTIONS)
def ct(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("source") / request.param
    dcs.write(
        VOXELS,
        folder,
        kind="CT",
        spacing=(2, 3, 4),
        origin=(10, 20, 30),
        direction=DIRECTIONS[request.param],
        metadata={"PatientID": "42", "RescaleType": "HU"},
    )
    return folder


def loaded(path):
    reader = LoadImage(reader="PydicomReader", ensure_channel_first=True, image_only=True)
    return reader(path)


def saved(image, folder, name="result", **options):
    """Return the series that `SaveImage` makes, and its receipt."""
    resample = options.pop("resample", False)
    save = SaveImage(
        output_ext="",
        resample=resample,
        writer=partial(DicomSeriesWriter, **options),
        print_log=False,
    )
    save(image, filename=folder / name)
    return dcs.read(folder / name), save.writer_obj.receipt


@pytest.mark.parametrize("codes", [None, "RAS", "LPS", "SRA", "PIR"])
def test_a_mask_lies_on_the_series_that_was_loaded_however_its_axes_run(ct, tmp_path, codes):
    image = loaded(ct)
    if codes:
        image = Orientation(codes)(image)
    mask = AsDiscrete(threshold=100)(image)  # floats, as MONAI makes them
    assert mask.is_floating_point()
    volume, receipt = saved(mask, tmp_path, kind="Segmentation", segments={1: "Liver"})
    assert np.array_equal(volume.array, VOXELS >= 100)
    source = dcs.read(ct)
    assert receipt.study_uid == source.tags["StudyInstanceUID"]
    np.testing.assert_allclose(volume.grid.corners(), source.grid.corners())


def test_a_label_map_without_its_channel_is_taken_too(ct, tmp_path):
    image = loaded(ct)
    labels = (image > 0)[0].to(image.dtype) + (image > 200)[0]
    volume, _ = saved(labels, tmp_path, kind="Segmentation")
    assert np.array_equal(volume.array, (VOXELS > 0) + np.uint8(VOXELS > 200))


def test_a_channel_for_each_class_becomes_a_segment_for_each(ct, tmp_path):
    image = loaded(ct)
    classes = AsDiscrete(to_onehot=3)((image > 0).float() + (image > 200).float())
    assert classes.shape[0] == 3
    segments = {1: "Liver", 2: "Spleen"}  # 0 is the background
    volume, _ = saved(classes, tmp_path, kind="Segmentation", segments=segments)
    assert np.array_equal(volume.array, (VOXELS > 0) + np.uint8(VOXELS > 200))
    names = [item["SegmentLabel"] for item in volume.tags["SegmentSequence"]]
    assert names == ["Liver", "Spleen"]


def test_probabilities_of_classes_become_masks_by_a_threshold_or_fractions(ct, tmp_path):
    image = loaded(ct)
    values = (Orientation("RAS")(image) / 300).sigmoid()
    both = values.repeat(2, 1, 1, 1)
    both[1] = 1 - both[1]
    names = ["High", "Low"]
    volume, _ = saved(both, tmp_path, "masks", kind="seg", threshold=0.5, segments=names)
    expected = (image / 300).sigmoid().numpy()[0].transpose(2, 1, 0)
    assert np.array_equal(volume.array, (expected < 0.5) + np.uint8(1))
    options = {"segmentation_type": "fractional", "segments": names}
    volume, _ = saved(both, tmp_path, "fractions", kind="seg", **options)
    assert np.abs(volume.array[0] - expected).max() <= 1 / 255


def test_an_image_series_keeps_its_numbers_and_the_kind_of_its_source(ct, tmp_path):
    volume, receipt = saved(loaded(ct) / 2, tmp_path, description="Halved")
    assert receipt.kind == "CT"
    assert np.abs(volume.array - VOXELS / 2).max() <= receipt.max_error


def test_a_parametric_map_keeps_every_bit(ct, tmp_path):
    image = loaded(ct)
    volume, _ = saved((image / 300).sigmoid(), tmp_path, kind="ParametricMap", units="1")
    expected = (image / 300).sigmoid().as_tensor().numpy()[0].transpose(2, 1, 0)
    assert np.array_equal(volume.array, expected)


def test_a_resampled_image_is_saved_on_its_own_grid_or_on_that_of_the_loaded_one(ct, tmp_path):
    image = loaded(ct)
    coarse = Spacing(pixdim=(4, 3, 4), mode="nearest")(image)
    assert coarse.shape != image.shape
    volume, _ = saved(coarse > 100, tmp_path, "coarse", kind="Segmentation")
    assert volume.grid.spacing_mm == (4, 3, 4)
    assert np.array_equal(volume.array, (coarse > 100).numpy()[0].transpose(2, 1, 0))
    volume, _ = saved(coarse > 100, tmp_path, "fine", kind="Segmentation", resample=True)
    np.testing.assert_allclose(volume.grid.corners(), dcs.read(ct).grid.corners())


def test_a_tensor_with_lps_coordinates_lies_at_the_same_place(ct, tmp_path):
    reader = LoadImage(
        reader="PydicomReader", affine_lps_to_ras=False, ensure_channel_first=True, image_only=True
    )
    image = reader(ct)
    assert image.meta["space"] == "LPS"
    volume, _ = saved(image > 100, tmp_path, kind="Segmentation")
    assert np.array_equal(volume.array, VOXELS > 100)
    np.testing.assert_allclose(volume.grid.corners(), dcs.read(ct).grid.corners())


def test_a_pipeline_of_dictionaries_names_the_writer_by_a_text(ct, tmp_path):
    images = LoadImaged(keys="image", reader="PydicomReader", ensure_channel_first=True)(
        {"image": str(ct)}
    )
    images["pred"] = images["image"] > 100
    save = SaveImaged(
        keys="pred",
        output_dir=tmp_path,
        output_ext="",
        output_postfix="seg",
        writer="dicomseries.integrations.monai.DicomSeriesWriter",
    )
    save.set_options(init_kwargs={"kind": "Segmentation", "segments": {1: "Liver"}})(images)
    volume = dcs.read(tmp_path / ct.name / f"{ct.name}_seg")
    assert np.array_equal(volume.array, VOXELS > 100)


def test_an_image_of_another_format_needs_its_source_by_name(ct, tmp_path):
    dcs.read(ct).save(tmp_path / "scan.nii.gz")
    image = LoadImage(ensure_channel_first=True, image_only=True)(tmp_path / "scan.nii.gz")
    volume, receipt = saved(image > 100, tmp_path, "alone", kind="Segmentation")
    assert receipt.study_uid != dcs.read(ct).tags["StudyInstanceUID"]
    assert (volume.array > 0).sum() == (VOXELS > 100).sum()
    volume, receipt = saved(image > 100, tmp_path, "placed", kind="Segmentation", like=ct)
    assert receipt.study_uid == dcs.read(ct).tags["StudyInstanceUID"]
    assert np.array_equal(volume.array, VOXELS > 100)


def test_write_takes_a_tensor_with_its_place(ct, tmp_path):
    image = Orientation("RAS")(loaded(ct))
    dcs.write((image > 100).byte(), tmp_path / "seg", kind="Segmentation", like=ct)
    assert np.array_equal(dcs.read(tmp_path / "seg").array, VOXELS > 100)


def test_a_new_tensor_without_an_affine_states_no_place():
    volume = dcs.open_volume(MetaTensor(np.zeros((1, 5, 4, 3))))
    assert volume.grid.statement.spacing == "default"
