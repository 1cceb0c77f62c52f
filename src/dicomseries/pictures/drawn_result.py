"""A result on the grid of its source, and how it is painted slice by slice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.drawing import COLOUR_MAPS, LABEL_COLOURS, ColourMap, colour_numbers, mixed
from dicomseries.lazy_dataclass import dataclass
from dicomseries.pictures.picture_style import PictureStyle
from dicomseries.reading import SegmentDescription
from dicomseries.sources import FrameReader, Volume
from dicomseries.viewing import Layer, place_overlay

__all__ = ["DrawnSegment", "DrawnSegments", "DrawnValues", "ResultOnSource", "place_result"]

Pixels = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

_FILL_OF_SEGMENTS, _FILL_OF_VALUES = 0.35, 0.5
"""Opacity if none is stated: colours are clear, and the anatomy below is still seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnSegment:
    """Number, name and colour of a segment.

    Parameters
    ----------
    number : int
        SegmentNumber.
    name : str
        SegmentLabel.
    colour : tuple of int
        Red, green and blue, 0 to 255.

    Examples
    --------
    >>> DrawnSegment(number=1, name="Liver", colour=(221, 130, 101)).name
    'Liver'
    """

    number: int
    name: str
    colour: tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DrawnSegments:
    """Segments on the grid of a source.

    Parameters
    ----------
    volume : Volume
        Of one label map, or of a volume for each segment.
    segments : tuple of DrawnSegment
        Sorted by number, in the order of the volumes.
    fill : float
        Opacity of the colours.
    outline : bool
        Whether the outermost voxels have the full colour.
    """

    volume: Volume
    segments: tuple[DrawnSegment, ...]
    fill: float
    outline: bool

    def paint(self, picture: Pixels, index: int) -> frozenset[int]:
        """Draw a slice on a picture; return the segments in it.

        Outlines are drawn last, so that no fill of another segment covers them.

        Parameters
        ----------
        picture : ndarray
            Colours of the slice, shape (rows, columns, 3); written to.
        index : int
            Slice of the source.
        """
        parts = [self._part(index, position) for position in range(self.volume.volumes or 1)]
        present: set[int] = set()
        for labels, opacity in parts:
            inside = labels > 0
            present.update(np.unique(labels[inside]).tolist())
            if self.fill and inside.any():
                colours = self._table[labels[inside]]
                picture[inside] = _mixed_by(picture[inside], colours, opacity, inside, self.fill)
        for labels, _ in parts:
            if self.outline:
                edges = _edges(labels)
                picture[edges] = self._table[labels[edges]]
        return frozenset(present)

    def areas(self, index: int) -> npt.NDArray[np.int64]:
        """Return the voxels of each segment in a slice."""
        counts = np.zeros(len(self._table), np.int64)
        for position in range(self.volume.volumes or 1):
            labels, _ = self._part(index, position)
            counts += np.bincount(labels.ravel(), minlength=len(counts))
        return counts[[segment.number for segment in self.segments]]

    def _part(
        self, index: int, position: int
    ) -> tuple[npt.NDArray[Any], npt.NDArray[np.float64] | None]:
        """Return segment numbers of a slice, and their opacity if it varies."""
        frame = position * self.volume.slices + index
        stored = self.volume.slabs.read(frame, frame + 1)[0]
        if self.volume.volumes is None:
            return np.where(np.isin(stored, self._numbers), stored, 0), None
        number = self.segments[position].number
        parts = np.clip(stored * self.volume.slope + self.volume.intercept, 0, 1)
        labels = np.where(parts > 0, number, 0)
        is_whole = bool(((parts == 0) | (parts == 1)).all())
        return labels, None if is_whole else parts

    @property
    def _numbers(self) -> list[int]:
        return [segment.number for segment in self.segments]

    @property
    def _table(self) -> Pixels:
        return _table_of(self.segments)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DrawnValues:
    """Values on the grid of a source.

    Parameters
    ----------
    volume : Volume
        Stored values, with slope and intercept.
    covered : FrameReader
        Voxels of the source that the result has a value for.
    colour_map : ColourMap
        From `low` to `high`.
    low, high : float
        Real values at the ends of the colour map.
    unit : str
        Of the values.
    fill : float
        Opacity of the colours.
    """

    volume: Volume
    covered: FrameReader
    colour_map: ColourMap
    low: float
    high: float
    unit: str
    fill: float
    segments: tuple[DrawnSegment, ...] = field(default=(), init=False)

    def paint(self, picture: Pixels, index: int) -> frozenset[int]:
        """Draw a slice on a picture, as `DrawnSegments.paint`."""
        levels, shown = self._levels(index)
        if shown.any():
            colours = self.colour_map.table[levels[shown]]
            picture[shown] = mixed(picture[shown], colours, self.fill)
        return frozenset()

    def areas(self, index: int) -> npt.NDArray[np.int64]:
        """Return the number of coloured voxels in a slice."""
        _, shown = self._levels(index)
        return np.array([np.count_nonzero(shown)])

    def _levels(self, index: int) -> tuple[Pixels, Mask]:
        """Return places in the colour map, and the voxels that are drawn."""
        stored = self.volume.slabs.read(index, index + 1)[0]
        real = stored * self.volume.slope + self.volume.intercept
        shown = self.covered.read(index, index + 1)[0].astype(bool) & np.isfinite(real)
        if self.colour_map.is_clear_at_low:
            shown &= real > self.low
        part = np.clip((real - self.low) / (self.high - self.low), 0, 1)
        return np.rint(np.nan_to_num(part) * 255).astype(np.uint8), shown


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ResultOnSource:
    """A source series, and the result that is drawn on it.

    Parameters
    ----------
    source : Layer
        One volume.
    drawing : DrawnSegments or DrawnValues
        The result on the grid of the source.
    """

    source: Layer
    drawing: DrawnSegments | DrawnValues


