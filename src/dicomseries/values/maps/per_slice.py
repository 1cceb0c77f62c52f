"""`Rescale(per_slice=True)`: one slope per slice, intercept 0.

Readers choose the type of a volume from its first file, so all slices have one dtype, and no slope
is an integer where DS can print a fraction (`reader_safe`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from dicomseries.values.maps.real_range import RealRange
from dicomseries.values.maps.rescale import Form, quantise_ends, slice_form
from dicomseries.values.value_map import ValueMap

__all__ = ["with_slopes_per_slice"]


def with_slopes_per_slice(
    value_map: ValueMap,
    common: Form,
    reals: RealRange,
    genuine: RealRange,
    *,
    holes: Sequence[bool],
) -> ValueMap:
    """Return the map with a slope for each slice.

    No slice has a greater bound than under the common slope.

    Parameters
    ----------
    value_map : ValueMap
        With the common slope and intercept 0.
    common : Form
        Its form.
    reals : RealRange
        Values to be stored.
    genuine : RealRange
        The same without replaced voxels: NaN for a slice without others.
    holes : sequence of bool
        Slices with replaced voxels.

    Returns
    -------
    ValueMap
        With `slopes`, `max_errors` and `padding`; `slope` is the first, `max_error` the largest.

    Examples
    --------
    >>> common = Form(dtype="uint16", slope="0.5", intercept="0")
    >>> value_map = ValueMap(
    ...     dtype="uint16", slope="0.5", intercept="0", max_error=0.25, policy="Rescale()"
    ... )
    >>> reals = RealRange(
    ...     lows=np.array([0.0, 0.0]), highs=np.array([1.0, 32767.0]), low=0.0, high=32767.0,
    ...     genuine=(0.0, 32767.0), conversion=0.0,
    ... )
    >>> with_slopes_per_slice(value_map, common, reals, reals, holes=(False, False)).slopes
    ('1.52590219e-5', '0.499992371')
    """
    forms, errors = _forms(reals, genuine, common)
    padding = None
    if value_map.nan is not None:
        padding = _padding(forms, genuine, holes, value_map.nan)
    return replace(
        value_map,
        slope=forms[0].slope,
        max_error=max(errors),
        slopes=tuple(form.slope for form in forms),
        max_errors=tuple(errors),
        padding=padding,
    )


def _forms(reals: RealRange, genuine: RealRange, common: Form) -> tuple[list[Form], list[float]]:
    """Return the form and the bound of each slice.

    Any slope holds a slice of zeros, which takes that of a neighbour.
    """
    ranges = [_slice_range(reals, genuine, index) for index in range(len(reals.lows))]
    is_zero = [slice_.low == slice_.high == 0.0 for slice_ in ranges]
    forms = []
    form = common
    if False in is_zero:
        form = slice_form(ranges[is_zero.index(False)], common)
    for slice_, zero in zip(ranges, is_zero, strict=True):
        if not zero:
            form = slice_form(slice_, common)
        forms.append(form)
    errors = [form.bound_of(slice_) for form, slice_ in zip(forms, ranges, strict=True)]
    return forms, errors


def _slice_range(reals: RealRange, genuine: RealRange, index: int) -> RealRange:
    low, high = float(genuine.lows[index]), float(genuine.highs[index])
    return RealRange(
        lows=reals.lows[index : index + 1],
        highs=reals.highs[index : index + 1],
        low=float(reals.lows[index]),
        high=float(reals.highs[index]),
        genuine=None if math.isnan(low) else (low, high),
        conversion=reals.conversion,
    )


def _padding(
    forms: list[Form], genuine: RealRange, holes: Sequence[bool], replacement: float
) -> int | None:
    """Return the one stored value of all replaced voxels.

    None if a genuine voxel of any slice may have it too.
    """
    ends = []
    paddings = set()
    rows = zip(forms, genuine.lows, genuine.highs, holes, strict=True)
    for form, low, high, has_holes in rows:
        first, last, padding = quantise_ends(form, np.array([low, high, replacement])).tolist()
        ends.append((first, last))
        if has_holes:
            paddings.add(padding)
    if len(paddings) != 1:
        return None
    padding = paddings.pop()
    # the ends of a slice without a genuine voxel are NaN, which passes no comparison
    if any(first <= padding <= last for first, last in ends):
        return None
    return int(padding)
