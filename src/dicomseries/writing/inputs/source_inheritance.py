"""Attributes and references from the source series (`like=`)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from dicomseries.derivation import (
    DIFFERING_VOLUMES,
    KEPT_ILLEGAL,
    VALUE_RULE_OF,
    Inheritance,
    Inherited,
    Matching,
    Meaning,
    PlaneReferences,
    SourceReferences,
    SourceSeries,
    group_members,
    inherit,
    match,
    match_pictures,
    match_planes,
    meaning_of,
    references_by_plane,
    references_to_source,
    screened,
    unknown_terms,
    unknown_terms_advice,
    with_screening,
    with_unknown_terms,
    without_user_groups,
)
from dicomseries.errors import GeometryError, runs_of
from dicomseries.geometry import Grid
from dicomseries.iod import Absent, Leaf, names_quantity
from dicomseries.metadata import Metadata
from dicomseries.options import WriteOptions
from dicomseries.plan import SOFTWARE_VERSION, Column
from dicomseries.reading import name_of_files
from dicomseries.slice_planes import SlicePlanes
from dicomseries.sources import Volume
from dicomseries.standard.attributes.attribute import Attribute, attribute
from dicomseries.standard.attributes.value_representations import text_fault
from dicomseries.standard.known_readers import OVERLAY_LIMITS
from dicomseries.standard.objects.modules import FUNCTIONAL_GROUPS
from dicomseries.writing.inputs.picture_spacing import (
    TEXT_ADVICE,
    spacing_of_pictures,
    text_in_pictures,
)
from dicomseries.writing.inputs.write_request import WriteRequest

__all__ = ["result_kind", "with_inheritance"]

_GROUP_OF = {"ContrastBolusAgentSequence": "ContrastBolusUsageSequence"}
"""Attributes of a multi-frame object that need a functional group."""
_TIME_BASE = frozenset(
    {"SeriesDate", "SeriesTime", "AcquisitionDate", "AcquisitionTime", "AcquisitionDateTime"}
)
"""Attributes that state the moment from which the times of PET count."""
_MOMENT = "FrameReferenceTime"
_COUNTED_TIMES = frozenset({"SeriesDate", "SeriesTime", _MOMENT})
_WITH_SOURCE_UIDS = frozenset(
    {
        "DerivationImageSequence",
        "ReferencedSeriesSequence",
        "SourceImageEvidenceSequence",
        "SourceImageSequence",
        "FrameOfReferenceUID",
        "StudyInstanceUID",
    }
)
"""Attributes that hold UIDs of the source as they are."""


def result_kind(kind: str | None, source: SourceSeries) -> str:
    """Return the user's kind, else the source's.

    Raises
    ------
    KindError
        If the source is of a class that arrays are not written as.
    """
    if kind is not None:
        return kind
    if source.kind is not None and source.kind != "Segmentation":
        return source.kind
    from dicomseries.writing.inputs.suggested_kinds import kind_unknown  # noqa: PLC0415 - of errors

    raise kind_unknown(source)


def with_inheritance(source: SourceSeries, volume: Volume, request: WriteRequest) -> WriteRequest:
    """Return the request with attributes of the source.

    The user's options win.

    Parameters
    ----------
    source : SourceSeries
        The series that the result is derived from.
    volume : Volume
        The result, slices in any order along the normal.
    request : WriteRequest
        The options, and the attributes of other inputs.

    Raises
    ------
    GeometryError
        If the result lies outside of the source, without `same_space=False`.
    """
    options = request.options
    grid = volume.along_normal().grid
    matching = _matching(source, grid, options)
    screening = screened(
        source,
        request.kind.sop_class_uid,
        leave_out=request.left_out,
        keep_private=options.keep_private,
    )
    source = screening.source
    inherited = _inherited(source, matching, volume, request)
    references, planes = _references(source, matching, volume, request)
    meaning = meaning_of(source, request.kind)
    spacing = spacing_of_pictures(source, grid, request.kind)
    attributes, groups, unused = _without_filled_groups(inherited, request)
    metadata = replace(inherited.metadata, attributes=attributes)
    metadata = metadata.without(*_left_out(inherited, request))
    metadata = metadata.having(*_added_attributes(references, meaning, request))
    metadata = metadata.without(*spacing.dropped).having(*spacing.valid)
    stated = request.metadata.without(*request.left_out)
    named = {*metadata.keywords, *stated.keywords, *request.per_volume, *request.left_out}
    is_same_class = source.sop_class_uid == request.kind.sop_class_uid
    unknown = unknown_terms(request.kind, source.modality, named, is_same_class=is_same_class)
    of_values = _attributes_of_values(metadata, inherited, request)
    text = text_in_pictures(source, request.kind, named)
    metadata = metadata.having(*unknown, *text)
    columns, group_columns = _columns(inherited, references, groups, request)
    judged = spacing.decisions(with_screening(inherited.decisions, screening))
    decisions = with_unknown_terms(judged, unknown)
    advice = (
        *_source_advice(request, source),
        *screening.advice,
        *unknown_terms_advice(unknown),
        *spacing.advice,
        *matching.advice,
        *inherited.advice,
        *_group_advice(inherited, request),
        *_clock_advice(inherited, volume, request),
        *unused,
        *(TEXT_ADVICE for _ in text),
        *_overlay_advice(source, matching, request),
        *_irregular_overlay_advice(grid, request),
    )
    inheritance = Inheritance(
        study_uid=source.study_uid,
        frame_of_reference_uid="" if options.same_space is False else source.frame_of_reference_uid,
        columns=columns,
        groups=(*references.groups, *(Leaf(group.keyword, group.keyword) for group in groups)),
        group_columns=group_columns,
        meaning=meaning,
        of_values=of_values,
        stated=frozenset(request.metadata.keywords),
        decisions=tuple((entry.attribute, entry.source, entry.outcome) for entry in decisions),
        advice=advice,
        planes=planes,
        verbatim=_source_keywords(source, inherited, references) - {*stated.keywords},
        ties=_ties(source, screening.outcomes),
        source_number=source.number,
        source_uids=source.uids,
    )
    verbatim = frozenset(_unchanged_keywords(source, inherited))
    metadata = replace(metadata, verbatim=verbatim).having(*stated.attributes)
    return replace(request, metadata=metadata, inheritance=inheritance)


def _matching(source: SourceSeries, grid: Grid, options: WriteOptions) -> Matching:
    if not (source.grid.statement.has_place and grid.statement.has_place):
        return match_pictures(source, grid)
    is_in_space = options.same_space is not False
    if isinstance(grid, SlicePlanes):
        matching = match_planes(source, grid, same_space=is_in_space)
    else:
        matching = match(source, grid, same_space=is_in_space)
    if is_in_space and not any(matching.slices):
        raise GeometryError(
            code="apart-from-source",
            where="like",
            given=f"an array that no slice of {name_of_files(options.like or '')} meets",
            expected=f"a place among the source's slices, from {source.frames[0].position_lps} to "
            f"{source.frames[-1].position_lps} (LPS mm)",
            remedy="Check `spacing=`, `origin=` or `affine=`, or pass `same_space=False` for an "
            "array that lies elsewhere.",
        )
    return matching


def _overlay_advice(
    source: SourceSeries, matching: Matching, request: WriteRequest
) -> Iterator[str]:
    """Yield advice about viewers that lay a result on its source pixel by pixel."""
    is_result = request.kind.name in {"Segmentation", "ParametricMap"}
    if request.options.same_space is False or not is_result:
        return
    if source.volumes > 1 and source.grid.statement.has_place:
        yield OVERLAY_LIMITS["source over time"]
    if request.kind.name == "Segmentation" and not matching.same_pixels:
        yield OVERLAY_LIMITS["part of a slice"]
    if request.kind.name == "ParametricMap" and matching.relation != "same grid":
        yield OVERLAY_LIMITS["part of a map"]


def _irregular_overlay_advice(grid: Grid, request: WriteRequest) -> Iterator[str]:
    """Yield advice about viewers that lay a result on irregular slices."""
    is_map = request.kind.name == "ParametricMap"
    if not isinstance(grid, SlicePlanes) or not (is_map or request.is_segmentation):
        return
    if "mixed-orientations" in grid.codes:
        yield OVERLAY_LIMITS["source of several orientations"]
    elif is_map and "spacing-uneven" in grid.codes:
        yield OVERLAY_LIMITS["map on single slices"]


def _inherited(
    source: SourceSeries, matching: Matching, volume: Volume, request: WriteRequest
) -> Inherited:
    """Return the source's attributes by the rules of derivation."""
    options = request.options
    inherited = inherit(
        source,
        matching,
        kind=request.kind,
        keep_private=options.keep_private,
        description=options.description,
        moment=options.now,
        model=options.model,
        derivation=options.derivation,
        software=f"dicomseries {SOFTWARE_VERSION}",
        volumes=volume.time_points,
    )
    return _without_stated_times(inherited, request)


