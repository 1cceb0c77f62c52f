"""What was written, read back by code that shares nothing with the writer, beside the array."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries import checks, reading
from dicomseries.derivation import Lineage
from dicomseries.errors import VerificationError
from dicomseries.executors import Bounds
from dicomseries.plan import SeriesPlan
from dicomseries.sources import Volume
from dicomseries.values import ValueMap
from dicomseries.writing.encode.slab_loop import each_slab
from dicomseries.writing.inputs.write_request import WriteRequest
from dicomseries.writing.jobs.series_jobs import Job

__all__ = ["FileWitness", "Tally", "compare_frames", "verify_series"]


_ABOUT_WHOLE = {"VAL-004": "LossyImageCompression"}
"""Checks of what belongs together: a source that was compressed with loss need not say how, and then nobody knows."""
_FRAME_SEQUENCES = frozenset({"SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"})

_NUMBERS = 65536
"""SegmentNumber (0062,0004) has 16 bits."""


@dataclass(slots=True, kw_only=True)
class Tally:
    """What the slab tasks found, summed as they come in."""

    error: float = 0.0
    clipped: int = 0
    replaced: int = 0
    size: int = 0
    instances: list[reading.Instance] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Take in what another task found."""
        self.error = max(self.error, other.error)
        self.clipped += other.clipped
        self.replaced += other.replaced
        self.size += other.size
        self.instances += other.instances


class FileWitness:
    """Reads files of one frame back and compares them with the array."""

    def __init__(
        self, scale: tuple[float, float], value_map: ValueMap, *, is_compressed: bool
    ) -> None:
        self._scale, self._map, self._is_compressed = scale, value_map, is_compressed
        self._first: reading.Instance | None = None
        self._last: reading.Instance | None = None

    def compare(self, path: Path, asked: npt.NDArray[Any]) -> Tally:
        """Return the largest error of one file, and what its header says."""
        instance = reading.read_instance(path, like=self._last)
        self._first, self._last = self._first or instance, instance
        if self._is_compressed:
            (stored,) = reading.read_frames(instance, 0, 1, prefer_pydicom=True)
        else:
            stored = reading.read_stored(instance, like=self._first)
        rescale = (instance.slope, instance.intercept)
        error = _error(stored, rescale, asked, self._scale, self._map)
        return Tally(error=error, instances=[instance])


def compare_frames(path: Path, volume: Volume, value_map: ValueMap, request: WriteRequest) -> Tally:
    """Return the largest error of a file of all frames, and what its header says."""
    instance = reading.read_instance(path)
    look = _FramesWitness(
        instance=instance,
        rescales=reading.frames_of(instance).rescales,
        scale=(volume.slope, volume.intercept),
        value_map=value_map,
    )
    error = max(each_slab(volume, look, request, "verifying"))
    return Tally(error=error, instances=[instance])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _FramesWitness:
    """Reads frames of a file back and compares them with the array."""

    instance: reading.Instance
    rescales: npt.NDArray[np.float64]
    scale: tuple[float, float]
    value_map: ValueMap

    def __call__(self, asked: npt.NDArray[Any], bounds: Bounds) -> float:
        stored, own = (
            reading.read_frames(self.instance, *bounds, prefer_pydicom=True),
            self.rescales[slice(*bounds)],
        )
        if (
            own == own[0]
        ).all():  # a whole slab at once: thousands of small frames cost a call each otherwise
            return _error(stored, own[0], asked, self.scale, self.value_map)
        return max(
            _error(ours, rescale, theirs, self.scale, self.value_map)
            for ours, rescale, theirs in zip(stored, own, asked, strict=True)
        )


def compare_labels(path: Path, job: Job) -> Tally:
    """Return whether a segmentation gives the label map back, voxel for voxel: an error of 0, or else infinite."""
    found = reading.read(path)
    label_of = np.arange(_NUMBERS, dtype=np.uint16)
    for number, label in (job.labels or {}).items():
        label_of[number] = label
    stored = label_of[found.array]
    asked = np.concatenate(
        [job.volume.slabs.read(index, index + 1) for index in range(job.volume.slices)]
    )
    is_same = found.grid.shape == job.volume.grid.shape and np.array_equal(stored, asked)
    return Tally(error=0.0 if is_same else math.inf, instances=[reading.read_instance(path)])


def _error(
    stored: npt.NDArray[Any],
    rescale: tuple[float, float],
    asked: npt.NDArray[Any],
    scale: tuple[float, float],
    value_map: ValueMap,
) -> float:
    return checks.largest_error(
        stored,
        *rescale,
        asked,
        nan=value_map.nan,
        clip=value_map.clip,
        source_slope=scale[0],
        source_intercept=scale[1],
    )


def verify_series(job: Job, tally: Tally, lineage: Lineage | None = None) -> None:
    """Refuse to show a series that is not what was asked, or whose attributes of the source break a rule.

    Raises
    ------
    VerificationError
        If a file, a value or an attribute is wrong. What ties the result to its source is the source's fault alone.
    """
    series = job.plan
    findings = [
        *checks.check_instances(tally.instances),
        *checks.check_grid(tally.instances, series.grid, volumes=series.extent.volumes),
    ]
    verbatim, ties = (
        (frozenset(), frozenset()) if lineage is None else (lineage.verbatim, lineage.ties)
    )
    errors = [one for one in findings if one.level == "error" and _keyword(one) not in ties]
    copied = [one for one in errors if _keyword(one) in verbatim]
    if copied and len(copied) == len(errors):
        raise _copied(series, copied)
    if errors or tally.error > series.value_map.max_error or len(tally.instances) != len(series):
        raise VerificationError(
            code="not-as-asked",
            where=f"series {series.uids.series}",
            given=_shown(errors)
            or f"an error of {tally.error:g} in {len(tally.instances)} files read back",
            expected=f"{len(series)} files that keep every check and values within {series.value_map.max_error:g}",
            remedy="Report this with the input: nothing was shown, and the fault is the writer's or the disk's.",
        )


def _copied(series: SeriesPlan, errors: Sequence[checks.Finding]) -> VerificationError:
    """Return the error of attributes that come from the source and break a rule that was not foreseen."""
    keywords = dict.fromkeys(map(_keyword, errors))
    wanted = ", ".join(f'"{keyword}": None' for keyword in keywords)
    return VerificationError(
        code="source-breaks-rule",
        where=f"series {series.uids.series}",
        given=_shown(errors),
        expected="attributes of the source that keep every rule of check",
        remedy=f"Leave them out with `metadata={{{wanted}}}`, or give values that are right.",
    )


def _shown(errors: Sequence[checks.Finding]) -> str:
    return "; ".join(f"{finding.id} {finding.where}: {finding.message}" for finding in errors[:3])


def _keyword(finding: checks.Finding) -> str:
    """Return the attribute of the top level that a finding is about."""
    if finding.id in _ABOUT_WHOLE:
        return _ABOUT_WHOLE[finding.id]
    path = finding.where.rpartition(" ")[2].split(".")
    inside = [part.partition("[")[0] for part in path]
    return next((part for part in inside if part not in _FRAME_SEQUENCES), inside[0])
