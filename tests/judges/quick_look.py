"""The page of `view` in a headless Chromium: keys, mouse, wheel, touch and the result.

It is in a frame of a test page. One server has both, with the users' handler for the first.
"""

from __future__ import annotations

import http.server
import json
import queue
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dicomseries.viewing.server import Answer, Site, site_handler
from judges.browser import BUILT, FLAGS, chromium

__all__ = ["ALL_SEEN", "User", "user"]

ALL_SEEN = """
[...document.querySelectorAll(".pane:not([hidden]) .count, #panes:empty")].every(
  (count) => count.textContent
)
"""
"""JavaScript that is true once every plane has its first picture."""

# A 2-D picture is drawn faster without an emulated graphics processor.
PLAIN = tuple(
    flag for flag in FLAGS if "gl" not in flag and "gpu" not in flag and "swiftshader" not in flag
)

ROOT = Path(__file__).parents[2]
DRIVER = ROOT / "tests" / "interop" / "quick_look" / "driver.js"
TOKEN = "token"  # noqa: S105 - of a server that lives as long as a test

SECONDS = 90.0
"""Time limit of the steps; the first include the start of the browser."""


@dataclass(frozen=True, slots=True)
class User:
    """A user who opens pages and performs steps."""

    jobs: queue.Queue[dict[str, Any] | None] = field(default_factory=queue.Queue)
    answers: queue.Queue[dict[str, Any]] = field(default_factory=queue.Queue)
    sites: list[Site] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def does(
        self, site: Site, *steps: Sequence[Any], size: tuple[int, int] = (1280, 800)
    ) -> list[Any]:
        """Open the page of a site and return the result of each step."""
        self.sites.append(site)
        address = f"/{TOKEN}/{len(self.sites) - 1}/#dark"
        self.jobs.put({"address": address, "steps": steps, "width": size[0], "height": size[1]})
        try:
            answer = self.answers.get(timeout=SECONDS)
        except queue.Empty:
            message = f"no answer in {SECONDS} s"
            raise TimeoutError(message) from None
        assert "error" not in answer, answer["error"]
        return answer["results"]

    def answer(self, path: str) -> Answer:
        """Answer for the site that a path begins with."""
        number, _, rest = path.partition("/")
        self.asked.append(rest)
        return self.sites[int(number)].answer(rest)


@contextmanager
def user() -> Iterator[User]:
    """Start a browser; yield its user."""
    program = chromium()
    one = User()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _handler(one))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        address = f"http://127.0.0.1:{server.server_port}/test/"
        command = [
            program,
            *PLAIN,
            "--disable-gpu",
            "--window-size=1500,1000",
            f"--user-data-dir={profile}",
            address,
        ]
        started = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            yield one
        finally:
            one.jobs.put(None)
            started.terminate()
            started.wait(timeout=20)
            server.shutdown()
            server.server_close()


def _handler(user: User) -> type[http.server.BaseHTTPRequestHandler]:
    page = b"<!doctype html><iframe></iframe><script type=module src=/test/driver.js></script>"

    class Handler(site_handler(user, TOKEN)):  # type: ignore[misc]
        def do_POST(self) -> None:  # noqa: N802 - the name http.server looks for
            user.answers.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self._answer(b"", "text/plain")

        def do_GET(self) -> None:  # noqa: N802 - the name http.server looks for
            if self.path == "/test/":
                self._answer(page, "text/html")
            elif self.path == "/test/driver.js":
                self._answer(DRIVER.read_bytes(), "text/javascript")
            elif self.path == "/test/axe.js":
                self._answer((BUILT / "dist" / "axe.min.js").read_bytes(), "text/javascript")
            elif self.path == "/test/job":
                self._answer(json.dumps(user.jobs.get()).encode(), "application/json")
            else:
                super().do_GET()

        def _answer(self, content: bytes, content_type: str) -> None:
            self._send(Answer(content=content, content_type=content_type), self.added)

    return Handler
