"""`Rescale(per_slice=True)`: the slope of each slice from its own range, about a common 0.

Readers choose the type of a whole volume from its first file, so all slices have one dtype, and no slope is a whole
number where DS can say a fraction (`reader_safe`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from dicomseries.values.real_range import RealRange
from dicomseries.values.rescale import Form, quantise_ends, slice_form
from dicomseries.values.value_map import ValueMap

__all__ = ["with_own_slopes"]


def with_own_slopes(
    values: ValueMap, common: Form, found: RealRange, kept: RealRange, *, holes: Sequence[bool]
) -> ValueMap:
    """Return the map with a slope for each slice, none of which has a greater bound than under the common slope.

    Parameters
    ----------
    values : ValueMap
        With the common slope and intercept 0.
    common : Form
        Its form.
    found : RealRange
        What must be held.
    kept : RealRange
        The same without the replaced voxels: NaN where a slice has no other.
    holes : sequence of bool
        Which slices have replaced voxels.

    Returns
    -------
    ValueMap
        With `slopes`, `max_errors` and `padding`; `slope` is the first, `max_error` the largest.

    Examples
    --------
    >>> values = ValueMap(dtype="uint16", slope="0.5", intercept="0", max_error=0.25, policy="Rescale(per_slice=True)")
    >>> found = RealRange(lows=np.array([0.0, 0.0]), highs=np.array([1.0, 32767.0]), low=0.0, high=32767.0,
    ...                   genuine=(0.0, 32767.0), conversion=0.0)
    >>> with_own_slopes(values, Form(dtype="uint16", slope="0.5", intercept="0"), found, found,
    ...                 holes=(False, False)).slopes
    ('1.52590219e-5', '0.499992371')
    """
    ranges = [_slice_of(found, kept, index) for index in range(len(found.lows))]
    forms = _forms(ranges, common)
    errors = tuple(form.bound_of(own) for form, own in zip(forms, ranges, strict=True))
    return replace(
        values,
        slope=forms[0].slope,
        max_error=max(errors),
        slopes=tuple(form.slope for form in forms),
        max_errors=errors,
        padding=None if values.nan is None else _padding(forms, kept, holes, values.nan),
    )


def _slice_of(found: RealRange, kept: RealRange, index: int) -> RealRange:
    low, high = float(kept.lows[index]), float(kept.highs[index])
    return RealRange(
        lows=found.lows[index : index + 1],
        highs=found.highs[index : index + 1],
        low=float(found.lows[index]),
        high=float(found.highs[index]),
        genuine=None if math.isnan(low) else (low, high),
        conversion=found.conversion,
    )


def _forms(ranges: list[RealRange], common: Form) -> list[Form]:
    """Return a form for each slice; a slice of zeros, which any slope holds, takes that of a neighbour."""
    own = [None if one.low == one.high == 0.0 else slice_form(one, common) for one in ranges]
    last = next((form for form in own if form is not None), common)
    forms = []
    for form in own:
        last = form or last
        forms.append(last)
    return forms


def _padding(
    forms: list[Form], kept: RealRange, holes: Sequence[bool], missing: float
) -> int | None:
    """Return the one stored value of all replaced voxels if no genuine voxel of any slice can have it."""
    rows = zip(forms, kept.lows, kept.highs, strict=True)
    stored = [
        quantise_ends(form, np.array([low, high, missing])).tolist() for form, low, high in rows
    ]
    marks = {mark for (_, _, mark), has_holes in zip(stored, holes, strict=True) if has_holes}
    if len(marks) != 1:
        return None
    mark = marks.pop()
    # the ends of a slice without a genuine voxel are NaN, which passes no comparison
    return None if any(low <= mark <= high for low, high, _ in stored) else int(mark)
