"""Outcomes of arrays in readers, in a few measured words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from judges.seen import Seen, corner_distance

if TYPE_CHECKING:
    from judges.planes import Planes

__all__ = [
    "CANNOT",
    "COPIED",
    "ELSEWHERE",
    "EVENLY",
    "FIRST_GAP",
    "FLOAT32",
    "INCOMPLETE",
    "INVALID",
    "KEPT",
    "MEANINGS",
    "PLACE_MM",
    "RESAMPLED",
    "RIGHT",
    "SERVED",
    "SINGLE",
    "STACKS",
    "UNDRAWN",
    "UNSERVED",
    "UNSHIFTED",
    "VALUES",
    "WRONG",
    "CannotReadError",
    "Meant",
    "outcome",
    "stacked",
]

RIGHT = "right"
VALUES = "values right"
STORED = "stored numbers"
COARSE = "steps of 1"
WRONG = "wrong values"
NOWHERE = "no geometry"
ELSEWHERE = "wrong place"
APART = "volumes apart"
UNTIMED = "no times"
STACKED = "frames stacked"
EVENLY = "spread evenly"
FIRST_GAP = "first gap for all"
UNSHIFTED = "unshifted"
STACKS = "stacks apart"
INCOMPLETE = "slices left out"
SINGLE = "slices one by one"
RESAMPLED = "resampled"
CANNOT = "cannot read"
KEPT = "kept"
UNSERVED = "kept, frames not served"
SERVED = "served"
UNDRAWN = "served, not drawn"
COPIED = "copied"
INVALID = "copied, not valid"

MEANINGS = {
    RIGHT: "every voxel has its value at its place in the patient, and every volume its time",
    VALUES: "every voxel has its value; what is lost is named after the comma",
    STORED: "the numbers of the file without their rescale or mapping to real values",
    COARSE: "the real values in steps of 1: what lies between is lost",
    WRONG: "other values",
    NOWHERE: "pictures without a place in the patient",
    ELSEWHERE: "at another place in the patient",
    APART: "each volume comes as an image of its own, without an axis of time",
    UNTIMED: "volumes stand along one axis, without the seconds from one to the next",
    STACKED: "all frames lie in one stack of slices, whatever volume or segment they belong to",
    EVENLY: "the slices lie evenly between the first and the last",
    FIRST_GAP: "all slices are as far apart as the first two",
    UNSHIFTED: "the slices lie straight above each other, without their shift sideways",
    STACKS: "the slices of each orientation come as a volume",
    INCOMPLETE: "some slices do not come",
    SINGLE: "there is no volume: each slice is shown by itself, in its place",
    RESAMPLED: "another volume has computed voxels on an even grid, with the values of their place",
    CANNOT: "rejected with an error, or not shown",
    KEPT: "an archive: gives every file back byte for byte, and the stored numbers of every frame",
    UNSERVED: "an archive: gives every file back byte for byte, but no frames",
    SERVED: "a DICOMweb: gives every attribute back with its value, in files and as JSON, the "
    "stored numbers of every frame, and a picture",
    UNDRAWN: "a DICOMweb: the same, but no picture",
    COPIED: "a copy whose attributes and pixels have the same values, and in which dciodvfy finds "
    "no error",
    INVALID: "a copy with the same values, in which dciodvfy finds errors",
}
"""Meanings of outcomes."""

PLACE_MM = 1e-3
"""How far a corner may be off; NIfTI's affine is float32."""

FLOAT32 = 2.0**-22
"""Allowed error of readers with float32, as a part of the largest value."""


