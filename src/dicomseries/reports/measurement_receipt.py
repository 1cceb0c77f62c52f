"""The receipt of `measure`: table, identity and advice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dicomseries import drawing
from dicomseries.errors import Message, template_of
from dicomseries.lazy_dataclass import dataclass
from dicomseries.short_repr import short_lines

if TYPE_CHECKING:
    from dicomseries.measurements import MeasurementTable

__all__ = ["MeasurementReceipt"]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class MeasurementReceipt:
    """The result of `measure`: numbers, report and advice.

    Parameters
    ----------
    table : MeasurementTable
        Every number as it is in the report: `segment`, `label`, `quantity`, `statistic`, `value`,
        `unit` and codes; ``table.to_csv()``, ``table.to_dict()``.
    out : str, optional
        Folder of the report; None if none was written.
    study_uid : str
        StudyInstanceUID, that of the source.
    series_uid, instance_uid : str
        SeriesInstanceUID and SOPInstanceUID of the report; empty if none was written.
    segmentation_uid : str
        SOPInstanceUID of the Segmentation.
    source_series_uid : str
        SeriesInstanceUID of the source.
    bytes : int
        Size of the report.
    verified : bool
        Whether the report was read back and compared with the table.
    seconds : float
        Duration, in seconds.
    advice : tuple of str
        What was left out, assumed or has no standard code.

    Examples
    --------
    >>> from dicomseries.measurements import MeasurementRow, MeasurementTable
    >>> from dicomseries.reading import CodedConcept
    >>> row = MeasurementRow(quantity=CodedConcept("118565006", "SCT", "Volume"), value="12.5",
    ...                      label="Liver", unit=CodedConcept("mm3", "UCUM", "mm3"))
    >>> receipt = MeasurementReceipt(table=MeasurementTable((row,)), study_uid="1.2",
    ...     segmentation_uid="1.3", source_series_uid="1.4", seconds=0.1)
    >>> print(receipt)
    1 number of 1 segment, no report written
    Liver: Volume 12.5 mm3
    """

    table: MeasurementTable
    study_uid: str
    segmentation_uid: str
    source_series_uid: str
    seconds: float
    out: str | None = None
    series_uid: str = ""
    instance_uid: str = ""
    bytes: int = 0
    verified: bool = False
    advice: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "advice", tuple(map(Message, self.advice)))

    def to_dict(self) -> dict[str, Any]:
        """Return the receipt as plain values, for JSON."""
        return {
            "out": self.out,
            "study_uid": self.study_uid,
            "series_uid": self.series_uid,
            "instance_uid": self.instance_uid,
            "segmentation_uid": self.segmentation_uid,
            "source_series_uid": self.source_series_uid,
            "bytes": self.bytes,
            "verified": self.verified,
            "seconds": self.seconds,
            "advice": list(self.advice),
            "measurements": self.table.to_dict(),
        }

    def __repr__(self) -> str:
        return short_lines(self.lines())

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def lines(self) -> list[str]:
        """Return the receipt as lines for people."""
        lines = [f"{self._counts()}, {self._report()}", *self.table.lines()]
        if self.out is not None and self.verified:
            lines.append("verified: the report was read back and compared")
        elif self.out is not None:
            lines.append(Message("not verified (`verify=False`)"))
        lines += (Message(f"advice: {template_of(text)}") for text in self.advice)
        return lines

    def _counts(self) -> str:
        numbers = len(self.table)
        segments = len({(row.segment, row.label) for row in self.table})
        return (
            f"{numbers} number{'s' * (numbers != 1)} of {segments} segment{'s' * (segments != 1)}"
        )

    def _report(self) -> str:
        if self.out is None:
            return "no report written"
        return f"report {self.series_uid}: {self.bytes:,} bytes in {self.out}"

    def _repr_html_(self) -> str:
        """Return tables of facts and numbers."""
        rows = []
        for row in self.table:
            unit = row.unit.value if row.unit else ""
            rows.append((f"{row.label}: {row.name}", f"{row.value} {unit}"))
        facts = [("report", self._report())]
        for text in self.advice:
            facts.append(("advice", str(text)))
        return drawing.block(drawing.rows(facts), drawing.rows(rows))
