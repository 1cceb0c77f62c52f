"""Checks of positions, orientation and spacing (GEO).

Slices are compared within a volume: time points have several slices at each position.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

import numpy as np

from dicomseries.checks.registry import Fault, check
from dicomseries.checks.series_view.element_values import AttributeValue, printable, unusual_values
from dicomseries.checks.series_view.series_view import SeriesView
from dicomseries.checks.series_view.slice_places import Floats, PlacedVolume
from dicomseries.reading import usual_gap

__all__: list[str] = []

_ORTHONORMAL = 5e-4
"""Tolerance of cosines: four decimals pass, three do not (as in dciodvfy)."""
_FINE = 1e-4
"""Deviation from even positions, as a part of the spacing: ITK warns from about here."""
_COARSE = 0.05
"""The same: OHIF warns, and dcm2niix writes a second, resampled file."""
_STATED = 1e-3
"""Deviation of SpacingBetweenSlices from the positions, as a part of it."""
_WHOLE_GAP = 0.2
"""Deviation of a gap from a whole number of steps, in steps."""

_EVEN_ORGANIZATIONS = {"3D", "3D_TEMPORAL"}
"""DimensionOrganizationType of evenly spaced, parallel slices."""

_COUNTS = {"ImagePositionPatient": 3, "ImageOrientationPatient": 6, "PixelSpacing": 2}
_REMEDIES = {
    "ImagePositionPatient": "Write x, y and z of the first pixel's centre in mm, three finite "
    "numbers, in every slice.",
    "ImageOrientationPatient": "Write the six cosines of rows and columns in every slice.",
    "PixelSpacing": "Write the distances of rows and of columns in mm, two numbers above 0, in "
    "every slice.",
}


@check("GEO-001", level="error", part="PS3.3 C.7.6.2.1.1", scope="image")
def orientation_is_orthonormal(view: SeriesView) -> Iterator[Fault]:
    """ImageOrientationPatient is two unit vectors at right angles, within 5e-4.

    Readers differ otherwise: some normalise the vectors, some shear the image, some reject it.
    """
    for value in view.values("ImageOrientationPatient"):
        if value.raw and not _are_orthonormal(value.numbers):
            yield Fault(
                value.where,
                f"ImageOrientationPatient {printable(value.raw)} is not two unit vectors at right "
                "angles.",
                "Write the cosines with up to 16 characters.",
            )


def _are_orthonormal(cosines: tuple[float, ...]) -> bool:
    if len(cosines) != 6 or not np.isfinite(cosines).all():
        return False
    axes = np.reshape(cosines, (2, 3))
    return bool(np.abs(axes @ axes.T - np.eye(2)).max() <= _ORTHONORMAL)


@check("GEO-002", level="error", part="PS3.3 C.7.6.2", scope="image", or_warning=True)
def plane_is_shared(view: SeriesView) -> Iterator[Fault]:
    """Orientation and pixel spacing are equal in all slices.

    Byte for byte; only then the slices form a volume. An error in a stack of a multi-frame file
    (StackID), whose frames are parallel; a warning about other slices, such as those of a
    localizer: ITK puts all of them on the plane of the first, dcm2niix writes a file for each
    plane.
    """
    for keyword in ("ImageOrientationPatient", "PixelSpacing"):
        values = view.values(keyword)
        stacks = view.stacks if len(view.stacks) == len(values) else ("",) * len(values)
        by_stack: dict[str, list[AttributeValue]] = {}
        for stack, value in zip(stacks, values, strict=True):
            by_stack.setdefault(stack, []).append(value)
        unusual = []
        is_error = False
        for stack, members in by_stack.items():
            of_stack = unusual_values(members)[0]
            unusual += of_stack
            is_error = is_error or bool(stack and of_stack)
        if unusual:
            yield Fault(
                unusual[0].where,
                f"{keyword} is {printable(unusual[0].raw)}, not that of the other slices "
                f"({len(unusual)} of {len(values)} differ).",
                f"Write one {keyword}, or make two series; slices of several planes can be read "
                "one stack at a time.",
                level=None if is_error else "warning",
            )


@check("GEO-003", level="error", part="PS3.3 C.7.6.2", scope="image")
def plane_is_stated(view: SeriesView) -> Iterator[Fault]:
    """Every slice has position, orientation and pixel spacing.

    Each is a list of finite numbers: three, six and two, the two above 0. Objects without an image
    plane in their definition (radiographs, ultrasound, nuclear medicine, photographs), and objects
    that may leave it out (secondary capture, dose), need the three only if a slice has a position
    or an orientation.
    """
    values = {keyword: view.values(keyword) for keyword in _COUNTS}
    stated = {keyword for keyword in values if any(value.raw for value in values[keyword])}
    if not view.image_class.has_plane:
        stated -= {"PixelSpacing"}
    for keyword, count in _COUNTS.items():
        for value in values[keyword]:
            numbers = value.numbers
            is_legal = len(numbers) == count and all(map(math.isfinite, numbers))
            if keyword == "PixelSpacing":
                is_legal = is_legal and min(numbers) > 0
            if (value.raw or stated) and not is_legal:
                yield Fault(
                    value.where, f"{keyword} is {printable(value.raw)}.", _REMEDIES[keyword]
                )


@check("GEO-004", level="error", part="PS3.3 C.7.6.2.1.1", scope="image")
def positions_are_unique(view: SeriesView) -> Iterator[Fault]:
    """No two slices of a volume have the same position.

    Several slices at each position are several volumes, if an attribute distinguishes them: time
    point, acquisition, echo, b-value and direction, phase, ImageType, a time, InstanceNumber; in a
    multi-frame file also the dimension indices. Slices are sorted as `read` sorts them, and this is
    reported only if `read` finds no volumes either.
    """
    has_pairs = False
    for volume, gaps in _volumes(view):
        pairs = np.flatnonzero(gaps <= view.places.same_mm(gaps)) + volume.start
        for index in pairs[:1].tolist():
            has_pairs = True
            yield Fault(
                view.places.name(index + 1),
                f"It has the position of {view.places.name(index)} ({len(pairs)} such pairs).",
                "Remove copies, or number the volumes, e.g. by TemporalPositionIdentifier.",
            )
    if has_pairs:
        return
    for sorting in view.places.sortings:
        if sorting.arrangement is None and sorting.tried:
            yield Fault(
                "series",
                f"{len(sorting.places)} slices are at {sorting.place_count} positions, and none "
                f"of {', '.join(sorting.tried)} sorts them into complete volumes.",
                "Export the missing files, or number the volumes: the same numbers at every "
                "position.",
            )


def _volumes(view: SeriesView) -> Iterator[tuple[PlacedVolume, Floats]]:
    """Yield volumes at different positions, and their gaps in mm."""
    for volume in view.places.distinct_volumes:
        gaps = view.places.gaps_mm(volume)
        if gaps is not None:
            yield volume, gaps


@check("GEO-005", level="error", part="PS3.3 C.7.6.2.1.1", scope="image", or_warning=True)
def no_slice_is_missing(view: SeriesView) -> Iterator[Fault]:
    """No gap is a multiple of the others.

    Otherwise a slice is missing, and ITK spreads the others over the gap. A warning if nothing but
    the gap says so: InstanceNumber has no gap there, and neither SpacingBetweenSlices nor
    DimensionOrganizationType states even slices. Segmentations may leave out frames without pixels
    of a segment.
    """
    volumes = list(_volumes(view))
    if view.is_sparse or not volumes:
        return
    gaps_of_stack: dict[str, list[Floats]] = {}
    for volume, gaps in volumes:
        gaps_of_stack.setdefault(volume.stack, []).append(gaps)
    for volume, gaps in volumes:
        usual = usual_gap(np.concatenate(gaps_of_stack[volume.stack]))
        if not usual:
            continue
        steps = gaps / usual
        is_multiple = (np.round(steps) >= 2) & (np.abs(steps - np.round(steps)) < _WHOLE_GAP)
        for index in np.flatnonzero(is_multiple)[:3].tolist():
            before = view.places.name(volume.start + index)
            after = view.places.name(volume.start + index + 1)
            yield Fault(
                f"between {before} and {after}",
                f"A slice is missing: the gap is {gaps[index]:.6g} mm, {steps[index]:.3g} times "
                "the usual one. ITK spreads the other slices over it.",
                "Copy or export the missing file, if there is one.",
                level=None if _is_lost(view, volume, index) else "warning",
            )


def _is_lost(view: SeriesView, volume: PlacedVolume, index: int) -> bool:
    """Return whether more than a gap says that a slice is missing after one of a volume."""
    if _are_even_as_stated(view):
        return True
    sources = view.places.sources[volume.start : volume.stop]
    numbers = [source.instance.whole("InstanceNumber", 0) for source in sources]
    steps = np.abs(np.diff(numbers))
    return bool(steps[index] > np.median(steps))


def _are_even_as_stated(view: SeriesView) -> bool:
    """Return whether the files state one distance for all slices."""
    if any(value.raw for value in view.values("SpacingBetweenSlices")):
        return True
    return view.first.text("DimensionOrganizationType") in _EVEN_ORGANIZATIONS


@check("GEO-006", level="error", part="PS3.3 C.7.6.2.1.1", scope="image", or_warning=True)
def positions_are_even(view: SeriesView) -> Iterator[Fault]:
    """Positions are on a line and evenly spaced (5 %).

    The tolerance is a part of the spacing. An error if the file states even slices, by
    SpacingBetweenSlices or DimensionOrganizationType; otherwise uneven slices are legal, and this
    is a warning: ITK, Cornerstone3D and others assume one spacing, so that slices at other
    positions are drawn and measured in the wrong place; dcm2niix writes a second, interpolated
    file.
    """
    yield from _uneven_positions(view, _COARSE, np.inf)


@check("GEO-007", level="warning", part="PS3.3 C.7.6.2.1.1", scope="image")
def positions_are_precise(view: SeriesView) -> Iterator[Fault]:
    """Positions are on a line and evenly spaced (1e-4).

    Otherwise they were printed with too few decimals; ITK warns of them.
    """
    yield from _uneven_positions(view, _FINE, _COARSE)


def _uneven_positions(view: SeriesView, above: float, below: float) -> Iterator[Fault]:
    """Yield the slice furthest from even positions, if within limits."""
    positions_lps = view.places.positions_lps
    if view.is_sparse or positions_lps is None:
        return
    for volume, gaps in _volumes(view):
        if len(gaps) < 2 or not gaps.min() > 0:
            continue
        positions = positions_lps[volume.start : volume.stop]
        even = np.linspace(positions[0], positions[-1], len(positions))
        deviations = np.sqrt(((positions - even) ** 2).sum(axis=1))
        worst = int(np.argmax(deviations))
        spacing = float(gaps.mean())
        if above * spacing < deviations[worst] <= below * spacing:
            yield Fault(
                view.places.name(volume.start + worst),
                f"It is {deviations[worst]:.3g} mm from its even position "
                f"(spacing {spacing:.6g} mm), where ITK shows it.",
                "Write exact positions, or resample to even positions (`even='linear'` of read); "
                "leave SpacingBetweenSlices out if the slices are uneven.",
                level=None if _are_even_as_stated(view) else "warning",
            )


@check("GEO-008", level="error", part="PS3.3 C.7.6.2, C.8.3.1", scope="image")
def spacing_agrees(view: SeriesView) -> Iterator[Fault]:
    """SpacingBetweenSlices is the distance of the positions, within 1e-3.

    It is the same in all slices: the distance of centres, not the gap between slices. Segmentations
    may leave out frames: there the smallest distance is a whole number of spacings.
    """
    for _, gaps in itertools.islice(_volumes(view), 1):
        distance = usual_gap(gaps)
        if view.is_sparse and distance:
            distance = float(gaps[gaps > view.places.same_mm(gaps)].min())
        if distance:
            yield from _wrong_spacings(view, distance)


def _wrong_spacings(view: SeriesView, distance: float) -> Iterator[Fault]:
    for value in view.values("SpacingBetweenSlices"):
        if value.raw and not _is_spacing(value.numbers, distance, is_sparse=view.is_sparse):
            yield Fault(
                value.where,
                f"SpacingBetweenSlices is {printable(value.raw)}, the positions are "
                f"{distance:.6g} mm apart.",
                f"Write SpacingBetweenSlices {distance:.6g}, the distance of the positions.",
            )


def _is_spacing(stated: tuple[float, ...], distance: float, *, is_sparse: bool) -> bool:
    if len(stated) != 1 or not math.isfinite(stated[0]) or stated[0] <= 0:
        return False
    steps = max(1, round(distance / stated[0])) if is_sparse else 1
    return abs(stated[0] * steps - distance) <= _STATED * distance


@check("GEO-009", level="error", part="PS3.3 C.7.6.2.1.1", scope="image", or_warning=True)
def slices_are_not_sheared(view: SeriesView) -> Iterator[Fault]:
    """Slices are stacked along their normal: no gantry tilt.

    Within 5 % of a pixel per slice. Readers build right-angled volumes: ITK drops the shear
    silently, dcm2niix writes a second file with the tilt corrected. A warning, as a tilted gantry
    is legal; an error if GantryDetectorTilt is 0.
    """
    places = view.places
    pixels = view.values("PixelSpacing")[0].numbers
    if places.positions_lps is None or places.axes is None or len(pixels) != 2:
        return
    for volume, gaps in _volumes(view):
        first, last = places.positions_lps[volume.start], places.positions_lps[volume.stop - 1]
        shear = np.abs(places.axes[volume.start] @ (last - first)).max() / len(gaps)
        if shear > _COARSE * min(pixels):
            yield Fault(
                places.name(volume.start),
                f"Each slice is shifted sideways by {shear:.3g} mm, which ITK drops.",
                "Resample the slices to a right-angled grid, e.g. with `even='linear'` of read.",
                level=None if _is_upright_as_stated(view) else "warning",
            )


def _is_upright_as_stated(view: SeriesView) -> bool:
    """Return whether the files state that the gantry is not tilted."""
    tilts = view.values("GantryDetectorTilt")
    return any(value.raw and value.numbers == (0.0,) for value in tilts)


@check("GEO-010", level="error", part="PS3.3 C.7.6.2.1.1", scope="image")
def volumes_are_at_the_same_positions(view: SeriesView) -> Iterator[Fault]:
    """All volumes have slices at the same positions, within 1e-3.

    As a part of the spacing. Readers use the grid of the first volume for all. Segmentations may
    leave out empty frames.
    """
    places = view.places
    if places.positions_lps is None or view.is_sparse:
        return
    first: dict[str, PlacedVolume] = {}
    for volume in places.distinct_volumes:
        reference = first.setdefault(volume.stack, volume)
        positions = places.positions_lps[volume.start : volume.stop]
        expected = places.positions_lps[reference.start : reference.stop]
        if len(positions) != len(expected):
            yield Fault(
                places.name(volume.start),
                f"Its volume has {len(positions)} slices, the first one {len(expected)}.",
                "Export the missing files, or write all volumes with as many slices.",
            )
            continue
        gaps = places.gaps_mm(reference)
        spacing = (gaps is not None and usual_gap(gaps)) or 1.0
        shifts = np.abs(positions - expected).max(axis=1)
        worst = int(np.argmax(shifts))
        if shifts[worst] > _STATED * spacing:
            yield Fault(
                places.name(volume.start + worst),
                f"It is {shifts[worst]:.3g} mm from its position in the first volume.",
                "Write the same positions in every volume, or make two series.",
            )


@check("GEO-011", level="warning", part="PS3.3 C.7.6.1", scope="image")
def volumes_are_distinguished(view: SeriesView) -> Iterator[Fault]:
    """An attribute other than InstanceNumber distinguishes the volumes.

    The order of the frames is not enough either. Volumes may be time points, echoes or copies;
    every reader has to guess, and `read` warns as well.
    """
    for sorting in view.places.sortings:
        if sorting.arrangement is not None and sorting.arrangement.by == "InstanceNumber":
            order = "the order of the frames" if view.is_multi_frame else "InstanceNumber"
            yield Fault(
                "series",
                f"Only {order} distinguishes its {sorting.arrangement.volumes} volumes.",
                "Write TemporalPositionIdentifier, EchoNumbers or the attribute in which they "
                "differ; remove copies.",
            )
