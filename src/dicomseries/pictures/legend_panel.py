"""The legend beside a picture: names, colours, scale and orientation, by pillow."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from dicomseries.errors import missing_package
from dicomseries.lazy_dataclass import dataclass
from dicomseries.pictures.drawn_result import DrawnSegment, DrawnSegments, DrawnValues

if TYPE_CHECKING:
    from PIL import Image, ImageDraw, ImageFont

__all__ = ["LegendPanel", "check_pillow", "legend_panel"]

Pixels = npt.NDArray[np.uint8]
Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels."""

_PAPER, _INK, _FAINT = (20, 24, 28), (228, 233, 237), (128, 134, 140)
_LETTER = (255, 217, 138)
_SMALLEST, _LARGEST, _ROWS_OF_A_LINE = 11, 24, 34
"""Sizes of the font in pixels; rows of the image for each pixel of it."""
_LEAST_LINES = 12
"""Entries that stand in one column, also beside a small image."""
_WIDEST = 30
"""Characters of a line; longer names have several lines."""
_UNKNOWN = "\uffff"
"""A character that no font has."""
_PLAIN = {
    "\N{LATIN SMALL LETTER SHARP S}": "ss",
    "\N{LATIN SMALL LETTER O WITH STROKE}": "o",
    "\N{LATIN CAPITAL LETTER O WITH STROKE}": "O",
    "\N{LATIN SMALL LETTER AE}": "ae",
    "\N{LATIN CAPITAL LETTER AE}": "AE",
    "\N{EN DASH}": "-",
    "\N{EM DASH}": "-",
    "\N{MINUS SIGN}": "-",
    "\N{RIGHT SINGLE QUOTATION MARK}": "'",
}
"""Letters that have no decomposition into plain ones."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LegendPanel:
    """The drawn legend, with and without highlighted entries.

    Parameters
    ----------
    faint, bright : ndarray
        Of the same shape (rows, columns, 3); names are grey in one, white in the other.
    boxes : dict of int to Box
        Place of each segment, by number.
    replaced : tuple of str
        Names with characters that the font lacks.
    """

    faint: Pixels
    bright: Pixels
    boxes: dict[int, Box]
    replaced: tuple[str, ...] = ()

    def stamp(self, target: Pixels, present: Iterable[int]) -> None:
        """Copy the legend, with the names of segments in this slice bright.

        Parameters
        ----------
        target : ndarray
            The pixels beside the image, at least as many rows as the legend; written to.
        present : iterable of int
            Numbers of segments in the slice.
        """
        rows = len(self.faint)
        target[:rows] = self.faint
        target[rows:] = _PAPER
        for number in present:
            if number in self.boxes:
                left, top, right, bottom = self.boxes[number]
                target[top:bottom, left:right] = self.bright[top:bottom, left:right]


def check_pillow(where: str) -> None:
    """Reject a legend if pillow is not installed.

    Raises
    ------
    MissingPackageError
        It names the package.
    """
    try:
        import PIL.Image
        import PIL.ImageDraw
        import PIL.ImageFont  # noqa: F401
    except ImportError as missing:
        raise missing_package(extra="view", where=where, package="pillow") from missing


def legend_panel(
    drawing: DrawnSegments | DrawnValues,
    *,
    rows: int,
    title: str,
    letters: tuple[str, str, str, str] | None,
    notes: Sequence[str],
) -> LegendPanel:
    """Return the legend of a result.

    Parameters
    ----------
    drawing : DrawnSegments or DrawnValues
        The result.
    rows : int
        Of the image; the legend is as high, or higher if its texts need that.
    title : str
        First line.
    letters : tuple of str, optional
        Sides of the patient: left, right, top and bottom of the image.
    notes : sequence of str
        Lines at the end.
    """
    writer = _Writer.of_size(min(max(rows // _ROWS_OF_A_LINE, _SMALLEST), _LARGEST))
    sketch = _sketch(writer, drawing, rows=rows, title=title, letters=letters, notes=notes)
    faint, bright = map(sketch.drawn, (_FAINT, _INK))
    return LegendPanel(
        faint=faint, bright=bright, boxes=sketch.boxes, replaced=tuple(writer.replaced)
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Writer:
    """A font, and the names that it cannot show in full."""

    font: ImageFont.FreeTypeFont | ImageFont.ImageFont
    line: int
    replaced: dict[str, None]

    @classmethod
    def of_size(cls, size: int) -> _Writer:
        from PIL import ImageFont

        font = ImageFont.load_default(size)
        return cls(font=font, line=size + max(size // 3, 4), replaced={})

    def shown(self, text: str) -> str:
        """Return a text in characters that the font has.

        Others are written in plain letters, and with ? if there are none.
        """
        parts: list[str] = []
        for character in text:
            part = character
            if not self._has(character):
                part = _plain(character)
            if not all(map(self._has, part)):
                part = "?"
                self.replaced[text] = None
            parts.append(part)
        return "".join(parts)

    def width(self, text: str) -> int:
        return round(self.font.getlength(text) + 0.5)

    def _has(self, character: str) -> bool:
        if character == " ":
            return True
        return character.isprintable() and self._look(character) != self._look(_UNKNOWN)

    def _look(self, character: str) -> bytes:
        try:
            return bytes(self.font.getmask(character))
        except UnicodeEncodeError:  # a font of bits has Latin-1 alone
            return b""


def _plain(character: str) -> str:
    """Return a character in plain letters.

    Examples
    --------
    >>> list(map(_plain, "\N{LATIN SMALL LETTER O WITH DIAERESIS}\N{GREEK SMALL LETTER BETA}"))
    ['o', 'beta']
    """
    if character in _PLAIN:
        return _PLAIN[character]
    decomposed = unicodedata.normalize("NFKD", character)
    base = "".join(part for part in decomposed if not unicodedata.combining(part))
    name = unicodedata.name(base, "") if len(base) == 1 else ""
    if name.startswith(("GREEK SMALL LETTER ", "GREEK CAPITAL LETTER ")):
        return name.rpartition(" ")[2].lower()
    return base


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Sketch:
    """A legend before it is drawn: texts and shapes with their places."""

    width: int
    height: int
    writer: _Writer
    texts: list[tuple[int, int, str, str]]
    """Left, top, text, and colour: "ink", "name" (grey if absent) or "letter"."""
    patches: list[tuple[Box, tuple[int, int, int]]]
    bars: list[tuple[Box, Pixels]]
    boxes: dict[int, Box]

    def drawn(self, name_ink: tuple[int, int, int]) -> Pixels:
        from PIL import Image, ImageDraw

        panel: Image.Image = Image.new("RGB", (self.width, self.height), _PAPER)
        pen: ImageDraw.ImageDraw = ImageDraw.Draw(panel)
        for box, colour in self.patches:
            left, top, right, bottom = box
            pen.rectangle((left, top, right - 1, bottom - 1), fill=colour, outline=_INK)
        inks = {"ink": _INK, "name": name_ink, "letter": _LETTER}
        for left, top, text, ink in self.texts:
            pen.text((left, top), text, fill=inks[ink], font=self.writer.font)
        pixels = np.array(panel, np.uint8)
        for (left, top, right, bottom), bar in self.bars:
            pixels[top:bottom, left:right] = bar
        return pixels


def _sketch(
    writer: _Writer,
    drawing: DrawnSegments | DrawnValues,
    *,
    rows: int,
    title: str,
    letters: tuple[str, str, str, str] | None,
    notes: Sequence[str],
) -> _Sketch:
    margin, line = writer.line // 2, writer.line
    sketch = _Sketch(width=0, height=0, writer=writer, texts=[], patches=[], bars=[], boxes={})
    top = margin
    for text in _lines(writer.shown(title)):
        sketch.texts.append((margin, top, text, "ink"))
        top += line
    top += margin
    below = len(notes) * line + margin
    if letters is not None:
        below += 4 * line
    if isinstance(drawing, DrawnSegments):
        limit = max(rows - below, top + _LEAST_LINES * line)
        bottom, right = _add_names(sketch, drawing.segments, top, limit)
    else:
        bottom, right = _add_bar(sketch, drawing, top, max(rows - below, top + 6 * line))
    top = max(rows - below, bottom + margin)
    if letters is not None:
        right = max(right, _add_letters(sketch, letters, top))
        top += 4 * line
    for note in notes:
        sketch.texts.append((margin, top, writer.shown(note), "ink"))
        top += line
    for left, _, text, _ in sketch.texts:
        right = max(right, left + writer.width(text))
    width, height = right + margin, max(top + margin, rows)
    return _Sketch(
        width=width + width % 2,
        height=height + height % 2,
        writer=writer,
        texts=sketch.texts,
        patches=sketch.patches,
        bars=sketch.bars,
        boxes=sketch.boxes,
    )


def _lines(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDEST) or [""]


def _add_names(
    sketch: _Sketch, segments: Sequence[DrawnSegment], top: int, limit: int
) -> tuple[int, int]:
    """Add colours and names in columns; return their bottom and right."""
    writer = sketch.writer
    line, margin = writer.line, writer.line // 2
    side = line - line // 3
    names = [segment.name for segment in segments]
    left, place, bottom, right = margin, top, top, margin
    for segment in segments:
        name = writer.shown(segment.name)
        if not segment.name or "?" in name or names.count(segment.name) > 1:
            name = f"{segment.number}: {name}".removesuffix(": ")
        texts = _lines(name)
        if place + len(texts) * line > limit and place > top:
            left, place = right + 2 * margin, top
        patch = (left, place + (line - side) // 2, left + side, place + (line + side) // 2)
        sketch.patches.append((patch, segment.colour))
        first = place
        edge = left + side + margin
        for text in texts:
            sketch.texts.append((edge, place, text, "name"))
            right = max(right, edge + writer.width(text))
            place += line
        sketch.boxes[segment.number] = (edge, first, right, place)
        bottom = max(bottom, place)
    return bottom, right


def _add_bar(sketch: _Sketch, values: DrawnValues, top: int, limit: int) -> tuple[int, int]:
    """Add the colour map with its values; return its bottom and right."""
    writer = sketch.writer
    line, margin = writer.line, writer.line // 2
    unit = "" if values.unit in {"", "1"} else f" {values.unit}"
    first, last = top + margin, max(limit - line, top + 5 * line)
    table = values.colour_map.table
    levels = np.rint(np.linspace(255, 0, last - first)).astype(int)
    bar = np.repeat(table[levels][:, np.newaxis], line, axis=1)
    sketch.bars.append(((margin, first, margin + line, last), bar))
    left, right = 2 * margin + line, 0
    clear = " and below: clear" if values.colour_map.is_clear_at_low else " and below"
    middle = (values.low + values.high) / 2
    marks = (
        (values.high, first, f"{unit} and above"),
        (middle, (first + last) // 2, unit),
        (values.low, last, unit + clear),
    )
    for value, height, suffix in marks:
        text = writer.shown(f"{value:.4g}{suffix}")
        sketch.texts.append((left, height - line // 2, text, "ink"))
        right = max(right, left + writer.width(text))
    return last + line, right


def _add_letters(sketch: _Sketch, letters: tuple[str, str, str, str], top: int) -> int:
    """Add a cross with the sides of the patient; return its right."""
    writer = sketch.writer
    line, margin = writer.line, writer.line // 2
    left_text, right_text, top_text, bottom_text = letters
    arm = line
    start = margin + writer.width(left_text) + margin // 2
    centre = start + arm
    middle = top + 2 * line
    half = line // 2
    places = (
        (margin, middle - half, left_text),
        (centre + arm + margin // 2, middle - half, right_text),
        (centre - writer.width(top_text) // 2, middle - 2 * line + half // 2, top_text),
        (centre - writer.width(bottom_text) // 2, middle + line - half // 4, bottom_text),
    )
    for left, height, text in places:
        sketch.texts.append((left, height, text, "letter"))
    sketch.bars.append(_bar_of((start, middle, centre + arm, middle + 1)))
    sketch.bars.append(_bar_of((centre, middle - half, centre + 1, middle + half)))
    return centre + arm + margin + writer.width(right_text)


def _bar_of(box: Box) -> tuple[Box, Any]:
    left, top, right, bottom = box
    return box, np.full((bottom - top, right - left, 3), _LETTER, np.uint8)