def _columns(
    inherited: Inherited,
    references: SourceReferences,
    groups: tuple[Column, ...],
    request: WriteRequest,
) -> tuple[tuple[Column, ...], tuple[Column, ...]]:
    """Return columns of the top level, and of functional groups."""
    columns = tuple(
        column for column in inherited.columns if column.keyword not in request.left_out
    )
    if request.kind.is_multi_frame:
        return columns, (*references.columns, *groups)
    return columns + references.columns, ()


def _without_stated_times(inherited: Inherited, request: WriteRequest) -> Inherited:
    """Return inherited attributes without contradicted times."""
    stated = {*request.metadata.keywords, *request.per_volume}
    if not request.kind.has_time_base or stated.isdisjoint(_TIME_BASE):
        return inherited
    left_out = _COUNTED_TIMES | stated
    columns = tuple(column for column in inherited.columns if column.keyword not in left_out)
    metadata = inherited.metadata.without(*_COUNTED_TIMES)
    return replace(inherited, metadata=metadata, columns=columns)


# ----------------------------------------------------------------------------------- attributes
def _without_filled_groups(
    inherited: Inherited, request: WriteRequest
) -> tuple[tuple[Attribute, ...], tuple[Column, ...], list[str]]:
    """Return attributes and groups that the user leaves empty.

    The texts are advice about these.
    """
    claimed = frozenset((*request.metadata.keywords, *request.per_volume)) - request.left_out
    known_groups = frozenset(FUNCTIONAL_GROUPS.get(request.kind.sop_class_uid, ()))
    shared: dict[str, Attribute] = {}
    others: dict[str, Attribute] = {}
    for element in inherited.metadata.attributes:
        attributes = shared if element.keyword in known_groups else others
        attributes[element.keyword] = element
    shared, groups, unused = without_user_groups(request.kind, claimed, shared, inherited.groups)
    texts: list[str] = []
    for keyword in unused:
        texts.append(f"{keyword} of the source is left out, as you fill its functional group.")
    return tuple({**shared, **others}.values()), groups, texts


