"""Take screenshots of the page of `view`.

Run it with dicomseries, highdicom, pillow and Chromium installed: ``python
tools/take_screenshots.py``. With ``--docs`` it makes docs/pictures/quick-look.png instead.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

import dicomseries as dcs
from dicomseries.api.view import look

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests")]

from judges.devtools import Tab, opened_tab  # noqa: E402
from judges.quick_look import ALL_SEEN  # noqa: E402

OUT = ROOT / "screenshots"
PICTURE = ROOT / "docs" / "pictures" / "quick-look.png"
SIZES = {"desk": (1280, 800), "phone": (390, 1300)}
PICTURE_SIZE, COLOURS = (1140, 700), 220
PATIENT = {
    "PatientName": "Phantom^Chest",
    "PatientID": "P-1",
    "SeriesDescription": "Thorax phantom",
}
SHAPE, SPACING = (96, 192, 192), (1.95, 1.95, 3.1)


def phantom() -> tuple[np.ndarray, np.ndarray]:
    """Return a chest of ellipsoids in HU, and its labels."""
    z, y, x = np.meshgrid(*(np.linspace(-1, 1, count) for count in SHAPE), indexing="ij")

    def inside(centre: tuple[float, float, float], radii: tuple[float, float, float]) -> np.ndarray:
        parts = zip((x, y, z), centre, radii, strict=True)
        return sum(((axis - middle) / radius) ** 2 for axis, middle, radius in parts) < 1

    lungs = inside((-0.38, -0.05, 0.2), (0.3, 0.42, 0.8)) | inside(
        (0.38, -0.05, 0.2), (0.3, 0.42, 0.8)
    )
    heart = inside((0.12, -0.1, 0.1), (0.24, 0.26, 0.4))
    lesion = inside((-0.4, 0.05, 0.3), (0.1, 0.12, 0.12))
    spine = inside((0, 0.42, 0), (0.13, 0.13, 2)) | inside((0, 0.5, 0), (0.05, 0.18, 2))
    body = inside((0, 0, 0), (0.8, 0.63, 1.2))
    fat = body & ~inside((0, 0, 0), (0.75, 0.57, 1.15))
    wall = inside((0, 0, 0), (0.74, 0.55, 1.15)) & ~inside((0, 0, 0), (0.7, 0.51, 1.1))
    ribs = wall & (np.sin(30 * (z + 0.35 * y)) > 0.5)  # each falls from back to front
    vessels = lungs & (np.sin(21 * x + 3 * z) * np.sin(19 * y + 9 * z) * np.sin(15 * z) > 0.86)
    values = np.full(x.shape, -1000.0)
    parts = (
        (body, 45),
        (fat, -90),
        (lungs, -820),
        (vessels, 20),
        (ribs, 380),
        (spine, 450),
        (heart, 130),
        (lesion, 60),
    )
    for part, value in parts:
        values[part] = value
    values += np.random.default_rng(3).normal(0, 6, x.shape)
    labels = np.zeros(x.shape, "uint8")
    for label, part in enumerate((lungs, heart, lesion), start=1):
        labels[part] = label
    return np.rint(values).astype("int16"), labels


def pages(folder: Path) -> dict[str, str]:
    """Write series and return the page of each."""
    values, labels = phantom()
    dcs.write(
        values,
        folder / "ct",
        kind="CT",
        spacing=SPACING,
        origin=(-186, -186, -147),
        metadata=PATIENT,
    )
    names = {1: "Lung", 2: "Heart", 3: "Lesion"}
    dcs.write(labels, folder / "seg", kind="Segmentation", like=folder / "ct", segments=names)
    times = np.stack([values[36:60:2, ::2, ::2] + 1000 + 40 * step for step in range(8)])
    about = {**PATIENT, "SeriesDescription": "Perfusion"}
    dcs.write(
        times,
        folder / "time",
        kind="MR",
        axes="tzyx",
        times=2.5,
        spacing=(3.9, 3.9, 6.2),
        metadata=about,
    )
    turned = (0.8, 0.36, -0.48, 0.0, 0.8, 0.6)
    about = {**PATIENT, "SeriesDescription": "Oblique, of another spacing in each direction"}
    part = {"kind": "MR", "spacing": (1.95, 3.9, 6.2), "direction": turned, "metadata": about}
    dcs.write(values[20:80:2, ::2], folder / "oblique", **part)
    return {
        "ct": look(folder / "ct").html(),
        "segmentation": look(folder / "ct", overlay=folder / "seg").html(),
        "time": look(folder / "time").html(),
        "oblique": look(folder / "oblique").html(),
    }


def show(tab: Tab, page: Path, size: tuple[int, int], scheme: str) -> None:
    """Open a page and wait until it is complete."""
    sizes = {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": False}
    tab.call("Emulation.setDeviceMetricsOverride", **sizes)
    tab.call(
        "Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}]
    )
    tab.opens(page.as_uri())
    tab.until(ALL_SEEN)
    tab.until("document.querySelectorAll('.attributes dt').length > 1")


def picture(tab: Tab, page: Path) -> bytes:
    """Return the picture for the documents, reduced to few colours."""
    show(tab, page, PICTURE_SIZE, "dark")
    for name, index in (("Axial", 62), ("Coronal", 99), ("Sagittal", 57)):
        tab.evaluate(
            f"(() => {{ const slider = document.querySelector('[data-plane={name}] .slice');"
            f" slider.value = {index}; slider.dispatchEvent(new Event('input')); }})()"
        )
        tab.until(
            f"document.querySelector('[data-plane={name}] .count')"
            f".textContent.startsWith('{index + 1} /')"
        )
    content = io.BytesIO()
    seen = Image.open(io.BytesIO(tab.picture())).convert("RGB")
    few = seen.quantize(COLOURS, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    few.save(content, "PNG", optimize=True)
    return content.getvalue()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--docs", action="store_true", help="make the picture of the documents")
    is_for_docs = parser.parse_args().docs
    OUT.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name, opened_tab() as tab:
        folder = Path(name)
        for title, page in pages(folder).items():
            (folder / f"{title}.html").write_text(page, encoding="utf-8")
        if is_for_docs:
            PICTURE.write_bytes(picture(tab, folder / "segmentation.html"))
            print(f"{PICTURE}: {PICTURE.stat().st_size:,} bytes")
            return
        for title in sorted(path.stem for path in folder.glob("*.html")):
            for form, size in SIZES.items():
                for scheme in ("dark", "light"):
                    show(tab, folder / f"{title}.html", size, scheme)
                    out = OUT / f"{title}-{form}-{scheme}.png"
                    out.write_bytes(tab.picture())
                    print(out)


if __name__ == "__main__":
    main()
