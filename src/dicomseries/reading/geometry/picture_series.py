"""Pictures without a place in space: what their files state of spacing, and when they were taken.

Radiographs, screenshots, ultrasound and the like have no image plane. What they do state is honoured and named:
PixelSpacing, ImagerPixelSpacing, NominalScannedPixelSpacing, ultrasound regions, PixelAspectRatio.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import numpy.typing as npt

from dicomseries.errors import DicomSeriesError, GeometryError
from dicomseries.geometry import Grid
from dicomseries.geometry_statement import UNSTATED, Certainty, Lengths, Statement
from dicomseries.reading.parse.instance import Instance
from dicomseries.reading.problems import Problem

__all__ = ["picture_grid", "picture_times_s"]

Floats = npt.NDArray[np.float64]

_CENTIMETRES = 3
"""PhysicalUnitsXDirection of a length (PS3.3 section C.8.5.5.1.15)."""

_SAME = 1e-3
"""Part of a spacing within which two are one."""

_MEANINGS: Mapping[Lengths, tuple[str, str, str]] = {
    "detector": (
        "spacing-at-detector",
        "the spacing is that at the detector (ImagerPixelSpacing), not in the patient",
        "Divide lengths by the magnification, if you know it.",
    ),
    "film": (
        "spacing-on-film",
        "the spacing is that of the scanned film (NominalScannedPixelSpacing), not in the patient",
        "Divide lengths by the magnification, if you know it.",
    ),
    "ultrasound region": (
        "spacing-of-region",
        "the spacing is that of the ultrasound regions, and holds inside of these only",
        "Measure inside of the regions only.",
    ),
    "ratio": (
        "pixel-spacing-missing",
        "no pixel spacing is stated, only the shape of the pixels (PixelAspectRatio {ratio})",
        "Give the real spacing when you use this volume.",
    ),
}
"""Where a spacing holds → code, text and remedy of the note."""


@dataclass(frozen=True, slots=True)
class _Spacing:
    """Spacing of rows and of columns in mm, and where it holds."""

    rows: float
    columns: float
    lengths: Lengths = "patient"
    certainty: Certainty = "stated"


def picture_grid(
    instances: Sequence[Instance], slices: int, of_frames: Floats | None = None
) -> tuple[Grid | None, list[Problem]]:
    """Return the grid of pictures that stand nowhere, and what the reader should know of its spacing.

    Parameters
    ----------
    instances : sequence of Instance
        At least one, of one series.
    slices : int
        Pictures of one volume.
    of_frames : ndarray, optional
        Spacing of rows and of columns in mm of each frame, from functional groups, shape (frames, 2).

    Returns
    -------
    grid : Grid or None
        At 0, its statement says that this is a stand-in; None if the spacing is no length.
    problems : list of Problem
        Warnings; errors if there is no grid.
    """
    first = instances[0]
    spacing = _spacing_of(first) if of_frames is None else _of_frames(of_frames)
    if of_frames is None and any(_differs(_spacing_of(one), spacing) for one in instances[1:]):
        spacing, problems = None, [_differing()]
    else:
        problems = list(_problems(first, spacing))
    if spacing is None:
        rows, columns, statement = 1.0, 1.0, UNSTATED
    else:
        rows, columns = spacing.rows, spacing.columns
        statement = Statement(
            spacing=spacing.certainty,
            origin="missing",
            direction="missing",
            lengths=spacing.lengths,
        )
    try:
        grid = Grid(
            shape=(slices, first.rows, first.columns),
            spacing_mm=(columns, rows, _between(first)),
            statement=statement,
        )
    except GeometryError as error:
        text = f"{error.where}: {error.given}"
        return None, [
            *problems,
            Problem(code=error.code, level="error", text=text, remedy=error.remedy),
        ]
    return grid, problems


def _between(instance: Instance) -> float:
    """Return the distance of slices that a file states, 1 if none: without places nothing follows from it."""
    keywords = ("SpacingBetweenSlices", "SliceThickness")
    stated = (value for keyword in keywords for value in instance.numbers(keyword)[:1])
    return next((value for value in stated if value > 0 and np.isfinite(value)), 1.0)


def _spacing_of(instance: Instance) -> _Spacing | None:
    """Return the best that a file states."""
    return next((found for state in _STATEMENTS if (found := state(instance)) is not None), None)


def _of_frames(pairs: Floats) -> _Spacing | None:
    """Return the spacing that all frames state, None if they differ."""
    if min(pairs[0]) <= 0 or not np.allclose(pairs, pairs[0], rtol=_SAME, atol=0):
        return None
    return _Spacing(float(pairs[0][0]), float(pairs[0][1]))


def _patient(instance: Instance) -> _Spacing | None:
    """Return PixelSpacing; it is the detector's where it repeats it without a calibration (PS3.3 section 10.7.1.3)."""
    pair, imager = _pair(instance, "PixelSpacing"), _pair(instance, "ImagerPixelSpacing")
    if pair is None:
        return None
    is_imager = imager is not None and np.allclose(pair, imager, rtol=_SAME, atol=0)
    if is_imager and not instance.text("PixelSpacingCalibrationType"):
        return _Spacing(*pair, "detector")
    return _Spacing(*pair)


