"""HDF5: files (``volume.h5::scan/ct``) and open datasets or groups of h5py; the door to h5py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dicomseries.errors import SourceError, missing_package
from dicomseries.sources.arguments.source_arguments import Location, SourceArguments
from dicomseries.sources.formats.array_like import open_volume as open_array
from dicomseries.sources.optional_packages import guarded, made_by
from dicomseries.sources.volume import Volume

__all__ = ["PACKAGE", "matches", "open_volume"]

PACKAGE: str | None = "hdf5"
"""Extra that installs h5py."""


def matches(source: object) -> bool:
    """Return whether `source` is the location of an HDF5 file, or an object of h5py.

    Examples
    --------
    >>> matches(Location(Path("a.h5"), "scan/ct")), matches(Location(Path("a.mha")))
    (True, False)
    """
    if isinstance(source, Location):
        return source.has_suffix(".h5", ".hdf5")
    return made_by(source, "h5py")


def open_volume(source: Any, arguments: SourceArguments) -> Volume:
    """Return a dataset, read chunk by chunk; the only image of the file, or the one that ``member`` names.

    h5py reads one thread at a time by itself. HDF5 has no convention for geometry: `arguments` must hold the spacing.

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
    ...     open_volume(Location(Path(folder) / "a.h5"), SourceArguments(spacing=(1, 1, 1))).slabs.shape
    (1, 1, 2)
    """
    group = _open_file(source.path, arguments.where) if isinstance(source, Location) else source
    if hasattr(group, "shape"):
        return _open_dataset(group, arguments)
    with guarded(arguments.where, "an HDF5 file whose objects can be read"):
        chosen = _choose(group, source)
    return _open_dataset(chosen, arguments)


def _open_dataset(dataset: Any, arguments: SourceArguments) -> Volume:
    with guarded(arguments.where, "a dataset whose storage can be read"):
        is_here = made_by(dataset, "h5py") and not dataset.is_virtual and not dataset.external
    return open_array(
        dataset, arguments, stored_bytes=dataset.id.get_storage_size if is_here else None
    )


def _open_file(path: Path, where: str) -> Any:
    try:
        import h5py
    except ImportError as error:
        raise missing_package(extra="hdf5", where=where) from error
    remedy = "Check that the file is whole and that no other program is writing to it."
    with guarded(where, "an HDF5 file", remedy):
        return h5py.File(path, "r")


def _choose(group: Any, source: Any) -> Any:
    """Return the dataset that is meant."""
    names: list[str] = []
    group.visititems(
        lambda name, item: (
            names.append(name) if len(getattr(item, "shape", None) or ()) > 1 else None
        )
    )
    member = source.member.strip("/") if isinstance(source, Location) and source.member else None
    if member in names or _is_image(group, member):  # a soft link is not visited, but may be named
        return group[member]
    if member is None and len(names) == 1:
        return group[names[0]]
    place = source.path if isinstance(source, Location) else group.file.filename
    raise SourceError(
        code="dataset-unclear",
        where=str(source) if isinstance(source, Location) else f"{place}::{group.name}",
        given=f"the datasets {', '.join(names) or '(none with two axes or more)'}",
        expected="one dataset with two axes or more"
        if member is None
        else f"a dataset named {member}",
        remedy=f"Name the one you mean, e.g. {place}::{names[0] if names else 'scan/ct'}.",
    )


def _is_image(group: Any, member: str | None) -> bool:
    return member is not None and len(getattr(group.get(member), "shape", None) or ()) > 1
