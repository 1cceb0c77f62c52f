"""Measurements as a table: rows, CSV and JSON."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any, overload

from dicomseries.lazy_dataclass import dataclass
from dicomseries.measurements.concepts import concept_record
from dicomseries.reading import CodedConcept
from dicomseries.short_repr import short_lines

__all__ = ["MeasurementRow", "MeasurementTable"]

_CODES = ("finding", "site", "laterality", "quantity", "statistic")
_COLUMNS = ("segment", "label", *_CODES, "value", "unit", *(f"{name}_code" for name in _CODES))


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasurementRow:
    """One number of a measurement report.

    Parameters
    ----------
    segment : int, optional
        SegmentNumber in the Segmentation that is referred to; None without one.
    label : str
        Tracking identifier: the label of the segment, unless the Segmentation states another.
    finding : CodedConcept, optional
        What was measured, such as Liver.
    site : CodedConcept, optional
        Where it is in the body.
    laterality : CodedConcept, optional
        The side of `site`.
    quantity : CodedConcept
        What the number is, such as Volume.
    statistic : CodedConcept, optional
        How it comes from many numbers, such as Mean.
    value : str
        The number as it is in the file, at most 16 characters; empty if the report gives none.
    unit : CodedConcept, optional
        Its UCUM unit.

    Examples
    --------
    >>> row = MeasurementRow(quantity=CodedConcept("118565006", "SCT", "Volume"), value="12.5")
    >>> row.number, row.name
    (12.5, 'Volume')
    """

    quantity: CodedConcept
    value: str
    segment: int | None = None
    label: str = ""
    finding: CodedConcept | None = None
    site: CodedConcept | None = None
    laterality: CodedConcept | None = None
    statistic: CodedConcept | None = None
    unit: CodedConcept | None = None

    @property
    def number(self) -> float | None:
        """The value as a float; None without one."""
        return float(self.value) if self.value else None

    @property
    def name(self) -> str:
        """Quantity and statistic in words."""
        if self.statistic is None:
            return self.quantity.meaning
        return f"{self.quantity.meaning}, {self.statistic.meaning}"

    def to_dict(self) -> dict[str, Any]:
        """Return the row as plain values, for JSON."""
        record: dict[str, Any] = {"segment": self.segment, "label": self.label}
        for name in _CODES:
            concept = getattr(self, name)
            record[name] = concept_record(concept)
        record["value"] = self.number
        record["unit"] = None if self.unit is None else self.unit.value
        return record

    def cells(self) -> tuple[str, ...]:
        """Return the cells of a CSV line."""
        names: list[str] = []
        codes: list[str] = []
        for name in _CODES:
            concept = getattr(self, name)
            names.append("" if concept is None else concept.meaning)
            codes.append("" if concept is None else f"{concept.scheme}:{concept.value}")
        segment = "" if self.segment is None else str(self.segment)
        unit = "" if self.unit is None else self.unit.value
        return (segment, self.label, *names, self.value, unit, *codes)


@dataclass(frozen=True, slots=True, repr=False)
class MeasurementTable:
    """The numbers of a measurement report, in its order.

    A sequence of `MeasurementRow`.

    Parameters
    ----------
    rows : tuple of MeasurementRow
        One for each number.

    Examples
    --------
    >>> volume = CodedConcept("118565006", "SCT", "Volume")
    >>> table = MeasurementTable((MeasurementRow(quantity=volume, value="12.5", label="Liver"),))
    >>> len(table), table[0].number, table.number("Liver", "Volume")
    (1, 12.5, 12.5)
    >>> print(table.to_csv().splitlines()[1])
    ,Liver,,,,Volume,,12.5,,,,,SCT:118565006,
    """

    rows: tuple[MeasurementRow, ...]

    def __iter__(self) -> Iterator[MeasurementRow]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, index: int) -> MeasurementRow: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[MeasurementRow, ...]: ...

    def __getitem__(self, index: int | slice) -> MeasurementRow | tuple[MeasurementRow, ...]:
        return self.rows[index]

    def number(self, label: str, name: str) -> float | None:
        """Return the first number with this label and name; None without one.

        Parameters
        ----------
        label : str
            As in the column `label`.
        name : str
            Meaning of the statistic, such as ``"Mean"``, or of the quantity, such as ``"Volume"``.
        """
        for row in self.rows:
            if row.label != label:
                continue
            if name in {row.name, _last_name(row)}:
                return row.number
        return None

    def to_dict(self) -> list[dict[str, Any]]:
        """Return the rows as plain values, for JSON."""
        return [row.to_dict() for row in self.rows]

    def to_csv(self) -> str:
        """Return the table as CSV, with a line of names.

        Codes are SCHEME:VALUE. Values are the texts of the file.
        """
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(_COLUMNS)
        writer.writerows(row.cells() for row in self.rows)
        return text.getvalue()

    def __repr__(self) -> str:
        return short_lines(["MeasurementTable", *self.lines()])

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def lines(self) -> list[str]:
        """Return a line for each number, for people."""
        lines: list[str] = []
        for row in self.rows:
            unit = "" if row.unit is None else f" {row.unit.value}"
            lines.append(f"{row.label or '?'}: {row.name} {row.value or 'no value'}{unit}")
        return lines


def _last_name(row: MeasurementRow) -> str:
    return row.quantity.meaning if row.statistic is None else row.statistic.meaning
