"""Files of jobs: JSON lines, or a table with a job in each row."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from pathlib import Path
from typing import Any

from dicomseries.batch.batch_job import BatchJob, JobList
from dicomseries.batch.job_fields import JOB_FIELDS, field_of, json_value, value_of_cell
from dicomseries.errors import DicomSeriesError, OptionError, SourceError
from dicomseries.lazy_dataclass import dataclass
from dicomseries.options import load_mapping
from dicomseries.standard.dictionary import is_keyword
from dicomseries.stores import is_url

__all__ = ["job_list", "read_jobs"]

_PATHS = ("like", "metadata", "bids", "per_volume", "segments", "positions", "affine")
"""Options that are paths where they are texts."""
_TABLES = {".csv": "", ".tsv": "\t"}
_LINES = frozenset({".jsonl", ".ndjson", ".json"})


def read_jobs(path: str | os.PathLike[str], defaults: Mapping[str, Any]) -> JobList:
    """Read a file of jobs.

    Parameters
    ----------
    path : path-like
        ``.jsonl``: one object a line, and before them perhaps ``{"defaults": {...}}``; ``.csv`` or
        ``.tsv``: a header and one row for each job. Paths are relative to this file.
    defaults : mapping
        Options of all jobs that do not have them; they win over defaults of the file.

    Raises
    ------
    SourceError
        If the file cannot be read, or has another form.
    """
    file = Path(path)
    suffix = file.suffix.lower()
    if suffix not in _TABLES and suffix not in _LINES:
        raise SourceError(
            code="jobs-format-unknown",
            where=str(path),
            given=f"a file that ends in {suffix!r}",
            expected="a list of jobs: .jsonl, .csv or .tsv",
            remedy="Write one JSON object a line into a .jsonl file, or a table into a .csv file.",
        )
    try:
        text = file.read_text(encoding="utf-8-sig")  # editors of Windows begin it with a mark
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(
            code="jobs-unreadable",
            where=str(path),
            given=getattr(error, "strerror", None) or str(error),
            expected="a list of jobs in UTF-8: .jsonl, .csv or .tsv",
            remedy="Correct the path, or save the file as UTF-8.",
        ) from error
    reader = _Reader(name=file.name, folder=file.absolute().parent, word="line")
    lines = _rows(text, _TABLES[suffix]) if suffix in _TABLES else _objects(text)
    return reader.jobs_of(lines, defaults)


def job_list(jobs: Iterable[Mapping[str, Any]], defaults: Mapping[str, Any]) -> JobList:
    """Return the jobs of mappings; paths are relative to the current folder.

    Examples
    --------
    >>> jobs = job_list([{"source": "a.nii", "out": "a"}], {"kind": "MR"}).jobs
    >>> jobs[0].options
    {'kind': 'MR'}
    """
    reader = _Reader(name="jobs", folder=Path.cwd(), word="job")
    return reader.jobs_of(enumerate(jobs, 1), defaults)


def _objects(text: str) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            try:
                yield number, json.loads(line)
            except ValueError as error:
                yield number, error


def _rows(text: str, delimiter: str) -> Iterator[tuple[int, Any]]:
    """Yield each row of a table as a mapping."""
    header = text.partition("\n")[0]
    if not delimiter:
        delimiter = ";" if ";" in header and "," not in header else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    columns = next(reader, [])
    for cells in reader:
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) > len(columns):
            yield reader.line_num, ValueError(f"{len(cells)} cells below {len(columns)} columns")
            continue
        row = _Row()
        for column, cell in zip(columns, cells, strict=False):
            if cell.strip():
                row[column] = cell.strip()
        yield reader.line_num, row


class _Row(dict[str, str]):
    """A row of a table, whose cells are texts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    """Makes jobs of the lines of one list."""

    name: str
    folder: Path
    word: str
    faults: list[DicomSeriesError] = field(default_factory=list)

    def jobs_of(self, lines: Iterable[tuple[int, Any]], defaults: Mapping[str, Any]) -> JobList:
        """Return the jobs, with all faults."""
        common = self._fields("defaults", defaults, Path.cwd())
        jobs: list[BatchJob] = []
        for number, line in lines:
            place = f"{self.name}, {self.word} {number}"
            if isinstance(line, Mapping) and set(line) == {"defaults"} and not jobs:
                of_file = self._fields(place, line["defaults"], self.folder)
                common = _merged(of_file, common)
                continue
            job = self._job(place, number, line, common)
            if job is not None:
                jobs.append(job)
        if not jobs and not self.faults:
            self._fault(self.name, "jobs-none", "no job", "at least one job", "Add a line.")
        return JobList(name=self.name, jobs=tuple(jobs), faults=tuple(self.faults))

    def _job(
        self, place: str, number: int, line: Any, common: Mapping[str, Any]
    ) -> BatchJob | None:
        before = len(self.faults)
        own = self._fields(place, line, self.folder)
        fields = _merged(common, own)
        for name in ("source", "out"):
            if not fields.get(name) and len(self.faults) == before:
                self._fault(
                    place,
                    "job-incomplete",
                    f"no {name!r}",
                    "an input as 'source' and a target as 'out'",
                    f"Add {name!r} to the job.",
                )
        if len(self.faults) > before:
            return None
        texts = {name: str(fields.pop(name, "") or "") for name in JOB_FIELDS if name != "source"}
        if own.keys() <= set(JOB_FIELDS) and common.keys().isdisjoint(JOB_FIELDS):
            # Jobs without options share one mapping: there may be ten thousand.
            return BatchJob(
                place=place, number=number, source=fields["source"], options=common, **texts
            )
        return BatchJob(
            place=place, number=number, source=fields.pop("source"), options=fields, **texts
        )

    def _fields(self, place: str, line: Any, folder: Path) -> dict[str, Any]:
        """Return the fields of a line by their names, attributes and model gathered."""
        if not isinstance(line, Mapping):
            given = str(line) if isinstance(line, ValueError) else repr(line)
            self._fault(
                place,
                "job-unreadable",
                given,
                "one JSON object, or one cell for each column",
                "Correct the line.",
            )
            return {}
        fields: dict[str, Any] = {}
        for key, text in line.items():
            try:
                name, value = _named(str(key), text, is_cell=isinstance(line, _Row))
            except DicomSeriesError as error:
                self._fault(place, error.code, error.given, error.expected, error.remedy)
            except ValueError as error:
                self._fault(
                    place,
                    "job-value-malformed",
                    f"{key}: {error}",
                    "a value as on the command line",
                    "Correct the value.",
                )
            else:
                _put(fields, name, value)
        return self._absolute(fields, folder)

    def _absolute(self, fields: dict[str, Any], folder: Path) -> dict[str, Any]:
        """Return the fields with absolute paths, and attributes as a mapping."""
        for name in ("source", "out", "bvals", "bvecs", *_PATHS):
            if name in fields:
                fields[name] = _placed(fields[name], folder, is_several=name in {"source", "like"})
        if isinstance(fields.get("metadata"), str):
            try:
                loaded = load_mapping("metadata", fields["metadata"])
            except DicomSeriesError as error:
                self.faults.append(error)
                loaded = {}
            fields["metadata"] = json_value("metadata", loaded)
        return fields

    def _fault(self, place: str, code: str, given: object, expected: str, remedy: str) -> None:
        self.faults.append(
            OptionError(code=code, where=place, given=given, expected=expected, remedy=remedy)
        )


