"""Contact sheet of three planes and the slices, with an overlay, by pillow."""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from dicomseries.drawing import COLOUR_MAPS, LABEL_COLOURS, colour_numbers, mixed
from dicomseries.errors import missing_package
from dicomseries.geometry import Grid
from dicomseries.viewing.layers import Layer
from dicomseries.viewing.page_model import ruler_unit

if TYPE_CHECKING:
    from PIL import Image, ImageDraw

__all__ = ["SheetPlane", "contact_sheet", "letters_of", "planes_of"]

_PLANE, _TILE = 360, 144
"""Pixels of the longer side of a plane, and of a slice of the montage."""
_GAP, _CAPTION = 8, 20
_COLUMNS = 7
_MOST_TILES = 28
_NAMES_IN_LINE, _MOST_NAMES = 4, 24
_PAPER, _INK, _LETTER = (20, 24, 28), (228, 233, 237), (255, 217, 138)
_LEAST_LEAN = math.sin(math.radians(15))


class SheetPlane(NamedTuple):
    """A plane of an array in radiological orientation.

    `through` is the axis of the array (0 slices, 1 rows, 2 columns) at right angles to it; `across`
    and `down` are the axes along the picture, each with whether it is reversed.
    """

    name: str
    through: int
    across: tuple[int, bool]
    down: tuple[int, bool]


def contact_sheet(layers: Sequence[Layer], *, where: str) -> bytes:
    """Return a PNG of three planes and the slices.

    The planes have letters of the patient's sides and a scale. They are the middle ones; with an
    overlay, those where it covers most voxels. Of several volumes the first is shown, of an overlay
    all segments. Labels have the colours of the page, and a legend.

    Parameters
    ----------
    layers : sequence of Layer
        The series; then what is laid over it, on the same grid.
    where : str
        The output that needs pillow, for the error.

    Raises
    ------
    MissingPackageError
        If pillow is not installed.
    ReadError
        If the pixels cannot be read.
    """
    try:
        from PIL import Image, ImageDraw
    except ImportError as missing:
        raise missing_package(extra="view", where=where, package="pillow") from missing
    base = layers[0]
    planes = planes_of(base.volume.grid)
    indices = _shown_indices(layers)
    rows = [[_captioned(Image, ImageDraw, layers, plane, indices) for plane in planes]]
    rows += _legend(Image, ImageDraw, layers)
    for plane in planes:
        if plane.through == 0:
            tiles = _tiles(Image, layers, plane)
            rows += [tiles[at : at + _COLUMNS] for at in range(0, len(tiles), _COLUMNS)]
    widths, heights = [], []
    for row in rows:
        widths.append(_GAP + sum(image.width + _GAP for image in row))
        heights.append(_GAP + max(image.height for image in row))
    width, height = max(widths), _GAP + _CAPTION + sum(heights)
    sheet = Image.new("RGB", (width, height), _PAPER)
    ImageDraw.Draw(sheet).text((_GAP, _GAP), _title(layers), fill=_INK)
    top = _GAP + _CAPTION
    for row, row_height in zip(rows, heights, strict=True):
        left = _GAP
        for image in row:
            sheet.paste(image, (left, top))
            left += image.width + _GAP
        top += row_height
    content = io.BytesIO()
    sheet.save(content, "PNG", optimize=True)
    return content.getvalue()


def _title(layers: Sequence[Layer]) -> str:
    layer = layers[0]
    size = " x ".join(map(str, reversed(layer.volume.grid.shape)))
    volumes = f" x {layer.volume.volumes}" if layer.volume.volumes else ""
    name = _printable(" + ".join(each.name for each in layers))
    sides = "no position in the patient is stated"
    if layer.planes is not None:
        sides = f"no regular grid ({layer.planes.summary}): slices as they are stored"
    if layer.volume.grid.statement.has_place:
        sides = "radiological: the patient's right is on the left"
    return f"{name}   {layer.kind}   {size}{volumes}   {sides}"


def _printable(text: str) -> str:
    """Return a text in the characters of pillow's font."""
    return text.encode("latin-1", "replace").decode("latin-1")


