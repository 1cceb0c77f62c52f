"""What slices and frames say of the images they come from, and what validators say of that."""

from __future__ import annotations

import datetime as dt
import functools
from dataclasses import replace

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

import dicomseries as dcs
from dicomseries.derivation import SourceFrame, SourceSeries, derivation_code, match
from dicomseries.derivation.source.source_references import references_to_source
from dicomseries.geometry import Grid
from dicomseries.iod import VaryingGroup
from dicomseries.standard.attributes.attribute import attribute
from judges.validators import dcentvfy, dciodvfy, validators

CT, ENHANCED_CT = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.2.1"
WORD_SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7.3"
GRID = Grid(shape=(4, 8, 9), spacing_mm=(0.75, 0.5, 2.0), origin_lps=(-101.25, 40.5, 77.125))
BETWEEN = replace(GRID, shape=(5, 8, 9), origin_lps=GRID.point(0, 0, 0.5))
"""Three slices between two each, one beyond the last but within its slab, one beyond."""


def source_of(
    grid: Grid = GRID, *, is_multi_frame: bool = False, volumes: int = 1, **changes
) -> SourceSeries:
    slices = grid.shape[0]
    frames = tuple(
        SourceFrame(
            sop_class_uid=ENHANCED_CT if is_multi_frame else CT,
            sop_instance_uid="2.25.7" if is_multi_frame else f"2.25.{volume}.{index}",
            position_lps=grid.position(index),
            frame_numbers=(volume * slices + index + 1,) if is_multi_frame else (),
            volume=volume,
        )
        for volume in range(volumes)
        for index in range(slices)
    )
    known = {
        "kind": None,
        "sop_class_uid": frames[0].sop_class_uid,
        "modality": "CT",
        "study_uid": "2.25.1",
    }
    known |= {
        "series_uid": "2.25.2",
        "frame_of_reference_uid": "2.25.3",
        "grid": grid,
        "frames": frames,
    }
    return SourceSeries(**{**known, "volumes": volumes, **changes})


def dataset_of(item) -> Dataset:
    """An item as a pydicom dataset, made without our encoder."""
    dataset = Dataset()
    for one in item:
        if one.vr == "SQ":
            dataset.add_new(one.tag, "SQ", Sequence([dataset_of(inner) for inner in one.values]))
        else:
            dataset.add_new(
                one.tag, one.vr, list(one.values) if len(one.values) > 1 else one.values[0]
            )
    return dataset


def images_of(found, frame: int, *, slices: int = 4) -> list[Dataset]:
    column = next(one for one in found.columns if one.keyword == "SourceImageSequence")
    return [dataset_of(item) for item in column.at(frame, slices=slices) or ()]


def shared_of(found) -> Dataset:
    return dataset_of(found.shared)


def named(images) -> list[tuple]:
    return [(one.ReferencedSOPInstanceUID, one.get("ReferencedFrameNumber")) for one in images]


# ------------------------------------------------------------------------------------- what is said
def test_an_image_is_named_with_its_class_its_purpose_and_whether_pixels_kept_their_places():
    source = source_of()
    found = references_to_source(source, match(source, GRID), is_multi_frame=False)
    assert [(one.keyword, one.per, one.vr) for one in found.columns] == [
        ("SourceImageSequence", "slice", "SQ"),
        ("ReferencedSeriesSequence", "slice", "SQ"),
    ]
    assert found.shared == found.groups == ()
    (image,) = images_of(found, 2)
    assert [element.keyword for element in image] == [
        "ReferencedSOPClassUID",
        "ReferencedSOPInstanceUID",
        "SpatialLocationsPreserved",
        "PurposeOfReferenceCodeSequence",
    ]
    assert (image.ReferencedSOPClassUID, image.ReferencedSOPInstanceUID) == (CT, "2.25.0.2")
    assert image.PurposeOfReferenceCodeSequence[0].CodeValue == "121322"


@pytest.mark.parametrize(
    ("grid", "preserved"),
    [
        (GRID, "YES"),
        (replace(GRID, shape=(2, 8, 9), spacing_mm=(0.75, 0.5, 4.0)), "YES"),
        (replace(GRID, shape=(4, 5, 9)), None),
        (GRID.flipped("x"), None),
        (replace(GRID, spacing_mm=(0.7, 0.5, 2.0)), "NO"),
        (BETWEEN, "NO"),
    ],
    ids=["same", "every other slice", "crop", "flip", "finer", "between"],
)
def test_locations_are_preserved_where_row_and_column_still_name_the_pixel(grid, preserved):
    source = source_of()
    (image, *_) = images_of(
        references_to_source(source, match(source, grid), is_multi_frame=False), 0
    )
    assert image.get("SpatialLocationsPreserved") == preserved


