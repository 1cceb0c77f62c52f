"""Take the OHIF pictures of the documentation.

Run it with dicomseries, SimpleITK, Chromium and OHIF installed (`make debian viewers`):
``python tools/take_viewer_screenshots.py``, or with the names of some pictures to take these only.
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
from contextlib import chdir, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import dicomseries as dcs

ROOT = Path(__file__).parents[1]
OUT = ROOT / "docs" / "pictures"
PAGE = ROOT / "docs" / "how-to" / "from-ct-to-ohif.md"
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "benchmarks")]

from docs.test_code_blocks import execute  # noqa: E402
from judges.browser import Pipe  # noqa: E402
from judges.ohif import MPR, Ohif, ohif  # noqa: E402
from judges.outcomes import CannotReadError  # noqa: E402

EXAMPLES = [
    f"ohif-{by}-{dtype}.png" for by in ("dicomseries", "example") for dtype in ("float64", "int16")
]
"""Of folders with these names."""
WINDOW = "--window-size=1000,640"
SPACING = (2.5, 3.5, 4.5)
COLOURS = 128
SETTLE = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Layered:
    """A picture of a result over its source.

    Attributes
    ----------
    result : str
        The folder of the result in the study.
    layout : str
        Of OHIF; "" shows one slice.
    """

    result: str
    layout: str


LAYERED = {
    "ohif-segmentation.png": Layered(result="seg", layout=MPR),
    "ohif-segmentation-slice.png": Layered(result="seg", layout=""),
    "ohif-map.png": Layered(result="map", layout=MPR),
}
NAMES = [*EXAMPLES, *LAYERED]


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


def examples(folder: Path) -> None:
    """Write the example's volumes by its code and by ours."""
    folder.mkdir()
    example = runpy.run_path(str(ROOT / "benchmarks" / "write.py"))["write_like_the_example"]
    random = np.random.default_rng(0)
    arrays = {
        "int16": random.integers(-1000, 1000, (3, 4, 5), dtype="int16"),
        "float64": random.uniform(-10, 10, (3, 4, 5)),
    }
    for dtype, array in arrays.items():
        example(array, folder / f"example-{dtype}")
        dcs.write(array, folder / f"dicomseries-{dtype}", kind="CT", spacing=SPACING)


def study(folder: Path) -> Path:
    """Make the study of the page about the way from a CT to OHIF, and a map beside it."""
    with chdir(folder):
        execute(PAGE)
    ct, labels = (dcs.read(folder / "study" / name) for name in ("ct", "seg"))
    liver = np.asarray(labels) == 1
    places = np.moveaxis(np.indices(liver.shape), 0, -1) * ct.grid.spacing_mm[::-1]
    far = np.linalg.norm(places - places[liver].mean(axis=0), axis=-1)
    probability = np.where(liver, np.exp(-((far / 60) ** 2)), 0)
    dcs.write(
        probability.astype("float32"),
        folder / "study" / "map",
        kind="ParametricMap",
        like=ct,
        units="1",
        description="Probability",
    )
    return folder / "study"


def series_uid(folder: Path) -> str:
    """Return the SeriesInstanceUID of a folder."""
    return str(dcs.read(folder).tags["SeriesInstanceUID"])


def shown(look: Ohif, folder: Path, names: list[str]) -> Iterator[str]:
    """Show one picture after another; yield its name."""
    for name in names:
        if name in EXAMPLES:
            # That OHIF makes no volume of it is what the picture shows.
            with suppress(CannotReadError):
                look(folder / "examples" / name.removeprefix("ohif-").removesuffix(".png"))
        else:
            layered, source = LAYERED[name], folder / "study" / "ct"
            look.show(
                folder / "study",
                series_uid(source),
                series_uid(folder / "study" / layered.result),
                layered.layout,
            )
        yield name


def main(names: list[str]) -> None:
    names = names or NAMES
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        if set(EXAMPLES).intersection(names):
            examples(folder / "examples")
        if set(LAYERED).intersection(names):
            study(folder)
        eyes = Eyes()
        with ohif(MPR, WINDOW, pipe=Pipe(read=eyes.theirs_in, write=eyes.theirs_out)) as look:
            for name in shown(look, folder, names):
                time.sleep(SETTLE)  # small pictures of series and messages come when they come
                out = OUT / name
                eyes.picture().convert("RGB").quantize(COLOURS).save(out, optimize=True)
                print(out, out.stat().st_size)


if __name__ == "__main__":
    main(sys.argv[1:])
