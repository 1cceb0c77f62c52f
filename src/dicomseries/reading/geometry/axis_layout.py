"""Named axes of the volumes of a series, from what differs between them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from dicomseries.lazy_dataclass import dataclass
from dicomseries.reading.geometry.arrangement import FILE_ORDER, Arrangement
from dicomseries.reading.geometry.volume_clocks import Clock, Repetition, settled_times
from dicomseries.reading.geometry.volume_facts import VolumeFact
from dicomseries.reading.problems import Problem
from dicomseries.volume_axes import AXIS_NAMES, VolumeAxis, VolumeLayout

__all__ = ["lay_out_volumes"]

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

_INNER = ("time", "acquisition")
"""Axes that repeat all others."""
_IN_TURN = ("diffusion", "asl_context")
"""Axes whose entries are the volumes themselves, with their repetitions, in the order of time."""
_HAVE_TIMES = (*_IN_TURN, "cardiac_phase")
_MOST_AXES = 4
_DIGITS = 4
"""Decimals in which values of one entry agree: directions are rounded by vendors."""
_STATED_ORDER = frozenset(
    {"TemporalPositionIdentifier", "TemporalPositionIndex", "DimensionIndexValues", "ImageIndex"}
)
"""Attributes that number the volumes: an order that the writer states is kept."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Differing:
    """A fact with one value for each volume.

    `codes` numbers the different values of the volumes, in the order of `values`.
    """

    fact: VolumeFact
    codes: Indices
    values: Floats

    @property
    def axis(self) -> VolumeAxis:
        return self.axis_of(range(len(self.values)))

    def axis_of(self, entries: Sequence[int]) -> VolumeAxis:
        """Return the axis with these values in this order."""
        values: list[float | str] = []
        for entry in entries:
            value = float(self.values[entry, 0])
            if self.fact.names:
                values.append(self.fact.names[int(value)])
            else:
                values.append("missing" if math.isnan(value) else round(value, 6) + 0.0)
        return VolumeAxis(name=self.fact.axis, values=tuple(values), unit=self.fact.unit)


def lay_out_volumes(
    arrangement: Arrangement,
    facts: Sequence[VolumeFact],
    clocks: Sequence[Clock],
    repetition: Repetition | None,
    *,
    is_compared: bool = True,
) -> tuple[Arrangement, VolumeLayout, tuple[Problem, ...]]:
    """Return volumes with named axes, reordered so that these form a grid.

    Values that differ together are one axis. All combinations of the others must be there, equally
    often: then repetitions are the innermost axis, of time. Diffusion weightings are one axis, with
    their repetitions; so are label and control of arterial spin labelling. An incomplete
    combination stays one flat axis, with a warning.

    Parameters
    ----------
    arrangement : Arrangement
        Of the frames.
    facts : sequence of VolumeFact
        The outer axis first.
    clocks : sequence of Clock
        The best first.
    repetition : Repetition or None
        RepetitionTime.
    is_compared : bool
        Whether contradictions of clocks are reported.
    """
    if arrangement.volumes == 1:
        return arrangement, VolumeLayout(), ()
    if arrangement.by == FILE_ORDER:  # they may be copies, which have no times
        return arrangement, VolumeLayout(axes=_flat(arrangement.volumes).axes), ()
    differing = [each for fact in facts for each in _per_volume(fact, arrangement)]
    grid, problems = _grid_of(differing, arrangement)
    arrangement = _reordered(arrangement, grid.order)
    starts = [(clock, _starts(clock.seconds, arrangement)) for clock in clocks]
    layout = VolumeLayout(axes=grid.axes)
    contradictions: tuple[Problem, ...] = ()
    if grid.is_named:
        layout, contradictions = _with_times(grid.axes, starts, repetition, is_compared=is_compared)
    layout = _with_diffusion(layout, facts, arrangement)
    return arrangement, layout, (*problems, *contradictions)


# ------------------------------------------------------------------------ values of volumes
def _per_volume(fact: VolumeFact, arrangement: Arrangement) -> Iterator[_Differing]:
    """Yield a fact that is constant in each volume, and differs between them."""
    table = _by_volume(fact.values, arrangement)
    values = table[:, 0]
    if fact.axis == "cardiac_phase":
        values = table.min(axis=1)
    elif not _is_constant(table):
        return
    known, first, codes = np.unique(
        _rounded(values), axis=0, return_index=True, return_inverse=True
    )
    if len(known) < 2:
        return
    yield _Differing(fact=fact, codes=codes.reshape(-1), values=values[first])


def _by_volume(values: Floats, arrangement: Arrangement) -> Floats:
    """Return values of frames as (volumes, slices, n)."""
    ordered = values[arrangement.order]
    return ordered.reshape(arrangement.volumes, -1, *values.shape[1:])


