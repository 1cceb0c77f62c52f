"""Every format of an input, in the order in which they are tried."""

from __future__ import annotations

from typing import Any, Protocol

from dicomseries.sources.arguments.source_arguments import SourceArguments
from dicomseries.sources.formats import (
    array_like,
    channel_first,
    dask_array,
    hdf5,
    itk_image,
    metaimage,
    nifti,
    npy,
    nrrd,
    tiff,
    xarray_array,
    zarr_store,
)
from dicomseries.sources.formats.pictures import picture_file, picture_folder
from dicomseries.sources.formats.research import matlab, mrd
from dicomseries.sources.volume import Volume

__all__ = ["FORMATS", "Format"]


class Format(Protocol):
    """A module of `FORMATS`."""

    __name__: str

    @property
    def PACKAGE(self) -> str | None:  # noqa: N802 - a constant of the module
        """Extra that it needs, None if nothing."""

    def matches(self, source: object, /) -> bool:
        """Return whether the source is of this format."""

    def open_volume(self, source: Any, arguments: SourceArguments, /) -> Volume:
        """Return the volume without reading its voxels."""


FORMATS: tuple[Format, ...] = (
    npy,
    nifti,
    metaimage,
    nrrd,
    matlab,
    mrd,
    hdf5,
    zarr_store,
    tiff,
    picture_file,
    picture_folder,
    itk_image,
    xarray_array,
    dask_array,
    channel_first,
    array_like,
)
"""The first that matches opens the source; the general array comes last."""
