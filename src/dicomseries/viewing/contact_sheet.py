"""A layer → a picture of its three planes and of its slices; the door to pillow."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

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
_PAPER, _INK, _LETTER = (20, 24, 28), (228, 233, 237), (255, 217, 138)
_LEAST_LEAN = math.sin(math.radians(15))


class SheetPlane(NamedTuple):
    """One of the planes of an array, as a radiologist looks at it.

    `through` is the axis of the array (0 slices, 1 rows, 2 columns) it stands across; `across` and `down` are those
    along the picture's, with whether they run against it.
    """

    name: str
    through: int
    across: tuple[int, bool]
    down: tuple[int, bool]


def contact_sheet(layer: Layer, *, where: str) -> bytes:
    """Return a PNG of the three planes through the middle, with letters and a scale, and a montage of the slices.

    Of several volumes the first is shown.

    Raises
    ------
    MissingPackageError
        If pillow is not installed; `where` names what asked for it.
    ReadError
        If the pixels cannot be read.
    """
    try:
        from PIL import Image, ImageDraw
    except ImportError as missing:
        raise missing_package(extra="view", where=where) from missing
    grid = layer.volume.grid
    planes = planes_of(grid)
    shown = [_captioned(Image, ImageDraw, layer, plane) for plane in planes]
    tiles = _tiles(Image, layer, planes[[plane.through for plane in planes].index(0)])
    rows = [shown, *(tiles[start : start + _COLUMNS] for start in range(0, len(tiles), _COLUMNS))]
    width = max(sum(image.width + _GAP for image in row) for row in rows) + _GAP
    height = sum(max(image.height for image in row) + _GAP for row in rows) + _GAP + _CAPTION
    sheet = Image.new("RGB", (width, height), _PAPER)
    ImageDraw.Draw(sheet).text((_GAP, _GAP), _title(layer), fill=_INK)
    top = _GAP + _CAPTION
    for row in rows:
        left = _GAP
        for image in row:
            sheet.paste(image, (left, top))
            left += image.width + _GAP
        top += max(image.height for image in row) + _GAP
    content = io.BytesIO()
    sheet.save(content, "PNG", optimize=True)
    return content.getvalue()


def _title(layer: Layer) -> str:
    size = " x ".join(map(str, reversed(layer.volume.grid.shape)))
    volumes = f" x {layer.volume.volumes}" if layer.volume.volumes else ""
    name = layer.name.encode("latin-1", "replace").decode("latin-1")
    has_place = layer.volume.grid.statement.has_place
    sides = (
        "radiological: the patient's right is on the left"
        if has_place
        else "no place in the patient is stated"
    )
    return f"{name}   {layer.kind}   {size}{volumes}   {sides}"


def planes_of(grid: Grid) -> tuple[SheetPlane, ...]:
    """Return the axial, the coronal and the sagittal plane: left and posterior to the right, the head up.

    Pictures without a place have one plane, as they are stored.

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
    """Return for L, P and S the axis of the array that lies nearest to it, each once."""
    orders = ((2, 1, 0), (0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1))
    return max(
        orders, key=lambda order: round(sum(leans[axis][at] for at, axis in enumerate(order)), 9)
    )


def letters_of(direction: Sequence[float]) -> str:
    """Return the patient's sides a direction points to, by how much; those below 15 degrees are left out.

    Examples
    --------
    >>> letters_of((0.8, -0.6, 0.0)), letters_of((0.0, 0.0, -1.0))
    ('LA', 'I')
    """
    names = [("L", "R"), ("P", "A"), ("S", "I")]
    leans = sorted(zip(direction, names, strict=True), key=lambda one: -abs(one[0]))
    return "".join(pair[part < 0] for part, pair in leans if abs(part) > _LEAST_LEAN)


