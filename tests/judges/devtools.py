"""A tab of a headless Chromium, driven by its developer protocol: keys, touch, files.

The protocol runs over two pipes, without a package or a port.
"""

from __future__ import annotations

import base64
import json
import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from judges.browser import FLAGS, chromium

__all__ = ["Tab", "opened_tab"]

SECONDS = 60.0
"""How long the browser may take for one answer."""

# Two dimensions need no graphics processor, and are drawn faster without an imitated one.
PLAIN = (
    *(flag for flag in FLAGS if not any(word in flag for word in ("gl", "gpu", "swiftshader"))),
    "--disable-gpu",
)

# Chromium takes the pipes at 3 and 4; a program between it and us puts them there.
START = (
    "import os, sys; [os.dup2(int(sys.argv[at]), at + 2) for at in (1, 2)]; "
    "os.execv(sys.argv[3], sys.argv[3:])"
)


@dataclass(slots=True)
class Tab:
    """A page and its browser.

    Parameters
    ----------
    to_browser, from_browser : int
        File descriptors of the pipes.
    session : str
        Of the tab.
    events : list of dict
        Events of the browser.
    """

    to_browser: int
    from_browser: int
    session: str = ""
    events: list[dict[str, Any]] = field(default_factory=list)
    number: int = 0
    unread: bytes = b""

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Return the browser's answer to a command of its protocol."""
        self.number += 1
        command = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            command["sessionId"] = self.session
        content = json.dumps(command).encode() + b"\0"
        while content:
            content = content[os.write(self.to_browser, content) :]
        return self._until(lambda message: message.get("id") == self.number, method)["result"]

    def wait_for(self, event: str) -> dict[str, Any]:
        """Return the parameters of the next event of a name."""
        return self._until(lambda message: message.get("method") == event, event)["params"]

    def opens(self, address: str) -> None:
        """Open a page and wait until it is loaded."""
        self.call("Page.enable")
        self.call("Page.navigate", url=address)
        self.wait_for("Page.loadEventFired")

    def evaluate(self, expression: str) -> Any:
        """Return the value of JavaScript in the page; a promise is awaited."""
        answer = self.call(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def until(self, condition: str, seconds: float = SECONDS) -> Any:
        """Return the value of JavaScript once it is true."""
        deadline = time.monotonic() + seconds
        while not (value := self.evaluate(condition)):
            assert time.monotonic() < deadline, f"waited in vain for {condition}"
            time.sleep(0.01)
        return value

    def picture(self, *, ratio: float = 1, box: dict[str, float] | None = None) -> bytes:
        """Return a screenshot as PNG, of a box or all."""
        clip = {"clip": {**box, "scale": ratio}} if box else {}
        return base64.b64decode(self.call("Page.captureScreenshot", format="png", **clip)["data"])

    def _until(self, is_wanted: Any, what: str) -> dict[str, Any]:
        deadline = time.monotonic() + SECONDS
        while True:
            line, end, rest = self.unread.partition(b"\0")
            if not end:
                ready, _, _ = select.select(
                    [self.from_browser], [], [], max(deadline - time.monotonic(), 0)
                )
                content = os.read(self.from_browser, 1 << 20) if ready else b""
                assert content, f"the browser is silent about {what}"
                self.unread += content
                continue
            self.unread = rest
            message = json.loads(line)
            assert "error" not in message, f"{what}: {message['error']}"
            if "method" in message:
                self.events.append(message)
            if is_wanted(message):
                return message


@contextmanager
def opened_tab(
    *, size: tuple[int, int] = (1280, 800), flags: tuple[str, ...] = ()
) -> Iterator[Tab]:
    """Start a browser with one empty tab of a size in pixels."""
    import fcntl  # not on Windows

    program = chromium()
    ends = [
        fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10)
        for pair in (os.pipe(), os.pipe())
        for end in pair
    ]
    theirs_in, to_browser, from_browser, theirs_out = ends
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [
            program,
            *PLAIN,
            *flags,
            "--remote-debugging-pipe",
            f"--user-data-dir={profile}",
            "about:blank",
        ]
        started = subprocess.Popen(
            [sys.executable, "-c", START, str(theirs_in), str(theirs_out), *command],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(theirs_in, theirs_out),
        )
        os.close(theirs_in)
        os.close(theirs_out)
        tab = Tab(to_browser=to_browser, from_browser=from_browser)
        try:
            pages = tab.call("Target.getTargets")["targetInfos"]
            target = next(one["targetId"] for one in pages if one["type"] == "page")
            tab.session = tab.call("Target.attachToTarget", targetId=target, flatten=True)[
                "sessionId"
            ]
            sizes = {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": False}
            tab.call("Emulation.setDeviceMetricsOverride", **sizes)
            tab.call(
                "Emulation.setFocusEmulationEnabled", enabled=True
            )  # else no element has the focus
            yield tab
        finally:
            started.terminate()
            started.wait(timeout=20)
            os.close(to_browser)
            os.close(from_browser)
