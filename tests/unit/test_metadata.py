"""Metadata of users and the resulting attributes."""

import datetime as dt
import pickle

import numpy as np
import pytest
from pydicom.valuerep import PersonName

from dicomseries.errors import MetadataError
from dicomseries.metadata import OWNED, Metadata, parse_json, parse_toml
from dicomseries.standard.attributes.attribute import attribute, tag_of

ZONE = dt.timezone(dt.timedelta(hours=1))

ACCEPTED = [
    ("PatientName", "Doe^Jane", ("Doe^Jane",)),
    ("PatientName", PersonName("Müller^Jörg"), ("Müller^Jörg",)),
    ("PatientID", 42, ("42",)),
    ("PatientID", " 42 ", ("42",)),
    ("PatientComments", "a \\ b\nc ", ("a \\ b\nc",)),
    ("0010,0020", "42", ("42",)),
    ("0010|0020", "42", ("42",)),
    ("(0010,0020)", "42", ("42",)),
    ("00100020", "42", ("42",)),
    ("StudyDate", dt.date(2024, 2, 29), ("20240229",)),
    ("StudyDate", dt.datetime(2024, 2, 29, 12, tzinfo=ZONE), ("20240229",)),
    ("StudyDate", "2024-02-29", ("20240229",)),
    ("StudyDate", "20240229", ("20240229",)),
    ("PatientBirthDate", dt.date(987, 1, 2), ("09870102",)),
    ("StudyTime", dt.time(9, 5), ("090500",)),
    ("StudyTime", dt.time(9, 5, 1, 250000), ("090501.250000",)),
    ("StudyTime", "09:05:01.25", ("090501.25",)),
    ("StudyTime", "09:05", ("0905",)),
    (
        "AcquisitionDateTime",
        dt.datetime(2024, 2, 29, 12, 30, tzinfo=ZONE),
        ("20240229123000+0100",),
    ),
    ("AcquisitionDateTime", dt.date(2024, 2, 29), ("20240229",)),
    ("SliceThickness", 1 / 3, ("0.33333333333333",)),
    ("SliceThickness", "1.50", ("1.50",)),
    ("SliceThickness", np.float32(2.5), ("2.5",)),
    ("EchoTime", 3, ("3",)),
    ("SeriesNumber", 7, ("7",)),
    ("SeriesNumber", 7.0, ("7",)),
    ("SeriesNumber", np.int16(7), ("7",)),
    ("ImageType", "DERIVED\\SECONDARY\\MPR", ("DERIVED", "SECONDARY", "MPR")),
    ("ImageType", ("DERIVED", "SECONDARY"), ("DERIVED", "SECONDARY")),
    ("AccessionNumber", None, ()),
    ("AccessionNumber", "", ()),
    ("RadiopharmaceuticalInformationSequence", [], ()),
    ("RadiopharmaceuticalInformationSequence", None, ()),
    ("PregnancyStatus", 4, (4,)),
    ("PregnancyStatus", "4", (4,)),
    ("DiffusionBValue", 0.5, (0.5,)),
    ("FrameTimeVector", np.array([0.5, 1.5]), ("0.5", "1.5")),
    ("SelectorATValue", "PageNumberVector", (0x00182001,)),
    ("ICCProfile", b"\0\1", (b"\0\1",)),
]


@pytest.mark.parametrize(("name", "given", "values"), ACCEPTED)
def test_a_value_is_written_as_meant(name, given, values):
    assert Metadata.from_mapping({name: given}).attributes[0].values == values


def test_an_item_may_be_alone_or_in_a_list():
    item = {
        "CodeValue": "113085",
        "CodingSchemeDesignator": "DCM",
        "CodeMeaning": "Spatial resampling",
    }
    alone = Metadata.from_mapping({"DerivationCodeSequence": item})
    assert alone == Metadata.from_mapping({"DerivationCodeSequence": [item]})
    assert [one.keyword for one in alone.attributes[0].values[0]] == list(item)


def test_attributes_inside_items_follow_their_tags():
    item = {"CodeMeaning": "a", "CodeValue": "b"}
    found = Metadata.from_mapping({"DerivationCodeSequence": item}).attributes[0].values[0]
    assert [one.tag for one in found] == sorted(one.tag for one in found)


def test_attributes_are_sorted_by_tag():
    one = Metadata.from_mapping({"SeriesNumber": 1, "PatientID": "2"})
    assert one.keywords == ("PatientID", "SeriesNumber")
    assert one == Metadata.from_mapping({"PatientID": "2", "SeriesNumber": 1})
    assert hash(one) == hash(pickle.loads(pickle.dumps(one)))  # noqa: S301 - our own bytes


def test_a_keyword_is_found_or_not():
    one = Metadata.from_mapping({"PatientID": "2"})
    assert one.get("PatientID") == attribute("PatientID", "2")
    assert one.get("PatientName") is None


def test_a_keyword_cannot_be_there_twice():
    with pytest.raises(ValueError, match="twice"):
        Metadata(attributes=(attribute("PatientID", "1"), attribute("PatientID", "2")))


def test_an_undefined_term_is_written_with_advice():
    one = Metadata.from_mapping({"PatientPosition": "HFX"})
    assert "HFX" in one.advice[0]
    assert Metadata.from_mapping({"PatientPosition": "HFS"}).advice == ()


def test_toml_dates_and_tables_are_understood():
    text = """
        PatientName = "Doe^Jane"
        StudyDate = 2024-02-29
        StudyTime = 12:30:00
        [[DerivationCodeSequence]]
        CodeValue = "113085"
    """
    one = Metadata.from_mapping(parse_toml(text))
    assert one.get("StudyDate").values == ("20240229",)
    assert one.get("StudyTime").values == ("123000",)
    assert one.get("DerivationCodeSequence").values[0][0].values == ("113085",)


def test_json_and_toml_say_the_same():
    json = parse_json('{"PatientName": "Dœ^Jane", "SeriesNumber": 7, "EchoTime": null}')
    assert json == {**parse_toml('PatientName = "Dœ^Jane"\nSeriesNumber = 7'), "EchoTime": None}


def test_every_owned_keyword_exists_and_names_an_option():
    assert all(tag_of(keyword) and text for keyword, text in OWNED.items())


def test_the_owned_attributes_are_the_callers_choice():
    assert Metadata.from_mapping({"PixelSpacing": [1, 2]}, owned={}).get("PixelSpacing").values == (
        "1",
        "2",
    )
    with pytest.raises(MetadataError, match="from="):
        Metadata.from_mapping({"PatientID": "1"}, owned={"PatientID": "from="})
