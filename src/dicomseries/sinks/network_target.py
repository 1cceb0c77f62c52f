"""Files that are sent to an archive, each after it was compared."""

from __future__ import annotations

import contextlib
import queue
import shutil
import tempfile
import threading
from collections.abc import Callable, Generator, Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from dicomseries.errors import DeliveryError, DicomSeriesError, SendInterrupted, counted
from dicomseries.network import InstanceFile, InstanceStatus, Peer, Transcode
from dicomseries.sinks.staged_folder import StagedFolder

__all__ = ["NetworkSink"]

_WAITING = 16
"""Compared files that wait to be sent; encoding waits then."""
_WAIT_S = 0.2
"""Seconds between two looks whether sending has failed."""
_PREFIX = "dicomseries-"


class NetworkSink:
    """Send files to an archive as they are written.

    A file exists from `put` until the archive has answered, in a private folder. It is sent when
    `stored_path` ends without an error, which is behind the comparison. An archive cannot take back
    what it has: a failure names how much that is.

    Parameters
    ----------
    peer : Peer
        The archive.
    transcode : callable
        From an instance to one in a transfer syntax that the archive accepts.
    describe : callable
        From the path of a file to its `InstanceFile`.
    present : frozenset of str
        SOPInstanceUIDs that are there already, and are not sent.
    files : int
        How many there will be, for messages.

    Raises
    ------
    DeliveryError
        From `put` and `commit`, if the archive does not take an instance.
    """

    def __init__(
        self,
        peer: Peer,
        *,
        transcode: Transcode,
        describe: Callable[[Path], InstanceFile],
        present: frozenset[str] = frozenset(),
        files: int = 0,
    ) -> None:
        self._peer = peer
        self._transcode = transcode
        self._describe = describe
        self._present = present
        self._files = files
        self._scratch = Path(tempfile.mkdtemp(prefix=_PREFIX))
        self._staged = StagedFolder(path=self._scratch, sync=False)
        self._waiting: queue.Queue[InstanceFile | None] = queue.Queue(_WAITING)
        self._paths: dict[str, Path] = {}
        self._failure: BaseException | None = None
        self._is_over = threading.Event()
        self._is_done = False
        self._thread: threading.Thread | None = None
        self._start = threading.Lock()
        self.instances: list[InstanceFile] = []
        self.statuses: dict[str, InstanceStatus] = {}

    @property
    def present(self) -> frozenset[str]:
        """SOPInstanceUIDs that were there already."""
        return self._present

    @property
    def where(self) -> str:
        """The archive, without secrets."""
        return self._peer.where

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        del kind, traceback
        self.abort()
        kept = sum(status.is_stored for status in self.statuses.values())
        if error is None or not kept or isinstance(error, DeliveryError):
            return
        text = f"{self.where} has kept {kept} of {counted(self._files, 'instance')}"
        if isinstance(error, KeyboardInterrupt):
            raise SendInterrupted(text, tuple(self.statuses.values())) from None
        if isinstance(error, Exception):
            text += f"; {error}"
            raise self._incomplete(text) from error

    def put(self, name: str, chunks: Iterable[bytes | memoryview]) -> OutgoingFile:
        """Write one file into the private folder."""
        self._raise_failure()
        return OutgoingFile(self._staged.put(name, chunks), self._send)

    def find(self, name: str, header: bytes, size: int) -> None:
        """Find nothing: an archive keeps no unfinished write."""
        del name, header, size

    def commit(self) -> None:
        """Wait until every instance has its answer."""
        if self._thread is not None:
            self._hand_over(None)
            self._thread.join()
        self._raise_failure()
        self._is_done = True

    def abort(self) -> None:
        """Send no more, and remove the private folder."""
        self._is_over.set()
        if self._thread is not None:
            self._thread.join()
        shutil.rmtree(self._scratch, ignore_errors=True)

    def _send(self, path: Path) -> None:
        """Queue a file that was compared."""
        instance = self._describe(path)
        self.instances.append(instance)
        if instance.sop_instance_uid in self._present:
            path.unlink(missing_ok=True)
            return
        self._paths[instance.sop_instance_uid] = path
        with self._start:
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="dicomseries-send", daemon=True
                )
                self._thread.start()
        self._hand_over(instance)

    def _hand_over(self, instance: InstanceFile | None) -> None:
        while True:
            self._raise_failure()
            with contextlib.suppress(queue.Full):
                self._waiting.put(instance, timeout=_WAIT_S)
                return

    def _run(self) -> None:
        """Send what is queued, in a thread."""
        try:
            with self._peer as peer, contextlib.closing(self._outgoing()) as outgoing:
                for status in peer.store(outgoing, transcode=self._transcode):
                    self.statuses[status.sop_instance_uid] = status
                    self._paths.pop(status.sop_instance_uid).unlink(missing_ok=True)
                    if not status.is_stored:
                        self._failure = self._rejected(status)
                        return
        except BaseException as error:  # noqa: BLE001 - raised in the thread of the writer
            self._failure = error

    def _outgoing(self) -> Generator[InstanceFile, None, None]:
        while not self._is_over.is_set():
            try:
                instance = self._waiting.get(timeout=_WAIT_S)
            except queue.Empty:
                continue
            if instance is None:
                return
            yield instance

    def _raise_failure(self) -> None:
        failure = self._failure
        if failure is None:
            return
        if isinstance(failure, DicomSeriesError) and not isinstance(failure, DeliveryError):
            kept = sum(status.is_stored for status in self.statuses.values())
            if kept:
                text = f"{kept} of {counted(self._files, 'instance')} are there; {failure}"
                raise self._incomplete(text) from failure
        raise failure

    def _rejected(self, status: InstanceStatus) -> DeliveryError:
        kept = sum(other.is_stored for other in self.statuses.values())
        total = counted(self._files, "instance")
        return self._incomplete(
            f"{kept} of {total} are there; instance {status.sop_instance_uid} was "
            f"{status.outcome}: {status.text}"
        )

    def _incomplete(self, given: str) -> DeliveryError:
        error = DeliveryError(
            code="instances-not-stored",
            where=self.where,
            given=given,
            expected="every instance in the archive; it cannot take back what it has",
            remedy="Write to a folder and `send` that, which can be repeated; or repeat the write "
            'with `uid="content"` and `resume=True`. Delete what is there if you do neither.',
        )
        error.statuses = tuple(self.statuses.values())
        return error


class OutgoingFile:
    """A file that is sent when its context ends without an error."""

    def __init__(self, path: Path, send: Callable[[Path], None]) -> None:
        self._path = path
        self._send = send

    def __enter__(self) -> Path:
        return self._path

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._send(self._path)
