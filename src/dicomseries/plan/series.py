"""`SeriesPlan`: every name, UID, attribute and size of a series, before a pixel is encoded.

What a user can get wrong is refused here; after it only the source or the sink can fail.
"""

from __future__ import annotations

import datetime as dt
import statistics as averages
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dicomseries.errors import KindError
from dicomseries.geometry import Grid
from dicomseries.iod import Kind, compose
from dicomseries.metadata import Metadata
from dicomseries.standard.attribute import Attribute, attribute
from dicomseries.standard.decimal_string import format_ds
from dicomseries.uids import SeriesUids
from dicomseries.values import SliceStatistics, Statistics, ValueMap

__all__ = ["EXPLICIT_VR_LITTLE_ENDIAN", "InstancePlan", "SeriesPlan", "plan_series"]

EXPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
_MOST_ROWS = 65535
"""Rows and Columns (PS3.3 section C.7.6.3) are unsigned 16-bit numbers, as is NumberOfSlices (section C.8.9.1)."""

_MOST_FRAME_BYTES = 0xFFFFFFFE
"""Largest length of a native Pixel Data element (PS3.5 section 7.1.1)."""

_FEWEST_DIGITS = 4
_LONG_FORM = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"})
_BINARY_BYTES = {"AT": 4, "FD": 8, "FL": 4, "SL": 4, "SS": 2, "SV": 8, "UL": 4, "US": 2, "UV": 8}
_PREAMBLE_BYTES = 128 + 4 + 12
"""Preamble, DICM, and the group length of the file meta information (PS3.10 section 7.1)."""

IMPLEMENTATION_CLASS_UID = "2.25.222845625085660825971832822909848705672"
"""Names this writer in the file meta information (PS3.10 section 7.1); a UUID made once for it."""

