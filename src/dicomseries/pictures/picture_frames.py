"""Frames of a picture: source, result and legend, slice by slice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.errors import OptionError
from dicomseries.lazy_dataclass import dataclass
from dicomseries.pictures.drawn_result import DrawnSegments, DrawnValues, ResultOnSource
from dicomseries.pictures.legend_panel import LegendPanel, legend_panel
from dicomseries.pictures.picture_style import PictureStyle
from dicomseries.reading import grid_of_slices
from dicomseries.sources import FrameReader, Volume, unit_of
from dicomseries.viewing import GreyWindow, Layer, header_window, letters_of

__all__ = ["Picture", "picture_volume", "window_of"]

Pixels = npt.NDArray[np.uint8]

_TITLES = {DrawnSegments: "Segmentation", DrawnValues: "Values"}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Picture:
    """The pictures of some slices, and what to tell the user.

    Parameters
    ----------
    volume : Volume
        Colours, shape (slices, rows, columns, 3). The first rows and columns are those of the
        source; a legend is in extra ones on the right, and below them only if it is higher.
    window : GreyWindow
        Of the source.
    advice : tuple of str
        Sentences for the user.
    """

    volume: Volume
    window: GreyWindow
    advice: tuple[str, ...]


def picture_volume(result: ResultOnSource, style: PictureStyle, slices: range) -> Picture:
    """Return pictures of slices, drawn when they are read.

    Parameters
    ----------
    result : ResultOnSource
        The result on its source.
    style : PictureStyle
        How it is drawn.
    slices : range
        Slices of the source.

    Raises
    ------
    OptionError
        If there is no such window.
    """
    source = result.source
    window = window_of(style, source.presets) or source.window
    rows, columns = source.volume.grid.shape[1:]
    panel = None
    advice: list[str] = []
    if style.legend:
        panel = _panel(result, style, window, rows)
        rows, columns = max(rows, len(panel.faint)), columns + panel.faint.shape[1]
        advice += _advice_of_legend(panel)
    if style.window is None and source.volume.samples == 1 and header_window(source.header) is None:
        advice.append(
            "The source states no window: its values from percentile 0.5 to 99.5 of some slices "
            f"are shown, centre {window.centre:.6g} and width {window.width:.6g}. `window=` can "
            "give another."
        )
    frames = _PictureFrames(
        grey=_GreyLevels.of(source, window),
        drawing=result.drawing,
        panel=panel,
        slices=slices,
        size=(rows, columns),
    )
    grid = grid_of_slices(source.volume.grid, slices)
    volume = Volume(
        slabs=FrameReader(
            shape=(len(slices), rows, columns, 3), dtype=np.dtype(np.uint8), read=frames.read
        ),
        grid=replace(grid, shape=(len(slices), rows, columns), texts=None),
    )
    return Picture(volume=volume, window=window, advice=tuple(advice))


def window_of(style: PictureStyle, presets: Sequence[tuple[str, GreyWindow]]) -> GreyWindow | None:
    """Return the stated window of a picture; None for that of the source.

    Parameters
    ----------
    style : PictureStyle
        It states numbers or a name.
    presets : sequence of (str, GreyWindow)
        Windows of the modality, by name.

    Raises
    ------
    OptionError
        If the modality has no window of that name.
    """
    if style.window is None:
        return None
    if not isinstance(style.window, str):
        centre, width = style.window
        return GreyWindow(centre=centre, width=width)
    named = {name.casefold(): window for name, window in presets}
    if style.window.casefold() in named:
        return named[style.window.casefold()]
    names = ", ".join(repr(name) for name, _ in presets)
    raise OptionError(
        code="window-of-picture",
        where="window",
        given=repr(style.window),
        expected=f"one of {names}" if names else "centre and width: the modality has no names",
        remedy="Pass such as `window=(40, 400)`.",
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _PictureFrames:
    """Draws pictures."""

    grey: _GreyLevels
    drawing: DrawnSegments | DrawnValues
    panel: LegendPanel | None
    slices: range
    size: tuple[int, int]

    def read(self, start: int, stop: int) -> Pixels:
        """Return the pictures [start, stop), one slice in memory at a time."""
        pictures = np.zeros((stop - start, *self.size, 3), np.uint8)
        rows, columns = self.grey.shape
        for canvas, index in zip(pictures, self.slices[start:stop], strict=True):
            picture = canvas[:rows, :columns]
            picture[...] = self.grey.read(index)
            present = self.drawing.paint(picture, index)
            if self.panel is not None:
                self.panel.stamp(canvas[:, columns:], present)
        return pictures


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _GreyLevels:
    """Grey levels, or the colours, of a source.

    Parameters
    ----------
    source : Layer
        The source.
    window : GreyWindow
        Of its real values.
    table : ndarray, optional
        Grey level of each stored value, of integers of at most 16 bits.
    """

    source: Layer
    window: GreyWindow
    table: Pixels | None

    @classmethod
    def of(cls, source: Layer, window: GreyWindow) -> _GreyLevels:
        dtype = source.volume.slabs.dtype
        if dtype.kind not in "iu" or dtype.itemsize > 2 or source.volume.samples > 1:
            return cls(source=source, window=window, table=None)
        limits = np.iinfo(dtype)
        stored = np.arange(limits.min, limits.max + 1)
        return cls(source=source, window=window, table=_levels(source, window, stored))

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        _, rows, columns = self.source.volume.grid.shape
        return rows, columns

    def read(self, index: int) -> Pixels:
        """Return a slice, shape (rows, columns, 1 or 3)."""
        stored = self.source.volume.slabs.read(index, index + 1)[0]
        if self.source.volume.samples > 1:
            colours: Pixels = (stored >> 8 * (stored.dtype.itemsize - 1)).astype(np.uint8)
            return colours
        if self.table is None:
            return _levels(self.source, self.window, stored)[..., np.newaxis]
        first = np.iinfo(stored.dtype).min
        levels: Pixels = self.table[stored.astype(np.int32) - first]
        return levels[..., np.newaxis]


def _levels(source: Layer, window: GreyWindow, stored: npt.NDArray[Any]) -> Pixels:
    real = stored * source.volume.slope + source.volume.intercept
    return window.levels(real, is_inverted=source.is_inverted)


def _panel(
    result: ResultOnSource, style: PictureStyle, window: GreyWindow, rows: int
) -> LegendPanel:
    source, grid = result.source, result.source.volume.grid
    letters = None
    if grid.statement.has_place:
        right, down = map(np.array, grid.axes[:2])
        letters = (letters_of(-right), letters_of(right), letters_of(-down), letters_of(down))
    notes: list[str] = []
    if source.volume.samples == 1:
        unit = unit_of(source.header)
        notes.append(f"Window {window.centre:.6g} / {window.width:.6g} {unit}".rstrip())
    return legend_panel(
        result.drawing,
        rows=rows,
        title=style.title or _TITLES[type(result.drawing)],
        letters=letters,
        notes=notes,
    )


def _advice_of_legend(panel: LegendPanel) -> list[str]:
    if not panel.replaced:
        return []
    names = ", ".join(panel.replaced)
    return [f"The font of the legend lacks characters of these names, and shows ?: {names}."]
