"""`read`, whose volume remembers the series it came from and can found another one on it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

from dicomseries import readback
from dicomseries.pipeline.commands import plan, write
from dicomseries.plan import SeriesPlan
from dicomseries.report import Receipt
from dicomseries.sources import Volume

__all__ = ["Derivation", "SeriesVolume", "read"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Derivation:
    """An array and the series it was made from, ready to be written.

    Parameters
    ----------
    array : array, path or Volume
        The result.
    options : dict
        The keyword arguments of `dicomseries.write`, `like` among them.
    """

    array: Any = field(repr=False)
    options: dict[str, Any]

    def write(self, out: str | os.PathLike[str], **options: Any) -> Receipt:
        """Write the derived series; further keyword arguments as in `dicomseries.write`."""
        return write(self.array, out, **{**self.options, **options})

    def plan(self, **options: Any) -> SeriesPlan:
        """Return what `write` would write; further keyword arguments as in `dicomseries.plan`."""
        return plan(self.array, **{**self.options, **options})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SeriesVolume(Volume):
    """A volume that was read from a series.

    Parameters
    ----------
    path : str
        Where the series is.
    series : str, optional
        SeriesInstanceUID, where there are several.
    """

    path: str = ""
    series: str | None = None

    def derive(self, array: Any, **options: Any) -> Derivation:
        """Return a derived series of an array that was made from this volume; its `write` writes it.

        Parameters
        ----------
        array : array, path or Volume
            The result. Without geometry arguments an array of this volume's shape stands on its grid.
        **options
            Keyword arguments of `dicomseries.write`: ``derivation="smoothing"``, ``description="Denoised"``,
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
        own = {"like": self.path, "series": self.series}
        if "axes" not in options and getattr(array, "shape", None) == self.shape:
            own["axes"] = ("t" if self.volumes is not None else "") + "zyx" + ("c" if self.samples > 1 else "")
        return Derivation(array=array, options={**own, **options})


def read(
    path: str | os.PathLike[str],
    *,
    series: str | None = None,
    values: str = "real",
) -> SeriesVolume:
    """Read a series as an array on its grid, with its attributes.

    Parameters
    ----------
    path : path-like
        Folder of the series (folders below it are looked at too), or one file: a single slice, or a multi-frame file.
    series : str, optional
        SeriesInstanceUID, where there are several.
    values : {"real", "stored"}
        Real values (slope and intercept of each slice applied), or the integers in the files.

    Returns
    -------
    SeriesVolume
        As `dicomseries.readback.read` has it: slices along the normal, ``.array`` of shape
        ([volumes, ]slices, rows, columns[, 3]), ``.grid`` in LPS mm, ``.times_s``, ``.tags``; and ``.derive(array)``
        for a series that is made from it.

    Raises
    ------
    ReadError
        If there is no series or more than one, or if its files are not the slices of one regular grid.
    OptionError
        If `values` is neither of the two.
    MissingPackageError
        If their compression has no decoder installed.

    Warns
    -----
    DicomSeriesWarning
        If something small is wrong: rounded positions, a missing spacing, files that cannot be read.

    Notes
    -----
    PS3.3 sections C.7.6.2 (Image Plane), C.7.6.16 (Multi-frame Functional Groups) and C.11.1 (Modality LUT).

    Examples
    --------
    >>> from pydicom.data import get_testdata_file
    >>> volume = read(get_testdata_file("CT_small.dcm"))
    >>> volume.array.shape, volume.array.dtype.name, volume.grid.spacing_mm
    ((1, 128, 128), 'int32', (0.661468, 0.661468, 5.0))
    """
    found = readback.read(path, series=series, values=values)
    return SeriesVolume(
        slabs=found.slabs,
        grid=found.grid,
        slope=found.slope,
        intercept=found.intercept,
        tags=found.tags,
        volumes=found.volumes,
        times_s=found.times_s,
        repetition_time_s=found.repetition_time_s,
        path=os.fspath(path),
        series=series,
    )