def test_a_slice_beyond_the_source_names_nothing():
    source = source_of()
    found = references_to_source(source, match(source, BETWEEN), is_multi_frame=False)
    assert [len(images_of(found, index, slices=5)) for index in range(5)] == [2, 2, 2, 1, 0]
    assert [column.at(4, slices=5) for column in found.columns] == [None, None]


def test_frames_of_one_file_are_named_by_number_in_one_item():
    source = source_of(is_multi_frame=True)
    found = references_to_source(source, match(source, BETWEEN), is_multi_frame=False)
    assert named(images_of(found, 1, slices=5)) == [("2.25.7", [2, 3])]
    assert named(images_of(found, 3, slices=5)) == [("2.25.7", 4)]


def test_a_reference_to_all_frames_of_a_file_has_no_numbers():
    source = source_of(is_multi_frame=True)
    across = replace(
        GRID,
        shape=(1, 4, 9),
        spacing_mm=(0.75, 2.0, 0.5),
        direction_lps=(1, 0, 0, 0, 0, -1, 0, 1, 0),
    )
    matching = match(source, across)
    assert len(matching.slices[0]) == 4
    assert named(images_of(references_to_source(source, matching, is_multi_frame=False), 0)) == [
        ("2.25.7", None)
    ]
    more = replace(source, shared=(attribute("NumberOfFrames", "5"),))
    ((_, numbers),) = named(
        images_of(references_to_source(more, matching, is_multi_frame=False), 0)
    )
    assert sorted(numbers) == [1, 2, 3, 4]


def test_a_place_without_a_frame_is_not_named():
    """A sparse multi-frame file: the second slice has none."""
    source = source_of(is_multi_frame=True)
    frames = list(source.frames)
    frames[1] = replace(frames[1], frame_numbers=())
    sparse = replace(source, frames=tuple(frames))
    found = references_to_source(sparse, match(sparse, GRID), is_multi_frame=False)
    assert [named(images_of(found, index)) for index in range(3)] == [
        [("2.25.7", 1)],
        [],
        [("2.25.7", 3)],
    ]


def test_more_frame_numbers_than_an_attribute_holds_are_spread_over_items():
    grid = replace(GRID, shape=(11_000, 1, 1))
    source = source_of(grid, is_multi_frame=True, shared=(attribute("NumberOfFrames", "11001"),))
    across = Grid(
        shape=(1, 11_000, 1),
        spacing_mm=(0.75, 2.0, 0.5),
        origin_lps=GRID.origin_lps,
        direction_lps=(1, 0, 0, 0, 0, -1, 0, 1, 0),
    )
    images = images_of(
        references_to_source(source, match(source, across), is_multi_frame=False), 0, slices=1
    )
    assert len(images) == 3
    assert sorted(number for one in images for number in one.ReferencedFrameNumber) == list(
        range(1, 11_001)
    )
    assert all(len("\\".join(map(str, one.ReferencedFrameNumber))) < 65_534 for one in images)


# ------------------------------------------------------------------------------------------ volumes
def test_as_many_volumes_come_from_one_each():
    source = source_of(volumes=3)
    found = references_to_source(source, match(source, GRID), is_multi_frame=False, volumes=3)
    assert found.columns[0].per == "frame"
    assert [named(images_of(found, frame)) for frame in (0, 5, 11)] == [
        [("2.25.0.0", None)],
        [("2.25.1.1", None)],
        [("2.25.2.3", None)],
    ]


@pytest.mark.parametrize("volumes", [1, 2])
def test_a_mean_over_time_comes_from_all_volumes_of_its_slice(volumes):
    source = source_of(volumes=3, is_multi_frame=True)
    found = references_to_source(source, match(source, GRID), is_multi_frame=False, volumes=volumes)
    assert found.columns[0].per == "slice"
    assert named(images_of(found, 1)) == [("2.25.7", [2, 6, 10])]


def test_several_volumes_from_one_all_name_it():
    source = source_of()
    found = references_to_source(source, match(source, GRID), is_multi_frame=False, volumes=5)
    assert named(images_of(found, 4 * 4 + 2)) == [("2.25.0.2", None)]


