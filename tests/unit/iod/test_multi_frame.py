"""Composition of multi-frame kinds: functional groups, anatomy, units, demanded attributes."""

import pytest

from dicomseries.errors import MetadataError
from dicomseries.iod import KINDS, MR, PT, SC, Leaf, VaryingGroup, compose, find_kind
from dicomseries.metadata import Metadata
from dicomseries.standard.attributes.attribute import attribute

ENHANCED_CT, ENHANCED_MR, MAP = (
    find_kind("EnhancedCT"),
    find_kind("EnhancedMR"),
    find_kind("ParametricMap"),
)
MULTIFRAME_SC, XRAY = find_kind("MultiframeSC"), find_kind("XRay3D")
MULTI_FRAME = tuple(kind for kind in KINDS if kind.is_multi_frame)
DEMANDED = {
    "EnhancedCT": {"IrradiationEventUID": "2.25.77", "RescaleType": "HU"},
    "EnhancedMR": {"ApplicableSafetyStandardAgency": "IEC"},
}

ORGANIZATION = attribute("DimensionOrganizationUID", "2.25.4")
FACTS = {
    "StudyInstanceUID": ("2.25.1",),
    "SeriesInstanceUID": ("2.25.2",),
    "FrameOfReferenceUID": ("2.25.3",),
    "SOPClassUID": ("1.2.840.10008.5.1.4.1.1.7.3",),
    "SoftwareVersions": ("dicomseries 0",),
    "StudyDate": ("20261122",),
    "SeriesDate": ("20261122",),
    "SeriesTime": ("110000",),
    "ContentDate": ("20261122",),
    "ContentTime": ("110000",),
    "NumberOfSlices": (3,),
    "NumberOfFrames": ("3",),
    "FrameIncrementPointer": (0x52009230,),
    "StackID": ("1",),
    "DimensionOrganizationSequence": ((ORGANIZATION,),),
    "DimensionIndexSequence": ((ORGANIZATION,),),
    "DimensionOrganizationType": ("3D",),
    "PixelSpacing": ("3.5", "2.5"),
    "SliceThickness": ("4.5",),
    "SpacingBetweenSlices": ("4.5",),
    "ImageOrientationPatient": ("1", "0", "0", "0", "1", "0"),
    "Rows": (4,),
    "Columns": (5,),
    "SamplesPerPixel": (1,),
    "PhotometricInterpretation": ("MONOCHROME2",),
    "BitsAllocated": (16,),
    "BitsStored": (16,),
    "HighBit": (15,),
    "PixelRepresentation": (0,),
    "WindowCenter": ("1",),
    "WindowWidth": ("2",),
    "RealWorldValueSlope": (1.0,),
    "RealWorldValueIntercept": (0.0,),
    "RealWorldValueFirstValueMapped": (0,),
    "RealWorldValueLastValueMapped": (65535,),
    "DerivationDescription": ("Stored exactly.",),
}
RESCALED = FACTS | {"RescaleSlope": (".5",), "RescaleIntercept": ("-3",)}


def composed(kind, metadata=None, varying=(), facts=FACTS):
    user = Metadata.from_mapping(DEMANDED.get(kind.name, {}) | (metadata or {}))
    return compose(kind, facts, user, varying)


def item(values):
    return {
        one.keyword: item(one.values[0]) if one.vr == "SQ" and one.values else one.values
        for one in values
    }


def shared_frames(composition):
    found = item(composition.shared)["SharedFunctionalGroupsSequence"]
    return {keyword: values for keyword, values in found.items() if values}


def top(composition):
    return {one.keyword: one.values for one in composition.shared if one.vr != "SQ"}


def faults(kind, metadata=None, varying=(), facts=FACTS):
    with pytest.raises(MetadataError) as caught:
        compose(kind, facts, Metadata.from_mapping(metadata or {}), varying)
    return {fault.where: fault.code for fault in caught.value.faults}


multi_frame = pytest.mark.parametrize("kind", MULTI_FRAME, ids=lambda kind: kind.name)


