"""The result of `find`: studies or series that an archive has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dicomseries import drawing
from dicomseries.errors import counted
from dicomseries.lazy_dataclass import dataclass
from dicomseries.short_repr import short_lines

__all__ = ["ArchiveListing", "ListedEntry"]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ListedEntry:
    """A study or series of an archive.

    Parameters
    ----------
    url : str
        What `read`, `scan`, `check`, `send` and ``like=`` take to fetch it; without secrets.
    study_uid : str
        StudyInstanceUID.
    series_uid : str
        SeriesInstanceUID; empty for a study.
    patient_id, patient_name, accession_number, date, time, description : str
        As in the archive; empty if it does not say.
    modality : str
        Of the series, or of all series of the study: ``"CT/SEG"``.
    number : int or None
        SeriesNumber.
    series, instances : int or None
        How many there are; None if the archive does not say.

    Examples
    --------
    >>> ListedEntry(url="dicom://A@host:104?study=1.2", study_uid="1.2").series_uid
    ''
    """

    url: str
    study_uid: str
    series_uid: str = ""
    patient_id: str = ""
    patient_name: str = ""
    accession_number: str = ""
    date: str = ""
    time: str = ""
    modality: str = ""
    description: str = ""
    number: int | None = None
    series: int | None = None
    instances: int | None = None

    def __repr__(self) -> str:
        title = self.modality or "no modality"
        return short_lines([f"{title} of {self.date or 'an unknown day'}", f"  {self.url}"])

    def to_dict(self) -> dict[str, Any]:
        """Return its fields, of JSON's types."""
        return {
            "url": self.url,
            "study_uid": self.study_uid,
            "series_uid": self.series_uid,
            "patient_id": self.patient_id,
            "patient_name": self.patient_name,
            "accession_number": self.accession_number,
            "date": self.date,
            "time": self.time,
            "modality": self.modality,
            "description": self.description,
            "number": self.number,
            "series": self.series,
            "instances": self.instances,
        }


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ArchiveListing:
    """Studies or series of an archive; iterable, sized, indexable.

    Parameters
    ----------
    where : str
        The archive, without secrets.
    level : {"study", "series"}
        What the entries are.
    entries : tuple of ListedEntry
        Studies by date, the newest first; series by number.

    Examples
    --------
    >>> listing = ArchiveListing(where="dicom://A@host:104", level="study", entries=())
    >>> print(listing)
    0 studies in dicom://A@host:104
    """

    where: str
    level: str
    entries: tuple[ListedEntry, ...]

    def __len__(self) -> int:
        return len(self.entries)

    def __iter__(self) -> Iterator[ListedEntry]:
        return iter(self.entries)

    def __getitem__(self, index: int) -> ListedEntry:
        return self.entries[index]

    def to_dict(self) -> dict[str, Any]:
        """Return the listing as plain values, for JSON."""
        return {
            "where": self.where,
            "level": self.level,
            "entries": [entry.to_dict() for entry in self.entries],
        }

    @property
    def columns(self) -> tuple[str, ...]:
        """Titles of the table."""
        if self.level == "study":
            return ("date", "patient", "accession", "modality", "description", "series", "url")
        return ("number", "modality", "description", "instances", "url")

    def cells(self) -> list[tuple[str, ...]]:
        """Return the rows of the table."""
        rows: list[tuple[str, ...]] = []
        for entry in self.entries:
            if self.level == "study":
                patient = " ".join(filter(None, (entry.patient_id, entry.patient_name)))
                names = (entry.date, patient, entry.accession_number, entry.modality)
                rows.append((*names, entry.description, _number(entry.series), entry.url))
                continue
            number, instances = _number(entry.number), _number(entry.instances)
            rows.append((number, entry.modality, entry.description, instances, entry.url))
        return rows

    @property
    def summary(self) -> str:
        """How many there are, in one line."""
        count = f"{len(self.entries):,} series"
        if self.level == "study":
            count = counted(len(self.entries), "study")
        return f"{count} in {self.where}"

    def __repr__(self) -> str:
        return short_lines([self.summary, *(f"  {entry.url}" for entry in self.entries)])

    def __str__(self) -> str:
        rows = ["  ".join(filter(None, row)) for row in self.cells()]
        return "\n".join([self.summary, *rows])

    def _repr_html_(self) -> str:
        """Return a table for a notebook."""
        facts = []
        for entry, row in zip(self.entries, self.cells(), strict=True):
            facts.append((entry.url, ", ".join(filter(None, row[:-1]))))
        return drawing.block(f"<p>{drawing.safe(self.summary)}</p>", drawing.rows(facts))


def _number(number: int | None) -> str:
    return "" if number is None else str(number)
