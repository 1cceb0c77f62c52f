"""NiiVue, from the wheel of its JupyterLab extension.

The package is never imported: it needs a Jupyter server.
"""

from __future__ import annotations

import html
import json
from collections.abc import Iterator
from contextlib import contextmanager

from dicomseries.errors import OptionError
from dicomseries.reading import volume_of
from dicomseries.viewing.layers import check_regular
from dicomseries.viewing.loopback import Answer, HttpRequest, make_server, request_handler
from dicomseries.viewing.nifti_stream import nifti_length, nifti_pieces
from dicomseries.viewing.viewers.assets import FILE_TYPES, file_answer, installed_file
from dicomseries.viewing.viewers.viewer_input import OpenedViewer, ViewerInput

__all__ = ["NAME", "SUMMARY", "open_viewer"]

NAME = "niivue"
SUMMARY = "planes and 3D of one volume"

_LARGEST_BYTES = 1 << 30
_APP = "jupyterlab_niivue/labextension/static/niivue/index.js"
_POLICY = (
    "default-src 'self' blob: data: 'unsafe-inline' 'unsafe-eval'; connect-src 'self' blob: data:"
)
"""Nothing is loaded from elsewhere; the program makes its workers and WebAssembly itself."""

_SETTINGS = {
    "showCrosshairs": True,
    "interpolation": False,
    "colorbar": True,
    "radiologicalConvention": True,  # right is on the left, as in viewers of DICOM
    "zoomDragMode": False,
    "defaultVolumeColormap": "gray",
    "defaultOverlayColormap": "redyell",
    "defaultOverlayOpacity": 0.5,
    "defaultMeshOverlayColormap": "hsv",
    "menuItems": {
        "home": False,
        "addImage": False,
        "view": True,
        "zoom": True,
        "colorScale": True,
        "overlay": True,
        "header": True,
        "navigation": True,
    },
}

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>
<link rel="stylesheet" href="app/index.css">
<style>html,body,#app{{height:100%;margin:0;background:#111;color:#ddd}}</style><div id="app"></div>
<script>localStorage.setItem("userSettings", JSON.stringify({settings}))</script>
<script type="module" src="app/index.js"></script></html>
"""


@contextmanager
def open_viewer(viewer_input: ViewerInput) -> Iterator[OpenedViewer]:
    """Serve NiiVue with the series as one NIfTI file.

    Raises
    ------
    MissingPackageError
        If jupyterlab-niivue is not installed.
    OptionError
        If the volume is too large for a browser, or has colours of 16 bits.
    ReadError
        If it is not a regular grid.
    """
    app = installed_file("jupyterlab-niivue", _APP, extra="view").parent
    series, token = viewer_input.series, viewer_input.token
    check_regular(viewer_input.path, series)
    assert series.grid is not None  # noqa: S101 - check_regular rejects a series without one
    volume = volume_of(series, series.grid, is_real=True)
    length = nifti_length(volume)
    if length > _LARGEST_BYTES:
        raise OptionError(
            code="volume-too-large",
            where=viewer_input.path,
            given=f"{length >> 20} MiB of voxels",
            expected=f"at most {_LARGEST_BYTES >> 20} MiB, as NiiVue loads all of them",
            remedy="Leave --viewer out: the quick look is given the slices one by one.",
        )
    title = html.escape(series.description or series.series_uid)
    page = _PAGE.format(title=title, settings=json.dumps(_SETTINGS)).encode("utf-8")

    def respond(request: HttpRequest) -> Answer:
        if not request.path:
            return Answer(
                content=page,
                content_type=FILE_TYPES[".html"],
                headers={"Content-Security-Policy": _POLICY},
            )
        if request.path == "series.nii":
            return Answer(
                content=nifti_pieces(volume), content_type="application/octet-stream", length=length
            )
        return file_answer(app, request.path.removeprefix("app/"))

    headers = {"Cross-Origin-Resource-Policy": "same-origin"}
    with make_server(request_handler(respond, token, headers), 0) as server:
        root = f"/{token}/"
        address = f"http://127.0.0.1:{server.server_address[1]}{root}?images={root}series.nii"
        yield OpenedViewer(
            address=address,
            run=lambda: server.serve_forever(poll_interval=0.1),
            stop=server.shutdown,
        )
