"""OHIF, from an unpacked distribution, with a DICOMweb service."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

from dicomseries.errors import OptionError
from dicomseries.viewing.dicomweb import HEADERS, Service
from dicomseries.viewing.loopback import (
    NOT_FOUND,
    Answer,
    HttpRequest,
    has_token,
    make_server,
    request_handler,
)
from dicomseries.viewing.viewers.assets import FILE_TYPES, file_answer
from dicomseries.viewing.viewers.viewer_input import OpenedViewer, ViewerInput

__all__ = ["NAME", "SUMMARY", "open_viewer"]

NAME = "ohif"
SUMMARY = "everything in the folder, series beside each other"

_REQUIRED_FILES = ("index.html", "app-config.js")
_SUBFOLDERS = ("", "dist", "package/dist")
"""Places of the distribution in an npm archive."""

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

_CONFIG = """// The text after # is a secret: it is sent to no server, and stays in this tab.
if (location.hash) sessionStorage.setItem("dicomseries", location.hash.slice(1));
const root = location.origin + "/" + sessionStorage.getItem("dicomseries");
window.config = {
  name: "dicomseries", routerBasename: "/", extensions: [], modes: [],
  customizationService: {}, showStudyList: true,
  strictZSpacingForVolumeViewport: true, investigationalUseDialog: { option: "never" },
  defaultDataSourceName: "dicomseries",
  dataSources: [{
    namespace: "@ohif/extension-default.dataSourcesModule.dicomweb", sourceName: "dicomseries",
    configuration: { ...SOURCE, wadoUriRoot: root, qidoRoot: root, wadoRoot: root },
  }],
};
"""


@contextmanager
def open_viewer(viewer_input: ViewerInput) -> Iterator[OpenedViewer]:
    """Serve the distribution, with a configuration for this folder.

    Images are sent only to addresses with the token.

    Raises
    ------
    OptionError
        If there is no distribution in the given folder.
    """
    dist, token = _dist(viewer_input.program), viewer_input.token
    service = Service(viewer_input.index, viewer_input.boundary)
    config = _CONFIG.replace("SOURCE", json.dumps(_SOURCE)).encode("ascii")

    def respond(request: HttpRequest) -> Answer:
        folder, slash, path = request.path.partition("/")
        if slash and has_token(folder, token):
            root = f"{request.root}{token}/"
            answer = service.answer(replace(request, path=path, root=root))
            return replace(answer, headers={**HEADERS, **answer.headers})
        if request.path == "app-config.js":
            return Answer(content=config, content_type=FILE_TYPES[".js"])
        answer = file_answer(dist, unquote(request.path))
        # Its script makes addresses without a file: they are the page.
        if answer is NOT_FOUND and "." not in request.path:
            return file_answer(dist, "index.html")
        return answer

    with make_server(request_handler(respond, None, _ISOLATED), 0) as server:
        root = f"http://127.0.0.1:{server.server_address[1]}"
        study = f"viewer?StudyInstanceUIDs={viewer_input.series.study_uid}"
        yield OpenedViewer(
            address=f"{root}/{study}#{token}",
            run=lambda: server.serve_forever(poll_interval=0.1),
            stop=server.shutdown,
        )


def _dist(program: str | None) -> Path:
    for subfolder in _SUBFOLDERS:
        folder = Path(program or "") / subfolder
        if program is not None and all((folder / name).is_file() for name in _REQUIRED_FILES):
            return folder
    raise OptionError(
        code="ohif-not-there",
        where="--ohif-dist",
        given=program or "nothing",
        expected=f"a folder with {' and '.join(_REQUIRED_FILES)}: an unpacked distribution of OHIF",
        remedy="Run: npm pack @ohif/app@3.13.2 && tar xzf ohif-app-3.13.2.tgz; "
        "then give --ohif-dist package/dist",
    )
