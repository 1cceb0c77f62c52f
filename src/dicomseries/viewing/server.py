"""The page and its planes on loopback."""

from __future__ import annotations

import http.server
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from dicomseries.errors import DicomSeriesError
from dicomseries.viewing.html_page import served_policy
from dicomseries.viewing.loopback import NOTHING, Answer, bound, handler, refusal
from dicomseries.viewing.planes import Planes

__all__ = ["Answer", "Site", "bound_server", "handler_of"]

_MOST_DIGITS = 18


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
                headers = {"Content-Security-Policy": served_policy()}
                content = self.page.encode("utf-8")
                return Answer(
                    content=content, content_type="text/html; charset=utf-8", headers=headers
                )
            if path in self.records:
                return Answer(
                    content=json.dumps(self.records[path]()).encode(),
                    content_type="application/json",
                )
            return self._plane(path.split("/"))
        except (DicomSeriesError, OSError) as error:
            return refusal(500, error)

    def close(self) -> None:
        """Let go of what the planes hold."""
        for planes in self.planes:
            planes.close()

    def _plane(self, words: list[str]) -> Answer:
        if len(words) != 5 or words[0] != "voxels" or not all(map(_is_number, words[1:])):
            return NOTHING
        layer, axis, index, volume = map(int, words[1:])
        try:
            plane, is_whole = self.planes[layer].soon(axis, index, volume)
        except IndexError:
            return NOTHING
        status = (
            200 if is_whole else 203
        )  # "not authoritative": a coarse plane, to be asked for again
        return Answer(
            content=plane.tobytes(), content_type="application/octet-stream", status=status
        )


def _is_number(word: str) -> bool:
    """Tell whether a word of an address is a whole number of no more digits than any place has."""
    return len(word) <= _MOST_DIGITS and word.isascii() and word.isdigit()


def bound_server(site: Site, token: str) -> http.server.ThreadingHTTPServer:
    """Return a server of the site at a free port of 127.0.0.1; nothing is answered before `serve_forever`."""
    return bound(handler_of(site, token), 0)


def handler_of(site: Site, token: str) -> type[http.server.BaseHTTPRequestHandler]:
    """Return a handler that answers GET of "/TOKEN/…" as `site` does, for pages of its own alone."""
    return handler(
        lambda request: site.answer(request.path),
        token,
        {"Cross-Origin-Resource-Policy": "same-origin"},
    )
