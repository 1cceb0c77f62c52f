"""Channel-first images of networks: tensors of MONAI, images of TorchIO.

Neither package is imported: their classes are recognised by name.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.errors import OptionError, SourceError
from dicomseries.geometry import Grid, Space
from dicomseries.sources.arguments.source_arguments import SourceArguments
from dicomseries.sources.arguments.stated_geometry import IN_PLANE
from dicomseries.sources.formats import array_like
from dicomseries.sources.optional_packages import guarded, made_by
from dicomseries.sources.volume import Volume

__all__ = ["PACKAGE", "matches", "open_volume"]

PACKAGE: str | None = None
"""No extra: who has such an image has its package."""

_SPACES: dict[str, Space] = {"RAS": "RAS", "LPS": "LPS"}


def matches(source: object) -> bool:
    """Return whether `source` is a MetaTensor of MONAI, or an image of TorchIO.

    Examples
    --------
    >>> matches(np.ones(3))
    False
    """
    return _is_meta_tensor(source) or _is_torchio_image(source)


def open_volume(source: Any, arguments: SourceArguments) -> Volume:
    """Return the image with its axes and its affine.

    Axes are (channel, x, y, z), or (x, y, z) where a MetaTensor has lost its channel. The affine
    maps to RAS mm; that of a MetaTensor to LPS mm where ``meta["space"]`` says so.

    Raises
    ------
    OptionError
        If a MetaTensor does not say whether its first of three axes is the channel.
    SourceError, GeometryError
        For a batch, or an affine that is no 4×4 matrix; else as for an array.

    Examples
    --------
    >>> class Image:
    ...     data = np.zeros((1, 5, 4, 3), "int16")
    ...     affine = np.diag([-2, -2, 3, 1])
    >>> Image.__module__ = "torchio.data.image"
    >>> volume = open_volume(Image(), SourceArguments())
    >>> volume.slabs.shape, volume.grid.spacing_mm, volume.grid.direction_lps[0]
    ((3, 4, 5), (2.0, 2.0, 3.0), 1.0)
    """
    where = arguments.where
    if _is_torchio_image(source):
        with guarded(where):
            tensor, affine = source.data, np.asarray(source.affine, dtype=float)
        letters, space = "cxyz", _SPACES["RAS"]
    else:
        tensor, affine = source.as_tensor(), _affine_of(source)
        letters = _letters(source, arguments)
        space = _SPACES.get(str(source.meta.get("space")), "RAS")
    _check_affine(affine, where)
    source_grid = partial(_grid, affine, space, is_flat="z" not in letters)
    return array_like.open_volume(tensor, arguments, letters=letters, source_grid=source_grid)


def _is_meta_tensor(source: object) -> bool:
    return made_by(source, "monai") and hasattr(source, "as_tensor")


def _is_torchio_image(source: object) -> bool:
    return made_by(source, "torchio") and hasattr(source, "affine") and hasattr(source, "data")


def _affine_of(tensor: Any) -> npt.NDArray[Any]:
    affine: npt.NDArray[Any] = np.asarray(tensor.affine.detach().cpu(), dtype=float)
    if affine.shape != (3, 3):
        return affine
    placed = np.eye(4)  # an image of two dimensions
    placed[:2, :2], placed[:2, 3] = affine[:2, :2], affine[:2, 2]
    return placed


def _letters(tensor: Any, arguments: SourceArguments) -> str:
    """Return the axes of a tensor.

    ``meta["spatial_shape"]`` is that of the file; transforms and indexing keep it.
    """
    dimensions = tensor.ndim
    shape = tensor.meta.get("spatial_shape")
    spatial = None if shape is None else np.size(shape)
    if dimensions == 4:
        return "cxyz"
    if dimensions == 3 and spatial in {2, 3}:
        return "xyz" if spatial == 3 else "cxy"
    if dimensions == 2:
        return "xy"
    if dimensions == 3 and arguments.axes is not None:
        return arguments.axes
    if dimensions == 3:
        raise OptionError(
            code="axes-missing",
            where="axes",
            given=f"a MetaTensor of shape {tuple(tensor.shape)} without names for its axes",
            expected="'xyz' for a volume, or 'cxy' for a picture with a channel in front",
            remedy="Pass `axes='xyz'`, or keep the channel of the volume: tensor[None].",
        )
    raise SourceError(
        code="tensor-is-a-batch",
        where=arguments.where,
        given=f"{dimensions} axes, of shape {tuple(tensor.shape)}",
        expected="one image: channel, x, y, z",
        remedy="Write the images of a batch one by one: monai.data.decollate_batch(tensor).",
    )


def _check_affine(affine: npt.NDArray[Any], where: str) -> None:
    if affine.shape == (4, 4):
        return
    raise SourceError(
        code="affine-shape",
        where=where,
        given=f"an affine of shape {affine.shape}",
        expected="a 4×4 matrix from (x, y, z) indices to mm",
        remedy="Write the images of a batch one by one, or pass `affine=` with `space=`.",
    )


def _grid(affine: npt.NDArray[Any], space: Space, *, is_flat: bool) -> Grid | None:
    if not is_flat:
        return Grid.from_affine((1, 1, 1), affine, space=space)
    x, y = map(float, np.linalg.norm(affine[:3, :2], axis=0))
    if (x, y) == (1.0, 1.0):
        return None
    return Grid(shape=(1, 1, 1), spacing_mm=(x, y, 1.0), statement=IN_PLANE)
