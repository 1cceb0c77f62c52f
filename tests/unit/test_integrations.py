"""Integrations that need nothing of their framework; tests/integrations asks the frameworks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import dicomseries as dcs
from dicomseries.integrations.loaded_series import source_options
from dicomseries.integrations.torchio import save_image, save_subject

MODULES = sorted((Path(dcs.__file__).parent / "integrations").glob("*.py"))
VOXELS = np.arange(60, dtype="int16").reshape(3, 4, 5)
AFFINE = np.array([[-2.0, 0, 0, 9], [0, -3, 0, 8], [0, 0, 4, 7], [0, 0, 0, 1]])


class Image(dict):
    """Attributes of a TorchIO image, which is a dict."""

    def __init__(self, array, kind, path=None):
        super().__init__(data=array, affine=AFFINE, type=kind)
        self.data, self.affine = array.transpose(2, 1, 0)[None], AFFINE
        self.type, self.path = kind, path


Image.__module__ = "torchio.data.image"


class Subject(dict):
    def get_images_dict(self, *, intensity_only):
        assert not intensity_only
        return dict(self)


@pytest.fixture(scope="module")
def ct(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    save_image(Image(VOXELS, "intensity"), folder / "ct", kind="CT", metadata={"RescaleType": "HU"})
    return folder / "ct"


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_an_integration_is_read_in_a_minute(module):
    lines = module.read_text(encoding="utf-8").splitlines()
    assert len([line for line in lines if line.strip()]) <= 60


def test_a_folder_or_a_file_of_a_series_leads_to_it_and_other_files_do_not(ct, tmp_path):
    uid = dcs.tags(ct)["SeriesInstanceUID"]
    assert source_options(str(ct)) == {"like": ct}
    assert source_options(sorted(ct.iterdir())[1]) == {"like": ct, "series": uid}
    np.save(tmp_path / "a.npy", VOXELS)
    assert source_options(tmp_path / "a.npy") == source_options([ct, ct]) == {}


def test_labels_of_a_subject_lie_on_the_series_of_its_image(ct, tmp_path):
    subject = Subject(
        mask=Image((VOXELS > 30).astype("uint8"), "label"), scan=Image(VOXELS, "intensity", ct)
    )
    receipts = save_subject(subject, tmp_path, segments={1: "Liver"})
    assert [receipts[name].kind for name in ("scan", "mask")] == ["CT", "Segmentation"]
    assert receipts["mask"].study_uid == dcs.tags(ct)["StudyInstanceUID"]
    references = dcs.tags(tmp_path / "mask")["ReferencedSeriesSequence"]
    assert references[0]["SeriesInstanceUID"] == dcs.tags(ct)["SeriesInstanceUID"]
    assert np.array_equal(dcs.read(tmp_path / "mask").array, VOXELS > 30)


def test_labels_of_a_subject_without_dicom_lie_on_the_image_that_is_written(tmp_path):
    subject = Subject(
        mask=Image((VOXELS > 30).astype("uint8"), "label"), scan=Image(VOXELS, "intensity")
    )
    receipts = save_subject(subject, tmp_path, kind="CT", metadata={"RescaleType": "HU"})
    assert receipts["mask"].study_uid == receipts["scan"].study_uid
    references = dcs.tags(tmp_path / "mask")["ReferencedSeriesSequence"]
    assert references[0]["SeriesInstanceUID"] == receipts["scan"].series_uid
