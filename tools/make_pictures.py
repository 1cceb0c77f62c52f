"""Make the pictures of the documents: docs/pictures/derive.png from the code of docs/how-to/derive.md.

Run it with dicomseries, scipy and pillow installed: ``python tools/make_pictures.py``. A picture shows what the text
beside it does, since it is made by running it.
"""

from __future__ import annotations

import contextlib
import io
import re
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

import dicomseries as dcs

DOCS = Path(__file__).parents[1] / "docs"
PICTURES = DOCS / "pictures"

SLICE = 10
WINDOW = (-1000.0, 400.0)
TAKEN = (-250.0, 250.0)
SCALE = 2
GAP, CAPTION = 8, 26
PAPER, INK = 255, 40


def blocks(document: Path, count: int) -> str:
    """Return the first Python blocks of a document, as one program."""
    found = re.findall(r"^```python\n(.*?)^```", document.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return "\n".join(found[:count])


def derive_picture() -> Image.Image:
    """Return one slice of the scan in the how-to, of the denoised series, and what was taken away."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder), contextlib.redirect_stdout(io.StringIO()):
        exec(compile(blocks(DOCS / "how-to" / "derive.md", 2), "derive.md", "exec"), {})  # noqa: S102
        before, after = (np.asarray(dcs.read(name).array[SLICE], dtype="float64") for name in ("scan", "denoised"))
    return side_by_side(
        {
            "scan": grey(before, WINDOW),
            "denoised": grey(after, WINDOW),
            "what was taken away": grey(before - after, TAKEN),
        }
    )


def grey(values: np.ndarray, window: tuple[float, float]) -> np.ndarray:
    """Return values as grey levels from 0 to 255, in steps of 8, which no eye sees and which pack well."""
    low, high = window
    levels = np.clip((values - low) / (high - low), 0, 1) * 255
    return (levels // 8 * 8).astype("uint8")


def side_by_side(panels: dict[str, np.ndarray]) -> Image.Image:
    """Return images of one size beside each other, each with its name below."""
    shown = {name: np.kron(panel, np.ones((SCALE, SCALE), "uint8")) for name, panel in panels.items()}
    height, width = next(iter(shown.values())).shape
    canvas = Image.new("L", (len(shown) * (width + GAP) - GAP, height + CAPTION), PAPER)
    draw, font = ImageDraw.Draw(canvas), ImageFont.load_default(size=15)
    for place, (name, panel) in enumerate(shown.items()):
        left = place * (width + GAP)
        canvas.paste(Image.fromarray(panel), (left, 0))
        draw.text((left + width / 2, height + CAPTION / 2), name, fill=INK, font=font, anchor="mm")
    return canvas


PICTURES_BY_NAME = {"derive.png": derive_picture}


def main() -> None:
    PICTURES.mkdir(exist_ok=True)
    for name, picture in PICTURES_BY_NAME.items():
        picture().save(PICTURES / name, optimize=True)
        print(f"{PICTURES / name}: {(PICTURES / name).stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
