"""`ArrayAxes`: the axes of an array, and its frames."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.lazy_dataclass import dataclass
from dicomseries.sources.frames.frame_runs import Piece, pieces, together

__all__ = ["ArrayAxes"]

_OUT = "tzyxc"


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrayAxes:
    """The axes of an array, in any order.

    Parameters
    ----------
    shape : tuple of int
        Of the array.
    letters : str
        A letter of ``t z y x c`` for each of its axes.
    source_letters : str
        The letters under which the source describes its geometry; equal to `letters` unless the
        caller renamed them.
    time_point : int, optional
        The only index taken of axis t; all of them if not given.
    is_assumed : bool
        Whether neither the caller nor the source names the axes.

    Examples
    --------
    >>> axes = ArrayAxes(shape=(5, 4, 3, 2), letters="xyzt", source_letters="xyzt")
    >>> axes.volumes, axes.frames_shape
    (2, (6, 4, 5))
    """

    shape: tuple[int, ...]
    letters: str
    source_letters: str
    time_point: int | None = None
    is_assumed: bool = False

    @property
    def volumes(self) -> int | None:
        """Length of axis t, None for a single volume."""
        count = self.size("t")
        if count == 1 or self.time_point is not None:
            return None
        return count

    @property
    def frames_shape(self) -> tuple[int, ...]:
        """(frames, rows, columns), and 3 more for colour."""
        slices, rows, columns = self.grid_shape
        shape = ((self.volumes or 1) * slices, rows, columns)
        if self.size("c") == 3:
            return (*shape, 3)
        return shape

    @property
    def grid_shape(self) -> tuple[int, int, int]:
        """(slices, rows, columns)."""
        return self.size("z"), self.size("y"), self.size("x")

    def size(self, letter: str) -> int:
        """Return the length of an axis, 1 if missing."""
        if letter not in self.letters:
            return 1
        return self.shape[self.letters.index(letter)]

    def index(self, piece: Piece) -> tuple[slice, ...]:
        """Return the index in the array of volumes and slices.

        Examples
        --------
        >>> axes = ArrayAxes(shape=(5, 4, 3, 2), letters="xyzt", source_letters="xyzt",
        ...     time_point=1)
        >>> axes.index((slice(0, 1), slice(0, 2)))
        (slice(0, 5, None), slice(0, 4, None), slice(0, 2, None), slice(1, 2, None))
        """
        volumes, slices = piece
        shift = self.time_point or 0
        parts = {letter: slice(0, self.size(letter)) for letter in self.letters}
        parts |= {"z": slices, "t": slice(volumes.start + shift, volumes.stop + shift)}
        return tuple(parts[letter] for letter in self.letters)

    def gather(
        self, start: int, stop: int, take: Callable[[tuple[slice, ...]], npt.NDArray[Any]]
    ) -> npt.NDArray[Any]:
        """Return the frames [start, stop), cut out by `take`.

        Whole volumes that follow each other are taken together, so `take` is called three times at
        most.

        Examples
        --------
        >>> array = np.arange(24).reshape(2, 2, 3, 2)
        >>> axes = ArrayAxes(shape=array.shape, letters="xyzt", source_letters="xyzt")
        >>> axes.gather(2, 4, array.__getitem__)[:, 0, 0].tolist()
        [4, 1]
        """
        count, *frame = self.frames_shape
        end = max(start, min(stop, count))
        parts = []
        for piece in pieces(start, end, self.grid_shape[0]):
            block = self.ordered(take(self.index(piece)))
            parts.append(block.reshape(-1, *frame))
        # Where no axis is called z, nothing could be cut away along it.
        return together(parts)[: end - start]

    def view(self, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return a view of (volumes, slices, rows, columns[, 3])."""
        every = slice(0, self.volumes or 1), slice(0, self.grid_shape[0])
        return self.ordered(array[self.index(every)])

    def place(self, index: Sequence[slice]) -> tuple[slice, ...]:
        """Return the place in (volumes, slices, rows, columns[, 3]).

        Examples
        --------
        >>> axes = ArrayAxes(shape=(5, 4, 3, 2), letters="xyzt", source_letters="xyzt",
        ...     time_point=1)
        >>> axes.place((slice(0, 5), slice(2, 4), slice(0, 3), slice(1, 2)))
        (slice(0, 1, None), slice(0, 3, None), slice(2, 4, None), slice(0, 5, None))
        """
        parts = {"t": slice(0, 1), "z": slice(0, 1)}
        parts |= dict(zip(self.letters, index, strict=True))
        shift = self.time_point or 0
        parts["t"] = slice(parts["t"].start - shift, parts["t"].stop - shift)
        return tuple(parts[letter] for letter in _OUT[: len(self.frames_shape) + 1])

    def ordered(self, block: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return a block as (volumes, slices, rows, columns[, 3])."""
        order = [letter for letter in _OUT if letter in self.letters]
        view = block.transpose([self.letters.index(letter) for letter in order])
        if "z" not in self.letters:
            view = np.expand_dims(view, 1 if "t" in self.letters else 0)
        if "t" not in self.letters:
            view = view[np.newaxis]
        if "c" in self.letters and view.shape[-1] == 1:
            return view[..., 0]
        return view
