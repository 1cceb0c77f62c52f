"""A prefix in an object store: lock, objects, manifest."""

from __future__ import annotations

import contextlib
import itertools
import json
import secrets
import warnings
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self

from dicomseries.errors import DicomSeriesWarning, TargetError, WriteError
from dicomseries.sinks.uploads import StoredObject, Upload, Uploads, store_errors, uid_of
from dicomseries.stores import (
    CONCURRENCY,
    MANIFEST,
    PLAN,
    Entry,
    Manifest,
    Store,
    StoreError,
    masked,
    open_store,
    sha256_of,
)

__all__ = ["ObjectSink", "check_prefix", "find_plan"]

_META = 1024


class ObjectSink:
    """Write a series as objects below a URL.

    It is complete when ``manifest.json`` is there.

    ``_plan.json`` is put first, and only if it is not there: it locks the prefix against a second
    writer. Every object is put whole under its final key, the manifest last, with each key, size,
    SHA-256 and SOPInstanceUID; then the lock is deleted. Readers take a prefix with a lock and no
    manifest for incomplete.

    Pickled to other processes, a sink is its URL: they `put` and `find` objects.

    Parameters
    ----------
    url : str
        The prefix.
    options : mapping, optional
        fsspec's storage options.
    overwrite : bool
        Delete the DICOM objects below the prefix first: the manifest, then the objects. A store
        cannot rename, so what was there is lost if this write fails. A lock that a killed write has
        left is replaced.
    read_back : bool
        Get every object from the store again when it was put.
    record : str
        What a later write needs to go on with this one if it is killed, a JSON object; kept in the
        lock.
    series : sequence of mapping
        What the manifest says of each series.
    resumes : bool
        Go on where a killed write has left its lock; its objects are found with `find`.

    Raises
    ------
    TargetError
        If something is below the prefix (without `overwrite`), other things than DICOM objects are,
        or the lock is.
    WriteError
        If the store rejects an object.

    Examples
    --------
    >>> with ObjectSink("memory://doctest-sink") as sink:
    ...     _ = sink.put("0001.dcm", [b"header", memoryview(b"pixels")])
    ...     sink.commit()
    >>> list(open_store("memory://doctest-sink").list())
    ['0001.dcm', 'manifest.json']
    """

    def __init__(
        self,
        url: str,
        options: Mapping[str, Any] | None = None,
        *,
        overwrite: bool = False,
        read_back: bool = False,
        record: str = "",
        series: Sequence[Mapping[str, Any]] = (),
        resumes: bool = False,
    ) -> None:
        self._series = tuple(series)
        self._done = False
        check_prefix(url, options, overwrite=overwrite or resumes)
        self._uploads = Uploads(url, options or {}, read_back=read_back)
        self._store = self._uploads.store
        self._where = self._store.address.where
        try:
            self._lock(record, is_free=overwrite or resumes)
        except BaseException:
            self._done = True  # it is another's: nothing of it is removed
            self._uploads.abort()
            raise
        try:
            if not resumes:
                self._clear()
        except BaseException:
            self.abort()
            raise

    def __reduce__(self) -> tuple[Any, ...]:
        return self._uploads.__reduce__()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.abort()

    def put(self, name: str, chunks: Iterable[bytes | memoryview]) -> Upload:
        """Begin to put one object; opening it waits."""
        return self._uploads.put(name, chunks)

    def find(self, name: str, header: bytes, size: int) -> StoredObject | None:
        """Return an object that a killed write has left."""
        return self._uploads.find(name, header, size)

    def commit(self) -> None:
        """Wait for all objects, put the manifest, unlock."""
        entries = {entry.key: entry for entry in self._uploads.finished()}
        with store_errors(self._store):
            sizes = dict(self._store.list())
            for key in (MANIFEST, PLAN):
                sizes.pop(key, None)
            # Put by other processes, or by the write that this one resumes.
            others = sorted(sizes.keys() - entries.keys())
            entries |= zip(others, self._each(self._entry_of, others), strict=True)
            ordered = tuple(entries[key] for key in sorted(entries))
            manifest = Manifest(entries=ordered, series=self._series)
            faults = list(manifest.missing(sizes))
            if faults:
                raise WriteError(
                    code="commit-failed",
                    where=self._where,
                    given="; ".join(faults[:3]),
                    expected="every object that was put",
                    remedy="Look for another writer below this prefix, then write again.",
                )
            self._store.put(MANIFEST, manifest.to_bytes())
        self._done = True
        self._uploads.abort()
        self._delete([PLAN])

    def abort(self) -> None:
        """Delete uncommitted objects, the lock last."""
        if self._done:
            return
        self._done = True
        self._uploads.abort()
        keys = self._uploads.keys | set(self._of_others())
        # With anything left the lock stays: readers then know that the prefix is incomplete.
        if all([self._delete([MANIFEST]), self._delete(sorted(keys))]):
            self._delete([PLAN])

    def _lock(self, record: str, *, is_free: bool) -> None:
        document = {
            **json.loads(record or "{}"),
            "series": [series["SeriesInstanceUID"] for series in self._series],
            "writer": secrets.token_hex(8),
        }
        content = json.dumps(document).encode()
        with store_errors(self._store):
            if is_free:
                self._store.delete(PLAN)
            try:
                self._store.put(PLAN, content, create_only=True)
            except FileExistsError:
                # A request that was sent twice meets its own first time.
                if self._store.get(PLAN) != content:
                    raise _under_way(self._where) from None

    def _clear(self) -> None:
        """Delete overwritten objects, the manifest first."""
        with store_errors(self._store):
            self._store.delete(MANIFEST)
            self._each(self._store.delete, [key for key in self._store.list() if key != PLAN])

    def _of_others(self) -> list[str]:
        """Return the DICOM objects that other processes have put."""
        with contextlib.suppress(StoreError, FileNotFoundError):
            keys = sorted(self._store.list().keys() - self._uploads.keys - {PLAN, MANIFEST})
            return _dicom_among(self._store, keys)
        return []

    def _entry_of(self, key: str) -> Entry:
        content = self._store.get(key)
        return Entry(
            key=key,
            size=len(content),
            sha256=sha256_of(content),
            sop_instance_uid=uid_of(content[:_META]),
        )

    def _delete(self, keys: Sequence[str]) -> bool:
        """Delete objects; return whether all are gone, with a warning otherwise."""

        def is_left(key: str) -> bool:
            try:
                self._store.delete(key)
            except StoreError:
                return True
            return False

        left = list(itertools.compress(keys, self._each(is_left, keys)))
        if left:
            names = ", ".join(left[:3]) + (" …" if len(left) > 3 else "")
            text = f"{self._where}: could not delete {names}; delete them."
            warnings.warn(text, DicomSeriesWarning, stacklevel=4)
        return not left

    def _each(self, work: Any, keys: Sequence[str]) -> list[Any]:
        with ThreadPoolExecutor(CONCURRENCY) as pool:
            return list(pool.map(work, keys))


