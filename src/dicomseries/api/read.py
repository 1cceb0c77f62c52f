"""`read`: a series as a volume."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from dicomseries import executors, reading
from dicomseries.api.plan import plan
from dicomseries.api.write import write
from dicomseries.errors import OptionError, ReadError
from dicomseries.options import PlanKeywords, WriteKeywords, check_names, with_options
from dicomseries.plan import SeriesPlan
from dicomseries.reports import Receipt
from dicomseries.short_repr import short_text
from dicomseries.sources import FrameReader, LazyArray, Volume, array_frames
from dicomseries.stores import is_url

if TYPE_CHECKING:
    from dicomseries.api.background_view import View

__all__ = ["Derivation", "SeriesVolume", "read"]

_TASK_BYTES = 4 << 20
"""Bytes that a thread reads or decodes in one task."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Derivation:
    """An array and its source series, ready to be written.

    Parameters
    ----------
    array : array, path or Volume
        The result.
    options : dict
        The keyword arguments of `dicomseries.write`, `like` among them.
    """

    array: Any
    options: WriteKeywords

    def __repr__(self) -> str:
        shape = getattr(self.array, "shape", type(self.array).__name__)
        names = [name for name, value in self.options.items() if value is not None]
        return short_text(f"Derivation of {shape} with {', '.join(names)}")

    @with_options("write")
    def write(self, out: str | os.PathLike[str], **options: Unpack[WriteKeywords]) -> Receipt:
        """Write the derived series; options as in `dicomseries.write`."""
        return write(self.array, out, **(self.options | options))

    @with_options("plan")
    def plan(self, **options: Unpack[PlanKeywords]) -> SeriesPlan:
        """Return the plan of `write`; options as in `dicomseries.plan`."""
        return plan(self.array, **(self.options | options))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class SeriesVolume(Volume):
    """A volume that was read from a series.

    Parameters
    ----------
    path : str, or tuple of str or Dataset
        Folder or file of the series, or URL; its files, or datasets, if these were read.
    tags : SeriesTags
        The attributes, a mapping: ``tags["Modality"]``.
    series : str, optional
        SeriesInstanceUID, if there are several.
    is_lazy : bool
        Whether `array` reads from the files when it is indexed.
    """

    tags: reading.SeriesTags
    path: reading.SeriesFiles = ""
    series: str | None = None
    is_lazy: bool = False

    @property
    def array(self) -> Any:
        """The voxels, in memory or read when indexed.

        Shape ([volumes, ]slices, rows, columns[, 3]).
        """
        return LazyArray(self.slabs, self.shape) if self.is_lazy else self._loaded()

    @with_options("derive")
    def derive(self, array: Any, **options: Unpack[WriteKeywords]) -> Derivation:
        """Return a derived array, ready to be written.

        Parameters
        ----------
        array : array, path or Volume
            The result. Without geometry arguments an array of this volume's shape has its grid.
        **options
            Options of `dicomseries.write`: ``derivation="smoothing"``, ``description="Denoised"``,
            ``model={"name": ...}``, ``kind=``, ``spacing=``, ``same_space=False`` and all others.

        Returns
        -------
        Derivation
            With ``write(out)`` and ``plan()``.

        Notes
        -----
        PS3.3 sections C.7.6.1.1.3 (derivation) and C.12.4.

        Examples
        --------
        >>> from pydicom.data import get_testdata_file
        >>> volume = read(get_testdata_file("CT_small.dcm"))
        >>> derived = volume.derive(volume.array // 2, derivation="smoothing", description="Halved")
        >>> derived.plan().kind
        'CT'
        """
        check_names("derive", options)
        source_series: WriteKeywords = {"like": self.path, "series": self.series}
        if not isinstance(array, Volume) and getattr(array, "shape", None) == self.shape:
            time_axis = "" if self.volumes is None else "t"
            source_series["axes"] = f"{time_axis}zyx{'c' if self.samples > 1 else ''}"
        return Derivation(array=array, options=source_series | options)

    def view(
        self,
        viewer: str | None = None,
        *,
        ohif_dist: str | None = None,
        open_browser: bool | None = None,
        height: int = 640,
    ) -> View:
        """Show the series in a browser, served by a thread.

        The call returns at once.

        Parameters
        ----------
        viewer : {"niivue", "dcmview", "ohif"}, optional
            Another viewer; the quick look if not given.
        ohif_dist : str, optional
            Folder of an unpacked distribution of OHIF, for ``viewer="ohif"``.
        open_browser : bool, optional
            Whether to open the browser; if not given, in a program but not in a notebook.
        height : int
            Of the frame in a notebook, in pixels.

        Returns
        -------
        View
            With ``address``, for a browser on this machine, and ``close()``; ``wait()`` waits for
            Ctrl-C. As the last value of a notebook's cell it appears in a frame; the notebook keeps
            the address, no image. It ends with ``close()``, as a context manager, or with the
            interpreter: a program without further work calls ``wait()``.

        Raises
        ------
        OptionError
            If there is no such viewer, or the series is at a URL.
        MissingPackageError
            If the viewer is not installed.
        ReadError
            If the files are no longer there.

        Notes
        -----
        Served on loopback at an address with a secret, as by ``dicomseries view``, from the files.
        A notebook on another machine shows an empty frame.

        Examples
        --------
        >>> from pydicom.data import get_testdata_file
        >>> with read(get_testdata_file("CT_small.dcm")).view(open_browser=False) as view:
        ...     print(view.address.startswith("http://127.0.0.1:"))
        True
        """
        from dicomseries.api import background_view  # noqa: PLC0415 - only where a series is shown

        return background_view.view(
            self.path,
            series=self.series,
            viewer=viewer,
            ohif_dist=ohif_dist,
            open_browser=open_browser,
            height=height,
        )


