"""Checks of positions, orientation and spacing within a series (GEO), on the numbers as printed."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from dicomseries.verify.registry import Fault, check
from dicomseries.verify.view import SeriesView, printable

__all__: list[str] = []

_FRAME = 5e-4
"""Departure of cosines from a right-angled unit frame; four decimals pass, three do not (as in dciodvfy)."""
_FINE = 1e-4
"""Departure from even places as a part of the spacing: from about here ITK warns."""
_COARSE = 0.05
"""The same, from where OHIF warns and dcm2niix writes a second, resampled file."""
_STATED = 1e-3
"""Departure of SpacingBetweenSlices from the positions, as a part of it."""
_MISSING = 0.2

_PLANE = ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing")


@check("GEO-001", level="error", part="PS3.3 C.7.6.2.1.1")
def orientation_is_a_frame(view: SeriesView) -> Iterator[Fault]:
    """ImageOrientationPatient is two unit vectors at right angles (within 5e-4).

    Readers differ in what they make of others: some normalise, some shear, some refuse.
    """
    for instance in view.representatives("ImageOrientationPatient"):
        cosines = instance.numbers("ImageOrientationPatient")
        if instance.raw("ImageOrientationPatient") and not _is_frame(cosines):
            yield Fault(
                instance.name,
                f"ImageOrientationPatient {printable(instance.raw('ImageOrientationPatient'))} "
                "is not two unit vectors at right angles.",
                "Write the cosines with up to 16 characters.",
            )


def _is_frame(cosines: tuple[float, ...]) -> bool:
    if len(cosines) != 6 or not np.isfinite(cosines).all():
        return False
    axes = np.reshape(cosines, (2, 3))
    return bool(np.abs(axes @ axes.T - np.eye(2)).max() <= _FRAME)


@check("GEO-002", level="error", part="PS3.3 C.7.6.2")
def plane_is_one(view: SeriesView) -> Iterator[Fault]:
    """Orientation and pixel spacing are equal in all slices, byte for byte, or they form no volume."""
    for keyword in ("ImageOrientationPatient", "PixelSpacing"):
        if view.differs(keyword):
            odd = view.odd(keyword)
            yield Fault(
                odd[0].name,
                f"{keyword} is {printable(odd[0].raw(keyword))}, not that of the other slices "
                f"({len(odd)} of {len(view.instances)} differ).",
                f"Write one {keyword}, or make two series.",
            )


@check("GEO-003", level="error", part="PS3.3 C.7.6.2")
def plane_is_told(view: SeriesView) -> Iterator[Fault]:
    """Every slice has position, orientation and pixel spacing, if one has.

    Each is a list of finite numbers: three, six and two, the two above 0.
    """
    if not any(instance.raw(keyword) for instance in view.instances for keyword in _PLANE):
        return
    for keyword, count in zip(_PLANE, (3, 6, 2), strict=True):
        for instance in view.representatives(keyword):
            numbers = instance.numbers(keyword)
            fine = len(numbers) == count and all(map(math.isfinite, numbers))
            if not fine or (keyword == "PixelSpacing" and min(numbers) <= 0):
                yield Fault(
                    instance.name,
                    f"{keyword} is {printable(instance.raw(keyword))}.",
                    f"Write {count} finite numbers.",
                )


@check("GEO-004", level="error", part="PS3.3 C.7.6.2.1.1")
def positions_are_unique(view: SeriesView) -> Iterator[Fault]:
    """No two slices are at one place. Several at each are several volumes; one series should hold one."""
    gaps = _gaps(view)
    if gaps is None:
        return
    same = np.flatnonzero(gaps <= _usual(gaps) * 0.01)
    for index in same[:1]:
        yield Fault(
            view.instances[int(index) + 1].name,
            f"It stands at the place of {view.instances[int(index)].name} ({len(same)} such pairs).",
            "Give each slice its own ImagePositionPatient, and each time point its own series.",
        )


@check("GEO-005", level="error", part="PS3.3 C.7.6.2.1.1")
def no_slice_is_missing(view: SeriesView) -> Iterator[Fault]:
    """No gap is a multiple of the others: a slice would be missing. ITK spreads the others over the gap."""
    gaps = _gaps(view)
    if gaps is None or not _usual(gaps):
        return
    times = gaps / _usual(gaps)
    for index in np.flatnonzero((np.round(times) >= 2) & (np.abs(times - np.round(times)) < _MISSING))[:3]:
        yield Fault(
            f"between {view.instances[int(index)].name} and {view.instances[int(index) + 1].name}",
            f"The gap is {gaps[index]:.6g} mm, {times[index]:.3g} times the usual one: a slice is missing.",
            "Copy or export the missing file.",
        )


@check("GEO-006", level="error", part="PS3.3 C.7.6.2.1.1")
def positions_are_even(view: SeriesView) -> Iterator[Fault]:
    """Positions are on one line and evenly spaced, within 5 % of the spacing.

    Readers assume one spacing; what departs from it is drawn and measured in the wrong place.
    """
    yield from _unevenness(view, _COARSE, np.inf)


@check("GEO-007", level="warning", part="PS3.3 C.7.6.2.1.1")
def positions_are_precise(view: SeriesView) -> Iterator[Fault]:
    """Positions are on one line and evenly spaced, within 1e-4 of the spacing.

    Positions printed with too few decimals; ITK warns of them.
    """
    yield from _unevenness(view, _FINE, _COARSE)


@check("GEO-008", level="error", part="PS3.3 C.7.6.2, C.8.3.1")
def spacing_agrees(view: SeriesView) -> Iterator[Fault]:
    """SpacingBetweenSlices is the same in all slices and the distance of the positions, within 1e-3.

    It is the distance of centres, not the gap between slices.
    """
    spacing = _spacing_mm(view)
    for instance in view.representatives("SpacingBetweenSlices"):
        stated = instance.numbers("SpacingBetweenSlices")
        if (
            spacing
            and instance.raw("SpacingBetweenSlices")
            and not (len(stated) == 1 and abs(stated[0] - spacing) <= _STATED * spacing)
        ):
            yield Fault(
                instance.name,
                f"SpacingBetweenSlices is {printable(instance.raw('SpacingBetweenSlices'))}, "
                f"the positions are {spacing:.6g} mm apart.",
                "Write the distance of the positions.",
            )


@check("GEO-009", level="error", part="PS3.3 C.7.6.2.1.1")
def slices_are_not_sheared(view: SeriesView) -> Iterator[Fault]:
    """Slices are stacked along their normal (within 5 % of a pixel a slice): no gantry tilt.

    Readers build right-angled volumes and drop the shear without a word.
    """
    if view.positions_lps is None or view.axes is None or len(view.instances) < 2:
        return
    step = (view.positions_lps[-1] - view.positions_lps[0]) / (len(view.instances) - 1)
    sideways = np.abs(view.axes @ step).max()
    pixels = view.first.numbers("PixelSpacing")
    if len(pixels) == 2 and sideways > _COARSE * min(pixels):
        yield Fault(
            view.first.name,
            f"Each slice slides {sideways:.3g} mm sideways.",
            "Resample the slices onto a right-angled grid.",
        )


def _gaps(view: SeriesView) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]] | None:
    if view.distances_mm is None or len(view.instances) < 2:
        return None
    gaps: np.ndarray[tuple[int, ...], np.dtype[np.float64]] = np.diff(view.distances_mm)
    return gaps


def _usual(gaps: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> float:
    apart = gaps[gaps > 0.01 * gaps.max()]
    return float(np.median(apart)) if apart.size else 0.0


def _spacing_mm(view: SeriesView) -> float:
    gaps = _gaps(view)
    return 0.0 if gaps is None else _usual(gaps)


def _unevenness(view: SeriesView, above: float, below: float) -> Iterator[Fault]:
    """Yield the slice furthest from its place on an even line through the first and last, if off by that much."""
    gaps = _gaps(view)
    if gaps is None or view.positions_lps is None or len(gaps) < 2 or not gaps.min() > 0:
        return
    positions = view.positions_lps
    along = np.linspace(0, 1, len(positions))[:, None]
    off = np.sqrt(((positions - (positions[0] + along * (positions[-1] - positions[0]))) ** 2).sum(axis=1))
    worst = int(np.argmax(off))
    spacing = float(gaps.mean())
    if above * spacing < off[worst] <= below * spacing:
        yield Fault(
            view.instances[worst].name,
            f"It stands {off[worst]:.3g} mm beside its even place (spacing {spacing:.6g} mm).",
            "Write exact positions, or resample onto even places.",
        )
