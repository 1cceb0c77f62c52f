"""One file of a series with its undecoded elements."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping, MutableSequence, Sequence
from dataclasses import field, replace
from typing import TYPE_CHECKING, Any

from dicomseries.lazy_dataclass import dataclass
from dicomseries.reading import read_errors
from dicomseries.reading.parse.header_cache import HeaderLayout, HeaderPattern
from dicomseries.reading.parse.parser import Element, ParseError, Pixels, items_of
from dicomseries.reading.parse.to_python import Decoding
from dicomseries.short_repr import short_text
from dicomseries.standard.attributes.attribute import tag_of
from dicomseries.standard.transfer_syntaxes import EXPLICIT_VR_BIG_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN

if TYPE_CHECKING:
    from pydicom.dataelem import RawDataElement
    from pydicom.dataset import Dataset

__all__ = ["Family", "Instance", "file_order", "holding_only", "unlike"]

_PADDING = b" \0"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Family:
    """Common content of files with similar headers.

    Parameters
    ----------
    base : mapping of int to Element
        Elements by tag, as the first file has them.
    differing : frozenset of int
        Tags of elements that may differ from file to file.
    transfer_syntax : str
        UID from the file meta information; guessed if that is missing, and that of the pixels if
        they show another.
    has_preamble : bool
        Whether the files have the preamble of PS3.10 section 7.1.
    layout : HeaderLayout or None
        For reading the next file.
    pattern : HeaderPattern or None
        The same, faster.
    faults : tuple of str
        What contradicts the standard in the header, and how it was read; for messages.
    """

    base: Mapping[int, Element] = field(repr=False)
    differing: frozenset[int] = frozenset()
    transfer_syntax: str
    has_preamble: bool = True
    layout: HeaderLayout | None = field(default=None, repr=False)
    pattern: HeaderPattern | None = field(default=None, repr=False)
    faults: tuple[str, ...] = ()

    def shares(self, tags: frozenset[int], other: Family) -> bool:
        """Return True if both families share the bytes of `tags`.

        False if that is unknown.
        """
        return (
            self.base is other.base
            and self.transfer_syntax == other.transfer_syntax
            and tags.isdisjoint(self.differing)
            and tags.isdisjoint(other.differing)
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Instance:
    """A DICOM file with undecoded elements.

    The pixels stay on disk.

    Parameters
    ----------
    path : str
        The file.
    own : mapping of int to Element
        Elements that replace those of the family; has no other tags.
    family : Family
        Content in common with other files.
    pixels : Pixels or None
        Location of Pixel Data; in a deflated file, in its inflated content.
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

    def __repr__(self) -> str:
        return short_text(f"Instance(path={str(self.path)!r})")

    @property
    def name(self) -> str:
        """The last part of the path."""
        return os.path.basename(self.path)  # noqa: PTH119 - Path takes ten times as long

    @property
    def base(self) -> Mapping[int, Element]:
        """Elements by tag, before `own` replaces them."""
        return self.family.base

    @property
    def transfer_syntax(self) -> str:
        """UID from the file meta information.

        Guessed if that is missing; that of the pixels if they show another.
        """
        return self.family.transfer_syntax

    @property
    def stated_syntax(self) -> str:
        """TransferSyntaxUID of the file meta information.

        `transfer_syntax` if it has none.
        """
        return self.text("TransferSyntaxUID") or self.transfer_syntax

    @property
    def is_implicit(self) -> bool:
        """Whether the elements have no value representation, as the first of them shows.

        Some files contradict their transfer syntax.
        """
        for tag, element in self.family.base.items():
            if tag >> 16 != 2:
                return element.implicit
        return self.transfer_syntax == IMPLICIT_VR_LITTLE_ENDIAN

    @property
    def byte_order(self) -> str:
        """Byte order of the data set as numpy writes it.

        ``"<"``, or ``">"`` for big endian.
        """
        if self.transfer_syntax == EXPLICIT_VR_BIG_ENDIAN:
            return ">"
        return "<"

    @property
    def tags(self) -> tuple[int, ...]:
        """Tags of all elements in the order of the file."""
        return tuple(self.base)

    @property
    def elements(self) -> dict[int, Element]:
        """Elements by tag, in the order of the file."""
        return {**self.base, **self.own}

    def element(self, tag: int) -> Element | None:
        """Return the element of `tag`, None if it is absent."""
        return self.own.get(tag) or self.family.base.get(tag)

    def shares(self, tags: frozenset[int], other: Instance) -> bool:
        """Return True if both have equal bytes for `tags`.

        False if that is unknown.
        """
        return self.family.shares(tags, other.family)

    def items(self) -> Iterator[tuple[int, Element]]:
        """Yield tags and elements in the order of the file."""
        own = self.own
        for tag, element in self.base.items():
            yield tag, own.get(tag, element)

    def __dask_tokenize__(self) -> tuple[object, ...]:
        path = os.path.abspath(self.path)  # noqa: PTH100 - as in holding_only
        return (path, self.file_size, self.raw("SOPInstanceUID"))

    def raw(self, keyword: str) -> bytes | None:
        """Return the bytes of an attribute with their padding.

        None if it is absent.
        """
        element = self.element(tag_of(keyword))
        return None if element is None else element.raw

    def text(self, keyword: str) -> str:
        """Return an ASCII attribute without padding.

        "" if absent.
        """
        return (self.raw(keyword) or b"").strip(_PADDING).decode("latin-1")

    def texts(self, keyword: str) -> tuple[str, ...]:
        """Return the values of an ASCII attribute without padding.

        () if absent or empty.
        """
        text = self.text(keyword)
        if not text:
            return ()
        return tuple(part.strip(" \0") for part in text.split("\\"))

    def numbers(self, keyword: str) -> tuple[float, ...]:
        """Return the values of a DS or IS attribute.

        () if absent, empty or not numeric.
        """
        try:
            return tuple(map(float, (self.raw(keyword) or b"").strip(_PADDING).split(b"\\")))
        except ValueError:
            return ()

    def decimal(self, keyword: str, default: float = math.nan) -> float:
        """Return the first value of a DS or IS attribute.

        `default` if there is none.
        """
        numbers = self.numbers(keyword)
        return numbers[0] if numbers else default

    def whole(self, keyword: str, default: int) -> int:
        """Return the first value of an IS attribute.

        `default` if it is not a whole number.
        """
        value = self.decimal(keyword)
        return int(value) if value.is_integer() else default

    def number(self, keyword: str, default: int = 0) -> int:
        """Return the first value of a US attribute.

        `default` if absent or empty.
        """
        raw = self.raw(keyword) or b""
        if len(raw) < 2:
            return default
        return int.from_bytes(raw[:2], "little" if self.byte_order == "<" else "big")

    def sequence(self, keyword: str) -> tuple[dict[int, Element], ...]:
        """Return the items of a sequence as elements by tag.

        () if absent or damaged.
        """
        element = self.element(tag_of(keyword))
        if element is None:
            return ()
        try:
            return items_of(element, self.byte_order)
        except ParseError:
            return ()

    def value(self, keyword: str) -> Any:
        """Return an attribute decoded by pydicom (value, list or sequence).

        None if absent.

        Raises
        ------
        ReadError
            If the bytes do not match the VR.
        """
        if self.element(tag_of(keyword)) is None:
            return None
        try:
            return self.dataset()[keyword].value
        except Exception as error:
            raise read_errors.damaged(self.path, f"{keyword}: {error}") from error

    def dataset(self) -> Dataset:
        """Return the elements as a pydicom data set without pixels.

        pydicom decodes each value on first access, and raises its own errors.
        """
        from pydicom.dataset import Dataset, FileMetaDataset  # noqa: PLC0415 - slow to import
        from pydicom.tag import BaseTag  # noqa: PLC0415

        is_little = self.byte_order == "<"
        meta: dict[BaseTag, RawDataElement] = {}
        main: dict[BaseTag, RawDataElement] = {}
        for tag, element in self.items():
            raw_elements = meta if tag >> 16 == 2 else main
            raw_elements[BaseTag(tag)] = self._raw_data_element(tag, element)
        dataset = Dataset(main)  # type: ignore[arg-type]
        dataset.set_original_encoding(self.is_implicit, is_little, self._character_sets(dataset))
        dataset.file_meta = FileMetaDataset(meta)  # type: ignore[arg-type]
        return dataset

    def _raw_data_element(self, tag: int, element: Element) -> RawDataElement:
        from pydicom.dataelem import RawDataElement  # noqa: PLC0415 - slow to import
        from pydicom.tag import BaseTag  # noqa: PLC0415

        is_meta = tag >> 16 == 2
        is_little = is_meta or self.byte_order == "<"
        is_implicit = self.is_implicit and not is_meta
        vr: str | None = element.vr
        if is_implicit and vr != "SQ":
            vr = None  # pydicom looks it up, and resolves ambiguous ones better
        length, raw = len(element.raw), element.raw
        return RawDataElement(
            BaseTag(tag), vr, length, raw, 0, element.implicit, is_little, is_raw=True
        )

    def _character_sets(self, dataset: Dataset) -> str | MutableSequence[str]:
        """Return the character sets, as dcmread does if possible."""
        try:
            return dataset._character_set  # noqa: SLF001 - as dcmread does
        except Exception:  # noqa: BLE001 - pydicom raises anything for a damaged character set
            return list(self.decoding().encodings)

    def decoding(self) -> Decoding:
        """Return byte order, character sets and sign."""
        return Decoding(order=self.byte_order, elements=self.elements).of_elements()

    @property
    def sop_class_uid(self) -> str:
        """SOPClassUID.

        From the file meta information if the data set lacks it, or "".
        """
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
        return self.decimal("RescaleSlope", 1.0)

    @property
    def intercept(self) -> float:
        """RescaleIntercept; 0.0 if absent."""
        return self.decimal("RescaleIntercept", 0.0)


