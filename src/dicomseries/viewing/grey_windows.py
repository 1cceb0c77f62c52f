"""Grey windows of headers, values and modalities."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.lazy_dataclass import dataclass

__all__ = ["PRESETS", "GreyWindow", "header_window", "window_of_values"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GreyWindow:
    """A range of real values shown as grey levels.

    Parameters
    ----------
    centre, width : float
        In real units; the width is above 0.
    is_exact : bool
        Whether the function is LINEAR_EXACT (centre ± width / 2), or LINEAR for whole numbers.

    Notes
    -----
    PS3.3 section C.11.2.1.2 (Window Center and Window Width).

    Examples
    --------
    >>> GreyWindow(centre=40, width=400).limits
    (-160.0, 239.0)
    >>> GreyWindow(centre=0.5, width=1, is_exact=True).limits
    (0.0, 1.0)
    """

    centre: float
    width: float
    is_exact: bool = False

    def __post_init__(self) -> None:
        if not (math.isfinite(self.centre) and math.isfinite(self.width) and self.width > 0):
            message = f"no window: centre {self.centre}, width {self.width}"
            raise ValueError(message)

    @property
    def limits(self) -> tuple[float, float]:
        """The values at the ends: just black and just white."""
        if self.is_exact or self.width <= 1:
            return self.centre - self.width / 2, self.centre + self.width / 2
        half = (self.width - 1) / 2
        return self.centre - 0.5 - half, self.centre - 0.5 + half

    def levels(self, real: npt.NDArray[Any], *, is_inverted: bool = False) -> npt.NDArray[np.uint8]:
        """Return grey levels from 0 to 255; 0 for NaN.

        Parameters
        ----------
        real : ndarray
            Real values.
        is_inverted : bool
            Whether low values are white (MONOCHROME1).

        Examples
        --------
        >>> window = GreyWindow(centre=1, width=2, is_exact=True)
        >>> window.levels(np.array([0, 1, 3, np.nan])).tolist()
        [0, 127, 255, 0]
        """
        low, high = self.limits
        levels = np.nan_to_num(np.clip((real - low) / (high - low), 0, 1)) * 255
        if is_inverted:
            levels = 255 - levels
        return levels.astype(np.uint8)

    def to_dict(self) -> dict[str, Any]:
        """Return the window as plain values."""
        return {"centre": self.centre, "width": self.width, "isExact": self.is_exact}


_CT = (
    ("Soft tissue", GreyWindow(centre=40, width=400)),
    ("Lung", GreyWindow(centre=-600, width=1500)),
    ("Bone", GreyWindow(centre=480, width=2500)),
    ("Brain", GreyWindow(centre=40, width=80)),
)
PRESETS: Mapping[str, Sequence[tuple[str, GreyWindow]]] = {"CT": _CT}
"""Modality → named windows in its units (HU)."""


def header_window(attributes: Mapping[str, Any]) -> GreyWindow | None:
    """Return the first window of a header; None without any.

    Examples
    --------
    >>> header_window({"WindowCenter": [40, 300], "WindowWidth": [400, 1500]})
    GreyWindow(centre=40.0, width=400.0, is_exact=False)
    >>> header_window({"WindowCenter": "", "WindowWidth": ""}) is None
    True
    """
    centre = _first(attributes.get("WindowCenter"))
    width = _first(attributes.get("WindowWidth"))
    if centre is None or width is None or width <= 0:
        return None
    is_exact = attributes.get("VOILUTFunction") == "LINEAR_EXACT"
    return GreyWindow(centre=centre, width=width, is_exact=is_exact)


def window_of_values(values: npt.NDArray[Any]) -> GreyWindow:
    """Return the window from percentile 0.5 to percentile 99.5.

    Values that are not finite are left out.

    Examples
    --------
    >>> window = window_of_values(np.array([0.0, np.nan, 8.0]))
    >>> window.centre, round(window.width, 6)
    (4.0, 7.92)
    >>> window_of_values(np.full(4, 7)).limits
    (6.5, 7.5)
    """
    finite = np.asarray(values, np.float64)
    finite = finite[np.isfinite(finite)]
    low, high = 0.0, 0.0
    if finite.size:
        low, high = np.percentile(finite, (0.5, 99.5)).tolist()
    # Half of each first: the difference of two doubles may be above the largest double.
    width = min(2 * (high / 2 - low / 2), 1e308) or max(abs(low) * 1e-6, 1.0)
    return GreyWindow(centre=low / 2 + high / 2, width=width, is_exact=True)


def _first(value: Any) -> float | None:
    try:
        while isinstance(value, list | tuple):
            value = value[0]
        number = float(value)
    except (IndexError, TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None
