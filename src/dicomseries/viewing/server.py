"""Server of the page and its planes on 127.0.0.1."""

from __future__ import annotations

import http.server
import json
from collections.abc import Callable, Mapping
from typing import Any

from dicomseries.errors import DicomSeriesError
from dicomseries.lazy_dataclass import dataclass
from dicomseries.viewing.html_page import served_policy
from dicomseries.viewing.loopback import (
    NOT_FOUND,
    Answer,
    error_answer,
    make_server,
    request_handler,
)
from dicomseries.viewing.planes import Planes

__all__ = ["Answer", "Site", "site_handler", "site_server"]

_MOST_DIGITS = 18


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Site:
    """Content of a server, by its path below the token.

    Parameters
    ----------
    page : str
        The HTML page, at "".
    planes : tuple of Planes
        Of each layer, at "voxels/LAYER/AXIS/INDEX/VOLUME".
    records : mapping of str to callable
        Slower content that the page requests later: "attributes", "findings".
    """

    page: str
    planes: tuple[Planes, ...]
    records: Mapping[str, Callable[[], Any]]

    def answer(self, path: str) -> Answer:
        """Return the content of a path, or an error."""
        try:
            if not path:
                return Answer(
                    content=self.page.encode("utf-8"),
                    content_type="text/html; charset=utf-8",
                    headers={"Content-Security-Policy": served_policy()},
                )
            if path in self.records:
                content = json.dumps(self.records[path]()).encode()
                return Answer(content=content, content_type="application/json")
            return self._plane(path.split("/"))
        except (DicomSeriesError, OSError) as error:
            return error_answer(500, error)

    def close(self) -> None:
        """Close the scratch files of the planes."""
        for planes in self.planes:
            planes.close()

    def _plane(self, words: list[str]) -> Answer:
        if len(words) != 5 or words[0] != "voxels" or not all(map(_is_number, words[1:])):
            return NOT_FOUND
        layer, axis, index, volume = map(int, words[1:])
        try:
            plane, is_exact = self.planes[layer].read_quickly(axis, index, volume)
        except IndexError:
            return NOT_FOUND
        # 203 is "not authoritative": a coarse plane, which the page requests again.
        status = 200 if is_exact else 203
        content_type = "application/octet-stream"
        return Answer(content=plane.tobytes(), content_type=content_type, status=status)


def _is_number(word: str) -> bool:
    return len(word) <= _MOST_DIGITS and word.isascii() and word.isdigit()


def site_server(site: Site, token: str) -> http.server.ThreadingHTTPServer:
    """Return a server of the site on 127.0.0.1.

    It answers after `serve_forever` is called.
    """
    return make_server(site_handler(site, token), 0)


def site_handler(site: Site, token: str) -> type[http.server.BaseHTTPRequestHandler]:
    """Return a handler for pages of the same origin."""
    headers = {"Cross-Origin-Resource-Policy": "same-origin"}
    return request_handler(lambda request: site.answer(request.path), token, headers)
