"""Images that are stored as tiles of one large picture."""

from __future__ import annotations

from dicomseries.reading.parse.instance import Instance
from dicomseries.reading.problems import Problem
from dicomseries.standard.objects.sop_classes import NAMED_KINDS

__all__ = ["tiles_problem"]


def tiles_problem(instance: Instance) -> Problem | None:
    """Return the error about a picture in tiles.

    None for a picture of one tile, such as a thumbnail, and for all other images.

    Notes
    -----
    PS3.3 section C.7.6.17.3 (TILED_FULL and TILED_SPARSE).

    Examples
    --------
    >>> from dicomseries.reading import read_instance
    >>> from pydicom.data import get_testdata_file
    >>> tiles_problem(read_instance(get_testdata_file("CT_small.dcm")))
    """
    rows = _unsigned(instance, "TotalPixelMatrixRows")
    columns = _unsigned(instance, "TotalPixelMatrixColumns")
    if rows <= instance.rows and columns <= instance.columns:
        return None
    remedy = (
        "Open it with wsidicom, which joins the tiles; its thumbnail, "
        "label and overview are pictures that are read here, file by file."
    )
    if NAMED_KINDS.get(instance.sop_class_uid) == "Segmentation":
        remedy = (
            "Open it with highdicom, which joins the tiles "
            "(`highdicom.seg.segread(...).get_total_pixel_matrix()`)."
        )
    return Problem(
        code="tiled-image",
        level="error",
        text=f"{instance.name} is a large picture of {columns}×{rows} pixels in tiles of "
        f"{instance.columns}×{instance.rows}; its frames are no slices",
        remedy=remedy,
    )


def _unsigned(instance: Instance, keyword: str) -> int:
    """Return a UL attribute; 0 if it is missing."""
    raw = instance.raw(keyword) or b""
    return int.from_bytes(raw[:4], "little" if instance.byte_order == "<" else "big")
