"""Places of reconstructed slices in nuclear medicine (PS3.3 section C.8.4).

Position and orientation of the first slice are in DetectorInformationSequence; SliceVector and
SpacingBetweenSlices give those of the others.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from dicomseries.reading.parse.functional_groups import as_numbers
from dicomseries.reading.parse.instance import Instance
from dicomseries.standard.attributes.attribute import tag_of

__all__ = ["detector_orientation", "detector_positions", "vector_of"]

Floats = npt.NDArray[np.float64]


def detector_orientation(instance: Instance) -> Floats | None:
    """Return the cosines of the reconstructed slices, shape (6,).

    None for other images, such as projections of a rotating detector.

    Examples
    --------
    >>> from dicomseries.reading import read_instance
    >>> from pydicom.data import get_testdata_file
    >>> detector_orientation(read_instance(get_testdata_file("CT_small.dcm")))
    """
    if not _is_reconstructed(instance):
        return None
    return _numbers_of_detector(instance, "ImageOrientationPatient", 6)


def detector_positions(instance: Instance, frames: int) -> Floats | None:
    """Return the first voxel of each reconstructed slice in LPS mm.

    Shape (frames, 3). A positive SpacingBetweenSlices runs along the normal, a negative one against
    it (PS3.3 section C.8.4.15). None if one of the facts is missing.
    """
    orientation = detector_orientation(instance)
    first = None
    if orientation is not None:
        first = _numbers_of_detector(instance, "ImagePositionPatient", 3)
    if orientation is None or first is None:
        return None
    numbers = vector_of(instance, "SliceVector", frames)
    step = instance.decimal("SpacingBetweenSlices")
    if frames == 1 and numbers is None:
        numbers, step = np.ones(1), 0.0 if math.isnan(step) else step
    if numbers is None or not math.isfinite(step) or (step == 0 and frames > 1):
        return None
    normal = np.cross(orientation[:3], orientation[3:])
    positions: Floats = first + (numbers - 1)[:, None] * step * normal
    return positions


def vector_of(instance: Instance, keyword: str, frames: int) -> Floats | None:
    """Return a vector with one number for each frame; None if it has not as many."""
    element = instance.element(tag_of(keyword))
    if element is None:
        return None
    numbers = as_numbers("US", element.raw, instance.byte_order)
    return np.array(numbers) if len(numbers) == frames else None


def _is_reconstructed(instance: Instance) -> bool:
    return "RECON" in " ".join(instance.texts("ImageType")[2:3])


def _numbers_of_detector(instance: Instance, keyword: str, size: int) -> Floats | None:
    """Return finite numbers of the first detector; None if they are missing."""
    for item in instance.sequence("DetectorInformationSequence")[:1]:
        element = item.get(tag_of(keyword))
        if element is None:
            return None
        numbers = as_numbers("DS", element.raw, instance.byte_order)
        if len(numbers) == size and np.isfinite(numbers).all():
            return np.array(numbers)
    return None
