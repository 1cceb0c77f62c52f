"""Output of commands on stdout, notes and errors on stderr.

With ``--json`` stdout holds exactly one object, or nothing when the command fails; stderr then
holds one object a line: ``{"note": …}``, ``{"log": …}`` or ``{"error": {…}}``.
"""

from __future__ import annotations

import dataclasses
import json
import math
import sys
from collections.abc import Mapping, Sequence
from datetime import date, time
from typing import Any, TextIO

from dicomseries.cli.exit_codes import exit_of
from dicomseries.cli.option_spelling import flag_of_argument, on_command_line
from dicomseries.cli.terminal import is_terminal, printable, rich_table
from dicomseries.errors import DicomSeriesError, shortened
from dicomseries.lazy_dataclass import dataclass

__all__ = ["Output", "plain", "table"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """Form of a command's output.

    Parameters
    ----------
    json : bool
        One object on stdout instead of text.
    quiet : bool
        No report of what was done and no progress; errors and notes stay.
    debug : bool
        Errors are followed by their traceback, which the caller prints.
    verbosity : int
        1 shows the stages of the work on stderr, 2 their numbers, too.
    words : tuple of str
        The command line, for a report that shows how to repeat the command.

    Examples
    --------
    >>> Output().result("3 files", {"files": 3})
    3 files
    >>> Output(json=True).result("3 files", {"files": 3})
    {"files": 3}
    """

    json: bool = False
    quiet: bool = False
    debug: bool = False
    verbosity: int = 0
    words: tuple[str, ...] = ()

    def result(self, text: str, record: Mapping[str, Any]) -> None:
        """Print a result: `text` for people, `record` for programs."""
        if self.json:
            _line(sys.stdout, _json(record))
        elif not self.quiet:
            _line(sys.stdout, text)

    def answer(self, text: str, record: Mapping[str, Any]) -> None:
        """Print the answer to a question, also when quiet."""
        dataclasses.replace(self, quiet=False).result(text, record)

    def note(self, text: str) -> None:
        """Print a warning as one line on stderr."""
        words = printable(" ".join(text.split()))
        line = f"note: {words}"
        if self.json:
            line = _json({"note": words})
        _line(sys.stderr, line)

    def logged(self, level: str, text: str) -> None:
        """Print a record of the log as one line on stderr."""
        words = printable(" ".join(on_command_line(text).split()))
        line = f"{level.lower()}: {words}"
        if self.json:
            line = _json({"log": words, "level": level.lower()})
        _line(sys.stderr, line)

    def error(self, error: BaseException) -> None:
        """Print an error as one block on stderr."""
        parts = list(map(_parts, getattr(error, "faults", (error,))))
        if self.json:
            record: dict[str, Any] = {
                "class": type(error).__name__,
                "exit": int(exit_of(error)),
                **parts[0],
            }
            if len(parts) > 1:
                record["faults"] = parts
            receipt = getattr(error, "receipt", None)
            if receipt is not None:
                faults = [instance.to_dict() for instance in receipt.faults]
                record["receipt"] = receipt.to_dict() | {"instances": faults}
            _line(sys.stderr, _json({"error": record}))
        else:
            _line(sys.stderr, "\n".join(map(_block, parts)))


def plain(value: Any) -> Any:
    """Return a value in terms of JSON, NaN as text.

    Examples
    --------
    >>> plain({"spacing": (1.0, float("nan")), "raw": b"ab"})
    {'spacing': [1.0, 'nan'], 'raw': '6162'}
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, str | bytes | bool | int | float | None):
        return _scalar(value)
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, Sequence):
        return list(map(plain, value))
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value)


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return aligned columns with whole cells; a terminal folds them.

    Examples
    --------
    >>> print(table(("kind", "files"), [("CT", "3"), ("Enhanced", "12")]))
    kind      files
    CT        3
    Enhanced  12
    """
    if is_terminal():
        return rich_table(columns, rows)
    from rich.cells import cell_len

    lines = [list(map(printable, row)) for row in (columns, *rows)]
    for index in range(len(columns) - 1):
        width = max(cell_len(line[index]) for line in lines)
        for line in lines:
            line[index] += " " * (width - cell_len(line[index]))
    return "\n".join("  ".join(line).rstrip() for line in lines)


def _scalar(value: str | bytes | float | None) -> str | float | None:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    # Numbers of pydicom (DSfloat, IS) are subclasses; JSON gets the plain number.
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return kind(value)
    return value


def _parts(error: BaseException) -> dict[str, Any]:
    """Return the five parts of any error."""
    if isinstance(error, DicomSeriesError):
        return {
            "code": error.code,
            "where": on_command_line(error.where),
            "given": shortened(on_command_line(error.given), 600),
            "expected": on_command_line(error.expected),
            "remedy": on_command_line(error.remedy),
        }
    if isinstance(error, OSError):
        return {
            "code": "system-refused",
            "where": str(error.filename or "the operating system"),
            "given": error.strerror or str(error) or type(error).__name__,
            "expected": "a file or folder that can be read or written",
            "remedy": "Fix the path, its permissions or the free space, and run the command again.",
        }
    return {
        "code": "unforeseen",
        "where": type(error).__name__,
        "given": shortened(str(error) or type(error).__name__, 600),
        "expected": "no such error: it is a fault of this program",
        "remedy": "Run the command again with --debug and report what it prints.",
    }


def _block(parts: Mapping[str, Any]) -> str:
    title = str(parts["code"]).replace("-", " ")
    parts = {**parts, "where": flag_of_argument(str(parts["where"]))}
    if parts["code"] == "no-series":
        title = f'"{parts["where"]}" does not contain a DICOM series'
    shown: tuple[str, ...] = ("where", "given", "expected", "remedy")
    if parts["code"] == "package-missing":
        title = f"{parts['where']} needs {parts['expected']}, which is not installed"
        shown = ("remedy",)
    lines = [f"error: {title}"]
    for name in shown:
        text = ("\n" + " " * 12).join(map(printable, str(parts[name]).splitlines()))
        lines.append(f"  {name:<9} {text}")
    return "\n".join(lines)


def _json(record: Mapping[str, Any]) -> str:
    return json.dumps(plain(record), ensure_ascii=False, allow_nan=False)


def _line(stream: TextIO, text: str) -> None:
    stream.write(text + "\n")
