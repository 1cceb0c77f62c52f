"""Lookup tables from stored values to real values or colours.

PS3.3 sections C.11.1 (Modality LUT) and C.7.9 (Palette Color Lookup Table).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from dicomseries.errors import ReadError
from dicomseries.lazy_dataclass import dataclass
from dicomseries.reading.parse.instance import Instance
from dicomseries.reading.pixels.pixel_format import stored_dtype
from dicomseries.reading.pixels.rescale_of_frames import (
    has_colour_table,
    has_narrow_bits,
    has_value_table,
)
from dicomseries.standard.attributes.attribute import tag_of

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

__all__ = ["LookupTable", "lookup_tables", "unusable_table"]

_PALETTE_TAGS = frozenset(
    tag_of(f"{segmented}{colour}PaletteColorLookupTable{part}")
    for colour in ("Red", "Green", "Blue")
    for segmented, part in (("", "Descriptor"), ("", "Data"), ("Segmented", "Data"))
)
_PALETTE_WORDS = tuple(
    f"{colour}PaletteColorLookupTableData" for colour in ("Red", "Green", "Blue")
)
_FORMAT_TAGS = frozenset({tag_of("BitsAllocated"), tag_of("PixelRepresentation")})
_MODALITY_TAGS = frozenset({tag_of("ModalityLUTSequence")})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LookupTable:
    """An entry for each stored value of a dtype.

    Parameters
    ----------
    entries : ndarray, shape (values,) or (values, 3)
        Real values, or red, green and blue from 0 to 255.
    lowest : int
        Stored value of the first entry.
    """

    entries: npt.NDArray[Any]
    lowest: int

    @property
    def is_colour(self) -> bool:
        """Whether the entries are colours."""
        return self.entries.ndim == 2

    def look_up(self, stored: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return the entries of stored values.

        Examples
        --------
        >>> table = LookupTable(entries=np.array([7, 8, 9]), lowest=-1)
        >>> table.look_up(np.array([[-1, 1]], "int8")).tolist()
        [[7, 9]]
        """
        found: npt.NDArray[Any] = self.entries[stored.astype(np.intp) - self.lowest]
        return found


def lookup_tables(files: Sequence[Instance]) -> list[LookupTable] | None:
    """Return the table of each file; None without any.

    Files with equal tables share one.

    Raises
    ------
    ReadError
        If a table is damaged, or some files have none.

    Examples
    --------
    >>> from dicomseries.reading import read_instance
    >>> from pydicom.data import get_testdata_file
    >>> (table,) = lookup_tables([read_instance(get_testdata_file("examples_palette.dcm"))])
    >>> table.is_colour, table.entries.shape
    (True, (256, 3))
    """
    first = files[0]
    for has_table, tags, make in (
        (has_colour_table, _PALETTE_TAGS, _colours),
        (has_value_table, _MODALITY_TAGS, _values),
    ):
        if has_table(first):
            if not all(map(has_table, files)):
                raise unusable_table(first, "a lookup table in some of the files only")
            return _tables(files, tags | _FORMAT_TAGS, make)
    return None


def _tables(
    files: Sequence[Instance],
    tags: frozenset[int],
    make: Callable[[Dataset, npt.NDArray[Any]], npt.NDArray[Any]],
) -> list[LookupTable]:
    known: dict[tuple[object, ...], LookupTable] = {}
    tables = []
    for instance in files:
        elements = map(instance.element, sorted(tags))
        content = tuple(element and element.raw for element in elements)
        if content not in known:
            known[content] = _table(instance, make)
        tables.append(known[content])
    return tables


def _table(
    instance: Instance, make: Callable[[Dataset, npt.NDArray[Any]], npt.NDArray[Any]]
) -> LookupTable:
    """Return the entries for every stored value, as pydicom looks them up."""
    dtype = stored_dtype(instance)
    if dtype.kind == "f" or dtype.itemsize > 2:
        raise unusable_table(instance, f"a lookup table for stored values of {dtype.name}")
    limits = np.iinfo(dtype)
    stored = np.arange(limits.min, limits.max + 1).astype(dtype)
    try:
        dataset = _with_little_words(instance)
        if has_narrow_bits(instance):
            _widen(dataset)
        entries = make(dataset, stored)
    except Exception as error:
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise unusable_table(
            instance, f"a lookup table that cannot be applied: {reason}"
        ) from error
    return LookupTable(entries=entries, lowest=int(limits.min))


def _with_little_words(instance: Instance) -> Dataset:
    """Return the attributes, with the words of palettes as pydicom looks them up.

    It takes the words (OW) of a big-endian palette for little-endian ones; not those of segmented
    palettes and of LUTData.
    """
    dataset = instance.dataset()
    if instance.byte_order == "<":
        return dataset
    for keyword in _PALETTE_WORDS:
        if keyword not in dataset:
            continue
        element = dataset[keyword]
        if element.VR == "OW" and len(element.value) % 2 == 0:
            element.value = np.frombuffer(element.value, ">u2").astype("<u2").tobytes()
    return dataset


def _widen(dataset: Dataset) -> None:
    """State 16 bits for the entries of a Modality LUT."""
    item = dataset.ModalityLUTSequence[0]
    item.LUTDescriptor = [*item.LUTDescriptor[:2], 16]


def _values(dataset: Dataset, stored: npt.NDArray[Any]) -> npt.NDArray[Any]:
    from pydicom.pixels.processing import apply_modality_lut  # noqa: PLC0415 - slow to import

    values: npt.NDArray[Any] = apply_modality_lut(stored, dataset)
    return values


def _colours(dataset: Dataset, stored: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return red, green and blue; the high byte of entries with 16 bits."""
    from pydicom.pixels.processing import apply_color_lut  # noqa: PLC0415 - slow to import

    colours: npt.NDArray[Any] = apply_color_lut(stored, dataset)[..., :3]
    if colours.dtype.itemsize == 2:
        colours = colours >> 8
    return colours.astype(np.uint8)


def unusable_table(instance: Instance, given: str) -> ReadError:
    """Return the error for a lookup table that cannot be applied."""
    return ReadError(
        code="lookup-table-unusable",
        where=instance.path,
        given=given,
        expected="lookup tables of PS3.3 section C.11.1 or C.7.9, in all files, for stored values "
        "of at most 16 bits",
        remedy="Read the stored values with `values='stored'`, and look them up yourself.",
    )
