"""OHIF from its npm package in one Chromium, with the DICOMweb of `serve`.

`make viewers` fetches it; tests/interop/ohif/page.js opens each study and posts its content.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import unquote, urlsplit

from dicomseries.api.serve import held_at, service_of
from dicomseries.viewing.dicomweb import SeriesIndex, Service
from dicomseries.viewing.dicomweb.series_index import IndexedInstance
from dicomseries.viewing.loopback import HttpRequest
from judges.browser import PAGES, Answer, Desk, Handler, Image, Pipe, file_answer, opened
from judges.presence import absent
from judges.seen import Seen

__all__ = ["MPR", "Ohif", "ohif", "ohif_version"]

ROOT = Path(__file__).parents[2]
BUILT = ROOT / ".venv" / "ohif"
JUDGE = ROOT / "tests" / "interop" / "ohif"

SECONDS = 150.0
"""Time limit for a series; the first includes the start of the browser and 20 MB of scripts."""

MPR = "mpr"
"""The layout of three planes through the volume."""

SMALL = "--window-size=240,200"
"""Planes are drawn by an imitated graphics processor: each pixel costs."""

SERVICE_PATH = "/dicomweb/"

SERVICE = {
    "name": "series",
    "friendlyName": "series",
    "qidoRoot": SERVICE_PATH.rstrip("/"),
    "wadoRoot": SERVICE_PATH.rstrip("/"),
    "imageRendering": "wadors",
    "thumbnailRendering": "wadors",
    "enableStudyLazyLoad": True,
    "bulkDataURI": {"enabled": True},
    "omitQuotationForMultipartRequest": True,
    "qidoSupportsIncludeField": False,
    "supportsFuzzyMatching": False,
    "supportsWildcard": False,
}

CONFIG: dict[str, Any] = {
    "routerBasename": "/",
    "extensions": [],
    "modes": [],
    "customizationService": {},
    "showStudyList": True,
    "maxNumberOfWebWorkers": 1,
    "showCPUFallbackMessage": False,
    "strictZSpacingForVolumeViewport": True,
    "investigationalUseDialog": {"option": "never"},
    "defaultDataSourceName": "series",
    "dataSources": [
        {
            "namespace": "@ohif/extension-default.dataSourcesModule.dicomweb",
            "sourceName": "series",
            "configuration": SERVICE,
        }
    ],
}


def ohif_version() -> str:
    """Return the version that is installed."""
    _installed()
    return str(json.loads((BUILT / "package.json").read_text(encoding="utf-8"))["version"])


class OhifHandler(Handler):
    """Serves the viewer, and the DICOMweb of the studies that were asked for."""

    desk: ClassVar[Desk]
    service: ClassVar[Service]

    def find(self, address: str) -> Answer:
        url = urlsplit(address)
        if not url.path.startswith(SERVICE_PATH):
            return _part(unquote(url.path))
        root = f"http://{self.headers['Host']}{SERVICE_PATH}"
        path = url.path.removeprefix(SERVICE_PATH)
        accept = ", ".join(self.headers.get_all("Accept", []))
        answer = self.service.answer(
            HttpRequest(path=path, query=url.query, accept=accept, root=root)
        )
        content = answer.content if isinstance(answer.content, bytes) else b"".join(answer.content)
        return content, answer.content_type, answer.status


@dataclass(frozen=True, slots=True, kw_only=True)
class Ohif:
    """The open viewer.

    Parameters
    ----------
    handler : type
        Of its server.
    layout : str
        Of studies that are shown without another one; "" is the one that OHIF chooses.
    """

    handler: type[OhifHandler]
    layout: str
    held: dict[tuple[str, str, str], IndexedInstance] = field(default_factory=dict)

    def __call__(self, folder: Path, layout: str | None = None) -> list[Seen]:
        """Show the studies of a folder."""
        layout = self.layout if layout is None else layout
        return self.handler.desk.ask([_with_layout(self._address(folder), layout)])

    def overlays(
        self, folder: Path, source_uid: str, result_uids: list[str], layout: str = MPR
    ) -> list[Image]:
        """Show the study of a folder and lay results over their source, in three planes.

        The first image is the source. Each other has the SeriesInstanceUID of a result, and an
        error if OHIF rejects it. Of a segmentation there are several volumes: that of the planes,
        then the layers of its slices.
        """
        address = _with_layout(self._address(folder, {source_uid}), layout)
        return self.handler.desk.images([address, source_uid, "read", *result_uids])

    def show(self, folder: Path, source_uid: str, result_uid: str, layout: str = MPR) -> None:
        """Show a result over its source in every viewport of a layout, for a picture."""
        address = _with_layout(self._address(folder, {source_uid}), layout)
        self.handler.desk.images([address, source_uid, "show", result_uid])

    def report(self, folder: Path, source_uid: str, report_uid: str) -> dict[str, Any]:
        """Open a structured report beside its source; return what OHIF says of it."""
        address = _with_layout(self._address(folder, {source_uid}), MPR)
        ((head, _),) = self.handler.desk.images([address, source_uid, "measure", report_uid])
        found: dict[str, Any] = head["report"]
        return found

    def _address(self, folder: Path, shown: set[str] | None = None) -> str:
        """Serve a folder beside the others; return where OHIF shows these series of it."""
        found = held_at(folder).by_uids
        studies, series, _ = (list(dict.fromkeys(uids)) for uids in zip(*found, strict=True))
        self.held.update(found)
        self.handler.service = service_of(SeriesIndex(by_uids=dict(self.held)))
        return (
            f"/viewer/series?StudyInstanceUIDs={','.join(studies)}"
            f"&SeriesInstanceUIDs={','.join(shown or series)}"
        )


def _with_layout(address: str, layout: str) -> str:
    return f"{address}&hangingprotocolId={layout}" if layout else address


@contextmanager
def ohif(layout: str = MPR, *flags: str, pipe: Pipe | None = None) -> Iterator[Ohif]:
    """Open OHIF; yield what shows studies in it, by default in this layout."""
    _installed()

    class OpenedHandler(OhifHandler):
        desk: ClassVar[Desk] = Desk(seconds=SECONDS)
        service: ClassVar[Service] = service_of(SeriesIndex(by_uids={}))

    with opened(OpenedHandler, "", *(flags or [SMALL]), pipe=pipe):
        yield Ohif(handler=OpenedHandler, layout=layout)


def _installed() -> None:
    if not (BUILT / "complete").is_file():
        absent("OHIF", "run `make viewers`")


def _part(path: str) -> Answer:
    """Return a file of the viewer; other addresses give its single page."""
    if path == "/app-config.js":
        return f"window.config = {json.dumps(CONFIG)}".encode(), "text/javascript", 200
    if path.startswith("/judge/"):
        name = Path(path).name
        return file_answer(JUDGE / name if (JUDGE / name).is_file() else PAGES / name)
    file = BUILT / "dist" / path.lstrip("/")
    if file.suffix and not path.startswith("/viewer/"):
        return file_answer(file)
    page = (BUILT / "dist" / "index.html").read_bytes()
    return page + b"<script type=module src=/judge/page.js></script>", "text/html", 200
