"""PixelPaddingValue: an integer that means "no value here" (PS3.3 C.7.5.1.1.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from dicomseries.iod import Kind
from dicomseries.metadata import padding_error
from dicomseries.sources import Volume
from dicomseries.values import SliceStatistics, Statistics, ValueMap, stored_range
from dicomseries.writing.inputs.write_request import WriteRequest

__all__ = ["check_padding", "has_padding", "source_padding", "with_padding"]

_KEYWORD = "PixelPaddingValue"


def check_padding(request: WriteRequest, volume: Volume, kinds: Sequence[Kind]) -> None:
    """Reject a padding value that these pixels cannot have.

    Raises
    ------
    MetadataError
        For floats, colour, a kind without the attribute, and a value that the dtype cannot hold or
        that is clipped.
    """
    padding, clip = request.padding, request.options.clip
    if padding is None:
        return
    if volume.slabs.dtype.kind not in "iu" or volume.samples > 1:
        array = "in colour" if volume.samples > 1 else volume.slabs.dtype.name
        raise padding_error(
            padding,
            f"integers; the array is {array}",
            f"Use `nan={padding:g}` with numpy.where(array == {padding:g}, numpy.nan, array) for "
            "floats, or leave it out.",
        )
    for kind in kinds:
        if kind.row(_KEYWORD) is None:
            expected = f"another kind: {kind.name} has no padding value"
            raise padding_error(padding, expected, "Leave it out.")
    if source_padding(request, volume) is None:
        expected = f"a number that {volume.slabs.dtype.name} can hold"
        raise padding_error(padding, expected, "Give a number of the array.")
    if clip is not None and not clip[0] <= padding <= clip[1]:
        raise padding_error(
            padding, f"a value inside `clip={clip!r}`", "Widen `clip=`, or leave one of them out."
        )


def source_padding(request: WriteRequest, volume: Volume) -> int | None:
    """Return the padding as a number of the array.

    It is the user's, else that of the source series.
    """
    real = request.padding
    if real is None and request.inheritance is not None and request.inheritance.meaning is not None:
        real = request.inheritance.meaning.padding
    dtype = volume.slabs.dtype
    if real is None or _KEYWORD in request.left_out or request.is_segmentation:
        return None
    if dtype.kind not in "iu" or volume.samples > 1:
        return None
    number = (real - volume.intercept) / volume.slope
    limits = np.iinfo(dtype)
    if not number.is_integer() or not limits.min <= number <= limits.max:
        return None
    return int(number)


def has_padding(statistics: Statistics) -> bool:
    """Return whether padding lies beyond all other values."""
    padding, ends = statistics.padding, _ends(statistics.shown)
    if padding is None or padding not in (statistics.minimum, statistics.maximum):
        return False
    return bool(ends) and not min(ends) <= padding <= max(ends)


def _ends(slices: Sequence[SliceStatistics]) -> list[float]:
    ends: list[float] = []
    for part in slices:
        if part.minimum is not None and part.maximum is not None:
            ends += (part.minimum, part.maximum)
    return ends


def with_padding(
    value_map: ValueMap, request: WriteRequest, statistics: Statistics, *, is_inherited: bool
) -> ValueMap:
    """Return the value map with the stored padding.

    Parameters
    ----------
    value_map : ValueMap
        How the values are stored.
    request : WriteRequest
        With the user's padding value, if any.
    statistics : Statistics
        With the padding as a number of the array.
    is_inherited : bool
        Whether the padding of the source series is that of the array too.

    Raises
    ------
    MetadataError
        If the user's padding is stored as another value is, or cannot be stored.
    """
    if request.padding is None and not is_inherited:
        return value_map
    if statistics.padding is None or value_map.is_float:
        return value_map
    stored = _stored(value_map, statistics.padding)
    if stored is not None:
        is_exact = value_map.offset is not None
        if is_exact or _is_unique(value_map, statistics, stored):
            return replace(value_map, padding=stored)
    if request.padding is None:
        return value_map
    raise padding_error(
        request.padding,
        "a value that no other value is stored as",
        "Use `values=Exact()`, or a padding value beyond all others, or leave it out.",
    )


def _stored(value_map: ValueMap, number: int) -> int | None:
    """Return the stored number of a number, if any."""
    if value_map.offset is not None:
        quotient, rest = divmod(number - value_map.offset, value_map.divisor)
        if rest:
            return None
        stored = float(quotient)
    else:
        real = value_map.source_to_real(number)
        stored = float(np.rint((real - float(value_map.intercept)) / float(value_map.slope)))
    low, high = stored_range(value_map.dtype)
    if not low <= stored <= high:
        return None
    return int(stored)


def _is_unique(value_map: ValueMap, statistics: Statistics, stored: int) -> bool:
    """Return whether only padding is stored as this number."""
    if value_map.slopes is not None or statistics.promised is not None:
        return False
    others: list[int] = []
    for end in _ends(statistics.shown):
        other = _stored(value_map, int(end))
        if other is not None:
            others.append(other)
    return not others or not min(others) <= stored <= max(others)
