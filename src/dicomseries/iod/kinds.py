"""The list of kinds, how one is found by name, and why some objects are not among them."""

from __future__ import annotations

from dataclasses import dataclass

from dicomseries.errors import KindError
from dicomseries.iod.ct import CT
from dicomseries.iod.enhanced_ct import EnhancedCT
from dicomseries.iod.enhanced_mr import EnhancedMR
from dicomseries.iod.kind import Kind
from dicomseries.iod.mr import MR
from dicomseries.iod.multiframe_sc import MultiframeSC
from dicomseries.iod.parametric_map import ParametricMap
from dicomseries.iod.pt import PT
from dicomseries.iod.sc import SC
from dicomseries.iod.segmentation import Segmentation
from dicomseries.iod.xray_3d import XRay3D

__all__ = ["KINDS", "OFFERED", "REFUSED", "Refusal", "find_kind"]

KINDS: tuple[Kind, ...] = (CT, MR, PT, SC, EnhancedCT, EnhancedMR, MultiframeSC, XRay3D, ParametricMap)
"""Every kind that is made from its table alone."""

OFFERED: tuple[Kind, ...] = (*KINDS, Segmentation)
"""Every kind that can be written; the frames of a segmentation are made by `dicomseries.segmentation`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An object of the standard that is not offered for arrays.

    Parameters
    ----------
    names : tuple of str
        What users call it, without blanks and hyphens, in lower case.
    reason : str
        What it would need, with the section of PS3.3.
    remedy : str
        What to use instead; begins with a verb.
    """

    names: tuple[str, ...]
    reason: str
    remedy: str


REFUSED: tuple[Refusal, ...] = (
    Refusal(
        names=("enhancedpt", "enhancedpet", "epet", "ept"),
        reason="an Enhanced PET Image states the drug, its half-life, positron fraction, route and time of injection, "
        "and eleven corrections, all of Type 1 (PS3.3 C.8.22), which nobody knows of an array",
        remedy='Use kind="PT", whose facts of the scanner may stay empty, or "ParametricMap" for exact floats.',
    ),
    Refusal(
        names=("rtdose", "dose", "rd"),
        reason="an RT Dose belongs to a treatment plan or record and must refer to it (PS3.3 C.8.8.3)",
        remedy='Use kind="ParametricMap" with units="Gy", or "SC"; doses of a plan come from planning software.',
    ),
    Refusal(
        names=("nm", "spect", "nuclearmedicine"),
        reason="a Nuclear Medicine Image states its detectors, energy windows and rotations (PS3.3 C.8.4)",
        remedy='Use kind="PT" for positron emission, else "MultiframeSC" or "ParametricMap".',
    ),
    Refusal(
        names=("us", "usmultiframe", "enhancedus", "enhancedusvolume", "ultrasound"),
        reason="an Ultrasound Image has no position in space, and an Enhanced US Volume states its transducer "
        "(PS3.3 C.8.5, C.8.24)",
        remedy='Use kind="MultiframeSC" or "SC", which keep the geometry.',
    ),
    Refusal(
        names=("legacyconverted", "legacyconvertedct", "legacyconvertedmr", "legacyconvertedpet"),
        reason="a Legacy Converted object is made of DICOM files, not of an array (PS3.3 A.70 to A.72)",
        remedy='Use kind="EnhancedCT", "EnhancedMR" or "PT".',
    ),
    Refusal(
        names=("cr", "dx", "dr", "mg", "mammography", "xray", "radiograph", "xa", "rf"),
        reason="a radiograph is a projection and has no slices in space (PS3.3 C.8.1, C.8.7, C.8.11)",
        remedy='Use kind="SC", or "XRay3D" for slices reconstructed from angiographic projections.',
    ),
    Refusal(
        names=("rtstruct", "rs", "contour", "contours"),
        reason="an RT Structure Set holds contours, not voxels (PS3.3 A.19)",
        remedy='Use kind="Segmentation" for masks and label maps.',
    ),
    Refusal(
        names=("wsi", "sm", "slide", "microscopy", "wholeslide"),
        reason="a whole-slide image states its optics and specimen and lies in a slide's coordinates (PS3.3 A.32.8)",
        remedy='Use kind="SC" or "MultiframeSC" for pictures, or a converter for whole-slide images.',
    ),
)
"""Objects that users ask for, and why they get none."""


def find_kind(name: object) -> Kind:
    """Return the kind of that name.

    Parameters
    ----------
    name : object
        The name in any case, with or without blanks, hyphens and underscores; a kind is returned as it is.

    Raises
    ------
    KindError
        If there is no such kind, with a list of them, one line each; or if it is not offered, with the reason.

    Examples
    --------
    >>> find_kind("ct").title, find_kind("enhanced-mr").title
    ('CT Image', 'Enhanced MR Image')
    """
    if isinstance(name, Kind):
        return name
    wanted = _plain(name) if isinstance(name, str) else ""
    for kind in OFFERED:
        if kind.name.casefold() == wanted:
            return kind
    for refusal in REFUSED:
        if wanted in refusal.names:
            raise KindError(
                code="kind-not-offered",
                where="kind",
                given=repr(name),
                expected=f"a kind that an array can fill honestly: {refusal.reason}",
                remedy=refusal.remedy,
            )
    width = max(len(kind.name) for kind in OFFERED)
    listed = "".join(f"\n  {kind.name:<{width}}  {kind.summary}" for kind in OFFERED)
    raise KindError(
        code="kind-unknown",
        where="kind",
        given=repr(name),
        expected="one of " + ", ".join(kind.name for kind in OFFERED),
        remedy=f"Choose what the numbers are:{listed}",
    )


def _plain(name: str) -> str:
    return "".join(char for char in name.casefold() if char not in " -_")
