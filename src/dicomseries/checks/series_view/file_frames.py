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
from dicomseries.standard.attribute import tag_of

__all__ = ["PER_FRAME", "SHARED", "FileFrames", "is_multi_frame", "numbers_of_frames"]

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


def is_multi_frame(instance: Instance) -> bool:
    """Return whether a file has several frames, or functional groups."""
    return instance.frames != 1 or instance.element(tag_of(SHARED)) is not None


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
    count : int
        Number of frames.
    """

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.groups: FunctionalGroups | None = None
        self.count = 1
        self._columns: dict[Path, list[bytes | None]] = {}
        try:
            self.groups = FunctionalGroups(instance)
        except ReadError:
            return
        # A damaged NumberOfFrames must not fill the memory: no file has more frames than bytes.
        self.count = max(1, min(instance.frames, instance.file_size))

    @property
    def has_groups(self) -> bool:
        """Whether there are functional groups, and they can be read."""
        return self.groups is not None and self.groups.is_present

    def name(self, frame: int) -> str:
        """Return the file and the number of a frame from 1."""
        return f"{self.instance.name} frame {frame + 1}"

    @cached_property
    def paths(self) -> dict[Path, str]:
        """Paths and VRs in functional groups, shared or per frame."""
        return {} if self.groups is None else {**self.groups.shared, **self.groups.per_frame}

    def is_per_frame(self, path: Path) -> bool:
        """Return whether frames have separate values at a path."""
        return self.groups is not None and path in self.groups.per_frame

    def column(self, path: Path) -> list[bytes | None]:
        """Return the value of each frame at a path."""
        if path not in self._columns:
            values = None if self.groups is None else self.groups.raw(path)
            self._columns[path] = [None] * self.count if values is None else values
        return self._columns[path]

    def paths_in(self, item: Path) -> tuple[Path, ...]:
        """Return the paths of attributes in an item."""
        size = len(item)
        return tuple(path for path in self.paths if len(path) == size + 1 and path[:size] == item)

    def most_items(self, sequence: Path) -> int:
        """Return the largest number of items of a sequence."""
        size = len(sequence)
        counts = [
            path[size] + 1 for path in self.paths if len(path) > size and path[:size] == sequence
        ]
        return max(counts) if counts else int(any(self.column(sequence)))

    def values(self, keyword: str) -> list[bytes | None] | None:
        """Return an attribute of each frame; None without any."""
        path = _PATHS.get(keyword)
        return self.column(path) if path in self.paths and path is not None else None

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
        values = self.values(keyword)
        return [""] * self.count if values is None else [plain_text(value) for value in values]

    def numbers(self, keyword: str, size: int = 1) -> Floats | None:
        """Return numbers, shape (frames, size); NaN if absent."""
        return self.numbers_at(_PATHS[keyword], size)

    def numbers_at(self, path: Path, size: int = 1) -> Floats | None:
        """Return numbers at a path; None if all are absent."""
        return None if self.groups is None else self.groups.numbers(path, size)

    def sequences(self, keyword: str) -> Iterator[tuple[str, Element]]:
        """Yield distinct values of a functional group, and their frames."""
        path = _PATHS.get(keyword)
        if self.groups is None or path is None:
            return
        seen: set[bytes] = set()
        for frame, value in enumerate(self.column(path)):
            if value is not None and value not in seen:
                seen.add(value)
                yield self.name(frame), self.groups.element(path, value)

    def elements(self) -> Iterator[tuple[int, Path, Element]]:
        """Yield frame, path and element of distinct per-frame values."""
        if self.groups is None:
            return
        for path, vr in self.groups.per_frame.items():
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
            if tag:
                path = (group, 0, tag) if group else (tag,)
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
    """Return finite numbers of all frames; None if one is missing."""
    parts = []
    for frames in files:
        numbers = frames.numbers(keyword, size)
        if numbers is None or not np.isfinite(numbers).all():
            return None
        parts.append(numbers)
    return np.concatenate(parts) if parts else None
