"""Jobs of a whole dataset: their list, checks, keys and record.

A job is one `write`. Nothing here writes an image.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dicomseries.lazy_exports import export_lazily

if TYPE_CHECKING:
    from dicomseries.batch.batch_job import BatchJob, JobList
    from dicomseries.batch.batch_record import BatchRecord, JobState, entry_at
    from dicomseries.batch.bids.bids_dataset import bids_jobs
    from dicomseries.batch.input_state import InputStates, input_paths
    from dicomseries.batch.job_checks import check_jobs, waves_of
    from dicomseries.batch.job_file import job_list, read_jobs
    from dicomseries.batch.shared_uids import ResolvedUids
    from dicomseries.batch.write_keywords import keywords_of

__all__ = [
    "BatchJob",
    "BatchRecord",
    "InputStates",
    "JobList",
    "JobState",
    "ResolvedUids",
    "bids_jobs",
    "check_jobs",
    "entry_at",
    "input_paths",
    "job_list",
    "keywords_of",
    "read_jobs",
    "waves_of",
]

export_lazily(
    __name__,
    {
        "dicomseries.batch.batch_job": ("BatchJob", "JobList"),
        "dicomseries.batch.batch_record": ("BatchRecord", "JobState", "entry_at"),
        "dicomseries.batch.bids.bids_dataset": ("bids_jobs",),
        "dicomseries.batch.input_state": ("InputStates", "input_paths"),
        "dicomseries.batch.job_checks": ("check_jobs", "waves_of"),
        "dicomseries.batch.job_file": ("job_list", "read_jobs"),
        "dicomseries.batch.shared_uids": ("ResolvedUids",),
        "dicomseries.batch.write_keywords": ("keywords_of",),
    },
)
