"""Source images in the planes of a Segmentation's slices."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dicomseries.derivation import (
    SourceFrame,
    SourceSeries,
    match,
    match_pictures,
    references_by_plane,
)
from dicomseries.geometry import Grid
from dicomseries.standard.attributes.attribute import attribute

GRID = Grid.from_spacing(
    (4, 5, 6), (0.7, 0.9, 2.5), origin=(-7, 8.5, 9), direction=(0.6, 0, 0.8, 0, -1, 0)
)


def source_of(*, is_multi_frame: bool = False, volumes: int = 1, **changes) -> SourceSeries:
    frames = []
    for index in range(volumes * 4):
        uid, numbers = ("1.2.3", (index + 1,)) if is_multi_frame else (f"1.2.3.{index + 1}", ())
        position = GRID.position(index % 4)
        frames.append(
            SourceFrame(
                sop_class_uid="1.2",
                sop_instance_uid=uid,
                position_lps=position,
                frame_numbers=numbers,
            )
        )
    fields = {
        "kind": "CT",
        "sop_class_uid": "1.2",
        "modality": "CT",
        "study_uid": "1.1",
        "series_uid": "1.2.3",
        "frame_of_reference_uid": "1.4",
        "grid": GRID,
        "frames": tuple(frames),
        "volumes": volumes,
    }
    return SourceSeries(**{**fields, **changes})


def images(source: SourceSeries, grid: Grid, *, same_space: bool = True) -> list[list[tuple]]:
    planes = references_by_plane(
        source, match(source, grid, same_space=same_space), volumes=1, has_place=True
    )
    return [[summary(item) for item in items] for items in planes.slices]


def summary(item) -> tuple:
    values = {member.keyword: member.values[0] for member in item}
    return (
        values["ReferencedSOPInstanceUID"],
        values.get("ReferencedFrameNumber"),
        values["SpatialLocationsPreserved"],
    )


def test_each_slice_names_the_image_in_its_plane():
    assert images(source_of(), GRID) == [[(f"1.2.3.{i + 1}", None, "YES")] for i in range(4)]


def test_each_slice_names_the_images_of_all_volumes_in_its_plane():
    assert images(source_of(volumes=2), GRID)[1] == [
        ("1.2.3.2", None, "YES"),
        ("1.2.3.6", None, "YES"),
    ]


def test_frames_of_a_multi_frame_image_are_named_by_number():
    assert images(source_of(is_multi_frame=True), GRID) == [
        [("1.2.3", str(i + 1), "YES")] for i in range(4)
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"shape": (4, 5, 5)},
        {"spacing_mm": (0.7, 0.91, 2.5)},
        {"origin_lps": GRID.point(1, 0, 0)},
    ],
    ids=str,
)
def test_other_pixels_in_the_plane_do_not_preserve_locations(changes):
    assert images(source_of(), replace(GRID, **changes))[1] == [("1.2.3.2", None, "NO")]


def test_slices_beside_the_source_slices_name_no_image_but_the_series_names_all():
    source = source_of()
    between = replace(GRID, origin_lps=GRID.point(0, 0, 0.3))
    planes = references_by_plane(source, match(source, between), volumes=1, has_place=True)
    assert planes.slices == ((), (), (), ())
    assert planes.instance_uids == ("1.2.3.1", "1.2.3.2", "1.2.3.3", "1.2.3.4")


def test_slices_in_another_space_name_no_image():
    assert images(source_of(), GRID, same_space=False) == [[], [], [], []]


def test_images_without_a_frame_of_reference_are_named_too():
    named = images(source_of(frame_of_reference_uid=""), GRID)
    assert named == [[(f"1.2.3.{i + 1}", None, "YES")] for i in range(4)]


def test_labels_without_a_place_name_one_picture_for_each_slice_of_each_volume():
    source = source_of(volumes=2)
    planes = references_by_plane(source, match_pictures(source, GRID), volumes=2, has_place=False)
    assert [[summary(item) for item in items] for items in planes.slices] == [
        [(f"1.2.3.{i + 1}", None, "YES")] for i in range(8)
    ]


def test_labels_of_other_pixels_name_no_picture():
    source = source_of()
    matching = match_pictures(source, replace(GRID, shape=(4, 5, 5)))
    assert references_by_plane(source, matching, volumes=1, has_place=False).slices == ()


@pytest.mark.parametrize("is_lossy", [False, True])
def test_loss_of_the_source_images_is_stated(is_lossy):
    source = source_of(shared=(attribute("LossyImageCompression", "01" if is_lossy else "00"),))
    planes = references_by_plane(source, match(source, GRID), volumes=1, has_place=True)
    assert planes.is_lossy is is_lossy


def test_each_of_several_volumes_names_the_images_of_its_time_point():
    source = source_of(volumes=2)
    planes = references_by_plane(source, match(source, GRID), volumes=2, has_place=True)
    named = [[summary(item)[0] for item in items] for items in planes.slices]
    assert named == [[f"1.2.3.{index + 1}"] for index in range(8)]
    planes = references_by_plane(source, match(source, GRID), volumes=3, has_place=True)
    assert [len(items) for items in planes.slices] == [2, 2, 2, 2]
