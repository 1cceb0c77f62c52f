"""Zarr: folders (``volume.zarr::0``), OME-NGFF images, and open arrays or groups of zarr; the door to zarr.

OME-NGFF: https://ngff.openmicroscopy.org, versions 0.4 (attributes ``multiscales``) and 0.5 (``ome/multiscales``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.errors import GeometryError, SourceError, missing_package
from dicomseries.geometry import Grid
from dicomseries.geometry_statement import Statement
from dicomseries.sources.arguments.axes_argument import array_axes, check_dtype
from dicomseries.sources.arguments.grid_arguments import no_grid
from dicomseries.sources.arguments.length_units import mm_per_unit
from dicomseries.sources.arguments.source_arguments import Location, SourceArguments
from dicomseries.sources.arguments.stated_geometry import lengths_only, without_unit
from dicomseries.sources.arguments.volume_times import no_times, step_times
from dicomseries.sources.build_volume import build_volume
from dicomseries.sources.formats.array_like import check_stored, chunks_of
from dicomseries.sources.frames.sliced_frames import sliced_frames
from dicomseries.sources.optional_packages import guarded, made_by
from dicomseries.sources.volume import Volume
from dicomseries.stores import hidden, masked

__all__ = ["PACKAGE", "matches", "open_url", "open_volume"]

PACKAGE: str | None = "zarr"
"""Extra that installs zarr."""

_MARKS = ("zarr.json", ".zarray", ".zgroup")
_MEND = (
    "Fix the attribute multiscales, or name the array itself, e.g. volume.zarr::0, with `spacing=`."
)


def matches(source: object) -> bool:
    """Return whether `source` is the location of a Zarr folder, or an array or group of zarr.

    Examples
    --------
    >>> from pathlib import Path
    >>> matches(Location(Path("a.zarr"))), matches(Location(Path("a.mha")))
    (True, False)
    """
    if isinstance(source, Location):
        return source.has_suffix(".zarr") or any((source.path / mark).is_file() for mark in _MARKS)
    return made_by(source, "zarr")


def open_volume(source: Any, arguments: SourceArguments) -> Volume:
    """Return a Zarr array, read shard by shard (chunk by chunk); of an OME-NGFF image its first, full resolution.

    The scale and translation of OME-NGFF become spacing and origin (LPS axes, units of length converted to mm, no unit
    taken as mm), unless the store has the whole affine that this package writes beside them; the scale of axis t and
    its unit become the times. A plain array has no geometry: `arguments` must hold the spacing.

    Raises
    ------
    MissingPackageError
        If zarr is not installed.
    SourceError
        If there is no Zarr array, or it is not named clearly (the error lists them).
    OptionError, GeometryError
        As for an array; also for a unit that is no length.

    Examples
    --------
    >>> import zarr
    >>> array = zarr.create_array({}, shape=(8, 4, 5), chunks=(2, 4, 5), dtype="int16")
    >>> open_volume(array, SourceArguments(spacing=(1, 1, 2))).slabs.depth
    2
    """
    node = _open_folder(source, arguments.where) if isinstance(source, Location) else source
    if hasattr(node, "shape"):
        return _open_array(node, arguments, _dimension_names(node), {})
    image = _multiscale(node)
    if image is None or (isinstance(source, Location) and source.member):
        return _open_array(_choose(node, source), arguments, None, {})
    with guarded(arguments.where, "an OME-NGFF image as its specification has it", _MEND):
        dataset = image["datasets"][0]
        array, axes = node[dataset["path"]], _axis_names(image)
    return _open_array(array, arguments, axes, {"image": image, "dataset": dataset, **_own(node)})


def _open_array(
    array: Any, arguments: SourceArguments, letters: str | None, ngff: Mapping[str, Any]
) -> Volume:
    axes = array_axes(array.shape, arguments, letters)
    check_dtype(array.dtype, arguments.where)
    chunks = chunks_of(array, axes, array.dtype.itemsize)
    check_stored(lambda: _stored_bytes(array), chunks, arguments.where)
    frames = sliced_frames(array, axes, array.dtype, chunks, arguments.where)
    found = (lambda: _placed(ngff, arguments.where)) if ngff else no_grid
    times = partial(_times, ngff, axes.letters, arguments.where) if ngff else no_times
    return build_volume(frames, axes, arguments, found, source_times=times)


def _stored_bytes(array: Any) -> int:
    """Return the bytes of the chunks that a store has, a property of zarr 2 and a method of zarr 3."""
    stored = array.nbytes_stored
    return int(stored() if callable(stored) else stored)


def _open_folder(source: Location, where: str) -> Any:
    try:
        import zarr
    except ImportError as error:
        raise missing_package(extra="zarr", where=where) from error
    remedy = "Check that the folder is whole: it holds zarr.json, .zarray or .zgroup."
    with guarded(where, "a folder with a Zarr array or group", remedy):
        return zarr.open(source.path, mode="r")


def open_url(url: str, member: str, options: Mapping[str, Any] | None) -> Any:
    """Return the array or group at a URL, or the member of it that is named; chunks are read when they are needed.

    Raises
    ------
    MissingPackageError
        If zarr is not installed.
    SourceError
        If there is no Zarr array or group.
    """
    where = masked(url)
    try:
        import zarr
    except ImportError as error:
        raise missing_package(extra="zarr", where=where) from error
    with (
        hidden(url, options),
        guarded(where, "a Zarr array or group", "Check the URL and the credentials."),
    ):
        node: Any = zarr.open(url, mode="r", storage_options=dict(options) if options else None)
        return node[member] if member else node


def _choose(group: Any, source: Any) -> Any:
    """Return the array that is meant."""
    arrays = {
        str(path): node for path, node in group.members(max_depth=None) if hasattr(node, "shape")
    }
    member = source.member.strip("/") if isinstance(source, Location) and source.member else None
    if member in arrays:
        return arrays[member]
    if member is None and len(arrays) == 1:
        return next(iter(arrays.values()))
    place = source.path if isinstance(source, Location) else "group"
    raise SourceError(
        code="dataset-unclear",
        where=str(source) if isinstance(source, Location) else "zarr group",
        given=f"the arrays {', '.join(sorted(arrays)) or '(none)'}",
        expected="one array" if member is None else f"an array named {member}",
        remedy=f"Name the one you mean, e.g. {place}::{min(arrays, default='0')}, or pass the array itself.",
    )


def _dimension_names(array: Any) -> str | None:
    """Return the names that Zarr 3 may give to dimensions, if they are all ours."""
    names = [str(name).lower() for name in getattr(array.metadata, "dimension_names", None) or ()]
    usable = (
        len(set(names)) == len(array.shape)
        and set(names) <= set("tzyxc")
        and {"x", "y"} <= set(names)
    )
    return "".join(names) if usable else None


def _multiscale(group: Any) -> Mapping[str, Any] | None:
    attributes = dict(group.attrs)
    ome = attributes.get("ome", attributes)
    images = ome.get("multiscales") if isinstance(ome, Mapping) else None
    return (
        images[0]
        if isinstance(images, Sequence) and images and isinstance(images[0], Mapping)
        else None
    )


def _axis_names(image: Mapping[str, Any]) -> str | None:
    names = "".join(
        axis["name"] if isinstance(axis, dict) else axis for axis in image.get("axes") or ()
    ).lower()
    return names if names and set(names) <= set("tzyxc") else None


def _own(group: Any) -> Mapping[str, Any]:
    """Return what this package wrote into the attributes: OME-NGFF 0.5 has no rotation, `affine_lps` has."""
    own = dict(group.attrs).get("dicomseries", {})
    return own if isinstance(own, Mapping) else {}


def _placed(ngff: Mapping[str, Any], where: str) -> Grid | None:
    if "affine_lps" in ngff and ngff["affine_lps"] is None:
        return (
            None  # of pictures without a geometry: the scale is there because OME-NGFF demands one
        )
    if "affine_lps" in ngff:
        return Grid.from_affine((1, 1, 1), ngff["affine_lps"], space="LPS")
    with guarded(where, "OME-NGFF transformations as its specification has them", _MEND):
        return _grid(ngff["image"], ngff["dataset"], where)


def _grid(image: Mapping[str, Any], dataset: Mapping[str, Any], where: str) -> Grid | None:
    names = _axis_names(image)
    if names is None or not set("xyz") <= set(names):
        return None
    scale, shift = _scaling(image, dataset, len(names), where)
    order = [names.index(letter) for letter in "xyz"]
    units = [_factor(image["axes"][i], where) for i in order]
    return Grid.from_spacing(
        (1, 1, 1),
        [scale[i] * unit for i, unit in zip(order, units, strict=True)],
        origin=[shift[i] * unit for i, unit in zip(order, units, strict=True)],
    ).stated(_statement([image["axes"][i] for i in order]))


def _statement(axes: Sequence[Any]) -> Statement:
    """Return what OME-NGFF states: lengths, and no directions of a patient; without units, even those are assumed."""
    has_units = all(isinstance(axis, dict) and axis.get("unit") for axis in axes)
    statement = lengths_only("OME-NGFF metadata")
    return (
        statement if has_units else statement.noting(without_unit("The axes of the OME-NGFF image"))
    )


def _times(ngff: Mapping[str, Any], axes: str, where: str, volumes: int) -> npt.ArrayLike | None:
    """Return the times that this package wrote, or even steps of the scale of axis t."""
    if "times_s" in ngff:
        return np.asarray(ngff["times_s"], dtype=np.float64)
    place = axes.index("t")
    with guarded(where, "OME-NGFF transformations as its specification has them", _MEND):
        axis = ngff["image"]["axes"][place]
        step = _scaling(ngff["image"], ngff["dataset"], len(axes), where)[0][place]
    unit = axis.get("unit") if isinstance(axis, dict) else None
    return step_times(step, unit, volumes, where=f"{where}, axis t")


def _scaling(
    image: Mapping[str, Any], dataset: Mapping[str, Any], count: int, where: str
) -> tuple[list[float], list[float]]:
    """Return the scale and the translation of each axis, those of the dataset first and of the image then."""
    scale, shift = [1.0] * count, [0.0] * count
    for transform in (
        *dataset.get("coordinateTransformations", ()),
        *image.get("coordinateTransformations", ()),
    ):
        _refuse_transformation(transform, where)
        factors = transform.get("scale", [1.0] * count)
        steps = transform.get("translation", [0.0] * count)
        scale = [old * factor for old, factor in zip(scale, factors, strict=True)]
        shift = [
            old * factor + step for old, factor, step in zip(shift, factors, steps, strict=True)
        ]
    return scale, shift


def _refuse_transformation(transform: Mapping[str, Any], where: str) -> None:
    """Refuse what is more than a scale and a translation said in numbers: a rotation that is dropped moves voxels."""
    kind = transform.get("type")
    if kind == "identity" or (kind in {"scale", "translation"} and kind in transform):
        return
    raise GeometryError(
        code="transformation-unknown",
        where=where,
        given=f"a coordinate transformation {dict(transform)}",
        expected="scale, translation or identity, with its numbers",
        remedy="Pass `affine=` and `space=` with the whole transformation in mm.",
    )


def _factor(axis: Any, where: str) -> float:
    unit = axis.get("unit") if isinstance(axis, dict) else None
    factor = mm_per_unit(unit)
    if factor is None:
        raise GeometryError(
            code="unit-unknown",
            where=where,
            given=f"axis {axis['name']} in {unit}",
            expected="a unit of length, e.g. millimeter",
            remedy="Pass `spacing=`, `origin=` and `direction=` in mm.",
        )
    return factor
