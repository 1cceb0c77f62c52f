"""Colours of labels and of values, and their mixture with a picture below."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.lazy_dataclass import dataclass

__all__ = ["COLOUR_MAPS", "LABEL_COLOURS", "ColourMap", "colour_numbers", "mixed"]

Pixels = npt.NDArray[np.uint8]
Colour = tuple[int, int, int]

LABEL_COLOURS: Pixels = np.array(
    [
        (0, 0, 0),
        (230, 159, 0),
        (86, 180, 233),
        (0, 158, 115),
        (240, 228, 66),
        (0, 114, 178),
        (213, 94, 0),
        (204, 121, 167),
        (154, 209, 75),
        (176, 124, 255),
    ],
    np.uint8,
)
"""Of the background and the labels, repeated in turn, as on the page of `view`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColourMap:
    """Colours of values from low to high.

    Parameters
    ----------
    stops : tuple of colours
        Evenly spaced colours, mixed in between.
    is_clear_at_low : bool
        Whether voxels at the low end and below are left as they are.

    Examples
    --------
    >>> ColourMap(stops=((0, 0, 0), (255, 0, 0)), is_clear_at_low=True).table[[0, 255]].tolist()
    [[0, 0, 0], [255, 0, 0]]
    """

    stops: tuple[Colour, ...]
    is_clear_at_low: bool
    table: Pixels = field(init=False, repr=False, compare=False)
    """256 colours, shape (256, 3)."""

    def __post_init__(self) -> None:
        places = np.linspace(0, 255, len(self.stops))
        parts = [np.interp(np.arange(256), places, part) for part in zip(*self.stops, strict=True)]
        object.__setattr__(self, "table", np.array(parts).T.astype(np.uint8))


COLOUR_MAPS: Mapping[str, ColourMap] = {
    "hot-iron": ColourMap(
        stops=(
            (0, 0, 0),
            (127, 0, 0),
            (255, 0, 0),
            (255, 127, 0),
            (255, 255, 127),
            (255, 255, 255),
        ),
        is_clear_at_low=True,
    ),
    "viridis": ColourMap(
        stops=(
            (68, 1, 84),
            (71, 44, 122),
            (59, 81, 139),
            (44, 113, 142),
            (33, 144, 141),
            (39, 173, 129),
            (92, 200, 99),
            (170, 220, 50),
            (253, 231, 37),
        ),
        is_clear_at_low=True,
    ),
    "blue-red": ColourMap(
        stops=((33, 102, 172), (146, 197, 222), (247, 247, 247), (244, 165, 130), (178, 24, 43)),
        is_clear_at_low=False,
    ),
}
"""By name: heat, even steps of lightness, and two colours for values below and above a middle."""


def colour_numbers(labels: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Return the rows of `LABEL_COLOURS` of labels; 0 for the background.

    Examples
    --------
    >>> colour_numbers(np.array([0, 1, 9, 10]))
    array([0, 1, 9, 1])
    """
    numbers = (labels.astype(np.int64) - 1) % (len(LABEL_COLOURS) - 1) + 1
    return np.where(labels > 0, numbers, 0)


def mixed(below: Pixels, above: Pixels, opacity: float = 0.5) -> Pixels:
    """Return two pictures mixed.

    Parameters
    ----------
    below, above : ndarray
        Colours, shape (..., 3), or one that numpy makes of it.
    opacity : float
        Part of the upper picture, 0 to 1.

    Examples
    --------
    >>> mixed(np.zeros((1, 3), np.uint8), np.array([[255, 100, 0]], np.uint8)).tolist()
    [[128, 50, 0]]
    """
    part = round(opacity * 256)
    sums = below.astype(np.uint32) * (256 - part) + above.astype(np.uint32) * part + 128
    return (sums >> 8).astype(np.uint8)
