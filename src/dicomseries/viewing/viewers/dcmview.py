"""dcmview, a viewer of DICOM files with a built-in server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from dicomseries.errors import ReadError
from dicomseries.viewing.viewers.assets import installed_file
from dicomseries.viewing.viewers.viewer_input import OpenedViewer, ViewerInput

__all__ = ["NAME", "SUMMARY", "open_viewer"]

NAME = "dcmview"
SUMMARY = "the files themselves: slices, tags, cine"

_STARTED = "server_started"


@contextmanager
def open_viewer(viewer_input: ViewerInput) -> Iterator[OpenedViewer]:
    """Run dcmview on the files of the series, on 127.0.0.1.

    It makes its token itself.

    Raises
    ------
    MissingPackageError
        If dcmview-py is not installed.
    ReadError
        If dcmview cannot show the files.
    """
    name = "dcmview.exe" if sys.platform == "win32" else "dcmview"
    program = installed_file("dcmview-py", f"dcmview_py/bin/{name}", extra="dcmview")
    command = [str(program), "--no-browser", "--startup-json", "--host", "127.0.0.1", "--port", "0"]
    command += ["--filter", f"SeriesInstanceUID={viewer_input.series.series_uid}"]
    command.append(os.path.abspath(viewer_input.path))  # noqa: PTH100
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8"
    ) as process:
        try:
            yield OpenedViewer(
                address=_address(process, viewer_input.path),
                run=lambda: _run(process),
                stop=process.terminate,
            )
        finally:
            process.terminate()


def _address(process: subprocess.Popen[str], path: str) -> str:
    for line in process.stdout or ():
        if line.startswith("{"):
            event = json.loads(line)
            if event.get("type") == _STARTED:
                return str(event["url"])
    raise ReadError(
        code="viewer-ended",
        where=path,
        given="no address from dcmview",
        expected="files that dcmview can show",
        remedy="Run dcmview alone on the folder: it prints the reason.",
    )


def _run(process: subprocess.Popen[str]) -> None:
    for _ in process.stdout or ():  # read, so that it never waits
        pass
    process.wait()
