"""The receipt of `write_result`: all series of one result."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from dicomseries import drawing
from dicomseries.errors import Message, counted, template_of
from dicomseries.lazy_dataclass import dataclass
from dicomseries.reports.receipt import Receipt
from dicomseries.reports.send_receipt import SendReceipt
from dicomseries.short_repr import short_lines

if TYPE_CHECKING:
    from dicomseries.reports.measurement_receipt import MeasurementReceipt

__all__ = ["ResultPart", "ResultReceipt"]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ResultPart:
    """One series of a result, with its receipt.

    Parameters
    ----------
    name : str
        "segmentation", "measurements", "picture", or such as "map ADC".
    folder : str
        Its folder, inside of that of the result.
    receipt : Receipt or MeasurementReceipt
        Of the series, as `write`, `picture` and `measure` return it.

    Examples
    --------
    >>> from dicomseries.reports import ResultPart
    >>> ResultPart.__name__
    'ResultPart'
    """

    name: str
    folder: str
    receipt: Receipt | MeasurementReceipt

    def __repr__(self) -> str:
        return short_lines([f"{self.name} in {self.folder}", *self.receipt.lines()])


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ResultReceipt:
    """The result of `write_result`: a receipt for each part.

    Parameters
    ----------
    out : str
        Folder of all series.
    study_uid : str
        StudyInstanceUID, that of the source.
    parts : tuple of ResultPart
        In the order in which they were written.
    seconds : float
        Duration of the whole, in seconds.
    delivery : SendReceipt, optional
        What the archive answered, if it was the target.

    Examples
    --------
    >>> receipt = ResultReceipt(out="out", study_uid="1.2", parts=(), seconds=0.1)
    >>> print(receipt)
    Result of 0 series in study 1.2: 0 files, 0 bytes in out
    """

    out: str
    study_uid: str
    parts: tuple[ResultPart, ...]
    seconds: float
    delivery: SendReceipt | None = None

    def __getitem__(self, name: str) -> Receipt | MeasurementReceipt:
        """Return the receipt of a part by its name.

        Raises
        ------
        KeyError
            If there is no such part.
        """
        for part in self.parts:
            if part.name == name:
                return part.receipt
        message = f"{name!r}; the result has {', '.join(repr(part.name) for part in self.parts)}"
        raise KeyError(message)

    @property
    def files(self) -> int:
        """Number of files of all parts."""
        return sum(_files(part.receipt) for part in self.parts)

    @property
    def bytes(self) -> int:
        """Size of all files together."""
        total = 0
        for part in self.parts:
            for receipt in _every(part.receipt):
                total += receipt.bytes
        return total

    @property
    def verified(self) -> bool:
        """Whether every file was read back and compared."""
        return all(part.receipt.verified for part in self.parts)

    @property
    def advice(self) -> tuple[str, ...]:
        """What the user should know, of all parts."""
        texts: list[str] = []
        for part in self.parts:
            for receipt in _every(part.receipt):
                texts += receipt.advice
        return tuple(dict.fromkeys(texts))

    def to_dict(self) -> dict[str, Any]:
        """Return the receipt as plain values, for JSON."""
        parts = []
        for part in self.parts:
            parts.append({"name": part.name, "folder": part.folder, **part.receipt.to_dict()})
        return {
            "out": self.out,
            "study_uid": self.study_uid,
            "files": self.files,
            "bytes": self.bytes,
            "verified": self.verified,
            "seconds": self.seconds,
            "parts": parts,
            "delivery": None if self.delivery is None else self.delivery.to_dict(),
        }

    def __repr__(self) -> str:
        return short_lines(self.lines())

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def lines(self) -> list[str]:
        """Return the receipt as lines for people."""
        lines = [self._counts()]
        for part in self.parts:
            lines += map(_line, _named(part))
        if self.parts and self.verified:
            lines.append("verified: every file was read back and compared")
        elif self.parts:
            lines.append(Message("not verified (`verify=False`)"))
        if self.delivery is not None:
            lines += self.delivery.lines()
        for text in self.advice:
            lines.append(Message(f"advice: {template_of(text)}"))
        return lines

    def facts(self) -> list[tuple[str, str]]:
        """Return the facts of the result by name, for people."""
        facts = [
            ("folder", f"{self.out}: {counted(self.files, 'file')}, {self.bytes:,} bytes"),
            ("study UID", self.study_uid),
        ]
        for part in self.parts:
            facts += _named(part)
        facts.append(("verified", "every file" if self.verified else "no"))
        if self.delivery is not None:
            facts += self.delivery.facts()[1:]
        for text in self.advice:
            facts.append(("advice", text))
        return facts

    def _counts(self) -> str:
        series = sum(len(_every(part.receipt)) for part in self.parts)
        files = counted(self.files, "file")
        name = f"Result of {series} series in study {self.study_uid}"
        return f"{name}: {files}, {self.bytes:,} bytes in {self.out}"

    def _repr_html_(self) -> str:
        """Return tables of facts for a notebook."""
        return drawing.block(drawing.rows(self.facts()))

    def to_html(self, *, command: str = "") -> str:
        """Return a page about the result.

        It fetches nothing.

        Parameters
        ----------
        command : str
            Command that makes the same result again.
        """
        sections = [drawing.section("What was written", drawing.rows(self.facts()))]
        for part in self.parts:
            block = part.receipt._repr_html_()
            sections.append(drawing.section(part.name.capitalize(), block))
        repeat = f"<pre>{drawing.safe(command)}</pre>" if command else ""
        sections.append(drawing.section("The same again", repeat))
        return drawing.page(f"Result in {self.out}", *sections)


def _every(receipt: Receipt | MeasurementReceipt) -> tuple[Receipt | MeasurementReceipt, ...]:
    """Return the receipts of all series of a part."""
    if isinstance(receipt, Receipt):
        return receipt.every
    return (receipt,)


def _files(receipt: Receipt | MeasurementReceipt) -> int:
    if isinstance(receipt, Receipt):
        return sum(series.files for series in receipt.every)
    return 1


def _named(part: ResultPart) -> Iterator[tuple[str, str]]:
    """Yield name and facts of each series of a part."""
    for receipt in _every(part.receipt):
        files = counted(receipt.files if isinstance(receipt, Receipt) else 1, "file")
        text = f"series {receipt.series_uid}: {files}, {receipt.bytes:,} bytes in {receipt.out}"
        yield part.name, text


def _line(fact: tuple[str, str]) -> str:
    name, text = fact
    return f"{name}: {text}"
