"""Warnings about headers that contradict the standard, and how they were read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dicomseries.errors import counted
from dicomseries.reading.parse.instance import Instance
from dicomseries.reading.problems import Problem

__all__ = ["fault_problems"]


def fault_problems(files: Sequence[Instance]) -> Iterator[Problem]:
    """Yield a warning for each kind of fault in the headers of files.

    Examples
    --------
    >>> from dicomseries.reading import read_instance
    >>> from pydicom.data import get_testdata_file
    >>> list(fault_problems([read_instance(get_testdata_file("CT_small.dcm"))]))
    []
    """
    by_fault: dict[str, list[Instance]] = {}
    for instance in files:
        for fault in instance.family.faults:
            by_fault.setdefault(fault, []).append(instance)
    for fault, instances in by_fault.items():
        others = f" (and {counted(len(instances) - 1, 'other file')})" * (len(instances) > 1)
        yield Problem(
            code="header-contradictory",
            level="warning",
            text=f"{instances[0].name}{others}: {fault}",
            remedy="Export it again for readers that trust its header.",
        )
