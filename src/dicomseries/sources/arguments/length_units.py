"""Units of length, in mm."""

from __future__ import annotations

__all__ = ["MM_PER_UNIT", "mm_per_unit"]

_NAMES = {
    1.0: "mm millimeter millimetre millimeters millimetres",
    10.0: "cm centimeter centimetre",
    1000.0: "m meter metre",
    1e-3: "um µm μm \\u00b5m micron microns micrometer micrometre",
    1e-6: "nm nanometer nanometre",
    25.4: "inch",
}
MM_PER_UNIT = {"": 1.0, **{name: mm for mm, names in _NAMES.items() for name in names.split()}}
"""Unit of length, lower case -> mm; no unit at all is taken as mm, as NIfTI readers and ITK do."""


def mm_per_unit(unit: object) -> float | None:
    """Return the mm of a unit, None for other units.

    Examples
    --------
    >>> mm_per_unit("Micrometer"), mm_per_unit(None), mm_per_unit("pixel")
    (0.001, 1.0, None)
    """
    return MM_PER_UNIT.get(str(unit or "").strip().strip('"').lower())
