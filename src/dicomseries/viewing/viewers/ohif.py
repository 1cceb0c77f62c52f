"""OHIF, from an unpacked distribution, beside a DICOMweb service of the folder."""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

from dicomseries.errors import OptionError
from dicomseries.viewing.dicomweb import HEADERS, Service
from dicomseries.viewing.loopback import NOTHING, Answer, HttpRequest, bound, handler
from dicomseries.viewing.viewers.assets import FILE_TYPES, file_answer
from dicomseries.viewing.viewers.viewer_input import Opened, Subject

__all__ = ["SUMMARY", "WORD", "opened"]

WORD = "ohif"
SUMMARY = "everything in the folder, series beside each other"

_NEEDED = ("index.html", "app-config.js")
_BELOW = ("", "dist", "package/dist")
"""Where an archive of npm has it."""

_ISOLATED = {
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
}

_SOURCE = {
    "friendlyName": "dicomseries",
    "name": "dicomseries",
    "qidoSupportsIncludeField": True,
    "supportsReject": False,
    "supportsStow": False,
    "imageRendering": "wadors",
    "thumbnailRendering": "wadors",
    "enableStudyLazyLoad": True,
    "supportsFuzzyMatching": False,
    "supportsWildcard": True,
    "omitQuotationForMultipartRequest": True,
    "bulkDataURI": {"enabled": True},
}

_CONFIG = """// What follows the # of the address is a secret: it is sent to no server, and kept by this tab alone.
if (location.hash) sessionStorage.setItem("dicomseries", location.hash.slice(1));
const root = location.origin + "/" + sessionStorage.getItem("dicomseries");
window.config = {
  name: "dicomseries", routerBasename: "/", extensions: [], modes: [], customizationService: {}, showStudyList: true,
  strictZSpacingForVolumeViewport: true, investigationalUseDialog: { option: "never" },
  defaultDataSourceName: "dicomseries",
  dataSources: [{
    namespace: "@ohif/extension-default.dataSourcesModule.dicomweb", sourceName: "dicomseries",
    configuration: { ...SOURCE, wadoUriRoot: root, qidoRoot: root, wadoRoot: root },
  }],
};
"""


@contextmanager
def opened(subject: Subject) -> Iterator[Opened]:
    """Serve the distribution as it is, with a configuration of ours; the images only to who knows the token.

    Raises
    ------
    OptionError
        If there is no distribution where it was said to be.
    """
    dist = _dist(subject.program)
    service = Service(subject.holdings, subject.boundary)
    config = _CONFIG.replace("SOURCE", json.dumps(_SOURCE)).encode("ascii")

    def respond(request: HttpRequest) -> Answer:
        given, slash, path = request.path.partition("/")
        if slash and hmac.compare_digest(
            given.encode("utf-8", "replace"), subject.token.encode("ascii")
        ):
            answer = service.answer(
                replace(request, path=path, root=f"{request.root}{subject.token}/")
            )
            return replace(answer, headers={**HEADERS, **answer.headers})
        if request.path == "app-config.js":
            return Answer(content=config, content_type=FILE_TYPES[".js"])
        found = file_answer(dist, unquote(request.path))
        # Its addresses are made by its script: whatever is no file is the page.
        is_page = found is NOTHING and "." not in request.path
        return file_answer(dist, "index.html") if is_page else found

    with bound(handler(respond, None, _ISOLATED), 0) as server:
        address = f"http://127.0.0.1:{server.server_address[1]}/viewer?StudyInstanceUIDs={subject.series.study_uid}"
        run = lambda: server.serve_forever(poll_interval=0.1)  # noqa: E731
        yield Opened(address=f"{address}#{subject.token}", run=run, stop=server.shutdown)


def _dist(program: str | None) -> Path:
    for below in _BELOW if program is not None else ():
        folder = Path(program or "") / below
        if all((folder / name).is_file() for name in _NEEDED):
            return folder
    raise OptionError(
        code="ohif-not-there",
        where="--ohif-dist",
        given=program or "nothing",
        expected=f"a folder with {' and '.join(_NEEDED)}: an unpacked distribution of OHIF",
        remedy="Run: npm pack @ohif/app@3.13.2 && tar xzf ohif-app-3.13.2.tgz; then give --ohif-dist package/dist",
    )