def _detector(instance: Instance) -> _Spacing | None:
    pair = _pair(instance, "ImagerPixelSpacing")
    return None if pair is None else _Spacing(*pair, "detector")


def _film(instance: Instance) -> _Spacing | None:
    pair = _pair(instance, "NominalScannedPixelSpacing")
    return None if pair is None else _Spacing(*pair, "film")


def _region(instance: Instance) -> _Spacing | None:
    """Return the step of the ultrasound regions, if all of them have one (PS3.3 section C.8.5.5)."""
    try:
        regions = instance.value("SequenceOfUltrasoundRegions") or ()
        steps = {_step(region) for region in regions}
    except (DicomSeriesError, TypeError, ValueError, AttributeError):
        return None
    if len(steps) != 1 or None in steps:
        return None
    across, down = steps.pop() or (0.0, 0.0)
    return _Spacing(down, across, "ultrasound region") if min(across, down) > 0 else None


def _step(region: object) -> tuple[float, float] | None:
    """Return the mm of a column and of a row in a region; None where it is no picture of lengths."""
    units = (getattr(region, f"PhysicalUnits{axis}Direction", None) for axis in "XY")
    if any(unit != _CENTIMETRES for unit in units):
        return None
    across, down = (abs(float(getattr(region, f"PhysicalDelta{axis}"))) * 10 for axis in "XY")
    return (across, down) if np.isfinite((across, down)).all() else None


def _ratio(instance: Instance) -> _Spacing | None:
    pair = _pair(instance, "PixelAspectRatio")
    if pair is None or pair[0] == pair[1]:
        return None
    return _Spacing(pair[0] / pair[1], 1.0, "ratio", "missing")


_STATEMENTS = (_patient, _detector, _film, _region, _ratio)
"""What is looked at, the best first."""


def _pair(instance: Instance, keyword: str) -> tuple[float, float] | None:
    numbers = instance.numbers(keyword)
    if len(numbers) != 2 or not np.isfinite(numbers).all() or min(numbers) <= 0:
        return None
    return numbers[0], numbers[1]


def _differs(spacing: _Spacing | None, other: _Spacing | None) -> bool:
    if spacing is None or other is None:
        return spacing is not other
    if spacing.lengths != other.lengths:
        return True
    return not np.allclose(
        (spacing.rows, spacing.columns), (other.rows, other.columns), rtol=_SAME, atol=0
    )


def _problems(first: Instance, spacing: _Spacing | None) -> Iterator[Problem]:
    if spacing is None:
        yield Problem(
            code="pixel-spacing-missing",
            level="warning",
            text="no pixel spacing is stated; the grid counts pixels, not mm",
            remedy="Give the real spacing when you use this volume.",
        )
    elif spacing.lengths in _MEANINGS:
        code, text, remedy = _MEANINGS[spacing.lengths]
        ratio = first.text("PixelAspectRatio")
        yield Problem(code=code, level="warning", text=text.format(ratio=ratio), remedy=remedy)


def _differing() -> Problem:
    return Problem(
        code="pixel-spacing-differs",
        level="warning",
        text="the pictures state different pixel spacings; the grid counts pixels, not mm",
        remedy="Read one picture at a time for its own spacing.",
    )


def picture_times_s(instances: Sequence[Instance]) -> tuple[float, ...] | None:
    """Return when each volume of pictures was taken, by FrameReferenceTime; None where that is not one clock.

    Parameters
    ----------
    instances : sequence of Instance
        In the order of InstanceNumber.

    Returns
    -------
    tuple of float or None
        Seconds after the first, rising, of at least two volumes of as many pictures each.
    """
    times = [instance.numbers("FrameReferenceTime")[:1] for instance in instances]
    runs = [(time, len(list(same))) for time, same in groupby(times)]
    if len(runs) < 2 or len({count for _, count in runs}) > 1 or any(not time for time, _ in runs):
        return None
    milliseconds = np.array([time[0] for time, _ in runs])
    if not np.isfinite(milliseconds).all() or (np.diff(milliseconds) <= 0).any():
        return None
    return tuple(((milliseconds - milliseconds[0]) / 1000).round(9).tolist())
