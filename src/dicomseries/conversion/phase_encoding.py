"""Direction and readout time of phase encoding, in the keys of BIDS."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Collection, Mapping
from typing import Any

__all__ = ["GE_BLOCK", "phase_encoding_record"]

GE_BLOCK = "(0043,102A) GEMS_PARM_01"
"""Name of GE's block of the user, which may differ from slice to slice."""

CsaNumber = Callable[[str], float | None]
"""Name of a CSA field → its number."""

_LETTERS = {"COL": "j", "COLUMN": "j", "ROW": "i"}
"""InPlanePhaseEncodingDirection → axis of the file: i counts columns, j rows."""
_GE_SIGNS = {"LINEAR": False, "REVERSE_LINEAR": True}
"""RectilinearPhaseEncodeReordering of GE → whether the direction is that of rising indices."""
_GE_BLOCK_BYTES = 0x396
"""Bytes of GE's block behind its start, that are read."""
_BOTTOM_UP = 2
"""Order of the lines of k-space that turns the sign round."""
_GE_PEPOLAR = {0.0: False, 1.0: True}
"""User CV 12 of epi_pepolar → whether all volumes are encoded in the opposite direction."""


def phase_encoding_record(
    attributes: Mapping[str, Any],
    *,
    rows: int,
    columns: int,
    csa_number: CsaNumber,
    ge_blocks: Collection[Any] = (),
) -> dict[str, Any]:
    """Return PhaseEncodingDirection, EffectiveEchoSpacing and TotalReadoutTime, where stated.

    Parameters
    ----------
    attributes : mapping of str to value
        Those that all slices share, by keyword.
    rows, columns : int
        Of a slice.
    csa_number : callable
        Gives a number of Siemens' CSA header by name.
    ge_blocks : collection of bytes, optional
        `GE_BLOCK` of each slice.

    Returns
    -------
    dict
        Times in seconds; PhaseEncodingAxis where the sign is not known. Empty for 3-D sequences.

    Notes
    -----
    BIDS 1.11, "In-plane spatial encoding metadata". Signs and times are those of dcm2niix: a
    positive direction of Siemens is that of rising indices of the image.

    Examples
    --------
    >>> siemens = {"Manufacturer": "SIEMENS", "InPlanePhaseEncodingDirection": "COL"}
    >>> siemens["(0019,1028) SIEMENS MR HEADER"] = 20.0
    >>> phase_encoding_record(siemens, rows=50, columns=64, csa_number=lambda name: 1.0)
    {'PhaseEncodingDirection': 'j', 'EffectiveEchoSpacing': 0.001, 'TotalReadoutTime': 0.049}
    """
    letter = _LETTERS.get(str(attributes.get("InPlanePhaseEncodingDirection")))
    if letter is None or attributes.get("MRAcquisitionType") == "3D":
        return {}
    lines = rows if letter == "j" else columns
    maker = str(attributes.get("Manufacturer", "")).lower()
    is_positive, spacing_s = None, None
    if maker.startswith("siemens"):
        is_positive = _siemens_sign(attributes, csa_number)
        spacing_s = _siemens_spacing_s(attributes, csa_number, lines)
    elif maker.startswith("ge "):
        is_positive = _ge_sign(attributes, ge_blocks)
        spacing_s = _ge_spacing_s(attributes, lines)
    record: dict[str, Any] = {}
    if is_positive is None:
        record["PhaseEncodingAxis"] = letter
    else:
        record["PhaseEncodingDirection"] = letter if is_positive else f"{letter}-"
    if spacing_s is not None:
        record["EffectiveEchoSpacing"] = round(spacing_s, 9)
        record["TotalReadoutTime"] = round(spacing_s * (lines - 1), 9)
    return record


def _siemens_sign(attributes: Mapping[str, Any], csa_number: CsaNumber) -> bool | None:
    stated = _number(attributes, "(0021,111C)", "SIEMENS MR SDI 02")
    if stated is None:
        stated = csa_number("PhaseEncodingDirectionPositive")
    return {0.0: False, 1.0: True}.get(-1.0 if stated is None else stated)


