"""Volumes as files of other formats.

One small module for one format, each with the same three names: ``SUFFIXES`` (the first is its
name), ``PACKAGE`` (the optional package it needs, or None) and ``save(path, voxels)``, which takes
an array of shape ([volumes, ]slices, rows, columns[, 3]) on a `Grid` in LPS mm as `Voxels`.
"""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path
from typing import Protocol

from dicomseries.errors import OptionError, TargetError, WriteError, missing_package
from dicomseries.operating_system import rename, replace
from dicomseries.sinks.durable import sync_all, sync_folder
from dicomseries.sinks.staged_folder import system_errors
from dicomseries.sinks.volume_files import (
    metaimage,
    nifti,
    nrrd,
    numpy_archive,
    numpy_array,
    tiff,
    zarr_store,
)
from dicomseries.sinks.voxels import Voxels

__all__ = ["FORMATS", "VolumeFormat", "check_free", "find_format", "save_volume"]


class VolumeFormat(Protocol):
    """A module of a format."""

    SUFFIXES: tuple[str, ...]
    PACKAGE: str | None

    def save(self, path: Path, voxels: Voxels) -> None:
        """Write the new file `path`."""


FORMATS: tuple[VolumeFormat, ...] = (
    numpy_array,
    numpy_archive,
    nifti,
    nrrd,
    metaimage,
    zarr_store,
    tiff,
)


def find_format(path: str | os.PathLike[str]) -> VolumeFormat:
    """Return the format of a path by its suffix.

    Raises
    ------
    OptionError
        If no format has this suffix.

    Examples
    --------
    >>> find_format("brain.nii.gz").SUFFIXES
    ('.nii', '.nii.gz')
    """
    name = Path(path).name.lower()
    suffixes: list[str] = []
    for form in FORMATS:
        if name.endswith(form.SUFFIXES):
            return form
        suffixes += form.SUFFIXES
    raise OptionError(
        code="format-unknown",
        where=str(path),
        given=f"a name that ends with {Path(path).suffix!r}",
        expected=f"a name that ends with one of {' '.join(suffixes)}",
        remedy="Choose the format by the ending of the output's name, e.g. volume.nii.gz.",
    )


def check_free(path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
    """Reject a target that exists or lacks its folder.

    Raises
    ------
    TargetError
        If something would be lost, or there is no place to write to.

    Examples
    --------
    >>> check_free("does-not-exist.npy")
    """
    target = Path(path)
    if not target.absolute().parent.is_dir():
        raise TargetError(
            code="target-folder-missing",
            where=str(path),
            given=f"the folder {str(target.parent)!r}, which does not exist",
            expected="a file name in a folder that exists",
            remedy="Make the folder first, or choose another one.",
        )
    if os.path.lexists(target) and not (overwrite and _may_replace(target)):
        raise TargetError(
            code="target-exists",
            where=str(path),
            given="a folder" if target.is_dir() else "a file",
            expected="a name that is free",
            remedy="Choose another name, or pass `overwrite=True` to replace a file of this "
            "format.",
        )


def save_volume(path: str | os.PathLike[str], voxels: Voxels, *, overwrite: bool = False) -> None:
    """Save an array and its grid in the name's format.

    The file appears complete or not at all.

    Parameters
    ----------
    path : path-like
        The file to make; its suffix chooses the format.
    voxels : Voxels
        Of any integer or floating dtype that the format can hold. NIfTI, NRRD and MetaImage hold
        even steps of time only.
    overwrite : bool
        Replace what has this name.

    Raises
    ------
    OptionError
        If no format has this suffix, or it cannot hold the dtype.
    TargetError
        If the name is taken.
    MissingPackageError
        If the format's package is not installed.
    WriteError
        If the system cannot write; nothing is left behind.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from dicomseries.geometry import Grid
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     grid = Grid(shape=(3, 4, 5), spacing_mm=(1, 1, 2))
    ...     save_volume(Path(folder, "a.npy"), Voxels.of(np.ones((3, 4, 5)), grid))
    ...     np.load(Path(folder, "a.npy")).shape
    (3, 4, 5)
    """
    form = find_format(path)
    check_free(path, overwrite=overwrite)
    target = Path(path).absolute()
    token = secrets.token_hex(4)
    staged = target.with_name(f".partial-{token}-{target.name}")
    try:
        with system_errors(Path(path), WriteError, "write-failed"):
            form.save(staged, voxels)
            sync_all(staged)
            _put_in_place(staged, target, target.with_name(f".replaced-{token}-{target.name}"))
            sync_folder(target.parent)
    except ImportError as error:
        if form.PACKAGE is None:
            raise
        raise missing_package(extra=form.PACKAGE, where=str(path)) from error
    finally:
        _remove(staged)


def _may_replace(target: Path) -> bool:
    """Return whether a target is a file or Zarr store."""
    return target.is_file() or any(
        (target / name).is_file() for name in ("zarr.json", ".zgroup", ".zarray")
    )


def _put_in_place(staged: Path, target: Path, aside: Path) -> None:
    if not target.is_dir():
        replace(staged, target)
        return
    rename(target, aside)  # a folder cannot be replaced in one call
    try:
        rename(staged, target)
    except BaseException:
        rename(aside, target)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _remove(staged: Path) -> None:
    if staged.is_dir():
        shutil.rmtree(staged, ignore_errors=True)
    else:
        staged.unlink(missing_ok=True)
