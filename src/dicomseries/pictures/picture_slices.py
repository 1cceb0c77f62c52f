"""The slices that are drawn: all, some, or those that show the result."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from dicomseries.errors import OptionError
from dicomseries.pictures.drawn_result import ResultOnSource
from dicomseries.reading import Slices, chosen_slices

__all__ = ["PictureSlices", "chosen_pictures", "parse_slices"]

PictureSlices: TypeAlias = Slices | Literal["all", "result", "key"]
"""As in `read`; all; "result": first to last slice that shows it; "key": its largest areas."""

_WORDS = ("all", "result", "key")


def parse_slices(slices: Any) -> Any:
    """Return the choice of slices, a word or as in `read`.

    Raises
    ------
    OptionError
        If it is another word.

    Examples
    --------
    >>> parse_slices(None), parse_slices("key"), parse_slices(range(2))
    ('all', 'key', range(0, 2))
    """
    if slices is None:
        return "all"
    if isinstance(slices, str) and slices not in _WORDS:
        raise OptionError(
            code="slices-unknown",
            where="slices",
            given=repr(slices),
            expected=f"one of {', '.join(map(repr, _WORDS))}, or slices as in `read`",
            remedy="Pass such as `slices='result'` or `slices=slice(100, 200)`.",
        )
    return slices


def chosen_pictures(slices: Any, result: ResultOnSource) -> tuple[range, ...]:
    """Return the slices of each series of pictures.

    One series, whose slices rise in even steps. Key slices that do not are a series each, for a
    series has one distance between its slices.

    Parameters
    ----------
    slices : "all", "result", "key", slice, range, whole number or whole numbers
        As `parse_slices` returns it.
    result : ResultOnSource
        The result, of which "result" and "key" read all voxels.

    Raises
    ------
    OptionError
        If there are no such slices, or the result is empty and its slices are asked for.
    """
    count = result.source.volume.slices
    if isinstance(slices, str) and slices == "all":
        return (range(count),)
    if not isinstance(slices, str):
        return (chosen_slices(slices, count),)
    areas = np.stack([result.drawing.areas(index) for index in range(count)])
    shown = np.flatnonzero(areas.any(axis=1))
    if not len(shown):
        raise OptionError(
            code="result-is-empty",
            where="slices",
            given=f"{slices!r}, and a result without a voxel on the source",
            expected="a result that is seen in a slice",
            remedy="Pass `slices='all'` for pictures of the source alone.",
        )
    if slices == "result":
        return (range(int(shown[0]), int(shown[-1]) + 1),)
    return _even_runs(_key_slices(areas))


def _key_slices(areas: npt.NDArray[np.int64]) -> list[int]:
    """Return the slice of the largest area of each segment."""
    keys: set[int] = set()
    for segment in range(areas.shape[1]):
        if areas[:, segment].any():
            keys.add(int(areas[:, segment].argmax()))
    return sorted(keys)


def _even_runs(keys: list[int]) -> tuple[range, ...]:
    steps = set(np.diff(keys).tolist())
    if len(steps) <= 1:
        return (range(keys[0], keys[-1] + 1, steps.pop() if steps else 1),)
    return tuple(range(key, key + 1) for key in keys)
