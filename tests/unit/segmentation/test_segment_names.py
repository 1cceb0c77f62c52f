"""Names of structures become codes of the right side, and distinct colours."""

from __future__ import annotations

import itertools
import math

import pytest
from pydicom.sr._concepts_dict import concepts
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code as PydicomCode

from dicomseries.errors import MetadataError
from dicomseries.segmentation.segment_colors import distinct_colors, lab_of
from dicomseries.segmentation.segment_defaults import with_defaults
from dicomseries.segmentation.segment_names import structure_of
from dicomseries.segmentation.segments import Segment, parse_segments
from dicomseries.standard.read_table import read_table

NAMES = read_table("segment_names.json", "dicomseries.segmentation")["names"]
SIDES = {"left": "right", "right": "left"}
LATERAL = [name for name in NAMES if set(name.split("_")) & SIDES.keys()]
MEANINGS = {}
for entries in concepts["SCT"].values():
    for value, (meaning, _) in entries.items():
        MEANINGS.setdefault(value, []).append(meaning)


def texts_of(structure):
    """Return everything that the codes of a structure say, with all synonyms of pydicom."""
    parts = (structure.type, structure.modifier, structure.region, structure.region_modifier)
    texts = []
    for code in parts:
        if code is not None:
            texts += [code.meaning, *MEANINGS.get(code.value, [])]
    return " ".join(texts).lower().split()


@pytest.mark.parametrize("name", LATERAL)
def test_a_name_of_one_side_is_never_coded_as_the_other(name):
    (side,) = set(name.split("_")) & SIDES.keys()
    for spelling in (name, name.replace("_", " ").title(), name.replace("_", "")):
        structure = structure_of(spelling) if "_" in spelling or " " in spelling else None
        words = texts_of(structure or structure_of(name))
        assert side in words
        assert SIDES[side] not in words


def test_the_table_has_both_sides_of_the_organs_of_totalsegmentator():
    assert len(LATERAL) > 60
    assert {"kidney_left", "kidney_right", "rib_left_12", "subclavian_artery_left"} <= {*LATERAL}


@pytest.mark.parametrize(
    "name", [name for name, entry in NAMES.items() if entry["type"][0] in MEANINGS]
)
def test_codes_that_pydicom_knows_have_a_meaning_of_its_dictionary(name):
    structure = structure_of(name)
    known = MEANINGS[structure.type.value]
    plain = {text.lower().removesuffix(" (body structure)") for text in known}
    plain |= {text.removesuffix(" structure") for text in plain}
    assert structure.type.meaning.lower() in plain
    category = structure.category
    of_cid_7150 = [getattr(codes.cid7150, word) for word in codes.cid7150.dir()]
    assert PydicomCode(category.value, category.scheme, category.meaning) in of_cid_7150


@pytest.mark.parametrize(
    ("name", "value", "side"),
    [
        ("kidney_left", "64033007", "Left"),
        ("Right kidney", "64033007", "Right"),
        ("KidneyRight", "64033007", "Right"),
        ("Left-Hippocampus", "5366008", "Left"),
        ("Left atrium", "82471001", None),
        ("heart_atrium_left", "82471001", None),
        ("lung_left", "39607008", "Left"),
        ("L5 vertebra", "49668003", None),
        ("vertebrae_L5", "49668003", None),
        ("cerebral cortex", "40146001", None),
    ],
)
def test_a_name_in_any_spelling_is_found_with_its_side(name, value, side):
    structure = structure_of(name)
    assert structure.type.value == value
    assert (structure.modifier and structure.modifier.meaning) == side


@pytest.mark.parametrize(
    "name", ["Segment 7", "left", "left and right kidney", "ventricle", "GTV", "wall", "左腎", ""]
)
def test_a_name_that_is_unknown_or_of_several_structures_stays_without_codes(name):
    assert structure_of(name) is None


def test_a_cyst_of_a_kidney_has_the_side_of_the_kidney():
    (cyst,) = with_defaults([Segment(value=1, label="kidney_cyst_left")])
    assert cyst.type.meaning == "Cyst"
    assert (cyst.region.meaning, cyst.region_modifier.meaning) == ("Kidney", "Left")
    assert cyst.modifier is None


def test_what_the_user_states_wins_over_the_name():
    described = parse_segments(
        {
            1: {"label": "kidney_left", "type": "Spleen", "color": "#010203"},
            2: {"label": "Graft", "type": "Kidney", "laterality": "Right"},
        }
    ).described
    spleen, graft = with_defaults(described)
    assert (spleen.type.meaning, spleen.modifier, spleen.color) == ("Spleen", None, (1, 2, 3))
    assert (graft.type.meaning, graft.modifier.meaning) == ("Kidney", "Right")


@pytest.mark.parametrize("entry", [{"modifier": "Left"}, {"region_modifier": "Left"}])
def test_a_side_of_nothing_is_rejected(entry):
    with pytest.raises(MetadataError, match="beside"):
        parse_segments({1: {"label": "X", **entry}})


@pytest.mark.parametrize(
    "labels",
    [[f"Segment {value}" for value in range(1, 122)], [*NAMES][:121]],
    ids=["new", "organs"],
)
def test_121_segments_have_colours_that_are_told_apart(labels):
    segments = [Segment(value=value, label=label) for value, label in enumerate(labels, 1)]
    colored = with_defaults(segments)
    distances = [
        math.dist(lab_of(one.color), lab_of(other.color))
        for one, other in itertools.combinations(colored, 2)
    ]
    assert min(distances) >= 12  # a difference of 2.3 is just noticed
    assert with_defaults(segments) == colored


def test_colours_of_the_user_are_kept_and_others_avoid_them():
    red = (221, 51, 51)
    first, second = with_defaults(
        [Segment(value=1, label="A"), Segment(value=2, label="B", color=red)]
    )
    assert second.color == red
    assert math.dist(lab_of(first.color), lab_of(red)) >= 12


def test_a_structure_has_its_usual_colour_where_that_is_free():
    usual = structure_of("liver").color
    assert distinct_colors([usual, usual])[0] == usual
    assert distinct_colors([usual, usual])[1] != usual
