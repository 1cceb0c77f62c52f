"""Attributes of a series as plain Python values by keyword."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np

from dicomseries.errors import counted
from dicomseries.reading.order.placement import FrameSet
from dicomseries.reading.order.segment_order import segmentation_type_of
from dicomseries.reading.parse.instance import Instance
from dicomseries.reading.parse.same_values import are_encoded_alike, comparable
from dicomseries.reading.parse.to_python import name_of, plain_value
from dicomseries.reading.series_choice import select
from dicomseries.reading.series_files import LocalFiles
from dicomseries.reading.series_folders import scan
from dicomseries.standard.attributes.attribute import tag_of

if TYPE_CHECKING:
    from dicomseries.reading.segment_descriptions import SegmentDescription
    from dicomseries.reading.series_place import SeriesPlace

__all__ = ["SeriesTags", "VoxelMeaning", "differing_tags", "tags"]

VoxelMeaning = Literal["values", "labels", "masks", "fractions"]
"""What the voxels of a series are: values; segment numbers; 0 and 1, or 0 to 1, of segments."""

_GROUPS = frozenset(
    map(tag_of, ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"))
)
"""Sequences that are opened into attributes of the frames."""
_TAG = re.compile(r"\(?([0-9A-Fa-f]{4}),([0-9A-Fa-f]{4})\)?")


def differing_tags(instances: Sequence[Instance]) -> frozenset[int]:
    """Return the tags of elements that differ between instances.

    Files of one encoding are compared by bytes, those of several (implicit and explicit VR, big
    endian) by value. A missing element or another VR is a difference.

    Examples
    --------
    >>> from dicomseries.reading import read_instance
    >>> from pydicom.data import get_testdata_file
    >>> instance = read_instance(get_testdata_file("CT_small.dcm"))
    >>> differing_tags([instance, instance])
    frozenset()
    """
    if not are_encoded_alike(instances):
        return _differing_values(instances)
    first = instances[0].elements
    candidates: set[int] = set()
    bases = {}
    for instance in instances:
        candidates |= instance.own.keys()
        bases[id(instance.base)] = instance.base
    for base in bases.values():
        if base is not instances[0].base:
            candidates |= {tag for tag in {*base, *first} if base.get(tag) != first.get(tag)}
    differing = set()
    for tag in candidates:
        if any(instance.element(tag) != first.get(tag) for instance in instances):
            differing.add(tag)
    return frozenset(differing)


def _differing_values(instances: Sequence[Instance]) -> frozenset[int]:
    differing = set()
    tags: set[int] = set()
    for instance in instances:
        tags.update(instance.tags)
    for tag in tags:
        is_group_length = tag & 0xFFFF == 0 and tag >> 16 != 2
        values = {comparable(instance, tag) for instance in instances}
        if not is_group_length and len(values) > 1:
            differing.add(tag)
    return frozenset(differing)


class SeriesTags(Mapping[str, Any]):
    """Attributes of a series, decoded on first use.

    A mapping in the order of tags, without the pixels. Names are keywords; "(gggg,eeee) creator"
    for private attributes, "(gggg,eeee) keyword" in repeating groups such as overlays,
    "(gggg,eeee)" for unknown ones; `tags["0010,0010"]` finds each of them too. Values are str, int,
    float, bytes, lists of them, and lists of dictionaries for sequences; "" if there is no value.
    An attribute that differs within the series is a tuple with one value for each slice or frame,
    None if it is absent there. Functional groups are opened.

    Parameters
    ----------
    instances : sequence of Instance
        In the order of the slices, or multi-frame files.
    frames : FrameSet, optional
        The frames of multi-frame files in the order of the array. Each frame then has a mapping,
        with its functional groups opened.

    Examples
    --------
    >>> from pydicom.data import get_testdata_file
    >>> attributes = tags(get_testdata_file("CT_small.dcm"))
    >>> attributes["Modality"], attributes["0008,0060"], "EchoTime" in attributes
    ('CT', 'CT', False)
    >>> attributes["Modalitty"]
    Traceback (most recent call last):
    ...
    KeyError: "no attribute 'Modalitty'. Did you mean Modality?"
    """

    def __init__(self, instances: Sequence[Instance], frames: FrameSet | None = None) -> None:
        self._instances = tuple(instances)
        self._frames = frames

    def __getitem__(self, name: str) -> Any:
        try:
            return self._values[name]
        except KeyError:
            pass
        tag = _TAG.fullmatch(str(name))
        if tag is not None:
            return self._value_of(int(tag[1] + tag[2], 16), name)
        similar = get_close_matches(str(name), self._values, 1)
        hint = f". Did you mean {similar[0]}?" if similar else ""
        message = f"no attribute {name!r}{hint}"
        raise KeyError(message)

    def _value_of(self, tag: int, name: str) -> Any:
        for elements in (None, *(instance.elements for instance in self._instances)):
            full_name = name_of(tag, elements)
            if full_name in self._values:
                return self._values[full_name]
        message = f"no attribute {name!r}"
        raise KeyError(message)

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        """Return the size alone: the values are about a patient."""
        return f"<SeriesTags of {counted(len(self._instances), 'file')}>"

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files, in the order of the slices."""
        return tuple(Path(instance.path) for instance in self._instances)

    @property
    def segmentation_type(self) -> str:
        """BINARY, LABELMAP or FRACTIONAL, of a segmentation; "" for other series."""
        return segmentation_type_of(self._instances[0])

    @cached_property
    def segments(self) -> Mapping[int, SegmentDescription]:
        """Segments by number, of a segmentation; empty for other series."""
        if not self.segmentation_type:
            return {}
        from dicomseries.reading.segment_descriptions import (  # noqa: PLC0415 - of segmentations
            segments_of,
        )

        referenced: list[int] = []
        if self._frames is not None and self._frames.pool[0].segments is not None:
            referenced = np.unique(self._frames.pool[0].segments).tolist()
        return segments_of(self._instances[0], referenced)

    @cached_property
    def place(self) -> SeriesPlace:
        """Positions, frame of reference and references to sources."""
        from dicomseries.reading.series_place import series_place  # noqa: PLC0415 - for `onto=`

        return series_place(self._instances, self._frames)

    @cached_property
    def _values(self) -> Mapping[str, Any]:
        """All attributes in the order of tags."""
        attributes = dict(self.shared)
        slices = self.instances
        for name in dict.fromkeys(itertools.chain(*slices)):
            attributes[name] = tuple(of_slice.get(name) for of_slice in slices)
        order = {}
        for instance in self._instances:
            for tag in instance.tags:
                order[name_of(tag, instance.elements)] = tag
        last = max(order.values(), default=0)
        return dict(sorted(attributes.items(), key=lambda item: order.get(item[0], last)))

    def pick(self, frames: Sequence[int]) -> Self:
        """Return the attributes of selected slices, in that order."""
        if self._frames is None:
            return type(self)([self._instances[index] for index in frames])
        chosen = self._frames.pick(frames)
        files = np.unique(chosen.sources[chosen.sources[:, 0] >= 0, 0]).tolist()
        are_all = len(files) == len(self._instances) or not files
        if are_all or chosen.masks is not None or len(chosen.pool) != len(self._instances):
            return type(self)(self._instances, chosen)
        # Without the other files, what differs from them is the same in all that remain.
        return type(self)([self._instances[file] for file in files], chosen.of_files(files))

    def of_volumes(self, volumes: Sequence[int], count: int) -> Self:
        """Return the attributes of some of the volumes, in that order.

        Those of all if the slices are not those of `count` volumes.

        Parameters
        ----------
        volumes : sequence of int
            From 0.
        count : int
            Volumes of the array; its slices may be others than those of the files, if it was put on
            another grid.
        """
        total = len(self._instances) if self._frames is None else self._frames.length
        slices = total // count
        if slices * count != total:
            return self
        frames: list[int] = []
        for volume in volumes:
            frames += range(volume * slices, (volume + 1) * slices)
        return self.pick(frames)

    @cached_property
    def shared(self) -> Mapping[str, Any]:
        """Attributes that are equal in every instance."""
        differing = self._differing
        shared = _plain_values(
            self._instances[0], lambda tag: tag not in differing and tag not in self._replaced
        )
        for name, values in self._columns.items():
            if values and name not in self._varying:
                shared[name] = values[0]
        return shared

    @cached_property
    def instances(self) -> Sequence[Mapping[str, Any]]:
        """Attributes that differ: one mapping for each slice, in order."""
        differing = self._differing
        wanted = differing - self._replaced
        files = [_plain_values(file, lambda tag: tag in wanted) for file in self._instances]
        if self._frames is None:
            return tuple(files)
        slices = []
        for index, (file, _) in enumerate(self._sources):
            attributes = dict(files[file])
            for name, values in self._varying.items():
                if values[index] is not None:
                    attributes[name] = values[index]
            slices.append(attributes)
        return tuple(slices)

    @cached_property
    def _differing(self) -> frozenset[int]:
        return differing_tags(self._instances)

    @property
    def _replaced(self) -> frozenset[int]:
        """Tags of attributes that do not hold for the frames."""
        if self._frames is None or not self._frames.pool:
            return frozenset()
        return self._frames.pool[0].replaced_tags

    @cached_property
    def _sources(self) -> list[list[int]]:
        """File and frame of each frame.

        Empty frames, which no file holds, are left out.
        """
        if self._frames is None:
            return []
        sources = self._frames.sources
        return list(sources[sources[:, 0] >= 0].tolist())

    @cached_property
    def _columns(self) -> dict[str, list[Any]]:
        """Functional groups by name.

        One value for each frame, None if missing.
        """
        if self._frames is None:
            return {}
        files = [frames.attributes for frames in self._frames.pool]
        columns = {}
        for name in dict.fromkeys(itertools.chain(*files)):
            by_file = [attributes.get(name) for attributes in files]
            columns[name] = [_item(by_file[file], frame) for file, frame in self._sources]
        return columns

    @cached_property
    def _varying(self) -> dict[str, list[Any]]:
        return {name: values for name, values in self._columns.items() if _differ(values)}


