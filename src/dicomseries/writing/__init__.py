"""Jobs, encoded files and read-back comparison of a write."""

from dicomseries.writing.encode.encode_series import write_series
from dicomseries.writing.encode.read_back import Tally, verify_series
from dicomseries.writing.encode.targets import target_at
from dicomseries.writing.inputs.drawn_images import DrawnImage
from dicomseries.writing.inputs.prepare_write import prepare
from dicomseries.writing.inputs.stored_order import in_order_of
from dicomseries.writing.inputs.write_request import WriteRequest
from dicomseries.writing.jobs.private_texts import private_texts
from dicomseries.writing.jobs.series_jobs import Job, with_others

__all__ = [
    "DrawnImage",
    "Job",
    "Tally",
    "WriteRequest",
    "in_order_of",
    "prepare",
    "private_texts",
    "target_at",
    "verify_series",
    "with_others",
    "write_series",
]
