"""Order and grid of single-frame files (PS3.3 section C.7.6.2)."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from dicomseries.reading.consistency import consistency_problems, format_of, format_problems
from dicomseries.reading.geometry.slice_spacing import SAME_DIRECTION, unit_normal
from dicomseries.reading.geometry.volume_sorting import sort_files
from dicomseries.reading.order.placement import Placement, SortedPlanes, no_geometry, place_on_grid
from dicomseries.reading.order.slice_stacks import IrregularSlices, UnsortedSlices, stack_remedy
from dicomseries.reading.parse.instance import Instance, file_order, unlike
from dicomseries.reading.parse.private_elements import is_from_ge
from dicomseries.reading.problems import Problem, has_errors
from dicomseries.slice_planes import SlicePlanes
from dicomseries.standard.attributes.attribute import tag_of
from dicomseries.volume_axes import VolumeLayout, layout_of_times

__all__ = ["orientation_of", "place_files", "positions_of"]

_PIXEL_SPACING = frozenset({tag_of("PixelSpacing")})
_PICTURE_SPACING = frozenset(
    map(
        tag_of,
        (
            "PixelSpacing",
            "ImagerPixelSpacing",
            "ImagePlanePixelSpacing",
            "NominalScannedPixelSpacing",
            "PixelAspectRatio",
            "PixelSpacingCalibrationType",
            "SequenceOfUltrasoundRegions",
        ),
    )
)
_ORIENTATION = frozenset({tag_of("ImageOrientationPatient")})

Floats = npt.NDArray[np.float64]


def place_files(instances: Sequence[Instance]) -> Placement:
    """Sort files along the normal, and find their grid.

    Parameters
    ----------
    instances : sequence of Instance
        At least one, of one series, in any order.

    Returns
    -------
    Placement
        Volume by volume if several slices share each place. Files without geometry are in the
        order of InstanceNumber, on a grid of 1 mm, with a warning. Irregular slices have planes
        instead of a grid, and errors for what needs one.
    """
    files = tuple(sorted(instances, key=file_order))
    problems = list(_file_problems(files))
    if problems:
        return _with_stacks(files, problems)
    if not any(instance.raw("ImagePositionPatient") for instance in files):
        return _place_pictures(files)
    positions, axes = positions_of(files), orientation_of(files[0])
    if positions is None or axes is None or not _are_parallel(files):
        return _place_irregular(files)
    sorting = sort_files(files, positions @ unit_normal(axes))
    if sorting.arrangement is None:
        from dicomseries.reading.geometry.incomplete_volumes import (  # noqa: PLC0415 - rare
            complete_volumes,
            left_out_problem,
        )

        kept = complete_volumes(sorting)
        if kept is not None:
            placement = place_files(list(itertools.compress(files, kept.tolist())))
            problem = left_out_problem(kept, sorting.place_count)
            return replace(
                placement,
                problems=(problem, *placement.problems),
                left_out=tuple(itertools.compress(files, (~kept).tolist())),
            )
    in_order = tuple(files[index] for index in sorting.order)
    grid, problems = place_on_grid(_planes(in_order, positions[sorting.order]), sorting)
    if grid is None and any(problem.code == "pixel-spacing-differs" for problem in problems):
        return _place_irregular(files)
    problems += [*consistency_problems(in_order), *_vendor_problems(in_order)]
    volumes = None
    if sorting.arrangement is not None and sorting.arrangement.volumes > 1 and grid is not None:
        volumes = sorting.arrangement.volumes
    return Placement(
        instances=in_order,
        grid=None if has_errors(problems) else grid,
        planes=grid if isinstance(grid, SlicePlanes) else None,
        problems=tuple(problems),
        volumes=volumes,
        layout=sorting.layout if volumes else VolumeLayout(),
    )


def _file_problems(files: tuple[Instance, ...]) -> Iterator[Problem]:
    """Yield errors of files that form no array."""
    yield from format_problems(files)


def _vendor_problems(files: Sequence[Instance]) -> Iterator[Problem]:
    """Yield what only private elements of a vendor say about the slices."""
    if not is_from_ge(files[0]):
        return
    from dicomseries.reading.modalities.mirrored_volumes import (  # noqa: PLC0415 - for few files
        mirrored_problems,
    )

    yield from mirrored_problems(files)


def _place_pictures(files: tuple[Instance, ...]) -> Placement:
    """Return radiographs and secondary captures in the order of InstanceNumber."""
    from dicomseries.reading.geometry.picture_series import (  # noqa: PLC0415 - not for slices
        picture_grid,
        picture_times_s,
    )

    times = picture_times_s(files)
    volumes = len(times) if times else None
    slices = len(files) // (volumes or 1)
    grid, problems = picture_grid(unlike(files, _PICTURE_SPACING), slices)
    return Placement(
        instances=files,
        grid=grid,
        problems=(_without_place(files), *consistency_problems(files), *problems),
        volumes=volumes,
        layout=layout_of_times(times),
    )


def _without_place(files: tuple[Instance, ...]) -> Problem:
    """Return the warning about pictures; those of a projection are no slices of a volume."""
    problem = no_geometry()
    if len(files) == 1:
        return replace(
            problem,
            text="the picture has no ImagePositionPatient: its place in the patient is unknown",
            remedy="Give origin and direction when you use it as a slice of a volume.",
        )
    from dicomseries.standard.objects.image_classes import image_class  # noqa: PLC0415

    if image_class(files[0].sop_class_uid).plane != "none":
        return problem
    text = (
        f"{len(files)} pictures without ImagePositionPatient, each a view by itself: the first "
        "axis of the array counts pictures in the order of InstanceNumber, and has no distance"
    )
    return replace(problem, text=text, remedy="Use each picture alone, such as `volume[0]`.")


def positions_of(files: Sequence[Instance]) -> Floats | None:
    """Return ImagePositionPatient, shape (files, 3).

    None if a file lacks it.
    """
    positions = [instance.numbers("ImagePositionPatient") for instance in files]
    if not _are_vectors(positions, 3):
        return None
    return np.array(positions)


def orientation_of(instance: Instance) -> Floats | None:
    """Return ImageOrientationPatient, shape (2, 3); None if it is missing."""
    cosines = instance.numbers("ImageOrientationPatient")
    if not _are_vectors([cosines], 6):
        return None
    return np.reshape(cosines, (2, 3))


def _are_vectors(values: Sequence[Sequence[float]], size: int) -> bool:
    return all(len(value) == size for value in values) and bool(np.isfinite(values).all())


def _place_irregular(files: tuple[Instance, ...]) -> Placement:
    """Return files of several orientations, pixel spacings, or without a position."""
    irregular = IrregularSlices.of(_unsorted(files))
    order = irregular.order.tolist()
    place_of = {index: place for place, index in enumerate(order)}
    stacks = [
        replace(stack, members=tuple(place_of[index] for index in stack.members))
        for stack in irregular.stacks
    ]
    return Placement(
        instances=tuple(files[index] for index in order),
        planes=irregular.planes,
        stacks=tuple(stacks),
        problems=(irregular.problem, *consistency_problems(files)),
    )


def _with_stacks(files: tuple[Instance, ...], problems: Sequence[Problem]) -> Placement:
    """Return files that form no array, with stacks if only their sizes differ."""
    if [problem.code for problem in problems] != ["mixed-sizes"]:
        return Placement(instances=files, problems=tuple(problems))
    stacks = _unsorted(files).stacks()
    problem = replace(problems[0], remedy=stack_remedy(stacks))
    return Placement(instances=files, stacks=stacks, problems=(problem,))


def _unsorted(files: tuple[Instance, ...]) -> UnsortedSlices:
    return UnsortedSlices(
        noun="files",
        names=[instance.name for instance in files],
        positions_lps=_rows(files, "ImagePositionPatient", 3),
        orientations=_rows(files, "ImageOrientationPatient", 6),
        spacings_mm=_rows(files, "PixelSpacing", 2),
        formats=np.array(list(map(format_of, files)), np.int64),
    )


def _rows(files: Sequence[Instance], keyword: str, size: int) -> Floats:
    """Return the numbers of each file, shape (files, size); NaN where they are not complete."""
    rows = np.full((len(files), size), np.nan)
    for index, instance in enumerate(files):
        numbers = instance.numbers(keyword)
        if _are_vectors([numbers], size):
            rows[index] = numbers
    return rows


def _are_parallel(files: tuple[Instance, ...]) -> bool:
    """Return whether all files have the orientation of the first."""
    axes = orientation_of(files[0])
    others = files if axes is None else unlike(files, _ORIENTATION)[1:]
    return all(_is_parallel(instance, axes) for instance in others)


def _is_parallel(instance: Instance, axes: Floats | None) -> bool:
    other = orientation_of(instance)
    if other is None or axes is None:
        return False
    return bool(np.abs(other - axes).max() <= SAME_DIRECTION)


def _planes(files: tuple[Instance, ...], positions_lps: Floats) -> SortedPlanes:
    axes = orientation_of(files[0])
    assert axes is not None  # noqa: S101 - _are_parallel has checked it
    between = files[0].decimal("SpacingBetweenSlices")
    thickness = files[0].decimal("SliceThickness")
    return SortedPlanes(
        noun="files",
        names=[instance.name for instance in files],
        positions_lps=positions_lps,
        axes=axes,
        spacings_mm=[
            instance.numbers("PixelSpacing") for instance in unlike(files, _PIXEL_SPACING)
        ],
        thicknesses_mm=(between, thickness),
        size=(files[0].rows, files[0].columns),
    )
