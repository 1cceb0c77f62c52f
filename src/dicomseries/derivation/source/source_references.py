"""From a matching to what a derived series says of the images it comes from.

Each slice or frame names the images that contribute to it (PS3.3 sections C.7.6.1.1.4 and C.7.6.16.2.6), and each file
names the same by series (section C.12.2). Which volumes of a source of several contribute is no matter of geometry: as
many volumes as the source has come from one each, in order; any other number (a mean over time, a map of a
parameter) from all volumes together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from dicomseries.derivation.source.derivation_codes import IMAGE_PROCESSING, SOURCE_IMAGE
from dicomseries.derivation.source.slice_matching import Matching
from dicomseries.derivation.source.source_record import SourceSeries
from dicomseries.iod import Leaf, Part, VaryingGroup
from dicomseries.plan import Column
from dicomseries.standard.attribute import Attribute, Item, Value, attribute
from dicomseries.standard.modules import FUNCTIONAL_GROUPS, IOD_MODULES, MODULES

__all__ = ["SourceReferences", "references_to_source"]

_MOST_NUMBERS = 5000
"""Frame numbers in one item: IS texts of 12 characters in the 65,534 bytes of an explicit VR (PS3.5 section 7.1.2)."""

_PURPOSE = attribute("PurposeOfReferenceCodeSequence", SOURCE_IMAGE)
_GROUP = "DerivationImageSequence"
_EVIDENCE = "SourceImageEvidenceSequence"

Per = Literal["slice", "frame"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceReferences:
    """What a derived series says of its source.

    Parameters
    ----------
    shared : tuple of Attribute
        The same for all slices or frames; a functional group among them belongs to all frames.
    columns : tuple of Column
        What differs: of classic results attributes of the files, of multi-frame ones what fills the holes of `groups`.
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
        """Return them without some attributes.

        Examples
        --------
        >>> SourceReferences(shared=(attribute("SourceImageSequence"),)).without({"SourceImageSequence"}).shared
        ()
        """
        return SourceReferences(
            shared=tuple(one for one in self.shared if one.keyword not in keywords),
            columns=tuple(
                one for one in self.columns if self.groups or one.keyword not in keywords
            ),
            groups=tuple(one for one in self.groups if one.keyword not in keywords),
        )


def references_to_source(
    source: SourceSeries,
    matching: Matching,
    *,
    is_multi_frame: bool,
    volumes: int = 1,
    code: Item | None = None,
    description: str | None = None,
    sop_class_uid: str = "",
) -> SourceReferences:
    """Return what the slices or frames of a derived series refer to.

    Parameters
    ----------
    source : SourceSeries
        Where it comes from.
    matching : Matching
        Which of its slices each slice comes from. Where there is none at all (another space), all images are named:
        any of them may have contributed.
    is_multi_frame : bool
        Whether all frames of the result are in one file.
    volumes : int
        Of the result.
    code : Item, optional
        Of DerivationCodeSequence. In a functional group it is of Type 1, and "Image Processing" where it is not known.
    description : str, optional
        DerivationDescription (ST) of the functional group.
    sop_class_uid : str
        Of the result, if multi-frame: some classes have no functional group for it (multi-frame secondary capture) and
        name all images at the top level; some (enhanced CT and MR) want them once more, by study.

    Notes
    -----
    PS3.3 table 10-3 (Image SOP Instance Reference Macro), sections C.12.2 (Common Instance Reference), C.7.6.16.2.6
    (Derivation Image) and C.8.13.2 (evidence). SpatialLocationsPreserved is YES where a pixel is called by the same
    row and column in both images, not there where the pixels are the same ones yet called otherwise (crops, flips),
    else NO.

    Examples
    --------
    >>> from dicomseries.derivation.source.slice_matching import match
    >>> from dicomseries.geometry import Grid
    >>> grid = Grid(shape=(2, 5, 6), spacing_mm=(1, 1, 2))
    >>> from dicomseries.derivation.source.source_record import SourceFrame
    >>> frames = tuple(SourceFrame(sop_class_uid="1.2", sop_instance_uid=f"1.3.{z}", position_lps=grid.position(z))
    ...                for z in range(2))
    >>> source = SourceSeries(kind="CT", sop_class_uid="1.2", modality="CT", study_uid="1", series_uid="2",
    ...                 frame_of_reference_uid="3", grid=grid, frames=frames)
    >>> found = references_to_source(source, match(source, grid), is_multi_frame=False)
    >>> [(column.keyword, column.per, len(column.values)) for column in found.columns]
    [('SourceImageSequence', 'slice', 2), ('ReferencedSeriesSequence', 'slice', 2)]
    """
    images = _Images(source)
    entries = () if matching.is_empty else tuple(_entries(source, matching, volumes))
    per: Per = "frame" if len(entries) > len(matching.slices) else "slice"
    if entries and not is_multi_frame:
        return _classic(images, entries, per)
    used = entries or (
        _Entry(tuple(range(source.grid.shape[0])), tuple(range(source.volumes)), "NO"),
    )
    series = images.series(used)
    if is_multi_frame and _GROUP in FUNCTIONAL_GROUPS.get(sop_class_uid, (_GROUP,)):
        evidence = (images.evidence(series),) if _wants_evidence(sop_class_uid) else ()
        return _grouped(
            [images.items(entry) for entry in used],
            per,
            (series, *evidence),
            _fixed(code, description),
        )
    named = dict.fromkeys(item for entry in used for item in images.items(entry))
    return SourceReferences(shared=(attribute("SourceImageSequence", *named), series))


