"""Images without a position in space.

Radiographs, screenshots, ultrasound and the like have no image plane. Their spacing comes from
PixelSpacing, ImagerPixelSpacing, ImagePlanePixelSpacing, NominalScannedPixelSpacing, ultrasound
regions or PixelAspectRatio, with a warning about its meaning.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby

import numpy as np
import numpy.typing as npt

from dicomseries.errors import GeometryError
from dicomseries.geometry import Grid
from dicomseries.geometry_statement import UNSTATED, Certainty, Lengths, Statement
from dicomseries.lazy_dataclass import dataclass
from dicomseries.reading.modalities.projection_lengths import calibration_problem, magnified
from dicomseries.reading.modalities.ultrasound_regions import (
    UltrasoundRegion,
    region_words,
    regions_of,
)
from dicomseries.reading.parse.instance import Instance
from dicomseries.reading.problems import Problem

__all__ = ["picture_grid", "picture_times_s"]

Floats = npt.NDArray[np.float64]

_TOLERANCE = 1e-3
"""Relative difference of equal spacings."""

_WARNINGS: Mapping[Lengths, tuple[str, str, str]] = {
    "detector": (
        "spacing-at-detector",
        "the spacing is that at the detector ({detector}), not in the patient",
        "{magnified}",
    ),
    "film": (
        "spacing-on-film",
        "the spacing is that of the scanned film (NominalScannedPixelSpacing), not in the patient",
        "Divide lengths by the magnification, if you know it.",
    ),
    "ultrasound region": (
        "spacing-of-region",
        "the spacing is that of the ultrasound regions, and applies only inside them{regions}",
        "Measure inside the regions only.",
    ),
    "ratio": (
        "pixel-spacing-missing",
        "no pixel spacing is stated, only the shape of the pixels (PixelAspectRatio {ratio})",
        "Give the real spacing when you use this volume.",
    ),
}
"""Meaning of a spacing → code, text and remedy of the warning."""


@dataclass(frozen=True, slots=True)
class _Spacing:
    """Spacing of rows and columns in mm, and its meaning."""

    rows: float
    columns: float
    lengths: Lengths = "patient"
    certainty: Certainty = "stated"

    def equals(self, other: _Spacing | None) -> bool:
        """Return True for the same lengths with the same meaning."""
        if other is None or self.lengths != other.lengths:
            return False
        return _are_close((self.rows, self.columns), (other.rows, other.columns))


def _are_close(pair: Sequence[float], other: Sequence[float]) -> bool:
    return bool(np.allclose(pair, other, rtol=_TOLERANCE, atol=0))


def picture_grid(
    instances: Sequence[Instance], slices: int, frame_spacings: Floats | None = None
) -> tuple[Grid | None, list[Problem]]:
    """Return the grid of images without positions, with warnings.

    Parameters
    ----------
    instances : sequence of Instance
        At least one, of one series.
    slices : int
        Images of one volume.
    frame_spacings : ndarray, shape (frames, 2), optional
        Spacing of rows and columns in mm of each frame, from functional groups.

    Returns
    -------
    grid : Grid or None
        At the origin, with the statement that origin and direction are missing; None if the
        spacing is not a length.
    problems : list of Problem
        Warnings; errors if there is no grid.
    """
    first = instances[0]
    if frame_spacings is not None:
        spacing = _common_spacing(frame_spacings)
        is_same = True
    else:
        spacings = list(map(_stated_spacing, instances))
        spacing = spacings[0]
        is_same = all(_are_equal(other, spacing) for other in spacings[1:])
    if is_same:
        problems = _warnings(first, spacing)
    else:
        spacing = None
        problems = [
            Problem(
                code="pixel-spacing-differs",
                level="warning",
                text="the images state different pixel spacings; the grid counts pixels, not mm",
                remedy="Read one image at a time to get its spacing.",
            )
        ]
    row_mm, column_mm, statement = 1.0, 1.0, UNSTATED
    if spacing is not None:
        row_mm, column_mm = spacing.rows, spacing.columns
        statement = Statement(
            spacing=spacing.certainty,
            origin="missing",
            direction="missing",
            lengths=spacing.lengths,
        )
    try:
        grid = Grid(
            shape=(slices, first.rows, first.columns),
            spacing_mm=(column_mm, row_mm, _slice_spacing(first)),
            statement=statement,
        )
    except GeometryError as error:
        text = f"{error.where}: {error.given}"
        problem = Problem(code=error.code, level="error", text=text, remedy=error.remedy)
        return None, [*problems, problem]
    return grid, problems


def _common_spacing(pairs: Floats) -> _Spacing | None:
    """Return the spacing of all frames, None if they differ."""
    if min(pairs[0]) <= 0 or not np.allclose(pairs, pairs[0], rtol=_TOLERANCE, atol=0):
        return None
    return _Spacing(float(pairs[0][0]), float(pairs[0][1]))


def _are_equal(spacing: _Spacing | None, other: _Spacing | None) -> bool:
    if spacing is None:
        return other is None
    return spacing.equals(other)


def _warnings(first: Instance, spacing: _Spacing | None) -> list[Problem]:
    regions = regions_of(first)
    if spacing is None:
        code = "pixel-spacing-missing"
        text = "no pixel spacing is stated; the grid counts pixels, not mm"
        remedy = "Give the real spacing when you use this volume."
        if regions:
            code = "spacing-of-regions-differs"
            text = (
                "the ultrasound regions have no common spacing, so the grid counts pixels, not mm: "
                f"{region_words(regions)}"
            )
            remedy = "Measure inside one region, with its spacing."
    elif spacing.lengths in _WARNINGS:
        if spacing.lengths == "ultrasound region" and _cover_the_picture(regions, first):
            return []
        code, text, remedy = _WARNINGS[spacing.lengths]
        text = text.format(
            ratio=first.text("PixelAspectRatio"),
            detector=_detector_keyword(first),
            regions=_listed_regions(regions),
        )
        remedy = remedy.format(magnified=magnified(first))
    else:
        calibration = calibration_problem(first)
        return [] if calibration is None else [calibration]
    return [Problem(code=code, level="warning", text=text, remedy=remedy)]


def _cover_the_picture(regions: Sequence[UltrasoundRegion], first: Instance) -> bool:
    return any(region.covers(first.rows, first.columns) for region in regions)


def _listed_regions(regions: Sequence[UltrasoundRegion]) -> str:
    """Return the places of the regions, if they state them."""
    if any(region.corners is None for region in regions):
        return ""
    return f" ({region_words(regions)})"


def _detector_keyword(instance: Instance) -> str:
    for keyword in ("ImagerPixelSpacing", "ImagePlanePixelSpacing"):
        if _pair(instance, keyword) is not None:
            return keyword
    return "PixelSpacing"


def _slice_spacing(instance: Instance) -> float:
    """Return the stated distance of slices, or 1.

    Without positions it has no effect.
    """
    for keyword in ("SpacingBetweenSlices", "SliceThickness"):
        length = instance.decimal(keyword)
        if length > 0 and np.isfinite(length):
            return length
    return 1.0


def _stated_spacing(instance: Instance) -> _Spacing | None:
    """Return the most reliable spacing of a file."""
    pair, imager = _pair(instance, "PixelSpacing"), _pair(instance, "ImagerPixelSpacing")
    film = _pair(instance, "NominalScannedPixelSpacing")
    if pair is not None:
        # A copy of the detector's spacing, without calibration (PS3.3 section 10.7.1.3).
        is_copy = imager is not None and _are_close(pair, imager)
        if is_copy and not instance.text("PixelSpacingCalibrationType"):
            return _Spacing(*pair, "detector")
        return _Spacing(*pair)
    imager = imager or _pair(instance, "ImagePlanePixelSpacing")
    if imager is not None:
        return _Spacing(*imager, "detector")
    if film is not None:
        return _Spacing(*film, "film")
    return _region_spacing(instance) or _aspect_ratio(instance)


def _pair(instance: Instance, keyword: str) -> tuple[float, float] | None:
    numbers = instance.numbers(keyword)
    if len(numbers) != 2 or not np.isfinite(numbers).all() or min(numbers) <= 0:
        return None
    return numbers[0], numbers[1]


def _region_spacing(instance: Instance) -> _Spacing | None:
    """Return the common spacing of all ultrasound regions.

    PS3.3 section C.8.5.5.
    """
    steps = {region.spacing_mm for region in regions_of(instance)}
    if len(steps) != 1:
        return None
    spacing = steps.pop()
    if spacing is None:
        return None
    return _Spacing(spacing[1], spacing[0], "ultrasound region")


def _aspect_ratio(instance: Instance) -> _Spacing | None:
    pair = _pair(instance, "PixelAspectRatio")
    if pair is None or pair[0] == pair[1]:
        return None
    return _Spacing(pair[0] / pair[1], 1.0, "ratio", "missing")


def picture_times_s(instances: Sequence[Instance]) -> tuple[float, ...] | None:
    """Return the start of each volume by FrameReferenceTime.

    None without such a clock.

    Parameters
    ----------
    instances : sequence of Instance
        In the order of InstanceNumber.

    Returns
    -------
    tuple of float or None
        Seconds after the first, rising, of at least two volumes with as many images each.
    """
    times = [instance.decimal("FrameReferenceTime") for instance in instances]
    if not np.isfinite(times).all():
        return None
    starts = []
    counts = []
    for time, images in groupby(times):
        starts.append(time)
        counts.append(len(list(images)))
    milliseconds = np.array(starts)
    has_volumes = len(starts) > 1 and len(set(counts)) == 1
    if not has_volumes or (np.diff(milliseconds) <= 0).any():
        return None
    return tuple(((milliseconds - milliseconds[0]) / 1000).round(9).tolist())
