"""What is answered on loopback, to who knows the token, and nothing else."""

from __future__ import annotations

import hmac
import http.server
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from dicomseries.errors import DicomSeriesError

__all__ = ["NOTHING", "TEXT", "Answer", "HttpRequest", "bound", "handler", "refusal"]

TEXT = "text/plain; charset=utf-8"

_ALWAYS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """What the server is asked for.

    Parameters
    ----------
    path : str
        Below the token, as it was sent, without a query.
    query : str
        What follows the question mark.
    accept : str
        The header Accept; all of them where there are several.
    root : str
        The address of the token's folder, with a slash at its end.
    """

    path: str
    query: str = ""
    accept: str = ""
    root: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the server says.

    Parameters
    ----------
    content : bytes or iterable of bytes
        The body; piece by piece where it is long.
    content_type : str
        Its media type.
    status : int
        Of HTTP.
    length : int or None
        Bytes of a body in pieces, where that is known.
    headers : mapping of str to str
        Further ones.
    """

    content: bytes | Iterable[bytes]
    content_type: str
    status: int = 200
    length: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


NOTHING = Answer(content=b"There is nothing here.\n", content_type=TEXT, status=404)


def refusal(status: int, reason: object) -> Answer:
    """Return an answer that says why there is no other."""
    return Answer(
        content=f"{reason}\n".encode("utf-8", "replace"), content_type=TEXT, status=status
    )


def bound(
    handler: type[http.server.BaseHTTPRequestHandler], port: int
) -> http.server.ThreadingHTTPServer:
    """Return a server at a port of 127.0.0.1, a free one for 0; nothing is answered before `serve_forever`."""
    return _Server(("127.0.0.1", port), handler)


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256
    """A viewer opens a connection for each of hundreds of frames at once."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a browser that has gone, as it does whenever its user goes on before a picture is there."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def handler(
    respond: Callable[[HttpRequest], Answer], token: str | None, headers: Mapping[str, str]
) -> type[http.server.BaseHTTPRequestHandler]:
    """Return a handler that answers GET of "/TOKEN/…" to requests for 127.0.0.1 alone, with `headers` on each answer.

    Without a token everything is answered, and `respond` has to ask for one where it is needed.

    A page whose name was made to point here (DNS rebinding) is known by its Host header. Pages of another origin cannot
    read the answers, unless `headers` say so; they would have to know the token too.
    """
    return type(
        "Handler", (_Handler,), {"respond": staticmethod(respond), "token": token, "added": headers}
    )


class _Handler(http.server.BaseHTTPRequestHandler):
    respond: ClassVar[Callable[[HttpRequest], Answer]]
    token: ClassVar[str | None]
    added: ClassVar[Mapping[str, str]]

    protocol_version = "HTTP/1.1"
    server_version = "dicomseries"
    sys_version = ""
    timeout = 60.0
    """Seconds in which a connection has to say something, or is closed."""
    wbufsize = (
        1 << 16
    )  # head and body together: apart they would wait for each other's acknowledgement
    disable_nagle_algorithm = True

    def log_message(self, *_: object) -> None:
        """Say nothing: the terminal belongs to the command."""

    def do_GET(self) -> None:
        """Answer one request."""
        request = self._request()
        self._give(
            NOTHING if request is None else type(self).respond(request),
            is_known=request is not None,
        )

    def do_HEAD(self) -> None:
        """Answer as GET does, without the body (RFC 9110 section 9.3.2)."""
        self.do_GET()

    def do_OPTIONS(self) -> None:
        """Answer a browser that asks whether a page of another origin may ask."""
        is_known = self._request() is not None
        self._give(
            Answer(content=b"", content_type=TEXT) if is_known else NOTHING, is_known=is_known
        )

    def _request(self) -> HttpRequest | None:
        """Return what is asked for; None to whom nothing is answered."""
        target, _, query = self.path.removeprefix("/").partition("?")
        folder, path = f"{self.token}/" if self.token is not None else "", target
        if self.token is not None:
            given, slash, path = target.partition("/")
            if not hmac.compare_digest(
                (given + slash).encode("utf-8", "replace"), folder.encode("ascii")
            ):
                return None
        host = f"127.0.0.1:{self.connection.getsockname()[1]}"
        # Some clients leave the port out; a name that was made to point here is none of the two, nor are two names.
        hosts = self.headers.get_all("Host", [])
        if len(hosts) != 1 or hosts[0] not in {host, "127.0.0.1"}:
            return None
        accept = ", ".join(self.headers.get_all("Accept", []))
        return HttpRequest(path=path, query=query, accept=accept, root=f"http://{host}/{folder}")

    def _give(self, answer: Answer, *, is_known: bool = True) -> None:
        if self.headers.get("Content-Length", "0") != "0" or "Transfer-Encoding" in self.headers:
            self.close_connection = (
                True  # the body is not read, and must not be taken for the next request
            )
        pieces = [answer.content] if isinstance(answer.content, bytes) else answer.content
        length = len(answer.content) if isinstance(answer.content, bytes) else answer.length
        head = {"Content-Type": answer.content_type}
        if length is not None:
            head["Content-Length"] = str(length)
        elif self.request_version == "HTTP/1.0":
            self.close_connection = True  # which is how that version says where a body ends
        else:
            head["Transfer-Encoding"] = "chunked"
        if self.close_connection:
            head["Connection"] = "close"
        self.send_response(answer.status)
        for name, value in {
            **head,
            **_ALWAYS,
            **(self.added if is_known else {}),
            **answer.headers,
        }.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        self._write(pieces, is_chunked="Transfer-Encoding" in head)

    def _write(self, pieces: Iterable[bytes], *, is_chunked: bool) -> None:
        try:
            for piece in filter(None, pieces):
                self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece) if is_chunked else piece)
            if is_chunked:
                self.wfile.write(b"0\r\n\r\n")
        except (DicomSeriesError, OSError):
            # The head has gone out: all that is left to say is that this is not the whole. Or nobody listens.
            self.close_connection = True
