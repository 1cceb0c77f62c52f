"""What each reader makes of each form of array is what readers.json says, and so what docs/reference/kinds.md says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from judges.cases import CASES
from judges.outcomes import MEANINGS
from judges.programs import PROGRAMS, outcomes_of

RECORD = json.loads((Path(__file__).parent / "readers.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The series of every case, by the case's name."""
    folder = tmp_path_factory.mktemp("cases")
    return {case.name: case.write(folder / str(index)) for index, case in enumerate(CASES)}


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_a_reader_makes_of_every_case_what_the_documentation_says(program, written):
    # A difference in either direction is news: look at it, then run tools/record_readers.py.
    recorded = {name: outcomes[program.name] for name, outcomes in RECORD["outcomes"].items()}
    assert outcomes_of(program, written) == recorded
    assert program.version() == RECORD["readers"][program.name]["version"]


def test_the_record_has_every_case_and_every_reader():
    assert list(RECORD["outcomes"]) == [case.name for case in CASES]
    assert {name: said["asked"] for name, said in RECORD["readers"].items()} == {
        one.name: one.asked for one in PROGRAMS
    }
    assert all(list(outcomes) == list(RECORD["readers"]) for outcomes in RECORD["outcomes"].values())
    assert RECORD["meanings"] == MEANINGS
