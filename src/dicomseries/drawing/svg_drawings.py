"""SVG drawings of histograms, and of grids in the patient."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

from dicomseries.drawing.volume_preview import Histogram
from dicomseries.geometry import Grid
from dicomseries.slice_planes import SlicePlanes

__all__ = ["grid_drawing", "histogram_drawing"]

_WIDTH, _HEIGHT = 320, 90
_SIZE, _MARGIN, _BESIDE = 260, 24, 80
"""Of the drawing in pixels; free space above and below, and for text on both sides."""
_AWAY = (0.5 * math.cos(math.radians(35)), 0.5 * math.sin(math.radians(35)))
"""Drawn step of 1 mm away from the viewer: the patient is seen from the front, P goes back."""

_COLOURS = {"columns": "#d1495b", "rows": "#2e8b57", "slices": "#3b7dd8"}

Point = tuple[float, float]


def histogram_drawing(histogram: Histogram) -> str:
    """Return an SVG of a histogram with logarithmic heights.

    A few voxels are visible beside millions.

    Examples
    --------
    >>> histogram_drawing(Histogram(counts=(1, 2), low=0.0, high=1.0, not_finite=0))[:4]
    '<svg'
    """
    if not histogram.counts:
        return "<p>No finite value.</p>"
    tallest = math.log1p(max(histogram.counts))
    width = _WIDTH / len(histogram.counts)
    bars = ""
    for index, count in enumerate(histogram.counts):
        height = math.log1p(count) / tallest * _HEIGHT
        bars += f"M{index * width:.1f} {_HEIGHT}v{-height:.1f}h{width:.1f}V{_HEIGHT}z"
    low, high = f"{histogram.low:.6g}", f"{histogram.high:.6g}"
    content = f'<path d="{bars}" fill-opacity=".65"/>'
    content += f'<text y="{_HEIGHT + 16}">{low}</text>'
    content += f'<text x="{_WIDTH}" y="{_HEIGHT + 16}" text-anchor="end">{high}</text>'
    label = f"Histogram of the values, from {low} to {high}"
    return _svg(_WIDTH, _HEIGHT + 20, label, content)


def grid_drawing(grid: Grid) -> str:
    """Return an SVG of a grid, seen from the front.

    L is on the right, S above, P away from the viewer. The corners of the box are the centres of
    the outermost voxels; arrows begin at the first and run along columns, rows and slices.

    Examples
    --------
    >>> grid_drawing(Grid(shape=(3, 4, 5), spacing_mm=(1, 1, 2)))[:4]
    '<svg'
    """
    if isinstance(grid, SlicePlanes):
        return f"<p>The slices form no regular grid: {grid.summary}.</p>"
    if not grid.statement.has_place:
        return "<p>The pictures have no position in the patient.</p>"
    corners = _corners_in_drawing(grid)
    edges = ""
    for first, second in itertools.combinations(range(8), 2):
        if (first ^ second).bit_count() == 1:
            edges += f"M{_text_of(corners[first])}L{_text_of(corners[second])}"
    content = ""
    for start in (0, 4):
        outline = "L".join(_text_of(corners[start + corner]) for corner in (0, 1, 3, 2))
        content += f'<path d="M{outline}z" fill="currentColor" fill-opacity=".08"/>'
    content += f'<path d="{edges}" fill="none" stroke="currentColor" stroke-opacity=".45"/>'
    for name, corner, count in zip(_COLOURS, (1, 2, 4), reversed(grid.shape), strict=True):
        content += _arrow(corners[0], corners[corner], f"{name} ({count})", _COLOURS[name])
    x, y = corners[0]
    content += f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="currentColor"/>'
    slices, rows, columns = grid.shape
    size = f"{columns} columns, {rows} rows and {slices} slices"
    label = f"Box of {size} in the patient, seen from the front"
    return _svg(_SIZE + 2 * _BESIDE, _SIZE, label, content + _directions())


def _corners_in_drawing(grid: Grid) -> list[Point]:
    """Return the corners of a grid in pixels."""
    flat = list(map(_flat, grid.corners()))
    columns, rows = zip(*flat, strict=True)
    extent = max(max(columns) - min(columns), max(rows) - min(rows))
    scale = (_SIZE - 2 * _MARGIN) / (extent or 1)
    corners = []
    for x, y in flat:
        corners.append((_BESIDE + (x - min(columns)) * scale, _MARGIN + (y - min(rows)) * scale))
    return corners


def _flat(point: Sequence[float]) -> Point:
    """Return the place of a point in the drawing."""
    x, y, z = point
    return x + _AWAY[0] * y, -z - _AWAY[1] * y


def _text_of(point: Point) -> str:
    return f"{point[0]:.1f} {point[1]:.1f}"


def _arrow(start: Point, end: Point, text: str, colour: str) -> str:
    """Return a coloured line with text at its end."""
    x, y = end
    anchor = "start" if x >= start[0] else "end"
    x += {"start": 6, "end": -6}[anchor]
    y += 14 if y > start[1] else -4
    return (
        f'<path d="M{_text_of(start)}L{_text_of(end)}" stroke="{colour}" stroke-width="2.5" '
        'stroke-linecap="round"/>'
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{text}</text>'
    )


def _directions() -> str:
    """Return the three directions of the patient, in a corner."""
    start = (_SIZE + 90.0, _SIZE - 20.0)
    content = ""
    for letter, direction in {"L": (1, 0, 0), "P": (0, 1.6, 0), "S": (0, 0, 1)}.items():
        x, y = _flat(direction)
        end = (start[0] + 30 * x, start[1] + 30 * y)
        content += f'<path d="M{_text_of(start)}L{_text_of(end)}" stroke="currentColor"/>'
        content += f'<text x="{end[0] + 5 * x:.1f}" y="{end[1] + 8 * y + 4:.1f}">{letter}</text>'
    return content


def _svg(width: int, height: int, label: str, content: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{label}" '
        f'width="{width}" height="{height}" '
        f'font-family="sans-serif" font-size="12" fill="currentColor">{content}</svg>'
    )
