"""Which SOP classes hold images, and how they state where the image stands (PS3.3 annex A and section C.7.6.2)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

from dicomseries.standard.image_class_tables import PLANE_TEXT

__all__ = ["ImageClass", "image_class"]

Plane = Literal["slices", "frames", "optional", "none", "no-pixels", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageClass:
    """What the definition of an object says of its image.

    Parameters
    ----------
    plane : str
        How it states position, orientation and pixel spacing: ``"slices"`` in the Image Plane module,
        ``"frames"`` in functional groups, ``"optional"`` if it likes; ``"none"`` if it has no image
        plane (radiographs, ultrasound, photographs); ``"no-pixels"`` if it is no image at all
        (reports, structures, plans, raw data); ``"unknown"`` for a class that the standard does not list.

    Examples
    --------
    >>> ImageClass(plane="slices").has_pixels, ImageClass(plane="none").has_plane
    (True, False)
    """

    plane: Plane

    @property
    def has_pixels(self) -> bool:
        """Whether objects of this class hold pixels; True where that is not known."""
        return self.plane != "no-pixels"

    @property
    def has_plane(self) -> bool:
        """Whether the standard demands the image plane of every slice."""
        return self.plane in {"slices", "frames"}


@cache
def image_class(sop_class_uid: str) -> ImageClass:
    """Return what the standard says of the image in objects of a SOP class.

    Parameters
    ----------
    sop_class_uid : str
        SOPClassUID; any text.

    Notes
    -----
    PS3.3 annex A lists the modules of every object; retired classes are listed as they last were.

    Examples
    --------
    >>> image_class("1.2.840.10008.5.1.4.1.1.2").plane, image_class("1.2.840.10008.5.1.4.1.1.1").plane
    ('slices', 'none')
    >>> image_class("1.2.840.10008.5.1.4.1.1.88.11").has_pixels, image_class("1.2.3").plane
    (False, 'unknown')
    """
    return ImageClass(plane=_planes().get(sop_class_uid, "unknown"))


@cache
def _planes() -> dict[str, Plane]:
    kinds: tuple[Plane, ...] = ("slices", "frames", "optional", "none", "no-pixels")
    return {uid: kind for kind in kinds for uid in PLANE_TEXT[kind].split()}
