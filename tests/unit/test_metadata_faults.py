"""Faults in metadata have a code, a place and a remedy."""

import datetime as dt
import math
from decimal import Decimal

import pytest

from dicomseries.errors import Message, MetadataError
from dicomseries.metadata import OWNED, Metadata, parse_json, parse_toml

# the metadata, the code, the place, and words of the remedy
WRONG = [
    ({"PatienName": "x"}, "keyword-unknown", "PatienName", "PatientName"),
    ({"patient name": "x"}, "keyword-unknown", "patient name", "Use PatientName."),
    ({"Patient's Name": "x"}, "keyword-unknown", "Patient's Name", "Use PatientName."),
    ({"StudyDesc": "x"}, "keyword-unknown", "StudyDesc", "Use StudyDescription"),
    ({"Foo": "x"}, "keyword-unknown", "Foo", "PS3.6"),
    ({"": "x"}, "keyword-unknown", "metadata", "PS3.6"),
    ({1: "x"}, "keyword-not-text", "metadata", "quotes"),
    ({"0011,1001": "x"}, "private-attribute", "0011,1001", "name of the creator"),
    ({"0010,FFFE": "x"}, "tag-unknown", "0010,FFFE", "PS3.6"),
    ({"OverlayRows": 3}, "repeating-group", "OverlayRows", "Leave it out"),
    (
        {"TransferSyntaxUID": "1.2"},
        "attribute-not-in-data-set",
        "TransferSyntaxUID",
        "Leave it out",
    ),
    ({"PixelSpacing": [1, 1]}, "attribute-owned", "PixelSpacing", "spacing="),
    ({"StudyInstanceUID": "1.2"}, "attribute-owned", "StudyInstanceUID", "uid="),
    ({"0020,000d": "1.2"}, "attribute-owned", "StudyInstanceUID", "uid="),
    ({"RescaleSlope": 2}, "attribute-owned", "RescaleSlope", "values="),
    ({"PixelPaddingValue": 0}, "attribute-owned", "PixelPaddingValue", "nan="),
    ({"Rows": 3}, "attribute-owned", "Rows", "shape"),
    ({"PatientName": "a", "0010,0010": "b"}, "attribute-twice", "PatientName", "Remove"),
    (
        {"GrayLookupTableDescriptor": 1},
        "depends-on-pixels",
        "GrayLookupTableDescriptor",
        "Leave it out",
    ),
    ({"PatientSex": "male"}, "value-not-enumerated", "PatientSex", "Write M"),
    ({"BurnedInAnnotation": "maybe"}, "value-not-enumerated", "BurnedInAnnotation", "Choose"),
    ({"Modality": "ct"}, "value-malformed", "Modality", "Write CT."),
    ({"StudyDate": "20230229"}, "value-malformed", "StudyDate", "Write for example"),
    ({"StudyDate": "29.2.2024"}, "value-malformed", "StudyDate", "Write for example"),
    ({"StudyTime": "25:00"}, "value-malformed", "StudyTime", "Write for example"),
    ({"PatientAge": "42"}, "value-malformed", "PatientAge", "042Y"),
    ({"PatientName": "A" * 65}, "value-malformed", "PatientName", "Doe^Jane"),
    ({"PatientID": "x" * 65}, "value-malformed", "PatientID", "Shorten it to 64"),
    ({"SeriesDescription": "a\nb"}, "value-malformed", "SeriesDescription", "Change"),
    ({"ImageComments": "\ud800"}, "value-malformed", "ImageComments", "Change"),
    ({"SliceThickness": "1.23456789012345678"}, "value-malformed", "SliceThickness", "as a number"),
    ({"PatientWeight": "80kg"}, "value-malformed", "PatientWeight", "2.5"),
    (
        {"RelatedFrameOfReferenceUID": "1.02"},
        "value-malformed",
        "RelatedFrameOfReferenceUID",
        "1.2",
    ),
    ({"SeriesNumber": 2**40}, "value-malformed", "SeriesNumber", "7"),
    ({"SeriesNumber": 1.5}, "wrong-type", "SeriesNumber", "Round"),
    ({"StudyDescription": 1.5}, "wrong-type", "StudyDescription", "quotes"),
    ({"PatientID": True}, "wrong-type", "PatientID", "text"),
    ({"PatientBirthDate": dt.time(1)}, "wrong-type", "PatientBirthDate", "20261122"),
    ({"StudyTime": dt.date(2024, 1, 1)}, "wrong-type", "StudyTime", "110000"),
    ({"PatientName": {"Family": "Doe"}}, "wrong-type", "PatientName", "plain value"),
    ({"ICCProfile": "x"}, "wrong-type", "ICCProfile", "b"),
    ({"SliceThickness": math.nan}, "number-not-finite", "SliceThickness", "Leave it out"),
    ({"60000010": 5}, "repeating-group", "60000010", "Leave it out"),
    ({"FrameIncrementPointer": "FrameTime"}, "attribute-owned", "FrameIncrementPointer", "shape"),
    ({"SmokingStatus": "MAYBE"}, "value-not-enumerated", "SmokingStatus", "Choose"),
    ({"TimezoneOffsetFromUTC": "+2500"}, "value-malformed", "TimezoneOffsetFromUTC", "Change"),
    ({"TimezoneOffsetFromUTC": "-0000"}, "value-malformed", "TimezoneOffsetFromUTC", "Change"),
    ({"RetrieveURL": "http://a b"}, "value-malformed", "RetrieveURL", "Change"),
    ({"PatientAge": 42}, "wrong-type", "PatientAge", "042Y"),
    ({"SelectorATValue": -1}, "wrong-type", "SelectorATValue", "PatientName"),
    ({"SelectorOFValue": b"abcde"}, "bytes-broken", "SelectorOFValue", "lowest byte first"),
    (
        {"ClinicalTrialProtocolID": "1"},
        "partner-missing",
        "ClinicalTrialProtocolID",
        "ClinicalTrialSubjectID",
    ),
    ({"PregnancyStatus": 70000}, "number-out-of-range", "PregnancyStatus", "7"),
    ({"DiffusionBValue": math.inf}, "number-out-of-range", "DiffusionBValue", "2.5"),
    ({"AcquisitionNumber": [1, 2]}, "number-of-values", "AcquisitionNumber", "that many"),
    ({"ImageType": "DERIVED"}, "number-of-values", "ImageType", "that many"),
    ({"PatientName": "Doe\\Jane"}, "number-of-values", "PatientName", "that many"),
    (
        {"DerivationCodeSequence": "113085"},
        "sequence-needs-items",
        "DerivationCodeSequence",
        "mapping",
    ),
    ({"DerivationCodeSequence": [1]}, "sequence-needs-items", "DerivationCodeSequence", "mapping"),
    (
        {"DerivationCodeSequence": [{"CodeVal": 1}]},
        "keyword-unknown",
        "DerivationCodeSequence[0].CodeVal",
        "CodeValue",
    ),
    ({"SliceThickness": -1}, "number-not-positive", "SliceThickness", "positive"),
    ({"WindowCenter": 40}, "partner-missing", "WindowCenter", "WindowWidth"),
    ({"WindowWidth": 40, "WindowCenter": None}, "partner-missing", "WindowWidth", "WindowCenter"),
    ({"WindowCenter": [1, 2], "WindowWidth": 3}, "windows-uneven", "WindowWidth", "same length"),
    ({"WindowCenter": 0.5, "WindowWidth": 0.1}, "window-too-narrow", "WindowWidth", "LINEAR_EXACT"),
    ({"DecayCorrection": "START"}, "partner-missing", "DecayCorrection", "DecayFactor"),
    (
        {"PatientIdentityRemoved": "YES"},
        "partner-missing",
        "PatientIdentityRemoved",
        "DeidentificationMethod",
    ),
    ({"LossyImageCompression": "01"}, "partner-missing", "LossyImageCompression", "Ratio"),
]


