"""What readers lay over a source series, and its distance from the written result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from judges.outcomes import CANNOT, ELSEWHERE, FLOAT32, PLACE_MM, RIGHT, VALUES, WRONG
from judges.results import COLOURS, NAMES, Result
from judges.seen import Seen, corner_distance

__all__ = ["OVERLAY_MEANINGS", "Overlay", "overlay_from_page", "overlay_outcome", "placed_on"]

SCALED = {"values × 100": 100, "values × 255": 255}
PAINTED = "other colours"
RENAMED = "other names"

OVERLAY_MEANINGS = {
    RIGHT: "every voxel of every segment, or every value of a map, lies where it belongs on the "
    "source, with the names and colours of the segments",
    VALUES: "the same; what is lost is named after the comma",
    "values × 100": "all values are multiplied by 100",
    "values × 255": "fractions come as the stored numbers, of 255",
    WRONG: "other voxels or values",
    ELSEWHERE: "on another grid than the source's",
    PAINTED: "segments have the colours of others",
    RENAMED: "segments have the names of others",
    CANNOT: "rejected with an error, or not shown",
}
"""Meanings of outcomes over a source."""

HALF_STEP = 0.5 / 255
"""Of a fraction stored in 8 bits."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Overlay:
    """A result on the grid of its source, as another program has it.

    Attributes
    ----------
    values : mapping
        Arrays (slices, rows, columns) by SegmentNumber: 0 to 1; those of a map by 0.
    affine_lps : ndarray, shape (4, 4)
        The grid of these arrays.
    names : mapping
        SegmentLabel by SegmentNumber; empty where the program has none.
    colours : mapping
        Red, green and blue from 0 to 255; empty where the program has none.
    """

    values: Mapping[int, npt.NDArray[Any]]
    affine_lps: npt.NDArray[np.float64]
    names: Mapping[int, str] = field(default_factory=dict)
    colours: Mapping[int, tuple[int, ...]] = field(default_factory=dict)


def overlay_outcome(overlays: list[Overlay], result: Result) -> str:
    """Return the outcome of one program: the worst of its overlays of one result."""
    order = list(OVERLAY_MEANINGS)
    outcomes = [_outcome(overlay, result) for overlay in overlays] or [CANNOT]
    return max(outcomes, key=lambda outcome: order.index(outcome.partition(",")[0]))


def _outcome(overlay: Overlay, result: Result) -> str:
    meant, source = result.meant(), result.on
    if set(overlay.values) != set(meant):
        return WRONG
    values = VALUES
    for number, array in overlay.values.items():
        seen = Seen(array=array, affine_lps=overlay.affine_lps).aligned_to(source.affine_lps)
        if corner_distance(seen, source.affine_lps, source.shape) > PLACE_MM:
            return ELSEWHERE
        step = HALF_STEP if result.form == "fractional" else 0.0
        if not _same(seen.array, meant[number], step):
            values = _scaled(seen.array, meant[number], step)
        if values == WRONG:
            return WRONG
    said = [values, *_described(overlay, list(meant))]
    return RIGHT if said == [VALUES] else ", ".join(said)


def _scaled(values: npt.NDArray[Any], meant: npt.NDArray[np.float64], step: float) -> str:
    """Return the outcome of values that are not the same: those of another scale, or wrong."""
    scales = (word for word, by in SCALED.items() if _same(values / by, meant, step))
    return next(scales, WRONG)


def _same(values: npt.NDArray[Any], meant: npt.NDArray[np.float64], step: float) -> bool:
    """Return whether values are the same where there is a result, and nothing elsewhere."""
    beyond = np.isnan(meant)
    if np.any(np.nan_to_num(values[beyond])):
        return False
    most = max(step, FLOAT32 * np.abs(meant[~beyond]).max())
    return bool(np.abs(values[~beyond] - meant[~beyond]).max() <= most)


def _described(overlay: Overlay, numbers: list[int]) -> list[str]:
    """Return what is wrong with names and colours, where the program has any."""
    if numbers == [0]:
        return []
    faults = []
    names = dict(zip(numbers, NAMES.values(), strict=False))
    if overlay.names and {number: overlay.names.get(number) for number in numbers} != names:
        faults.append(RENAMED)
    colours = dict(zip(numbers, COLOURS.values(), strict=False))
    if overlay.colours and not all(
        _near(overlay.colours.get(number), colour) for number, colour in colours.items()
    ):
        faults.append(PAINTED)
    return faults


def _near(colour: tuple[int, ...] | None, meant: tuple[int, ...]) -> bool:
    """Return whether colours agree but for rounding in CIELab."""
    return colour is not None and bool(np.abs(np.subtract(colour[:3], meant)).max() <= 1)


def overlay_from_page(head: Mapping[str, Any], voxels: npt.NDArray[np.float64]) -> list[Overlay]:
    """Return the overlays that a page or script describes: none where it states an error.

    Segments come as layers of labels, where `volumes` counts the layers. The first `views` of
    them are whole overlays by themselves.
    """
    if head.get("error"):
        return []
    affine = np.array(head["affine"], dtype=np.float64)
    layers = voxels.reshape(-1, *head["sizes"][::-1])
    if "segments" not in head:
        return [Overlay(values={0: layers[0]}, affine_lps=affine)]
    segments = [one for one in head["segments"] if one["number"] > 0]
    views = head.get("views", 0)
    stacks = [*layers[:views, None], *([layers[views:]] if views < len(layers) else [])]
    return [
        Overlay(
            values={
                one["number"]: (stack == one["number"]).any(axis=0).astype(np.float64)
                for one in segments
            },
            affine_lps=affine,
            names={one["number"]: one["name"] for one in segments},
            colours={one["number"]: tuple(one["colour"]) for one in segments},
        )
        for stack in stacks
    ]


def placed_on(source: Seen, seen: Seen) -> npt.NDArray[Any]:
    """Return the voxels on the grid of a source, 0 beyond them; none if they lie between."""
    seen = seen.aligned_to(source.affine_lps)
    step = np.linalg.inv(source.affine_lps) @ seen.affine_lps
    start = np.rint(step[:3, 3]).astype(int)
    whole = np.eye(4)
    whole[:3, 3] = start
    if np.abs(source.affine_lps @ (step - whole)).max() > PLACE_MM:
        return seen.array[:0]
    result = np.zeros(source.array.shape[:3], seen.array.dtype)
    inside, within = [], []
    for begin, size, room in zip(
        start[::-1], seen.array.shape, source.array.shape[:3], strict=True
    ):
        first, last = max(begin, 0), min(begin + size, room)
        inside.append(slice(first, max(first, last)))
        within.append(slice(first - begin, max(first, last) - begin))
    result[tuple(inside)] = seen.array[tuple(within)]
    return result
