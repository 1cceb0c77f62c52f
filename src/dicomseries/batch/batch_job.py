"""One job of a batch, and the list of all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import field
from typing import Any

from dicomseries.errors import DicomSeriesError
from dicomseries.lazy_dataclass import dataclass

__all__ = ["BatchJob", "JobList"]

_DIGITS = 32
"""Hexadecimal digits of an identifier: 128 bits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchJob:
    """One `write` of a batch.

    Parameters
    ----------
    place : str
        Where the job is written down, for messages: ``"jobs.jsonl, line 3"``.
    number : int
        Its line, from 1.
    source : str, list or dict of str
        Absolute path or URL of the input; several masks of a segmentation.
    out : str
        Absolute path or URL of the target.
    options : dict
        Options of `write` as values of JSON, paths absolute.
    study, frame_of_reference : str
        Keys: jobs with the same key share the UID. Empty without one.
    bvals, bvecs : str
        FSL's files of diffusion weightings; empty without them.

    Examples
    --------
    >>> job = BatchJob(place="job 1", number=1, source="/a.nii", out="/o", options={"kind": "MR"})
    >>> job.line
    {'source': '/a.nii', 'out': '/o', 'kind': 'MR'}
    """

    place: str
    number: int
    source: Any
    out: str
    options: Mapping[str, Any] = field(default_factory=dict)
    study: str = ""
    frame_of_reference: str = ""
    bvals: str = ""
    bvecs: str = ""

    @property
    def line(self) -> dict[str, Any]:
        """The job as an object of a job file."""
        line = {"source": self.source, "out": self.out, **self.options}
        for name in ("study", "frame_of_reference", "bvals", "bvecs"):
            text = getattr(self, name)
            if text:
                line[name] = text
        return line

    @property
    def id(self) -> str:
        """Digest of the job, the same in every run."""
        text = json.dumps(self.line, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobList:
    """The jobs of a batch, and the faults of their lines."""

    name: str
    jobs: tuple[BatchJob, ...] = ()
    faults: tuple[DicomSeriesError, ...] = ()
