"""One file of a series: its elements, where its pixels are, and what they say."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping, MutableSequence, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.tag import BaseTag

from dicomseries.reading import read_errors
from dicomseries.reading.parse.header_cache import Layout, Pattern
from dicomseries.reading.parse.parser import Element, Pixels
from dicomseries.reading.parse.to_python import Decoding
from dicomseries.standard.attribute import tag_of
from dicomseries.standard.transfer_syntaxes import (
    EXPLICIT_VR_BIG_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
)

__all__ = ["Family", "Instance", "holding_only", "undecoded", "unlike"]

_PADDING = b" \0"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Family:
    """What files that were recognised by one another have in common.

    Parameters
    ----------
    base : mapping of int to Element
        Elements by tag; those of the first of them where the bytes are equal.
    differing : frozenset of int
        Tags of what each file may have otherwise.
    transfer_syntax : str
        UID from the file meta information; guessed where there is none.
    has_preamble : bool
        Whether the files begin as PS3.10 section 7.1 has it.
    layout : Layout or None
        For reading the next file.
    pattern : Pattern or None
        The same, in less time.
    """

    base: Mapping[int, Element] = field(repr=False)
    differing: frozenset[int] = frozenset()
    transfer_syntax: str
    has_preamble: bool = True
    layout: Layout | None = field(default=None, repr=False)
    pattern: Pattern | None = field(default=None, repr=False)

    def shares(self, tags: frozenset[int], other: Family) -> bool:
        """Return whether all files of both hold the same bytes of all `tags`; False does not say that they differ."""
        return (
            self.base is other.base
            and self.transfer_syntax == other.transfer_syntax
            and tags.isdisjoint(self.differing)
            and tags.isdisjoint(other.differing)
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Instance:
    """A DICOM file as it was read: elements undecoded, pixels still on disk.

    Parameters
    ----------
    path : str
        The file.
    own : mapping of int to Element
        What stands before the elements of the family, and has none but their tags.
    family : Family
        What it has in common with others.
    pixels : Pixels or None
        Where Pixel Data is; for a deflated file, in its inflated content.
    file_size : int
        Bytes.

    Notes
    -----
    Elements behind the pixels (PS3.5 section 7.4: padding, digital signatures) are not read.
    """

    path: str
    own: Mapping[int, Element] = field(repr=False)
    family: Family
    pixels: Pixels | None
    file_size: int

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition(os.sep)[2]

    @property
    def base(self) -> Mapping[int, Element]:
        """Elements by tag; those of another instance of the series where the bytes are equal."""
        return self.family.base

    @property
    def transfer_syntax(self) -> str:
        """UID from the file meta information; guessed where there is none."""
        return self.family.transfer_syntax

    @property
    def byte_order(self) -> str:
        """Byte order of the data set as numpy writes it: ``"<"``, or ``">"`` for big endian."""
        return ">" if self.transfer_syntax == EXPLICIT_VR_BIG_ENDIAN else "<"

    @property
    def tags(self) -> tuple[int, ...]:
        """Tags of the elements, file meta information (group 2) included, in the order of the file."""
        return tuple(self.base)

    @property
    def elements(self) -> dict[int, Element]:
        """Elements by tag, in the order of the file."""
        return {**self.base, **self.own}

    def element(self, tag: int) -> Element | None:
        """Return the element of `tag`, None if it is absent."""
        return self.own.get(tag) or self.family.base.get(tag)

    def shares(self, tags: frozenset[int], other: Instance) -> bool:
        """Return whether both hold the same bytes of all `tags`, as was seen when they were read.

        False does not say that they differ.
        """
        return self.family.shares(tags, other.family)

    def items(self) -> Iterator[tuple[int, Element]]:
        """Yield tags and elements in the order of the file."""
        own = self.own
        for tag, element in self.base.items():
            yield tag, own.get(tag, element)

    def __dask_tokenize__(self) -> tuple[object, ...]:
        return (os.path.abspath(self.path), self.file_size, self.raw("SOPInstanceUID"))  # noqa: PTH100 - as below

    def raw(self, keyword: str) -> bytes | None:
        """Return the bytes of an attribute with their padding; None if it is absent, b"" if it is empty."""
        element = self.element(tag_of(keyword))
        return None if element is None else element.raw

    def text(self, keyword: str) -> str:
        """Return an attribute of ASCII characters (CS, DA, DS, IS, TM, UI) without padding; "" if it is absent."""
        return (self.raw(keyword) or b"").strip(_PADDING).decode("latin-1")

    def texts(self, keyword: str) -> tuple[str, ...]:
        """Return the values of an attribute of ASCII characters without padding; none if it is absent or empty."""
        text = self.text(keyword)
        return tuple(part.strip(" \0") for part in text.split("\\")) if text else ()

    def numbers(self, keyword: str) -> tuple[float, ...]:
        """Return the values of an attribute of VR DS or IS; none if it is absent, empty or not numeric."""
        try:
            return tuple(map(float, (self.raw(keyword) or b"").strip(_PADDING).split(b"\\")))
        except ValueError:
            return ()

    def number(self, keyword: str, default: int = 0) -> int:
        """Return the first value of an attribute of VR US; `default` if it is absent or empty."""
        raw = self.raw(keyword) or b""
        order = "big" if self.byte_order == ">" else "little"
        return int.from_bytes(raw[:2], order) if len(raw) >= 2 else default  # type: ignore[arg-type]

    def whole(self, keyword: str, default: int) -> int:
        """Return the first value of an attribute of VR IS; `default` if it is absent or no whole number."""
        value = next(iter(self.numbers(keyword)), math.nan)
        return int(value) if value.is_integer() else default

    def value(self, keyword: str) -> Any:
        """Return an attribute decoded by pydicom (one value, a list of them, a sequence); None if it is absent.

        Raises
        ------
        ReadError
            If the bytes are not what the VR demands.
        """
        if self.element(tag_of(keyword)) is None:
            return None
        try:
            return self.dataset()[keyword].value
        except Exception as error:
            raise read_errors.damaged(self.path, f"{keyword}: {error}") from error

    def dataset(self) -> Dataset:
        """Return all elements before the pixels as a pydicom data set with its file meta information.

        Values are decoded by pydicom when they are looked at, and raise its errors.
        """
        implicit = self.transfer_syntax == IMPLICIT_VR_LITTLE_ENDIAN
        little = self.byte_order == "<"
        meta: dict[BaseTag, RawDataElement] = {}
        main: dict[BaseTag, RawDataElement] = {}
        for tag, element in self.items():
            (meta if tag >> 16 == 2 else main)[BaseTag(tag)] = undecoded(self, tag, element)
        dataset = Dataset(main)  # type: ignore[arg-type]
        dataset.set_original_encoding(implicit, little, self._python_characters(dataset))
        dataset.file_meta = FileMetaDataset(meta)  # type: ignore[arg-type]
        return dataset

    def _python_characters(self, dataset: Dataset) -> str | MutableSequence[str]:
        """Return the character sets as dcmread finds them; where that fails, as `plain_value` reads them."""
        try:
            return dataset._character_set  # noqa: SLF001 - as dcmread does
        except Exception:  # noqa: BLE001 - a damaged name of a character set makes pydicom raise anything
            return list(self.decoding().encodings)

    def decoding(self) -> Decoding:
        """Return what the values of this file depend on beside their bytes."""
        return Decoding(order=self.byte_order, elements=self.elements).of_elements()

    @property
    def sop_class_uid(self) -> str:
        """SOPClassUID; that of the file meta information if the data set lacks it, "" without both."""
        return self.text("SOPClassUID") or self.text("MediaStorageSOPClassUID")

    @property
    def rows(self) -> int:
        """Rows; 0 if absent."""
        return self.number("Rows")

    @property
    def columns(self) -> int:
        """Columns; 0 if absent."""
        return self.number("Columns")

    @property
    def samples(self) -> int:
        """SamplesPerPixel; 1 if absent."""
        return self.number("SamplesPerPixel", 1)

    @property
    def frames(self) -> int:
        """NumberOfFrames; 1 if absent."""
        return self.whole("NumberOfFrames", 1)

    @property
    def slope(self) -> float:
        """RescaleSlope; 1.0 if absent."""
        return next(iter(self.numbers("RescaleSlope")), 1.0)

    @property
    def intercept(self) -> float:
        """RescaleIntercept; 0.0 if absent."""
        return next(iter(self.numbers("RescaleIntercept")), 0.0)


def holding_only(instances: Sequence[Instance], tags: frozenset[int]) -> tuple[Instance, ...]:
    """Return instances by absolute paths without the elements that have other tags: small, to be read anywhere."""
    bases = {id(one.base): one.base for one in instances}
    kept = {
        key: {tag: element for tag, element in base.items() if tag in tags}
        for key, base in bases.items()
    }
    families = {
        one.family: replace(one.family, base=kept[id(one.base)], layout=None, pattern=None)
        for one in instances
    }
    return tuple(
        replace(
            one,
            path=os.path.abspath(one.path),  # noqa: PTH100 - a Path for each slice takes ten times as long
            family=families[one.family],
            own={tag: element for tag, element in one.own.items() if tag in tags},
        )
        for one in instances
    )


def unlike(instances: Sequence[Instance], tags: frozenset[int]) -> list[Instance]:
    """Return the first instance, and those that may say something else of `tags` than it does."""
    first = instances[0]
    odd = {
        family
        for family in {one.family for one in instances}
        if not family.shares(tags, first.family)
    }
    return (
        [first, *(one for one in instances if one.family in odd and one is not first)]
        if odd
        else [first]
    )


def undecoded(instance: Instance, tag: int, element: Element) -> RawDataElement:
    """Return an element of the file as pydicom's own, which decodes it when it is looked at."""
    in_meta = tag >> 16 == 2
    little = in_meta or instance.byte_order == "<"
    # Without a VR in the file, pydicom looks it up itself, and knows more of what is ambiguous.
    is_bare = instance.transfer_syntax == IMPLICIT_VR_LITTLE_ENDIAN and not in_meta
    vr = None if is_bare and element.vr != "SQ" else element.vr
    return RawDataElement(
        BaseTag(tag), vr, len(element.raw), element.raw, 0, element.implicit, little, is_raw=True
    )
