"""Zarr folders (``volume.zarr::0``), OME-NGFF images, objects of zarr.

The only module that imports `zarr` here. OME-NGFF: https://ngff.openmicroscopy.org, versions 0.4
(attributes ``multiscales``) and 0.5 (``ome/multiscales``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.errors import GeometryError, SourceError, missing_package
from dicomseries.geometry import Grid
from dicomseries.lazy_dataclass import dataclass
from dicomseries.sources.arguments.axes_argument import array_axes, check_dtype
from dicomseries.sources.arguments.length_units import mm_per_unit
from dicomseries.sources.arguments.source_arguments import Location, SourceArguments
from dicomseries.sources.arguments.stated_geometry import lengths_only, without_unit
from dicomseries.sources.arguments.volume_times import step_times
from dicomseries.sources.build_volume import build_volume
from dicomseries.sources.formats.array_like import check_stored, chunks_of
from dicomseries.sources.frames.sliced_frames import sliced_frames
from dicomseries.sources.optional_packages import guarded, made_by
from dicomseries.sources.volume import Volume
from dicomseries.sources.written_volumes import with_written_volumes
from dicomseries.stores import hidden, masked

__all__ = ["PACKAGE", "matches", "open_url", "open_volume"]

PACKAGE: str | None = "zarr"
"""Extra that installs zarr."""

_MARKS = ("zarr.json", ".zarray", ".zgroup")
_FIX = (
    "Fix the attribute multiscales, or name the array itself, e.g. volume.zarr::0, with `spacing=`."
)


def matches(source: object) -> bool:
    """Return whether `source` is a Zarr folder or zarr object.

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
    """Return a Zarr array, or an OME-NGFF image's full resolution.

    The scale and translation of OME-NGFF become spacing and origin (LPS axes, units of length
    converted to mm, no unit taken as mm), unless the store has the whole affine that this package
    writes beside them; the scale of axis t and its unit become the times. A plain array has no
    geometry: `arguments` must hold the spacing.

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
    where = arguments.where
    node = source
    if isinstance(source, Location):
        node = _open_folder(source, where)
    if hasattr(node, "shape"):
        return _open_array(node, arguments, _Metadata(where, _dimension_names(node)))
    image = _multiscale(node)
    if image is None or (isinstance(source, Location) and source.member):
        return _open_array(_choose(node, source), arguments, _Metadata(where))
    with guarded(where, "an OME-NGFF image as its specification has it", _FIX):
        dataset = image["datasets"][0]
        array, letters = node[dataset["path"]], _letters(image)
    written = dict(node.attrs).get("dicomseries")
    if not isinstance(written, Mapping):
        written = {}
    return _open_array(array, arguments, _Metadata(where, letters, image, dataset, written))


@dataclass(frozen=True, slots=True)
class _Metadata:
    """The attributes of an array.

    Parameters
    ----------
    where : str
        The store, for messages.
    letters : str, optional
        Of its axes.
    image, dataset : mapping
        Of OME-NGFF; empty for a plain array.
    written : mapping
        Attributes that this package writes: OME-NGFF 0.5 has no rotation, ``affine_lps`` has.
    """

    where: str
    letters: str | None = None
    image: Mapping[str, Any] = field(default_factory=dict)
    dataset: Mapping[str, Any] = field(default_factory=dict)
    written: Mapping[str, Any] = field(default_factory=dict)

    def grid(self) -> Grid | None:
        if "affine_lps" in self.written:
            # None of pictures without a geometry, whose scale is there because OME-NGFF demands
            # one.
            affine = self.written["affine_lps"]
            if affine is None:
                return None
            return Grid.from_affine((1, 1, 1), affine, space="LPS")
        if self.letters is None or not set("xyz") <= set(self.letters) or not self.image:
            return None
        with guarded(self.where, "OME-NGFF transformations as its specification has them", _FIX):
            scale, shift = self._scaling()
            axes, spacing, origin = [], [], []
            for letter in "xyz":
                index = self.letters.index(letter)
                axis = self.image["axes"][index]
                factor = self._mm_per_unit(axis)
                axes.append(axis)
                spacing.append(scale[index] * factor)
                origin.append(shift[index] * factor)
            grid = Grid.from_spacing((1, 1, 1), spacing, origin=origin)
        # OME-NGFF states lengths, and no directions of a patient.
        statement = lengths_only("OME-NGFF metadata")
        if not all(map(_unit, axes)):
            statement = statement.noting(without_unit("The axes of the OME-NGFF image"))
        return grid.stated(statement)

    def times(self, letters: str, volumes: int) -> npt.ArrayLike | None:
        """Return the written times, or steps of axis t."""
        if "times_s" in self.written:
            return np.asarray(self.written["times_s"], dtype=np.float64)
        if not self.image:
            return None
        index = letters.index("t")
        with guarded(self.where, "OME-NGFF transformations as its specification has them", _FIX):
            unit = _unit(self.image["axes"][index])
            step = self._scaling()[0][index]
        return step_times(step, unit, volumes, where=f"{self.where}, axis t")

    def _scaling(self) -> tuple[list[float], list[float]]:
        """Return scale and translation, of dataset and image."""
        count = len(self.image["axes"])
        scale, shift = [1.0] * count, [0.0] * count
        for owner in (self.dataset, self.image):
            for transform in owner.get("coordinateTransformations", ()):
                self._check_transformation(transform)
                factors = transform.get("scale", [1.0] * count)
                steps = transform.get("translation", [0.0] * count)
                for index, (factor, step) in enumerate(zip(factors, steps, strict=True)):
                    scale[index] *= factor
                    shift[index] = shift[index] * factor + step
        return scale, shift

    def _check_transformation(self, transform: Mapping[str, Any]) -> None:
        """Reject a transformation other than scale and translation.

        A rotation that is dropped moves voxels.
        """
        kind = transform.get("type")
        if kind == "identity" or (kind in {"scale", "translation"} and kind in transform):
            return
        raise GeometryError(
            code="transformation-unknown",
            where=self.where,
            given=f"a coordinate transformation {dict(transform)}",
            expected="scale, translation or identity, with its numbers",
            remedy="Pass `affine=` and `space=` with the whole transformation in mm.",
        )

    def _mm_per_unit(self, axis: Any) -> float:
        factor = mm_per_unit(_unit(axis))
        if factor is not None:
            return factor
        raise GeometryError(
            code="unit-unknown",
            where=self.where,
            given=f"axis {axis['name']} in {_unit(axis)}",
            expected="a unit of length, e.g. millimeter",
            remedy="Pass `spacing=`, `origin=` and `direction=` in mm.",
        )


def _open_array(array: Any, arguments: SourceArguments, metadata: _Metadata) -> Volume:
    where = arguments.where
    axes = array_axes(array.shape, arguments, metadata.letters)
    check_dtype(array.dtype, where)
    chunks = chunks_of(array, axes, array.dtype.itemsize)
    check_stored(partial(_stored_bytes, array), chunks, where)
    frames = sliced_frames(array, axes, array.dtype, chunks, where)
    times = partial(metadata.times, axes.letters)
    volume = build_volume(frames, axes, arguments, metadata.grid, source_times=times)
    return with_written_volumes(volume, metadata.written, arguments)


def _stored_bytes(array: Any) -> int:
    """Return the stored bytes: property in zarr 2, method in 3."""
    stored = array.nbytes_stored
    if callable(stored):
        stored = stored()
    return int(stored)


def _open_folder(source: Location, where: str) -> Any:
    try:
        import zarr
    except ImportError as error:
        raise missing_package(extra="zarr", where=where) from error
    remedy = "Check that the folder is complete: it holds zarr.json, .zarray or .zgroup."
    with guarded(where, "a folder with a Zarr array or group", remedy):
        return zarr.open(source.path, mode="r")


def open_url(url: str, member: str, options: Mapping[str, Any] | None) -> Any:
    """Return the array, group or named member at a URL.

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
    remedy = "Check the URL and the credentials."
    with hidden(url, options), guarded(where, "a Zarr array or group", remedy):
        node: Any = zarr.open(url, mode="r", storage_options=dict(options or {}) or None)
        if member:
            node = node[member]
        return node


