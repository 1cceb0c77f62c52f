"""Storing a result on the grid of its source.

With the texts of the source's header.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import cast

import numpy as np
import numpy.typing as npt

from dicomseries.derivation.source.slice_matching import steps_among
from dicomseries.derivation.source.source_facts import first_item, item_members
from dicomseries.derivation.source.source_series import SourceFrame, SourceSeries
from dicomseries.geometry import Grid, GridTexts, Vector
from dicomseries.orientation import Turn
from dicomseries.standard.attributes.attribute import Attribute
from dicomseries.standard.attributes.decimal_string import MAX_DS_CHARS, format_ds

__all__ = ["decimal_texts", "on_source_grid", "rounded_texts", "with_source_texts"]

_SAME_CORNER = 5e-4
"""Tolerance of corners by printed numbers, in smallest spacings: half that of `check`."""

_EVEN = 5e-5
"""Tolerance of printed positions from an even line, as part of the spacing: half of ITK's."""

_SAME_SPACING = 1e-4
"""Relative tolerance of a printed spacing: a tenth of that of `check`."""


def on_source_grid(source: SourceSeries, grid: Grid) -> tuple[Turn, Grid] | None:
    """Return the turn onto the source's grid, and the grid.

    Parameters
    ----------
    source : SourceSeries
        Slices along the normal, LPS mm.
    grid : Grid
        Grid of the array, LPS mm, axes in any order and direction; all of the source or a part.

    Returns
    -------
    (Turn, Grid) or None
        The grid is the source's or a part of it, with its texts. None if voxels lie beside those
        of the source, or if the array is a single slice across the source's slices.

    Examples
    --------
    >>> grid = Grid(shape=(4, 5, 6), spacing_mm=(1, 1, 2))
    >>> frames = tuple(
    ...     SourceFrame(
    ...         sop_class_uid="1.2", sop_instance_uid=f"1.3.{z}", position_lps=grid.position(z)
    ...     )
    ...     for z in range(4)
    ... )
    >>> source = SourceSeries(
    ...     kind="CT", sop_class_uid="1.2", modality="CT", study_uid="1", series_uid="2",
    ...     frame_of_reference_uid="3", grid=grid, frames=frames,
    ... )
    >>> turn, turned = on_source_grid(source, grid.flipped("y"))
    >>> turn.flips, turned == grid
    ((False, True, False), True)
    """
    steps = steps_among(source, grid)
    if steps is None:
        return None
    order = np.abs(steps[:, :3]).argmax(axis=1).tolist()
    flips = (steps[[0, 1, 2], order] < 0).tolist()
    turn = Turn(
        order=cast("tuple[int, int, int]", tuple(order)),
        flips=cast("tuple[bool, bool, bool]", tuple(flips)),
    )
    if grid.shape[0] == 1 and not turn.keeps_slices:
        return None
    return turn, with_source_texts(source, _part_of_source(source, grid, turn, steps))


def _part_of_source(
    source: SourceSeries, grid: Grid, turn: Turn, steps: npt.NDArray[np.float64]
) -> Grid:
    """Return the turned array's part of the source's grid."""
    shape = turn.shape(grid.shape)
    first, spacing = [], []
    for axis, array_axis in enumerate(turn.order):
        size = shape[2 - axis]
        start = round(steps[axis, 3])
        first.append(start - (size - 1) if turn.flips[axis] else start)
        # an axis of one voxel has no step: a slice may be thicker than those of the source
        step = 1.0 if size > 1 else float(np.linalg.norm(steps[:, array_axis]))
        is_same = abs(step - 1) <= _SAME_SPACING
        spacing.append(source.grid.spacing_mm[axis] if is_same else grid.spacing_mm[array_axis])
    return Grid(
        shape=shape,
        spacing_mm=cast("Vector", tuple(spacing)),
        origin_lps=source.grid.point(*first),
        direction_lps=source.grid.direction_lps,
    )


def with_source_texts(source: SourceSeries, grid: Grid) -> Grid:
    """Return a part of the source's grid, with texts.

    If the header rounds too much, the grid prints its own numbers: spacing and orientation must be
    right within 5e-4 of a voxel at every corner, positions within 5e-5 of the spacing.

    Parameters
    ----------
    source : SourceSeries
        Its attributes hold the texts.
    grid : Grid
        All of its grid, or a part, LPS mm.
    """
    index = np.linalg.solve(source.grid.affine(), (*grid.origin_lps, 1.0))[:3]
    column, row, first = np.round(index).astype(int).tolist()
    frames = source.frames[max(first, 0) : first + grid.shape[0]] or source.frames[:1]
    spacing = _shared_texts(source, frames, "PixelSpacing", 2)
    orientation = _shared_texts(source, frames, "ImageOrientationPatient", 6)
    if spacing is None or orientation is None:
        return grid
    between_slices = _slice_spacing_text(source, frames[0], grid.spacing_mm[2])
    texts = GridTexts(spacing=(spacing[1], spacing[0], between_slices), orientation=orientation)
    if not _is_same_plane(texts, grid):
        return grid
    positions = None
    if (column, row) == (0, 0) and 0 <= first <= source.grid.shape[0] - grid.shape[0]:
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


