"""`serve`: the series of a folder over DICOMweb."""

from __future__ import annotations

import http.server
import secrets
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from dicomseries.errors import DicomSeriesWarning, OptionError, ReadError, counted
from dicomseries.reading import LocalFiles, name_of_files, nothing_found, scan
from dicomseries.viewing import (
    HEADERS,
    SeriesIndex,
    Service,
    index_instances,
    make_server,
    request_handler,
)

__all__ = ["bound_at", "held_at", "serve", "service_of"]


def held_at(path: LocalFiles) -> SeriesIndex:
    """Return an index of the series below a path.

    Parameters
    ----------
    path : path-like, or sequence of str
        A folder, with those below it, a file, or several of them.

    Raises
    ------
    ReadError
        If there is no DICOM file with UIDs.

    Warns
    -----
    DicomSeriesWarning
        For files that are damaged, or without UIDs.
    """
    scanned = scan(path)
    index = index_instances(scanned.instances)
    for problem in scanned.problems:
        warnings.warn(str(problem), DicomSeriesWarning, stacklevel=2)
    if index.unnamed:
        files = counted(index.unnamed, "file")
        text = f"{files} not served: without a UID, or with the UID of another file"
        warnings.warn(text, DicomSeriesWarning, stacklevel=2)
    if not scanned.series:
        raise nothing_found(name_of_files(path), scanned)
    if not index.instances:
        raise ReadError(
            code="no-series",
            where=name_of_files(path),
            given=f"{counted(scanned.skipped, 'file')} not DICOM",
            expected="the files of at least one series, with their UIDs",
            remedy="Name the folder that holds the files, or one above it.",
        )
    return index


def service_of(index: SeriesIndex) -> Service:
    """Return the service, with a random boundary between parts."""
    return Service(index, secrets.token_hex(16))


@contextmanager
def bound_at(
    kind: type[http.server.BaseHTTPRequestHandler], token: str, port: int
) -> Iterator[tuple[http.server.ThreadingHTTPServer, str]]:
    """Give a server on loopback, and its address.

    It is not running yet.

    Raises
    ------
    OptionError
        If the port is taken, or not allowed.
    """
    try:
        server = make_server(kind, port)
    except (OSError, OverflowError) as error:
        raise OptionError(
            code="port-taken",
            where="--port",
            given=f"{port}: {getattr(error, 'strerror', None) or error}",
            expected="a free port of this machine",
            remedy="Leave --port out, and a free one is taken.",
        ) from error
    with server:
        yield server, f"http://127.0.0.1:{server.server_address[1]}/{token}/"


@contextmanager
def serve(
    index: SeriesIndex, *, port: int = 0
) -> Iterator[tuple[http.server.ThreadingHTTPServer, str]]:
    """Give a DICOMweb server on loopback, and its address.

    It is not running yet.

    Parameters
    ----------
    index : SeriesIndex
        From `held_at`.
    port : int
        Of 127.0.0.1; a free one for 0.

    Raises
    ------
    OptionError
        If the port is taken.
    """
    token = secrets.token_urlsafe(16)
    handler = request_handler(service_of(index).answer, token, HEADERS)
    with bound_at(handler, token, port) as server:
        yield server
