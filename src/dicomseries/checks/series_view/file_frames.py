"""Frames of a file and their functional groups (PS3.3 C.7.6.16)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

from dicomseries.checks.series_view.element_values import (
    AttributeValue,
    items_in,
    plain_text,
    raw_in,
    text_in,
)
from dicomseries.errors import ReadError
from dicomseries.reading import Element, FunctionalGroups, Instance, Path, path_of
from dicomseries.standard.attributes.attribute import tag_of

__all__ = ["PER_FRAME", "SHARED", "FileFrames", "numbers_of_frames"]

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
}
"""Attribute → its functional group (PS3.3 section C.7.6.16.2)."""
_PATHS = {keyword: path_of(group, keyword) for keyword, group in _GROUPS.items()}
_PATHS["RealWorldValueMappingSequence"] = path_of("RealWorldValueMappingSequence")

Floats = npt.NDArray[np.float64]


class FileFrames:
    """Frames of one file, with functional groups or without.

    Parameters
    ----------
    instance : Instance
        Any file.

    Attributes
    ----------
    groups : FunctionalGroups or None
        None if they are damaged.
    shared, per_frame, paths : mapping of Path to str
        Paths and VRs in functional groups of all frames, of single frames, and of both.
    count : int
        Number of frames.
    """

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.groups: FunctionalGroups | None = None
        self.shared: dict[Path, str] = {}
        self.per_frame: dict[Path, str] = {}
        self.paths: dict[Path, str] = {}
        self.count = 1
        self._columns: dict[Path, list[bytes | None]] = {}
        try:
            self.groups = FunctionalGroups(instance)
        except ReadError:
            return
        self.shared, self.per_frame = self.groups.shared, self.groups.per_frame
        self.paths = {**self.shared, **self.per_frame}
        # A damaged NumberOfFrames must not fill the memory: no file has more frames than bytes.
        self.count = max(1, min(instance.frames, instance.file_size))

    @property
    def has_groups(self) -> bool:
        """Whether there are functional groups, and they can be read."""
        return self.groups is not None and self.groups.is_present

    def name(self, frame: int) -> str:
        """Return the file, and the number of a frame."""
        return f"{self.instance.name} frame {frame + 1}"

    def column(self, path: Path) -> list[bytes | None]:
        """Return the value of each frame at a path."""
        if path not in self._columns:
            values = self.groups.raw(path) if self.groups is not None else None
            self._columns[path] = values or [None] * self.count
        return self._columns[path]

    def paths_in(self, item: Path) -> tuple[Path, ...]:
        """Return the paths of attributes in an item."""
        size = len(item)
        return tuple(path for path in self.paths if len(path) == size + 1 and path[:size] == item)

    def most_items(self, sequence: Path) -> int:
        """Return the largest number of items of a sequence."""
        size = len(sequence)
        count = int(any(self.column(sequence)))
        for path in self.paths:
            if len(path) > size and path[:size] == sequence:
                count = max(count, path[size] + 1)
        return count

    def values(self, keyword: str) -> list[bytes | None] | None:
        """Return an attribute of each frame; None without any."""
        path = _PATHS.get(keyword, ())
        return self.column(path) if path in self.paths else None

    def attribute_values(self, keyword: str) -> Iterator[AttributeValue]:
        """Yield one value if all frames agree, else all."""
        values = self.values(keyword)
        if values is None:
            yield AttributeValue(self.instance.name, self.instance.raw(keyword))
        elif len({*values}) == 1:
            yield AttributeValue(self.instance.name, values[0])
        else:
            for frame, value in enumerate(values):
                yield AttributeValue(self.name(frame), value)

    def texts(self, keyword: str) -> list[str]:
        """Return the text of an attribute for each frame."""
        return list(map(plain_text, self.values(keyword) or [None] * self.count))

    def numbers(self, keyword: str, size: int = 1) -> Floats | None:
        """Return numbers, shape (frames, size); NaN if absent."""
        return self.numbers_at(_PATHS[keyword], size)

    def numbers_at(self, path: Path, size: int = 1) -> Floats | None:
        """Return numbers at a path; None if all are absent."""
        return None if self.groups is None else self.groups.numbers(path, size)

    def sequences(self, keyword: str) -> Iterator[tuple[str, Element]]:
        """Yield distinct values of a functional group, and their frames."""
        if self.groups is None:
            return
        seen: set[bytes | None] = {None}
        for frame, value in enumerate(self.values(keyword) or ()):
            if value is not None and value not in seen:
                seen.add(value)
                yield self.name(frame), self.groups.element(_PATHS[keyword], value)

    def elements(self) -> Iterator[tuple[int, Path, Element]]:
        """Yield frame, path and element of distinct per-frame values."""
        if self.groups is None:
            return
        for path, vr in self.per_frame.items():
            first: dict[bytes, int] = {}
            for frame, value in enumerate(self.column(path)):
                # The content of a sequence is yielded by its own paths.
                if value is not None and (vr != "SQ" or not first):
                    first.setdefault(value, frame)
            usual = self.groups.element(path, b"")
            for value, frame in first.items():
                yield frame, path, Element(usual.vr, value, usual.implicit)

    def items(self, keyword: str) -> tuple[dict[int, Element], ...]:
        """Return the items of a top-level sequence."""
        return items_in(self.instance, self.instance.element(tag_of(keyword)))

    @cached_property
    def dimensions(self) -> tuple[tuple[Path, str], ...]:
        """Path and DimensionOrganizationUID of each dimension (PS3.3 section C.7.6.17).

        The path, within an item of functional groups, is empty where a pointer is missing.
        """
        dimensions = []
        for item in self.items("DimensionIndexSequence"):
            group = self.tag_at(raw_in(item, "FunctionalGroupPointer"))
            tag = self.tag_at(raw_in(item, "DimensionIndexPointer"))
            path: Path = ()
            if tag and group:
                path = (group, 0, tag)
            elif tag:
                path = (tag,)
            dimensions.append((path, text_in(item, "DimensionOrganizationUID")))
        return tuple(dimensions)

    @cached_property
    def index_values(self) -> Floats | None:
        """DimensionIndexValues, shape (frames, dimensions); None if a count differs."""
        count = len(self.dimensions)
        lengths = {len(raw or b"") for raw in self.values("DimensionIndexValues") or [None]}
        if not count or lengths != {4 * count}:
            return None
        return self.numbers("DimensionIndexValues", count)

    def tag_at(self, raw: bytes) -> int:
        """Return a value of VR AT; 0 if missing."""
        order: Literal["big", "little"] = "big" if self.instance.byte_order == ">" else "little"
        if len(raw) != 4:
            return 0
        return int.from_bytes(raw[:2], order) << 16 | int.from_bytes(raw[2:], order)


def numbers_of_frames(files: Sequence[FileFrames], keyword: str, size: int = 1) -> Floats | None:
    """Return finite numbers of all frames, or None."""
    parts = []
    for frames in files:
        numbers = frames.numbers(keyword, size)
        if numbers is None or not np.isfinite(numbers).all():
            return None
        parts.append(numbers)
    return np.concatenate(parts) if parts else None
