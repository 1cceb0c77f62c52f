"""Objects at a URL, fetched into a temporary folder.

Their sizes and digests are checked against the manifest.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from dicomseries.errors import ReadError, SourceError
from dicomseries.operating_system import usable_processors
from dicomseries.progress_bar import ProgressReport
from dicomseries.stores.addresses import is_archive, is_url, masked
from dicomseries.stores.manifest import MANIFEST, PLAN, Entry, Manifest, listed
from dicomseries.stores.opening import CONCURRENCY, open_store
from dicomseries.stores.store import Store, StoreError

__all__ = ["fetch_file", "local_copy", "save"]

_PREFIX = "dicomseries-"
_PIECE = 8 << 20
"""Bytes of one request for a large object, and of a file that is hashed."""


@contextmanager
def local_copy(
    path: str | os.PathLike[str],
    options: Mapping[str, Any] | None = None,
    report: ProgressReport | None = None,
) -> Iterator[str | os.PathLike[str]]:
    """Give a local path: the path itself, or a URL's copy.

    The copy is in a temporary folder, which is removed afterwards.

    A local path is given as it is, and a ZIP or tar archive as a folder of its files. Where
    ``manifest.json`` lists the objects, each must have its size and SHA-256.

    Parameters
    ----------
    path : path-like
        URL of a prefix or of one object, or a local path.
    options : mapping, optional
        fsspec's storage options.
    report : callable, optional
        Gets the objects that are there, all of them, and "fetching"; of an archive its files and
        "unpacking".

    Raises
    ------
    ReadError
        If nothing is there, it is incomplete or changed, the store fails, or the disk has no room.
    MissingPackageError
        If the package for that URL is not installed.

    Examples
    --------
    >>> with local_copy("local/folder") as here:
    ...     here
    'local/folder'
    """
    if not isinstance(path, str) or not is_url(path):
        try:
            _check_folder(Path(path))
        except ReadError:
            raise
        except OSError as error:
            raise ReadError(
                code="file-unreadable",
                where=os.fspath(path),
                given=error.strerror or str(error),
                expected="a folder or file that can be opened and read",
                remedy="Check the path and its permissions.",
            ) from error
        if not is_archive(path):
            yield path
            return
        from dicomseries.stores.archives import unpack_archive

        with tempfile.TemporaryDirectory(prefix=_PREFIX) as scratch:
            unpack_archive(Path(path), Path(scratch), report)
            yield scratch
        return
    store = _open(path, options)
    with tempfile.TemporaryDirectory(prefix=_PREFIX) as scratch:
        with _read_errors(store):
            _fetch(store, Path(scratch), report)
        yield scratch


def fetch_file(url: str, folder: Path, options: Mapping[str, Any] | None = None) -> Path:
    """Fetch one object into a folder, under its name.

    Raises
    ------
    SourceError
        If there is no such object (code "file-missing").
    ReadError, MissingPackageError
        As `local_copy` does.
    """
    store = _open(url, options)
    with _read_errors(store):
        try:
            size = store.size("")
        except FileNotFoundError:
            raise SourceError(
                code="file-missing",
                where=store.address.where,
                given="no such object",
                expected="an object that holds a file of a known format",
                remedy="Check the bucket and the key; the input is one file, or a Zarr store.",
            ) from None
        _check_room({"": size}, folder, store.address.where)
        path = folder / (PurePosixPath(url.partition("?")[0]).name or "object")
        save(store, "", path)
    return path


def _open(url: str, options: Mapping[str, Any] | None) -> Store:
    try:
        return open_store(url, options)
    except StoreError as error:
        raise _unreadable(masked(url), str(error)) from None


@contextmanager
def _read_errors(store: Store) -> Iterator[None]:
    """Turn the errors of a store into a `ReadError`."""
    where = store.address.where
    try:
        yield
    except ReadError:
        raise
    except FileNotFoundError:
        raise ReadError(
            code="no-series",
            where=where,
            given=f'"{where}" does not contain a DICOM series: there is no object',
            expected="the objects of at least one series",
            remedy="Check the bucket and the prefix.",
        ) from None
    except StoreError as error:
        raise _unreadable(where, str(error)) from None


def _fetch(store: Store, folder: Path, report: ProgressReport | None) -> None:
    """Fetch every object of a prefix, or a single object."""
    where = store.address.where
    sizes = store.list()
    if set(sizes) <= {"", "."}:
        _check_room({"": store.size("")}, folder, where)
        save(store, "", folder / "object.dcm")
        return
    manifest = _manifest(store, sizes)
    digests = {}
    if manifest is not None:
        digests = {entry.key: entry.sha256 for entry in manifest.entries}
        sizes = {key: size for key, size in sizes.items() if key in digests}
    paths = {key: _path_in(folder, key, where) for key in sizes if key != PLAN}
    _check_room(sizes, folder, where)

    def digest_of(key: str) -> str:
        return save(store, key, paths[key])

    changed = []
    with ThreadPoolExecutor(CONCURRENCY) as pool:
        try:
            fetched = zip(paths, pool.map(digest_of, paths), strict=True)
            for done, (key, digest) in enumerate(fetched, 1):
                if digests.get(key, digest) != digest:
                    changed.append(key)
                if report is not None:
                    report(done, len(paths), "fetching")
        finally:
            pool.shutdown(cancel_futures=True)
    _check_unchanged(changed, where)


def _manifest(store: Store, sizes: Mapping[str, int]) -> Manifest | None:
    """Return the manifest of a complete prefix."""
    where = store.address.where
    manifest = Manifest.from_bytes(store.get(MANIFEST), where) if MANIFEST in sizes else None
    if manifest is not None:
        _check_complete(manifest, sizes, where)
    elif PLAN in sizes:
        raise ReadError(
            code="series-incomplete",
            where=where,
            given=f"{PLAN} without {MANIFEST}: a write that is under way, or was killed",
            expected=f"a write that has ended, which puts {MANIFEST} last",
            remedy="Wait for it; if it was killed, repeat it with `resume=True`.",
        )
    return manifest


def save(store: Store, key: str, path: Path) -> str:
    """Fetch an object and return its SHA-256."""
    path.parent.mkdir(parents=True, exist_ok=True)
    size = store.size(key)
    with path.open("wb") as file:
        if size <= _PIECE:
            file.write(store.get(key))
        else:
            for start in range(0, size, _PIECE):
                file.write(store.get_range(key, start, start + _PIECE))
    return _digest(path)


def _path_in(folder: Path, key: str, where: str) -> Path:
    """Return the path of an object inside of the folder."""
    parts = PurePosixPath(key).parts
    if ".." in parts or "\\" in key or key.startswith("/"):
        raise _unreadable(where, f"an object whose key leads elsewhere: {key!r}")
    return folder.joinpath(*parts)


def _check_room(sizes: Mapping[str, int], folder: Path, where: str) -> None:
    free, size = shutil.disk_usage(folder).free, sum(sizes.values())
    if size > free:
        raise ReadError(
            code="disk-full",
            where=where,
            given=f"{free:,} bytes free in {folder.parent}",
            expected=f"{size:,} bytes for {len(sizes)} objects while they are read",
            remedy="Free space, or set TMPDIR to a folder on another disk.",
        )


def _check_folder(folder: Path) -> None:
    """Check a local copy of a prefix against its manifest."""
    path, where = folder / MANIFEST, str(folder)
    if not path.is_file():
        return
    manifest = Manifest.from_bytes(path.read_bytes(), where)
    if manifest is None:
        return
    paths = {entry.key: _path_in(folder, entry.key, where) for entry in manifest.entries}
    sizes = {key: file.stat().st_size for key, file in paths.items() if file.is_file()}
    _check_complete(manifest, sizes, where)

    def is_changed(entry: Entry) -> bool:
        return _digest(paths[entry.key]) != entry.sha256

    with ThreadPoolExecutor(usable_processors()) as pool:
        changed = list(itertools.compress(paths, pool.map(is_changed, manifest.entries)))
    _check_unchanged(changed, where)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check_complete(manifest: Manifest, sizes: Mapping[str, int], where: str) -> None:
    faults = list(manifest.missing(sizes))
    if faults:
        raise _incomplete(where, faults)


def _check_unchanged(changed: Sequence[str], where: str) -> None:
    if changed:
        raise _incomplete(where, [f"{key} is not what the manifest says" for key in changed])


def _incomplete(where: str, faults: Sequence[str]) -> ReadError:
    return ReadError(
        code="series-incomplete",
        where=where,
        given=listed(faults),
        expected=f"every object of {MANIFEST}, with its size and SHA-256",
        remedy="Write the series again, or wait until the write or copy that is under way has "
        "ended.",
    )


def _unreadable(where: str, text: str) -> ReadError:
    return ReadError(
        code="store-unreadable",
        where=where,
        given=text,
        expected="a store that lets its objects be listed and read",
        remedy="Check the URL, the credentials and the network.",
    )
