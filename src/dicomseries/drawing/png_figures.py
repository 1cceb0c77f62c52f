"""Pixels as PNG images in HTML.

The encoder is a few lines of zlib: notebooks show pictures without the optional package pillow.
"""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dicomseries.drawing.html_pieces import safe
from dicomseries.drawing.svg_drawings import histogram_drawing
from dicomseries.drawing.volume_preview import PreviewPlane, VolumePreview

__all__ = ["planes_figure", "png", "preview_figure"]

_SIDE = 200
"""Pixels on the screen of the longest side of all planes."""

_EDGES = ("left:2px;top:45%", "right:2px;top:45%", "left:45%;top:2px", "left:45%;bottom:4px")
"""Positions of the letters of a plane: left, right, top, bottom."""


def png(pixels: npt.NDArray[np.uint8]) -> bytes:
    """Return a PNG (ISO/IEC 15948) of grey levels or colours.

    Parameters
    ----------
    pixels : ndarray
        Shape (height, width) or (height, width, 3).

    Examples
    --------
    >>> png(np.zeros((2, 3), np.uint8))[1:4]
    b'PNG'
    """
    height, width = pixels.shape[:2]
    colour_type = 2 if pixels.ndim == 3 else 0
    header = struct.pack(">IIBBBBB", width, height, 8, colour_type, 0, 0, 0)
    lines = [b"\0" + line.tobytes() for line in pixels]  # each line begins with its filter: none
    image = zlib.compress(b"".join(lines), 9)
    content = b"\x89PNG\r\n\x1a\n"
    for name, data in ((b"IHDR", header), (b"IDAT", image), (b"IEND", b"")):
        content += struct.pack(">I", len(data)) + name + data
        content += struct.pack(">I", zlib.crc32(name + data))
    return content


def preview_figure(preview: VolumePreview, grid: str) -> str:
    """Return a preview beside a drawing of the grid.

    Examples
    --------
    >>> from dicomseries.drawing.volume_preview import histogram_of
    >>> plane = PreviewPlane(name="slice 1", pixels=np.zeros((2, 3), np.uint8), size_mm=(30, 40))
    >>> bins = histogram_of(np.ones(3))
    >>> preview_figure(VolumePreview(planes=(plane,), bins=bins, slices=2, of=3), "")[-34:]
    '<small>From 2 of 3 slices.</small>'
    """
    caption = f"From {preview.slices} of {preview.of} slices."
    if preview.bins.not_finite:
        caption += f" {preview.bins.not_finite} values are not finite."
    planes = planes_figure(preview.planes)
    histogram = histogram_drawing(preview.bins)
    return f"{planes}<figure>{histogram}{grid}</figure><small>{caption}</small>"


def planes_figure(planes: Sequence[PreviewPlane]) -> str:
    """Return named planes in one scale of mm.

    Examples
    --------
    >>> plane = PreviewPlane(name="slice 1", pixels=np.zeros((2, 3), np.uint8), size_mm=(30, 40))
    >>> planes_figure([plane])[:8]
    '<figure>'
    """
    scale = _SIDE / max(max(plane.size_mm) for plane in planes)
    return f"<figure>{''.join(_plane_figure(plane, scale) for plane in planes)}</figure>"


def _plane_figure(plane: PreviewPlane, scale: float) -> str:
    width, height = (max(1, round(size * scale)) for size in plane.size_mm)
    data = base64.b64encode(png(plane.pixels)).decode("ascii")
    name = safe(plane.name)
    content = (
        f'<img alt="{name}" width="{width}" height="{height}" src="data:image/png;base64,{data}">'
    )
    for edge, letters in zip(_EDGES, plane.letters, strict=False):
        content += f'<b style="{edge}">{safe(letters)}</b>'
    return f'<span><span class="seen">{content}</span><br>{name}</span>'
