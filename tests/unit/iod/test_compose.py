import re
import shlex
from typing import get_args

import pytest

from dicomseries.errors import KindError, MetadataError
from dicomseries.iod import (
    CT,
    KINDS,
    MR,
    OFFERED,
    PT,
    SC,
    Absent,
    Choice,
    Constant,
    Default,
    Fact,
    Kind,
    PerInstance,
    Remark,
    Row,
    compose,
    find_kind,
)
from dicomseries.iod.kinds.all_kinds import OTHER_SPELLINGS, KindName
from dicomseries.iod.kinds.not_offered import NOT_OFFERED, OTHER_NAMES
from dicomseries.metadata import Metadata
from dicomseries.standard.attributes.attribute import attribute
from dicomseries.values import PixelRules

FACTS = {
    "StudyInstanceUID": ("2.25.1",),
    "SeriesInstanceUID": ("2.25.2",),
    "FrameOfReferenceUID": ("2.25.3",),
    "StudyDate": ("20261122",),
    "SeriesDate": ("20261122",),
    "SeriesTime": ("110000",),
    "NumberOfSlices": (3,),
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
    "PixelRepresentation": (1,),
    "RescaleSlope": (".5",),
    "RescaleIntercept": ("0",),
    "WindowCenter": ("1",),
    "WindowWidth": ("2",),
    "DerivationDescription": ("Stored exactly.",),
    "RealWorldValueSlope": (0.5,),
    "RealWorldValueIntercept": (0.0,),
    "RealWorldValueFirstValueMapped": (-32768,),
    "RealWorldValueLastValueMapped": (32767,),
    # multi-frame kinds alone
    "SOPClassUID": ("1.2.840.10008.5.1.4.1.1.7.3",),
    "SoftwareVersions": ("dicomseries 0",),
    "ContentDate": ("20261122",),
    "ContentTime": ("110000",),
    "NumberOfFrames": ("3",),
    "FrameIncrementPointer": (0x52009230,),
    "StackID": ("1",),
    "DimensionOrganizationSequence": ((attribute("DimensionOrganizationUID", "2.25.4"),),),
    "DimensionIndexSequence": ((attribute("DimensionOrganizationUID", "2.25.4"),),),
    "DimensionOrganizationType": ("3D",),
}
FRAMES = ("InStackPositionNumber", "DimensionIndexValues", "ImagePositionPatient")
DEMANDED = {
    "EnhancedCT": {"IrradiationEventUID": "2.25.77", "RescaleType": "HU"},
    "EnhancedMR": {"ApplicableSafetyStandardAgency": "IEC"},
}
COLOUR = {
    key: value for key, value in FACTS.items() if not key.startswith(("Rescale", "Window", "Real"))
} | {
    "SamplesPerPixel": (3,),
    "PhotometricInterpretation": ("RGB",),
    "PlanarConfiguration": (0,),
}
UNSCALED = {key: value for key, value in FACTS.items() if not key.startswith("Rescale")}


def composed(kind, metadata=None, facts=FACTS):
    return {
        one.keyword: one.values
        for one in compose(kind, facts, Metadata.from_mapping(metadata or {})).shared
    }


def faults(kind, metadata, facts=FACTS):
    with pytest.raises(MetadataError) as caught:
        composed(kind, metadata, facts)
    return {fault.where: fault.code for fault in caught.value.faults}


def tiny(*rows):
    return Kind(
        name="X",
        title="X Image",
        summary="an example",
        modality="OT",
        sop_class_uid="1.2",
        pixels=PixelRules(),
        samples=(1,),
        rows=rows,
    )


# ------------------------------------------------------------------------------------ honest values
def test_ct_invents_no_scanner():
    found = composed(CT)
    assert found["ImageType"] == ("DERIVED", "SECONDARY", "AXIAL")
    assert found["RescaleType"] == ("US",)
    empty = {keyword for keyword, values in found.items() if not values}
    assert {
        "KVP",
        "AcquisitionNumber",
        "PatientPosition",
        "Laterality",
        "PatientID",
        "PatientName",
    } <= empty


