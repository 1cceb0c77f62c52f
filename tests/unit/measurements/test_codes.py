"""Codes of measurements, units and their form."""

from __future__ import annotations

import pytest
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from dicomseries.errors import OptionError
from dicomseries.measurements import DescribedSegment, parse_numbers
from dicomseries.measurements import region_numbers as printed
from dicomseries.measurements import source_quantity as quantities
from dicomseries.measurements.ucum_form import ucum_fault
from dicomseries.reading import CodedConcept

SEGMENTS = [DescribedSegment(number=1, label="Liver"), DescribedSegment(number=2, label="Spleen")]


def our_codes():
    for module in (printed, quantities):
        for value in vars(module).values():
            members = value.values() if isinstance(value, dict) else [value]
            yield from (member for member in members if isinstance(member, CodedConcept))


def known_codes():
    for scheme in ("DCM", "SCT", "UCUM", "LN"):
        collection = getattr(codes, scheme)
        for name in collection.dir():
            try:
                code = getattr(collection, name)
            except RuntimeError:
                continue
            yield code.value, code.scheme_designator


def test_every_standard_code_that_we_write_is_in_the_dictionary_of_pydicom():
    known = set(known_codes())
    written = {(code.value, code.scheme) for code in our_codes() if code.scheme[:2] != "99"}
    assert len(written) > 10
    assert written - known == set()


@pytest.mark.parametrize("cid", [7464, 7465])
def test_statistics_are_written_with_the_codes_of_their_context_group(cid):
    group = getattr(codes, f"cid{cid}")
    statistics = {7464: (printed.MEAN, printed.MINIMUM), 7465: (printed._PERCENTILES[90],)}[cid]
    for statistic in statistics:
        assert Code(statistic.value, statistic.scheme, statistic.meaning) in group


@pytest.mark.parametrize(
    "code",
    [
        "1",
        "%",
        "kPa",
        "mm3",
        "mm2/s",
        "10-3.mm2/s",
        "10*-3.mm2/s",
        "10*6/ul",
        "/min",
        "ml/[100]ml",
        "[hnsf'U]",
        "g/ml{SUVbw}",
        "cm2/ml{SUVbsa}",
        "{counts}/s",
        "g/ml{SUVlbm(James128)}",
        "[arb'U]",
        "mm[Hg]",
        "dyn.s.cm-5/m2",
        "Bq/ml",
        "1/s2",
        "m/s2",
        "'",
        "''",
        "(m/s).kg",
        "umol/min/ml",
        "{Particles}/[100]g{Tissue}",
        "[in_i]",
        "cal_th",
    ],
)
def test_codes_of_ucum_are_accepted(code):
    assert ucum_fault(code) == ""


@pytest.mark.parametrize(
    "code",
    ["", "HU", "mm 2", "mm^3", "kPa/", "/", "m//s", "()", "(m", "µm", "°C", None, 3, "a" * 65],
)
def test_other_texts_are_rejected(code):
    assert ucum_fault(code).startswith(("a UCUM code", "the UCUM code"))


def test_names_of_measurements_get_their_code_and_others_a_private_one():
    numbers = {
        "Liver": {"Elasticity": (3.2, "kPa"), "Wobble": [2, "1"]},
        "2": {("126401", "DCM", "SUVbw"): (1.5, "g/ml{SUVbw}")},
    }
    parsed = parse_numbers(numbers, SEGMENTS)
    found = [(number.concept.scheme, number.concept.meaning) for number in parsed[1]]
    assert found == [("DCM", "Elasticity"), ("99DICOMSERIES", "Wobble")]
    assert parsed[2][0].concept == CodedConcept("126401", "DCM", "SUVbw")


@pytest.mark.parametrize(
    ("numbers", "part"),
    [
        ([], "a mapping from segments"),
        ({"Lever": {}}, "a segment: 1 Liver, 2 Spleen"),
        ({"Liver": 3}, "a mapping from names"),
        ({"Liver": {"Elasticity": 3.2}}, "a value and its UCUM unit"),
        ({"Liver": {"Elasticity": (3.2, "kilo")}}, ""),
        ({"Liver": {"Elasticity": (3.2, "HU")}}, "[hnsf'U]"),
        ({"Liver": {"Elasticity": (float("nan"), "kPa")}}, "a finite number"),
        ({"Liver": {"Elasticity": ("3.2", "kPa")}}, "a finite number"),
        ({"Liver": {("126401", "DCM"): (1, "1")}}, "a code of"),
        ({"Liver": {"": (1, "1")}}, "a name of at most"),
        ({"Liver": {"Wobble": {"value": 1}}}, "value, unit"),
        ({"Liver": {}, 1: {}}, "each segment once"),
    ],
)
def test_wrong_numbers_are_rejected_with_what_was_expected(numbers, part):
    if not part:
        assert parse_numbers(numbers, SEGMENTS)  # the form alone is checked
        return
    with pytest.raises(OptionError) as caught:
        parse_numbers(numbers, SEGMENTS)
    assert caught.value.code == "numbers-malformed"
    assert part in str(caught.value)


def test_all_faults_of_numbers_are_reported_at_once():
    numbers = {"Liver": {"Elasticity": (1, "HU"), "Wobble": ("x", "1")}, "Lever": {}}
    with pytest.raises(OptionError) as caught:
        parse_numbers(numbers, SEGMENTS)
    assert len(caught.value.faults) == 3
