"""`SeriesPlan`: a series as it will be written."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from functools import cached_property
from typing import Any

from dicomseries.drawing import numbers_of_grid, spacing_words
from dicomseries.errors import Message, counted, template_of
from dicomseries.geometry import Grid, all_position_texts
from dicomseries.iod import Leaf, VaryingGroup, converted
from dicomseries.lazy_dataclass import dataclass
from dicomseries.orientation import orientation_code, orientation_text
from dicomseries.plan.columns import Column, Extent, FrameTable
from dicomseries.plan.encoded_sizes import PREAMBLE_BYTES, encoded_bytes, most_encapsulated
from dicomseries.plan.frame_plan import FramePart, frames_bytes
from dicomseries.short_repr import short_lines
from dicomseries.sources import SlabPlan, WrittenPlanes, irregular_places, plane_of
from dicomseries.standard.attributes.attribute import Attribute, Value, attribute, vr_of
from dicomseries.standard.transfer_syntaxes import BY_UID, EXPLICIT_VR_LITTLE_ENDIAN
from dicomseries.uids import SeriesUids
from dicomseries.values import ValueMap

__all__ = ["InstancePlan", "SeriesPlan"]

_FEWEST_DIGITS = 4
_LONGEST_TEXT = 400
"""Characters of a value in the printed plan: references may have thousands."""

IMPLEMENTATION_CLASS_UID = "2.25.222845625085660825971832822909848705672"
"""Names this writer in the file meta information (PS3.10 section 7.1); a UUID made once for it."""

IMPLEMENTATION_VERSION_NAME = "DICOMSERIES_1"

Values = tuple[Value, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InstancePlan:
    """Attributes of one file that differ from the other files.

    Parameters
    ----------
    index : int
        File of the series, from 0: of classic kinds the frame, slices along the normal running
        fastest.
    name : str
        File name.
    sop_instance_uid : str
        UID of the instance.
    attributes : tuple of Attribute
        The varying attributes in tag order.
    """

    index: int
    name: str
    sop_instance_uid: str
    attributes: tuple[Attribute, ...]


@dataclass(frozen=True, kw_only=True)
class SeriesPlan:
    """A series as it will be written.

    Equal plans give equal files.

    Parameters
    ----------
    kind : str
        Name of the kind, such as ``"CT"``.
    sop_class_uid : str
        SOPClassUID (PS3.4 section B.5).
    transfer_syntax_uid : str
        TransferSyntaxUID (PS3.5 annex A).
    uids : SeriesUids
        Study, series, frame of reference, and those of the instances on demand.
    grid : Grid
        Voxel centres in LPS mm, slices along the normal.
    samples : int
        Samples per pixel, 1 or 3.
    value_map : ValueMap
        Real to stored numbers, with the proven bound.
    shared : tuple of Attribute
        Attributes that are byte for byte equal in all instances, in tag order.
    per_instance : tuple of str
        Keywords of attributes that differ from file to file, in tag order.
    extent : Extent
        Volumes, slices and times.
    columns : tuple of Column
        Values that differ from volume to volume, slice to slice or frame to frame.
    groups : tuple of VaryingGroup
        The sequences among `per_instance`.
    per_frame : tuple of VaryingGroup or Leaf
        Functional groups that differ from frame to frame.
    is_multi_frame : bool
        Whether all frames are in one file.
    frames : FrameTable, optional
        Frames of a segmentation, which leaves frames out; otherwise each slice of each volume is
        one.
    has_bits : bool
        Whether a pixel is a single bit, and frames follow each other without gaps.
    folder : str
        Folder of the series inside of the target; empty for the target itself.
    reading : SlabPlan, optional
        How the source is read: slabs, memory, and how often each chunk.
    decisions : tuple of (str, str, str)
        Of a derived series: attribute, value in the source, and its fate with the reason.
    others : tuple of SeriesPlan
        The further series of the same write: of other volumes, or the companion.
    advice : tuple of str
        Sentences for the user, such as the behaviour of a named reader.
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
    extent: Extent
    columns: tuple[Column, ...] = ()
    groups: tuple[VaryingGroup, ...] = ()
    per_frame: tuple[VaryingGroup | Leaf, ...] = ()
    is_multi_frame: bool = False
    frames: FrameTable | None = None
    has_bits: bool = False
    folder: str = ""
    reading: SlabPlan | None = field(default=None, repr=False, compare=False)
    decisions: tuple[tuple[str, str, str], ...] = field(default=(), repr=False)
    others: tuple[SeriesPlan, ...] = field(default=(), repr=False)
    advice: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "advice", tuple(map(Message, self.advice)))
        decisions = tuple((name, value, Message(text)) for name, value, text in self.decisions)
        object.__setattr__(self, "decisions", decisions)

    def __len__(self) -> int:
        if self.is_multi_frame:
            return 1
        return self.extent.frames

    def __iter__(self) -> Iterator[InstancePlan]:
        return map(self.instance, range(len(self)))

    @property
    def every(self) -> tuple[SeriesPlan, ...]:
        """All series of the write, this one first."""
        return (self, *self.others)

    def read_by(self, reading: SlabPlan) -> SeriesPlan:
        """Return this plan with the reading of its source."""
        return replace(self, reading=reading, advice=(*self.advice, *reading.advice))

    @property
    def frame_of_reference_uid(self) -> str | None:
        """FrameOfReferenceUID; None for a series without a place in space."""
        if not self.grid.statement.has_place:
            return None
        return self.uids.frame_of_reference

    # ------------------------------------------------------------------------- sizes
    @property
    def frame_bytes(self) -> int:
        """Bytes of one slice's pixels, without padding."""
        return (self._frame_bits + 7) // 8

    @property
    def _frame_bits(self) -> int:
        bits = 1 if self.has_bits else self.value_map.bits
        return self.grid.shape[1] * self.grid.shape[2] * self.samples * bits

    @property
    def frame_count(self) -> int:
        """Frames of all files together."""
        return self.extent.frames if self.frames is None else len(self.frames)

    @property
    def _frames_per_file(self) -> int:
        return self.frame_count if self.is_multi_frame else 1

    @property
    def pixel_bytes(self) -> int:
        """Bytes of one file's pixels, without padding."""
        return (self._frame_bits * self._frames_per_file + 7) // 8

    @property
    def is_encapsulated(self) -> bool:
        """Whether each frame is compressed.

        All sizes are upper estimates then.
        """
        return self.transfer_syntax_uid != EXPLICIT_VR_LITTLE_ENDIAN

    @property
    def total_bytes(self) -> int:
        """Bytes of all files; an upper estimate if compressed."""
        total = len(self) * self._fixed_bytes
        for instance in self:
            total += sum(map(encoded_bytes, instance.attributes))
        return total

    def file_bytes(self, index: int) -> int:
        """Return the bytes of a file; at most, if compressed."""
        return self._fixed_bytes + sum(map(encoded_bytes, self.instance(index).attributes))

    @property
    def _fixed_bytes(self) -> int:
        """Bytes that every file has.

        All UIDs of one plan are of one width.
        """
        attributes = (*self.file_meta(self.instance(0)), *self.shared)
        per_frame = frames_bytes(self.frame_parts, self.frame_count)
        if self.is_encapsulated:
            word = self.samples * self.value_map.bits // 8
            pixels = most_encapsulated(
                rows=self.grid.shape[1],
                row_bytes=self.grid.shape[2] * word,
                words=word,
                frames=self._frames_per_file,
            )
        else:
            pixels = self.pixel_bytes + self.pixel_bytes % 2
        return PREAMBLE_BYTES + sum(map(encoded_bytes, attributes)) + per_frame + 12 + pixels

    # ------------------------------------------------------------------------- files
    def file_meta(self, instance: InstancePlan) -> tuple[Attribute, ...]:
        """Return the file meta information (PS3.10 section 7.1).

        Its group length is left out.
        """
        return (
            attribute("FileMetaInformationVersion", b"\0\1"),
            attribute("MediaStorageSOPClassUID", self.sop_class_uid),
            attribute("MediaStorageSOPInstanceUID", instance.sop_instance_uid),
            attribute("TransferSyntaxUID", self.transfer_syntax_uid),
            attribute("ImplementationClassUID", IMPLEMENTATION_CLASS_UID),
            attribute("ImplementationVersionName", IMPLEMENTATION_VERSION_NAME),
        )

    def file_name(self, index: int) -> str:
        """Return the name of a file: its InstanceNumber."""
        digits = max(_FEWEST_DIGITS, len(str(len(self))))  # names sort as the frames do
        name = f"{index + 1:0{digits}d}.dcm"
        return posixpath.join(self.folder, name)

    def instance(self, index: int) -> InstancePlan:
        """Return the plan of the file `index`, from 0."""
        groups = {group.keyword: group for group in self.groups}
        attributes: list[Attribute] = []
        for keyword in self.per_instance:
            attribute = self.filled(groups.get(keyword, Leaf(keyword, keyword)), index)
            if attribute is not None:
                attributes.append(attribute)
        return InstancePlan(
            index=index,
            name=self.file_name(index),
            sop_instance_uid=self.uids.instance(index),
            attributes=tuple(attributes),
        )

    # ------------------------------------------------------------------------- values of frames
    @cached_property
    def frame_parts(self) -> tuple[FramePart, ...]:
        """Functional groups that differ from frame to frame.

        Values of a slice or a volume have one entry for each of these: 50 volumes of 100 slices
        have 100 positions, not 5,000.
        """
        return tuple(map(self._frame_part, self.per_frame))

    def _frame_part(self, part: VaryingGroup | Leaf | Attribute) -> FramePart:
        if isinstance(part, Attribute):
            return FramePart(keyword=part.keyword, vr=part.vr, values=(part.values,))
        if isinstance(part, VaryingGroup):
            parts = tuple(map(self._frame_part, part.parts))
            return FramePart(keyword=part.keyword, vr="SQ", parts=parts)
        slices, frames = self.extent.slices, range(self.frame_count)
        per = _PERIODS.get(part.column, "frame")
        for column in self.columns:
            if column.keyword == part.column:
                per = column.per
                break
        repeat, order = 1, None
        if per == "volume":
            frames, repeat = frames[::slices], slices
        elif per == "slice":
            frames = range(slices)
            order = None if self.frames is None else self.frames.slices
        elif per == "segment" and self.frames is not None:
            frames = range(max(self.frames.segments) + 1)
            order = self.frames.segments
        vr, values = self.values(part, frames)
        return FramePart(keyword=part.keyword, vr=vr, values=values, repeat=repeat, order=order)

    def filled(self, part: Leaf | VaryingGroup | Attribute, frame: int) -> Attribute | None:
        """Return a varying attribute or group in one frame."""
        if isinstance(part, Attribute):
            return part
        if isinstance(part, Leaf):
            vr, (values,) = self.values(part, (frame,))
            if values is None:
                return None
            return Attribute(part.keyword, vr, values)
        item: list[Attribute] = []
        for inner in part.parts:
            attribute = self.filled(inner, frame)
            if attribute is not None:
                item.append(attribute)
        if not item:
            return None
        return Attribute(part.keyword, "SQ", (tuple(item),))

    def values(self, leaf: Leaf, frames: Sequence[int]) -> tuple[str, tuple[Values | None, ...]]:
        """Return VR and values of an attribute in frames."""
        vr, values = self._column_values(leaf.column, frames)
        if leaf.keyword == leaf.column:
            return vr, tuple(values)
        vr = vr_of(leaf.keyword)
        return vr, tuple(entry and converted(leaf.keyword, entry) for entry in values)

    def _column_values(
        self, keyword: str, frames: Sequence[int]
    ) -> tuple[str, Iterable[Values | None]]:
        slices = self.extent.slices
        for column in self.columns:
            if column.keyword == keyword:
                return column.vr, (column.at(frame, slices=slices) for frame in frames)
        if keyword == "ImagePositionPatient" and len(frames) > 1:
            positions = [frame % slices for frame in frames]
            return vr_of(keyword), all_position_texts(self.grid, positions)
        values_of = _VARYING[keyword]
        return vr_of(keyword), (tuple(values_of(self, frame)) for frame in frames)

    # ------------------------------------------------------------------------- for people
    def to_dict(self) -> dict[str, Any]:
        """Return the plan as plain values, for JSON."""
        slices, rows, columns = self.grid.shape
        plane = plane_of(self.grid)
        times_s, value_range = self.extent.times_s, self.value_map.value_range
        names = ("attribute", "source", "outcome")
        return {
            "kind": self.kind,
            "sop_class_uid": self.sop_class_uid,
            "transfer_syntax_uid": self.transfer_syntax_uid,
            "study_uid": self.uids.study,
            "series_uid": self.uids.series,
            "frame_of_reference_uid": self.frame_of_reference_uid,
            "slices": slices,
            "rows": rows,
            "columns": columns,
            "samples": self.samples,
            "volumes": self.extent.volumes,
            "times_s": None if times_s is None else list(times_s),
            **numbers_of_grid(self.grid),
            **irregular_places(self.grid),
            "orientation": None if plane is None else orientation_code(plane),
            "dtype": self.value_map.dtype,
            "slope": self.value_map.slope,
            "intercept": self.value_map.intercept,
            "max_error": self.value_map.max_error,
            "value_range": None if value_range is None else list(value_range),
            "files": len(self),
            "first_file": self.file_name(0),
            "last_file": self.file_name(len(self) - 1),
            "bytes": self.total_bytes,
            "bytes_at_most": self.is_encapsulated,
            "attributes": {element.keyword: _plain(element) for element in self.shared},
            "per_instance": list(self.per_instance),
            "per_frame": [group.keyword for group in self.per_frame],
            "reading": None if self.reading is None else self.reading.to_dict(),
            "advice": list(self.advice),
            "decisions": [dict(zip(names, entry, strict=True)) for entry in self.decisions],
            "others": [other.to_dict() for other in self.others],
        }

    def __repr__(self) -> str:
        return short_lines(self.lines())

    def __str__(self) -> str:
        return "\n\n".join("\n".join(series.lines()) for series in self.every)

    def lines(self) -> Iterator[str]:
        """Yield the plan of this series as lines for people."""
        at_most = "at most " * self.is_encapsulated
        yield (
            f"{self.kind} series of {counted(len(self), 'file')}, "
            f"{at_most}{self.total_bytes:,} bytes"
        )
        names = dict.fromkeys((self.file_name(0), self.file_name(len(self) - 1)))
        yield f"files     {' … '.join(names)}"
        yield f"study     {self.uids.study}"
        yield f"series    {self.uids.series}"
        yield f"frame     {self.frame_of_reference_uid or 'none: no place in space'}"
        volumes = ""
        if self.extent.is_timed:
            has_slices = self.grid.statement.has_place or self.grid.shape[0] > 1
            volumes = f"{self.extent.volumes} {'volumes' if has_slices else 'frames'} of "
        size = " × ".join(map(str, self.grid.shape))
        yield (
            f"array     {volumes}{size} (slices × rows × columns), "
            f"{self.samples} sample(s) per pixel"
        )
        yield from self._place_lines()
        yield f"values    {self.value_map.describe()}"
        yield f"syntax    {BY_UID[self.transfer_syntax_uid].name} ({self.transfer_syntax_uid})"
        if self.value_map.value_range is not None:
            yield "range     {:g} to {:g}, as given".format(*self.value_map.value_range)
        if self.reading is not None:
            yield f"reading   {self.reading}"
        for text in self.advice:
            yield Message(f"advice    {template_of(text)}")
        yield "attributes"
        for element in self.shared:
            yield f"  {element.keyword:<32} {element.vr} {_text(element)}"
        yield f"  differing: {', '.join(self.per_instance)}"
        if self.per_frame:
            yield f"  per frame: {', '.join(group.keyword for group in self.per_frame)}"

    def _place_lines(self) -> Iterator[str]:
        """Yield stated spacing, origin and direction."""
        stated = numbers_of_grid(self.grid)
        spacing = stated["spacing_mm"]
        if spacing is not None and None not in spacing:
            yield f"spacing   {self.grid.spacing_mm} mm (x, y, z)"
        else:
            yield f"spacing   {spacing_words(self.grid)}"
        if stated["origin_lps"] is not None:
            yield f"origin    {self.grid.origin_lps} mm (LPS)"
            yield f"direction {self.grid.direction_lps}: {orientation_text(self.grid)}"
        elif isinstance(self.grid, WrittenPlanes):
            first, last = self.grid.position(0), self.grid.position(self.grid.shape[0] - 1)
            yield f"positions {first} to {last} mm (LPS), of each slice"