def file_order(instance: Instance) -> tuple[float, int, str]:
    """Return the sort key of a file in its series.

    Parts of a concatenation share InstanceNumber (PS3.3 section C.7.6.16.2.2.4).
    """
    number = instance.decimal("InstanceNumber", math.inf)
    return number, instance.number("InConcatenationNumber"), instance.path


def holding_only(instances: Sequence[Instance], tags: frozenset[int]) -> tuple[Instance, ...]:
    """Return small copies with only the elements of these tags."""
    bases: dict[int, Mapping[int, Element]] = {}
    families: dict[Family, Family] = {}
    copies = []
    for instance in instances:
        family = instance.family
        if family not in families:
            key = id(family.base)
            if key not in bases:
                bases[key] = _only(family.base, tags)
            families[family] = replace(family, base=bases[key], layout=None, pattern=None)
        path = os.path.abspath(instance.path)  # noqa: PTH100 - Path takes ten times as long
        elements = _only(instance.own, tags)
        copies.append(replace(instance, path=path, family=families[family], own=elements))
    return tuple(copies)


def _only(elements: Mapping[int, Element], tags: frozenset[int]) -> dict[int, Element]:
    return {tag: element for tag, element in elements.items() if tag in tags}


def unlike(instances: Sequence[Instance], tags: frozenset[int]) -> list[Instance]:
    """Return the first instance, and those that may differ."""
    first = instances[0]
    families = {instance.family for instance in instances}
    different = {family for family in families if not family.shares(tags, first.family)}
    if not different:
        return [first]
    others = [
        instance for instance in instances if instance.family in different and instance is not first
    ]
    return [first, *others]
