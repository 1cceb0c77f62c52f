"""MONAI: a writer for `SaveImage` and `SaveImaged`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dicomseries as dcs
from dicomseries.integrations.loaded_series import source_options

try:
    from monai.data import ImageWriter
except ImportError:  # the class can be described, and not used
    ImageWriter = object

__all__ = ["DicomSeriesWriter"]


class DicomSeriesWriter(ImageWriter):  # type: ignore[misc]  # a class without types
    """Writer of DICOM series: a folder for each image.

    Give it to ``SaveImage(writer=..., output_ext="")``. Numbers are kept: `output_dtype` and
    `scale` of MONAI are not used. The receipt is ``writer_obj.receipt`` of `SaveImage`.

    Parameters
    ----------
    **options
        Those of `dicomseries.write`. Without ``like=``, an image that was loaded from DICOM is put
        on the series that it was loaded from.
    """

    def __init__(self, output_dtype: Any = None, scale: Any = None, **options: Any) -> None:
        del output_dtype, scale
        super().__init__(data_obj=None, receipt=None, options=options)

    def set_data_array(self, data_array: Any, channel_dim: int | None = 0, **_: Any) -> None:
        """Take an array or tensor of shape (channel, x, y, z)."""
        from monai.utils import convert_to_tensor  # noqa: PLC0415

        tensor = convert_to_tensor(data_array, track_meta=True)
        self.data_obj = tensor[None] if channel_dim is None else tensor.movedim(channel_dim, 0)

    def set_metadata(self, meta_dict: Mapping[str, Any] | None, **options: Any) -> None:
        """Take affine and path; resample to the loaded image if wanted."""
        from monai.transforms import SpatialResample  # noqa: PLC0415

        image = self.data_obj
        image.meta.update(meta_dict or {})
        target, shape = image.meta.get("original_affine"), image.meta.get("spatial_shape")
        if options.pop("resample", False) and target is not None:
            resampled = SpatialResample(**options)(image, dst_affine=target, spatial_size=shape)
            self.data_obj = resampled.to(image.dtype) if options["mode"] == "nearest" else resampled

    def write(self, filename: Any, verbose: bool = True, **options: Any) -> None:  # noqa: FBT001, FBT002
        """Write the series as the folder `filename`."""
        super().write(filename, verbose=verbose)
        image, options = self.data_obj, {**self.options, **options}
        is_labels = str(options.get("kind")).lower().startswith("seg")
        if is_labels and image.is_floating_point() and bool((image == image.int()).all()):
            image = image.int()  # MONAI keeps labels as floats
        if is_labels and image.shape[0] > 1:
            options = {"axes": "cxyz"[: image.ndim], **options}  # a mask for each class
        if "like" not in options:
            options |= source_options(image.meta.get("filename_or_obj"))
        self.receipt = dcs.write(image, Path(filename), **options)
