"""Tables and previews on a terminal.

Programs and `less` get plain text instead.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from dicomseries.errors import DicomSeriesError

if TYPE_CHECKING:
    from rich.console import Console

    from dicomseries.drawing import PreviewPlane

__all__ = ["facts_table", "is_terminal", "preview", "printable", "rich_table"]

_LEVELS = {"error": "bold red", "warning": "yellow", "missing": "yellow"}
"""Cells that are coloured."""

_WIDEST, _HIGHEST = 48, 48
"""Columns and half blocks of a preview."""


def is_terminal() -> bool:
    """Return whether stdout is a terminal.

    Examples
    --------
    >>> isinstance(is_terminal(), bool)
    True
    """
    return sys.stdout.isatty()


def printable(text: str) -> str:
    r"""Return one line of text with control characters escaped.

    Files may hold anything; their text must not steer the terminal.

    Examples
    --------
    >>> printable("Head\x1b[2J\n")
    'Head\\x1b[2J\\n'
    """
    if text.isprintable():
        return text
    escaped = ""
    for character in text:
        if character.isprintable():
            escaped += character
        else:
            escaped += character.encode("unicode_escape").decode("ascii")
    return escaped


def rich_table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], *, is_titled: bool = True
) -> str:
    """Return a table for the terminal with folded cells.

    Examples
    --------
    >>> rich_table(("kind", "files"), [("CT", "3")]).split()[-2:]
    ['CT', '3']
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(
        box=box.SIMPLE_HEAD,
        show_header=is_titled,
        show_edge=False,
        header_style="bold",
        pad_edge=False,
    )
    for column in columns:
        table.add_column(printable(column), overflow="fold")
    if not is_titled:
        table.columns[0].style = "bold"
    for row in rows:
        table.add_row(*(Text(printable(cell), style=_LEVELS.get(cell, "")) for cell in row))
    return _rendered(table)


def facts_table(facts: Iterable[tuple[str, str]]) -> str:
    """Return names and values below each other.

    Examples
    --------
    >>> facts_table([("kind", "CT")]).split()[-2:]
    ['kind', 'CT']
    """
    return rich_table(("", ""), facts, is_titled=False)


def preview(volume: Any) -> str:
    """Return the middle slice in half blocks, with true aspect.

    It is empty without a colour terminal. A volume that cannot be read gives the reason instead.

    Examples
    --------
    >>> preview(None) if not is_terminal() else ""
    ''
    """
    if not is_terminal() or _console().color_system is None:
        return ""
    try:
        return "\n" + half_blocks(volume.look().planes[0])
    except (DicomSeriesError, OSError) as error:
        return f"\nno preview: {printable(' '.join(str(error).split()))}"


def half_blocks(plane: PreviewPlane) -> str:
    """Return a plane as text, two pixels in each character."""
    import numpy as np
    from rich.color import Color
    from rich.style import Style
    from rich.text import Text

    scale = max(plane.size_mm[0] / _WIDEST, plane.size_mm[1] / _HIGHEST)
    width = max(1, round(plane.size_mm[0] / scale))
    height = max(1, round(plane.size_mm[1] / scale))
    height += height % 2
    lines = np.arange(height) * plane.pixels.shape[0] // height
    columns = np.arange(width) * plane.pixels.shape[1] // width
    colours = plane.pixels[lines][:, columns].astype(int)
    if colours.ndim == 2:
        colours = np.repeat(colours[..., None], 3, axis=2)
    text = Text()
    for upper, lower in zip(colours[::2], colours[1::2], strict=True):
        for ink, paper in zip(upper.tolist(), lower.tolist(), strict=True):
            text.append("▀", Style(color=Color.from_rgb(*ink), bgcolor=Color.from_rgb(*paper)))
        text.append("\n")
    text.append(printable(plane.name))
    return _rendered(text)


def _console(file: io.StringIO | None = None) -> Console:
    from rich.console import Console

    return Console(file=file, force_terminal=is_terminal() or None)


def _rendered(renderable: Any) -> str:
    target = io.StringIO()
    _console(target).print(renderable)
    return "\n".join(map(str.rstrip, target.getvalue().rstrip("\n").splitlines()))
