"""Written files, read back and compared with the array."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from dicomseries import checks, reading
from dicomseries.errors import VerificationError, counted
from dicomseries.executors import Bounds
from dicomseries.lazy_dataclass import dataclass
from dicomseries.plan import SeriesPlan
from dicomseries.sources import WrittenPlanes
from dicomseries.values import Stored, ValueMap
from dicomseries.writing.encode.slab_loop import each_slab
from dicomseries.writing.inputs.write_request import WriteRequest
from dicomseries.writing.jobs.series_jobs import Job

if TYPE_CHECKING:
    from dicomseries.derivation import Inheritance

__all__ = ["FileComparison", "Tally", "compare_frames", "reject_imprecise", "verify_series"]

_GROUPED_CHECKS = {"VAL-004": "LossyImageCompression"}
"""Checks of several attributes. A source may omit the method of its lossy compression; then it
is unknown."""
_CHECKS_OF_REGULAR_GRIDS = frozenset(
    {"GEO-002", "GEO-004", "GEO-005", "GEO-006", "GEO-009", "SER-010"}
)
"""Checks that slices of a regular grid pass also where they warn, and others need not."""
_FRAME_SEQUENCES = frozenset({"SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"})


@dataclass(slots=True, kw_only=True)
class Tally:
    """Sums over the slabs of a series."""

    error: float = 0.0
    clipped: int = 0
    replaced: int = 0
    size: int = 0
    instances: list[reading.Instance] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Add the sums of another task."""
        self.count(other)
        self.size += other.size
        self.instances += other.instances

    def count(self, values: Tally | Stored) -> None:
        """Add errors and counts of stored values."""
        self.error = max(self.error, values.error)
        self.clipped += values.clipped
        self.replaced += values.replaced


class FileComparison:
    """Compares files of one frame with the array."""

    def __init__(
        self, scale: tuple[float, float], value_map: ValueMap, *, is_compressed: bool
    ) -> None:
        self._scale, self._map, self._is_compressed = scale, value_map, is_compressed
        self._first: reading.Instance | None = None
        self._last: reading.Instance | None = None

    def compare(self, path: Path, frame: npt.NDArray[Any]) -> Tally:
        """Return the largest error of one file, and its header."""
        instance = reading.read_instance(path, like=self._last)
        self._first, self._last = self._first or instance, instance
        if self._is_compressed:
            (stored,) = reading.read_frames(instance, 0, 1, prefer_pydicom=True)
        else:
            stored = reading.read_stored(instance, like=self._first)
        rescale = (instance.slope, instance.intercept)
        error = _largest_error(stored, rescale, frame, self._scale, self._map)
        return Tally(error=error, instances=[instance])


def compare_frames(path: Path, job: Job, request: WriteRequest) -> Tally:
    """Return the largest error of a multi-frame file."""
    instance = reading.read_instance(path)
    task = _FramesComparison(
        instance=instance,
        rescales=reading.frames_of(instance).rescales,
        scale=(job.volume.slope, job.volume.intercept),
        value_map=job.plan.value_map,
    )
    error = max(each_slab(job.volume, task, request, "verifying", job.slabs))
    return Tally(error=error, instances=[instance])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _FramesComparison:
    """Compares frames of a file with the array."""

    instance: reading.Instance
    rescales: npt.NDArray[np.float64]
    scale: tuple[float, float]
    value_map: ValueMap

    def __call__(self, slab: npt.NDArray[Any], bounds: Bounds) -> float:
        stored = reading.read_frames(self.instance, *bounds, prefer_pydicom=True)
        rescales = self.rescales[slice(*bounds)]
        if (rescales == rescales[0]).all():  # one call for thousands of small frames
            return _largest_error(stored, rescales[0], slab, self.scale, self.value_map)
        errors: list[float] = []
        for stored_frame, rescale, frame in zip(stored, rescales, slab, strict=True):
            error = _largest_error(stored_frame, rescale, frame, self.scale, self.value_map)
            errors.append(error)
        return max(errors)