def _choose(group: Any, source: Any) -> Any:
    """Return the array that is meant."""
    arrays = {}
    for path, node in group.members(max_depth=None):
        if hasattr(node, "shape"):
            arrays[str(path)] = node
    place, where, member = "group", "zarr group", ""
    if isinstance(source, Location):
        place, where, member = str(source.path), str(source), (source.member or "").strip("/")
    if not member and len(arrays) == 1:
        return next(iter(arrays.values()))
    if member in arrays:
        return arrays[member]
    expected = "one array"
    if member:
        expected = f"an array named {member}"
    raise SourceError(
        code="dataset-unclear",
        where=where,
        given=f"the arrays {', '.join(sorted(arrays)) or '(none)'}",
        expected=expected,
        remedy=f"Name the one you mean, e.g. {place}::{min(arrays, default='0')}, or pass the "
        "array itself.",
    )


def _dimension_names(array: Any) -> str | None:
    """Return Zarr 3's dimension names if they are axes."""
    names = [str(name).lower() for name in getattr(array.metadata, "dimension_names", None) or ()]
    is_complete = len(set(names)) == len(array.shape) and {"x", "y"} <= set(names)
    if is_complete and set(names) <= set("tzyxc"):
        return "".join(names)
    return None


def _multiscale(group: Any) -> Mapping[str, Any] | None:
    attributes = dict(group.attrs)
    ome = attributes.get("ome", attributes)
    if not isinstance(ome, Mapping):
        return None
    images = ome.get("multiscales")
    if isinstance(images, Sequence) and images and isinstance(images[0], Mapping):
        return images[0]
    return None


def _letters(image: Mapping[str, Any]) -> str | None:
    axes = image.get("axes") or ()
    names = "".join(axis["name"] if isinstance(axis, dict) else axis for axis in axes).lower()
    return names if names and set(names) <= set("tzyxc") else None


def _unit(axis: Any) -> Any:
    return axis.get("unit") if isinstance(axis, dict) else None
