"""Instances → plain Python values by keyword: what a series says, shared and per instance."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, Self

import numpy as np

from dicomseries.reading.geometry.placement import FrameSet
from dicomseries.reading.parse.instance import Instance
from dicomseries.reading.parse.same_values import are_encoded_alike, comparable
from dicomseries.reading.parse.to_python import name_of, plain_value
from dicomseries.reading.series_folders import scan, select
from dicomseries.standard.attribute import tag_of

__all__ = ["SeriesTags", "differing_tags", "tags"]


_GROUPS = frozenset(
    map(tag_of, ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"))
)
"""Sequences that are opened, not shown as they are."""


def differing_tags(instances: Sequence[Instance]) -> frozenset[int]:
    """Return the tags whose values or VR are not equal in all instances, or that some instance lacks.

    Instances that were read by comparison with one another are compared by what they own alone, those of one encoding
    by their bytes, and those of several (implicit and explicit VR, big endian) by value.

    Examples
    --------
    >>> from dicomseries.reading import read_instance
    >>> from pydicom.data import get_testdata_file
    >>> instance = read_instance(get_testdata_file("CT_small.dcm"))
    >>> differing_tags([instance, instance])
    frozenset()
    """
    if not are_encoded_alike(instances):
        return _differing_by_value(instances)
    first = instances[0].elements
    found: set[int] = set()
    bases = {id(instance.base): instance.base for instance in instances}
    for base in bases.values():
        if base is not instances[0].base or instances[0].own:
            found |= {tag for tag, element in base.items() if first.get(tag) != element}
            found |= first.keys() - base.keys()
    owned = {tag for instance in instances for tag in instance.own}
    found |= {
        tag
        for tag in owned
        if any(instance.element(tag) != first.get(tag) for instance in instances)
    }
    # What a base holds may be hidden behind what its instances own.
    return frozenset(
        tag
        for tag in found
        if any(instance.element(tag) != first.get(tag) for instance in instances)
    )


def _differing_by_value(instances: Sequence[Instance]) -> frozenset[int]:
    tags = {
        tag for instance in instances for tag in instance.tags if tag & 0xFFFF or tag >> 16 == 2
    }
    first = instances[0]
    usual = {tag: comparable(first, tag) for tag in tags}
    return frozenset(
        tag for tag in tags if any(comparable(one, tag) != usual[tag] for one in instances[1:])
    )


class SeriesTags:
    """The attributes of a series, decoded when they are first looked at.

    Names are keywords; "(gggg,eeee) creator" for private attributes, "(gggg,eeee) keyword" in repeating groups such as
    overlays, "(gggg,eeee)" for unknown ones. Values are str,
    int, float, bytes, lists of them, and for sequences lists of dictionaries; "" where there is no value.

    Parameters
    ----------
    instances : sequence of Instance
        In the order of the slices, or multi-frame files.
    frames : FrameSet, optional
        The frames of these files in the order of the array: each is then looked at like an instance of its own, its
        functional groups opened.
    """

    def __init__(self, instances: Sequence[Instance], frames: FrameSet | None = None) -> None:
        self._instances = tuple(instances)
        self._frames = frames

    def pick(self, frames: Sequence[int]) -> Self:
        """Return what some of the slices say, at least one of them, in the order given."""
        chosen = list(frames)
        if self._frames is None:
            return type(self)([self._instances[index] for index in chosen])
        if self._frames.masks is None:
            return type(self)(
                self._instances, replace(self._frames, sources=self._frames.sources[chosen])
            )
        masks = tuple(self._frames.masks[index] for index in chosen)
        is_kept = np.isin(self._frames.sources[:, 1], [frame for mask in masks for frame in mask])
        return type(self)(
            self._instances,
            replace(self._frames, masks=masks, sources=self._frames.sources[is_kept]),
        )

    @cached_property
    def _differing(self) -> frozenset[int]:
        return differing_tags(self._instances)

    @cached_property
    def shared(self) -> Mapping[str, Any]:
        """What is equal in every instance."""
        return (
            _plain_values(self._instances[0], lambda tag: tag not in self._differing)
            | self._framed[0]
        )

    @cached_property
    def instances(self) -> Sequence[Mapping[str, Any]]:
        """What differs, one mapping an instance, or a frame, in the order of the slices."""
        own = [
            _plain_values(instance, lambda tag: tag in self._differing)
            for instance in self._instances
        ]
        if self._frames is None:
            return tuple(own)
        found = self._framed[1]
        columns = [(name, values) for name, values in found.items()]
        return tuple(
            own[file] | {name: values[at] for name, values in columns if values[at] is not None}
            for at, file in enumerate(self._files)
        )

    @cached_property
    def _listed(self) -> list[tuple[int, int]]:
        """File and frame of each frame; empty ones, which no file holds, have no attributes."""
        if self._frames is None:
            return []
        return [(file, frame) for file, frame in self._frames.sources.tolist() if file >= 0]

    @property
    def _files(self) -> list[int]:
        return [file for file, _ in self._listed]

    @cached_property
    def _framed(self) -> tuple[dict[str, Any], dict[str, tuple[Any, ...]]]:
        """What functional groups say: what is equal in all frames, and a value for each frame of what is not."""
        if self._frames is None:
            return {}, {}
        pool = [frames.attributes for frames in self._frames.pool]
        names = dict.fromkeys(name for one in pool for name in (*one.shared, *one.varying))
        columns = {
            name: tuple(pool[file].at(name, frame) for file, frame in self._listed)
            for name in names
        }
        varying = {
            name: values
            for name, values in columns.items()
            if any(one != values[0] for one in values[1:])
        }
        return {name: values[0] for name, values in columns.items() if name not in varying}, varying


def tags(path: str | os.PathLike[str], *, series: str | None = None) -> dict[str, Any]:
    """Return the attributes of a file, or of the series in a folder, by keyword; private ones too.

    Parameters
    ----------
    path : path-like
        A file, or a folder with one series.
    series : str, optional
        SeriesInstanceUID, where the folder holds several.

    Returns
    -------
    dict
        Names and values as `SeriesTags` has them, in the order of tags. What differs within a series is a tuple with
        one value a slice, or a frame, None where one has none; functional groups are opened. Without the pixels.

    Raises
    ------
    ReadError
        If there is no such series.

    Examples
    --------
    >>> from pydicom.data import get_testdata_file
    >>> found = tags(get_testdata_file("CT_small.dcm"))
    >>> found["Modality"], found["PixelSpacing"], found["(0043,104E) GEMS_PARM_01"]
    ('CT', [0.661468, 0.661468], 10.60060977935791)
    """
    series_found = select(path, scan(path), series)
    chosen = series_found.instances
    found = SeriesTags(chosen, series_found.frame_set)
    each = found.instances
    names: dict[str, None] = {name: None for instance in each for name in instance}
    merged = {
        **found.shared,
        **{name: tuple(instance.get(name) for instance in each) for name in names},
    }
    order = {name_of(tag, instance.elements): tag for instance in chosen for tag in instance.tags}
    last = max(order.values(), default=0)
    return dict(sorted(merged.items(), key=lambda item: order.get(item[0], last)))


def _plain_values(instance: Instance, is_wanted: Any) -> dict[str, Any]:
    decoding = instance.decoding()
    return {
        name_of(tag, decoding.elements): plain_value(tag, element, decoding)
        for tag, element in decoding.elements.items()
        if is_wanted(tag) and tag not in _GROUPS
    }
