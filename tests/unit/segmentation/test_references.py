"""Source images: named where they exist, per frame where they lie in its plane."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom.dataset import Dataset

from dicomseries.errors import MetadataError
from dicomseries.geometry import Grid
from dicomseries.segmentation.segment_references import image_references
from dicomseries.uids import UidPolicy, series_uids

UIDS = series_uids(UidPolicy(), b"references")
GRID = Grid.from_spacing(
    (4, 5, 6), (0.7, 0.9, 2.5), origin=(-7, 8.5, 9), direction=(0.6, 0, 0.8, 0, -1, 0)
)


def image(index, **changes):
    dataset = Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.2", f"1.2.3.{index + 1}"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = UIDS.study, "1.2.3"
    dataset.FrameOfReferenceUID, dataset.Rows, dataset.Columns = UIDS.frame_of_reference, 5, 6
    dataset.ImagePositionPatient, dataset.PixelSpacing = (
        list(GRID.position_texts(index)),
        [0.9, 0.7],
    )
    dataset.ImageOrientationPatient = list(GRID.orientation_texts())
    for keyword, value in changes.items():
        setattr(dataset, keyword, value)
    return dataset


def sources(found, index):
    return [
        (
            str(one.ReferencedSOPInstanceUID),
            one.get("ReferencedFrameNumber"),
            one.SpatialLocationsPreserved,
        )
        for item in found.frame_items(index)
        for one in item.SourceImageSequence
    ]


def test_each_slice_names_the_image_in_its_plane_in_whatever_order_they_come():
    found = image_references([image(index) for index in (2, 0, 3, 1)], GRID, UIDS)
    assert [sources(found, index) for index in range(4)] == [
        [(f"1.2.3.{i + 1}", None, "YES")] for i in range(4)
    ]


def test_every_image_is_named_by_its_series_once():
    images = [image(0), image(1), image(2, SeriesInstanceUID="1.2.4")]
    items = image_references(images, GRID, UIDS).series_items()
    named = {
        str(item.SeriesInstanceUID): [
            str(one.ReferencedSOPInstanceUID) for one in item.ReferencedInstanceSequence
        ]
        for item in items
    }
    assert named == {"1.2.3": ["1.2.3.1", "1.2.3.2"], "1.2.4": ["1.2.3.3"]}


@pytest.mark.parametrize(
    "changes",
    [
        {"Rows": 6},
        {"PixelSpacing": [0.9, 0.71]},
        {"ImagePositionPatient": list(GRID.point(1, 0, 1))},
        {"ImageOrientationPatient": [0, -1, 0, 0.6, 0, 0.8]},
    ],
    ids=str,
)
def test_an_image_in_the_plane_with_other_pixels_is_named_without_the_claim_that_they_agree(
    changes,
):
    found = image_references([image(1, **changes)], GRID, UIDS)
    assert sources(found, 1) == [("1.2.3.2", None, "NO")]


def test_an_image_beside_the_planes_or_across_them_or_without_a_place_is_no_source_of_a_frame():
    beside = list(np.array(GRID.position(1)) + 0.3 * np.array(GRID.normal))
    across = image(2, ImageOrientationPatient=[1, 0, 0, 0, 1, 0])
    nowhere = image(3)
    del nowhere.ImagePositionPatient
    found = image_references([image(1, ImagePositionPatient=beside), across, nowhere], GRID, UIDS)
    assert [sources(found, index) for index in range(4)] == [[], [], [], []]
    assert len(found.series_items()[0].ReferencedInstanceSequence) == 3


def test_the_frames_of_a_multi_frame_image_are_named_by_number():
    whole = image(0)
    for keyword in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing"):
        del whole[keyword]
    shared, frames = Dataset(), []
    shared.PlaneOrientationSequence, shared.PixelMeasuresSequence = [image(0)], [image(0)]
    for index in (3, 2, 1):
        frame = Dataset()
        frame.PlanePositionSequence = [image(index)]
        frames.append(frame)
    whole.SharedFunctionalGroupsSequence, whole.PerFrameFunctionalGroupsSequence = [shared], frames
    found = image_references([whole], GRID, UIDS)
    assert [sources(found, index) for index in range(4)] == [
        [],
        [("1.2.3.1", 3, "YES")],
        [("1.2.3.1", 2, "YES")],
        [("1.2.3.1", 1, "YES")],
    ]


@pytest.mark.parametrize("keyword", ["StudyInstanceUID", "FrameOfReferenceUID"])
def test_an_image_of_another_study_or_frame_of_reference_is_refused(keyword):
    with pytest.raises(MetadataError) as caught:
        image_references([image(0), image(1, **{keyword: "1.2.9"})], GRID, UIDS)
    assert (caught.value.code, caught.value.where) == ("source-image-elsewhere", "source_images[1]")
    assert f'uid={{"{keyword}": "1.2.9"}}' in caught.value.remedy


@pytest.mark.parametrize("other", ["series/0001.dcm", None, Dataset()])
def test_what_is_no_named_dataset_is_refused(other):
    with pytest.raises(MetadataError) as caught:
        image_references([image(0), other], GRID, UIDS)
    assert caught.value.code == "source-image-nameless"
    assert "dcmread" in caught.value.remedy
