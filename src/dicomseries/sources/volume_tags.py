"""`Tags`: attributes of a series, and the unit of its values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

__all__ = ["Tags", "tags_of_volumes", "unit_of"]

_PARAMETRIC_MAP = "1.2.840.10008.5.1.4.1.1.30"
_NO_UNITS = {"US", "UNSPECIFIED", "NONE", "1"}
"""Values of RescaleType and Units, and codes of UCUM, that state no unit."""

_DOSE_UNITS = {"GY": "Gy"}
"""DoseUnits → unit; RELATIVE is a part of another dose."""


class Tags(Protocol):
    """The attributes of a series that was read, by keyword.

    A mapping, ``tags["Modality"]``. Private ones are named by group, creator and element.
    """

    @property
    def shared(self) -> Mapping[str, Any]:
        """Attributes that are equal in every instance."""

    @property
    def instances(self) -> Sequence[Mapping[str, Any]]:
        """Attributes that differ, one mapping an instance."""

    @property
    def paths(self) -> Sequence[Path]:
        """The files, in the order of the slices."""

    def of_volumes(self, volumes: Sequence[int], count: int) -> Tags:
        """Return the attributes of some of `count` volumes, in that order."""

    def __getitem__(self, name: str, /) -> Any: ...

    def __contains__(self, name: object, /) -> bool: ...

    def __iter__(self) -> Iterator[str]: ...

    def __len__(self) -> int: ...


def tags_of_volumes(tags: Tags | None, volumes: Sequence[int], count: int | None) -> Tags | None:
    """Return the attributes of some of `count` volumes; None is no axis of volumes.

    Examples
    --------
    >>> tags_of_volumes(None, [0], 2)
    """
    if tags is None or count is None:
        return tags
    return tags.of_volumes(volumes, count)


def unit_of(attributes: Mapping[str, Any]) -> str:
    """Return the unit of real values; empty if none is stated.

    PS3.3 sections C.11.1 (Modality LUT), C.8.9.1 (PET), C.8.8.3 (RT Dose) and C.7.6.16.2.11 (Real
    World Value Mapping, which gives the values of a parametric map).

    Examples
    --------
    >>> unit_of({"RescaleType": "HU"}), unit_of({"Units": "BQML"}), unit_of({"RescaleType": "US"})
    ('HU', 'BQML', '')
    """
    unit = attributes.get("Units") or attributes.get("RescaleType") or ""
    if attributes.get("DoseGridScaling"):
        unit = _DOSE_UNITS.get(str(attributes.get("DoseUnits")), "")
    if attributes.get("SOPClassUID") == _PARAMETRIC_MAP:
        for code in attributes.get("MeasurementUnitsCodeSequence") or ():
            unit = code.get("CodeValue", "")
    return "" if unit in _NO_UNITS else str(unit)
