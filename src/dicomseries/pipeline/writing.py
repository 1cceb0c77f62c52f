"""From a plan to files: every slab stored, written, and read back by code that shares nothing with the writer."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy.typing as npt

from dicomseries import readback, verify
from dicomseries.errors import TargetError, VerificationError
from dicomseries.part10 import file_chunks, header_template
from dicomseries.pipeline.request import Request
from dicomseries.pipeline.slabs import each_slab
from dicomseries.plan import SeriesPlan
from dicomseries.sinks import Sink
from dicomseries.sources import Volume
from dicomseries.values import ValueMap, store

__all__ = ["Tally", "check_space", "verify_series", "write_slabs"]


@dataclass(slots=True, kw_only=True)
class Tally:
    """What the slab tasks found, summed as they come in."""

    error: float = 0.0
    clipped: int = 0
    replaced: int = 0
    size: int = 0
    instances: list[readback.Instance] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Take in what another task found."""
        self.error = max(self.error, other.error)
        self.clipped += other.clipped
        self.replaced += other.replaced
        self.size += other.size
        self.instances += other.instances


def check_space(out: Path, series: SeriesPlan) -> None:
    """Refuse a series that the disk has no room for, before a file exists."""
    folder = next(parent for parent in out.absolute().parents if parent.exists())
    free = shutil.disk_usage(folder).free
    size = len(series) * max(series.file_bytes(0), series.file_bytes(len(series) - 1))
    if size > free:
        raise TargetError(
            code="disk-full",
            where=str(out),
            given=f"{free:,} bytes free",
            expected=f"{size:,} bytes for {len(series)} files",
            remedy="Free space, or write to another disk.",
        )


def write_slabs(volume: Volume, series: SeriesPlan, sink: Sink, request: Request, *, read_back: bool) -> Tally:
    """Store, write and (if asked) read back every slab."""
    template = header_template(series)
    witness = _Witness(volume, series.value_map) if read_back else None

    def work(bounds: tuple[int, int]) -> Tally:
        slab = volume.slabs.read(*bounds)
        stored = store(slab, series.value_map)
        own = Tally(error=stored.error, clipped=stored.clipped, replaced=stored.replaced)
        for index, frame, asked in zip(range(*bounds), stored.array, slab, strict=True):
            instance = series.instance(index)
            chunks = file_chunks(template, instance, frame)
            own.size += sum(map(len, chunks))
            path = sink.put(instance.name, chunks)
            if witness is not None and path is not None:
                own.add(witness.compare(path, asked))
        return own

    total = Tally()
    for own in each_slab(volume, work, request, "writing"):
        total.add(own)
    return total


class _Witness:
    """Reads files back, by code that shares nothing with the writer, and compares them with the array."""

    def __init__(self, volume: Volume, value_map: ValueMap) -> None:
        self._volume, self._map = volume, value_map
        self._first: readback.Instance | None = None

    def compare(self, path: Path, asked: npt.NDArray[Any]) -> Tally:
        """Return the largest error of one file, and what its header says."""
        instance = readback.read_instance(path, like=self._first)
        self._first = self._first or instance
        error = verify.largest_error(
            instance.stored(),
            instance.slope,
            instance.intercept,
            asked,
            nan=self._map.nan,
            clip=self._map.clip,
            source_slope=self._volume.slope,
            source_intercept=self._volume.intercept,
        )
        return Tally(error=error, instances=[instance])


def verify_series(series: SeriesPlan, tally: Tally) -> None:
    """Refuse to show a series that is not what was asked."""
    findings = [
        *verify.check_instances(tally.instances),
        *verify.check_asked(tally.instances, series.grid),
    ]
    errors = [finding for finding in findings if finding.level == "error"]
    if errors or tally.error > series.value_map.max_error or len(tally.instances) != len(series):
        raise VerificationError(
            code="not-as-asked",
            where=f"series {series.uids.series}",
            given="; ".join(f"{finding.id} {finding.where}: {finding.message}" for finding in errors[:3])
            or f"an error of {tally.error:g} in {len(tally.instances)} files read back",
            expected=f"{len(series)} files that keep every check and values within {series.value_map.max_error:g}",
            remedy="Report this with the input: nothing was shown, and the fault is the writer's or the disk's.",
        )
