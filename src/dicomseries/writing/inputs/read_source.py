"""A series on disk → `SourceSeries`, the plain record that derived series are made from."""

from __future__ import annotations

import os
import warnings
from collections.abc import Collection, Iterable, Iterator, Mapping, MutableSequence, Sequence
from typing import Any

import numpy as np
from pydicom.datadict import keyword_for_tag, tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag

from dicomseries import reading
from dicomseries.derivation import SourceFrame, SourceSeries, rule_for
from dicomseries.errors import DicomSeriesWarning, ReadError
from dicomseries.geometry import Grid
from dicomseries.standard.attribute import Attribute, Value
from dicomseries.stores import local_copy, masked

__all__ = ["open_source"]

_NOT_SHOWN = frozenset(
    {"PixelData", "FloatPixelData", "DoubleFloatPixelData", "PerFrameFunctionalGroupsSequence"}
)
_SHARED_GROUPS = "SharedFunctionalGroupsSequence"
_TOLERATED = frozenset({"slices-missing", "spacing-uneven"})
"""What keeps a series from being an array, but not from being referred to slice by slice."""

Groups = dict[str, Attribute]
"""The functional groups of a frame by keyword."""

_ROUNDED = 5e-3
"""Departure from a right-angled frame that is snapped: cosines of two to three decimals."""


def open_source(
    path: str | os.PathLike[str],
    *,
    series: str | None = None,
    storage_options: Mapping[str, Any] | None = None,
) -> SourceSeries:
    """Return a series as what another is derived from; only headers are read.

    Parameters
    ----------
    path : path-like
        Folder of the series, or one file; or a URL.
    series : str, optional
        SeriesInstanceUID, where there are several.
    storage_options : mapping, optional
        Of fsspec, for a URL.

    Raises
    ------
    ReadError
        If there is no series or more than one, or it has no place in space.

    Warns
    -----
    DicomSeriesWarning
        If slices are missing or something else is wrong that does not keep slices from being referred to.
    """
    with local_copy(path, storage_options) as here:
        return _opened(path, here, series)


def _opened(
    path: str | os.PathLike[str], here: str | os.PathLike[str], series: str | None
) -> SourceSeries:
    found = reading.scan(here)
    chosen = reading.select(masked(os.fspath(path)), found, series)
    errors = [one for one in chosen.problems if one.level == "error" and one.code not in _TOLERATED]
    if errors:
        raise ReadError.together([one.error(os.fspath(path)) for one in errors])
    for problem in (*found.problems, *chosen.problems):
        warnings.warn(str(problem), DicomSeriesWarning, stacklevel=5)
    shared, owns = _attributes(chosen)
    pool = () if chosen.frame_set is None else chosen.frame_set.pool
    items = [_per_frame(frames.instance) for frames in pool]
    shared, common = _with_common_groups(items, shared)
    frames = tuple(_frames(chosen, owns, items, common))
    grid = chosen.grid or _evened_out(path, frames, chosen)
    first = chosen.instances[0]
    if len(frames) != (chosen.volumes or 1) * grid.shape[0]:
        raise ReadError(
            code="frames-not-a-grid",
            where=os.fspath(path),
            given=f"{len(frames)} frames for {chosen.volumes or 1} volumes of {grid.shape[0]} slices",
            expected="a frame for each slice of each volume",
            remedy="Check the series with dicomseries check: its frames do not say which slice they are.",
        )
    return SourceSeries(
        kind=chosen.kind,
        sop_class_uid=chosen.sop_class_uid,
        modality=chosen.modality,
        study_uid=chosen.study_uid,
        series_uid=chosen.series_uid,
        frame_of_reference_uid=first.text("FrameOfReferenceUID"),
        grid=grid,
        frames=frames,
        shared=shared,
        volumes=chosen.volumes or 1,
        times_s=chosen.times_s,
        transfer_syntax_uid=first.transfer_syntax,
        compression_ratio=_compression_ratio(chosen.instances),
    )


def _compression_ratio(instances: Sequence[reading.Instance]) -> float | None:
    """Return the bytes of the pixels by the bytes they take in the files; None if they are not in fragments."""
    encoded: list[int] = [
        one.file_size - one.pixels.offset
        for one in instances
        if one.pixels and one.pixels.length is None
    ]
    sizes = (one.rows * one.columns * one.samples * max(one.frames, 1) for one in instances)
    plain = sum(
        size * one.number("BitsAllocated", 16) // 8
        for size, one in zip(sizes, instances, strict=True)
    )
    is_whole = len(encoded) == len(instances)
    return plain / sum(encoded) if is_whole and sum(encoded) > 0 else None