# -------------------------------------------------------------------------------------- multi-frame
def test_each_frame_has_a_functional_group_and_the_file_names_all_images_once():
    source = source_of()
    code = derivation_code("smoothing")
    found = references_to_source(source, match(source, GRID), is_multi_frame=True, code=code)
    (group,) = found.groups
    assert isinstance(group, VaryingGroup)
    assert [part.keyword for part in group.parts] == [
        "SourceImageSequence",
        "DerivationCodeSequence",
    ]
    assert named(images_of(found, 3)) == [("2.25.0.3", None)]
    (series,) = shared_of(found).ReferencedSeriesSequence
    assert series.SeriesInstanceUID == "2.25.2"
    assert [one.ReferencedSOPInstanceUID for one in series.ReferencedInstanceSequence] == [
        f"2.25.0.{index}" for index in range(4)
    ]


def test_without_a_code_a_functional_group_says_image_processing():
    source = source_of()
    (group,) = references_to_source(source, match(source, GRID), is_multi_frame=True).groups
    (code,) = (part for part in group.parts if part.keyword == "DerivationCodeSequence")
    assert dataset_of((code,)).DerivationCodeSequence[0].CodeValue == "110001"


def test_a_frame_beyond_the_source_has_its_sequence_without_items():
    source = source_of()
    found = references_to_source(source, match(source, BETWEEN), is_multi_frame=True)
    assert found.columns[0].values[4] == ()


def test_what_all_frames_say_alike_is_shared():
    source = source_of(replace(GRID, shape=(1, 8, 9)), volumes=2)
    found = references_to_source(source, match(source, source.grid), is_multi_frame=True, volumes=3)
    assert found.groups == found.columns == ()
    (group,) = shared_of(found).DerivationImageSequence
    assert named(group.SourceImageSequence) == [("2.25.0.0", None), ("2.25.1.0", None)]


def test_an_object_without_that_functional_group_names_all_images_at_the_top():
    source = source_of()
    matching = match(source, GRID)
    found = references_to_source(
        source, matching, is_multi_frame=True, sop_class_uid=WORD_SECONDARY_CAPTURE
    )
    assert found.groups == found.columns == ()
    assert len(shared_of(found).SourceImageSequence) == 4
    assert len(shared_of(found).ReferencedSeriesSequence[0].ReferencedInstanceSequence) == 4


@pytest.mark.parametrize("is_multi_frame", [False, True])
def test_in_another_space_all_images_are_named(is_multi_frame):
    source = source_of()
    found = references_to_source(
        source, match(source, GRID, same_space=False), is_multi_frame=is_multi_frame
    )
    assert found.groups == found.columns == ()
    shared = shared_of(found)
    assert len(shared.ReferencedSeriesSequence[0].ReferencedInstanceSequence) == 4
    images = (shared.DerivationImageSequence[0] if is_multi_frame else shared).SourceImageSequence
    assert [one.SpatialLocationsPreserved for one in images] == ["NO"] * 4


def test_an_enhanced_object_names_the_images_of_its_frames_once_more_by_study():
    source = source_of()
    found = references_to_source(
        source, match(source, BETWEEN), is_multi_frame=True, sop_class_uid=ENHANCED_CT
    )
    (study,) = shared_of(found).SourceImageEvidenceSequence
    (series,) = study.ReferencedSeriesSequence
    assert (study.StudyInstanceUID, series.SeriesInstanceUID) == ("2.25.1", "2.25.2")
    assert [one.ReferencedSOPInstanceUID for one in series.ReferencedSOPSequence] == [
        f"2.25.0.{i}" for i in range(4)
    ]


