"""Layers of a view: voxels of series, and their display."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.errors import OptionError, ReadError
from dicomseries.geometry import Grid
from dicomseries.geometry_statement import Statement
from dicomseries.lazy_dataclass import dataclass
from dicomseries.orientation import Turn
from dicomseries.reading import Series, SeriesTags, volume_of
from dicomseries.regridding import (
    ExactRelation,
    exact_relation,
    frames_on_grid,
    frames_on_planes,
    slices_in_planes,
)
from dicomseries.slice_planes import SlicePlanes
from dicomseries.sources import Volume, unit_of
from dicomseries.viewing.grey_windows import PRESETS, GreyWindow, header_window, window_of_values
from dicomseries.volume_axes import entries_of

__all__ = ["Layer", "check_regular", "check_shown", "layer_of", "place_overlay"]

_SAMPLED_SLICES = 9
_SAMPLED_SIDE = 256
"""Slices, and rows and columns of each, that are sampled for the range of values."""

_OFF_GRID = 0.01
"""Largest distance of the voxels of an overlay from those below, as a part of a voxel."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Layer:
    """A series for a viewer.

    Parameters
    ----------
    name, kind, unit : str
        Of the series, and of its values.
    volume : Volume
        Stored values if one slope and intercept is valid for all, else real values.
    header : mapping
        Attributes of the first slice or frame.
    window : GreyWindow
        Shown at first: that of the header or of the values.
    values_window : GreyWindow
        Of the values.
    presets : tuple of (str, GreyWindow)
        Others by name.
    labels : mapping of int to str
        Name of each value, if the values are labels.
    axis : str
        Meaning of the volumes: "time", "segment", "volume", or names as "echo × time".
    steps : tuple of str
        Name of each volume.
    is_inverted : bool
        Whether low values are white (MONOCHROME1).
    notes : tuple of str
        What was assumed or left out.
    planes : SlicePlanes or None
        Of irregular slices: the grid of `volume` then has no place, as each is shown by itself.
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
    notes: tuple[str, ...] = ()
    planes: SlicePlanes | None = None

    @property
    def places(self) -> Grid:
        """Grid of the voxels, or planes of irregular slices."""
        return self.volume.grid if self.planes is None else self.planes


def check_regular(path: str, series: Series) -> None:
    """Reject a series that is not a volume.

    Raises
    ------
    ReadError
        With all of its errors.
    """
    errors = [problem.error(path) for problem in series.problems if problem.level == "error"]
    if errors:
        raise ReadError.together(errors)


def check_shown(path: str, series: Series) -> None:
    """Reject a series that is no array of slices; irregular ones are shown one by one.

    Raises
    ------
    ReadError
        With all of its errors.
    """
    if series.planes is None:
        check_regular(path, series)


def layer_of(series: Series) -> Layer:
    """Return the layer of a series with a grid, or of irregular slices.

    A few of its slices are read for the range of values.

    Raises
    ------
    ReadError
        As `volume_of`, and if those slices cannot be read.
    """
    volume = _volume(series)
    header = _header(series)
    is_labels = bool(series.segments) and volume.volumes is None
    is_labels &= header.get("SegmentationType") != "FRACTIONAL"
    values_window = window_of_values(_sampled_values(volume))
    window = header_window(header)
    if window is None or volume.samples > 1:
        window = values_window
    axis, steps = _steps(series, volume)
    return Layer(
        name=series.description or series.kind or series.modality or "Series",
        kind=series.kind or series.modality or "?",
        unit=unit_of(header),
        volume=volume,
        header=header,
        window=window,
        values_window=values_window,
        presets=tuple(PRESETS.get(series.modality, ())),
        labels=dict(series.segments) if is_labels else {},
        axis=axis,
        steps=steps,
        is_inverted=header.get("PhotometricInterpretation") == "MONOCHROME1",
        notes=tuple(_notes(series)),
        planes=series.planes,
    )


def _notes(series: Series) -> Iterator[str]:
    for problem in series.problems:
        yield problem.text
    if series.planes is not None:
        yield (
            f"the slices form no regular grid ({series.planes.summary}): each is shown by itself, "
            "as it is stored, and lengths hold within a slice only"
        )


def _volume(series: Series) -> Volume:
    grid = series.grid
    if series.planes is not None:
        grid = _grid_of_pictures(series.planes)
    if grid is None:  # pragma: no cover - the caller rejects a series without one
        message = f"series {series.series_uid} has no grid"
        raise AssertionError(message)
    try:
        return volume_of(series, grid, is_real=False)
    except ReadError as error:
        if error.code != "rescale-differs":
            raise
        return volume_of(series, grid, is_real=True)


def _grid_of_pictures(planes: SlicePlanes) -> Grid:
    """Return a grid without a place, for slices that are shown one by one."""
    x, y = planes.spacings_mm[0].tolist()
    is_common = len(np.unique(planes.spacings_mm.round(6), axis=0)) == 1
    is_known = is_common and planes.statement.has_lengths
    statement = Statement(
        spacing="stated" if is_known else "missing", origin="missing", direction="missing"
    )
    return Grid(shape=planes.shape, spacing_mm=(x, y, 1.0), statement=statement)


def _header(series: Series) -> Mapping[str, Any]:
    # The first of many slices is enough; frames are numbered through all files.
    instances = series.instances
    if series.frame_set is None:
        instances = instances[:1]
    tags = SeriesTags(instances, series.frame_set)
    header = dict(tags.shared)
    for first in tags.instances[:1]:
        header.update(first)
    return header


def _steps(series: Series, volume: Volume) -> tuple[str, tuple[str, ...]]:
    if volume.volumes is None:
        return "volume", ()
    if series.segments:
        segments = sorted(series.segments.items())
        return "segment", tuple(f"{number} {label}".strip() for number, label in segments)
    names = [axis.name for axis in volume.volume_axes]
    if names in (["time"], ["volume"]):
        return names[0], volume.volume_axes[0].texts
    entries = [" · ".join(entry) for entry in entries_of(volume.volume_axes)]
    if volume.gradients is not None:
        for index, gradient in enumerate(volume.gradients.tolist()):
            if any(gradient):
                entries[index] += f" ({', '.join(f'{part:.2f}' for part in gradient)})"
    return " × ".join(name.replace("_", " ") for name in names), tuple(entries)


def _sampled_values(volume: Volume) -> npt.NDArray[Any]:
    """Return real values of a few slices."""
    frames, rows, columns = volume.slabs.shape[:3]
    indices = np.unique(np.linspace(0, frames - 1, min(frames, _SAMPLED_SLICES)).astype(int))
    down, across = -(-rows // _SAMPLED_SIDE), -(-columns // _SAMPLED_SIDE)
    samples = []
    for index in indices.tolist():
        frame = volume.slabs.read(index, index + 1)[0]
        samples.append(frame[::down, ::across].astype(np.float64))
    return np.stack(samples) * volume.slope + volume.intercept


def place_overlay(base: Layer, overlay: Layer) -> Layer:
    """Return `overlay` on the grid of `base`.

    Its voxels must coincide with those of `base`; its axes may have another order.

    Raises
    ------
    OptionError
        If its voxels do not coincide with those of `base`, or are colours.
    """
    if overlay.volume.samples > 1:
        raise OptionError(
            code="overlay-colour",
            where="overlay",
            given=f"{overlay.name}, a series in colour",
            expected="labels, or a number for each voxel",
            remedy="Choose a segmentation or a grey series.",
        )
    volume, grid = overlay.volume, base.volume.grid
    if base.planes is not None or overlay.planes is not None:
        return _in_planes(base, overlay)
    relation = _relation(volume.grid, grid)
    if relation is None:
        raise OptionError(
            code="overlay-off-grid",
            where="overlay",
            given=_geometry_text(volume.grid),
            expected=f"voxels that coincide with those of {_geometry_text(grid)}",
            remedy="Resample the overlay to the grid of the series first.",
        )
    placed = frames_on_grid(volume, grid, relation, fill=0, dtype=volume.slabs.dtype)
    return replace(overlay, volume=replace(volume, slabs=placed, grid=grid))


def _in_planes(base: Layer, overlay: Layer) -> Layer:
    """Return an overlay of which each slice lies in the plane of one of `base`."""
    slices = None
    if base.places.statement.has_place and overlay.places.statement.has_place:
        slices = slices_in_planes(overlay.places, base.places)
    if slices is None or (slices.lost and not _are_empty(overlay.volume, slices.of_target)):
        raise OptionError(
            code="overlay-off-grid",
            where="overlay",
            given=f"{overlay.name}, of {overlay.volume.slices} slices",
            expected=f"slices in the planes of those of {base.name}, with the same pixels",
            remedy="Choose a result of this series.",
        )
    volume, grid = overlay.volume, base.volume.grid
    placed = frames_on_planes(
        volume, grid.shape, slices.relation, slices.of_target, fill=0, dtype=volume.slabs.dtype
    )
    return replace(overlay, volume=replace(volume, slabs=placed, grid=grid), planes=base.planes)


def _are_empty(volume: Volume, shown: npt.NDArray[np.intp]) -> bool:
    """Return whether all other slices than those shown have no voxel but 0.

    Read alone, a segmentation has slices for places at which its irregular source has none.
    """
    others = np.setdiff1d(np.arange(volume.slices), shown)
    for first in range(0, volume.slabs.shape[0], volume.slices):
        for index in (others + first).tolist():
            if np.any(volume.slabs.read(index, index + 1)):
                return False
    return True


def _relation(overlay: Grid, base: Grid) -> ExactRelation | None:
    """Return the place of an overlay; None if its voxels do not coincide, or lie elsewhere."""
    if not base.statement.has_place:
        if base.shape != overlay.shape or overlay.statement.has_place:
            return None
        return ExactRelation(turn=Turn(), first=(0, 0, 0))
    relation = exact_relation(overlay, base, rounding=_OFF_GRID)
    if relation is None:
        return None
    common = [part.stop - part.start for _, part in relation.ranges(overlay, base)]
    return relation if min(common) > 0 else None


def _geometry_text(grid: Grid) -> str:
    spacing, direction = grid.spacing_mm, grid.direction_lps
    return f"spacing {spacing} mm, origin {grid.origin_lps}, direction {direction}"
