"""Pieces of HTML, with escaped texts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from dicomseries.geometry import Grid
from dicomseries.orientation import orientation_code, orientation_text
from dicomseries.slice_planes import SlicePlanes

__all__ = [
    "block",
    "facts_of_grid",
    "numbers",
    "numbers_of_grid",
    "page",
    "rows",
    "safe",
    "section",
    "spacing_words",
]

_STYLE = """
.dcs { font: 14px/1.45 system-ui, sans-serif; max-width: 72em; }
.dcs table { border-collapse: collapse; margin: .5em 0; }
.dcs th, .dcs td { text-align: left; vertical-align: top; padding: .2em .8em .2em 0;
  overflow-wrap: anywhere; border-bottom: 1px solid rgba(127, 127, 127, .3); background: none; }
.dcs th { font-weight: 600; white-space: nowrap; }
.dcs figure { display: flex; flex-wrap: wrap; gap: 1em; align-items: flex-end; margin: .5em 0; }
.dcs figure span, .dcs small { font-size: 12px; }
.dcs .seen { position: relative; display: inline-block; }
.dcs .seen b { position: absolute; color: #ffd24a; text-shadow: 0 0 3px #000, 0 0 3px #000;
  line-height: 1; }
.dcs img { image-rendering: pixelated; background: black; }
.dcs pre { white-space: pre-wrap; overflow-wrap: anywhere; padding: .6em;
  border: 1px solid rgba(127, 127, 127, .3); }
