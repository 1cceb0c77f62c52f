"""`Kind`: one object class as a table."""

from __future__ import annotations

from collections.abc import Iterator

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
    values_text,
)
from dicomseries.lazy_dataclass import dataclass
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
    "values_text",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One object class as a table.

    Parameters
    ----------
    name : str
        Name in `kind=`, in any case ("CT").
    title : str
        The standard's name of the object.
    summary : str
        One line for help texts and for lists of kinds.
    modality : str
        Default of Modality (0008,0060).
    sop_class_uid : str
        SOP Class UID (PS3.4 annex B); the first of `sop_classes` if it depends on the pixels.
    pixels : PixelRules
        Stored numbers allowed by the object class.
    samples : tuple of int
        Samples per pixel: 1 grey, 3 RGB.
    rows : tuple of Row
        The attributes of the top level, each once.
    groups : tuple of Group
        Sequences of one item at the top level.
    frames : tuple of Group
        Functional groups (PS3.3 section C.7.6.16); with any, all frames are in one file.
    over_time : tuple of str
        Keywords of rows with a value of the plan for each volume. Empty for a kind that cannot
        hold several volumes.
    has_time_base : bool
        Whether frames and decay are counted from SeriesDate and SeriesTime (PET).
    sop_classes : tuple of (int, int, str)
        Samples per pixel, bits allocated and SOP Class UID, if the class depends on the pixels.
    place_optional : bool
        Whether image plane and frame of reference are optional.
    holds_clips : bool
        Whether frames may be pictures in time, by the Cine module (PS3.3 section C.7.6.5).

    Raises
    ------
    ValueError
        If a keyword has two rows, or one in `over_time` has none.

    Examples
    --------
    >>> example = Kind(
    ...     name="X", title="X Image", summary="an example", modality="OT", sop_class_uid="1.2",
    ...     pixels=PixelRules(), samples=(1,), rows=(Row("Rows", "1", Fact()),),
    ... )
    >>> example.row("Rows").type
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
        unknown = set(self.over_time) - {row.keyword for row in self.all_rows}
        if unknown:
            message = f"kind {self.name}: no row for {', '.join(sorted(unknown))}"
            raise ValueError(message)

    @property
    def is_multi_frame(self) -> bool:
        """Whether all frames are in one file."""
        return bool(self.frames)

    @property
    def all_rows(self) -> Iterator[Row]:
        """Rows of the top level, its sequences and functional groups."""
        yield from self.rows
        yield from rows_of(self.groups)
        yield from rows_of(self.frames)

    def sop_class(self, samples: int, bits: int) -> str:
        """Return the SOP Class UID for a pixel format.

        Raises
        ------
        KindError
            If the kind has several classes, and none for such pixels.
        """
        if not self.sop_classes:
            return self.sop_class_uid
        uids = {(number, size): uid for number, size, uid in self.sop_classes}
        if (samples, bits) not in uids:
            formats = [f"{number} of {size} bits" for number, size in uids]
            raise KindError(
                code="pixels-without-object-class",
                where="kind",
                given=f"{samples} sample(s) of {bits} bits a pixel for {self.name}",
                expected=" or ".join(formats),
                remedy='Use `kind="SC"`, one file per slice, or convert the array.',
            )
        return uids[samples, bits]

    def row(self, keyword: str) -> Row | None:
        """Return the row of an attribute; None without one."""
        return next((row for row in self.rows if row.keyword == keyword), None)
