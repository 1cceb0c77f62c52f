"""Attributes that differ by volume, slice or frame."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Literal

import numpy as np

from dicomseries.errors import MetadataError
from dicomseries.iod import Kind
from dicomseries.lazy_dataclass import dataclass
from dicomseries.metadata import Metadata
from dicomseries.standard.attributes.attribute import Value, tag_of, vr_of
from dicomseries.standard.attributes.date_times import date_text, moment_of
from dicomseries.standard.attributes.decimal_string import format_ds
from dicomseries.standard.attributes.multiplicity import multiplicity

__all__ = [
    "Column",
    "Extent",
    "FrameTable",
    "Per",
    "given_columns",
    "time_columns",
    "time_facts",
]

Per = Literal["volume", "slice", "segment", "frame"]
Values = tuple[Value, ...]

_EVEN = 1e-6
"""Times that differ by less than this part of a step are even."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """Number of volumes and slices, and times.

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
class FrameTable:
    """Slice and segment of each frame of a segmentation.

    Parameters
    ----------
    slices, segments : tuple of int
        Of each frame in the order of the file, from 0.

    Examples
    --------
    >>> len(FrameTable(slices=(0, 2), segments=(0, 0)))
    2
    """

    slices: tuple[int, ...]
    segments: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.slices)


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """Values of one attribute in each volume or slice.

    Parameters
    ----------
    keyword : str
        Keyword of PS3.6.
    per : {"volume", "slice", "segment", "frame"}
        What an entry of `values` belongs to; the slices are those of every volume.
    values : tuple
        The values of each, as `Attribute` has them; None if the attribute is absent there.
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
    values: tuple[Values | None, ...]
    vr: str

    def __post_init__(self) -> None:
        tag_of(self.keyword)

    def at(self, frame: int, *, slices: int) -> Values | None:
        """Return the values in a frame; None if absent."""
        if self.per == "volume":
            return self.values[frame // slices]
        if self.per == "slice":
            return self.values[frame % slices]
        return self.values[frame]

    @property
    def is_constant(self) -> bool:
        """Whether all entries are equal."""
        # equal entries are mostly one object: comparing is then free, hashing sequences is not
        return bool(self.values) and all(entry == self.values[0] for entry in self.values)

    def of_volume(self, index: int, *, slices: int) -> Column:
        """Return the column of one of the volumes."""
        if self.per == "slice":
            return self
        per: Per = "volume"
        values = self.values[index : index + 1]
        if self.per == "frame":
            per = "slice"
            values = self.values[index * slices : (index + 1) * slices]
        return Column(keyword=self.keyword, per=per, values=values, vr=self.vr)


# --------------------------------------------------------------------------------------------- time
def time_columns(kind: Kind, extent: Extent, metadata: Metadata) -> tuple[Column, ...]:
    """Return number and time of each volume.

    Parameters
    ----------
    kind : Kind
        Its `over_time` names the attributes.
    extent : Extent
        The volumes and their times in seconds.
    metadata : Metadata
        The user's attributes win; AcquisitionDate and AcquisitionTime are those of the first
        volume.

    Notes
    -----
    PS3.3 sections C.8.3.1 (TemporalPositionIdentifier), C.8.9.4 (FrameReferenceTime,
    ActualFrameDuration), C.7.6.1 (AcquisitionNumber, AcquisitionTime), C.7.6.16.2.2
    (TemporalPositionIndex).
    """
    if not extent.is_timed:
        return ()
    columns: list[Column] = []
    for keyword, values in _values_over_time(extent, metadata).items():
        is_start = keyword in {"AcquisitionDate", "AcquisitionTime"}
        if keyword in kind.over_time and (is_start or metadata.get(keyword) is None):
            columns.append(Column(keyword=keyword, per="volume", values=values, vr=vr_of(keyword)))
    return tuple(columns)


def time_facts(kind: Kind, extent: Extent) -> dict[str, tuple[Any, ...]]:
    """Return the attributes of a kind about all volumes together."""
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


def _values_over_time(extent: Extent, metadata: Metadata) -> dict[str, tuple[Values, ...]]:
    numbers: list[Values] = []
    texts: list[Values] = []
    for number in range(1, extent.volumes + 1):
        numbers.append((number,))
        texts.append((str(number),))
    values: dict[str, tuple[Values, ...]] = {
        "TemporalPositionIdentifier": tuple(texts),
        "AcquisitionNumber": tuple(texts),
        "TemporalPositionIndex": tuple(numbers),
    }
    if extent.times_s is None:
        return values
    milliseconds = [1000 * time for time in extent.times_s]
    steps = _steps(milliseconds)
    values["FrameReferenceTime"] = tuple((format_ds(time),) for time in milliseconds)
    values["ActualFrameDuration"] = tuple((str(round(step)),) for step in steps)
    values["TemporalPositionTimeOffset"] = tuple((time,) for time in extent.times_s)
    return values | _acquisition_moments(extent.times_s, metadata)


def _steps(times: Sequence[float]) -> list[float]:
    """Return the duration of each volume."""
    steps: list[float] = np.diff(times).tolist()
    return [*steps, *steps[-1:]] or [0.0]


def _acquisition_moments(
    times_s: Sequence[float], metadata: Metadata
) -> dict[str, tuple[Values, ...]]:
    """Return date and time of each volume, if known."""
    date, time = metadata.get("AcquisitionDate"), metadata.get("AcquisitionTime")
    if date is None or time is None or date.is_empty or time.is_empty:
        return {}
    start = moment_of(str(date.values[0]), str(time.values[0]))
    if start is None:
        return {}
    dates: list[Values] = []
    times: list[Values] = []
    for seconds in times_s:
        moment = start + dt.timedelta(seconds=seconds)
        dates.append((date_text(moment),))
        times.append((f"{moment:%H%M%S.%f}",))
    return {"AcquisitionDate": tuple(dates), "AcquisitionTime": tuple(times)}


# ------------------------------------------------------------------------------------- the user's
_OF_PLACES = {"ImagePositionPatient", "SliceLocation"}
"""They would place slices unevenly; slices are even here."""


def given_columns(
    per_volume: Mapping[str, Any] | None, extent: Extent, *, is_reversed: bool = False
) -> tuple[Column, ...]:
    """Return the user's attributes of each volume or slice, checked.

    Parameters
    ----------
    per_volume : mapping of str to sequence
        By keyword: one entry for each volume; or for each slice of each volume, as one row
        (volumes · slices) or as rows of slices for each volume; of a single volume, or if slices
        and volumes differ in number, also one entry for each slice. None leaves the attribute out
        of that volume or slice.
    extent : Extent
        Numbers of volumes and slices.
    is_reversed : bool
        Whether the slices are written in the opposite order of the array.

    Raises
    ------
    MetadataError
        All faults at once.

    Examples
    --------
    >>> columns = given_columns({"DiffusionBValue": [0, 1000]}, Extent(volumes=2, slices=3))
    >>> columns[0].values, columns[0].per
    (((0.0,), (1000.0,)), 'volume')
    """
    faults: list[MetadataError] = []
    columns: list[Column] = []
    for keyword, entries in (per_volume or {}).items():
        try:
            columns.append(_column(keyword, entries, extent, is_reversed=is_reversed))
        except MetadataError as fault:
            faults.append(fault)
    if faults:
        raise MetadataError.together(faults)
    return (*columns, *_directionality(columns))


def _column(keyword: str, entries: Any, extent: Extent, *, is_reversed: bool) -> Column:
    if keyword in _OF_PLACES:
        raise _uneven_slices(keyword)
    rows, per = _entries(keyword, entries, extent)
    if is_reversed and per != "volume":
        slices = extent.slices
        in_order, rows = rows, []
        for first in range(0, len(in_order), slices):
            rows += in_order[first : first + slices][::-1]
    values: list[Values | None] = []
    vr = ""
    for index, row in enumerate(rows):
        entry_vr, entry = _checked(keyword, index, row)
        vr = vr or entry_vr
        values.append(entry)
    return Column(keyword=keyword, per=per, values=tuple(values), vr=vr or vr_of(keyword))


def _entries(keyword: str, entries: Any, extent: Extent) -> tuple[list[Any], Per]:
    """Return the entries in a row, and their owners."""
    if hasattr(entries, "tolist"):
        entries = entries.tolist()
    if not isinstance(entries, (list, tuple)):
        raise _wrong_length(keyword, "no list", extent)
    rows = list(entries)
    if len(rows) == extent.volumes:
        if not all(_is_volume_row(keyword, row, extent) for row in rows):
            return rows, "volume"
        return list(chain.from_iterable(rows)), "frame"
    if len(rows) == extent.slices:
        return rows, "slice"
    if len(rows) != extent.frames:
        raise _wrong_length(keyword, f"{len(rows)} values", extent)
    return rows, "frame"


def _is_volume_row(keyword: str, row: Any, extent: Extent) -> bool:
    """Return whether an entry holds a value for each slice."""
    if not isinstance(row, (list, tuple)) or len(row) != extent.slices:
        return False
    try:
        is_single = multiplicity(tag_of(keyword)) == "1"
    except ValueError:  # not a keyword: rejected as in metadata
        return False
    return is_single or all(isinstance(entry, (list, tuple)) for entry in row)


def _checked(keyword: str, index: int, row: Any) -> tuple[str, Values | None]:
    if row is None or (isinstance(row, float) and math.isnan(row)):
        return "", None
    try:
        attributes = Metadata.from_mapping({keyword: row}).attributes
    except MetadataError as error:
        fault = error.faults[0]
        remedy: str = fault.remedy
        if fault.code == "number-of-values":
            remedy = "Give that many values to each."
        raise MetadataError(
            code=fault.code,
            where=f"per_volume[{keyword!r}][{index}]",
            given=fault.given,
            expected=fault.expected,
            remedy=remedy,
        ) from None
    if len(attributes) > 1:
        raise MetadataError(
            code="private-attribute",
            where=f"per_volume[{keyword!r}]",
            given="a private attribute",
            expected="an attribute of the DICOM data dictionary",
            remedy="Give one value for all in `metadata=`, or use ImageComments.",
        )
    return attributes[0].vr, attributes[0].values


def _uneven_slices(keyword: str) -> MetadataError:
    return MetadataError(
        code="spacing-uneven",
        where=f"per_volume[{keyword!r}]",
        given="a position for each slice",
        expected="none: a series is written with even slices, whose positions follow from "
        "`origin=` and `spacing=`",
        remedy="Resample the array onto evenly spaced slices first (e.g. with SimpleITK), and pass "
        "their `origin=` and `spacing=`, or `affine=` with `space=`.",
    )


def _wrong_length(keyword: str, given: str, extent: Extent) -> MetadataError:
    lengths = [
        f"{extent.volumes} (volumes)",
        f"{extent.slices} (slices)",
        f"{extent.frames} (slices of all volumes)",
    ]
    return MetadataError(
        code="per-volume-length",
        where=f"per_volume[{keyword!r}]",
        given=given,
        expected=f"a list of {', '.join(lengths)} values",
        remedy="Give one value for each volume, or for each slice; one value for all belongs into "
        "`metadata=`.",
    )


def _directionality(columns: Sequence[Column]) -> Iterator[Column]:
    """Yield DiffusionDirectionality of b-values and directions (PS3.3 C.8.13.5.9)."""
    by_name = {column.keyword: column for column in columns}
    weights = by_name.get("DiffusionBValue")
    directions = by_name.get("DiffusionGradientOrientation")
    if weights is None or "DiffusionDirectionality" in by_name:
        return
    if directions is None:
        orientations: Sequence[Values | None] = [None] * len(weights.values)
    elif directions.per == weights.per:
        orientations = directions.values
    else:
        return
    terms: list[Values | None] = []
    for weight, orientation in zip(weights.values, orientations, strict=True):
        if weight is None:
            terms.append(None)
        elif not weight[0]:
            terms.append(("NONE",))
        elif orientation is None:
            terms.append(("ISOTROPIC",))
        else:
            terms.append(("DIRECTIONAL",))
    yield Column(keyword="DiffusionDirectionality", per=weights.per, values=tuple(terms), vr="CS")
