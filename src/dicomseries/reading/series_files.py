"""Files of a series: a folder, a URL, some paths, or datasets in memory."""

from __future__ import annotations

import copy
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from dicomseries import stores
from dicomseries.errors import (
    DicomSeriesError,
    OptionError,
    ReadError,
    counted,
    name_instead,
)
from dicomseries.progress_bar import ProgressReport
from dicomseries.standard.pydicom_objects import is_dataset
from dicomseries.stores import is_url, masked

if TYPE_CHECKING:  # pydicom is not needed for files
    from pydicom.dataset import Dataset

__all__ = [
    "HasPaths",
    "LocalFiles",
    "SeriesFiles",
    "SeriesSource",
    "are_in_memory",
    "local_files",
    "name_of_files",
    "parse_series_files",
]

SeriesFiles: TypeAlias = "str | tuple[str, ...] | tuple[Dataset, ...]"
"""A folder, file or URL; or several files; or several datasets."""

LocalFiles: TypeAlias = str | os.PathLike[str] | Sequence[str]
"""A folder or file, or several of them, on this machine."""


class HasPaths(Protocol):
    """A `Series` or a `Scan`."""

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files."""


SeriesSource: TypeAlias = (
    "str | os.PathLike[str] | HasPaths | Dataset | Iterable[str | os.PathLike[str] | Dataset]"
)
"""What users give for the files of a series."""


def parse_series_files(source: Any, where: str = "path") -> SeriesFiles:
    """Return the files of a series in one form.

    Parameters
    ----------
    source : path-like, Series, Scan, Dataset, or iterable
        A folder, a file or a URL; a series of a scan; an iterable of files and folders, such as
        ``Path("ct").glob("*.dcm")``; or one or several pydicom datasets.
    where : str
        Name of the argument, for messages.

    Raises
    ------
    OptionError
        If it is nothing of these, or empty.

    Examples
    --------
    >>> parse_series_files(Path("ct")), parse_series_files(iter([Path("1.dcm"), "2.dcm"]))
    ('ct', ('1.dcm', '2.dcm'))
    """
    if isinstance(source, (str, os.PathLike)) and isinstance(os.fspath(source), str):
        return os.fspath(source)
    items = _items(source)
    if not items:
        raise _not_files(where, source)
    if all(map(is_dataset, items)):
        return items
    names: list[str] = []
    for item in items:
        name = os.fspath(item) if isinstance(item, (str, os.PathLike)) else None
        if not isinstance(name, str):
            raise _not_files(where, source)
        if is_url(name):
            raise _url_among_files(where, masked(name))
        names.append(name)
    return tuple(names)


def _items(source: Any) -> tuple[Any, ...]:
    """Return the files of a series or scan, a dataset, or the items of an iterable."""
    paths = getattr(source, "paths", None)
    if isinstance(paths, tuple):
        return paths
    if is_dataset(source):
        return (source,)
    is_array = hasattr(source, "dtype") or isinstance(source, (bytes, bytearray, Mapping))
    if is_array or not isinstance(source, Iterable):
        return ()
    return tuple(source)


def _not_files(where: str, source: object) -> OptionError:
    wrong = f"an object of type {type(source).__name__}"
    if isinstance(source, Iterable) and not hasattr(source, "dtype"):
        wrong += " that holds no paths and no datasets"
    return OptionError(
        code="not-a-path",
        where=where,
        given=wrong,
        expected="the path of a folder or file, a URL, several paths, or pydicom datasets",
        remedy="Pass a path: a str or a pathlib.Path; or a list of paths that is not empty.",
    )


def _url_among_files(where: str, url: str) -> OptionError:
    return OptionError(
        code="url-among-files",
        where=where,
        given=url,
        expected="paths on this machine; a URL is given alone",
        remedy="Give the URL of the prefix that holds the objects, or fetch them first.",
    )


def are_in_memory(files: SeriesFiles) -> bool:
    """Return whether the files are datasets.

    Examples
    --------
    >>> are_in_memory(("a.dcm", "b.dcm")), are_in_memory("ct")
    (False, False)
    """
    return not isinstance(files, str) and not isinstance(files[0], str)


def name_of_files(files: SeriesFiles | LocalFiles) -> str:
    """Return a short name of files for messages, without secrets.

    Examples
    --------
    >>> name_of_files("ct"), name_of_files(("ct/1.dcm",)), name_of_files(("ct/1.dcm", "ct/2.dcm"))
    ('ct', 'ct/1.dcm', 'ct/1.dcm and 1 more file')
    """
    if isinstance(files, (str, os.PathLike)):
        return _shown(os.fspath(files))
    first, *others = files
    if not isinstance(first, str):
        return counted(len(files), "dataset")
    return f"{first} and {counted(len(others), 'more file')}" if others else first


def _shown(path: str) -> str:
    if not is_url(path):
        return masked(path)
    from dicomseries import network  # noqa: PLC0415 - not needed for files

    return network.shown_url(path)


@contextmanager
def local_files(
    files: SeriesFiles,
    options: Mapping[str, Any] | None = None,
    report: ProgressReport | None = None,
) -> Iterator[LocalFiles]:
    """Give files on this machine for files, a URL, or datasets.

    Objects at a URL, a series of an archive, and datasets in memory are put into a private folder,
    which is removed afterwards; errors name the URL instead. The path of a DICOMDIR gives the files
    that it lists.

    Parameters
    ----------
    files : str, or tuple of str or Dataset
        From `parse_series_files`.
    options : mapping, optional
        Of the store or archive.
    report : callable, optional
        Gets the files that are there, all of them (0 while not known), and "fetching" or
        "unpacking".

    Raises
    ------
    ReadError
        If a dataset cannot be written as a file, or as `local_copy`.
    NetworkError, OptionError
        As `network.fetched_series`.
    MissingPackageError
        If the package for that URL is not installed.

    Examples
    --------
    >>> with local_files(("ct/1.dcm", "ct/2.dcm")) as files:
    ...     files
    ('ct/1.dcm', 'ct/2.dcm')
    """
    if isinstance(files, str):
        if _is_dicomdir(files):
            from dicomseries.reading.contents import file_set_records  # noqa: PLC0415 - rare

            yield file_set_records.files_of_dicomdir(Path(files))
            return
        with (
            _copy_of(files, options, report) as local_path,
            _errors_about(files, os.fspath(local_path)),
        ):
            yield local_path
        return
    names = tuple(item for item in files if isinstance(item, str))
    if names:
        yield names
        return
    with tempfile.TemporaryDirectory(prefix="dicomseries-") as folder:
        for index, dataset in enumerate(files):
            _save_dataset(dataset, Path(folder, f"{index:06d}.dcm"), index)
        with _errors_about(files, folder):
            yield folder


@contextmanager
def _errors_about(files: SeriesFiles, folder: str) -> Iterator[None]:
    """Name the files in errors, and not the private folder that they are in."""
    try:
        yield
    except DicomSeriesError as error:
        if folder != files:
            name_instead(error, folder, name_of_files(files))
        raise


def _is_dicomdir(path: str) -> bool:
    return os.path.basename(path).upper() == "DICOMDIR" and os.path.isfile(path)  # noqa: PTH113, PTH119


def _copy_of(
    path: str, options: Mapping[str, Any] | None, report: ProgressReport | None
) -> AbstractContextManager[str | os.PathLike[str]]:
    """Return the context of a path: itself, or a copy of what is at a URL."""
    if is_url(path):
        from dicomseries import network  # noqa: PLC0415 - not needed for files

        if network.is_peer_url(path):
            return network.fetched_series(path, options, report)
    return stores.local_copy(path, options, report)


def _save_dataset(dataset: Any, path: Path, index: int) -> None:
    """Write a dataset as a file; the dataset is left as it is."""
    from pydicom import dcmwrite  # noqa: PLC0415 - not needed for files
    from pydicom.dataset import FileMetaDataset  # noqa: PLC0415
    from pydicom.uid import (  # noqa: PLC0415
        ExplicitVRBigEndian,
        ExplicitVRLittleEndian,
        ImplicitVRLittleEndian,
    )

    try:
        if "TransferSyntaxUID" not in getattr(dataset, "file_meta", ()):
            implicit_vr, little_endian = dataset.original_encoding
            syntax = ImplicitVRLittleEndian if implicit_vr else ExplicitVRLittleEndian
            if little_endian is False:
                syntax = ExplicitVRBigEndian
            dataset = copy.copy(dataset)  # with the same elements, and its own file meta
            dataset.file_meta = FileMetaDataset()
            dataset.file_meta.TransferSyntaxUID = syntax
        dcmwrite(path, dataset, enforce_file_format=True)
    except Exception as error:  # pydicom raises anything for what it cannot encode
        raise ReadError(
            code="dataset-not-encoded",
            where=f"dataset {index}",
            given=str(error) or type(error).__name__,
            expected="a dataset that pydicom can write",
            remedy="Check that dataset.save_as(...) works, and that it has SOPClassUID and "
            "SOPInstanceUID; or give the path of its file.",
        ) from error
