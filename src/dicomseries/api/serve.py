"""`serve`: the series of a folder for any DICOMweb client on this machine, until the server is ended."""

from __future__ import annotations

import http.server
import os
import secrets
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from dicomseries.errors import DicomSeriesWarning, OptionError, ReadError, counted
from dicomseries.reading import nothing_found, scan
from dicomseries.viewing import (
    HEADERS,
    SeriesIndex,
    Service,
    index_instances,
    make_server,
    request_handler,
)

__all__ = ["bound_at", "held_at", "serve", "service_of"]


def held_at(path: str | os.PathLike[str]) -> SeriesIndex:
    """Find what can be served below a path.

    Parameters
    ----------
    path : path-like
        A folder, with those below it, or one file.

    Raises
    ------
    ReadError
        If there is no DICOM file with the UIDs that name it.

    Warns
    -----
    DicomSeriesWarning
        Of files that are damaged, or cannot be named.
    """
    found = scan(path)
    index = index_instances(instance for series in found.series for instance in series.instances)
    for problem in found.problems:
        warnings.warn(str(problem), DicomSeriesWarning, stacklevel=2)
    if index.unnamed:
        text = f"{counted(index.unnamed, 'file')} not served: without a UID, or with the UID of another file"
        warnings.warn(text, DicomSeriesWarning, stacklevel=2)
    if not found.series:
        raise nothing_found(os.fspath(path), found)
    if not index.instances:
        raise ReadError(
            code="no-series",
            where=os.fspath(path),
            given=f"{counted(found.skipped, 'file')} not DICOM",
            expected="the files of at least one series, with their UIDs",
            remedy="Name the folder that holds the files, or one above it.",
        )
    return index


def service_of(index: SeriesIndex) -> Service:
    """Return the service, with a boundary between parts that stands in no file."""
    return Service(index, secrets.token_hex(16))


@contextmanager
def bound_at(
    kind: type[http.server.BaseHTTPRequestHandler], token: str, port: int
) -> Iterator[tuple[http.server.ThreadingHTTPServer, str]]:
    """Give a server on loopback that has yet to be run, and the one address that it answers.

    Raises
    ------
    OptionError
        If the port is taken, or none that we may have.
    """
    try:
        server = make_server(kind, port)
    except (OSError, OverflowError) as error:
        raise OptionError(
            code="port-taken",
            where="--port",
            given=f"{port}: {getattr(error, 'strerror', None) or error}",
            expected="a free port of this machine",
            remedy="Leave --port out, and a free one is found.",
        ) from error
    with server:
        yield server, f"http://127.0.0.1:{server.server_address[1]}/{token}/"


@contextmanager
def serve(
    index: SeriesIndex, *, port: int = 0
) -> Iterator[tuple[http.server.ThreadingHTTPServer, str]]:
    """Give a DICOMweb server on loopback that has yet to be run, and its root address.

    Parameters
    ----------
    index : SeriesIndex
        As `held_at` finds them.
    port : int
        Of 127.0.0.1; a free one for 0.

    Raises
    ------
    OptionError
        If the port is taken.
    """
    token = secrets.token_urlsafe(16)
    with bound_at(request_handler(service_of(index).answer, token, HEADERS), token, port) as found:
        yield found