def _is_constant(table: Floats) -> bool:
    """Return whether the slices of each volume have one value."""
    rounded = _rounded(table)
    return bool((rounded == rounded[:, :1]).all())


def _rounded(values: Floats) -> Floats:
    # A missing value counts as a value.
    return np.where(np.isnan(values), -np.inf, np.round(values, _DIGITS) + 0.0)


# ------------------------------------------------------------------------------------- grid
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _AxisGrid:
    """Axes, and the volumes in their order.

    `is_named` is False for one flat axis of volumes that differ in more than time.
    """

    axes: tuple[VolumeAxis, ...]
    order: Indices
    is_named: bool = True


def _grid_of(
    differing: Sequence[_Differing], arrangement: Arrangement
) -> tuple[_AxisGrid, tuple[Problem, ...]]:
    outer = _independent([each for each in differing if each.fact.axis not in _INNER])
    outer.sort(key=lambda each: list(AXIS_NAMES).index(each.fact.axis))
    weightings = [each for each in outer if each.fact.axis in _IN_TURN]
    outer = [each for each in outer if each.fact.axis not in _IN_TURN]
    inner = [each for each in differing if each.fact.axis in _INNER]
    columns = _full_product(outer, arrangement.volumes)
    flat = _flat(arrangement.volumes)
    if columns is None:
        return flat, (_incomplete([*outer, *weightings], arrangement.volumes),)
    axes = [each.axis for each in outer]
    repeats = arrangement.volumes // math.prod(map(len, axes))
    coordinates = [each.codes for each in outer]
    if repeats > 1 or weightings:
        innermost = _innermost(columns, repeats, weightings, inner)
        if innermost is None:
            return flat, (_incomplete([*outer, *weightings], arrangement.volumes),)
        axes.append(innermost[0])
        coordinates.append(innermost[1])
    grid = _in_order(axes, coordinates, is_stated=arrangement.by in _STATED_ORDER)
    return (flat if grid is None else grid), ()


def _flat(volumes: int) -> _AxisGrid:
    axis = VolumeAxis(name="volume", values=tuple(range(1, volumes + 1)))
    return _AxisGrid(axes=(axis,), order=np.arange(volumes), is_named=False)


def _independent(differing: Sequence[_Differing]) -> list[_Differing]:
    """Return the facts of which none follows from the others."""
    kept: list[_Differing] = []
    # ImageType repeats what other attributes say: it counts last.
    for each in sorted(differing, key=lambda each: each.fact.axis == "image_type"):
        if kept and _follows(each.codes, _combined(kept)):
            continue
        coarser = [other for other in kept if _follows(other.codes, each.codes)]
        if coarser:
            position = kept.index(coarser[0])
            kept = [other for other in kept if other not in coarser]
            kept.insert(min(position, len(kept)), each)
        else:
            kept.append(each)
    return kept[:_MOST_AXES]


def _follows(codes: Indices, others: Indices) -> bool:
    """Return whether `others` determine `codes`."""
    pairs = np.unique(np.column_stack((others, codes)), axis=0)
    return len(pairs) == len(np.unique(others))


def _combined(differing: Sequence[_Differing]) -> Indices:
    columns = np.column_stack([each.codes for each in differing])
    codes: Indices = np.unique(columns, axis=0, return_inverse=True)[1].reshape(-1)
    return codes


def _full_product(outer: Sequence[_Differing], volumes: int) -> Indices | None:
    """Return the combination of each volume; None if one is missing or rarer than others."""
    if not outer:
        return np.zeros(volumes, np.intp)
    combinations = _combined(outer)
    counts = np.bincount(combinations)
    is_full = len(counts) == math.prod(len(each.values) for each in outer)
    return combinations if is_full and (counts == counts[0]).all() else None


def _innermost(
    combinations: Indices,
    repeats: int,
    weightings: Sequence[_Differing],
    inner: Sequence[_Differing],
) -> tuple[VolumeAxis, Indices] | None:
    """Return the innermost axis, and the entry of each volume on it."""
    groups = [np.flatnonzero(combinations == group) for group in range(combinations.max() + 1)]
    for each in weightings:
        entries = _like_first(each.codes, groups)
        if entries is None:
            return None
        return each.axis_of(each.codes[groups[0]].tolist()), entries
    for each in inner:
        expected = np.arange(repeats)
        if len(each.values) != repeats:
            continue
        if all(np.array_equal(np.sort(each.codes[group]), expected) for group in groups):
            return each.axis, each.codes
    entries = np.empty(len(combinations), np.intp)
    for group in groups:
        entries[group] = np.arange(repeats)
    return VolumeAxis(name="volume", values=tuple(range(1, repeats + 1))), entries


