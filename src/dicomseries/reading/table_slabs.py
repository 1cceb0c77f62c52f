"""Voxels behind a lookup table, read on demand."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.lazy_dataclass import dataclass
from dicomseries.reading.parse.functional_groups import FunctionalGroups
from dicomseries.reading.parse.instance import Instance
from dicomseries.reading.pixels.frame_tables import tables_of_frames
from dicomseries.reading.pixels.lookup_tables import LookupTable, lookup_tables
from dicomseries.reading.series_slabs import BLOCK_BYTES, FrameSlabs, runs_of
from dicomseries.sources import FrameReader

__all__ = ["TableSlabs", "frame_table_slabs", "table_slabs"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TableSlabs(FrameSlabs):
    """Real values or colours of a lookup table, shape (frames, rows, columns[, 3]).

    Parameters
    ----------
    tables : tuple of LookupTable
        Of each frame.
    """

    tables: tuple[LookupTable, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """(frames, rows, columns[, 3])."""
        first = self.instances[0]
        colours = (3,) if self.tables[0].is_colour else ()
        return (len(self.sources), first.rows, first.columns, *colours)

    def pick(self, frames: Sequence[int]) -> FrameReader:
        """Return selected frames in the order of the indices."""
        sources = self.sources[list(frames)]
        files, renumbered = np.unique(sources[:, 0], return_inverse=True)
        return TableSlabs(
            instances=tuple(self.instances[file] for file in files.tolist()),
            sources=np.column_stack((renumbered, sources[:, 1])),
            rescales=self.rescales[list(frames)],
            dtype=self.dtype,
            tables=tuple(self.tables[frame] for frame in frames),
        ).reader()

    def fill(self, array: npt.NDArray[Any], start: int) -> None:
        """Read frames into an array, beginning with frame `start`.

        Raises
        ------
        ReadError, MissingPackageError
            As `read_frames`.
        """
        sources = self.sources[start : start + len(array)].tolist()
        step = max(BLOCK_BYTES // max(math.prod(self.shape[1:]), 1), 1)
        for begin, end in self._runs(start, len(array)):
            file, frame = sources[begin]
            table = self.tables[start + begin]
            for first in range(begin, end, step):
                last = min(first + step, end)
                offset = frame + first - begin
                stored = self._read_stored(self.instances[file], offset, offset + last - first)
                array[first:last] = table.look_up(stored)

    def _runs(self, start: int, count: int) -> Iterator[tuple[int, int]]:
        """Yield ranges of consecutive frames with one table."""
        tables = self.tables[start : start + count]
        is_break = [table is not other for table, other in itertools.pairwise(tables)]
        yield from runs_of(self.sources[start : start + count], np.array(is_break, np.bool_))


def table_slabs(
    instances: tuple[Instance, ...], sources: npt.NDArray[np.intp]
) -> TableSlabs | None:
    """Return the voxels of files with lookup tables; None without any.

    Raises
    ------
    ReadError
        As `lookup_tables`.
    """
    by_file = lookup_tables(instances)
    if by_file is None or sources[:, 0].min() < 0:
        return None
    return _slabs(instances, sources, [by_file[file] for file in sources[:, 0].tolist()])


def frame_table_slabs(
    files: Sequence[FunctionalGroups], sources: npt.NDArray[np.intp]
) -> TableSlabs:
    """Return the voxels of frames, each with a Modality LUT in its functional groups.

    Raises
    ------
    ReadError
        As `tables_of_frames`.
    """
    by_file = list(map(tables_of_frames, files))
    tables = [by_file[file][frame] for file, frame in sources.tolist()]
    return _slabs(tuple(groups.instance for groups in files), sources, tables)


def _slabs(
    instances: tuple[Instance, ...], sources: npt.NDArray[np.intp], tables: Sequence[LookupTable]
) -> TableSlabs:
    return TableSlabs(
        instances=instances,
        sources=sources,
        rescales=np.tile([1.0, 0.0], (len(sources), 1)),
        dtype=np.result_type(*{table.entries.dtype for table in tables}),
        tables=tuple(tables),
    )
