"""The page and its planes on loopback, for who knows the token, and nothing else."""

from __future__ import annotations

import hmac
import http.server
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from dicomseries.errors import DicomSeriesError
from dicomseries.viewing.planes import Planes

__all__ = ["Answer", "Site", "bound_server", "handler_of"]

_TEXT = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the server says.

    Parameters
    ----------
    content : bytes
        The body.
    content_type : str
        Its media type.
    status : int
        Of HTTP.
    """

    content: bytes
    content_type: str
    status: int = 200


_NOTHING = Answer(content=b"There is nothing here.\n", content_type=_TEXT, status=404)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Site:
    """What there is to see, by its path below the token.

    Parameters
    ----------
    page : str
        The HTML page, at "".
    planes : tuple of Planes
        Of each layer, at "voxels/LAYER/AXIS/INDEX/VOLUME".
    records : mapping of str to callable
        What takes a while to find out, and is asked for once the page is there: "attributes", "findings".
    """

    page: str
    planes: tuple[Planes, ...]
    records: Mapping[str, Callable[[], Any]]

    def answer(self, path: str) -> Answer:
        """Return what is at a path; 404 if there is nothing, 500 with the reason if it cannot be read."""
        try:
            if not path:
                return Answer(content=self.page.encode("utf-8"), content_type="text/html; charset=utf-8")
            if path in self.records:
                return Answer(content=json.dumps(self.records[path]()).encode(), content_type="application/json")
            return self._plane(path.split("/"))
        except (DicomSeriesError, OSError) as error:
            return Answer(content=f"{error}\n".encode(), content_type=_TEXT, status=500)

    def close(self) -> None:
        """Let go of what the planes hold."""
        for planes in self.planes:
            planes.close()

    def _plane(self, words: list[str]) -> Answer:
        if len(words) != 5 or words[0] != "voxels" or not all(word.isascii() and word.isdigit() for word in words[1:]):
            return _NOTHING
        layer, axis, index, volume = map(int, words[1:])
        try:
            plane = self.planes[layer].read(axis, index, volume)
        except IndexError:
            return _NOTHING
        return Answer(content=plane.tobytes(), content_type="application/octet-stream")


def bound_server(site: Site, token: str) -> http.server.ThreadingHTTPServer:
    """Return a server of the site at a free port of 127.0.0.1; nothing is answered before `serve_forever`."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler_of(site, token))
    server.daemon_threads = True
    return server


def handler_of(site: Site, token: str) -> type[http.server.BaseHTTPRequestHandler]:
    """Return a handler that answers GET of "/TOKEN/…" as `site` does, to requests for 127.0.0.1 alone.

    A page of another origin cannot read the answers, and one whose name was made to point here (DNS rebinding) is known
    by its Host header.
    """

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        server_version = "dicomseries"
        sys_version = ""
        wbufsize = 1 << 16  # head and body together: apart they would wait for each other's acknowledgement
        disable_nagle_algorithm = True

        def log_message(self, *_: object) -> None:
            """Say nothing: the terminal belongs to the command."""

        def do_GET(self) -> None:
            """Answer one request."""
            given, slash, path = self.path.removeprefix("/").partition("/")
            is_ours = self.headers.get("Host", "") == f"127.0.0.1:{self.connection.getsockname()[1]}"
            is_known = hmac.compare_digest(given.encode("utf-8", "replace"), token.encode())
            self._give(site.answer(path) if slash and is_ours and is_known else _NOTHING)

        def _give(self, answer: Answer) -> None:
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.content_type)
            self.send_header("Content-Length", str(len(answer.content)))
            self.send_header("Cache-Control", "no-store")
            self.send_header("Referrer-Policy", "no-referrer")
            self.send_header("X-Content-Type-Options", "nosniff")
            self.send_header("Cross-Origin-Resource-Policy", "same-origin")
            self.end_headers()
            self.wfile.write(answer.content)

    return Handler
