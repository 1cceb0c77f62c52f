"""`WriteRequest`: options of a write, and its inputs' attributes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Self

from dicomseries.errors import MetadataError
from dicomseries.iod import Kind, find_kind
from dicomseries.lazy_dataclass import dataclass
from dicomseries.metadata import Metadata, keyword_of, split_padding
from dicomseries.options import WriteOptions
from dicomseries.plan import kind_for_codec
from dicomseries.uids import UidPolicy

if TYPE_CHECKING:
    from dicomseries.derivation import Inheritance

__all__ = ["WriteRequest"]


_PART_LETTERS = {"magnitude": "M", "phase": "P", "real": "R", "imaginary": "I"}
"""Part of complex numbers → third value of ImageType."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteRequest:
    """The options of a write, with attributes of its inputs.

    Parameters
    ----------
    options : WriteOptions
        The user's options.
    kind : Kind
        The kind asked for, or that of the source series.
    metadata : Metadata
        The user's attributes; sidecar, source series and array add theirs.
    per_volume : mapping
        Attributes of each volume or slice, by keyword.
    uid : UidPolicy
        Where UIDs come from; an array that was read adds its study.
    left_out : frozenset of str
        Keywords of attributes that are not taken over.
    padding : float, optional
        PixelPaddingValue that the user gives.
    inheritance : Inheritance, optional
        Everything from the source series beside metadata.
    advice : tuple of str
        Sentences for the user.
    """

    options: WriteOptions
    kind: Kind
    metadata: Metadata
    per_volume: Mapping[str, Any]
    uid: UidPolicy
    left_out: frozenset[str]
    padding: float | None
    inheritance: Inheritance | None = None
    advice: tuple[str, ...] = ()

    @classmethod
    def of(cls, options: WriteOptions, kind: str) -> Self:
        """Return the request of these options.

        Raises
        ------
        MetadataError
            If the metadata is wrong.
        """
        stated, padding = split_padding(options.metadata)
        metadata = {**_part_attributes(options, kind), **stated}
        metadata |= _unit_attribute(options.units)
        return cls(
            options=options,
            kind=kind_for_codec(find_kind(kind), options.compression),
            metadata=Metadata.from_mapping(metadata, varying=options.per_volume),
            per_volume=options.per_volume,
            uid=options.uid,
            left_out=frozenset(_keywords_without_value(options.metadata)),
            padding=padding,
        )

    @property
    def is_segmentation(self) -> bool:
        """Whether the array holds labels, not numbers."""
        return self.kind.name == "Segmentation"


def _keywords_without_value(metadata: Mapping[str, Any]) -> Iterator[str]:
    """Yield keywords with the value None.

    A result does not take them over.
    """
    for name, value in metadata.items():
        if value is not None:
            continue
        try:
            yield keyword_of(name)
        except MetadataError:  # a private attribute, which `Metadata` checks
            continue


def _part_attributes(options: WriteOptions, kind: str) -> dict[str, Any]:
    """Return the attributes of a part of complex numbers, in PS3.3 C.8.13.3.1.1's terms."""
    letter = _PART_LETTERS.get(str(options.part))
    if letter is None:  # an unknown part is rejected when the source is opened
        return {}
    attributes: dict[str, Any] = {}
    name = find_kind(kind).name
    if name in {"MR", "EnhancedMR"}:
        attributes["ComplexImageComponent"] = str(options.part).upper()
    if name == "MR":
        # the short form, which many programs read
        attributes["ImageType"] = ["DERIVED", "PRIMARY", letter]
    if options.part == "phase" and options.units is None:
        attributes |= _unit_attribute("rad")
    return attributes


def _unit_attribute(code: str | None) -> dict[str, Any]:
    """Return the code of a unit (PS3.3 C.7.6.16.2.11).

    UCUM codes explain themselves.
    """
    if code is None:
        return {}
    meaning = "no units" if code == "1" else code
    item = {"CodeValue": code, "CodingSchemeDesignator": "UCUM", "CodeMeaning": meaning}
    return {"MeasurementUnitsCodeSequence": [item]}
