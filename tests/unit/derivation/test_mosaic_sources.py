"""Promises about results of mosaics: images on the slices, with the mosaic as their source."""

from __future__ import annotations

import numpy as np
import pytest

import dicomseries as dcs
from judges.mosaics import MOSAIC_AFFINE, grid_dataset, mosaic_dataset, write_mosaics

VOLUMES, SLICES = 3, 5
STORED = np.random.default_rng(15).integers(1, 4000, (VOLUMES, SLICES, 4, 6), "uint16")
DIRECTIONS = [(0.0, 0.6, 0.8), None, (1.0, 0.0, 0.0)]
UIDS = ["2.25.5002.1", "2.25.5002.2", "2.25.5002.3"]


def weighted(slices, volume):
    direction = DIRECTIONS[volume]
    fields = {"B_value": ("IS", ["0" if direction is None else "1000"])}
    if direction is not None:
        fields["DiffusionGradientDirection"] = ("FD", [f"{part:.8f}" for part in direction])
    return mosaic_dataset(slices, volume=volume, fields=fields, is_reversed=True)


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return write_mosaics(tmp_path_factory.mktemp("mosaics"), STORED, make=weighted)


def written(source, out, **options):
    receipt = dcs.write(STORED * 2.5, out, like=source, axes="tzyx", sync=False, **options)
    errors = dcs.check(out, validators=False)
    assert [str(finding) for finding in errors if finding.level == "error"] == []
    return receipt, dcs.read(out)


def test_a_result_has_an_image_for_each_slice_of_each_mosaic(source, tmp_path):
    _, volume = written(source, tmp_path / "mr", kind="MR")
    np.testing.assert_allclose(volume.grid.affine(), MOSAIC_AFFINE, atol=1e-6)
    np.testing.assert_allclose(volume, STORED * 2.5, atol=0.1)
    tags = volume.tags
    assert (tags["Rows"], tags["Columns"], tags["PixelSpacing"]) == (4, 6, [3.0, 2.5])
    assert "MOSAIC" not in tags["ImageType"]
    assert "SliceLocation" not in tags
    assert tags["InstanceNumber"] == tuple(range(1, VOLUMES * SLICES + 1))
    assert not [name for name in tags if name.startswith("(0029,")]
    assert tags["DiffusionBValue"][::SLICES] == (1000.0, 0.0, 1000.0)
    assert volume.times_s == (0.0, 3.0, 6.0)


def test_the_mosaic_of_its_volume_is_the_source_of_each_slice(source, tmp_path):
    _, volume = written(source, tmp_path / "mr", kind="MR")
    for index, items in enumerate(volume.tags["SourceImageSequence"]):
        (item,) = items
        assert item["ReferencedSOPInstanceUID"] == UIDS[index // SLICES]
        assert "ReferencedFrameNumber" not in item
        # Pixels of the mosaic lie elsewhere in its image.
        assert "SpatialLocationsPreserved" not in item


def test_an_enhanced_result_has_the_weighting_of_each_frame(source, tmp_path):
    needed = {"ApplicableSafetyStandardAgency": "IEC"}
    _, volume = written(source, tmp_path / "mr", kind="EnhancedMR", metadata=needed)
    tags = volume.tags
    assert tags["DiffusionBValue"][::SLICES] == (1000.0, 0.0, 1000.0)
    assert tags["DiffusionGradientOrientation"][::SLICES] == (
        [0.0, 0.6, 0.8],
        None,
        [1.0, 0.0, 0.0],
    )


def test_a_segmentation_lies_on_the_slices_and_names_the_mosaics(source, tmp_path):
    labels = (STORED[0] > 2000).astype("uint8")
    dcs.write(labels, tmp_path, kind="Segmentation", like=source, segments={1: "Liver"}, sync=False)
    volume = dcs.read(tmp_path)
    np.testing.assert_array_equal(volume, labels)
    np.testing.assert_allclose(volume.grid.affine(), MOSAIC_AFFINE, atol=1e-6)
    (derivation,) = volume.tags["DerivationImageSequence"]
    named = [item["ReferencedSOPInstanceUID"] for item in derivation["SourceImageSequence"]]
    assert named == UIDS
    np.testing.assert_array_equal(dcs.read(tmp_path, onto=source), labels)


def test_a_slice_of_a_uih_grid_keeps_its_time(tmp_path):
    source = write_mosaics(tmp_path / "grid", STORED, make=grid_dataset)
    _, volume = written(source, tmp_path / "mr", kind="MR")
    assert volume.tags["AcquisitionDateTime"][6] == "20240229120003.250000"
