"""Advice about named readers that misread a series, as measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from dicomseries.geometry import Grid
from dicomseries.metadata import Metadata
from dicomseries.plan.series_plan import SeriesPlan
from dicomseries.slice_planes import SlicePlanes
from dicomseries.standard.attributes.attribute import Attribute
from dicomseries.standard.known_readers import (
    CORNERSTONE3D,
    DCM2NIIX,
    DCM2NIIX_LIMITS,
    DCMSTACK,
    DICOM2NIFTI,
    GDCM,
    HIGHDICOM,
    ITK_WASM,
    MCVERTER,
    OHIF,
    OVERLAY_LIMITS,
    PLANE_LIMITS,
    PYPET2BIDS,
    SIMPLEITK,
    listed,
)
from dicomseries.standard.transfer_syntaxes import BY_UID, EXPLICIT_VR_LITTLE_ENDIAN

__all__ = ["plane_advice", "reader_advice", "window_advice"]

_CLASSIC = {"EnhancedCT": "CT", "EnhancedMR": "MR", "XRay3D": "SC"}
"""Kinds of one file for each slice that replace kinds of one file for all."""

_FLOAT32_BITS = 32

_SITUATIONS = {
    "mixed-orientations": "several orientations",
    "slices-sheared": "tilted gantry",
    "slices-missing": "a slice missing",
    "spacing-uneven": "uneven",
}
"""Code of an irregularity → its name in `PLANE_LIMITS`, the worst first."""

_DRUG, _NUCLIDE = "RadiopharmaceuticalInformationSequence", "RadionuclideCodeSequence"

_DICOM2NIFTI_NEEDS = ("RepetitionTime", "EchoTime")
_DCMSTACK_NEEDS = ("AcquisitionNumber", "EchoTrainLength")


def reader_advice(series: SeriesPlan) -> Iterator[str]:
    """Yield a sentence for each fault of a reader."""
    yield from _line_advice(series.grid)
    yield from _plane_advice(series)
    yield from _syntax_advice(series.transfer_syntax_uid)
    yield from _slope_advice(series)
    yield from _empty_advice(series)
    if series.is_multi_frame:
        yield from _multi_frame_advice(series)
    else:
        yield from _volumes_advice(series)


def window_advice(facts: Mapping[str, Any], metadata: Metadata) -> Iterator[str]:
    """Yield advice about viewers that misread VOILUTFunction."""
    stated = metadata.get("VOILUTFunction")
    if "VOILUTFunction" not in facts and stated is None:
        return
    if stated is None:
        remedy = (
            "Multiply the array by a power of ten, and say so in its description, so that its "
            "range is far above 1."
        )
    elif stated.values == ("SIGMOID",):
        remedy = "Leave VOILUTFunction out if a linear window will do."
    else:
        remedy = (
            "Without it, center + 0.5 and width + 1 show the same as LINEAR_EXACT, unless the "
            "width is far below 1."
        )
    yield (
        f"{CORNERSTONE3D} and {OHIF} draw no slice where VOILUTFunction is given (they do draw "
        f"planes across the slices). {remedy}"
    )


def _line_advice(grid: Grid) -> Iterator[str]:
    """Yield advice about slices of a single row or column."""
    slices, rows, columns = grid.shape
    if min(rows, columns) > 1:
        return
    text = f"{DCM2NIIX} rejects slices of a single row or column"
    if rows == 1 and slices > 1:
        text += (
            f", and {SIMPLEITK} takes slices of a single row for the rows of one slice, in the "
            "wrong place"
        )
    yield (
        f"{text}. Name another axis as the slices, with `axes=` or an affine, so that slices are "
        "pictures."
    )


def _plane_advice(series: SeriesPlan) -> Iterator[str]:
    """Yield advice about readers that expect a regular grid."""
    form = "files"
    if series.is_multi_frame:
        form = "map" if series.value_map.is_float else "file"
    yield from plane_advice(series.grid, form, is_ct=series.kind in {"CT", "EnhancedCT"})


def plane_advice(grid: Grid, form: str, *, is_ct: bool = False) -> Iterator[str]:
    """Yield advice about readers of slices that form no regular grid; none of others.

    Parameters
    ----------
    grid : Grid
        Regular or not.
    form : {"files", "file", "map", "segmentation"}
        Form of the files, as in `PLANE_LIMITS`.
    is_ct : bool
        Whether they are CT.
    """
    if not isinstance(grid, SlicePlanes):
        return
    yield (
        f"The slices form no regular grid ({grid.summary}): each is written on its own plane, and "
        "readers that build volumes misplace them."
    )
    codes = [code for code in _SITUATIONS if code in grid.codes]
    if not codes:
        return
    situation = _SITUATIONS[codes[0]]
    if form in {"file", "map"} and situation == "a slice missing":
        situation = "uneven"
    limits = [PLANE_LIMITS.get((situation, form), "")]
    situation = "uneven" if situation == "a slice missing" else situation
    of_dcm2niix = DCM2NIIX_LIMITS[situation, ""]
    if form != "files":
        of_dcm2niix = DCM2NIIX_LIMITS.get((situation, "file"), of_dcm2niix)
    if is_ct and (form == "files" or situation == "tilted gantry"):
        of_dcm2niix = DCM2NIIX_LIMITS.get((situation, "CT"), of_dcm2niix)
    if form != "segmentation":
        limits.append(of_dcm2niix)
    text = " ".join(part for part in limits if part)
    if text:
        yield text


def _syntax_advice(uid: str) -> Iterator[str]:
    """Yield advice about readers that cannot decode the pixels."""
    syntax = BY_UID[uid]
    if syntax.unread_by:
        yield (
            f"{syntax.name} was seen not to be read by {listed(*syntax.unread_by)}; without "
            "`compression=` they read the series."
        )


def _slope_advice(series: SeriesPlan) -> Iterator[str]:
    """Yield advice about readers that misapply slopes."""
    values = series.value_map
    if values.slopes is not None and len(set(values.slopes)) > 1:
        yield (
            f"{listed(ITK_WASM, MCVERTER)} apply the slope of one slice to all: wrong values. "
            "`values=Rescale()` has one slope, which both apply correctly."
        )
    is_identity = float(values.slope) == 1.0 and float(values.intercept) == 0.0
    if series.kind in _CLASSIC and not values.is_float and not is_identity:
        yield (
            f"{DICOM2NIFTI} gives the stored numbers of one file of all frames, without its "
            f"rescale. It applies that of `kind={_CLASSIC[series.kind]!r}`."
        )


def _empty_advice(series: SeriesPlan) -> Iterator[str]:
    """Yield advice about converters that stop at empty attributes."""
    empty = {attribute.keyword for attribute in series.shared if attribute.is_empty}
    if series.kind == "MR" and empty.intersection(_DICOM2NIFTI_NEEDS):
        stops = f"{DICOM2NIFTI} stops at an empty RepetitionTime or EchoTime"
        also = [keyword for keyword in _DCMSTACK_NEEDS if keyword in empty]
        if also:
            stops += f", {DCMSTACK} at an empty {' or '.join(also)}"
        yield f"{stops}. Give the values that you know in `metadata=`."
    for attribute in series.shared:
        if attribute.keyword == _DRUG and _has_unnamed_nuclide(attribute):
            yield (
                f"{PYPET2BIDS} stops at an empty {_NUCLIDE}. Give the code of the nuclide, if you "
                "know it."
            )


def _has_unnamed_nuclide(drugs: Attribute) -> bool:
    for item in drugs.values:
        if not isinstance(item, tuple):
            continue
        for attribute in item:
            if attribute.keyword == _NUCLIDE and attribute.is_empty:
                return True
    return False


def _multi_frame_advice(series: SeriesPlan) -> Iterator[str]:
    """Yield advice about readers that misread multi-frame files."""
    if series.value_map.is_float:
        yield from _map_advice(series)
    elif _has_volumes(series):
        readers = [SIMPLEITK, GDCM, ITK_WASM]
        if not any(column.keyword == "DiffusionBValue" for column in series.columns):
            readers = [CORNERSTONE3D, OHIF, *readers]
        yield (
            f"{listed(*readers)} lay all volumes of one file in one "
            f"stack of slices, and {HIGHDICOM} rejects it. `split='time'` writes a series for each "
            "volume, which they read correctly."
        )
    pixels = series.extent.frames * series.grid.shape[1] * series.grid.shape[2] * series.samples
    is_odd = series.value_map.bits == 8 and pixels % 2 == 1
    if is_odd and series.transfer_syntax_uid == EXPLICIT_VR_LITTLE_ENDIAN:
        yield (
            f"{CORNERSTONE3D} rejects files of 8 bits with an odd number of pixels in all, because "
            f"of the byte that pads them; {OHIF} with a DICOMweb server reads them. Both read "
            "`kind='SC'`."
        )


def _map_advice(series: SeriesPlan) -> Iterator[str]:
    """Yield advice about readers of a Parametric Map, over its source or alone."""
    if not any(attribute.keyword == "ReferencedSeriesSequence" for attribute in series.shared):
        yield OVERLAY_LIMITS["map alone"]
        return
    if series.value_map.bits > _FLOAT32_BITS:
        yield OVERLAY_LIMITS["map of 64 bits"]
        return
    yield OVERLAY_LIMITS["map on its source"]
    if series.extent.volumes > 1:
        yield OVERLAY_LIMITS["map over time"]
    if series.grid.shape[1] * series.grid.shape[2] % 4:
        yield OVERLAY_LIMITS["voxels of a map"]


def _volumes_advice(series: SeriesPlan) -> Iterator[str]:
    """Yield advice about readers that cannot separate volumes."""
    if not _has_volumes(series):
        return
    rejecting = [HIGHDICOM, GDCM]
    if series.kind != "MR":
        rejecting.append(DICOM2NIFTI)
    yield (
        f"{listed(*rejecting)} reject several volumes in one series, and "
        f"{listed(SIMPLEITK, ITK_WASM)} stack them as slices. `split='time'` writes a series for "
        "each volume, which they read correctly."
    )


def _has_volumes(series: SeriesPlan) -> bool:
    """Return whether there are several volumes of slices."""
    return series.extent.volumes > 1 and series.extent.slices > 1