def read(
    path: reading.SeriesSource,
    *,
    series: str | None = None,
    values: str = "real",
    slices: reading.Slices | None = None,
    lazy: bool = False,
    workers: int | None = None,
    storage_options: Mapping[str, Any] | None = None,
) -> SeriesVolume:
    """Read a series as an array with grid and attributes.

    Parameters
    ----------
    path : path-like, Series, or iterable of paths or datasets
        Folder of the series, with all folders below it, or one file: a single slice, or a
        multi-frame file. Or a URL of either: its objects are fetched into a private folder, which
        is removed afterwards. Or a series of `scan`; several files, such as
        ``Path("ct").glob("*.dcm")``; or pydicom datasets.
    series : str, optional
        SeriesInstanceUID, if there are several.
    values : {"real", "stored"}
        Real values (slope and intercept of each slice applied), or the integers in the files.
    slices : slice, range, whole number, or whole numbers, optional
        Read only these slices of each volume, rising by even steps: ``slice(100, 200)``,
        ``range(0, 400, 4)``, ``-1``. Counted from 0 along the normal, negative ones from the end.
        ``.grid`` and ``.tags`` are theirs; all volumes are read.
    lazy : bool
        Whether ``.array`` holds no voxels and reads from the files when it is indexed,
        ``.array[100:110]``; it can be written as it is, and ``.to_dask()`` works on it without
        reading all.
    workers : int, optional
        Threads that read and decode; the machine's processors if not given.
    storage_options : mapping, optional
        Of fsspec, for a URL; by default its configuration and the environment.

    Returns
    -------
    SeriesVolume
        Slices along the normal, ``.array`` of shape ([volumes, ]slices, rows, columns[, 3]),
        ``.grid`` in LPS mm, ``.times_s``, ``.tags``; and ``.derive(array)`` for a series that is
        made from it.

    Raises
    ------
    ReadError
        If there is no series or more than one, or if its files are not the slices of one regular
        grid.
    OptionError
        If `values` is neither of the two, `slices` do not exist, or `workers` is below 1.
    MissingPackageError
        If their compression has no decoder installed; of a lazy array, when it is indexed.

    Warns
    -----
    DicomSeriesWarning
        For small faults: rounded positions, a missing spacing, files that cannot be read.

    Notes
    -----
    PS3.3 sections C.7.6.2 (Image Plane), C.7.6.16 (Multi-frame Functional Groups) and C.11.1
    (Modality LUT).

    Examples
    --------
    >>> from pydicom.data import get_testdata_file
    >>> volume = read(get_testdata_file("CT_small.dcm"))
    >>> volume.array.shape, volume.array.dtype.name, volume.grid.spacing_mm
    ((1, 128, 128), 'int32', (0.661468, 0.661468, 5.0))
    """
    count = executors.worker_count(workers)
    files = reading.parse_series_files(path)
    if lazy and (is_url(files) or reading.are_in_memory(files)):
        raise _lazy_without_files(reading.name_of_files(files))
    with reading.local_files(files, storage_options) as local_path:
        volume = reading.open_volume(local_path, series=series, values=values, slices=slices)
        slabs = volume.slabs if lazy else _in_memory(volume.slabs, count)
    tags = volume.tags
    assert isinstance(tags, reading.SeriesTags)  # noqa: S101 - of a volume that was read
    return SeriesVolume(
        slabs=slabs,
        grid=volume.grid,
        slope=volume.slope,
        intercept=volume.intercept,
        tags=tags,
        volumes=volume.volumes,
        times_s=volume.times_s,
        repetition_time_s=volume.repetition_time_s,
        path=files,
        series=series,
        is_lazy=lazy,
    )


def _in_memory(slabs: FrameReader, workers: int) -> FrameReader:
    """Return slabs read into one array, by several threads."""
    try:
        array = np.empty(slabs.shape, slabs.dtype)
    except MemoryError as error:
        raise _too_large(slabs) from error
    step = max(_TASK_BYTES // (prod(slabs.shape[1:]) * slabs.dtype.itemsize), 1)

    def fill(start: int) -> None:
        slabs.fill(array[start : start + step], start)

    for _ in executors.run(fill, range(0, len(array), step), workers=workers):
        pass
    return array_frames(array)


def _too_large(slabs: FrameReader) -> ReadError:
    return ReadError(
        code="memory-short",
        where="array",
        given=f"{prod(slabs.shape) * slabs.dtype.itemsize} bytes for an array of {slabs.shape}, "
        f"{slabs.dtype}",
        expected="an array that fits into the free memory",
        remedy="Read with `lazy=True`, or only some `slices=`.",
    )


def _lazy_without_files(where: str) -> OptionError:
    return OptionError(
        code="lazy-without-files",
        where="lazy",
        given=f"`lazy=True` for {where}",
        expected="files that stay in place; fetched objects and copies of datasets are removed "
        "after reading",
        remedy="Copy them to a folder and read that, or leave `lazy=` out.",
    )
