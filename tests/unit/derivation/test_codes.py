"""How a series was derived: by value, by name, whole, or refused with the list."""

from __future__ import annotations

import pytest
from pydicom.sr.codedict import codes

from dicomseries.derivation import derivation_code
from dicomseries.derivation.source.derivation_codes import (
    IMAGE_PROCESSING,
    SOURCE_IMAGE,
    derivations,
)
from dicomseries.errors import OptionError


def plain(item) -> tuple[str, ...]:
    return tuple(one.values[0] for one in item)


def test_the_table_is_cid_7203_of_another_library():
    concepts = [getattr(codes.cid7203, name) for name in codes.cid7203.dir()]
    assert {one.value: one.meaning for one in concepts} == derivations()
    assert {one.scheme_designator for one in concepts} == {"DCM"}


def test_the_fixed_codes_mean_what_the_dictionary_says():
    assert plain(IMAGE_PROCESSING)[::2] == (
        codes.DCM.ImageProcessing.value,
        codes.DCM.ImageProcessing.meaning,
    )
    source = codes.cid7202.SourceImageForImageProcessingOperation
    assert plain(SOURCE_IMAGE)[::2] == (source.value, source.meaning)


@pytest.mark.parametrize(("value", "meaning"), derivations().items())
def test_every_code_is_found_by_its_value_and_by_its_meaning_in_any_case_and_spacing(
    value, meaning
):
    for given in (
        value,
        meaning,
        meaning.upper(),
        meaning.replace(" ", "-"),
        meaning.replace(" ", ""),
        f" {value} ",
    ):
        assert plain(derivation_code(given)) == (value, "DCM", meaning)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("smoothing", "113087"),
        ("gaussian", "113088"),
        ("resampling", "113085"),
        ("subtraction", "113062"),
        ("perfusion", "129104"),
        ("smooth", "113087"),
        ("multiplanar reformatting", "113072"),
        ("mip", "113078"),
        ("MinIP", "113079"),
        ("M.P.R.", "113072"),
    ],
)
def test_words_that_one_meaning_has_and_short_names_of_the_field_will_do(name, value):
    assert plain(derivation_code(name))[0] == value


@pytest.mark.parametrize(
    "given",
    [
        ("113087", "DCM", "Smoothing"),
        ["113087", "DCM"],
        {"value": "113087", "scheme": "DCM"},
        {"CodeValue": "113087", "CodingSchemeDesignator": "DCM", "CodeMeaning": "Smoothing"},
    ],
    ids=str,
)
def test_a_whole_code_may_be_given_in_any_form(given):
    assert plain(derivation_code(given)) == ("113087", "DCM", "Smoothing")


def test_a_code_of_ones_own_scheme_and_a_meaning_in_another_language_are_taken_as_they_are():
    assert plain(derivation_code(("7", "99ACME", "Denoised by net"))) == (
        "7",
        "99ACME",
        "Denoised by net",
    )
    assert plain(derivation_code(("113087", "DCM", "Glättung"))) == ("113087", "DCM", "Glättung")


@pytest.mark.parametrize("name", ["denoising", "", "  ", "moothing", "99999", "?"])
def test_an_unknown_name_is_rejected_with_the_whole_list(name):
    with pytest.raises(OptionError) as caught:
        derivation_code(name)
    assert (caught.value.code, caught.value.where) == ("derivation-unknown", "derivation")
    assert all(
        value in caught.value.expected and text in caught.value.expected
        for value, text in derivations().items()
    )


def test_a_name_that_fits_several_is_rejected_with_these():
    with pytest.raises(OptionError) as caught:
        derivation_code("pixel by pixel m")
    assert caught.value.code == "derivation-ambiguous"
    assert [
        value in caught.value.expected for value in ("113049", "113048", "113051", "113087")
    ] == [True] * 3 + [False]


@pytest.mark.parametrize(
    "given",
    [
        ("7", "99ACME"),
        ("7",),
        ("7", "99ACME", "x", "y"),
        {"value": "7"},
        {"value": "113087", "scheme": "DCM", "mood": "good"},
        ("1" * 17, "99ACME", "x"),
        ("1", "9" * 17, "x"),
        ("1", "99ACME", "x" * 65),
        ("1", "99ACME", "two\nlines"),
        ("113087", "DCM", "Gaussian blur"),
        (113087, "DCM", "Smoothing"),
        5,
        None,
        b"113087",
    ],
    ids=str,
)
def test_a_code_that_is_not_whole_too_long_or_called_by_the_name_of_another_is_rejected(given):
    with pytest.raises(OptionError) as caught:
        derivation_code(given)
    assert (caught.value.code, caught.value.where) == ("derivation-malformed", "derivation")
