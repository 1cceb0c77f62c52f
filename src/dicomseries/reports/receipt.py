"""The receipt of a write: record, text and HTML."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

from dicomseries import drawing
from dicomseries.checks import Finding
from dicomseries.errors import Message, counted, template_of
from dicomseries.geometry import Grid
from dicomseries.lazy_dataclass import dataclass
from dicomseries.orientation import orientation_code, orientation_text
from dicomseries.short_repr import short_lines
from dicomseries.sources import WrittenPlanes, irregular_places, plane_of
from dicomseries.values import bound_text

if TYPE_CHECKING:
    from dicomseries.reports.send_receipt import SendReceipt

__all__ = ["Receipt"]

_MOST_OTHERS = 3
"""Further series that are listed one by one for people; programs get all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The result of `write`: files, value map, error and advice.

    Parameters
    ----------
    out : str
        Folder of the series.
    kind : str
        Name of the kind, such as ``"CT"``.
    study_uid : str
        StudyInstanceUID.
    series_uid : str
        SeriesInstanceUID.
    frame_of_reference_uid : str, optional
        FrameOfReferenceUID; None for pictures without a place.
    files : int
        Number of files.
    bytes : int
        Size of all files together.
    grid : Grid
        Voxel centres in LPS mm, slices along the normal.
    dtype : str
        Type of the stored values, such as ``"uint16"``.
    slope : str
        DS text; real = slope · stored + intercept.
    intercept : str
        DS text, in real units.
    max_error : float
        Proven bound of abs(restored - real), in real units; 0.0 means exact.
    achieved_error : float
        The largest error found, never above `max_error`.
    clipped : int
        Number of voxels that were set to an end of ``clip=``.
    replaced : int
        Number of voxels that were not finite and became ``nan=``.
    verified : bool
        Whether every file was read back and compared with the array.
    seconds : float
        Duration of the write, in seconds.
    advice : tuple of str
        What a named reader will do that the user should know.
    volumes : int
        Time points, echoes or weightings in the series.
    value_range : tuple of float, optional
        Range of real values that was given, and kept to.
    others : tuple of Receipt
        The further series of the same write: of the other volumes if split, or the companion.
    delivery : SendReceipt, optional
        What the archive answered to the instances of all series, if it was the target.

    Raises
    ------
    ValueError
        If the achieved error is above the bound.

    Examples
    --------
    >>> receipt = Receipt(
    ...     out="out",
    ...     kind="CT",
    ...     study_uid="1.2",
    ...     series_uid="1.3",
    ...     frame_of_reference_uid="1.4",
    ...     files=3,
    ...     bytes=6000,
    ...     grid=Grid(shape=(3, 4, 5), spacing_mm=(1, 1, 2)),
    ...     dtype="int16",
    ...     slope="1",
    ...     intercept="0",
    ...     max_error=0.0,
    ...     achieved_error=0.0,
    ...     clipped=0,
    ...     replaced=0,
    ...     verified=True,
    ...     seconds=0.01,
    ... )
    >>> print(str(receipt).splitlines()[0])
    CT series 1.3: 3 files, 6,000 bytes in out
    """

    out: str
    kind: str
    study_uid: str
    series_uid: str
    frame_of_reference_uid: str | None
    files: int
    bytes: int
    grid: Grid
    dtype: str
    slope: str
    intercept: str
    max_error: float
    achieved_error: float
    clipped: int
    replaced: int
    verified: bool
    seconds: float
    advice: tuple[str, ...] = ()
    volumes: int = 1
    value_range: tuple[float, float] | None = None
    others: tuple[Receipt, ...] = ()
    delivery: SendReceipt | None = None

    @property
    def every(self) -> tuple[Receipt, ...]:
        """The receipts of all series, this one first."""
        return (self, *self.others)

    def __post_init__(self) -> None:
        if not self.achieved_error <= self.max_error:
            message = f"achieved_error {self.achieved_error} is above max_error {self.max_error}"
            raise ValueError(message)
        object.__setattr__(self, "advice", tuple(map(Message, self.advice)))

    def to_dict(self) -> dict[str, Any]:
        """Return the receipt as plain values, for JSON."""
        plane = plane_of(self.grid)
        return {
            "out": self.out,
            "kind": self.kind,
            "study_uid": self.study_uid,
            "series_uid": self.series_uid,
            "frame_of_reference_uid": self.frame_of_reference_uid,
            "files": self.files,
            "bytes": self.bytes,
            "shape": list(self.grid.shape),
            "volumes": self.volumes,
            **drawing.numbers_of_grid(self.grid),
            **irregular_places(self.grid),
            "orientation": None if plane is None else orientation_code(plane),
            "dtype": self.dtype,
            "slope": self.slope,
            "intercept": self.intercept,
            "max_error": self.max_error,
            "achieved_error": self.achieved_error,
            "value_range": None if self.value_range is None else list(self.value_range),
            "clipped": self.clipped,
            "replaced": self.replaced,
            "verified": self.verified,
            "seconds": self.seconds,
            "advice": list(self.advice),
            "others": [other.to_dict() for other in self.others],
            "delivery": None if self.delivery is None else self.delivery.to_dict(),
        }

    def __repr__(self) -> str:
        return short_lines(self.lines())

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def lines(self) -> list[str]:
        """Return the receipt as lines for people."""
        lines = [self._series(), f"values: {self._values()}"]
        if self.value_range is not None:
            low, high = self.value_range
            lines.append(f"range given: all values lie from {low:g} to {high:g}")
        if self.clipped or self.replaced:
            lines.append(f"changed on request: {self._changes()}")
        for other in self.others[:_MOST_OTHERS]:
            lines += [other._series(), f"values: {other._values()}"]  # noqa: SLF001 - a receipt
        if len(self.others) > _MOST_OTHERS:
            more = len(self.others) - _MOST_OTHERS
            lines.append(f"… and {more} more series, the last in {self.others[-1].out}")
        lines += self._place()
        if self.verified:
            lines.append("verified: every file was read back and compared")
        else:
            lines.append(Message("not verified (`verify=False`)"))
        if self.delivery is not None:
            lines += self.delivery.lines()
        advice = chain.from_iterable(receipt.advice for receipt in self.every)
        for text in dict.fromkeys(advice):
            lines.append(Message(f"advice: {template_of(text)}"))
        return lines

    def _place(self) -> Iterator[str]:
        """Yield the directions, and that slices lie on separate planes."""
        plane = plane_of(self.grid)
        if plane is not None:
            yield f"orientation: {orientation_text(plane)}"
        if isinstance(self.grid, WrittenPlanes):
            yield f"planes: each slice has its own position ({self.grid.summary})"

    def _repr_html_(self) -> str:
        """Return tables of facts, with a drawing."""
        tables = [drawing.rows(receipt.facts()) for receipt in self.every[: _MOST_OTHERS + 1]]
        more = len(self.every) - len(tables)
        note = ""
        if more:
            last = drawing.safe(self.others[-1].out)
            note = f"<p>… and {more} more series, the last in {last}</p>"
        return drawing.block(*tables, note, drawing.grid_drawing(self.grid))

    def to_html(
        self,
        *,
        command: str = "",
        look: drawing.VolumePreview | None = None,
        errors: drawing.Histogram | None = None,
        findings: Sequence[Finding] | None = None,
    ) -> str:
        """Return a page about the write.

        It fetches nothing.

        Parameters
        ----------
        command : str
            Command that makes the same series again.
        look : VolumePreview, optional
            Planes and histogram of the series.
        errors : Histogram, optional
            Differences of some voxels from the array, in real units.
        findings : sequence of Finding, optional
            Findings of `check` about the series.
        """
        map_text = f"real = {self.slope} · stored + {self.intercept}, stored as {self.dtype}"
        bound = (
            f"largest error: {bound_text(self.max_error)} proven, {self.achieved_error:.6g} found "
            "in all voxels"
        )
        values = f"<p>{drawing.safe(map_text)}</p><p>{drawing.safe(bound)}</p>"
        if errors is not None:
            values += f"<p>Error, in the slices shown:</p>{drawing.histogram_drawing(errors)}"
        preview, place = drawing.grid_drawing(self.grid), ""
        if look is not None:
            preview, place = drawing.preview_figure(look, ""), preview
        repeat = ""
        if command:
            repeat = f"<pre>{drawing.safe(command)}</pre>"
        others: list[str] = []
        for receipt in self.others:
            facts = drawing.rows(receipt.facts())
            others.append(drawing.section(f"{receipt.kind} series", facts))
        return drawing.page(
            f"{self.kind} series in {self.out}",
            drawing.section("What was written", drawing.rows(self.facts())),
            drawing.section("What it shows", preview),
            drawing.section("Where it is", place),
            drawing.section("Values", values),
            drawing.section("Findings", _findings(findings)),
            *others,
            drawing.section("The same again", repeat),
        )

    def facts(self) -> list[tuple[str, str]]:
        """Return the facts of this series by name, for people."""
        facts = [
            ("kind", self.kind),
            ("folder", f"{self.out}: {counted(self.files, 'file')}, {self.bytes:,} bytes"),
            ("study UID", self.study_uid),
            ("series UID", self.series_uid),
            ("frame of reference UID", self.frame_of_reference_uid or "none: no place in space"),
            *drawing.facts_of_grid(self.grid),
        ]
        if self.volumes > 1:
            facts.append((self._word, str(self.volumes)))
        facts.append(("values", self._values()))
        if self.clipped or self.replaced:
            facts.append(("changed on request", self._changes()))
        if self.verified:
            facts.append(("verified", "every file was read back and compared"))
        else:
            facts.append(("verified", "no"))
        if self.delivery is not None:
            facts += self.delivery.facts()[1:]
        facts += (("advice", text) for text in self.advice)
        return facts

    def _changes(self) -> str:
        return f"{self.clipped} voxels clipped, {self.replaced} non-finite replaced"

    def _series(self) -> str:
        files = counted(self.files, "file")
        name = f"{self.kind} series {self.series_uid}"
        if self.volumes > 1:
            name += f" with {self.volumes} {self._word}"
        return f"{name}: {files}, {self.bytes:,} bytes in {self.out}"

    @property
    def _word(self) -> str:
        """The word for time points."""
        if self.grid.statement.has_place or self.grid.shape[0] > 1:
            return "volumes"
        return "frames"

    def _values(self) -> str:
        stored = f"{self.dtype}, slope {self.slope}, intercept {self.intercept}"
        if self.max_error == 0:
            return f"exact ({stored})"
        proven = f"error ≤ {bound_text(self.max_error)} proven"
        return f"{proven}, {self.achieved_error:.6g} found ({stored})"


def _findings(findings: Sequence[Finding] | None) -> str:
    """Return findings as a table or sentence."""
    if findings is None:
        return ""
    if not findings:
        return "<p>None: <code>check</code> is silent.</p>"
    rows: list[tuple[str, str]] = []
    for finding in findings:
        text = f"{finding.where}: {finding.message} {finding.remedy}"
        rows.append((f"{finding.level} {finding.id}", text))
    return drawing.rows(rows)
