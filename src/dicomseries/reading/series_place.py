"""Facts that tie a series to the place of others: positions, frame of reference, pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field

import numpy as np
import numpy.typing as npt

from dicomseries.geometry import Grid
from dicomseries.lazy_dataclass import dataclass
from dicomseries.reading.order.placement import FrameSet
from dicomseries.reading.parse.instance import Instance
from dicomseries.standard.attributes.attribute import tag_of

__all__ = ["Picture", "SeriesPlace", "series_place"]

Floats = npt.NDArray[np.float64]
Picture = tuple[str, int]
"""SOPInstanceUID and frame number, from 1; 0 for a file of one frame."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SeriesPlace:
    """Place of a series among others.

    Parameters
    ----------
    series_uid, frame_of_reference_uid : str
        "" if absent.
    referenced_series : tuple of str
        SeriesInstanceUID of ReferencedSeriesSequence.
    positions_lps : ndarray, shape (slices, 3), optional
        As the headers have them, in mm; None if one is missing.
    pictures : tuple of Picture
        Its own slices or frames, in the order of the array.
    source_pictures : tuple of Picture or None
        First source image of each frame of the array, None where none is named; of a label map, of
        each slice. Empty for files of one frame.
    """

    series_uid: str
    frame_of_reference_uid: str
    referenced_series: tuple[str, ...] = ()
    positions_lps: Floats | None = field(default=None, repr=False)
    pictures: tuple[Picture, ...] = field(default=(), repr=False)
    source_pictures: tuple[Picture | None, ...] = field(default=(), repr=False)

    def rounding(self, grid: Grid, other: Grid) -> Floats:
        """Return how far positions lie off their even grid, at most.

        Parameters
        ----------
        grid : Grid
            Of this series, or a part of it, LPS mm.
        other : Grid
            The grid whose voxels are the unit.

        Returns
        -------
        ndarray, shape (3,)
            In voxels along x, y, z of `other`.
        """
        if self.positions_lps is None or not grid.statement.has_place:
            return np.zeros(3)
        affine = grid.affine()
        index = (self.positions_lps - affine[:3, 3]) @ np.linalg.inv(affine[:3, :3]).T
        off_mm = (index - np.round(index)) @ affine[:3, :3].T
        off = off_mm @ np.linalg.inv(other.affine()[:3, :3]).T
        largest: Floats = np.abs(off).max(axis=0)
        return largest


def series_place(instances: Sequence[Instance], frames: FrameSet | None) -> SeriesPlace:
    """Return the place of a series.

    Parameters
    ----------
    instances : sequence of Instance
        In the order of the slices, or multi-frame files.
    frames : FrameSet or None
        Frames of multi-frame files in the order of the array.
    """
    first = instances[0]
    return SeriesPlace(
        series_uid=first.text("SeriesInstanceUID"),
        frame_of_reference_uid=first.text("FrameOfReferenceUID"),
        referenced_series=_referenced_series(first),
        positions_lps=_positions(instances, frames),
        pictures=_pictures(instances, frames),
        source_pictures=() if frames is None else _source_pictures(frames),
    )


def _referenced_series(instance: Instance) -> tuple[str, ...]:
    tag = tag_of("SeriesInstanceUID")
    uids = []
    for item in instance.sequence("ReferencedSeriesSequence"):
        if tag in item:
            uids.append(item[tag].raw.strip(b" \0").decode("latin-1"))
    return tuple(uids)


def _positions(instances: Sequence[Instance], frames: FrameSet | None) -> Floats | None:
    if frames is None:
        rows = [instance.numbers("ImagePositionPatient") for instance in instances]
        is_complete = all(len(row) == 3 for row in rows) and np.isfinite(rows).all()
        return np.array(rows, np.float64) if is_complete else None
    by_file = [each.positions_lps for each in frames.pool]
    sources = frames.sources[frames.sources[:, 0] >= 0]
    positions = np.full((len(sources), 3), np.nan)
    for index, of_file in enumerate(by_file):
        if of_file is None:
            return None
        is_here = sources[:, 0] == index
        positions[is_here] = of_file[sources[is_here, 1]]
    return positions if len(positions) else None


def _pictures(instances: Sequence[Instance], frames: FrameSet | None) -> tuple[Picture, ...]:
    uids = [instance.text("SOPInstanceUID") for instance in instances]
    if frames is None:
        return tuple((uid, 0) for uid in uids)
    pictures: list[Picture] = []
    for file, frame in frames.sources.tolist():
        number = 0 if frames.pool[file].are_tiles else frame + 1
        pictures.append(("", 0) if file < 0 else (uids[file], number))
    return tuple(pictures)


def _source_pictures(frames: FrameSet) -> tuple[Picture | None, ...]:
    by_file = [each.source_pictures for each in frames.pool]
    if frames.masks is not None:
        of_file = by_file[0]
        return tuple(of_file[of_slice[0]] if of_slice else None for of_slice in frames.masks)
    pictures = []
    for file, frame in frames.sources.tolist():
        pictures.append(None if file < 0 else by_file[file][frame])
    return tuple(pictures)
