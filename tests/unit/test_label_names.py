"""Label maps of networks name their labels: in a folder of nnU-Net, in a header, by regions."""

from __future__ import annotations

import json

import nibabel
import numpy as np
import pytest

import dicomseries as dcs
from dicomseries.errors import MetadataError, SourceError, ValuesError
from dicomseries.sources.formats.headers.label_table import names_in_table

AFFINE = np.array([[-2.0, 0, 0, 9], [0, -3, 0, 8], [0, 0, 4, 7], [0, 0, 0, 1]])
LABELS = np.zeros((3, 8, 5), "uint8")
LABELS[1, 2:4, 1:3] = 1
LABELS[2, 4:6, 3:] = 2
LABELS[0, 7, :] = 3
TUMOR = {"background": 0, "whole tumor": [1, 2, 3], "tumor core": [2, 3], "enhancing": 3}
TABLE = (
    '<?xml version="1.0"?><CaretExtension><VolumeInformation Index="0"><LabelTable>'
    '<Label Key="0" Red="0"><![CDATA[???]]></Label>'
    '<Label Key="1" Red="1" Alpha="1"><![CDATA[liver]]></Label>\n'
    '<Label Red="1" Key="2">kidney &amp; cyst</Label><Label Key="9"><![CDATA[aorta]]></Label>'
    "</LabelTable></VolumeInformation></CaretExtension>"
)


def saved(path, labels=LABELS, table=None):
    image = nibabel.Nifti1Image(labels.transpose(2, 1, 0), AFFINE)
    if table is not None:
        image.header.extensions.append(nibabel.nifti1.Nifti1Extension(0, table.encode()))
    nibabel.save(image, path)
    return path


def predicted(folder, labels, *cases):
    folder.mkdir()
    for case in cases:
        saved(folder / f"{case}.nii.gz")
    dataset = {"labels": labels, "file_ending": ".nii.gz", "numTraining": 7}
    (folder / "dataset.json").write_text(json.dumps(dataset), encoding="utf-8")
    (folder / "plans.json").write_text("{}", encoding="utf-8")
    return folder


def names_of(path):
    return [item["SegmentLabel"] for item in dcs.tags(path)["SegmentSequence"]]


