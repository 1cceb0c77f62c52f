"""What the tables demand of functional groups, and which frames lack it (PS3.3 section C.7.6.16)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

import numpy as np
import numpy.typing as npt

from dicomseries.checks.series_view.frame_views import FileFrames, Path
from dicomseries.checks.series_view.series_view import SeriesView
from dicomseries.standard.attribute import tag_of
from dicomseries.standard.conditional_groups import FLAVOUR_GROUPS, GROUP_NEEDS, Need
from dicomseries.standard.modules import FUNCTIONAL_GROUPS, MANDATORY_GROUPS, group_requirements

__all__ = ["lacking_in_groups", "lacking_partners"]

_BINARY = frozenset({"AT", "FD", "FL", "OB", "OW", "SL", "SQ", "SS", "UL", "UN", "US"})
"""Value representations in which zeros and blanks are values."""

Which = npt.NDArray[np.bool_]


def lacking_in_groups(view: SeriesView, kind: str) -> Iterator[tuple[str, str, int]]:
    """Yield the first place where a functional group lacks what is of Type `kind`, the group, and in how many frames.

    Groups are looked at where they are: shared, or in each frame that has them.
    """
    for frames in view.frames:
        uid = frames.instance.sop_class_uid
        for group in FUNCTIONAL_GROUPS.get(uid, ()) if frames.groups is not None else ():
            has = _filled(frames, (tag_of(group),))
            if kind == "1" and group in MANDATORY_GROUPS.get(uid, ()) and not has.all():
                yield _place(frames, ~has, group), group, int((~has).sum())
            for tags, path in _demanded(uid, group, kind) if has.any() else ():
                lacks = _lacking(frames, (tag_of(group), 0), has, tags, kind)
                if lacks.any():
                    yield _place(frames, lacks, f"{group}.{path}"), group, int(lacks.sum())


def lacking_partners(view: SeriesView) -> Iterator[tuple[str, str, int]]:
    """Yield the first place where a functional group lacks what its values ask for, why, and in how many frames.

    Also where FrameType has a flavour whose functional group is not there.
    """
    for frames in view.frames:
        groups = set(FUNCTIONAL_GROUPS.get(frames.instance.text("SOPClassUID"), ()))
        if frames.groups is None:
            continue
        for group in sorted(groups & set(GROUP_NEEDS)):
            for need in GROUP_NEEDS[group]:
                yield from _without_partners(frames, group, need)
        for flavour, group in FLAVOUR_GROUPS.items():
            if group in groups and flavour in frames.instance.texts("ImageType")[2:3]:
                lacks = ~_filled(frames, (tag_of(group),))
                if lacks.any():
                    yield (
                        _place(frames, lacks, group),
                        f"ImageType {flavour} asks for it",
                        int(lacks.sum()),
                    )


def _without_partners(frames: FileFrames, group: str, need: Need) -> Iterator[tuple[str, str, int]]:
    path = (tag_of(group), 0, tag_of(need.keyword))
    asks = _filled(frames, path)
    if need.values or need.unless:
        asks &= _which(frames, path, lambda value: value is not None and need.asks(_first(value)))
    for partner in need.partners if asks.any() else ():
        lacks = asks & ~_filled(frames, (tag_of(group), 0, tag_of(partner)))
        if lacks.any():
            said = need.values[0] if len(need.values) == 1 else ""
            why = f"{need.keyword} {said}".strip() + " asks for it"
            yield _place(frames, lacks, f"{group}.{partner}"), why, int(lacks.sum())


def _first(value: bytes) -> str:
    return value.split(b"\\")[0].strip(b" \0").decode("latin-1")


@cache
def _demanded(uid: str, group: str, kind: str) -> tuple[tuple[Path, str], ...]:
    return tuple(
        (tuple(map(tag_of, one.path)), ".".join(one.path))
        for one in group_requirements(uid, group)
        if one.type == kind
    )


def _place(frames: FileFrames, lacks: Which, path: str) -> str:
    return f"{frames.name(int(np.argmax(lacks)))} {path}"


def _lacking(frames: FileFrames, item: Path, has: Which, tags: Path, kind: str) -> Which:
    """Return which of the frames that have an item lack an attribute in it, or below it."""
    path = (*item, tags[0])
    if len(tags) == 1:
        return has & ~(_filled(frames, path) if kind == "1" else _there(frames, path))
    lacks = np.zeros(frames.count, np.bool_)
    for index in range(frames.most_items(path)):
        lacks |= _lacking(
            frames, (*path, index), has & _has_item(frames, path, index), tags[1:], kind
        )
    return lacks


def _has_item(frames: FileFrames, path: Path, index: int) -> Which:
    """Return which frames have an item of a sequence; the first is there if the sequence is not empty."""
    if not index:
        return _filled(frames, path)
    found = np.zeros(frames.count, np.bool_)
    for inside in frames.inside((*path, index)):
        found |= _there(frames, inside)
    return found


def _there(frames: FileFrames, path: Path) -> Which:
    return _which(frames, path, lambda value: value is not None)


def _filled(frames: FileFrames, path: Path) -> Which:
    if frames.vr(path) in _BINARY:
        return _which(frames, path, bool)
    return _which(frames, path, lambda value: bool(value and value.strip(b" \0")))


def _which(frames: FileFrames, path: Path, is_fine: Callable[[bytes | None], bool]) -> Which:
    """Return for which frames an attribute is as wanted; what all share is looked at once."""
    if not frames.is_of_frames(path):
        return np.full(frames.count, is_fine(frames.column(path)[0]))
    return np.fromiter(map(is_fine, frames.column(path)), np.bool_, frames.count)
