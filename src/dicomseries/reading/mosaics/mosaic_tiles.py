"""Layout of the tiles in a mosaic."""

from __future__ import annotations

import math
from typing import Any, Self

import numpy.typing as npt

from dicomseries.lazy_dataclass import dataclass

__all__ = ["Tiles"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tiles:
    """Slices side by side in one image, row by row.

    Parameters
    ----------
    count : int
        Number of slices; the last tiles may be empty.
    across, down : int
        Tiles in a row, and rows of tiles.
    rows, columns : int
        Size of a tile.

    Raises
    ------
    ValueError
        If there is no slice or no pixel, or there are more slices than tiles.

    Examples
    --------
    >>> tiles = Tiles(count=5, across=3, down=3, rows=4, columns=6)
    >>> tiles.corner(4)
    (4, 6)
    """

    count: int
    across: int
    down: int
    rows: int
    columns: int

    def __post_init__(self) -> None:
        if min(self.count, self.rows, self.columns) < 1 or self.count > self.across * self.down:
            message = f"{self.count} slices in {self.across}×{self.down} tiles"
            raise ValueError(message)

    @classmethod
    def in_square(cls, count: int, rows: int, columns: int) -> Self | None:
        """Return the tiles of Siemens: as many rows of tiles as tiles in a row.

        None if the image, of `rows` and `columns`, cannot be divided so.

        Examples
        --------
        >>> tiles = Tiles.in_square(20, 320, 320)
        >>> tiles.across, tiles.down, tiles.rows
        (5, 5, 64)
        """
        return cls._divided(count, rows, columns, is_square=True)

    @classmethod
    def in_rectangle(cls, count: int, rows: int, columns: int) -> Self | None:
        """Return the tiles of UIH: a square without its empty rows.

        Examples
        --------
        >>> tiles = Tiles.in_rectangle(20, 256, 320)
        >>> tiles.across, tiles.down, tiles.rows
        (5, 4, 64)
        """
        return cls._divided(count, rows, columns, is_square=False)

    @classmethod
    def _divided(cls, count: int, rows: int, columns: int, *, is_square: bool) -> Self | None:
        if count < 1:
            return None
        across = math.isqrt(count - 1) + 1
        down = across if is_square else -(-count // across)
        if rows < down or columns < across or rows % down or columns % across:
            return None
        return cls(
            count=count, across=across, down=down, rows=rows // down, columns=columns // across
        )

    def corner(self, tile: int) -> tuple[int, int]:
        """Return row and column of the first pixel of a tile."""
        row, column = divmod(tile, self.across)
        return row * self.rows, column * self.columns

    def band(self, first: int, last: int) -> tuple[int, int]:
        """Return the rows of the image, from and to, that hold some tiles."""
        return first // self.across * self.rows, (last // self.across + 1) * self.rows

    def cut(self, band: npt.NDArray[Any], first_row: int, tile: int) -> npt.NDArray[Any]:
        """Return one tile of rows of the image, without a copy.

        `first_row` is the row of the image where `band` begins.
        """
        row, column = self.corner(tile)
        row -= first_row
        return band[row : row + self.rows, column : column + self.columns]
