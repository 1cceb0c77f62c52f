"""Line drawings as SVG: how values are spread, and where a grid stands in the patient."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

from dicomseries.drawing.volume_preview import Histogram
from dicomseries.geometry import Grid

__all__ = ["grid_drawing", "histogram_drawing"]

_WIDTH, _HEIGHT = 320, 90
_SIZE, _MARGIN, _BESIDE = 260, 24, 80
"""Of the drawing in pixels; what is left free above and below, and beside it for words."""
_AWAY = (0.5 * math.cos(math.radians(35)), 0.5 * math.sin(math.radians(35)))
"""Where a mm away from the viewer is drawn: the patient is seen from the front, so P goes back, half as long."""

_COLOURS = {"columns": "#d1495b", "rows": "#2e8b57", "slices": "#3b7dd8"}

Point = tuple[float, float]


def histogram_drawing(bins: Histogram) -> str:
    """Return an SVG of a histogram, its heights by the logarithm: a few voxels are seen beside millions.

    Examples
    --------
    >>> histogram_drawing(Histogram(counts=(1, 2), low=0.0, high=1.0, not_finite=0))[:4]
    '<svg'
    """
    if not bins.counts:
        return "<p>No finite value.</p>"
    tallest = math.log1p(max(bins.counts))
    wide = _WIDTH / len(bins.counts)
    bars = "".join(
        f"M{index * wide:.1f} {_HEIGHT}v{-math.log1p(count) / tallest * _HEIGHT:.1f}h{wide:.1f}V{_HEIGHT}z"
        for index, count in enumerate(bins.counts)
    )
    low, high = f"{bins.low:.6g}", f"{bins.high:.6g}"
    below = f'<text y="{_HEIGHT + 16}">{low}</text>'
    below += f'<text x="{_WIDTH}" y="{_HEIGHT + 16}" text-anchor="end">{high}</text>'
    drawn = f'<path d="{bars}" fill-opacity=".65"/>{below}'
    return _svg(_WIDTH, _HEIGHT + 20, f"Histogram of the values, from {low} to {high}", drawn)


def grid_drawing(grid: Grid) -> str:
    """Return an SVG of a grid in the patient, seen from the front: L to the right, S upwards, P away from the viewer.

    The box holds the centres of the outermost voxels; arrows begin at the first and run along columns, rows and slices.

    Examples
    --------
    >>> grid_drawing(Grid(shape=(3, 4, 5), spacing_mm=(1, 1, 2)))[:4]
    '<svg'
    """
    if not grid.statement.has_place:
        return "<p>The pictures have no place in the patient.</p>"
    corners = [_flat(corner) for corner in grid.corners()]
    left, top = (min(corner[axis] for corner in corners) for axis in (0, 1))
    extent = max(
        max(corner[axis] for corner in corners) - low for axis, low in enumerate((left, top))
    )
    scale = (_SIZE - 2 * _MARGIN) / (extent or 1)
    placed = [(_BESIDE + (x - left) * scale, _MARGIN + (y - top) * scale) for x, y in corners]
    edges = "".join(
        f"M{_at(placed[one])}L{_at(placed[other])}"
        for one, other in itertools.combinations(range(8), 2)
        if (one ^ other).bit_count() == 1
    )
    sides = "".join(
        f'<path d="M{"L".join(_at(placed[index + first]) for index in (0, 1, 3, 2))}z" fill="currentColor" '
        f'fill-opacity=".08"/>'
        for first in (0, 4)
    )
    ends = zip(_COLOURS, (1, 2, 4), reversed(grid.shape), strict=True)
    arrows = "".join(
        _arrow(placed[0], placed[corner], f"{name} ({count})", name) for name, corner, count in ends
    )
    first = f'<circle cx="{placed[0][0]:.1f}" cy="{placed[0][1]:.1f}" r="3.5" fill="currentColor"/>'
    slices, height, width = grid.shape
    box = f'<path d="{edges}" fill="none" stroke="currentColor" stroke-opacity=".45"/>'
    label = f"Box of {width} columns, {height} rows and {slices} slices in the patient, seen from the front"
    return _svg(_SIZE + 2 * _BESIDE, _SIZE, label, f"{sides}{box}{arrows}{first}{_directions()}")


def _svg(width: int, height: int, label: str, drawn: str) -> str:
    """Return a drawing with the words for those who cannot see it."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{label}" width="{width}" height="{height}" '
        f'font-family="sans-serif" font-size="12" fill="currentColor">{drawn}</svg>'
    )


def _flat(point: Sequence[float]) -> Point:
    """Return where a point in LPS mm is drawn; y goes down, as on a screen."""
    x, y, z = point
    return x + _AWAY[0] * y, -z - _AWAY[1] * y


def _at(point: Point) -> str:
    return f"{point[0]:.1f} {point[1]:.1f}"


def _arrow(start: Point, end: Point, text: str, name: str) -> str:
    """Return a coloured line with its text at its end; a step of nothing (one slice) is only named."""
    x, y = end
    aside = 6 if x >= start[0] else -6
    anchor = "start" if aside > 0 else "end"
    down = 14 if y > start[1] else -4
    return (
        f'<path d="M{_at(start)}L{_at(end)}" stroke="{_COLOURS[name]}" stroke-width="2.5" stroke-linecap="round"/>'
        f'<text x="{x + aside:.1f}" y="{y + down:.1f}" text-anchor="{anchor}" fill="{_COLOURS[name]}">{text}</text>'
    )


def _directions() -> str:
    """Return the three directions of the patient, in a corner."""
    start = (_SIZE + 90.0, _SIZE - 20.0)
    drawn = []
    for letter, direction in {"L": (1, 0, 0), "P": (0, 1.6, 0), "S": (0, 0, 1)}.items():
        x, y = _flat(direction)
        end = (start[0] + 30 * x, start[1] + 30 * y)
        drawn.append(f'<path d="M{_at(start)}L{_at(end)}" stroke="currentColor"/>')
        drawn.append(f'<text x="{end[0] + 5 * x:.1f}" y="{end[1] + 8 * y + 4:.1f}">{letter}</text>')
    return "".join(drawn)
