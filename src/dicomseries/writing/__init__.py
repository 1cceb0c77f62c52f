"""Jobs, encoded files and read-back comparison of a write."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dicomseries.lazy_exports import export_lazily

if TYPE_CHECKING:
    from dicomseries.writing.encode.accepted_syntax import in_accepted_syntax
    from dicomseries.writing.encode.encode_series import write_series
    from dicomseries.writing.encode.read_back import Tally, verify_series
    from dicomseries.writing.encode.resume_record import KilledWrite
    from dicomseries.writing.encode.targets import FolderTarget, LocalTarget, target_at
    from dicomseries.writing.encode.write_target import Target
    from dicomseries.writing.inputs.drawn_images import DrawnImage
    from dicomseries.writing.inputs.prepare_write import (
        OpenedWrite,
        check_opened,
        open_write,
        plan_opened,
        prepare,
    )
    from dicomseries.writing.inputs.read_source import open_source
    from dicomseries.writing.inputs.stored_order import in_order_of
    from dicomseries.writing.inputs.write_request import WriteRequest
    from dicomseries.writing.jobs.private_texts import private_texts
    from dicomseries.writing.jobs.series_jobs import Job, with_others

__all__ = [
    "DrawnImage",
    "FolderTarget",
    "Job",
    "KilledWrite",
    "LocalTarget",
    "OpenedWrite",
    "Tally",
    "Target",
    "WriteRequest",
    "check_opened",
    "in_accepted_syntax",
    "in_order_of",
    "open_source",
    "open_write",
    "plan_opened",
    "prepare",
    "private_texts",
    "target_at",
    "verify_series",
    "with_others",
    "write_series",
]

export_lazily(
    __name__,
    {
        "dicomseries.writing.encode.accepted_syntax": ("in_accepted_syntax",),
        "dicomseries.writing.encode.encode_series": ("write_series",),
        "dicomseries.writing.encode.read_back": ("Tally", "verify_series"),
        "dicomseries.writing.encode.targets": ("FolderTarget", "LocalTarget", "target_at"),
        "dicomseries.writing.encode.write_target": ("Target",),
        "dicomseries.writing.encode.resume_record": ("KilledWrite",),
        "dicomseries.writing.inputs.drawn_images": ("DrawnImage",),
        "dicomseries.writing.inputs.prepare_write": (
            "OpenedWrite",
            "check_opened",
            "open_write",
            "plan_opened",
            "prepare",
        ),
        "dicomseries.writing.inputs.read_source": ("open_source",),
        "dicomseries.writing.inputs.stored_order": ("in_order_of",),
        "dicomseries.writing.inputs.write_request": ("WriteRequest",),
        "dicomseries.writing.jobs.private_texts": ("private_texts",),
        "dicomseries.writing.jobs.series_jobs": ("Job", "with_others"),
    },
)