def _largest_error(
    stored: npt.NDArray[Any],
    rescale: tuple[float, float],
    frames: npt.NDArray[Any],
    scale: tuple[float, float],
    value_map: ValueMap,
) -> float:
    return checks.largest_error(
        stored,
        *rescale,
        frames,
        nan=value_map.nan,
        clip=value_map.clip,
        source_slope=scale[0],
        source_intercept=scale[1],
    )


def reject_imprecise(tally: Tally, series: SeriesPlan) -> None:
    """Reject files whose values differ by more than the bound.

    Raises
    ------
    VerificationError
        With the same code as `verify_series`.
    """
    if tally.error <= series.value_map.max_error:
        return
    raise VerificationError(
        code="not-as-asked",
        where=f"series {series.uids.series}",
        given=f"an error of {tally.error:g} in {counted(len(tally.instances), 'file')} read back",
        expected=f"values within {series.value_map.max_error:g}",
        remedy="Report this with the input: the fault is the writer's or the disk's.",
    )


def verify_series(job: Job, tally: Tally, inheritance: Inheritance | None = None) -> None:
    """Reject a series that differs from its plan.

    Faults of attributes that tie the result to its source are those of the source alone.

    Raises
    ------
    VerificationError
        If a file, a value or an attribute is wrong.
    """
    series = job.plan
    instances = tally.instances
    findings = checks.check_instances(instances, grid=series.grid, volumes=series.extent.volumes)
    errors = [
        finding
        for finding in findings
        if finding.level == "error" or finding.id in _CHECKS_OF_REGULAR_GRIDS
    ]
    if isinstance(series.grid, WrittenPlanes):  # each plane is compared instead (GEO-020)
        errors = [finding for finding in errors if finding.id not in _CHECKS_OF_REGULAR_GRIDS]
    if inheritance is not None:
        errors = [finding for finding in errors if _keyword(finding) not in inheritance.ties]
        if errors and all(_keyword(finding) in inheritance.verbatim for finding in errors):
            raise _fault_of_source(series, errors)
    is_precise = tally.error <= series.value_map.max_error
    if errors or not is_precise or len(instances) != len(series):
        measured = f"an error of {tally.error:g} in {len(instances)} files read back"
        raise VerificationError(
            code="not-as-asked",
            where=f"series {series.uids.series}",
            given=_texts(errors) or measured,
            expected=f"{len(series)} files that pass every check and values within "
            f"{series.value_map.max_error:g}",
            remedy="Report this with the input: nothing was written, and the fault is the "
            "writer's or the disk's.",
        )


def _fault_of_source(series: SeriesPlan, errors: Sequence[checks.Finding]) -> VerificationError:
    """Return the error of attributes of the source."""
    keywords = dict.fromkeys(map(_keyword, errors))
    entries = ", ".join(f'"{keyword}": None' for keyword in keywords)
    return VerificationError(
        code="source-breaks-rule",
        where=f"series {series.uids.series}",
        given=_texts(errors),
        expected="attributes of the source that pass every rule of check",
        remedy=f"Leave them out with `metadata={{{entries}}}`, or give correct values.",
    )


def _texts(errors: Sequence[checks.Finding]) -> str:
    texts = [f"{finding.id} {finding.where}: {finding.message}" for finding in errors[:3]]
    return "; ".join(texts)


def _keyword(finding: checks.Finding) -> str:
    """Return the top-level attribute of a finding."""
    if finding.id in _GROUPED_CHECKS:
        return _GROUPED_CHECKS[finding.id]
    path = finding.where.rpartition(" ")[2].split(".")
    for part in path:
        keyword = part.partition("[")[0]
        if keyword not in _FRAME_SEQUENCES:
            return keyword
    return path[0].partition("[")[0]
