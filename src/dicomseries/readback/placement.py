"""Instances → their order along the normal and the grid they stand on (PS3.3 section C.7.6.2).

Files of scanners round what they print. So readers must bear more than a writer may do: small departures are
warnings, and only what would put voxels visibly in the wrong place is an error.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dicomseries.errors import GeometryError
from dicomseries.geometry import Grid
from dicomseries.readback.instance import Instance
from dicomseries.readback.problems import Problem

__all__ = ["Placement", "distances_mm", "orientation_of", "place", "positions_lps"]

_SAME_PLACE = 0.01
"""Slices nearer than this part of the median gap stand at one place."""
_EVEN = 1e-3
"""Departure from even places, as a part of the spacing, above which one is warned."""
_UNEVEN = 0.2
"""The same, above which no regular grid is honest (Cornerstone3D draws the line here too)."""
_SAME_DIRECTION = 1e-4
"""Largest difference of direction cosines within one series; four printed decimals."""
_ROUNDED_COSINES = 5e-3
"""Departure from a right-angled unit frame that is snapped: cosines of two to three decimals."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Placement:
    """The instances in the order of the slices, the grid (None if there is none), and what is wrong."""

    instances: tuple[Instance, ...]
    grid: Grid | None
    problems: tuple[Problem, ...]


def positions_lps(instances: Sequence[Instance]) -> Floats | None:
    """Return ImagePositionPatient in LPS mm, shape (instances, 3); None if one has none."""
    positions = [instance.numbers("ImagePositionPatient") for instance in instances]
    return np.array(positions) if _are_vectors(positions, 3) else None


def orientation_of(instance: Instance) -> Floats | None:
    """Return ImageOrientationPatient as two rows of three cosines; None if it is missing."""
    cosines = instance.numbers("ImageOrientationPatient")
    return np.reshape(cosines, (2, 3)) if _are_vectors([cosines], 6) else None


def distances_mm(instances: Sequence[Instance]) -> Floats | None:
    """Return how far along the normal each slice stands, in mm; None without positions and orientation."""
    positions, axes = positions_lps(instances), orientation_of(instances[0])
    return None if positions is None or axes is None else positions @ np.cross(axes[0], axes[1])


def place(instances: Sequence[Instance]) -> Placement:
    """Sort the instances of one series along the normal, and find their grid.

    Parameters
    ----------
    instances : sequence of Instance
        At least one, of one series, in any order.

    Returns
    -------
    Placement
        Without geometry in the files: in the order of InstanceNumber, on a grid of 1 mm, with a warning.
    """
    numbered = tuple(sorted(instances, key=_number))
    faults = tuple(_format_problems(numbered))
    if faults:
        return Placement(instances=numbered, grid=None, problems=faults)
    if not any(instance.raw("ImagePositionPatient") for instance in numbered):
        return _without_positions(numbered)
    distances = distances_mm(numbered)
    if distances is None:
        return Placement(instances=numbered, grid=None, problems=(_position_missing(numbered),))
    order = np.argsort(distances, kind="stable")
    along = tuple(numbered[index] for index in order)
    faults = tuple(_orientation_problems(along)) or tuple(_gap_problems(along, distances[order]))
    faults += tuple(_study_problems(along))
    if any(problem.level == "error" for problem in faults):
        return Placement(instances=along, grid=None, problems=faults)
    return _on_grid(along, distances[order], list(faults))


def _number(instance: Instance) -> tuple[float, str]:
    return (next(iter(instance.numbers("InstanceNumber")), float("inf")), instance.path)


def _are_vectors(values: Sequence[Sequence[float]], size: int) -> bool:
    return all(len(value) == size and bool(np.isfinite(value).all()) for value in values)


def _format_problems(instances: tuple[Instance, ...]) -> Iterator[Problem]:
    """Yield what keeps the files from being the slices of one array."""
    framed = [instance for instance in instances if instance.frames != 1]
    if framed:
        yield Problem(
            code="multi-frame",
            level="error",
            text=f"{framed[0].name} is a multi-frame file with {framed[0].frames} frames",
            remedy="Convert it to a classic series with one file a slice first; multi-frame files are not read yet.",
        )
        return
    bare = [instance for instance in instances if instance.pixels is None]
    if bare:
        yield Problem(
            code="no-pixels",
            level="error",
            text=f"{len(bare)} of {len(instances)} files have no pixels, the first is {bare[0].name}",
            remedy="Choose an image series: reports, structures and raw data have no pixels.",
        )
        return
    yield from _size_problems(instances)
    yield from _truncation_problems(instances)


def _size_problems(instances: tuple[Instance, ...]) -> Iterator[Problem]:
    groups: dict[tuple[int, ...], int] = {}
    for instance in instances:
        groups[_pixel_format(instance)] = groups.get(_pixel_format(instance), 0) + 1
    if len(groups) > 1:
        listed = ", ".join(
            f"{count} of {key[0]}×{key[1]} with {key[2]} samples of {key[3]} bits" for key, count in groups.items()
        )
        yield Problem(
            code="mixed-sizes",
            level="error",
            text=f"the slices have different sizes or pixel formats: {listed}",
            remedy="Move the files that do not belong to the volume (localizers, screen shots) to another folder.",
        )