IMPLEMENTATION_VERSION_NAME = "DICOMSERIES_1"
SOFTWARE_VERSION = "0.1.0"
"""Of this package; a test holds it to what the package's metadata say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InstancePlan:
    """What one slice's file says that the others do not.

    Parameters
    ----------
    index : int
        Slice along the normal, from 0.
    name : str
        File name.
    sop_instance_uid : str
        The instance's own UID.
    attributes : tuple of Attribute
        The varying attributes in tag order.
    """

    index: int
    name: str
    sop_instance_uid: str
    attributes: tuple[Attribute, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesPlan:
    """A series as it will be written; equal plans give equal files.

    Parameters
    ----------
    kind : str
        ``"CT"``, ``"MR"``, ``"PT"``, ``"SC"``.
    sop_class_uid, transfer_syntax_uid : str
        PS3.4 section B.5; PS3.5 annex A.
    uids : SeriesUids
        Study, series, frame of reference, and those of the instances on demand.
    grid : Grid
        Voxel centres in LPS mm, slices along the normal.
    samples : int
        Samples per pixel, 1 or 3.
    value_map : ValueMap
        Real to stored numbers, with the proven bound.
    shared : tuple of Attribute
        What is byte for byte equal in all instances, in tag order.
    per_instance : tuple of str
        Keywords of what differs, in tag order.
    advice : tuple of str
        What a named reader will do that the user should know.
    """

    kind: str
    sop_class_uid: str
    transfer_syntax_uid: str
    uids: SeriesUids
    grid: Grid
    samples: int
    value_map: ValueMap
    shared: tuple[Attribute, ...]
    per_instance: tuple[str, ...]
    advice: tuple[str, ...] = ()

    def __len__(self) -> int:
        return self.grid.shape[0]

    def __iter__(self) -> Iterator[InstancePlan]:
        return map(self.instance, range(len(self)))

    @property
    def frame_bytes(self) -> int:
        """Bytes of one slice's pixels, without the byte that makes them even."""
        return self.grid.shape[1] * self.grid.shape[2] * self.samples * self.value_map.bits // 8

    @property
    def total_bytes(self) -> int:
        """Bytes of all files together."""
        return len(self) * self._fixed_bytes + sum(_encoded_bytes(own) for one in self for own in one.attributes)

    def file_bytes(self, index: int) -> int:
        """Return the bytes of a slice's file."""
        return self._fixed_bytes + sum(map(_encoded_bytes, self.instance(index).attributes))

    @property
    def _fixed_bytes(self) -> int:
        """Bytes that every file has: all UIDs of one plan are of one width."""
        shared = (*self.file_meta(self.instance(0)), *self.shared)
        return _PREAMBLE_BYTES + sum(map(_encoded_bytes, shared)) + 12 + self.frame_bytes + self.frame_bytes % 2

    def file_meta(self, instance: InstancePlan) -> tuple[Attribute, ...]:
        """Return the file meta information of an instance, without its group length (PS3.10 section 7.1)."""
        return (
            attribute("FileMetaInformationVersion", b"\0\1"),
            attribute("MediaStorageSOPClassUID", self.sop_class_uid),
            attribute("MediaStorageSOPInstanceUID", instance.sop_instance_uid),
            attribute("TransferSyntaxUID", self.transfer_syntax_uid),
            attribute("ImplementationClassUID", IMPLEMENTATION_CLASS_UID),
            attribute("ImplementationVersionName", IMPLEMENTATION_VERSION_NAME),
        )

    def file_name(self, index: int) -> str:
        """Return the name of a slice's file: its InstanceNumber, padded so that names sort as slices do."""
        return f"{index + 1:0{max(_FEWEST_DIGITS, len(str(len(self))))}d}.dcm"

    def instance(self, index: int) -> InstancePlan:
        """Return the plan of the slice `index`, from 0 along the normal."""
        return InstancePlan(
            index=index,
            name=self.file_name(index),
            sop_instance_uid=self.uids.instance(index),
            attributes=tuple(attribute(keyword, *_VARYING[keyword](self, index)) for keyword in self.per_instance),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as plain values, for JSON."""
        slices, rows, columns = self.grid.shape
        return {
            "kind": self.kind,
            "sop_class_uid": self.sop_class_uid,
            "transfer_syntax_uid": self.transfer_syntax_uid,
            "study_uid": self.uids.study,
            "series_uid": self.uids.series,
            "frame_of_reference_uid": self.uids.frame_of_reference,
            "slices": slices,
            "rows": rows,
            "columns": columns,
            "samples": self.samples,
            "spacing_mm": list(self.grid.spacing_mm),
            "origin_lps": list(self.grid.origin_lps),
            "direction_lps": list(self.grid.direction_lps),
            "dtype": self.value_map.dtype,
            "slope": self.value_map.slope,
            "intercept": self.value_map.intercept,
            "max_error": self.value_map.max_error,
            "files": len(self),
            "first_file": self.file_name(0),
            "last_file": self.file_name(len(self) - 1),
            "bytes": self.total_bytes,
            "attributes": {own.keyword: _plain(own) for own in self.shared},
            "per_instance": list(self.per_instance),
            "advice": list(self.advice),
        }

    def __str__(self) -> str:
        said = self.to_dict()
        size = " × ".join(str(said[key]) for key in ("slices", "rows", "columns"))
        lines = [
            f"{self.kind} series of {said['files']} files, {said['bytes']:,} bytes",
            f"files     {said['first_file']} … {said['last_file']}",
            f"study     {self.uids.study}",
            f"series    {self.uids.series}",
            f"frame     {self.uids.frame_of_reference}",
            f"array     {size} (slices × rows × columns), {self.samples} sample(s) per pixel",
            f"spacing   {self.grid.spacing_mm} mm (x, y, z)",
            f"origin    {self.grid.origin_lps} mm (LPS)",
            f"direction {self.grid.direction_lps}",
            f"values    {self.value_map.describe()}",
            *(f"advice    {text}" for text in self.advice),
            "attributes",
            *(f"  {own.keyword:<32} {own.vr} {_shown(own)}" for own in self.shared),
            f"  differing: {', '.join(self.per_instance)}",
        ]
        return "\n".join(lines)


def plan_series(
    *,
    kind: Kind,
    grid: Grid,
    samples: int,
    value_map: ValueMap,
    statistics: Statistics,
    uids: SeriesUids,
    metadata: Metadata,
    moment: dt.datetime | None,
) -> SeriesPlan:
    """Decide everything about a series.

    Parameters
    ----------
    kind : Kind
        The table of the information object.
    grid : Grid
        LPS mm, right-handed: slices along the normal.
    samples : int
        Samples per pixel, 1 or 3.
    value_map : ValueMap
        How real values are stored.
    statistics : Statistics
        Of the source, for the window.
    uids : SeriesUids
        Of the series.
    metadata : Metadata
        What the user says.
    moment : datetime, optional
        Date and time of the series; none leaves them to the user or empty.

    Raises
    ------
    KindError
        If the kind cannot hold an array of this size or colour, or demands an attribute that is not given.
    GeometryError
        If the positions cannot be printed evenly (PS3.5 section 6.2).
    MetadataError
        If an attribute that the kind needs is missing.
    """
    check_frame(kind, grid, samples)
    grid.check_printed()
    facts = {
        **_moment_facts(moment),
        **_identity_facts(kind, uids),
        **_grid_facts(grid),
        **_pixel_facts(grid, samples, value_map),
        **_value_facts(kind, value_map),
        **(_window_facts(statistics, value_map) if samples == 1 else {}),
    }
    if metadata.get("WindowCenter") is not None:
        facts.pop("VOILUTFunction", None)  # it belongs to our window, not to the user's
    composition = compose(kind, facts, metadata)
    return SeriesPlan(
        kind=kind.name,
        sop_class_uid=kind.sop_class_uid,
        transfer_syntax_uid=EXPLICIT_VR_LITTLE_ENDIAN,
        uids=uids,
        grid=grid,
        samples=samples,
        value_map=value_map,
        shared=composition.shared,
        per_instance=composition.per_instance,
        advice=(*value_map.advice, *composition.advice, *_frame_advice(grid)),
    )


def check_frame(kind: Kind, grid: Grid, samples: int) -> None:
    """Refuse an array whose slices the kind, or DICOM, cannot hold.

    Raises
    ------
    KindError
        For colour where the kind has none, and for more than 65,535 rows or columns or 4 GiB a slice.
    """
    if samples not in kind.samples:
        raise KindError(
            code="colour-not-allowed",
            where="kind",
            given=f"{kind.name} and an array with {samples} samples per pixel",
            expected=f"an array with {' or '.join(map(str, kind.samples))} sample(s) per pixel",
            remedy="Use kind='SC' for colour, or write one channel.",
        )
    slices, rows, columns = grid.shape
    if slices > _MOST_ROWS and kind.row("NumberOfSlices") is not None:
        raise KindError(
            code="too-many-slices",
            where="shape",
            given=f"{slices} slices",
            expected=f"at most {_MOST_ROWS}, which NumberOfSlices and ImageIndex of a {kind.name} can count",
            remedy="Write parts of the volume as series of their own.",
        )
    if max(rows, columns) > _MOST_ROWS or rows * columns * samples * 2 > _MOST_FRAME_BYTES:
        raise KindError(
            code="slice-too-large",
            where="shape",
            given=f"{rows} rows × {columns} columns",
            expected=f"at most {_MOST_ROWS} of each and 4 GiB a slice (PS3.3 section C.7.6.3, PS3.5 section 7.1.1)",
            remedy="Write tiles, or resample the array.",
        )


def _frame_advice(grid: Grid) -> Iterator[str]:
    """Yield what named readers do with slices that are lines; seen with SimpleITK 2.5 and dcm2niix 1.0.2026."""
    slices, rows, columns = grid.shape
    if min(rows, columns) > 1:
        return
    text = "dcm2niix refuses slices of a single row or column"
    if rows == 1 and slices > 1:
        text += ", and SimpleITK takes slices of a single row for the rows of one slice, in the wrong place"
    yield f"{text}. Name another axis as the slices, with axes= or an affine, so that slices are pictures."


def _moment_facts(moment: dt.datetime | None) -> dict[str, tuple[Any, ...]]:
    if moment is None:
        return {}
    date, time = f"{moment:%Y%m%d}".zfill(8), f"{moment:%H%M%S}"  # %Y alone writes the year 999 in three digits
    names = ("Study", "Series", "Content", "InstanceCreation")
    return {f"{name}Date": (date,) for name in names} | {f"{name}Time": (time,) for name in names}


def _identity_facts(kind: Kind, uids: SeriesUids) -> dict[str, tuple[Any, ...]]:
    return {
        "SOPClassUID": (kind.sop_class_uid,),
        "SoftwareVersions": (f"dicomseries {SOFTWARE_VERSION}",),
        "StudyInstanceUID": (uids.study,),
        "SeriesInstanceUID": (uids.series,),
        "FrameOfReferenceUID": (uids.frame_of_reference,),
    }


def _grid_facts(grid: Grid) -> dict[str, tuple[Any, ...]]:
    x, y, z = map(format_ds, grid.spacing_mm)
    return {
        "NumberOfSlices": (grid.shape[0],),
        "PixelSpacing": (y, x),  # row spacing first (PS3.3 section 10.7.1.3)
        # Both, always: of a single slice, ITK reads only SpacingBetweenSlices and others only SliceThickness.
        "SliceThickness": (z,),
        "SpacingBetweenSlices": (z,),
        "ImageOrientationPatient": grid.orientation_texts(),
    }


def _pixel_facts(grid: Grid, samples: int, value_map: ValueMap) -> dict[str, tuple[Any, ...]]:
    facts: dict[str, tuple[Any, ...]] = {
        "Rows": (grid.shape[1],),
        "Columns": (grid.shape[2],),
        "SamplesPerPixel": (samples,),
        "PhotometricInterpretation": ("MONOCHROME2" if samples == 1 else "RGB",),
        "BitsAllocated": (value_map.bits,),
        "BitsStored": (value_map.bits,),
        "HighBit": (value_map.bits - 1,),
        "PixelRepresentation": (int(value_map.signed),),
    }
    if samples > 1:
        facts["PlanarConfiguration"] = (0,)
    if value_map.padding is not None:
        facts["PixelPaddingValue"] = (value_map.padding,)
    return facts


def _value_facts(kind: Kind, value_map: ValueMap) -> dict[str, tuple[Any, ...]]:
    facts: dict[str, tuple[Any, ...]] = {"DerivationDescription": (value_map.describe(),)}
    if not value_map.is_identity or _demands(kind, "RescaleSlope"):
        facts |= {"RescaleSlope": (value_map.slope,), "RescaleIntercept": (value_map.intercept,)}
    return facts


def _demands(kind: Kind, keyword: str) -> bool:
    row = kind.row(keyword)
    return row is not None and row.type == "1"


def _window_facts(statistics: Statistics, value_map: ValueMap) -> dict[str, tuple[Any, ...]]:
    """Return one window for the whole series, in real values, over all values but a stray outlier's.

    Whole-number data get the LINEAR function, under which a width of max - min + 1 shows each value (PS3.3 section
    C.11.2.1.2.1); others LINEAR_EXACT, since LINEAR cannot say a width below 1 (section C.11.2.1.3.2).
    """
    low, high = _shown_range(statistics, value_map)
    half_sum, width = low / 2 + high / 2, high - low
    if float(value_map.slope).is_integer() and float(value_map.intercept).is_integer():
        return {"WindowCenter": (format_ds(half_sum + 0.5),), "WindowWidth": (_width_text(width + 1),)}
    return {
        "WindowCenter": (format_ds(half_sum),),
        "WindowWidth": (_width_text(width or 1.0),),
        "VOILUTFunction": ("LINEAR_EXACT",),
    }


def _width_text(width: float) -> str:
    return format_ds(min(width, sys.float_info.max))  # the ends may be further apart than float64 can say


def _shown_range(statistics: Statistics, value_map: ValueMap) -> tuple[float, float]:
    ranges = [_real_range(own, value_map) for own in statistics.slices if own.minimum is not None]
    if not ranges:
        return 0.0, 0.0
    contrasts = [(low, high) for low, high in ranges if low < high]
    if not contrasts:  # each slice has one value: only all of them together are a picture
        return min(ranges)[0], max(ranges)[1]
    lows, highs = [low for low, _ in contrasts], [high for _, high in contrasts]
    # A lone outlier lies in one slice: it may not blacken the others.
    low, high = averages.median_low(lows), averages.median_high(highs)
    reach = 4 * (high - low)
    return max(min(lows), low - reach), min(max(highs), high + reach)


def _real_range(own: SliceStatistics, value_map: ValueMap) -> tuple[float, float]:
    ends = (float(own.minimum or 0), float(own.maximum or 0))
    low, high = sorted(value_map.source_slope * end + value_map.source_intercept for end in ends)
    if value_map.clip is not None:
        low, high = (min(max(end, value_map.clip[0]), value_map.clip[1]) for end in (low, high))
    return low, high


_VARYING: Mapping[str, Callable[[SeriesPlan, int], Sequence[Any]]] = {
    "SOPInstanceUID": lambda plan, index: (plan.uids.instance(index),),
    "InstanceNumber": lambda _, index: (index + 1,),
    "ImageIndex": lambda _, index: (index + 1,),
    "ImagePositionPatient": lambda plan, index: plan.grid.position_texts(index),
}
"""How each attribute that differs from slice to slice is made."""


def _encoded_bytes(own: Attribute) -> int:
    """Return the length of an attribute in Explicit VR Little Endian (PS3.5 section 7.1.2)."""
    return (12 if own.vr in _LONG_FORM else 8) + _value_bytes(own)


def _value_bytes(own: Attribute) -> int:
    if own.vr == "SQ":
        return sum(8 + sum(map(_encoded_bytes, item)) for item in own.values if isinstance(item, tuple))
    if own.vr in _BINARY_BYTES:
        return _BINARY_BYTES[own.vr] * len(own.values)
    length = sum(len(value if isinstance(value, bytes) else str(value).encode()) for value in own.values)
    length += max(len(own.values) - 1, 0)
    return length + length % 2


def _plain(own: Attribute) -> Any:
    if own.vr == "SQ":
        return [{inner.keyword: _plain(inner) for inner in item} for item in own.values if isinstance(item, tuple)]
    values = [value.hex() if isinstance(value, bytes) else value for value in own.values]
    return values[0] if len(values) == 1 else values


def _shown(own: Attribute) -> str:
    plain = _plain(own)
    if own.is_empty:
        return "(empty)"
    return "\\".join(map(str, plain)) if isinstance(plain, list) and own.vr != "SQ" else str(plain)
