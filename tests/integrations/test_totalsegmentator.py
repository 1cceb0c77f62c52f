"""Files as TotalSegmentator writes them, with its own names and its own code for the header."""

from __future__ import annotations

import warnings

import nibabel
import numpy as np
import pytest

import dicomseries as dcs

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    pytest.importorskip("totalsegmentator")
    from totalsegmentator.map_to_binary import class_map
    from totalsegmentator.nifti_ext_header import load_multilabel_nifti, save_multilabel_nifti

NAMES = class_map["total"]
AFFINE = np.array([[-3.0, 0, 0, 9], [0, -3, 0, 8], [0, 0, 5, 7], [0, 0, 0, 1]])
LABELS = np.arange(24 * 16 * 10, dtype="uint8").reshape(24, 16, 10) // 2 % (len(NAMES) + 1)


@pytest.fixture(scope="module")
def ct(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study") / "ct"
    dcs.write(
        np.zeros((10, 16, 24), "int16"),
        folder,
        kind="CT",
        affine=np.diag([-1.0, -1, 1, 1]) @ AFFINE,
        space="LPS",
        metadata={"RescaleType": "HU"},
    )
    return folder


def segments_of(path):
    return {
        item["SegmentNumber"]: (
            item["SegmentLabel"],
            item["SegmentedPropertyTypeCodeSequence"][0]["CodeMeaning"],
        )
        for item in dcs.tags(path)["SegmentSequence"]
    }


def test_a_folder_of_its_masks_becomes_segments_with_their_codes(ct, tmp_path):
    folder = tmp_path / "masks"
    folder.mkdir()
    for label, name in NAMES.items():
        mask = (label == LABELS).astype("uint8")
        nibabel.save(nibabel.Nifti1Image(mask, AFFINE), folder / f"{name}.nii.gz")
    dcs.write(folder, tmp_path / "seg", kind="Segmentation", like=ct)
    segments = segments_of(tmp_path / "seg")
    assert sorted(label for label, _ in segments.values()) == sorted(NAMES.values())
    assert "Image Region" not in {meaning for _, meaning in segments.values()}
    volume = dcs.read(tmp_path / "seg")
    number = {label: number for number, (label, _) in segments.items()}
    for label, name in NAMES.items():
        expected = (label == LABELS).transpose(2, 1, 0)
        assert np.array_equal(volume.array == number[name], expected), name


def test_a_file_of_all_labels_brings_its_names(ct, tmp_path):
    path = tmp_path / "segmentations.nii"
    save_multilabel_nifti(nibabel.Nifti1Image(LABELS, AFFINE), path, NAMES)
    pytest.importorskip("xmltodict")
    assert load_multilabel_nifti(path)[1] == NAMES
    dcs.write(path, tmp_path / "seg", kind="Segmentation", like=ct, segmentation_type="labelmap")
    volume = dcs.read(tmp_path / "seg")
    assert np.array_equal(volume.array, LABELS.transpose(2, 1, 0))
    segments = segments_of(tmp_path / "seg")
    assert {number: segments[number][0] for number in NAMES} == NAMES
