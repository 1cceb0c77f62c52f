"""Images of MR reconstruction software: ISMRMRD (MRD) files.

The only module that knows the headers of ISMRMRD 1. An HDF5 file holds groups of images, each with
the datasets ``header``, ``data`` and ``attributes``, beside the raw data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import numpy.typing as npt

from dicomseries.errors import DicomSeriesError, GeometryError, SourceError
from dicomseries.geometry import Grid
from dicomseries.geometry_statement import Statement
from dicomseries.lazy_dataclass import dataclass
from dicomseries.sources.arguments.axes_argument import array_axes, check_dtype
from dicomseries.sources.arguments.source_arguments import Location, SourceArguments
from dicomseries.sources.arguments.stated_geometry import lengths_only
from dicomseries.sources.build_volume import build_volume
from dicomseries.sources.formats.hdf5 import open_hdf5
from dicomseries.sources.frames.frame_reader import FrameReader
from dicomseries.sources.optional_packages import guarded
from dicomseries.sources.volume import Volume

__all__ = ["PACKAGE", "matches", "open_volume"]

PACKAGE: str | None = "hdf5"
"""Extra that installs h5py."""

_EXPECTED = "an ISMRMRD file with images"
_MEMBERS = {"header", "data", "attributes"}
_COUNTERS = ("image_series_index", "set", "contrast", "phase", "repetition", "average")
"""Fields that tell volumes apart, the slowest first."""
_FIELDS = {*_COUNTERS, "field_of_view", "position", "read_dir", "phase_dir", "slice_dir"}
_EVEN = 1e-3
"""Largest departure from an even step, as a part of it; positions are float32."""
_NOTE = (
    "The position of an ISMRMRD image is taken as that of voxel (columns // 2, rows // 2), the "
    "centre of its Fourier transform. Its time stamps have no defined unit and are left out."
)
_ATTRIBUTES = {
    "sequenceParameters/TR": "0018|0080",
    "sequenceParameters/TE": "0018|0081",
    "sequenceParameters/TI": "0018|0082",
    "sequenceParameters/flipAngle_deg": "0018|1314",
    "acquisitionSystemInformation/systemFieldStrength_T": "0018|0087",
    "acquisitionSystemInformation/systemVendor": "0008|0070",
    "subjectInformation/patientID": "0010|0020",
    "subjectInformation/patientName": "0010|0010",
    "measurementInformation/protocolName": "0018|1030",
    "measurementInformation/seriesDescription": "0008|103e",
}
"""Element of the XML header -> tag of the DICOM attribute, in the same unit."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _ImageOrder:
    """Images of a group in the order of the frames.

    Parameters
    ----------
    images : ndarray of int, shape (volumes, slices)
        Number of the image in the group; slices along the slice direction.
    counter : str
        Field that tells the volumes apart; "" for one volume.
    """

    images: npt.NDArray[np.intp]
    counter: str = ""


def matches(source: object) -> bool:
    """Return whether `source` is an ISMRMRD file with images.

    Examples
    --------
    >>> from pathlib import Path
    >>> matches(Location(Path("missing.h5"))), matches(Location(Path("a.mrd")))
    (False, True)
    """
    if not isinstance(source, Location):
        return False
    if source.has_suffix(".mrd", ".ismrmrd"):
        return True
    if not source.has_suffix(".h5", ".hdf5") or not source.path.is_file():
        return False
    try:
        with open_hdf5(source.path, str(source.path)) as file:
            return bool(_groups(file, source.member))
    except (DicomSeriesError, OSError, RuntimeError, KeyError, ValueError):
        return False  # the error is that of an HDF5 file


