"""Who contributed to a derived series: the scanner, this program, and a model (PS3.3 section C.12.1, CID 7005)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dicomseries.derivation.source.source_facts import SourceFact
from dicomseries.iod import code_item
from dicomseries.standard.attribute import Attribute, Item, Value, attribute

__all__ = ["Contribution", "Model", "contributing_equipment", "series_description"]

ACQUISITION = code_item("109101", "DCM", "Acquisition Equipment")
PROCESSING = code_item("109102", "DCM", "Processing Equipment")

_PURPOSE = "PurposeOfReferenceCodeSequence"
_UNKNOWN = "UNKNOWN"
"""Manufacturer is of Type 1 in an item; where nobody has said it, the item says that."""

_EQUIPMENT = (
    "Manufacturer",
    "InstitutionName",
    "InstitutionAddress",
    "StationName",
    "InstitutionalDepartmentName",
    "InstitutionalDepartmentTypeCodeSequence",
    "ManufacturerModelName",
    "DeviceUID",
    "UDISequence",
    "DeviceSerialNumber",
    "SoftwareVersions",
    "SpatialResolution",
    "DateOfManufacture",
    "DateOfInstallation",
    "DateOfLastCalibration",
    "TimeOfLastCalibration",
)
"""What an item has in common with the General Equipment module (C.7.5.1)."""

_IDENTITY = ("Manufacturer", "ManufacturerModelName", "DeviceSerialNumber", "SoftwareVersions")
"""What tells one machine, or one release of a program, from another."""

_MOST_DESCRIPTION = 1024
_MOST_NAME = 64
"""Characters of ST and LO (PS3.5 section 6.2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """An algorithm that took part, such as a trained network.

    Parameters
    ----------
    name, version, manufacturer : str
        ManufacturerModelName, SoftwareVersions and Manufacturer of its item; the last two may be unknown.

    Raises
    ------
    ValueError
        If it has no name.

    Examples
    --------
    >>> Model(name="DenoiseNet", version="2.1", manufacturer="ACME").label
    'DenoiseNet 2.1'
    """

    name: str
    version: str = ""
    manufacturer: str = ""

    def __post_init__(self) -> None:
        if not self.name.strip():
            message = "a model has a name"
            raise ValueError(message)

    @property
    def label(self) -> str:
        """Name and version, as they are read."""
        return f"{self.name} {self.version}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """What this program did.

    Parameters
    ----------
    software : str
        Its name and version.
    description : str
        What was done.
    moment : datetime, optional
        When, in the zone in which the result's dates are written.
    zone : str
        That zone as ``"+0100"``; empty where the source names none.
    model : Model, optional
        An algorithm that took part.

    Examples
    --------
    >>> Contribution(software="dicomseries 0.1.0").items()[0][0].values
    ('dicomseries',)
    """

    software: str
    description: str = ""
    moment: dt.datetime | None = None
    zone: str = ""
    model: Model | None = None

    def items(self) -> tuple[Item, ...]:
        """Return the item of this program, and that of the model before it."""
        name = self.software.partition(" ")[0]
        own = self._item(
            {"Manufacturer": name, "ManufacturerModelName": name, "SoftwareVersions": self.software}
        )
        if self.model is None:
            return (own,)
        model = {
            "Manufacturer": self.model.manufacturer or _UNKNOWN,
            "ManufacturerModelName": self.model.name,
            "SoftwareVersions": self.model.version,
        }
        return (self._item(model), own)

    def is_by_us(self, equipment: Sequence[Attribute]) -> bool:
        """Return whether this program has made what such equipment has made."""
        name = self.software.partition(" ")[0]
        return any(one.keyword == "Manufacturer" and one.values == (name,) for one in equipment)

    def _item(self, texts: Mapping[str, str]) -> Item:
        when = "" if self.moment is None else f"{self.moment:%Y%m%d%H%M%S}".zfill(14) + self.zone
        more = {
            "ContributionDateTime": when,
            "ContributionDescription": self.description[:_MOST_DESCRIPTION],
        }
        found = [attribute(keyword, text) for keyword, text in {**texts, **more}.items() if text]
        return _ordered([*found, attribute(_PURPOSE, PROCESSING)])


def contributing_equipment(
    facts: Mapping[str, SourceFact], contribution: Contribution
) -> Attribute:
    """Return the chain of equipment behind a derived series.

    Parameters
    ----------
    facts : mapping of str to SourceFact
        What the source says.
    contribution : Contribution
        What was done now.

    Returns
    -------
    Attribute
        ContributingEquipmentSequence: the source's own items, the equipment of the source as acquisition equipment
        (as processing equipment where the items name the scanner already, or where it is this program), then the
        model and this program.

    Examples
    --------
    >>> scanner = SourceFact(keyword="Manufacturer", frames=(attribute("Manufacturer", "ACME"),))
    >>> found = contributing_equipment({"Manufacturer": scanner}, Contribution(software="dicomseries 0.1.0"))
    >>> [item[0].values[0] for item in found.values]
    ['ACME', 'dicomseries']
    """
    before = facts.get("ContributingEquipmentSequence")
    items = (
        [one for one in before.first.values if isinstance(one, tuple)] if before is not None else []
    )
    own = [one for keyword in _EQUIPMENT if (one := _of_source(facts, keyword)) is not None]
    if own and not any(_same(item, own) for item in items):
        is_scanner = not any(
            _says(item, ACQUISITION) for item in items
        ) and not contribution.is_by_us(own)
        items.append(
            _ordered([*_named(own), attribute(_PURPOSE, ACQUISITION if is_scanner else PROCESSING)])
        )
    return attribute("ContributingEquipmentSequence", *items, *contribution.items())


def series_description(source: str, description: str | None, model: Model | None) -> str:
    """Return what the list of series shows of the result, at most 64 characters.

    Parameters
    ----------
    source : str
        SeriesDescription of the source, may be empty.
    description : str, optional
        What the user says.
    model : Model, optional
        Named after it, where there is room.

    Examples
    --------
    >>> series_description("T1 axial", None, None), series_description("T1", "Denoised", Model(name="Net", version="2"))
    ('T1 axial (derived)', 'Denoised (Net 2)')
    """
    if description and (model is None or model.name in description):
        return description
    suffix = f" ({model.label})" if model is not None else " (derived)"
    if description:
        return description + suffix if len(description + suffix) <= _MOST_NAME else description
    if not source.strip():
        return ("Derived" if model is None else model.label)[:_MOST_NAME]
    return f"{source[: max(_MOST_NAME - len(suffix), 0)].rstrip()}{suffix}"[:_MOST_NAME]


def _of_source(facts: Mapping[str, SourceFact], keyword: str) -> Attribute | None:
    fact = facts.get(keyword)
    return None if fact is None or fact.is_empty else fact.first


def _named(own: Sequence[Attribute]) -> Sequence[Attribute]:
    return (
        own
        if any(one.keyword == "Manufacturer" for one in own)
        else [attribute("Manufacturer", _UNKNOWN), *own]
    )


def _ordered(attributes: Sequence[Attribute]) -> Item:
    return tuple(sorted(attributes, key=lambda one: one.tag))


def _says(item: Item, code: Item) -> bool:
    purposes = (one for one in item if one.keyword == _PURPOSE)
    return any(_code_value(inner) == _code_value(code) for one in purposes for inner in one.values)


def _code_value(item: Value) -> tuple[Value, ...]:
    found = (
        (one.values for one in item if one.keyword == "CodeValue")
        if isinstance(item, tuple)
        else ()
    )
    return next(iter(found), ())


def _same(item: Item, own: Sequence[Attribute]) -> bool:
    """Return whether an item names the same machine."""
    said = {one.keyword: one.values for one in item}
    mine = {one.keyword: one.values for one in own}
    known = [keyword for keyword in _IDENTITY if keyword in mine]
    return bool(known) and all(said.get(keyword) == mine[keyword] for keyword in known)
