"""Inputs of a Segmentation: masks as layers, with descriptions of their segments."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from dicomseries.errors import OptionError, ValuesError, counted
from dicomseries.executors import run
from dicomseries.lazy_dataclass import dataclass
from dicomseries.options import WriteOptions
from dicomseries.segmentation import InputMask, InputSegments, Segments, segments_of_masks
from dicomseries.sources import (
    LabelRegions,
    LayeredSource,
    Mask,
    MaskChannels,
    MaskSet,
    MaskValues,
    Volume,
    mask_set_of,
    masks_in_folder,
    picked_frames,
    slicer_segmentation_of,
)

__all__ = ["described_masks", "mask_source", "with_read_segments"]

_FILES_OF_MASKS = (".npy", ".nii", ".nii.gz", ".mha", ".mhd", ".nrrd", ".nhdr")
"""Suffixes of files in a folder of masks: formats of one volume."""
_ZARR = ("zarr.json", ".zgroup", ".zarray", ".zattrs")
_MOST_NAMES = 8
_READ_TOGETHER = 16
"""Slices that are read at a time in search of a voxel inside."""


def mask_source(source: Any, options: WriteOptions) -> Any:
    """Return an input of several masks as `LayeredSource`; any other as it is.

    Parameters
    ----------
    source : object
        A mapping or list of masks, a folder of their files, a segmentation of 3D Slicer, an array
        of channels (`axes` with a ``c``); or one mask with `threshold` or of a fractional type; or
        any other input of `write`.
    options : WriteOptions
        The options of the write.

    Raises
    ------
    SourceError
        If there are no masks, or two of one name.
    OptionError
        If options about masks contradict each other.
    """
    if isinstance(source, LabelRegions):
        return source
    values = _values(options)
    masks = mask_set_of(source) or _masks_in_folder(source)
    if masks is not None:
        is_unnamed = not masks.has_labels and not any(mask.name for mask in masks.masks)
        may_hold_background = is_unnamed and not _describes_masks(options.segments)
        return replace(masks, values=values, may_hold_background=may_hold_background)
    slicer = slicer_segmentation_of(source)
    if slicer is not None and values == MaskValues():
        return slicer
    if options.axes is not None and "c" in "".join(options.axes).lower():
        may_hold_background = not _describes_masks(options.segments)
        return MaskChannels(source=source, values=values, may_hold_background=may_hold_background)
    return source if values == MaskValues() else _one_mask(source, values)


def _describes_masks(segments: Any) -> bool:
    """Return whether `segments` describes masks, and not just all of them alike."""
    if isinstance(segments, Mapping):
        return bool(segments.keys() - {"default"})
    return bool(segments)


def _one_mask(source: Any, values: MaskValues) -> Any:
    """Return one array of probabilities, or the fractions of segments, as masks."""
    if isinstance(source, Volume) and source.layers is not None:
        return source if values.is_fractional else _masks_of_layers(source, values)
    masks = mask_set_of({1: source})
    return source if masks is None else replace(masks, values=values)


def _masks_of_layers(volume: Volume, values: MaskValues) -> MaskSet:
    """Return the fractions of segments as masks by a threshold."""
    masks = []
    for index, layer in enumerate(volume.layers or ()):
        part = volume if volume.volumes is None else volume.at(index)
        number = next(iter((layer or {}).values()), index + 1)
        masks.append(Mask(source=replace(part, layers=None), name="", number=number))
    return MaskSet(masks=tuple(masks), has_labels=True, values=values)


def with_read_segments(source: Any, options: WriteOptions) -> WriteOptions:
    """Return options with the descriptions of a segmentation that was read.

    Those of the user win.
    """
    described = getattr(source, "segments", None)
    if not isinstance(source, Volume) or not isinstance(described, Mapping) or not described:
        return options
    # a label map may describe its background, which is no segment to write
    fields = {number: segment.fields for number, segment in described.items() if number > 0}
    if source.layers is None and getattr(source, "voxels", "") != "labels":
        if len(fields) > 1:
            return options
        fields = {1: fields.popitem()[1]} if fields else {}  # one segment, as 0 and 1
    if options.segments is None:
        return replace(options, segments=fields)
    if not isinstance(options.segments, Mapping) or "labels" in options.segments:
        return options
    stated = {str(key).strip() for key in options.segments}
    others = {number: entry for number, entry in fields.items() if str(number) not in stated}
    return replace(options, segments={**others, **options.segments})


def _values(options: WriteOptions) -> MaskValues:
    is_fractional = options.segmentation_type == "fractional"
    if is_fractional and options.threshold is not None:
        raise OptionError(
            code="threshold-of-fractions",
            where="threshold",
            given=f"`threshold={options.threshold:g}` with `segmentation_type='fractional'`",
            expected="one of the two: a fractional Segmentation keeps the values",
            remedy="Leave `threshold=` out, or `segmentation_type=`.",
        )
    return MaskValues(threshold=options.threshold, is_fractional=is_fractional)


def _masks_in_folder(source: Any) -> MaskSet | None:
    if not isinstance(source, (str, os.PathLike)):
        return None
    folder = Path(source)
    try:
        is_folder = folder.is_dir() and not any((folder / name).exists() for name in _ZARR)
    except OSError:  # a name that is too long
        return None
    if not is_folder or folder.suffix.lower() == ".zarr":
        return None
    return masks_in_folder(folder, _FILES_OF_MASKS)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Described:
    """Masks of one input, and what the user says about them."""

    masks: tuple[InputMask, ...]
    first_is_optional: bool
    has_labels: bool


def described_masks(
    volume: Volume, source: LayeredSource, options: WriteOptions
) -> tuple[Volume, Segments, tuple[str, ...]]:
    """Return the layers that are written, their segments, and advice.

    Background and empty masks are left out. Masks are read until their first voxel inside.

    Parameters
    ----------
    volume : Volume
        The opened layers.
    source : LayeredSource
        The input.
    options : WriteOptions
        Descriptions of the segments.

    Raises
    ------
    MetadataError
        If a description is wrong, or names no mask.
    ValuesError
        If all masks are empty.
    """
    described = _masks_of(source, volume)
    chosen = segments_of_masks(
        described.masks,
        options.segments,
        first_is_optional=described.first_is_optional,
        note=_note(options),
    )
    if not isinstance(source, MaskSet | MaskChannels):
        volume, segments = _without_left_out(volume, chosen, described.masks)
        return volume, segments, chosen.advice
    wanted: list[int] = []
    for index, mask in enumerate(described.masks):
        if mask.number not in chosen.left_out:
            wanted.append(index)
    kept, empty = _kept_and_empty(volume, wanted, options)
    if not kept:
        raise _nothing_left(len(empty))
    numbers = [described.masks[index].number for index in kept]
    values = numbers if described.has_labels else list(range(1, len(kept) + 1))
    segments = chosen.segments.renumbered(dict(zip(numbers, values, strict=True)))
    return (
        _with_layers(volume, kept, values),
        segments,
        (*chosen.advice, *_empty_advice([described.masks[index].words for index in empty])),
    )


def _masks_of(source: LayeredSource, volume: Volume) -> _Described:
    if isinstance(source, MaskSet):
        masks = [
            InputMask(number=mask.number, key=mask.number, name=mask.name) for mask in source.masks
        ]
        return _Described(masks=tuple(masks), first_is_optional=False, has_labels=source.has_labels)
    if isinstance(source, MaskChannels):
        channels = range(volume.volumes or 1)
        masks = [InputMask(number=index + 1, key=index, name="") for index in channels]
        return _Described(masks=tuple(masks), first_is_optional=True, has_labels=False)
    segments = getattr(source, "segments", ())
    keys = getattr(source, "keys", range(1, len(segments) + 1))
    masks = []
    for number, (key, segment) in enumerate(zip(keys, segments, strict=True), 1):
        masks.append(InputMask(number=number, key=key, name=segment.name, fields=segment.fields))
    return _Described(masks=tuple(masks), first_is_optional=False, has_labels=False)


def _note(options: WriteOptions) -> str:
    if options.threshold is None:
        return ""
    return f"values of at least {options.threshold:g}"


def _kept_and_empty(
    volume: Volume, wanted: Sequence[int], options: WriteOptions
) -> tuple[list[int], list[int]]:
    """Return masks with voxels inside, and those without; several are read at a time."""
    kept: list[int] = []
    empty: list[int] = []
    workers = options.executor.sharing if options.executor.is_here else 1
    results = run(partial(_has_voxels, volume), wanted, workers=workers)
    for done, (index, has_voxels) in enumerate(zip(wanted, results, strict=True), 1):
        if options.progress is not None:
            options.progress(done * volume.slices, len(wanted) * volume.slices, "reading")
        if has_voxels:
            kept.append(index)
        else:
            empty.append(index)
    return kept, empty


def _has_voxels(volume: Volume, index: int) -> bool:
    """Return whether a mask has a voxel inside; it is read until the first."""
    slabs = volume.at(index).slabs
    step = max(slabs.depth, _READ_TOGETHER)
    for start in range(0, volume.slices, step):
        stop = min(start + step, volume.slices)
        if slabs.used is not None and not slabs.used(start, stop).any():
            continue  # known since the first slices were read
        if slabs.read(start, stop).any():
            return True
    return False


def _without_left_out(
    volume: Volume, chosen: InputSegments, masks: Sequence[InputMask]
) -> tuple[Volume, Segments]:
    """Return layers of labels without segments that are left out, and the others."""
    numbers = [mask.number for mask in masks if mask.number not in chosen.left_out]
    values = {number: value for value, number in enumerate(numbers, 1)}
    layers: list[dict[int, int]] = []
    frames: list[int] = []
    for index, layer in enumerate(volume.layers or ()):
        labels = {
            label: values[number] for label, number in (layer or {}).items() if number in values
        }
        if labels:
            layers.append(labels)
            frames += range(index * volume.slices, (index + 1) * volume.slices)
    if not layers:
        raise _nothing_left(0)
    slabs = volume.slabs
    if len(layers) < len(volume.layers or ()):
        slabs = picked_frames(slabs, frames)
    volume = replace(volume, slabs=slabs, volumes=len(layers), layers=tuple(layers))
    return volume, chosen.segments.renumbered(values)


def _nothing_left(empty: int) -> ValuesError:
    given = "segments that are all left out"
    if empty:
        given = f"{counted(empty, 'mask')} without a voxel inside"
    return ValuesError(
        code="labels-empty",
        where="source",
        given=given,
        expected="at least one voxel inside of a mask",
        remedy="Check the masks, and `threshold=` if you give it: a Segmentation without "
        "voxels says nothing.",
    )


def _with_layers(volume: Volume, kept: Sequence[int], values: Sequence[int]) -> Volume:
    frames: list[int] = []
    for index in kept:
        frames += range(index * volume.slices, (index + 1) * volume.slices)
    slabs = volume.slabs
    if len(kept) < (volume.volumes or 1):
        slabs = picked_frames(slabs, frames)
    layers = tuple({1: value} for value in values)
    return replace(volume, slabs=slabs, volumes=len(kept), layers=layers)


def _empty_advice(names: Sequence[str]) -> Iterator[str]:
    if names:
        more = f" … ({len(names)} in all)" if len(names) > _MOST_NAMES else ""
        yield (f"Left out, as no voxel is inside: {', '.join(names[:_MOST_NAMES])}{more}.")
