"""Jobs as keyword arguments of `write`."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

from dicomseries.batch.batch_job import BatchJob
from dicomseries.errors import OptionError

__all__ = ["keywords_of"]


def keywords_of(job: BatchJob) -> dict[str, Any]:
    """Return the options of a job as `write` takes them.

    Raises
    ------
    OptionError
        If a date or the file of an affine cannot be read.

    Examples
    --------
    >>> keywords_of(BatchJob(place="job 1", number=1, source="a", out="b", options={"nan": 0}))
    {'nan': 0}
    """
    keywords = dict(job.options)
    if "now" in keywords:
        keywords["now"] = _moment(job, keywords["now"])
    if isinstance(keywords.get("affine"), str):
        keywords["affine"] = _matrix(job, keywords["affine"])
    if isinstance(keywords.get("derivation"), list):
        keywords["derivation"] = tuple(keywords["derivation"])
    return keywords


def _moment(job: BatchJob, text: Any) -> dt.datetime:
    try:
        return dt.datetime.fromisoformat(text)
    except (TypeError, ValueError) as error:
        raise OptionError(
            code="now-malformed",
            where=job.place,
            given=repr(text),
            expected="a date and time such as 2024-01-31T12:00:00 (ISO 8601)",
            remedy="Write year, month and day with dashes, then T and the time.",
        ) from error


def _matrix(job: BatchJob, file: str) -> Any:
    """Return the matrix in an .npy, .json or text file."""
    import numpy as np  # noqa: PLC0415 - for files of matrices alone

    path = Path(file)
    try:
        if path.suffix.lower() == ".npy":
            return np.load(path, allow_pickle=False)
        text = path.read_text(encoding="utf-8-sig")
        if path.suffix.lower() == ".json":
            return json.loads(text)
        return np.loadtxt(text.replace(",", " ").splitlines())
    except (OSError, ValueError) as error:
        raise OptionError(
            code="affine-unreadable",
            where=job.place,
            given=f"{file}: {getattr(error, 'strerror', None) or error}",
            expected="a file with 4 rows of 4 numbers: .npy, .json or plain text",
            remedy="Save the matrix with numpy.save or numpy.savetxt, or give the spacing instead.",
        ) from error
