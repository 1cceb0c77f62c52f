"""`Volume`: voxels that are read a few slices at a time, the grid they stand on, and their times."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, Self, runtime_checkable

import numpy as np
import numpy.typing as npt

from dicomseries import drawing
from dicomseries.errors import DicomSeriesError, GeometryError, SourceError
from dicomseries.geometry import Grid
from dicomseries.orientation import Turn
from dicomseries.sources.frames.frame_runs import pieces, together
from dicomseries.sources.frames.frame_selection import pick

__all__ = [
    "ArraySlabs",
    "FrameReader",
    "SlabsAround",
    "Tags",
    "Volume",
    "array_frames",
    "check_times",
    "edges_of",
    "slices_worth_a_read",
]

_INTERLEAVED = 64
"""Slices read together where they lie interleaved: a cache line of 64 bytes then serves all it holds."""


@runtime_checkable
class FrameReader(Protocol):
    """Frames of shape (frames, rows, columns) or (frames, rows, columns, 3) behind three names.

    `read` may be called from several threads at once; a source that cannot bear that holds a lock.
    """

    @property
    def shape(self) -> tuple[int, ...]:
        """(frames, rows, columns), and 3 more for colour."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """What `read` returns; any byte order."""

    @property
    def depth(self) -> int:
        """Slices that are best read together: the depth of a chunk, 1 if it does not matter."""

    def read(self, start: int, stop: int) -> npt.NDArray[Any]:
        """Return the slices [start, stop) as an array; it must not be written to."""


class Tags(Protocol):
    """The attributes of a series that was read, by keyword (private ones by group, creator and element)."""

    @property
    def shared(self) -> Mapping[str, Any]:
        """What is equal in every instance."""

    @property
    def instances(self) -> Sequence[Mapping[str, Any]]:
        """What differs, one mapping an instance, in the order of the slices."""


def slices_worth_a_read(array: npt.NDArray[Any]) -> int:
    """Return how many slices of an array (slices, rows, columns[, 3]) without chunks are best read together.

    Examples
    --------
    >>> slices_worth_a_read(np.zeros((99, 4, 5))), slices_worth_a_read(np.zeros((5, 4, 99)).transpose(2, 1, 0))
    (1, 64)
    """
    inside = max(abs(stride) for stride in array.strides[1:])
    return min(_INTERLEAVED, array.shape[0]) if 0 < abs(array.strides[0]) < inside else 1


def edges_of(slabs: FrameReader, slices: int) -> Sequence[int]:
    """Return the frames that a slab may begin and end at without cutting a chunk, from 0 to the number of frames.

    FrameReader that have chunks say so themselves by `edges`; else they follow from `depth`, anew in each volume of `slices`
    frames where it does not fill one evenly.

    Examples
    --------
    >>> list(edges_of(array_frames(np.zeros((3, 4, 5))), 3))
    [0, 1, 2, 3]
    """
    edges: Sequence[int] | None = getattr(slabs, "edges", None)
    if edges is not None:
        return edges
    count, depth = slabs.shape[0], max(slabs.depth, 1)
    if depth == 1:
        return range(count + 1)
    stride = slices if depth < slices and slices % depth else count
    return (
        *(
            frame
            for first in range(0, count, stride)
            for frame in range(first, first + stride, depth)
        ),
        count,
    )


@dataclass(frozen=True, slots=True, eq=False)
class ArraySlabs:
    """An array in memory (or a memmap) of shape (slices, rows, columns[, 3]); slabs are views of it.

    Examples
    --------
    >>> ArraySlabs(np.zeros((3, 4, 5))).read(1, 3).shape
    (2, 4, 5)
    """

    array: npt.NDArray[Any]

    @property
    def shape(self) -> tuple[int, ...]:
        """(slices, rows, columns[, 3])."""
        return self.array.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """The array's own dtype."""
        return self.array.dtype

    @property
    def depth(self) -> int:
        """1, or more where slices lie interleaved in memory."""
        return slices_worth_a_read(self.array)

    def read(self, start: int, stop: int) -> npt.NDArray[Any]:
        """Return a view of the slices [start, stop)."""
        return self.array[start:stop]


