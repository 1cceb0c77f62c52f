"""Pixels as a PNG inside an HTML text."""

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
"""Pixels on the screen of the longest side of all planes together."""

_EDGES = ("left:2px;top:45%", "right:2px;top:45%", "left:45%;top:2px", "left:45%;bottom:4px")
"""Where the letters of a plane stand: left, right, top, bottom."""


def png(pixels: npt.NDArray[np.uint8]) -> bytes:
    """Return a PNG (ISO/IEC 15948) of grey levels (height, width) or colours (height, width, 3).

    Examples
    --------
    >>> png(np.zeros((2, 3), np.uint8))[1:4]
    b'PNG'
    """
    height, width = pixels.shape[:2]
    head = struct.pack(">IIBBBBB", width, height, 8, 2 if pixels.ndim == 3 else 0, 0, 0, 0)
    lines = b"".join(
        b"\0" + line.tobytes() for line in pixels
    )  # each line begins with its filter: none
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(lines, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )


def planes_figure(planes: Sequence[PreviewPlane]) -> str:
    """Return planes beside each other in one scale of mm, each with its name.

    Examples
    --------
    >>> planes_figure([PreviewPlane(name="slice 1", pixels=np.zeros((2, 3), np.uint8), size_mm=(30, 40))])[:8]
    '<figure>'
    """
    scale = _SIDE / max(size for plane in planes for size in plane.size_mm)
    shown = "".join(
        _shown(plane, *(max(1, round(size * scale)) for size in plane.size_mm)) for plane in planes
    )
    return f"<figure>{shown}</figure>"


def preview_figure(seen: VolumePreview, grid: str) -> str:
    """Return what a look has shown, beside the drawing of a grid, and how much of the volume it was.

    Examples
    --------
    >>> from dicomseries.drawing.volume_preview import histogram_of
    >>> plane = PreviewPlane(name="slice 1", pixels=np.zeros((2, 3), np.uint8), size_mm=(30, 40))
    >>> preview_figure(VolumePreview(planes=(plane,), bins=histogram_of(np.ones(3)), slices=2, of=3), "")[-34:]
    '<small>From 2 of 3 slices.</small>'
    """
    lost = f" {seen.bins.not_finite} values are not finite." if seen.bins.not_finite else ""
    below = f"<small>From {seen.slices} of {seen.of} slices.{lost}</small>"
    return (
        f"{planes_figure(seen.planes)}<figure>{histogram_drawing(seen.bins)}{grid}</figure>{below}"
    )


def _shown(plane: PreviewPlane, width: int, height: int) -> str:
    data = base64.b64encode(png(plane.pixels)).decode("ascii")
    name = safe(plane.name)
    image = (
        f'<img alt="{name}" width="{width}" height="{height}" src="data:image/png;base64,{data}">'
    )
    letters = "".join(
        f'<b style="{place}">{safe(text)}</b>'
        for place, text in zip(_EDGES, plane.letters, strict=False)
    )
    return f'<span><span class="seen">{image}{letters}</span><br>{name}</span>'