def _named(key: str, value: Any, *, is_cell: bool) -> tuple[str, Any]:
    """Return the name that a key means, and its value.

    Raises
    ------
    OptionError
        If there is no such field, or it cannot have this value.
    ValueError
        If a text does not fit.
    """
    name, is_off = field_of(key)
    if is_cell:
        return name, value_of_cell(name, value, is_off=is_off)
    plain = json_value(name, value)
    if not is_off:
        return name, plain
    if plain is not True and plain is not False:
        message = f"{value!r} is neither true nor false"
        raise ValueError(message)
    return name, not plain


def _put(fields: dict[str, Any], name: str, value: Any) -> None:
    """Set a field; an attribute and a part of the model are entries of theirs."""
    if is_keyword(name):
        fields["metadata"] = {**_mapping(fields, "metadata"), name: value}
    elif name.startswith("model_"):
        fields["model"] = {**_mapping(fields, "model"), name.removeprefix("model_"): value}
    elif name == "model" and isinstance(value, str):
        fields["model"] = {**_mapping(fields, "model"), "name": value}
    elif name == "metadata" and isinstance(value, Mapping):
        fields["metadata"] = {**value, **_mapping(fields, "metadata")}
    else:
        fields[name] = value


def _mapping(fields: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = fields.get(name, {})
    return value if isinstance(value, Mapping) else {}


def _placed(value: Any, folder: Path, *, is_several: bool) -> Any:
    """Return paths as absolute paths; URLs and other values as they are."""
    if isinstance(value, str):
        return value if is_url(value) or not value else os.path.normpath(folder / value)
    if is_several and isinstance(value, list):
        return [_placed(item, folder, is_several=False) for item in value]
    if is_several and isinstance(value, dict):
        return {key: _placed(item, folder, is_several=False) for key, item in value.items()}
    return value


def _merged(common: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return defaults and the fields of a job, attribute by attribute."""
    merged = {**common, **fields}
    if isinstance(common.get("metadata"), Mapping) and isinstance(fields.get("metadata"), Mapping):
        merged["metadata"] = {**common["metadata"], **fields["metadata"]}
    return {name: value for name, value in merged.items() if value is not None}
