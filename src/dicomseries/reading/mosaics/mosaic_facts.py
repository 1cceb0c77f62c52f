"""What a mosaic's header says about its slices.

Siemens has it in the CSA headers and in private attributes; UIH in private attributes.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import field
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.errors import ReadError
from dicomseries.lazy_dataclass import dataclass
from dicomseries.reading.geometry.slice_spacing import unit_normal
from dicomseries.reading.mosaics.mosaic_tiles import Tiles
from dicomseries.reading.parse.csa_header import csa_fields, csa_numbers
from dicomseries.reading.parse.functional_groups import as_numbers
from dicomseries.reading.parse.instance import Instance
from dicomseries.reading.parse.parser import Element, ParseError
from dicomseries.reading.parse.private_elements import (
    private_element,
    private_items,
    private_numbers,
)
from dicomseries.reading.parse.to_python import name_of, plain_value
from dicomseries.standard.attributes.attribute import tag_of

__all__ = ["EXPORT_AGAIN", "MosaicFacts", "TilePlanes", "holds_mosaic", "mosaic_facts"]

Floats = npt.NDArray[np.float64]
CsaFields = Mapping[str, tuple[str, ...]]

_CSA = "SIEMENS CSA HEADER"
_SIEMENS = "SIEMENS MR HEADER"
_SDI = "SIEMENS MR SDI 02"
_ELSEWHERE = {
    "NumberOfImagesInMosaic": ((0x0019, _SIEMENS, 0x0A, "US"), (0x0021, _SDI, 0x01, "US")),
    "SliceNormalVector": ((0x0021, _SDI, 0x02, "FD"),),
    "MosaicRefAcqTimes": ((0x0019, _SIEMENS, 0x29, "FD"), (0x0021, _SDI, 0x62, "FD")),
    "B_value": ((0x0019, _SIEMENS, 0x0C, "IS"), (0x0021, _SDI, 0x05, "IS")),
    "DiffusionGradientDirection": ((0x0019, _SIEMENS, 0x0E, "FD"), (0x0021, _SDI, 0x46, "FD")),
}
"""CSA field → the private elements that hold it too: group, creator, number, VR (XA: the last)."""
_PROTOCOLS = ((0x0029, _CSA, 0x20), (0x0021, "SIEMENS MR SDS 01", 0x19))
"""Group, creator and number of the elements that hold the protocol (XA: the second)."""
_SLICE_ARRAY = re.compile(rb"sSliceArray\.(\w+(?:\[\d+\])?(?:\.\w+)*)\s*=\s*(-?[\w.+-]+)")
_AXES = ("dSag", "dCor", "dTra")
_LONGEST_PROTOCOL = 4 << 20

_UIH = "Image Private Header"
_UIH_SLICES = frozenset(
    map(
        tag_of,
        ("AcquisitionDate", "AcquisitionDateTime", "AcquisitionTime", "AcquisitionDuration"),
    )
) | {tag_of("SliceLocation")}
_POSITION = tag_of("ImagePositionPatient")

EXPORT_AGAIN = (
    "Export the series again with its private attributes, or as Enhanced MR; de-identification "
    "often removes them."
)
"""Remedy for mosaics whose header does not say enough."""

_NO_COSINES = 1 - 1e-3
"""Least cosine between the normals of both sources."""
_NO_UNIT = 0.01
"""Difference from 1 of the length of a unit vector."""


class _UnplacedError(Exception):
    """A header that does not say where the slices are; its text is what it lacks."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TilePlanes:
    """Place of the slices of a mosaic, tile by tile.

    Parameters
    ----------
    positions_lps : ndarray, shape (slices, 3)
        Centre of the first voxel of each slice in mm.
    axes : ndarray, shape (2, 3)
        Cosines of rows and columns.
    slice_mm : float
        Distance of the slices; 0 if they have their own positions.
    is_thickness : bool
        Whether the distance is not stated, and SliceThickness is used.
    """

    positions_lps: Floats
    axes: Floats
    slice_mm: float
    is_thickness: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MosaicFacts:
    """Place, times and other facts of the slices of a mosaic, tile by tile.

    Parameters
    ----------
    tiles : Tiles
        Where the slices are.
    planes : TilePlanes or None
        Where they are in the patient; None if the header does not say it.
    attributes : mapping of str to sequence
        Further attributes by keyword, a value for each slice.
    lacking : str
        What the header does not state, if the planes are unknown.
    """

    tiles: Tiles
    planes: TilePlanes | None = None
    attributes: Mapping[str, Sequence[Any]] = field(default_factory=dict, repr=False)
    lacking: str = ""