def _left_out(inherited: Inherited, request: WriteRequest) -> set[str]:
    """Return attributes that user or kind exclude."""
    left_out = {*request.left_out, *_without_group(inherited, request)}
    for row in request.kind.all_rows:
        if isinstance(row.source, Absent):
            left_out.add(row.keyword)
    return left_out


def _added_attributes(
    references: SourceReferences, meaning: Meaning, request: WriteRequest
) -> Iterator[Attribute]:
    """Yield references, derivation and meaning of the numbers."""
    yield from references.shared
    if not request.is_segmentation:
        yield from _derivation_code(request.options, references)
    for element in meaning.attributes:
        if element.keyword not in request.left_out:
            yield element


def _without_group(inherited: Inherited, request: WriteRequest) -> Iterator[str]:
    """Yield attributes without their functional group.

    PS3.3 section C.7.6.4b: a contrast agent needs its use in every frame, which is not known for a
    new frame between those of the source.
    """
    if not request.kind.is_multi_frame:
        return
    keywords = inherited.metadata.keywords
    for keyword, group in _GROUP_OF.items():
        if keyword in keywords and group not in keywords:
            yield keyword


def _group_advice(inherited: Inherited, request: WriteRequest) -> Iterator[str]:
    for keyword in _without_group(inherited, request):
        yield (
            f"{keyword} of the source is left out, as {_GROUP_OF[keyword]} differs from frame to "
            "frame there."
        )


