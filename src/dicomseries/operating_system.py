"""Calls in which Linux, macOS and Windows differ."""

from __future__ import annotations

import contextlib
import errno
import importlib
import io
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

__all__ = [
    "acknowledge_at_once",
    "create_file",
    "fill_from",
    "is_closed_pipe",
    "is_held_by_others",
    "make_durable",
    "open_file",
    "optional_module",
    "read_at",
    "rename",
    "replace",
    "reserve",
    "send_buffers",
    "usable_processors",
    "write_at",
    "write_buffers",
]

_AS_BYTES = getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
"""Windows changes the ends of lines without the first; without the second a named pipe waits for a
writer."""
_WIDEST = 1 << 30
"""Bytes of one call: Linux takes fewer than 2 GiB, and macOS fails beyond."""
_MOST_BUFFERS = 512
"""Buffers of one writev, below every system's IOV_MAX."""
_POSITIONS = tuple(threading.Lock() for _ in range(16))
"""Without pread, threads that share a file would move each other's position."""
_IS_WINDOWS = os.name == "nt"
_RENAME_WAITS_S = (0.01, 0.05, 0.1, 0.3, 1.0) if _IS_WINDOWS else ()
"""Virus scanners and indexers of Windows hold new files open for a moment."""


def optional_module(name: str) -> Any:
    """Return a module of Python that some systems lack, or None.

    Examples
    --------
    >>> optional_module("fcntl") is None or optional_module("msvcrt") is None
    True
    """
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def open_file(path: str | os.PathLike[str], flags: int = os.O_RDONLY) -> int:
    """Open a file of bytes and return its descriptor.

    A named pipe is opened at once, as if it had a writer.

    Examples
    --------
    >>> os.close(open_file(__file__))
    """
    return os.open(path, flags | _AS_BYTES, 0o666)


def create_file(path: str | os.PathLike[str]) -> int:
    """Create a file to write and return its descriptor.

    Raises
    ------
    FileExistsError
        If there is one already.
    """
    return open_file(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)


def make_durable(file: int) -> None:
    """Keep the content of a file or folder after a power cut."""
    fcntl = optional_module("fcntl")
    full_sync = getattr(fcntl, "F_FULLFSYNC", None)
    if full_sync is not None:  # fsync of macOS leaves it in the cache of the drive
        with contextlib.suppress(OSError):  # not on every file system
            fcntl.fcntl(file, full_sync)
            return
    os.fsync(file)


def read_at(file: int, size: int, offset: int) -> bytes:
    """Return up to `size` bytes from an offset.

    Any thread may do so; the position of the file has no meaning.

    Examples
    --------
    >>> file = open_file(__file__)
    >>> read_at(file, 5, 3)
    b'Calls'
    >>> os.close(file)
    """
    if hasattr(os, "pread"):
        content: bytes = os.pread(file, size, offset)
        return content
    with _positioned(file, offset):
        return os.read(file, size)


def fill_from(file: int, view: memoryview, offset: int) -> int:
    """Fill a view of bytes from an offset of a file.

    Any thread may do so, as in `read_at`.

    Returns
    -------
    int
        Bytes that were read; fewer than those of the view at the end of the file.
    """
    done = 0
    while done < len(view):
        count = _read_into(file, view[done : done + _WIDEST], offset + done)
        if not count:
            break
        done += count
    return done


def _read_into(file: int, view: memoryview, offset: int) -> int:
    if hasattr(os, "preadv"):
        count: int = os.preadv(file, [view], offset)
        return count
    if hasattr(os, "pread"):
        content: bytes = os.pread(file, len(view), offset)
        view[: len(content)] = content
        return len(content)
    with _positioned(file, offset), io.FileIO(file, closefd=False) as stream:
        return stream.readinto(view)


def write_at(file: int, content: memoryview, offset: int) -> None:
    """Write all bytes of a view at an offset of a file."""
    while content:
        part = content[:_WIDEST]
        if hasattr(os, "pwrite"):
            written: int = os.pwrite(file, part, offset)
        else:
            with _positioned(file, offset):
                written = os.write(file, part)
        content, offset = content[written:], offset + written


