"""Web viewers in one headless Chromium, which loads series and posts back their content.

The pages are in tests/interop/viewers; `make viewers` fetches their packages and bundles them.
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
from typing import Any, ClassVar
from urllib.parse import unquote

import numpy as np
import numpy.typing as npt

from judges.outcomes import CannotReadError
from judges.presence import absent
from judges.seen import Seen

__all__ = [
    "BUILT",
    "FLAGS",
    "PAGES",
    "Answer",
    "Desk",
    "Handler",
    "Image",
    "Pipe",
    "browser",
    "chromium",
    "file_answer",
    "opened",
    "package_version",
]

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "tests" / "interop" / "viewers"
BUILT = ROOT / ".venv" / "viewers"

SECONDS = 60.0
"""Time limit of a page for a series; the first includes the start of the browser."""

TYPES = {
    ".css": "text/css",
    ".dcm": "application/dicom",
    ".html": "text/html",
    ".js": "text/javascript",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".wasm": "application/wasm",
}

Answer = tuple[bytes, str, int]
"""Content, its type, and the status."""

Image = tuple[dict[str, Any], npt.NDArray[np.float64]]
"""What a page says of an image, and its voxels."""

FLAGS = (
    "--headless=new",
    "--no-sandbox",  # as root it starts in no other way; the pages are ours
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
    "--disable-gpu-compositing",  # the imitated graphics processor draws 3D alone
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
    return str(
        json.loads((PAGES / "package.json").read_text(encoding="utf-8"))["dependencies"][name]
    )


def chromium() -> str:
    """Return the browser's program; without one the test is left out."""
    program = (
        shutil.which("chromium")
        or shutil.which("chromium-browser")
        or shutil.which("google-chrome")
    )
    return program or absent("Chromium", "run `make debian` as root")


@contextmanager
def browser(page: str) -> Iterator[Callable[[Path], list[Seen]]]:
    """Open a page; yield a function that lets it read the series of a folder."""
    if not (BUILT / "complete").is_file():
        absent(page, "run `make viewers`")
    given: list[Path] = []

    class PageHandler(Handler):
        desk = Desk()

        def find(self, address: str) -> Answer:
            path = Path(unquote(address))
            if path.name == f"{page}.html":
                return (
                    f"<!doctype html><script type=module src=/{page}.js></script>".encode(),
                    "text/html",
                    200,
                )
            return file_answer(
                given[int(path.parts[2])]
                if path.parts[1:2] == ("file",)
                else BUILT / "dist" / path.name
            )

    def ask(folder: Path) -> list[Seen]:
        files = sorted(folder.glob("*.dcm"))
        urls = [f"/file/{number}/{path.name}" for number, path in enumerate(files, len(given))]
        given.extend(files)
        return PageHandler.desk.ask(urls)

    with opened(PageHandler, f"{page}.html"):
        yield ask


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipe:
    """The browser's ends of two pipes for its developer protocol."""

    read: int
    write: int

    def around(self, command: list[str]) -> list[str]:
        """Return a command that passes the ends as the file descriptors 3 and 4."""
        return [
            "sh",
            "-c",
            f'exec "$@" 3<&{self.read} 4>&{self.write}',
            "sh",
            *command,
            "--remote-debugging-pipe",
        ]


@contextmanager
def opened(
    handler: type[Handler], address: str, *flags: str, pipe: Pipe | None = None
) -> Iterator[None]:
    """Start a browser at an address below a server with this handler."""
    program = chromium()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        url = f"http://127.0.0.1:{server.server_port}/{address}"
        command = [program, *FLAGS, *flags, f"--user-data-dir={profile}", url]
        ends = (pipe.read, pipe.write) if pipe else ()
        command = pipe.around(command) if pipe else command
        started = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, pass_fds=ends
        )
        try:
            yield
        finally:
            handler.desk.jobs.put(None)
            started.terminate()
            started.wait(timeout=20)
            server.shutdown()
            server.server_close()


@dataclass(frozen=True, slots=True)
class Desk:
    """Where the test leaves addresses, and the page its answer."""

    seconds: float = SECONDS
    jobs: queue.Queue[list[str] | None] = field(default_factory=queue.Queue)
    answers: queue.Queue[bytes] = field(default_factory=queue.Queue)

    def ask(self, urls: list[str]) -> list[Seen]:
        """Return the page's content of these addresses."""
        return [_seen(head, voxels) for head, voxels in self.images(urls)]

    def images(self, urls: list[str]) -> list[Image]:
        """Return the images that the page posts for these addresses."""
        self.jobs.put(urls)
        try:
            answer = self.answers.get(timeout=self.seconds)
        except queue.Empty:
            message = f"no answer in {self.seconds} s about {urls[0]}"
            raise TimeoutError(message) from None
        return _images(answer)

    def next_job(self) -> dict[str, Any] | None:
        """Wait for addresses and return them as the page wants them."""
        urls = self.jobs.get()
        return None if urls is None else {"urls": urls}


def _images(answer: bytes) -> list[Image]:
    (length,) = struct.unpack_from("<I", answer)
    content = json.loads(answer[4 : 4 + length])
    if content["error"]:
        raise CannotReadError(content["error"])
    voxels = np.frombuffer(answer, "<f8", offset=4 + length)
    images, start = [], 0
    for head in content["images"]:
        stop = start + head["length"]
        images.append((head, voxels[start:stop]))
        start = stop
    return images


def _seen(head: dict[str, Any], voxels: npt.NDArray[np.float64]) -> Seen:
    leading = [] if head["volumes"] is None else [head["volumes"]]
    trailing = [] if head["samples"] == 1 else [head["samples"]]
    return Seen(
        array=voxels.reshape(*leading, *head["sizes"][::-1], *trailing),
        affine_lps=np.array(head["affine"], dtype=np.float64),
        volumes=head["volumes"],
        step_s=head["step"],
        warnings=tuple(head.get("warnings", ())),
        window=tuple(head["window"]) if head.get("window") else None,
    )


class Handler(http.server.BaseHTTPRequestHandler):
    """Sends jobs to the page and receives its answers; `find` serves other paths."""

    desk: ClassVar[Desk]
    protocol_version = "HTTP/1.1"

    def find(self, address: str) -> Answer:
        """Return the content of an address."""
        raise NotImplementedError

    def log_message(self, *_: object) -> None:
        """Log nothing."""

    def do_POST(self) -> None:
        self.desk.answers.put(self.rfile.read(int(self.headers["Content-Length"])))
        self._give(b"", "text/plain")

    def do_GET(self) -> None:
        if self.path == "/job":
            self._give(json.dumps(self.desk.next_job()).encode(), "application/json")
        else:
            self._give(*self.find(self.path))

    def _give(self, content: bytes, content_type: str, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cross-Origin-Opener-Policy", "same-origin")
        self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        self.end_headers()
        self.wfile.write(content)


def file_answer(path: Path) -> Answer:
    """Return a file, if it is there."""
    if not path.is_file():
        return b"", "text/plain", 404
    return path.read_bytes(), TYPES.get(path.suffix, "text/plain"), 200
