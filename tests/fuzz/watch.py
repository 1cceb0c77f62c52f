"""Cases in processes with limits: crashes, hangs and foreign exceptions are noted."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import json
import os
import select
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

MOST_CPU_S = 5.0
MOST_BYTES = 1 << 30
_HUNG_CPU_S = 4 * MOST_CPU_S
_FORGOTTEN_MIB = 64
"""A new process follows a case that took more: only the peak of a process is known."""
_MEMORY = "/dev/shm"  # noqa: S108 - a private folder is made in it
_BATCH = 200
"""Cases of one process."""


@dataclasses.dataclass
class Outcome:
    """Result of one case."""

    group: str = ""
    words: list[str] = dataclasses.field(default_factory=list)
    fault: str = ""
    worst: dict[str, float] = dataclasses.field(default_factory=dict)


Case = Callable[[int, Path], Outcome]


@dataclasses.dataclass
class Totals:
    """Results of all cases."""

    cases: int = 0
    groups: Counter[str] = dataclasses.field(default_factory=Counter)
    words: Counter[tuple[str, str]] = dataclasses.field(default_factory=Counter)
    worst: dict[str, float] = dataclasses.field(default_factory=dict)
    faults: list[tuple[int, str]] = dataclasses.field(default_factory=list)

    def add(self, number: int, outcome: Outcome) -> None:
        self.cases += 1
        self.groups[outcome.group] += 1
        self.words.update((outcome.group, word) for word in outcome.words)
        for name, value in outcome.worst.items():
            self.worst[name] = max(value, self.worst.get(name, 0.0))
        if outcome.fault:
            self.faults.append((number, outcome.fault))


def run_one(case: Case, number: int, folder: Path) -> Outcome:
    """Run a case in this process and compare its time and memory with the limits."""
    started, before = time.process_time(), _peak_bytes()
    try:
        outcome = case(number, folder)
    except BaseException as error:  # noqa: BLE001 - foreign exceptions are the faults
        place = traceback.extract_tb(error.__traceback__)[-1]
        text = (
            f"{type(error).__name__} at {Path(place.filename).name}:{place.lineno}: "
            f"{str(error)[:200]}"
        )
        outcome = Outcome(group="foreign exceptions", fault=text)
    spent, grown = time.process_time() - started, _peak_bytes() - before
    outcome.worst |= {"CPU seconds of a case": spent, "MiB that a case took": grown / (1 << 20)}
    if spent > MOST_CPU_S and not outcome.fault:
        outcome.fault = f"{spent:.1f} s of CPU ({outcome.group})"
    if grown > MOST_BYTES and not outcome.fault:
        outcome.fault = f"{grown >> 20} MiB of memory ({outcome.group})"
    return outcome


def run_many(case: Case, numbers: Any, *, seconds: float, workers: int) -> Totals:
    """Run cases in several processes until the numbers or the seconds end."""
    end = time.monotonic() + seconds
    totals, numbers = Totals(), iter(numbers)
    folder = Path(
        tempfile.mkdtemp(
            prefix="dicomseries-fuzz-", dir=_MEMORY if os.access(_MEMORY, os.W_OK) else None
        )
    )
    pool: dict[int, _Worker] = {}
    try:
        while True:
            while len(pool) < workers and time.monotonic() < end:
                batch = list(itertools.islice(numbers, _BATCH))
                if not batch:
                    break
                worker = _Worker(case, batch, folder / f"worker-{batch[0]}", end)
                pool[worker.pipe] = worker
            if not pool:
                return totals
            for pipe in select.select(list(pool), [], [], 1.0)[0]:
                if not pool[pipe].read(totals):
                    pool.pop(pipe).close()
    finally:
        for worker in pool.values():
            worker.kill()
        shutil.rmtree(folder, ignore_errors=True)


class _Worker:
    """A process that runs a batch and reports each case; a crash restarts the rest."""

    def __init__(self, case: Case, batch: list[int], folder: Path, end: float) -> None:
        self._case, self._left, self._folder, self._end = case, batch, folder, end
        self._begin()

    def _begin(self) -> None:
        self._text, self._is_again = b"", False
        self.pipe, child = os.pipe()
        self._process = os.fork()
        if self._process == 0:
            os.close(self.pipe)
            _work(self._case, self._left, self._folder, child, self._end)
        os.close(child)

    def read(self, totals: Totals) -> bool:
        """Read a report of the process; return False at its end."""
        data = os.read(self.pipe, 1 << 16)
        self._text += data
        *lines, self._text = self._text.split(b"\n")
        is_again = self._is_again
        for line in lines:
            record = json.loads(line)
            if record is None or record == "again":
                self._left = self._left if record else []
                is_again = bool(record)
                continue
            number = record.pop("number")
            self._left = [one for one in self._left if one != number]
            totals.add(number, Outcome(**record))
        self._is_again = is_again
        if data:
            return True
        status = os.waitstatus_to_exitcode(os.waitpid(self._process, 0)[1])
        self._process = 0
        if self._left and not is_again:
            totals.add(self._left.pop(0), Outcome(group="crashes", fault=_death(status)))
        if not self._left:
            return False
        os.close(self.pipe)
        pipe = self.pipe
        self._begin()
        if self.pipe != pipe:  # the caller knows the worker by its pipe
            os.dup2(self.pipe, pipe)
            os.close(self.pipe)
            self.pipe = pipe
        return True

    def close(self) -> None:
        os.close(self.pipe)

    def kill(self) -> None:
        if self._process:
            os.kill(self._process, signal.SIGKILL)
            os.waitpid(self._process, 0)


def _death(status: int) -> str:
    if status == -signal.SIGPROF:
        return f"no end after {_HUNG_CPU_S:.0f} s of CPU"
    return (
        f"process ended by {signal.Signals(-status).name}"
        if status < 0
        else f"process ended with {status}"
    )


def _work(case: Case, batch: list[int], folder: Path, pipe: int, end: float) -> None:
    """Run a batch in a new process, and end it."""
    try:
        limit_memory()
        # Open until the process ends.
        sys.stdout = sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
        for number in batch:
            if time.monotonic() > end:
                break
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            signal.setitimer(signal.ITIMER_PROF, _HUNG_CPU_S)
            outcome = run_one(case, number, folder)
            signal.setitimer(signal.ITIMER_PROF, 0)
            record = {"number": number, **dataclasses.asdict(outcome)}
            os.write(pipe, json.dumps(record).encode() + b"\n")
            if outcome.worst["MiB that a case took"] > _FORGOTTEN_MIB:
                os.write(pipe, b'"again"\n')
                return
        os.write(pipe, b"null\n")
    finally:
        os._exit(0)


def limit_memory() -> None:
    """Limit this process to 2 GiB beyond its present address space."""
    import resource  # not on Windows

    with (
        contextlib.suppress(OSError, ValueError),
        Path("/proc/self/statm").open(encoding="ascii") as file,
    ):
        pages = int(file.read().split()[0])
        most = pages * resource.getpagesize() + 2 * MOST_BYTES
        resource.setrlimit(resource.RLIMIT_AS, (most, resource.getrlimit(resource.RLIMIT_AS)[1]))


def _peak_bytes() -> int:
    import resource  # as above

    most: int = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most << 10
