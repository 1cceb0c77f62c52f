"""The grid of an array: stated, or the source's.

The user's statements hold. Those of the array hold, unless it lies in another space than the source
series. Unstated parts are taken from a source of the same shape, or demanded. A source without an
image plane gives no place to anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dicomseries.errors import GeometryError
from dicomseries.geometry import Grid
from dicomseries.geometry_statement import UNSTATED, Statement
from dicomseries.iod import Kind
from dicomseries.options import WriteOptions
from dicomseries.slice_planes import SlicePlanes
from dicomseries.sources import (
    Volume,
    WrittenPlanes,
    open_on_planes,
    open_picture,
    open_volume,
    written_planes,
)
from dicomseries.writing.inputs.unstated_lengths import NO_RULER, are_known, completed, lengths_text

if TYPE_CHECKING:
    from dicomseries.derivation import SourceSeries

__all__ = ["opened_alone", "opened_like"]

_ARGUMENTS = ("spacing", "origin", "direction", "affine", "positions")
_UNPLACED_LABELS = (
    "The source has no image plane: the labels have no place and no spacing, and each frame names "
    "its picture."
)
_CUBE = (
    "All axes of the array are equally long: they are taken as slices, rows, columns. Give `axes=` "
    "('xyz' for nibabel's order, 'zyx' if it is this one)."
)
_PUT_ON_SOURCE = (
    "The array states no place in the patient: it has the shape of the source series, and is put "
    "on its grid. Check that its axes run as those of the source do."
)
_TOLERANCE = 1e-3
"""Part of a voxel within which two spacings are equal; float32 and DS differ by less."""


def opened_alone(source: Any, kind: Kind, geometry: Mapping[str, Any]) -> Volume:
    """Return the volume of a series without a source series.

    Parameters
    ----------
    source : array, path or Volume
        As in `write`.
    kind : Kind
        It may or may not require an image plane.
    geometry : mapping
        The arguments of `open_volume`.

    Raises
    ------
    GeometryError
        If nothing states a voxel size, and the kind needs one.
    """
    if not kind.place_optional or kind.name == "Segmentation":
        return open_on_planes(source, **geometry)
    return _noted(_as_clip(open_picture(source, **geometry, may_be_irregular=True), kind))


def _as_clip(volume: Volume, kind: Kind) -> Volume:
    """Return pictures in time without an origin as unplaced.

    Only rows and columns have a spacing.
    """
    statement = volume.grid.statement
    is_clip = kind.holds_clips and (volume.volumes or 1) > 1 and volume.slices == 1
    if not is_clip or not statement.has_place or statement.origin == "stated":
        return volume
    spacing = "missing" if statement.spacing == "default" else statement.spacing
    return _with(volume, Statement(spacing=spacing, origin="missing", direction="missing"))


def _noted(volume: Volume) -> Volume:
    """Return a volume with advice if it has no lengths."""
    statement = volume.grid.statement
    if statement.has_place or statement.has_lengths:
        return volume
    return _with(volume, statement.noting(NO_RULER))


def opened_like(
    source: Any,
    series: SourceSeries,
    options: WriteOptions,
    kind: Kind,
    geometry: Mapping[str, Any],
) -> Volume:
    """Return the volume of a result, with its place.

    Parameters
    ----------
    source : array, path or Volume
        As in `write`.
    series : SourceSeries
        The source series.
    options : WriteOptions
        Whether the result is in the same space.
    kind : Kind
        Of the result.
    geometry : mapping
        The arguments of `open_volume`.

    Raises
    ------
    GeometryError
        If a part of the geometry is missing in array and series, or it is in another space.
    """
    geometry = _completed_positions(series, geometry)
    has_arguments = any(geometry.get(name) is not None for name in _ARGUMENTS)
    if not series.grid.statement.has_place and kind.name == "Segmentation":
        return _labels_of_pictures(source, series, options, geometry, has_arguments=has_arguments)
    if not series.grid.statement.has_place:
        return _beside_picture(source, series, kind, geometry, has_arguments=has_arguments)
    try:
        volume = open_on_planes(source, **geometry)
    except GeometryError as error:
        if error.code != "geometry-missing":
            raise
        return _timed(_on_grid(source, series, kind, geometry), series)
    if options.same_space is False:
        return volume
    placed = _in_space(volume, series, options, kind, geometry)
    return _timed(_with_source_thickness(placed, series), series)


def _with_source_thickness(volume: Volume, series: SourceSeries) -> Volume:
    """Return slices in planes of the series with the thickness of its slices."""
    grid = volume.grid
    if not isinstance(grid, SlicePlanes) or not grid.are_placed:
        return volume
    from dicomseries.derivation import match_planes, thickness_texts  # noqa: PLC0415 - as below

    planes = grid if isinstance(grid, WrittenPlanes) else written_planes(grid)
    if planes.thickness_mm is not None:
        return volume
    in_plane = [index for index in match_planes(series, planes).exact if index is not None]
    if len(in_plane) < grid.shape[0]:
        return volume
    thicknesses = thickness_texts(series, in_plane)
    if not thicknesses:
        return volume
    return replace(volume, grid=planes.with_thickness(thicknesses))


def _completed_positions(series: SourceSeries, geometry: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the arguments; positions get the direction and the pixels of the series."""
    if geometry.get("positions") is None or not series.grid.statement.has_place:
        return geometry
    completed_geometry = dict(geometry)
    if geometry.get("direction") is None:
        completed_geometry["direction"] = series.grid.orientation
    return completed_geometry


