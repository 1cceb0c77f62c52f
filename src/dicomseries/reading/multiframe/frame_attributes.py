"""Functional groups as plain Python values by keyword."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from dicomseries.reading.parse.functional_groups import FunctionalGroups, Path
from dicomseries.reading.parse.to_python import Decoding, name_of, plain_value
from dicomseries.standard.attributes.attribute import tag_of

__all__ = ["frame_attributes"]

_NOT_OPENED = frozenset(
    map(
        tag_of,
        (
            "DerivationImageSequence",
            "ReferencedImageSequence",
            "ConversionSourceAttributesSequence",
        ),
    )
)
"""Groups about other images: opened, their attributes would look like those of the frame."""
_OPENED = frozenset(map(tag_of, ("DiffusionGradientDirectionSequence", "DiffusionBMatrixSequence")))
"""Sequences inside a group with attributes of the frame itself."""


def frame_attributes(groups: FunctionalGroups) -> dict[str, Sequence[Any]]:
    """Return functional groups by keyword, one value per frame.

    An attribute of a group has its keyword, as in a file of one frame. A group with several items
    stays a list of dictionaries under its own name. If two groups have an attribute in common, the
    second one is named "Group.Attribute".

    Parameters
    ----------
    groups : FunctionalGroups
        Of the file.

    Returns
    -------
    dict
        First the attributes shared by all frames; None if a frame lacks an attribute.
    """
    decoding = replace(groups.instance.decoding(), elements={})
    per_frame = {}
    for name, path in _names(groups.per_frame).items():
        per_frame[name] = _decode(groups, path, groups.raw(path) or [], decoding)
    attributes: dict[str, Sequence[Any]] = {}
    for name, path in _names(groups.shared).items():
        raw = groups.shared_raw(path)
        if raw is not None and name not in per_frame:
            attributes[name] = _decode(groups, path, [raw], decoding) * groups.count
    return attributes | per_frame


def _decode(
    groups: FunctionalGroups, path: Path, raws: Sequence[bytes | None], decoding: Decoding
) -> list[Any]:
    """Return the values of one attribute.

    Equal bytes are decoded once.
    """
    values: dict[bytes | None, Any] = {None: None}
    for raw in {*raws} - {None}:
        values[raw] = plain_value(path[-1], groups.element(path, raw or b""), decoding)
    return [values[raw] for raw in raws]


def _names(paths: Mapping[Path, str]) -> dict[str, Path]:
    """Return the paths of attributes outside their groups, by name."""
    several_items = {path[:1] for path in paths if len(path) > 1 and path[1] > 0}
    opened = {path[:-2] for path in paths if len(path) > 2}
    names: dict[str, Path] = {}
    for path, vr in paths.items():
        if path[:1] in several_items or path[0] in _NOT_OPENED:
            is_named = len(path) == 1
        else:
            is_named = _is_named(path, vr, opened)
        if not is_named:
            continue
        name = name_of(path[-1])
        if name in names and path[0] != names[name][0]:
            name = f"{name_of(path[0])}.{name}"
        names[name] = path
    return names


def _is_named(path: Path, vr: str, opened: set[Path]) -> bool:
    """Return True for an attribute of an opened group."""
    if len(path) == 1:
        return vr != "SQ" or path not in opened
    if len(path) == 3:
        return vr != "SQ" or path[-1] not in _OPENED
    return len(path) == 5 and path[2] in _OPENED and path[3] == 0
