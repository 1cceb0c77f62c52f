"""What readers make of slices that form no regular grid, in the words of the table."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from judges.outcomes import (
    ELSEWHERE,
    EVENLY,
    FIRST_GAP,
    INCOMPLETE,
    PLACE_MM,
    RESAMPLED,
    RIGHT,
    SINGLE,
    STACKS,
    UNSHIFTED,
    VALUES,
    WRONG,
    Meant,
    stacked,
)
from judges.planes import GRADIENT, SPACING, Planes, linear_values
from judges.seen import Seen, corners

__all__ = ["outcome_on_planes"]

Floats = npt.NDArray[np.float64]

SAME_MM = 0.1
"""How far the value of a resampled voxel may be from its place: 16-bit values are rounded."""


def outcome_on_planes(images: list[Seen], meant: Meant) -> str:
    """Return the outcome of `images`; " / " stands between those of different volumes."""
    volumes = [volume for image in images for volume in image.each()]
    members = [_slices_of(volume, meant) for volume in volumes]
    words = []
    for volume, slices in zip(volumes, members, strict=True):
        words.append(_outcome(volume, slices, meant))
    if set(words) == {WRONG} or any(volume.affine_lps is None for volume in volumes):
        return stacked(volumes, meant)
    right = [index for slices in members for index in slices if index is not None]
    if set(words) == {RIGHT}:
        return _outcome_of_right(volumes, sorted(right), meant)
    return " / ".join(dict.fromkeys(words))


def _outcome_of_right(volumes: list[Seen], slices: list[int], meant: Meant) -> str:
    """Return the outcome of volumes whose slices are all in their places."""
    if len(volumes) == 1 and len(volumes[0].array) == 1:
        return SINGLE
    if slices != list(range(len(meant.real))):
        return f"{RIGHT}, {INCOMPLETE}"
    return RIGHT if len(volumes) == 1 else f"{RIGHT}, {STACKS}"


def _slices_of(volume: Seen, meant: Meant) -> list[int | None]:
    """Return the written slice of each slice of a volume, None for none."""
    found = []
    for frame in volume.array:
        matches = [index for index, real in enumerate(meant.real) if _same(frame, real, meant)]
        found.append(matches[0] if len(matches) == 1 else None)
    return found


def _same(frame: npt.NDArray[np.float64], real: npt.NDArray[np.float64], meant: Meant) -> bool:
    """Return whether these are the same pixels, also turned upside down or sideways."""
    return _turn(frame, real, meant) is not None


def _turn(
    frame: npt.NDArray[np.float64], real: npt.NDArray[np.float64], meant: Meant
) -> tuple[int, int] | None:
    """Return the steps along rows and columns with which the pixels are the same."""
    if frame.shape != real.shape:
        return None
    for rows in (1, -1):
        for columns in (1, -1):
            off = np.abs(frame.astype(np.float64) - real[::rows, ::columns])
            if float(off.max()) <= meant.tolerance():
                return rows, columns
    return None


def _outcome(volume: Seen, slices: list[int | None], meant: Meant) -> str:
    """Return the outcome of one volume."""
    is_background = [not frame.any() for frame in volume.array]
    known = [index for index in slices if index is not None]
    if len(known) + sum(is_background) < len(slices) or not known:
        computed = _resampled(volume, meant)
        return WRONG if computed != RESAMPLED and 2 * len(known) > len(slices) else computed
    shown = [place for place, index in enumerate(slices) if index is not None]
    return _place(volume, shown, known, meant)


def _place(volume: Seen, shown: list[int], slices: list[int], meant: Meant) -> str:
    """Return where a volume puts slices that have the right pixels."""
    if volume.affine_lps is None:
        return VALUES
    planes = meant.planes
    assert planes is not None
    seen, wanted = [], []
    for place, index in zip(shown, slices, strict=True):
        turn = _turn(volume.array[place], meant.real[index], meant)
        assert turn is not None
        seen.append(_corners_seen(volume, place))
        wanted.append(_corners_meant(planes, index, volume.array.shape[1:3], turn))
    if _distance(np.array(seen), np.array(wanted)) < PLACE_MM:
        return RIGHT
    if not planes.are_parallel:
        return f"{VALUES}, {ELSEWHERE}"
    true = (planes.positions - planes.positions[0])[slices]
    steps = np.array(seen) - np.array(wanted) + true[:, None]
    number = np.array(slices)[:, None]
    even = {
        EVENLY: number / (planes.count - 1) * (planes.positions[-1] - planes.positions[0]),
        FIRST_GAP: number * (planes.positions[1] - planes.positions[0]),
        UNSHIFTED: (steps[:, 0] @ planes.normal)[:, None] * planes.normal,
    }
    for word, expected in even.items():
        is_tilt = _distance(true, (true @ planes.normal)[:, None] * planes.normal) > PLACE_MM
        if (word == UNSHIFTED) == is_tilt and _distance(steps, expected[:, None]) < PLACE_MM:
            return f"{VALUES}, {word}"
    return f"{VALUES}, {ELSEWHERE}"


def _distance(seen: Floats, wanted: Floats) -> float:
    return float(np.linalg.norm(seen - wanted, axis=-1).max())


def _corners_seen(volume: Seen, place: int) -> Floats:
    """Return the four corners of a slice as the program places them."""
    one_slice = np.eye(4)
    one_slice[2, 3] = place
    return corners(volume.affine_lps @ one_slice, (1, *volume.array.shape[1:3]))[:4]


def _corners_meant(
    planes: Planes, index: int, size: tuple[int, ...], turn: tuple[int, int]
) -> Floats:
    """Return the four corners of a slice that was written, turned as a program has it."""
    points = planes.points(*size[:2])[index][:: turn[0], :: turn[1]]
    return np.array([points[y, x] for y in (0, -1) for x in (0, -1)])


def _resampled(volume: Seen, meant: Meant) -> str:
    """Return whether computed voxels have the values of their places, away from the edges."""
    planes, (rows, columns) = meant.planes, meant.real.shape[1:3]
    assert planes is not None
    is_linear = np.abs(meant.real - planes.values(rows, columns)).max() <= 1
    if not (is_linear and planes.are_parallel) or volume.affine_lps is None:
        return WRONG
    index = np.stack(np.indices(volume.array.shape[:3])[::-1], axis=-1)
    points = index @ volume.affine_lps[:3, :3].T + volume.affine_lps[:3, 3]
    along = (points - planes.positions[0]) @ planes.normal
    reached = (planes.positions - planes.positions[0]) @ planes.normal
    firsts = np.stack(
        [np.interp(along, reached, planes.positions[:, axis]) for axis in range(3)], axis=-1
    )
    inside = (along >= 0) & (along <= reached[-1])
    cosines = planes.orientations[0].reshape(2, 3)
    for cosine, spacing, count in zip(cosines, SPACING, (columns, rows), strict=True):
        place = (points - firsts) @ cosine / spacing
        inside &= (place >= 1) & (place <= count - 2)
    off = np.abs(volume.array.astype(np.float64) - linear_values(points)) / np.linalg.norm(GRADIENT)
    if not inside.any():
        return WRONG
    return RESAMPLED if off[inside].max() < SAME_MM else f"{RESAMPLED}, {ELSEWHERE}"
