"""From a series on disk to `SourceSeries`."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableSequence, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from dicomseries import reading
from dicomseries.derivation import SourceFrame, SourceSeries, rule_for
from dicomseries.errors import DicomSeriesWarning, ReadError
from dicomseries.geometry import Grid
from dicomseries.geometry_statement import UNSTATED
from dicomseries.progress_bar import ProgressReport
from dicomseries.standard.attributes.attribute import Attribute, Value, vr_of
from dicomseries.standard.dictionary import is_keyword, keyword_for_tag, tag_for_keyword
from dicomseries.standard.pydicom_objects import is_dataset

if TYPE_CHECKING:
    from pydicom.dataelem import DataElement
    from pydicom.dataset import Dataset
    from pydicom.tag import BaseTag

__all__ = ["open_source"]

_NOT_SHOWN = frozenset(
    {"PixelData", "FloatPixelData", "DoubleFloatPixelData", "PerFrameFunctionalGroupsSequence"}
)
_SHARED_GROUPS = "SharedFunctionalGroupsSequence"
_TOLERATED = frozenset({"slices-missing", "spacing-uneven", "slices-sheared", "mixed-orientations"})
"""Problems of a regular grid; a result lies on the planes of the slices instead."""
_OF_PLANES = frozenset({"position-missing", "slices-rotating", "pixel-spacing-differs"})
"""Problems that are allowed where the slices are one array in spite of them."""
_ROTATING = "slices-rotating"
"""Problem of projections: they are pictures for a result."""

_DIFFUSION = frozenset({"DiffusionBValue"})
_STANDARD_DIFFUSION = frozenset(
    {
        "DiffusionBMatrixSequence",
        "DiffusionDirectionality",
        "DiffusionGradientDirectionSequence",
        "DiffusionGradientOrientation",
    }
)
"""Attributes of a source that states its weightings by the standard, whole or in part."""

Groups = dict[str, Attribute]
"""The functional groups of a frame by keyword."""

_ROUNDED = 5e-3
"""Departure from a right angle that is corrected: cosines of two to three decimals."""


def open_source(
    path: reading.SeriesSource,
    *,
    series: str | None = None,
    storage_options: Mapping[str, Any] | None = None,
    report: ProgressReport | None = None,
) -> SourceSeries:
    """Return a source series; only headers are read.

    Parameters
    ----------
    path : path-like, Series, or iterable of paths or datasets
        Folder of the series, or one file; or a URL; or its files or datasets.
    series : str, optional
        SeriesInstanceUID, where there are several.
    storage_options : mapping, optional
        Of fsspec, for a URL.
    report : callable, optional
        Gets the files that are fetched, all of them, and "fetching".

    Raises
    ------
    ReadError
        If there is no series or more than one, or it has no place in space.

    Warns
    -----
    DicomSeriesWarning
        If slices are missing, or for other problems that still allow references to slices.
    """
    files = reading.parse_series_files(path, "like")
    with reading.local_files(files, storage_options, report) as local_path:
        return _read_series(reading.name_of_files(files), local_path, series)


def _read_series(path: str, local_path: reading.LocalFiles, series_uid: str | None) -> SourceSeries:
    scanned = reading.scan(local_path)
    series = reading.select_images(path, scanned, series_uid)
    _report_problems(path, scanned, series)
    volumes = series.volumes or 1
    shared, frames = _attributes_and_frames(series)
    grid = series.grid or _even_grid(frames, series)
    if len(frames) != volumes * grid.shape[0]:
        raise ReadError(
            code="frames-not-a-grid",
            where=path,
            given=f"{len(frames)} frames for {volumes} volumes of {grid.shape[0]} slices",
            expected="a frame for each slice of each volume",
            remedy="Check the series with dicomseries check: its frames do not say which slice "
            "they are.",
        )
    first = series.instances[0]
    return SourceSeries(
        kind=series.kind,
        sop_class_uid=series.sop_class_uid,
        modality=series.modality,
        study_uid=series.study_uid,
        series_uid=series.series_uid,
        frame_of_reference_uid=first.text("FrameOfReferenceUID"),
        grid=grid,
        frames=frames,
        shared=shared,
        volumes=volumes,
        times_s=series.times_s,
        transfer_syntax_uid=first.transfer_syntax,
        compression_ratio=_compression_ratio(series.instances),
        are_tiles=series.frame_set is not None and series.frame_set.pool[0].are_tiles,
        are_even=series.grid is not None,
    )


def _report_problems(path: str, scanned: reading.Scan, series: reading.Series) -> None:
    """Raise the errors that no result can be placed with; warn of the other problems."""
    errors: list[ReadError] = []
    for problem in series.problems:
        is_allowed = problem.code in _TOLERATED or (
            problem.code in _OF_PLANES and series.planes is not None
        )
        if problem.level == "error" and not is_allowed:
            errors.append(problem.error(path))
    if errors:
        raise ReadError.together(errors)
    for problem in (*scanned.problems, *series.problems):
        if problem.level == "error":
            continue  # the receipt says on which planes the result lies, or that it has none
        warnings.warn(str(problem), DicomSeriesWarning, stacklevel=6)


def _compression_ratio(instances: Sequence[reading.Instance]) -> float | None:
    """Return the compression ratio of the pixels.

    None if they are not in fragments.
    """
    encoded = plain = 0
    for instance in instances:
        if not instance.pixels or instance.pixels.length is not None:
            return None
        encoded += instance.file_size - instance.pixels.offset
        samples = instance.rows * instance.columns * instance.samples * max(instance.frames, 1)
        plain += samples * instance.number("BitsAllocated", 16) // 8
    if encoded <= 0:
        return None
    return plain / encoded


# ------------------------------------------------------------------------------------- frames
def _attributes_and_frames(
    series: reading.Series,
) -> tuple[tuple[Attribute, ...], tuple[SourceFrame, ...]]:
    """Return the attributes that all frames share, and the frames."""
    datasets = [instance.dataset() for instance in series.instances]
    differing = reading.differing_tags(series.instances)
    replaced: frozenset[int] = frozenset()
    if series.frame_set is not None:
        replaced = series.frame_set.pool[0].replaced_tags
    common_tags, own_tags = differing | replaced, differing - replaced
    shared = _attributes(datasets[0], lambda tag: tag not in common_tags)
    of_files = [_attributes(dataset, lambda tag: tag in own_tags) for dataset in datasets]
    if series.frame_set is None:
        of_files = _with_gradients(series, shared, of_files)
        return shared, tuple(_frames_of_instances(series, of_files))
    groups = list(map(_functional_groups, series.frame_set.pool))
    shared, common = _with_common_groups(groups, shared)
    for frames in groups:
        for item in frames:
            for keyword in common:
                item.pop(keyword, None)
    return shared, tuple(_frames_of_files(series, of_files, groups))


def _with_gradients(
    series: reading.Series,
    shared: tuple[Attribute, ...],
    of_files: list[tuple[Attribute, ...]],
) -> list[tuple[Attribute, ...]]:
    """Return the attributes of each slice, with a diffusion that private elements state.

    A result has no private elements: it has the standard's attributes in their place.
    """
    b_values, gradients = series.layout.b_values, series.layout.gradients
    stated = {each.keyword for each in chain(shared, *of_files)}
    if b_values is None or gradients is None or stated & _STANDARD_DIFFUSION:
        return of_files
    slices = len(of_files) // len(b_values)
    completed = []
    for index, attributes in enumerate(of_files):
        volume = index // slices
        others = [each for each in attributes if each.keyword not in _DIFFUSION]
        added = _diffusion_of(b_values[volume], gradients[volume])
        completed.append((*others, *added))
    return completed


def _diffusion_of(b_value: float, gradient: tuple[float, float, float]) -> Iterator[Attribute]:
    yield Attribute("DiffusionBValue", "FD", (b_value,))
    if any(gradient):
        yield Attribute("DiffusionDirectionality", "CS", ("DIRECTIONAL",))
        yield Attribute("DiffusionGradientOrientation", "FD", gradient)
    elif b_value == 0:
        yield Attribute("DiffusionDirectionality", "CS", ("NONE",))


def _frames_of_instances(
    series: reading.Series, of_files: Sequence[tuple[Attribute, ...]]
) -> Iterator[SourceFrame]:
    slices = len(series.instances) // (series.volumes or 1)
    for index, (instance, attributes) in enumerate(zip(series.instances, of_files, strict=True)):
        position = instance.numbers("ImagePositionPatient")
        yield SourceFrame(
            sop_class_uid=instance.sop_class_uid,
            sop_instance_uid=instance.text("SOPInstanceUID"),
            position_lps=_position(position, series, index % slices),
            volume=index // slices,
            attributes=attributes,
        )


def _frames_of_files(
    series: reading.Series,
    of_files: Sequence[tuple[Attribute, ...]],
    groups_of_files: Sequence[list[Groups]],
) -> Iterator[SourceFrame]:
    if series.frame_set is None:
        return
    places = series.frame_set.frames_at_places()
    slices = len(places) // (series.volumes or 1)
    for index, (file, frames) in enumerate(places):
        source = series.frame_set.pool[file]
        position: tuple[float, ...] = ()
        if frames and source.positions_lps is not None:
            position = tuple(map(float, source.positions_lps[frames[0]]))
        tile: tuple[Attribute, ...] = ()
        frame_numbers: tuple[int, ...] = ()
        if source.are_tiles:
            tile = tuple(_attributes_of_tile(source, frames[0]))
        else:
            frame_numbers = tuple(frame + 1 for frame in frames)
        groups = _equal_groups([groups_of_files[file][frame] for frame in frames])
        yield SourceFrame(
            sop_class_uid=source.instance.sop_class_uid,
            sop_instance_uid=source.instance.text("SOPInstanceUID"),
            position_lps=_position(position, series, index % slices),
            frame_numbers=frame_numbers,
            volume=index // slices,
            attributes=(*of_files[file], *_content(groups), *tile),
            groups=groups,
        )


def _equal_groups(groups_of_frames: Sequence[Groups]) -> tuple[Attribute, ...]:
    """Return the functional groups that are equal in all frames of a slice."""
    if not groups_of_frames:
        return ()
    first, *others = groups_of_frames
    equal: list[Attribute] = []
    for keyword, group in first.items():
        if all(groups.get(keyword) == group for groups in others):
            equal.append(group)
    return tuple(equal)


def _attributes_of_tile(source: reading.Frames, frame: int) -> Iterator[Attribute]:
    """Yield the attributes of a slice of a mosaic."""
    if not source.are_tiles:
        return
    for keyword, values in source.attributes.items():
        value = values[frame]
        if value is None or not is_keyword(keyword):
            continue
        several = value if isinstance(value, list) else [value]
        vr = vr_of(keyword)
        if vr == "DS":
            several = [f"{float(number):.10g}" for number in several]
        yield Attribute(keyword, vr, tuple(several))


def _position(
    position: Sequence[float], series: reading.Series, index: int
) -> tuple[float, float, float]:
    """Return the position of a slice, or of the grid or planes where no frame is."""
    if len(position) == 3 and bool(np.isfinite(position).all()):
        return float(position[0]), float(position[1]), float(position[2])
    if series.grid is not None:
        return series.grid.position(index)
    if series.planes is not None and series.planes.are_placed:
        return series.planes.position(index)
    return 0.0, 0.0, float(index)


def _even_grid(frames: Sequence[SourceFrame], series: reading.Series) -> Grid:
    """Return an even grid for a series with gaps; one without a place for pictures."""
    first, planes = series.instances[0], series.planes
    count = len(frames) // (series.volumes or 1)
    are_rotating = any(problem.code == _ROTATING for problem in series.problems)
    if planes is None or are_rotating or not (planes.are_placed and planes.statement.has_lengths):
        shape = (count, first.rows, first.columns)
        return Grid(shape=shape, spacing_mm=(1.0, 1.0, 1.0), statement=UNSTATED)
    positions = planes.positions_lps
    step = 1.0
    if count > 1:
        length = float(np.linalg.norm(positions[count - 1] - positions[0]))
        step = length / (count - 1) or 1.0
    x, y = planes.spacings_mm[0].tolist()
    return Grid.from_spacing(
        (count, first.rows, first.columns),
        (x, y, step),
        origin=frames[0].position_lps,
        direction=planes.orientations[0],
        tolerance=_ROUNDED,
    )


# --------------------------------------------------------------------------- functional groups
def _functional_groups(file: reading.Frames) -> list[Groups]:
    """Return the functional groups of each frame."""
    instance = file.instance
    items = instance.value("PerFrameFunctionalGroupsSequence")
    if not items:
        return [{} for _ in range(file.count)]
    is_sequence = isinstance(items, MutableSequence) and all(map(is_dataset, items))
    if not is_sequence or len(items) < instance.frames:
        raise ReadError(
            code="file-damaged",
            where=instance.path,
            given="a PerFrameFunctionalGroupsSequence that is no sequence, or has fewer items than "
            "there are frames",
            expected=f"{instance.frames} items, one for each frame",
            remedy="Export the file again.",
        )
    frames: list[Groups] = []
    for item in items:
        attributes = _attributes(item, lambda _: True)
        frames.append({group.keyword: group for group in attributes if group.vr == "SQ"})
    return frames


def _with_common_groups(
    groups_of_files: Sequence[list[Groups]], shared: tuple[Attribute, ...]
) -> tuple[tuple[Attribute, ...], frozenset[str]]:
    """Return attributes with the groups of all frames."""
    items = list(chain.from_iterable(groups_of_files))
    if not items:
        return shared, frozenset()
    common: list[Attribute] = []
    for keyword, group in items[0].items():
        if all(item.get(keyword) == group for item in items):
            common.append(group)
    if not common:
        return shared, frozenset()
    by_keyword = {attribute.keyword: attribute for attribute in shared}
    known = by_keyword.get(_SHARED_GROUPS)
    joined = common
    if known is not None and known.values and isinstance(known.values[0], tuple):
        joined = [*known.values[0], *common]
    by_keyword[_SHARED_GROUPS] = Attribute(_SHARED_GROUPS, "SQ", (_in_tag_order(joined),))
    return _in_tag_order(by_keyword.values()), frozenset(group.keyword for group in common)


def _in_tag_order(attributes: Iterable[Attribute]) -> tuple[Attribute, ...]:
    return tuple(sorted(attributes, key=lambda attribute: attribute.tag))


def _content(groups: Iterable[Attribute]) -> Iterator[Attribute]:
    """Yield the attributes in the first items of functional groups."""
    for group in groups:
        for item in group.values[:1]:
            if isinstance(item, tuple):
                yield from item


# ----------------------------------------------------------------------------------- attributes
def _attributes(dataset: Dataset, is_wanted: Callable[[int], bool]) -> tuple[Attribute, ...]:
    attributes: list[Attribute] = []
    for tag in sorted(dataset.keys()):
        if tag.group != 2 and is_wanted(int(tag)):
            attributes += _decoded(dataset, tag)
    return tuple(attributes)


def _decoded(dataset: Dataset, tag: BaseTag) -> tuple[Attribute, ...]:
    """Return an element; nothing if it cannot be decoded."""
    blanks = _blanks(dataset.get_item(tag))
    try:
        element = dataset[tag]
        if blanks and rule_for(_name(tag)).is_verbatim:
            return (Attribute(_name(tag), str(element.VR), (blanks,)),)
        return tuple(_attribute(element))
    except Exception as error:  # noqa: BLE001 - pydicom raises anything of a damaged value
        warnings.warn(
            f"{tag} of the source cannot be decoded: {error}", DicomSeriesWarning, stacklevel=6
        )
        return ()


def _name(tag: BaseTag) -> str:
    """Return the keyword of a tag, or its numbers."""
    keyword = keyword_for_tag(tag)
    if keyword and tag_for_keyword(keyword) == tag:
        return keyword
    return f"({tag.group:04X},{tag.element:04X})"


def _blanks(element: Any) -> str:
    """Return the blanks of a blank element."""
    raw = getattr(element, "value", None)
    if not isinstance(raw, bytes) or raw.strip(b" "):
        return ""
    return raw.decode("ascii")


def _attribute(element: DataElement) -> Iterator[Attribute]:
    keyword = _name(element.tag)
    if keyword in _NOT_SHOWN:
        return
    vr = str(element.VR).partition(" ")[0]
    values: list[Value] = []
    if vr == "SQ":
        for item in element.value:
            values.append(tuple(chain.from_iterable(map(_attribute, item))))
    elif not element.is_empty:
        values += map(_value, element.value if element.VM > 1 else [element.value])
    yield Attribute(keyword, vr, tuple(values))


def _value(value: Any) -> Value:
    """Return a value as the file has it."""
    original = getattr(value, "original_string", None)
    if isinstance(original, str):  # a name keeps its bytes there, in the source's character set
        return original
    return value if type(value) in {bytes, int, float} else str(value)