"""
_PAGE_STYLE = """
:root { color-scheme: light dark; }
body { margin: 2em auto; padding: 0 1em; max-width: 72em; background: #fff; color: #1c2328; }
@media (prefers-color-scheme: dark) { body { background: #14181b; color: #dfe5e8; } }
h1 { font-size: 1.6em; } h2 { font-size: 1.2em; margin-top: 1.6em; }
"""
_PLACES = {"detector": " at the detector", "film": " on the film"}


def safe(text: object) -> str:
    """Return text escaped for HTML.

    Examples
    --------
    >>> safe('<b onclick="x">')
    '&lt;b onclick=&quot;x&quot;&gt;'
    """
    import html  # noqa: PLC0415 - its table of entities is large, and a write needs none

    return html.escape(str(text), quote=True)


def rows(facts: Iterable[tuple[str, object]]) -> str:
    """Return a table of names and values.

    Examples
    --------
    >>> rows([("size", "<5>")])
    '<table><tr><th scope="row">size</th><td>&lt;5&gt;</td></tr></table>'
    """
    lines = ""
    for name, value in facts:
        lines += f'<tr><th scope="row">{safe(name)}</th><td>{safe(value)}</td></tr>'
    return f"<table>{lines}</table>"


def section(title: str, *parts: str) -> str:
    """Return a section of a page, if it has content.

    Examples
    --------
    >>> section("Values", "<p>1</p>"), section("None", "")
    ('<h2>Values</h2><p>1</p>', '')
    """
    content = "".join(parts)
    return f"<h2>{safe(title)}</h2>{content}" if content else ""


def block(*parts: str) -> str:
    """Return HTML for a notebook; its style affects nothing else.

    Examples
    --------
    >>> block("<p>1</p>").endswith("<p>1</p></div>")
    True
    """
    return f'<div class="dcs"><style>{_STYLE}</style>{"".join(parts)}</div>'


def page(title: str, *parts: str) -> str:
    """Return a page for dark and light screens.

    Examples
    --------
    >>> page("Receipt", "<p>1</p>").startswith("<!doctype html>")
    True
    """
    name = safe(title)
    viewport = '<meta name="viewport" content="width=device-width">'
    head = f'<meta charset="utf-8">{viewport}<title>{name}</title><style>{_PAGE_STYLE}</style>'
    body = block(f"<h1>{name}</h1>", *parts)
    return f'<!doctype html>\n<html lang="en"><head>{head}</head><body>{body}</body></html>\n'


def numbers(values: Iterable[float]) -> str:
    """Return numbers with six digits at most, separated by commas.

    Examples
    --------
    >>> numbers((2.5, 1.0, -0.333333333))
    '2.5, 1, -0.333333'
    """
    return ", ".join(f"{value + 0.0:.6g}" for value in values)


def facts_of_grid(grid: Grid) -> Sequence[tuple[str, str]]:
    """Return the geometry of a grid as texts by name.

    Examples
    --------
    >>> facts_of_grid(Grid(shape=(3, 4, 5), spacing_mm=(1, 1, 2)))[0]
    ('size', '5 columns × 4 rows × 3 slices')
    """
    slices, height, width = grid.shape
    size = ("size", f"{width} columns × {height} rows × {slices} slices")
    spacing = ("spacing", spacing_words(grid))
    if isinstance(grid, SlicePlanes):
        return (size, spacing, ("slices", f"no regular grid: {grid.summary}"))
    if not grid.statement.has_place:
        return (size, spacing, ("position", "none stated"))
    return (
        size,
        spacing,
        ("origin", f"{numbers(grid.origin_lps)} mm (LPS)"),
        ("columns, rows, slices run along", "; ".join(map(numbers, grid.axes))),
        ("orientation", f"{orientation_code(grid)}: {orientation_text(grid)}"),
    )


def spacing_words(grid: Grid) -> str:
    """Return the stated spacing in words.

    Examples
    --------
    >>> from dicomseries.geometry_statement import UNSTATED
    >>> spacing_words(Grid(shape=(1, 4, 5), spacing_mm=(1, 1, 1), statement=UNSTATED))
    'none stated'
    """
    if isinstance(grid, SlicePlanes):
        return _words_of_planes(grid)
    if not grid.statement.has_place:
        return _words_of_picture(grid)
    statement, (x, y, z) = grid.statement, grid.spacing_mm
    if not statement.has_lengths:
        return f"{numbers([z])} mm from slice to slice, none stated in the slice"
    if statement.thickness == "missing":
        return f"{numbers((x, y))} mm (x, y), no thickness stated"
    return f"{numbers((x, y, z))} mm (x, y, z)"


def _words_of_picture(grid: Grid) -> str:
    statement, (x, y, _) = grid.statement, grid.spacing_mm
    if statement.lengths == "ratio":
        return f"none stated; pixels are {numbers([y / x])} times as high as wide"
    if not statement.has_lengths:
        return "none stated"
    return f"{numbers((x, y))} mm (x, y){_PLACES.get(statement.lengths, '')}"


def _words_of_planes(planes: SlicePlanes) -> str:
    if not planes.statement.has_lengths:
        return f"none stated, {planes.summary}"
    pairs = np.unique(planes.spacings_mm.round(6), axis=0)
    if len(pairs) > 1:
        return f"{len(pairs)} different ones, {planes.summary}"
    return f"{numbers(planes.spacings_mm[0])} mm (x, y), {planes.summary}"


def numbers_of_grid(grid: Grid) -> dict[str, Sequence[float | None] | None]:
    """Return spacing, origin and direction; None if not stated.

    The spacing may have None for a single length.

    Examples
    --------
    >>> numbers_of_grid(Grid(shape=(1, 4, 5), spacing_mm=(1, 1, 2)))["spacing_mm"]
    [1.0, 1.0, 2.0]
    """
    if isinstance(grid, SlicePlanes):
        return _numbers_of_planes(grid)
    statement = grid.statement
    x, y, z = grid.spacing_mm
    is_thickness_missing = statement.thickness == "missing" and grid.shape[0] == 1
    has_z = statement.has_place and not is_thickness_missing
    spacing: list[float | None] | None = None
    if statement.has_lengths:
        spacing = [x, y, z if has_z else None]
    elif has_z:
        spacing = [None, None, z]
    if not statement.has_place:
        return {"spacing_mm": spacing, "origin_lps": None, "direction_lps": None}
    return {
        "spacing_mm": spacing,
        "origin_lps": list(grid.origin_lps),
        "direction_lps": list(grid.direction_lps),
    }


def _numbers_of_planes(planes: SlicePlanes) -> dict[str, Sequence[float | None] | None]:
    spacing: list[float | None] | None = None
    is_common = len(np.unique(planes.spacings_mm.round(6), axis=0)) == 1
    if planes.statement.has_lengths and is_common:
        spacing = [*planes.spacings_mm[0].tolist(), None]
    return {"spacing_mm": spacing, "origin_lps": None, "direction_lps": None}
