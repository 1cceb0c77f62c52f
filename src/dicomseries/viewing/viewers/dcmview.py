"""dcmview, a viewer of DICOM files in one program, out of its wheel; it serves itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from dicomseries.errors import ReadError
from dicomseries.viewing.viewers.assets import installed_file
from dicomseries.viewing.viewers.viewer_input import Opened, Subject

__all__ = ["SUMMARY", "WORD", "opened"]

WORD = "dcmview"
SUMMARY = "the files themselves: slices, tags, cine"

_STARTED = "server_started"


@contextmanager
def opened(subject: Subject) -> Iterator[Opened]:
    """Run dcmview on the files of the series, on loopback, with a token of its own.

    Raises
    ------
    MissingPackageError
        If dcmview-py is not installed.
    ReadError
        If dcmview finds nothing that it can show.
    """
    name = "dcmview.exe" if sys.platform == "win32" else "dcmview"
    program = installed_file("dcmview-py", f"dcmview_py/bin/{name}", extra="dcmview")
    command = [str(program), "--no-browser", "--startup-json", "--host", "127.0.0.1", "--port", "0"]
    command += [
        "--filter",
        f"SeriesInstanceUID={subject.series.series_uid}",
        os.path.abspath(subject.path),  # noqa: PTH100
    ]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8"
    ) as process:
        try:
            yield Opened(
                address=_address(process, subject.path),
                run=lambda: _run(process),
                stop=process.terminate,
            )
        finally:
            process.terminate()


def _address(process: subprocess.Popen[str], path: str) -> str:
    for line in process.stdout or ():
        event = json.loads(line) if line.startswith("{") else {}
        if event.get("type") == _STARTED:
            return str(event["url"])
    raise ReadError(
        code="viewer-ended",
        where=path,
        given="no address from dcmview",
        expected="files that dcmview can show",
        remedy="Run dcmview on the folder by itself: it says what it misses.",
    )


def _run(process: subprocess.Popen[str]) -> None:
    for _ in process.stdout or ():  # taken, so that it never waits for a reader
        pass
    process.wait()