def holds_mosaic(instance: Instance) -> bool:
    """Return True for an MR image with the slices of a volume as tiles."""
    if instance.text("Modality") != "MR":
        return False
    image_type = instance.texts("ImageType")
    if "MOSAIC" in image_type:
        return instance.whole("NumberOfFrames", 1) == 1
    return "VFRAME" in image_type and _uih_count(instance) > 1


def mosaic_facts(instance: Instance) -> MosaicFacts:
    """Return the facts about the slices of a mosaic.

    Parameters
    ----------
    instance : Instance
        A file for which `holds_mosaic` is True.

    Raises
    ------
    ReadError
        If the header does not say how many slices there are, or its private part is damaged.
    """
    if "MOSAIC" in instance.texts("ImageType"):
        return _siemens_facts(instance)
    return _uih_facts(instance)


# ------------------------------------------------------------------------------------- Siemens
def _siemens_facts(instance: Instance) -> MosaicFacts:
    csa = _csa_of(instance)
    count = _siemens_count(instance, csa)
    tiles = Tiles.in_square(count, instance.rows, instance.columns)
    if tiles is None:
        raise _no_tiles(instance, count)
    attributes: dict[str, Sequence[Any]] = {}
    times = _slice_times_ms(instance, csa, tiles.count)
    if times:
        attributes["MosaicRefAcqTimes"] = times
    for keyword, value in _siemens_diffusion(instance, csa).items():
        attributes[keyword] = [value] * tiles.count
    try:
        planes = _siemens_planes(instance, csa, tiles)
    except _UnplacedError as reason:
        return MosaicFacts(tiles=tiles, attributes=attributes, lacking=str(reason))
    return MosaicFacts(tiles=tiles, planes=planes, attributes=attributes)


def _siemens_planes(instance: Instance, csa: CsaFields, tiles: Tiles) -> TilePlanes:
    corner, (row_mm, column_mm) = _corner_of(instance)
    axes, normal = _axes_of(instance)
    slice_mm, is_thickness = _slice_distance(instance)
    step = slice_mm * _slice_normal(instance, csa, normal)
    # ImagePositionPatient is that of the whole image, laid around the centre of the slices.
    right = (instance.columns - tiles.columns) / 2 * column_mm
    down = (instance.rows - tiles.rows) / 2 * row_mm
    first = corner + axes[0] * right + axes[1] * down
    steps = np.arange(tiles.count, dtype=np.float64)[:, None] * step
    return TilePlanes(
        positions_lps=first + steps,
        axes=axes,
        slice_mm=slice_mm,
        is_thickness=is_thickness and tiles.count > 1,
    )


def _csa_of(instance: Instance) -> CsaFields:
    """Return the CSA image header; nothing without one."""
    element = private_element(instance, 0x0029, _CSA, 0x10, is_block_known=True)
    if element is None or not element.raw.strip(b"\0"):
        return {}
    try:
        return csa_fields(element.raw, _ELSEWHERE)
    except ParseError as problem:
        raise ReadError(
            code="csa-damaged",
            where=instance.path,
            given=str(problem),
            expected="a CSA header as Siemens scanners write it in (0029,1010)",
            remedy="Export the series again from the scanner or the archive, with its private "
            "attributes as they are; or as Enhanced MR.",
        ) from problem


def _siemens_numbers(instance: Instance, csa: CsaFields, name: str) -> tuple[float, ...]:
    """Return the numbers of a CSA field, from the private elements if the header lacks it."""
    numbers = csa_numbers(csa, name)
    for group, creator, offset, vr in _ELSEWHERE[name]:
        if numbers:
            break
        is_known = creator == _SIEMENS
        numbers = private_numbers(instance, group, creator, offset, vr, is_block_known=is_known)
    return numbers


def _siemens_count(instance: Instance, csa: CsaFields) -> int:
    numbers = _siemens_numbers(instance, csa, "NumberOfImagesInMosaic")[:1]
    if not numbers or not numbers[0] >= 1:
        numbers = (float(len(_siemens_numbers(instance, csa, "MosaicRefAcqTimes"))),)
    if not numbers[0] >= 1:
        numbers = _protocol_numbers(instance, ("lSize",))
    if numbers and numbers[0] >= 1 and numbers[0].is_integer():
        return int(numbers[0])
    raise ReadError(
        code="mosaic-unclear",
        where=instance.path,
        given="a mosaic (all slices of a volume side by side) that does not state the number of "
        "its slices (NumberOfImagesInMosaic)",
        expected="the private attributes of the scanner: the CSA header (0029,1010), (0019,100A) "
        "or the protocol",
        remedy=EXPORT_AGAIN,
    )