def _clock_advice(inherited: Inherited, volume: Volume, request: WriteRequest) -> Iterator[str]:
    """Yield advice about a PET result whose moment in time is unknown.

    PS3.3 section C.8.9.4.1.5: such as a mean over several volumes.
    """
    stated = {*request.metadata.keywords, *request.per_volume}
    if not request.kind.has_time_base or volume.time_points > 1 or _MOMENT in stated:
        return
    for decision in inherited.decisions:
        if decision.attribute == _MOMENT and decision.outcome.endswith(DIFFERING_VOLUMES):
            yield (
                f"{_MOMENT} is 0, as the volumes of the source have different times. Give "
                f'`metadata={{"{_MOMENT}": ..., "ActualFrameDuration": ...}}`: milliseconds from '
                "SeriesTime to the middle of the time that the result shows, and its length."
            )


def _derivation_code(options: WriteOptions, references: SourceReferences) -> Iterator[Attribute]:
    """Yield the code of the derivation, unless grouped."""
    keywords = {element.keyword for element in references.shared}
    is_in_group = references.groups or "DerivationImageSequence" in keywords
    if options.derivation is not None and not is_in_group:
        yield attribute("DerivationCodeSequence", options.derivation)


def _attributes_of_values(
    metadata: Metadata, inherited: Inherited, request: WriteRequest
) -> frozenset[str]:
    """Return inherited attributes that hold for the source's quantity alone."""
    keywords = set(metadata.keywords)
    keywords.update(column.keyword for column in inherited.columns)
    for members in group_members(request.kind, metadata, inherited.groups).values():
        keywords |= members
    judged: set[str] = set()
    for keyword in keywords & VALUE_RULE_OF.keys():
        if not VALUE_RULE_OF[keyword].is_always_kept:
            judged.add(keyword)
    if not names_quantity(request.kind):
        judged.discard("ImageType")  # it names the quantity of MR alone
    return frozenset(judged - set(request.metadata.keywords))


def _unchanged_keywords(source: SourceSeries, inherited: Inherited) -> list[str]:
    """Return inherited attributes with the values of the source."""
    values = set(source.shared)
    for frame in source.frames:
        values.update(frame.attributes)
    return [element.keyword for element in inherited.metadata.attributes if element in values]


def _source_keywords(
    source: SourceSeries, inherited: Inherited, references: SourceReferences
) -> frozenset[str]:
    """Return attributes with values, and faults, of the source."""
    keywords = {"StudyInstanceUID", "FrameOfReferenceUID"}
    keywords.update(_unchanged_keywords(source, inherited))
    parts = (references.shared, inherited.columns, references.columns, references.groups)
    for part in parts:
        keywords.update(entry.keyword for entry in part)
    return frozenset(keywords)


