"""A dataset.json of nnU-Net names the labels."""

from __future__ import annotations

import json

import numpy as np
import pytest

import dicomseries as dcs
from dicomseries.errors import MetadataError
from dicomseries.segmentation.segments import parse_segments

DATASET = {
    "channel_names": {"0": "CT"},
    "labels": {"background": 0, "spleen": 2, "liver": 1, "ignore": 3},
    "numTraining": 41,
    "file_ending": ".nii.gz",
}


@pytest.mark.parametrize(
    "labels",
    [
        {"background": 0, "spleen": 2, "liver": 1, "ignore": 3},
        {"background": 0, "spleen": [2], "liver": "1"},
        {"0": "background", "2": "spleen", "1": "liver"},
    ],
    ids=["version 2", "regions of one label", "version 1"],
)
def test_names_of_classes_become_labels_of_segments(labels):
    segments = parse_segments({"labels": labels, "numTraining": 41}).described
    assert [(segment.value, segment.label) for segment in segments] == [(1, "liver"), (2, "spleen")]


@pytest.mark.parametrize(
    ("labels", "code"),
    [
        ({"background": 0, "whole tumor": [1, 2, 3], "core": 3}, "segments-are-regions"),
        ({"background": 0, "liver": 1, "spleen": 1}, "segments-malformed"),
        ({"background": 0, "liver": 1.5}, "segments-malformed"),
        ({"background": 0, "liver": True}, "segments-malformed"),
        ({"background": 0, "liver": None}, "segments-malformed"),
        ({"background": 0, "liver": []}, "segments-are-regions"),
        ({"background": 0, "liver": 70000}, "segments-malformed"),
    ],
)
def test_labels_that_name_no_single_label_are_rejected(labels, code):
    with pytest.raises(MetadataError) as caught:
        parse_segments({"labels": labels})
    assert caught.value.code == code


def test_the_file_names_the_segments_that_are_written(tmp_path):
    path = tmp_path / "dataset.json"
    path.write_text(json.dumps(DATASET), encoding="utf-8")
    labels = np.zeros((3, 4, 5), "uint8")
    labels[1, 2:, 1:3] = 1
    labels[2, :2, 3:] = 2
    out = tmp_path / "seg"
    dcs.write(labels, out, kind="Segmentation", spacing=(1, 1, 2), segments=path)
    volume = dcs.read(out)
    assert [item["SegmentLabel"] for item in volume.tags["SegmentSequence"]] == ["liver", "spleen"]
    assert np.array_equal(np.asarray(volume), labels)
