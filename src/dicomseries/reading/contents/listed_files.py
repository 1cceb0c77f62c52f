"""Files below a path, in order."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from dicomseries.errors import ReadError
from dicomseries.reading import read_errors
from dicomseries.reading.problems import Problem
from dicomseries.reading.series_files import LocalFiles

__all__ = ["contains_no_series", "files_of_all", "no_series"]


def files_of_all(path: LocalFiles, problems: list[Problem]) -> Iterator[str]:
    """Yield the files below each path.

    Folders that cannot be listed become problems.

    Raises
    ------
    ReadError
        If there is no such path.
    """
    if isinstance(path, (str, os.PathLike)):
        yield from _files(path, problems)
        return
    for each in path:
        yield from _files(each, problems)


def _files(path: str | os.PathLike[str], problems: list[Problem]) -> Iterator[str]:
    """Yield the files below a path in order.

    Folders that cannot be listed become problems.
    """
    name = os.fspath(path)
    if not os.path.lexists(name):
        raise no_series(name, f"{contains_no_series(name)}: there is no such file or folder")
    if not os.path.isdir(name):  # noqa: PTH112 - Path.is_dir raises without access above
        yield name
        return

    def note(error: OSError) -> None:
        folder = os.fspath(error.filename or name)
        unreadable = read_errors.unreadable(folder, error)
        if folder == name:
            raise unreadable
        problems.append(Problem.of(unreadable))

    for folder, folders, files in os.walk(name, onerror=note):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        prefix = str(Path(folder) / "_")[:-1]
        for file in sorted(files):
            if not file.startswith(".") and file != "DICOMDIR":
                yield prefix + file


def contains_no_series(path: str) -> str:
    """Return the words for a path without a series."""
    return f'"{path}" does not contain a DICOM series'


def no_series(path: str, given: str) -> ReadError:
    """Return the error for a path without a series."""
    return ReadError(
        code="no-series",
        where=path,
        given=given,
        expected="the files of at least one series",
        remedy="Give the folder that holds the files, or one above it.",
    )
