"""HTML in pieces: tables of facts, sections, a page of its own. Every text that goes in is made safe here."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

from dicomseries.geometry import Grid
from dicomseries.orientation import orientation_code, orientation_text

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
.dcs th, .dcs td { text-align: left; vertical-align: top; padding: .2em .8em .2em 0; overflow-wrap: anywhere;
  border-bottom: 1px solid rgba(127, 127, 127, .3); background: none; }
.dcs th { font-weight: 600; white-space: nowrap; }
.dcs figure { display: flex; flex-wrap: wrap; gap: 1em; align-items: flex-end; margin: .5em 0; }
.dcs figure span, .dcs small { font-size: 12px; }
.dcs .seen { position: relative; display: inline-block; }
.dcs .seen b { position: absolute; color: #ffd24a; text-shadow: 0 0 3px #000, 0 0 3px #000; line-height: 1; }
.dcs img { image-rendering: pixelated; background: black; }
.dcs pre { white-space: pre-wrap; overflow-wrap: anywhere; padding: .6em; border: 1px solid rgba(127, 127, 127, .3); }
"""
_PAGE_STYLE = """
:root { color-scheme: light dark; }
body { margin: 2em auto; padding: 0 1em; max-width: 72em; background: #fff; color: #1c2328; }
@media (prefers-color-scheme: dark) { body { background: #14181b; color: #dfe5e8; } }
h1 { font-size: 1.6em; } h2 { font-size: 1.2em; margin-top: 1.6em; }
"""


def safe(text: object) -> str:
    """Return text that HTML shows as it is.

    Examples
    --------
    >>> safe('<b onclick="x">')
    '&lt;b onclick=&quot;x&quot;&gt;'
    """
    return html.escape(str(text), quote=True)


def numbers(values: Iterable[float]) -> str:
    """Return numbers in a row, as short as they are exact to six digits.

    Examples
    --------
    >>> numbers((2.5, 1.0, -0.333333333))
    '2.5, 1, -0.333333'
    """
    return ", ".join(f"{value + 0.0:.6g}" for value in values)


def rows(facts: Iterable[tuple[str, object]]) -> str:
    """Return a table of names and values, in which every text is safe.

    Examples
    --------
    >>> rows([("size", "<5>")])
    '<table><tr><th scope="row">size</th><td>&lt;5&gt;</td></tr></table>'
    """
    lines = "".join(
        f'<tr><th scope="row">{safe(name)}</th><td>{safe(value)}</td></tr>' for name, value in facts
    )
    return f"<table>{lines}</table>"


def facts_of_grid(grid: Grid) -> Sequence[tuple[str, str]]:
    """Return what a person asks of a grid, by name.

    Examples
    --------
    >>> facts_of_grid(Grid(shape=(3, 4, 5), spacing_mm=(1, 1, 2)))[0]
    ('size', '5 columns × 4 rows × 3 slices')
    """
    slices, height, width = grid.shape
    size = ("size", f"{width} columns × {height} rows × {slices} slices")
    if not grid.statement.has_place:
        return (size, ("spacing", spacing_words(grid)), ("place", "none stated"))
    return (
        size,
        ("spacing", spacing_words(grid)),
        ("origin", f"{numbers(grid.origin_lps)} mm (LPS)"),
        ("columns, rows, slices run along", "; ".join(numbers(axis) for axis in grid.axes)),
        ("orientation", f"{orientation_code(grid)}: {orientation_text(grid)}"),
    )


def numbers_of_grid(grid: Grid) -> dict[str, Sequence[float | None] | None]:
    """Return spacing, origin and direction as plain values, None for what nobody stated, also of one length.

    Examples
    --------
    >>> numbers_of_grid(Grid(shape=(1, 4, 5), spacing_mm=(1, 1, 2)))["spacing_mm"]
    [1.0, 1.0, 2.0]
    """
    has_place = grid.statement.has_place
    return {
        "spacing_mm": _stated_lengths(grid),
        "origin_lps": list(grid.origin_lps) if has_place else None,
        "direction_lps": list(grid.direction_lps) if has_place else None,
    }


def _stated_lengths(grid: Grid) -> list[float | None] | None:
    statement = grid.statement
    x, y, z = grid.spacing_mm
    has_thickness = statement.has_place and not (
        statement.thickness == "missing" and grid.shape[0] == 1
    )
    if not statement.has_lengths:
        return [None, None, z] if has_thickness else None
    return [x, y, z if has_thickness else None]


def _lengths_words(grid: Grid) -> str:
    """Return what is known of the spacing of slices with a place."""
    if not grid.statement.has_lengths:
        return f"{numbers(grid.spacing_mm[2:])} mm from slice to slice, none stated in the slice"
    if grid.statement.thickness == "missing":
        return f"{numbers(grid.spacing_mm[:2])} mm (x, y), no thickness stated"
    return f"{numbers(grid.spacing_mm)} mm (x, y, z)"


def spacing_words(grid: Grid) -> str:
    """Return what is known of the spacing, for people.

    Examples
    --------
    >>> from dicomseries.geometry_statement import UNSTATED
    >>> spacing_words(Grid(shape=(1, 4, 5), spacing_mm=(1, 1, 1), statement=UNSTATED))
    'none stated'
    """
    if grid.statement.has_place:
        return _lengths_words(grid)
    lengths, (x, y, _) = grid.statement.lengths, grid.spacing_mm
    if lengths == "ratio":
        return f"none stated; pixels are {numbers([y / x])} times as high as wide"
    if not grid.statement.has_lengths:
        return "none stated"
    where = {"detector": " at the detector", "film": " on the film"}.get(lengths, "")
    return f"{numbers((x, y))} mm (x, y){where}"


def section(title: str, *parts: str) -> str:
    """Return a section of a page; nothing if it has no content.

    Examples
    --------
    >>> section("Values", "<p>1</p>"), section("None", "")
    ('<h2>Values</h2><p>1</p>', '')
    """
    inside = "".join(parts)
    return f"<h2>{safe(title)}</h2>{inside}" if inside else ""


def block(*parts: str) -> str:
    """Return a piece of HTML for a notebook, whose style touches nothing else.

    Examples
    --------
    >>> block("<p>1</p>").endswith("<p>1</p></div>")
    True
    """
    return f'<div class="dcs"><style>{_STYLE}</style>{"".join(parts)}</div>'


def page(title: str, *parts: str) -> str:
    """Return a whole page that fetches nothing, for dark and light screens.

    Examples
    --------
    >>> page("Receipt", "<p>1</p>").startswith("<!doctype html>")
    True
    """
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{safe(title)}</title>'
    body = block(f"<h1>{safe(title)}</h1>", *parts)
    return f'<!doctype html>\n<html lang="en"><head>{head}<style>{_PAGE_STYLE}</style></head><body>{body}</body></html>\n'
