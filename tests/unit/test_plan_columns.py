"""Attributes of each volume and slice: lengths, order, checks and times of the kinds."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

import dicomseries as dcs
from dicomseries.errors import DicomSeriesError, KindError, MetadataError, OptionError, SourceError
from dicomseries.plan import Extent, given_columns

SPACING = (0.7, 0.9, 2.5)
ARRAY = np.arange(4 * 3 * 5 * 7, dtype="int16").reshape(4, 3, 5, 7)
IEC = {"ApplicableSafetyStandardAgency": "IEC"}


def values_of(plan, keyword):
    """Return the values of an attribute in each file, None if absent; one value if shared."""
    shared = {one.keyword: one.values for one in plan.shared}
    if keyword in shared:
        return shared[keyword]
    return [{own.keyword: own.values for own in one.attributes}.get(keyword) for one in plan]


def planned(array=ARRAY, kind="MR", **options):
    return dcs.plan(
        array, **{"kind": kind, "spacing": SPACING, "axes": "tzyx"[-array.ndim :], **options}
    )


def test_one_value_a_volume_is_written_to_all_its_slices():
    plan = planned(per_volume={"EchoTime": [1, 2, 3, 4]})
    assert values_of(plan, "EchoTime") == [(str(echo),) for echo in (1, 2, 3, 4) for _ in range(3)]


def test_an_image_of_several_parts_of_complex_numbers_is_mixed():
    parts = ["MAGNITUDE", "PHASE", "REAL", "IMAGINARY"]
    plan = planned(kind="EnhancedMR", metadata=IEC, per_volume={"ComplexImageComponent": parts})
    assert values_of(plan, "ComplexImageComponent") == ("MIXED",)
    (types,) = [one for one in plan.per_frame if one.keyword == "MRImageFrameTypeSequence"]
    assert list(types.columns) == ["ComplexImageComponent"]
    assert not [text for text in plan.advice if "ComplexImageComponent" in text]


@pytest.mark.parametrize("form", ["rows", "flat"])
def test_one_value_a_slice_of_each_volume_is_written_to_that_slice(form):
    values = np.arange(12.0).reshape(4, 3)
    plan = planned(per_volume={"EchoTime": values if form == "rows" else values.ravel()})
    assert values_of(plan, "EchoTime") == [(str(number),) for number in range(12)]


def test_one_value_a_slice_is_written_to_that_slice_of_every_volume():
    plan = planned(per_volume={"EchoTime": [1, 2, 3]})
    assert values_of(plan, "EchoTime") == [("1",), ("2",), ("3",)] * 4


def test_values_of_slices_follow_the_slices_when_these_are_turned_round():
    turned = np.diag([1.0, 1, -1, 1])
    plan = planned(
        affine=turned,
        space="LPS",
        spacing=None,
        per_volume={"EchoTime": np.arange(12.0).reshape(4, 3)},
    )
    assert values_of(plan, "EchoTime")[:6] == [("2",), ("1",), ("0",), ("5",), ("4",), ("3",)]
    plan = planned(
        ARRAY[0], affine=turned, space="LPS", spacing=None, per_volume={"EchoTime": [1, 2, 3]}
    )
    assert values_of(plan, "EchoTime") == [("3",), ("2",), ("1",)]


def test_a_vector_is_one_value_also_where_it_is_as_long_as_there_are_slices():
    directions = [[1, 0, 0], [0, 1, 0], [0, 0, 1], [0.6, 0.8, 0]]
    plan = planned(per_volume={"DiffusionGradientOrientation": directions})
    assert values_of(plan, "DiffusionGradientOrientation")[::3] == [
        tuple(map(float, one)) for one in directions
    ]


def test_what_is_left_out_of_a_volume_is_not_in_its_files():
    plan = planned(
        per_volume={
            "DiffusionBValue": [0, 500, 900, 900],
            "DiffusionGradientOrientation": [None] * 4,
        }
    )
    assert values_of(plan, "DiffusionGradientOrientation") == [None] * 12
    assert values_of(plan, "DiffusionDirectionality")[::3] == [
        ("NONE",),
        ("ISOTROPIC",),
        ("ISOTROPIC",),
        ("ISOTROPIC",),
    ]


def test_a_type_2_attribute_left_out_of_a_volume_is_empty_and_one_of_type_1_rejected():
    assert values_of(planned(per_volume={"EchoTime": [1, None, 3, 4]}), "EchoTime")[::3] == [
        ("1",),
        (),
        ("3",),
        ("4",),
    ]
    with pytest.raises(MetadataError, match="Type 1") as caught:
        planned(per_volume={"ScanningSequence": ["SE", None, "GR", "RM"]})
    assert caught.value.where == "per_volume['ScanningSequence'][1]"


def test_what_is_the_same_everywhere_is_shared():
    assert values_of(planned(per_volume={"EchoTime": [30, 30, 30, 30]}), "EchoTime") == ("30",)


def test_classic_files_run_through_the_slices_of_each_volume():
    plan = planned(times=2.5)
    assert len(plan) == 12
    assert values_of(plan, "InstanceNumber") == [(number,) for number in range(1, 13)]
    assert values_of(plan, "TemporalPositionIdentifier") == [
        (str(time),) for time in (1, 2, 3, 4) for _ in range(3)
    ]
    assert values_of(plan, "NumberOfTemporalPositions") == ("4",)
    assert values_of(plan, "TemporalResolution") == ("2500",)
    positions = [("0", "0", text) for text in ("0", "2.5", "5")]
    assert values_of(plan, "ImagePositionPatient") == positions * 4


def test_uneven_times_have_no_resolution():
    assert values_of(planned(times=[0, 1, 2, 4]), "TemporalResolution") == [None] * 12


def test_dynamic_pet_says_when_and_how_long_each_time_slice_was():
    plan = planned(kind="PT", times=[0, 10, 30, 60])
    assert values_of(plan, "SeriesType") == ("DYNAMIC", "IMAGE")
    assert values_of(plan, "NumberOfTimeSlices") == (4,)
    assert values_of(plan, "NumberOfSlices") == (3,)
    assert values_of(plan, "FrameReferenceTime")[::3] == [
        ("0",),
        ("10000",),
        ("30000",),
        ("60000",),
    ]
    assert values_of(plan, "ActualFrameDuration")[::3] == [
        ("10000",),
        ("20000",),
        ("30000",),
        ("30000",),
    ]
    assert values_of(plan, "ImageIndex") == [(number,) for number in range(1, 13)]


@pytest.mark.parametrize("kind", ["CT", "MR", "SC"])
def test_the_moment_of_the_first_volume_gives_those_of_the_others_also_past_midnight(kind):
    start = {"AcquisitionDate": "20240229", "AcquisitionTime": "235958.5"}
    plan = planned(kind=kind, times=1.0, metadata=start)
    assert values_of(plan, "AcquisitionTime")[::3] == [
        ("235958.500000",),
        ("235959.500000",),
        ("000000.500000",),
        ("000001.500000",),
    ]
    assert values_of(plan, "AcquisitionDate")[::3] == [
        ("20240229",),
        ("20240229",),
        ("20240301",),
        ("20240301",),
    ]


@pytest.mark.parametrize("kind", ["CT", "SC"])
def test_kinds_without_temporal_positions_number_acquisitions(kind):
    assert values_of(planned(kind=kind), "AcquisitionNumber")[::3] == [
        ("1",),
        ("2",),
        ("3",),
        ("4",),
    ]


def test_the_step_between_volumes_is_no_repetition_time():
    assert values_of(planned(times=2.5), "RepetitionTime") == ()


def test_an_axis_of_one_volume_is_no_axis_of_time():
    plan = planned(ARRAY[:1])
    assert plan.extent == Extent(volumes=1, slices=3)
    assert values_of(plan, "TemporalPositionIdentifier") == [None] * 3


@pytest.mark.parametrize(
    ("per_volume", "where", "code"),
    [
        ({"EchoTime": [1, 2]}, "per_volume['EchoTime']", "per-volume-length"),
        ({"EchoTime": 1.0}, "per_volume['EchoTime']", "per-volume-length"),
        ({"EchoTime": [1, 2, 3, "long"]}, "per_volume['EchoTime'][3]", None),
        ({"EchoTim": [1, 2, 3, 4]}, "per_volume['EchoTim'][0]", None),
        ({"RescaleSlope": [1, 2, 3, 4]}, "per_volume['RescaleSlope'][0]", "attribute-owned"),
        (
            {"DiffusionGradientOrientation": [[1, 0]] * 4},
            "per_volume['DiffusionGradientOrientation'][0]",
            None,
        ),
    ],
)
def test_what_does_not_fit_is_rejected_by_its_place(per_volume, where, code):
    with pytest.raises(MetadataError) as caught:
        planned(per_volume=per_volume)
    assert caught.value.faults[0].where == where
    assert code in {None, caught.value.faults[0].code}


def test_all_faults_come_at_once():
    with pytest.raises(MetadataError) as caught:
        planned(per_volume={"EchoTime": [1], "Nonsense": [1, 2, 3, 4]})
    assert len(caught.value.faults) == 2


def test_a_multi_frame_kind_names_what_it_can_hold_for_each_frame():
    with pytest.raises(MetadataError, match="EffectiveEchoTime") as caught:
        planned(kind="EnhancedMR", metadata=IEC, per_volume={"PatientComments": list("abcd")})
    assert caught.value.faults[0].code == "attribute-not-per-frame"


@pytest.mark.parametrize("kind", ["MultiframeSC"])
def test_a_kind_without_time_says_what_to_do(kind):
    with pytest.raises(KindError, match="split='time'"):
        planned(np.zeros((2, 3, 4, 5), "uint8"), kind=kind)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"times": [0, 1]}, SourceError),
        ({"times": [0, 2, 1, 3]}, SourceError),
        ({"times": 0}, DicomSeriesError),
        ({"times": 2.5, "axes": "zyx", "array": ARRAY[0]}, DicomSeriesError),
        ({"split": "echo"}, OptionError),
        ({"companion": True}, OptionError),
        ({"segments": {1: "Liver"}}, OptionError),
        ({"segmentation_type": "binary"}, OptionError),
        ({"units": "millimetres squared per second"}, OptionError),
        ({"units": 3}, OptionError),
        ({"split": "time", "uid": {"SeriesInstanceUID": "1.2.3"}}, OptionError),
        ({"values": "rescale,per-slice"}, OptionError),
    ],
)
def test_options_that_mean_nothing_here_are_rejected(options, error):
    array = options.pop("array", ARRAY)
    with pytest.raises(error) as caught:
        planned(array, **options)
    assert caught.value.remedy


def test_a_split_array_gives_series_of_one_study_and_space_that_people_can_tell_apart():
    plan = planned(
        split="time", times=2.5, metadata={"SeriesNumber": 7, "SeriesDescription": "bold"}
    )
    assert [one.folder for one in plan.every] == [
        "time-0001",
        "time-0002",
        "time-0003",
        "time-0004",
    ]
    assert [values_of(one, "SeriesNumber") for one in plan.every] == [
        ("7",),
        ("8",),
        ("9",),
        ("10",),
    ]
    assert values_of(plan.every[1], "SeriesDescription") == ("bold (time 2 of 4)",)
    assert values_of(plan.every[2], "TemporalPositionIdentifier") == ("3",)
    assert len({one.uids.series for one in plan.every}) == 4
    assert (
        len({(one.uids.study, one.uids.frame_of_reference, one.value_map) for one in plan.every})
        == 1
    )
    instances = [instance.sop_instance_uid for one in plan.every for instance in one]
    assert len(set(instances)) == 12
    assert {values_of(one, "WindowWidth") for one in plan.every} == {
        values_of(planned(), "WindowWidth")
    }


def test_content_uids_depend_on_times_splits_and_attributes_of_volumes():
    now = dt.datetime(2024, 2, 29, tzinfo=dt.UTC)
    options = [
        {},
        {"times": 2.5},
        {"times": 3},
        {"split": "time"},
        {"per_volume": {"EchoTime": [1, 2, 3, 4]}},
    ]
    series = [planned(uid="content", now=now, **one).uids.series for one in options]
    again = [planned(uid="content", now=now, **one).uids.series for one in options]
    assert series == again
    assert len(set(series)) == len(options)


def test_units_are_written_as_a_code_beside_the_rescale():
    plan = planned(ARRAY * 0.37, units="mm2/s")
    (item,) = values_of(plan, "RealWorldValueMappingSequence")
    found = {own.keyword: own.values for own in item}
    code = {own.keyword: own.values[0] for own in found["MeasurementUnitsCodeSequence"][0]}
    assert code == {"CodeValue": "mm2/s", "CodingSchemeDesignator": "UCUM", "CodeMeaning": "mm2/s"}
    assert found["RealWorldValueSlope"] == (float(values_of(plan, "RescaleSlope")[0]),)
    assert found["RealWorldValueIntercept"] == (float(values_of(plan, "RescaleIntercept")[0]),)


def test_extents_count_frames():
    assert Extent(volumes=2, slices=3).frames == 6
    assert given_columns(None, Extent(volumes=2, slices=3)) == ()


@pytest.mark.parametrize(
    ("kind", "metadata", "per_volume"),
    [
        ("MR", {"EchoTime": 5}, {"EchoTime": [1, 2, 3, 4]}),
        ("MR", {"EchoTime": 5}, {"EchoTime": [1, 1, 1, 1]}),
        ("EnhancedMR", {"EffectiveEchoTime": 5}, {"EchoTime": [1, 2, 3, 4]}),
        ("EnhancedMR", {}, {"EffectiveEchoTime": [1, 2, 3, 4], "EchoTime": [1, 2, 3, 4]}),
    ],
)
def test_an_attribute_given_twice_is_rejected(kind, metadata, per_volume):
    with pytest.raises(MetadataError) as refusal:
        planned(kind=kind, metadata={**IEC, **metadata}, per_volume=per_volume)
    assert refusal.value.code == "said-twice"


def test_a_given_directionality_replaces_the_one_that_b_values_imply():
    plan = planned(
        per_volume={"DiffusionBValue": [0, 1, 2, 3]},
        metadata={"DiffusionDirectionality": "ISOTROPIC"},
    )
    assert values_of(plan, "DiffusionDirectionality") == ("ISOTROPIC",)


PATIENTS = {"PatientID": list("abcd")}
STUDIES = {"StudyDate": ["20200101", "20200102", "20200103", "20200104"]}
SIDES = {"Laterality": ["L", "R", "L", "R"]}


@pytest.mark.parametrize("kind", ["MR", "EnhancedMR"])
@pytest.mark.parametrize("split", [None, "time"])
@pytest.mark.parametrize("per_volume", [PATIENTS, STUDIES, {"SeriesNumber": [1, 2, 3, 4]}])
def test_volumes_are_of_one_patient_and_study(kind, split, per_volume):
    with pytest.raises(MetadataError) as refusal:
        planned(kind=kind, metadata=IEC, per_volume=per_volume, split=split)
    assert refusal.value.code in {"attribute-of-the-series", "attribute-not-per-frame"}


def test_what_describes_a_series_may_differ_where_volumes_are_series():
    with pytest.raises(MetadataError) as refusal:
        planned(per_volume=SIDES)
    assert refusal.value.code == "attribute-of-the-series"
    assert values_of(planned(per_volume=SIDES, split="time").every[1], "Laterality") == ("R",)
    planned(kind="EnhancedMR", metadata=IEC, per_volume=SIDES)  # FrameLaterality is the frame's


@pytest.mark.parametrize("keyword", ["TemporalPositionIdentifier", "NumberOfTemporalPositions"])
def test_volumes_are_numbered_by_the_writer_alone(keyword):
    for options in ({"metadata": {keyword: 4}}, {"per_volume": {keyword: [4, 3, 2, 1]}}):
        with pytest.raises(MetadataError) as refusal:
            planned(**options)
        assert refusal.value.code == "counted-by-the-writer"
    assert values_of(planned(ARRAY[0], metadata={keyword: 4}), keyword) == (
        "4",
    )  # one of a set that others have written


@pytest.mark.parametrize("keyword", ["TriggerTime", "FrameReferenceTime"])
@pytest.mark.parametrize("times", [[3, 2, 4, 5], [3, 3, 4, 5], np.array([[3, 3, 9]] * 4)])
def test_times_of_volumes_that_do_not_rise_are_rejected(keyword, times):
    with pytest.raises(MetadataError) as refusal:
        planned(kind="CT", per_volume={keyword: times})
    assert refusal.value.code == "times-do-not-rise"
    planned(kind="CT", per_volume={keyword: [3, 4, 5, 6]})
    planned(kind="CT", per_volume={keyword: times}, split="time")


@pytest.mark.parametrize("kind", ["CT", "MR", "PT", "SC"])
def test_of_a_paired_body_part_the_side_is_left_empty_and_not_out(kind):
    assert (
        values_of(
            planned(ARRAY[0], kind=kind, metadata={"BodyPartExamined": "KIDNEY"}), "Laterality"
        )
        == ()
    )
    assert (
        values_of(planned(ARRAY[0], kind=kind, metadata={"BodyPartExamined": "HEAD"}), "Laterality")
        == [None] * 3
    )
