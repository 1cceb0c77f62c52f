"""Metadata that comes with an array: a BIDS sidecar, tags of an ITK image, the patient of a volume that was read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from dicomseries.derivation import AttributePlaces, rule_for
from dicomseries.errors import DicomSeriesError, MetadataError
from dicomseries.iod import Absent, Kind
from dicomseries.metadata import OWNED, Metadata, keyword_of, sidecar_of
from dicomseries.sources import Volume
from dicomseries.uids import check_uid
from dicomseries.writing.inputs.write_request import WriteRequest

__all__ = ["with_carried", "with_sidecar"]

_STUDY_UID = "StudyInstanceUID"
_DESCRIBED = frozenset(
    "SeriesDescription Manufacturer ManufacturerModelName DeviceSerialNumber StationName InstitutionName "  # noqa: SIM905
    "InstitutionAddress InstitutionalDepartmentName".split()
)
"""Of series and equipment, what an image may say of itself."""

_ENTITIES = frozenset({"series", "acquisition", "CT acquisition", "MR acquisition", "file"})
"""Whose attributes hold whatever was done to the voxels of an image."""

_GATED = frozenset(
    {"TriggerTime", "NominalInterval", "CardiacNumberOfImages", "TemporalPositionIdentifier"}
)
"""They belong to one slice or phase, and need others beside them."""

_BASES = frozenset({"AcquisitionDate", "AcquisitionTime", "RepetitionTime"})
_MOST_SHOWN = 12


# ------------------------------------------------------------------------------------------------------------- BIDS
def with_sidecar(request: WriteRequest, volume: Volume) -> tuple[WriteRequest, Volume]:
    """Return request and volume with what a BIDS sidecar says; what the user says besides wins.

    Parameters
    ----------
    request : WriteRequest
        What was asked.
    volume : Volume
        Its volumes may get the times of the frames.

    Raises
    ------
    MetadataError
        If a value of the sidecar is wrong.
    """
    if request.options.bids is None:
        return request, volume
    sidecar = sidecar_of(request.options.bids)
    places = AttributePlaces(kind=request.kind, source_class="")
    stated = {*request.metadata.keywords, *request.per_volume}
    fit = {
        key: value
        for key, value in sidecar.attributes.items()
        if key not in stated and _has_place(places, key)
    }
    columns = {
        key: values
        for key, values in sidecar.per_volume.items()
        if key not in stated and len(values) == (volume.volumes or 1) and _has_place(places, key)
    }
    found = Metadata.from_mapping(fit, varying=(*columns, *stated))
    if (
        volume.times_s is None
        and sidecar.times_s is not None
        and len(sidecar.times_s) == volume.volumes
    ):
        volume = replace(
            volume, times_s=tuple(time - sidecar.times_s[0] for time in sidecar.times_s)
        )
    homeless = sorted({*sidecar.attributes, *sidecar.per_volume} - {*fit, *columns} - stated)
    advice = [
        *_named(
            "Keys of the BIDS sidecar that are left out, as DICOM has no place for them here: ",
            sidecar.ignored,
        ),
        *_named(f"Of the BIDS sidecar, a {request.kind.name} image has no place for ", homeless),
    ]
    merged = replace(
        request,
        metadata=found.having(*request.metadata.attributes),
        per_volume={**columns, **request.per_volume},
        advice=(*request.advice, *advice),
    )
    return merged, volume


def _has_place(places: AttributePlaces, keyword: str) -> bool:
    row = places.row(keyword)
    return places.has(keyword) and not (row is not None and isinstance(row.source, Absent))


def _named(text: str, names: Iterable[str]) -> tuple[str, ...]:
    found = list(names)
    return (f"{text}{', '.join(found)}.",) if found else ()


# ---------------------------------------------------------------------------------------------------------- carried
@dataclass(frozen=True, slots=True, kw_only=True)
class _Chosen:
    """What is taken of the attributes that an array carries, and what is not."""

    metadata: Metadata
    study_uid: str
    computed: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


def with_carried(request: WriteRequest, volume: Volume, *, is_derived: bool) -> WriteRequest:
    """Return the request with the attributes that the array carries, where they hold; what the user says wins.

    Of an ITK image: patient, study, descriptions, equipment and acquisition. Of a volume that was read from a series:
    patient and study. What the writer computes (pixels, geometry, UIDs of series and instances) and what says what the
    numbers mean is left out, and named.

    Parameters
    ----------
    request : WriteRequest
        What was asked.
    volume : Volume
        With `carried` or `tags`.
    is_derived : bool
        Whether `like=` names the source, which has said all of it.
    """
    if volume.carried:
        return _with_image_tags(request, volume.carried, is_derived=is_derived)
    if volume.tags is not None and not is_derived:
        return _with_series(request, volume.tags.shared)
    return request


def _with_image_tags(
    request: WriteRequest, carried: Mapping[str, str], *, is_derived: bool
) -> WriteRequest:
    if is_derived:
        advice = f"The image carries {len(carried)} DICOM attributes, which are left out: `like=` says what holds."
        return replace(request, advice=(*request.advice, advice))
    named, unknown = _by_keyword(carried)
    chosen = _choose(request, named, _is_taken_of_image)
    text = "The image carries DICOM attributes. "
    text += f"Taken: {_listed(_taken(chosen))}. " if _taken(chosen) else ""
    text += f"{len(chosen.computed)} are computed by the writer. " if chosen.computed else ""
    left_out = (*chosen.left_out, *unknown)
    text += (
        f"Left out: {_listed(left_out)}; give them in `metadata=` if they hold." if left_out else ""
    )
    return _merged(request, chosen, text.strip())


def _with_series(request: WriteRequest, shared: Mapping[str, Any]) -> WriteRequest:
    named = {
        name: value
        for name, value in shared.items()
        if _is_taken_of_series(name) or name == _STUDY_UID
    }
    chosen = _choose(request, named, _is_taken_of_series)
    text = (
        f"Patient and study are those of the series that was read ({_listed(_taken(chosen))}); its other attributes "
        "are left out. For a result of it, use volume.derive(array) or `like=`, which take over what still holds."
    )
    if not _taken(chosen):
        text = "The attributes of the series that was read are left out; use volume.derive(array) or `like=` for a result."
    return _merged(request, chosen, text)


def _merged(request: WriteRequest, chosen: _Chosen, advice: str) -> WriteRequest:
    given = dict(request.uid.given)
    uid = request.uid
    if chosen.study_uid:
        uid = replace(uid, given=tuple({**given, _STUDY_UID: chosen.study_uid}.items()))
    own = request.metadata.attributes
    metadata = replace(chosen.metadata, verbatim=frozenset(chosen.metadata.keywords)).having(*own)
    return replace(request, metadata=metadata, uid=uid, advice=(*request.advice, advice))


def _taken(chosen: _Chosen) -> tuple[str, ...]:
    return (*([_STUDY_UID] if chosen.study_uid else []), *chosen.metadata.keywords)


def _by_keyword(carried: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
    """Return the values by keyword, and the tags that have none (private and unknown ones)."""
    named: dict[str, Any] = {}
    unknown: list[str] = []
    for tag, text in carried.items():
        try:
            named[keyword_of(tag)] = text
        except MetadataError:
            unknown.append(tag)
    return named, unknown


def _is_taken_of_series(name: str) -> bool:
    """Tell whether an attribute of a read series is taken; private ones have no keyword."""
    return not name.startswith("(") and rule_for(name).is_verbatim


def _is_taken_of_image(keyword: str) -> bool:
    rule = rule_for(keyword)
    if rule.is_verbatim or rule.action == "keep forever" or keyword in _DESCRIBED:
        return True
    return (
        rule.is_kept
        and rule.when == "always"
        and rule.entity in _ENTITIES
        and keyword not in _GATED
    )


def _choose(request: WriteRequest, named: Mapping[str, Any], is_taken: Any) -> _Chosen:
    """Divide attributes into those that are taken, those that the writer computes, and the others."""
    others = (
        frozenset()
        if _is_same_patient(request, named)
        else frozenset(filter(_is_taken_of_series, named))
    )
    stated = {*request.metadata.keywords, *request.per_volume}
    wanted: dict[str, Any] = {}
    computed: list[str] = []
    left_out: list[str] = []
    for keyword, value in named.items():
        if keyword in stated or keyword == _STUDY_UID or value in ("", None, []):
            continue
        if keyword in OWNED:
            computed.append(keyword)
        elif is_taken(keyword) and keyword not in others and _is_of_all(request.kind, keyword):
            wanted[keyword] = value
        else:
            left_out.append(keyword)
    metadata, malformed = _sound(wanted)
    study = "" if others else _study_uid(request, named)
    if named.get(_STUDY_UID) and not study and _STUDY_UID not in dict(request.uid.given):
        left_out.append(_STUDY_UID)
    return _Chosen(
        metadata=metadata,
        study_uid=study,
        computed=tuple(computed),
        left_out=(*left_out, *malformed),
    )


def _is_of_all(kind: Kind, keyword: str) -> bool:
    """Return whether the kind has a place for one value of an attribute."""
    counted = keyword in kind.over_time and keyword not in _BASES
    return not counted and _has_place(AttributePlaces(kind=kind, source_class=""), keyword)


def _is_same_patient(request: WriteRequest, named: Mapping[str, Any]) -> bool:
    """Return whether the user names no other patient than the attributes do."""
    for keyword in ("PatientID", "PatientName"):
        own = request.metadata.get(keyword)
        if own is not None and keyword in named and own.values != (str(named[keyword]),):
            return False
    return True


def _sound(wanted: dict[str, Any]) -> tuple[Metadata, list[str]]:
    """Return what of the attributes can be written, and the keywords of what is malformed."""
    malformed: list[str] = []
    while True:
        try:
            return Metadata.from_mapping(wanted), malformed
        except MetadataError as error:
            wrong = {one.where.partition("[")[0] for one in error.faults} & wanted.keys()
            if not wrong:
                return Metadata(), [*malformed, *wanted]
            malformed += sorted(wrong)
            wanted = {key: value for key, value in wanted.items() if key not in wrong}


def _study_uid(request: WriteRequest, named: Mapping[str, Any]) -> str:
    """Return the StudyInstanceUID, if it is legal and the user gives none."""
    text = str(named.get(_STUDY_UID) or "")
    if not text or dict(request.uid.given).get(_STUDY_UID):
        return ""
    try:
        check_uid(text, _STUDY_UID)
        replace(request.uid, given=(*request.uid.given, (_STUDY_UID, text)))
    except DicomSeriesError:
        return ""
    return text


def _listed(names: Iterable[str]) -> str:
    found = list(names)
    more = f" and {len(found) - _MOST_SHOWN} more" if len(found) > _MOST_SHOWN else ""
    return ", ".join(found[:_MOST_SHOWN]) + more
