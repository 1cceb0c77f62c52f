"""References of a derived series to its source images.

Each slice or frame names its source images (PS3.3 sections C.7.6.1.1.4 and C.7.6.16.2.6), and each
file names the same images by series (section C.12.2). Volumes are not matched by geometry: a result
of as many volumes as the source takes one volume from each, in order. A result of any other number
(a mean over time, a parametric map) comes from all volumes together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from itertools import chain
from typing import Literal, NamedTuple

from dicomseries.derivation.source.derivation_codes import IMAGE_PROCESSING, SOURCE_IMAGE
from dicomseries.derivation.source.slice_matching import Matching
from dicomseries.derivation.source.source_facts import by_keyword, first_item, first_text
from dicomseries.derivation.source.source_series import SourceSeries
from dicomseries.iod import Leaf, VaryingGroup
from dicomseries.lazy_dataclass import dataclass
from dicomseries.plan import Column
from dicomseries.standard.attributes.attribute import Attribute, Item, Value, attribute
from dicomseries.standard.objects.modules import FUNCTIONAL_GROUPS, IOD_MODULES, module_requirements
from dicomseries.standard.objects.sop_classes import SINGLE_FRAME

__all__ = [
    "PlaneReferences",
    "SourceReferences",
    "references_by_plane",
    "references_to_source",
]

_MOST_NUMBERS = 5000
"""Frame numbers in one item: IS texts of 12 characters in 65,534 bytes (PS3.5 section 7.1.2)."""

_PURPOSE = attribute("PurposeOfReferenceCodeSequence", SOURCE_IMAGE)
_IMAGES = "SourceImageSequence"
_SERIES = "ReferencedSeriesSequence"
_GROUP = "DerivationImageSequence"
_EVIDENCE = "SourceImageEvidenceSequence"

Items = tuple[Item, ...]
Values = tuple[Value, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceReferences:
    """Attributes of a derived series that name its source images.

    Parameters
    ----------
    shared : tuple of Attribute
        The same for all slices or frames; a functional group among them belongs to all frames.
    columns : tuple of Column
        Varying values: of classic results attributes of the files, of multi-frame results the
        values of `groups`.
    groups : tuple of VaryingGroup
        Functional groups that differ from frame to frame.

    Examples
    --------
    >>> SourceReferences().columns
    ()
    """

    shared: tuple[Attribute, ...] = ()
    columns: tuple[Column, ...] = ()
    groups: tuple[VaryingGroup, ...] = ()

    def without(self, keywords: Collection[str]) -> SourceReferences:
        """Return them without some attributes."""
        columns = self.columns
        if not self.groups:
            columns = tuple(column for column in columns if column.keyword not in keywords)
        return SourceReferences(
            shared=tuple(image for image in self.shared if image.keyword not in keywords),
            columns=columns,
            groups=tuple(group for group in self.groups if group.keyword not in keywords),
        )


def references_to_source(
    source: SourceSeries,
    matching: Matching,
    *,
    is_multi_frame: bool,
    volumes: int = 1,
    code: Item | None = None,
    sop_class_uid: str = "",
) -> SourceReferences:
    """Return the references of a result's slices or frames.

    Parameters
    ----------
    source : SourceSeries
        The source series.
    matching : Matching
        Source slices of each slice. If it is empty (another space), all images are named: any of
        them may have contributed.
    is_multi_frame : bool
        Whether all frames of the result are in one file.
    volumes : int
        Volumes of the result.
    code : Item, optional
        Item of DerivationCodeSequence in the functional group, where it is of Type 1;
        "Image Processing" if not given.
    sop_class_uid : str
        SOP class of a multi-frame result. Classes without the functional group (multi-frame
        secondary capture) name all images at the top level; enhanced CT and MR name them once
        more by study.

    Notes
    -----
    PS3.3 table 10-3 (Image SOP Instance Reference Macro), sections C.12.2 (Common Instance
    Reference), C.7.6.16.2.6 (Derivation Image) and C.8.13.2 (evidence). SpatialLocationsPreserved
    is YES if a pixel has the same row and column in both images, absent if the pixels are the same
    in other rows and columns (crops, flips), else NO.

    Examples
    --------
    >>> from dicomseries.derivation.source.slice_matching import match
    >>> from dicomseries.derivation.source.source_series import SourceFrame
    >>> from dicomseries.geometry import Grid
    >>> grid = Grid(shape=(2, 5, 6), spacing_mm=(1, 1, 2))
    >>> frames = tuple(
    ...     SourceFrame(
    ...         sop_class_uid="1.2", sop_instance_uid=f"1.3.{z}", position_lps=grid.position(z)
    ...     )
    ...     for z in range(2)
    ... )
    >>> source = SourceSeries(
    ...     kind="CT", sop_class_uid="1.2", modality="CT", study_uid="1", series_uid="2",
    ...     frame_of_reference_uid="3", grid=grid, frames=frames,
    ... )
    >>> references = references_to_source(source, match(source, grid), is_multi_frame=False)
    >>> [(column.keyword, column.per, len(column.values)) for column in references.columns]
    [('SourceImageSequence', 'slice', 2), ('ReferencedSeriesSequence', 'slice', 2)]
    """
    images = _SourceImages(source)
    if matching.is_empty:
        selections = [_Selection(range(source.grid.shape[0]), range(source.volumes), "NO")]
    else:
        selections = _selections(source, matching, volumes)
        if not is_multi_frame:
            return _in_files(images, selections, _per(selections, matching))
    series = images.series(selections)
    items = list(map(images.items, selections))
    if is_multi_frame and _GROUP in FUNCTIONAL_GROUPS.get(sop_class_uid, (_GROUP,)):
        shared = [series]
        if _requires_evidence(sop_class_uid):
            shared.append(images.evidence(series))
        derivation = attribute("DerivationCodeSequence", code or IMAGE_PROCESSING)
        return _in_group(items, _per(selections, matching), shared, derivation)
    return SourceReferences(shared=(images.named(selections), series))


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaneReferences:
    """Source images in the planes of a result's slices.

    Parameters
    ----------
    series : Attribute
        ReferencedSeriesSequence with all images of the source.
    slices : tuple of tuple of Item
        Items of SourceImageSequence for each slice; none if no image lies in its plane.
    is_lossy : bool
        Whether an image has been compressed with loss.
    images : Attribute, optional
        SourceImageSequence with all images, if some slices have none in their plane: the series of
        images may be named only if images of it are (PS3.3 table C.12-8).
    """

    series: Attribute
    slices: tuple[Items, ...]
    is_lossy: bool = False
    images: Attribute | None = None

    @property
    def shared(self) -> tuple[Attribute, ...]:
        """Attributes of the whole object."""
        return (self.series,) if self.images is None else (self.images, self.series)

    @property
    def instance_uids(self) -> tuple[str, ...]:
        """SOPInstanceUID of each image."""
        instances = _sequence_in(self.series, "ReferencedInstanceSequence")
        return tuple(str(uid.values[0]) for _, uid in instances)


def references_by_plane(
    source: SourceSeries, matching: Matching, *, volumes: int, has_place: bool
) -> PlaneReferences:
    """Return the source images in the plane of each slice.

    Parameters
    ----------
    source : SourceSeries
        The source series.
    matching : Matching
        Source slices of each slice.
    volumes : int
        Volumes of the result.
    has_place : bool
        Whether the result has a place in space. Each slice then names the images in its plane: of
        as many volumes as the source has, each those of its time point; of another number those of
        all. Without a place, each slice of each volume names one picture of the same rows and
        columns.
    """
    images = _SourceImages(source)
    preserved = _preserved(source, matching)
    volume_groups = _volume_groups(source, volumes)
    in_plane: Sequence[int | None] = matching.exact
    if not has_place:
        if volumes != source.volumes or not matching.same_pixels:
            in_plane = ()
    elif not source.grid.statement.has_place:
        in_plane = [None] * len(matching.exact)
    slices: list[Items] = []
    for group in volume_groups:
        for index in in_plane:
            items: list[Item] = []
            if index is not None:
                for volume in group:
                    items += images.items(_Selection((index,), (volume,), preserved))
            slices.append(tuple(items))
    all_slices = range(source.grid.shape[0])
    everything = [_Selection(all_slices, (volume,), "NO") for volume in range(source.volumes)]
    lossy = attribute("LossyImageCompression", "01")
    return PlaneReferences(
        series=images.series(everything),
        slices=tuple(slices),
        images=None if all(slices) else images.named(everything),
        is_lossy=lossy in source.all_attributes(),
    )


class _Selection(NamedTuple):
    """Source frames of one slice or frame of the result."""

    slices: Sequence[int]
    volumes: Sequence[int]
    preserved: str | None
    """SpatialLocationsPreserved."""


def _selections(source: SourceSeries, matching: Matching, volumes: int) -> list[_Selection]:
    """Return a selection for each slice or frame."""
    selections = []
    for group in _volume_groups(source, volumes):
        for slices, exact in zip(matching.slices, matching.exact, strict=True):
            preserved: str | None = "NO"
            if exact is not None and matching.same_pixels:
                preserved = _preserved(source, matching)
            elif exact is not None and matching.locations_preserved:
                preserved = None
            selections.append(_Selection(slices, group, preserved))
    return selections


def _preserved(source: SourceSeries, matching: Matching) -> str | None:
    """Return SpatialLocationsPreserved of an image in the plane of a slice.

    None for a mosaic, whose pixels lie elsewhere in the whole image.
    """
    if source.are_tiles and matching.same_pixels:
        return None
    return "YES" if matching.same_pixels else "NO"


def _volume_groups(source: SourceSeries, volumes: int) -> list[range]:
    """Return the source volumes of each result volume.

    All are one group if the numbers of volumes differ.
    """
    if volumes != source.volumes:
        return [range(source.volumes)]
    return [range(volume, volume + 1) for volume in range(volumes)]


def _per(selections: Sequence[_Selection], matching: Matching) -> Literal["slice", "frame"]:
    if len(selections) > len(matching.slices):
        return "frame"
    return "slice"


def _in_files(
    images: _SourceImages, selections: Sequence[_Selection], per: Literal["slice", "frame"]
) -> SourceReferences:
    """Return the references of single-frame files."""
    named: dict[_Selection, Values] = {}
    series: dict[_Selection, Values] = {}
    for selection in dict.fromkeys(selections):
        items = images.items(selection)
        named[selection] = series[selection] = None
        if items:
            named[selection] = items
            series[selection] = images.series([selection]).values
    columns = []
    for keyword, values in {_IMAGES: named, _SERIES: series}.items():
        values_by_file = tuple(values[selection] for selection in selections)
        columns.append(Column(keyword=keyword, per=per, values=values_by_file, vr="SQ"))
    return SourceReferences(columns=tuple(columns))


def _in_group(
    items: Sequence[Items],
    per: Literal["slice", "frame"],
    shared: Sequence[Attribute],
    derivation: Attribute,
) -> SourceReferences:
    """Return the functional group, shared or per frame.

    Never both: PS3.3 section C.7.6.16.
    """
    if all(images == items[0] for images in items):
        group = attribute(_GROUP, (attribute(_IMAGES, *items[0]), derivation))
        return SourceReferences(shared=(*shared, group))
    # Type 2: a frame without source images has the sequence without items.
    column = Column(keyword=_IMAGES, per=per, values=tuple(items), vr="SQ")
    group_per_frame = VaryingGroup(_GROUP, (Leaf(_IMAGES, _IMAGES), derivation))
    return SourceReferences(shared=tuple(shared), columns=(column,), groups=(group_per_frame,))


class _SourceImages:
    """The images of a source as items, each made once."""

    def __init__(self, source: SourceSeries) -> None:
        self._source = source
        self._frame_counts = _frame_counts(source)
        self._instances: dict[str, Item] = {}
        for frame in source.frames:
            self._instances[frame.sop_instance_uid] = (
                attribute("ReferencedSOPClassUID", frame.sop_class_uid),
                attribute("ReferencedSOPInstanceUID", frame.sop_instance_uid),
            )
        self._frames: dict[_Selection, dict[str, list[int]]] = {}
        self._items: dict[_Selection, Items] = {}
        self._whole_instances: dict[tuple[str, str | None], Item] = {}

    def items(self, selection: _Selection) -> Items:
        """Return the items of SourceImageSequence, one per instance."""
        if selection not in self._items:
            items: list[Item] = []
            for uid, numbers in self._frame_numbers(selection).items():
                items += self._references(uid, numbers, selection.preserved)
            self._items[selection] = tuple(items)
        return self._items[selection]

    def named(self, selections: Iterable[_Selection]) -> Attribute:
        """Return SourceImageSequence with the instances of some selections."""
        return attribute(_IMAGES, *dict.fromkeys(chain.from_iterable(map(self.items, selections))))

    def series(self, selections: Iterable[_Selection]) -> Attribute:
        """Return ReferencedSeriesSequence with the instances of some selections."""
        uids: dict[str, None] = {}
        for selection in dict.fromkeys(selections):
            uids |= dict.fromkeys(self._frame_numbers(selection))
        instances = [self._instances[uid] for uid in uids]
        item = (
            attribute("ReferencedInstanceSequence", *instances),
            attribute("SeriesInstanceUID", self._source.series_uid),
        )
        return attribute(_SERIES, item)

    def evidence(self, series: Attribute) -> Attribute:
        """Return SourceImageEvidenceSequence with the instances of a series (table C.17-3)."""
        instances = _sequence_in(series, "ReferencedInstanceSequence")
        item = (
            attribute("ReferencedSOPSequence", *instances),
            attribute("SeriesInstanceUID", self._source.series_uid),
        )
        study = attribute("StudyInstanceUID", self._source.study_uid)
        return attribute(_EVIDENCE, (attribute(_SERIES, item), study))

    def _frame_numbers(self, selection: _Selection) -> dict[str, list[int]]:
        """Return frame numbers by instance, none for a single-frame one.

        A place without a frame in a sparse multi-frame file is left out.
        """
        if selection not in self._frames:
            numbers: dict[str, list[int]] = {}
            for index in selection.slices:
                for volume in selection.volumes:
                    frame = self._source.frames[volume * self._source.grid.shape[0] + index]
                    if frame.frame_numbers:
                        numbers.setdefault(frame.sop_instance_uid, []).extend(frame.frame_numbers)
                    elif frame.sop_instance_uid not in self._frame_counts:
                        numbers.setdefault(frame.sop_instance_uid, [])
            self._frames[selection] = numbers
        return self._frames[selection]

    def _references(self, uid: str, numbers: list[int], preserved: str | None) -> list[Item]:
        """Return the items of an instance.

        One for all of its frames has no numbers (Type 1C), nor has one of a single-frame class.
        """
        end: Item = (_PURPOSE,)
        if preserved is not None:
            end = (attribute("SpatialLocationsPreserved", preserved), _PURPOSE)
        is_whole = len(set(numbers)) in {0, self._frame_counts.get(uid)}
        if is_whole or self._instances[uid][0].values[0] in SINGLE_FRAME:
            item = self._whole_instances.setdefault((uid, preserved), (*self._instances[uid], *end))
            return [item]
        items = []
        for start in range(0, len(numbers), _MOST_NUMBERS):
            texts = map(str, numbers[start : start + _MOST_NUMBERS])
            items.append((*self._instances[uid], attribute("ReferencedFrameNumber", *texts), *end))
        return items


def _sequence_in(sequence: Attribute, keyword: str) -> Items:
    """Return the items of a sequence in an item."""
    return by_keyword(first_item(sequence))[keyword].values  # type: ignore[return-value]


def _requires_evidence(sop_class_uid: str) -> bool:
    """Return whether the class requires source image evidence.

    It names its source images by study at the top level (Type 1C).
    """
    for module, _ in IOD_MODULES.get(sop_class_uid, ()):
        for requirement in module_requirements(module):
            if requirement.path == (_EVIDENCE,):
                return True
    return False


def _frame_counts(source: SourceSeries) -> dict[str, int]:
    """Return NumberOfFrames of each multi-frame instance.

    Or the count of its frames here.
    """
    counts: dict[str, int] = Counter()
    stated: dict[str, str] = {}
    for frame in source.frames:
        if frame.frame_numbers:
            uid = frame.sop_instance_uid
            counts[uid] += len(frame.frame_numbers)
            stated[uid] = first_text(frame.get("NumberOfFrames") or source.get("NumberOfFrames"))
    for uid, text in stated.items():
        if text.isdecimal():
            counts[uid] = int(text)
    return counts