def array_frames(array: npt.NDArray[Any]) -> FrameReader:
    """Return a reader of an array in memory, shape (frames, rows, columns[, 3]).

    Examples
    --------
    >>> array_frames(np.zeros((3, 4, 5))).read(1, 3).shape
    (2, 4, 5)
    """
    return ArraySlabs(array)


class SlabsAround:
    """What slabs that read others have of these, unless they say otherwise."""

    __slots__ = ()
    slabs: FrameReader

    @property
    def shape(self) -> tuple[int, ...]:
        """(frames, rows, columns[, 3])."""
        return self.slabs.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """The numbers of the source."""
        return self.slabs.dtype

    @property
    def depth(self) -> int:
        """Frames that are best read together."""
        return self.slabs.depth


@dataclass(frozen=True, slots=True, eq=False)
class _Reversed(SlabsAround):
    """The slices of another source, last first, inside each of its volumes."""

    slabs: FrameReader
    slices: int

    @property
    def edges(self) -> Sequence[int]:
        found = (divmod(edge, self.slices) for edge in edges_of(self.slabs, self.slices))
        return sorted(
            volume * self.slices + (self.slices - edge if edge else 0) for volume, edge in found
        )

    def read(self, start: int, stop: int) -> npt.NDArray[Any]:
        end = max(start, min(stop, self.shape[0]))  # past the end there is nothing, as in numpy
        return together([self._part(*piece) for piece in pieces(start, end, self.slices)])

    def _part(self, volumes: slice, slices: slice) -> npt.NDArray[Any]:
        """Return some slices of one volume, or whole volumes, which are read together as they lie."""
        first, last = volumes.start * self.slices, (volumes.stop - 1) * self.slices
        part = self.slabs.read(first + self.slices - slices.stop, last + self.slices - slices.start)
        if len(part) <= self.slices:
            return part[::-1]
        return part.reshape(-1, self.slices, *part.shape[1:])[:, ::-1].reshape(part.shape)


