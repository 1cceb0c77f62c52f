"""The report of `convert`: which files each series became."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dicomseries.errors import counted
from dicomseries.lazy_dataclass import dataclass
from dicomseries.short_repr import short_lines

__all__ = ["ConversionReport", "ConvertedSeries"]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ConvertedSeries:
    """A series, or a part of it, with its files or the reason why it has none.

    Parameters
    ----------
    series_uid, modality, description : str
        Of the series.
    number : int or None
        SeriesNumber.
    part : str
        What tells this part apart from others of the series; empty for a whole one.
    files : tuple of str
        Paths of the image and the files beside it; empty if it was not converted.
    shape : tuple of int
        ([volumes, ]slices, rows, columns[, 3]); empty if it was not converted.
    notes : tuple of str
        Assumptions about the series.
    reason : str
        Why it was not converted, and how to change that; empty if it was.
    code : str
        Code of the error; empty if it was converted.

    Examples
    --------
    >>> ConvertedSeries(series_uid="1.2", reason="no pixels", code="no-pixels").is_converted
    False
    """

    series_uid: str
    modality: str = ""
    description: str = ""
    number: int | None = None
    part: str = ""
    files: tuple[str, ...] = ()
    shape: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()
    reason: str = ""
    code: str = ""

    @property
    def is_converted(self) -> bool:
        """Whether it has files."""
        return bool(self.files)

    def __repr__(self) -> str:
        title = f"series {self.number} {self.description} {self.part}".strip()
        return short_lines([title, *self.files, *filter(None, [self.reason])])

    def to_dict(self) -> dict[str, Any]:
        """Return its fields, of JSON's types."""
        return {
            "series_uid": self.series_uid,
            "number": self.number,
            "modality": self.modality,
            "description": self.description,
            "part": self.part,
            "files": list(self.files),
            "shape": list(self.shape),
            "notes": list(self.notes),
            "reason": self.reason,
            "code": self.code,
        }


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ConversionReport:
    """The result of `convert`: a row for each file, or series without one.

    Parameters
    ----------
    out : str
        Folder of the files.
    rows : tuple of ConvertedSeries
        In the order of the series in the folder.
    skipped : int
        Files that are not DICOM.
    broken : tuple of str
        Files that cannot be read, with the reason.

    Examples
    --------
    >>> report = ConversionReport(out="nifti", rows=())
    >>> len(report), report.failed
    (0, ())
    """

    out: str
    rows: tuple[ConvertedSeries, ...]
    skipped: int = 0
    broken: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[ConvertedSeries]:
        return iter(self.rows)

    @property
    def converted(self) -> tuple[ConvertedSeries, ...]:
        """Rows with files."""
        return tuple(row for row in self.rows if row.is_converted)

    @property
    def failed(self) -> tuple[ConvertedSeries, ...]:
        """Rows without files."""
        return tuple(row for row in self.rows if not row.is_converted)

    @property
    def summary(self) -> str:
        """How many were converted, in one line."""
        text = f"{counted(len(self.converted), 'image')} in {self.out}"
        if self.failed:
            text += f", {len(self.failed)} not converted"
        return text

    def to_dict(self) -> dict[str, Any]:
        """Return its fields, of JSON's types."""
        return {
            "out": self.out,
            "converted": len(self.converted),
            "failed": len(self.failed),
            "rows": [row.to_dict() for row in self.rows],
            "skipped": self.skipped,
            "broken": list(self.broken),
        }

    def __repr__(self) -> str:
        lines = [self.summary]
        for row in self.rows:
            lines.append(f"{row.number}: {row.files[0] if row.files else row.reason}")
        return short_lines(lines)
