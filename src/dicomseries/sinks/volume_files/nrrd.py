"""``.nrrd``: raw voxels behind a text header (NRRD0004)."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dicomseries.sinks.volume_files.raw_voxels import name_of_dtype, number_texts, save_raw
from dicomseries.sinks.voxels import Voxels

__all__ = ["PACKAGE", "SUFFIXES", "save"]

SUFFIXES: tuple[str, ...] = (".nrrd",)
PACKAGE: str | None = None

_INTEGERS = ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64")
_TYPES = {**dict(zip(_INTEGERS, _INTEGERS, strict=True)), "float32": "float", "float64": "double"}


def save(path: Path, voxels: Voxels) -> None:
    """Write one attached-header file, little-endian, in LPS mm.

    Volumes are a fourth axis, of time, or a list of what else differs: names and values of the
    axes are in the pair ``dicomseries``, diffusion weightings also in those of DWMRI. Where no
    geometry is stated there is no space, and a spacing that is not known is NaN.

    Raises
    ------
    OptionError
        If NRRD has no name for the dtype.

    Examples
    --------
    >>> SUFFIXES
    ('.nrrd',)
    """
    array = voxels.array
    colour, time = voxels.is_colour, voxels.has_time
    kind = "time" if voxels.is_time_axis else "list"
    lines = [
        "NRRD0004",
        f"type: {name_of_dtype(array.dtype, _TYPES, '.nrrd')}",
        f"dimension: {array.ndim}",
        f"sizes: {' '.join(map(str, reversed(array.shape)))}",
        f"kinds: {' '.join(['RGB-color'] * colour + ['domain'] * 3 + [kind] * time)}",
        "endian: little",
        "encoding: raw",
    ]
    if voxels.has_geometry:
        lines += _space(voxels)
    else:
        lines += _spacings(voxels)
    lines += _pairs(voxels)
    save_raw(path, "\n".join(lines) + "\n\n", voxels)


def _space(voxels: Voxels) -> list[str]:
    time = voxels.has_time and voxels.is_time_axis
    affine = voxels.affine("LPS")[:3]
    zero = [0.0] * time
    vectors = [_vector([*axis, *zero]) for axis in affine.T[:3]]
    vectors += [_vector([0.0, 0.0, 0.0, voxels.step_s or 1.0])] * time
    vectors += ["none"] * (voxels.has_time and not time)
    lines = [
        "space: left-posterior-superior" + "-time" * time,
        f"space directions: {' '.join(['none'] * voxels.is_colour + vectors)}",
        "space units: " + _quoted(["mm"] * 3 + [_unit_of_time(voxels)] * time),
        f"space origin: {_vector([*affine[:, 3], *zero])}",
    ]
    if _is_diffusion(voxels):
        lines.append(f"measurement frame: {' '.join(map(_vector, np.eye(3).tolist()))}")
    return lines


def _is_diffusion(voxels: Voxels) -> bool:
    """Return whether the volumes are diffusion weightings, and nothing else."""
    names = [axis.name for axis in voxels.volume_axes]
    return voxels.has_geometry and names == ["diffusion"] and voxels.gradients is not None


def _pairs(voxels: Voxels) -> list[str]:
    """Return what is known of the volumes, as pairs of key and value.

    Diffusion weightings are those of NRRD's DWMRI: vectors in LPS, whose length is the root of the
    part of the largest b-value.
    """
    record = voxels.volume_record
    if not record:
        return []
    lines = [f"dicomseries:={json.dumps(record, separators=(',', ':'))}"]
    if not _is_diffusion(voxels):
        return lines
    b_values, gradients = np.array(record["b_values"]), np.array(record["gradients_lps"])
    largest = float(b_values.max())
    lines += ["modality:=DWMRI", f"DWMRI_b-value:={number_texts([largest])[0]}"]
    lengths = np.sqrt(b_values / largest)[:, np.newaxis]
    for index, vector in enumerate((gradients * lengths + 0.0).tolist()):
        lines.append(f"DWMRI_gradient_{index:04d}:={' '.join(number_texts(vector))}")
    return lines


def _spacings(voxels: Voxels) -> list[str]:
    """Return the known lengths of axes without a space."""
    nan = math.nan
    lengths, units = [nan, nan, nan], ["", "", ""]
    if voxels.in_plane_mm is not None:
        lengths, units = [*voxels.in_plane_mm, nan], ["mm", "mm", ""]
    if voxels.has_time:
        lengths, units = [*lengths, voxels.step_s or nan], [*units, _unit_of_time(voxels)]
    if all(map(math.isnan, lengths)):
        return []
    if voxels.is_colour:
        lengths, units = [nan, *lengths], ["", *units]
    return [f"spacings: {' '.join(map(repr, lengths))}", f"units: {_quoted(units)}"]


def _unit_of_time(voxels: Voxels) -> str:
    return "s" if voxels.step_s else ""


def _quoted(units: Sequence[str]) -> str:
    return " ".join(f'"{unit}"' for unit in units)


def _vector(values: Sequence[float]) -> str:
    return f"({','.join(number_texts(values))})"