def open_volume(source: Location, arguments: SourceArguments) -> Volume:
    """Return the images of an ISMRMRD file as a volume, in LPS mm.

    Three-dimensional images are volumes. Two-dimensional ones are slices, in the order of their
    positions along the slice direction; the counters of the headers (set, contrast, phase,
    repetition, average) tell volumes apart. TR, TE, the patient and others of the XML header are
    carried beside the voxels, and named in the advice of a write.

    Parameters
    ----------
    source : Location
        The file; ``member`` names the group of images, where there are several:
        ``scan.mrd::dataset/image_0``.
    arguments : SourceArguments
        The file states the geometry.

    Raises
    ------
    MissingPackageError
        If h5py is not installed.
    SourceError
        If there are no images, several groups of them, several channels, or slices are missing.
    GeometryError
        If slices differ in direction, or stand at uneven distances.
    OptionError
        As for an array.

    Notes
    -----
    Directions and positions are those of the patient (LPS), lengths in mm (ISMRMRD,
    ``ISMRMRD_ImageHeader``).
    """
    where = arguments.where
    file = open_hdf5(source.path, where)
    with guarded(where, _EXPECTED):
        group = _choose(_groups(file, source.member), source)
        data, headers = group["data"], group["header"][:]
        carried = _attributes(group)
    _check_images(data, headers, where)
    slices_of_image, rows, columns = data.shape[2:]
    order = _image_order(headers, slices_of_image, where)
    volumes, stack = order.images.shape
    shape: tuple[int, ...] = (stack * slices_of_image, rows, columns)
    if volumes > 1:
        shape = (volumes, *shape)
    axes = array_axes(shape, arguments, "tzyx"[-len(shape) :])
    dtype = _dtype(data)
    check_dtype(dtype, where)

    def take(index: tuple[slice, ...]) -> npt.NDArray[Any]:
        with guarded(where):
            return _voxels(data, order.images, index, dtype)

    frames = FrameReader(
        shape=axes.frames_shape,
        dtype=dtype,
        read=lambda start, stop: axes.gather(start, stop, take),
        where=where,
        is_chunked=True,
    )
    volume = build_volume(
        frames, axes, arguments, lambda: _grid(headers, order, data.shape[2:], where)
    )
    return replace(volume, carried=carried)


def _groups(file: Any, member: str | None) -> list[Any]:
    """Return the groups of images; only the named one if a member is named."""
    if member:
        group = file.get(member)
        return [group] if group is not None and _is_group_of_images(group) else []
    groups: list[Any] = []

    def visit(_: str, item: Any) -> None:
        if _is_group_of_images(item):
            groups.append(item)

    file.visititems(visit)
    return groups


def _is_group_of_images(item: Any) -> bool:
    if not hasattr(item, "keys") or not set(item.keys()) >= _MEMBERS:
        return False
    header, data = item["header"], item["data"]
    names = getattr(getattr(header, "dtype", None), "names", None) or ()
    return set(names) >= _FIELDS and len(getattr(data, "shape", ())) == 5


def _choose(groups: Sequence[Any], source: Location) -> Any:
    if len(groups) == 1:
        return groups[0]
    names = [group.name.strip("/") for group in groups]
    raise SourceError(
        code="dataset-unclear",
        where=str(source),
        given=f"the groups of images {', '.join(names) or '(none)'}",
        expected="one group of images",
        remedy=f"Name the one you mean, e.g. {source.path}::{next(iter(names), 'dataset/image_0')};"
        " raw data must be reconstructed first.",
    )


def _check_images(data: Any, headers: npt.NDArray[Any], where: str) -> None:
    if len(headers) == 0 or len(headers) != data.shape[0]:
        raise SourceError(
            code="file-damaged",
            where=where,
            given=f"{len(headers)} headers for {data.shape[0]} images",
            expected="one header for each image, and at least one image",
            remedy="Export the images again, or reconstruct them anew.",
        )
    if data.shape[1] != 1:
        raise SourceError(
            code="colour-count",
            where=where,
            given=f"{data.shape[1]} channels",
            expected="one channel: images of single coils are not written as one series",
            remedy="Take one image of all coils, e.g. the root of the sum of squares over axis 1.",
        )


def _image_order(headers: npt.NDArray[Any], slices_of_image: int, where: str) -> _ImageOrder:
    """Return the order of the images by counters, then by position."""
    count = len(headers)
    changing = [name for name in _COUNTERS if len(np.unique(headers[name])) > 1]
    keys = np.array([headers[name] for name in changing]).reshape(len(changing), count)
    names, volume = np.unique(keys, axis=1, return_inverse=True)
    volume = np.ravel(volume) if changing else np.zeros(count, int)
    volumes = max(names.shape[1], 1)
    normal = _unit(headers["slice_dir"][0])
    distance = headers["position"].astype(np.float64) @ normal
    if not normal.any():
        distance = headers["slice"].astype(np.float64)
    order = np.lexsort((distance, volume))
    counts = np.bincount(volume, minlength=volumes)
    if len(set(counts.tolist())) > 1 or (slices_of_image > 1 and counts[0] > 1):
        raise SourceError(
            code="slices-missing",
            where=where,
            given=f"{', '.join(map(str, counts.tolist()))} images in {volumes} volumes",
            expected="as many slices in each volume, or one three-dimensional image",
            remedy="Write the images of each volume separately, or reconstruct the missing ones.",
        )
    return _ImageOrder(images=order.reshape(volumes, -1), counter=" ".join(changing))


