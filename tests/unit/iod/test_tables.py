"""Each kind's table against the module tables of the standard."""

import json
from pathlib import Path

import pytest

from dicomseries.errors import KindError
from dicomseries.iod import KINDS, Absent, PerInstance, Row, find_kind
from dicomseries.iod.groups import groups_of, rows_of
from dicomseries.iod.kinds.multiframe_sc import OfPictures
from dicomseries.standard.attributes.attribute import vr_of
from dicomseries.standard.attributes.body_parts import REGIONS
from dicomseries.standard.attributes.defined_terms import ENUMERATED
from dicomseries.standard.attributes.value_representations import text_fault
from dicomseries.standard.objects.modules import (
    FUNCTIONAL_GROUPS,
    IOD_MODULES,
    MANDATORY_GROUPS,
    group_requirements,
    mandatory_modules,
    module_requirements,
)
from dicomseries.values import PixelRules

# the plan's own: the frames themselves, which no table holds, and what the composer makes of the
# functional groups
PIXELS = {"PixelData", "SharedFunctionalGroupsSequence"}

# attributes of no module of the kind: readers take a single slice's spacing from the first, and
# apply the rescale of an MR; FrameReferenceTime is the only place of a time without a date; what an
# enhanced MR says of its timing is complete in its functional group or not there
EXTENSIONS = {
    "CT": {"SpacingBetweenSlices", "FrameReferenceTime"},
    "MR": {
        "SpacingBetweenSlices",
        "FrameReferenceTime",
        "RescaleSlope",
        "RescaleIntercept",
        "RescaleType",
    },
    "PT": {"SpacingBetweenSlices"},
    "SC": {"SpacingBetweenSlices", "FrameReferenceTime"},
    "EnhancedMR": {"RepetitionTime", "FlipAngle", "EchoTrainLength", "InversionTimes"},
}

kinds = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)


def _demanded(kind, types):
    """Return keyword → strictest type over the mandatory modules."""
    found = {}
    for module in mandatory_modules(kind.sop_class_uid):
        for one in module_requirements(module):
            if one.is_top_level and one.type in types:
                found[one.keyword] = min(one.type, found.get(one.keyword, "9"))
    return found


@kinds
def test_every_type_1_and_2_attribute_of_a_mandatory_module_has_a_row(kind):
    missing = _demanded(kind, {"1", "2"}).keys() - {row.keyword for row in kind.rows} - PIXELS
    assert missing == set()


@kinds
def test_rows_are_at_least_as_strict_as_the_standard(kind):
    loose = {
        keyword: (type_, kind.row(keyword).type)
        for keyword, type_ in _demanded(kind, {"1", "2"}).items()
        if keyword not in PIXELS and kind.row(keyword).type > type_
    }
    assert loose == {}


@kinds
def test_no_row_is_unknown_to_the_kind_but_for_the_documented_extensions(kind):
    known = {
        one.keyword
        for module, _ in IOD_MODULES[kind.sop_class_uid]
        for one in module_requirements(module)
        if one.is_top_level
    }
    assert {row.keyword for row in kind.rows} - known <= EXTENSIONS.get(kind.name, set())


@kinds
def test_every_default_is_legal_text(kind):
    assert kind.rows
    for row in kind.rows:
        for value in getattr(row.source, "values", ()):
            assert text_fault(vr_of(row.keyword), value) is None
            assert value in ENUMERATED.get(row.keyword, (value,))


@kinds
def test_every_default_is_allowed_by_its_row(kind):
    assert kind.rows
    for row in kind.rows:
        for value, texts in zip(
            getattr(row.source, "values", ()), getattr(row.source, "allowed", ()), strict=False
        ):
            assert value in (texts or (value,))


@kinds
def test_only_position_and_identity_differ_between_instances(kind):
    own = {row.keyword for row in kind.rows if isinstance(row.source, PerInstance)}
    own |= {row.keyword for row in rows_of(kind.frames) if isinstance(row.source, PerInstance)}
    assert {"SOPInstanceUID", "InstanceNumber", "ImagePositionPatient"} <= own
    numbers = (
        {"InStackPositionNumber", "DimensionIndexValues"} if kind.is_multi_frame else {"ImageIndex"}
    )
    assert own <= {"SOPInstanceUID", "InstanceNumber", "ImagePositionPatient"} | numbers


@kinds
def test_every_default_of_a_group_is_legal_text(kind):
    rows = list(rows_of((*kind.groups, *kind.frames)))
    assert rows
    for row in rows:
        for value in getattr(row.source, "values", ()):
            assert isinstance(value, tuple) or text_fault(vr_of(row.keyword), value) is None
            assert isinstance(value, tuple) or value in ENUMERATED.get(row.keyword, (value,))


# -------------------------------------------------------------------------------- functional groups
frames = pytest.mark.parametrize(
    "kind", [kind for kind in KINDS if kind.is_multi_frame], ids=lambda kind: kind.name
)