def _siemens_spacing_s(
    attributes: Mapping[str, Any], csa_number: CsaNumber, lines: int
) -> float | None:
    """Return the spacing of echoes, with the effects of acceleration and interpolation."""
    bandwidth_hz = _number(attributes, "(0019,1028)", "SIEMENS MR HEADER")
    if bandwidth_hz is None:
        bandwidth_hz = _number(attributes, "(0021,1153)", "SIEMENS MR SDI 02")
    if bandwidth_hz is None:
        bandwidth_hz = csa_number("BandwidthPerPixelPhaseEncode")
    if bandwidth_hz is None or not 0 < bandwidth_hz < math.inf:
        return None
    return 1 / (bandwidth_hz * lines)


def _ge_sign(attributes: Mapping[str, Any], blocks: Collection[Any]) -> bool | None:
    """Return the sign, which RX27 and later state as an attribute."""
    is_positive = _GE_SIGNS.get(str(attributes.get("RectilinearPhaseEncodeReordering")))
    if is_positive is None:
        signs = set(map(_sign_in_block, set(blocks)))
        is_positive = signs.pop() if len(signs) == 1 else None
    sequence = str(attributes.get("(0019,109C) GEMS_ACQU_01", ""))
    if is_positive is None or "epi_pepolar" not in sequence:
        return is_positive
    is_opposite = _GE_PEPOLAR.get(_number(attributes, "(0019,10B3)", "GEMS_ACQU_01") or 0.0)
    return None if is_opposite is None else is_positive != is_opposite


def _sign_in_block(block: Any) -> bool | None:
    """Return the sign in GE's block of the user, of echo planar images; None without it.

    The block has no description; the offsets are those that dcm2niix found.
    """
    if not isinstance(block, bytes) or len(block) < _GE_BLOCK_BYTES:
        return None
    (start,) = struct.unpack_from("<H", block, 24)
    if len(block) < start + _GE_BLOCK_BYTES:
        return None
    (version,) = struct.unpack_from("<f", block, start)
    if not 5 <= version <= 40:
        return None
    is_new = version >= 25.002
    start += 0x4C if is_new else 0
    flags, kind, order = (
        struct.unpack_from("<H", block, start + offset)[0]
        for offset in (0x30, 0x3A, 0x308 if is_new else 0x394)
    )
    if not kind & 0x800:  # not echo planar
        return None
    is_positive = not flags & 4
    return not is_positive if order == _BOTTOM_UP else is_positive


def _ge_spacing_s(attributes: Mapping[str, Any], lines: int) -> float | None:
    """Return the spacing of echoes, as dcm2niix computes it from GE's.

    The readout time is that of the acquired lines; images may have more lines by interpolation.
    """
    spacing_us = _number(attributes, "(0043,102C)", "GEMS_PARM_01")
    factors = attributes.get("(0043,1083) GEMS_PARM_01")
    matrix = attributes.get("AcquisitionMatrix")
    if not spacing_us or not isinstance(factors, list) or not isinstance(matrix, list):
        return None
    # Frequency rows and columns, phase rows and columns: one of the latter is 0.
    stated_lines = int(max(matrix[2:], default=0))
    if min(stated_lines, lines) < 2 or not 0 < factors[0] <= 1:
        return None
    step = 4 if "PFF" in str(attributes.get("ScanOptions")) else 2
    steps = round(stated_lines * float(factors[0]) / step, 3)  # the factor has few decimals
    acquired = math.ceil(steps) * step
    return (acquired - 1) * spacing_us * 1e-6 / (lines - 1)


def _number(attributes: Mapping[str, Any], tag: str, creator: str) -> float | None:
    """Return a number of a private element, in any block of its creator.

    Functional groups have it in the usual block, without the creator.
    """
    value = attributes.get(tag)
    for name in attributes:
        if name.endswith(f") {creator}") and (name[:6], name[8:11]) == (tag[:6], tag[8:11]):
            value = attributes[name]
    return float(value) if isinstance(value, (int, float)) else None