# ----------------------------------------------------------------------------------------- demanded
@pytest.mark.parametrize(
    ("kind", "where"),
    [
        (ENHANCED_CT, {"IrradiationEventUID", "RescaleType"}),
        (ENHANCED_MR, {"ApplicableSafetyStandardAgency"}),
        (MULTIFRAME_SC, set()),
        (XRAY, set()),
        (MAP, set()),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_attributes_without_a_true_default_are_demanded_in_one_error(kind, where):
    if where:
        assert faults(kind) == dict.fromkeys(where, "value-missing")
    else:
        assert compose(kind, FACTS, Metadata()).shared


def test_all_missing_and_wrong_attributes_are_reported_at_once():
    wrong = {"ImageType": ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"], "BodyPartExamined": "TEAPOT"}
    assert faults(ENHANCED_MR, wrong) == {
        "ImageType": "value-not-allowed-by-kind",
        "ApplicableSafetyStandardAgency": "value-missing",
        "AnatomicRegionSequence": "word-without-code",
    }


# -------------------------------------------------------------------------------- functional groups
@multi_frame
def test_only_the_position_and_the_numbers_of_a_frame_differ(kind):
    columns = {column for group in composed(kind).per_frame for column in group.columns}
    numbers = set() if kind is MULTIFRAME_SC else {"InStackPositionNumber", "DimensionIndexValues"}
    assert columns == {"ImagePositionPatient"} | numbers


@multi_frame
def test_a_group_is_shared_or_per_frame_and_never_both(kind):
    composition = composed(
        kind, varying=["TemporalPositionIndex"] if "TemporalPositionIndex" in kind.over_time else ()
    )
    assert not shared_frames(composition).keys() & {
        group.keyword for group in composition.per_frame
    }


@multi_frame
def test_the_file_itself_has_a_uid_and_a_number_alone(kind):
    assert composed(kind).per_instance == ("SOPInstanceUID", "InstanceNumber")


@multi_frame
def test_geometry_is_in_the_groups_and_not_at_the_top(kind):
    composition = composed(kind)
    assert shared_frames(composition)["PixelMeasuresSequence"] == {
        "SliceThickness": ("4.5",),
        "SpacingBetweenSlices": ("4.5",),
        "PixelSpacing": ("3.5", "2.5"),
    }
    assert (
        not {"PixelSpacing", "SliceThickness", "ImageOrientationPatient"} & top(composition).keys()
    )


def test_volumes_have_an_index_and_a_time_in_every_frame():
    composition = composed(
        ENHANCED_MR, varying=["TemporalPositionIndex", "TemporalPositionTimeOffset"]
    )
    frames = {group.keyword: list(group.columns) for group in composition.per_frame}
    assert frames["TemporalPositionSequence"] == ["TemporalPositionTimeOffset"]
    assert "TemporalPositionIndex" in frames["FrameContentSequence"]
    assert "TemporalPositionSequence" not in shared_frames(composed(ENHANCED_MR))


@pytest.mark.parametrize("kind", [ENHANCED_CT, ENHANCED_MR, XRAY, MAP], ids=lambda kind: kind.name)
def test_a_frame_has_the_type_of_the_image(kind):
    for given in (None, ["DERIVED", "PRIMARY", "VOLUME", "MAX_IP"]):
        composition = composed(kind, {"ImageType": given} if given else None)
        types = [
            group
            for key, group in shared_frames(composition).items()
            if key.endswith("FrameTypeSequence")
        ]
        assert [group["FrameType"] for group in types] == [top(composition)["ImageType"]]


@pytest.mark.parametrize("kind", [ENHANCED_CT, ENHANCED_MR, XRAY], ids=lambda kind: kind.name)
def test_the_rescale_is_the_plans_in_the_group_and_an_identity_without_one(kind):
    group = "PixelValueTransformationSequence"
    assert shared_frames(composed(kind, facts=RESCALED))[group]["RescaleSlope"] == (".5",)
    assert shared_frames(composed(kind))[group]["RescaleSlope"] == ("1",)
    assert "RescaleSlope" not in top(composed(kind, facts=RESCALED))


def test_a_map_and_a_multi_frame_sc_are_stored_as_they_are():
    values = shared_frames(composed(MAP))["PixelValueTransformationSequence"]
    assert values == {"RescaleIntercept": ("0",), "RescaleSlope": ("1",), "RescaleType": ("US",)}
    found = top(composed(MULTIFRAME_SC))
    assert (found["RescaleSlope"], found["RescaleIntercept"]) == (("1",), ("0",))
    assert found["FrameIncrementPointer"] == (0x52009230,)
    colour = {
        "SamplesPerPixel": (3,),
        "PhotometricInterpretation": ("RGB",),
        "PlanarConfiguration": (0,),
    }
    colourful = {
        keyword: values
        for keyword, values in FACTS.items()
        if not keyword.startswith(("Window", "Real"))
    }
    found = top(composed(MULTIFRAME_SC, facts=colourful | colour))
    assert not {"RescaleSlope", "PresentationLUTShape", "WindowCenter"} & found.keys()


# ------------------------------------------------------------------------------------------ anatomy
@pytest.mark.parametrize("kind", [ENHANCED_CT, ENHANCED_MR, XRAY, MAP], ids=lambda kind: kind.name)
def test_an_array_of_unknown_anatomy_is_a_phantom_and_the_user_hears_of_it(kind):
    composition = composed(kind)
    anatomy = shared_frames(composition)["FrameAnatomySequence"]
    assert anatomy["FrameLaterality"] == ("U",)
    assert anatomy["AnatomicRegionSequence"]["CodeMeaning"] == ("Phantom",)
    assert any("Phantom" in text for text in composition.advice)


def test_a_body_part_in_words_brings_its_code():
    composition = composed(ENHANCED_MR, {"BodyPartExamined": "BRAIN"})
    anatomy = shared_frames(composition)["FrameAnatomySequence"]
    assert anatomy["AnatomicRegionSequence"] == {
        "CodeValue": ("12738006",),
        "CodingSchemeDesignator": ("SCT",),
        "CodeMeaning": ("Brain",),
    }
    assert top(composition)["BodyPartExamined"] == ("BRAIN",)
    assert not any("Phantom" in text for text in composition.advice)


def test_a_paired_part_needs_its_side_and_classic_laterality_is_one():
    given = DEMANDED["EnhancedMR"] | {"BodyPartExamined": "KNEE"}
    assert faults(ENHANCED_MR, given) == {"FrameLaterality": "value-missing"}
    for keyword in ("Laterality", "FrameLaterality"):
        composition = composed(ENHANCED_MR, given | {keyword: "L"})
        assert shared_frames(composition)["FrameAnatomySequence"]["FrameLaterality"] == ("L",)
        assert "Laterality" not in top(composition)


def test_a_code_of_the_users_wins_over_the_word_and_needs_none():
    code = {"CodeValue": "1", "CodingSchemeDesignator": "99US", "CodeMeaning": "Teapot"}
    for word in ({}, {"BodyPartExamined": "TEAPOT"}):
        anatomy = shared_frames(composed(MAP, {"AnatomicRegionSequence": code} | word))[
            "FrameAnatomySequence"
        ]
        assert anatomy["AnatomicRegionSequence"]["CodeMeaning"] == ("Teapot",)


# ---------------------------------------------------------------------------- the user's own groups
def test_a_group_of_the_user_replaces_the_computed_one():
    anatomy = {"FrameLaterality": "B", "AnatomicRegionSequence": {"CodeMeaning": "Lungs"}}
    found = shared_frames(composed(MAP, {"FrameAnatomySequence": anatomy}))
    assert found["FrameAnatomySequence"]["FrameLaterality"] == ("B",)


def test_a_group_that_the_table_does_not_have_goes_where_functional_groups_are():
    composition = composed(ENHANCED_MR, {"MRFOVGeometrySequence": {"PercentSampling": 100}})
    assert shared_frames(composition)["MRFOVGeometrySequence"] == {"PercentSampling": ("100",)}
    assert "MRFOVGeometrySequence" not in {one.keyword for one in composition.shared}


def test_a_group_of_the_user_cannot_vary():
    given = DEMANDED["EnhancedMR"] | {"MREchoSequence": {"EffectiveEchoTime": 30.0}}
    assert faults(ENHANCED_MR, given, ["EchoTime"]) == {
        "MREchoSequence": "sequence-given-and-varying"
    }


@pytest.mark.parametrize(
    "keyword", ["FrameType", "PlanePositionSequence", "TemporalPositionIndex", "StackID"]
)
def test_the_user_cannot_set_computed_attributes(keyword):
    with pytest.raises(MetadataError) as caught:
        Metadata.from_mapping({keyword: "1"})
    assert caught.value.code == "attribute-owned"


# ------------------------------------------------------------------------- contrasts of the volumes
def test_an_echo_time_is_written_under_its_enhanced_name():
    assert shared_frames(composed(ENHANCED_MR, {"EchoTime": "30"}))["MREchoSequence"] == {
        "EffectiveEchoTime": (30.0,)
    }
    (echo,) = (
        group
        for group in composed(ENHANCED_MR, varying=["EchoTime"]).per_frame
        if group.keyword[:6] == "MREcho"
    )
    assert echo == VaryingGroup("MREchoSequence", (Leaf("EffectiveEchoTime", "EchoTime"),))


def test_gradient_directions_set_the_directionality_and_b_values_do_not():
    varying = ["DiffusionBValue", "DiffusionGradientOrientation"]
    (diffusion,) = (
        one
        for one in composed(ENHANCED_MR, varying=varying).per_frame
        if "Diffusion" in one.keyword
    )
    assert attribute("DiffusionDirectionality", "DIRECTIONAL") in diffusion.parts
    assert [type(part).__name__ for part in diffusion.parts] == [
        "Attribute",
        "VaryingGroup",
        "Leaf",
    ]
    user = DEMANDED["EnhancedMR"]
    assert faults(ENHANCED_MR, user, ["DiffusionBValue"]) == {
        "DiffusionDirectionality": "value-missing"
    }
    assert "MRDiffusionSequence" not in shared_frames(composed(ENHANCED_MR))


def test_gated_volumes_need_the_technique_and_the_length_of_a_beat():
    user = DEMANDED["EnhancedMR"]
    lacking = {
        "CardiacSynchronizationTechnique": "value-missing",
        "RRIntervalTimeNominal": "value-missing",
    }
    assert faults(ENHANCED_MR, user, ["TriggerTime"]) == lacking
    assert faults(MR, {"TriggerTime": 10}, facts=FACTS) == {"ScanOptions": "value-missing"}


def test_one_timing_for_all_is_at_the_top_and_one_for_each_volume_in_the_group():
    assert top(composed(ENHANCED_MR, {"RepetitionTime": 2000}))["RepetitionTime"] == ("2000",)
    composition = composed(ENHANCED_MR, {"RepetitionTime": 2000}, ["FlipAngle"])
    timing = next(group for group in composition.per_frame if group.keyword.startswith("MRTiming"))
    assert timing.parts == (attribute("RepetitionTime", "2000"), Leaf("FlipAngle", "FlipAngle"))


def test_an_attribute_outside_of_the_groups_cannot_vary():
    assert faults(MAP, {}, ["EchoTime"]) == {"EchoTime": "attribute-not-per-frame"}


# -------------------------------------------------------------------------------------------- units
SECONDS = {"CodeValue": "s", "CodingSchemeDesignator": "UCUM", "CodeMeaning": "second"}


def mapping(composition):
    found = item(composition.shared)
    return (found | (found.get("SharedFunctionalGroupsSequence") or {})).get(
        "RealWorldValueMappingSequence"
    )


def test_mr_has_a_real_world_mapping_with_a_rescale_or_units():
    assert mapping(composed(MR)) is None
    assert mapping(composed(MR, facts=RESCALED))["MeasurementUnitsCodeSequence"]["CodeValue"] == (
        "1",
    )
    assert mapping(composed(MR, {"MeasurementUnitsCodeSequence": SECONDS}))["LUTLabel"] == ("REAL",)


@pytest.mark.parametrize(
    ("given", "unit"),
    [
        ({}, "1"),
        ({"Units": "BQML"}, "Bq/ml"),
        ({"Units": "GML"}, "g/ml{SUVbw}"),
        ({"Units": "GML", "SUVType": "LBM"}, "g/ml{SUVlbm}"),
        ({"Units": "CNTS"}, "{counts}"),
        ({"Units": "FLUX", "MeasurementUnitsCodeSequence": SECONDS}, "s"),
    ],
)
def test_a_pet_has_its_unit_as_a_code_too(given, unit):
    code = mapping(composed(PT, given, facts=RESCALED))["MeasurementUnitsCodeSequence"]
    assert code["CodeValue"] == (unit,)


def test_a_pet_of_an_unknown_unit_has_no_mapping():
    assert mapping(composed(PT, {"Units": "FLUX"}, facts=RESCALED)) is None


def test_a_slope_for_each_slice_varies_in_the_mapping_too():
    composition = composed(PT, varying=["RescaleSlope", "RealWorldValueSlope"], facts=RESCALED)
    (group,) = composition.groups
    assert list(group.columns) == ["RealWorldValueSlope"]
    assert {"RescaleSlope", "RealWorldValueMappingSequence"} <= set(composition.per_instance)


@pytest.mark.parametrize(
    "kind", [ENHANCED_CT, ENHANCED_MR, MULTIFRAME_SC, XRAY, MAP, SC], ids=lambda kind: kind.name
)
def test_every_kind_takes_the_users_unit(kind):
    units = mapping(composed(kind, {"MeasurementUnitsCodeSequence": SECONDS}))[
        "MeasurementUnitsCodeSequence"
    ]
    assert units["CodeValue"] == ("s",)


def test_colour_has_no_unit():
    colour = FACTS | {
        "SamplesPerPixel": (3,),
        "PhotometricInterpretation": ("RGB",),
        "PlanarConfiguration": (0,),
    }
    wrong = faults(SC, {"MeasurementUnitsCodeSequence": SECONDS}, facts=colour)
    assert wrong == {"MeasurementUnitsCodeSequence": "attribute-not-for-this-image"}


@pytest.mark.parametrize(("sign", "vr"), [(0, "US"), (1, "SS")])
def test_the_sign_of_the_pixels_decides_the_vr_of_the_range_mapped(sign, vr):
    composition = composed(
        MR,
        {"MeasurementUnitsCodeSequence": SECONDS},
        facts=FACTS | {"PixelRepresentation": (sign,)},
    )
    (sequence,) = (
        one for one in composition.shared if one.keyword == "RealWorldValueMappingSequence"
    )
    assert {one.vr for one in sequence.values[0] if one.keyword.endswith("ValueMapped")} == {vr}


# ------------------------------------------------------------------------------------- what is said
@pytest.mark.parametrize("kind", [ENHANCED_CT, ENHANCED_MR, XRAY], ids=lambda kind: kind.name)
def test_derivation_and_comments_are_joined_for_images_without_a_derivation(kind):
    found = top(
        composed(kind, {"ImageComments": "Scanner 3.", "DerivationDescription": "Denoised."})
    )
    assert found["ImageComments"] == ("Scanner 3.\nDenoised.\nStored exactly.",)
    assert "DerivationDescription" not in found
    assert top(composed(MAP))["DerivationDescription"] == ("Stored exactly.",)


def test_the_content_of_an_mr_is_stated_twice_and_advised_once():
    composition = composed(ENHANCED_MR, {"ComplexImageComponent": "PHASE"})
    assert top(composition)["ComplexImageComponent"] == ("PHASE",)
    assert shared_frames(composition)["MRImageFrameTypeSequence"]["ComplexImageComponent"] == (
        "PHASE",
    )
    assert sum("MAGNITUDE" in text for text in composed(ENHANCED_MR).advice) == 1
