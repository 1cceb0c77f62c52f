"""The page of `view` in headless Chromium.

    python benchmarks/quick_look.py [--slices N] [--size N] [--rounds N] [SERIES]

The peer of each figure is what it is held to: 1 s from the server's start to the first picture on
the screen, 1/30 s for a slice, 300 MiB. A slice is asked for, by its key, when the one before it is
seen. With a SERIES that one is shown.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from measure import Row, show
from write import volume, write_ours

sys.path.append(str(Path(__file__).parents[1] / "tests"))
from judges.devtools import Tab, opened_tab

PLANES = ("Axial", "Coronal", "Sagittal")
STEPS = 60
GOAL_SECONDS, GOAL_SLICES_A_SECOND, GOAL_MIB = 1.0, 30.0, 300.0

SEEN = "document.querySelector('.pane .count')?.textContent"
WHOLE = """
[...document.querySelectorAll(".pane .count")].every(
  (count) => count.textContent && !count.classList.contains("coarse")
) && document.querySelector(".findings").textContent !== "Checking …"
"""
SCROLL = """
async (name, steps) => {
  const pane = document.querySelector(`.pane[data-plane="${name}"]`);
  const number = () => Number(pane.querySelector(".count").textContent.split(" / ")[0]);
  const painted = () => new Promise(requestAnimationFrame);
  pane.querySelector("canvas").focus();
  await painted();
  const [begun, first] = [performance.now(), number()];
  const last = Math.min(first + steps, Number(pane.querySelector(".slice").max) + 1);
  for (let wanted = first + 1; wanted <= last; wanted += 1) {
    const press = new KeyboardEvent("keydown", { key: "ArrowDown", bubbles: true });
    pane.querySelector("canvas").dispatchEvent(press);
    while (number() !== wanted) await painted();
  }
  return (performance.now() - begun) / 1000 / (last - first);
}
"""


def look(tab: Tab, series: Path) -> dict[str, float]:
    """Return the figures of one look at a series."""
    command = [sys.executable, "-m", "dicomseries", "view", str(series), "--no-open", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8") as server:
        try:
            url = json.loads(server.stdout.readline())["url"]
            started = time.perf_counter()
            tab.opens(url)
            tab.until(SEEN)
            figures = {"first picture": time.perf_counter() - started}
            tab.until(WHOLE, seconds=600)
            for name in PLANES:
                figures[name] = tab.evaluate(f"({SCROLL})({json.dumps(name)}, {STEPS})")
            status = Path(f"/proc/{server.pid}/status").read_text(encoding="utf-8")
            figures["memory"] = int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024
        finally:
            server.terminate()
    return figures


def rows_of(series: Path, name: str, rounds: int) -> Iterator[Row]:
    """Yield the page's rows, if a browser exists."""
    if not any(map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))):
        print("view: left out, since Chromium is missing: run `make debian` as root")
        return
    with opened_tab() as tab:
        looks = [look(tab, series) for _ in range(rounds)]
    load = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors"

    def row(
        work: str, figure: str, *, against: str, most: float, note: str = "", unit: str = "s"
    ) -> Row:
        ours, note = [timing[figure] for timing in looks], f"{note}{load}"
        return Row(
            work=f"view {name}: {work}",
            against=against,
            unit=unit,
            ours=ours,
            theirs=[most] * rounds,
            goal=1.0,
            note=note,
        )

    yield row("first picture", "first picture", against="1 s", most=GOAL_SECONDS)
    for plane in PLANES:
        rate = f"{rounds / sum(timing[plane] for timing in looks):.0f} slices/s, "
        yield row(
            f"{plane.lower()} slice",
            plane,
            against="30 slices/s",
            most=1 / GOAL_SLICES_A_SECOND,
            note=rate,
        )
    yield row("server's memory", "memory", against="300 MiB", most=GOAL_MIB, unit="MiB")


def rows(scratch: Path, *, slices: int, size: int, rounds: int) -> Iterator[Row]:
    """Yield the rows of the page with their goals."""
    folder = scratch / "viewed"
    write_ours(volume("int16", slices, size), folder, verify=False)
    yield from rows_of(folder, f"{slices}×{size}²", rounds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("series", nargs="?", type=Path)
    parser.add_argument("--slices", type=int, default=400)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="benchmark-") as name:
        looks = (
            rows_of(options.series, options.series.name, options.rounds)
            if options.series
            else rows(Path(name), slices=options.slices, size=options.size, rounds=options.rounds)
        )
        list(show(looks))


if __name__ == "__main__":
    main()
