"""`Kind`: one object class as a table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dicomseries.errors import KindError
from dicomseries.iod.groups import Group, rows_of
from dicomseries.iod.rows import (
    Absent,
    Choice,
    Coded,
    Constant,
    Default,
    Fact,
    PerInstance,
    Polarity,
    Remark,
    Row,
    Source,
    shown,
)
from dicomseries.values import PixelRules

__all__ = [
    "Absent",
    "Choice",
    "Coded",
    "Constant",
    "Default",
    "Fact",
    "Group",
    "Kind",
    "PerInstance",
    "Polarity",
    "Remark",
    "Row",
    "Source",
    "shown",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One object class as a table.

    Parameters
    ----------
    name : str
        What users say, in any case ("CT").
    title : str
        The standard's name of the object.
    summary : str
        One line for help texts and for the error that lists the kinds.
    modality : str
        Default of Modality (0008,0060).
    sop_class_uid : str
        SOP Class UID (PS3.4 annex B); the first of `sop_classes` where it depends on the pixels.
    pixels : PixelRules
        Which stored numbers the object class allows.
    samples : tuple of int
        Samples a pixel: 1 grey, 3 RGB.
    rows : tuple of Row
        The attributes of the top level, each once.
    groups : tuple of Group
        Sequences of one item at the top level.
    frames : tuple of Group
        Functional groups (PS3.3 section C.7.6.16); with any, all frames are in one file.
    over_time : tuple of str
        What is said of each volume where there are several: keywords of rows, whose values the plan has. Empty for a
        kind that cannot hold several volumes.
    has_time_base : bool
        Whether SeriesDate and SeriesTime are the moment from which frames and decay are counted (PET).
    sop_classes : tuple of (int, int, str)
        Samples a pixel, bits allocated and SOP Class UID, where the class depends on the pixels.
    place_optional : bool
        Whether the object class may do without image plane and frame of reference.
    holds_clips : bool
        Whether frames may be pictures in time, told apart by the Cine module (PS3.3 section C.7.6.5).

    Raises
    ------
    ValueError
        If a keyword has two rows, or `over_time` names one that has none.

    Examples
    --------
    >>> tiny = Kind(name="X", title="X Image", summary="an example", modality="OT", sop_class_uid="1.2",
    ...             pixels=PixelRules(), samples=(1,), rows=(Row("Rows", "1", Fact()),))
    >>> tiny.row("Rows").type
    '1'
    """

    name: str
    title: str
    summary: str
    modality: str
    sop_class_uid: str
    pixels: PixelRules
    samples: tuple[int, ...]
    rows: tuple[Row, ...]
    groups: tuple[Group, ...] = ()
    frames: tuple[Group, ...] = ()
    over_time: tuple[str, ...] = ()
    has_time_base: bool = False
    sop_classes: tuple[tuple[int, int, str], ...] = ()
    place_optional: bool = False
    holds_clips: bool = False

    def __post_init__(self) -> None:
        keywords = [row.keyword for row in (*self.rows, *rows_of(self.groups))]
        twice = sorted({keyword for keyword in keywords if keywords.count(keyword) > 1})
        if twice:
            message = f"kind {self.name}: two rows for {', '.join(twice)}"
            raise ValueError(message)
        strange = set(self.over_time) - {row.keyword for row in self.all_rows}
        if strange:
            message = f"kind {self.name}: no row for {', '.join(sorted(strange))}"
            raise ValueError(message)

    @property
    def is_multi_frame(self) -> bool:
        """Whether all frames are in one file."""
        return bool(self.frames)

    @property
    def all_rows(self) -> Iterator[Row]:
        """The rows of the top level, of its sequences and of the functional groups."""
        yield from self.rows
        yield from rows_of(self.groups)
        yield from rows_of(self.frames)

    def sop_class(self, samples: int, bits: int) -> str:
        """Return the SOP Class UID for pixels of so many samples and bits allocated.

        Raises
        ------
        KindError
            If the kind has several classes, and none for such pixels.
        """
        found = {(number, size): uid for number, size, uid in self.sop_classes}
        if not found:
            return self.sop_class_uid
        if (samples, bits) not in found:
            raise KindError(
                code="pixels-without-object-class",
                where="kind",
                given=f"{samples} sample(s) of {bits} bits a pixel for {self.name}",
                expected=" or ".join(
                    f"{own_samples} of {own_bits} bits"
                    for own_samples, own_bits, _ in self.sop_classes
                ),
                remedy='Use `kind="SC"`, one file a slice, or convert the array.',
            )
        return found[samples, bits]

    def row(self, keyword: str) -> Row | None:
        """Return the row of an attribute; None if the kind has none."""
        return next((row for row in self.rows if row.keyword == keyword), None)
