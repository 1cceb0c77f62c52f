"""Positions of slices from files."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from dicomseries.errors import OptionError

__all__ = ["load_positions"]


def load_positions(positions: Any) -> Any:
    """Return the positions of slices, or those of a file.

    Parameters
    ----------
    positions : array_like or path, optional
        A file is .npy, .json (a list of lists, or of numbers), or text with a position a line,
        numbers separated by blanks, commas or semicolons; a first line of names is left out.

    Raises
    ------
    OptionError
        If the file cannot be read, or holds no numbers.

    Examples
    --------
    >>> load_positions([0, 2, 7])
    [0, 2, 7]
    """
    if not isinstance(positions, (str, os.PathLike)):
        return positions
    try:
        return _numbers_in(Path(positions))
    except (OSError, ValueError) as error:
        raise OptionError(
            code="positions-unreadable",
            where="positions",
            given=f"{os.fspath(positions)}: {getattr(error, 'strerror', None) or error}",
            expected="a .npy or .json file, or text with x y z (LPS mm) or one distance a line",
            remedy="Save the positions with numpy.save or numpy.savetxt, a line for each slice.",
        ) from error


def _numbers_in(path: Path) -> Any:
    if path.suffix.lower() == ".npy":
        import numpy as np  # noqa: PLC0415 - for such files only

        return np.load(path, allow_pickle=False)
    text = path.read_text(encoding="utf-8-sig")  # as in mapping_files.py
    if path.suffix.lower() == ".json":
        return json.loads(text)
    lines = [line.split("#")[0] for line in text.replace(";", " ").replace(",", " ").splitlines()]
    rows = [line.split() for line in lines if line.strip()]
    if rows and not any(map(_is_number, rows[0])):
        rows = rows[1:]
    numbers = [list(map(float, row)) for row in rows]
    if numbers and all(len(row) == 1 for row in numbers):
        return [row[0] for row in numbers]
    return numbers


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True
