"""Times of the frames of a clip (PS3.3 section C.7.6.5)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from dicomseries.reading.parse.instance import Instance
from dicomseries.reading.problems import Problem
from dicomseries.standard.attributes.attribute import tag_of

__all__ = ["clip_times_s", "pointed_tags"]

_TIMES = frozenset(map(tag_of, ("FrameTime", "FrameTimeVector")))


def pointed_tags(instance: Instance) -> tuple[int, ...]:
    """Return the tags in FrameIncrementPointer.

    Examples
    --------
    >>> from dicomseries.reading import read_instance
    >>> from pydicom.data import get_testdata_file
    >>> clip = read_instance(get_testdata_file("examples_ybr_color.dcm"))
    >>> [hex(tag) for tag in pointed_tags(clip)]
    ['0x181063']
    """
    pointers = instance.raw("FrameIncrementPointer") or b""
    complete = pointers[: len(pointers) // 4 * 4]
    pairs = np.frombuffer(complete, f"{instance.byte_order}u2").reshape(-1, 2).tolist()
    return tuple(group << 16 | number for group, number in pairs)


def clip_times_s(instance: Instance) -> tuple[tuple[float, ...] | None, list[Problem]]:
    """Return the start of each frame in seconds after the first.

    By FrameTime or FrameTimeVector, to which FrameIncrementPointer points; by either of them if it
    is missing; by CineRate, with a warning.

    Returns
    -------
    times_s : tuple of float or None
        None if no time is stated, or if the frames are counted by something else.
    problems : list of Problem
        Warnings.
    """
    pointed = set(pointed_tags(instance))
    if pointed and not pointed & _TIMES:
        return None, []
    if not pointed or tag_of("FrameTimeVector") in pointed:
        times = _from_steps(instance.numbers("FrameTimeVector")[1:], instance.frames)
        if times is not None:
            return times, []
    if not pointed or tag_of("FrameTime") in pointed:
        steps = instance.numbers("FrameTime")[:1] * (instance.frames - 1)
        times = _from_steps(steps, instance.frames)
        if times is not None:
            return times, []
    rate = instance.decimal("CineRate")
    if not math.isfinite(rate) or rate <= 0:
        return None, []
    problem = Problem(
        code="times-of-cine-rate",
        level="warning",
        text=f"the frames have no time; they are taken as {rate:.6g} a second (CineRate)",
        remedy="Check the times if they matter: CineRate is a rounded mean.",
    )
    return _from_steps((1000 / rate,) * (instance.frames - 1), instance.frames), [problem]


def _from_steps(steps_ms: Sequence[float], frames: int) -> tuple[float, ...] | None:
    are_rising = all(0 < step < math.inf for step in steps_ms)
    if len(steps_ms) != frames - 1 or not are_rising:
        return None
    return tuple((np.cumsum([0.0, *steps_ms]) / 1000).round(9).tolist())
