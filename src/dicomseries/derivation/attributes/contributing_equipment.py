"""Contributing equipment: scanner, this program and a model.

PS3.3 section C.12.1, CID 7005.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping

from dicomseries.derivation.source.source_facts import Facts, by_keyword, item_members
from dicomseries.iod import code_item
from dicomseries.lazy_dataclass import dataclass
from dicomseries.standard.attributes.attribute import Attribute, Item, attribute

__all__ = ["Contribution", "Model", "contributing_equipment", "series_description"]

_ACQUISITION = attribute(
    "PurposeOfReferenceCodeSequence", code_item("109101", "DCM", "Acquisition Equipment")
)
_PROCESSING = attribute(
    "PurposeOfReferenceCodeSequence", code_item("109102", "DCM", "Processing Equipment")
)

_UNKNOWN = "UNKNOWN"
"""Manufacturer of an item, of Type 1, if not stated."""

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
"""Attributes of an item that the General Equipment module has, too (C.7.5.1)."""

_IDENTITY = ("Manufacturer", "ManufacturerModelName", "DeviceSerialNumber", "SoftwareVersions")
"""Attributes that identify a machine or a release of a program."""

_MOST_DESCRIPTION = 1024
_MOST_NAME = 64
"""Characters of ST and LO (PS3.5 section 6.2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """An algorithm behind the result, such as a trained network.

    Parameters
    ----------
    name, version, manufacturer : str
        ManufacturerModelName, SoftwareVersions and Manufacturer of its item; the last two may be
        unknown.

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
        """Name and version as one text."""
        return f"{self.name} {self.version}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """Contribution of this program.

    Parameters
    ----------
    software : str
        Name and version of the program.
    description : str
        Description of the processing.
    moment : datetime, optional
        Its time, in the zone of the result's dates.
    zone : str
        That zone as ``"+0100"``; empty if the source names none.
    model : Model, optional
        An algorithm behind the result.
    """

    software: str
    description: str = ""
    moment: dt.datetime | None = None
    zone: str = ""
    model: Model | None = None

    def items(self) -> list[Item]:
        """Return the items of the model and this program."""
        items = []
        if self.model is not None:
            manufacturer = self.model.manufacturer or _UNKNOWN
            items.append(self._item(manufacturer, self.model.name, self.model.version))
        name = self.software.partition(" ")[0]
        items.append(self._item(name, name, self.software))
        return items

    def _item(self, manufacturer: str, name: str, version: str) -> Item:
        texts = {
            "Manufacturer": manufacturer,
            "ManufacturerModelName": name,
            "SoftwareVersions": version,
            "ContributionDescription": self.description[:_MOST_DESCRIPTION],
        }
        if self.moment is not None:
            moment = f"{self.moment:%Y%m%d%H%M%S}".zfill(14)
            texts["ContributionDateTime"] = moment + self.zone
        members = [attribute(keyword, text) for keyword, text in texts.items() if text]
        return _ordered([*members, _PROCESSING])


def contributing_equipment(facts: Facts, contribution: Contribution) -> Attribute:
    """Return the chain of equipment behind a derived series.

    Parameters
    ----------
    facts : mapping of str to SourceFact
        Attributes of the source.
    contribution : Contribution
        Contribution of this program.

    Returns
    -------
    Attribute
        ContributingEquipmentSequence: the source's items, the source's equipment as acquisition
        equipment (as processing equipment if the items name the scanner already, or if it is this
        program), then the model and this program.

    Examples
    --------
    >>> from dicomseries.derivation.source.source_facts import SourceFact
    >>> manufacturer = attribute("Manufacturer", "ACME")
    >>> facts = {"Manufacturer": SourceFact(keyword="Manufacturer", frames=(manufacturer,))}
    >>> sequence = contributing_equipment(facts, Contribution(software="dicomseries 0.1.0"))
    >>> [item[0].values[0] for item in sequence.values]
    ['ACME', 'dicomseries']
    """
    items: list[Item] = []
    if "ContributingEquipmentSequence" in facts:
        sequence = facts["ContributingEquipmentSequence"].first
        items += [item for item in sequence.values if isinstance(item, tuple)]
    equipment = {}
    for keyword in _EQUIPMENT:
        if keyword in facts and not facts[keyword].is_empty:
            equipment[keyword] = facts[keyword].first
    if equipment and not any(_is_same_machine(item, equipment) for item in items):
        manufacturer = equipment.setdefault("Manufacturer", attribute("Manufacturer", _UNKNOWN))
        is_ours = manufacturer.values == (contribution.software.partition(" ")[0],)
        purpose = _PROCESSING
        if not is_ours and not any(map(_is_acquisition, items)):
            purpose = _ACQUISITION
        items.append(_ordered([*equipment.values(), purpose]))
    items += contribution.items()
    return attribute("ContributingEquipmentSequence", *items)


def _is_same_machine(item: Item, equipment: Mapping[str, Attribute]) -> bool:
    members = by_keyword(item)
    known = equipment.keys() & set(_IDENTITY)
    for keyword in known:
        if keyword not in members or members[keyword].values != equipment[keyword].values:
            return False
    return bool(known)


def _is_acquisition(item: Item) -> bool:
    for purpose in item:
        if purpose.keyword == _ACQUISITION.keyword:
            for code in purpose.values:
                for member in item_members(code):
                    if member.keyword == "CodeValue" and member.values == ("109101",):
                        return True
    return False


def _ordered(members: Iterable[Attribute]) -> Item:
    return tuple(sorted(members, key=lambda member: member.tag))


def series_description(source: str, description: str | None, model: Model | None) -> str:
    """Return SeriesDescription of the result, at most 64 characters.

    Parameters
    ----------
    source : str
        SeriesDescription of the source; may be empty.
    description : str, optional
        Description from the user.
    model : Model, optional
        Named if it fits.

    Examples
    --------
    >>> series_description("T1 axial", None, None)
    'T1 axial (derived)'
    >>> series_description("T1", "Denoised", Model(name="Net", version="2"))
    'Denoised (Net 2)'
    """
    name, suffix = "Derived", " (derived)"
    if model is not None:
        name, suffix = model.label, f" ({model.label})"
    if description:
        is_named = model is None or model.name in description
        is_too_long = len(description + suffix) > _MOST_NAME
        if is_named or is_too_long:
            return description
        return description + suffix
    if not source.strip():
        return name[:_MOST_NAME]
    return f"{source[: max(_MOST_NAME - len(suffix), 0)].rstrip()}{suffix}"[:_MOST_NAME]
