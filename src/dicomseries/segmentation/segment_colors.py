"""Distinct colours of segments.

Distances are those of CIELab 1976 (ISO/CIE 11664-4), white D65.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache

import numpy as np
import numpy.typing as npt

from dicomseries.standard.read_table import read_table

__all__ = ["Color", "distinct_colors", "lab_of"]

Color = tuple[int, int, int]
"""Red, green, blue of sRGB, each 0 to 255."""

Lab = tuple[float, float, float]
"""L*, a*, b* of CIELab."""

_DISTINCT = 12.0
"""Distance from which two colours are told apart in a picture with many of them."""

_FROM_RGB = (
    (0.4124564, 0.3575761, 0.1804375),
    (0.2126729, 0.7151522, 0.0721750),
    (0.0193339, 0.1191920, 0.9503041),
)
_WHITE = (0.95047, 1.0, 1.08883)


@cache
def lab_of(color: Color) -> Lab:
    """Return a colour in CIELab, rounded to 0.01.

    Examples
    --------
    >>> lab_of((255, 255, 255)), lab_of((255, 0, 0))
    ((100.0, 0.0, 0.0), (53.24, 80.09, 67.2))
    """
    linear = [_linear(part / 255) for part in color]
    x, y, z = (
        _cube_root(sum(map(lambda a, b: a * b, row, linear)) / white)
        for row, white in zip(_FROM_RGB, _WHITE, strict=True)
    )
    return round(116 * y - 16, 2), round(500 * (x - y), 2) + 0.0, round(200 * (y - z), 2) + 0.0


def distinct_colors(wanted: Sequence[Color | None], taken: Sequence[Color] = ()) -> list[Color]:
    """Return a colour for each segment, all distinct.

    Parameters
    ----------
    wanted : sequence of Color or None
        The usual colour of each structure; None if it has none. It is kept where it is distinct
        from all colours before it; else the nearest distinct one of a palette is taken.
    taken : sequence of Color
        Colours of other segments.

    Returns
    -------
    list of Color
        The same for the same arguments. Up to some 150 segments, each is at least 12 from every
        other in CIELab; of more, as far as the palette allows.

    Examples
    --------
    >>> distinct_colors([(255, 0, 0), (254, 0, 0), None])
    [(255, 0, 0), (255, 68, 0), (221, 51, 51)]
    """
    distances = _Distances(taken)
    colors: list[Color] = []
    for color in wanted:
        if color is None or distances.of(color) < _DISTINCT:
            chosen = distances.free_color(color)
        else:
            chosen = color
        distances.add(chosen)
        colors.append(chosen)
    return colors


class _Distances:
    """Distances of the palette's colours, and of others, to the used ones."""

    def __init__(self, taken: Sequence[Color]) -> None:
        self._palette = np.array(list(map(lab_of, _palette())))
        self._nearest = np.full(len(self._palette), np.inf)
        self._used: list[Lab] = []
        for color in taken:
            self.add(color)

    def add(self, color: Color) -> None:
        """Count a colour as used."""
        lab = lab_of(color)
        self._used.append(lab)
        self._nearest = np.minimum(self._nearest, _distances(self._palette, lab))

    def of(self, color: Color) -> float:
        """Return the distance of a colour to the nearest used one."""
        if not self._used:
            return math.inf
        return float(_distances(np.array(self._used), lab_of(color)).min())

    def free_color(self, color: Color | None) -> Color:
        """Return the nearest distinct colour of the palette, or its first."""
        distinct = np.flatnonzero(self._nearest >= _DISTINCT)
        if not len(distinct):
            return _palette()[int(self._nearest.argmax())]
        if color is None:
            return _palette()[int(distinct[0])]
        nearness = _distances(self._palette[distinct], lab_of(color))
        return _palette()[int(distinct[nearness.argmin()])]


def _distances(labs: npt.NDArray[np.float64], lab: Lab) -> npt.NDArray[np.float64]:
    distances: npt.NDArray[np.float64] = np.linalg.norm(labs - np.array(lab), axis=1)
    return distances.round(2)


@cache
def _palette() -> tuple[Color, ...]:
    texts = read_table("segment_names.json", "dicomseries.segmentation")["palette"]
    colors: list[Color] = []
    for text in texts:
        red, green, blue = bytes.fromhex(text[1:])
        colors.append((red, green, blue))
    return tuple(colors)


def _linear(part: float) -> float:
    if part <= 0.04045:
        return part / 12.92
    return float(((part + 0.055) / 1.055) ** 2.4)


def _cube_root(part: float) -> float:
    if part > (6 / 29) ** 3:
        return float(part ** (1 / 3))
    return part / (3 * (6 / 29) ** 2) + 4 / 29