def _slice_normal(instance: Instance, csa: CsaFields, normal: Floats) -> Floats:
    """Return the unit vector from the first tile's slice to the next.

    The normal of the image plane, in the direction that the header states.
    """
    stated = _siemens_numbers(instance, csa, "SliceNormalVector")
    if len(stated) != 3 or not any(stated):
        stated = _protocol_numbers(instance, [f"asSlice[0].sNormal.{axis}" for axis in _AXES])
    if len(stated) != 3 or not any(stated):
        message = "the direction of their slices (SliceNormalVector)"
        raise _UnplacedError(message)
    cosine = float(np.dot(stated, normal) / np.linalg.norm(stated))
    if not abs(cosine) >= _NO_COSINES:
        parts = ", ".join(f"{part:.4g}" for part in stated)
        message = f"a normal of their slices that fits ImageOrientationPatient ({parts} does not)"
        raise _UnplacedError(message)
    return normal if cosine > 0 else -normal


def _slice_times_ms(instance: Instance, csa: CsaFields, count: int) -> list[float]:
    """Return when each slice was taken, in ms after the start of the volume, tile by tile.

    [] if that is unknown.
    """
    times = _siemens_numbers(instance, csa, "MosaicRefAcqTimes")
    if len(times) != count or not np.isfinite(times).all():
        return []
    return list(times)


def _siemens_diffusion(instance: Instance, csa: CsaFields) -> dict[str, Any]:
    """Return b-value and direction (in the patient, LPS) that the file lacks as standard ones."""
    if instance.raw("DiffusionBValue") is not None:
        return {}
    b_values = _siemens_numbers(instance, csa, "B_value")
    if len(b_values) != 1 or not 0 <= b_values[0] < np.inf:
        return {}
    diffusion: dict[str, Any] = {"DiffusionBValue": b_values[0]}
    direction = _siemens_numbers(instance, csa, "DiffusionGradientDirection")
    if _is_direction(direction):
        diffusion["DiffusionGradientOrientation"] = list(direction)
    return diffusion


def _slice_distance(instance: Instance) -> tuple[float, bool]:
    """Return the distance of slices, and whether it is only SliceThickness."""
    between = instance.decimal("SpacingBetweenSlices")
    if 0 < between < np.inf:
        return between, False
    positions = []
    for index in range(2):
        keys = [f"asSlice[{index}].sPosition.{axis}" for axis in _AXES]
        positions.append(_protocol_numbers(instance, keys))
    if all(map(any, positions)):
        distance = float(np.linalg.norm(np.subtract(positions[0], positions[1])))
        if distance > 0:
            return distance, False
    thickness = instance.decimal("SliceThickness")
    if 0 < thickness < np.inf:
        return thickness, True
    message = "the distance of their slices (SpacingBetweenSlices)"
    raise _UnplacedError(message)


def _protocol_numbers(instance: Instance, keys: Sequence[str]) -> tuple[float, ...]:
    """Return numbers of sSliceArray in the protocol; () without any.

    A number that the protocol leaves out is 0.
    """
    for group, creator, offset in _PROTOCOLS:
        is_csa = creator == _CSA
        element = private_element(instance, group, creator, offset, is_block_known=is_csa)
        if element is None:
            continue
        known = {
            key.decode("ascii"): value
            for key, value in _SLICE_ARRAY.findall(element.raw[:_LONGEST_PROTOCOL])
        }
        if any(key in known for key in keys):
            return tuple(_number(known.get(key, b"0")) for key in keys)
    return ()


def _number(raw: bytes) -> float:
    try:
        return float(int(raw, 0)) if raw[:2] == b"0x" else float(raw)
    except ValueError:
        return 0.0


# ----------------------------------------------------------------------------------------- UIH
def _uih_count(instance: Instance) -> int:
    numbers = private_numbers(instance, 0x0065, _UIH, 0x50, "DS")
    if len(numbers) != 1 or not numbers[0].is_integer():
        return 0
    return int(numbers[0])


def _uih_facts(instance: Instance) -> MosaicFacts:
    count = _uih_count(instance)
    tiles = Tiles.in_rectangle(count, instance.rows, instance.columns)
    if tiles is None:
        raise _no_tiles(instance, count)
    items = private_items(instance, 0x0065, _UIH, 0x51)
    if len(items) != count:
        items = ()
    attributes = _uih_attributes(instance, items)
    try:
        planes = _uih_planes(instance, items, count)
    except _UnplacedError as reason:
        return MosaicFacts(tiles=tiles, attributes=attributes, lacking=str(reason))
    directions = np.vstack((planes.axes, unit_normal(planes.axes)))
    for keyword, value in _uih_diffusion(instance, directions).items():
        attributes[keyword] = [value] * count
    return MosaicFacts(tiles=tiles, planes=planes, attributes=attributes)


