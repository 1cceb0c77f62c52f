"""PixelPaddingValue of integers: a number of the array that stands for "no value here" (PS3.3 C.7.5.1.1.2)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from dicomseries.iod import Kind
from dicomseries.metadata import padding_error
from dicomseries.sources import Volume
from dicomseries.values import Statistics, ValueMap, stored_range
from dicomseries.writing.inputs.write_request import WriteRequest

__all__ = ["check_padding", "is_padding_seen", "source_padding", "with_padding"]

_KEYWORD = "PixelPaddingValue"


def check_padding(request: WriteRequest, volume: Volume, kinds: Sequence[Kind]) -> None:
    """Reject a padding value that these pixels cannot have.

    Raises
    ------
    MetadataError
        For floats, colour, a kind without the attribute, and a value that is no number of the array or is clipped.
    """
    if request.padding is None:
        return
    if volume.slabs.dtype.kind not in "iu" or volume.samples > 1:
        number = f"{request.padding:g}"
        raise padding_error(
            request.padding,
            f"integers; the array is {'in colour' if volume.samples > 1 else volume.slabs.dtype.name}",
            f"Use `nan={number}` with numpy.where(array == {number}, numpy.nan, array) for floats, or leave it out.",
        )
    without = [kind.name for kind in kinds if kind.row(_KEYWORD) is None]
    if without:
        raise padding_error(
            request.padding, f"another kind: {without[0]} has no padding value", "Leave it out."
        )
    if source_padding(request, volume) is None:
        raise padding_error(
            request.padding,
            f"a number that {volume.slabs.dtype.name} can hold",
            "Give the array's own.",
        )
    if (
        request.options.clip is not None
        and not request.options.clip[0] <= request.padding <= request.options.clip[1]
    ):
        raise padding_error(
            request.padding,
            f"a value inside `clip={request.options.clip!r}`",
            "Widen `clip=`, or leave one of them out.",
        )


def source_padding(request: WriteRequest, volume: Volume) -> int | None:
    """Return the padding as a number of the array: the user's, else that of the source series."""
    lineage = request.lineage
    inherited = None if lineage is None or lineage.meaning is None else lineage.meaning.padding
    real = inherited if request.padding is None else request.padding
    if real is not None and _KEYWORD in request.left_out:
        return None
    dtype = volume.slabs.dtype
    if real is None or dtype.kind not in "iu" or volume.samples > 1 or request.is_segmentation:
        return None
    number = (real - volume.intercept) / volume.slope
    info = np.iinfo(dtype)
    if not number.is_integer() or not info.min <= number <= info.max:
        return None
    return int(number)


def is_padding_seen(statistics: Statistics) -> bool:
    """Return whether the array holds its padding, and holds it beyond all other values."""
    padding = statistics.padding
    if padding is None or padding not in (statistics.minimum, statistics.maximum):
        return False
    genuine = [
        end for one in statistics.shown for end in (one.minimum, one.maximum) if end is not None
    ]
    return bool(genuine) and not min(genuine) <= padding <= max(genuine)


def with_padding(
    found: ValueMap, request: WriteRequest, statistics: Statistics, *, is_kept: bool
) -> ValueMap:
    """Return the value map with the stored padding, where there is one.

    Parameters
    ----------
    found : ValueMap
        How the values are stored.
    request : WriteRequest
        With the user's padding value, if any.
    statistics : Statistics
        With the padding as a number of the array.
    is_kept : bool
        Whether the padding of the source series is that of the array too.

    Raises
    ------
    MetadataError
        If the user's padding cannot be told from other stored values, or not be stored.
    """
    if statistics.padding is None or found.is_float or (request.padding is None and not is_kept):
        return found
    stored = _stored(found, statistics.padding)
    if stored is not None and (found.offset is not None or _is_alone(found, statistics, stored)):
        return replace(found, padding=stored)
    if request.padding is None:
        return found
    raise padding_error(
        request.padding,
        "a value that is stored as a number of its own",
        "Use `values=Exact()`, or a padding value beyond all others, or leave it out.",
    )


def _stored(found: ValueMap, padding: int) -> int | None:
    """Return the stored number of a number of the array; None if there is none."""
    if found.offset is not None:
        quotient, rest = divmod(padding - found.offset, found.divisor)
        number = float(quotient) if rest == 0 else math.inf
    else:
        number = float(
            np.rint((found.source_to_real(padding) - float(found.intercept)) / float(found.slope))
        )
    low, high = stored_range(found.dtype)
    return int(number) if low <= number <= high else None


def _is_alone(found: ValueMap, statistics: Statistics, stored: int) -> bool:
    """Whether no other value of the array is stored as the padding is."""
    if found.slopes is not None or statistics.promised is not None:
        return False
    ends = [
        int(end)
        for one in statistics.shown
        for end in (one.minimum, one.maximum)
        if end is not None
    ]
    others = [_stored(found, end) for end in ends]
    known = [one for one in others if one is not None]
    return not known or not min(known) <= stored <= max(known)
