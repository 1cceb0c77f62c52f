"""Instances of a series in slice order, and their differences."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from functools import cache, cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from dicomseries.checks.series_view.element_values import AttributeValue, items_in, name_of
from dicomseries.checks.series_view.file_frames import PER_FRAME, FileFrames
from dicomseries.checks.series_view.slice_places import (
    SlicePlaces,
    places_of_files,
    places_of_frames,
    places_of_segments,
    segment_numbers,
)
from dicomseries.reading import (
    SEGMENTATIONS,
    Element,
    Instance,
    Path,
    are_encoded_alike,
    as_numbers,
    comparable,
    differing_tags,
    file_order,
    holds_frames,
)
from dicomseries.standard.attributes.attribute import tag_of
from dicomseries.standard.objects.image_classes import ImageClass, image_class

__all__ = ["LABEL_MAP", "LocatedElement", "SeriesView"]

LABEL_MAP = "1.2.840.10008.5.1.4.1.1.66.7"
"""Label Map Segmentation Storage."""


class LocatedElement(NamedTuple):
    """An element with its file, full name and tag."""

    instance: Instance
    name: str
    tag: int
    element: Element

    @property
    def where(self) -> str:
        """The file and the name."""
        return f"{self.instance.name} {self.name}"


class SeriesView:
    """Instances of a series, by volume and along the normal.

    Without geometry they are in the order of InstanceNumber.

    Parameters
    ----------
    instances : sequence of Instance
        At least one, in any order; with one frame each, or with many.

    Attributes
    ----------
    is_multi_frame : bool
        Whether a file has several frames, or functional groups.
    instances : tuple of Instance
        In order.
    frames : tuple of FileFrames
        The frames of each file; empty for files of one frame.
    places : SlicePlaces
        The slices in order.
    """

    def __init__(self, instances: Sequence[Instance]) -> None:
        self.instances: tuple[Instance, ...] = tuple(sorted(instances, key=file_order))
        self.frames: tuple[FileFrames, ...] = ()
        self.places: SlicePlaces
        self.is_multi_frame = any(map(holds_frames, instances))
        if not self.is_multi_frame:
            self.places = places_of_files(self.instances)
            self.instances = tuple(source.instance for source in self.places.sources)
            return
        self.frames = tuple(map(FileFrames, self.instances))
        place = places_of_segments if self.is_sparse else places_of_frames
        self.places = place(self.frames)

    @property
    def first(self) -> Instance:
        """The first slice, or the first multi-frame file."""
        return self.instances[0]

    @property
    def image_class(self) -> ImageClass:
        """Image plane of the SOP class in the standard."""
        return image_class(self.first.sop_class_uid)

    @property
    def is_sparse(self) -> bool:
        """Whether empty frames may be left out (PS3.3 section A.51)."""
        return self.first.sop_class_uid in SEGMENTATIONS

    @property
    def shape(self) -> tuple[int, ...]:
        """Slices, rows and columns, and 3 for colours."""
        colours = (3,) if self.first.samples == 3 else ()
        return (len(self.places.sources), self.first.rows, self.first.columns, *colours)

    @cached_property
    def segments(self) -> tuple[int, ...]:
        """Segment number of each slice in the order of `places`."""
        if not self.frames:
            return ()
        return tuple(segment_numbers(self.frames)[self.places.order].tolist())

    @cached_property
    def stacks(self) -> tuple[str, ...]:
        """StackID of each frame in the order of the files."""
        return tuple(name for frames in self.frames for name in frames.texts("StackID"))

    @cached_property
    def arranged_by(self) -> tuple[str, ...]:
        """Attributes that distinguish the volumes; "" for one volume."""
        attributes = []
        for sorting in self.places.sortings:
            if sorting.arrangement is not None:
                attributes.append(sorting.arrangement.by)
        return tuple(attributes)

    def values(self, keyword: str) -> tuple[AttributeValue, ...]:
        """Return one value if all slices agree, else all.

        In multi-frame files it is the attribute of the functional group, else the top level's.
        """
        values: list[AttributeValue] = []
        if not self.is_multi_frame:
            for instance in self.representatives(keyword):
                values.append(AttributeValue(instance.name, instance.raw(keyword)))
        for frames in self.frames:
            values += frames.attribute_values(keyword)
        return tuple(values)

    def values_together(self, *keywords: str) -> list[tuple[AttributeValue, ...]]:
        """Return attributes side by side: once, or per slice."""
        columns = list(map(self.values, keywords))
        longest = max(columns, key=len)
        count = len(longest)
        rows = []
        for index, place in enumerate(longest):
            row = []
            for column in columns:
                value = column[index] if len(column) == count else column[0]
                row.append(AttributeValue(place.where, value.raw))
            rows.append(tuple(row))
        return rows

    def numbers_by_slice(
        self, keyword: str, *, default: tuple[float, ...]
    ) -> npt.NDArray[np.float64] | None:
        """Return DS numbers by slice, in the order of `places`.

        Parameters
        ----------
        keyword : str
            Attribute of a functional group or of the top level.
        default : tuple of float
            Used where the attribute is absent or not numeric; its length is the number of values.

        Returns
        -------
        ndarray of shape (slices, values), or None
            None if a slice has fewer values.
        """
        raws = [instance.raw(keyword) for instance in self.instances]
        if self.is_multi_frame:
            raws = []
            for frames in self.frames:
                values = frames.values(keyword)
                raws += values or [frames.instance.raw(keyword)] * frames.count
            raws = [raws[index] for index in self.places.order.tolist()]
        known = {}
        for raw in {*raws}:
            known[raw] = (as_numbers("DS", raw or b"", "<") or default)[: len(default)]
            if len(known[raw]) != len(default):
                return None
        return np.array([known[raw] for raw in raws], np.float64)

    def sequences(self, keyword: str) -> Iterator[tuple[str, tuple[dict[int, Element], ...], str]]:
        """Yield place, items and byte order of distinct sequences."""
        for instance, element in self.distinct(tag_of(keyword)):
            yield instance.name, items_in(instance, element), instance.byte_order
        for frames in self.frames:
            for where, element in frames.sequences(keyword):
                yield where, items_in(frames.instance, element), frames.instance.byte_order

    @cached_property
    def differing(self) -> frozenset[int]:
        """Tags of elements that are not equal in all instances."""
        return differing_tags(self.instances)

    def differs(self, *keywords: str) -> bool:
        """Return whether an attribute is not equal in all instances."""
        return any(tag_of(keyword) in self.differing for keyword in keywords)

    def representatives(self, *keywords: str) -> tuple[Instance, ...]:
        """Return the first instance, or all if an attribute differs."""
        return self.instances if self.differs(*keywords) else (self.first,)

    def unusual(self, keyword: str) -> list[Instance]:
        """Return the instances without the most common value."""
        groups: dict[Hashable, list[Instance]] = {}
        tag = tag_of(keyword)
        for instance in self.instances:
            value = instance.element(tag) if self.is_encoded_alike else comparable(instance, tag)
            groups.setdefault(value, []).append(instance)
        usual = max(groups.values(), key=len)
        others: list[Instance] = []
        for group in groups.values():
            if group is not usual:
                others += group
        return others

    @cached_property
    def is_encoded_alike(self) -> bool:
        """Whether equal values are equal bytes in all files."""
        return are_encoded_alike(self.instances)

    def distinct(self, tag: int) -> Iterator[tuple[Instance, Element]]:
        """Yield distinct elements of a tag and their instances."""
        for instance in self.instances if tag in self.differing else self._encodings:
            element = instance.element(tag)
            if element is not None:
                yield instance, element

    @cached_property
    def _encodings(self) -> tuple[Instance, ...]:
        """The first instance of each encoding."""
        if self.is_encoded_alike:
            return (self.first,)
        first: dict[str, Instance] = {}
        for instance in self.instances:
            first.setdefault(instance.transfer_syntax, instance)
        return tuple(first.values())

    @cached_property
    def elements(self) -> tuple[LocatedElement, ...]:
        """Every distinct element of the data sets, sequences included."""
        elements: list[LocatedElement] = []
        for tag in sorted({*self.first.tags, *self.differing}):
            if tag >> 16 == 2:
                continue
            name = name_of(tag)
            for instance, element in self.distinct(tag):
                elements.append(LocatedElement(instance, name, tag, element))
                if tag == tag_of(PER_FRAME):
                    elements += self._elements_of_frames(instance)
                elif element.vr == "SQ":
                    elements += _elements_inside(instance, name, element)
        return tuple(elements)

    def _elements_of_frames(self, instance: Instance) -> Iterator[LocatedElement]:
        for frames in self.frames:
            if frames.instance is instance:
                for frame, path, element in frames.elements():
                    name = f"{PER_FRAME}[{frame}]{_name_inside(path)}"
                    yield LocatedElement(instance, name, path[-1], element)


@cache
def _name_inside(path: Path) -> str:
    """Return a path as text: .PlanePositionSequence[0].ImagePositionPatient."""
    parts = [f".{name_of(part)}" for part in path]
    parts[1::2] = [f"[{index}]" for index in path[1::2]]
    return "".join(parts)


def _elements_inside(instance: Instance, path: str, sequence: Element) -> Iterator[LocatedElement]:
    for index, item in enumerate(items_in(instance, sequence)):
        for tag, element in item.items():
            name = f"{path}[{index}].{name_of(tag)}"
            yield LocatedElement(instance, name, tag, element)
            if element.vr == "SQ":
                yield from _elements_inside(instance, name, element)
