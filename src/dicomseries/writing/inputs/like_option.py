"""What `like=` means: from the series on disk to what the result takes over and refers to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from dicomseries.derivation import (
    KEPT_ILLEGAL,
    VALUE_RULE_OF,
    Inherited,
    Lineage,
    Matching,
    PlaneReferences,
    SourceReferences,
    SourceSeries,
    inherit,
    match,
    match_pictures,
    meaning_of,
    references_by_plane,
    references_to_source,
    screened,
    with_screening,
    without_user_groups,
)
from dicomseries.errors import GeometryError, KindError
from dicomseries.iod import Absent, Leaf, names_quantity
from dicomseries.metadata import Metadata
from dicomseries.options import WriteOptions
from dicomseries.plan import SOFTWARE_VERSION, Column
from dicomseries.sources import Volume
from dicomseries.standard.attribute import Attribute, attribute
from dicomseries.standard.modules import FUNCTIONAL_GROUPS
from dicomseries.standard.value_representations import text_fault
from dicomseries.writing.inputs.picture_spacing import spacing_of_pictures
from dicomseries.writing.inputs.write_request import WriteRequest

__all__ = ["kind_of", "lineage_of"]

_TOGETHER = {"ContrastBolusAgentSequence": "ContrastBolusUsageSequence"}
_TIME_BASE = (
    "SeriesDate",
    "SeriesTime",
    "AcquisitionDate",
    "AcquisitionTime",
    "AcquisitionDateTime",
)
"""Attributes that state the moment from which the times of PET count."""
_CITING = frozenset(
    {
        "DerivationImageSequence",
        "ReferencedSeriesSequence",
        "SourceImageEvidenceSequence",
        "SourceImageSequence",
        "FrameOfReferenceUID",
        "StudyInstanceUID",
    }
)
"""What holds UIDs of the source as they are."""


def kind_of(kind: str | None, source: SourceSeries) -> str:
    """Return the kind of the result: the one asked for, else the source's.

    Raises
    ------
    KindError
        If the source is of a class that arrays are not written as.
    """
    if kind is not None:
        return kind
    if source.kind is not None and source.kind != "Segmentation":
        return source.kind
    raise KindError(
        code="kind-of-source-unknown",
        where="kind",
        given=f"a source of the class {source.sop_class_uid} ({source.modality or 'no modality'})",
        expected="`kind=`, as no array is written as that",
        remedy="Pass the kind of the result, such as `kind='SC'`, 'MR' or 'Segmentation'.",
    )


def lineage_of(source: SourceSeries, volume: Volume, request: WriteRequest) -> WriteRequest:
    """Return the request with what comes from the source; what the user has said wins.

    Parameters
    ----------
    source : SourceSeries
        The series.
    volume : Volume
        The result, slices in any order along the normal.
    request : WriteRequest
        What was asked.

    Raises
    ------
    GeometryError
        If the result stands nowhere near the source, and is not said to stand elsewhere.
    """
    options = request.options
    grid = volume.along_normal().grid
    in_space = options.same_space is not False
    has_plane = source.grid.statement.has_place and grid.statement.has_place
    matching = (
        match(source, grid, same_space=in_space) if has_plane else match_pictures(source, grid)
    )
    if in_space and has_plane and not any(matching.slices):
        raise _apart(options, source)
    screening = screened(
        source,
        request.kind.sop_class_uid,
        leave_out=request.left_out,
        keep_private=options.keep_private,
    )
    source = screening.source
    inherited = inherit(
        source,
        matching,
        kind=request.kind,
        keep_private=options.keep_private,
        description=options.description,
        moment=request.options.now,
        model=options.model,
        software=f"dicomseries {SOFTWARE_VERSION}",
        volumes=volume.volumes or 1,
    )
    cited, planes = _references(source, matching, volume, request)
    meaning = meaning_of(source, request.kind)
    of_values = (one for one in meaning.attributes if one.keyword not in request.left_out)
    implied = (*of_values,) if request.is_segmentation else (*_code(options, cited), *of_values)
    written = (row.keyword for row in request.kind.all_rows if isinstance(row.source, Absent))
    inherited = _rebased(inherited, request)
    said = request.metadata.without(*request.left_out)
    own, groups, lost = _unclaimed(inherited, request)
    left = (*written, *_ungrouped(inherited, request), *request.left_out)
    metadata = (
        replace(inherited.metadata, attributes=own).without(*left).having(*cited.shared, *implied)
    )
    columns = tuple(one for one in inherited.columns if one.keyword not in request.left_out)
    holes = tuple(Leaf(one.keyword, one.keyword) for one in groups)
    spacing = spacing_of_pictures(source, grid, request.kind)
    metadata = metadata.without(*spacing.dropped).having(*spacing.kept)
    keeps_space = in_space and source.frame_of_reference_uid
    is_multi_frame = request.kind.is_multi_frame
    ties = frozenset(
        keyword
        for keyword, (_, outcome) in screening.outcomes.items()
        if outcome.startswith(KEPT_ILLEGAL)
    )
    lineage = Lineage(
        study_uid=source.study_uid,
        frame_of_reference_uid=source.frame_of_reference_uid if keeps_space else "",
        columns=(*columns, *(() if is_multi_frame else cited.columns)),
        groups=(*cited.groups, *holes),
        group_columns=(*cited.columns, *groups) if is_multi_frame else (),
        meaning=meaning,
        of_values=_of_values(metadata, inherited, request),
        stated=frozenset(request.metadata.keywords),
        decisions=tuple(
            (one.attribute, one.source, one.outcome)
            for one in spacing.told(with_screening(inherited.decisions, screening))
        ),
        advice=(
            *_warned(options, source),
            *screening.advice,
            *spacing.advice,
            *matching.advice,
            *inherited.advice,
            *_left_out(inherited, request),
            *lost,
        ),
        planes=planes,
        verbatim=_verbatim(source, inherited, cited) - {one.keyword for one in said.attributes},
        ties=ties | {"LossyImageCompression"} | (_CITING if _odd_uids(source) else frozenset()),
        source_number=_series_number(source),
        source_uids=_uids(source),
    )
    taken = replace(metadata, verbatim=frozenset(_unchanged(source, inherited)))
    return replace(request, metadata=taken.having(*said.attributes), lineage=lineage)


def _rebased(inherited: Inherited, request: WriteRequest) -> Inherited:
    """Return what is taken over without the source's time base and what counts from it, if the user states another."""
    stated = {*request.metadata.keywords, *request.per_volume}
    if not request.kind.has_time_base or stated.isdisjoint(_TIME_BASE):
        return inherited
    counted = {"SeriesDate", "SeriesTime", "FrameReferenceTime"}
    columns = tuple(one for one in inherited.columns if one.keyword not in counted | stated)
    return replace(inherited, metadata=inherited.metadata.without(*counted), columns=columns)


