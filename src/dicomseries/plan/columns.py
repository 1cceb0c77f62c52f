"""Attributes with another value in every volume, slice or frame, as columns of values."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

from pydicom.datadict import dictionary_VM

from dicomseries.errors import MetadataError
from dicomseries.iod import Kind
from dicomseries.metadata import Metadata
from dicomseries.standard.attribute import Value, tag_of, vr_of
from dicomseries.standard.decimal_string import format_ds
from dicomseries.standard.moments import date_text, moment_of

__all__ = ["Column", "Extent", "Per", "given_columns", "time_columns", "time_facts"]

Per = Literal["volume", "slice", "frame"]

_EVEN = 1e-6
"""Times that differ by less than this part of a step follow each other evenly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """How many frames there are, and when the volumes were taken.

    Parameters
    ----------
    volumes, slices : int
        Frames are volumes · slices, slices running fastest.
    times_s : tuple of float, optional
        Seconds of each volume after the first.
    repetition_time_s : float, optional
        Repetition time in seconds, if the source states one.

    Examples
    --------
    >>> Extent(volumes=2, slices=3).frames
    6
    """

    volumes: int
    slices: int
    times_s: tuple[float, ...] | None = None
    repetition_time_s: float | None = None

    @property
    def frames(self) -> int:
        """Slices of all volumes together."""
        return self.volumes * self.slices

    @property
    def is_timed(self) -> bool:
        """Whether there are several volumes."""
        return self.volumes > 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """The values of one attribute.

    Parameters
    ----------
    keyword : str
        Keyword of PS3.6.
    per : {"volume", "slice", "frame"}
        What an entry of `values` belongs to; the slices are those of every volume.
    values : tuple
        The values of each, as `Attribute` has them; None where the attribute is not to be there.
    vr : str
        Value representation.

    Raises
    ------
    ValueError
        If the keyword is unknown.

    Examples
    --------
    >>> echoes = Column(keyword="EchoTime", per="volume", values=(("4.6",), ("9.2",)), vr="DS")
    >>> echoes.at(5, slices=3)
    ('9.2',)
    """

    keyword: str
    per: Per
    values: tuple[tuple[Value, ...] | None, ...]
    vr: str

    def __post_init__(self) -> None:
        tag_of(self.keyword)

    def at(self, frame: int, *, slices: int) -> tuple[Value, ...] | None:
        """Return the values of a frame; None if the attribute is not there."""
        if self.per == "volume":
            return self.values[frame // slices]
        return self.values[frame % slices if self.per == "slice" else frame]

    @property
    def is_constant(self) -> bool:
        """Whether all entries are equal, so that the attribute may as well be shared."""
        # equal entries are mostly the same object: comparing is then free, hashing large sequences is not
        return bool(self.values) and all(entry == self.values[0] for entry in self.values)

    def of_volume(self, index: int, *, slices: int) -> Column:
        """Return what is left of the column for one of the volumes."""
        if self.per == "slice":
            return self
        first, count = (index, 1) if self.per == "volume" else (index * slices, slices)
        per: Per = "volume" if self.per == "volume" else "slice"
        return Column(
            keyword=self.keyword, per=per, values=self.values[first : first + count], vr=self.vr
        )


# ------------------------------------------------------------------------------------------------------------- time
def time_columns(kind: Kind, extent: Extent, metadata: Metadata) -> tuple[Column, ...]:
    """Return what a kind says of each volume: its number, and its time where that is known.

    Parameters
    ----------
    kind : Kind
        Its `over_time` names the attributes.
    extent : Extent
        The volumes and their times in seconds.
    metadata : Metadata
        What the user has given wins; AcquisitionDate and AcquisitionTime are the moment of the first volume.

    Notes
    -----
    PS3.3 sections C.8.3.1 (TemporalPositionIdentifier), C.8.9.4 (FrameReferenceTime, ActualFrameDuration),
    C.7.6.1 (AcquisitionNumber, AcquisitionTime), C.7.6.16.2.2 (TemporalPositionIndex).

    Examples
    --------
    >>> from dicomseries.iod import MR
    >>> [one.keyword for one in time_columns(MR, Extent(volumes=2, slices=3, times_s=(0.0, 2.5)), Metadata())][:1]
    ['TemporalPositionIdentifier']
    """
    found: list[Column] = []
    for keyword, values in _over_time(extent, metadata).items() if extent.is_timed else ():
        base = keyword in {"AcquisitionDate", "AcquisitionTime"}
        if keyword in kind.over_time and (base or metadata.get(keyword) is None):
            found.append(Column(keyword=keyword, per="volume", values=values, vr=vr_of(keyword)))
    return tuple(found)


def time_facts(kind: Kind, extent: Extent) -> dict[str, tuple[Any, ...]]:
    """Return what a kind says once of all volumes together.

    Examples
    --------
    >>> from dicomseries.iod import MR
    >>> time_facts(MR, Extent(volumes=2, slices=3))
    {'NumberOfTemporalPositions': ('2',)}
    """
    if not extent.is_timed:
        return {}
    facts: dict[str, tuple[Any, ...]] = {
        "NumberOfTemporalPositions": (str(extent.volumes),),
        "NumberOfTimeSlices": (extent.volumes,),
        "SeriesType": ("DYNAMIC", "IMAGE"),
    }
    steps = _steps([1000 * time for time in extent.times_s or ()])
    if len(steps) > 1 and max(steps) - min(steps) <= _EVEN * max(steps):
        facts["TemporalResolution"] = (format_ds(sum(steps) / len(steps)),)
    return {keyword: values for keyword, values in facts.items() if keyword in kind.over_time}


def _over_time(extent: Extent, metadata: Metadata) -> dict[str, tuple[tuple[Value, ...], ...]]:
    numbers = range(1, extent.volumes + 1)
    found: dict[str, tuple[tuple[Value, ...], ...]] = {
        "TemporalPositionIdentifier": tuple((str(number),) for number in numbers),
        "AcquisitionNumber": tuple((str(number),) for number in numbers),
        "TemporalPositionIndex": tuple((number,) for number in numbers),
    }
    if extent.times_s is None:
        return found
    milliseconds = [1000 * time for time in extent.times_s]
    found |= {
        "FrameReferenceTime": tuple((format_ds(time),) for time in milliseconds),
        "ActualFrameDuration": tuple((str(round(step)),) for step in _steps(milliseconds)),
        "TemporalPositionTimeOffset": tuple((time,) for time in extent.times_s),
    }
    return found | _moments(extent.times_s, metadata)


def _steps(times: Sequence[float]) -> list[float]:
    """Return the time from each volume to the next; the last one is taken to last as long as the one before."""
    steps = [after - before for before, after in pairwise(times)]
    return [*steps, steps[-1]] if steps else [0.0]


def _moments(
    times_s: Sequence[float], metadata: Metadata
) -> dict[str, tuple[tuple[Value, ...], ...]]:
    """Return date and time of each volume, if the user has said when the first was acquired."""
    date, time = metadata.get("AcquisitionDate"), metadata.get("AcquisitionTime")
    if date is None or time is None or date.is_empty or time.is_empty:
        return {}
    start = moment_of(str(date.values[0]), str(time.values[0]))
    if start is None:
        return {}
    moments = [start + dt.timedelta(seconds=seconds) for seconds in times_s]
    return {
        "AcquisitionDate": tuple((date_text(one),) for one in moments),
        "AcquisitionTime": tuple((f"{one:%H%M%S.%f}",) for one in moments),
    }


# ------------------------------------------------------------------------------------------------------- the user's
def given_columns(
    per_volume: Mapping[str, Any] | None, extent: Extent, *, is_reversed: bool = False
) -> tuple[Column, ...]:
    """Return the user's attributes of each volume or slice, checked as metadata are.

    Parameters
    ----------
    per_volume : mapping of str to sequence
        By keyword: one entry for each volume; or for each slice of each volume, as one row (volumes · slices) or as
        rows of slices for each volume; of a single volume, or where slices and volumes differ in number, also one
        entry for each slice. None leaves the attribute out of that volume or slice.
    extent : Extent
        How many there are.
    is_reversed : bool
        Whether the slices are written in the opposite order of the array.

    Raises
    ------
    MetadataError
        All that does not fit, at once.

    Examples
    --------
    >>> columns = given_columns({"DiffusionBValue": [0, 1000]}, Extent(volumes=2, slices=3))
    >>> columns[0].values, columns[0].per
    (((0.0,), (1000.0,)), 'volume')
    """
    faults: list[MetadataError] = []
    found: list[Column] = []
    for keyword, entries in (per_volume or {}).items():
        try:
            found.append(_given(keyword, entries, extent, is_reversed=is_reversed))
        except MetadataError as fault:
            faults.append(fault)
    if faults:
        raise MetadataError.together(faults)
    return (*found, *_directionality(found))


def _given(keyword: str, entries: Any, extent: Extent, *, is_reversed: bool) -> Column:
    if keyword in _OF_PLACES:
        raise _uneven_slices(keyword)
    rows = _listed(keyword, entries, extent)
    per: Per = "volume" if len(rows) == extent.volumes else "frame"
    if per == "volume" and all(_is_row(keyword, row, extent) for row in rows):
        rows, per = [one for row in rows for one in row], "frame"
    elif per == "frame" and len(rows) == extent.slices:
        per = "slice"
    elif per == "frame" and len(rows) != extent.frames:
        raise _wrong_length(keyword, len(rows), extent)
    if is_reversed and per != "volume":
        rows = [
            one
            for first in range(0, len(rows), extent.slices)
            for one in rows[first : first + extent.slices][::-1]
        ]
    checked = [_checked(keyword, index, row) for index, row in enumerate(rows)]
    vr = next((vr for vr, values in checked if values is not None), vr_of(keyword))
    return Column(keyword=keyword, per=per, values=tuple(values for _, values in checked), vr=vr)


def _listed(keyword: str, entries: Any, extent: Extent) -> list[Any]:
    plain = entries.tolist() if hasattr(entries, "tolist") else entries
    if isinstance(plain, (list, tuple)):
        return list(plain)
    raise _wrong_length(keyword, None, extent)


def _is_row(keyword: str, row: Any, extent: Extent) -> bool:
    """Return whether an entry holds the values of the slices of one volume, rather than one value of many numbers."""
    if not isinstance(row, (list, tuple)) or len(row) != extent.slices:
        return False
    try:
        return dictionary_VM(keyword) == "1" or all(isinstance(one, (list, tuple)) for one in row)
    except KeyError:  # what is no keyword is refused as metadata are
        return False


_OF_PLACES = {"ImagePositionPatient", "SliceLocation"}
"""What would put each slice where it likes; slices are even here."""


def _uneven_slices(keyword: str) -> MetadataError:
    return MetadataError(
        code="spacing-uneven",
        where=f"per_volume[{keyword!r}]",
        given="a position for each slice",
        expected="none: a series is written with even slices, whose positions follow from origin= and spacing=",
        remedy="Resample the array onto evenly spaced slices first (e.g. with SimpleITK), and pass their origin= and "
        "spacing=, or affine= with space=.",
    )


def _checked(keyword: str, index: int, row: Any) -> tuple[str, tuple[Value, ...] | None]:
    if row is None or (isinstance(row, float) and math.isnan(row)):
        return "", None
    try:
        found = Metadata.from_mapping({keyword: row}).attributes
    except MetadataError as refusal:
        fault = refusal.faults[0]
        raise MetadataError(
            code=fault.code,
            where=f"per_volume[{keyword!r}][{index}]",
            given=fault.given,
            expected=fault.expected,
            remedy="Give that many values to each."
            if fault.code == "number-of-values"
            else fault.remedy,
        ) from None
    if len(found) > 1:
        raise MetadataError(
            code="private-attribute",
            where=f"per_volume[{keyword!r}]",
            given="a private attribute",
            expected="an attribute of the DICOM data dictionary",
            remedy="Give one value for all in metadata=, or use ImageComments.",
        )
    return found[0].vr, found[0].values


def _wrong_length(keyword: str, count: int | None, extent: Extent) -> MetadataError:
    lengths = [
        f"{extent.volumes} (volumes)",
        f"{extent.slices} (slices)",
        f"{extent.frames} (slices of all volumes)",
    ]
    return MetadataError(
        code="per-volume-length",
        where=f"per_volume[{keyword!r}]",
        given="no list" if count is None else f"{count} values",
        expected=f"a list of {', '.join(dict.fromkeys(lengths))} values",
        remedy="Give one value for each volume, or for each slice; one value for all belongs into metadata=.",
    )


def _directionality(columns: Sequence[Column]) -> Iterator[Column]:
    """Yield what follows from b-values and gradient directions (PS3.3 section C.8.13.5.9)."""
    by_name: dict[str, Column] = {column.keyword: column for column in columns}
    weights, directions = (
        by_name.get("DiffusionBValue"),
        by_name.get("DiffusionGradientOrientation"),
    )
    if weights is None or "DiffusionDirectionality" in by_name:
        return
    if directions is not None and directions.per != weights.per:
        return
    term: Callable[[Any, Any], str] = lambda weight, direction: (  # noqa: E731 - one line of a table
        "NONE" if not weight[0] else "ISOTROPIC" if direction is None else "DIRECTIONAL"
    )
    pairs = zip(
        weights.values,
        directions.values if directions else (None,) * len(weights.values),
        strict=True,
    )
    values = tuple(
        None if weight is None else (term(weight, direction),) for weight, direction in pairs
    )
    yield Column(keyword="DiffusionDirectionality", per=weights.per, values=values, vr="CS")
