"""Segmentations of 3D Slicer: files of slicerio, and others that pynrrd writes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest

import data_packages
import dicomseries as dcs

nrrd = pytest.importorskip("nrrd", reason="run `make check`, which installs pynrrd")


def segments_of(folder):
    (path,) = Path(folder).rglob("*.dcm")
    return pydicom.dcmread(path).SegmentSequence


@pytest.mark.real_data
@pytest.mark.parametrize(
    "image", [data_packages.SLICER_SEGMENTS, data_packages.SLICER_OVERLAP], ids=["one", "two"]
)
def test_a_file_of_slicer_keeps_voxels_names_colours_and_codes(tmp_path, image):
    path = data_packages.find(image)
    voxels, header = nrrd.read(str(path))
    if voxels.ndim == 3:
        voxels = voxels[np.newaxis]
    dcs.write(path, tmp_path / "seg", kind="Segmentation")
    written = dcs.read(tmp_path / "seg")
    array = np.asarray(written).reshape(-1, *written.grid.shape)
    for index, item in enumerate(segments_of(tmp_path / "seg")):
        label = int(header[f"Segment{index}_LabelValue"])
        layer = int(header[f"Segment{index}_Layer"])
        assert item.SegmentLabel == header[f"Segment{index}_Name"]
        terms = header[f"Segment{index}_Tags"].split("TerminologyEntry:")[1].split("~")
        (code,) = item.SegmentedPropertyTypeCodeSequence
        assert f"SCT^{code.CodeValue}^{code.CodeMeaning}" == terms[2]
        sides = [
            side.CodeMeaning for side in code.get("SegmentedPropertyTypeModifierCodeSequence", [])
        ]
        assert sides == [part for part in [terms[3].split("^")[2]] if part]
        expected = voxels[layer].transpose(2, 1, 0) == label
        number = item.SegmentNumber
        part = array[number - 1] if len(array) > 1 else array[0] == number
        start = round((written.grid.origin_lps[2] + 340.25) / 10)
        grid = np.zeros(expected.shape, bool)
        grid[start : start + len(part)] = part > 0
        # Slicer's file runs from left to right, as the patient's axes do not
        np.testing.assert_array_equal(grid[:, ::-1, ::-1], expected)


def test_a_file_of_pynrrd_with_turned_axes_and_two_layers_is_seen_in_place(tmp_path):
    rng = np.random.default_rng(5)
    layers = rng.integers(0, 3, (2, 7, 6, 5)).astype("uint8")  # layer, x, y, z
    directions = np.array([[np.nan] * 3, [0.6, 0.8, 0], [-0.8, 0.6, 0], [0, 0, 3]])
    header = {
        "space": "left-posterior-superior",
        "kinds": ["list", "domain", "domain", "domain"],
        "space directions": directions,
        "space origin": [1.0, -2.0, 3.0],
        "Segment0_ID": "Segment_1",
        "Segment0_Name": "spleen",
        "Segment0_Color": "0.2 0.4 0.6",
        "Segment0_Layer": "1",
        "Segment0_LabelValue": "2",
        "Segment1_ID": "Segment_2",
        "Segment1_Name": "Tumour of mine",
        "Segment1_Layer": "0",
        "Segment1_LabelValue": "1",
    }
    nrrd.write(str(tmp_path / "a.seg.nrrd"), layers, header)
    receipt = dcs.write(tmp_path / "a.seg.nrrd", tmp_path / "seg", kind="seg", orient="as-is")
    first, second = segments_of(tmp_path / "seg")
    assert (first.SegmentLabel, second.SegmentLabel) == ("spleen", "Tumour of mine")
    assert first.SegmentedPropertyTypeCodeSequence[0].CodeMeaning == "Spleen"  # by its name
    assert second.SegmentedPropertyTypeCodeSequence[0].CodeMeaning == "Image Region"
    array = np.asarray(dcs.read(tmp_path / "seg"))
    np.testing.assert_array_equal(array[0], layers[1].transpose(2, 1, 0) == 2)
    np.testing.assert_array_equal(array[1], layers[0].transpose(2, 1, 0) == 1)
    np.testing.assert_allclose(receipt.grid.origin_lps, (1, -2, 3))
    renamed = {"spleen": {"label": "Milz"}, "tumour of mine": None}
    dcs.write(tmp_path / "a.seg.nrrd", tmp_path / "named", kind="seg", segments=renamed)
    assert [item.SegmentLabel for item in segments_of(tmp_path / "named")] == ["Milz"]
