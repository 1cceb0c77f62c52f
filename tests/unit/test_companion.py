"""A lossless map and its companion refer to each other, besides references of the user."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest

import dicomseries as dcs

ARRAY = np.random.default_rng(3).normal(size=(2, 3, 4, 5)).astype("float32")
CODE = {
    "CodeValue": "121322",
    "CodingSchemeDesignator": "DCM",
    "CodeMeaning": "Source image for image processing",
}
ITEM = {"ReferencedSOPClassUID": "1.2.840.10008.5.1.4.1.1.2", "ReferencedSOPInstanceUID": "1.2.3"}
SOURCE = {**ITEM, "PurposeOfReferenceCodeSequence": [CODE]}


def written(folder, **options):
    dcs.write(
        ARRAY,
        folder,
        kind="CT",
        axes="tzyx",
        spacing=(1, 1, 2),
        companion=True,
        sync=False,
        **options,
    )
    (mapped,) = (folder / "map").iterdir()
    return pydicom.dcmread(mapped), [
        pydicom.dcmread(path) for path in sorted((folder / "display").iterdir())
    ]


def test_each_slice_names_its_frame_behind_the_images_that_the_user_names(tmp_path):
    _, display = written(tmp_path / "out", metadata={"SourceImageSequence": [SOURCE]})
    raw = min((tmp_path / "out/display").iterdir()).read_bytes()
    assert raw.count(b"\x08\x00\x12\x21SQ") == 1
    for number, dataset in enumerate(display, start=1):
        user, ours = dataset.SourceImageSequence
        assert (user.ReferencedSOPInstanceUID, ours.ReferencedFrameNumber) == ("1.2.3", number)


def test_a_map_in_which_the_user_names_images_keeps_these_and_names_the_companion_as_a_series(
    tmp_path,
):
    mapped, display = written(tmp_path / "out", metadata={"ReferencedImageSequence": [SOURCE]})
    (shared,) = mapped.SharedFunctionalGroupsSequence
    assert shared.ReferencedImageSequence[0].ReferencedSOPInstanceUID == "1.2.3"
    assert not any(
        "ReferencedImageSequence" in item for item in mapped.PerFrameFunctionalGroupsSequence
    )
    assert mapped.ReferencedSeriesSequence[0].SeriesInstanceUID == display[0].SeriesInstanceUID


def test_series_that_the_user_names_stay_among_the_references(tmp_path):
    series = {"SeriesInstanceUID": "1.2.9", "ReferencedInstanceSequence": [ITEM]}
    mapped, display = written(tmp_path / "out", metadata={"ReferencedSeriesSequence": [series]})
    for dataset, other in ((mapped, display[0]), (display[0], mapped)):
        named = [item.SeriesInstanceUID for item in dataset.ReferencedSeriesSequence]
        assert named == ["1.2.9", other.SeriesInstanceUID]


@pytest.mark.parametrize("options", [{}, {"metadata": {"SourceImageSequence": [SOURCE]}}])
def test_the_plan_knows_the_size_of_both(tmp_path, options):
    options = {"kind": "CT", "axes": "tzyx", "spacing": (1, 1, 2), "companion": True, **options}
    plan = dcs.plan(ARRAY, **options)
    written(tmp_path / "out", metadata=options.get("metadata"))
    for one, name in zip(plan.every, ("map", "display"), strict=True):
        assert one.total_bytes == sum(
            path.stat().st_size for path in (tmp_path / "out" / name).iterdir()
        )


def test_a_companion_of_all_frames_and_the_map_name_each_others_frames(tmp_path):
    demanded = {"ApplicableSafetyStandardAgency": "IEC"}
    receipt = dcs.write(
        ARRAY,
        tmp_path / "out",
        kind="EnhancedMR",
        axes="tzyx",
        spacing=(1, 1, 2),
        companion=True,
        metadata=demanded,
    )
    mapped, display = (
        pydicom.dcmread(next((tmp_path / "out" / name).iterdir())) for name in ("map", "display")
    )
    for own, other in ((mapped, display), (display, mapped)):
        named = [item.ReferencedImageSequence[0] for item in own.PerFrameFunctionalGroupsSequence]
        assert [item.ReferencedFrameNumber for item in named] == [1, 2, 3, 4, 5, 6]
        assert {item.ReferencedSOPInstanceUID for item in named} == {other.SOPInstanceUID}
    (study,) = display.ReferencedImageEvidenceSequence
    (series,) = study.ReferencedSeriesSequence
    assert series.SeriesInstanceUID == mapped.SeriesInstanceUID
    for one in receipt.every:
        assert [finding for finding in dcs.check(one.out) if finding.level == "error"] == []


def test_the_type_of_the_rescale_is_the_companions_alone(tmp_path):
    mapped, display = written(tmp_path / "out", metadata={"RescaleType": "HU"})
    assert {one.RescaleType for one in display} == {"HU"}
    (shared,) = mapped.SharedFunctionalGroupsSequence
    assert shared.PixelValueTransformationSequence[0].RescaleType == "US"