def _uih_planes(
    instance: Instance, items: Sequence[Mapping[int, Element]], count: int
) -> TilePlanes:
    positions = []
    for item in items:
        element = item.get(_POSITION)
        positions.append(() if element is None else as_numbers("DS", element.raw, "<"))
    if {*map(len, positions)} != {3} or not np.isfinite(positions).all():
        message = "the position of each slice in (0065,1051)"
        raise _UnplacedError(message)
    slice_mm, is_thickness = 0.0, False
    if count == 1:
        slice_mm, is_thickness = _slice_distance(instance)
    return TilePlanes(
        positions_lps=np.array(positions, np.float64),
        axes=_axes_of(instance)[0],
        slice_mm=slice_mm,
        is_thickness=is_thickness,
    )


def _uih_attributes(
    instance: Instance, items: Sequence[Mapping[int, Element]]
) -> dict[str, list[Any]]:
    """Return the attributes of the slices by keyword."""
    decoding = instance.decoding()
    attributes: dict[str, list[Any]] = {}
    for tag in sorted(_UIH_SLICES):
        if not any(tag in item for item in items):
            continue
        values = []
        for item in items:
            element = item.get(tag)
            values.append(None if element is None else plain_value(tag, element, decoding))
        attributes[name_of(tag)] = values
    return attributes


def _uih_diffusion(instance: Instance, directions: Floats) -> dict[str, Any]:
    """Return b-value and direction (in the patient, LPS) that the file lacks as standard ones.

    `directions`, shape (3, 3), are those of rows, columns and normal.
    """
    b_values = private_numbers(instance, 0x0065, _UIH, 0x09, "FD")
    if instance.raw("DiffusionBValue") is not None or len(b_values) != 1:
        return {}
    diffusion: dict[str, Any] = {"DiffusionBValue": b_values[0]}
    # Along the rows, the columns and the normal of the image.
    direction = private_numbers(instance, 0x0065, _UIH, 0x37, "FD")
    if _is_direction(direction):
        in_patient = np.array(direction) @ directions
        diffusion["DiffusionGradientOrientation"] = in_patient.round(9).tolist()
    return diffusion


# -------------------------------------------------------------------------------------- both
def _is_direction(vector: Sequence[float]) -> bool:
    """Return True for a unit vector; some versions state impossible ones without weighting."""
    return len(vector) == 3 and abs(float(np.linalg.norm(vector)) - 1) < _NO_UNIT


def _corner_of(instance: Instance) -> tuple[Floats, tuple[float, float]]:
    """Return the position of the whole image, and its row and column spacing."""
    corner = instance.numbers("ImagePositionPatient")
    spacing = instance.numbers("PixelSpacing")
    if len(corner) != 3 or not all(map(math.isfinite, corner)):
        message = "their position (ImagePositionPatient)"
        raise _UnplacedError(message)
    if len(spacing) != 2 or not 0 < min(spacing) <= max(spacing) < math.inf:
        message = "their PixelSpacing"
        raise _UnplacedError(message)
    return np.array(corner), (spacing[0], spacing[1])


def _axes_of(instance: Instance) -> tuple[Floats, Floats]:
    """Return the cosines of rows and columns, and the unit normal."""
    plane = _axes_and_normal(instance.numbers("ImageOrientationPatient"))
    if plane is None:
        message = "their orientation (ImageOrientationPatient)"
        raise _UnplacedError(message)
    return plane


@lru_cache(maxsize=8)
def _axes_and_normal(cosines: tuple[float, ...]) -> tuple[Floats, Floats] | None:
    """Return axes and normal; None without a plane. The files of a series have the same."""
    if len(cosines) != 6 or not all(map(math.isfinite, cosines)):
        return None
    axes = np.reshape(cosines, (2, 3))
    normal = unit_normal(axes)
    if not np.linalg.norm(normal) > 0:
        return None
    return axes, normal


def _no_tiles(instance: Instance, count: int) -> ReadError:
    return ReadError(
        code="mosaic-unclear",
        where=instance.path,
        given=f"a mosaic of {count} slices in {instance.rows}×{instance.columns} pixels",
        expected="Rows and Columns that are a multiple of the tiles",
        remedy="Export the series again: the image was cropped or resampled, or its header was "
        "changed.",
    )
