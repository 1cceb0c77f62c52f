"""Run every benchmark, and print ratios beside goals.

python benchmarks/run.py [--slices N] [--size N] [--rounds N] [--only NAME ...] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
from collections.abc import Iterator
from pathlib import Path

import batches
import codecs_lossless
import instructions
import multi_frame
import quick_look
import read
import scale
import segmentation
import sending
import start
import write
from measure import Row, show

PARTS = (
    "write",
    "read",
    "codecs",
    "frames",
    "segments",
    "scale",
    "send",
    "start",
    "view",
    "instructions",
    "batches",
)


def rows(scratch: Path, options: argparse.Namespace) -> Iterator[Row]:
    slices, size, rounds = options.slices, options.size, options.rounds
    parts = {
        "write": lambda: write.rows(scratch, slices=slices, size=size, rounds=rounds),
        "read": lambda: read.rows(scratch, slices=slices, size=size, rounds=rounds),
        "codecs": lambda: codecs_lossless.rows(
            scratch, slices=max(slices // 4, 2), size=size, rounds=rounds
        ),
        "frames": lambda: multi_frame.rows(scratch, rounds=rounds),
        "segments": lambda: segmentation.rows(
            scratch, rounds=rounds, slices=max(slices // 2, 8), size=size
        ),
        "scale": lambda: scale.rows(scratch, slices=slices, rounds=rounds),
        "send": lambda: sending.rows(
            scratch, slices=max(slices // 4, 2), size=size, rounds=max(rounds // 2, 1)
        ),
        "start": lambda: start.rows(rounds=2 * rounds),
        "view": lambda: quick_look.rows(scratch, slices=slices, size=size, rounds=rounds),
        "instructions": instructions.rows,
        "batches": lambda: batches.rows(scratch, count=100 * rounds),
    }
    for name in options.only or PARTS:
        yield from parts[name]()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--slices", type=int, default=400)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=PARTS, nargs="+")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rows_shown: list[Row] = []
    try:
        with tempfile.TemporaryDirectory(prefix="benchmark-") as name:
            rows_shown.extend(show(rows(Path(name), options)))
    finally:  # of a run that is broken off, what it has measured
        if options.json:
            keep(rows_shown, options.json)
    missed = [row for row in rows_shown if row.is_reached is False]
    with_goal = [row for row in rows_shown if row.goal is not None]
    print(f"{len(with_goal) - len(missed)} of {len(with_goal)} goals reached")


def keep(rows_shown: list[Row], path: Path) -> None:
    """Write the figures as JSON."""
    machine = {
        "system": platform.platform(),
        "python": platform.python_version(),
        "processors": os.cpu_count(),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    figures = {"machine": machine, "rows": [row.to_dict() for row in rows_shown]}
    path.write_text(json.dumps(figures, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
