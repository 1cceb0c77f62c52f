"""Each reader gives the outcomes of readers.json and docs/reference/kinds.md."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from judges.cases import CASES
from judges.measures import MEASURES, NOTED
from judges.outcomes import CANNOT, MEANINGS
from judges.programs import PROGRAMS, outcomes_of

RECORD = json.loads((Path(__file__).parent / "readers.json").read_text(encoding="utf-8"))

WITHOUT_PLACE = {"values right, no geometry", "kept", "served", "copied"}
"""Outcomes of programs without geometry."""


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The series of every case, by the case's name."""
    folder = tmp_path_factory.mktemp("cases")
    return {case.name: case.write(folder / str(index)) for index, case in enumerate(CASES)}


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
    expected = {name: outcomes[program.name] for name, outcomes in RECORD["outcomes"].items()}
    lost = [name for name, word in measured.items() if word == CANNOT != expected.get(name)]
    if lost:  # a browser on a busy machine gives up now and then: it is asked once more
        measured |= outcomes_of(program, {name: written[name] for name in lost})
    assert measured == expected, (
        f"{program.name} {program.version()} does not see what {recorded} saw"
    )
    assert program.version() == recorded or not program.pinned
    assert noticed["value"].startswith("wrong values")
    assert noticed["place"] == "values right, wrong place" or measured["CT: int16"] in WITHOUT_PLACE


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
