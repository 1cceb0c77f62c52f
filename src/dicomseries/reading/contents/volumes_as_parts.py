"""Parts of a series whose echoes, or other volumes, do not have the same slices."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dicomseries.reading.geometry.incomplete_volumes import groups_by_attribute
from dicomseries.reading.geometry.slice_spacing import unit_normal
from dicomseries.reading.geometry.volume_sorting import sort_files
from dicomseries.reading.order.slice_order import orientation_of, positions_of
from dicomseries.reading.parse.instance import Instance, file_order
from dicomseries.standard.attributes.attribute import tag_of

__all__ = ["volumes_as_parts"]


def volumes_as_parts(images: Sequence[Instance]) -> list[tuple[str, list[Instance]]]:
    """Return a part for each value of the attribute that tells incomplete volumes apart.

    Parameters
    ----------
    images : sequence of Instance
        Files of one frame, several at some places, that form no complete volumes.

    Returns
    -------
    list of (str, list of Instance)
        By name, such as ``"EchoTime-20"``; empty if no attribute tells the volumes apart.
    """
    files = sorted(images, key=file_order)
    positions, axes = positions_of(files), orientation_of(files[0])
    if positions is None or axes is None:
        return []
    groups = groups_by_attribute(sort_files(files, positions @ unit_normal(axes)))
    if groups is None:
        return []
    keyword, volume_of_file = groups
    parts = []
    for volume in range(int(volume_of_file.max()) + 1):
        members = [files[index] for index in np.flatnonzero(volume_of_file == volume).tolist()]
        parts.append((f"{keyword}-{_word(members[0], keyword, volume)}", members))
    return parts


def _word(instance: Instance, keyword: str, volume: int) -> str:
    """Return the number that an attribute states; else the number of the volume from 1."""
    element = instance.element(tag_of(keyword))
    numbers = instance.numbers(keyword) if element is not None and element.vr in _NUMBERS else ()
    return f"{numbers[0]:g}" if len(numbers) == 1 else str(volume + 1)


_NUMBERS = frozenset({"DS", "IS"})
