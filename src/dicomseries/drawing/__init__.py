"""Pictures of voxels, histograms and grids in HTML."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dicomseries.lazy_exports import export_lazily

if TYPE_CHECKING:
    from dicomseries.drawing.colours import (
        COLOUR_MAPS,
        LABEL_COLOURS,
        ColourMap,
        colour_numbers,
        mixed,
    )
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
    from dicomseries.drawing.png_figures import planes_figure, preview_figure
    from dicomseries.drawing.svg_drawings import grid_drawing, histogram_drawing
    from dicomseries.drawing.volume_preview import (
        Histogram,
        PreviewPlane,
        VolumePreview,
        histogram_of,
        preview_volume,
        sampled_slices,
    )

__all__ = [
    "COLOUR_MAPS",
    "LABEL_COLOURS",
    "ColourMap",
    "Histogram",
    "PreviewPlane",
    "VolumePreview",
    "block",
    "colour_numbers",
    "facts_of_grid",
    "grid_drawing",
    "histogram_drawing",
    "histogram_of",
    "mixed",
    "numbers",
    "numbers_of_grid",
    "page",
    "planes_figure",
    "preview_figure",
    "preview_volume",
    "rows",
    "safe",
    "sampled_slices",
    "section",
    "spacing_words",
]

export_lazily(
    __name__,
    {
        "dicomseries.drawing.colours": (
            "COLOUR_MAPS",
            "LABEL_COLOURS",
            "ColourMap",
            "colour_numbers",
            "mixed",
        ),
        "dicomseries.drawing.html_pieces": (
            "block",
            "facts_of_grid",
            "numbers",
            "numbers_of_grid",
            "page",
            "rows",
            "safe",
            "section",
            "spacing_words",
        ),
        "dicomseries.drawing.png_figures": ("planes_figure", "preview_figure"),
        "dicomseries.drawing.svg_drawings": ("grid_drawing", "histogram_drawing"),
        "dicomseries.drawing.volume_preview": (
            "Histogram",
            "PreviewPlane",
            "VolumePreview",
            "histogram_of",
            "preview_volume",
            "sampled_slices",
        ),
    },
)
