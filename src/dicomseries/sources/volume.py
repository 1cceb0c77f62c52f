"""`Volume`: frames, their grid and their times."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import field, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from dicomseries import drawing
from dicomseries.errors import DicomSeriesError, GeometryError, counted
from dicomseries.geometry import Grid, Space
from dicomseries.lazy_dataclass import dataclass
from dicomseries.orientation import Turn, orientation_code, orientation_text
from dicomseries.short_repr import short_lines
from dicomseries.slice_planes import SlicePlanes, orientations_of, positions_of
from dicomseries.sources.arguments.segment_layers import check_layers
from dicomseries.sources.arguments.volume_times import check_times
from dicomseries.sources.arguments.volume_weightings import weightings_of
from dicomseries.sources.described_volume import facts_of_volume
from dicomseries.sources.frames.dask_frames import dask_array_of
from dicomseries.sources.frames.frame_reader import FrameReader, picked_frames
from dicomseries.sources.frames.lazy_array import LazyArray
from dicomseries.sources.frames.turned_frames import turned_frames
from dicomseries.sources.volume_tags import Tags, tags_of_volumes, unit_of
from dicomseries.volume_axes import (
    VolumeAxis,
    picked_volumes,
    settled_axes,
    times_of_axes,
    volume_words,
)

__all__ = ["Volume"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Volume:
    """Voxels on a grid, once or at several time points.

    `write` takes it, and `read` returns one. numpy takes it as an array: ``np.asarray(volume)``,
    ``volume[0]``, ``volume.shape``, ``volume.dtype``. Two volumes are equal only if they are the
    same object; compare the arrays with ``np.array_equal(a, b)``, and ``a.grid == b.grid``.

    Parameters
    ----------
    slabs : FrameReader
        Reads the voxels as frames, shape (frames, rows, columns) or (frames, rows, columns, 3).
        With an axis of volumes there are volumes · slices frames, the slices of the first volume
        before those of the second.
    grid : Grid
        Where they are, LPS mm; its shape is (slices, rows, columns), that of one channel of one
        volume. `SlicePlanes` if the slices form no regular grid.
    slope, intercept : float
        Meaning of an integer of the source: real = slope · integer + intercept (NIfTI's scl_slope,
        scl_inter). 1 and 0 where the numbers are real themselves.
    tags : Tags, optional
        The attributes, if the volume was read from a DICOM series.
    volumes : int, optional
        Length of the axis t: time points, echoes, diffusion weightings. None where there is no such
        axis.
    times_s : tuple of float, optional
        When each volume was taken, in seconds after the first; None where that is not known.
    repetition_time_s : float, optional
        Repetition time in seconds, where the source itself states it (NIfTI's fourth pixdim is one
        by convention).
    turn : Turn, optional
        How the axes of the source were turned to be these; None if they were not.
    axes_assumed : bool
        Whether the order of the axes is the usual one because none was stated.
    carried : mapping of str to str
        DICOM attributes that an image or file carries beside its voxels, by tag ("0010|0020"), as
        ITK keeps them.
    layers : tuple of (mapping of int to int, or None), optional
        If the volumes are layers of a segmentation: of each volume label → value of the segment.
        None in it: the labels are the values. Segments of different layers may overlap.
    notes : tuple of str
        What was assumed or left out when the voxels were read; a sentence each.
    volume_axes : tuple of VolumeAxis, optional
        Names and values of the axis of volumes, or of several that are one axis of the array: the
        outer one first, `volumes` is the product of their lengths. By default ``time`` if the times
        are known, else ``volume``.
    b_values : array, shape (volumes,), optional
        Diffusion weighting of each volume in s/mm².
    gradients : array, shape (volumes, 3), optional
        Unit vector of the diffusion gradient of each volume, patient LPS; zeros where it has none.

    Raises
    ------
    GeometryError
        If the grid does not fit the voxels.
    SourceError
        If the times are not one finite number for each volume, each later than the one before, or
        the layers are not one for each volume, with labels and values from 1 to 65535, or the axes,
        b-values or gradients do not fit the volumes.

    Examples
    --------
    >>> from dicomseries.sources import array_frames
    >>> grid = Grid(shape=(3, 4, 5), spacing_mm=(1, 1, 2))
    >>> volume = Volume(slabs=array_frames(np.ones((3, 4, 5))), grid=grid)
    >>> volume.array.shape, volume.samples
    ((3, 4, 5), 1)
    >>> series = Volume(slabs=array_frames(np.ones((6, 4, 5))), grid=volume.grid, volumes=2,
    ...     times_s=(0.0, 2.5))
    >>> series.array.shape, series.at(1).array.shape
    ((2, 3, 4, 5), (3, 4, 5))
    >>> np.asarray(volume).sum(), volume[1, 2:].shape, len(volume), volume.spacing
    (np.float64(60.0), (2, 5), 3, (1.0, 1.0, 2.0))
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
    layers: tuple[Mapping[int, int] | None, ...] | None = None
    notes: tuple[str, ...] = ()
    volume_axes: tuple[VolumeAxis, ...] = ()
    b_values: npt.NDArray[np.float64] | None = None
    gradients: npt.NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        self._check_shape()
        if self.times_s is not None:
            object.__setattr__(self, "times_s", tuple(map(float, self.times_s)))
            check_times(self.times_s, self.volumes)
        if self.layers is not None:
            object.__setattr__(self, "layers", tuple(self.layers))
            check_layers(self.layers, self.volumes, is_timed=self.times_s is not None)
        self._settle_axes()

    def _settle_axes(self) -> None:
        """Check the axes of volumes, or name the one axis; check what is known of each volume."""
        axes = settled_axes(self.volume_axes, self.volumes, self.times_s)
        object.__setattr__(self, "volume_axes", axes)
        for name, shape in (("b_values", ()), ("gradients", (3,))):
            values = weightings_of(getattr(self, name), self.volumes, shape, name)
            object.__setattr__(self, name, values)

    def _check_shape(self) -> None:
        shape = tuple(self.slabs.shape)
        expected = ((self.volumes or 1) * self.grid.shape[0], *self.grid.shape[1:])
        if shape[:3] == expected and shape[3:] in {(), (3,)} and self.volumes != 0:
            return
        shapes = f"voxels {shape}, grid {self.grid.shape}"
        if self.volumes:
            shapes += f" × {self.volumes}"
        raise GeometryError(
            code="grid-does-not-fit",
            where="grid",
            given=shapes,
            expected="a grid of (slices, rows, columns) equal to the array's, and 3 colours at "
            "most",
            remedy="Name the axes with `axes=` (e.g. 'xyz' for nibabel's order), or pass the grid "
            "of "
            "this array.",
        )

    @property
    def samples(self) -> int:
        """Samples per pixel: 1, or 3 for colour."""
        return 3 if len(self.slabs.shape) == 4 else 1

    @property
    def slices(self) -> int:
        """Slices of one volume."""
        return self.grid.shape[0]

    @property
    def time_points(self) -> int:
        """Volumes along the axis t; 1 if they are layers of a segmentation."""
        if self.layers is not None:
            return 1
        return self.volumes or 1

    @property
    def is_scaled(self) -> bool:
        """Whether real values differ from the source's integers."""
        return (self.slope, self.intercept) != (1.0, 0.0)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of `array`: ([volumes, ]slices, rows, columns[, 3])."""
        shape = (*self.grid.shape, *self.slabs.shape[3:])
        if self.volumes is None:
            return shape
        return (self.volumes, *shape)

    @property
    def array(self) -> npt.NDArray[Any]:
        """All voxels in memory, in the numbers of the source.

        Its shape is ([volumes, ]slices, rows, columns[, 3]).
        """
        return self._loaded()

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the numbers in `array`."""
        return self.slabs.dtype

    @property
    def ndim(self) -> int:
        """Number of axes of `array`: 3, and one each for volumes and colour."""
        return len(self.shape)

    @property
    def spacing(self) -> tuple[float, float, float]:
        """Distance of voxel centres in mm along x (columns), y (rows), z (slices).

        In the order of ``write(spacing=)`` and ITK, not that of the array's axes. NaN where no
        length is stated: of pictures, and of the thickness of a single slice.
        """
        stated = drawing.numbers_of_grid(self.grid)["spacing_mm"] or (None, None, None)
        x, y, z = (math.nan if length is None else length for length in stated)
        return x, y, z

    @property
    def is_regular(self) -> bool:
        """Whether the slices form a regular grid; `grid` is a `SlicePlanes` if not."""
        return not isinstance(self.grid, SlicePlanes)

    @property
    def positions_mm(self) -> npt.NDArray[np.float64]:
        """Centre of the first voxel of each slice in LPS mm, shape (slices, 3).

        NaN where it is not stated (ImagePositionPatient, PS3.3 section C.7.6.2).
        """
        return positions_of(self.grid)

    @property
    def orientations(self) -> npt.NDArray[np.float64]:
        """Cosines of columns and rows of each slice in LPS, shape (slices, 6).

        Along them the column index, then the row index grows; NaN where they are not stated
        (ImageOrientationPatient, PS3.3 section C.7.6.2).
        """
        return orientations_of(self.grid)

    def sheared_affine(self, space: Space = "LPS") -> npt.NDArray[np.float64]:
        """Return the 4×4 matrix from (column, row, slice) to mm.

        Also of a tilted gantry, whose slices take even steps that are not along the normal.

        Raises
        ------
        GeometryError
            If the slices are irregular in another way.
        """
        if isinstance(self.grid, SlicePlanes):
            return self.grid.sheared_affine(space)
        return self.grid.affine(space)

    def __len__(self) -> int:
        """Return the length of the first axis: volumes, or slices."""
        return self.shape[0]

    def __getitem__(self, index: Any) -> Any:
        """Return the indexed voxels as numpy does.

        Of voxels that are not in memory only the indexed slices are read; the index is then made
        of integers, slices and ``...``.

        Raises
        ------
        IndexError
            If it is outside of the array, or not of these.
        """
        if self._is_in_memory:
            return self.array[index]
        return LazyArray(self.slabs, self.shape)[index]

    def __iter__(self) -> Iterator[Any]:
        return (self[index] for index in range(len(self)))

    def __array__(
        self, dtype: npt.DTypeLike | None = None, *, copy: bool | None = None
    ) -> npt.NDArray[Any]:
        if copy is False and not self._is_in_memory:
            message = "the voxels are read from files: there is nothing to view without a copy"
            raise ValueError(message)
        array: npt.NDArray[Any] = np.asarray(self._loaded(), dtype, copy=copy)
        return array

    @property
    def _is_in_memory(self) -> bool:
        view = self.slabs.view
        return view is not None and view.take is None

    def _loaded(self) -> npt.NDArray[Any]:
        return np.asarray(self.slabs.read(0, self.slabs.shape[0])).reshape(self.shape)

    def to_dask(self, chunks: int | None = None) -> Any:
        """Return the voxels as a lazy dask array.

        Parameters
        ----------
        chunks : int, optional
            Slices in a chunk, at most those of one volume; about 8 MiB of them if not given. Rows
            and columns are not cut.

        Returns
        -------
        dask.array.Array
            Of the shape of `array`. Its name is the same for the same files; its tasks can be sent
            to workers that see the files under the same paths.

        Raises
        ------
        MissingPackageError
            If dask is not installed.
        OptionError
            If `chunks` is no whole number above 0.

        Examples
        --------
        >>> from dicomseries.sources import array_frames
        >>> frames = array_frames(np.arange(24).reshape(6, 2, 2))
        >>> volume = Volume(slabs=frames, grid=Grid(shape=(3, 2, 2), spacing_mm=(1, 1, 1)),
        ...     volumes=2)
        >>> volume.to_dask(chunks=2).chunks
        ((1, 1), (2, 1), (2,), (2,))
        """
        return dask_array_of(self.slabs, self.shape, chunks)

    def at(self, index: int) -> Self:
        """Return one of the volumes, without the axis of volumes; `tags` are those of its slices.

        Raises
        ------
        IndexError
            If there is no such volume.

        Examples
        --------
        >>> from dicomseries.sources import array_frames
        >>> frames = array_frames(np.arange(4).reshape(4, 1, 1))
        >>> grid = Grid(shape=(2, 1, 1), spacing_mm=(1, 1, 1))
        >>> Volume(slabs=frames, grid=grid, volumes=2).at(1).array.ravel()
        array([2, 3])
        """
        if not 0 <= index < (self.volumes or 1):
            message = f"volume {index} of {self.volumes or 1}"
            raise IndexError(message)
        frames = range(index * self.slices, (index + 1) * self.slices)
        layers = None if self.layers is None else self.layers[index : index + 1]
        slabs = picked_frames(self.slabs, frames)
        tags = tags_of_volumes(self.tags, [index], self.volumes)
        return replace(self, slabs=slabs, volumes=None, times_s=None, layers=layers, tags=tags)

    def pick(self, **entries: int | str) -> Self:
        """Return the volumes of chosen entries of the named axes.

        Parameters
        ----------
        **entries : int or str
            For each axis an index from 0, negative ones from the end, or a name:
            ``pick(echo=0)``, ``pick(part="phase", time=-1)``.

        Returns
        -------
        Volume
            With the other axes; without an axis of volumes if none remains. `times_s`, `b_values`,
            `gradients` and `tags` are theirs.

        Raises
        ------
        OptionError
            If there is no such axis or entry.

        Examples
        --------
        >>> from dicomseries.sources import array_frames
        >>> frames = array_frames(np.arange(4).reshape(4, 1, 1))
        >>> axes = (
        ...     VolumeAxis(name="echo", values=(5, 7.5), unit="ms"),
        ...     VolumeAxis(name="time", values=(0, 2), unit="s"),
        ... )
        >>> volume = Volume(slabs=frames, grid=Grid(shape=(1, 1, 1), spacing_mm=(1, 1, 1)),
        ...     volumes=4, volume_axes=axes)
        >>> second = volume.pick(echo=1)
        >>> second.array.ravel().tolist(), second.times_s
        ([2, 3], (0.0, 2.0))
        """
        axes, volumes = picked_volumes(self.volume_axes, entries)
        if not entries:
            return self
        frames: list[int] = []
        for volume in volumes:
            frames += range(volume * self.slices, (volume + 1) * self.slices)
        chosen = list(volumes)
        layers = self.layers
        if layers is not None:
            layers = tuple(layers[index] for index in chosen)
        return replace(
            self,
            slabs=picked_frames(self.slabs, frames),
            tags=tags_of_volumes(self.tags, chosen, self.volumes),
            volumes=len(chosen) if axes else None,
            times_s=times_of_axes(axes, chosen, self.times_s),
            layers=layers,
            volume_axes=axes,
            b_values=None if self.b_values is None else self.b_values[chosen],
            gradients=None if self.gradients is None else self.gradients[chosen],
        )

    def along_normal(self) -> Self:
        """Return the same voxels with the slices along the normal.

        Every value stays on its point in space.

        Examples
        --------
        >>> from dicomseries.sources import array_frames
        >>> grid = Grid.from_affine((2, 1, 1), [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, -3, 0]],
        ...     space="LPS")
        >>> volume = Volume(slabs=array_frames(np.array([[[7]], [[8]]])), grid=grid).along_normal()
        >>> volume.array.ravel().tolist(), volume.grid.origin_lps
        ([8, 7], (0.0, 0.0, -3.0))
        """
        grid, reverse = self.grid.along_normal()
        if not reverse:
            return self
        turn = Turn(flips=(False, False, True))
        return replace(self, grid=grid, slabs=turned_frames(self.slabs, turn, self.slices))

    def look(self) -> drawing.VolumePreview:
        """Return three planes and a histogram of the first volume.

        Few slices are read.

        Raises
        ------
        SourceError, ReadError
            If a slice cannot be read.

        Examples
        --------
        >>> from dicomseries.sources import array_frames
        >>> grid = Grid(shape=(3, 4, 5), spacing_mm=(1, 1, 2))
        >>> Volume(slabs=array_frames(np.ones((3, 4, 5))), grid=grid).look().slices
        3
        """
        return drawing.preview_volume(
            self.slabs.read, self.grid, slope=self.slope, intercept=self.intercept
        )

    def __repr__(self) -> str:
        """Return a few facts on at most 8 lines, without names of patients."""
        attributes = self._shared_attributes()
        lines = [f"{type(self).__name__} of shape {self.shape}, {self.dtype}"]
        if self.is_scaled:
            lines[0] += f", real = {self.slope:g} · value + {self.intercept:g}"
        if unit_of(attributes):
            lines[0] += f" {unit_of(attributes)}"
        if self.tags is not None:
            names = map(attributes.get, ("Modality", "SeriesDescription"))
            words = " ".join(str(name) for name in names if name)
            files = counted(len(self.tags.paths), "file")
            lines.append(f"  series       {words} ({files})")
        lines.append(f"  spacing      {drawing.spacing_words(self.grid)}")
        if self.grid.statement.has_place and self.is_regular:
            words = f"{orientation_code(self.grid)}: {orientation_text(self.grid)}"
            lines.append(f"  orientation  {words}")
        if self.volumes is not None:
            lines.append(f"  volumes      {volume_words(self.volume_axes, self.times_s)}")
        return short_lines(lines)

    def _shared_attributes(self) -> Mapping[str, Any]:
        """Return the attributes of all slices; none if they are damaged."""
        if self.tags is None:
            return {}
        try:
            return self.tags.shared
        except DicomSeriesError:
            return {}

    def _repr_html_(self) -> str:
        """Return facts, planes, histogram and grid for a notebook.

        Names of patients are left out: outputs of notebooks are stored and passed on.
        """
        words = volume_words(self.volume_axes, self.times_s)
        text = drawing.rows(facts_of_volume(self, self._shared_attributes(), words))
        grid = drawing.grid_drawing(self.grid)
        try:
            preview = self.look()
        except (DicomSeriesError, OSError) as error:
            return drawing.block(text, grid, drawing.rows([("no picture", error)]))
        return drawing.block(text, drawing.preview_figure(preview, grid))
