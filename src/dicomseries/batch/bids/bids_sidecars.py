"""Files that are about an image, by the inheritance principle of BIDS."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator
from dataclasses import field
from pathlib import Path
from typing import Any

from dicomseries.batch.bids.bids_names import BidsName, parse_name
from dicomseries.errors import SourceError
from dicomseries.lazy_dataclass import dataclass

__all__ = ["FilesAbout", "read_json", "table_rows"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesAbout:
    """Finds the files about an image, from the root of its dataset down.

    Parameters
    ----------
    root : Path
        Of the dataset.

    Examples
    --------
    >>> FilesAbout(root=Path("nowhere")).applicable(Path("nowhere/sub-01_T1w.nii"), ".json")
    []
    """

    root: Path
    listed: dict[Path, list[tuple[Path, BidsName]]] = field(default_factory=dict)

    def applicable(self, image: Path, ending: str) -> list[Path]:
        """Return the files of an ending that are about an image, the nearest last."""
        name = parse_name(image.name)
        if name is None:
            return []
        files: list[Path] = []
        for folder in _folders(self.root, image.parent):
            here = []
            for path, other in self._names(folder):
                if other.ending == ending and other.applies_to(name):
                    here.append((len(other.entities), path))
            files += [path for _, path in sorted(here)]
        return files

    def sidecar(self, image: Path) -> tuple[dict[str, Any], list[Path]]:
        """Return the merged sidecar of an image, and its files.

        Raises
        ------
        SourceError
            If one is no JSON object.
        """
        files = self.applicable(image, ".json")
        merged: dict[str, Any] = {}
        for file in files:
            merged |= read_json(file)
        return merged, files

    def _names(self, folder: Path) -> list[tuple[Path, BidsName]]:
        if folder not in self.listed:
            names = []
            for entry in sorted(folder.iterdir()) if folder.is_dir() else ():
                name = parse_name(entry.name)
                if name is not None and name.ending in {".json", ".bval", ".bvec", ".tsv"}:
                    names.append((entry, name))
            self.listed[folder] = names
        return self.listed[folder]


def _folders(root: Path, folder: Path) -> Iterator[Path]:
    """Yield the folders from a root to one below it."""
    here = root
    yield here
    for part in folder.relative_to(root).parts if folder.is_relative_to(root) else ():
        here = here / part
        yield here


def read_json(path: Path) -> dict[str, Any]:
    """Return the object in a file.

    Raises
    ------
    SourceError
        If it cannot be read, or holds something else.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise _unreadable(path, getattr(error, "strerror", None) or str(error)) from error
    if not isinstance(content, dict):
        raise _unreadable(path, f"a {type(content).__name__}")
    return content


def table_rows(path: Path) -> list[dict[str, str]]:
    """Return the rows of a .tsv file; ``n/a`` and empty cells are left out.

    Raises
    ------
    SourceError
        If it cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(path, getattr(error, "strerror", None) or str(error)) from error
    rows = []
    for row in csv.DictReader(text.splitlines(), delimiter="\t"):
        cells = {}
        for column, cell in row.items():
            if column and isinstance(cell, str) and cell.strip() not in {"", "n/a", "N/A"}:
                cells[column.strip()] = cell.strip()
        rows.append(cells)
    return rows


def _unreadable(path: Path, given: str) -> SourceError:
    return SourceError(
        code="bids-file-unreadable",
        where=os.fspath(path),
        given=given,
        expected="a file as BIDS describes it, in UTF-8",
        remedy="Correct the file, or take it out of the dataset.",
    )
