"""Pictures in one file that follow each other in time, or as pages: what the frames are told apart by.

PS3.3 sections C.7.6.5 (Cine), C.7.6.6 (Multi-frame) and C.8.6.4 (SC Multi-frame Vector).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from dicomseries.errors import MetadataError
from dicomseries.iod import Kind
from dicomseries.metadata import Metadata
from dicomseries.plan.columns import Extent
from dicomseries.standard.attribute import tag_of
from dicomseries.standard.decimal_string import format_ds

__all__ = ["annotation_advice", "clip_advice", "clip_facts"]

_EVEN = 1e-6
"""Times that are off an even row by less than this part of a step are even."""

_NO_TIMES = "The frames have no times: they are numbered as pages. Give times= (seconds from one frame to the next) for a clip."


_NO_TEXT = (
    "BurnedInAnnotation NO is written, as the object class demands an answer and none was given. Give "
    'metadata={"BurnedInAnnotation": "YES"} if the pixels show text that tells who the patient is or when it was taken.'
)


def clip_facts(
    kind: Kind, extent: Extent, metadata: Metadata, *, is_placed: bool
) -> dict[str, tuple[Any, ...]]:
    """Return FrameTime, FrameTimeVector or PageNumberVector, and the pointer to it.

    Parameters
    ----------
    kind : Kind
        Only kinds that hold clips have facts here.
    extent : Extent
        Frames, and their times in seconds.
    metadata : Metadata
        May give FrameTime or FrameTimeVector in ms.
    is_placed : bool
        Whether the frames are slices with a place; these need no other order than their functional groups.

    Raises
    ------
    MetadataError
        If a given FrameTime or FrameTimeVector contradicts the times, or has too few values.

    Examples
    --------
    >>> from dicomseries.iod import find_kind
    >>> clip = Extent(volumes=3, slices=1, times_s=(0.0, 0.033, 0.066))
    >>> clip_facts(find_kind("MultiframeSC"), clip, Metadata(), is_placed=False)["FrameTime"]
    ('33',)
    """
    if not kind.holds_clips or extent.frames == 1:
        return {}
    facts = _times_given(extent, metadata) or _times_of(extent)
    if not facts and not is_placed:
        facts = {"PageNumberVector": tuple(str(number + 1) for number in range(extent.frames))}
    if not facts:
        return {"FrameIncrementPointer": (tag_of("PerFrameFunctionalGroupsSequence"),)}
    return facts | {"FrameIncrementPointer": (tag_of(next(iter(facts))),)}


def clip_advice(kind: Kind, extent: Extent, facts: dict[str, tuple[Any, ...]]) -> tuple[str, ...]:
    """Return the sentence about frames in time without times.

    Examples
    --------
    >>> from dicomseries.iod import CT
    >>> clip_advice(CT, Extent(volumes=1, slices=3), {})
    ()
    """
    is_clip = kind.holds_clips and extent.is_timed
    return (_NO_TIMES,) if is_clip and not {"FrameTime", "FrameTimeVector"} & set(facts) else ()


def annotation_advice(kind: Kind, metadata: Metadata) -> tuple[str, ...]:
    """Return the sentence about text in the pixels that nobody answered for.

    Parameters
    ----------
    kind : Kind
        Only Multi-frame Secondary Capture demands BurnedInAnnotation of pictures (PS3.3 section C.8.6.3: Type 1).
    metadata : Metadata
        Of the user and of the source series.

    Examples
    --------
    >>> from dicomseries.iod import CT
    >>> annotation_advice(CT, Metadata())
    ()
    """
    stated = metadata.get("BurnedInAnnotation")
    is_stated = stated is not None and not stated.is_empty
    return () if is_stated or not kind.holds_clips else (_NO_TEXT,)


def _times_of(extent: Extent) -> dict[str, tuple[Any, ...]]:
    times = extent.times_s
    if times is None or extent.slices > 1:
        return {}
    step = (times[-1] - times[0]) / (len(times) - 1)
    if all(abs(time - times[0] - index * step) <= _EVEN * step for index, time in enumerate(times)):
        return {"FrameTime": (format_ds(1000 * step),)}
    steps = (format_ds(1000 * (after - before)) for before, after in pairwise(times))
    return {"FrameTimeVector": ("0", *steps)}


def _times_given(extent: Extent, metadata: Metadata) -> dict[str, tuple[Any, ...]]:
    for keyword, count in (("FrameTime", 1), ("FrameTimeVector", extent.frames)):
        given = metadata.get(keyword)
        if given is None or given.is_empty:
            continue
        if len(given.values) != count:
            raise _fault(
                keyword, f"{len(given.values)} values", f"{count}, of {extent.frames} frames"
            )
        steps = [float(str(value)) for value in given.values]
        _check_steps(keyword, steps, extent)
        return {keyword: tuple(map(str, given.values))}
    return {}


def _check_steps(keyword: str, steps: Sequence[float], extent: Extent) -> None:
    between = list(steps) * (extent.frames - 1) if keyword == "FrameTime" else list(steps[1:])
    if min(between) <= 0:
        raise _fault(keyword, f"{min(between):g} ms", "lengths of time above 0 ms")
    if extent.times_s is None or extent.slices > 1:
        return
    expected = [1000 * (after - before) for before, after in pairwise(extent.times_s)]
    if any(abs(own - other) > _EVEN * other for own, other in zip(between, expected, strict=True)):
        raise _fault(keyword, f"{between[0]:g} ms", f"{expected[0]:g} ms, as times= says")


def _fault(keyword: str, given: str, expected: str) -> MetadataError:
    return MetadataError(
        code="frame-time-unfit",
        where=keyword,
        given=given,
        expected=expected,
        remedy="Leave it out and give times= in seconds, or correct it (it is in ms).",
    )
