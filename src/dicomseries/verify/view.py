"""What checks look at: the instances of one series, in the order of the slices, and what differs between them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt
from pydicom.datadict import keyword_for_tag

from dicomseries.readback import Instance, differing_tags
from dicomseries.readback.elements import Damaged, Element, Short, items_of
from dicomseries.readback.instance import tag_of
from dicomseries.readback.placement import distances_mm, orientation_of, positions_lps

__all__ = ["SeriesView", "name_of", "printable"]

_LONGEST = 60


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


def name_of(tag: int) -> str:
    """Return the keyword of a tag; "(gggg,eeee)" where it has none.

    Examples
    --------
    >>> name_of(0x00280010), name_of(0x00291001)
    ('Rows', '(0029,1001)')
    """
    return keyword_for_tag(tag) or f"({tag >> 16:04X},{tag & 0xFFFF:04X})"


class SeriesView:
    """The instances of one series, sorted along the normal (by InstanceNumber without geometry).

    Parameters
    ----------
    instances : sequence of Instance
        At least one, in any order.
    """

    def __init__(self, instances: Sequence[Instance]) -> None:
        numbered = sorted(instances, key=lambda one: (next(iter(one.numbers("InstanceNumber")), np.inf), one.path))
        distances = distances_mm(numbered)
        order = range(len(numbered)) if distances is None else np.argsort(distances, kind="stable").tolist()
        self.instances: tuple[Instance, ...] = tuple(numbered[index] for index in order)
        self.distances_mm: npt.NDArray[np.float64] | None = None if distances is None else distances[list(order)]

    @property
    def first(self) -> Instance:
        """The first slice."""
        return self.instances[0]

    @cached_property
    def differing(self) -> frozenset[int]:
        """Tags whose elements are not equal in all instances."""
        return differing_tags(self.instances)

    @cached_property
    def positions_lps(self) -> npt.NDArray[np.float64] | None:
        """ImagePositionPatient of each slice in LPS mm; None if one has none."""
        return positions_lps(self.instances)

    @cached_property
    def axes(self) -> npt.NDArray[np.float64] | None:
        """ImageOrientationPatient of the first slice, two rows of three cosines."""
        return orientation_of(self.first)

    def differs(self, keyword: str) -> bool:
        """Return whether an attribute is not byte for byte equal in all instances."""
        return tag_of(keyword) in self.differing

    def odd(self, keyword: str) -> list[Instance]:
        """Return the instances whose value is not that of most."""
        groups: dict[Element | None, list[Instance]] = {}
        tag = tag_of(keyword)
        for instance in self.instances:
            groups.setdefault(instance.element(tag), []).append(instance)
        usual = max(groups.values(), key=len)
        return [one for group in groups.values() if group is not usual for one in group]

    def distinct(self, tag: int) -> Iterator[tuple[Instance, Element]]:
        """Yield the element of the first instance, and of all others if they are not all equal."""
        for instance in self.instances if tag in self.differing else (self.first,):
            element = instance.element(tag)
            if element is not None:
                yield instance, element

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
                if element.vr == "SQ":
                    for path, inner, found in self._inside(instance, name, element):
                        yield instance, path, inner, found

    def representatives(self, keyword: str) -> tuple[Instance, ...]:
        """Return the first instance, or all where an attribute differs."""
        return self.instances if self.differs(keyword) else (self.first,)

    def items(self, instance: Instance, element: Element) -> tuple[dict[int, Element], ...]:
        """Return the items of a sequence; none where its bytes are no items."""
        order = ">" if instance.transfer_syntax == "1.2.840.10008.1.2.2" else "<"
        try:
            return items_of(element, order)
        except (Damaged, Short):
            return ()

    def _inside(self, instance: Instance, path: str, sequence: Element) -> Iterator[tuple[str, int, Element]]:
        """Yield name, tag and element of all elements in the items of a sequence."""
        for index, item in enumerate(self.items(instance, sequence)):
            for tag, element in item.items():
                name = f"{path}[{index}].{name_of(tag)}"
                yield name, tag, element
                if element.vr == "SQ":
                    yield from self._inside(instance, name, element)