def _timed(volume: Volume, series: SourceSeries) -> Volume:
    """Return the volume with times of the series."""
    is_alike = volume.volumes == series.volumes and volume.layers is None
    if series.volumes > 1 and is_alike and volume.times_s is None:
        return replace(volume, times_s=series.times_s)
    return volume


# ----------------------------------------------------------------- a source without a plane
def _beside_picture(
    source: Any,
    series: SourceSeries,
    kind: Kind,
    geometry: Mapping[str, Any],
    *,
    has_arguments: bool,
) -> Volume:
    """Return the volume of a result of pictures.

    The result gets none but the user's.
    """
    if has_arguments:
        volume = open_on_planes(source, **geometry)
        stated = volume.grid.statement
        if not kind.place_optional or stated.origin == "stated":
            return volume
        statement = Statement(spacing="stated", origin="missing", direction="missing")
        return _with(volume, statement)
    if not kind.place_optional:
        return _open_placed(source, series, kind, geometry)
    volume = open_picture(source, **geometry, may_be_irregular=True)
    plain = Grid(shape=volume.grid.shape, spacing_mm=(1.0, 1.0, 1.0), statement=UNSTATED)
    lengths = series.grid.statement
    is_calibrated = lengths.has_lengths and lengths.lengths == "patient"
    if is_calibrated and plain.shape[1:] == series.grid.shape[1:]:
        plain = replace(plain, spacing_mm=series.grid.spacing_mm, statement=lengths)
    statement = plain.statement
    if volume.grid.statement.has_place and volume.grid.statement.spacing != "default":
        statement = statement.noting(
            "The geometry of the array is left out: the source series has no image plane to place "
            "it in. Give `affine=` with `space=` if the array has another place."
        )
    return _timed(replace(volume, grid=plain.stated(statement)), series)


def _labels_of_pictures(
    source: Any,
    series: SourceSeries,
    options: WriteOptions,
    geometry: Mapping[str, Any],
    *,
    has_arguments: bool,
) -> Volume:
    """Return labels for each pixel of the source."""
    volume = open_picture(source, **geometry, may_be_irregular=True)
    stated = volume.grid.statement
    if stated.has_place and stated.origin == "stated":
        return volume
    if has_arguments or options.same_space is False:
        raise _place_of_labels(series)
    count = series.volumes * series.grid.shape[0]
    shape = (volume.time_points * volume.slices, *volume.grid.shape[1:])
    if shape != (count, *series.grid.shape[1:]):
        raise _other_pictures(shape, (count, *series.grid.shape[1:]))
    plain = Grid(
        shape=series.grid.shape,
        spacing_mm=(1.0, 1.0, 1.0),
        statement=UNSTATED.noting(_UNPLACED_LABELS),
    )
    if volume.layers is not None:
        return replace(volume, grid=replace(plain, shape=volume.grid.shape))
    volumes = series.volumes if series.volumes > 1 else None
    return replace(
        volume, grid=plain, volumes=volumes, times_s=series.times_s, repetition_time_s=None
    )


def _open_placed(
    source: Any, series: SourceSeries, kind: Kind, geometry: Mapping[str, Any]
) -> Volume:
    try:
        volume = open_on_planes(source, **geometry)
    except GeometryError as error:
        if error.code != "geometry-missing":
            raise
    else:
        if volume.grid.statement.origin != "default":
            return volume
    remedy = (
        "Write it as `kind='SC'` or 'MultiframeSC', which need none, or pass `affine=` with "
        "`space=` (or `spacing=`, `origin=` and `direction=`)."
    )
    raise GeometryError(
        code="geometry-missing",
        where="source",
        given="neither an array with a place nor a source series with one: "
        f"{series.modality or 'its'} images have no image plane",
        expected=f"a place in space, which {kind.name} needs",
        remedy=remedy,
    )


