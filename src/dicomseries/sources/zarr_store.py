"""Zarr: folders (``volume.zarr::0``), OME-NGFF images, and open arrays or groups of zarr; the door to zarr.

OME-NGFF: https://ngff.openmicroscopy.org, versions 0.4 (attributes ``multiscales``) and 0.5 (``ome/multiscales``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dicomseries.errors import GeometryError, SourceError
from dicomseries.geometry import Grid
from dicomseries.sources.arrays import SlicedSlabs
from dicomseries.sources.layout import check_dtype, lay_out
from dicomseries.sources.optional import made_by, missing_package
from dicomseries.sources.placement import build_volume, mm_per_unit, unplaced
from dicomseries.sources.request import Location, Request
from dicomseries.sources.volume import Volume

__all__ = ["PACKAGE", "matches", "open_volume"]

PACKAGE: str | None = "zarr"
"""Extra that installs zarr."""

_MARKS = ("zarr.json", ".zarray", ".zgroup")


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


def open_volume(source: Any, request: Request) -> Volume:
    """Return a Zarr array, read shard by shard (chunk by chunk); of an OME-NGFF image its first, full resolution.

    The scale and translation of OME-NGFF become spacing and origin (LPS axes, units of length converted to mm, no unit
    taken as mm), unless the store has the whole affine that this package writes beside them. A plain array has no
    geometry: `request` must hold the spacing.

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
    >>> open_volume(array, Request(spacing=(1, 1, 2))).slabs.depth
    2
    """
    node = _open_folder(source, request.where) if isinstance(source, Location) else source
    if hasattr(node, "shape"):
        return _open_array(node, request, _dimension_names(node), {})
    image = _multiscale(node)
    if image is None or (isinstance(source, Location) and source.member):
        return _open_array(_choose(node, source), request, None, {})
    dataset = image["datasets"][0]
    ngff = {"image": image, "dataset": dataset, **_own(node)}
    return _open_array(node[dataset["path"]], request, _axis_names(image), ngff)


def _open_array(array: Any, request: Request, axes: str | None, ngff: Mapping[str, Any]) -> Volume:
    layout = lay_out(array.shape, request, axes)
    check_dtype(array.dtype, request.where)
    depth = layout.depth(getattr(array, "shards", None) or array.chunks)
    slabs = SlicedSlabs(array, layout, array.dtype, depth)
    found = (lambda: _placed(ngff, request.where)) if ngff else unplaced
    return build_volume(slabs, layout, request, found)


def _open_folder(source: Location, where: str) -> Any:
    try:
        import zarr
    except ImportError as error:
        raise missing_package(extra="zarr", where=where) from error
    try:
        return zarr.open(source.path, mode="r")
    except (OSError, ValueError, KeyError) as error:
        raise SourceError(
            code="file-unreadable",
            where=where,
            given=str(error) or type(error).__name__,
            expected="a folder with a Zarr array or group",
            remedy="Check that the folder is whole: it holds zarr.json, .zarray or .zgroup.",
        ) from error


def _choose(group: Any, source: Any) -> Any:
    """Return the array that is meant."""
    arrays = {str(path): node for path, node in group.members(max_depth=None) if hasattr(node, "shape")}
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
    usable = len(set(names)) == len(array.shape) and set(names) <= set("tzyxc") and {"x", "y"} <= set(names)
    return "".join(names) if usable else None


def _multiscale(group: Any) -> dict[str, Any] | None:
    attributes = dict(group.attrs)
    images = attributes.get("ome", attributes).get("multiscales")
    return images[0] if images else None


def _axis_names(image: Mapping[str, Any]) -> str | None:
    names = "".join(axis["name"] if isinstance(axis, dict) else axis for axis in image.get("axes", ())).lower()
    return names if names and set(names) <= set("tzyxc") else None


def _own(group: Any) -> Mapping[str, Any]:
    """Return what this package wrote into the attributes: OME-NGFF 0.5 has no rotation, `affine_lps` has."""
    own = dict(group.attrs).get("dicomseries", {})
    return own if isinstance(own, Mapping) else {}


def _placed(ngff: Mapping[str, Any], where: str) -> Grid | None:
    if "affine_lps" in ngff:
        return Grid.from_affine((1, 1, 1), ngff["affine_lps"], space="LPS")
    return _grid(ngff["image"], ngff["dataset"], where)


def _grid(image: Mapping[str, Any], dataset: Mapping[str, Any], where: str) -> Grid | None:
    names = _axis_names(image)
    if names is None or not set("xyz") <= set(names):
        return None
    scale, shift = [1.0] * len(names), [0.0] * len(names)
    for transform in (*dataset.get("coordinateTransformations", ()), *image.get("coordinateTransformations", ())):
        factors = transform.get("scale", [1.0] * len(names))
        steps = transform.get("translation", [0.0] * len(names))
        scale = [old * factor for old, factor in zip(scale, factors, strict=True)]
        shift = [old * factor + step for old, factor, step in zip(shift, factors, steps, strict=True)]
    order = [names.index(letter) for letter in "xyz"]
    units = [_factor(image["axes"][i], where) for i in order]
    return Grid.from_spacing(
        (1, 1, 1),
        [scale[i] * unit for i, unit in zip(order, units, strict=True)],
        origin=[shift[i] * unit for i, unit in zip(order, units, strict=True)],
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
            remedy="Pass spacing=, origin= and direction= in mm.",
        )
    return factor