# --------------------------------------------------------------------------------------- validators
DEMANDED = {
    "CT": {},
    "EnhancedCT": {"IrradiationEventUID": "1.2.3", "RescaleType": "HU"},
    "EnhancedMR": {"ApplicableSafetyStandardAgency": "IEC"},
    "MultiframeSC": {},
    "ParametricMap": {},
}


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Write sources and results of every form on several grids, in one study and space."""
    made: dict[tuple, list] = {}

    def write(kind: str, grid: Grid, role: str = "source"):
        key = kind, grid, role
        if key not in made:
            folder = tmp_path_factory.mktemp("series")
            noise = np.random.default_rng(grid.shape[0]).integers(0, 900, grid.shape)
            array = noise.astype("float32" if kind == "ParametricMap" else "uint16")
            dcs.write(
                array,
                folder,
                kind=kind,
                affine=grid.affine(),
                space="LPS",
                metadata={"PatientID": "42", "PatientName": "Doe^Jane", **DEMANDED[kind]},
                uid={"StudyInstanceUID": "2.25.1", "FrameOfReferenceUID": "2.25.3"},
                now=dt.datetime(2024, 2, 29, 12, tzinfo=dt.UTC),
                sync=False,
                verify=False,
            )
            made[key] = sorted(folder.rglob("*.dcm"))
        return made[key]

    return write


def source_in(paths, grid: Grid) -> SourceSeries:
    datasets = [pydicom.dcmread(path, stop_before_pixels=True) for path in paths]
    frames = [
        SourceFrame(
            sop_class_uid=dataset.SOPClassUID,
            sop_instance_uid=dataset.SOPInstanceUID,
            position_lps=grid.position(number if len(datasets) == 1 else index),
            frame_numbers=(number + 1,) if len(datasets) == 1 else (),
        )
        for index, dataset in enumerate(datasets)
        for number in range(int(dataset.get("NumberOfFrames", 1)))
    ]
    return source_of(
        grid,
        frames=tuple(frames),
        sop_class_uid=frames[0].sop_class_uid,
        study_uid=datasets[0].StudyInstanceUID,
        series_uid=datasets[0].SeriesInstanceUID,
        frame_of_reference_uid=datasets[0].FrameOfReferenceUID,
    )


def with_references(paths, folder, found, slices: int):
    """Copies of the files with what was found put in by pydicom alone."""
    folder.mkdir()
    for index, path in enumerate(paths):
        dataset = pydicom.dcmread(path)
        for own in found.shared:
            home = (
                dataset.SharedFunctionalGroupsSequence[0]
                if own.keyword == "DerivationImageSequence"
                else dataset
            )
            home.update(dataset_of((own,)))
        if not found.groups:
            for column in found.columns:
                values = column.at(index, slices=slices)
                if values is not None:
                    dataset.update(dataset_of((attribute(column.keyword, *values),)))
        for group in found.groups:
            for frame, item in enumerate(dataset.PerFrameFunctionalGroupsSequence):
                (column,) = found.columns
                images = attribute("SourceImageSequence", *column.at(frame, slices=slices))
                parts = (images if part.keyword == images.keyword else part for part in group.parts)
                item.update(dataset_of((attribute(group.keyword, tuple(parts)),)))
        dataset.save_as(folder / path.name)
    return sorted(folder.iterdir())


TURNED = replace(
    GRID, shape=(5, 6, 9), spacing_mm=(0.75, 1.0, 0.5), direction_lps=(1, 0, 0, 0, 0, -1, 0, 1, 0)
)
GRIDS = {
    "same": GRID,
    "between": BETWEEN,
    "flipped": GRID.flipped("x").along_normal()[0],
    "across": TURNED,
}


PLACES = {**{name: (grid, True) for name, grid in GRIDS.items()}, "another space": (GRID, False)}


@functools.cache
def verdict_before(path, program):
    """Return what a validator says of a series without references, which many tests share."""
    return dciodvfy(path, program=program)


@pytest.mark.parametrize("program", validators)
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    "kinds", [(source, kind) for source in ("CT", "EnhancedCT") for kind in DEMANDED], ids="-".join
)
def test_validators_find_nothing_that_they_did_not_find_without_references(
    written, tmp_path, kinds, place, program
):
    source_kind, kind = kinds
    grid, same_space = PLACES[place]
    images, plain = written(source_kind, GRID), written(kind, grid, "result")
    source = source_in(images, GRID)
    found = references_to_source(
        source,
        match(source, grid, same_space=same_space),
        is_multi_frame=len(plain) == 1,
        code=derivation_code("smoothing"),
        sop_class_uid=pydicom.dcmread(plain[0], stop_before_pixels=True).SOPClassUID,
    )
    results = with_references(plain, tmp_path / "results", found, grid.shape[0])
    for before, after in zip(plain, results, strict=True):
        verdict, known = dciodvfy(after, program=program), verdict_before(before, program)
        assert set(verdict.errors) <= set(known.errors)
        assert set(verdict.warnings) <= set(known.warnings)
    together = dcentvfy([*images, *results], program=program)
    apart = dcentvfy([*images, *plain], program=program)
    assert (together.errors, together.warnings) == (apart.errors, apart.warnings)
