"""A series → a layer of a picture: its voxels, read when they are asked for, and what shows them right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.errors import OptionError, ReadError
from dicomseries.geometry import Grid
from dicomseries.orientation import turn_onto
from dicomseries.reading import Series, SeriesTags, volume_of
from dicomseries.sources import FrameReader, Volume, turned
from dicomseries.viewing.grey_windows import PRESETS, GreyWindow, header_window, window_of_values

__all__ = ["Layer", "OnGrid", "check_regular", "layer_of", "over"]

_SAMPLED_SLICES = 9
_SAMPLED_SIDE = 256
"""Of how many slices, and of how many rows and columns of each, the range of values is taken."""

_OFF_GRID = 0.01
"""How far the voxels of an overlay may be from those below, as a part of a voxel."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Layer:
    """A series as a viewer needs it.

    Parameters
    ----------
    name, kind, unit : str
        Of the series, and of its values.
    volume : Volume
        Voxels as they are stored where one slope and intercept is theirs, else real values.
    header : mapping
        Attributes of the first slice or frame.
    window : GreyWindow
        What is shown at first: the header's, or that of the values.
    values_window : GreyWindow
        That of the values.
    presets : tuple of (str, GreyWindow)
        Others with a name.
    labels : mapping of int to str
        Name of each value, where the values are labels.
    axis : str
        What the volumes are: "time", "segment" or "volume".
    steps : tuple of str
        What each volume is called.
    is_inverted : bool
        Whether low values are white (MONOCHROME1).
    """

    name: str
    kind: str
    unit: str
    volume: Volume
    header: Mapping[str, Any] = field(repr=False)
    window: GreyWindow
    values_window: GreyWindow
    presets: tuple[tuple[str, GreyWindow], ...]
    labels: Mapping[int, str]
    axis: str
    steps: tuple[str, ...]
    is_inverted: bool


def check_regular(path: str, series: Series) -> None:
    """Refuse a series that is no volume.

    Raises
    ------
    ReadError
        With all that is wrong with it.
    """
    errors = [problem.error(path) for problem in series.problems if problem.level == "error"]
    if errors:
        raise ReadError.together(errors)


def layer_of(series: Series) -> Layer:
    """Return a series that has a grid as a layer; a few of its slices are read for the range of values.

    Raises
    ------
    ReadError
        As `volume_of`, and if those slices cannot be read.
    """
    volume = _volume(series)
    header = _header(series)
    is_labels = bool(series.segments) and header.get("SegmentationType") != "FRACTIONAL"
    by_values = window_of_values(_sampled(volume))
    window = header_window(header)
    axis, steps = _steps(series)
    return Layer(
        name=series.description or series.kind or series.modality or "Series",
        kind=series.kind or series.modality or "?",
        unit=_unit(header),
        volume=volume,
        header=header,
        window=by_values if window is None or volume.samples > 1 else window,
        values_window=by_values,
        presets=tuple(PRESETS.get(series.modality, ())),
        labels=dict(series.segments) if is_labels else {},
        axis=axis,
        steps=steps,
        is_inverted=header.get("PhotometricInterpretation") == "MONOCHROME1",
    )


def _volume(series: Series) -> Volume:
    if series.grid is None:  # pragma: no cover - the caller refuses a series without one
        message = f"series {series.series_uid} has no grid"
        raise AssertionError(message)
    try:
        return volume_of(series, series.grid, is_real=False)
    except ReadError as error:
        if error.code != "rescale-differs":
            raise
        return volume_of(series, series.grid, is_real=True)


def _header(series: Series) -> Mapping[str, Any]:
    # The first of many slices is enough; frames are numbered through all files.
    instances = series.instances[:1] if series.frame_set is None else series.instances
    tags = SeriesTags(instances, series.frame_set)
    first = tags.instances[:1]
    return {**tags.shared, **(first[0] if first else {})}


def _unit(header: Mapping[str, Any]) -> str:
    unit = header.get("Units") or header.get("RescaleType") or ""
    return "" if unit in {"US", "UNSPECIFIED", "NONE"} else str(unit)


def _steps(series: Series) -> tuple[str, tuple[str, ...]]:
    if series.volumes is None:
        return "volume", ()
    if series.segments:
        return "segment", tuple(
            f"{number} {label}".strip() for number, label in sorted(series.segments.items())
        )
    if series.times_s is not None:
        return "time", tuple(f"{time:g} s" for time in series.times_s)
    return "volume", tuple(str(index + 1) for index in range(series.volumes))


