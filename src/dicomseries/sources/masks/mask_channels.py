"""`MaskChannels`: an array with a channel for each mask."""

from __future__ import annotations

import os
from dataclasses import field, replace
from typing import Any

from dicomseries.errors import OptionError
from dicomseries.lazy_dataclass import dataclass
from dicomseries.sources.arguments.source_arguments import SourceArguments
from dicomseries.sources.masks.background import reject_background
from dicomseries.sources.masks.layered_source import Opener
from dicomseries.sources.masks.mask_frames import MaskFrames, OpenMask
from dicomseries.sources.masks.mask_values import MaskValues
from dicomseries.sources.volume import Volume

__all__ = ["MaskChannels"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MaskChannels:
    """One array whose axis ``c`` counts masks or probabilities of classes.

    Parameters
    ----------
    source : array, image, path or Volume
        As in `open_volume`.
    values : MaskValues
        Which voxels are inside.
    may_hold_background : bool
        Whether nothing says which channel is the background.
    """

    source: Any
    values: MaskValues = field(default_factory=MaskValues)
    may_hold_background: bool = False

    @property
    def states_direction(self) -> bool:
        """Whether an image or file states the directions of its axes."""
        return not isinstance(self.source, Volume)

    def open_layers(self, opener: Opener, arguments: SourceArguments) -> Volume:
        """Return the channels as layers of one volume, unread.

        Raises
        ------
        OptionError
            If the array has an axis of time, too.
        ValuesError
            If the channels are classes of every voxel, and one may be the background.
        """
        axes = "".join(str(arguments.axes).lower().split())
        if "t" in axes or arguments.time_point is not None or arguments.times is not None:
            raise OptionError(
                code="channels-in-time",
                where="axes",
                given=f"`axes={axes!r}` with channels and time",
                expected="channels of one time point: a Segmentation holds no times",
                remedy="Write a Segmentation for each time point t, of "
                f"array[{_index_of_time(axes)}] with `axes='czyx'`. If masks do not overlap, write "
                "labels with `axes='tzyx'` and `split='time'`.",
            )
        # Channels are read like volumes, in any order of the axes.
        where = arguments.where
        if isinstance(self.source, (str, os.PathLike)):
            where = os.fspath(self.source)
        arguments = replace(arguments, axes=axes.replace("c", "t"), where=where)
        volume = opener(self.source, arguments)
        channels = volume.volumes or 1
        masks = []
        for index in range(channels):
            channel = volume.at(index)
            where = f"channel {index}"
            if isinstance(self.source, (str, os.PathLike)):
                where = f"{os.fspath(self.source)}, {where}"
            masks.append(OpenMask(where=where, dtype=volume.dtype, volume=channel))
        if self.may_hold_background:
            reject_background([volume.at(index).slabs for index in range(channels)], "channels")
        frames = MaskFrames(masks, self.values, volume.slices)
        return Volume(
            slabs=frames.reader(volume.grid.shape),
            grid=volume.grid,
            volumes=channels,
            turn=volume.turn,
            axes_assumed=False,
            layers=tuple({1: index + 1} for index in range(channels)),
        )


def _index_of_time(axes: str) -> str:
    """Return the index of one time point in an array.

    Examples
    --------
    >>> _index_of_time("tczyx"), _index_of_time("ctzyx")
    ('t', ':, t')
    """
    return ", ".join([":"] * max(axes.find("t"), 0) + ["t"])
