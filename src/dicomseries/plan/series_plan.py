"""`SeriesPlan`: a series as it will be written, and what each of its files says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from dicomseries.drawing import numbers_of_grid, spacing_words
from dicomseries.errors import counted
from dicomseries.geometry import Grid, all_position_texts
from dicomseries.iod import Leaf, VaryingGroup, converted
from dicomseries.orientation import orientation_code, orientation_text
from dicomseries.plan.columns import Column, Extent
from dicomseries.plan.encoded_sizes import PREAMBLE_BYTES, encoded_bytes, most_encapsulated
from dicomseries.plan.frame_plan import FramePart, frame_parts, frames_bytes
from dicomseries.sources import SlabPlan
from dicomseries.standard.attribute import Attribute, Value, attribute, vr_of
from dicomseries.standard.transfer_syntaxes import BY_UID, EXPLICIT_VR_LITTLE_ENDIAN
from dicomseries.uids import SeriesUids
from dicomseries.values import ValueMap

__all__ = ["InstancePlan", "SeriesPlan"]

_FEWEST_DIGITS = 4
_LONGEST_SHOWN = 400
"""Characters of a value in a plan for people: references to a source of a thousand slices would bury the rest."""

IMPLEMENTATION_CLASS_UID = "2.25.222845625085660825971832822909848705672"
"""Names this writer in the file meta information (PS3.10 section 7.1); a UUID made once for it."""

IMPLEMENTATION_VERSION_NAME = "DICOMSERIES_1"


@dataclass(frozen=True, slots=True, kw_only=True)
class InstancePlan:
    """What one file says that the others do not.

    Parameters
    ----------
    index : int
        File of the series, from 0: of classic kinds the frame, slices along the normal running fastest.
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
        Name of the kind, such as ``"CT"``.
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
        Keywords of what differs from file to file, in tag order.
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
    folder : str
        Folder of the series inside of the target; empty for the target itself.
    known_bytes : int, optional
        Size of the file, where it was made whole and not by this plan.
    reading : SlabPlan, optional
        How the source is read: slabs, memory, and how often each chunk.
    decisions : tuple of (str, str, str)
        Of a derived series: attribute, value in the source, and what becomes of it and why.
    others : tuple of SeriesPlan
        The further series of the same write: of other volumes, or the companion.
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
    extent: Extent
    columns: tuple[Column, ...] = ()
    groups: tuple[VaryingGroup, ...] = ()
    per_frame: tuple[VaryingGroup | Leaf, ...] = ()
    is_multi_frame: bool = False
    folder: str = ""
    known_bytes: int | None = None
    reading: SlabPlan | None = field(default=None, repr=False, compare=False)
    decisions: tuple[tuple[str, str, str], ...] = field(default=(), repr=False)
    others: tuple[SeriesPlan, ...] = field(default=(), repr=False)
    advice: tuple[str, ...] = ()
    _made: list[tuple[FramePart, ...]] = field(
        default_factory=list, init=False, repr=False, compare=False
    )

    def __len__(self) -> int:
        return 1 if self.is_multi_frame else self.extent.frames

    def __iter__(self) -> Iterator[InstancePlan]:
        return map(self.instance, range(len(self)))

    @property
    def every(self) -> tuple[SeriesPlan, ...]:
        """All series of the write, this one first."""
        return (self, *self.others)

    def read_by(self, reading: SlabPlan) -> SeriesPlan:
        """Return this plan with how its source is read, and what is to be said of that."""
        return replace(self, reading=reading, advice=(*self.advice, *reading.advice))

    @property
    def frame_bytes(self) -> int:
        """Bytes of one slice's pixels, without the byte that makes them even."""
        return self.grid.shape[1] * self.grid.shape[2] * self.samples * self.value_map.bits // 8

    @property
    def pixel_bytes(self) -> int:
        """Bytes of one file's pixels, without the byte that makes them even."""
        return self.frame_bytes * (self.extent.frames if self.is_multi_frame else 1)

    @property
    def is_encapsulated(self) -> bool:
        """Whether each frame is compressed; all sizes are upper estimates then."""
        return self.transfer_syntax_uid != EXPLICIT_VR_LITTLE_ENDIAN

    @property
    def total_bytes(self) -> int:
        """Bytes of all files of this series together; at most, where they are compressed."""
        if self.known_bytes is not None:
            return self.known_bytes
        return len(self) * self._fixed_bytes + sum(
            encoded_bytes(own) for one in self for own in one.attributes
        )

    def file_bytes(self, index: int) -> int:
        """Return the bytes of a file; at most, where it is compressed."""
        if self.known_bytes is not None:
            return self.known_bytes
        return self._fixed_bytes + sum(map(encoded_bytes, self.instance(index).attributes))

    @property
    def _fixed_bytes(self) -> int:
        """Bytes that every file has: all UIDs of one plan are of one width."""
        shared = sum(map(encoded_bytes, (*self.file_meta(self.instance(0)), *self.shared)))
        per_frame = frames_bytes(self.frame_parts, self.extent.frames)
        return PREAMBLE_BYTES + shared + per_frame + 12 + self._most_pixel_bytes

    @property
    def _most_pixel_bytes(self) -> int:
        if not self.is_encapsulated:
            return self.pixel_bytes + self.pixel_bytes % 2
        _, rows, columns = self.grid.shape
        word = self.samples * self.value_map.bits // 8
        frames = self.extent.frames if self.is_multi_frame else 1
        return most_encapsulated(rows=rows, row_bytes=columns * word, words=word, frames=frames)

    @property
    def frame_parts(self) -> tuple[FramePart, ...]:
        """What differs from frame to frame of a multi-frame file, made once."""
        if not self._made:
            self._made.append(frame_parts(self))
        return self._made[0]

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
        """Return the name of a file below the target: its InstanceNumber, so that names sort as frames do."""
        name = f"{index + 1:0{max(_FEWEST_DIGITS, len(str(len(self))))}d}.dcm"
        return f"{self.folder}/{name}" if self.folder else name

    def instance(self, index: int) -> InstancePlan:
        """Return the plan of the file `index`, from 0."""
        groups = {group.keyword: group for group in self.groups}
        own = (
            self.filled(groups.get(keyword, Leaf(keyword, keyword)), index)
            for keyword in self.per_instance
        )
        return InstancePlan(
            index=index,
            name=self.file_name(index),
            sop_instance_uid=self.uids.instance(index),
            attributes=tuple(one for one in own if one is not None),
        )

    def period(self, column: str) -> str:
        """Return whether the values of a column depend on the volume, the slice or the whole frame."""
        return next(
            (one.per for one in self.columns if one.keyword == column),
            _PERIODS.get(column, "frame"),
        )

    def filled(self, part: Leaf | VaryingGroup, frame: int) -> Attribute | None:
        """Return what stands in a hole in a frame; None for nothing."""
        if isinstance(part, VaryingGroup):
            item = [
                one if isinstance(one, Attribute) else self.filled(one, frame) for one in part.parts
            ]
            there = tuple(one for one in item if one is not None)
            return attribute(part.keyword, there) if there else None
        vr, (values,) = self.values(part, (frame,))
        return None if values is None else Attribute(part.keyword, vr, values)

    def values(
        self, leaf: Leaf, frames: Sequence[int]
    ) -> tuple[str, tuple[tuple[Value, ...] | None, ...]]:
        """Return the value representation and the values of a hole in each of some frames; None for nothing."""
        vr, values = self._column(leaf.column, frames)
        if leaf.keyword == leaf.column:
            return vr, tuple(values)
        return vr_of(leaf.keyword), tuple(one and converted(leaf.keyword, one) for one in values)

    def _column(
        self, keyword: str, frames: Sequence[int]
    ) -> tuple[str, Iterable[tuple[Value, ...] | None]]:
        slices = self.extent.slices
        for column in self.columns:
            if column.keyword == keyword:
                return column.vr, (column.at(frame, slices=slices) for frame in frames)
        if keyword == "ImagePositionPatient" and len(frames) > 1:
            return vr_of(keyword), all_position_texts(
                self.grid, [frame % slices for frame in frames]
            )
        make = _VARYING[keyword]
        return vr_of(keyword), (tuple(make(self, frame)) for frame in frames)

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as plain values, for JSON."""
        slices, rows, columns = self.grid.shape
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
            "times_s": None if self.extent.times_s is None else list(self.extent.times_s),
            **numbers_of_grid(self.grid),
            "orientation": orientation_code(self.grid) if self.grid.statement.has_place else None,
            "dtype": self.value_map.dtype,
            "slope": self.value_map.slope,
            "intercept": self.value_map.intercept,
            "max_error": self.value_map.max_error,
            "value_range": None
            if self.value_map.value_range is None
            else list(self.value_map.value_range),
            "files": len(self),
            "first_file": self.file_name(0),
            "last_file": self.file_name(len(self) - 1),
            "bytes": self.total_bytes,
            "bytes_at_most": self.is_encapsulated,
            "attributes": {own.keyword: _plain(own) for own in self.shared},
            "per_instance": list(self.per_instance),
            "per_frame": [group.keyword for group in self.per_frame],
            "reading": None if self.reading is None else self.reading.to_dict(),
            "advice": list(self.advice),
            "decisions": [
                dict(zip(("attribute", "source", "outcome"), one, strict=True))
                for one in self.decisions
            ],
            "others": [other.to_dict() for other in self.others],
        }

    def __str__(self) -> str:
        return "\n\n".join("\n".join(one.lines()) for one in self.every)

    @property
    def frame_of_reference_uid(self) -> str | None:
        """FrameOfReferenceUID; None of a series without a place in space."""
        return self.uids.frame_of_reference if self.grid.statement.has_place else None

    def _place_lines(self) -> Iterator[str]:
        """Yield spacing, origin and direction, as far as they were stated."""
        stated = numbers_of_grid(self.grid)
        is_whole = None not in (stated["spacing_mm"] or (None,))
        spacing = f"{self.grid.spacing_mm} mm (x, y, z)" if is_whole else spacing_words(self.grid)
        yield f"spacing   {spacing}"
        if stated["origin_lps"] is not None:
            yield f"origin    {self.grid.origin_lps} mm (LPS)"
            yield f"direction {self.grid.direction_lps}: {orientation_text(self.grid)}"

    def lines(self) -> Iterator[str]:
        """Yield the plan of this series as lines for people."""
        said = self.to_dict()
        size = " × ".join(str(said[key]) for key in ("slices", "rows", "columns"))
        word = "volumes" if self.grid.statement.has_place or self.grid.shape[0] > 1 else "frames"
        volumes = f"{self.extent.volumes} {word} of " if self.extent.is_timed else ""
        files = counted(said["files"], "file")
        yield f"{self.kind} series of {files}, {'at most ' * self.is_encapsulated}{said['bytes']:,} bytes"
        yield f"files     {said['first_file']}" + (
            f" … {said['last_file']}" if len(self) > 1 else ""
        )
        yield f"study     {self.uids.study}"
        yield f"series    {self.uids.series}"
        yield f"frame     {self.frame_of_reference_uid or 'none: no place in space'}"
        yield f"array     {volumes}{size} (slices × rows × columns), {self.samples} sample(s) per pixel"
        yield from self._place_lines()
        yield f"values    {self.value_map.describe()}"
        yield f"syntax    {BY_UID[self.transfer_syntax_uid].name} ({self.transfer_syntax_uid})"
        if self.value_map.value_range is not None:
            yield "range     {:g} to {:g}, as given".format(*self.value_map.value_range)
        if self.reading is not None:
            yield f"reading   {self.reading}"
        yield from (f"advice    {text}" for text in self.advice)
        yield "attributes"
        yield from (f"  {own.keyword:<32} {own.vr} {_shown(own)}" for own in self.shared)
        yield f"  differing: {', '.join(self.per_instance)}"
        if self.per_frame:
            yield f"  per frame: {', '.join(group.keyword for group in self.per_frame)}"


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
"""What depends on less than the whole frame."""


def _dimension_values(extent: Extent, frame: int) -> tuple[int, ...]:
    volume, position = divmod(frame, extent.slices)
    return (1, volume + 1, position + 1) if extent.is_timed else (1, position + 1)


def _plain(own: Attribute) -> Any:
    if own.vr == "SQ":
        return [
            {inner.keyword: _plain(inner) for inner in item}
            for item in own.values
            if isinstance(item, tuple)
        ]
    values = [value.hex() if isinstance(value, bytes) else value for value in own.values]
    return values[0] if len(values) == 1 else values


def _shown(own: Attribute) -> str:
    plain = _plain(own)
    if own.is_empty:
        return "(empty)"
    text = "\\".join(map(str, plain)) if isinstance(plain, list) and own.vr != "SQ" else str(plain)
    return text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + " …"