# -------------------------------------------------------------------- a source with a plane
def _on_grid(array: Any, series: SourceSeries, kind: Kind, geometry: Mapping[str, Any]) -> Volume:
    """Return an array without geometry, on the source's grid."""
    try:
        volume = open_volume(array, **{**geometry, "affine": series.grid.affine(), "space": "LPS"})
    except GeometryError as error:
        raise _other_shape(error.given, series) from None
    if volume.grid.shape != series.grid.shape:
        raise _other_shape(volume.grid.shape, series)
    if not series.is_regular:
        volume = _on_planes(volume, series, kind)
    statement = replace(_lengths_of(series), notes=volume.grid.statement.notes)
    if len(set(volume.grid.shape)) == 1 and geometry.get("axes") is None:
        statement = statement.noting(_CUBE)
    return _with(volume, statement)


def _lengths_of(series: SourceSeries) -> Statement:
    statement = series.grid.statement
    return Statement(spacing=statement.spacing, thickness=statement.thickness)


def _in_space(
    volume: Volume,
    series: SourceSeries,
    options: WriteOptions,
    kind: Kind,
    geometry: Mapping[str, Any],
) -> Volume:
    """Return a volume, its geometry completed from the series."""
    statement = volume.grid.statement
    has_spacing = geometry.get("spacing") is not None and geometry.get("positions") is None
    if has_spacing and not series.is_regular and volume.slices == series.grid.shape[0]:
        raise _uneven(series)
    if statement.is_placed_by_source or isinstance(volume.grid, SlicePlanes):
        if statement.space == "template" and options.same_space is None:
            raise _other_space(statement)
        return volume
    series = completed(series, volume.grid)
    is_known = are_known(series.grid) or statement.spacing != "default"
    if is_known and _is_same(volume.grid, series.grid):
        return volume
    if volume.grid.shape == series.grid.shape and _has_spacing_of(volume.grid, series.grid):
        return _completed(volume, series, kind)
    return _placed_by_user(volume, series)


def _is_same(grid: Grid, other: Grid) -> bool:
    """Return whether two grids have equal numbers."""
    if grid.shape != other.shape:
        return False
    tolerance = _TOLERANCE * min(other.spacing_mm)
    return np.allclose(grid.affine(), other.affine(), rtol=0, atol=tolerance)


def _has_spacing_of(grid: Grid, other: Grid) -> bool:
    if grid.statement.spacing == "default":
        return True
    for length, expected in zip(grid.spacing_mm, other.spacing_mm, strict=True):
        if abs(length - expected) > _TOLERANCE * expected:
            return False
    return True


def _completed(volume: Volume, series: SourceSeries, kind: Kind) -> Volume:
    """Return a volume with the place of the series."""
    if not series.is_regular:
        placed = _on_planes(volume, series, kind)
        return _with(placed, placed.grid.statement.noting(_PUT_ON_SOURCE))
    statement, grid = volume.grid.statement, series.grid
    if statement.origin == "stated":
        grid = replace(grid, origin_lps=volume.grid.origin_lps)
    if statement.direction == "stated":
        grid = replace(grid, direction_lps=volume.grid.direction_lps)
    return replace(volume, grid=grid.stated(_lengths_of(series).noting(_PUT_ON_SOURCE)))


def _on_planes(volume: Volume, series: SourceSeries, kind: Kind) -> Volume:
    """Return a volume on the planes of a source that has no regular grid.

    Labels of a series with whole slices missing get a regular grid, with empty slices in the gaps.

    Raises
    ------
    GeometryError
        If two slices of the source are at one place.
    """
    from dicomseries.derivation import planes_of_source  # noqa: PLC0415 - for a source series only

    planes = planes_of_source(series)
    if planes is None or (kind.name == "Segmentation" and planes.has_repeated_places):
        raise _no_planes(series)
    if kind.name == "Segmentation" and planes.are_parallel and planes.has_one_spacing:
        among_gaps = _beside_gaps(volume, series)
        if among_gaps is not None:
            return among_gaps
    return replace(volume, grid=planes.stated(_lengths_of(series)))


def _beside_gaps(volume: Volume, series: SourceSeries) -> Volume | None:
    """Return labels of a series with gaps, with empty slices in these.

    None if the gaps are no whole slices.
    """
    from dicomseries.sources import padded_frames  # noqa: PLC0415 - for gaps only
    from dicomseries.writing.inputs.even_slices import even_slices  # noqa: PLC0415

    slices = even_slices(series)
    if slices is None:
        return None
    note = (
        f"The source has gaps: {slices.grid.shape[0] - len(slices.places)} of "
        f"{slices.grid.shape[0]} slices have no image there, and no segment here: "
        "readers see them empty between the others, and volumes of segments are too small."
    )
    return replace(
        volume,
        slabs=padded_frames(volume.slabs, slices.places, slices.grid.shape[0]),
        grid=slices.grid.stated(_lengths_of(series).noting(note)),
    )


