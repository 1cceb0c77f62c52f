"""Make the pictures of the documents.

They are docs/pictures/derive.png, from the code of docs/how-to/derive.md, and the drawings of grids
in docs/explanation/coordinates.md. Run it with dicomseries, scipy and pillow installed: ``python
tools/make_pictures.py``. A picture shows what the text beside it does, since it is made by running
it.
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
from dicomseries.drawing import grid_drawing

DOCS = Path(__file__).parents[1] / "docs"
PICTURES = DOCS / "pictures"

SLICE = 10
WINDOW = (-1000.0, 400.0)
TAKEN = (-250.0, 250.0)
SCALE = 2
GAP, CAPTION = 8, 26
PAPER, INK = 255, 40


def blocks(document: Path, count: int) -> str:
    """Return the first Python blocks of a document."""
    programs = re.findall(
        r"^```python\n(.*?)^```", document.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    return "\n".join(programs[:count])


def derive_picture() -> Image.Image:
    """Return a slice before and after denoising, and the difference."""
    with (
        tempfile.TemporaryDirectory() as folder,
        contextlib.chdir(folder),
        contextlib.redirect_stdout(io.StringIO()),
    ):
        program = blocks(DOCS / "how-to" / "derive.md", 2)
        exec(compile(program, "derive.md", "exec"), {})  # noqa: S102
        before, after = (
            np.asarray(dcs.read(name).array[SLICE], dtype="float64")
            for name in ("scan", "denoised")
        )
    return side_by_side(
        {
            "scan": grey(before, WINDOW),
            "denoised": grey(after, WINDOW),
            "what was taken away": grey(before - after, TAKEN),
        }
    )


def grey(values: np.ndarray, window: tuple[float, float]) -> np.ndarray:
    """Return grey levels (0 to 255) in steps of 8."""
    low, high = window
    levels = np.clip((values - low) / (high - low), 0, 1) * 255
    return (levels // 8 * 8).astype("uint8")


def side_by_side(panels: dict[str, np.ndarray]) -> Image.Image:
    """Return images side by side, each with its name below."""
    enlarged = {
        name: np.kron(panel, np.ones((SCALE, SCALE), "uint8")) for name, panel in panels.items()
    }
    height, width = next(iter(enlarged.values())).shape
    canvas = Image.new("L", (len(enlarged) * (width + GAP) - GAP, height + CAPTION), PAPER)
    draw, font = ImageDraw.Draw(canvas), ImageFont.load_default(size=15)
    for place, (name, panel) in enumerate(enlarged.items()):
        left = place * (width + GAP)
        canvas.paste(Image.fromarray(panel), (left, 0))
        draw.text((left + width / 2, height + CAPTION / 2), name, fill=INK, font=font, anchor="mm")
    return canvas


UPRIGHT = dcs.Grid(shape=(3, 4, 5), spacing_mm=(20, 25, 30))
OBLIQUE = dcs.Grid.from_spacing((3, 4, 5), (20, 25, 30), direction=(1, 0, 0, 0, 0.8, 0.6))
LEFT_HANDED = dcs.Grid.from_affine((3, 4, 5), np.diag([20, 25, -30, 1]), space="LPS")
DRAWINGS_BY_NAME = {"upright.svg": UPRIGHT, "oblique.svg": OBLIQUE, "left-handed.svg": LEFT_HANDED}

PICTURES_BY_NAME = {"derive.png": derive_picture}
SCREENSHOTS = {"quick-look.png": "tools/take_screenshots.py --docs"}
"""Pictures taken by a browser, and how; its fonts differ, so they are not compared."""


def drawing(grid: dcs.Grid) -> str:
    """Return a drawing of a grid as SVG."""
    return grid_drawing(grid).replace("currentColor", "#7d8b93") + "\n"


def main() -> None:
    PICTURES.mkdir(exist_ok=True)
    for name, picture in PICTURES_BY_NAME.items():
        picture().save(PICTURES / name, optimize=True)
    for name, grid in DRAWINGS_BY_NAME.items():
        (PICTURES / name).write_text(drawing(grid), encoding="utf-8")
    for path in sorted(PICTURES.iterdir()):
        print(f"{path}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
