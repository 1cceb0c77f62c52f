"""`MaskSet`: a mapping, list or folder of masks."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, replace
from pathlib import Path
from typing import Any

import numpy as np

from dicomseries.errors import GeometryError, SourceError
from dicomseries.geometry import Grid
from dicomseries.lazy_dataclass import dataclass
from dicomseries.orientation import Turn, turn_onto
from dicomseries.sources.arguments.source_arguments import SourceArguments
from dicomseries.sources.array_source import is_collection
from dicomseries.sources.masks.background import reject_background
from dicomseries.sources.masks.layered_source import Opener
from dicomseries.sources.masks.mask_frames import MaskFrames, OpenMask
from dicomseries.sources.masks.mask_values import MaskValues
from dicomseries.sources.natural_order import natural_key
from dicomseries.sources.turned_volume import turned
from dicomseries.sources.volume import Volume

__all__ = ["Mask", "MaskSet", "mask_set_of", "masks_in_folder"]

_TOLERANCE = 1e-3
"""Part of a voxel within which two grids are equal; the affines of NIfTI are float32."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Mask:
    """One mask.

    Parameters
    ----------
    source : array, image, path or Volume
        As in `open_volume`, of one volume.
    name : str
        Its name; empty if it has none.
    number : int
        Its label, or its place among the masks, from 1.
    """

    source: Any
    name: str
    number: int

    @property
    def where(self) -> str:
        """The mask, for messages: its file, else its name or number."""
        if isinstance(self.source, (str, os.PathLike)):
            return os.fspath(self.source)
        return self.name or f"mask {self.number}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MaskSet:
    """Masks on one grid, which may overlap.

    Parameters
    ----------
    masks : tuple of Mask
        At least one.
    has_labels : bool
        Whether the numbers are labels that the user gave.
    values : MaskValues
        Which voxels are inside.
    may_hold_background : bool
        Whether nothing says which mask is the background.

    Examples
    --------
    >>> masks = mask_set_of({"liver": np.ones((1, 2, 3), bool), "spleen": np.ones((1, 2, 3), bool)})
    >>> [(mask.name, mask.number) for mask in masks.masks]
    [('liver', 1), ('spleen', 2)]
    """

    masks: tuple[Mask, ...]
    has_labels: bool = False
    values: MaskValues = field(default_factory=MaskValues)
    may_hold_background: bool = False

    @property
    def states_direction(self) -> bool:
        """Whether images or files state the directions of its axes."""
        return not all(isinstance(mask.source, Volume) for mask in self.masks)

    def open_layers(self, opener: Opener, arguments: SourceArguments) -> Volume:
        """Return the masks as layers of one volume, unread.

        Only the headers of files are read here, one file at a time. A mask whose axes run in other
        directions is turned onto those of the first.

        Raises
        ------
        GeometryError
            If a mask lies on another grid, or only some state a geometry; as `open_volume` does if
            none does.
        SourceError
            If a mask cannot be read or has several volumes.
        ValuesError
            If the masks are classes of every voxel, and one may be the background.
        """
        first: Volume | None = None
        opened: list[OpenMask] = []
        for mask in self.masks:
            volume = self._opened(mask, opener, arguments, is_first=first is None)
            _check_volume(mask, volume)
            turn = Turn()
            if first is None:
                first = volume
            else:
                turn = _turn_onto(mask, volume, self.masks[0], first)
            opened.append(self._open_mask(mask, volume, turn, opener, arguments))
        if first is None:
            message = "a set without masks"
            raise ValueError(message)
        volumes = [mask.volume for mask in opened if mask.volume is not None]
        if self.may_hold_background and len(volumes) == len(opened):
            reject_background([volume.slabs for volume in volumes], arguments.where)
        frames = MaskFrames(opened, self.values, first.slices)
        return Volume(
            slabs=frames.reader(first.grid.shape),
            grid=first.grid,
            volumes=len(opened),
            axes_assumed=first.axes_assumed,
            layers=tuple({1: mask.number} for mask in self.masks),
        )

    def _opened(
        self, mask: Mask, opener: Opener, arguments: SourceArguments, *, is_first: bool
    ) -> Volume:
        try:
            # Of files only the header is read here.
            is_file = isinstance(mask.source, (str, os.PathLike))
            return opener(mask.source, replace(arguments, where=mask.where, is_read_once=is_file))
        except GeometryError as error:
            if error.code != "geometry-missing":
                raise
            others = [other for other in self.masks if other is not mask]
            if is_first and not any(_has_geometry(other, opener, arguments) for other in others):
                raise
            raise GeometryError(
                code="masks-on-other-grids",
                where=mask.where,
                given="a mask without geometry, beside masks that state one",
                expected="all masks on one grid",
                remedy="Give all masks as files or images with their geometry, or all as arrays "
                "with one `spacing=` or `affine=`.",
            ) from None

    def _open_mask(
        self, mask: Mask, volume: Volume, turn: Turn, opener: Opener, arguments: SourceArguments
    ) -> OpenMask:
        if not isinstance(mask.source, (str, os.PathLike)):
            return OpenMask(where=mask.where, dtype=volume.dtype, volume=turned(volume, turn))

        # A turn that reads slices in another order would unpack the file for each of them.
        is_forward = turn.keeps_slices and not turn.flips[2] and volume.slabs.depth == 1

        def reopened(*, is_read_once: bool) -> Volume:
            is_streamed = is_read_once and is_forward
            form = replace(arguments, where=mask.where, is_read_once=is_streamed)
            return turned(opener(mask.source, form), turn)

        return OpenMask(where=mask.where, dtype=volume.dtype, reopened=reopened)


