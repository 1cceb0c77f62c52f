"""The grid of the source: an array whose voxels are the source's is stored on it, with the texts of its header."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import cast

import numpy as np
import numpy.typing as npt

from dicomseries.derivation.source.slice_matching import steps_among
from dicomseries.derivation.source.source_series import SourceFrame, SourceSeries
from dicomseries.geometry import Grid, GridTexts, Vector
from dicomseries.orientation import Turn
from dicomseries.standard.attribute import Attribute
from dicomseries.standard.decimal_string import MAX_DS_CHARS, format_ds

__all__ = ["on_source_grid", "with_source_texts"]

_SAME_CORNER = 5e-4
"""Part of the smallest spacing that corners by printed numbers may be off: half of what `check` accepts."""

_EVEN = 5e-5
"""Part of the spacing that a printed position may be off an even line: half of what ITK and `check` accept."""

_SAME_SPACING = 1e-4
"""Relative difference between a printed spacing and that of the positions: a tenth of what `check` accepts."""

_SHARED_GROUPS = "SharedFunctionalGroupsSequence"


def on_source_grid(source: SourceSeries, grid: Grid) -> tuple[Turn, Grid] | None:
    """Return how an array is turned onto the grid of the source, and its grid there.

    Parameters
    ----------
    source : SourceSeries
        Slices along the normal, LPS mm.
    grid : Grid
        Of the array, LPS mm, axes in any order and direction; all of the source or a part of it.

    Returns
    -------
    (Turn, Grid) or None
        The grid is exactly the source's (or a part of it), with its texts. None if voxels lie beside those of the
        source, or if the array is a single slice across the source's slices.

    Examples
    --------
    >>> own = Grid(shape=(4, 5, 6), spacing_mm=(1, 1, 2))
    >>> frames = tuple(SourceFrame(sop_class_uid="1.2", sop_instance_uid=f"1.3.{z}", position_lps=own.position(z))
    ...                for z in range(4))
    >>> source = SourceSeries(kind="CT", sop_class_uid="1.2", modality="CT", study_uid="1", series_uid="2",
    ...                 frame_of_reference_uid="3", grid=own, frames=frames)
    >>> turn, found = on_source_grid(source, own.flipped("y"))
    >>> turn.flips, found == own
    ((False, True, False), True)
    """
    steps = steps_among(source, grid)
    if steps is None:
        return None
    axes = [
        int(np.argmax(np.abs(steps[:, axis]))) for axis in range(3)
    ]  # of the source, for each of the array
    order = tuple(axes.index(axis) for axis in range(3))
    turn = Turn(
        order=cast("tuple[int, int, int]", order),
        flips=cast(
            "tuple[bool, bool, bool]",
            tuple(bool(steps[i, axis] < 0) for i, axis in enumerate(order)),
        ),
    )
    if grid.shape[0] == 1 and not turn.keeps_slices:
        return None
    return turn, with_source_texts(source, _part(source, grid, turn, steps))


def _part(source: SourceSeries, grid: Grid, turn: Turn, steps: npt.NDArray[np.float64]) -> Grid:
    """Return the part of the source's grid on which the turned array stands."""
    shape = turn.shape(grid.shape)
    first, spacing = [], []
    for i, axis in enumerate(turn.order):
        size = shape[2 - i]
        start = round(steps[i, 3])
        first.append(start - (size - 1) if turn.flips[i] else start)
        # an axis of one voxel has no step: a slice may be thicker than those of the source
        step = 1.0 if size > 1 else float(np.linalg.norm(steps[:, axis]))
        is_same = abs(step - 1) <= _SAME_SPACING
        spacing.append(source.grid.spacing_mm[i] if is_same else grid.spacing_mm[axis])
    return Grid(
        shape=shape,
        spacing_mm=cast("Vector", tuple(spacing)),
        origin_lps=source.grid.point(*first),
        direction_lps=source.grid.direction_lps,
    )


# -------------------------------------------------------------------------------------------------------------- texts
def with_source_texts(source: SourceSeries, grid: Grid) -> Grid:
    """Return a part of the source's grid that is printed as the source's header prints it.

    Where the header rounds so much that its numbers are not those of the grid any more, the grid prints its own: a
    spacing or an orientation within 5e-4 of a voxel at every corner, positions within 5e-5 of the spacing.

    Parameters
    ----------
    source : SourceSeries
        Its attributes hold the texts.
    grid : Grid
        All of its grid, or a part, LPS mm.
    """
    first = _first_index(source, grid)
    frames = source.frames[max(first[2], 0) : first[2] + grid.shape[0]] or source.frames[:1]
    spacing = _shared_texts(source, frames, "PixelSpacing", 2)
    orientation = _shared_texts(source, frames, "ImageOrientationPatient", 6)
    if spacing is None or orientation is None:
        return grid
    z = _slice_spacing_text(source, frames[0], grid.spacing_mm[2])
    texts = GridTexts(spacing=(spacing[1], spacing[0], z), orientation=orientation)
    if not _is_same_plane(texts, grid):
        return grid
    positions = _positions(source, first, grid)
    if positions is not None:
        texts = GridTexts(spacing=texts.spacing, orientation=texts.orientation, positions=positions)
    return Grid(
        shape=grid.shape,
        spacing_mm=grid.spacing_mm,
        origin_lps=grid.origin_lps,
        direction_lps=grid.direction_lps,
        texts=texts,
    )


