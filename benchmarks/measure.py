"""Timing of works in turn, with ratios and goals.

The machine's speed drifts, so no figure stands alone: a work and its peer take turns in every
round, and what counts is the median of the ratios of the rounds.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

Work = Callable[[Path], object]
"""Writes into, or reads from, a folder of its own that does not exist yet."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One work beside seconds peer.

    Parameters
    ----------
    work, against : str
        What is measured, and beside what.
    unit : str
        Of the figures: s, MiB, instructions, reads.
    ours, theirs : list of float
        A figure for each round.
    faster : bool
        Whether the ratio tells how many times less ours takes (the peer's over ours), else how many
        times the peer's.
    goal : float, optional
        What the ratio is held to; at least for `faster`, else at most.
    note : str
        What bounds it.
    """

    work: str
    against: str
    unit: str = "s"
    ours: list[float]
    theirs: list[float]
    faster: bool = False
    goal: float | None = None
    note: str = ""
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def ratios(self) -> list[float]:
        """Of each round."""
        pairs = zip(self.ours, self.theirs, strict=True)
        return [theirs / ours if self.faster else ours / theirs for ours, theirs in pairs]

    @property
    def ratio(self) -> float:
        """The median of the rounds."""
        return statistics.median(self.ratios)

    @property
    def is_reached(self) -> bool | None:
        """Whether the goal is kept, as printed; None without seconds."""
        if self.goal is None:
            return None
        ratio = round(self.ratio, 2)
        return ratio >= self.goal if self.faster else ratio <= self.goal

    @property
    def goal_text(self) -> str:
        """The goal as people write it."""
        if self.goal is None:
            return ""
        return f"{'≥' if self.faster else '≤'} {self.goal:g}" + (" ✓" if self.is_reached else " ✗")

    def line(self) -> str:
        """The row of the table."""
        ours, theirs = (
            f"{_short(min(seconds))}/{_short(statistics.median(seconds))}"
            for seconds in (self.ours, self.theirs)
        )
        spread = f"{min(self.ratios):.2f}…{max(self.ratios):.2f}"
        return (
            f"{self.work:<40} {self.against:<30} {ours:>15} {theirs:>15} {self.unit:<6} "
            f"{self.ratio:>7.2f} {spread:>13}  {self.goal_text}"
            + (f"  ({self.note})" if self.note else "")
        )

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self) | {"ratio": self.ratio, "is_reached": self.is_reached}


HEAD = (
    f"{'work':<40} {'against':<30} {'ours min/med':>15} {'peer min/med':>15} {'':<6} "
    f"{'ratio':>7} {'min…max':>13}  goal"
)


def _short(figure: float) -> str:
    return f"{figure:.3f}" if figure < 100 else f"{figure:,.0f}"


def take_turns(works: Mapping[str, Work], scratch: Path, rounds: int) -> dict[str, list[float]]:
    """Return the seconds of each work per round."""
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for index in range(rounds + 1):
        for name, work in works.items():
            folder = scratch / "work"
            started = time.perf_counter()
            work(folder)
            elapsed = time.perf_counter() - started
            shutil.rmtree(folder, ignore_errors=True)
            if index:
                seconds[name].append(elapsed)
    return seconds


def in_turns(commands: Mapping[str, list[str]], rounds: int) -> dict[str, list[float]]:
    """Return the seconds of whole processes that take turns."""
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for index in range(rounds + 1):
        for name, command in commands.items():
            started = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            if index:
                seconds[name].append(time.perf_counter() - started)
    return seconds


PEAK = """
import pathlib, re
status = pathlib.Path("/proc/self/status").read_text()
print(int(re.search(r"VmHWM:\\s+(\\d+)", status)[1]) / 1024)
"""


def peak_mib(script: str, *arguments: str) -> float:
    """Return the peak MiB of a Python process."""
    command = [sys.executable, "-c", script + PEAK, *arguments]
    return float(
        subprocess.run(command, check=True, capture_output=True, encoding="utf-8").stdout.split()[
            -1
        ]
    )


def show(rows: Iterable[Row]) -> Iterator[Row]:
    """Print rows as they come, and pass them on."""
    print(HEAD, flush=True)
    for row in rows:
        print(row.line(), flush=True)
        yield row