def _like_first(codes: Indices, groups: Sequence[Indices]) -> Indices | None:
    """Return the entry of each volume, counted as in the first group."""
    places: dict[tuple[int, int], int] = {}
    for position, pair in enumerate(_counted(codes[groups[0]])):
        places[pair] = position
    entries = np.empty(len(codes), np.intp)
    for group in groups:
        pairs = _counted(codes[group])
        if set(pairs) != set(places):
            return None
        entries[group] = [places[pair] for pair in pairs]
    return entries


def _counted(codes: Indices) -> list[tuple[int, int]]:
    """Return each code with the number of equal ones before it."""
    seen: dict[int, int] = {}
    pairs = []
    for code in codes.tolist():
        pairs.append((code, seen.get(code, 0)))
        seen[code] = seen.get(code, 0) + 1
    return pairs


def _in_order(
    axes: Sequence[VolumeAxis], coordinates: Sequence[Indices], *, is_stated: bool
) -> _AxisGrid | None:
    """Return the grid of axes; None if a stated order of the volumes is another."""
    if not is_stated:
        return _AxisGrid(axes=tuple(axes), order=np.lexsort(tuple(reversed(coordinates))))
    volumes = len(coordinates[0])
    turned = [_by_appearance(axis, each) for axis, each in zip(axes, coordinates, strict=True)]
    for chosen in itertools.permutations(turned):
        shape = tuple(len(axis) for axis, _ in chosen)
        index = np.ravel_multi_index(tuple(entries for _, entries in chosen), shape)
        if np.array_equal(index, np.arange(volumes)):
            return _AxisGrid(axes=tuple(axis for axis, _ in chosen), order=np.arange(volumes))
    return None


def _by_appearance(axis: VolumeAxis, entries: Indices) -> tuple[VolumeAxis, Indices]:
    """Return an axis with its entries in the order in which volumes have them."""
    first = np.unique(entries, return_index=True)[1]
    order = np.argsort(first, kind="stable")
    ranks = np.argsort(order, kind="stable")
    values = tuple(axis.values[index] for index in order.tolist())
    return replace(axis, values=values), ranks[entries]


def _incomplete(differing: Sequence[_Differing], volumes: int) -> Problem:
    facts = [f"{each.fact.axis} ({len(each.values)})" for each in differing]
    return Problem(
        code="volumes-incomplete",
        level="warning",
        text=f"the {volumes} volumes differ in {' and '.join(facts)}, and not every combination "
        "is there equally often: they are one axis without names",
        remedy="Look at the tags of each slice for the values of a volume, or export the missing "
        "images.",
    )


# ------------------------------------------------------------------------------------ times
def _reordered(arrangement: Arrangement, order: Indices) -> Arrangement:
    ranks = np.empty_like(order)
    ranks[order] = np.arange(len(order))
    return replace(arrangement, volume_index=ranks[arrangement.volume_index])


def _starts(seconds: Floats, arrangement: Arrangement) -> Floats:
    """Return the first moment of each volume; NaN without one.

    Where slices lack a time, those that have one in all volumes are compared.
    """
    table = _by_volume(seconds, arrangement)
    known = np.isfinite(table).all(axis=0)
    if not known.any():
        return np.full(arrangement.volumes, np.nan)
    starts: Floats = table[:, known].min(axis=1)
    return starts


def _with_times(
    axes: tuple[VolumeAxis, ...],
    starts: Sequence[tuple[Clock, Floats]],
    repetition: Repetition | None,
    *,
    is_compared: bool,
) -> tuple[VolumeLayout, tuple[Problem, ...]]:
    """Return the layout with the times of the innermost axis."""
    innermost = axes[-1]
    is_time = innermost.name in {*_INNER, "volume"}
    is_single = len(axes) == 1
    if not is_time and not (is_single and innermost.name in _HAVE_TIMES):
        return VolumeLayout(axes=axes), ()
    shape = (-1, len(innermost))
    of_entries = [(clock, seconds.reshape(shape).min(axis=0)) for clock, seconds in starts]
    times, problems = settled_times(
        of_entries, repetition, len(innermost), is_time=is_time, is_compared=is_compared
    )
    if times is not None and is_time:
        innermost = VolumeAxis(name="time", values=times, unit="s")
    layout = VolumeLayout(axes=(*axes[:-1], innermost), times_s=times if is_single else None)
    return layout, problems


def _with_diffusion(
    layout: VolumeLayout, facts: Sequence[VolumeFact], arrangement: Arrangement
) -> VolumeLayout:
    """Return the layout with b-values and gradients, if all slices of each volume agree."""
    for fact in facts:
        table = _by_volume(fact.values, arrangement)
        if fact.axis != "diffusion" or not _is_constant(table):
            continue
        values = np.nan_to_num(table[:, 0])  # images without weighting may lack a b-value
        if (values[:, 0] > 0).any():
            gradients = [(x, y, z) for x, y, z in (values[:, 1:] + 0.0).tolist()]
            b_values = tuple(values[:, 0].tolist())
            return replace(layout, b_values=b_values, gradients=tuple(gradients))
    return layout