def _first_index(source: SourceSeries, grid: Grid) -> tuple[int, int, int]:
    """Return the index (column, row, slice) in the source of the first voxel."""
    index = np.linalg.solve(source.grid.affine(), (*grid.origin_lps, 1.0))[:3]
    x, y, z = (round(float(part)) for part in index)
    return x, y, z


def _is_same_plane(texts: GridTexts, grid: Grid) -> bool:
    """Return whether the printed numbers put the corners of a slice where the grid has them."""
    x, y = np.reshape([float(text) for text in texts.orientation], (2, 3))
    _, rows, columns = grid.shape
    own = np.array(grid.axes)
    across = (columns - 1) * (x * float(texts.spacing[0]) - own[0] * grid.spacing_mm[0])
    down = (rows - 1) * (y * float(texts.spacing[1]) - own[1] * grid.spacing_mm[1])
    frame = np.abs(np.array([x @ x - 1, y @ y - 1, x @ y])).max()
    off = max(float(np.abs(part).max()) for part in (across, down, across + down))
    return off <= _SAME_CORNER * min(grid.spacing_mm) and float(frame) <= _SAME_CORNER / 2


def _positions(
    source: SourceSeries, first: Sequence[int], grid: Grid
) -> tuple[tuple[str, ...], ...] | None:
    """Return the texts of the positions of all slices; None if there is another first voxel, or they are uneven."""
    start, stop = first[2], first[2] + grid.shape[0]
    if tuple(first[:2]) != (0, 0) or start < 0 or stop > source.grid.shape[0]:
        return None
    found = [
        _texts(source, frame, "ImagePositionPatient", 3) for frame in source.frames[start:stop]
    ]
    texts = [one for one in found if one is not None]
    if len(texts) < len(found):
        return None
    printed = np.array([[float(text) for text in one] for one in texts])
    exact = np.array([grid.position(index) for index in range(grid.shape[0])])
    even = np.linspace(printed[0], printed[-1], len(printed))
    off_line = float(np.linalg.norm(printed - even, axis=1).max())
    off_place = float(np.abs(printed - exact).max())
    is_fine = off_line <= _EVEN * grid.spacing_mm[2] and off_place <= _SAME_CORNER / 2 * min(
        grid.spacing_mm
    )
    return tuple(texts) if is_fine else None


def _slice_spacing_text(source: SourceSeries, frame: SourceFrame, spacing: float) -> str:
    """Return the text of SpacingBetweenSlices, or that of an equal SliceThickness, if it is the spacing."""
    for keyword in ("SpacingBetweenSlices", "SliceThickness"):
        found = _texts(source, frame, keyword, 1)
        if found is not None and abs(float(found[0]) - spacing) <= _SAME_SPACING * spacing:
            return found[0]
    return format_ds(spacing)


def _shared_texts(
    source: SourceSeries, frames: Sequence[SourceFrame], keyword: str, count: int
) -> tuple[str, ...] | None:
    """Return the texts that all frames have alike; None if they differ."""
    if not any(one.keyword == keyword for frame in frames for one in frame.own):
        return _texts(source, frames[0], keyword, count)
    found = {_texts(source, frame, keyword, count) for frame in frames}
    return found.pop() if len(found) == 1 else None


def _texts(
    source: SourceSeries, frame: SourceFrame, keyword: str, count: int
) -> tuple[str, ...] | None:
    """Return the texts of decimal strings of a frame; None if it has none, or they are not legal numbers."""
    own = next((one for one in frame.own if one.keyword == keyword), None) or _shared(
        source, keyword
    )
    texts = () if own is None else tuple(str(value).strip() for value in own.values)
    return texts if len(texts) == count and all(map(_is_decimal, texts)) else None


def _shared(source: SourceSeries, keyword: str) -> Attribute | None:
    """Return what all frames say alike, at the top level or in a functional group."""
    return source.get(keyword) or next(
        (one for one in _in_groups(source) if one.keyword == keyword), None
    )


def _in_groups(source: SourceSeries) -> Iterator[Attribute]:
    groups = source.get(_SHARED_GROUPS)
    for item in () if groups is None else groups.values:
        for group in item if isinstance(item, tuple) else ():
            for inside in group.values:
                yield from inside if isinstance(inside, tuple) else ()


def _is_decimal(text: str) -> bool:
    try:
        return len(text) <= MAX_DS_CHARS and math.isfinite(float(text))
    except ValueError:
        return False
