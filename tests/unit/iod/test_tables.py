"""Each kind's table against the module tables of the standard."""

import pytest

from dicomseries.iod import KINDS, Absent, PerInstance
from dicomseries.standard.attribute import vr_of
from dicomseries.standard.modules import IOD_MODULES, MODULES, mandatory_modules
from dicomseries.standard.terms import ENUMERATED
from dicomseries.standard.value_representations import text_fault

# the plan's own: the frame itself, which no table holds
PIXELS = {"PixelData"}

kinds = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)


def _demanded(kind, types):
    """Return keyword → strictest type over the mandatory modules."""
    found = {}
    for module in mandatory_modules(kind.sop_class_uid):
        for one in MODULES[module]:
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
        if kind.row(keyword).type > type_
    }
    assert loose == {}


@kinds
def test_no_row_is_unknown_to_the_kind_but_for_the_documented_extensions(kind):
    known = {
        one.keyword for module, _ in IOD_MODULES[kind.sop_class_uid] for one in MODULES[module] if one.is_top_level
    }
    extensions = {row.keyword for row in kind.rows} - known
    rescale = {"RescaleSlope", "RescaleIntercept", "RescaleType"} if kind.name == "MR" else set()
    assert extensions <= rescale | {"SpacingBetweenSlices"}


@kinds
def test_every_default_is_legal_text(kind):
    for row in kind.rows:
        for value in getattr(row.source, "values", ()):
            assert text_fault(vr_of(row.keyword), value) is None
            assert value in ENUMERATED.get(row.keyword, (value,))


@kinds
def test_every_default_is_allowed_by_its_own_row(kind):
    for row in kind.rows:
        for value, texts in zip(getattr(row.source, "values", ()), getattr(row.source, "allowed", ()), strict=False):
            assert value in (texts or (value,))


@kinds
def test_only_position_and_identity_differ_between_instances(kind):
    own = {row.keyword for row in kind.rows if isinstance(row.source, PerInstance)}
    assert {"SOPInstanceUID", "InstanceNumber", "ImagePositionPatient"} <= own
    assert own <= {"SOPInstanceUID", "InstanceNumber", "ImagePositionPatient", "ImageIndex"}


def test_pet_must_not_have_a_patient_position():
    by_name = {kind.name: kind for kind in KINDS}
    assert isinstance(by_name["PT"].row("PatientPosition").source, Absent)
    assert by_name["CT"].row("PatientPosition").type == "2C"


def test_what_the_pixels_may_be():
    rules = {kind.name: (kind.pixels.bits, kind.pixels.zero_intercept, kind.samples) for kind in KINDS}
    assert rules == {
        "CT": ((16,), False, (1,)),
        "MR": ((16,), False, (1,)),
        "PT": ((16,), True, (1,)),
        "SC": ((8, 16), False, (1, 3)),
    }
