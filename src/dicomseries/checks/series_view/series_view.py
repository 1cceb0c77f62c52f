"""What checks look at: the instances of one series, in the order of the slices, and what differs between them."""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Iterator, Sequence
from functools import cache, cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from pydicom.datadict import keyword_for_tag

from dicomseries.checks.series_view.frame_views import (
    PER_FRAME,
    FileFrames,
    Path,
    is_framed,
    items_in,
    numbers_of,
)
from dicomseries.checks.series_view.slice_places import (
    SlicePlaces,
    SliceSource,
    VolumeLabels,
    labels_of_files,
    labels_of_frames,
    labels_of_segments,
    places_of,
)
from dicomseries.reading import (
    Element,
    Instance,
    are_encoded_alike,
    as_numbers,
    comparable,
    differing_tags,
    number_of,
    number_of_part,
)
from dicomseries.standard.attribute import tag_of
from dicomseries.standard.image_classes import ImageClass, image_class

__all__ = ["SEGMENTATIONS", "SeriesView", "Told", "name_of", "printable", "printed"]

SEGMENTATIONS = frozenset({"1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7"})
"""Segmentation Storage and Label Map Segmentation Storage."""

_LONGEST = 60
_NUMBERS = frozenset({"FD", "FL", "SL", "SS", "SV", "UL", "US", "UV"})