def _unclaimed(
    inherited: Inherited, request: WriteRequest
) -> tuple[tuple[Attribute, ...], tuple[Column, ...], Iterator[str]]:
    """Return what comes from the source without functional groups that the user fills, and advice on them."""
    claimed = frozenset((*request.metadata.keywords, *request.per_volume)) - request.left_out
    there = frozenset(FUNCTIONAL_GROUPS.get(request.kind.sop_class_uid, ()))
    own = {one.keyword: one for one in inherited.metadata.attributes}
    handed = {keyword: one for keyword, one in own.items() if keyword in there}
    kept, groups, lost = without_user_groups(request.kind, claimed, handed, inherited.groups)
    others = {keyword: one for keyword, one in own.items() if keyword not in there}
    texts = (
        f"{keyword} of the source is left out, as you fill its functional group."
        for keyword in lost
    )
    return tuple({**kept, **others}.values()), groups, texts


def _ungrouped(inherited: Inherited, request: WriteRequest) -> tuple[str, ...]:
    """Return what a multi-frame object may only say beside a functional group that differs from frame to frame.

    PS3.3 section C.7.6.4b: a contrast agent that is described needs its use in every frame, for which a new frame
    between those of the source has no answer.
    """
    there = {one.keyword for one in inherited.metadata.attributes}
    pairs = _TOGETHER.items() if request.kind.is_multi_frame else ()
    return tuple(keyword for keyword, group in pairs if keyword in there and group not in there)


def _left_out(inherited: Inherited, request: WriteRequest) -> Iterator[str]:
    for keyword in _ungrouped(inherited, request):
        yield f"{keyword} of the source is left out, as {_TOGETHER[keyword]} differs from frame to frame there."


def _references(
    source: SourceSeries, matching: Matching, volume: Volume, request: WriteRequest
) -> tuple[SourceReferences, PlaneReferences | None]:
    """Return the references to the source, and those by plane of a Segmentation.

    Images without SOPInstanceUID or SOPClassUID cannot be named (Type 1 in the items).
    """
    if not all(frame.sop_instance_uid and frame.sop_class_uid for frame in source.frames):
        return SourceReferences(), None
    volumes = volume.volumes or 1
    planes = None
    if request.is_segmentation:
        has_place = volume.grid.statement.has_place
        planes = references_by_plane(source, matching, volumes=volumes, has_place=has_place)
        references = SourceReferences(shared=(planes.series,))
    else:
        references = references_to_source(
            source,
            matching,
            is_multi_frame=request.kind.is_multi_frame,
            volumes=volumes,
            code=request.options.derivation,
            sop_class_uid=request.kind.sop_class_uid,
        )
    return _nameable(references, source).without(request.left_out), planes


