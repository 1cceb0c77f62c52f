"""An Orthanc server on loopback with a temporary folder."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from judges.outcomes import CANNOT, KEPT, UNSERVED, WRONG, Meant
from judges.presence import absent

__all__ = ["free_port", "orthanc", "orthanc_process", "orthanc_server", "orthanc_version"]


def orthanc_version() -> str:
    """Return the version of Orthanc, as in 1.10.1."""
    said = subprocess.run(
        [_program(), "--version"], capture_output=True, encoding="utf-8", check=True, timeout=20
    ).stdout
    return re.search(r"Orthanc (\d+\.\d+\.\d+)", said)[1]  # type: ignore[index]


@contextmanager
def orthanc() -> Iterator[Callable[[Path, Meant], str]]:
    """Start a server; yield a function that stores a series, fetches it and returns the outcome."""
    with orthanc_server() as address:
        yield lambda folder, meant: _kept(address, folder, meant)


@contextmanager
def orthanc_server(
    plugins: Sequence[Path] = (), more_settings: Mapping[str, Any] | None = None
) -> Iterator[str]:
    """Start a server with plug-ins in a temporary folder; yield its address."""
    with tempfile.TemporaryDirectory() as home:
        port = free_port()
        with orthanc_process(Path(home), port, plugins, more_settings=more_settings):
            yield f"http://127.0.0.1:{port}"


@contextmanager
def orthanc_process(
    home: Path,
    port: int,
    plugins: Sequence[Path] = (),
    users: Mapping[str, str] | None = None,
    *,
    more_settings: Mapping[str, Any] | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """Start a server in a folder, which may have the instances of an earlier one."""
    program = _program()
    settings = {
        "StorageDirectory": f"{home}/db",
        "IndexDirectory": f"{home}/db",
        "HttpPort": port,
        "RemoteAccessAllowed": False,
        "HttpBindAddresses": ["127.0.0.1"],
        "SyncStorageArea": False,
        "DicomServerEnabled": False,  # its DICOM port would listen on every address
        "Plugins": list(map(str, plugins)),
        "AuthenticationEnabled": bool(users),
        "RegisteredUsers": dict(users or {}),
        **(more_settings or {}),
    }
    Path(home, "orthanc.json").write_text(json.dumps(settings), encoding="utf-8")
    with Path(home, "log").open("w", encoding="utf-8") as log:
        server = subprocess.Popen([program, f"{home}/orthanc.json"], stdout=log, stderr=log)
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_for(server, address, Path(home, "log"))
        yield server
    finally:
        server.kill()  # its folder is thrown away; to end in order takes three seconds
        server.wait(timeout=20)


def _program() -> str:
    found = shutil.which("Orthanc", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    if found is None:
        absent("Orthanc", "run `make debian` as root")
    return str(found)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(server: subprocess.Popen[bytes], address: str, log: Path) -> None:
    for _ in range(300):
        if server.poll() is not None:
            break
        try:
            _ask(f"{address}/system")
        except urllib.error.HTTPError:
            return  # it wants a user
        except OSError:
            time.sleep(0.05)
        else:
            return
    message = f"Orthanc did not start: {log.read_text(encoding='utf-8')}"
    raise RuntimeError(message)


def _kept(address: str, folder: Path, meant: Meant) -> str:
    series, frames = set(), []
    for path in sorted(folder.glob("*.dcm")):
        sent = path.read_bytes()
        try:
            answer = json.loads(_ask(f"{address}/instances", sent))
        except urllib.error.HTTPError:
            return CANNOT
        if _ask(f"{address}/instances/{answer['ID']}/file") != sent:
            return WRONG
        series.add(answer["ParentSeries"])
        frames += _frames(f"{address}/instances/{answer['ID']}")
    if len(series) != 1:
        return WRONG
    if not frames:
        return UNSERVED
    served, wanted = b"".join(frames), meant.frames.tobytes()
    if len(served) * 8 == len(
        wanted
    ):  # one bit a pixel, the first pixel in the lowest bit (PS3.5 section 8.1.1)
        wanted = np.packbits(meant.frames, bitorder="little").tobytes()
    return KEPT if served == wanted else WRONG


def _frames(instance: str) -> list[bytes]:
    """Return the stored numbers of every frame; nothing if Orthanc has none."""
    try:
        return [
            _ask(f"{instance}/frames/{index}/raw")
            for index in range(len(json.loads(_ask(f"{instance}/frames"))))
        ]
    except urllib.error.HTTPError:
        return []


def _ask(url: str, data: bytes | None = None) -> bytes:
    request = urllib.request.Request(url, data=data, method="POST" if data else "GET")  # noqa: S310
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
        return bytes(answer.read())
