"""Descriptions of segments: short forms, defaults that claim nothing, every fault in one error."""

from __future__ import annotations

import pytest

from dicomseries.errors import MetadataError
from dicomseries.metadata import parse_toml
from dicomseries.segmentation.segment_codes import Code
from dicomseries.segmentation.segments import Segment, Segments, parse_segments
from dicomseries.sources import HIGHEST_LABEL


def faults(given):
    with pytest.raises(MetadataError) as caught:
        parse_segments(given)
    return {fault.where: fault for fault in caught.value.faults}


@pytest.mark.parametrize(
    "given", [["Liver", "Spleen"], {2: "Spleen", 1: "Liver"}, {"1": "Liver", "2": "Spleen"}]
)
def test_names_alone_describe_labels_in_order(given):
    assert [(one.value, one.label) for one in parse_segments(given).described] == [
        (1, "Liver"),
        (2, "Spleen"),
    ]


def test_what_is_parsed_is_taken_as_it_is_and_nothing_means_nothing():
    segments = parse_segments({7: "Liver"})
    assert parse_segments(segments) is segments
    assert parse_segments(None) == parse_segments({}) == Segments()


def test_a_toml_file_says_all_that_a_segment_can_have():
    text = """
        [default]
        algorithm = "automatic"
        algorithm_name = "MyNet 2.1"
        [5]
        label = "Liver"
        description = "with its vessels"
        type = "Liver"
        color = "#ff8000"
        region = ["818981001", "SCT", "Abdomen"]
        tracking_id = "liver 1"
        [7]
        label = "Drawn"
        category = "Tissue"
        type = ["85756007", "SCT", "Tissue"]
        algorithm = "manual"
    """
    liver, drawn = parse_segments(parse_toml(text)).described
    assert liver == Segment(
        value=5,
        label="Liver",
        description="with its vessels",
        category=Code("91723000", "SCT", "Anatomical Structure"),
        type=Code("10200004", "SCT", "Liver"),
        algorithm="AUTOMATIC",
        algorithm_name="MyNet 2.1",
        tracking_id="liver 1",
        color=(255, 128, 0),
        region=Code("818981001", "SCT", "Abdomen"),
    )
    assert (drawn.written_algorithm, drawn.written_algorithm_name) == ("MANUAL", "")
    assert drawn.category.meaning == "Tissue"


def test_labels_that_nobody_described_get_the_default_and_a_name_of_their_number():
    segments = parse_segments(
        {3: "Spleen", "default": {"algorithm": "SEMIAUTOMATIC", "algorithm_name": "Wand"}}
    )
    described = segments.of([9, 4])
    assert [(one.value, one.label) for one in described] == [
        (3, "Spleen"),
        (4, "Segment 4"),
        (9, "Segment 9"),
    ]
    assert {one.written_algorithm_name for one in described} == {"Wand"}


def test_a_segment_without_description_is_a_region_by_an_unnamed_algorithm():
    one = parse_segments(["?"]).described[0]
    assert not one.is_stated
    assert str(one.written_category) == "(309825002, SCT, 'Spatial and Relational Concept')"
    assert str(one.written_type) == "(111030, DCM, 'Image Region')"
    assert (one.written_algorithm, one.written_algorithm_name) == ("AUTOMATIC", "not stated")


def test_every_fault_of_every_segment_is_in_one_error():
    found = faults(
        {
            0: "background",
            1: {"labl": "Liver", "type": "Livr", "algorithm": "AUTOMATIC"},
            2: {"label": "", "color": [0, 0, 256]},
            3: {"label": "x" * 65, "algorithm": "GUESSED"},
            4: {"algorithm": "MANUAL", "algorithm_name": "Wand"},
            5: {"algorithm": "AUTOMATIC"},
            6: {"category": "Tissue"},
            7: {"type": "Background"},
            8: {"tracking_uid": "1.02"},
            70000: "too high",
            "a": "no number",
            9: 9,
            10: {"label": 10, "color": "red"},
        }
    )
    expected = {
        "segments[0]",
        "segments[1].labl",
        "segments[1].type",
        "segments[2].label",
        "segments[2].color",
        "segments[3].label",
        "segments[3].algorithm",
        "segments[4].algorithm_name",
        "segments[5].algorithm_name",
        "segments[6].type",
        "segments[7].category",
        "segments[8].tracking_uid",
        "segments[8].tracking_id",
        "segments[70000]",
        "segments['a']",
        "segments[9]",
        "segments[10].label",
        "segments[10].color",
    }
    assert expected <= set(found)
    assert all(fault.remedy.partition(" ")[0][0].isupper() for fault in found.values())


@pytest.mark.parametrize("label", [True, 1.0, -1, "1.0", "", None, HIGHEST_LABEL + 1])
def test_a_label_is_a_whole_number_that_fits_sixteen_bits(label):
    assert set(faults({label: "x"})) == {f"segments[{label!r}]"}


def test_one_label_written_twice_is_rejected():
    assert "each label once" in faults({1: "Liver", "1": "Spleen"})["segments[1]"].expected


def test_a_fault_of_the_default_is_reported_once():
    assert set(
        faults({"default": {"algorithm": "AUTOMATIC"}, "1": {"label": "x", "algorithm": "MANUAL"}})
    ) == {"segments['default'].algorithm_name"}


@pytest.mark.parametrize("given", [5, "Liver", b"Liver"])
def test_what_is_neither_a_mapping_nor_a_list_is_rejected(given):
    assert set(faults(given)) == {"segments"}
