"""What a derived series has from its source: all that is true still, unchanged, no more."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicomseries.derivation import (
    SourceFrame,
    SourceSeries,
    derivation_code,
    inherit,
    match,
    meaning_of,
    rule_for,
    screened,
)
from dicomseries.derivation.rules.attribute_rules import rules_by_keyword
from dicomseries.derivation.source.slice_matching import match_pictures
from dicomseries.geometry import Grid
from dicomseries.iod import CT, KINDS, MR, PT, SC
from dicomseries.iod.kinds.enhanced_ct import EnhancedCT
from dicomseries.iod.kinds.enhanced_mr import EnhancedMR
from dicomseries.iod.kinds.multiframe_sc import MultiframeSC
from dicomseries.iod.kinds.parametric_map import ParametricMap
from dicomseries.standard.attributes.attribute import Attribute, attribute, tag_of, vr_of
from dicomseries.standard.objects.modules import FUNCTIONAL_GROUPS

GRID = Grid.from_spacing(
    (3, 4, 5), (1.5, 2.0, 3.0), origin=(-10, 20, 30), direction=(0.8, 0.6, 0, -0.6, 0.8, 0)
)
NOON = dt.datetime(2024, 5, 1, 12, 30, 15, tzinfo=dt.UTC)


def opened(owns) -> dict:
    """Return the content of a frame: functional groups as in the file, the rest flat."""
    groups = tuple(
        one for one in owns if one.keyword in FUNCTIONAL_GROUPS[EnhancedMR.sop_class_uid]
    )
    inside = (one for group in groups for one in group.values[0])
    return {"attributes": (*(one for one in owns if one not in groups), *inside), "groups": groups}


def source_of(
    *shared, own=None, volumes=1, kind=MR, frames_in_file=False, grid=GRID, **more
) -> SourceSeries:
    """A source whose frames say what `own` returns for each volume and slice."""
    frames = tuple(
        SourceFrame(
            sop_class_uid=kind.sop_class_uid,
            sop_instance_uid=f"2.25.{1 if frames_in_file else 100 * volume + index}",
            position_lps=grid.position(index),
            frame_numbers=(volume * grid.shape[0] + index + 1,) if frames_in_file else (),
            volume=volume,
            **(opened(tuple(own(volume, index))) if own else {}),
        )
        for volume in range(volumes)
        for index in range(grid.shape[0])
    )
    return SourceSeries(
        kind=kind.name,
        sop_class_uid=kind.sop_class_uid,
        modality=kind.modality,
        study_uid="2.25.1",
        series_uid="2.25.2",
        frame_of_reference_uid="2.25.3",
        grid=grid,
        frames=frames,
        shared=shared,
        volumes=volumes,
        **more,
    )


def part_of(grid: Grid, start, shape, step=1) -> Grid:
    """A part of a grid; `start` and `shape` are (slice, row, column), `step` is of slices."""
    shift = np.eye(4)
    shift[:3, 3] = start[::-1]
    shift[2, 2] = step
    return Grid.from_affine(shape, grid.affine() @ shift, space="LPS")


def inherited(source, grid=GRID, kind=MR, *, same_space=True, **options):
    return inherit(source, match(source, grid, same_space=same_space), kind=kind, **options)


def values(found, keyword):
    own = found.metadata.get(keyword)
    return None if own is None else own.values


def column(found, keyword):
    return next((one for one in found.columns if one.keyword == keyword), None)


def outcome(found, keyword):
    return next(one.outcome for one in found.decisions if one.attribute.split()[0] == keyword)


# ------------------------------------------------------------------------- patient, study, identity
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\\\0"), max_size=20)
SUBJECT = sorted(
    keyword
    for keyword, rule in rules_by_keyword().items()
    if rule.is_verbatim
    and vr_of(keyword) in {"PN", "LO", "SH", "LT", "DA", "CS"}
    and keyword != "PatientIdentityRemoved"
)


@given(
    st.dictionaries(st.sampled_from(SUBJECT), TEXTS, max_size=8),
    st.sampled_from(KINDS),
    st.booleans(),
)
def test_patient_and_study_are_verbatim_for_any_value_and_place(said, kind, same_space):
    shared = [
        Attribute(keyword, vr_of(keyword), (text,) if text else ())
        for keyword, text in said.items()
    ]
    found = inherited(source_of(*shared), kind=kind, same_space=same_space)
    assert {keyword: values(found, keyword) for keyword in said} == {
        one.keyword: one.values for one in shared
    }


ANY = st.sampled_from(
    sorted(
        keyword
        for keyword in rules_by_keyword()
        if vr_of(keyword) in {"CS", "LO", "SH", "DS", "IS"}
    )
)


@given(
    st.dictionaries(ANY, st.tuples(st.integers(1, 9), st.booleans()), max_size=12),
    st.sampled_from(KINDS),
)
def test_nothing_that_is_dropped_new_or_owned_is_handed_on(said, kind):
    shared = [
        Attribute(key, vr_of(key), (str(number),))
        for key, (number, varies) in said.items()
        if not varies
    ]
    varying = [key for key, (_, varies) in said.items() if varies]

    def own(volume, index):
        return [Attribute(key, vr_of(key), (str(index + 1),)) for key in varying]

    found = inherited(source_of(*shared, own=own, kind=kind), kind=kind, description="Done")
    made = {
        "SeriesDescription",
        "ImageType",
        "ContributingEquipmentSequence",
        "RescaleType",
        "SeriesType",
    }
    names = {*found.metadata.keywords, *(one.keyword for one in found.columns)} - made
    assert {name for name in names if not rule_for(name).is_kept} == set()


@given(st.dictionaries(ANY, st.integers(1, 9), max_size=12), st.sampled_from(KINDS), st.booleans())
def test_every_attribute_of_the_source_has_a_decision(said, kind, same_space):
    shared = [
        Attribute(keyword, vr_of(keyword), (str(number),)) for keyword, number in said.items()
    ]
    found = inherited(source_of(*shared, kind=CT), kind=kind, same_space=same_space)
    told = [one.attribute for one in found.decisions]
    assert set(said) <= set(told)
    assert len(told) == len(set(told))
    assert told == sorted(told, key=tag_of)
    kept = {one.attribute for one in found.decisions if one.outcome.startswith("kept:")} & set(said)
    assert kept - {"StudyInstanceUID", "FrameOfReferenceUID"} <= set(found.metadata.keywords)


def test_our_defaults_add_nothing_to_the_patient_and_study_of_the_source():
    found = inherited(source_of(attribute("PatientID", "42")))
    assert [
        values(found, keyword) for keyword in ("StudyDate", "StudyTime", "StudyID", "PatientName")
    ] == [()] * 4
    assert values(found, "PatientID") == ("42",)


def test_an_attribute_that_must_not_differ_gets_one_value_and_a_note():
    found = inherited(source_of(own=lambda _, index: [attribute("StudyID", str(index + 7))]))
    assert values(found, "StudyID") == ("7",)
    assert "StudyID" in found.advice[0]


def test_uids_are_left_to_those_of_the_series():
    source = source_of(
        attribute("StudyInstanceUID", "2.25.1"), attribute("FrameOfReferenceUID", "2.25.3")
    )
    found = inherited(source)
    assert not {"StudyInstanceUID", "FrameOfReferenceUID", "SOPInstanceUID"} & set(
        found.metadata.keywords
    )
    assert outcome(found, "StudyInstanceUID").startswith("kept")
    assert outcome(inherited(source, same_space=False), "FrameOfReferenceUID").startswith("dropped")


# ------------------------------------------------------------------------------- flags, never reset
def test_a_de_identified_source_stays_de_identified_with_its_method():
    codes = attribute("DeidentificationMethodCodeSequence", (attribute("CodeValue", "113100"),))
    said = (
        attribute("PatientIdentityRemoved", "YES"),
        attribute("DeidentificationMethod", "ours"),
        codes,
    )
    found = inherited(source_of(*said), kind=ParametricMap, same_space=False)
    assert [found.metadata.get(one.keyword) for one in said] == list(said)


def test_loss_and_burned_in_text_of_one_slice_are_those_of_the_result():
    def own(_, index):
        lossy = [
            attribute("LossyImageCompression", "01"),
            attribute("LossyImageCompressionRatio", f"{10 * index}"),
        ]
        return (
            [attribute("BurnedInAnnotation", "YES"), *lossy]
            if index
            else [attribute("BurnedInAnnotation", "NO")]
        )

    found = inherited(source_of(own=own, kind=SC), part_of(GRID, (0, 0, 0), (1, 4, 5)), kind=SC)
    flags = ("BurnedInAnnotation", "LossyImageCompression", "LossyImageCompressionRatio")
    assert [values(found, flag) for flag in flags] == [("YES",), ("01",), ("20",)]


@pytest.mark.parametrize(
    ("syntax", "said", "word", "method"),
    [
        ("1.2.840.10008.1.2.4.50", None, "01", "ISO_10918_1"),
        ("1.2.840.10008.1.2.4.51", "00", "01", "ISO_10918_1"),
        ("1.2.840.10008.1.2.4.91", None, "01", "ISO_15444_1"),
        ("1.2.840.10008.1.2.4.91", "00", "00", None),
        ("1.2.840.10008.1.2.4.91", "01", "01", "ISO_15444_1"),
        ("1.2.840.10008.1.2.4.90", None, None, None),
        ("1.2.840.10008.1.2.1", "01", "01", None),
    ],
)
def test_a_lossy_transfer_syntax_is_admitted_even_if_the_source_does_not(
    syntax, said, word, method
):
    shared = [attribute("LossyImageCompression", said)] if said else []
    found = inherited(source_of(*shared, transfer_syntax_uid=syntax, compression_ratio=12.34567))
    flag, how = values(found, "LossyImageCompression"), values(found, "LossyImageCompressionMethod")
    assert (flag, how) == (word and (word,), method and (method,))
    assert values(found, "LossyImageCompressionRatio") == (("12.346",) if method else None)


def test_a_loss_of_unknown_size_is_advised_upon():
    found = inherited(source_of(attribute("LossyImageCompression", "01")))
    assert "LossyImageCompressionRatio" in " ".join(found.advice)


# -------------------------------------------------------------------------------------------- dates
@pytest.mark.parametrize(
    ("zone", "date", "time"), [("+1200", "20240502", "003015"), ("-0500", "20240501", "073015")]
)
def test_dates_of_the_result_are_in_the_zone_of_the_dates_that_are_kept(zone, date, time):
    found = inherited(
        source_of(attribute("TimezoneOffsetFromUTC", zone), attribute("SeriesDate", "1999")),
        moment=NOON,
    )
    assert values(found, "TimezoneOffsetFromUTC") == (zone,)
    for name in ("Series", "Content", "InstanceCreation"):
        assert (values(found, f"{name}Date"), values(found, f"{name}Time")) == ((date,), (time,))
    ours = found.metadata.get("ContributingEquipmentSequence").values[-1]
    assert next(one for one in ours if one.keyword == "ContributionDateTime").values == (
        date + time + zone,
    )


def test_without_a_zone_in_the_source_dates_are_left_to_the_plan():
    assert values(inherited(source_of(), moment=NOON), "SeriesDate") is None


# ---------------------------------------------------------------------------------------- ImageType
@pytest.mark.parametrize(
    ("of", "source", "into", "result"),
    [
        (CT, ("ORIGINAL", "PRIMARY", "LOCALIZER", "X"), CT, ("DERIVED", "SECONDARY", "LOCALIZER")),
        (MR, ("ORIGINAL", "PRIMARY", "M", "ND"), MR, ("DERIVED", "SECONDARY", "M")),
        (MR, ("ORIGINAL", "PRIMARY"), MR, ("DERIVED", "SECONDARY", "OTHER")),
        (MR, ("ORIGINAL", "PRIMARY", "M"), CT, ("DERIVED", "SECONDARY", "AXIAL")),
        (PT, ("ORIGINAL", "PRIMARY"), PT, ("DERIVED", "PRIMARY")),
        (CT, ("ORIGINAL", "PRIMARY", "AXIAL"), SC, ("DERIVED", "SECONDARY")),
        (
            EnhancedCT,
            ("ORIGINAL", "PRIMARY", "ANGIO", "NONE"),
            EnhancedCT,
            ("DERIVED", "PRIMARY", "ANGIO", "QUANTITY"),
        ),
    ],
)
def test_image_type_says_derived_and_keeps_value_3_of_the_same_class(of, source, into, result):
    assert (
        values(
            inherited(source_of(attribute("ImageType", *source), kind=of), kind=into), "ImageType"
        )
        == result
    )


# ---------------------------------------------------------------------------------- facts of slices
def heights(_, index):
    return [
        attribute("SliceLocation", str(10 * index)),
        attribute("AcquisitionTime", f"12000{index}"),
    ]


def test_facts_of_slices_go_where_the_slices_go():
    turned = np.diag([1.0, -1, -1, 1])
    turned[:3, 3] = (0, 3, 2)
    upside_down = Grid.from_affine(GRID.shape, GRID.affine() @ turned, space="LPS")
    found = inherited(source_of(own=heights), upside_down)
    assert column(found, "SliceLocation").values == (("20",), ("10",), ("0",))
    assert column(found, "AcquisitionTime").per == "slice"


def test_facts_of_slices_are_dropped_between_the_slices():
    finer = Grid.from_affine((5, 4, 5), GRID.affine() @ np.diag([1, 1, 0.5, 1]), space="LPS")
    found = inherited(source_of(own=heights), finer)
    assert column(found, "SliceLocation").values == (("0",), None, ("10",), None, ("20",))


def test_common_attributes_hold_between_slices_except_those_of_a_place():
    between = Grid.from_affine(
        (2, 4, 5), part_of(GRID, (0.5, 0, 0), (2, 4, 5)).affine(), space="LPS"
    )
    source = source_of(
        attribute("EchoTime", "4.60"), attribute("SliceThickness", "2.5"), own=heights
    )
    found = inherited(source, between)
    assert values(found, "EchoTime") == ("4.60",)
    assert values(found, "SliceThickness") is None
    assert found.columns == ()
    assert outcome(found, "SliceLocation").startswith("dropped: no slice lies in the plane")


def test_the_thickness_of_every_other_slice_is_that_of_the_source_unless_it_is_none():
    half = part_of(GRID, (0, 0, 0), (2, 4, 5), step=2)
    assert values(
        inherited(source_of(attribute("SliceThickness", "2.5")), half), "SliceThickness"
    ) == ("2.5",)
    assert (
        values(inherited(source_of(attribute("SliceThickness", "0")), half), "SliceThickness")
        is None
    )


@pytest.mark.parametrize("kind", [CT, EnhancedCT])
def test_slices_between_those_of_the_source_give_all_the_thickness_of_the_new_grid(kind):
    finer = Grid.from_affine((5, 4, 5), GRID.affine() @ np.diag([1, 1, 0.5, 1]), space="LPS")
    source = source_of(attribute("SliceThickness", "3"), attribute("SliceLocation", "7"), kind=CT)
    found = inherited(source, finer, kind=kind)
    assert (values(found, "SliceThickness"), column(found, "SliceThickness")) == (None, None)
    assert values(found, "SliceLocation") is None


def test_attributes_of_rows_and_columns_are_dropped_with_them():
    source = source_of(attribute("InPlanePhaseEncodingDirection", "ROW"))
    assert values(inherited(source), "InPlanePhaseEncodingDirection") == ("ROW",)
    assert (
        values(
            inherited(source, part_of(GRID, (0, 1, 0), (3, 2, 5))), "InPlanePhaseEncodingDirection"
        )
        is None
    )


def test_in_another_space_neither_position_nor_place_is_kept():
    said = (
        attribute("PatientPosition", "HFS"),
        attribute("PositionReferenceIndicator", "SN"),
        attribute("KVP", "120"),
    )
    found = inherited(source_of(*said, own=heights, kind=CT), kind=CT, same_space=False)
    assert [values(found, one.keyword) for one in said] == [None, None, ("120",)]
    assert found.columns == ()


def test_directions_and_slabs_in_the_patient_are_dropped_in_another_space():
    slab = attribute("MRSpatialSaturationSequence", (attribute("SlabThickness", 40.0),))
    labelled = attribute(
        "MRArterialSpinLabelingSequence",
        (attribute("ASLContext", "LABEL"), attribute("ASLSlabSequence", (slab,))),
    )
    direction = attribute("DiffusionGradientOrientation", 0.6, 0.8, 0.0)
    said = (attribute("DiffusionBValue", 1000.0), direction)
    groups = attribute("SharedFunctionalGroupsSequence", (slab, labelled))
    source = source_of(*said, groups)
    for kind, dropped in (
        (MR, {direction.keyword}),
        (EnhancedMR, {slab.keyword, labelled.keyword}),
    ):
        same = {*inherited(source, kind=kind).metadata.keywords}
        other = {*inherited(source, kind=kind, same_space=False).metadata.keywords}
        assert dropped <= same
        assert dropped.isdisjoint(other)
    assert values(inherited(source, same_space=False), "DiffusionBValue") == (1000.0,)


def test_the_tilt_of_the_gantry_is_kept_on_the_planes_of_the_source_alone():
    source = source_of(attribute("GantryDetectorTilt", "20"), kind=CT)
    between = part_of(GRID, (0.5, 0, 0), (2, 4, 5))
    every_other = part_of(GRID, (0, 0, 0), (2, 4, 5), step=2)
    assert values(inherited(source, every_other, kind=CT), "GantryDetectorTilt") == ("20",)
    assert values(inherited(source, between, kind=CT), "GantryDetectorTilt") is None


@pytest.mark.parametrize(
    ("name", "contrast", "properties", "technique"),
    [
        ("MIP", "MAX_IP", ("SAMPLED",), ("MAX_IP",)),
        ("pixel by pixel mean", "MEAN", ("VOLUME",), ("NONE",)),
        ("MPR", "RESAMPLED", ("VOLUME",), ("MPR",)),
        ("smoothing", "QUANTITY", ("VOLUME",), ("NONE",)),
    ],
)
def test_the_code_of_the_derivation_and_the_type_of_image_agree(
    name, contrast, properties, technique
):
    said = (
        attribute("VolumetricProperties", "VOLUME"),
        attribute("VolumeBasedCalculationTechnique", "NONE"),
    )
    source = source_of(*said, kind=EnhancedMR)
    found = inherited(source, kind=EnhancedMR, derivation=derivation_code(name))
    assert values(found, "ImageType") == ("DERIVED", "PRIMARY", "VOLUME", contrast)
    assert values(found, "VolumetricProperties") == properties
    assert values(found, "VolumeBasedCalculationTechnique") == technique
    classic = inherited(source_of(), derivation=derivation_code(name))
    assert values(classic, "VolumeBasedCalculationTechnique") is None


def test_a_kernel_is_kept_of_values_that_were_not_filtered_only():
    source = source_of(attribute("ConvolutionKernel", "B30f"), kind=CT)
    assert values(inherited(source, kind=CT), "ConvolutionKernel") is None
    assert values(inherited(source, kind=CT, is_filtered=False), "ConvolutionKernel") == ("B30f",)


# ------------------------------------------------------------------------------------------ volumes
def echoes(volume, index):
    return [
        attribute("EchoTime", str(volume + 1)),
        attribute("AcquisitionTime", f"12{volume}00{index}"),
    ]


def test_facts_of_volumes_are_kept_even_between_the_slices_and_facts_of_frames_are_not():
    between = part_of(GRID, (0.5, 0, 0), (2, 4, 5))
    found = inherited(source_of(own=echoes, volumes=2), between)
    assert (column(found, "EchoTime").per, column(found, "EchoTime").values) == (
        "volume",
        (("1",), ("2",)),
    )
    assert column(found, "AcquisitionTime") is None
    same = inherited(source_of(own=echoes, volumes=2))
    assert len(column(same, "AcquisitionTime").values) == 6


def test_a_mean_over_volumes_has_no_attribute_that_differs_between_them():
    def own(volume, index):
        return [*echoes(volume, index), attribute("SliceLocation", str(index))]

    found = inherited(source_of(own=own, volumes=2), volumes=1)
    assert [one.keyword for one in found.columns] == ["SliceLocation"]
    assert column(found, "SliceLocation").values == (("0",), ("1",), ("2",))


def test_the_duration_of_one_volume_is_not_that_of_a_mean_over_several():
    duration = attribute("ActualFrameDuration", "60000")
    source = source_of(duration, volumes=2, kind=PT)
    assert values(inherited(source, kind=PT), "ActualFrameDuration") == ("60000",)
    assert values(inherited(source, kind=PT, volumes=1), "ActualFrameDuration") is None
    reason = outcome(inherited(source, kind=PT, volumes=1), "ActualFrameDuration")
    assert reason.startswith("dropped: the result has other volumes than the source")


def test_the_frame_time_of_a_clip_is_not_that_of_some_of_its_pictures():
    clip = Grid.from_spacing((3, 4, 5), (1, 1, 1))
    source = source_of(attribute("FrameTime", "33.3"), kind=MultiframeSC, grid=clip)
    for grid, kept in ((clip, ("33.3",)), (replace(clip, shape=(1, 4, 5)), None)):
        found = inherit(source, match_pictures(source, grid), kind=MultiframeSC)
        assert values(found, "FrameTime") == kept


def weighting(volume, _):
    yield attribute("DiffusionBValue", 1000.0 * volume)
    yield attribute("DiffusionDirectionality", "ISOTROPIC")


@pytest.mark.parametrize("kind", [MR, EnhancedMR], ids=lambda kind: kind.name)
def test_a_mean_over_several_b_values_has_no_direction_of_diffusion(kind):
    source = source_of(own=weighting, volumes=2)
    found = inherited(source, kind=kind, volumes=1)
    assert {name for name in found.metadata.keywords if "Diffusion" in name} == set()
    of_one = inherited(source_of(*weighting(1, 0)), volumes=1)
    assert values(of_one, "DiffusionBValue") == (1000.0,)
    assert values(of_one, "DiffusionDirectionality") == ("ISOTROPIC",)


def test_one_number_for_all_volumes_does_not_hide_that_there_are_several():
    shared = attribute("AcquisitionNumber", "3")
    assert (
        values(inherited(source_of(shared, volumes=2, kind=CT), kind=CT), "AcquisitionNumber")
        is None
    )
    assert values(inherited(source_of(shared, kind=CT), kind=CT), "AcquisitionNumber") == ("3",)


def test_an_attribute_that_all_files_must_have_is_not_left_to_some_of_them():
    between = part_of(GRID, (0, 0, 0), (2, 4, 5), step=0.5)
    source = source_of(own=lambda _, index: [attribute("FrameReferenceTime", str(index))], kind=PT)
    assert column(inherited(source, between, kind=PT), "FrameReferenceTime") is None
    assert column(inherited(source, kind=PT), "FrameReferenceTime").values == (
        ("0",),
        ("1",),
        ("2",),
    )


# ------------------------------------------------------------------------------------------ private
def private_source():
    mine = (Attribute("(0029,0010)", "LO", ("MINE ",)), Attribute("(0029,1001)", "DS", ("1.5",)))
    other = (Attribute("(0029,0011)", "LO", ("OTHER",)), Attribute("(0029,1101)", "OB", (b"\1\2",)))
    item = (attribute("CodeValue", "1"), *mine, *other)
    nested = attribute("ProcedureCodeSequence", item)
    return source_of(
        nested, *mine, *other, own=lambda _, index: [Attribute("(0029,1002)", "IS", (str(index),))]
    )


def test_private_attributes_are_dropped_inside_of_sequences_too():
    found = inherited(private_source())
    (item,) = found.metadata.get("ProcedureCodeSequence").values
    names = [
        *found.metadata.keywords,
        *(one.keyword for one in found.columns),
        *(one.keyword for one in item),
    ]
    assert [name for name in names if name.startswith("(")] == []
    assert outcome(found, "(0029,0010)").startswith("dropped")


def test_private_attributes_of_a_creator_that_the_user_names_are_kept_with_its_name():
    found = inherited(private_source(), keep_private=("MINE",))
    (item,) = found.metadata.get("ProcedureCodeSequence").values
    assert [name for name in found.metadata.keywords if name.startswith("(")] == [
        "(0029,0010)",
        "(0029,1001)",
    ]
    assert [one.keyword for one in item] == ["CodeValue", "(0029,0010)", "(0029,1001)"]
    assert column(found, "(0029,1002)").values == (("0",), ("1",), ("2",))
    assert outcome(found, "(0029,0010)") == "kept: `keep_private=` names its creator"
    assert outcome(found, "(0029,0011)").startswith("dropped")


def test_a_creator_that_the_source_does_not_have_is_named_with_those_it_has():
    assert inherited(private_source(), keep_private=("MIME",)).advice == (
        "`keep_private=` names MIME, but the source has MINE, OTHER.",
    )


# -------------------------------------------------------------------------------------- other kinds
@pytest.mark.parametrize("kind", [CT, SC, ParametricMap])
def test_what_the_result_has_no_place_for_is_dropped_with_the_reason(kind):
    found = inherited(source_of(attribute("EchoTime", "4.6")), kind=kind)
    assert values(found, "EchoTime") is None
    assert kind.title in outcome(found, "EchoTime")


def test_positron_images_do_not_say_how_the_patient_lay_in_words_of_others():
    assert (
        values(
            inherited(source_of(attribute("PatientPosition", "HFS"), kind=CT), kind=PT),
            "PatientPosition",
        )
        is None
    )


def test_hounsfield_units_are_handed_on_to_what_can_mean_them():
    source = source_of(attribute("RescaleType", "HU"), kind=CT)
    taken = {kind.name: meaning_of(source, kind).attributes for kind in (CT, SC, MR, ParametricMap)}
    assert taken == {
        "CT": (attribute("RescaleType", "HU"),),
        "SC": (),
        "MR": (),
        "ParametricMap": (),
    }


def enhanced(*, echo_varies):
    """An enhanced source: timing shared by all frames, an echo time in each of them."""
    timing = attribute(
        "MRTimingAndRelatedParametersSequence", (attribute("RepetitionTime", "2000"),)
    )
    view = attribute(
        "MRFOVGeometrySequence", (attribute("InPlanePhaseEncodingDirection", "COLUMN"),)
    )
    measures = attribute(
        "PixelMeasuresSequence",
        (attribute("SliceThickness", "2.5"), attribute("PixelSpacing", "1", "1")),
    )
    echo = (
        ()
        if echo_varies
        else (attribute("MREchoSequence", (attribute("EffectiveEchoTime", 4.6),)),)
    )
    shared = attribute("SharedFunctionalGroupsSequence", (view, timing, measures, *echo))
    direction = attribute(
        "DiffusionGradientDirectionSequence",
        (attribute("DiffusionGradientOrientation", 1.0, 0.0, 0.0),),
    )

    def own(volume, index):
        if echo_varies:
            yield attribute("MREchoSequence", (attribute("EffectiveEchoTime", 4.6 * (volume + 1)),))
        yield attribute("FrameAcquisitionDateTime", f"2020010112000{index}")
        yield attribute("InStackPositionNumber", index + 1)
        yield attribute("RescaleSlope", str(index + 1))
        if volume and echo_varies:
            yield attribute("MRDiffusionSequence", (direction,))

    volumes = 2 if echo_varies else 1
    nucleus = attribute("ResonantNucleus", "1H")
    return source_of(
        nucleus, shared, own=own, kind=EnhancedMR, frames_in_file=True, volumes=volumes
    )


def test_enhanced_facts_have_their_classic_names_in_a_classic_result():
    found = inherited(enhanced(echo_varies=True))
    assert values(found, "RepetitionTime") == ("2000",)
    assert values(found, "InPlanePhaseEncodingDirection") == ("COL",)
    assert values(found, "ImagedNucleus") == ("1H",)
    assert values(found, "SliceThickness") == ("2.5",)
    assert (column(found, "EchoTime").vr, column(found, "EchoTime").values) == (
        "DS",
        (("4.6",), ("9.2",)),
    )
    assert column(found, "DiffusionGradientOrientation").values == (None, (1.0, 0.0, 0.0))
    assert column(found, "AcquisitionTime").values == (("120000",), ("120001",), ("120002",))
    assert values(found, "AcquisitionDate") == ("20200101",)
    assert outcome(found, "EffectiveEchoTime").startswith("kept (as EchoTime)")


def test_functional_groups_that_all_frames_share_are_handed_on_whole():
    found = inherited(enhanced(echo_varies=False), kind=EnhancedMR)
    groups = {name for name in found.metadata.keywords if name.startswith("MR")}
    assert groups == {
        "MRTimingAndRelatedParametersSequence",
        "MRFOVGeometrySequence",
        "MREchoSequence",
    }
    (echo,) = found.metadata.get("MREchoSequence").values
    assert [one.values for one in echo] == [(4.6,)]
    assert values(found, "SliceThickness") == ("2.5",)


def test_functional_groups_that_differ_from_frame_to_frame_are_handed_on_whole():
    found = inherited(enhanced(echo_varies=True), kind=EnhancedMR)
    assert found.metadata.get("MREchoSequence") is None
    assert {one.keyword for one in found.columns} == {"FrameAcquisitionDateTime"}
    echo, diffusion = found.groups
    assert [one.values for one in echo.values[1][0]] == [(9.2,)]
    assert (diffusion.keyword, diffusion.per, diffusion.values[0]) == (
        "MRDiffusionSequence",
        "volume",
        None,
    )


def parts(*components):
    """An enhanced source: the type of frame in each of them."""

    def own(volume, _):
        yield attribute(
            "MRImageFrameTypeSequence",
            (
                attribute("FrameType", "ORIGINAL", "PRIMARY", "DIFFUSION", "NONE"),
                attribute("VolumetricProperties", "DISTORTED"),
                attribute("ComplexImageComponent", components[volume]),
                attribute("AcquisitionContrast", "DIFFUSION"),
            ),
        )

    return source_of(own=own, kind=EnhancedMR, frames_in_file=True, volumes=len(components))


def test_facts_in_the_type_of_each_frame_are_those_of_the_result():
    found = inherited(parts("PHASE", "PHASE"), kind=EnhancedMR)
    facts = ("ComplexImageComponent", "AcquisitionContrast", "VolumetricProperties")
    assert [values(found, name) for name in facts] == [("PHASE",), ("DIFFUSION",), ("DISTORTED",)]
    assert values(found, "FrameType") is None


def test_parts_of_complex_numbers_go_with_their_volumes():
    source = parts("MAGNITUDE", "PHASE")
    found = inherited(source, kind=EnhancedMR)
    assert column(found, "ComplexImageComponent").values == (("MAGNITUDE",), ("PHASE",))
    mean = inherited(source, kind=EnhancedMR, volumes=1)
    assert values(mean, "ComplexImageComponent") is column(mean, "ComplexImageComponent") is None


def test_attributes_of_a_scanner_are_not_in_a_derived_multi_frame_image():
    source = source_of(attribute("MRAcquisitionType", "3D"), attribute("TriggerTime", "10"))
    found = inherited(source, kind=EnhancedMR)
    assert not {"MRAcquisitionType", "TriggerTime"} & set(found.metadata.keywords)


def test_an_empty_attribute_stays_empty_where_it_may_be_and_else_leaves_the_place_to_a_default():
    said = [
        attribute(keyword)
        for keyword in ("ScanOptions", "ScanningSequence", "SliceThickness", "EchoTime")
    ]
    found = inherited(source_of(*said))
    assert [values(found, one.keyword) for one in said] == [(), None, None, ()]


def test_a_source_without_scan_options_does_not_make_its_trigger_time_a_question_to_the_user():
    found = inherited(source_of(attribute("TriggerTime", "0")))
    assert (values(found, "TriggerTime"), values(found, "ScanOptions")) == (("0",), ())


def test_the_same_source_gives_the_same_result():
    source = private_source()
    assert inherited(source) == inherited(replace(source))


def test_the_dose_of_one_volume_is_not_that_of_a_mean_over_several():
    said = (attribute("Exposure", "100"), attribute("CTDIvol", 12.5), attribute("KVP", "120"))
    source = source_of(*said, volumes=2, kind=CT)
    assert [values(inherited(source, kind=CT), one.keyword) for one in said] == [
        ("100",),
        (12.5,),
        ("120",),
    ]
    mean = inherited(source, kind=CT, volumes=1)
    assert [values(mean, one.keyword) for one in said] == [None, None, ("120",)]


def screened_source(source, kind=EnhancedMR):
    return screened(source, kind.sop_class_uid).source


@pytest.mark.parametrize(
    ("image_type", "part"),
    [
        (("ORIGINAL", "PRIMARY", "P", "ND"), ("PHASE",)),  # Siemens
        (("ORIGINAL", "PRIMARY", "PHASE MAP", "P", "FFE"), ("PHASE",)),  # Philips
        (("ORIGINAL", "PRIMARY", "M", "ND"), ("MAGNITUDE",)),
        (("DERIVED", "PRIMARY", "DIFFUSION", "ADC"), None),
    ],
)
def test_the_image_type_of_a_classic_source_names_the_part_of_complex_numbers(image_type, part):
    source = screened_source(source_of(attribute("ImageType", *image_type)))
    assert values(inherited(source, kind=EnhancedMR), "ComplexImageComponent") == part


def test_volumes_of_a_classic_source_are_magnitude_and_phase_by_their_image_types():
    def own(volume, _):
        yield attribute("ImageType", "ORIGINAL", "PRIMARY", "MP"[volume], "ND")

    source = screened_source(source_of(own=own, volumes=2))
    found = inherited(source, kind=EnhancedMR)
    assert column(found, "ComplexImageComponent").values == (("MAGNITUDE",), ("PHASE",))


def test_three_zeros_beside_a_b_value_of_0_are_no_direction():
    said = (
        attribute("DiffusionBValue", 0.0),
        attribute("DiffusionGradientOrientation", 0.0, 0.0, 0.0),
    )
    source = screened_source(source_of(*said))
    (item,) = inherited(source, kind=EnhancedMR).metadata.get("MRDiffusionSequence").values
    assert {one.keyword: one.values for one in item} == {
        "DiffusionBValue": (0.0,),
        "DiffusionDirectionality": ("NONE",),
    }