def _shown_indices(layers: Sequence[Layer]) -> tuple[int, ...]:
    """Return the index of the plane to show along each axis."""
    shape = layers[0].volume.grid.shape
    middle = tuple(length // 2 for length in shape)
    if len(layers) == 1:
        return middle
    counts = [np.zeros(length, np.int64) for length in shape]
    volume = layers[1].volume
    for frame in range(volume.slabs.shape[0]):
        covered = volume.slabs.read(frame, frame + 1)[0] > 0
        counts[0][frame % volume.slices] += np.count_nonzero(covered)
        counts[1] += np.count_nonzero(covered, axis=1)
        counts[2] += np.count_nonzero(covered, axis=0)
    if not counts[0].any():
        return middle
    return tuple(int(count.argmax()) for count in counts)


def planes_of(grid: Grid) -> tuple[SheetPlane, ...]:
    """Return the axial, coronal and sagittal plane.

    Left and posterior are on the right, the head is up. Pictures without a position have one plane,
    as they are stored.

    Examples
    --------
    >>> planes_of(Grid(shape=(3, 4, 5), spacing_mm=(1, 1, 2)))[1]
    SheetPlane(name='Coronal', through=1, across=(2, False), down=(0, True))
    """
    if not grid.statement.has_place:
        return (SheetPlane("Picture", 0, (2, False), (1, False)),)
    axes = np.array(grid.axes)[::-1]  # by the array's axes: slices, rows, columns
    left, posterior, superior = _nearest(np.abs(axes))
    to_left = (left, bool(axes[left][0] < 0))
    to_back = (posterior, bool(axes[posterior][1] < 0))
    to_feet = (superior, bool(axes[superior][2] > 0))
    return (
        SheetPlane("Axial", superior, to_left, to_back),
        SheetPlane("Coronal", posterior, to_left, to_feet),
        SheetPlane("Sagittal", left, to_back, to_feet),
    )


def _nearest(leans: npt.NDArray[np.float64]) -> tuple[int, int, int]:
    """Return the array axes nearest to L, P and S."""
    orders = ((2, 1, 0), (0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1))
    return max(orders, key=lambda order: round(float(leans[order, (0, 1, 2)].sum()), 9))


def letters_of(direction: Iterable[float]) -> str:
    """Return the patient's sides in a direction, the nearest first.

    Sides below 15 degrees are left out.

    Examples
    --------
    >>> letters_of((0.8, -0.6, 0.0)), letters_of((0.0, 0.0, -1.0))
    ('LA', 'I')
    """
    names = [("L", "R"), ("P", "A"), ("S", "I")]
    leans = sorted(zip(direction, names, strict=True), key=lambda lean: -abs(lean[0]))
    return "".join(sides[int(lean < 0)] for lean, sides in leans if abs(lean) > _LEAST_LEAN)


def _captioned(
    image: ModuleType,
    draw: ModuleType,
    layers: Sequence[Layer],
    plane: SheetPlane,
    indices: Sequence[int],
) -> Image.Image:
    """Return a plane with its name, letters and scale."""
    grid = layers[0].volume.grid
    count, index = grid.shape[plane.through], indices[plane.through]
    picture = _picture(image, layers, plane, index, _PLANE)
    framed: Image.Image = image.new("RGB", (_PLANE, _PLANE + _CAPTION), _PAPER)
    left, top = (_PLANE - picture.width) // 2, _CAPTION + (_PLANE - picture.height) // 2
    framed.paste(picture, (left, top))
    pen = draw.Draw(framed)
    pen.text((0, 4), f"{plane.name}  {index + 1} / {count}", fill=_INK)
    axis = plane.across[0]
    width_mm = grid.shape[axis] * grid.spacing_mm[2 - axis]
    _draw_scale(pen, picture.width / width_mm, ruler_unit(grid))
    if grid.statement.has_place:
        _name_sides(pen, grid, plane)
    return framed


def _name_sides(pen: ImageDraw.ImageDraw, grid: Grid, plane: SheetPlane) -> None:
    """Draw the letters of the patient's sides."""
    middle = _CAPTION + _PLANE // 2
    right, down = _direction(grid, plane.across), _direction(grid, plane.down)
    _text(pen, (4, middle), letters_of(-right), "lm")
    _text(pen, (_PLANE - 4, middle), letters_of(right), "rm")
    _text(pen, (_PLANE // 2, _CAPTION + 4), letters_of(-down), "ma")
    _text(pen, (_PLANE // 2, _CAPTION + _PLANE - 4), letters_of(down), "md")


def _direction(grid: Grid, axis: tuple[int, bool]) -> npt.NDArray[np.float64]:
    number, is_reversed = axis
    direction = np.array(grid.axes[2 - number])
    return -direction if is_reversed else direction


def _text(pen: ImageDraw.ImageDraw, place: tuple[int, int], text: str, anchor: str) -> None:
    pen.text(place, text, fill=_LETTER, anchor=anchor, stroke_width=2, stroke_fill=(0, 0, 0))


def _draw_scale(pen: ImageDraw.ImageDraw, pixels_per_mm: float, unit: str) -> None:
    """Draw a bar of a round length, if it has a unit."""
    if not unit:
        return
    longest = _PLANE / 4 / pixels_per_mm
    power = 10.0 ** math.floor(math.log10(longest))
    length = max(digit * power for digit in (1, 2, 5) if digit * power <= longest)
    left, bottom = 6, _CAPTION + _PLANE - 8
    pen.line([(left, bottom), (left + length * pixels_per_mm, bottom)], fill=_INK, width=2)
    pen.text(
        (left, bottom - 4),
        f"{length:g} {unit}",
        fill=_INK,
        anchor="ld",
        stroke_width=2,
        stroke_fill=(0, 0, 0),
    )


def _legend(
    image: ModuleType, draw: ModuleType, layers: Sequence[Layer]
) -> list[list[Image.Image]]:
    """Return a row with names and colours of the labels; none without labels."""
    names: list[tuple[int, str]] = []
    for layer in layers:
        names += sorted((value, name) for value, name in layer.labels.items() if value)
    if not names:
        return []
    shown = names[:_MOST_NAMES]
    lines = -(-len(shown) // _NAMES_IN_LINE)
    width = 3 * _PLANE + 2 * _GAP
    row: Image.Image = image.new("RGB", (width, lines * _CAPTION), _PAPER)
    pen = draw.Draw(row)
    for place, (value, name) in enumerate(shown):
        line, column = divmod(place, _NAMES_IN_LINE)
        left, top = column * width // _NAMES_IN_LINE, line * _CAPTION
        colour = tuple(LABEL_COLOURS[colour_numbers(np.array(value))].tolist())
        pen.rectangle((left, top + 4, left + 11, top + 15), fill=colour)
        text = _printable(f"{value} {name}".strip())
        if place == len(shown) - 1 and len(names) > len(shown):
            text = f"{text}, and {len(names) - len(shown)} more"
        pen.text((left + 18, top + 4), text, fill=_INK)
    return [[row]]


def _tiles(image: ModuleType, layers: Sequence[Layer], plane: SheetPlane) -> list[Image.Image]:
    """Return evenly chosen slices."""
    slices = layers[0].volume.slices
    indices = np.unique(np.linspace(0, slices - 1, min(slices, _MOST_TILES)).astype(int))
    return [_picture(image, layers, plane, index, _TILE) for index in indices.tolist()]


def _picture(
    image: ModuleType, layers: Sequence[Layer], plane: SheetPlane, index: int, longest: int
) -> Image.Image:
    """Return a plane in true proportions, by its longer side."""
    base, *overlays = layers
    grid = base.volume.grid
    levels = _levels(base, _stored(base, plane.through, index))
    for overlay in overlays:
        levels = _laid_over(levels, overlay, plane.through, index)
    if plane.across[0] < plane.down[0]:
        levels = levels.swapaxes(0, 1)
    if plane.down[1]:
        levels = levels[::-1]
    if plane.across[1]:
        levels = levels[:, ::-1]
    across, down = plane.across[0], plane.down[0]
    width_mm = grid.shape[across] * grid.spacing_mm[2 - across]
    height_mm = grid.shape[down] * grid.spacing_mm[2 - down]
    scale = longest / max(width_mm, height_mm)
    width, height = max(round(width_mm * scale), 1), max(round(height_mm * scale), 1)
    picture: Image.Image = image.fromarray(np.ascontiguousarray(levels))
    return picture.convert("RGB").resize((width, height))


def _stored(layer: Layer, axis: int, index: int, volume: int = 0) -> npt.NDArray[Any]:
    """Return the stored values of a plane, slice by slice."""
    slabs, slices = layer.volume.slabs, layer.volume.slices
    first = volume * slices
    if axis == 0:
        return np.asarray(slabs.read(first + index, first + index + 1)[0])
    frames = range(first, first + slices)
    return np.stack([slabs.read(at, at + 1)[0].take(index, axis - 1) for at in frames])


def _laid_over(
    levels: npt.NDArray[np.uint8], overlay: Layer, axis: int, index: int
) -> npt.NDArray[np.uint8]:
    """Return a plane with that of an overlay mixed in."""
    if levels.ndim == 2:
        levels = np.repeat(levels[..., np.newaxis], 3, axis=2)
    if not overlay.labels:
        stored = _stored(overlay, axis, index)
        real = stored * overlay.volume.slope + overlay.volume.intercept
        heat = overlay.window.levels(real)
        return _covered(levels, COLOUR_MAPS["hot-iron"].table[heat], heat > 0)
    numbers = sorted(overlay.labels)
    for volume in range(overlay.volume.volumes or 1):
        stored = _stored(overlay, axis, index, volume)
        if overlay.axis == "segment" and overlay.volume.volumes is not None:
            stored = np.where(stored > 0, numbers[volume], 0)
        is_named = np.isin(stored, numbers) & (stored > 0)
        levels = _covered(levels, LABEL_COLOURS[colour_numbers(stored)], is_named)
    return levels


def _covered(
    below: npt.NDArray[np.uint8], above: npt.NDArray[np.uint8], where: npt.NDArray[np.bool_]
) -> npt.NDArray[np.uint8]:
    """Return two pictures mixed half and half where the upper one covers."""
    return np.where(where[..., np.newaxis], mixed(below, above), below)


def _levels(layer: Layer, stored: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    if layer.volume.samples > 1:
        return stored.astype(np.uint8)
    if layer.labels:
        return LABEL_COLOURS[colour_numbers(stored)]
    real = stored * layer.volume.slope + layer.volume.intercept
    return layer.window.levels(real, is_inverted=layer.is_inverted)