def _captioned(image: ModuleType, draw: ModuleType, layer: Layer, plane: SheetPlane) -> Image.Image:
    """Return the plane through the middle with its name, letters and a scale."""
    grid = layer.volume.grid
    picture = _picture(image, layer, plane, grid.shape[plane.through] // 2, _PLANE)
    framed: Image.Image = image.new("RGB", (_PLANE, _PLANE + _CAPTION), _PAPER)
    framed.paste(
        picture, ((_PLANE - picture.width) // 2, _CAPTION + (_PLANE - picture.height) // 2)
    )
    pen = draw.Draw(framed)
    pen.text(
        (0, 4),
        f"{plane.name}  {grid.shape[plane.through] // 2 + 1} / {grid.shape[plane.through]}",
        fill=_INK,
    )
    _scale(
        pen,
        picture.width / (grid.shape[plane.across[0]] * grid.spacing_mm[2 - plane.across[0]]),
        ruler_unit(grid),
    )
    if grid.statement.has_place:
        _name_sides(pen, grid, plane)
    return framed


def _name_sides(pen: ImageDraw.ImageDraw, grid: Grid, plane: SheetPlane) -> None:
    """Draw the letters of the patient's sides."""
    middle = _CAPTION + _PLANE // 2
    right, down = (_direction(grid, *one) for one in (plane.across, plane.down))
    opposite = [tuple(-part for part in one) for one in (right, down)]
    _text(pen, (4, middle), letters_of(opposite[0]), "lm")
    _text(pen, (_PLANE - 4, middle), letters_of(right), "rm")
    _text(pen, (_PLANE // 2, _CAPTION + 4), letters_of(opposite[1]), "ma")
    _text(pen, (_PLANE // 2, _CAPTION + _PLANE - 4), letters_of(down), "md")


def _direction(grid: Grid, axis: int, is_flipped: bool) -> tuple[float, ...]:  # noqa: FBT001 - the pair of a SheetPlane
    return tuple((-part if is_flipped else part) for part in grid.axes[2 - axis])


def _text(pen: ImageDraw.ImageDraw, place: tuple[int, int], text: str, anchor: str) -> None:
    pen.text(place, text, fill=_LETTER, anchor=anchor, stroke_width=2, stroke_fill=(0, 0, 0))


def _scale(pen: ImageDraw.ImageDraw, pixels_per_mm: float, unit: str) -> None:
    """Draw a bar of a round length; nothing where no length is stated."""
    if not unit:
        return
    most = _PLANE / 4 / pixels_per_mm
    power = 10.0 ** math.floor(math.log10(most))
    length = next(digit * power for digit in (5, 2, 1) if digit * power <= most)
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


def _tiles(image: ModuleType, layer: Layer, plane: SheetPlane) -> list[Image.Image]:
    """Return evenly chosen slices, as they are stored in the files, each as the plane it is."""
    slices = layer.volume.slices
    chosen = np.unique(np.linspace(0, slices - 1, min(slices, _MOST_TILES)).astype(int)).tolist()
    return [_picture(image, layer, plane, index, _TILE) for index in chosen]


def _picture(
    image: ModuleType, layer: Layer, plane: SheetPlane, index: int, longest: int
) -> Image.Image:
    """Return a plane in true proportions, its longer side as long as asked for."""
    grid = layer.volume.grid
    levels = _levels(layer, _stored(layer, plane.through, index))
    if plane.across[0] < plane.down[0]:
        levels = levels.swapaxes(0, 1)
    levels = levels[:: -1 if plane.down[1] else 1, :: -1 if plane.across[1] else 1]
    sizes = [grid.shape[axis] * grid.spacing_mm[2 - axis] for axis, _ in (plane.across, plane.down)]
    width, height = (max(round(longest * size / max(sizes)), 1) for size in sizes)
    picture: Image.Image = image.fromarray(np.ascontiguousarray(levels))
    return picture.convert("RGB").resize((width, height))


def _stored(layer: Layer, axis: int, index: int) -> npt.NDArray[Any]:
    """Return a plane of the first volume as it is stored; of the slices only what it needs stays in memory."""
    slabs, slices = layer.volume.slabs, layer.volume.slices
    if axis == 0:
        return np.asarray(slabs.read(index, index + 1)[0])
    return np.stack([slabs.read(at, at + 1)[0].take(index, axis - 1) for at in range(slices)])


def _levels(layer: Layer, stored: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    if layer.volume.samples > 1:
        return stored.astype(np.uint8)
    if layer.labels:
        return _COLOURS[
            np.where(stored > 0, (stored.astype(np.int64) - 1) % (len(_COLOURS) - 1) + 1, 0)
        ]
    low, high = layer.window.limits
    real = stored * layer.volume.slope + layer.volume.intercept
    levels = np.nan_to_num(np.clip((real - low) / (high - low), 0, 1)) * 255
    return (255 - levels if layer.is_inverted else levels).astype(np.uint8)


_COLOURS = np.array(
    [
        (0, 0, 0),
        (230, 159, 0),
        (86, 180, 233),
        (0, 158, 115),
        (240, 228, 66),
        (0, 114, 178),
        (213, 94, 0),
        (204, 121, 167),
        (154, 209, 75),
        (176, 124, 255),
    ],
    np.uint8,
)
"""Of 0 and of the labels, in turn: those of the page."""