class _Entry(NamedTuple):
    """Slices and volumes of the source that a slice or frame comes from, and SpatialLocationsPreserved."""

    slices: tuple[int, ...]
    volumes: tuple[int, ...]
    preserved: str | None


_ByEntry: TypeAlias = dict[_Entry, tuple[Value, ...] | None]


def _entries(source: SourceSeries, matching: Matching, volumes: int) -> Iterator[_Entry]:
    """Yield an entry for each slice; for each slice of each volume where the volumes come from one each."""
    each = volumes == source.volumes
    for group in (
        [(volume,) for volume in range(volumes)] if each else [tuple(range(source.volumes))]
    ):
        for found, exact in zip(matching.slices, matching.exact, strict=True):
            yield _Entry(found, group, _preserved(matching, exact))


def _preserved(matching: Matching, exact: int | None) -> str | None:
    if exact is not None and matching.same_pixels:
        return "YES"
    return None if exact is not None and matching.locations_preserved else "NO"


def _fixed(code: Item | None, description: str | None) -> tuple[Attribute, ...]:
    said = attribute("DerivationCodeSequence", code or IMAGE_PROCESSING)
    return (
        (said,) if description is None else (attribute("DerivationDescription", description), said)
    )


def _classic(images: _Images, entries: Sequence[_Entry], per: Per) -> SourceReferences:
    named: _ByEntry = {entry: images.items(entry) or None for entry in dict.fromkeys(entries)}
    series: _ByEntry = {
        entry: images.series([entry]).values if found else None for entry, found in named.items()
    }
    return SourceReferences(
        columns=(
            Column(
                keyword="SourceImageSequence",
                per=per,
                values=tuple(map(named.get, entries)),
                vr="SQ",
            ),
            Column(
                keyword="ReferencedSeriesSequence",
                per=per,
                values=tuple(map(series.get, entries)),
                vr="SQ",
            ),
        )
    )


def _grouped(
    named: Sequence[tuple[Item, ...]],
    per: Per,
    shared: tuple[Attribute, ...],
    fixed: tuple[Attribute, ...],
) -> SourceReferences:
    """Return the functional group: shared or per frame, never both (PS3.3 section C.7.6.16)."""
    if all(items == named[0] for items in named):
        item = sorted(
            (*fixed, attribute("SourceImageSequence", *named[0])), key=lambda one: one.tag
        )
        return SourceReferences(shared=(*shared, attribute(_GROUP, tuple(item))))
    # Type 2: a frame without source images has the sequence all the same, without items
    column = Column(keyword="SourceImageSequence", per=per, values=tuple(named), vr="SQ")
    parts: list[Part] = [*fixed, Leaf(column.keyword, column.keyword)]
    group = VaryingGroup(_GROUP, tuple(sorted(parts, key=lambda one: one.tag)))
    return SourceReferences(shared=shared, columns=(column,), groups=(group,))


