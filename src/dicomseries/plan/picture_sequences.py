"""Attributes of pictures in one file: clips or pages.

PS3.3 sections C.7.6.5 (Cine), C.7.6.6 (Multi-frame) and C.8.6.4 (SC Multi-frame Vector).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dicomseries.errors import MetadataError
from dicomseries.iod import Kind
from dicomseries.metadata import Metadata
from dicomseries.plan.columns import Extent
from dicomseries.standard.attributes.attribute import tag_of
from dicomseries.standard.attributes.decimal_string import format_ds

__all__ = ["annotation_advice", "clip_advice", "clip_facts"]

_EVEN = 1e-6
"""Times that differ from even steps by less than this part of a step are even."""

_NO_TIMES = (
    "The frames have no times: they are numbered as pages. Give `times=` (seconds from one frame "
    "to the next) for a clip."
)

_NO_TEXT = (
    "BurnedInAnnotation NO is written, because the object class requires a value and none was "
    'given. Give `metadata={"BurnedInAnnotation": "YES"}` if text in the pixels tells who the '
    "patient is or when the image was taken."
)


def clip_facts(
    kind: Kind, extent: Extent, metadata: Metadata, *, is_placed: bool
) -> dict[str, tuple[Any, ...]]:
    """Return FrameTime, FrameTimeVector or PageNumberVector, and its pointer.

    Parameters
    ----------
    kind : Kind
        Only kinds that hold clips have facts here.
    extent : Extent
        Frames, and their times in seconds.
    metadata : Metadata
        May give FrameTime or FrameTimeVector in ms.
    is_placed : bool
        Whether the frames are slices with a position; functional groups order these.

    Raises
    ------
    MetadataError
        If a given FrameTime or FrameTimeVector contradicts the times, or has too few values.
    """
    if not kind.holds_clips or extent.frames == 1:
        return {}
    facts = _given_times(extent, metadata) or _computed_times(extent)
    if not facts and not is_placed:
        facts = {"PageNumberVector": tuple(map(str, range(1, extent.frames + 1)))}
    pointer = next(iter(facts), "PerFrameFunctionalGroupsSequence")
    return facts | {"FrameIncrementPointer": (tag_of(pointer),)}


def clip_advice(kind: Kind, extent: Extent, facts: dict[str, tuple[Any, ...]]) -> tuple[str, ...]:
    """Return advice about a clip without times."""
    is_clip = kind.holds_clips and extent.is_timed
    if not is_clip or not facts.keys().isdisjoint(_GIVEN):
        return ()
    return (_NO_TIMES,)


def annotation_advice(kind: Kind, metadata: Metadata) -> tuple[str, ...]:
    """Return advice about text in the pixels.

    Only Multi-frame Secondary Capture requires BurnedInAnnotation (PS3.3 section C.8.6.3: Type 1).
    """
    stated = metadata.get("BurnedInAnnotation")
    is_stated = stated is not None and not stated.is_empty
    if is_stated or not kind.holds_clips:
        return ()
    return (_NO_TEXT,)


_GIVEN = ("FrameTime", "FrameTimeVector")


def _given_times(extent: Extent, metadata: Metadata) -> dict[str, tuple[Any, ...]]:
    for keyword, count in zip(_GIVEN, (1, extent.frames), strict=True):
        attribute = metadata.get(keyword)
        if attribute is None or attribute.is_empty:
            continue
        values = attribute.values
        if len(values) != count:
            expected = f"{count}, of {extent.frames} frames"
            raise _fault(keyword, f"{len(values)} values", expected)
        texts = tuple(map(str, values))
        _check_steps(keyword, list(map(float, texts)), extent)
        return {keyword: texts}
    return {}


def _check_steps(keyword: str, steps: Sequence[float], extent: Extent) -> None:
    if keyword == "FrameTime":
        steps = list(steps) * (extent.frames - 1)
    else:
        steps = steps[1:]
    if min(steps) <= 0:
        raise _fault(keyword, f"{min(steps):g} ms", "durations above 0 ms")
    if extent.times_s is None or extent.slices > 1:
        return
    expected = (1000 * np.diff(extent.times_s)).tolist()
    for step, time in zip(steps, expected, strict=True):
        if abs(step - time) > _EVEN * time:
            raise _fault(keyword, f"{steps[0]:g} ms", f"{expected[0]:g} ms, as `times=` says")


def _computed_times(extent: Extent) -> dict[str, tuple[Any, ...]]:
    times = extent.times_s
    if times is None or extent.slices > 1:
        return {}
    step = (times[-1] - times[0]) / (len(times) - 1)
    departures = (abs(time - times[0] - index * step) for index, time in enumerate(times))
    if max(departures) <= _EVEN * step:
        return {"FrameTime": (format_ds(1000 * step),)}
    steps = (1000 * np.diff(times)).tolist()
    return {"FrameTimeVector": ("0", *map(format_ds, steps))}


def _fault(keyword: str, values: str, expected: str) -> MetadataError:
    return MetadataError(
        code="frame-time-unfit",
        where=keyword,
        given=values,
        expected=expected,
        remedy="Leave it out and give `times=` in seconds, or correct it (it is in ms).",
    )
