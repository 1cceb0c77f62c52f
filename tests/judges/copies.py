"""Copies through the DICOM JSON model (PS3.18 annex F)."""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path

import numpy as np
import pydicom

from judges.cases import stored_frames
from judges.outcomes import CANNOT, COPIED, INVALID, WRONG, Meant
from judges.validators import dciodvfy

__all__ = ["copied_through_json"]


def copied_through_json(folder: Path, meant: Meant) -> str:
    """Return whether copies have the same values and are as valid as the originals."""
    paths = sorted(folder.glob("*.dcm"))
    with tempfile.TemporaryDirectory() as out:
        copies = [Path(out, path.name) for path in paths]
        words = {_copied(path, copy) for path, copy in zip(paths, copies, strict=True)}
        if words != {COPIED}:
            return next(word for word in (CANNOT, WRONG, INVALID) if word in words)
        if not np.array_equal(stored_frames(Path(out)), meant.frames):
            return WRONG
        errors = dciodvfy(copies[-1]).errors
        return COPIED if not errors or errors == dciodvfy(paths[-1]).errors else INVALID


def _copied(path: Path, target: Path) -> str:
    source = pydicom.dcmread(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom only warns of a value that is too long
        try:
            copy = pydicom.Dataset.from_json(source.to_json())
        except ValueError:
            return CANNOT
        copy.file_meta = source.file_meta
        copy.save_as(target, enforce_file_format=True)
        if pydicom.dcmread(target) != source:
            return WRONG
    return COPIED if _is_strictly_valid(target) else INVALID


def _is_strictly_valid(path: Path) -> bool:
    with pydicom.config.strict_reading():
        try:
            pydicom.dcmread(path).walk(lambda _, element: element.value)
        except ValueError:
            return False
    return True
