"""Slices of several orientations: stacks with names, or projections around an axis."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dicomseries.geometry_statement import Statement
from dicomseries.lazy_dataclass import dataclass
from dicomseries.reading.geometry.slice_spacing import SAME_DIRECTION
from dicomseries.reading.problems import Problem
from dicomseries.slice_planes import IRREGULARITIES, Irregularity, SlicePlanes

__all__ = ["IrregularSlices", "SliceStack", "UnsortedSlices", "stack_remedy"]

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

_SAME_SPACING = 1e-3
"""Relative difference of pixel spacings that is rounding."""
_NEAR_AXIS = 0.94
"""Cosine between the normal and an axis of the patient, about 20°, of axial slices and the like."""
_PLANES = ("sagittal", "coronal", "axial")
_FEWEST_PROJECTIONS = 4
"""Slices, each of another orientation, that may rotate around an axis."""
_COMMON_AXIS = 0.01
"""Largest part of a unit normal along the axis of a rotation."""
_MOST_NAMES = 6
"""Stacks that are named in a message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceStack:
    """Parallel slices of a series that has several orientations.

    Parameters
    ----------
    name : str
        ``"axial"``, ``"coronal"``, ``"sagittal"`` within 20°, else ``"oblique 1"``; numbered if
        there are several; ``"unplaced"`` without a position.
    members : tuple of int
        Index of each slice: in `Series.instances`, or among the frames of all files.
    rows, columns : int
        Of its slices.

    Examples
    --------
    >>> str(SliceStack(name="axial", members=(0, 1, 2), rows=4, columns=5))
    'axial (3 slices)'
    """

    name: str
    members: tuple[int, ...]
    rows: int
    columns: int

    def __str__(self) -> str:
        count = len(self.members)
        return f"{self.name} ({count} slice{'s' if count > 1 else ''})"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class UnsortedSlices:
    """Slices in the order of their numbers, with what is known of their planes.

    Parameters
    ----------
    noun : {"files", "frames"}
        For messages.
    names : sequence of str
        Of the slices.
    positions_lps, orientations : ndarray, shape (slices, 3) and (slices, 6)
        LPS mm and cosines; NaN where unknown.
    spacings_mm : ndarray, shape (slices, 2)
        Of rows and columns; NaN where unknown.
    formats : ndarray of int, shape (slices, n)
        Rows, columns and whatever else must be equal in one array.
    """

    noun: str
    names: Sequence[str]
    positions_lps: Floats
    orientations: Floats
    spacings_mm: Floats
    formats: npt.NDArray[np.int64]

    def pick(self, slices: Indices) -> UnsortedSlices:
        """Return selected slices."""
        return UnsortedSlices(
            noun=self.noun,
            names=[self.names[index] for index in slices.tolist()],
            positions_lps=self.positions_lps[slices],
            orientations=self.orientations[slices],
            spacings_mm=self.spacings_mm[slices],
            formats=self.formats[slices],
        )

    @property
    def has_spacings(self) -> bool:
        """Whether every slice states the spacing of its pixels."""
        return bool(np.isfinite(self.spacings_mm).all() and (self.spacings_mm > 0).all())

    @property
    def are_placed(self) -> npt.NDArray[np.bool_]:
        """Whether each slice has position and orientation."""
        known = np.column_stack((self.positions_lps, self.orientations))
        return np.asarray(np.isfinite(known).all(axis=1))

    def stacks(self) -> tuple[SliceStack, ...]:
        """Return the parallel slices of equal size and spacing, each along its normal.

        In the order of the first slice of each.
        """
        group = self._groups()
        members = [np.flatnonzero(group == number) for number in range(int(group.max()) + 1)]
        names = _numbered([self._plane_name(int(indices[0])) for indices in members])
        stacks = []
        for name, indices in zip(names, members, strict=True):
            rows, columns = self.formats[indices[0], :2].tolist()
            along = indices[np.argsort(self._distances(indices), kind="stable")]
            stacks.append(
                SliceStack(name=name, members=tuple(along.tolist()), rows=rows, columns=columns)
            )
        return tuple(stacks)

    def _distances(self, indices: Indices) -> Floats:
        """Return the distance of parallel slices along their normal; zeros if unknown."""
        if not self.are_placed[indices].all():
            return np.zeros(len(indices))
        distances: Floats = self.positions_lps[indices] @ self._normal(int(indices[0]))
        return distances

    def _normal(self, index: int) -> Floats:
        normal = np.cross(self.orientations[index, :3], self.orientations[index, 3:])
        return np.asarray(normal / (float(np.linalg.norm(normal)) or 1.0))

    def _groups(self) -> Indices:
        """Return the stack of each slice, numbered by first appearance."""
        is_placed = self.are_placed[:, None]
        planes = np.where(is_placed, np.column_stack((self.orientations, self.spacings_mm)), -9.0)
        planes = np.nan_to_num(planes, nan=-9.0)
        rows = np.column_stack((planes, self.formats))
        unique, first, inverse = np.unique(rows, axis=0, return_index=True, return_inverse=True)
        tolerances = np.full(rows.shape[1], 0.0)
        tolerances[:6] = SAME_DIRECTION
        number_of = np.empty(len(unique), np.intp)
        known: list[Floats] = []
        for index in np.argsort(first).tolist():
            row = unique[index]
            tolerances[6:8] = _SAME_SPACING * np.abs(row[6:8])
            number_of[index] = _first_match(known, row, tolerances)
            if number_of[index] == len(known):
                known.append(row)
        return np.asarray(number_of[inverse.reshape(-1)], np.intp)

    def _plane_name(self, index: int) -> str:
        if not self.are_placed[index]:
            return "unplaced"
        cosines = np.abs(self._normal(index))
        nearest = int(cosines.argmax())
        return _PLANES[nearest] if cosines[nearest] >= _NEAR_AXIS else "oblique"

    def are_rotating(self, stacks: Sequence[SliceStack]) -> bool:
        """Whether each slice has another orientation, all around one axis."""
        count = len(self.names)
        if count < _FEWEST_PROJECTIONS or len(stacks) != count or not self.are_placed.all():
            return False
        if _are_parallel(self.orientations):
            return False
        normals = np.array(list(map(self._normal, range(count))))
        _, _, axes = np.linalg.svd(normals, full_matrices=False)
        return float(np.abs(normals @ axes[-1]).max()) <= _COMMON_AXIS


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class IrregularSlices:
    """Order, planes and stacks of slices that form no regular grid.

    Parameters
    ----------
    order : ndarray of int, shape (slices,)
        Stack by stack, each along its normal; that of the files if slices rotate or have no place.
    planes : SlicePlanes or None
        In this order; None if the sizes differ.
    stacks : tuple of SliceStack
        Their members count in the order of the files.
    problem : Problem
        The error of what needs a regular grid.
    """

    order: Indices
    planes: SlicePlanes | None
    stacks: tuple[SliceStack, ...]
    problem: Problem

    @classmethod
    def of(cls, slices: UnsortedSlices) -> IrregularSlices:
        """Sort slices of several orientations, sizes or spacings."""
        stacks = slices.stacks()
        code, text = "mixed-orientations", _text_of(slices, stacks)
        order = np.arange(len(slices.names))
        lacking = np.flatnonzero(~slices.are_placed)
        if len(lacking):
            code, text = "position-missing", _text_of_lacking(slices, lacking)
        elif slices.are_rotating(stacks):
            code = "slices-rotating"
            text = f"the {len(order)} {slices.noun} are turned around an axis, each further"
            stacks = ()
        else:
            order = np.concatenate([np.array(stack.members, np.intp) for stack in stacks])
            if _are_parallel(slices.orientations):
                code = "pixel-spacing-differs"
        if len(stacks) < 2:
            stacks = ()
        remedy = stack_remedy(stacks) if stacks else IRREGULARITIES[code].remedy
        problem = Problem(code=code, level="error", text=text, remedy=remedy)
        planes = None
        if not np.ptp(slices.formats, axis=0).any():
            rows, columns = slices.formats[0, :2].tolist()
            spacings = np.where(np.isfinite(slices.spacings_mm), slices.spacings_mm, 1.0)
            planes = SlicePlanes(
                shape=(len(order), rows, columns),
                spacings_mm=np.where(spacings > 0, spacings, 1.0)[order, ::-1],
                positions_lps=slices.positions_lps[order],
                orientations=slices.orientations[order],
                irregularities=(Irregularity(code=code, detail=text),),
                statement=Statement(spacing="stated" if slices.has_spacings else "missing"),
            )
        return cls(order=order, planes=planes, stacks=stacks, problem=problem)