def _placed_by_user(volume: Volume, series: SourceSeries) -> Volume:
    """Return a volume of another shape, with its place."""
    statement = volume.grid.statement
    is_axial = bool(np.allclose(series.grid.direction_lps, np.eye(3).ravel(), rtol=0, atol=1e-6))
    if statement.origin == "stated" and is_axial:
        return volume
    missing = [name for name in ("origin", "direction") if getattr(statement, name) != "stated"]
    arguments = " and ".join(f"`{name}=`" for name in missing)
    raise GeometryError(
        code="place-missing",
        where="source",
        given=f"an array of (slices, rows, columns) {volume.grid.shape} without a stated "
        f"{' and '.join(missing)}",
        expected="its place in the space of the source series, whose grid is "
        f"{series.grid.shape} with {lengths_text(series.grid)} mm",
        remedy=f"Pass {arguments} of the array (LPS, mm), or `affine=` with `space=`; "
        "`same_space=False` for an array that lies elsewhere.",
    )


def _with(volume: Volume, statement: Statement) -> Volume:
    return replace(volume, grid=volume.grid.stated(statement))


# ----------------------------------------------------------------------------------- errors
def _place_of_labels(series: SourceSeries) -> GeometryError:
    return GeometryError(
        code="geometry-missing",
        where="source",
        given=f"labels without an origin, beside {series.modality or 'other'} images without an "
        "image plane",
        expected="labels of the pixels of these images, without a geometry; or labels with another "
        "place",
        remedy="Leave `spacing=`, `direction=` and `same_space=` out, or pass `affine=` with "
        "`space=`.",
    )


def _other_pictures(shape: tuple[int, ...], expected: tuple[int, ...]) -> GeometryError:
    return GeometryError(
        code="shape-of-another-grid",
        where="source",
        given=f"an array of (pictures, rows, columns) {shape}",
        expected=f"that of the source series, {expected}: its pictures have no place, so pixels "
        "correspond to pixels",
        remedy="Pass labels for every picture in the order of the source, 0 where there is no "
        "segment; undo crops, flips and resampling first.",
    )


def _other_shape(shape: Any, series: SourceSeries) -> GeometryError:
    if not series.is_regular:
        return GeometryError(
            code="shape-of-another-grid",
            where="source",
            given=f"an array of (slices, rows, columns) {shape}",
            expected=f"that of the source series, {series.grid.shape}: its slices lie on planes of "
            "their own, and each needs one slice of the array",
            remedy="Pass a slice for each slice of the source, or the places of these slices as "
            "`positions=`; of an array on another grid `affine=` with `space=`.",
        )
    return GeometryError(
        code="shape-of-another-grid",
        where="source",
        given=f"an array of (slices, rows, columns) {shape}",
        expected=f"that of the source series, {series.grid.shape}, as it states no geometry",
        remedy="Pass the `affine=` of the array with `space=`, or `spacing=` and `origin=`, for a "
        "resampled, cropped or flipped array; `same_space=False` for one that lies elsewhere.",
    )


def _uneven(series: SourceSeries) -> GeometryError:
    return GeometryError(
        code="source-has-gaps",
        where="like",
        given=f"{series.grid.shape[0]} slices that are not evenly spaced, and an array of as many "
        "slices",
        expected="no distance of slices (the third number of `spacing=`), which would misplace "
        "them",
        remedy="Leave the geometry out: the array is then put on the planes of the source, slice "
        "by slice. Of an array that was resampled onto even slices pass `affine=` with `space=`.",
    )


def _no_planes(series: SourceSeries) -> GeometryError:
    return GeometryError(
        code="source-without-planes",
        where="like",
        given=f"{series.grid.shape[0]} slices, two of which are at one place",
        expected="slices at different places",
        remedy="Pass `like=` with the files of one volume, or write the array with its own "
        "`affine=` and `space=`.",
    )


def _other_space(statement: Statement) -> GeometryError:
    return GeometryError(
        code="space-of-template",
        where="source",
        given=f"positions that are not a scanner's ({statement.source})",
        expected="an array in the space of the source series",
        remedy="Resample it into the space of the source first; or pass `same_space=True` if its "
        "positions are the source's all the same, `same_space=False` if it lies in another space.",
    )
