"""`SourceSeries`: what a derived series needs to know of the series it comes from, as plain records."""

from __future__ import annotations

import math
from dataclasses import dataclass

from dicomseries.geometry import Grid
from dicomseries.standard.attribute import Attribute
from dicomseries.standard.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN

__all__ = ["SourceFrame", "SourceSeries"]

_ROUNDING = 0.2
"""Part of the spacing that a slice may be off its place; readers draw the same line (Cornerstone3D)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFrame:
    """One slice of the source: a classic file, or a frame of a multi-frame file.

    Parameters
    ----------
    sop_class_uid, sop_instance_uid : str
        Of the file.
    position_lps : tuple of 3 float
        mm of the centre of its first voxel.
    frame_number : int, optional
        From 1 in a multi-frame file; None for a classic one.
    volume : int
        Which of several volumes it belongs to, from 0.
    own : tuple of Attribute
        What differs from frame to frame, functional groups opened.
    groups : tuple of Attribute
        The functional groups of the frame as they stand in the file (PS3.3 section C.7.6.16), without shared ones.

    Raises
    ------
    ValueError
        If the position is not finite.

    Examples
    --------
    >>> SourceFrame(sop_class_uid="1.2", sop_instance_uid="1.3", position_lps=(0.0, 0.0, 2.5)).volume
    0
    """

    sop_class_uid: str
    sop_instance_uid: str
    position_lps: tuple[float, float, float]
    frame_number: int | None = None
    volume: int = 0
    own: tuple[Attribute, ...] = ()
    groups: tuple[Attribute, ...] = ()

    def __post_init__(self) -> None:
        if not all(map(math.isfinite, self.position_lps)):
            message = f"a position is finite, not {self.position_lps}"
            raise ValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSeries:
    """A series that another one is derived from.

    Parameters
    ----------
    kind : str, optional
        Name of the kind, where it is one of ours.
    sop_class_uid, modality : str
        As in its files.
    study_uid, series_uid, frame_of_reference_uid : str
        Its identity; the last is empty where it has none.
    grid : Grid
        Voxel centres in LPS mm, slices along the normal, evened out where the files round them.
    frames : tuple of SourceFrame
        Slices along the normal, those of the first volume before those of the second.
    shared : tuple of Attribute
        What all files say alike, in the order of their tags; private ones under ``"(gggg,eeee)"``. Functional groups
        of multi-frame files stand in SharedFunctionalGroupsSequence.
    volumes : int
        Volumes on the grid.
    times_s : tuple of float, optional
        Seconds of each volume after the first.
    transfer_syntax_uid : str
        How its pixels were stored.
    compression_ratio : float, optional
        Bytes of its pixels by the bytes they take in the files, where these are compressed.

    Raises
    ------
    ValueError
        If the number of frames is not that of the grid.

    Examples
    --------
    >>> frame = SourceFrame(sop_class_uid="1.2", sop_instance_uid="1.3", position_lps=(0.0, 0.0, 0.0))
    >>> SourceSeries(kind="CT", sop_class_uid="1.2", modality="CT", study_uid="1", series_uid="2",
    ...        frame_of_reference_uid="3", grid=Grid(shape=(1, 4, 5), spacing_mm=(1, 1, 2)), frames=(frame,)).volumes
    1
    """

    kind: str | None
    sop_class_uid: str
    modality: str
    study_uid: str
    series_uid: str
    frame_of_reference_uid: str
    grid: Grid
    frames: tuple[SourceFrame, ...]
    shared: tuple[Attribute, ...] = ()
    volumes: int = 1
    times_s: tuple[float, ...] | None = None
    transfer_syntax_uid: str = EXPLICIT_VR_LITTLE_ENDIAN
    compression_ratio: float | None = None

    def __post_init__(self) -> None:
        if len(self.frames) != self.volumes * self.grid.shape[0]:
            message = f"{len(self.frames)} frames are not {self.volumes} volumes of {self.grid.shape[0]} slices"
            raise ValueError(message)

    @property
    def is_regular(self) -> bool:
        """Whether every slice is where the grid has it, within a fifth of a slice: no gaps, but rounded positions."""
        slices, step = self.grid.shape[0], self.grid.spacing_mm[2]
        places = [self.grid.position(index) for index in range(slices)]
        return all(
            math.dist(frame.position_lps, places[index % slices]) <= _ROUNDING * step
            for index, frame in enumerate(self.frames)
        )

    def get(self, keyword: str) -> Attribute | None:
        """Return a shared attribute; None if there is none."""
        return next((one for one in self.shared if one.keyword == keyword), None)