def _attributes(
    series: reading.Series,
) -> tuple[tuple[Attribute, ...], list[tuple[Attribute, ...]]]:
    """Return what all files say alike, and what each says by itself."""
    datasets = [instance.dataset() for instance in series.instances]
    differing = reading.differing_tags(series.instances)
    shared = tuple(_of_dataset(datasets[0], lambda tag: tag not in differing))
    return shared, [tuple(_of_dataset(one, lambda tag: tag in differing)) for one in datasets]


def _of_dataset(dataset: Dataset, is_wanted: Any) -> Iterator[Attribute]:
    for tag in sorted(dataset.keys()):
        if tag.group != 2 and is_wanted(int(tag)):
            yield from _decoded(dataset, tag)


def _decoded(dataset: Dataset, tag: BaseTag) -> tuple[Attribute, ...]:
    """Return an element with all that is in it; nothing where a part of it cannot be decoded."""
    blanks = _blanks(dataset.get_item(tag))
    try:
        element = dataset[tag]
        if blanks and rule_for(_name(tag)).is_verbatim:
            return (Attribute(_name(tag), str(element.VR), (blanks,)),)
        return tuple(_attribute(element))
    except Exception as error:  # noqa: BLE001 - pydicom raises anything of a damaged value, also inside of a sequence
        warnings.warn(
            f"{tag} of the source cannot be decoded: {error}", DicomSeriesWarning, stacklevel=6
        )
        return ()


def _name(tag: BaseTag) -> str:
    """Return the keyword of a tag; the tag itself where it has none of its own, as in groups that repeat."""
    keyword = keyword_for_tag(tag)
    return (
        keyword
        if keyword and tag_for_keyword(keyword) == tag
        else f"({tag.group:04X},{tag.element:04X})"
    )


def _blanks(element: Any) -> str:
    """Return the value of an element that holds nothing but blanks, which some compare with no value at all."""
    raw = getattr(element, "value", None)
    return raw.decode("ascii") if isinstance(raw, bytes) and raw and not raw.strip(b" ") else ""


def _attribute(element: DataElement) -> Iterator[Attribute]:
    tag = element.tag
    keyword = _name(tag)
    if keyword in _NOT_SHOWN:
        return
    vr = str(element.VR).partition(" ")[0]
    if vr == "SQ":
        items = (
            tuple(one for inner in item for one in _attribute(inner)) for item in element.value
        )
        yield Attribute(keyword, "SQ", tuple(items))
    elif element.is_empty:
        yield Attribute(keyword, vr)
    else:
        values = element.value if element.VM > 1 else [element.value]
        yield Attribute(keyword, vr, tuple(_value(one) for one in values))


def _value(value: Any) -> Value:
    """Return a value as the file has it: texts of numbers as they are printed there."""
    original = getattr(value, "original_string", None)
    if isinstance(
        original, str
    ):  # a name keeps its bytes there, which are in the source's character set
        return original
    if isinstance(value, (bytes, int, float)) and type(value) in {bytes, int, float}:
        return value
    return str(value)


def _frames(
    series: reading.Series,
    owns: Sequence[tuple[Attribute, ...]],
    items: Sequence[list[Groups]],
    common: Collection[str],
) -> Iterator[SourceFrame]:
    if series.frame_set is not None:
        yield from _frames_of_files(series, owns, items, common)
        return
    positions = [instance.numbers("ImagePositionPatient") for instance in series.instances]
    slices = len(positions) // (series.volumes or 1)
    for index, (instance, position, own) in enumerate(
        zip(series.instances, positions, owns, strict=True)
    ):
        yield SourceFrame(
            sop_class_uid=instance.sop_class_uid,
            sop_instance_uid=instance.text("SOPInstanceUID"),
            position_lps=_position(position, series, index % slices),
            volume=index // slices,
            attributes=own,
        )


