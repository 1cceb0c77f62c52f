"""TorchIO: images and subjects as DICOM series."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import dicomseries as dcs
from dicomseries.integrations.loaded_series import source_options

__all__ = ["save_image", "save_subject"]


def save_image(image: Any, out: str | os.PathLike[str], **options: Any) -> dcs.Receipt:
    """Write a TorchIO image as a DICOM series.

    Parameters
    ----------
    image : torchio.Image
        A LabelMap becomes a Segmentation if `kind` is not given.
    out : path-like
        The folder to make.
    **options
        Those of `dicomseries.write`. Without ``like=``, an image that was loaded from DICOM is put
        on the series that it was loaded from.
    """
    if "like" not in options:
        options |= source_options(image.path)
    if image.type == "label":
        options.setdefault("kind", "Segmentation")
        if len(image.data) > 1:
            options.setdefault("axes", "cxyz")  # a mask for each class
    return dcs.write(image, out, **options)


def save_subject(
    subject: Any, out: str | os.PathLike[str], *, segments: Any = None, **options: Any
) -> dict[str, dcs.Receipt]:
    """Write the images of a TorchIO subject, each in a folder of its name.

    A label map that was not loaded from DICOM is put on the first scalar image: on the series that
    this was loaded from, else on the one that is written of it. `kind` is that of the scalar
    images, `segments` names the labels.
    """
    images = subject.get_images_dict(intensity_only=False)
    receipts: dict[str, dcs.Receipt] = {}
    source: dict[str, Any] = {}
    for name, image in sorted(images.items(), key=lambda item: item[1].type == "label"):
        folder, chosen = Path(out) / name, dict(options)
        if image.type == "label":
            chosen |= {"kind": "Segmentation", "segments": segments}
            if "like" not in options:
                chosen |= source_options(image.path) or source
        receipts[name] = save_image(image, folder, **chosen)
        source = source or source_options(image.path) or {"like": folder}
    return receipts