def _nameable(cited: SourceReferences, source: SourceSeries) -> SourceReferences:
    """Return the references without those that need a UID which the source has not (Type 1 in their items)."""
    unnamed = (
        set() if source.series_uid else {"ReferencedSeriesSequence", "SourceImageEvidenceSequence"}
    )
    unnamed |= set() if source.study_uid else {"SourceImageEvidenceSequence"}
    return replace(
        cited,
        shared=tuple(one for one in cited.shared if one.keyword not in unnamed),
        columns=tuple(one for one in cited.columns if one.keyword not in unnamed),
    )


def _unchanged(source: SourceSeries, inherited: Inherited) -> Iterator[str]:
    """Yield the keywords of what is said as the source says it; what was changed or added is ours to answer for."""
    own = {one for frame in source.frames for one in frame.attributes} | set(source.shared)
    return (one.keyword for one in inherited.metadata.attributes if one in own)


def _verbatim(
    source: SourceSeries, inherited: Inherited, cited: SourceReferences
) -> frozenset[str]:
    """Return the attributes whose values are the source's, and no fault of the writer."""
    attributes = (*_unchanged(source, inherited), *(one.keyword for one in cited.shared))
    columns = (one.keyword for one in (*inherited.columns, *cited.columns))
    groups = (one.keyword for one in cited.groups)
    return frozenset({*attributes, *columns, *groups, "StudyInstanceUID", "FrameOfReferenceUID"})


def _code(options: WriteOptions, cited: SourceReferences) -> Iterator[Attribute]:
    """Yield what was done; where frames have a functional group for it, it stands there."""
    stands_in_group = cited.groups or any(
        one.keyword == "DerivationImageSequence" for one in cited.shared
    )
    if options.derivation is not None and not stands_in_group:
        yield attribute("DerivationCodeSequence", options.derivation)


def _series_number(source: SourceSeries) -> int:
    """Return SeriesNumber of the source; 0 where it has none."""
    own = source.get("SeriesNumber")
    text = str(own.values[0]).strip() if own is not None and not own.is_empty else ""
    return int(text) if text.isascii() and text.lstrip("+-").isdigit() else 0


def _uids(source: SourceSeries) -> dict[str, str]:
    """Return the UIDs of the source, and what each is the UID of."""
    found = {frame.sop_instance_uid: "SOPInstanceUID of an image" for frame in source.frames}
    found[source.series_uid] = "SeriesInstanceUID"
    found[source.study_uid] = "StudyInstanceUID"
    found[source.frame_of_reference_uid] = "FrameOfReferenceUID"
    return {uid: owner for uid, owner in found.items() if uid}


def _odd_uids(source: SourceSeries) -> list[str]:
    """Return the UIDs of the source that are not legal, and that the result names all the same."""
    return [uid for uid in _uids(source) if text_fault("UI", uid)]


def _warned(options: WriteOptions, source: SourceSeries) -> Iterator[str]:
    odd = _odd_uids(source)
    if odd:
        yield (
            f"{len(odd)} UIDs of the source are not legal, such as {odd[0]}: the result names its images by them, "
            "and check calls that an error."
        )
    if not all(frame.sop_instance_uid and frame.sop_class_uid for frame in source.frames):
        yield "Images of the source have no SOPInstanceUID or SOPClassUID: the result does not name them."
    if (
        options.same_space is not False
        and source.study_uid
        and source.study_uid == source.frame_of_reference_uid
    ):
        yield (
            "StudyInstanceUID and FrameOfReferenceUID of the source are one UID, and the result has it for both, "
            "to stay in its study and space. Tell the maker of the source: a UID names one thing (SER-011)."
        )
    if not source.study_uid:
        yield "The source has no StudyInstanceUID: the result is in a study of its own."
    if options.same_space is False:
        yield (
            "The result has a Frame of Reference of its own: viewers will not lay it over the series it comes from. "
            "Leave out `same_space=False` if it lies where that does."
        )


def _of_values(metadata: Metadata, inherited: Inherited, request: WriteRequest) -> frozenset[str]:
    """Return what was taken over for as long as the values are the source's quantity."""
    taken = {*metadata.keywords, *(one.keyword for one in inherited.columns)}
    judged = {
        keyword
        for keyword in taken & VALUE_RULE_OF.keys()
        if not VALUE_RULE_OF[keyword].is_always_kept
    }
    if not names_quantity(request.kind):
        judged.discard("ImageType")  # only of MR it names the quantity
    return frozenset(judged - set(request.metadata.keywords))


def _apart(options: WriteOptions, source: SourceSeries) -> GeometryError:
    return GeometryError(
        code="apart-from-source",
        where="like",
        given=f"an array that no slice of {options.like} meets",
        expected=f"a place among the source's slices, from {source.frames[0].position_lps} to "
        f"{source.frames[-1].position_lps} (LPS mm)",
        remedy="Check `spacing=`, `origin=` or `affine=`, or pass `same_space=False` for an array that stands elsewhere.",
    )
