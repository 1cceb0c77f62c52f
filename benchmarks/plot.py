"""Plot of the figures of `run.py --json`.

python benchmarks/plot.py FIGURES.json PICTURE.png
"""

from __future__ import annotations

import json
import math
import re
import sys
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

WIDTH, LEFT, RIGHT = 1100, 460, 110
LINE, TOP, BOTTOM = 34, 84, 40
INK, PALE, OURS, LIMIT, PEER = "#1f2933", "#d9dee3", "#1769aa", "#7b8794", "#c2571a"

LIMITS = ("raw writev", "os.preadv to one new array")
"""Peers that only move the bytes."""


def bars(rows: list[dict[str, Any]]) -> list[tuple[str, float, str]]:
    """Return label, ratio and colour of each bar."""
    bars: list[tuple[str, float, str]] = []
    works = dict.fromkeys(row["work"] for row in rows if row["against"] in LIMITS)
    for work in (name for name in works if name.startswith(("write", "read"))):
        bars.append((work, 1.0, OURS))
        for row in (row for row in rows if row["work"] == work):
            if row["against"] in LIMITS:
                bars.append((f"the machine's limit: {row['against']}", 1 / row["ratio"], LIMIT))
            elif row["faster"]:
                bars.append((row["against"], row["ratio"], PEER))
    return bars


def plain(label: str) -> str:
    """Return a label in the letters that the font has."""
    return re.sub(r"(\d+)×(\d+)²", r"\1 x \2 x \2", label)


def draw(bars: list[tuple[str, float, str]], machine: dict[str, Any]) -> Image.Image:
    height = TOP + LINE * len(bars) + BOTTOM
    image = Image.new("RGB", (WIDTH, height), "white")
    pen, font, small = ImageDraw.Draw(image), ImageFont.load_default(17), ImageFont.load_default(14)
    pen.text(
        (20, 18),
        "Time, as a multiple of what dicomseries takes (less is faster; logarithmic)",
        INK,
        ImageFont.load_default(21),
    )
    pen.text(
        (20, 50),
        f"medians of one run; {machine['processors']} processors, Python {machine['python']}",
        LIMIT,
        small,
    )
    low, high = -1.0, math.log10(max(times for _, times, _ in bars)) + 0.05

    def place(times: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (math.log10(times) - low) / (high - low)

    for power in range(-1, int(high) + 1):
        pen.line([(place(10**power), TOP - 6), (place(10**power), height - BOTTOM)], PALE)
        pen.text((place(10**power) - 8, height - BOTTOM + 8), f"{10**power:g}x", LIMIT, small)
    for index, (label, times, colour) in enumerate(bars):
        y = TOP + index * LINE
        pen.text((20 if colour == OURS else 44, y + 4), plain(label), INK, font)
        pen.rectangle([place(0.1), y + 4, max(place(times), place(0.1) + 2), y + LINE - 8], colour)
        pen.text(
            (max(place(times), place(0.1)) + 8, y + 4),
            f"{times:.2g}x" if times < 10 else f"{times:.0f}x",
            INK,
            font,
        )
    return image


def main() -> None:
    figures = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    draw(bars(figures["rows"]), figures["machine"]).save(sys.argv[2], optimize=True)
    print(sys.argv[2])


if __name__ == "__main__":
    main()
