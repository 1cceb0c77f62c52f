"""The report of `batch`: counts, sizes, times, failures and advice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from typing import Any

from dicomseries import drawing
from dicomseries.errors import Message, counted
from dicomseries.lazy_dataclass import dataclass
from dicomseries.short_repr import record_repr, short_lines

__all__ = ["BatchReport", "BatchRow", "LeftOutFile"]

_MOST_SHOWN = 10
"""Failures and advice that are shown to people."""
_COLUMNS = (
    "job",
    "state",
    "out",
    "kind",
    "series_uid",
    "files",
    "bytes",
    "seconds",
    "advice",
    "code",
    "reason",
)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class LeftOutFile:
    """A file of a dataset that became no job, and the reason.

    Examples
    --------
    >>> LeftOutFile(path="sub-01/meg/sub-01_meg.fif", reason="not an image").path
    'sub-01/meg/sub-01_meg.fif'
    """

    path: str
    reason: str

    def __repr__(self) -> str:
        return record_repr(self)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class BatchRow:
    """A job with its series or the reason of its failure.

    Parameters
    ----------
    job : str
        Its place in the list: ``"jobs.jsonl, line 3"``.
    state : {"done", "failed", "not run"}
        How it ended.
    out : str
        Target, without secrets.
    kind, series_uid : str
        Of the series; empty if it failed.
    files, bytes : int
        Of all series of the job.
    seconds : float
        Time of the write.
    advice : int
        Sentences of advice in the receipt.
    code, reason : str
        Of the error; empty if it was written.

    Examples
    --------
    >>> BatchRow(job="job 1", state="failed", out="/out", code="file-damaged").cells()[:3]
    ['job 1', 'failed', '/out']
    """

    job: str
    state: str
    out: str
    kind: str = ""
    series_uid: str = ""
    files: int = 0
    bytes: int = 0
    seconds: float = 0.0
    advice: int = 0
    code: str = ""
    reason: str = ""

    def __repr__(self) -> str:
        return record_repr(self)

    def cells(self) -> list[str]:
        """Return the row of a table, in the order of `BatchReport.columns`."""
        cells = [str(getattr(self, name)) for name in _COLUMNS]
        cells[_COLUMNS.index("seconds")] = f"{self.seconds:.3f}"
        return cells

    def to_dict(self) -> dict[str, Any]:
        """Return its fields, of JSON's types."""
        return {name: getattr(self, name) for name in _COLUMNS}


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class BatchReport:
    """The result of `batch`.

    Parameters
    ----------
    records : str
        Folder of the record, of ``failed.jsonl`` and of the reports.
    jobs : int
        All jobs of the list.
    done : int
        Jobs whose series is written, those of earlier runs among them.
    done_before : int
        Jobs that an earlier run had done.
    failed : int
        Jobs that failed.
    series, files, bytes : int
        Of all jobs that are done.
    seconds : float
        Duration of this run.
    kinds : mapping of str to int
        Kind → series.
    advice : tuple of (str, int)
        The ten commonest sentences of advice, with the number of jobs.
    failures : tuple of BatchRow
        The first hundred failures; ``failed.jsonl`` has all jobs that failed.
    planned : tuple of BatchRow
        With ``dry_run=True`` the jobs that would be written; else empty.
    left_out : tuple of LeftOutFile
        Files of a BIDS dataset that became no job.
    is_plan : bool
        Whether nothing was written.

    Examples
    --------
    >>> report = BatchReport(records="jobs.batch", jobs=3, done=2, failed=1)
    >>> report.summary
    '2 of 3 jobs done, 1 failed'
    """

    records: str
    jobs: int
    done: int = 0
    done_before: int = 0
    failed: int = 0
    series: int = 0
    files: int = 0
    bytes: int = 0
    seconds: float = 0.0
    kinds: Mapping[str, int] = field(default_factory=dict)
    advice: tuple[tuple[str, int], ...] = ()
    failures: tuple[BatchRow, ...] = ()
    planned: tuple[BatchRow, ...] = ()
    left_out: tuple[LeftOutFile, ...] = ()
    is_plan: bool = False

    @property
    def not_run(self) -> int:
        """Jobs that were not begun."""
        return self.jobs - self.done - self.failed

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the cells of a `BatchRow`."""
        return _COLUMNS

    @property
    def summary(self) -> str:
        """How many jobs are done, in one line."""
        if self.is_plan:
            text = f"{counted(len(self.planned), 'job')} to write"
            if self.done_before:
                text += f", {self.done_before:,} done before"
            return text
        text = f"{self.done:,} of {counted(self.jobs, 'job')} done"
        if self.done_before:
            text += f" ({self.done_before:,} before this run)"
        if self.failed:
            text += f", {self.failed:,} failed"
        if self.not_run:
            text += f", {self.not_run:,} not run"
        return text

    def to_dict(self) -> dict[str, Any]:
        """Return its fields, of JSON's types."""
        return {
            "records": self.records,
            "jobs": self.jobs,
            "done": self.done,
            "done_before": self.done_before,
            "failed": self.failed,
            "not_run": self.not_run,
            "series": self.series,
            "files": self.files,
            "bytes": self.bytes,
            "seconds": self.seconds,
            "kinds": dict(self.kinds),
            "advice": [{"text": text, "jobs": jobs} for text, jobs in self.advice],
            "failures": [row.to_dict() for row in self.failures],
            "planned": [row.to_dict() for row in self.planned],
            "left_out": [{"path": file.path, "reason": file.reason} for file in self.left_out],
        }

    def __repr__(self) -> str:
        return short_lines(self.lines())

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def lines(self) -> list[str]:
        """Return the report as lines for people."""
        lines = [self.summary]
        for row in self.planned:
            lines.append(f"would write {row.out}")
        if self.done:
            lines.append(self._sizes())
        for row in self.failures[:_MOST_SHOWN]:
            lines.append(Message(f"failed: {row.job}: {row.reason}"))
        if self.failed > _MOST_SHOWN:
            lines.append(f"… and {self.failed - _MOST_SHOWN:,} more failures in failed.jsonl")
        for text, jobs in self.advice:
            lines.append(Message(f"advice for {counted(jobs, 'job')}: {text}"))
        for file in self.left_out:
            lines.append(f"left out: {file.path}: {file.reason}")
        if not self.is_plan:
            lines.append(f"records: {self.records}")
        return lines

    def _sizes(self) -> str:
        series = f"{self.series:,} series"
        files = counted(self.files, "file")
        return f"{series}: {files}, {self.bytes:,} bytes, {self.seconds:.1f} s in this run"

    def _repr_html_(self) -> str:
        """Return a table of facts."""
        return drawing.block(drawing.rows(self.facts()))

    def facts(self) -> Iterator[tuple[str, str]]:
        """Yield the facts of the batch by name, for people."""
        yield "jobs", self.summary
        yield "written", self._sizes()
        for kind, count in sorted(self.kinds.items()):
            yield f"{kind} series", f"{count:,}"
        written = self.done - self.done_before
        if written and self.seconds:
            yield "speed", f"{written / self.seconds:.2f} jobs each second"

    def to_html(self, rows: Iterable[BatchRow] = (), *, more: int = 0) -> str:
        """Return a page about the batch; it fetches nothing.

        Parameters
        ----------
        rows : iterable of BatchRow
            Jobs that are shown one by one.
        more : int
            Jobs that are in ``report.csv`` only.
        """
        failures, advice, left_out = [], [], []
        for row in self.failures:
            failures.append((row.job, f"{row.code}: {row.reason}"))
        for text, jobs in self.advice:
            advice.append((counted(jobs, "job"), text))
        for file in self.left_out:
            left_out.append((file.path, file.reason))
        note = ""
        if more:
            note = f"<p>… and {counted(more, 'more job')} in report.csv.</p>"
        return drawing.page(
            f"Batch in {self.records}",
            drawing.section("What was written", drawing.rows(self.facts())),
            drawing.section("Failures", drawing.rows(failures) if failures else ""),
            drawing.section("Commonest advice", drawing.rows(advice) if advice else ""),
            drawing.section("Not converted", drawing.rows(left_out) if left_out else ""),
            drawing.section("Jobs", _table(rows), note),
            drawing.section("Files", _LINKS),
        )


_LINKS = (
    '<ul><li><a href="record.jsonl">record.jsonl</a>: the receipt of each job</li>'
    '<li><a href="report.csv">report.csv</a>: a row for each job</li>'
    '<li><a href="report.json">report.json</a>: this page for programs</li>'
    '<li><a href="failed.jsonl">failed.jsonl</a>: the jobs that failed, to be given again'
    "</li></ul>"
)


def _table(rows: Iterable[BatchRow]) -> str:
    """Return a table of jobs."""
    lines = [_table_row("th", _COLUMNS[:-2])]
    for row in rows:
        lines.append(_table_row("td", row.cells()[:-2]))
    if len(lines) == 1:
        return ""
    return f"<table>{''.join(lines)}</table>"


def _table_row(element: str, texts: Iterable[str]) -> str:
    cells = ""
    for text in texts:
        cells += f"<{element}>{drawing.safe(text)}</{element}>"
    return f"<tr>{cells}</tr>"
