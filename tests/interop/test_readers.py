"""Each reader gives the outcomes of readers.json and docs/reference/kinds.md."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from dicomseries.standard import known_readers
from dicomseries.standard.known_readers import DCM2NIIX_LIMITS, PLANE_LIMITS
from judges.cases import CASES, IRREGULAR_CASES
from judges.measures import MEASURES, NOTED
from judges.outcomes import CANNOT, MEANINGS
from judges.programs import PROGRAMS, outcomes_of

RECORD = json.loads((Path(__file__).parent / "readers.json").read_text(encoding="utf-8"))

WITHOUT_PLACE = {"values right, no geometry", "kept", "served", "copied"}
"""Outcomes of programs without geometry."""


OFTEN = {
    *(case.name for case in IRREGULAR_CASES if case.kind == "CT"),
    "EnhancedMR: uint16: uneven",
    "Segmentation: labelmap: tilted gantry",
}
"""Irregular slices that the gate shows to all readers; each costs them a second."""


def series_of(cases, folder):
    return {case.name: case.write(folder / str(index)) for index, case in enumerate(cases)}


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The series of every case of the gate, by the case's name."""
    cases = [case for case in CASES if not case.irregular or case.name in OFTEN]
    return series_of(cases, tmp_path_factory.mktemp("cases"))


@pytest.fixture(scope="module")
def irregular(tmp_path_factory):
    """The other series of irregular slices."""
    cases = [case for case in IRREGULAR_CASES if case.name not in OFTEN]
    return series_of(cases, tmp_path_factory.mktemp("irregular"))


@pytest.fixture(scope="module")
def planted(written):
    """Return a series with a planted fault: a voxel off by one, a place off by 0.01 mm."""
    (part,) = written["CT: int16"]
    real, frames, affine = (
        part.meant.real.copy(),
        part.meant.frames.copy(),
        part.meant.affine_lps.copy(),
    )
    real[2, 3, 4] += 1
    frames[2, 3, 4] += 1
    affine[1, 3] += 0.01
    return {
        "value": [replace(part, meant=replace(part.meant, real=real, frames=frames))],
        "place": [replace(part, meant=replace(part.meant, affine_lps=affine))],
    }


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_a_reader_makes_of_every_case_what_the_documentation_says(program, written, planted):
    # A difference in either direction is news: look at it, then run tools/record_readers.py.
    measured = outcomes_of(program, {**written, **planted})
    noticed = {fault: measured.pop(fault) for fault in planted}
    recorded = RECORD["readers"][program.name]["version"]
    expected = recorded_outcomes(program, written)
    lost = [name for name, word in measured.items() if word == CANNOT != expected.get(name)]
    if lost:  # a browser on a busy machine gives up now and then: it is asked once more
        measured |= outcomes_of(program, {name: written[name] for name in lost})
    assert measured == expected, (
        f"{program.name} {program.version()} does not see what {recorded} saw"
    )
    assert program.version() == recorded or not program.pinned
    assert noticed["value"].startswith("wrong values")
    assert noticed["place"] == "values right, wrong place" or measured["CT: int16"] in WITHOUT_PLACE


def recorded_outcomes(program, written):
    return {name: RECORD["outcomes"][name][program.name] for name in written}


@pytest.mark.endurance
@pytest.mark.timeout(300)
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_a_reader_makes_of_irregular_slices_of_all_kinds_what_the_documentation_says(
    program, irregular
):
    assert outcomes_of(program, irregular) == recorded_outcomes(program, irregular)


@pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: measure.name)
def test_a_measured_program_gives_what_the_documentation_says(measure, tmp_path):
    recorded = RECORD["measures"][measure.name]
    assert measure.measure(tmp_path) == recorded["seen"]
    assert measure.version() == recorded["version"]


def test_the_record_has_every_case_and_every_reader():
    assert list(RECORD["measures"]) == [measure.name for measure in MEASURES]
    assert RECORD["noted"] == NOTED
    assert list(RECORD["outcomes"]) == [case.name for case in CASES]
    assert {
        name: (reader["asked"], reader["on_the_web"]) for name, reader in RECORD["readers"].items()
    } == {one.name: (one.asked, one.on_the_web) for one in PROGRAMS}
    assert all(
        list(outcomes) == list(RECORD["readers"]) for outcomes in RECORD["outcomes"].values()
    )
    assert RECORD["meanings"] == MEANINGS


FORMS = {
    "files": ("CT", "MR", "SC"),
    "file": ("EnhancedCT", "EnhancedMR"),
    "map": ("ParametricMap",),
    "segmentation": ("Segmentation",),
}
"""Kinds of each form in the advice."""

NAMED = {
    "SimpleITK": known_readers.SIMPLEITK,
    "dcm2niix": known_readers.DCM2NIIX,
    "vtk-dicom": known_readers.VTK_DICOM,
    "dicom2nifti": known_readers.DICOM2NIFTI,
    "highdicom": known_readers.HIGHDICOM,
    "GDCM": known_readers.GDCM,
    "@itk-wasm/dicom": known_readers.ITK_WASM,
    "Cornerstone3D": known_readers.CORNERSTONE3D,
    "OHIF": known_readers.OHIF,
}
"""Name in the advice of each reader that has volumes."""


def of_regular_slices(name):
    kind, form, _ = name.split(": ")
    return RECORD["outcomes"][f"{kind}: {form}"]


@pytest.mark.parametrize(("situation", "form"), PLANE_LIMITS)
def test_advice_names_the_readers_that_misplace_irregular_slices(situation, form):
    text = PLANE_LIMITS[situation, form]
    named = {reader for reader, name in NAMED.items() if name in text}
    for case in IRREGULAR_CASES:
        if case.irregular != situation or case.kind not in FORMS[form]:
            continue
        outcomes, usual = RECORD["outcomes"][case.name], of_regular_slices(case.name)
        assert {reader for reader in named if outcomes[reader] == "right"} == set(), case.name
        misled = {
            reader
            for reader in NAMED
            if usual[reader] == "right" != outcomes[reader] and reader != "dcm2niix"
        }
        assert misled <= named, case.name
        if case.kind == FORMS[form][0] != "Segmentation":  # others need more than a place
            assert {reader for reader in named if usual[reader] == CANNOT} == set(), case.name


def test_advice_says_of_dcm2niix_what_it_makes_of_irregular_slices():
    words = {
        ("tilted gantry", "CT"): "values right, wrong place / resampled, wrong place",
        ("tilted gantry", ""): "values right, unshifted",
        ("uneven", "CT"): "values right, first gap for all / resampled",
        ("uneven", ""): "values right, first gap for all",
        ("uneven", "file"): "values right, spread evenly",
        ("several orientations", ""): "right, stacks apart",
        ("several orientations", "file"): CANNOT,
    }
    assert {*words} == {*DCM2NIIX_LIMITS}
    kinds = {"CT": ["CT"], "": ["MR", "SC"], "file": ["EnhancedCT", "EnhancedMR"]}
    for (situation, form), word in words.items():
        outcomes = {
            RECORD["outcomes"][case.name]["dcm2niix"]
            for case in IRREGULAR_CASES
            if case.irregular == situation and case.kind in kinds[form]
        }
        assert outcomes == {word}
