"""Voxels, histograms and grids as pictures inside HTML: PNG by numpy and zlib, SVG as text, nothing fetched."""

from __future__ import annotations

from dicomseries.drawing.html_pieces import (
    block,
    facts_of_grid,
    numbers,
    numbers_of_grid,
    page,
    rows,
    safe,
    section,
    spacing_words,
)
from dicomseries.drawing.png_figures import look_figure, planes_figure
from dicomseries.drawing.svg_drawings import grid_drawing, histogram_drawing
from dicomseries.drawing.volume_preview import Bins, Look, Plane, bins_of, look, places_to_look_at

__all__ = [
    "Bins",
    "Look",
    "Plane",
    "bins_of",
    "block",
    "facts_of_grid",
    "grid_drawing",
    "histogram_drawing",
    "look",
    "look_figure",
    "numbers",
    "numbers_of_grid",
    "page",
    "places_to_look_at",
    "planes_figure",
    "rows",
    "safe",
    "section",
    "spacing_words",
]