@pytest.fixture(scope="module")
def ct(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study") / "ct"
    dcs.write(
        np.zeros((3, 8, 5), "int16"),
        folder,
        kind="CT",
        affine=np.diag([-1.0, -1, 1, 1]) @ AFFINE,
        space="LPS",
        metadata={"RescaleType": "HU"},
    )
    return folder


def test_a_folder_of_one_prediction_is_a_segmentation_with_its_names(ct, tmp_path):
    folder = predicted(tmp_path / "out", {"background": 0, "b": 2, "a": 1, "c": 3}, "case_1")
    receipt = dcs.write(folder, tmp_path / "seg", kind="Segmentation", like=ct)
    assert np.array_equal(dcs.read(tmp_path / "seg").array, LABELS)
    assert names_of(tmp_path / "seg") == ["a", "b", "c"]
    assert any("dataset.json" in text for text in receipt.advice)


@pytest.mark.parametrize("key", [1, "1", "a", "A"])
def test_descriptions_of_the_user_come_before_those_of_the_folder(ct, tmp_path, key):
    folder = predicted(tmp_path / "out", {"background": 0, "a": 1, "b": 2}, "case_1")
    segments = {
        key: {"label": "Liver"},
        "b": {"color": "#ff0000"},
        "default": {"algorithm": "MANUAL"},
    }
    dcs.write(folder, tmp_path / "seg", kind="seg", like=ct, segments=segments)
    assert names_of(tmp_path / "seg") == ["Liver", "b", "Segment 3"]
    described = dcs.tags(tmp_path / "seg")["SegmentSequence"]
    assert [item["SegmentAlgorithmType"] for item in described] == ["MANUAL"] * 3


def test_a_name_that_the_folder_does_not_have_is_rejected(ct, tmp_path):
    folder = predicted(tmp_path / "out", {"background": 0, "a": 1, "b": 2}, "case_1")
    with pytest.raises(MetadataError, match="label from 1"):
        dcs.plan(folder, kind="seg", like=ct, segments={"c": "Liver"})


def test_regions_are_described_by_their_names(ct, tmp_path):
    folder = predicted(tmp_path / "out", TUMOR, "case_1")
    segments = {"tumor core": {"label": "Core", "color": "#ff0000"}}
    dcs.write(folder, tmp_path / "seg", kind="seg", like=ct, segments=segments)
    assert names_of(tmp_path / "seg") == ["whole tumor", "Core", "enhancing"]


@pytest.mark.parametrize(("cases", "code"), [((), "no-case"), (("a", "b"), "several-cases")])
def test_a_folder_of_several_predictions_or_none_is_rejected(ct, tmp_path, cases, code):
    folder = predicted(tmp_path / "out", {"background": 0, "a": 1}, *cases)
    with pytest.raises(SourceError) as caught:
        dcs.plan(folder, kind="Segmentation", like=ct)
    assert caught.value.code == code


def test_regions_are_segments_that_overlap(ct, tmp_path):
    folder = predicted(tmp_path / "out", TUMOR, "case_1")
    receipt = dcs.write(folder, tmp_path / "seg", kind="Segmentation", like=ct)
    volume = dcs.read(tmp_path / "seg")
    expected = [LABELS > 0, LABELS > 1, LABELS == 3]
    assert np.array_equal(volume.array, expected)
    assert names_of(tmp_path / "seg") == ["whole tumor", "tumor core", "enhancing"]
    assert receipt.study_uid == dcs.tags(ct)["StudyInstanceUID"]


def test_regions_without_a_common_label_stay_one_label_map(tmp_path):
    dataset = {"labels": {"background": 0, "both": [1, 2], "third": 3}}
    out = tmp_path / "seg"
    dcs.write(LABELS, out, kind="Segmentation", spacing=(2, 3, 4), segments=dataset)
    assert np.array_equal(dcs.read(out).array, (LABELS > 0) + np.uint8(LABELS == 3))


@pytest.mark.parametrize(
    ("source", "options", "error"),
    [
        ({"a": LABELS, "b": LABELS}, {}, MetadataError),
        (LABELS, {"segmentation_type": "labelmap"}, ValuesError),
        (LABELS + np.uint8(1), {}, ValuesError),
        (LABELS.astype("float32"), {}, ValuesError),
        (np.stack([LABELS, LABELS]), {"axes": "tzyx"}, SourceError),
    ],
    ids=["masks", "label map", "other label", "floats", "time"],
)
def test_regions_are_rejected_where_they_mean_nothing(source, options, error):
    with pytest.raises(error):
        dcs.plan(source, kind="seg", spacing=(2, 3, 4), segments={"labels": TUMOR}, **options)


def test_a_header_with_a_table_names_the_labels_that_have_voxels(ct, tmp_path):
    path = saved(tmp_path / "labels.nii.gz", table=TABLE)
    receipt = dcs.write(path, tmp_path / "seg", kind="Segmentation", like=ct)
    assert names_of(tmp_path / "seg") == ["liver", "kidney & cyst", "Segment 3"]
    assert any("names its labels" in text for text in receipt.advice)
    dcs.write(
        nibabel.load(path), tmp_path / "next", kind="seg", like=ct, segments={"liver": "Mine"}
    )
    assert names_of(tmp_path / "next") == ["Mine", "kidney & cyst", "Segment 3"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<LabelTable>",
        '<LabelTable><Label Key="x">a</Label>',
        "<LabelTable><Label >a</Label>",
        '<LabelTable><Label Key="1">' + "<Label " * 50_000,
        "<LabelTable>" + "<Label Key" * 50_000,
    ],
    ids=["empty", "open", "no number", "no key", "long", "longer"],
)
def test_a_damaged_table_names_nothing(text):
    assert names_in_table(text) == {}
