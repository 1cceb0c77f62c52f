"""`plan`: everything about a series before it is written."""

from __future__ import annotations

from typing import Unpack

from dicomseries.api.write import log_advice_of, log_plans
from dicomseries.options import PlanKeywords, WriteOptions, checked_options, with_options
from dicomseries.plan import SeriesPlan
from dicomseries.progress_bar import progress_report
from dicomseries.sources import MaskSource
from dicomseries.writing import prepare, with_others

__all__ = ["plan"]


@with_options("plan")
def plan(source: MaskSource, **keywords: Unpack[PlanKeywords]) -> SeriesPlan:
    """Return the plan of a write, without writing anything.

    Parameters
    ----------
    source : array, path or Volume
        As in `write`.
    **keywords
        Options of `write`, except `overwrite`, `resume`, `verify`, `sync` and `dicomdir`.

    Returns
    -------
    SeriesPlan
        Every name, UID, attribute and size, of further series in ``.others``; ``str(plan)`` is for
        people.

    Raises
    ------
    DicomSeriesError
        As `write` does, except errors of the target.

    Examples
    --------
    >>> import numpy as np
    >>> plan(np.zeros((3, 4, 5), "uint8"), kind="SC", spacing=(1, 1, 2)).frame_bytes
    20
    """
    with progress_report(keywords.get("progress")) as report:
        keywords["progress"] = report
        options = checked_options(WriteOptions, keywords, verb="plan")
        _, jobs = prepare(source, options)
    log_plans(jobs, options, "plan")
    log_advice_of(jobs, source, keywords)
    return with_others(jobs)
