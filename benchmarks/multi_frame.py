"""Write Enhanced MR files of many small frames beside the raw write of the same bytes, and print the ratios.

    python benchmarks/multi_frame.py [--frames N] [--size N] [--rounds N] [--json FILE]

The rows take turns in every round; what counts are ratios of medians. `raw` is `os.writev` of the same bytes into one
file, one thread, no fsync.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

import dicomseries as dcs

SPACING = (1.0, 1.0, 2.0)
METADATA = {"ApplicableSafetyStandardAgency": "IEC"}
GOAL = "≤ 2.0 × raw"


def write_ours(array: np.ndarray, folder: Path, *, verify: bool) -> None:
    axes = "tzyx"[-array.ndim :]
    dcs.write(
        array,
        folder,
        kind="EnhancedMR",
        spacing=SPACING,
        axes=axes,
        metadata=METADATA,
        verify=verify,
        sync=False,
        overwrite=True,
    )


def write_raw(parts: list[memoryview], path: Path) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    os.writev(handle, parts)
    os.close(handle)


def measure(array: np.ndarray, rounds: int) -> dict[str, list[float]]:
    """Return the seconds of each row in each round."""
    seconds: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory(prefix="multi-frame-benchmark-") as name:
        scratch = Path(name)
        write_ours(array, scratch / "first", verify=False)
        whole = memoryview((scratch / "first" / "0001.dcm").read_bytes())
        parts = [whole[: -array.nbytes], whole[-array.nbytes :]]
        work = {
            "raw": lambda: write_raw(parts, scratch / "raw.dcm"),
            "ours": lambda: write_ours(array, scratch / "ours", verify=False),
            "ours, verified": lambda: write_ours(array, scratch / "ours", verify=True),
        }
        for round_index in range(rounds + 1):
            for row, write in work.items():
                started = time.perf_counter()
                write()
                if round_index:  # the first round warms caches and imports
                    seconds.setdefault(row, []).append(time.perf_counter() - started)
                for leftover in (scratch / "raw.dcm", scratch / "ours" / "0001.dcm"):
                    leftover.unlink(missing_ok=True)
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=5000)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 4000, (options.frames, options.size, options.size)).astype(np.int16)
    shapes = {
        "50 volumes": frames.reshape(50, -1, options.size, options.size),
        "one volume": frames,
    }
    figures = {}
    for name, array in shapes.items():
        figures[name] = measure(array, options.rounds)
        medians = {row: statistics.median(taken) for row, taken in figures[name].items()}
        for row, taken in figures[name].items():
            goal = GOAL if row == "ours" else ""
            print(
                f"{name:<11} {row:<15} {min(taken):>8.3f} s min {medians[row]:>8.3f} s median "
                f"{medians[row] / medians['raw']:>6.2f} × raw  {goal}",
                flush=True,
            )
    if options.json:
        options.json.write_text(json.dumps({"frames": options.frames, "size": options.size, "seconds": figures}))


if __name__ == "__main__":
    main()