def mask_set_of(source: Any) -> MaskSet | None:
    """Return the masks of a mapping or list; None for anything else.

    Parameters
    ----------
    source : mapping or sequence
        Name or label → mask, or masks; paths are named by their files.

    Raises
    ------
    SourceError
        If it is empty, or two masks have one name or label.
    """
    if not is_collection(source):
        return None
    if isinstance(source, Mapping):
        return _of_mapping(source)
    if isinstance(source, list | tuple):
        return _named(list(zip(map(_name_of, source), source, strict=True)), "list")
    return None


def masks_in_folder(folder: Path, suffixes: Sequence[str]) -> MaskSet | None:
    """Return the masks of a folder, in natural order; None without any.

    Parameters
    ----------
    folder : Path
        Other files in it are passed over.
    suffixes : sequence of str
        Of the files of masks.

    Raises
    ------
    SourceError
        If two files have one name.

    Examples
    --------
    >>> masks_in_folder(Path(__file__).parent, (".nii.gz",)) is None
    True
    """
    files = []
    for file in folder.iterdir():
        is_mask = file.name.lower().endswith(tuple(suffixes)) and not file.name.startswith(".")
        if is_mask and file.is_file():
            files.append(file)
    if not files:
        return None
    files.sort(key=lambda file: natural_key(file.name))
    return _named([(_name_of(file), file) for file in files], str(folder))


def _of_mapping(source: Mapping[Any, Any]) -> MaskSet:
    numbers = list(map(_number_of, source))
    if not numbers or None in numbers:
        return _named([(str(name), mask) for name, mask in source.items()], "mapping")
    masks = []
    for number, mask in zip(numbers, source.values(), strict=True):
        masks.append(Mask(source=mask, name="", number=number or 0))
    _check_unique([str(mask.number) for mask in masks], "mapping")
    return MaskSet(masks=tuple(masks), has_labels=True)


def _number_of(key: Any) -> int | None:
    """Return a label above 0; None for a name."""
    text = str(key).strip()
    if isinstance(key, bool | float) or not (text.isascii() and text.isdigit()):
        return None
    return int(text) or None


