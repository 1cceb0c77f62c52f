"""Checks of positions, orientation and spacing within a series (GEO), on the numbers as printed.

Slices are compared within a volume; a series of time points has several at the same places.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from dicomseries.checks.registry import Fault, check
from dicomseries.checks.series_view.series_view import SeriesView, Told, printable
from dicomseries.checks.series_view.slice_places import Floats, PlacedVolume, usual_gap
from dicomseries.reading import SAME_PLACE

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


@check("GEO-001", level="error", part="PS3.3 C.7.6.2.1.1", scope="image")
def orientation_is_a_frame(view: SeriesView) -> Iterator[Fault]:
    """ImageOrientationPatient is two unit vectors at right angles (within 5e-4).

    Readers differ in what they make of others: some normalise, some shear, some refuse.
    """
    for told in view.told("ImageOrientationPatient"):
        if told.raw and not _is_frame(told.numbers):
            yield Fault(
                told.where,
                f"ImageOrientationPatient {printable(told.raw)} is not two unit vectors at right angles.",
                "Write the cosines with up to 16 characters.",
            )


def _is_frame(cosines: tuple[float, ...]) -> bool:
    if len(cosines) != 6 or not np.isfinite(cosines).all():
        return False
    axes = np.reshape(cosines, (2, 3))
    return bool(np.abs(axes @ axes.T - np.eye(2)).max() <= _FRAME)


@check("GEO-002", level="error", part="PS3.3 C.7.6.2", scope="image")
def plane_is_one(view: SeriesView) -> Iterator[Fault]:
    """Orientation and pixel spacing are equal in all slices, byte for byte, or they form no volume.

    In a multi-frame file: in all frames of a stack.
    """
    for keyword in ("ImageOrientationPatient", "PixelSpacing"):
        told = view.told(keyword)
        odd = _odd(view, told) if len(told) > 1 else []
        if odd:
            yield Fault(
                odd[0].where,
                f"{keyword} is {printable(odd[0].raw)}, not that of the other slices "
                f"({len(odd)} of {len(told)} differ).",
                f"Write one {keyword}, or make two series.",
            )


def _odd(view: SeriesView, told: tuple[Told, ...]) -> list[Told]:
    """Return what is not what most slices of the same stack say."""
    stacks: dict[str, dict[str, list[Told]]] = {}
    names = view.stacks if len(view.stacks) == len(told) else [""] * len(told)
    for stack, one in zip(names, told, strict=True):
        stacks.setdefault(stack, {}).setdefault(one.text, []).append(one)
    found = []
    for groups in stacks.values():
        usual = max(groups.values(), key=len)
        found += [one for group in groups.values() if group is not usual for one in group]
    return found


@check("GEO-003", level="error", part="PS3.3 C.7.6.2", scope="image")
def plane_is_told(view: SeriesView) -> Iterator[Fault]:
    """Every slice has position, orientation and pixel spacing, if one has a position or an orientation.

    Each is a list of finite numbers: three, six and two, the two above 0. Objects whose definition has no image plane
    (radiographs, ultrasound, nuclear medicine, photographs), and those that may leave it out (secondary capture, dose),
    need the three only if a slice has a position or an orientation.
    """
    all_told = [view.told(keyword) for keyword in _PLANE]
    stated = [any(one.raw for one in told) for told in all_told]
    is_needed = any(stated) if view.image_class.has_plane else any(stated[:2])
    for keyword, count, told in zip(_PLANE, (3, 6, 2), all_told, strict=True):
        for one in told:
            if (one.raw or is_needed) and not _are_numbers(one, keyword, count):
                yield Fault(one.where, f"{keyword} is {printable(one.raw)}.", _COMPLETE[keyword])


_COMPLETE = {
    "ImagePositionPatient": "Write x, y and z of the first pixel's centre in mm, three finite numbers, in every slice.",
    "ImageOrientationPatient": "Write the six cosines of rows and columns in every slice.",
    "PixelSpacing": "Write the distances of rows and of columns in mm, two numbers above 0, in every slice.",
}


def _are_numbers(told: Told, keyword: str, count: int) -> bool:
    numbers = told.numbers
    if len(numbers) != count or not all(map(math.isfinite, numbers)):
        return False
    return keyword != "PixelSpacing" or min(numbers) > 0


@check("GEO-004", level="error", part="PS3.3 C.7.6.2.1.1", scope="image")
def positions_are_unique(view: SeriesView) -> Iterator[Fault]:
    """No two slices of a volume are at one place.

    Several at each place are several volumes, if an attribute tells them apart: time point, acquisition, echo, b-value
    and direction, phase, ImageType, a clock, InstanceNumber; in a multi-frame file also the dimension indices. They are
    sorted as `read` sorts them, and this is found only where `read` finds no volumes either.
    """
    repeated = False
    for volume, gaps in _volumes(view):
        same = np.flatnonzero(gaps <= usual_gap(gaps) * SAME_PLACE) + volume.start
        for index in same[:1].tolist():
            repeated = True
            yield Fault(
                view.places.name(index + 1),
                f"It stands at the place of {view.places.name(index)} ({len(same)} such pairs).",
                "Remove copies, or number the volumes, e.g. by TemporalPositionIdentifier.",
            )
    for sorting in () if repeated else view.places.sortings:
        if sorting.arrangement is None and sorting.tried:
            yield Fault(
                "series",
                f"{len(sorting.places)} slices stand at {sorting.place_count} places, and none of "
                f"{', '.join(sorting.tried)} makes whole volumes of them.",
                "Export the missing files, or number the volumes: the same numbers at every place.",
            )


@check("GEO-005", level="error", part="PS3.3 C.7.6.2.1.1", scope="image")
def no_slice_is_missing(view: SeriesView) -> Iterator[Fault]:
    """No gap is a multiple of the others: a slice would be missing. ITK spreads the others over the gap.

    Segmentations may leave out frames in which a segment has no pixels.
    """
    found = [] if view.is_sparse else list(_volumes(view))
    usual = usual_gap(np.concatenate([gaps for _, gaps in found])) if found else 0.0
    for volume, gaps in found if usual else ():
        times = gaps / usual
        for index in np.flatnonzero(
            (np.round(times) >= 2) & (np.abs(times - np.round(times)) < _MISSING)
        )[:3].tolist():
            place = volume.start + index
            yield Fault(
                f"between {view.places.name(place)} and {view.places.name(place + 1)}",
                f"The gap is {gaps[index]:.6g} mm, {times[index]:.3g} times the usual one: a slice is missing.",
                "Copy or export the missing file.",
            )


@check("GEO-006", level="error", part="PS3.3 C.7.6.2.1.1", scope="image")
def positions_are_even(view: SeriesView) -> Iterator[Fault]:
    """Positions are on one line and evenly spaced, within 5 % of the spacing.

    Readers assume one spacing; what departs from it is drawn and measured in the wrong place.
    """
    yield from _unevenness(view, _COARSE, np.inf)


@check("GEO-007", level="warning", part="PS3.3 C.7.6.2.1.1", scope="image")
def positions_are_precise(view: SeriesView) -> Iterator[Fault]:
    """Positions are on one line and evenly spaced, within 1e-4 of the spacing.

    Positions printed with too few decimals; ITK warns of them.
    """
    yield from _unevenness(view, _FINE, _COARSE)


@check("GEO-008", level="error", part="PS3.3 C.7.6.2, C.8.3.1", scope="image")
def spacing_agrees(view: SeriesView) -> Iterator[Fault]:
    """SpacingBetweenSlices is the same in all slices and the distance of the positions, within 1e-3.

    It is the distance of centres, not the gap between slices. Segmentations may leave out frames: there the smallest
    distance is a whole number of spacings.
    """
    gap_of = _smallest_gap if view.is_sparse else usual_gap
    spacing = next((gap_of(gaps) for _, gaps in _volumes(view)), 0.0)
    for told in view.told("SpacingBetweenSlices") if spacing else ():
        if told.raw and not _is_spacing(told.numbers, spacing, is_sparse=view.is_sparse):
            yield Fault(
                told.where,
                f"SpacingBetweenSlices is {printable(told.raw)}, the positions are {spacing:.6g} mm apart.",
                f"Write SpacingBetweenSlices {spacing:.6g}, the distance of the positions.",
            )


def _smallest_gap(gaps: Floats) -> float:
    apart = gaps[gaps > SAME_PLACE * gaps.max()] if gaps.size else gaps
    return float(apart.min()) if apart.size else 0.0


def _is_spacing(stated: tuple[float, ...], spacing: float, *, is_sparse: bool) -> bool:
    if len(stated) != 1 or not math.isfinite(stated[0]) or stated[0] <= 0:
        return False
    times = max(1, round(spacing / stated[0])) if is_sparse else 1
    return abs(stated[0] * times - spacing) <= _STATED * spacing


@check("GEO-009", level="error", part="PS3.3 C.7.6.2.1.1", scope="image")
def slices_are_not_sheared(view: SeriesView) -> Iterator[Fault]:
    """Slices are stacked along their normal (within 5 % of a pixel a slice): no gantry tilt.

    Readers build right-angled volumes and drop the shear without a word.
    """
    pixels = view.told("PixelSpacing")[0].numbers
    places = view.places
    for volume, _ in _volumes(view):
        if places.positions_lps is None or places.axes is None or len(pixels) != 2:
            return
        first, last = places.positions_lps[volume.start], places.positions_lps[volume.stop - 1]
        sideways = np.abs(places.axes[volume.start] @ (last - first)).max() / (
            volume.stop - volume.start - 1
        )
        if sideways > _COARSE * min(pixels):
            yield Fault(
                places.name(volume.start),
                f"Each slice slides {sideways:.3g} mm sideways.",
                "Resample the slices onto a right-angled grid, e.g. with dcm2niix.",
            )


@check("GEO-010", level="error", part="PS3.3 C.7.6.2.1.1", scope="image")
def volumes_are_at_the_same_places(view: SeriesView) -> Iterator[Fault]:
    """Every time point has the same slices at the same places, within 1e-3 of the spacing.

    Readers take the grid of the first volume for all. Segments may leave out empty frames.
    """
    places = view.places
    if places.positions_lps is None or view.is_sparse:
        return
    first = {volume.stack: volume for volume in reversed(places.volumes)}
    for volume in places.different:
        usual = first[volume.stack]
        ours = places.positions_lps[volume.start : volume.stop]
        theirs = places.positions_lps[usual.start : usual.stop]
        if len(ours) != len(theirs):
            yield Fault(
                places.name(volume.start),
                f"Its volume has {len(ours)} slices, the first one {len(theirs)}.",
                "Export the missing files, or write all volumes with as many slices.",
            )
        elif (off := np.abs(ours - theirs).max(axis=1)).max() > _STATED * _spacing_mm(
            places.gaps(usual)
        ):
            worst = int(np.argmax(off))
            yield Fault(
                places.name(volume.start + worst),
                f"It stands {off[worst]:.3g} mm beside its place in the first volume.",
                "Write the same positions in every volume, or make two series.",
            )


@check("GEO-011", level="warning", part="PS3.3 C.7.6.1", scope="image")
def volumes_are_named(view: SeriesView) -> Iterator[Fault]:
    """Something but InstanceNumber, or the order of the frames, tells the volumes apart.

    They may be time points, echoes or copies; every reader has to guess, and `read` warns as well.
    """
    for sorting in view.places.sortings:
        if sorting.arrangement is not None and sorting.arrangement.by == "InstanceNumber":
            what = "the order of the frames" if view.is_framed else "InstanceNumber"
            yield Fault(
                "series",
                f"Nothing but {what} tells its {sorting.arrangement.volumes} volumes apart.",
                "Write TemporalPositionIdentifier, EchoNumbers or what they differ in; remove copies.",
            )


def _spacing_mm(gaps: Floats | None) -> float:
    """Return the spacing of a volume; 1 mm for a single slice."""
    return 1.0 if gaps is None else usual_gap(gaps) or 1.0


def _volumes(view: SeriesView) -> Iterator[tuple[PlacedVolume, Floats]]:
    """Yield every volume whose slices do not stand just where those of an earlier one do, and its gaps in mm."""
    for volume in view.places.different:
        gaps = view.places.gaps(volume)
        if gaps is not None:
            yield volume, gaps


def _unevenness(view: SeriesView, above: float, below: float) -> Iterator[Fault]:
    """Yield the slice furthest from its place on an even line through the first and last, if off by that much."""
    for volume, gaps in _volumes(view):
        if view.is_sparse or view.positions_lps is None or len(gaps) < 2 or not gaps.min() > 0:
            continue
        positions = view.positions_lps[volume.start : volume.stop]
        along = np.linspace(0, 1, len(positions))[:, None]
        off = np.sqrt(
            ((positions - (positions[0] + along * (positions[-1] - positions[0]))) ** 2).sum(axis=1)
        )
        worst = int(np.argmax(off))
        spacing = float(gaps.mean())
        if above * spacing < off[worst] <= below * spacing:
            yield Fault(
                view.places.name(volume.start + worst),
                f"It stands {off[worst]:.3g} mm beside its even place (spacing {spacing:.6g} mm).",
                "Write exact positions, or resample onto even places.",
            )
