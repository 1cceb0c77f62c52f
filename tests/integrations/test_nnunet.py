"""nnU-Net's own label manager and dataset.json: `make integrations` installs them."""

from __future__ import annotations

import json
import sys
import warnings
from types import ModuleType

import numpy as np
import pytest

import dicomseries as dcs
from dicomseries.segmentation.segments import parse_segments

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    pytest.importorskip("torch")
    pytest.importorskip("batchgenerators")
    pytest.importorskip("nnunetv2")
    # The cropping of images, which nothing here asks for, needs forty more packages.
    for name in ("", ".cropping_and_padding", ".cropping_and_padding.bounding_boxes"):
        sys.modules.setdefault(f"acvl_utils{name}", ModuleType(f"acvl_utils{name}"))
    boxes = sys.modules["acvl_utils.cropping_and_padding.bounding_boxes"]
    boxes.insert_crop_into_image = None  # type: ignore[attr-defined]
    from nnunetv2.dataset_conversion.generate_dataset_json import generate_dataset_json
    from nnunetv2.utilities.label_handling.label_handling import LabelManager

pytestmark = pytest.mark.filterwarnings("ignore")

LABELS = {"background": 0, "left atrium": 2, "liver": 1, "spleen": 3}


def dataset_json(folder, labels, **options):
    folder.mkdir(exist_ok=True)
    generate_dataset_json(str(folder), {0: "CT"}, dict(labels), 7, ".nii.gz", **options)
    return folder / "dataset.json"


def test_the_names_are_those_of_its_foreground_labels(tmp_path):
    dataset = json.loads(
        dataset_json(tmp_path, {**LABELS, "ignore": 4}).read_text(encoding="utf-8")
    )
    manager = LabelManager(dataset["labels"], None)
    described = {segment.value: segment.label for segment in parse_segments(dataset).described}
    assert sorted(described) == list(manager.foreground_labels)
    assert {name: label for label, name in described.items()} == {
        name: label for name, label in LABELS.items() if label
    }


def test_a_prediction_becomes_named_segments(tmp_path):
    manager = LabelManager(LABELS, None)
    probabilities = np.random.default_rng(0).random((4, 3, 4, 5)).astype("float32")
    labels = np.asarray(manager.convert_probabilities_to_segmentation(probabilities))
    path = dataset_json(tmp_path, LABELS)
    dcs.write(
        labels.astype("uint8"),
        tmp_path / "seg",
        kind="Segmentation",
        spacing=(2, 3, 4),
        segments=path,
    )
    volume = dcs.read(tmp_path / "seg")
    assert np.array_equal(volume.array, labels)
    names = [item["SegmentLabel"] for item in volume.tags["SegmentSequence"]]
    assert names == ["liver", "left atrium", "spleen"]


def test_regions_are_those_that_it_evaluates(tmp_path):
    labels = {"background": 0, "whole tumor": (1, 2, 3), "core": (2, 3), "enhancing": 3}
    order = (1, 2, 3)
    path = dataset_json(tmp_path, labels, regions_class_order=order)
    manager = LabelManager(json.loads(path.read_text(encoding="utf-8"))["labels"], order)
    probabilities = np.random.default_rng(0).random((3, 3, 4, 8)).astype("float32")
    predicted = np.asarray(manager.convert_probabilities_to_segmentation(probabilities))
    assert set(np.unique(predicted)) == {0, 1, 2, 3}
    dcs.write(
        predicted.astype("uint8"),
        tmp_path / "seg",
        kind="Segmentation",
        spacing=(2, 3, 4),
        segments=path,
    )
    volume = dcs.read(tmp_path / "seg")
    expected = [np.isin(predicted, region) for region in manager.foreground_regions]
    assert np.array_equal(volume.array, expected)