def stack_remedy(stacks: Sequence[SliceStack]) -> str:
    """Return how to choose one of several stacks.

    Examples
    --------
    >>> stack_remedy([SliceStack(name="axial", members=(0,), rows=4, columns=5)])
    "Choose one stack when you read the series, such as `stack='axial'`: axial (1 slice)."
    """
    listed = ", ".join(map(str, stacks[:_MOST_NAMES]))
    if len(stacks) > _MOST_NAMES:
        listed += f" and {len(stacks) - _MOST_NAMES} more"
    return (
        f"Choose one stack when you read the series, such as `stack={stacks[0].name!r}`: {listed}."
    )


def _text_of(slices: UnsortedSlices, stacks: Sequence[SliceStack]) -> str:
    others = [index for stack in stacks[1:] for index in stack.members]
    if not others:
        return f"the {slices.noun} are irregular"
    what = "another orientation"
    if _are_parallel(slices.orientations):
        what = "another pixel spacing or size"
    return (
        f"{len(others)} of {len(slices.names)} {slices.noun} have {what} than the first, such as "
        f"{slices.names[min(others)]}: {len(stacks)} stacks"
    )


def _text_of_lacking(slices: UnsortedSlices, lacking: Indices) -> str:
    return (
        f"{len(lacking)} of {len(slices.names)} {slices.noun} lack ImagePositionPatient or "
        f"ImageOrientationPatient, the first is {slices.names[int(lacking[0])]}"
    )


def _are_parallel(orientations: Floats) -> bool:
    return bool(np.abs(orientations - orientations[0]).max() <= SAME_DIRECTION)


def _first_match(known: Sequence[Floats], row: Floats, tolerances: Floats) -> int:
    """Return the index of the first row within the tolerances, or the next free one."""
    if not known:
        return 0
    is_same = (np.abs(np.array(known) - row) <= tolerances).all(axis=1)
    return int(is_same.argmax()) if is_same.any() else len(known)


def _numbered(names: Sequence[str]) -> list[str]:
    """Return names of which each is there once.

    Examples
    --------
    >>> _numbered(["axial", "oblique", "coronal", "axial"])
    ['axial 1', 'oblique 1', 'coronal', 'axial 2']
    """
    totals, counts = Counter(names), Counter[str]()
    numbered = []
    for name in names:
        counts[name] += 1
        is_plain = totals[name] == 1 and name != "oblique"
        numbered.append(name if is_plain else f"{name} {counts[name]}")
    return numbered
