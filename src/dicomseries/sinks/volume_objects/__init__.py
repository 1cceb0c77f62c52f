"""Volumes as objects of other packages.

One small module for one package, the only one here that imports it: an array of shape ([volumes,
]slices, rows, columns[, 3]) on a `Grid` in LPS mm, as `Voxels`, becomes its image.
"""

from __future__ import annotations

from dicomseries.sinks.volume_objects.labelled_array import data_array
from dicomseries.sinks.volume_objects.nibabel_image import nifti_image
from dicomseries.sinks.volume_objects.simpleitk_image import itk_image

__all__ = ["data_array", "itk_image", "nifti_image"]
