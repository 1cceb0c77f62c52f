"""The value map of each output series."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy.typing as npt

from dicomseries.executors import Bounds
from dicomseries.plan import check_sign
from dicomseries.sources import Volume
from dicomseries.values import (
    RangeError,
    Statistics,
    ValueMap,
    choose_value_map,
    count_outside,
    divisor_of,
    error_with_window,
    needs_divisor,
)
from dicomseries.writing.encode.slab_loop import each_slab
from dicomseries.writing.inputs.write_request import WriteRequest
from dicomseries.writing.jobs.output_series import OutputSeries
from dicomseries.writing.jobs.padding_value import with_padding

__all__ = ["value_map_of"]


def value_map_of(
    output: OutputSeries,
    volume: Volume,
    request: WriteRequest,
    statistics: Statistics,
    slabs: Sequence[Bounds],
) -> ValueMap:
    """Return the value map of an output series.

    Raises
    ------
    ValuesError
        If the policy cannot store the values; a range error counts the voxels beyond.
    OptionError
        If the codec cannot compress the stored numbers.
    """
    rules = output.kind.pixels
    if needs_divisor(output.policy, statistics, rules, clip=output.clip):
        task = partial(_divisor, reference=int(statistics.minimum or 0))
        divisors = each_slab(volume, task, request, "reading", slabs)
        statistics = replace(statistics, divisor=math.gcd(*divisors))
    try:
        value_map = choose_value_map(
            output.policy,
            statistics,
            rules,
            nan=output.nan,
            clip=output.clip,
            source_slope=volume.slope,
            source_intercept=volume.intercept,
        )
    except RangeError as error:
        raise _with_count(error, volume, request, slabs) from None
    inheritance = request.inheritance
    is_inherited = inheritance is not None and "PixelPaddingValue" in inheritance.of_values
    value_map = with_padding(value_map, request, statistics, is_inherited=is_inherited)
    check_sign(value_map, request.options.compression)
    return replace(value_map, value_range=request.options.value_range)


def _divisor(slab: npt.NDArray[Any], _: Bounds, *, reference: int) -> int:
    return divisor_of(slab, reference)


def _with_count(
    error: RangeError, volume: Volume, request: WriteRequest, slabs: Sequence[Bounds]
) -> RangeError:
    """Return the error with the number of voxels outside."""
    low, high = error.window
    task = partial(_outside, window=error.window, scale=(volume.slope, volume.intercept))
    outside = sum(each_slab(volume, task, request, "reading", slabs))
    total = math.prod(volume.slabs.shape)
    return error_with_window(
        code=error.code,
        where=error.where,
        given=f"{error.given}; {outside:,} of {total:,} voxels lie outside {low:g} … {high:g}",
        expected=error.expected,
        remedy=error.remedy,
        window=error.window,
    )


def _outside(
    slab: npt.NDArray[Any], _: Bounds, *, window: tuple[float, float], scale: tuple[float, float]
) -> int:
    return count_outside(slab, *window, source_slope=scale[0], source_intercept=scale[1])
