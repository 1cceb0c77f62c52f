"""Functional groups → plain Python values by keyword: what all frames share, and what differs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

from dicomseries.reading.multiframe.functional_groups import FunctionalGroups, Path
from dicomseries.reading.parse.parser import Element
from dicomseries.reading.parse.to_python import Decoding, name_of, plain_value
from dicomseries.standard.attribute import tag_of

__all__ = ["FrameAttributes"]

_KEPT = frozenset(
    map(
        tag_of,
        (
            "DerivationImageSequence",
            "ReferencedImageSequence",
            "ConversionSourceAttributesSequence",
        ),
    )
)
"""Groups that speak of other images: lifted out of them, their attributes would read as the frame's own."""
_LIFTED = frozenset(map(tag_of, ("DiffusionGradientDirectionSequence", "DiffusionBMatrixSequence")))
"""Sequences inside a group that hold facts of the frame itself."""


class FrameAttributes:
    """What the functional groups of a file say, decoded when it is first looked at.

    An attribute of a group goes by its own keyword, as in a file of one frame; a group with several items, or one
    whose keyword another group has taken, stays a list of dictionaries under its own name.

    Parameters
    ----------
    groups : FunctionalGroups
        Of the file.

    Examples
    --------
    >>> from dicomseries.reading import read_instance
    >>> from pydicom.data import get_testdata_file
    >>> FrameAttributes(FunctionalGroups(read_instance(get_testdata_file("CT_small.dcm")))).varying
    {}
    """

    def __init__(self, groups: FunctionalGroups) -> None:
        self._groups = groups

    @cached_property
    def _columns(self) -> dict[str, tuple[Any, ...]]:
        """One value a frame of everything that stands in the items of the frames."""
        return {name: self._decoded(path) for name, path in _names(self._groups.per_frame).items()}

    @cached_property
    def shared(self) -> Mapping[str, Any]:
        """What is equal in all frames."""
        groups = self._groups
        found: dict[str, Any] = {}
        for name, path in _names(groups.shared).items():
            raw = groups.shared_raw(path)
            if raw is not None and name not in self._columns:
                found[name] = self._value(groups.element(path, raw), path)
        return found | {
            name: values[0] for name, values in self._columns.items() if name not in self.varying
        }

    @cached_property
    def varying(self) -> Mapping[str, tuple[Any, ...]]:
        """What differs, by keyword: one value a frame, None where a frame has none."""
        return {
            name: values
            for name, values in self._columns.items()
            if any(one != values[0] for one in values[1:])
        }

    def at(self, name: str, frame: int) -> Any:
        """Return one attribute of one frame; None where it has none."""
        values = self.varying.get(name)
        return self.shared.get(name) if values is None else values[frame]

    @cached_property
    def _decoding(self) -> Decoding:
        return replace(self._groups.instance.decoding(), elements={})

    def _decoded(self, path: Path) -> tuple[Any, ...]:
        raws = self._groups.raw(path) or []
        known = {
            raw: self._value(self._groups.element(path, raw), path)
            for raw in {*raws}
            if raw is not None
        }
        return tuple(None if raw is None else known[raw] for raw in raws)

    def _value(self, element: Element, path: Path) -> Any:
        return plain_value(path[-1], element, self._decoding)


def _names(fields: Mapping[Path, str]) -> dict[str, Path]:
    """Return what is lifted out of its group, by name."""
    several = {path[:1] for path in fields if len(path) > 1 and path[1] > 0}
    opened = {path[:-2] for path in fields if len(path) > 2}
    names: dict[str, Path] = {}
    for path, vr in fields.items():
        is_whole = path[:1] in several or path[0] in _KEPT
        if not (len(path) == 1 if is_whole else _is_named(path, vr, opened)):
            continue
        name = name_of(path[-1])
        if name in names and path[0] != names[name][0]:
            name = f"{name_of(path[0])}.{name}"
        names[name] = path
    return names


def _is_named(path: Path, vr: str, opened: set[Path]) -> bool:
    """Return whether an attribute of a group that is opened stands for itself."""
    if len(path) == 1:
        return vr != "SQ" or path not in opened
    if len(path) == 3:
        return not (vr == "SQ" and path[-1] in _LIFTED)
    return len(path) == 5 and path[2] in _LIFTED and path[3] == 0
