"""A volume with turned axes, and one with readahead."""

from __future__ import annotations

from dataclasses import replace

from dicomseries.orientation import Turn
from dicomseries.sources.arguments.written_planes import WrittenPlanes
from dicomseries.sources.frames.prefetch import prefetched
from dicomseries.sources.frames.turned_frames import turned_frames
from dicomseries.sources.volume import Volume

__all__ = ["read_once", "turned"]


def turned(volume: Volume, turn: Turn) -> Volume:
    """Return a volume with turned axes; no value moves.

    Nothing is read.

    Parameters
    ----------
    volume : Volume
        Of one or several time points, LPS mm.
    turn : Turn
        Order and direction of its axes.

    Raises
    ------
    GeometryError
        If slices on separate planes would become rows or columns.

    Examples
    --------
    >>> import numpy as np
    >>> from dicomseries.geometry import Grid
    >>> from dicomseries.sources import array_frames
    >>> grid = Grid(shape=(1, 2, 2), spacing_mm=(1, 1, 2))
    >>> volume = Volume(slabs=array_frames(np.array([[[1, 2], [3, 4]]])), grid=grid)
    >>> turned(volume, Turn(flips=(False, True, False))).array.tolist()
    [[[3, 4], [1, 2]]]
    """
    if turn.is_identity:
        return volume
    frames = turned_frames(volume.slabs, turn, volume.slices)
    grid = volume.grid
    if isinstance(grid, WrittenPlanes):
        grid = grid.turned(turn.order, turn.flips)
    else:
        grid = turn.grid(grid)
    return replace(volume, slabs=frames, grid=grid, turn=turn)


def read_once(volume: Volume) -> Volume:
    """Return a volume with readahead of chunked frames.

    Examples
    --------
    >>> import numpy as np
    >>> from dicomseries.geometry import Grid
    >>> from dicomseries.sources import array_frames
    >>> grid = Grid(shape=(3, 4, 5), spacing_mm=(1, 1, 2))
    >>> volume = Volume(slabs=array_frames(np.zeros((3, 4, 5))), grid=grid)
    >>> read_once(volume) is volume
    True
    """
    if not volume.slabs.is_chunked:
        return volume
    return replace(volume, slabs=prefetched(volume.slabs))