# ------------------------------------------------------------------------------------ references
def _references(
    source: SourceSeries, matching: Matching, volume: Volume, request: WriteRequest
) -> tuple[SourceReferences, PlaneReferences | None]:
    """Return references to the source, and those by plane; none without the UIDs (Type 1)."""
    if _has_unnamed_images(source, request):
        return SourceReferences(), None
    volumes = volume.time_points
    planes = None
    if request.is_segmentation:
        has_place = volume.grid.statement.has_place
        planes = references_by_plane(source, matching, volumes=volumes, has_place=has_place)
        references = SourceReferences(shared=planes.shared)
    else:
        references = references_to_source(
            source,
            matching,
            is_multi_frame=request.kind.is_multi_frame,
            volumes=volumes,
            code=request.options.derivation,
            sop_class_uid=request.kind.sop_class_uid,
        )
    return _with_known_uids(references, source).without(request.left_out), planes


def _has_unnamed_images(source: SourceSeries, request: WriteRequest) -> bool:
    """Return whether images lack a UID: many frames in one file name the series of the images."""
    if (request.kind.is_multi_frame or request.is_segmentation) and not source.series_uid:
        return True
    return not all(frame.sop_instance_uid and frame.sop_class_uid for frame in source.frames)


def _with_known_uids(references: SourceReferences, source: SourceSeries) -> SourceReferences:
    """Return references with all UIDs they need (Type 1)."""
    unnamed: set[str] = set()
    if not source.series_uid:
        unnamed |= {"ReferencedSeriesSequence", "SourceImageEvidenceSequence"}
    if not source.study_uid:
        unnamed |= {"SourceImageEvidenceSequence"}
    return replace(
        references,
        shared=tuple(part for part in references.shared if part.keyword not in unnamed),
        columns=tuple(part for part in references.columns if part.keyword not in unnamed),
    )


def _ties(source: SourceSeries, outcomes: dict[str, tuple[str, str]]) -> frozenset[str]:
    """Return attributes that stay although they break a rule."""
    ties = {"LossyImageCompression"}
    if _illegal_uids(source):
        ties |= _WITH_SOURCE_UIDS
    for keyword, (_, outcome) in outcomes.items():
        if outcome.startswith(KEPT_ILLEGAL):
            ties.add(keyword)
    return frozenset(ties)


def _illegal_uids(source: SourceSeries) -> list[str]:
    """Return illegal UIDs that the result repeats."""
    return [uid for uid in source.uids if text_fault("UI", uid)]


def _source_advice(request: WriteRequest, source: SourceSeries) -> Iterator[str]:
    illegal = _illegal_uids(source)
    if illegal:
        yield (
            f"{len(illegal)} UIDs of the source are not legal, such as {illegal[0]}: the result "
            "names its images by them, and check calls that an error."
        )
    if _has_unnamed_images(source, request):
        yield (
            "Images of the source have no SOPInstanceUID, SOPClassUID or SeriesInstanceUID: the "
            "result does not name them."
        )
    is_in_space = request.options.same_space is not False
    is_one_uid = source.study_uid and source.study_uid == source.frame_of_reference_uid
    if is_in_space and is_one_uid:
        yield (
            "StudyInstanceUID and FrameOfReferenceUID of the source are one UID, and the result "
            "has it for both, to stay in its study and space. Tell the maker of the source: a UID "
            "names one thing (SER-011)."
        )
    if source.kind == "Segmentation":
        yield from _sparse_advice(source)
    if not source.study_uid:
        yield "The source has no StudyInstanceUID: the result is in a new study."
    if not is_in_space:
        yield (
            "The result has another Frame of Reference: viewers will not lay it over the source "
            "series. Leave out `same_space=False` if it lies in the same place."
        )


def _sparse_advice(source: SourceSeries) -> Iterator[str]:
    """Yield advice about slices that a Segmentation leaves out."""
    slices, left_out = source.grid.shape[0], source.slices_without_frame
    if left_out:
        yield (
            f"The source is a Segmentation without frames for {len(left_out)} of its {slices} "
            f"slices (from 0: {runs_of(left_out)}): these slices of the result name no source "
            "image. Pass `like=` with the images that ReferencedSeriesSequence of the Segmentation "
            "names, if the result was made from them."
        )