def _frames_of_files(
    series: reading.Series,
    owns: Sequence[tuple[Attribute, ...]],
    items: Sequence[list[Groups]],
    common: Collection[str],
) -> Iterator[SourceFrame]:
    pool = series.frame_set.pool if series.frame_set is not None else ()
    listed = series.frame_set.sources.tolist() if series.frame_set is not None else []
    slices = len(listed) // (series.volumes or 1)
    for index, (file, frame) in enumerate(listed):
        instance = pool[max(file, 0)].instance
        found = pool[max(file, 0)].positions_lps
        position = () if found is None or file < 0 else tuple(map(float, found[frame]))
        there = items[file][frame] if file >= 0 else {}
        groups = tuple(group for keyword, group in there.items() if keyword not in common)
        yield SourceFrame(
            sop_class_uid=instance.sop_class_uid,
            sop_instance_uid=instance.text("SOPInstanceUID"),
            position_lps=_position(position, series, index % slices),
            frame_number=frame + 1 if file >= 0 else None,
            volume=index // slices,
            attributes=(*owns[max(file, 0)], *_inside(groups)),
            groups=groups,
        )


def _with_common_groups(
    items: Sequence[list[Groups]], shared: tuple[Attribute, ...]
) -> tuple[tuple[Attribute, ...], frozenset[str]]:
    """Return the attributes with the functional groups that all frames have alike, and the keywords of these."""
    first, *others = [item for own in items for item in own] or [{}]
    common = [
        one for keyword, one in first.items() if all(item.get(keyword) == one for item in others)
    ]
    if not common:
        return shared, frozenset()
    groups = next((one.values for one in shared if one.keyword == _SHARED_GROUPS), ((),))
    own = groups[0] if groups and isinstance(groups[0], tuple) else ()
    joined = tuple(sorted((*own, *common), key=lambda one: one.tag))
    rest = (one for one in shared if one.keyword != _SHARED_GROUPS)
    whole = sorted((*rest, Attribute(_SHARED_GROUPS, "SQ", (joined,))), key=lambda one: one.tag)
    return tuple(whole), frozenset(one.keyword for one in common)


def _groups_of(item: Dataset) -> Groups:
    found = (one for tag in sorted(item.keys()) for one in _decoded(item, tag))
    return {one.keyword: one for one in found if one.vr == "SQ"}


def _per_frame(instance: reading.Instance) -> list[Groups]:
    """Return the functional groups of each frame; older kinds have none."""
    items = instance.value("PerFrameFunctionalGroupsSequence") or [Dataset()] * instance.frames
    is_whole = isinstance(items, MutableSequence) and all(
        isinstance(item, Dataset) for item in items
    )
    if not is_whole or len(items) < instance.frames:
        raise ReadError(
            code="file-damaged",
            where=instance.path,
            given="a PerFrameFunctionalGroupsSequence that is no sequence, or has fewer items than there are frames",
            expected=f"{instance.frames} items, one for each frame",
            remedy="Export the file again.",
        )
    return [_groups_of(item) for item in items]


def _inside(groups: Iterable[Attribute]) -> Iterator[Attribute]:
    """Yield what functional groups hold in their first items."""
    for group in groups:
        for item in group.values[:1]:
            yield from item if isinstance(item, tuple) else ()


def _position(
    position: Sequence[float], series: reading.Series, index: int
) -> tuple[float, float, float]:
    """Return where a slice is; one without a position stands where the grid has it."""
    if len(position) == 3 and bool(np.isfinite(position).all()):
        return float(position[0]), float(position[1]), float(position[2])
    return series.grid.position(index) if series.grid is not None else (0.0, 0.0, float(index))


def _evened_out(
    path: str | os.PathLike[str], frames: Sequence[SourceFrame], series: reading.Series
) -> Grid:
    """Return a grid with as many slices as there are, for a series with gaps: its frames say where they really are."""
    first = series.instances[0]
    cosines, spacing = first.numbers("ImageOrientationPatient"), first.numbers("PixelSpacing")
    if len(cosines) != 6 or len(spacing) != 2:
        raise ReadError(
            code="source-without-place",
            where=os.fspath(path),
            given="no ImageOrientationPatient or PixelSpacing",
            expected="slices with a place in space",
            remedy="Pass the array with its own geometry and the patient's attributes as `metadata=`, without `like=`.",
        )
    positions = np.array([frame.position_lps for frame in frames])
    count = len(frames) // (series.volumes or 1)
    length = float(np.linalg.norm(positions[count - 1] - positions[0]))
    step = length / (count - 1) if count > 1 else 1.0
    return Grid.from_spacing(
        (count, first.rows, first.columns),
        (spacing[1], spacing[0], step),
        origin=frames[0].position_lps,
        direction=cosines,
        tolerance=_ROUNDED,
    )
