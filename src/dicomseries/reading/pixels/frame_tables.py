"""Modality LUTs in functional groups.

The standard has slope and intercept there (PS3.3 section C.7.6.16.2.9), and no tables; some makers,
and conversions of older files, write them nevertheless. Their meaning is clear where each frame has
one, and no slope beside it. A Modality LUT of the whole file comes first, as in highdicom.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.reading.parse.functional_groups import FunctionalGroups, path_of
from dicomseries.reading.pixels.lookup_tables import LookupTable, unusable_table
from dicomseries.reading.pixels.pixel_format import stored_dtype
from dicomseries.reading.pixels.rescale_of_frames import has_frame_tables, has_value_table

__all__ = ["frame_table_notes", "tables_of_frames"]

_PLACES = (
    "PixelValueTransformationSequence",
    "UnassignedPerFrameConvertedAttributesSequence",
    "UnassignedSharedConvertedAttributesSequence",
)
_SLOPE = path_of("PixelValueTransformationSequence", "RescaleSlope")


def tables_of_frames(groups: FunctionalGroups) -> list[LookupTable]:
    """Return the table of each frame.

    Parameters
    ----------
    groups : FunctionalGroups
        Of a file of which some frames have a table.

    Raises
    ------
    ReadError
        If a table is damaged, some frames have none, or they have a slope too.
    """
    if groups.raw(_SLOPE) is not None:
        given = "a Modality LUT and a RescaleSlope in the functional groups of one file"
        raise unusable_table(groups.instance, given)
    tables: dict[tuple[bytes, bytes], LookupTable] = {}
    of_frames = []
    for descriptor, data in _contents(groups):
        if descriptor is None or data is None:
            raise unusable_table(groups.instance, "a lookup table in some of the frames only")
        content = (descriptor, data)
        if content not in tables:
            tables[content] = _table(groups, descriptor, data)
        of_frames.append(tables[content])
    return of_frames


def _contents(groups: FunctionalGroups) -> Iterator[tuple[bytes | None, bytes | None]]:
    """Yield descriptor and entries of each frame."""
    missing: list[bytes | None] = [None] * groups.count
    descriptors, entries = list(missing), list(missing)
    for place in _PLACES:
        for keyword, values in (("LUTDescriptor", descriptors), ("LUTData", entries)):
            raws = groups.raw(path_of(place, "ModalityLUTSequence", keyword))
            for frame, raw in enumerate(raws or ()):
                values[frame] = values[frame] or raw
    return zip(descriptors, entries, strict=True)


def _table(groups: FunctionalGroups, descriptor: bytes, data: bytes) -> LookupTable:
    """Return the entries for every stored value; the first and the last for those outside."""
    dtype = stored_dtype(groups.instance)
    word = np.dtype(f"{groups.order}u2")
    if dtype.kind == "f" or dtype.itemsize > 2 or len(descriptor) != 3 * word.itemsize:
        raise unusable_table(groups.instance, f"a lookup table for stored values of {dtype.name}")
    count, first, bits = np.frombuffer(descriptor, word).tolist()
    count = count or 1 << 16
    if dtype.kind == "i":
        first -= (first >= 1 << 15) << 16
    entries = _entries(data, word, count, bits)
    if entries is None:
        given = f"{len(data)} bytes for a lookup table of {count} entries of {bits} bits"
        raise unusable_table(groups.instance, given)
    limits = np.iinfo(dtype)
    places = np.clip(np.arange(limits.min, limits.max + 1) - first, 0, count - 1)
    return LookupTable(entries=entries[places], lowest=int(limits.min))


def _entries(data: bytes, word: np.dtype[Any], count: int, bits: int) -> npt.NDArray[Any] | None:
    if len(data) == count * word.itemsize:
        entries = np.frombuffer(data, word)
        is_narrow = bits == 8 and int(entries.max()) < 1 << 8
        return entries.astype(np.uint8 if is_narrow else np.uint16)
    if bits == 8 and len(data) in {count, count + count % 2}:
        return np.frombuffer(data, np.uint8, count)
    return None


def frame_table_notes(pool: Sequence[FunctionalGroups], *, is_real: bool) -> Iterator[str]:
    """Yield what was done to the values of files with functional groups."""
    first = pool[0]
    if not has_value_table(first.instance):
        if has_frame_tables(first):
            which = "of" if is_real else "before"
            yield f"The values are those {which} the Modality LUT of each frame."
        return
    if first.raw(_SLOPE) is not None or has_frame_tables(first):
        yield (
            "The functional groups have a further transformation of the values, which was not "
            "applied: the Modality LUT of the file comes first."
        )
