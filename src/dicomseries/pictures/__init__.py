"""Results drawn on their source, as colour images with a legend."""

from __future__ import annotations

from dicomseries.pictures.drawn_result import (
    DrawnSegments,
    DrawnValues,
    ResultOnSource,
    place_result,
)
from dicomseries.pictures.legend_panel import check_pillow
from dicomseries.pictures.picture_frames import picture_volume, window_of
from dicomseries.pictures.picture_slices import PictureSlices, chosen_pictures, parse_slices
from dicomseries.pictures.picture_style import PictureStyle, parse_style

__all__ = [
    "DrawnSegments",
    "DrawnValues",
    "PictureSlices",
    "PictureStyle",
    "ResultOnSource",
    "check_pillow",
    "chosen_pictures",
    "parse_slices",
    "parse_style",
    "picture_volume",
    "place_result",
    "window_of",
]