def _item(values: Sequence[Any] | None, index: int) -> Any:
    if values is None:
        return None
    return values[index]


def _differ(values: Sequence[Any]) -> bool:
    """Return True if not all values are equal."""
    return any(value != values[0] for value in values[1:])


def _plain_values(instance: Instance, is_wanted: Callable[[int], bool]) -> dict[str, Any]:
    decoding = instance.decoding()
    values = {}
    for tag, element in decoding.elements.items():
        if tag not in _GROUPS and is_wanted(tag):
            values[name_of(tag, decoding.elements)] = plain_value(tag, element, decoding)
    return values


def tags(path: LocalFiles, *, series: str | None = None) -> SeriesTags:
    """Return the attributes of a file or series by keyword.

    Parameters
    ----------
    path : path-like, or sequence of str
        A file, or a folder with one series; or several files.
    series : str, optional
        SeriesInstanceUID, if the folder holds several; ``"UID/part"`` if one of them has
        several parts (`Series.choice`).

    Returns
    -------
    SeriesTags
        A mapping of names to values; private attributes included.

    Raises
    ------
    ReadError
        If there is no such series.

    Examples
    --------
    >>> from pydicom.data import get_testdata_file
    >>> attributes = tags(get_testdata_file("CT_small.dcm"))
    >>> attributes["Modality"], attributes["PixelSpacing"], attributes["(0043,104E) GEMS_PARM_01"]
    ('CT', [0.661468, 0.661468], 10.60060977935791)
    """
    selected = select(path, scan(path), series)
    series_tags = SeriesTags(selected.instances, selected.frame_set)
    len(series_tags)  # decodes them: a damaged value is an error of this call
    return series_tags