def test_mr_is_research_mode_by_default():
    found = composed(MR)
    assert found["ImageType"] == ("DERIVED", "SECONDARY", "OTHER")
    assert (found["ScanningSequence"], found["SequenceVariant"]) == (("RM",), ("NONE",))
    assert all(
        found[keyword] == ()
        for keyword in ("ScanOptions", "MRAcquisitionType", "EchoTime", "EchoTrainLength")
    )


def test_pet_is_static_without_unit_and_without_decay_correction():
    found = composed(PT)
    assert found["ImageType"] == ("DERIVED", "PRIMARY")
    assert (found["Units"], found["CountsSource"], found["SeriesType"]) == (
        ("NONE",),
        ("EMISSION",),
        ("STATIC", "IMAGE"),
    )
    assert (found["DecayCorrection"], found["FrameReferenceTime"], found["RescaleIntercept"]) == (
        ("NONE",),
        ("0",),
        ("0",),
    )
    assert "PatientPosition" not in found
    assert found["RadiopharmaceuticalInformationSequence"] == ()


def test_sc_has_its_conversion_type_by_default():
    found = composed(SC)
    assert (found["Modality"], found["ConversionType"]) == (("OT",), ("SYN",))
    assert found["ImageType"] == ("DERIVED", "SECONDARY")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_everything_is_written_in_utf_8_in_the_order_of_tags(kind):
    shared = compose(kind, FACTS, Metadata.from_mapping(DEMANDED.get(kind.name, {}))).shared
    assert [one.tag for one in shared] == sorted({one.tag for one in shared})
    assert shared[0].values == ("ISO_IR 192",)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_per_instance_attributes_are_not_shared(kind):
    composition = compose(kind, FACTS, Metadata.from_mapping(DEMANDED.get(kind.name, {})))
    assert not {one.keyword for one in composition.shared} & set(composition.per_instance)
    assert ("ImageIndex" in composition.per_instance) == (kind is PT)


# ----------------------------------------------------------------------------------- the user's say
def test_the_users_value_wins_over_a_default():
    found = composed(
        CT, {"RescaleType": "HU", "Manufacturer": "Acme", "KVP": 120, "StudyDate": "2020-01-02"}
    )
    assert found["RescaleType"] == ("HU",)
    assert found["Manufacturer"] == ("Acme",)
    assert found["KVP"] == ("120",)
    assert found["StudyDate"] == ("20200102",)


def test_the_users_window_and_thickness_win_over_the_plans():
    found = composed(MR, {"WindowCenter": [1, 2], "WindowWidth": [3, 4], "SliceThickness": 1.25})
    assert (found["WindowCenter"], found["WindowWidth"]) == (("1", "2"), ("3", "4"))
    assert (found["SliceThickness"], found["SpacingBetweenSlices"]) == (("1.25",), ("4.5",))


def test_attributes_without_a_row_are_added():
    assert composed(SC, {"SeriesDescription": "Größe"})["SeriesDescription"] == ("Größe",)


def test_a_body_part_takes_the_place_of_laterality():
    assert "Laterality" not in composed(CT, {"BodyPartExamined": "HEAD"})
    assert composed(CT, {"BodyPartExamined": "KNEE", "Laterality": "L"})["Laterality"] == ("L",)


def test_the_users_derivation_is_followed_by_the_bound():
    found = composed(CT, {"DerivationDescription": "Denoised."})
    assert found["DerivationDescription"] == ("Denoised.\nStored exactly.",)
    assert faults(CT, {"DerivationDescription": "x" * 1020}) == {
        "DerivationDescription": "text-too-long"
    }


def test_only_sc_may_have_another_modality():
    assert composed(SC, {"Modality": "MR"})["Modality"] == ("MR",)
    assert composed(CT, {"Modality": "CT"})["Modality"] == ("CT",)
    assert faults(CT, {"Modality": "MR"}) == {"Modality": "value-fixed-by-kind"}


def test_inversion_recovery_asks_for_an_inversion_time():
    assert "InversionTime" not in composed(MR)
    assert composed(MR, {"ScanningSequence": ["GR", "IR"]})["InversionTime"] == ()


