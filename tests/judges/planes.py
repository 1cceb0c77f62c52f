"""Slices that form no regular grid: uneven, tilted, of several orientations."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pydicom

import dicomseries as dcs
from judges.cells import rotation

__all__ = ["PLANES", "Planes", "linear_values"]

Floats = npt.NDArray[np.float64]

SPACING = (0.7, 0.9)
FIRST = np.array((-31.4159, 27.1828, -141.421))
GRADIENT = np.array((31.0, 17.0, 43.0))
"""Of the values, in 1/mm: so it is known what a reader interpolates at any place."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Planes:
    """Places of slices: LPS mm, cosines along columns and rows."""

    positions: Floats
    orientations: Floats

    @property
    def count(self) -> int:
        """Slices."""
        return len(self.positions)

    @property
    def affine_lps(self) -> Floats:
        """The grid of the first slice, with steps of 2.5 mm."""
        return _plane_affine(self.positions[0], self.orientations[0], self.normal * 2.5)

    @property
    def normal(self) -> Floats:
        """Of the first slice."""
        return np.cross(self.orientations[0, :3], self.orientations[0, 3:])

    @property
    def are_parallel(self) -> bool:
        """Whether all slices have one orientation."""
        return bool((self.orientations == self.orientations[0]).all())

    def points(self, rows: int, columns: int) -> Floats:
        """Return LPS mm of every voxel, shape (slices, rows, columns, 3)."""
        along_x = np.arange(columns)[:, None] * SPACING[0] * self.orientations[:, None, None, :3]
        along_y = np.arange(rows)[:, None, None] * SPACING[1] * self.orientations[:, None, None, 3:]
        return self.positions[:, None, None] + along_x + along_y

    def values(self, rows: int, columns: int) -> Floats:
        """Return values that grow evenly along x, y and z."""
        return linear_values(self.points(rows, columns))

    def write_source(self, folder: Path, rows: int, columns: int) -> Path:
        """Write a series of several orientations, for `like=`, as scanners write localizers."""
        values = np.rint(self.values(rows, columns)).astype("uint16")
        number, first = 0, None
        target = folder / "all"
        target.mkdir(parents=True)
        for stack in dict.fromkeys(map(tuple, self.orientations.tolist())):
            members = np.flatnonzero((self.orientations == stack).all(axis=1))
            part = folder / f"part-{number}"
            dcs.write(
                values[members],
                part,
                kind="MR",
                positions=self.positions[members],
                direction=stack,
                spacing=(*SPACING, 5),
                verify=False,
                sync=False,
            )
            for path in sorted(part.glob("*.dcm")):
                dataset = pydicom.dcmread(path)
                first = dataset if first is None else first
                number += 1
                dataset.StudyInstanceUID = first.StudyInstanceUID
                dataset.SeriesInstanceUID = first.SeriesInstanceUID
                dataset.FrameOfReferenceUID = first.FrameOfReferenceUID
                dataset.InstanceNumber = number
                dataset.save_as(target / f"{number}.dcm")
        return target


def linear_values(points: Floats) -> Floats:
    """Return the values at points in LPS mm."""
    return 1500 + (points - FIRST) @ GRADIENT


def _plane_affine(position: Floats, cosines: Floats, step: Floats) -> Floats:
    affine = np.eye(4)
    affine[:3, 0], affine[:3, 1] = cosines[:3] * SPACING[0], cosines[3:] * SPACING[1]
    affine[:3, 2], affine[:3, 3] = step, position
    return affine


def _parallel(*distances: float) -> Planes:
    """Return oblique slices at these distances along the normal."""
    axes = rotation(0.1, -0.2, 0.3)
    positions = FIRST + np.outer(distances, axes[:, 2])
    cosines = np.concatenate((axes[:, 0], axes[:, 1]))
    return Planes(positions=positions, orientations=np.tile(cosines, (len(distances), 1)))


def _tilted(degrees: float) -> Planes:
    """Return slices of a tilted gantry: the table moves along z."""
    angle = np.radians(degrees)
    positions = FIRST + np.outer(np.arange(6), (0, 0, 2.5))
    cosines = (1, 0, 0, 0, np.cos(angle), np.sin(angle))
    return Planes(positions=positions, orientations=np.tile(cosines, (6, 1)))


def _localizer() -> Planes:
    """Return two sagittal, two coronal and two axial slices."""
    positions, orientations = [], []
    for number, cosines in enumerate(
        ((0, 1, 0, 0, 0, -1), (1, 0, 0, 0, 0, -1), (1, 0, 0, 0, 1, 0))
    ):
        normal = np.cross(cosines[:3], cosines[3:])
        for index in range(2):
            positions.append(FIRST + (2 * number, 3 * number, -number) + 5 * index * normal)
            orientations.append(cosines)
    return Planes(positions=np.array(positions), orientations=np.array(orientations, float))


PLANES = {
    "tilted gantry": _tilted(20),
    "uneven": _parallel(0, 2.5, 5, 8, 12, 17),
    "a slice missing": _parallel(0, 2.5, 5, 10, 12.5, 15),
    "several orientations": _localizer(),
}
"""Slices by the name of their irregularity."""
