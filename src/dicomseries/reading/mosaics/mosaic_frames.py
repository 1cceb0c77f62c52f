"""Slices of a mosaic as frames of its file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.reading.mosaics.mosaic_facts import MosaicFacts, TilePlanes, mosaic_facts
from dicomseries.reading.mosaics.mosaic_tiles import Tiles
from dicomseries.reading.multiframe.frame_facts import Frames
from dicomseries.reading.parse.functional_groups import FunctionalGroups
from dicomseries.reading.parse.instance import Instance
from dicomseries.reading.pixels.rescale_of_frames import rescales_of
from dicomseries.standard.attributes.attribute import tag_of

__all__ = ["MosaicFrames", "mosaic_frames"]

Floats = npt.NDArray[np.float64]

_OF_THE_IMAGE = frozenset(map(tag_of, ("Rows", "Columns", "ImagePositionPatient", "SliceLocation")))
"""Attributes of the whole image that do not hold for its slices."""


def mosaic_frames(instance: Instance) -> MosaicFrames:
    """Return the slices of a mosaic.

    Raises
    ------
    ReadError
        As `mosaic_facts`.
    """
    return MosaicFrames(instance, mosaic_facts(instance))


class MosaicFrames(Frames):
    """Slices of one mosaic, tile by tile.

    Parameters
    ----------
    instance : Instance
        The file, of one frame.
    facts : MosaicFacts
        Where its slices are.
    """

    replaced_tags = _OF_THE_IMAGE
    are_tiles = True

    def __init__(self, instance: Instance, facts: MosaicFacts) -> None:
        super().__init__(FunctionalGroups(instance))
        self.facts = facts
        self.count = facts.tiles.count

    @property
    def tiles(self) -> Tiles:
        """Where the slices are in the image."""
        return self.facts.tiles

    @property
    def planes(self) -> TilePlanes:
        """Place of the slices, if it is known."""
        assert self.facts.planes is not None  # noqa: S101 - `is_unplaced` tells
        return self.facts.planes

    @cached_property
    def positions_lps(self) -> Floats | None:
        """First voxel of each slice in LPS mm, shape (slices, 3).

        None if unknown.
        """
        return None if self.facts.planes is None else self.facts.planes.positions_lps

    @property
    def is_unplaced(self) -> bool:
        """Whether the places of the slices are unknown."""
        return self.facts.planes is None

    @cached_property
    def orientations(self) -> Floats | None:
        """Cosines of rows and columns, shape (slices, 2, 3).

        None if the places of the slices are unknown.
        """
        if self.facts.planes is None:
            return None
        return np.broadcast_to(self.facts.planes.axes, (self.count, 2, 3))

    @cached_property
    def rescales(self) -> Floats:
        """Slope and intercept, shape (slices, 2).

        Raises ReadError if unusable.
        """
        return np.repeat(rescales_of(self.groups), self.count, axis=0)

    @cached_property
    def source_pictures(self) -> tuple[tuple[str, int] | None, ...]:
        """None for each slice: an image of a scanner has no source."""
        return (None,) * self.count

    @cached_property
    def attributes(self) -> Mapping[str, Sequence[Any]]:
        """Attributes of the slices by keyword, a value for each."""
        attributes: dict[str, Sequence[Any]] = {
            "Rows": [self.tiles.rows] * self.count,
            "Columns": [self.tiles.columns] * self.count,
        }
        if self.positions_lps is not None:
            attributes["ImagePositionPatient"] = self.positions_lps.round(9).tolist()
        return {**attributes, **self.facts.attributes}
