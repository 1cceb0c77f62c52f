"""OHIF as a judge: the viewer as its npm package has it, before a DICOMweb of ours, in one Chromium for all series.

`make viewers` fetches it; tests/interop/ohif/page.js goes from study to study and posts back what the viewer holds.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import unquote, urlsplit

from judges.browser import PAGES, Answer, Desk, Handler, file_answer, opened
from judges.dicomweb import Archive
from judges.presence import absent
from judges.seen import Seen

__all__ = ["MPR", "ohif", "ohif_version"]

ROOT = Path(__file__).parents[2]
BUILT = ROOT / ".venv" / "ohif"
JUDGE = ROOT / "tests" / "interop" / "ohif"

SECONDS = 150.0
"""How long it may take for a series; the first waits for the browser's start and for 20 MB of scripts too."""

MPR = "mpr"
"""The layout of three planes through the volume."""

SMALL = "--window-size=500,400"
"""Planes are drawn by an imitated graphics processor: each pixel costs."""

SERVICE = {
    "name": "series",
    "friendlyName": "series",
    "qidoRoot": "/dicomweb",
    "wadoRoot": "/dicomweb",
    "wadoUriRoot": "/dicomweb",
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


@contextmanager
def ohif(layout: str = MPR) -> Iterator[Callable[[Path], list[Seen]]]:
    """Open OHIF; give a function that has it show the studies of a folder in a layout ("" is its own choice)."""
    _installed()
    archive = Archive()

    class OhifHandler(Handler):
        desk: ClassVar[Desk] = Desk(seconds=SECONDS)

        def find(self, address: str) -> Answer:
            path = unquote(urlsplit(address).path)
            if path.startswith("/dicomweb/"):
                return archive.answer(address.removeprefix("/dicomweb"))
            return _part(path)

    def ask(folder: Path) -> list[Seen]:
        studies = ",".join(archive.store(folder))
        protocol = f"&hangingprotocolId={layout}" if layout else ""
        return OhifHandler.desk.ask([f"/viewer/series?StudyInstanceUIDs={studies}{protocol}"])

    with opened(OhifHandler, "", SMALL):
        yield ask


def _installed() -> None:
    if not (BUILT / "complete").is_file():
        absent("OHIF", "run `make viewers`")


def _part(path: str) -> Answer:
    """Return a part of the viewer; whatever has no file is the one page that it is, at an address of its own."""
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
