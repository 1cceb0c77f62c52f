"""SOP classes: images and the place of their plane.

The table is ``data/image_planes.json``, made by ``tools/make_standard_tables.py``.
"""

from __future__ import annotations

from functools import cache
from typing import Literal, cast

from dicomseries.lazy_dataclass import dataclass
from dicomseries.standard.read_table import read_table

__all__ = ["ImageClass", "image_class"]

_Plane = Literal["slices", "frames", "optional", "none", "no-pixels", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageClass:
    """Pixels and image plane of a SOP class.

    Parameters
    ----------
    plane : str
        Place of position, orientation and pixel spacing: ``"slices"`` in the Image Plane module,
        ``"frames"`` in functional groups, ``"optional"`` if they may be left out; ``"none"``
        without an image plane (radiographs, ultrasound, photographs); ``"no-pixels"`` without an
        image (reports, structures, plans, raw data); ``"unknown"`` if the standard does not list
        the class.

    Examples
    --------
    >>> ImageClass(plane="slices").has_pixels, ImageClass(plane="none").has_plane
    (True, False)
    """

    plane: _Plane

    @property
    def has_pixels(self) -> bool:
        """Whether objects of this class hold pixels; True if unknown."""
        return self.plane != "no-pixels"

    @property
    def has_plane(self) -> bool:
        """Whether the standard demands the image plane of every slice."""
        return self.plane in {"slices", "frames"}


def image_class(sop_class_uid: str) -> ImageClass:
    """Return pixels and image plane of a SOP class.

    Parameters
    ----------
    sop_class_uid : str
        SOPClassUID; any text.

    Notes
    -----
    PS3.3 annex A lists the modules of every object; retired classes are listed as they last were.

    Examples
    --------
    >>> image_class("1.2.840.10008.5.1.4.1.1.2").plane
    'slices'
    >>> image_class("1.2.840.10008.5.1.4.1.1.1").plane
    'none'
    >>> image_class("1.2.840.10008.5.1.4.1.1.88.11").has_pixels, image_class("1.2.3").plane
    (False, 'unknown')
    """
    return ImageClass(plane=_planes().get(sop_class_uid, "unknown"))


@cache
def _planes() -> dict[str, _Plane]:
    return cast("dict[str, _Plane]", read_table("image_planes.json")["planes"])
