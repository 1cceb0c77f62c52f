"""SimpleITK images. The only module that imports `SimpleITK` here."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.errors import SourceError
from dicomseries.geometry import Grid
from dicomseries.lazy_dataclass import dataclass
from dicomseries.sources.arguments.axes_argument import array_axes, check_dtype
from dicomseries.sources.arguments.source_arguments import SourceArguments
from dicomseries.sources.arguments.stated_geometry import IN_PLANE
from dicomseries.sources.arguments.volume_times import itk_times
from dicomseries.sources.build_volume import build_volume
from dicomseries.sources.formats.array_like import numpy_frames
from dicomseries.sources.formats.headers.itk_tags import tags_among
from dicomseries.sources.optional_packages import made_by
from dicomseries.sources.volume import Volume

__all__ = ["PACKAGE", "matches", "open_volume"]

PACKAGE: str | None = "itk"
"""Extra that installs SimpleITK."""


@dataclass(frozen=True, eq=False)
class _ImageMemory:
    """The memory of an image, freed together with the image."""

    image: Any
    __array_interface__: dict[str, Any]


def matches(source: object) -> bool:
    """Return whether `source` is an image of SimpleITK.

    Examples
    --------
    >>> matches(np.ones(3))
    False
    """
    return made_by(source, "SimpleITK") and hasattr(source, "GetPixelIDTypeAsString")


def open_volume(source: Any, arguments: SourceArguments) -> Volume:
    """Return a SimpleITK image with its spacing, origin and direction.

    Its memory is viewed, not copied. Axes are (slices, rows, columns), with time in front and
    vector components behind. A two-dimensional image states the spacing of its rows and columns
    only; spacing= adds the slice thickness. The fourth spacing is in seconds, by ITK's convention;
    1, which a new image has, is none.

    Raises
    ------
    SourceError
        For a label map, complex pixels, or other than 1 or 3 components.
    OptionError, GeometryError
        As for an array.

    Examples
    --------
    >>> import SimpleITK
    >>> image = SimpleITK.Image([5, 4, 3], SimpleITK.sitkInt16)
    >>> image.SetSpacing((1, 1, 2.5))
    >>> volume = open_volume(image, SourceArguments())
    >>> volume.slabs.shape, volume.grid.spacing_mm
    ((3, 4, 5), (1.0, 1.0, 2.5))
    """
    array = _view(source, arguments.where)
    check_dtype(array.dtype, arguments.where)
    dimension = source.GetDimension()
    letters = "tzyx"[-dimension:] + "c" * (array.ndim - dimension)
    axes = array_axes(array.shape, arguments, letters)
    volume = build_volume(
        numpy_frames(array, axes),
        axes,
        arguments,
        partial(_grid, source),
        source_times=partial(itk_times, source.GetSpacing(), where=arguments.where),
    )
    entries = {key: source.GetMetaData(key) for key in source.GetMetaDataKeys()}
    return replace(volume, carried=tags_among(entries))


def _view(image: Any, where: str) -> npt.NDArray[Any]:
    import SimpleITK

    if "label" in image.GetPixelIDTypeAsString() or image.GetDimension() > 4:
        raise SourceError(
            code="image-unsupported",
            where=where,
            given=f"{image.GetPixelIDTypeAsString()}, {image.GetDimension()} dimensions",
            expected="an image of 2 to 4 dimensions with a number for every pixel",
            remedy="Convert it first, e.g. SimpleITK.LabelMapToLabel(image).",
        )
    view = SimpleITK.GetArrayViewFromImage(image)
    # A view of SimpleITK does not keep its image, and reads freed memory afterwards; this one does.
    return np.asarray(_ImageMemory(image, view.__array_interface__))


def _grid(image: Any) -> Grid | None:
    count, spacing = image.GetDimension(), image.GetSpacing()
    if count > 2:
        direction = np.reshape(image.GetDirection(), (count, count))[:3, :3]
        origin = image.GetOrigin()[:3]
        return Grid.from_spacing((1, 1, 1), spacing[:3], origin=origin, direction=direction)
    if spacing == (1.0, 1.0):  # that of a new image
        return None
    return Grid(shape=(1, 1, 1), spacing_mm=(*spacing, 1.0), statement=IN_PLANE)