def _dtype(data: Any) -> np.dtype[Any]:
    """Return the type of the numbers; C++ writes complex numbers as records."""
    if data.dtype.names == ("real", "imag"):
        parts = data.dtype["real"].itemsize
        return np.dtype(np.complex64 if parts == 4 else np.complex128)
    dtype: np.dtype[Any] = np.dtype(data.dtype)
    return dtype


def _voxels(
    data: Any, images: npt.NDArray[np.intp], index: tuple[slice, ...], dtype: np.dtype[Any]
) -> npt.NDArray[Any]:
    """Return some voxels, of the axes (times, )slices, rows, columns."""
    if len(index) == 3:
        index = (slice(0, 1), *index)
    times, slices, rows, columns = index
    depth = data.shape[2]
    parts = []
    for volume in images[times]:
        for number in range(slices.start, slices.stop):
            image = int(volume[number // depth])
            part = data[image, 0, number % depth, rows, columns]
            parts.append(part.view(dtype) if part.dtype.names else part)
    block = np.stack(parts).reshape(times.stop - times.start, -1, *parts[0].shape)
    return block if images.shape[0] > 1 else block[0]


def _grid(
    headers: npt.NDArray[Any], order: _ImageOrder, size: tuple[int, int, int], where: str
) -> Grid | None:
    """Return the grid of one volume; None without lengths."""
    images = order.images[0]
    first = headers[images[0]]
    slices, rows, columns = size
    lengths = first["field_of_view"].astype(np.float64) / (columns, rows, slices)
    if not (lengths > 0).all():
        return None
    axes = [_unit(first[name]) for name in ("read_dir", "phase_dir", "slice_dir")]
    if not all(axis.any() for axis in axes):
        statement = lengths_only("the ISMRMRD header")
        return Grid(shape=(1, 1, 1), spacing_mm=tuple(lengths.tolist()), statement=statement)
    positions = headers["position"][images].astype(np.float64)
    if len(images) > 1:
        _check_directions(headers[order.images.ravel()], where)
        axes[2], lengths[2] = _step(positions, where)
    centre = (columns // 2, rows // 2, slices // 2)
    origin = positions[0]
    for index, length, axis in zip(centre, lengths, axes, strict=True):
        origin = origin - index * length * axis
    affine = np.eye(4)
    affine[:3, :3] = np.column_stack(axes) * lengths
    affine[:3, 3] = origin
    grid = Grid.from_affine((1, 1, 1), affine, space="LPS")
    return grid.stated(Statement(source="the ISMRMRD header", notes=(_NOTE,)))


def _unit(vector: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    numbers = vector.astype(np.float64)
    length = float(np.linalg.norm(numbers))
    return numbers / length if length > 0 else numbers


def _check_directions(headers: npt.NDArray[Any], where: str) -> None:
    for name in ("read_dir", "phase_dir", "slice_dir", "field_of_view"):
        if np.abs(headers[name] - headers[name][0]).max() > _EVEN:
            raise GeometryError(
                code="mixed-orientations",
                where=where,
                given=f"images whose {name} differs",
                expected="parallel slices of one size",
                remedy="Write the images of each orientation as a series.",
            )


def _step(positions: npt.NDArray[np.float64], where: str) -> tuple[npt.NDArray[np.float64], float]:
    """Return direction and length of the step from slice to slice."""
    steps = np.diff(positions, axis=0)
    mean = steps.mean(axis=0)
    length = float(np.linalg.norm(mean))
    if length > 0 and np.abs(steps - mean).max() <= _EVEN * length:
        return mean / length, length
    raise GeometryError(
        code="spacing-uneven",
        where=where,
        given="slices at uneven distances, or several at one position",
        expected="even steps from slice to slice",
        remedy="Write the slices of each even stretch as a series; images that differ only in "
        "other counters than set, contrast, phase, repetition and average need a group each.",
    )


def _attributes(group: Any) -> dict[str, str]:
    """Return the attributes of the XML header beside a group of images, by tag."""
    parent = group.parent
    text = parent["xml"][0] if "xml" in parent else None
    if text is None:
        return {}
    try:
        root = ET.fromstring(text)  # noqa: S314 - expat bounds the expansion of entities
    except ET.ParseError:
        return {}
    carried = {}
    for path, tag in _ATTRIBUTES.items():
        elements = root.findall("/".join(f"{{*}}{name}" for name in path.split("/")))
        texts = [element.text.strip() for element in elements if element.text]
        if len(texts) == 1:  # several echo times are those of several volumes
            carried[tag] = texts[0]
    return carried
