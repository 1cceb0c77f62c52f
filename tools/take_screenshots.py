"""Take pictures of the page of `view` into screenshots/, to be looked at: themes, kinds of series, a phone.

Run it with dicomseries, highdicom and Chromium installed: ``python tools/take_screenshots.py``.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

import dicomseries as dcs
from dicomseries.pipeline.showing import look

OUT = Path(__file__).parents[1] / "screenshots"
DESK, PHONE = (1280, 800), (500, 1300)  # Chromium makes no window narrower than 500
PATIENT = {"PatientName": "Phantom^Chest", "PatientID": "P-1", "SeriesDescription": "Thorax phantom"}
SPACING = (2.9, 2.9, 5.0)


def phantom() -> tuple[np.ndarray, np.ndarray]:
    """Return a chest of ellipsoids in HU, and its labels: lung, heart, lesion."""
    z, y, x = np.meshgrid(*(np.linspace(-1, 1, count) for count in (60, 128, 128)), indexing="ij")

    def inside(centre: tuple[float, float, float], radii: tuple[float, float, float]) -> np.ndarray:
        parts = zip((x, y, z), centre, radii, strict=True)
        return sum(((axis - middle) / radius) ** 2 for axis, middle, radius in parts) < 1

    lungs = inside((-0.38, -0.05, 0.2), (0.3, 0.42, 0.8)) | inside((0.38, -0.05, 0.2), (0.3, 0.42, 0.8))
    heart = inside((0.12, -0.1, 0.1), (0.24, 0.26, 0.4))
    lesion = inside((-0.4, 0.05, 0.3), (0.1, 0.12, 0.12))
    spine = inside((0, 0.42, 0), (0.13, 0.13, 2)) | inside((0, 0.5, 0), (0.05, 0.18, 2))
    values = np.full(x.shape, -1000.0)
    parts = ((inside((0, 0, 0), (0.8, 0.63, 1.2)), 45), (lungs, -820), (spine, 450), (heart, 130), (lesion, 60))
    for part, value in parts:
        values[part] = value
    values += np.random.default_rng(3).normal(0, 14, x.shape)
    labels = np.zeros(x.shape, "uint8")
    for label, part in enumerate((lungs, heart, lesion), start=1):
        labels[part] = label
    return np.rint(values).astype("int16"), labels


def pages(folder: Path) -> dict[str, str]:
    """Write series and return the page of each."""
    values, labels = phantom()
    dcs.write(values, folder / "ct", kind="CT", spacing=SPACING, origin=(-185, -185, -150), metadata=PATIENT)
    names = {1: "Lung", 2: "Heart", 3: "Lesion"}
    dcs.write(labels, folder / "seg", kind="Segmentation", like=folder / "ct", segments=names)
    times = np.stack([values[20:40, ::2, ::2] + 1000 + 40 * step for step in range(8)])
    about = {**PATIENT, "SeriesDescription": "Perfusion"}
    dcs.write(times, folder / "time", kind="MR", axes="tzyx", times=2.5, spacing=(5.8, 5.8, 5), metadata=about)
    turned = (0.8, 0.36, -0.48, 0.0, 0.8, 0.6)
    dcs.write(values[20:40, ::2, ::2], folder / "oblique", kind="MR", spacing=SPACING, direction=turned, metadata=about)
    return {
        "ct": look(folder / "ct").html(),
        "segmentation": look(folder / "ct", overlay=folder / "seg").html(),
        "time": look(folder / "time").html(),
        "oblique": look(folder / "oblique").html(),
    }


def take(browser: str, page: Path, out: Path, size: tuple[int, int], *, is_light: bool) -> None:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [
            browser,
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            f"--user-data-dir={profile}",
            f"--window-size={size[0]},{size[1]}",
            "--virtual-time-budget=4000",
            f"--screenshot={out}",
            page.as_uri() + ("#light" if is_light else ""),
        ]
        subprocess.run(command, check=True, capture_output=True, timeout=120)


def main() -> None:
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        sys.exit("Chromium is missing: run `make debian` as root")
    OUT.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for title, page in pages(folder).items():
            (folder / f"{title}.html").write_text(page, encoding="utf-8")
            for form, size in (("desk", DESK), ("phone", PHONE)):
                for theme in ("dark", "light"):
                    out = OUT / f"{title}-{form}-{theme}.png"
                    take(browser, folder / f"{title}.html", out, size, is_light=theme == "light")
                    print(out)


if __name__ == "__main__":
    main()
