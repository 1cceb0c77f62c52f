"""`LabelRegions`: a label map whose segments are unions of its labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.errors import SourceError, ValuesError
from dicomseries.sources.arguments.source_arguments import SourceArguments
from dicomseries.sources.frames.frame_reader import FrameReader, derived_frames, picked_frames
from dicomseries.sources.masks.layered_source import Opener
from dicomseries.sources.volume import Volume

__all__ = ["LabelRegion", "LabelRegions"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelRegion:
    """One segment.

    Parameters
    ----------
    name : str
        Its name.
    labels : tuple of int
        The labels that belong to it, from 1.
    """

    name: str
    labels: tuple[int, ...]
    fields: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LabelRegions:
    """A label map and its regions, which may overlap.

    Parameters
    ----------
    source : array, image, path or Volume
        As in `open_volume`, of one volume.
    segments : tuple of LabelRegion
        Their numbers are 1, 2, 3 and so on.
    """

    source: Any
    segments: tuple[LabelRegion, ...]

    @property
    def states_direction(self) -> bool:
        """Whether an image or file states the directions of its axes."""
        return not isinstance(self.source, Volume)

    def open_layers(self, opener: Opener, arguments: SourceArguments) -> Volume:
        """Return the label map once for each layer, unread.

        Raises
        ------
        SourceError
            If it has several volumes; as `open_volume` does.
        """
        volume = opener(self.source, arguments)
        if (volume.volumes or 1) > 1:
            raise SourceError(
                code="regions-of-volumes",
                where=arguments.where,
                given=f"{volume.volumes} volumes",
                expected="one label map, whose labels form the regions",
                remedy="Write one volume at a time, with `time_point=`.",
            )
        layers = _layers_of(self.segments)
        slabs = volume.slabs
        if slabs.dtype.kind in "biu":  # the check of labels rejects the others
            slabs = _region_frames(slabs, layers)
        else:
            slabs = picked_frames(slabs, list(range(volume.slices)) * len(layers))
        return replace(
            volume,
            slabs=slabs,
            volumes=len(layers),
            times_s=None,
            repetition_time_s=None,
            layers=tuple({value: value for value in layer.values()} for layer in layers),
        )


def _region_frames(reader: FrameReader, layers: Sequence[Mapping[int, int]]) -> FrameReader:
    """Return frames of numbers of segments: those of the first layer, then of the second."""
    return derived_frames(
        _region_frames,
        reader,
        layers,
        shape=(len(layers) * reader.shape[0], *reader.shape[1:]),
        dtype=np.dtype(np.uint16),
        read=partial(_read_regions, reader, layers),
    )


def _read_regions(
    reader: FrameReader, layers: Sequence[Mapping[int, int]], start: int, stop: int
) -> npt.NDArray[Any]:
    slices = reader.shape[0]
    end = min(stop, len(layers) * slices)
    parts = [np.zeros((0, *reader.shape[1:]), np.uint16)]
    while start < end:
        index, first = divmod(start, slices)
        last = min(slices, first + end - start)
        labels = np.asarray(reader.read(first, last))
        _check_known(labels, layers)
        numbers = np.zeros(labels.shape, np.uint16)
        for label, number in layers[index].items():
            numbers[labels == label] = number
        parts.append(numbers)
        start += last - first
    return np.concatenate(parts)


def _check_known(labels: npt.NDArray[Any], layers: Sequence[Mapping[int, int]]) -> None:
    known = {0}
    for layer in layers:
        known.update(layer)
    strange = ~np.isin(labels, list(known))
    if strange.any():
        label = int(labels[strange][0])
        raise ValuesError(
            code="label-of-no-region",
            where="source",
            given=f"voxels of the label {label}",
            expected=f"the labels of the regions: {', '.join(map(str, sorted(known - {0})))}",
            remedy=f"Add the label {label} to a region in `segments=`, or set its voxels to 0.",
        )


def _layers_of(segments: Sequence[LabelRegion]) -> list[dict[int, int]]:
    """Return label → number of each layer: regions without a common label share one.

    Examples
    --------
    >>> regions = [LabelRegion(name="all", labels=(1, 2)), LabelRegion(name="core", labels=(2,))]
    >>> _layers_of([*regions, LabelRegion(name="other", labels=(3,))])
    [{1: 1, 2: 1, 3: 3}, {2: 2}]
    """
    layers: list[dict[int, int]] = []
    for number, region in enumerate(segments, 1):
        labels = dict.fromkeys(region.labels, number)
        for layer in layers:
            if layer.keys().isdisjoint(labels):
                layer.update(labels)
                break
        else:
            layers.append(labels)
    return layers