class CannotReadError(Exception):
    """A rejection by the reader; any other error is a fault of the test."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Meant:
    """Expected content.

    Attributes
    ----------
    real : ndarray, shape ([volumes,] slices, rows, columns[, 3])
        The array that was written.
    frames : ndarray, shape (frames, rows, columns[, 3])
        The stored numbers, in the order of the files.
    affine_lps : ndarray, shape (4, 4)
        From (column, row, slice) to LPS mm.
    max_error : float
        How far a restored value may be from `real`.
    volumes : int, optional
        The length of the leading axis, where there is one.
    step_s : float, optional
        Seconds from one volume to the next, where they are volumes over time.
    planes : Planes, optional
        Places of slices that form no regular grid; `affine_lps` is then that of the first slice.
    """

    real: npt.NDArray[Any]
    frames: npt.NDArray[Any]
    affine_lps: npt.NDArray[np.float64]
    max_error: float = 0.0
    volumes: int | None = None
    step_s: float | None = None
    planes: Planes | None = None

    def each(self) -> list[npt.NDArray[Any]]:
        """Return the volumes one by one."""
        return [self.real] if self.volumes is None else list(self.real)

    def stored(self) -> list[npt.NDArray[Any]]:
        """Return the stored numbers of the volumes; NaN for frames of a segmentation."""
        if self.frames.size != self.real.size:
            return [np.full(one.shape, np.nan) for one in self.each()]
        return list(self.frames.reshape(len(self.each()), *self.each()[0].shape))

    def tolerance(self) -> float:
        """Return how far a value may be off."""
        return self.max_error + FLOAT32 * float(np.abs(self.real.astype(np.float64)).max())


def outcome(images: list[Seen], meant: Meant) -> str:
    """Return the outcome of `images` against the expected content."""
    volumes = [volume for image in images for volume in image.each()]
    if len(volumes) != len(meant.each()):
        return stacked(volumes, meant)
    turned = [_turned(volume, meant) for volume in volumes]
    if any(one.array.shape != real.shape for one, real in zip(turned, meant.each(), strict=True)):
        return stacked(volumes, meant)
    values = _worst(
        [_values(*three, meant) for three in zip(turned, meant.each(), meant.stored(), strict=True)]
    )
    place = _worst([_place(one, meant) for one in turned])
    return _words(values, place, _axis(images, meant))


def _axis(images: list[Seen], meant: Meant) -> str:
    """Return the outcome of the axis of volumes."""
    if len(images) > 1:
        return APART
    if meant.step_s is None:
        return ""
    said = images[0].step_s
    return "" if said is not None and abs(said - meant.step_s) < 1e-3 else UNTIMED


def _words(*facets: str) -> str:
    """Return the facets of an outcome as one text; `VALUES` alone is `RIGHT`."""
    said = [facet for facet in facets if facet]
    return RIGHT if said == [VALUES] else ", ".join(said)


def _turned(volume: Seen, meant: Meant) -> Seen:
    return volume if volume.affine_lps is None else volume.aligned_to(meant.affine_lps)


def _worst(facets: list[str]) -> str:
    order = list(MEANINGS)
    return max(facets, key=lambda facet: order.index(facet) if facet else -1)


def _values(seen: Seen, real: npt.NDArray[Any], stored: npt.NDArray[Any], meant: Meant) -> str:
    numbers = seen.array.astype(np.float64)
    off = _off(numbers, real)
    if off <= meant.tolerance():
        return VALUES
    if _off(numbers, stored) == 0:
        return STORED
    return COARSE if _coarse(numbers, real, meant) else WRONG


def _coarse(numbers: npt.NDArray[Any], real: npt.NDArray[Any], meant: Meant) -> bool:
    """Return whether numbers are the real ones rounded to steps of 1, from any start."""
    if np.array_equal(real, np.rint(real)):
        return False
    steps = numbers - numbers.min()
    return _off(numbers, real) <= 1.5 and _off(steps, np.rint(steps)) <= 2 * meant.tolerance()


def _off(numbers: npt.NDArray[np.float64], wanted: npt.NDArray[Any]) -> float:
    difference = float(np.abs(numbers - wanted.astype(np.float64)).max())
    return difference if np.isfinite(difference) else float("inf")


def _place(seen: Seen, meant: Meant) -> str:
    if seen.affine_lps is None:
        return NOWHERE
    return "" if corner_distance(seen, meant.affine_lps, seen.array.shape) < PLACE_MM else ELSEWHERE


def stacked(volumes: list[Seen], meant: Meant) -> str:
    """Return the outcome of another number of slices: all frames may still be there."""
    frames = [frame for volume in volumes for frame in _turned(volume, meant).array]
    real = [frame for volume in meant.each() for frame in volume]
    nowhere = NOWHERE if all(volume.affine_lps is None for volume in volumes) else ""
    if _same_frames(frames, real, meant.tolerance()):
        return _words(VALUES, STACKED, nowhere)
    if _same_frames(frames, list(meant.frames), 0.0):
        return _words(STORED, STACKED, nowhere)
    if [one.shape for one in frames] == [one.shape for one in real] and _coarse(
        np.stack(frames), np.stack(real), meant
    ):
        return _words(COARSE, STACKED, nowhere)
    return _words(WRONG, nowhere)


def _same_frames(
    seen: list[npt.NDArray[Any]], wanted: list[npt.NDArray[Any]], tolerance: float
) -> bool:
    """Return whether the frames are the expected ones in any order."""
    if len(seen) != len(wanted):
        return False
    left = [frame.astype(np.float64) for frame in seen]
    for frame in wanted:
        found = next(
            (
                i
                for i, one in enumerate(left)
                if one.shape == frame.shape and _off(one, frame) <= tolerance
            ),
            None,
        )
        if found is None:
            return False
        del left[found]
    return True
