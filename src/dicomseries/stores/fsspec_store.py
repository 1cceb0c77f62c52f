"""Every URL that fsspec knows. The only module that imports `fsspec`.

Objects are put whole, never through an open file: fsspec commits a truncated object when an error
leaves its `with`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dicomseries.errors import missing_package
from dicomseries.stores.addresses import Address
from dicomseries.stores.store import without_secrets

__all__ = ["FsspecStore", "settings"]

_WITH_FOLDERS = {"file", "local", "sftp", "ssh", "smb"}
"""File systems where a file cannot be made before its folder."""


class FsspecStore:
    """The objects below a URL, through fsspec.

    Parameters
    ----------
    address : Address
        Any ``scheme://`` whose file system is installed; the options are its storage options. What
        they leave out comes from fsspec's configuration and the environment.

    Raises
    ------
    MissingPackageError
        If fsspec, or the package of that scheme, is not installed.

    Examples
    --------
    >>> store = FsspecStore(Address(url="memory://doctest"))
    >>> store.put("a/b", b"content")
    >>> store.get_range("a/b", 3, 99), dict(store.list())
    (b'tent', {'a/b': 7})
    >>> store.delete("a/b")
    """

    def __init__(self, address: Address) -> None:
        self.address = address
        try:
            import fsspec
        except ImportError as error:
            raise missing_package(extra="s3", where=address.where) from error
        try:
            with without_secrets(address, ImportError):
                # What was listed or connected before says nothing about what is there now.
                options = {"use_listings_cache": False, **address.options}
                self._files, root = fsspec.core.url_to_fs(address.url, **options)
        except ImportError as error:
            package = f"the package that fsspec needs for {address.scheme}://"
            raise missing_package(extra="s3", where=address.where, package=package) from error
        self._root = str(root).rstrip("/")

    def get(self, key: str) -> bytes:
        """Return a whole object."""
        with without_secrets(self.address):
            return bytes(self._files.cat_file(self._path(key)))

    def get_range(self, key: str, start: int, stop: int) -> bytes:
        """Return some bytes."""
        with without_secrets(self.address):
            end = min(stop, int(self._files.size(self._path(key))))
            if end <= start:
                return b""
            return bytes(self._files.cat_file(self._path(key), start=start, end=end))

    def put(self, key: str, content: bytes | Path, *, create_only: bool = False) -> None:
        """Store a whole object."""
        path = self._path(key)
        with without_secrets(self.address, FileExistsError):
            if self.address.scheme in _WITH_FOLDERS:
                self._files.makedirs(path.rpartition("/")[0], exist_ok=True)
            if isinstance(content, Path):
                self._files.put_file(str(content), path)
            else:
                self._files.pipe_file(path, content, mode="create" if create_only else "overwrite")

    def size(self, key: str) -> int:
        """Return the bytes of an object."""
        with without_secrets(self.address):
            return int(self._files.size(self._path(key)))

    def list(self) -> Mapping[str, int]:
        """Return key → bytes of all objects."""
        try:
            with without_secrets(self.address):
                self._files.invalidate_cache()
                files = self._files.find(self._root, detail=True)
        except FileNotFoundError:
            return {}
        start = len(self._root.lstrip("/")) + 1
        sizes = {}
        for name, facts in sorted(files.items()):
            sizes[name.lstrip("/")[start:]] = int(facts["size"] or 0)
        return sizes

    def delete(self, key: str) -> None:
        """Remove an object."""
        try:
            with without_secrets(self.address):
                self._files.rm_file(self._path(key))
        except FileNotFoundError:
            return

    def _path(self, key: str) -> str:
        if not key:
            return self._root
        return f"{self._root}/{key}"


def settings(scheme: str) -> Mapping[str, Any]:
    """Return fsspec's configuration for a scheme.

    Examples
    --------
    >>> dict(settings("no-such-scheme"))
    {}
    """
    try:
        from fsspec.config import conf
    except ImportError:
        return {}
    return dict(conf.get(scheme, {}))
