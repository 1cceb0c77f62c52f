"""Regions of ultrasound pictures (PS3.3 section C.8.5.5)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dicomseries.errors import DicomSeriesError
from dicomseries.lazy_dataclass import dataclass
from dicomseries.reading.parse.instance import Instance

__all__ = ["UltrasoundRegion", "region_words", "regions_of"]

_UNITS = {
    1: "%",
    2: "dB",
    3: "cm",
    4: "s",
    5: "Hz",
    6: "dB/s",
    7: "cm/s",
    8: "cm²",
    9: "cm²/s",
    10: "cm³",
    11: "cm³/s",
    12: "degrees",
}
"""PhysicalUnitsXDirection → unit; others have none (PS3.3 section C.8.5.5.1.15)."""
_MOST_REGIONS = 4
"""Regions that a message describes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UltrasoundRegion:
    """Part of an ultrasound picture with a scale along x and y.

    Parameters
    ----------
    steps : (float, float)
        Size of a pixel along columns and rows, in `units`.
    units : (str, str)
        "cm" for lengths; "" if unknown.
    corners : (int, int, int, int) or None
        First column and row, last column and row, from 0; None if not stated.
    """

    steps: tuple[float, float]
    units: tuple[str, str]
    corners: tuple[int, int, int, int] | None

    @property
    def spacing_mm(self) -> tuple[float, float] | None:
        """Size of a column and a row in mm; None if it is no image of lengths."""
        if self.units != ("cm", "cm"):
            return None
        across, down = abs(self.steps[0]) * 10, abs(self.steps[1]) * 10
        if not np.isfinite((across, down)).all() or min(across, down) <= 0:
            return None
        return across, down

    def covers(self, rows: int, columns: int) -> bool:
        """Return True if the region is the whole picture."""
        if self.corners is None:
            return False
        left, top, right, bottom = self.corners
        return left <= 0 and top <= 0 and right >= columns - 1 and bottom >= rows - 1

    def words(self) -> str:
        """Return size of a pixel and place of the region."""
        parts = []
        for step, unit in zip(self.steps, self.units, strict=True):
            number, name = (abs(step) * 10, "mm") if unit == "cm" else (step, unit or "no unit")
            parts.append(f"{number:.4g} {name}")
        text = " × ".join(parts)
        if self.corners is None:
            return text
        left, top, right, bottom = self.corners
        return f"{text} in columns {left} to {right}, rows {top} to {bottom}"


def regions_of(instance: Instance) -> tuple[UltrasoundRegion, ...]:
    """Return the regions of a picture; none if they are damaged.

    Examples
    --------
    >>> from dicomseries.reading import read_instance
    >>> from pydicom.data import get_testdata_file
    >>> regions_of(read_instance(get_testdata_file("CT_small.dcm")))
    ()
    """
    if instance.raw("SequenceOfUltrasoundRegions") is None:
        return ()
    try:
        return tuple(map(_region, instance.value("SequenceOfUltrasoundRegions") or ()))
    except (DicomSeriesError, TypeError, ValueError, AttributeError):
        return ()


def _region(item: Any) -> UltrasoundRegion:
    steps = []
    units = []
    for axis in "XY":
        steps.append(float(getattr(item, f"PhysicalDelta{axis}")))
        code = getattr(item, f"PhysicalUnits{axis}Direction", None)
        units.append(_UNITS.get(code, "") if isinstance(code, int) else "")
    corners: list[int] = []
    for corner in ("MinX0", "MinY0", "MaxX1", "MaxY1"):
        value = getattr(item, f"RegionLocation{corner}", None)
        if value is not None:
            corners.append(int(value))
    return UltrasoundRegion(
        steps=(steps[0], steps[1]),
        units=(units[0], units[1]),
        corners=(corners[0], corners[1], corners[2], corners[3]) if len(corners) == 4 else None,
    )


def region_words(regions: Sequence[UltrasoundRegion]) -> str:
    """Return the scales of regions for a message."""
    texts = [region.words() for region in regions[:_MOST_REGIONS]]
    if len(regions) > _MOST_REGIONS:
        texts.append("…")
    return "; ".join(texts)
