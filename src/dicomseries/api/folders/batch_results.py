"""Reports of a batch, from its record."""

from __future__ import annotations

import csv
import itertools
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from dicomseries.batch import BatchJob, JobState, ResolvedUids, entry_at
from dicomseries.reports import BatchReport, BatchRow, LeftOutFile
from dicomseries.sinks import save_bytes
from dicomseries.stores import masked

__all__ = ["batch_report", "planned_row", "save_reports"]

_MOST_FAILURES = 100
_MOST_ADVICE = 10
_MOST_TEXTS = 2000
"""Different sentences of advice that are counted."""
_MOST_ROWS = 1000
"""Jobs that the page shows one by one."""


def batch_report(
    folder: Path,
    jobs: Sequence[tuple[BatchJob, str]],
    states: Mapping[str, JobState],
    *,
    done_before: int,
    seconds: float,
    left_out: Iterable[LeftOutFile],
) -> BatchReport:
    """Return the report of a batch that has ended.

    Parameters
    ----------
    folder : Path
        Of the record.
    jobs : sequence
        Every job with its identifier.
    states : mapping
        Identifier → state in the record.
    done_before : int
        Jobs that this run did not have to write.
    seconds : float
        Duration of this run.
    left_out : iterable of LeftOutFile
        Files that became no job.
    """
    counts: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    advice: Counter[str] = Counter()
    failures: list[BatchRow] = []
    for row, receipt in _rows(folder, jobs, states):
        counts[row.state] += 1
        if row.state == "failed" and len(failures) < _MOST_FAILURES:
            failures.append(row)
        if receipt is None:
            continue
        counts["files"] += row.files
        counts["bytes"] += row.bytes
        for series in _every(receipt):
            kinds[series["kind"]] += 1
        for text in _advice(receipt):
            if text in advice or len(advice) < _MOST_TEXTS:
                advice[text] += 1
    return BatchReport(
        records=str(folder),
        jobs=len(jobs),
        done=counts["done"],
        done_before=done_before,
        failed=counts["failed"],
        series=kinds.total(),
        files=counts["files"],
        bytes=counts["bytes"],
        seconds=seconds,
        kinds=dict(kinds),
        advice=tuple(advice.most_common(_MOST_ADVICE)),
        failures=tuple(failures),
        left_out=tuple(left_out),
    )


def _rows(
    folder: Path, jobs: Iterable[tuple[BatchJob, str]], states: Mapping[str, JobState]
) -> Iterator[tuple[BatchRow, dict[str, Any] | None]]:
    """Yield a row for each job, with its receipt if it is done."""
    for job, identifier in jobs:
        state = states.get(identifier)
        out = masked(job.out)
        if state is None or state.state == "begun":
            yield BatchRow(job=job.place, state="not run", out=out), None
            continue
        entry = entry_at(folder / "record.jsonl", state.offset)
        if state.state == "failed":
            yield _failed_row(job, out, entry), None
        else:
            yield _done_row(job, out, entry), entry["receipt"]


def _failed_row(job: BatchJob, out: str, entry: Mapping[str, Any]) -> BatchRow:
    return BatchRow(
        job=job.place,
        state="failed",
        out=out,
        seconds=entry["seconds"],
        code=entry["code"],
        reason=entry["reason"],
    )


def _done_row(job: BatchJob, out: str, entry: Mapping[str, Any]) -> BatchRow:
    receipt = entry["receipt"]
    every = _every(receipt)
    return BatchRow(
        job=job.place,
        state="done",
        out=out,
        kind=receipt["kind"],
        series_uid=receipt["series_uid"],
        files=sum(series["files"] for series in every),
        bytes=sum(series["bytes"] for series in every),
        seconds=entry["seconds"],
        advice=len(_advice(receipt)),
    )


def _advice(receipt: dict[str, Any]) -> set[str]:
    """Return the texts of all series of a job, each once."""
    texts: set[str] = set()
    for series in _every(receipt):
        texts.update(series["advice"])
    return texts


def _every(receipt: dict[str, Any]) -> list[dict[str, Any]]:
    return [receipt, *receipt["others"]]


def planned_row(job: BatchJob) -> BatchRow:
    """Return the row of a job before it is written."""
    kind = str(job.options.get("kind", ""))
    return BatchRow(job=job.place, state="not run", out=masked(job.out), kind=kind)


def save_reports(
    folder: Path,
    report: BatchReport,
    jobs: Sequence[tuple[BatchJob, str]],
    states: Mapping[str, JobState],
    uids: ResolvedUids,
) -> None:
    """Write ``report.html``, ``.json`` and ``.csv``, and ``failed.jsonl``."""
    shown = _rows(folder, jobs, states)
    rows = [row for row, _ in itertools.islice(shown, _MOST_ROWS)]
    page = report.to_html(rows, more=max(0, len(jobs) - _MOST_ROWS))
    save_bytes(folder / "report.html", page.encode(), overwrite=True)
    text = json.dumps(report.to_dict(), ensure_ascii=False, indent=1)
    save_bytes(folder / "report.json", text.encode(), overwrite=True)
    with (folder / "report.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(report.columns)
        for row, _ in _rows(folder, jobs, states):
            table.writerow(row.cells())
    with (folder / "failed.jsonl").open("w", encoding="utf-8", newline="\n") as file:
        for job, identifier in jobs:
            state = states.get(identifier)
            if state is not None and state.state == "failed":
                line = uids.resolved(job).line  # so that its study stays the same
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
