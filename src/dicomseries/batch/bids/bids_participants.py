"""Age and sex of participants as attributes of DICOM."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dicomseries.batch.bids.bids_sidecars import read_json, table_rows

__all__ = ["Participants"]

_SEXES = {
    "m": "M",
    "male": "M",
    "f": "F",
    "female": "F",
    "o": "O",
    "other": "O",
}
_UNITS = {
    "year": "Y",
    "years": "Y",
    "month": "M",
    "months": "M",
    "week": "W",
    "weeks": "W",
    "day": "D",
    "days": "D",
}
_SHORTER = {"Y": ("M", 12), "W": ("D", 7)}
"""Unit of an age → the next shorter one, for ages below two."""
_LARGEST = 999
"""An Age String has three digits (PS3.5 section 6.2)."""


class Participants:
    """The tables of participants and of their sessions.

    Parameters
    ----------
    root : Path
        Of the dataset.

    Examples
    --------
    >>> Participants(Path("nowhere")).attributes("01", "", has_sessions=False)
    {}
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._rows = _by_column(root / "participants.tsv", "participant_id")
        self._unit = _unit_of_age(root / "participants.json")

    def attributes(self, subject: str, session: str, *, has_sessions: bool) -> dict[str, Any]:
        """Return PatientAge and PatientSex, as far as they are known.

        The age of a participant with several sessions is that of the session's own table, or not
        known.
        """
        row = self._rows.get(f"sub-{subject}", {})
        attributes: dict[str, Any] = {}
        sex = _SEXES.get(row.get("sex", row.get("gender", "")).lower())
        if sex is not None:
            attributes["PatientSex"] = sex
        text = row.get("age", "")
        if has_sessions:
            file = self._root / f"sub-{subject}" / f"sub-{subject}_sessions.tsv"
            text = _by_column(file, "session_id").get(f"ses-{session}", {}).get("age", "")
        age = age_string(text, self._unit)
        if age:
            attributes["PatientAge"] = age
        return attributes


def age_string(text: str, unit: str) -> str:
    """Return an age as DICOM writes it; empty if it is no plain number.

    Examples
    --------
    >>> age_string("34.5", "Y"), age_string("0.5", "Y"), age_string("89+", "Y")
    ('034Y', '006M', '')
    """
    try:
        age = float(text)
    except ValueError:
        return ""
    if unit in _SHORTER and 0 <= age < 2 and age != int(age):
        unit, factor = _SHORTER[unit]
        age *= factor
    if not unit or not 0 <= age <= _LARGEST:
        return ""
    return f"{int(age):03d}{unit}"


def _by_column(file: Path, column: str) -> Mapping[str, Mapping[str, str]]:
    if not file.is_file():
        return {}
    return {row[column]: row for row in table_rows(file) if column in row}


def _unit_of_age(file: Path) -> str:
    """Return the unit of ages: years, unless the table's sidecar says otherwise."""
    if not file.is_file():
        return "Y"
    column = read_json(file).get("age", {})
    text = column.get("Units", "years") if isinstance(column, dict) else "years"
    return _UNITS.get(str(text).strip().lower(), "")