@dataclass(frozen=True, slots=True, eq=False)
class _Part(SlabsAround):
    """Some frames of another source that follow each other."""

    slabs: FrameReader
    first: int
    count: int
    slices: int

    @property
    def shape(self) -> tuple[int, ...]:
        return (self.count, *self.slabs.shape[1:])

    @property
    def edges(self) -> Sequence[int]:
        found = (edge - self.first for edge in edges_of(self.slabs, self.slices))
        return (0, *(edge for edge in found if 0 < edge < self.count), self.count)

    def read(self, start: int, stop: int) -> npt.NDArray[Any]:
        end = max(start, min(stop, self.count))
        return self.slabs.read(self.first + start, self.first + end)

    def pick(self, frames: Sequence[int]) -> FrameReader:
        return pick(self.slabs, [self.first + frame for frame in frames])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Volume:
    """Voxels on a grid, once or at several time points: what `write` takes and `read` returns.

    Parameters
    ----------
    slabs : FrameReader
        The voxels as frames, shape (frames, rows, columns) or (frames, rows, columns, 3). With an axis of volumes
        there are volumes · slices frames, the slices of the first volume before those of the second.
    grid : Grid
        Where they are, LPS mm; its shape is (slices, rows, columns), that of one channel of one volume.
    slope, intercept : float
        What an integer of the source means: real = slope · integer + intercept (NIfTI's scl_slope, scl_inter).
        1 and 0 where the numbers mean themselves.
    tags : Tags, optional
        The attributes, if the volume was read from a DICOM series.
    volumes : int, optional
        Length of the axis t: time points, echoes, diffusion weightings. None where there is no such axis.
    times_s : tuple of float, optional
        When each volume was taken, in seconds after the first; None where that is not known.
    repetition_time_s : float, optional
        Repetition time in seconds, where the source itself states it (NIfTI's fourth pixdim is one by convention).
    turn : Turn, optional
        How the axes of the source were turned to be these; None if they were not.
    axes_assumed : bool
        Whether the order of the axes is the usual one because nobody stated it.
    carried : mapping of str to str
        DICOM attributes that an image or file carries beside its voxels, by tag ("0010|0020"), as ITK keeps them.

    Raises
    ------
    GeometryError
        If the grid does not fit the voxels.
    SourceError
        If the times are not one finite number for each volume, each later than the one before.

    Examples
    --------
    >>> volume = Volume(slabs=array_frames(np.ones((3, 4, 5))), grid=Grid(shape=(3, 4, 5), spacing_mm=(1, 1, 2)))
    >>> volume.array.shape, volume.samples
    ((3, 4, 5), 1)
    >>> series = Volume(slabs=array_frames(np.ones((6, 4, 5))), grid=volume.grid, volumes=2, times_s=(0.0, 2.5))
    >>> series.array.shape, series.at(1).array.shape
    ((2, 3, 4, 5), (3, 4, 5))
    """

    slabs: FrameReader
    grid: Grid
    slope: float = 1.0
    intercept: float = 0.0
    tags: Tags | None = None
    volumes: int | None = None
    times_s: tuple[float, ...] | None = None
    repetition_time_s: float | None = None
    turn: Turn | None = None
    axes_assumed: bool = False
    carried: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        shape = tuple(self.slabs.shape)
        expected = ((self.volumes or 1) * self.grid.shape[0], *self.grid.shape[1:])
        if shape[:3] != expected or shape[3:] not in {(), (3,)} or self.volumes == 0:
            raise GeometryError(
                code="grid-does-not-fit",
                where="grid",
                given=f"voxels {shape}, grid {self.grid.shape}"
                + (f" × {self.volumes}" if self.volumes else ""),
                expected="a grid of (slices, rows, columns) equal to the array's, and 3 colours at most",
                remedy="Name the axes with `axes=` (e.g. 'xyz' for nibabel's order), or pass the grid of this array.",
            )
        if self.times_s is not None:
            object.__setattr__(self, "times_s", tuple(map(float, self.times_s)))
            check_times(self.times_s, self.volumes)

    @property
    def samples(self) -> int:
        """Samples per pixel: 1, or 3 for colour."""
        return 3 if len(self.slabs.shape) == 4 else 1

    @property
    def slices(self) -> int:
        """Slices of one volume."""
        return self.grid.shape[0]

    @property
    def is_scaled(self) -> bool:
        """Whether the integers of the source mean something else than themselves."""
        return (self.slope, self.intercept) != (1.0, 0.0)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of `array`: ([volumes, ]slices, rows, columns[, 3])."""
        volumes = () if self.volumes is None else (self.volumes,)
        return (*volumes, *self.grid.shape, *self.slabs.shape[3:])

    @property
    def array(self) -> npt.NDArray[Any]:
        """All voxels in memory, shape ([volumes, ]slices, rows, columns[, 3]), as the source holds them."""
        return self._loaded()

    def _loaded(self) -> npt.NDArray[Any]:
        return np.asarray(self.slabs.read(0, self.slabs.shape[0])).reshape(self.shape)

    def to_dask(self, chunks: int | None = None) -> Any:
        """Return the voxels as an array of dask, which reads them when it is computed.

        Parameters
        ----------
        chunks : int, optional
            Slices in a chunk, at most those of one volume; about 8 MiB of them if not given. Rows and columns are
            not cut.

        Returns
        -------
        dask.array.Array
            Of the shape of `array`. Its name is the same for the same files; its tasks can be sent to workers that see
            the files under the same paths.

        Raises
        ------
        MissingPackageError
            If dask is not installed.
        OptionError
            If `chunks` is no whole number above 0.

        Examples
        --------
        >>> frames = array_frames(np.arange(24).reshape(6, 2, 2))
        >>> volume = Volume(slabs=frames, grid=Grid(shape=(3, 2, 2), spacing_mm=(1, 1, 1)), volumes=2)
        >>> volume.to_dask(chunks=2).chunks
        ((1, 1), (2, 1), (2,), (2,))
        """
        from dicomseries.sources.formats.dask_array import array_of

        return array_of(self.slabs, self.shape, chunks)

    def at(self, index: int) -> Self:
        """Return one of the volumes, without the axis of volumes.

        Raises
        ------
        IndexError
            If there is no such volume.

        Examples
        --------
        >>> frames = array_frames(np.arange(4).reshape(4, 1, 1))
        >>> Volume(slabs=frames, grid=Grid(shape=(2, 1, 1), spacing_mm=(1, 1, 1)), volumes=2).at(1).array.ravel()
        array([2, 3])
        """
        if not 0 <= index < (self.volumes or 1):
            message = f"volume {index} of {self.volumes or 1}"
            raise IndexError(message)
        part = _Part(self.slabs, index * self.slices, self.slices, self.slices)
        return replace(self, slabs=part, volumes=None, times_s=None)

    def along_normal(self) -> Self:
        """Return the same voxels with the slices along the normal, every value on its point in space.

        Examples
        --------
        >>> grid = Grid.from_affine((2, 1, 1), [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, -3, 0]], space="LPS")
        >>> volume = Volume(slabs=array_frames(np.array([[[7]], [[8]]])), grid=grid).along_normal()
        >>> volume.array.ravel().tolist(), volume.grid.origin_lps
        ([8, 7], (0.0, 0.0, -3.0))
        """
        grid, reverse = self.grid.along_normal()
        return (
            replace(self, grid=grid, slabs=_Reversed(self.slabs, self.slices)) if reverse else self
        )

    def look(self) -> drawing.VolumePreview:
        """Return three planes and a histogram of the first volume, from a few slices of it.

        Raises
        ------
        SourceError, ReadError
            If a slice cannot be read.

        Examples
        --------
        >>> Volume(slabs=array_frames(np.ones((3, 4, 5))), grid=Grid(shape=(3, 4, 5), spacing_mm=(1, 1, 2))).look().slices
        3
        """
        return drawing.preview_volume(
            self.slabs.read, self.grid, slope=self.slope, intercept=self.intercept
        )

    def _repr_html_(self) -> str:
        """Return what a notebook shows: facts, three planes, a histogram, and where the grid stands.

        Names of patients are left out: outputs of notebooks are stored and passed on.
        """
        text = drawing.rows(self._facts())
        grid = drawing.grid_drawing(self.grid)
        try:
            seen = self.look()
        except (DicomSeriesError, OSError) as error:
            return drawing.block(text, grid, drawing.rows([("no picture", error)]))
        return drawing.block(text, drawing.preview_figure(seen, grid))

    def _facts(self) -> list[tuple[str, object]]:
        """Return what is said of the volume in words."""
        named = self.tags.shared if self.tags is not None else {}
        facts: list[tuple[str, object]] = [
            (name, named[keyword]) for name, keyword in _NAMES.items() if named.get(keyword)
        ]
        facts += drawing.facts_of_grid(self.grid)
        if self.volumes is not None:
            until = f", {self.times_s[-1]:g} s from first to last" if self.times_s else ""
            facts.append(("volumes", f"{self.volumes}{until}"))
        scaled = f", real = {self.slope:g} · value + {self.intercept:g}" if self.is_scaled else ""
        colours = ", 3 colours" if self.samples == 3 else ""
        return [*facts, ("values", f"{self.slabs.dtype}{colours}{scaled}")]


_NAMES = {"modality": "Modality", "series": "SeriesDescription", "series UID": "SeriesInstanceUID"}
"""Attributes that are shown of a series, by what they are called."""


def check_times(times_s: Sequence[float] | None, volumes: int | None) -> None:
    """Refuse times that are not one finite number for each volume, each later than the one before.

    Raises
    ------
    SourceError
        With the way to fix them.

    Examples
    --------
    >>> check_times((0.0, 2.5), 2)
    """
    times = tuple(times_s or ())
    rising = all(before < after for before, after in itertools.pairwise(times))
    if volumes is not None and len(times) == volumes and all(map(math.isfinite, times)) and rising:
        return
    raise SourceError(
        code="times-do-not-fit",
        where="times",
        given=f"{len(times)} times ({', '.join(f'{time:g}' for time in times[:4])}{' …' if len(times) > 4 else ''})",
        expected="no times: there is no axis t"
        if volumes is None
        else f"{volumes} rising, finite times in seconds",
        remedy="Leave `times=` out, or name the axis of time with `axes=` (e.g. 'tzyx')."
        if volumes is None
        else "Pass one time for each volume in seconds, or a single number for the step from one to the next.",
    )
