"""Instances → plain Python values by keyword: what a series says, shared and per instance."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from dicomseries.readback.folders import scan, select
from dicomseries.readback.instance import Instance
from dicomseries.readback.plain import name_of, plain_value_of, quiet

__all__ = ["SeriesTags", "differing_tags", "tags"]


def differing_tags(instances: Sequence[Instance]) -> frozenset[int]:
    """Return the tags whose bytes or VR are not equal in all instances, or that some instance lacks.

    Instances that were read by comparison with one another are compared by what they own alone.

    Examples
    --------
    >>> from dicomseries.readback import read_instance
    >>> from pydicom.data import get_testdata_file
    >>> instance = read_instance(get_testdata_file("CT_small.dcm"))
    >>> differing_tags([instance, instance])
    frozenset()
    """
    first = instances[0].elements
    found: set[int] = set()
    bases = {id(instance.base): instance.base for instance in instances}
    for base in bases.values():
        if base is not instances[0].base or instances[0].own:
            found |= {tag for tag, element in base.items() if first.get(tag) != element}
            found |= first.keys() - base.keys()
    owned = {tag for instance in instances for tag in instance.own}
    found |= {tag for tag in owned if any(instance.element(tag) != first.get(tag) for instance in instances)}
    # What a base holds may be hidden behind what its instances own.
    return frozenset(tag for tag in found if any(instance.element(tag) != first.get(tag) for instance in instances))


class SeriesTags:
    """The attributes of a series, decoded when they are first looked at.

    Names are keywords; "(gggg,eeee) creator" for private attributes, "(gggg,eeee) keyword" in repeating groups such as
    overlays, "(gggg,eeee)" for unknown ones. Values are str,
    int, float, bytes, lists of them, and for sequences lists of dictionaries; "" where there is no value.

    Parameters
    ----------
    instances : sequence of Instance
        In the order of the slices.
    """

    def __init__(self, instances: Sequence[Instance]) -> None:
        self._instances = tuple(instances)

    @cached_property
    def _differing(self) -> frozenset[int]:
        return differing_tags(self._instances)

    @cached_property
    def shared(self) -> Mapping[str, Any]:
        """What is equal in every instance."""
        return _plain_values(self._instances[0], lambda tag: tag not in self._differing)

    @cached_property
    def instances(self) -> Sequence[Mapping[str, Any]]:
        """What differs, one mapping an instance, in the order of the slices."""
        return tuple(_plain_values(instance, lambda tag: tag in self._differing) for instance in self._instances)


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
        one value a slice, None where a slice has none. Without the pixels.

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
    chosen = select(path, scan(path), series).instances
    found = SeriesTags(chosen)
    each = found.instances
    names: dict[str, None] = {name: None for instance in each for name in instance}
    merged = {**found.shared, **{name: tuple(instance.get(name) for instance in each) for name in names}}
    order = {name_of(tag, instance.elements): tag for instance in chosen for tag in instance.tags}
    return dict(sorted(merged.items(), key=lambda item: order[item[0]]))


def _plain_values(instance: Instance, is_wanted: Any) -> dict[str, Any]:
    dataset = instance.dataset()
    elements = instance.elements
    with quiet():
        return {
            name_of(tag, elements): plain_value_of(dataset.file_meta if tag >> 16 == 2 else dataset, tag, element.raw)
            for tag, element in elements.items()
            if is_wanted(tag)
        }
