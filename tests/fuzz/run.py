"""`make fuzz`: random value plans, random grids and damaged files, for a given time.

``python tests/fuzz/run.py --seconds 300`` prints a table of the cases and every failure;
``--case N`` (with ``--seed`` as printed) runs one case with its traceback.
"""

from __future__ import annotations

import argparse
import itertools
import os
import sys
import tempfile
import time
from pathlib import Path

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")  # threads do not survive a fork
sys.path.insert(0, str(Path(__file__).parents[1]))

from fuzz.cases import GROUPS, Cases
from fuzz.watch import Totals, limit_memory, run_many, run_one


def main() -> int:
    """Run the cases of the command line; return 1 if one fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--cases", type=int, help="end after as many cases")
    parser.add_argument("--seed", type=int, default=20261128)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument(
        "--case", type=int, action="append", help="run this case alone, with its traceback"
    )
    parser.add_argument(
        "--only", choices=GROUPS, help="cases of one group; their numbers then mean other cases"
    )
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="dicomseries-fuzz-") as folder:
        case = Cases(chosen.seed, Path(folder), only=chosen.only)
        if chosen.case:
            return _alone(case, chosen.case)
        numbers = itertools.count() if chosen.cases is None else range(chosen.cases)
        started = time.monotonic()
        totals = run_many(case, numbers, seconds=chosen.seconds, workers=chosen.workers)
    print(f"seed {chosen.seed}, {time.monotonic() - started:.0f} s, {chosen.workers} processes")
    print(table(totals))
    only = f" --only {chosen.only}" if chosen.only else ""
    for number, fault in sorted(totals.faults):
        print(
            f"FAILED: {fault}\n"
            f"  python tests/fuzz/run.py --seed {chosen.seed}{only} --case {number}"
        )
    return int(bool(totals.faults))


def table(totals: Totals) -> str:
    """Return counts and worst figures as lines of text."""
    lines = [f"{'cases':<44}{totals.cases:>10,}"]
    for group, count in sorted(totals.groups.items()):
        lines.append(f"  {group:<42}{count:>10,}")
        words = sorted((word, number) for (of, word), number in totals.words.items() if of == group)
        lines += [f"    {word:<40}{number:>10,}" for word, number in words]
    lines += [f"largest {name:<36}{value:>10.3g}" for name, value in sorted(totals.worst.items())]
    return "\n".join([*lines, f"{'failed':<44}{len(totals.faults):>10,}"])


def _alone(case: Cases, numbers: list[int]) -> int:
    limit_memory()
    failed = 0
    for number in numbers:
        with tempfile.TemporaryDirectory(prefix="dicomseries-fuzz-") as folder:
            outcome = run_one(case, number, Path(folder))
        print(number, outcome)
        failed += bool(outcome.fault)
        if outcome.group == "foreign exceptions":
            with tempfile.TemporaryDirectory(prefix="dicomseries-fuzz-") as folder:
                case(number, Path(folder))  # raises it again, with its traceback
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