def reserve(file: int, size: int) -> None:
    """Reserve space on the disk for a new file."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file, 0, size)
        return
    zeros = memoryview(bytes(1 << 20))
    for start in range(0, size, len(zeros)):
        write_at(file, zeros[: size - start], start)


def write_buffers(file: int, buffers: Sequence[bytes | memoryview]) -> None:
    """Write every byte, in as few system calls as possible."""
    left: list[bytes | memoryview] = []
    for buffer in buffers:
        if len(buffer):
            view = memoryview(buffer).cast("B")
            left += [view[start : start + _WIDEST] for start in range(0, len(view), _WIDEST)]
    while left:
        written = _write_some(file, left)
        while left and written >= len(left[0]):
            written -= len(left.pop(0))
        if written:
            left[0] = memoryview(left[0])[written:]


def _write_some(file: int, buffers: list[bytes | memoryview]) -> int:
    if not hasattr(os, "writev"):
        return os.write(file, buffers[0])
    size = count = 0
    while count < min(len(buffers), _MOST_BUFFERS) and size + len(buffers[count]) <= _WIDEST:
        size += len(buffers[count])
        count += 1
    written: int = os.writev(file, buffers[:count])
    return written


def send_buffers(connection: socket.socket, buffers: Sequence[bytes | memoryview]) -> None:
    """Send every byte, in as few system calls as possible.

    TLS connections and Windows have no call for several buffers: there they are joined.
    """
    left = list(buffers)
    if not hasattr(connection, "sendmsg") or hasattr(connection, "do_handshake"):
        connection.sendall(b"".join(left))
        return
    first = 0
    while first < len(left):
        sent = connection.sendmsg(left[first : first + _MOST_BUFFERS])
        while first < len(left) and sent >= len(left[first]):
            sent -= len(left[first])
            first += 1
        if sent:
            left[first] = memoryview(left[first])[sent:]


def acknowledge_at_once(connection: socket.socket) -> None:
    """Acknowledge what has come without delay.

    To be called after each read: an answer in two small parts otherwise takes 40 ms, as its sender
    holds the second part until the first is acknowledged, and Linux delays that. Other systems
    have no such switch.
    """
    quick = getattr(socket, "TCP_QUICKACK", None)
    if quick is not None:
        with contextlib.suppress(OSError):
            connection.setsockopt(socket.IPPROTO_TCP, quick, 1)


@contextlib.contextmanager
def _positioned(file: int, offset: int) -> Iterator[None]:
    with _POSITIONS[file % len(_POSITIONS)]:
        os.lseek(file, offset, os.SEEK_SET)
        yield


def usable_processors() -> int:
    """Return how many processors this process may use.

    Examples
    --------
    >>> usable_processors() >= 1
    True
    """
    if hasattr(os, "process_cpu_count"):  # Python 3.13
        return os.process_cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def rename(source: Path, target: Path) -> None:
    """Rename a file or folder, on Windows after some waiting."""
    _patiently(source.rename, target)


def replace(source: Path, target: Path) -> None:
    """Rename a file over another one, as `rename` does."""
    _patiently(source.replace, target)


def is_closed_pipe(error: BaseException) -> bool:
    """Return whether the reader of our output has stopped.

    Windows reports it as an invalid argument without a file.

    Examples
    --------
    >>> is_closed_pipe(BrokenPipeError()), is_closed_pipe(FileNotFoundError(2, "no", "a"))
    (True, False)
    """
    if isinstance(error, BrokenPipeError):
        return True
    if not _IS_WINDOWS or not isinstance(error, OSError):
        return False
    return error.errno == errno.EINVAL and error.filename is None


def is_held_by_others(error: OSError) -> bool:
    """Return whether Windows failed because a file is open.

    Examples
    --------
    >>> is_held_by_others(PermissionError(13, "Permission denied"))
    False
    """
    return getattr(error, "winerror", None) in {5, 32}  # access denied, sharing violation


def _patiently(move: Callable[[Path], object], target: Path) -> None:
    for wait_s in _RENAME_WAITS_S:
        try:
            move(target)
        except PermissionError:
            time.sleep(wait_s)
        else:
            return
    move(target)
