"""Files in another transfer syntax, every other element kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dicomseries.lazy_exports import export_lazily

if TYPE_CHECKING:
    from dicomseries.transcoding.lossy_file import Loss, lossy_file
    from dicomseries.transcoding.transcode_file import TranscodedFile, transcoded

__all__ = ["Loss", "TranscodedFile", "lossy_file", "transcoded"]

export_lazily(
    __name__,
    {
        "dicomseries.transcoding.lossy_file": ("Loss", "lossy_file"),
        "dicomseries.transcoding.transcode_file": ("TranscodedFile", "transcoded"),
    },
)