def test_all_faults_of_a_kind_are_reported_at_once():
    wrong = {
        "ImageType": ["DERIVED", "SECONDARY"],
        "PatientPosition": "HFS",
        "SeriesType": ["STATIC", "FILM"],
    }
    assert faults(PT, wrong) == {
        "ImageType": "value-not-allowed-by-kind",
        "PatientPosition": "attribute-forbidden-by-kind",
        "SeriesType": "value-not-allowed-by-kind",
    }


def test_ct_and_mr_demand_three_values_of_image_type():
    assert faults(CT, {"ImageType": ["DERIVED", "SECONDARY"]}) == {
        "ImageType": "value-not-allowed-by-kind"
    }
    assert composed(MR, {"ImageType": ["ORIGINAL", "PRIMARY", "M", "SE"]})["ImageType"][3] == "SE"


def test_a_type_1_attribute_cannot_be_emptied():
    assert faults(MR, {"ScanningSequence": None}) == {"ScanningSequence": "value-missing"}


def test_defaults_that_matter_are_advised_on():
    assert "Hounsfield" in compose(CT, FACTS, Metadata()).advice[0]
    assert "BQML" in compose(PT, FACTS, Metadata()).advice[0]
    assert compose(CT, FACTS, Metadata.from_mapping({"RescaleType": "HU"})).advice == ()
    uncorrected = {"DecayCorrection": "NONE"}
    assert (
        "DecayCorrection is NONE"
        in compose(PT, FACTS, Metadata.from_mapping({"Units": "BQML"})).advice[0]
    )
    assert (
        "BQLM"
        in compose(PT, FACTS, Metadata.from_mapping({"Units": "BQLM"} | uncorrected)).advice[0]
    )


# ------------------------------------------------------------------------------------- plan's facts
def test_mr_and_sc_have_a_rescale_only_where_the_plan_has_one():
    for kind in (MR, SC):
        assert composed(kind)["RescaleType"] == ("US",)
        assert not any(keyword.startswith("Rescale") for keyword in composed(kind, facts=UNSCALED))


def test_a_rescale_type_brings_the_identity_rescale_with_it():
    found = composed(MR, {"RescaleType": "HU"}, UNSCALED)
    assert (found["RescaleSlope"], found["RescaleIntercept"]) == (("1",), ("0",))


def test_colour_has_neither_window_nor_rescale():
    found = composed(SC, facts=COLOUR)
    assert not any(keyword.startswith(("Rescale", "Window")) for keyword in found)
    assert found["PlanarConfiguration"] == (0,)
    wrong = {"WindowCenter": 1, "WindowWidth": 2, "RescaleType": "HU"}
    assert set(faults(SC, wrong, COLOUR).values()) == {"attribute-not-for-this-image"}


@pytest.mark.parametrize(("sign", "vr"), [(0, "US"), (1, "SS")])
def test_the_sign_of_the_pixels_decides_the_vr_of_the_padding(sign, vr):
    facts = FACTS | {"PixelPaddingValue": (7,), "PixelRepresentation": (sign,)}
    found = {one.keyword: one.vr for one in compose(CT, facts, Metadata()).shared}
    assert found["PixelPaddingValue"] == vr


def test_a_missing_date_is_empty_where_type_2_and_absent_where_type_3():
    facts = {key: value for key, value in FACTS.items() if not key.endswith(("Date", "Time"))}
    found = composed(CT, facts=facts)
    assert found["StudyDate"] == found["ContentDate"] == ()
    assert "SeriesDate" not in found
    assert faults(PT, {}, facts) == {"SeriesDate": "value-missing", "SeriesTime": "value-missing"}
    assert composed(PT, {"SeriesDate": "20200101", "SeriesTime": "12"}, facts)["SeriesDate"] == (
        "20200101",
    )


def test_a_missing_type_1_fact_is_an_error():
    with pytest.raises(MetadataError, match="RescaleSlope"):
        compose(CT, UNSCALED, Metadata())


# ------------------------------------------------------------------------------------------ sources
def test_demanded_attributes_are_errors_when_missing():
    kind = tiny(Row("Units", "1", Choice(demanded=True)))
    assert faults(kind, {}, {}) == {"Units": "value-missing"}
    assert composed(kind, {"Units": "BQML"}, {})["Units"] == ("BQML",)


