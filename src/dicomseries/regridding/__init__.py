"""Voxels of one grid on another: copied where they coincide, resampled where asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dicomseries.lazy_exports import export_lazily

if TYPE_CHECKING:
    from dicomseries.regridding.even_volume import even_volume
    from dicomseries.regridding.grid_relation import ExactRelation, exact_relation
    from dicomseries.regridding.placed_frames import frames_on_grid, frames_on_planes
    from dicomseries.regridding.plane_relation import slices_in_planes
    from dicomseries.regridding.put_onto import OntoOptions, picked_slices, put_onto
    from dicomseries.regridding.resampled_frames import METHODS, Method
    from dicomseries.regridding.target_grid import OntoSource, TargetGrid, open_target

__all__ = [
    "METHODS",
    "ExactRelation",
    "Method",
    "OntoOptions",
    "OntoSource",
    "TargetGrid",
    "even_volume",
    "exact_relation",
    "frames_on_grid",
    "frames_on_planes",
    "open_target",
    "picked_slices",
    "put_onto",
    "slices_in_planes",
]

export_lazily(
    __name__,
    {
        "dicomseries.regridding.even_volume": ("even_volume",),
        "dicomseries.regridding.grid_relation": ("ExactRelation", "exact_relation"),
        "dicomseries.regridding.placed_frames": ("frames_on_grid", "frames_on_planes"),
        "dicomseries.regridding.plane_relation": ("slices_in_planes",),
        "dicomseries.regridding.put_onto": ("OntoOptions", "picked_slices", "put_onto"),
        "dicomseries.regridding.resampled_frames": ("METHODS", "Method"),
        "dicomseries.regridding.target_grid": ("OntoSource", "TargetGrid", "open_target"),
    },
)