def _slice_spacing_text(source: SourceSeries, frame: SourceFrame, spacing: float) -> str:
    """Return the text of the slice spacing.

    From SpacingBetweenSlices or an equal SliceThickness.
    """
    for keyword in ("SpacingBetweenSlices", "SliceThickness"):
        texts = decimal_texts(source, frame, keyword, 1)
        if texts is not None and abs(float(texts[0]) - spacing) <= _SAME_SPACING * spacing:
            return texts[0]
    return format_ds(spacing)


def _is_same_plane(texts: GridTexts, grid: Grid) -> bool:
    """Return whether printed numbers place a slice's corners right."""
    x, y = np.array(texts.orientation, np.float64).reshape(2, 3)
    _, rows, columns = grid.shape
    axes = np.array(grid.axes)
    across = (columns - 1) * (x * float(texts.spacing[0]) - axes[0] * grid.spacing_mm[0])
    down = (rows - 1) * (y * float(texts.spacing[1]) - axes[1] * grid.spacing_mm[1])
    off_corner = float(np.abs([across, down, across + down]).max())
    off_orthonormal = float(np.abs([x @ x - 1, y @ y - 1, x @ y]).max())
    return off_corner <= _SAME_CORNER * min(grid.spacing_mm) and off_orthonormal <= _SAME_CORNER / 2


def _positions(source: SourceSeries, first: int, grid: Grid) -> tuple[tuple[str, ...], ...] | None:
    """Return the texts of the slices' positions.

    None if missing, uneven or elsewhere.
    """
    texts = []
    for frame in source.frames[first : first + grid.shape[0]]:
        position = decimal_texts(source, frame, "ImagePositionPatient", 3)
        if position is None:
            return None
        texts.append(position)
    printed = np.array(texts, dtype=np.float64)
    exact = np.array(list(map(grid.position, range(grid.shape[0]))))
    even = np.linspace(printed[0], printed[-1], len(printed))
    off_line = float(np.linalg.norm(printed - even, axis=1).max())
    off_place = float(np.abs(printed - exact).max())
    is_even = off_line <= _EVEN * grid.spacing_mm[2]
    is_right = off_place <= _SAME_CORNER / 2 * min(grid.spacing_mm)
    if is_even and is_right:
        return tuple(texts)
    return None


def _shared_texts(
    source: SourceSeries, frames: Sequence[SourceFrame], keyword: str, count: int
) -> tuple[str, ...] | None:
    """Return texts equal in all frames; else None."""
    if all(frame.get(keyword) is None for frame in frames):
        return decimal_texts(source, frames[0], keyword, count)
    different = {decimal_texts(source, frame, keyword, count) for frame in frames}
    if len(different) == 1:
        return different.pop()
    return None


def decimal_texts(
    source: SourceSeries, frame: SourceFrame, keyword: str, count: int
) -> tuple[str, ...] | None:
    """Return the decimal strings of a frame, or of all frames; else None."""
    member = _member(source, frame, keyword)
    if member is None:
        return None
    texts = tuple(str(value).strip() for value in member.values)
    if len(texts) == count and all(map(_is_decimal, texts)):
        return texts
    return None


def rounded_texts(
    source: SourceSeries, frame: SourceFrame, keyword: str, count: int
) -> tuple[str, ...] | None:
    """Return decimal strings as `decimal_texts`; too long ones are rounded."""
    texts = decimal_texts(source, frame, keyword, count)
    if texts is not None:
        return texts
    member = _member(source, frame, keyword)
    if member is None or len(member.values) != count:
        return None
    try:
        numbers = [float(str(value)) for value in member.values]
    except ValueError:
        return None
    return tuple(map(format_ds, numbers)) if all(map(math.isfinite, numbers)) else None


def _member(source: SourceSeries, frame: SourceFrame, keyword: str) -> Attribute | None:
    return frame.get(keyword) or source.get(keyword) or _in_shared_groups(source, keyword)


def _in_shared_groups(source: SourceSeries, keyword: str) -> Attribute | None:
    for group in first_item(source.get("SharedFunctionalGroupsSequence")):
        for item in group.values:
            for member in item_members(item):
                if member.keyword == keyword:
                    return member
    return None


def _is_decimal(text: str) -> bool:
    try:
        return len(text) <= MAX_DS_CHARS and math.isfinite(float(text))
    except ValueError:
        return False
