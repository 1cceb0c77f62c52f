"""Viewers of the web as judges: one headless Chromium for all series, which reads them and posts back what it holds.

The pages stand in tests/interop/viewers; `make viewers` fetches their packages and bundles them.
"""

from __future__ import annotations

import http.server
import json
import queue
import shutil
import struct
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np

from judges.outcomes import CannotReadError
from judges.presence import absent
from judges.seen import Seen

__all__ = ["BUILT", "FLAGS", "browser", "chromium", "package_version"]

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "tests" / "interop" / "viewers"
BUILT = ROOT / ".venv" / "viewers"

SECONDS = 60.0
"""How long a page may take for a series; the first waits for the browser's start too."""

TYPES = {".js": "text/javascript", ".wasm": "application/wasm", ".dcm": "application/dicom"}

FLAGS = (
    "--headless=new",
    "--no-sandbox",  # as root it starts in no other way; the pages are ours
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
)


def package_version(name: str) -> str:
    """Return the version of an npm package, as pinned for the pages."""
    return str(json.loads((PAGES / "package.json").read_text(encoding="utf-8"))["dependencies"][name])


def chromium() -> str:
    """Return the browser's program; without one the test is left out."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    return program or absent("Chromium", "run `make debian` as root")


@contextmanager
def browser(page: str) -> Iterator[Callable[[Path], list[Seen]]]:
    """Open a page; give a function that has it read the series of a folder."""
    program = chromium()
    if not (BUILT / "complete").is_file():
        absent(page, "run `make viewers`")
    desk = Desk()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _handler(desk, page))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        address = f"http://127.0.0.1:{server.server_port}/{page}.html"
        command = [program, *FLAGS, f"--user-data-dir={profile}", address]
        started = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            yield desk.ask
        finally:
            desk.jobs.put(None)
            started.terminate()
            started.wait(timeout=20)
            server.shutdown()
            server.server_close()


@dataclass(frozen=True, slots=True)
class Desk:
    """Where the test leaves a series, and the page its answer."""

    jobs: queue.Queue[list[Path] | None] = field(default_factory=queue.Queue)
    answers: queue.Queue[bytes] = field(default_factory=queue.Queue)
    files: list[Path] = field(default_factory=list)

    def ask(self, folder: Path) -> list[Seen]:
        """Return what the page sees in a folder."""
        self.jobs.put(sorted(folder.glob("*.dcm")))
        try:
            answer = self.answers.get(timeout=SECONDS)
        except queue.Empty:
            message = f"no answer in {SECONDS} s about {folder}"
            raise TimeoutError(message) from None
        return _seen(answer)

    def next_job(self) -> dict[str, Any] | None:
        """Wait for a series and return the addresses of its files."""
        job = self.jobs.get()
        if job is None:
            return None
        first = len(self.files)
        self.files.extend(job)
        return {"urls": [f"/file/{first + index}/{path.name}" for index, path in enumerate(job)]}


def _seen(answer: bytes) -> list[Seen]:
    (length,) = struct.unpack_from("<I", answer)
    head = json.loads(answer[4 : 4 + length])
    if head["error"]:
        raise CannotReadError(head["error"])
    voxels = np.frombuffer(answer, "<f8", offset=4 + length)
    images, start = [], 0
    for image in head["images"]:
        stop = start + image["length"]
        leading = [] if image["volumes"] is None else [image["volumes"]]
        trailing = [] if image["samples"] == 1 else [image["samples"]]
        images.append(
            Seen(
                array=voxels[start:stop].reshape(*leading, *image["sizes"][::-1], *trailing),
                affine_lps=np.array(image["affine"], dtype=np.float64),
                volumes=image["volumes"],
                step_s=image["step"],
            )
        )
        start = stop
    return images


def _handler(desk: Desk, page: str) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def do_POST(self) -> None:
            desk.answers.put(self.rfile.read(int(self.headers["Content-Length"])))
            self.give(b"", "text/plain")

        def do_GET(self) -> None:
            path = Path(unquote(self.path))
            if path.name == "job":
                self.give(json.dumps(desk.next_job()).encode(), "application/json")
            elif path.name == f"{page}.html":
                self.give(f"<!doctype html><script type=module src=/{page}.js></script>".encode(), "text/html")
            else:
                file = desk.files[int(path.parts[2])] if path.parts[1:2] == ("file",) else BUILT / "dist" / path.name
                there = file.is_file()
                self.give(
                    file.read_bytes() if there else b"", TYPES.get(file.suffix, "text/plain"), 200 if there else 404
                )

        def give(self, content: bytes, content_type: str, status: int = 200) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Cross-Origin-Opener-Policy", "same-origin")
            self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
            self.end_headers()
            self.wfile.write(content)

    return Handler
