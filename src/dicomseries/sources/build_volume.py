"""`build_volume`: frames, grid and times as a `Volume`."""

from __future__ import annotations

from dicomseries.sources.arguments.grid_arguments import (
    SourceGrid,
    join_grid,
    no_grid,
    renamed_grid,
)
from dicomseries.sources.arguments.source_arguments import SourceArguments
from dicomseries.sources.arguments.volume_times import SourceTimes, join_times, no_times
from dicomseries.sources.frames.array_axes import ArrayAxes
from dicomseries.sources.frames.frame_reader import FrameReader
from dicomseries.sources.volume import Volume

__all__ = ["build_volume"]


def build_volume(
    frames: FrameReader,
    axes: ArrayAxes,
    arguments: SourceArguments,
    source_grid: SourceGrid = no_grid,
    *,
    slope: float = 1.0,
    intercept: float = 0.0,
    source_times: SourceTimes = no_times,
) -> Volume:
    """Return the volume of `frames`, placed by arguments and source.

    Raises
    ------
    GeometryError
        If neither knows the spacing, or the grid is not one that DICOM can hold.
    SourceError
        If the caller's times do not fit the volumes.

    Examples
    --------
    >>> import numpy as np
    >>> from dicomseries.sources import array_frames
    >>> axes = ArrayAxes(shape=(3, 4, 5), letters="zyx", source_letters="zyx")
    >>> arguments = SourceArguments(spacing=(1, 1, 2))
    >>> build_volume(array_frames(np.zeros((3, 4, 5))), axes, arguments).grid.spacing_mm
    (1.0, 1.0, 2.0)
    """
    return Volume(
        slabs=frames,
        grid=join_grid(axes.grid_shape, arguments, lambda: renamed_grid(source_grid(), axes)),
        slope=slope,
        intercept=intercept,
        volumes=axes.volumes,
        times_s=join_times(axes, arguments, source_times),
        axes_assumed=axes.is_assumed,
    )
