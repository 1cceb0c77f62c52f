"""What named readers make of a series, where it is not what was written: measured, and nothing more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from dicomseries.geometry import Grid
from dicomseries.metadata import Metadata
from dicomseries.plan.series_plan import SeriesPlan
from dicomseries.standard.attribute import Attribute
from dicomseries.standard.readers import (
    CORNERSTONE3D,
    DCM2NIIX,
    DCMSTACK,
    DICOM2NIFTI,
    GDCM,
    HIGHDICOM,
    ITK_WASM,
    MCVERTER,
    OHIF,
    PYPET2BIDS,
    SIMPLEITK,
    listed,
)
from dicomseries.standard.transfer_syntaxes import BY_UID, EXPLICIT_VR_LITTLE_ENDIAN

__all__ = ["reader_advice", "window_advice"]

_CLASSIC = {"EnhancedCT": "CT", "EnhancedMR": "MR", "XRay3D": "SC"}
"""Kinds of one file a slice in the place of those of one file."""

_DRUG, _NUCLIDE = "RadiopharmaceuticalInformationSequence", "RadionuclideCodeSequence"

_DICOM2NIFTI_NEEDS = ("RepetitionTime", "EchoTime")
_DCMSTACK_NEEDS = ("AcquisitionNumber", "EchoTrainLength")


def reader_advice(series: SeriesPlan) -> Iterator[str]:
    """Yield a sentence for each thing that a reader gets wrong in this series.

    Parameters
    ----------
    series : SeriesPlan
        Complete but for this advice.

    Examples
    --------
    >>> import numpy as np
    >>> import dicomseries as dcs
    >>> plan = dcs.plan(np.ones((2, 3, 4), "uint16"), kind="MR", spacing=(1, 1, 1))
    >>> plan.advice[-1].partition(",")[0]
    'dicom2nifti 2.6 stops at an empty RepetitionTime or EchoTime'
    """
    yield from _line_advice(series.grid)
    yield from _syntax_advice(series.transfer_syntax_uid)
    yield from _slope_advice(series)
    yield from _empty_advice(series)
    yield from _multi_frame_advice(series) if series.is_multi_frame else _volumes_advice(series)


def window_advice(facts: Mapping[str, Any], metadata: Metadata) -> Iterator[str]:
    """Yield what viewers do with a window of a named function: they take its first letter for its name."""
    stated = metadata.get("VOILUTFunction")
    if "VOILUTFunction" not in facts and stated is None:
        return
    if stated is not None and stated.values == ("SIGMOID",):
        remedy = "Leave VOILUTFunction out if a linear window will do."
    elif stated is not None:
        remedy = "Without it, center + 0.5 and width + 1 show what LINEAR_EXACT does, unless the width is far below 1."
    else:
        remedy = "Multiply the array by a power of ten, and say so in its description, so that its range is far above 1."
    yield (
        f"{CORNERSTONE3D} and {OHIF} draw no slice where VOILUTFunction is given (planes across the slices they do "
        f"draw). {remedy}"
    )


def _syntax_advice(uid: str) -> Iterator[str]:
    """Yield which readers cannot decode the pixels."""
    syntax = BY_UID[uid]
    if syntax.unread_by:
        names = listed(*syntax.unread_by)
        yield f"{syntax.name} was seen not to be read by {names}; without compression= they read the series."


def _slope_advice(series: SeriesPlan) -> Iterator[str]:
    """Yield which readers take one slope where there are several, or none."""
    values = series.value_map
    if values.slopes is not None and len(set(values.slopes)) > 1:
        yield (
            f"{listed(ITK_WASM, MCVERTER)} apply the slope of one slice to all: wrong values. values=Rescale() has one "
            "slope, which both apply rightly."
        )
    is_rescaled = not values.is_float and (float(values.slope), float(values.intercept)) != (
        1.0,
        0.0,
    )
    if series.kind in _CLASSIC and is_rescaled:
        yield (
            f"{DICOM2NIFTI} gives the stored numbers of one file of all frames, without its rescale. It applies "
            f"that of kind={_CLASSIC[series.kind]!r}."
        )


def _empty_advice(series: SeriesPlan) -> Iterator[str]:
    """Yield which converters stop at an attribute that may be empty (Type 2)."""
    empty = {one.keyword for one in series.shared if one.is_empty}
    if series.kind == "MR" and empty.intersection(_DICOM2NIFTI_NEEDS):
        also = [one for one in _DCMSTACK_NEEDS if one in empty]
        stops = f"{DICOM2NIFTI} stops at an empty RepetitionTime or EchoTime"
        stops += f", {DCMSTACK} at an empty {' or '.join(also)}" if also else ""
        yield f"{stops}. Give what you know of them in metadata=."
    if any(_has_unnamed_nuclide(one) for one in series.shared if one.keyword == _DRUG):
        yield f"{PYPET2BIDS} stops at an empty {_NUCLIDE}. Give the code of the nuclide, if you know it."


def _has_unnamed_nuclide(drugs: Attribute) -> bool:
    items = [item for item in drugs.values if isinstance(item, tuple)]
    return any(one.keyword == _NUCLIDE and one.is_empty for item in items for one in item)


def _volumes_advice(series: SeriesPlan) -> Iterator[str]:
    """Yield which readers do not know an axis of volumes in files of one frame."""
    if not _has_volumes(series):
        return
    rejecting = [HIGHDICOM, GDCM] if series.kind == "MR" else [HIGHDICOM, GDCM, DICOM2NIFTI]
    yield (
        f"{listed(*rejecting)} reject several volumes in one series, and {listed(SIMPLEITK, ITK_WASM)} stack them as "
        "slices. split='time' writes a series for each volume, which they read right."
    )


def _has_volumes(series: SeriesPlan) -> bool:
    """Tell whether there are several volumes of slices; a clip has none."""
    return series.extent.volumes > 1 and series.extent.slices > 1


def _multi_frame_advice(series: SeriesPlan) -> Iterator[str]:
    """Yield what viewers of the web and libraries do with one file of all frames."""
    if series.value_map.is_float:
        yield f"{OHIF} does not show a Parametric Map; {CORNERSTONE3D} shows one of 32 bits. See companion=True."
    elif _has_volumes(series):
        is_diffusion = any(column.keyword == "DiffusionBValue" for column in series.columns)
        viewers = () if is_diffusion else (CORNERSTONE3D, OHIF)
        stacking = listed(*viewers, SIMPLEITK, GDCM, ITK_WASM)
        yield (
            f"{stacking} lay all volumes of one file in one stack of slices, and {HIGHDICOM} rejects it. split='time' "
            "writes a series for each volume, which they read right."
        )
    pixels = series.extent.frames * series.grid.shape[1] * series.grid.shape[2] * series.samples
    if (
        series.value_map.bits == 8
        and pixels % 2
        and series.transfer_syntax_uid == EXPLICIT_VR_LITTLE_ENDIAN
    ):
        yield (
            f"{CORNERSTONE3D} refuses files of 8 bits with an odd number of pixels in all, for the byte that makes "
            f"them even; {OHIF} before a DICOMweb reads them. kind='SC' is read by both."
        )


def _line_advice(grid: Grid) -> Iterator[str]:
    """Yield what named readers do with slices that are lines."""
    slices, rows, columns = grid.shape
    if min(rows, columns) > 1:
        return
    text = f"{DCM2NIIX} refuses slices of a single row or column"
    if rows == 1 and slices > 1:
        text += f", and {SIMPLEITK} takes slices of a single row for the rows of one slice, in the wrong place"
    yield f"{text}. Name another axis as the slices, with axes= or an affine, so that slices are pictures."
