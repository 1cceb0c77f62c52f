"""When each slice of a volume was taken: slice timing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from dicomseries.geometry import Grid
from dicomseries.reading.parse.clocks import seconds_of_dates, seconds_of_day
from dicomseries.reading.series_attributes import SeriesTags
from dicomseries.slice_planes import positions_of

__all__ = ["slice_times_s", "times_of_slices"]

_SAME_PLACE = 0.3
"""Largest distance of a slice from its place, as a part of the mean gap."""

_CLOCKS = ("FrameAcquisitionDateTime", "AcquisitionDateTime")


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
    """Return the times of the first slices, in seconds after the first one.

    None if they are unknown, equal, or span more than RepetitionTime.

    Examples
    --------
    >>> times_of_slices({"MosaicRefAcqTimes": (1000.0, 0.0, 1500.0, 500.0)}, 4)
    (1.0, 0.0, 1.5, 0.5)
    >>> times_of_slices({"AcquisitionTime": ("120001", "120000.5")}, 2)
    (0.5, 0.0)
    """
    seconds = _stated(tags, slices)
    if seconds is None or not np.isfinite(seconds).all():
        return None
    seconds = (seconds - seconds.min()).round(9)
    repetition_ms = tags.get("RepetitionTime")
    is_known = isinstance(repetition_ms, (int, float)) and repetition_ms > 0
    span_ms = float(seconds.max()) * 1000
    if span_ms == 0 or (is_known and span_ms >= float(repetition_ms or 0)):
        return None
    return tuple(seconds.tolist())


def _stated(tags: Mapping[str, Any], slices: int) -> Any:
    """Return seconds of the first volume's slices by the best clock."""
    milliseconds = _by_slice(tags, "MosaicRefAcqTimes", slices)
    if milliseconds is not None:
        return np.array(milliseconds, np.float64) / 1000
    for keyword in _CLOCKS:
        dates = _by_slice(tags, keyword, slices)
        if dates is not None:
            return seconds_of_dates([str(date) for date in dates])
    times = _by_slice(tags, "AcquisitionTime", slices)
    if times is None:
        return None
    return seconds_of_day([str(time) for time in times])


def _by_slice(tags: Mapping[str, Any], name: str, slices: int) -> tuple[Any, ...] | None:
    """Return an attribute of the first volume's slices; None if one lacks it, or all share it."""
    values = tags.get(name)
    if not isinstance(values, tuple) or len(values) < slices:
        return None
    first = values[:slices]
    if None in first or "" in first:
        return None
    return first