def _sampled(volume: Volume) -> npt.NDArray[Any]:
    """Return real values of a few slices."""
    frames, rows, columns = volume.slabs.shape[:3]
    chosen = np.unique(
        np.linspace(0, frames - 1, min(frames, _SAMPLED_SLICES)).astype(int)
    ).tolist()
    each = (
        slice(None, None, -(-rows // _SAMPLED_SIDE)),
        slice(None, None, -(-columns // _SAMPLED_SIDE)),
    )
    parts = [volume.slabs.read(index, index + 1)[0][each].astype(np.float64) for index in chosen]
    return np.stack(parts) * volume.slope + volume.intercept


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OnGrid:
    """The voxels of a part of a grid on the whole of it, 0 outside the part.

    Parameters
    ----------
    volume : Volume
        The part.
    whole : tuple of int
        Slices, rows and columns of the whole.
    first : tuple of int
        Index in the whole of the first voxel of the part; negative where the part begins outside.

    Examples
    --------
    >>> from dicomseries.sources import array_frames
    >>> grid = Grid(shape=(1, 1, 2), spacing_mm=(1, 1, 1))
    >>> part = Volume(slabs=array_frames(np.array([[[7, 8]]])), grid=grid)
    >>> OnGrid(volume=part, whole=(2, 1, 3), first=(1, 0, 1)).read(0, 2).tolist()
    [[[0, 0, 0]], [[0, 7, 8]]]
    """

    volume: Volume
    whole: tuple[int, int, int]
    first: tuple[int, int, int]

    @property
    def shape(self) -> tuple[int, ...]:
        """(frames, rows, columns[, 3])."""
        return (
            (self.volume.volumes or 1) * self.whole[0],
            *self.whole[1:],
            *self.volume.slabs.shape[3:],
        )

    @property
    def dtype(self) -> np.dtype[Any]:
        """That of the part."""
        return self.volume.slabs.dtype

    def reader(self) -> FrameReader:
        """Return a reader of these frames."""
        return FrameReader(shape=self.shape, dtype=self.dtype, read=self.read)

    def read(self, start: int, stop: int) -> npt.NDArray[Any]:
        """Return the frames [start, stop) in a new array."""
        frames = range(*slice(start, stop).indices(self.shape[0]))
        array = np.zeros((len(frames), *self.shape[1:]), self.dtype)
        for target, frame in zip(array, frames, strict=True):
            volume, place = divmod(frame, self.whole[0])
            if 0 <= place - self.first[0] < self.volume.slices:
                self._fill(target, volume * self.volume.slices + place - self.first[0])
        return array

    def _fill(self, target: npt.NDArray[Any], frame: int) -> None:
        found = self.volume.slabs.read(frame, frame + 1)[0]
        there = [
            slice(max(at, 0), max(at + size, 0))
            for at, size in zip(self.first[1:], found.shape, strict=False)
        ]
        part = target[tuple(there)]
        here = [
            slice(max(-at, 0), max(-at, 0) + size)
            for at, size in zip(self.first[1:], part.shape, strict=False)
        ]
        part[...] = found[tuple(here)]


def over(base: Layer, overlay: Layer) -> Layer:
    """Return `overlay` on the grid of `base`, on which its voxels must lie; its axes may have another order.

    Raises
    ------
    OptionError
        If they lie beside or between the voxels of `base`, or are colours.
    """
    if overlay.volume.samples > 1:
        raise OptionError(
            code="overlay-colour",
            where="overlay",
            given=f"{overlay.name}, a series in colour",
            expected="labels, or a number for each voxel",
            remedy="Choose a segmentation or a grey series.",
        )
    below = base.volume.grid
    turn = turn_onto(overlay.volume.grid, below) if below.statement.has_place else None
    if turn is not None:
        overlay = replace(overlay, volume=turned(overlay.volume, turn))
    above = overlay.volume.grid
    first = (
        _first_voxel(below, above) if below.statement.has_place else _same_pictures(below, above)
    )
    if first is None:
        raise OptionError(
            code="overlay-off-grid",
            where="overlay",
            given=f"spacing {above.spacing_mm} mm, origin {above.origin_lps}, direction {above.direction_lps}",
            expected=f"voxels on those of spacing {below.spacing_mm} mm, origin {below.origin_lps}, "
            f"direction {below.direction_lps}",
            remedy="Resample the overlay onto the grid of the series first.",
        )
    volume = overlay.volume
    if (first, above.shape) == ((0, 0, 0), below.shape):
        return overlay
    placed = OnGrid(volume=volume, whole=below.shape, first=first)
    return replace(overlay, volume=replace(volume, slabs=placed.reader(), grid=below))


def _same_pictures(below: Grid, above: Grid) -> tuple[int, int, int] | None:
    """Return the first voxel of as many pictures of one size, which stand nowhere; None of others."""
    is_same = below.shape == above.shape and not above.statement.has_place
    return (0, 0, 0) if is_same else None


def _first_voxel(below: Grid, above: Grid) -> tuple[int, int, int] | None:
    """Return the index in one grid of the first voxel of another; None if the voxels do not coincide or never meet."""
    matrix = np.linalg.solve(below.affine(), above.affine())
    corner = np.array([above.shape[2], above.shape[1], above.shape[0]]) - 1.0
    whole = np.rint(matrix[:3, 3])
    # A small difference of direction or spacing counts by what it makes of the farthest voxel.
    off = np.abs(matrix[:3, :3] - np.eye(3)) @ corner + np.abs(matrix[:3, 3] - whole)
    first = tuple(int(index) for index in whole[::-1])
    meets = all(
        -size < at < length
        for at, size, length in zip(first, above.shape, below.shape, strict=True)
    )
    return (first[0], first[1], first[2]) if off.max() <= _OFF_GRID and meets else None