@pytest.mark.parametrize(("mapping", "code", "where", "remedy"), WRONG)
def test_a_fault_names_its_place_and_its_remedy(mapping, code, where, remedy):
    with pytest.raises(MetadataError) as caught:
        Metadata.from_mapping(mapping)
    fault = caught.value
    assert (fault.code, fault.where) == (code, where)
    assert remedy in fault.remedy
    assert all(str(part) for part in (fault.given, fault.expected))
    assert fault.remedy[0].isupper()
    assert fault.remedy.endswith(".")


def test_all_faults_are_reported_at_once():
    one_by_one = {name: value for mapping, *_ in WRONG[:5] for name, value in mapping.items()}
    nested = {
        "DerivationCodeSequence": [{"CodeVal": 1}, {"CodeValue": True, "CodeMeaning": "x" * 65}]
    }
    with pytest.raises(MetadataError) as caught:
        Metadata.from_mapping({**one_by_one, "WindowCenter": 4, **nested})
    assert [fault.where for fault in caught.value.faults] == [
        *one_by_one,
        "DerivationCodeSequence[0].CodeVal",
        "DerivationCodeSequence[1].CodeValue",
        "DerivationCodeSequence[1].CodeMeaning",
        "WindowCenter",
    ]


def test_a_long_value_is_shortened():
    with pytest.raises(MetadataError, match=r"\(5000 characters\)") as caught:
        Metadata.from_mapping({"PatientID": "x" * 5000})
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("keyword", OWNED)
def test_no_owned_attribute_can_be_set(keyword):
    with pytest.raises(MetadataError) as caught:
        Metadata.from_mapping({keyword: 1})
    assert caught.value.code == "attribute-owned"
    assert Message(OWNED[keyword]) in caught.value.remedy


@pytest.mark.parametrize("mapping", [None, "PatientName=Doe", [("PatientName", "Doe")], 3])
def test_metadata_that_is_no_mapping_is_rejected(mapping):
    with pytest.raises(MetadataError) as caught:
        Metadata.from_mapping(mapping)
    assert caught.value.code == "metadata-not-a-mapping"


@pytest.mark.parametrize("text", ["PatientName = ", "PatientName = Doe", "a = 1\na = 2", "["])
def test_the_error_of_broken_toml_names_line_and_column(text):
    with pytest.raises(MetadataError, match=r"line|document") as caught:
        parse_toml(text)
    assert caught.value.code == "toml-broken"


@pytest.mark.parametrize("text", ["{", "[1]", "3", '{"PatientID": "1", "PatientID": "2"}', ""])
def test_broken_json_is_rejected(text):
    with pytest.raises(MetadataError) as caught:
        parse_json(text)
    assert caught.value.code == "json-broken"


def test_numbers_of_any_kind_tags_and_odd_bytes_are_taken():
    user = Metadata.from_mapping(
        {"PatientWeight": Decimal("70.1"), "SelectorATValue": 0x00100010, "SelectorUNValue": b"abc"}
    )
    assert [
        user.get(one).values for one in ("PatientWeight", "SelectorATValue", "SelectorUNValue")
    ] == [
        ("70.1",),
        (0x00100010,),
        (b"abc\0",),
    ]


def test_a_name_with_a_comma_is_remarked():
    (line,) = Metadata.from_mapping({"PatientName": "Doe, Jane"}).advice
    assert "family name" in line
    assert Metadata.from_mapping({"PatientName": "Doe^Jane, MD"}).advice == ()