class _Images:
    """The images of a source as items; what is asked for again is not made again."""

    def __init__(self, source: SourceSeries) -> None:
        self._source = source
        self._numbers: dict[str, set[int]] = {}
        for frame in source.frames:
            if frame.frame_number is not None:
                self._numbers.setdefault(frame.sop_instance_uid, set()).add(frame.frame_number)
        self._classes = {frame.sop_instance_uid: frame.sop_class_uid for frame in source.frames}
        self._counts = _counts(source)
        self._uids: dict[_Entry, dict[str, list[int]]] = {}
        self._items: dict[_Entry, tuple[Item, ...]] = {}
        self._made: dict[tuple[str, str | None], Item] = {}
        self._instances = {uid: self._instance(uid) for uid in self._classes}

    def items(self, entry: _Entry) -> tuple[Item, ...]:
        """Return the items of SourceImageSequence: one an instance, with the frames of it."""
        if entry not in self._items:
            found = self._frames(entry).items()
            self._items[entry] = tuple(
                item for uid, numbers in found for item in self._of(uid, numbers, entry.preserved)
            )
        return self._items[entry]

    def series(self, entries: Iterable[_Entry]) -> Attribute:
        """Return ReferencedSeriesSequence with the instances of some entries."""
        uids = dict.fromkeys(uid for entry in dict.fromkeys(entries) for uid in self._frames(entry))
        item = (
            attribute("ReferencedInstanceSequence", *(self._instances[uid] for uid in uids)),
            attribute("SeriesInstanceUID", self._source.series_uid),
        )
        return attribute("ReferencedSeriesSequence", item)

    def evidence(self, series: Attribute) -> Attribute:
        """Return SourceImageEvidenceSequence (PS3.3 table C.17-3) with the instances of a ReferencedSeriesSequence."""
        item = (
            attribute("ReferencedSOPSequence", *_inside(series, "ReferencedInstanceSequence")),
            attribute("SeriesInstanceUID", self._source.series_uid),
        )
        study = attribute("StudyInstanceUID", self._source.study_uid)
        return attribute(_EVIDENCE, (attribute("ReferencedSeriesSequence", item), study))

    def _frames(self, entry: _Entry) -> dict[str, list[int]]:
        """Return the frame numbers by instance, none for a classic one; a place without a frame is left out."""
        if entry not in self._uids:
            found: dict[str, list[int]] = {}
            frames, slices = self._source.frames, self._source.grid.shape[0]
            for index in entry.slices:
                for volume in entry.volumes:
                    frame = frames[volume * slices + index]
                    if frame.frame_number is not None:
                        found.setdefault(frame.sop_instance_uid, []).append(frame.frame_number)
                    elif frame.sop_instance_uid not in self._numbers:
                        found.setdefault(frame.sop_instance_uid, [])
            self._uids[entry] = found
        return self._uids[entry]

    def _of(self, uid: str, numbers: list[int], preserved: str | None) -> Iterator[Item]:
        """Yield the items of an instance; a reference to all of its frames has no numbers (Type 1C)."""
        if len(set(numbers)) in (0, self._counts.get(uid)):
            if (uid, preserved) not in self._made:
                self._made[uid, preserved] = self._item(uid, [], preserved)
            yield self._made[uid, preserved]
            return
        for first in range(0, len(numbers), _MOST_NUMBERS):
            yield self._item(uid, numbers[first : first + _MOST_NUMBERS], preserved)

    def _item(self, uid: str, numbers: Sequence[int], preserved: str | None) -> Item:
        frames = (attribute("ReferencedFrameNumber", *map(str, numbers)),) if numbers else ()
        said = (attribute("SpatialLocationsPreserved", preserved),) if preserved else ()
        return (*self._instances[uid], *frames, *said, _PURPOSE)

    def _instance(self, uid: str) -> Item:
        return (
            attribute("ReferencedSOPClassUID", self._classes[uid]),
            attribute("ReferencedSOPInstanceUID", uid),
        )


def _inside(sequence: Attribute, keyword: str) -> tuple[Value, ...]:
    items = (one for item in sequence.values if isinstance(item, tuple) for one in item)
    return next(one.values for one in items if one.keyword == keyword)


def _wants_evidence(sop_class_uid: str) -> bool:
    """Return whether the class has the images of its functional groups once more at the top level, by study (1C)."""
    modules = (module for module, _ in IOD_MODULES.get(sop_class_uid, ()))
    return any(one.path == (_EVIDENCE,) for module in modules for one in MODULES.get(module, ()))


def _counts(source: SourceSeries) -> dict[str, int]:
    """Return how many frames each multi-frame instance has: as it says, or as many as there are here."""
    counts = Counter(
        frame.sop_instance_uid for frame in source.frames if frame.frame_number is not None
    )
    own = {frame.sop_instance_uid: frame.own for frame in source.frames}
    for uid in counts:
        said = next(
            (one for one in (*own[uid], *source.shared) if one.keyword == "NumberOfFrames"), None
        )
        text = "" if said is None or said.is_empty else str(said.values[0]).strip()
        counts[uid] = int(text) if text.isdecimal() else counts[uid]
    return counts
