"""What a person at a terminal sees instead of plain text: tables that fit its width, and a plane in half blocks.

In a pipe there is none of it: programs and `less` get the plain forms.
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
"""Words that are coloured where they are all of a cell."""

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
    r"""Return one line of `text` that cannot steer a terminal: control characters are shown, not sent.

    Examples
    --------
    >>> printable("Head\x1b[2J\n")
    'Head\\x1b[2J\\n'
    """
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


def rich_table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], *, is_titled: bool = True
) -> str:
    """Return a table for the terminal: cells are folded where it is narrow, so that nothing is cut off.

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
    for index, column in enumerate(columns):
        table.add_column(
            printable(column), overflow="fold", style="" if is_titled or index else "bold"
        )
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
    """Return the middle slice of a volume in half blocks, in mm aspect; nothing where there is no terminal with colour.

    A volume that cannot be read gives the reason instead.

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
    """Return a plane as text: one character shows two pixels, the upper as ink and the lower as paper."""
    import numpy as np
    from rich.color import Color
    from rich.style import Style
    from rich.text import Text

    scale = max(plane.size_mm[0] / _WIDEST, plane.size_mm[1] / _HIGHEST)
    width, height = (max(1, round(size / scale)) for size in plane.size_mm)
    lines, columns = (
        np.arange(count) * pixels // count
        for count, pixels in zip((height + height % 2, width), plane.pixels.shape, strict=False)
    )
    shades = plane.pixels[lines][:, columns].astype(int)
    colours = shades if shades.ndim == 3 else np.repeat(shades[..., None], 3, axis=2)
    text = Text()
    for upper, lower in zip(colours[::2], colours[1::2], strict=True):
        for ink, paper in zip(upper.tolist(), lower.tolist(), strict=True):
            text.append("▀", Style(color=Color.from_rgb(*ink), bgcolor=Color.from_rgb(*paper)))
        text.append("\n")
    text.append(printable(plane.name))
    return _rendered(text)


def _console(file: io.StringIO | None = None) -> Console:
    from rich.console import Console

    return Console(file=file, force_terminal=True if is_terminal() else None)


def _rendered(shown: Any) -> str:
    target = io.StringIO()
    _console(target).print(shown)
    return "\n".join(line.rstrip() for line in target.getvalue().rstrip("\n").splitlines())
