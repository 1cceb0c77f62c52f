"""Attributes of vendors that tell volumes apart: private elements, and texts with a meaning.

Tables: a new attribute is a new row. Values are compared with dcm2niix in the tests.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from dicomseries.reading.parse.csa_header import csa_fields, csa_numbers
from dicomseries.reading.parse.functional_groups import as_numbers
from dicomseries.reading.parse.instance import Instance
from dicomseries.reading.parse.parser import ParseError
from dicomseries.standard.attributes.attribute import tag_of

__all__ = [
    "DIFFUSION_COLUMNS",
    "FIELD_MAP",
    "PrivateNumbers",
    "asl_contexts_of_files",
    "asl_word",
    "diffusion_of_files",
    "part_of_codes",
    "parts_of_files",
    "private_column",
]

Floats = npt.NDArray[np.float64]

DIFFUSION_COLUMNS = 4
"""b-value in s/mm², and the three components of a unit vector, patient LPS."""

_GE_BIAS = 1_000_000_000
"""GE adds it to the b-value of some protocols."""
_SCALED = (0.03, 0.97)
"""Lengths between which GE's vectors state a part of the b-value: b · |g|²."""
_B_STEP = 5
"""b-values that GE scales are rounded to this, as the console shows them."""
_CANON_COMMENT = re.compile(
    r"b=([0-9.]+)\((-?[0-9.]+),(-?[0-9.]+),(-?[0-9.]+)\)", re.ASCII | re.IGNORECASE
)
_CSA_DIFFUSION = ("B_value", "DiffusionGradientDirection")
"""Fields of the CSA header."""


class PrivateNumbers(NamedTuple):
    """A private element: group, creator, last two digits, VR of the maker, count of values."""

    group: int
    creator: str
    offset: int
    vr: str
    size: int = 1


class _Diffusion(NamedTuple):
    """Where a vendor keeps b-value and direction, and what the direction is relative to."""

    b_value: PrivateNumbers
    direction: tuple[PrivateNumbers, ...]
    frame: str


_DIFFUSION = (
    _Diffusion(
        PrivateNumbers(0x0019, "SIEMENS MR HEADER", 0x0C, "IS"),
        (PrivateNumbers(0x0019, "SIEMENS MR HEADER", 0x0E, "FD", 3),),
        "patient",
    ),
    _Diffusion(
        PrivateNumbers(0x2001, "Philips Imaging DD 001", 0x03, "FL"),
        (
            PrivateNumbers(0x2005, "Philips MR Imaging DD 001", 0xB0, "FL"),
            PrivateNumbers(0x2005, "Philips MR Imaging DD 001", 0xB1, "FL"),
            PrivateNumbers(0x2005, "Philips MR Imaging DD 001", 0xB2, "FL"),
        ),
        "patient",
    ),
    _Diffusion(
        PrivateNumbers(0x0043, "GEMS_PARM_01", 0x39, "IS"),
        (
            PrivateNumbers(0x0019, "GEMS_ACQU_01", 0xBB, "DS"),
            PrivateNumbers(0x0019, "GEMS_ACQU_01", 0xBC, "DS"),
            PrivateNumbers(0x0019, "GEMS_ACQU_01", 0xBD, "DS"),
        ),
        "ge",
    ),
    _Diffusion(
        PrivateNumbers(0x0065, "Image Private Header", 0x09, "FD"),
        (PrivateNumbers(0x0065, "Image Private Header", 0x37, "FD", 3),),
        "image",
    ),
)
"""Siemens, Philips, GE and UIH, in files of one frame."""