_VARYING: Mapping[str, Callable[[SeriesPlan, int], Sequence[Any]]] = {
    "SOPInstanceUID": lambda plan, frame: (plan.uids.instance(frame),),
    "InstanceNumber": lambda _, frame: (frame + 1,),
    # PS3.3 section C.8.9.4.1.9: the slices of the first time slice before those of the second
    "ImageIndex": lambda _, frame: (frame + 1,),
    "ImagePositionPatient": lambda plan, frame: plan.grid.position_texts(
        frame % plan.extent.slices
    ),
    "InStackPositionNumber": lambda plan, frame: (frame % plan.extent.slices + 1,),
    "DimensionIndexValues": lambda plan, frame: _dimension_values(plan.extent, frame),
}
"""How each attribute that always differs is made."""

_PERIODS = {"ImagePositionPatient": "slice", "InStackPositionNumber": "slice"}
"""Attributes among them that depend on the slice alone."""


def _dimension_values(extent: Extent, frame: int) -> tuple[int, ...]:
    volume, position = divmod(frame, extent.slices)
    if not extent.is_timed:
        return 1, position + 1
    return 1, volume + 1, position + 1


def _plain(element: Attribute) -> Any:
    """Return the values of an attribute for JSON."""
    if element.vr == "SQ":
        items: list[dict[str, Any]] = []
        for item in element.values:
            if isinstance(item, tuple):
                items.append({inner.keyword: _plain(inner) for inner in item})
        return items
    values = [value.hex() if isinstance(value, bytes) else value for value in element.values]
    if len(values) == 1:
        return values[0]
    return values


def _text(element: Attribute) -> str:
    if element.is_empty:
        return "(empty)"
    plain = _plain(element)
    if isinstance(plain, list) and element.vr != "SQ":
        plain = "\\".join(map(str, plain))
    text = str(plain)
    if len(text) > _LONGEST_TEXT:
        text = text[:_LONGEST_TEXT] + " …"
    return text
