"""The rule that times rise from volume to volume, for writing and for checking (PS3.3 C.8.9.4, C.7.6.18.1, C.7.6.1)."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

__all__ = ["RISING", "first_not_rising", "moment_number"]

RISING: Mapping[tuple[str, ...], bool] = {
    ("FrameReferenceTime",): True,
    ("TriggerTime",): False,
    ("AcquisitionDate", "AcquisitionTime"): False,
}
"""Attributes that rise with the time points of a series where they differ → whether equal times are too early."""


def moment_number(date: str, time: str) -> float:
    """Return date and time as a number that rises; 0 where they cannot be read.

    Examples
    --------
    >>> moment_number("20240229", "1200") < moment_number("20240229", "120000.5")
    True
    """
    whole, _, fraction = time.partition(".")
    try:
        return float(f"{date or 0}{whole:0<6}.{fraction}")
    except ValueError:
        return 0.0


def first_not_rising(starts: Sequence[float], *, is_strict: bool) -> int | None:
    """Return the first volume, from 0, whose time is not after that of the one before; None if all rise.

    Parameters
    ----------
    starts : sequence of float
        The first time of each volume.
    is_strict : bool
        Whether equal times are too early.

    Examples
    --------
    >>> first_not_rising([0, 10, 10], is_strict=True), first_not_rising([0, 10, 10], is_strict=False)
    (2, None)
    """
    for place, (before, after) in enumerate(itertools.pairwise(starts), start=1):
        if not before <= after or (is_strict and before == after):
            return place
    return None
