"""Records of a source series: `SourceSeries` and its frames."""

from __future__ import annotations

import math
from collections.abc import Iterator

from dicomseries.geometry import Grid
from dicomseries.lazy_dataclass import dataclass
from dicomseries.standard.attributes.attribute import Attribute

__all__ = ["SourceFrame", "SourceSeries"]

_ROUNDING = 0.2
"""Largest distance of a slice from its place, as part of the spacing (as in Cornerstone3D)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFrame:
    """One slice: a file or a frame of a file.

    Parameters
    ----------
    sop_class_uid, sop_instance_uid : str
        UIDs of the file.
    position_lps : tuple of 3 float
        Centre of the first voxel in mm.
    frame_numbers : tuple of int
        From 1 in a multi-frame file: several for a slice with several segments, none for a slice
        that the file leaves out. Empty for a single-frame file.
    volume : int
        Volume of the frame, from 0.
    attributes : tuple of Attribute
        Attributes that differ between frames, functional groups opened.
    groups : tuple of Attribute
        Functional groups of the frame as in the file (PS3.3 section C.7.6.16), without shared ones.

    Raises
    ------
    ValueError
        If the position is not finite.

    Examples
    --------
    >>> frame = SourceFrame(
    ...     sop_class_uid="1.2", sop_instance_uid="1.3", position_lps=(0.0, 0.0, 2.5)
    ... )
    >>> frame.volume
    0
    """

    sop_class_uid: str
    sop_instance_uid: str
    position_lps: tuple[float, float, float]
    frame_numbers: tuple[int, ...] = ()
    volume: int = 0
    attributes: tuple[Attribute, ...] = ()
    groups: tuple[Attribute, ...] = ()

    def __post_init__(self) -> None:
        if not all(map(math.isfinite, self.position_lps)):
            message = f"a position is finite, not {self.position_lps}"
            raise ValueError(message)

    def get(self, keyword: str) -> Attribute | None:
        """Return an attribute of the frame; None if absent."""
        for member in self.attributes:
            if member.keyword == keyword:
                return member
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSeries:
    """Series that a result is derived from.

    Parameters
    ----------
    kind : str, optional
        Name of its kind; None for other SOP classes.
    sop_class_uid, modality : str
        As in its files.
    study_uid, series_uid, frame_of_reference_uid : str
        Its identity; empty if absent.
    grid : Grid
        Voxel centres in LPS mm, slices along the normal, even where the files round positions.
    frames : tuple of SourceFrame
        Slices along the normal, first volume first.
    shared : tuple of Attribute
        Attributes equal in all files, by tag; private ones as ``"(gggg,eeee)"``. Functional groups
        of multi-frame files are in SharedFunctionalGroupsSequence.
    volumes : int
        Volumes on the grid.
    times_s : tuple of float, optional
        Seconds of each volume after the first.
    transfer_syntax_uid : str
        Transfer syntax of its pixels.
    compression_ratio : float, optional
        Size of its pixels by their compressed size in the files.
    are_tiles : bool
        Whether the frames are parts of larger images (mosaics).
    are_even : bool
        Whether the slices form a regular grid within rounding (`evenness_of`).

    Raises
    ------
    ValueError
        If the number of frames does not fit the grid.

    Examples
    --------
    >>> frame = SourceFrame(
    ...     sop_class_uid="1.2", sop_instance_uid="1.3", position_lps=(0.0, 0.0, 0.0)
    ... )
    >>> source = SourceSeries(
    ...     kind="CT", sop_class_uid="1.2", modality="CT", study_uid="1", series_uid="2",
    ...     frame_of_reference_uid="3", grid=Grid(shape=(1, 4, 5), spacing_mm=(1, 1, 2)),
    ...     frames=(frame,),
    ... )
    >>> source.volumes
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
    transfer_syntax_uid: str = "1.2.840.10008.1.2.1"
    compression_ratio: float | None = None
    are_tiles: bool = False
    are_even: bool = True

    def __post_init__(self) -> None:
        slices = self.grid.shape[0]
        if len(self.frames) != self.volumes * slices:
            message = f"{len(self.frames)} frames are not {self.volumes} volumes of {slices} slices"
            raise ValueError(message)

    @property
    def number(self) -> int:
        """SeriesNumber; 0 if it has none."""
        stated = self.get("SeriesNumber")
        if stated is None or stated.is_empty:
            return 0
        text = str(stated.values[0]).strip()
        if not (text.isascii() and text.lstrip("+-").isdigit()):
            return 0
        return int(text)

    @property
    def uids(self) -> dict[str, str]:
        """Its UIDs with their attributes."""
        uids = {frame.sop_instance_uid: "SOPInstanceUID of an image" for frame in self.frames}
        uids[self.series_uid] = "SeriesInstanceUID"
        uids[self.study_uid] = "StudyInstanceUID"
        uids[self.frame_of_reference_uid] = "FrameOfReferenceUID"
        uids.pop("", None)
        return uids

    @property
    def is_multi_frame(self) -> bool:
        """Whether its files are multi-frame."""
        return any(frame.frame_numbers for frame in self.frames)

    @property
    def slices_without_frame(self) -> list[int]:
        """Slices for which a multi-frame file has no frame in any volume, from 0."""
        if not self.is_multi_frame:
            return []
        slices = self.grid.shape[0]
        with_frame: set[int] = set()
        for index, frame in enumerate(self.frames):
            if frame.frame_numbers:
                with_frame.add(index % slices)
        return [index for index in range(slices) if index not in with_frame]

    @property
    def is_regular(self) -> bool:
        """Whether the slices form a regular grid, and every slice of all volumes is near it.

        Slices of one volume are even as `read` decides; of others within a fifth of a slice.
        """
        if not self.are_even:
            return False
        slices, allowed = self.grid.shape[0], _ROUNDING * self.grid.spacing_mm[2]
        positions = list(map(self.grid.position, range(slices)))
        for index, frame in enumerate(self.frames):
            if math.dist(frame.position_lps, positions[index % slices]) > allowed:
                return False
        return True

    def all_attributes(self) -> Iterator[Attribute]:
        """Yield shared attributes, then those of each frame."""
        yield from self.shared
        for frame in self.frames:
            yield from frame.attributes

    def get(self, keyword: str) -> Attribute | None:
        """Return a shared attribute; None if absent."""
        for member in self.shared:
            if member.keyword == keyword:
                return member
        return None
