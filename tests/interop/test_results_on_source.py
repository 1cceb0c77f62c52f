"""Results over their source give each program the outcomes of readers.json and kinds.md."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dicomseries.standard.known_readers import OVERLAY_LIMITS
from judges.outcomes import RIGHT
from judges.overlay_programs import OVERLAY_PROGRAMS, overlay_outcomes
from judges.overlays import OVERLAY_MEANINGS
from judges.results import PLANTED, RESULTS, plant, write_results

RECORD = json.loads((Path(__file__).parent / "readers.json").read_text(encoding="utf-8"))
ON_SOURCE = RECORD["on_source"]


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Every result with its source; then those with a planted fault."""
    written = write_results(tmp_path_factory.mktemp("studies"))
    return [*written, *plant(written)]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("program", OVERLAY_PROGRAMS, ids=lambda program: program.name)
def test_a_program_lays_every_result_over_its_source_as_the_documentation_says(program, results):
    # A difference in either direction is news: look at it, then run tools/record_readers.py.
    with program.start() as lay:
        measured = overlay_outcomes(lay, results)
    planted = [measured.pop(result.result.name) for result in results[-len(PLANTED) :]]
    recorded = ON_SOURCE["readers"][program.name]["version"]
    assert measured == {
        name: outcomes[program.name] for name, outcomes in ON_SOURCE["outcomes"].items()
    }, f"{program.name} {program.version()} does not see what {recorded} saw"
    assert program.version() == recorded
    assert all(outcome.startswith("wrong ") for outcome in planted)


def test_the_record_has_every_result_and_every_program():
    assert list(ON_SOURCE["outcomes"]) == [result.name for result in RESULTS]
    assert {name: reader["asked"] for name, reader in ON_SOURCE["readers"].items()} == {
        program.name: program.asked for program in OVERLAY_PROGRAMS
    }
    assert all(
        list(outcomes) == list(ON_SOURCE["readers"]) for outcomes in ON_SOURCE["outcomes"].values()
    )
    assert ON_SOURCE["meanings"] == OVERLAY_MEANINGS


WRONG_IN = {
    "map on its source": {"OHIF"},
    "map of 64 bits": {"OHIF", "dcmqi"},
    "voxels of a map": {"OHIF", "@cornerstonejs/adapters"},
    "part of a map": {"OHIF", "@cornerstonejs/adapters"},
    "part of a slice": {"OHIF", "@cornerstonejs/adapters"},
    "bits": {"@cornerstonejs/adapters"},
    "columns of bits": set(),
    "overlapping": {"OHIF"},
    "fractional": {"OHIF", "@cornerstonejs/adapters", "dcmqi"},
    "labels beyond 255": {"OHIF", "@cornerstonejs/adapters", "highdicom"},
    "colours of labels": {"OHIF"},
}
"""The programs of which each sentence of advice says that they are wrong."""


def test_advice_names_the_programs_that_are_wrong_and_no_others(results):
    assert {*WRONG_IN, "segmentation alone", "map alone"} == {*OVERLAY_LIMITS}
    named, wrong = {}, {}
    for written in results[: -len(PLANTED)]:
        name = written.result.name
        outcomes = ON_SOURCE["outcomes"][name]
        wrong[name] = {program for program in outcomes if outcomes[program] != RIGHT}
        said = [key for key, text in OVERLAY_LIMITS.items() if _plain(text) in written.advice]
        named[name] = set().union(*(WRONG_IN[key] for key in said))
    assert named == wrong


def _plain(text):
    """Return a sentence as receipts have it: without the backticks of options."""
    return text.replace("`", "")