def check_prefix(url: str, options: Mapping[str, Any] | None = None, *, overwrite: bool) -> None:
    """Reject a prefix with objects or a write under way.

    Raises
    ------
    TargetError
        As `ObjectSink` does; also if the store cannot be reached.

    Examples
    --------
    >>> check_prefix("memory://nothing-there", overwrite=False)
    """
    try:
        store = open_store(url, options)
        where = store.address.where
        there = store.list()
        if not overwrite and PLAN in there and MANIFEST not in there:
            raise _under_way(where)
        if there and not overwrite:
            raise TargetError(
                code="target-not-empty",
                where=where,
                given=f"a prefix with {len(there)} objects ({', '.join([*there][:3])}, …)",
                expected="a prefix with no objects",
                remedy="Choose another one, or pass `overwrite=True` to replace the series in it.",
            )
        keys = [key for key in there if key not in {MANIFEST, PLAN}]
        foreign = sorted({*keys} - {*_dicom_among(store, keys)})
    except StoreError as fault:
        raise _unreachable(url, fault) from None
    if foreign:
        raise TargetError(
            code="target-holds-other-files",
            where=where,
            given=f"{foreign[0]!r}, which is not a DICOM object",
            expected="DICOM objects only: overwriting deletes everything below the prefix",
            remedy="Move the other objects away, or choose another prefix.",
        )


def find_plan(url: str, options: Mapping[str, Any] | None = None) -> str | None:
    """Return the record in a killed write's lock, else None.

    Examples
    --------
    >>> find_plan("memory://nothing-there") is None
    True
    """
    store = open_store(url, options)
    try:
        return store.get(PLAN).decode("utf-8", "replace")
    except FileNotFoundError:
        return None
    except StoreError as fault:
        raise _unreachable(url, fault) from None


def _dicom_among(store: Store, keys: Sequence[str]) -> list[str]:
    with ThreadPoolExecutor(CONCURRENCY) as pool:
        marks = pool.map(lambda key: store.get_range(key, 128, 132), keys)
        return [key for key, mark in zip(keys, marks, strict=True) if mark == b"DICM"]


def _under_way(where: str) -> TargetError:
    return TargetError(
        code="target-in-use",
        where=where,
        given=f"{PLAN} of another write, which is under way or was killed",
        expected="a prefix without another writer",
        remedy="Wait for it; if it was killed, repeat it with `resume=True`, or pass "
        "`overwrite=True` "
        "to delete what it has left.",
    )


def _unreachable(url: str, fault: StoreError) -> TargetError:
    return TargetError(
        code="target-not-reached",
        where=masked(url),
        given=str(fault),
        expected="a store that lets its objects be listed",
        remedy="Check the URL, the credentials and the network.",
    )