def _pixel_format(instance: Instance) -> tuple[int, ...]:
    numbers = (instance.number(keyword) for keyword in ("BitsAllocated", "PixelRepresentation"))
    return (instance.rows, instance.columns, instance.samples, *numbers)


def _truncation_problems(instances: tuple[Instance, ...]) -> Iterator[Problem]:
    short = [instance for instance in instances if is_truncated(instance)]
    if short:
        names = ", ".join(instance.name for instance in short[:3])
        yield Problem(
            code="file-truncated",
            level="error",
            text=f"{len(short)} of {len(instances)} files end before their pixels do: {names}",
            remedy="Copy or export them again.",
        )


def is_truncated(instance: Instance) -> bool:
    """Return whether the file ends before its Pixel Data does (never known of compressed or deflated files)."""
    pixels = instance.pixels
    if pixels is None or pixels.length is None or instance.transfer_syntax == "1.2.840.10008.1.2.1.99":
        return False
    return pixels.offset + pixels.length > instance.file_size


def _position_missing(instances: tuple[Instance, ...]) -> Problem:
    lacking = [one.name for one in instances if not (_has_position(one) and orientation_of(one) is not None)]
    return Problem(
        code="position-missing",
        level="error",
        text=f"{len(lacking)} of {len(instances)} files lack ImagePositionPatient or ImageOrientationPatient, "
        f"the first is {lacking[0]}",
        remedy="Move the files that do not belong to the volume to another folder.",
    )


def _has_position(instance: Instance) -> bool:
    return _are_vectors([instance.numbers("ImagePositionPatient")], 3)


def _orientation_problems(instances: tuple[Instance, ...]) -> Iterator[Problem]:
    axes = [orientation_of(instance) for instance in instances]
    first = axes[0]
    odd = [
        instance.name
        for instance, other in zip(instances, axes, strict=True)
        if first is None or other is None or np.abs(other - first).max() > _SAME_DIRECTION
    ]
    if odd:
        yield Problem(
            code="mixed-orientations",
            level="error",
            text=f"{len(odd)} of {len(instances)} files have another orientation than the first, such as {odd[0]}",
            remedy="Move localizers and reformatted slices to another folder.",
        )


def _study_problems(instances: tuple[Instance, ...]) -> Iterator[Problem]:
    studies = {instance.text("StudyInstanceUID") for instance in instances}
    if len(studies) > 1:
        yield Problem(
            code="studies-differ",
            level="warning",
            text=f"the {len(instances)} files of the series name {len(studies)} studies",
            remedy="Check that they belong together: a series is of one study (PS3.3 section A.1.2).",
        )


def _gap_problems(instances: tuple[Instance, ...], distances: Floats) -> Iterator[Problem]:
    """Yield what is wrong with the steps from slice to slice."""
    if len(instances) == 1:
        return
    gaps = np.diff(distances)
    usual = float(np.median(gaps[gaps > _SAME_PLACE * float(gaps.max())])) if gaps.max() > 0 else 0.0
    repeated = int((gaps <= _SAME_PLACE * usual).sum())
    if repeated:
        yield _repeated(instances, repeated)
        return
    missing = np.round(gaps / usual).astype(int) - 1
    whole = np.abs(gaps / usual - (missing + 1)) < _UNEVEN
    if whole.all() and missing.any():
        index = int(np.argmax(missing > 0))
        yield Problem(
            code="slices-missing",
            level="error",
            text=f"{int(missing.sum())} of {len(instances) + int(missing.sum())} slices are missing, "
            f"the first between {instances[index].name} and {instances[index + 1].name}",
            remedy="Copy or export the missing files; spread over the gap, every voxel behind it would be misplaced.",
        )
        return
    yield from _unevenness(instances, distances)


def _repeated(instances: tuple[Instance, ...], repeated: int) -> Problem:
    places = len(instances) - repeated
    each = f", {len(instances) // places} at each" if len(instances) % places == 0 else ""
    return Problem(
        code="positions-repeated",
        level="error",
        text=f"{len(instances)} files stand at {places} places{each}: "
        "several time points, echoes or copies in one series",
        remedy="Move the files of one time point (or echo) to a folder of their own, and read that.",
    )


def _unevenness(instances: tuple[Instance, ...], distances: Floats) -> Iterator[Problem]:
    spacing = float((distances[-1] - distances[0]) / (len(distances) - 1))
    gaps = np.diff(distances)
    worst = int(np.argmax(np.abs(gaps - spacing)))
    off = abs(float(gaps[worst]) - spacing) / spacing
    if off > _EVEN:
        yield Problem(
            code="spacing-uneven",
            level="error" if off > _UNEVEN else "warning",
            text=f"the gap from {instances[worst].name} to {instances[worst + 1].name} is {gaps[worst]:.6g} mm, "
            f"the mean {spacing:.6g} mm",
            remedy="Resample the slices onto even places; rounded positions of a scanner may be left as they are.",
        )


