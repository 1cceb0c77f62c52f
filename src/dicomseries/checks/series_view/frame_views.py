"""What a multi-frame file says of its frames, for checks: shared or by each frame (PS3.3 section C.7.6.16)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

from dicomseries.errors import ReadError
from dicomseries.reading import (
    Damaged,
    Element,
    FunctionalGroups,
    Instance,
    Path,
    Short,
    as_numbers,
    items_of,
    path_of,
)
from dicomseries.standard.attribute import tag_of

__all__ = [
    "PER_FRAME",
    "SHARED",
    "FileFrames",
    "Path",
    "is_framed",
    "items_in",
    "number_in",
    "numbers_of",
    "path_of",
    "raw_in",
]

SHARED, PER_FRAME = "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"

_GROUPS = {
    "ImagePositionPatient": "PlanePositionSequence",
    "ImageOrientationPatient": "PlaneOrientationSequence",
    "PixelSpacing": "PixelMeasuresSequence",
    "SliceThickness": "PixelMeasuresSequence",
    "SpacingBetweenSlices": "PixelMeasuresSequence",
    "RescaleSlope": "PixelValueTransformationSequence",
    "RescaleIntercept": "PixelValueTransformationSequence",
    "RescaleType": "PixelValueTransformationSequence",
    "WindowCenter": "FrameVOILUTSequence",
    "WindowWidth": "FrameVOILUTSequence",
    "VOILUTFunction": "FrameVOILUTSequence",
    "VOILUTSequence": "FrameVOILUTSequence",
    "StackID": "FrameContentSequence",
    "InStackPositionNumber": "FrameContentSequence",
    "TemporalPositionIndex": "FrameContentSequence",
    "DimensionIndexValues": "FrameContentSequence",
    "TemporalPositionTimeOffset": "TemporalPositionSequence",
    "ReferencedSegmentNumber": "SegmentIdentificationSequence",
    "RealWorldValueMappingSequence": "",
}
"""Attribute → the functional group it belongs to (PS3.3 section C.7.6.16.2); "" is a group itself."""


def _path(keyword: str) -> Path:
    return path_of(_GROUPS[keyword], keyword) if _GROUPS[keyword] else path_of(keyword)


def is_framed(instance: Instance) -> bool:
    """Return whether a file holds its image as frames: several of them, or one with functional groups."""
    return instance.frames != 1 or instance.element(tag_of(SHARED)) is not None


def numbers_of(raw: bytes | None) -> tuple[float, ...]:
    r"""Return the values of an attribute of VR DS or IS; none if it is absent, empty or not numeric.

    Examples
    --------
    >>> numbers_of(b"0.7\\0.9 "), numbers_of(None)
    ((0.7, 0.9), ())
    """
    try:
        return tuple(map(float, (raw or b"").strip(b" \0").split(b"\\")))
    except ValueError:
        return ()


def items_in(instance: Instance, element: Element | None) -> tuple[dict[int, Element], ...]:
    """Return the items of a sequence; none where it is absent or its bytes are no items."""
    if element is None:
        return ()
    try:
        return items_of(element, instance.byte_order)
    except (Damaged, Short):
        return ()


def raw_in(item: Mapping[int, Element], keyword: str) -> bytes:
    """Return the bytes of an attribute of an item; none if it is absent."""
    element = item.get(tag_of(keyword))
    return b"" if element is None else element.raw


def number_in(item: Mapping[int, Element], keyword: str, order: str) -> float | None:
    """Return the first value of an attribute of an item; None if there is none."""
    element = item.get(tag_of(keyword))
    return None if element is None else next(iter(as_numbers(element.vr, element.raw, order)), None)


class FileFrames:
    """The frames of one file.

    Parameters
    ----------
    instance : Instance
        With functional groups or without; damaged ones count as none, and `is_damaged` says so.

    Attributes
    ----------
    groups : FunctionalGroups or None
        None where there are none, or where they are damaged.
    all_groups : FunctionalGroups or None
        The same, but empty groups for a file that has none.
    """

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self._file = instance.name
        self.is_damaged = False
        self._columns: dict[Path, list[bytes | None]] = {}
        self.groups: FunctionalGroups | None = None
        self.all_groups: FunctionalGroups | None = None
        try:
            found = self.all_groups = FunctionalGroups(instance)
            self.groups = found if found.is_present else None
        except ReadError:
            self.is_damaged = True
        # A damaged NumberOfFrames must not fill the memory: no file has more frames than bytes.
        self.count = 1 if self.is_damaged else max(1, min(instance.frames, instance.file_size))

    def name(self, frame: int) -> str:
        """Return the name of a frame: the file, and its number from 1."""
        return f"{self._file} frame {frame + 1}"

    def column(self, path: Path) -> list[bytes | None]:
        """Return what each frame says at a path within an item of functional groups, its own or the shared one."""
        if path not in self._columns:
            found = None if self.groups is None else self.groups.raw(path)
            self._columns[path] = [None] * self.count if found is None else found
        return self._columns[path]

    @cached_property
    def paths(self) -> dict[Path, str]:
        """Paths and VRs of all that stands in functional groups, shared or of a frame."""
        return {} if self.groups is None else {**self.groups.shared, **self.groups.per_frame}

    def vr(self, path: Path) -> str:
        """Return the VR of what stands at a path; "" if nothing does."""
        return self.paths.get(path, "")

    def is_of_frames(self, path: Path) -> bool:
        """Return whether a frame says something at a path by itself; else all say the same, or nothing."""
        return self.groups is not None and path in self.groups.per_frame

    def inside(self, item: Path) -> tuple[Path, ...]:
        """Return the paths of the attributes in an item of a sequence, in any frame."""
        return tuple(
            path for path in self.paths if path[: len(item)] == item and len(path) == len(item) + 1
        )

    def most_items(self, path: Path) -> int:
        """Return how many items a sequence has in the frame that has most of them."""
        depth = len(path)
        return max(
            (one[depth] + 1 for one in self.paths if len(one) > depth and one[:depth] == path),
            default=int(any(self.column(path))),
        )

    def raw(self, keyword: str) -> list[bytes | None] | None:
        """Return what each frame says of an attribute in its functional group; None if none says anything."""
        return (
            self.column(_path(keyword))
            if keyword in _GROUPS and _path(keyword) in self.paths
            else None
        )

    def texts(self, keyword: str) -> list[str]:
        """Return an attribute of characters for each frame; "" where it is absent."""
        values = self.raw(keyword) or [None] * self.count
        return [(value or b"").strip(b" \0").decode("latin-1") for value in values]

    def numbers_at(self, path: Path) -> npt.NDArray[np.float64] | None:
        """Return the first number each frame has at a path, NaN where it lacks it; None if all do."""
        found = None if self.groups is None else self.groups.numbers(path)
        return None if found is None else found[:, 0]

    def numbers(self, keyword: str, size: int = 1) -> npt.NDArray[np.float64] | None:
        """Return an attribute of numbers, shape (frames, size), NaN where a frame lacks it; None if all do."""
        return None if self.groups is None else self.groups.numbers(_path(keyword), size)

    def told(self, keyword: str) -> Iterator[tuple[str, bytes | None]]:
        """Yield what is said of an attribute: once where all frames agree, else for each frame."""
        values = self.raw(keyword)
        if values is None:
            yield self.instance.name, self.instance.raw(keyword)
        elif len({*values}) == 1:
            yield self.instance.name, values[0]
        else:
            yield from ((self.name(frame), value) for frame, value in enumerate(values))

    def sequences(self, keyword: str) -> Iterator[tuple[str, Element]]:
        """Yield each distinct value of a sequence that is a functional group, and the first frame that has it."""
        seen: set[bytes] = set()
        for frame, value in enumerate(self.column(_path(keyword)) if keyword in _GROUPS else ()):
            if value is not None and value not in seen and self.groups is not None:
                seen.add(value)
                yield self.name(frame), self.groups.element(_path(keyword), value)

    @cached_property
    def pointers(self) -> tuple[tuple[Path, str], ...]:
        """What the dimension indices point at: path within an item of functional groups, and DimensionOrganizationUID.

        PS3.3 section C.7.6.17; the path is empty where a pointer is missing.
        """
        found = []
        for item in self.items("DimensionIndexSequence"):
            group, tag = (
                self.tag_at(raw_in(item, key))
                for key in ("FunctionalGroupPointer", "DimensionIndexPointer")
            )
            path: Path = () if not tag else ((group, 0, tag) if group else (tag,))
            found.append(
                (path, raw_in(item, "DimensionOrganizationUID").strip(b" \0").decode("latin-1"))
            )
        return tuple(found)

    def tag_at(self, raw: bytes) -> int:
        """Return a value of VR AT as a tag; 0 if it is missing."""
        order: Literal["big", "little"] = "big" if self.is_big_endian else "little"
        return (
            int.from_bytes(raw[:2], order) << 16 | int.from_bytes(raw[2:], order)
            if len(raw) == 4
            else 0
        )

    @property
    def is_big_endian(self) -> bool:
        """Whether the highest byte comes first."""
        return self.instance.byte_order == ">"

    def items(self, keyword: str) -> tuple[dict[int, Element], ...]:
        """Return the items of a sequence at the top level; none if it is absent or damaged."""
        return items_in(self.instance, self.instance.element(tag_of(keyword)))

    @cached_property
    def index_values(self) -> npt.NDArray[np.float64] | None:
        """DimensionIndexValues, shape (frames, dimensions); None if a frame has another number of them."""
        values = self.numbers("DimensionIndexValues", len(self.pointers)) if self.pointers else None
        lengths = {len(raw or b"") for raw in self.raw("DimensionIndexValues") or [None]}
        return values if values is not None and lengths == {4 * len(self.pointers)} else None

    def elements(self) -> Iterator[tuple[int, Path, Element]]:
        """Yield frame, path and element of what stands in the items of the frames, each value of a path once."""
        for path, vr in self.groups.per_frame.items() if self.groups is not None else ():
            first: dict[bytes, int] = {}
            for frame, value in enumerate(self.column(path)):
                if value is not None and (
                    vr != "SQ" or not first
                ):  # what is in a sequence comes by itself
                    first.setdefault(value, frame)
            usual = self.groups.element(path, b"") if self.groups is not None else Element(vr, b"")
            for value, frame in first.items():
                yield frame, path, Element(usual.vr, value, usual.implicit)