@pytest.mark.parametrize(
    "source",
    [
        Constant(values=("a",)),
        Choice(),
        Fact(),
        Default(),
        Remark(limit=9),
        PerInstance(),
        Absent(reason="", remedy=""),
    ],
)
def test_sources_are_values(source):
    assert source == source.__class__(**{name: getattr(source, name) for name in source.__slots__})


def test_a_row_with_an_unknown_keyword_or_type_cannot_be_made():
    with pytest.raises(ValueError, match="Unitz"):
        Row("Unitz", "1", Choice())
    with pytest.raises(ValueError, match="type"):
        Row("Units", "4", Choice())


def test_a_kind_has_one_row_per_attribute():
    with pytest.raises(ValueError, match="Units"):
        tiny(Row("Units", "1", Choice()), Row("Units", "2", Choice()))


# -------------------------------------------------------------------------------------------- kinds
@pytest.mark.parametrize("name", ["ct", "CT", " Ct "])
def test_a_kind_is_found_in_any_case(name):
    assert find_kind(name) is CT
    assert find_kind(CT) is CT


@pytest.mark.parametrize("name", ["enhancedmr", "Enhanced MR", "enhanced-mr", "ENHANCED_MR"])
def test_a_kind_of_two_words_is_found_however_they_are_joined(name):
    assert find_kind(name).name == "EnhancedMR"


@pytest.mark.parametrize("name", ["Enhanced", "", None, 3, "?", "text", "volume"])
def test_an_unknown_kind_lists_the_kinds_one_per_line(name):
    with pytest.raises(KindError) as caught:
        find_kind(name)
    assert [line.split()[0] for line in caught.value.remedy.splitlines()[1:]] == [
        kind.name for kind in OFFERED
    ]
    assert caught.value.code == "kind-unknown"


@pytest.mark.parametrize(
    ("name", "reason", "remedy"),
    [
        ("EnhancedPET", "half-life", '"PT"'),
        ("Enhanced PT", "half-life", '"PT"'),
        ("RTDose", "plan", '"ParametricMap"'),
        ("NM", "detectors", '"PT"'),
        ("US", "no position", '"MultiframeSC"'),
        ("rtstruct", "contours", '"Segmentation"'),
    ],
)
def test_an_object_that_an_array_cannot_fill_is_rejected_with_reason_and_remedy(
    name, reason, remedy
):
    with pytest.raises(KindError) as caught:
        find_kind(name)
    assert caught.value.code == "kind-not-offered"
    assert reason in caught.value.expected
    assert remedy in caught.value.remedy


ASKED_FOR = (
    "RTStruct RTDose RTPlan RTImage US IVUS MG CR DX XA RF IO PX NM SPECT WSI SM EnhancedPET "
    "BreastTomosynthesis DBT TOMO OPT OCT IVOCT OP CBCT ES XC GM SR PR KOS KO DOC ECG REG PA "
    "'RT Image' 'Breast Tomosynthesis Image Storage'"
)


@pytest.mark.parametrize("name", shlex.split(ASKED_FOR))
def test_every_kind_that_people_ask_for_has_a_reason_and_an_alternative(name):
    with pytest.raises(KindError, match="a kind that an array can fill") as caught:
        find_kind(name)
    assert caught.value.code == "kind-not-offered"
    assert caught.value.remedy.startswith("Use ")


