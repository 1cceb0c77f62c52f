"""HDF5: files (``volume.h5::scan/ct``) and open objects of h5py.

The only module that imports `h5py` here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dicomseries.errors import SourceError, missing_package
from dicomseries.sources.arguments.source_arguments import Location, SourceArguments
from dicomseries.sources.formats.array_like import open_volume as open_array
from dicomseries.sources.optional_packages import guarded, made_by
from dicomseries.sources.volume import Volume

__all__ = ["PACKAGE", "matches", "open_hdf5", "open_volume"]

PACKAGE: str | None = "hdf5"
"""Extra that installs h5py."""


def matches(source: object) -> bool:
    """Return whether `source` is an HDF5 file or h5py object.

    Examples
    --------
    >>> matches(Location(Path("a.h5"), "scan/ct")), matches(Location(Path("a.mha")))
    (True, False)
    """
    if isinstance(source, Location):
        return source.has_suffix(".h5", ".hdf5")
    return made_by(source, "h5py")


def open_volume(source: Any, arguments: SourceArguments) -> Volume:
    """Return the named dataset, or the only image.

    h5py reads one thread at a time by itself. HDF5 has no convention for geometry: `arguments` must
    hold the spacing.

    Raises
    ------
    MissingPackageError
        If h5py is not installed.
    SourceError
        If the file is no HDF5 file, or the dataset is not named clearly (the error lists them).
    OptionError, GeometryError
        As for an array.

    Examples
    --------
    >>> import tempfile
    >>> import h5py
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with h5py.File(Path(folder) / "a.h5", "w") as file:
    ...         _ = file.create_dataset("scan/ct", data=[[[1, 2]]], chunks=(1, 1, 2))
    ...     location = Location(Path(folder) / "a.h5")
    ...     open_volume(location, SourceArguments(spacing=(1, 1, 1))).slabs.shape
    (1, 1, 2)
    """
    where = arguments.where
    dataset = source
    if isinstance(source, Location):
        dataset = open_hdf5(source.path, where)
    if not hasattr(dataset, "shape"):
        with guarded(where, "an HDF5 file whose objects can be read"):
            dataset = _choose(dataset, source)
    with guarded(where, "a dataset whose storage can be read"):
        is_here = made_by(dataset, "h5py") and not dataset.is_virtual and not dataset.external
    if is_here:
        return open_array(dataset, arguments, stored_bytes=dataset.id.get_storage_size)
    return open_array(dataset, arguments)


def open_hdf5(path: Path, where: str, *, extra: str = "hdf5") -> Any:
    """Return an open HDF5 file.

    Parameters
    ----------
    path : Path
        The file.
    where : str
        The source, for errors.
    extra : str
        The extra that installs h5py for this format.

    Raises
    ------
    MissingPackageError, SourceError
        As `open_volume`.
    """
    try:
        import h5py
    except ImportError as error:
        raise missing_package(extra=extra, where=where, package="h5py") from error
    remedy = "Check that the file is complete and that no other program is writing to it."
    with guarded(where, "an HDF5 file", remedy):
        return h5py.File(path, "r")


def _choose(group: Any, source: Any) -> Any:
    """Return the dataset that is meant."""
    names: list[str] = []

    def visit(name: str, item: Any) -> None:
        if _is_image(item):
            names.append(name)

    group.visititems(visit)
    if isinstance(source, Location):
        place, where = str(source.path), str(source)
        member = (source.member or "").strip("/")
    else:
        place, member = group.file.filename, ""
        where = f"{place}::{group.name}"
    if not member and len(names) == 1:
        return group[names[0]]
    if member and _is_image(group.get(member)):  # a soft link is not visited, but may be named
        return group[member]
    expected = "one dataset with two axes or more"
    if member:
        expected = f"a dataset named {member}"
    raise SourceError(
        code="dataset-unclear",
        where=where,
        given=f"the datasets {', '.join(names) or '(none with two axes or more)'}",
        expected=expected,
        remedy=f"Name the one you mean, e.g. {place}::{next(iter(names), 'scan/ct')}.",
    )


def _is_image(item: Any) -> bool:
    return len(getattr(item, "shape", None) or ()) > 1