def _on_grid(instances: tuple[Instance, ...], distances: Floats, problems: list[Problem]) -> Placement:
    positions = positions_lps(instances)
    axes = orientation_of(instances[0])
    if positions is None or axes is None:  # pragma: no cover - both were looked at before
        return Placement(instances=instances, grid=None, problems=tuple(problems))
    in_plane, found = _pixel_spacing(instances)
    problems += found
    if len(instances) > 1:
        between = float((distances[-1] - distances[0]) / (len(distances) - 1))
        problems += _drift_problems(positions, axes, min(in_plane))
    else:
        between, found = _single_spacing(instances[0])
        problems += found
    grid = _grid(instances, (in_plane[1], in_plane[0], between), positions[0], axes.ravel())
    if isinstance(grid, Problem):
        return Placement(instances=instances, grid=None, problems=(*problems, grid))
    fatal = any(problem.level == "error" for problem in problems)
    return Placement(instances=instances, grid=None if fatal else grid, problems=tuple(problems))


def _grid(
    instances: tuple[Instance, ...], spacing: tuple[float, float, float], origin: Floats, cosines: Floats
) -> Grid | Problem:
    shape = (len(instances), instances[0].rows, instances[0].columns)
    try:
        return Grid.from_spacing(shape, spacing, origin=origin.tolist(), direction=cosines, tolerance=_ROUNDED_COSINES)
    except GeometryError as error:
        return Problem(code=error.code, level="error", text=f"{error.where}: {error.given}", remedy=error.remedy)


def _pixel_spacing(instances: tuple[Instance, ...]) -> tuple[tuple[float, ...], list[Problem]]:
    """Return the spacing of rows and of columns in mm, the same in all slices."""
    spacings = [instance.numbers("PixelSpacing") for instance in instances]
    if not _are_vectors(spacings, 2) or min(spacings[0]) <= 0:
        problem = Problem(
            code="pixel-spacing-missing",
            level="warning",
            text="PixelSpacing is missing or not two lengths above 0 mm; 1 mm is assumed",
            remedy="Give the real spacing when you use this volume.",
        )
        return (1.0, 1.0), [problem]
    first = np.array(spacings[0])
    if float(np.abs(np.array(spacings) - first).max()) > _EVEN * float(first.min()):
        problem = Problem(
            code="pixel-spacing-differs",
            level="error",
            text="PixelSpacing is not the same in all slices",
            remedy="Move the files that do not belong to the volume to another folder.",
        )
        return spacings[0], [problem]
    return spacings[0], []


def _single_spacing(instance: Instance) -> tuple[float, list[Problem]]:
    """Return the thickness in mm of the one slice there is."""
    for keyword in ("SpacingBetweenSlices", "SliceThickness"):
        value = next(iter(instance.numbers(keyword)), 0.0)
        if value > 0 and np.isfinite(value):
            return value, []
    problem = Problem(
        code="thickness-missing",
        level="warning",
        text="a single slice without SpacingBetweenSlices and SliceThickness; 1 mm is assumed",
        remedy="Give the real spacing when you use this volume.",
    )
    return 1.0, [problem]


def _drift_problems(positions: Floats, axes: Floats, pixel_mm: float) -> list[Problem]:
    """Return whether the slices slide sideways: a tilted gantry, which no right-angled grid can hold."""
    normal = np.cross(axes[0], axes[1])
    steps = positions - positions[0]
    sideways = steps - np.outer(steps @ normal, normal) / float(normal @ normal)
    drift = float(np.sqrt((sideways**2).sum(axis=1)).max())
    spacing = float(steps[-1] @ normal) / (len(positions) - 1)
    if drift <= max(_EVEN * spacing, 1e-3 * pixel_mm):
        return []
    return [
        Problem(
            code="slices-sheared",
            level="error" if drift > pixel_mm / 2 else "warning",
            text=f"the slices slide {drift:.3g} mm sideways (gantry tilt, or rounded positions)",
            remedy="Resample the slices onto a right-angled grid; less than half a pixel may be left as it is.",
        )
    ]


def _without_positions(instances: tuple[Instance, ...]) -> Placement:
    """Return slices in the order of InstanceNumber: secondary captures often have no geometry."""
    in_plane, problems = _pixel_spacing(instances)
    between, found = _single_spacing(instances[0])
    problem = Problem(
        code="no-geometry",
        level="warning",
        text="the files have no ImagePositionPatient; slices are in the order of InstanceNumber, on an axial grid at 0",
        remedy="Give origin and direction when you use this volume.",
    )
    grid = _grid(instances, (in_plane[1], in_plane[0], between), np.zeros(3), np.array([1.0, 0, 0, 0, 1, 0]))
    fine = isinstance(grid, Grid)
    return Placement(
        instances=instances,
        grid=grid if isinstance(grid, Grid) else None,
        problems=(problem, *problems, *(found if fine else [])),
    )