def printable(raw: bytes | str | None) -> str:
    """Return a value for a message: short, in quotes, "absent" where there is none.

    Examples
    --------
    >>> printable(b"DERIVED "), printable(None)
    ("'DERIVED'", 'absent')
    """
    if raw is None:
        return "absent"
    text = raw if isinstance(raw, str) else raw.strip(b" \0").decode("utf-8", "backslashreplace")
    return repr(text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…")


def printed(instance: Instance, keyword: str) -> str:
    """Return an attribute for a message: numbers as numbers, texts in quotes, "absent" where there is none.

    Examples
    --------
    >>> from dicomseries.reading import read_instance
    >>> from pydicom.data import get_testdata_file
    >>> instance = read_instance(get_testdata_file("CT_small.dcm"))
    >>> printed(instance, "Rows"), printed(instance, "Modality"), printed(instance, "FrameTime")
    ('128', "'CT'", 'absent')
    """
    element = instance.element(tag_of(keyword))
    if element is None or element.vr not in _NUMBERS:
        return printable(None if element is None else element.raw)
    numbers = as_numbers(element.vr, element.raw, instance.byte_order)
    return ", ".join(f"{number:g}" for number in numbers) or "empty"


@cache
def name_of(tag: int) -> str:
    """Return the keyword of a tag; "(gggg,eeee)" where it has none.

    Examples
    --------
    >>> name_of(0x00280010), name_of(0x00291001)
    ('Rows', '(0029,1001)')
    """
    return keyword_for_tag(tag) or f"({tag >> 16:04X},{tag & 0xFFFF:04X})"


class Told(NamedTuple):
    """What a slice, or all slices of a series or file, say of one attribute: where, and its bytes if it is there."""

    where: str
    raw: bytes | None

    @property
    def numbers(self) -> tuple[float, ...]:
        """The values of VR DS or IS; none if it is absent, empty or not numeric."""
        return numbers_of(self.raw)

    @property
    def text(self) -> str:
        """The attribute without padding; "" if it is absent."""
        return (self.raw or b"").strip(b" \0").decode("latin-1")


class SeriesView:
    """The instances of one series, by volume, and along the normal in each (by InstanceNumber without geometry).

    Parameters
    ----------
    instances : sequence of Instance
        At least one, in any order; with one frame each, or with many.
    """

    def __init__(self, instances: Sequence[Instance]) -> None:
        self.is_framed = any(map(is_framed, instances))
        numbered = (
            sorted(instances, key=number_of_part)
            if self.is_framed
            else sorted(instances, key=number_of)
        )
        self._files: tuple[Instance, ...] = tuple(numbered)
        self.places: SlicePlaces = self._places()
        self.instances: tuple[Instance, ...] = (
            self._files
            if self.is_framed
            else tuple(source.instance for source in self.places.sources)
        )

    @property
    def first(self) -> Instance:
        """The first slice, or the first file of many frames."""
        return self.instances[0]

    @cached_property
    def frames(self) -> tuple[FileFrames, ...]:
        """What each file says of its frames; none for files of one."""
        return tuple(map(FileFrames, self._files)) if self.is_framed else ()

    def _places(self) -> SlicePlaces:
        files = self._files
        if not self.is_framed:
            sources = [SliceSource(one, 0, is_only=True) for one in files]
            positions = _stacked([numbers_of(one.raw("ImagePositionPatient")) for one in files], 3)
            axes = _axes(files[0].numbers("ImageOrientationPatient"), len(files))
            return places_of(
                sources, positions, axes, lambda distances: labels_of_files(files, distances)
            )
        sources = [
            SliceSource(one.instance, index, is_only=False)
            for one in self.frames
            for index in range(one.count)
        ]
        positions = _joined([one.numbers("ImagePositionPatient", 3) for one in self.frames])
        axes = _joined([one.numbers("ImageOrientationPatient", 6) for one in self.frames])
        return places_of(
            sources,
            positions,
            None if axes is None else axes.reshape(-1, 2, 3),
            self._labels_of_frames,
        )

    def _labels_of_frames(self, distances_mm: npt.NDArray[np.float64]) -> VolumeLabels:
        stacks = [text for one in self.frames for text in one.texts("StackID")]
        if self._files[0].sop_class_uid in SEGMENTATIONS:
            return labels_of_segments(stacks, self._segments_of_frames())
        pool = [one.all_groups for one in self.frames if one.all_groups is not None]
        return labels_of_frames(pool, stacks, distances_mm)

    def _segments_of_frames(self) -> npt.NDArray[np.float64]:
        """Return ReferencedSegmentNumber of each frame in the order of the files; 0 where there is none."""
        found = [one.numbers("ReferencedSegmentNumber") for one in self.frames]
        parts = [
            np.zeros(one.count) if part is None else np.nan_to_num(part[:, 0])
            for one, part in zip(self.frames, found, strict=True)
        ]
        return np.concatenate(parts)

    def by_slice(self, keyword: str) -> list[bytes | None]:
        """Return what each slice says of an attribute, in the order of `places`."""
        if not self.is_framed:
            return [one.raw(keyword) for one in self.instances]
        values = [
            value
            for one in self.frames
            for value in one.raw(keyword) or itertools.repeat(one.instance.raw(keyword), one.count)
        ]
        return [values[index] for index in self.places.order.tolist()]

    def numbers(self, keyword: str, size: int) -> npt.NDArray[np.float64] | None:
        """Return what each slice says of an attribute of VR DS, shape (slices, size); None if one says something else.

        In the order of `places`.
        """
        raws = self.by_slice(keyword)
        known = {raw: numbers_of(raw) for raw in {*raws}}
        return _stacked([known[raw] for raw in raws], size)

    def sequences(self, keyword: str) -> Iterator[tuple[str, tuple[dict[int, Element], ...], str]]:
        """Yield where each distinct value of a sequence stands, its items, and their byte order for `number_in`.

        Of a functional group as of a sequence at the top level.
        """
        for instance, element in self.distinct(tag_of(keyword)):
            yield instance.name, items_in(instance, element), instance.byte_order
        for one in self.frames:
            for where, element in one.sequences(keyword):
                yield where, items_in(one.instance, element), one.instance.byte_order

    @cached_property
    def stacks(self) -> tuple[str, ...]:
        """StackID of each frame in the order of the files; "" in files of one frame."""
        found = [""] * len(self.places.sources)
        for volume in self.places.volumes:
            for index in self.places.order[volume.start : volume.stop].tolist():
                found[index] = volume.stack
        return tuple(found)

    @cached_property
    def segments(self) -> tuple[int, ...]:
        """ReferencedSegmentNumber of each slice in the order of `places`; 0 where there is none."""
        if not self.frames:
            return ()
        return tuple(self._segments_of_frames().astype(int)[self.places.order].tolist())

    @property
    def image_class(self) -> ImageClass:
        """What the standard says of the image plane of the first slice's SOP class."""
        return image_class(self.first.sop_class_uid)

    @property
    def is_sparse(self) -> bool:
        """Whether frames may be left out: of a segmentation, those without pixels (PS3.3 section A.51)."""
        return self.first.sop_class_uid in SEGMENTATIONS

    @cached_property
    def differing(self) -> frozenset[int]:
        """Tags whose elements are not equal in all instances."""
        return differing_tags(self.instances)

    @property
    def distances_mm(self) -> npt.NDArray[np.float64] | None:
        """How far along the normal each slice stands, in mm; None without geometry."""
        return self.places.distances_mm

    @property
    def positions_lps(self) -> npt.NDArray[np.float64] | None:
        """ImagePositionPatient of each slice in LPS mm; None if one has none."""
        return self.places.positions_lps

    def told(self, keyword: str) -> tuple[Told, ...]:
        """Return what is said of an attribute: once where all slices (of a file) agree, else by each slice.

        In multi-frame files it is looked for in the functional group it belongs to, and else at the top level.
        """
        if not self.is_framed:
            return tuple(Told(one.name, one.raw(keyword)) for one in self.representatives(keyword))
        return tuple(
            itertools.starmap(Told, (found for one in self.frames for found in one.told(keyword)))
        )

    def differs(self, keyword: str) -> bool:
        """Return whether an attribute is not byte for byte equal in all instances."""
        return tag_of(keyword) in self.differing

    def odd(self, keyword: str) -> list[Instance]:
        """Return the instances whose value is not that of most."""
        groups: dict[Hashable, list[Instance]] = {}
        tag = tag_of(keyword)
        for instance in self.instances:
            value = instance.element(tag) if self.is_encoded_alike else comparable(instance, tag)
            groups.setdefault(value, []).append(instance)
        usual = max(groups.values(), key=len)
        return [one for group in groups.values() if group is not usual for one in group]

    def distinct(self, tag: int) -> Iterator[tuple[Instance, Element]]:
        """Yield the element of the first instance of each encoding, and of all others if they are not all equal."""
        for instance in self.instances if tag in self.differing else self._of_each_encoding:
            element = instance.element(tag)
            if element is not None:
                yield instance, element

    @cached_property
    def is_encoded_alike(self) -> bool:
        """Whether equal values are equal bytes: no file has another byte order, or leaves VRs out, than the others."""
        return are_encoded_alike(self.instances)

    @cached_property
    def _of_each_encoding(self) -> tuple[Instance, ...]:
        """The first instance of each transfer syntax where encodings are mixed; else the first of all."""
        if self.is_encoded_alike:
            return (self.first,)
        return tuple(
            {instance.transfer_syntax: instance for instance in reversed(self.instances)}.values()
        )

    @cached_property
    def tags(self) -> tuple[int, ...]:
        """All tags that occur, in order."""
        return tuple(sorted({*self.first.tags, *self.differing}))

    @cached_property
    def elements(self) -> tuple[tuple[Instance, str, int, Element], ...]:
        """File, name, tag and element of every distinct element of the data sets, those in sequences too."""
        return tuple(self._elements())

    def _elements(self) -> Iterator[tuple[Instance, str, int, Element]]:
        for tag in self.tags:
            name = name_of(tag)
            for instance, element in self.distinct(tag) if tag >> 16 != 2 else ():
                yield instance, name, tag, element
                if tag == tag_of(PER_FRAME):
                    for path, inner, found in self._in_frames(instance):
                        yield instance, path, inner, found
                elif element.vr == "SQ":
                    for path, inner, found in self._inside(instance, name, element):
                        yield instance, path, inner, found

    def representatives(self, keyword: str) -> tuple[Instance, ...]:
        """Return the first instance, or all where an attribute differs."""
        return self.instances if self.differs(keyword) else (self.first,)

    def items(self, instance: Instance, element: Element) -> tuple[dict[int, Element], ...]:
        """Return the items of a sequence; none where its bytes are no items."""
        return items_in(instance, element)

    def _in_frames(self, instance: Instance) -> Iterator[tuple[str, int, Element]]:
        """Yield name, tag and element of what stands in the items of the frames, each value of an attribute once."""
        for one in self.frames:
            if one.instance is instance:
                for frame, path, element in one.elements():
                    yield f"{PER_FRAME}[{frame}]{_inside_name(path)}", path[-1], element

    def _inside(
        self, instance: Instance, path: str, sequence: Element
    ) -> Iterator[tuple[str, int, Element]]:
        """Yield name, tag and element of all elements in the items of a sequence."""
        for index, item in enumerate(self.items(instance, sequence)):
            for tag, element in item.items():
                name = f"{path}[{index}].{name_of(tag)}"
                yield name, tag, element
                if element.vr == "SQ":
                    yield from self._inside(instance, name, element)


@cache
def _inside_name(path: Path) -> str:
    """Return a path within an item as text: .PlanePositionSequence[0].ImagePositionPatient."""
    return "".join(
        f".{name_of(part)}" if index % 2 == 0 else f"[{part}]" for index, part in enumerate(path)
    )


def _stacked(values: Sequence[tuple[float, ...]], size: int) -> npt.NDArray[np.float64] | None:
    """Return numbers as rows; None if a row has not the right size, or holds what is not finite."""
    if any(len(value) != size for value in values):
        return None
    return _joined([np.array(values, dtype=np.float64)])


def _joined(parts: Sequence[npt.NDArray[np.float64] | None]) -> npt.NDArray[np.float64] | None:
    """Return rows of several files as one array; None if one has none, or holds what is not finite."""
    if any(part is None or not np.isfinite(part).all() for part in parts):
        return None
    return np.concatenate([part for part in parts if part is not None])


def _axes(cosines: tuple[float, ...], count: int) -> npt.NDArray[np.float64] | None:
    """Return two rows of three cosines for each slice, those of the first."""
    found = _stacked([cosines], 6)
    return None if found is None else np.broadcast_to(found.reshape(1, 2, 3), (count, 2, 3))