FIELD_MAP = "field map"
"""Part of Philips' maps of B0, which ComplexImageComponent calls REAL."""
_PARTS = ("magnitude", "phase", "real", "imaginary")
_PART_OF_CODE = {
    "M": "magnitude",
    "MAGNITUDE": "magnitude",
    "P": "phase",
    "PHASE": "phase",
    "PHASE MAP": "phase",
    "VELOCITY MAP": "phase",
    "R": "real",
    "REAL": "real",
    "I": "imaginary",
    "IMAGINARY": "imaginary",
    "FIELD_MAP": FIELD_MAP,
    "B0 MAP": FIELD_MAP,
}
"""Codes of ImageType from its third value on; Philips adds the sequence: M_FFE, P_SE."""
_GE_PART = PrivateNumbers(0x0043, "GEMS_PARM_01", 0x2F, "SS")
_PHILIPS_PART = (0x2005, "Philips MR Imaging DD 001", 0x11)
_PHILIPS_LABEL = (0x2005, "Philips MR Imaging DD 005", 0x29)
_ASL_WORDS = {"LABEL": "label", "CONTROL": "control", "M_ZERO_SCAN": "m0scan"}
"""ASLContext → word of BIDS; Philips has the first two in its private element."""

_GE_SIGNS = {0: (1.0, 1.0, -1.0), 1: (-1.0, 1.0, 1.0), 2: (-1.0, -1.0, 1.0)}
"""Signs along columns, rows and normal by the nearest axis of the normal, as dcm2niix has them."""
_GE_SIGNS_BY_ROW = {**_GE_SIGNS, 1: (1.0, -1.0, 1.0)}
"""The same for phase encoding along rows, which dcm2niix calls untested."""


def private_column(instances: Sequence[Instance], private: PrivateNumbers) -> Floats | None:
    """Return a private attribute, shape (files, size), NaN if missing.

    None if all files lack it.

    Parameters
    ----------
    instances : sequence of Instance
        Files of one frame.
    private : PrivateNumbers
        The element.

    Notes
    -----
    PS3.5 section 7.8.1.
    """
    tag = _tag_in_block(instances, private.group, private.creator, private.offset)
    if tag is None:
        return None
    size = private.size
    rows = np.full((len(instances), size), np.nan)
    for index, instance in enumerate(instances):
        element = instance.element(tag)
        if element is None:
            continue
        stated = private.vr if element.vr in {"UN", "OB"} else element.vr
        values = as_numbers(stated, element.raw, instance.byte_order)[:size]
        if len(values) == size:
            rows[index] = values
    return None if np.isnan(rows).all() else rows


