"""Colours of segments: RecommendedDisplayCIELabValue and sRGB.

PS3.3 section C.10.7.1.1: L* from 0 to 100, a* and b* from -128 to 127, each as 16 bits. The white
point is D65, as in highdicom, dcmqi, dcmjs and OHIF, so that they show the same colours.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["cielab_of_rgb", "rgb_of_cielab"]

Triple = tuple[float, float, float]

_WHITE: Triple = (0.95047, 1.0, 1.08883)
_TO_XYZ = (
    (0.4124, 0.3576, 0.1805),
    (0.2126, 0.7152, 0.0722),
    (0.0193, 0.1192, 0.9505),
)
_FROM_XYZ = (
    (3.2406, -1.5372, -0.4986),
    (-0.9689, 1.8758, 0.0415),
    (0.0557, -0.2040, 1.0570),
)
_FULL = 65535
_KNEE = (6 / 29) ** 3
"""Ratio to white below which lightness is linear (CIE 15)."""


def rgb_of_cielab(value: Sequence[int]) -> tuple[int, int, int]:
    """Return red, green and blue, 0 to 255, of a CIELab value.

    Colours that a screen cannot show are set to the nearest ends.

    Parameters
    ----------
    value : sequence of int
        Three numbers from 0 to 65535.

    Raises
    ------
    ValueError
        If there are not three such numbers.

    Examples
    --------
    >>> rgb_of_cielab((43941, 43904, 51921))
    (255, 128, 0)
    """
    if len(value) != 3 or not all(0 <= part <= _FULL for part in value):
        message = f"not three numbers from 0 to {_FULL}: {value!r}"
        raise ValueError(message)
    lightness = value[0] / _FULL * 100
    a, b = (part / _FULL * 255 - 128 for part in value[1:])
    middle = (lightness + 16) / 116
    ratios = (middle + a / 500, middle, middle - b / 200)
    xyz = [white * _cubed(ratio) for white, ratio in zip(_WHITE, ratios, strict=True)]
    red, green, blue = (_encoded(_product(row, xyz)) for row in _FROM_XYZ)
    return red, green, blue


def cielab_of_rgb(rgb: Sequence[int]) -> tuple[int, int, int]:
    """Return the CIELab value of red, green and blue.

    Parameters
    ----------
    rgb : sequence of int
        Three numbers from 0 to 255.

    Examples
    --------
    >>> cielab_of_rgb((255, 128, 0)), cielab_of_rgb((255, 255, 255))[0]
    ((43941, 43904, 51921), 65535)
    """
    linear = list(map(_decoded, rgb))
    xyz = [_product(row, linear) for row in _TO_XYZ]
    x, y, z = (_root(part / white) for part, white in zip(xyz, _WHITE, strict=True))
    lightness, a, b = 116 * y - 16, 500 * (x - y), 200 * (y - z)
    return _scaled(lightness / 100), _scaled((a + 128) / 255), _scaled((b + 128) / 255)


def _product(row: Sequence[float], column: Sequence[float]) -> float:
    return sum(factor * part for factor, part in zip(row, column, strict=True))


def _cubed(ratio: float) -> float:
    if ratio**3 > _KNEE:
        return ratio**3
    return (ratio - 16 / 116) * 3 * (6 / 29) ** 2


def _root(ratio: float) -> float:
    if ratio > _KNEE:
        return float(ratio ** (1 / 3))
    return ratio / (3 * (6 / 29) ** 2) + 16 / 116


def _encoded(linear: float) -> int:
    """Return a part of sRGB (IEC 61966-2-1)."""
    part = 12.92 * linear
    if linear > 0.0031308:
        part = 1.055 * linear ** (1 / 2.4) - 0.055
    return min(max(round(part * 255), 0), 255)


def _decoded(part: int) -> float:
    ratio = part / 255
    if ratio > 0.04045:
        return float(((ratio + 0.055) / 1.055) ** 2.4)
    return ratio / 12.92


def _scaled(ratio: float) -> int:
    return min(max(round(ratio * _FULL), 0), _FULL)