def _named(entries: Sequence[tuple[str, Any]], where: str) -> MaskSet:
    _check_unique([name for name, _ in entries if name], where)
    if not entries:
        raise SourceError(
            code="array-empty",
            where=where,
            given="no masks",
            expected="at least one mask",
            remedy='Pass masks by name, such as {"liver": array}, or a list of them.',
        )
    masks = []
    for number, (name, mask) in enumerate(entries, 1):
        masks.append(Mask(source=mask, name=name, number=number))
    return MaskSet(masks=tuple(masks))


def _check_unique(names: Sequence[str], where: str) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise SourceError(
            code="masks-of-one-name",
            where=where,
            given=f"two masks named {twice[0]}",
            expected="a name for each mask",
            remedy="Rename one of the two, or leave it out.",
        )


def _name_of(source: Any) -> str:
    """Return the name of a file without its suffixes; empty for arrays."""
    if not isinstance(source, (str, os.PathLike)):
        return ""
    name = Path(source).name
    for suffix in (".gz", ".nii", ".nrrd", ".seg"):
        if name.lower().endswith(suffix):
            name = name[: -len(suffix)]
    return Path(name).stem if name == Path(source).name else name


def _has_geometry(mask: Mask, opener: Opener, arguments: SourceArguments) -> bool:
    try:
        opener(mask.source, replace(arguments, where=mask.where))
    except (GeometryError, SourceError):
        return False
    return True


def _check_volume(mask: Mask, volume: Volume) -> None:
    if volume.samples == 1 and (volume.volumes or 1) == 1:
        return
    shape = f"{volume.volumes} volumes" if volume.samples == 1 else "a colour picture"
    raise SourceError(
        code="mask-not-one-volume",
        where=mask.where,
        given=shape,
        expected="one mask, a volume of one number for each voxel",
        remedy="Write a Segmentation for each time point, with `time_point=0` and so on; give "
        "channels as an array by itself, with `axes='czyx'`.",
    )


def _turn_onto(mask: Mask, volume: Volume, first_mask: Mask, first: Volume) -> Turn:
    """Return the turn of a mask onto the axes of the first.

    Raises
    ------
    GeometryError
        If its voxels are not those of the first.
    """
    turn: Turn | None = Turn()
    if volume.grid.statement.has_place and first.grid.statement.has_place:
        turn = turn_onto(volume.grid, first.grid)
    grid = volume.grid if turn is None else turn.grid(volume.grid)
    differences = list(_differences(grid, first.grid))
    if turn is not None and not differences:
        return turn
    raise GeometryError(
        code="masks-on-other-grids",
        where=mask.where,
        given=", ".join(ours for ours, _ in differences),
        expected=f"the grid of {first_mask.where}: "
        + ", ".join(theirs for _, theirs in differences),
        remedy="Resample the mask onto the grid of the image with nearest neighbours first (e.g. "
        "SimpleITK.Resample with sitkNearestNeighbor), or write it by itself.",
    )


def _differences(grid: Grid, other: Grid) -> Iterator[tuple[str, str]]:
    """Yield what differs between two grids, as texts."""
    if grid.shape != other.shape:
        yield f"shape {grid.shape}", f"shape {other.shape}"
        return
    if not (grid.statement.has_place and other.statement.has_place):
        return
    most = _TOLERANCE * min(other.spacing_mm)
    if np.allclose(grid.affine(), other.affine(), rtol=0, atol=most):
        return
    parts = (
        ("spacing", grid.spacing_mm, other.spacing_mm),
        ("origin", grid.origin_lps, other.origin_lps),
        ("direction", grid.direction_lps, other.direction_lps),
    )
    for name, ours, theirs in parts:
        if not np.allclose(ours, theirs, rtol=0, atol=most):
            yield f"{name} {_numbers(ours)}", f"{name} {_numbers(theirs)}"


def _numbers(numbers: Sequence[float]) -> str:
    return "(" + ", ".join(f"{number:.6g}" for number in numbers) + ")"
