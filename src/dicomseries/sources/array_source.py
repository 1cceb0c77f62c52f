"""Types of inputs: arrays of any library, images and files."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from dicomseries.sources.optional_packages import made_by

if TYPE_CHECKING:
    from dicomseries.sources.volume import Volume

__all__ = ["ArraySource", "MaskSource", "is_collection"]


class SlicedArray(Protocol):
    """An array with shape, dtype and slicing.

    Of numpy, torch, h5py, zarr, dask, xarray and others.
    """

    @property
    def shape(self) -> Any:
        """Length of each axis."""

    @property
    def dtype(self) -> Any:
        """Of the numbers."""

    def __getitem__(self, index: Any, /) -> Any:
        """Return a part of the array."""


class ItkImage(Protocol):
    """An image of SimpleITK."""

    def GetSize(self) -> Any:  # noqa: N802 - SimpleITK's name
        """Return the length of each axis."""

    def GetSpacing(self) -> Any:  # noqa: N802 - SimpleITK's name
        """Return the distance of voxels along each axis."""


class NiftiImage(Protocol):
    """An image of nibabel."""

    @property
    def dataobj(self) -> Any:
        """The voxels, not yet read."""

    @property
    def affine(self) -> Any:
        """From indices to mm (RAS)."""


ArraySource: TypeAlias = "SlicedArray | ItkImage | NiftiImage | Volume | str | os.PathLike[str]"
"""What `write` takes: an array, an image, a volume, or the path or URL of a file."""

MaskSource: TypeAlias = "ArraySource | Mapping[Any, ArraySource] | Sequence[ArraySource]"
"""What `write` takes for a Segmentation: also masks by name or label, or a list of them."""


def is_collection(source: object) -> bool:
    """Return whether it is a mapping or list of sources.

    An image of TorchIO is a dict too, and one source.

    Examples
    --------
    >>> is_collection({"liver": "liver.nii"}), is_collection("liver.nii")
    (True, False)
    """
    return isinstance(source, Mapping | list | tuple) and not made_by(source, "torchio")
