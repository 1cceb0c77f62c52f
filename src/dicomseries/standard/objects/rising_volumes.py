"""Times that rise from volume to volume (PS3.3)."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

__all__ = ["OTHER_VOLUMES", "RISING", "first_not_rising", "moment_number"]

OTHER_VOLUMES = frozenset(
    {
        "ComplexImageComponent",
        "DiffusionBValue",
        "DiffusionGradientOrientation",
        "EchoNumbers",
        "EchoTime",
        "InversionTime",
    }
)
"""Volumes that differ in one of these are no time points: any order of acquisition is right."""

RISING: Mapping[tuple[str, ...], bool] = {
    ("FrameReferenceTime",): True,
    ("TriggerTime",): False,
    ("AcquisitionDate", "AcquisitionTime"): False,
}
"""Attributes that rise with the time points of a series → whether equal times are too early.

PS3.3 C.8.9.4, C.7.6.18.1 and C.7.6.1.
"""


def moment_number(date: str, time: str) -> float:
    """Return date and time as a rising number.

    Examples
    --------
    >>> moment_number("20240229", "1200") < moment_number("20240229", "120000.5")
    True
    """
    clock, _, fraction = time.partition(".")
    try:
        return float(f"{date or 0}{clock:0<6}.{fraction}")
    except ValueError:
        return 0.0


def first_not_rising(starts: Sequence[float], *, is_strict: bool) -> int | None:
    """Return the first volume with too early a time.

    Counted from 0; None if all times rise.

    Parameters
    ----------
    starts : sequence of float
        The first time of each volume.
    is_strict : bool
        Whether equal times are too early.

    Examples
    --------
    >>> first_not_rising([0, 10, 10], is_strict=True)
    2
    >>> first_not_rising([0, 10, 10], is_strict=False) is None
    True
    """
    for place, (before, after) in enumerate(itertools.pairwise(starts), start=1):
        if not before <= after or (is_strict and before == after):
            return place
    return None
