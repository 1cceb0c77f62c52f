"""Files in another transfer syntax, every other element kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dicomseries.lazy_exports import export_lazily

if TYPE_CHECKING:
    from dicomseries.transcoding.transcode_file import TranscodedFile, transcoded

__all__ = ["TranscodedFile", "transcoded"]

export_lazily(
    __name__,
    {"dicomseries.transcoding.transcode_file": ("TranscodedFile", "transcoded")},
)