def place_result(
    source: Layer,
    result: Layer,
    segments: Mapping[int, SegmentDescription],
    style: PictureStyle,
) -> ResultOnSource:
    """Return a result on the grid of its source.

    Parameters
    ----------
    source : Layer
        One volume, grey or in colour.
    result : Layer
        Segments, or a number for each voxel; on voxels of the source.
    segments : mapping of int to SegmentDescription
        By SegmentNumber; empty for values.
    style : PictureStyle
        How it is drawn.

    Raises
    ------
    OptionError
        If the voxels of the result do not coincide with those of the source, or are colours.
    """
    placed = place_overlay(source, result)
    if segments:
        drawing: DrawnSegments | DrawnValues = DrawnSegments(
            volume=placed.volume,
            segments=_drawn(segments),
            fill=_FILL_OF_SEGMENTS if style.fill is None else style.fill,
            outline=style.outline,
        )
        return ResultOnSource(source=source, drawing=drawing)
    everywhere = _ones_like(result.volume)
    covered = place_overlay(source, replace(result, volume=everywhere)).volume.slabs
    low, high = style.value_range or result.window.limits
    drawing = DrawnValues(
        volume=placed.volume,
        covered=covered,
        colour_map=COLOUR_MAPS[style.color_map],
        low=low,
        high=high,
        unit=result.unit,
        fill=_FILL_OF_VALUES if style.fill is None else style.fill,
    )
    return ResultOnSource(source=source, drawing=drawing)


def _ones_like(volume: Volume) -> Volume:
    shape = volume.slabs.shape

    def read(start: int, stop: int) -> npt.NDArray[Any]:
        return np.ones((stop - start, *shape[1:]), np.uint8)

    slabs = FrameReader(shape=shape, dtype=np.dtype(np.uint8), read=read)
    return replace(volume, slabs=slabs)


def _drawn(segments: Mapping[int, SegmentDescription]) -> tuple[DrawnSegment, ...]:
    """Return the segments with the colours that the file recommends."""
    drawn: list[DrawnSegment] = []
    for number, segment in sorted(segments.items()):
        color = segment.color
        if color is None:
            red, green, blue = LABEL_COLOURS[colour_numbers(np.array(number))].tolist()
            color = (red, green, blue)
        drawn.append(DrawnSegment(number=number, name=segment.label, colour=color))
    return tuple(drawn)


def _table_of(segments: Sequence[DrawnSegment]) -> Pixels:
    """Return the colour of each segment number, shape (largest + 1, 3)."""
    table = np.zeros((segments[-1].number + 1, 3), np.uint8)
    for segment in segments:
        table[segment.number] = segment.colour
    return table


def _mixed_by(
    below: Pixels,
    colours: Pixels,
    parts: npt.NDArray[np.float64] | None,
    inside: Mask,
    fill: float,
) -> Pixels:
    """Return colours mixed in, by the part of each voxel if it varies."""
    if parts is None:
        return mixed(below, colours, fill)
    opacity = (parts[inside] * fill)[:, np.newaxis]
    return np.rint(below * (1 - opacity) + colours * opacity).astype(np.uint8)


def _edges(labels: npt.NDArray[Any]) -> Mask:
    """Return the voxels of segments beside another label, or at the border.

    Examples
    --------
    >>> _edges(np.ones((3, 3), np.uint8)).astype(int).tolist()
    [[1, 1, 1], [1, 0, 1], [1, 1, 1]]
    """
    around = np.pad(labels, 1)
    inner = np.ones(labels.shape, bool)
    for row, column in ((0, 1), (2, 1), (1, 0), (1, 2)):
        beside = around[row : row + labels.shape[0], column : column + labels.shape[1]]
        inner &= beside == labels
    return (labels > 0) & ~inner
