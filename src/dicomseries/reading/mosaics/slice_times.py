"""When each slice of a volume was taken: slice timing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.geometry import Grid
from dicomseries.reading.parse.clocks import seconds_of_dates, seconds_of_day
from dicomseries.reading.series_attributes import SeriesTags
from dicomseries.slice_planes import positions_of

__all__ = ["slice_times_s", "times_of_slices"]

Floats = npt.NDArray[np.float64]

_SAME_PLACE = 0.3
"""Largest distance of a slice from its place, as a part of the mean gap."""

_DATES = ("FrameAcquisitionDateTime", "AcquisitionDateTime")
_GE_TIMER = "(0021,105E) GEMS_RELA_01"
"""RTIA timer, in seconds."""


def slice_times_s(tags: SeriesTags, grid: Grid) -> tuple[float, ...] | None:
    """Return when each slice of the first volume was taken, in seconds after the first one.

    Parameters
    ----------
    tags : SeriesTags
        Of the slices, volume by volume.
    grid : Grid
        Of a volume.

    Returns
    -------
    tuple of float or None
        One for each slice along the normal. None if the slices have no times, all have the same,
        they span more than RepetitionTime, or the grid is another than that of the slices.

    Examples
    --------
    >>> from dicomseries.reading.series_volume import read
    >>> from pydicom.data import get_testdata_file
    >>> volume = read(get_testdata_file("CT_small.dcm"))
    >>> slice_times_s(volume.tags, volume.grid)
    """
    slices = grid.shape[0]
    positions = tags.place.positions_lps
    if positions is None or len(positions) < slices or not grid.statement.has_place:
        return None
    off_mm = np.abs(positions[:slices] - positions_of(grid)).max()
    if not off_mm < _SAME_PLACE * float(np.ptp(positions[:slices], axis=0).max()) / slices:
        return None
    return times_of_slices(tags, slices)


def times_of_slices(tags: Mapping[str, Any], slices: int) -> tuple[float, ...] | None:
    """Return the times of the slices of a volume, in seconds after the first one.

    Those of the first volume, else of the second: some scanners count the first from another
    moment. None if they are unknown, equal, whole seconds, or span more than RepetitionTime.

    Examples
    --------
    >>> times_of_slices({"MosaicRefAcqTimes": (1000.0, 0.0, 1500.0, 500.0)}, 4)
    (1.0, 0.0, 1.5, 0.5)
    >>> times_of_slices({"AcquisitionTime": ("120001", "120000.5")}, 2)
    (0.5, 0.0)
    """
    for start in (0, slices):
        for stated in _clocks(tags, slice(start, start + slices), slices):
            seconds = (stated - stated.min()).round(9)
            if _is_within_repetition(float(seconds.max()) * 1000, tags.get("RepetitionTime")):
                return tuple(seconds.tolist())
    return None


def _is_within_repetition(span_ms: float, repetition_ms: Any) -> bool:
    if span_ms == 0:
        return False
    is_known = isinstance(repetition_ms, (int, float)) and repetition_ms > 0
    return not is_known or span_ms < repetition_ms


def _clocks(tags: Mapping[str, Any], chosen: slice, slices: int) -> Iterator[Floats]:
    """Yield finite seconds of the slices of a volume, by the best clock first."""
    for seconds in (
        _numbers(tags, "MosaicRefAcqTimes", chosen, slices, 1e-3),
        *(_dates(tags, keyword, chosen, slices) for keyword in _DATES),
        _times(tags, chosen, slices),
        _timers(tags, chosen, slices),
    ):
        if seconds is not None and np.isfinite(seconds).all():
            yield seconds


def _numbers(
    tags: Mapping[str, Any], name: str, chosen: slice, slices: int, unit_s: float
) -> Floats | None:
    values = _by_slice(tags, name, chosen, slices)
    return None if values is None else np.array(values, np.float64) * unit_s


def _dates(tags: Mapping[str, Any], name: str, chosen: slice, slices: int) -> Floats | None:
    dates = _by_slice(tags, name, chosen, slices)
    return None if dates is None or _are_whole(dates) else seconds_of_dates(list(map(str, dates)))


def _times(tags: Mapping[str, Any], chosen: slice, slices: int) -> Floats | None:
    times = _by_slice(tags, "AcquisitionTime", chosen, slices)
    return None if times is None or _are_whole(times) else seconds_of_day(list(map(str, times)))


def _timers(tags: Mapping[str, Any], chosen: slice, slices: int) -> Floats | None:
    """Return the seconds of GE's timers: of a dynamic series, or of each slice."""
    if _GE_TIMER not in tags or tags.get("CardiacNumberOfImages") not in {None, "", 0, 1}:
        return None
    milliseconds = _numbers(tags, "TriggerTime", chosen, slices, 1e-3)
    if milliseconds is not None and np.ptp(milliseconds) > 0:
        return milliseconds
    seconds = _numbers(tags, _GE_TIMER, chosen, slices, 1.0)
    # Some slices have no time.
    return None if seconds is None or (seconds <= 0).any() else seconds


def _are_whole(times: tuple[Any, ...]) -> bool:
    """Return whether all times are whole seconds, which do not tell slices apart."""
    return not any("." in str(time) for time in times)


def _by_slice(
    tags: Mapping[str, Any], name: str, chosen: slice, slices: int
) -> tuple[Any, ...] | None:
    """Return an attribute of a volume's slices; None if one lacks it, or all share it."""
    values = tags.get(name)
    if not isinstance(values, tuple):
        return None
    of_volume = values[chosen]
    if len(of_volume) < slices or None in of_volume or "" in of_volume:
        return None
    return of_volume
