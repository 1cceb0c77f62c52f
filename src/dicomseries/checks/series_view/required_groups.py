"""Missing content of functional groups (PS3.3 section C.7.6.16)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from dicomseries.checks.series_view.element_values import has_value, plain_text
from dicomseries.checks.series_view.file_frames import FileFrames
from dicomseries.checks.series_view.series_view import SeriesView
from dicomseries.reading import Path, path_of
from dicomseries.standard.attributes.attribute import tag_of
from dicomseries.standard.objects.conditional_groups import FLAVOUR_GROUPS, GROUP_NEEDS, Need
from dicomseries.standard.objects.modules import (
    FUNCTIONAL_GROUPS,
    MANDATORY_GROUPS,
    group_requirements,
)

__all__ = ["MissingInGroup", "missing_by_type", "missing_partners"]

Mask = npt.NDArray[np.bool_]
"""One truth value for each frame."""


class MissingInGroup(NamedTuple):
    """Missing attribute or group, its first frame and frame count."""

    frame: str
    name: str
    group: str
    frame_count: int
    reason: str = ""


def missing_by_type(view: SeriesView, kind: str) -> Iterator[MissingInGroup]:
    """Yield missing groups and attributes of Type 1 or 2.

    Groups are checked where they are: shared, or in each frame that has them.
    """
    for frames in view.frames:
        if not frames.has_groups:
            continue
        uid = frames.instance.sop_class_uid
        for group in FUNCTIONAL_GROUPS.get(uid, ()):
            present = _with_value(frames, path_of(group))
            if kind == "1" and group in MANDATORY_GROUPS.get(uid, ()):
                yield from _missing(frames, ~present, group, group)
            if not present.any():
                continue
            for tags, name in _required(uid, group, kind):
                missing = _missing_below(frames, (tag_of(group), 0), present, tags, kind)
                yield from _missing(frames, missing, f"{group}.{name}", group)


def missing_partners(view: SeriesView) -> Iterator[MissingInGroup]:
    """Yield content of functional groups that their other values require.

    Also the functional group of a flavour in the third value of ImageType.
    """
    for frames in view.frames:
        if not frames.has_groups:
            continue
        groups = set(FUNCTIONAL_GROUPS.get(frames.instance.text("SOPClassUID"), ()))
        for group in sorted(groups & set(GROUP_NEEDS)):
            for need in GROUP_NEEDS[group]:
                yield from _without_partners(frames, group, need)
        for flavour, group in FLAVOUR_GROUPS.items():
            if group in groups and flavour in frames.instance.texts("ImageType")[2:3]:
                missing = ~_with_value(frames, path_of(group))
                yield from _missing(frames, missing, group, group, f"ImageType {flavour}")


def _missing(
    frames: FileFrames, missing: Mask, name: str, group: str, reason: str = ""
) -> Iterator[MissingInGroup]:
    if missing.any():
        frame = frames.name(int(np.argmax(missing)))
        yield MissingInGroup(frame, name, group, int(missing.sum()), reason)


@cache
def _required(uid: str, group: str, kind: str) -> tuple[tuple[Path, str], ...]:
    """Return tags and names of required attributes of a group."""
    return tuple(
        (tuple(map(tag_of, requirement.path)), ".".join(requirement.path))
        for requirement in group_requirements(uid, group)
        if requirement.type == kind
    )


def _missing_below(frames: FileFrames, item: Path, present: Mask, tags: Path, kind: str) -> Mask:
    """Return the frames without an attribute in a present item."""
    path = (*item, tags[0])
    if len(tags) == 1:
        is_fine = _with_value(frames, path) if kind == "1" else _with_attribute(frames, path)
        return present & ~is_fine
    missing = np.zeros(frames.count, np.bool_)
    for index in range(frames.most_items(path)):
        inside = present & _with_item(frames, path, index)
        missing |= _missing_below(frames, (*path, index), inside, tags[1:], kind)
    return missing


def _with_item(frames: FileFrames, path: Path, index: int) -> Mask:
    """Return the frames with an item of a sequence."""
    if not index:
        return _with_value(frames, path)
    present = np.zeros(frames.count, np.bool_)
    for inside in frames.paths_in((*path, index)):
        present |= _with_attribute(frames, inside)
    return present


def _without_partners(frames: FileFrames, group: str, need: Need) -> Iterator[MissingInGroup]:
    path = path_of(group, need.keyword)
    requires = _with_value(frames, path)
    if need.values or need.unless:
        requires &= _where(frames, path, lambda raw: raw is not None and need.asks(_first(raw)))
    if not requires.any():
        return
    reason = need.keyword
    if len(need.values) == 1:
        reason += f" {need.values[0]}"
    for partner in need.partners:
        missing = requires & ~_with_value(frames, path_of(group, partner))
        yield from _missing(frames, missing, f"{group}.{partner}", group, reason)


def _first(raw: bytes) -> str:
    return plain_text(raw.split(b"\\")[0])


def _with_attribute(frames: FileFrames, path: Path) -> Mask:
    return _where(frames, path, lambda raw: raw is not None)


def _with_value(frames: FileFrames, path: Path) -> Mask:
    return _where(frames, path, partial(has_value, frames.paths.get(path, "")))


def _where(frames: FileFrames, path: Path, condition: Callable[[bytes | None], bool]) -> Mask:
    """Return the frames with a value that meets a condition."""
    values = frames.column(path)
    if path not in frames.per_frame:
        return np.full(frames.count, condition(values[0]))
    return np.fromiter(map(condition, values), np.bool_, frames.count)