@pytest.mark.parametrize("refusal", NOT_OFFERED, ids=lambda refusal: refusal.names[0])
def test_an_alternative_names_only_kinds_that_can_be_written(refusal):
    names = re.findall(r'"(\w+)"', refusal.remedy)
    assert names or refusal.names[0] in {"ko", "ecg"}
    for name in names:
        assert name == "Gy" or find_kind(name).name == name


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *OTHER_NAMES.items(),
        ("label-map", "Segmentation"),
        ("Segmentaton", "Segmentation"),
        ("segmnt", "Segmentation"),
        ("pets", "PT"),
        ("CTT", "CT"),
        ("MR2", "MR"),
        ("1.2.840.10008.5.1.4.1.1.7.2", "MultiframeSC"),
    ],
)
def test_a_common_other_name_suggests_the_kind(name, kind):
    with pytest.raises(KindError, match=rf"Did you mean {kind}\?") as caught:
        find_kind(name)
    assert caught.value.code == "kind-unknown"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("SEG", "Segmentation"),
        ("seg", "Segmentation"),
        ("PET", "PT"),
        ("mri", "MR"),
        ("CT Image Storage", "CT"),
        ("Secondary Capture Image", "SC"),
        ("1.2.840.10008.5.1.4.1.1.128", "PT"),
        ("1.2.840.10008.5.1.4.1.1.66.4", "Segmentation"),
    ],
)
def test_another_name_of_one_meaning_is_understood(name, kind):
    assert find_kind(name).name == kind


def test_type_checkers_know_each_kind_and_its_common_spellings():
    spellings = {kind.name: find_kind(kind.name) for kind in OFFERED}
    for kind in OFFERED:
        spellings[kind.name.casefold()] = kind
        words = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=XR)(?=A)", "-", kind.name.replace("XRay", "Xray"))
        spellings[re.sub(r"(?<=[a-z])(?=\d)", "-", words).casefold()] = kind
    for name, kind in OTHER_SPELLINGS.items():
        spellings |= {name: kind, name.upper(): kind}
    assert set(get_args(KindName)) == set(spellings)
    for spelling, kind in spellings.items():
        assert find_kind(spelling) is kind


@pytest.mark.parametrize("name", [None, "CTT", "Segmentaton", "gibberish"])
def test_an_unknown_kind_lists_the_kinds_once(name):
    with pytest.raises(KindError) as caught:
        find_kind(name)
    assert str(caught.value).count("MultiframeSC") == 1


def test_no_suggestion_is_made_where_two_kinds_are_as_near():
    with pytest.raises(KindError) as caught:
        find_kind("Enhanced")
    assert "Did you mean" not in caught.value.remedy


def test_every_name_leads_to_one_answer():
    refused = [name for refusal in NOT_OFFERED for name in refusal.names]
    kinds = {kind.name.casefold() for kind in OFFERED}
    assert len(refused) == len(set(refused))
    assert not set(refused) & kinds
    assert not set(OTHER_NAMES) & (kinds | set(refused))


@pytest.mark.parametrize(
    ("given", "where"),
    [
        ({"ReferencedStudySequence": []}, "ReferencedStudySequence"),
        ({"ProcedureCodeSequence": [{"CodeValue": "1"}]}, "ProcedureCodeSequence[0].CodeMeaning"),
        (
            {"ClinicalTrialSubjectID": "1", "ClinicalTrialSponsorName": "Us"},
            "ClinicalTrialProtocolID",
        ),
    ],
)
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_an_optional_module_must_be_complete(kind, given, where):
    with pytest.raises(MetadataError) as caught:
        compose(kind, FACTS, Metadata.from_mapping(DEMANDED.get(kind.name, {}) | given))
    assert [fault.where for fault in caught.value.faults] == [where]


def test_type_2_of_an_optional_module_in_use_is_filled_empty():
    trial = {
        "ClinicalTrialSponsorName": "Us",
        "ClinicalTrialProtocolID": "1",
        "ClinicalTrialSubjectID": "2",
    }
    found = {one.keyword: one for one in compose(CT, FACTS, Metadata.from_mapping(trial)).shared}
    assert found["ClinicalTrialSiteName"].is_empty
    assert "ClinicalTrialSiteName" not in {
        one.keyword for one in compose(CT, FACTS, Metadata()).shared
    }


def test_an_animal_has_the_attributes_of_animals():
    animal = Metadata.from_mapping({"PatientSpeciesDescription": "Dog"})
    found = {one.keyword: one for one in compose(CT, FACTS, animal).shared}
    assert found["PatientBreedCodeSequence"].is_empty
    assert "PatientBreedCodeSequence" not in {
        one.keyword for one in compose(CT, FACTS, Metadata()).shared
    }
