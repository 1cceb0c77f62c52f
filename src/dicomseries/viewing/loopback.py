"""HTTP server on 127.0.0.1 for requests with a secret token."""

from __future__ import annotations

import hmac
import http.server
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from typing import Any, ClassVar

from dicomseries.errors import DicomSeriesError
from dicomseries.lazy_dataclass import dataclass

__all__ = [
    "NOT_FOUND",
    "TEXT",
    "Answer",
    "HttpRequest",
    "error_answer",
    "has_token",
    "make_server",
    "request_handler",
]

TEXT = "text/plain; charset=utf-8"

_ALWAYS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """A request.

    Parameters
    ----------
    path : str
        Below the token, as it was sent, without the query.
    query : str
        Text after the question mark.
    accept : str
        The header Accept; all of them if there are several.
    root : str
        The address of the token's folder, with a slash at its end.
    """

    path: str
    query: str = ""
    accept: str = ""
    root: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer.

    Parameters
    ----------
    content : bytes or iterable of bytes
        The body; piece by piece if it is long.
    content_type : str
        Its media type.
    status : int
        Of HTTP.
    length : int or None
        Bytes of a body in pieces, if known.
    headers : mapping of str to str
        Further ones.
    """

    content: bytes | Iterable[bytes]
    content_type: str
    status: int = 200
    length: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


NOT_FOUND = Answer(content=b"There is nothing here.\n", content_type=TEXT, status=404)


def error_answer(status: int, reason: object) -> Answer:
    """Return an answer with the reason of an error."""
    content = f"{reason}\n".encode("utf-8", "replace")
    return Answer(content=content, content_type=TEXT, status=status)


def has_token(text: str, token: str) -> bool:
    """Return whether a text is the token, in constant time."""
    return hmac.compare_digest(text.encode("utf-8", "replace"), token.encode("ascii"))


def make_server(
    handler: type[http.server.BaseHTTPRequestHandler], port: int
) -> http.server.ThreadingHTTPServer:
    """Return a server at a port of 127.0.0.1.

    Port 0 takes a free one. It answers after `serve_forever` is called.
    """
    return _Server(("127.0.0.1", port), handler)


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    # On Windows that would let two servers have one port.
    allow_reuse_address = os.name != "nt"
    request_queue_size = 256
    """A viewer opens connections for hundreds of frames at once."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore closed connections: users leave before a picture arrives."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def request_handler(
    respond: Callable[[HttpRequest], Answer], token: str | None, headers: Mapping[str, str]
) -> type[http.server.BaseHTTPRequestHandler]:
    """Return a handler of GET "/TOKEN/…".

    `headers` are added to each answer. Only requests to 127.0.0.1 are answered: the Host header of
    a page whose name was made to point here (DNS rebinding) differs. Pages of another origin cannot
    read the answers, unless `headers` allow it; they would also have to know the token. Without a
    token everything is answered, and `respond` has to check for one if needed.
    """
    attributes = {"respond": staticmethod(respond), "token": token, "added": headers}
    return type("Handler", (_Handler,), attributes)


class _Handler(http.server.BaseHTTPRequestHandler):
    respond: ClassVar[Callable[[HttpRequest], Answer]]
    token: ClassVar[str | None]
    added: ClassVar[Mapping[str, str]]

    protocol_version = "HTTP/1.1"
    server_version = "dicomseries"
    sys_version = ""
    timeout = 60.0
    """Seconds until an idle connection is closed."""
    # Head and body go together: apart they would wait for each other's acknowledgement.
    wbufsize = 1 << 16
    disable_nagle_algorithm = True

    def log_message(self, *_: object) -> None:
        """Print nothing: the terminal belongs to the command."""

    def do_GET(self) -> None:
        """Answer one request."""
        request = self._request()
        if request is None:
            self._send(NOT_FOUND, {})
        else:
            self._send(type(self).respond(request), self.added)

    def do_HEAD(self) -> None:
        """Answer as GET does, without the body (RFC 9110 9.3.2)."""
        self.do_GET()

    def do_OPTIONS(self) -> None:
        """Answer a preflight request of a page of another origin."""
        if self._request() is None:
            self._send(NOT_FOUND, {})
        else:
            self._send(Answer(content=b"", content_type=TEXT), self.added)

    def _request(self) -> HttpRequest | None:
        """Return the request; None if it must not be answered."""
        path, _, query = self.path.removeprefix("/").partition("?")
        folder = ""
        if self.token is not None:
            folder = f"{self.token}/"
            if not has_token(path[: len(folder)], folder):
                return None
            path = path[len(folder) :]
        host = f"127.0.0.1:{self.connection.getsockname()[1]}"
        # Some clients leave out the port. Other names may have been made to point here.
        hosts = self.headers.get_all("Host", [])
        if len(hosts) != 1 or hosts[0] not in {host, "127.0.0.1"}:
            return None
        accept = ", ".join(self.headers.get_all("Accept", []))
        return HttpRequest(path=path, query=query, accept=accept, root=f"http://{host}/{folder}")

    def _send(self, answer: Answer, added: Mapping[str, str]) -> None:
        if self.headers.get("Content-Length", "0") != "0" or "Transfer-Encoding" in self.headers:
            # The body is not read, and must not be taken for the next request.
            self.close_connection = True
        pieces, length = answer.content, answer.length
        if isinstance(pieces, bytes):
            pieces, length = [pieces], len(pieces)
        head = {"Content-Type": answer.content_type}
        if length is not None:
            head["Content-Length"] = str(length)
        elif self.request_version == "HTTP/1.0":
            self.close_connection = True  # this version has no other end of a body
        else:
            head["Transfer-Encoding"] = "chunked"
        if self.close_connection:
            head["Connection"] = "close"
        self.send_response(answer.status)
        for name, value in {**head, **_ALWAYS, **added, **answer.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self._write(pieces, is_chunked="Transfer-Encoding" in head)

    def _write(self, pieces: Iterable[bytes], *, is_chunked: bool) -> None:
        try:
            for piece in filter(None, pieces):
                self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece) if is_chunked else piece)
            if is_chunked:
                self.wfile.write(b"0\r\n\r\n")
        except (DicomSeriesError, OSError):
            # The head is sent: closing shows that the body is not complete, if anyone listens.
            self.close_connection = True
