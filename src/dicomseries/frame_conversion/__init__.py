"""Series of single frames as multi-frame files, and their frames as single files again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dicomseries.lazy_exports import export_lazily

if TYPE_CHECKING:
    from dicomseries.frame_conversion.classic_frames import classic_files, classic_obstacle
    from dicomseries.frame_conversion.enhanced_series import enhanced_file, enhanced_obstacle

__all__ = ["classic_files", "classic_obstacle", "enhanced_file", "enhanced_obstacle"]

export_lazily(
    __name__,
    {
        "dicomseries.frame_conversion.classic_frames": ("classic_files", "classic_obstacle"),
        "dicomseries.frame_conversion.enhanced_series": ("enhanced_file", "enhanced_obstacle"),
    },
)
