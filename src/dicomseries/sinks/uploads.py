"""Objects on their way into a store, several at once."""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from dicomseries.errors import WriteError
from dicomseries.stores import CONCURRENCY, Entry, Store, StoreError, open_store, save, sha256_of

__all__ = ["Uploads", "store_errors"]

_UID_ELEMENT = b"\x02\x00\x03\x00UI"
"""Media Storage SOP Instance UID (0002,0003), Explicit VR Little Endian (PS3.10 section 7.1)."""
_META = 1024
"""Bytes in which the file meta information has it."""


class Uploads:
    """Puts objects below a URL, at most 16 at once.

    Parameters
    ----------
    url : str
        The prefix.
    options : mapping
        fsspec's storage options.
    read_back : bool
        Get each object from the store again, as what is compared and proven.

    Examples
    --------
    >>> uploads = Uploads("memory://doctest-uploads", {}, read_back=True)
    >>> with uploads.put("0001.dcm", [b"one ", b"file"]) as path:
    ...     path.read_bytes()
    b'one file'
    >>> [(entry.key, entry.size) for entry in uploads.finished()]
    [('0001.dcm', 8)]
    """

    def __init__(self, url: str, options: Mapping[str, Any], *, read_back: bool) -> None:
        self._arguments = (url, dict(options), read_back)
        self.store: Store = open_store(url, options)
        self._read_back = read_back
        self._room = threading.BoundedSemaphore(CONCURRENCY)
        self._pool = ThreadPoolExecutor(CONCURRENCY, thread_name_prefix="dicomseries-put")
        self._begun: list[Upload] = []
        self._failure: WriteError | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        return _made_again, self._arguments

    def put(self, name: str, chunks: Iterable[bytes | memoryview]) -> Upload:
        """Begin to put one object; raise an earlier failure."""
        if self._failure is not None:
            raise self._failure
        self._room.acquire()
        try:
            # Chunks that are made while they are written may exceed the memory: they go over a
            # file.
            content = b"".join(chunks) if isinstance(chunks, Sequence) else _spooled(chunks)
            upload = Upload(self.store, name, content, is_read_back=self._read_back)
            self._begun.append(upload)
            upload.future = self._pool.submit(self._run, upload)
        except BaseException:
            self._room.release()
            raise
        return upload

    def find(self, name: str, header: bytes, size: int) -> StoredObject | None:
        """Return an existing object of that size and header."""
        with store_errors(self.store):
            try:
                if self.store.size(name) != size:
                    return None
                beginning = self.store.get_range(name, 0, len(header))
            except FileNotFoundError:
                return None
        if beginning != header:
            return None
        return StoredObject(self.store, name)

    @property
    def keys(self) -> set[str]:
        """Keys put or begun in this process."""
        return {upload.key for upload in self._begun}

    def finished(self) -> list[Entry]:
        """Wait for all objects and return their entries."""
        return [upload.wait() for upload in self._begun]

    def commit(self) -> None:
        """Wait for all; only the first process shows them."""
        self.finished()

    def abort(self) -> None:
        """Begin no more, and wait for running uploads."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _run(self, upload: Upload) -> Entry:
        try:
            return upload.run()
        except WriteError as failure:
            self._failure = failure
            raise
        finally:
            self._room.release()


class StoredObject:
    """An object in a store; a file while open."""

    def __init__(self, store: Store, key: str) -> None:
        self.store = store
        self.key = key
        self._scratch: Path | None = None

    def __enter__(self) -> Path:
        handle = tempfile.NamedTemporaryFile(prefix="dicomseries-", suffix=".dcm", delete=False)
        handle.close()
        self._scratch = Path(handle.name)
        try:
            with store_errors(self.store):
                self._fill(self._scratch)
        except BaseException:
            self._scratch.unlink()
            raise
        return self._scratch

    def __exit__(self, *_: object) -> None:
        if self._scratch is not None:
            self._scratch.unlink(missing_ok=True)

    def _fill(self, path: Path) -> None:
        save(self.store, self.key, path)


class Upload(StoredObject):
    """An object on its way; opening it waits."""

    def __init__(
        self, store: Store, key: str, content: bytes | Path, *, is_read_back: bool
    ) -> None:
        super().__init__(store, key)
        self._content: bytes | Path | None = content
        self._is_read_back = is_read_back
        self._read_content: bytes | None = None
        self.future: Future[Entry] = Future()

    def __enter__(self) -> Path:
        self.wait()
        return super().__enter__()

    def wait(self) -> Entry:
        """Return the entry of the object, or raise."""
        return self.future.result()

    def run(self) -> Entry:
        """Put the object, and get it back if asked."""
        content, self._content = self._content, None
        if isinstance(content, Path):
            with _removed(content), store_errors(self.store):
                self.store.put(self.key, content)
                return _entry_of_file(self.key, content)
        content = content or b""
        entry = Entry(
            key=self.key,
            size=len(content),
            sha256=sha256_of(content),
            sop_instance_uid=uid_of(content[:_META]),
        )
        with store_errors(self.store):
            self.store.put(self.key, content)
            if self._is_read_back:
                self._read_content = self.store.get(self.key)
                _check_same(self.store, entry, self._read_content)
        return entry

    def _fill(self, path: Path) -> None:
        if self._read_content is None:
            super()._fill(path)
        else:
            path.write_bytes(self._read_content)
            self._read_content = None


def _entry_of_file(key: str, path: Path) -> Entry:
    with path.open("rb") as file:
        beginning = file.read(_META)
        file.seek(0)
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Entry(
        key=key, size=path.stat().st_size, sha256=digest, sop_instance_uid=uid_of(beginning)
    )


def uid_of(beginning: bytes) -> str:
    """Return MediaStorageSOPInstanceUID in a file's beginning, else "".

    Examples
    --------
    >>> uid_of(b"DICM" + _UID_ELEMENT + bytes([6, 0]) + b"1.2.3" + bytes(1)), uid_of(b"text")
    ('1.2.3', '')
    """
    start = beginning.find(_UID_ELEMENT)
    if start < 0:
        return ""
    length = int.from_bytes(beginning[start + 6 : start + 8], "little")
    return beginning[start + 8 : start + 8 + length].strip(b"\0 ").decode("ascii", "replace")


@contextlib.contextmanager
def store_errors(store: Store) -> Iterator[None]:
    """Turn the errors of a store into a `WriteError`.

    Examples
    --------
    >>> with store_errors(open_store("memory://scan")):
    ...     raise StoreError("slow down")
    Traceback (most recent call last):
    ...
    dicomseries.errors.WriteError: memory://scan: expected a store that takes whole objects...
    """
    try:
        yield
    except (StoreError, FileNotFoundError, FileExistsError) as error:
        if isinstance(error, WriteError):
            raise
        raise WriteError(
            code="write-failed",
            where=store.address.where,
            given=str(error),
            expected="a store that takes whole objects",
            remedy="Check the bucket, the rights and the network, then write again; the objects "
            "put "
            "so far are deleted.",
        ) from None


def _check_same(store: Store, entry: Entry, content: bytes) -> None:
    if sha256_of(content) != entry.sha256:
        raise WriteError(
            code="store-changed-object",
            where=f"{store.address.where}: {entry.key}",
            given=f"{len(content):,} bytes that differ from those that were put",
            expected=f"{entry.size:,} bytes with the SHA-256 {entry.sha256}",
            remedy="Look for another writer to the same prefix, or report it to the store's "
            "operator.",
        )


def _spooled(chunks: Iterable[bytes | memoryview]) -> Path:
    with tempfile.NamedTemporaryFile(prefix="dicomseries-", delete=False) as file:
        path = Path(file.name)
        try:
            file.writelines(chunks)
        except BaseException:
            file.close()  # Windows removes no open file
            path.unlink()
            raise
    return path


@contextlib.contextmanager
def _removed(path: Path) -> Iterator[None]:
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def _made_again(
    url: str,
    options: Mapping[str, Any],
    read_back: bool,  # noqa: FBT001 - called by pickle
) -> Uploads:
    return Uploads(url, options, read_back=read_back)
