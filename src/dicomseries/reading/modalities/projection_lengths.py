"""Lengths in projection images: at the detector, and in the patient."""

from __future__ import annotations

import math

from dicomseries.reading.parse.instance import Instance
from dicomseries.reading.problems import Problem

__all__ = ["calibration_problem", "magnification_of", "magnified"]

_LEAST_DIFFERENCE = 1e-3
"""Below it a magnification counts as 1."""

_CALIBRATIONS = {
    "FIDUCIAL": "was calibrated by an object of known size, and holds in its plane",
    "GEOMETRY": "is corrected for magnification, and holds at the depth that was assumed for it",
}
"""PixelSpacingCalibrationType → meaning of PixelSpacing (PS3.3 section 10.7.1.3)."""


def magnification_of(instance: Instance) -> float | None:
    """Return how much larger the projection is than the patient.

    Returns
    -------
    float or None
        EstimatedRadiographicMagnificationFactor; else from the distances of source, patient and
        detector; of RT images, to the isocentre. None if none is stated.

    Notes
    -----
    PS3.3 sections C.8.7.5 (X-Ray Acquisition), C.8.11.1 (DX) and C.8.8.2 (RT Image).

    Examples
    --------
    >>> from dicomseries.reading import read_instance
    >>> from pydicom.data import get_testdata_file
    >>> round(magnification_of(read_instance(get_testdata_file("CT_small.dcm"))), 3)
    1.745
    """
    stated = instance.decimal("EstimatedRadiographicMagnificationFactor")
    if math.isfinite(stated) and stated > 0:
        return stated
    for far, near in (
        ("DistanceSourceToDetector", "DistanceSourceToPatient"),
        ("RTImageSID", "RadiationMachineSAD"),
    ):
        lengths = instance.decimal(far), instance.decimal(near)
        if all(map(math.isfinite, lengths)) and min(lengths) > 0:
            return lengths[0] / lengths[1]
    return None


def magnified(instance: Instance) -> str:
    """Return a remedy for lengths at the detector.

    With the magnification, if the header states one.
    """
    factor = magnification_of(instance)
    if factor is None or abs(factor - 1) < _LEAST_DIFFERENCE:
        return "Divide lengths by the magnification, if you know it."
    return (
        f"Divide lengths by {factor:.4g}, the magnification that the header gives, for lengths in "
        "the patient; at another depth it differs."
    )


def calibration_problem(instance: Instance) -> Problem | None:
    """Return the warning about a calibrated PixelSpacing of a projection."""
    kind = instance.text("PixelSpacingCalibrationType")
    has_detector = bool(instance.numbers("ImagerPixelSpacing"))
    if not kind and not has_detector:
        return None
    words = _CALIBRATIONS.get(kind, "differs from that at the detector, without a reason")
    description = instance.text("PixelSpacingCalibrationDescription")
    if description:
        words += f" ({description})"
    return Problem(
        code="spacing-calibrated",
        level="warning",
        text=f"the pixel spacing {words}",
        remedy="Take care with lengths at another depth: the picture is a projection.",
    )