@frames
def test_every_mandatory_functional_group_is_there_and_not_optional(kind):
    there = {group.keyword for group in kind.frames if not group.optional}
    assert set(MANDATORY_GROUPS.get(kind.sop_class_uid, ())) <= there


@frames
def test_a_functional_group_is_one_of_the_kinds_but_for_the_documented_extensions(kind):
    extensions = {"TemporalPositionSequence"} if kind.name == "ParametricMap" else set()
    known = set(FUNCTIONAL_GROUPS[kind.sop_class_uid])
    assert {group.keyword for group in kind.frames} - known == extensions


@frames
def test_a_group_has_a_row_for_every_attribute_that_its_item_must_have(kind):
    groups = list(groups_of(kind.frames))
    assert groups
    for group in groups:
        demanded = {
            one.keyword
            for one in group_requirements(kind.sop_class_uid, group.keyword)
            if len(one.path) == 1 and one.type in {"1", "2"}
        }
        assert demanded <= {row.keyword for row in group.rows}, group.keyword


@frames
def test_a_row_of_a_group_is_in_the_groups_macro_and_at_least_as_strict(kind):
    groups = list(groups_of(kind.frames))
    assert groups
    for group in groups:
        macro = {
            one.keyword: one.type
            for one in group_requirements(kind.sop_class_uid, group.keyword)
            if len(one.path) == 1
        }
        rows = (
            {row.keyword: row.type for row in group.rows if isinstance(row, Row)} if macro else {}
        )
        assert rows.keys() <= macro.keys(), group.keyword
        assert {keyword: type_ for keyword, type_ in rows.items() if type_ > macro[keyword]} == {}


@frames
def test_attributes_of_a_functional_group_are_not_repeated_at_the_top(kind):
    at_top = (row for row in kind.rows if not isinstance(row.source, OfPictures))
    both = {row.keyword for row in at_top} & {row.keyword for row in rows_of(kind.frames)}
    image = {"PixelPresentation", "VolumetricProperties", "VolumeBasedCalculationTechnique"}
    assert both <= image | {"ComplexImageComponent", "AcquisitionContrast"} | EXTENSIONS.get(
        kind.name, set()
    )


@kinds
def test_a_kind_of_several_volumes_numbers_them(kind):
    numbers = {
        "TemporalPositionIdentifier",
        "TemporalPositionIndex",
        "AcquisitionNumber",
        "NumberOfTimeSlices",
    }
    assert bool(numbers & set(kind.over_time)) == (kind.name != "MultiframeSC")


def test_the_multi_frame_sc_has_a_class_for_each_pixel_and_none_for_16_bits_of_colour():
    kind = find_kind("MultiframeSC")
    assert [kind.sop_class(*pixel)[-4:] for pixel in ((1, 8), (1, 16), (3, 8))] == [
        ".7.2",
        ".7.3",
        ".7.4",
    ]
    with pytest.raises(KindError, match="3 sample"):
        kind.sop_class(3, 16)
    assert find_kind("CT").sop_class(1, 16) == find_kind("CT").sop_class_uid


def test_pet_must_not_have_a_patient_position():
    by_name = {kind.name: kind for kind in KINDS}
    assert isinstance(by_name["PT"].row("PatientPosition").source, Absent)
    assert by_name["CT"].row("PatientPosition").type == "2C"


def test_pixel_rules_of_each_kind():
    rules = {kind.name: (kind.pixels, kind.samples) for kind in KINDS}
    assert rules == {
        "CT": (PixelRules(bits=(16,)), (1,)),
        "MR": (PixelRules(bits=(16,)), (1,)),
        "PT": (PixelRules(bits=(16,), zero_intercept=True, per_slice=True), (1,)),
        "SC": (PixelRules(bits=(8, 16)), (1, 3)),
        "EnhancedCT": (PixelRules(bits=(16,)), (1,)),
        "EnhancedMR": (PixelRules(bits=(16,)), (1,)),
        "MultiframeSC": (PixelRules(bits=(8, 16), unsigned=True, identity=True), (1, 3)),
        "XRay3D": (PixelRules(bits=(16,)), (1,)),
        "ParametricMap": (PixelRules(floats=True), (1,)),
    }


def test_the_order_of_kinds_is_that_of_the_help():
    names = [
        "CT",
        "MR",
        "PT",
        "SC",
        "EnhancedCT",
        "EnhancedMR",
        "MultiframeSC",
        "XRay3D",
        "ParametricMap",
    ]
    assert [kind.name for kind in KINDS] == names


def test_body_parts_are_those_of_the_standard():
    highdicom = pytest.importorskip("highdicom", exc_type=ImportError)
    path = Path(highdicom.__file__).parent / "_standard" / "anatomic_regions.json"
    if not path.exists():
        pytest.skip("another release of highdicom is installed")
    table = json.loads(path.read_text(encoding="utf-8"))
    assert {
        word: (code, paired, meaning) for word, (_, code, meaning, paired) in table.items()
    } == REGIONS
