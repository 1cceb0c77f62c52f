"""Record the results of all readers in readers.json.

Run it where all readers are installed (`make debian check viewers`): ``.venv/bin/python
tools/record_readers.py``, or with the names of some readers to ask these again only; the word
``on-source`` asks for results over their source only, the word ``irregular`` asks all readers of
slices that form no regular grid only. Then ``python tools/make_reference_pages.py`` writes the
tables.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
ON_SOURCE = "on-source"
IRREGULAR = "irregular"
RECORD = ROOT / "tests" / "interop" / "readers.json"
sys.path[:0] = [str(ROOT / "tests")]

from judges.cases import CASES, IRREGULAR_CASES  # noqa: E402
from judges.measures import MEASURES, NOTED, Measure  # noqa: E402
from judges.outcomes import MEANINGS  # noqa: E402
from judges.overlay_programs import OVERLAY_PROGRAMS, overlay_outcomes  # noqa: E402
from judges.overlays import OVERLAY_MEANINGS  # noqa: E402
from judges.programs import PROGRAMS, outcomes_of  # noqa: E402
from judges.results import RESULTS, write_results  # noqa: E402


def measured(measure: Measure, folder: Path) -> dict[str, object]:
    """Return the question for a program and its answer."""
    return {"version": measure.version(), "asked": measure.asked, "seen": measure.measure(folder)}


def on_source(folder: Path) -> dict[str, object]:
    """Return what each program lays over the source series."""
    written = write_results(folder)
    readers, measured = {}, {}
    for program in OVERLAY_PROGRAMS:
        readers[program.name] = {"version": program.version(), "asked": program.asked}
        with program.start() as lay:
            measured[program.name] = overlay_outcomes(lay, written)
    outcomes = {
        result.name: {name: measured[name][result.name] for name in readers} for result in RESULTS
    }
    return {"meanings": OVERLAY_MEANINGS, "readers": readers, "outcomes": outcomes}


def main(names: list[str]) -> None:
    nothing = {"readers": {}, "outcomes": {}, "measures": {}}
    before = json.loads(RECORD.read_text(encoding="utf-8")) if names else nothing
    programs = [program for program in PROGRAMS if program.name in names or not names]
    cases = CASES
    if IRREGULAR in names:
        programs, cases = list(PROGRAMS), IRREGULAR_CASES
    with tempfile.TemporaryDirectory() as folder:
        written = {
            case.name: case.write(Path(folder, str(index))) for index, case in enumerate(cases)
        }
        now = {program.name: outcomes_of(program, written) for program in programs}
        measures = {
            measure.name: measured(measure, Path(folder, measure.name))
            if measure.name in names or not names
            else before["measures"][measure.name]
            for measure in MEASURES
        }
        over = before.get("on_source")
        if over is None or ON_SOURCE in names:
            over = on_source(Path(folder, ON_SOURCE))
    readers = {
        program.name: {
            "version": program.version(),
            "asked": program.asked,
            "on_the_web": program.on_the_web,
        }
        for program in programs
    }
    record = {
        "meanings": MEANINGS,
        "readers": {
            program.name: readers.get(program.name) or before["readers"][program.name]
            for program in PROGRAMS
        },
        "outcomes": {
            case.name: {
                program.name: now[program.name][case.name]
                if case.name in now.get(program.name, {})
                else before["outcomes"][case.name][program.name]
                for program in PROGRAMS
            }
            for case in CASES
        },
        "on_source": over,
        "measures": measures,
        "noted": NOTED,
    }
    RECORD.write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(RECORD)


if __name__ == "__main__":
    main(sys.argv[1:])
