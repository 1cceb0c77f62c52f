"""Take the OHIF pictures of docs/explanation/readers.md.

Run it with dicomseries, SimpleITK, Chromium and OHIF installed (`make debian viewers`):
``python tools/take_viewer_screenshots.py``.
"""

from __future__ import annotations

import base64
import io
import json
import os
import runpy
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import dicomseries as dcs

ROOT = Path(__file__).parents[1]
OUT = ROOT / "docs" / "pictures"
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "benchmarks")]

from judges.browser import Pipe  # noqa: E402
from judges.ohif import MPR, ohif  # noqa: E402
from judges.outcomes import CannotReadError  # noqa: E402

NAMES = [
    f"ohif-{by}-{dtype}.png" for by in ("dicomseries", "example") for dtype in ("float64", "int16")
]
WINDOW = "--window-size=1000,640"
SPACING = (2.5, 3.5, 4.5)
COLOURS = 64
SETTLE = 4.0


class Eyes:
    """The page of a browser, by the Chrome DevTools Protocol."""

    def __init__(self) -> None:
        self.theirs_in, self._out = os.pipe()
        self._in, self.theirs_out = os.pipe()
        self._reader = os.fdopen(self._in, "rb", buffering=0)
        self._number = 0

    def picture(self) -> Image.Image:
        """Return a screenshot of the page."""
        pages = [
            target
            for target in self._ask("Target.getTargets")["targetInfos"]
            if target["type"] == "page"
        ]
        session = self._ask("Target.attachToTarget", targetId=pages[0]["targetId"], flatten=True)[
            "sessionId"
        ]
        shot = self._ask("Page.captureScreenshot", session=session, format="png")
        return Image.open(io.BytesIO(base64.b64decode(shot["data"])))

    def _ask(self, method: str, session: str | None = None, **params: Any) -> dict[str, Any]:
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        return next(
            answer["result"] for answer in self._messages() if answer.get("id") == self._number
        )

    def _messages(self) -> Iterator[dict[str, Any]]:
        text = bytearray()
        while True:
            for byte in self._reader.read(1 << 16):
                if byte:
                    text.append(byte)
                else:
                    yield json.loads(text)
                    text.clear()


def series(folder: Path) -> list[Path]:
    """Write the example's volumes by its code and by ours."""
    example = runpy.run_path(str(ROOT / "benchmarks" / "write.py"))["write_like_the_example"]
    random = np.random.default_rng(0)
    arrays = {
        "int16": random.integers(-1000, 1000, (3, 4, 5), dtype="int16"),
        "float64": random.uniform(-10, 10, (3, 4, 5)),
    }
    for dtype, array in arrays.items():
        example(array, folder / f"example-{dtype}")
        dcs.write(array, folder / f"dicomseries-{dtype}", kind="CT", spacing=SPACING)
    return sorted(folder.iterdir())


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        eyes = Eyes()
        with ohif(MPR, WINDOW, pipe=Pipe(read=eyes.theirs_in, write=eyes.theirs_out)) as look:
            for folder in series(Path(name)):
                with suppress(
                    CannotReadError
                ):  # that OHIF makes no volume of it is what the picture shows
                    look(folder)
                time.sleep(SETTLE)  # small pictures of series and messages come when they come
                out = OUT / f"ohif-{folder.name}.png"
                eyes.picture().convert("RGB").quantize(COLOURS).save(out, optimize=True)
                print(out, out.stat().st_size)


if __name__ == "__main__":
    main()