def _tag_in_block(
    instances: Sequence[Instance], group: int, creator: str, offset: int
) -> int | None:
    """Return the tag of a private element: its block is the same in all files of a series."""
    name = creator.encode("ascii")
    first, last = group << 16 | 0x10, group << 16 | 0xFF
    for instance in (instances[0], instances[-1], instances[len(instances) // 2]):
        for tag in instance.base:
            if not first <= tag <= last:
                continue
            element = instance.element(tag)
            if element is not None and element.raw.strip(b" \0") == name:
                return group << 16 | (tag & 0xFF) << 8 | offset
    return None


# ------------------------------------------------------------------------------ diffusion
def diffusion_of_files(instances: Sequence[Instance]) -> Floats | None:
    """Return b-values and directions of files of one frame.

    The standard's attributes, else those of the vendor.

    Parameters
    ----------
    instances : sequence of Instance
        Of one series.

    Returns
    -------
    ndarray, shape (files, 4), or None
        b-value in s/mm² (NaN if missing) and unit vector, patient LPS; zeros where there is no
        direction. None if all files lack a b-value.
    """
    b_values = _standard(instances, "DiffusionBValue", 1)
    directions = _standard(instances, "DiffusionGradientOrientation", 3)
    if b_values is not None and directions is not None:
        return _table(b_values[:, 0], directions)
    for makers in (_private_diffusion, _csa_diffusion, _canon_diffusion):
        table = makers(instances)
        if table is not None:
            return table
    if b_values is None:
        return None
    return _table(b_values[:, 0], np.zeros((len(instances), 3)))


def _standard(instances: Sequence[Instance], keyword: str, size: int) -> Floats | None:
    tag = tag_of(keyword)
    rows = np.full((len(instances), size), np.nan)
    for index, instance in enumerate(instances):
        element = instance.element(tag)
        if element is not None:
            values = as_numbers(element.vr, element.raw, instance.byte_order)[:size]
            if len(values) == size:
                rows[index] = values
    return None if np.isnan(rows).all() else rows


def _table(b_values: Floats, directions: Floats) -> Floats:
    """Return b-values and unit vectors; no direction where b is 0."""
    vectors = np.nan_to_num(directions)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    is_directed = (lengths[:, 0] > 1e-6) & (b_values > 0)
    unit = np.zeros_like(vectors)
    unit[is_directed] = vectors[is_directed] / lengths[is_directed]
    return np.column_stack((b_values, unit))


def _private_diffusion(instances: Sequence[Instance]) -> Floats | None:
    for row in _DIFFUSION:
        b_values = private_column(instances, row.b_value)
        if b_values is None:
            continue
        parts = [private_column(instances, private) for private in row.direction]
        known = [part for part in parts if part is not None]
        directions = np.full((len(instances), 3), np.nan)
        if len(known) == len(parts):
            directions = np.hstack(known)
        return _in_patient(instances, b_values[:, 0], directions, row.frame)
    return None


def _in_patient(
    instances: Sequence[Instance], b_values: Floats, directions: Floats, frame: str
) -> Floats | None:
    if frame == "ge":
        b_values = b_values % _GE_BIAS
        if not (np.nan_to_num(b_values) > 0).any():
            return None  # GE states 0 in images without diffusion weighting too
        b_values, directions = _without_scale(b_values, np.nan_to_num(directions))
    if frame == "patient":
        return _table(b_values, directions)
    return _table(b_values, _turned(instances, directions, frame))


def _without_scale(b_values: Floats, directions: Floats) -> tuple[Floats, Floats]:
    """Return the b-values of directions shorter than 1, which GE states in place of lower ones."""
    lengths = np.linalg.norm(directions, axis=1)
    is_scaled = (lengths > _SCALED[0]) & (lengths < _SCALED[1]) & (b_values > 0)
    exact = b_values * lengths**2
    rounded = np.floor((exact + _B_STEP / 2) / _B_STEP) * _B_STEP
    rounded = np.where((exact > 0) & (exact < _B_STEP), _B_STEP, rounded)
    return np.where(is_scaled, rounded, b_values), directions


def _turned(instances: Sequence[Instance], directions: Floats, frame: str) -> Floats:
    """Return directions along the axes of images as patient LPS."""
    turned = np.zeros_like(directions)
    for index, (instance, vector) in enumerate(
        zip(instances, np.nan_to_num(directions), strict=True)
    ):
        cosines = instance.numbers("ImageOrientationPatient")
        if len(cosines) != 6 or not np.isfinite(cosines).all() or not vector.any():
            continue
        along_columns, along_rows = np.array(cosines[:3]), np.array(cosines[3:])
        normal = np.cross(along_columns, along_rows)
        components = vector
        if frame == "ge":
            components = _image_components(instance, vector, normal)
        turned[index] = components @ np.stack((along_columns, along_rows, normal))
    return turned


def _image_components(instance: Instance, vector: Floats, normal: Floats) -> Floats:
    """Return a direction of GE along columns, rows and normal.

    GE's are along the frequency, phase and slice gradients.
    """
    x, y, z = vector
    nearest = int(np.abs(normal).argmax())
    if instance.text("InPlanePhaseEncodingDirection").upper().startswith("ROW"):
        return np.array([y, -x, z]) * _GE_SIGNS_BY_ROW[nearest]
    return vector * _GE_SIGNS[nearest]


def _csa_diffusion(instances: Sequence[Instance]) -> Floats | None:
    """Return the diffusion of Siemens' CSA headers, in files before VB13."""
    tag = _tag_in_block(instances, 0x0029, "SIEMENS CSA HEADER", 0x10)
    if tag is None:
        return None
    table = np.full((len(instances), DIFFUSION_COLUMNS), np.nan)
    for index, instance in enumerate(instances):
        element = instance.element(tag)
        if element is None:
            continue
        try:
            fields = csa_fields(element.raw, _CSA_DIFFUSION)
        except ParseError:
            continue
        b_value = csa_numbers(fields, "B_value")
        direction = csa_numbers(fields, "DiffusionGradientDirection")
        if len(b_value):
            table[index, 0] = b_value[0]
        if len(direction) == 3:
            table[index, 1:] = direction
    if np.isnan(table[:, 0]).all():
        return None
    return _table(table[:, 0], table[:, 1:])


def _canon_diffusion(instances: Sequence[Instance]) -> Floats | None:
    """Return b-value and direction in ImageComments, ``b=1500(0.895,0.000,0.445)``."""
    b_values = _standard(instances, "DiffusionBValue", 1)
    table = np.zeros((len(instances), DIFFUSION_COLUMNS))
    has_comment = False
    for index, instance in enumerate(instances):
        match = _CANON_COMMENT.fullmatch(instance.text("ImageComments"))
        if match is not None:
            table[index] = list(map(float, match.groups()))
            has_comment = True
    if not has_comment:
        return None
    if b_values is not None:
        table[:, 0] = np.where(np.isnan(b_values[:, 0]), table[:, 0], b_values[:, 0])
    along_gradients = table[:, [2, 1, 3]]  # the comment has the phase direction first
    return _table(table[:, 0], _turned(instances, along_gradients, "ge"))


# ---------------------------------------------------------------------------------- parts
def parts_of_files(instances: Sequence[Instance]) -> list[str]:
    """Return the part of a complex value that each file holds; "" if unknown.

    The first source that tells files apart: ComplexImageComponent, GE's and Philips' private
    elements, ImageType.

    Returns
    -------
    list of str
        magnitude, phase, real, imaginary or "".
    """
    parts: list[str] = [""] * len(instances)
    types = list(_image_type_parts(instances))
    if FIELD_MAP in types:
        return types
    sources: tuple[Callable[[Sequence[Instance]], Iterator[str]], ...] = (
        _component_parts,
        _ge_parts,
        _philips_parts,
        _image_type_parts,
    )
    for source in sources:
        stated = list(source(instances))
        if len(set(stated)) > 1:
            return stated
        if any(stated) and not any(parts):
            parts = stated
    return parts


def _component_parts(instances: Sequence[Instance]) -> Iterator[str]:
    for instance in instances:
        yield _PART_OF_CODE.get(instance.text("ComplexImageComponent").upper(), "")


def _ge_parts(instances: Sequence[Instance]) -> Iterator[str]:
    column = private_column(instances, _GE_PART)
    if column is None:
        return
    for code in column[:, 0].tolist():
        yield _PARTS[int(code)] if code in {0, 1, 2, 3} else ""


def _philips_parts(instances: Sequence[Instance]) -> Iterator[str]:
    tag = _tag_in_block(instances, *_PHILIPS_PART)
    if tag is None:
        return
    for instance in instances:
        yield _PART_OF_CODE.get(_private_text(instance, tag).upper(), "")


def _private_text(instance: Instance, tag: int) -> str:
    element = instance.element(tag)
    return "" if element is None else element.raw.strip(b" \0").decode("latin-1")


def _image_type_parts(instances: Sequence[Instance]) -> Iterator[str]:
    for instance in instances:
        yield part_of_codes(instance.texts("ImageType"))


# ------------------------------------------------------------------- arterial spin labelling
def asl_contexts_of_files(instances: Sequence[Instance]) -> list[str]:
    """Return label, control or m0scan for each file of one frame; "" if unknown."""
    words = [asl_word(instance.text("ASLContext")) for instance in instances]
    tag = None if any(words) else _tag_in_block(instances, *_PHILIPS_LABEL)
    if tag is None:
        return words
    return [asl_word(_private_text(instance, tag)) for instance in instances]


def asl_word(code: str) -> str:
    """Return the word of BIDS for ASLContext; "" for others.

    Examples
    --------
    >>> asl_word("M_ZERO_SCAN"), asl_word("")
    ('m0scan', '')
    """
    return _ASL_WORDS.get(code.upper(), "")


def part_of_codes(codes: Sequence[str]) -> str:
    """Return the part that the values of ImageType or FrameType state; "" if none.

    Examples
    --------
    >>> part_of_codes(("ORIGINAL", "PRIMARY", "P_FFE", "P", "FFE")), part_of_codes(["ORIGINAL"])
    ('phase', '')
    """
    for code in codes[2:]:
        name = code.upper()
        part = _PART_OF_CODE.get(name)
        if part is None and name[1:2] == "_":
            part = _PART_OF_CODE.get(name[0])
        if part is not None:
            return part
    return ""
