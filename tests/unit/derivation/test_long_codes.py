"""Codes of a source that are too long, or illegal."""

import pytest

from dicomseries.derivation import SourceFrame, SourceSeries, screened
from dicomseries.geometry import Grid
from dicomseries.standard.attributes.attribute import attribute

CT = "1.2.840.10008.5.1.4.1.1.2"
FRAME = SourceFrame(sop_class_uid=CT, sop_instance_uid="1.3", position_lps=(0.0, 0.0, 0.0))
SHORT = (
    attribute("CodeValue", "113100"),
    attribute("CodingSchemeDesignator", "DCM"),
    attribute("CodeMeaning", "Basic Application Confidentiality Profile"),
)


def screened_codes(code):
    """The items that are left of two codes, the second with another value; and the outcomes."""
    item = (attribute("CodeValue", code), *SHORT[1:])
    source = SourceSeries(
        kind="CT", sop_class_uid=CT, modality="CT", study_uid="1", series_uid="2",
        frame_of_reference_uid="3", grid=Grid(shape=(1, 4, 5), spacing_mm=(1, 1, 2)),
        frames=(FRAME,), shared=(attribute("DeidentificationMethodCodeSequence", SHORT, item),),
    )  # fmt: skip
    screening = screened(source, CT)
    (sequence,) = screening.source.shared
    return sequence.values, screening


@pytest.mark.parametrize(
    ("code", "keyword", "vr"),
    [
        ("replace_recognizable", "LongCodeValue", "UC"),
        ("urn:oid:1.2.826.0.1.3680043.2", "URNCodeValue", "UR"),
        ("https://example.org/codes/7", "URNCodeValue", "UR"),
    ],
)
def test_a_code_of_more_than_16_characters_is_in_the_attribute_for_it(code, keyword, vr):
    (first, second), screening = screened_codes(code)
    assert first == SHORT
    members = {member.keyword: member for member in second}
    assert (members[keyword].values, members[keyword].vr) == ((code,), vr)
    assert "CodeValue" not in members
    assert [member.tag for member in second] == sorted(member.tag for member in second)
    assert any(keyword in text for text in screening.advice)


def test_a_code_without_a_legal_value_is_left_out_with_its_item():
    items, screening = screened_codes("a\\b")
    assert items == (SHORT,)
    assert any("without a legal value" in text for text in screening.advice)
