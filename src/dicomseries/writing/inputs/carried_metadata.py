"""Metadata that comes with an array.

It is in a BIDS sidecar, the tags of an ITK image, or the patient of a volume that was read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from dicomseries import derivation
from dicomseries.errors import DicomSeriesError, MetadataError
from dicomseries.iod import Absent, Kind
from dicomseries.lazy_dataclass import dataclass
from dicomseries.metadata import OWNED, Metadata, keyword_of, sidecar_of
from dicomseries.sources import Volume
from dicomseries.uids import check_uid
from dicomseries.writing.inputs.write_request import WriteRequest

__all__ = ["with_carried", "with_sidecar"]

_STUDY_UID = "StudyInstanceUID"
_DESCRIBED = frozenset(
    {
        "SeriesDescription",
        "Manufacturer",
        "ManufacturerModelName",
        "DeviceSerialNumber",
        "StationName",
        "InstitutionName",
        "InstitutionAddress",
        "InstitutionalDepartmentName",
    }
)
"""Attributes of series and equipment that an image may state."""

_ENTITIES = frozenset({"series", "acquisition", "CT acquisition", "MR acquisition", "file"})
"""Entities with attributes that hold after any change of the voxels."""

_GATED = frozenset(
    {"TriggerTime", "NominalInterval", "CardiacNumberOfImages", "TemporalPositionIdentifier"}
)
"""Attributes of one slice or phase, which need others."""

_BASES = frozenset({"ActualFrameDuration", "AcquisitionDate", "AcquisitionTime", "RepetitionTime"})
_MOST_NAMES = 12


# ---------------------------------------------------------------------------------------- BIDS
def with_sidecar(request: WriteRequest, volume: Volume) -> tuple[WriteRequest, Volume]:
    """Return request and volume with a BIDS sidecar.

    The user's options win.

    Parameters
    ----------
    request : WriteRequest
        With the sidecar in its options, if any.
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
    stated = {*request.metadata.keywords, *request.per_volume}
    attributes: dict[str, Any] = {}
    for keyword, value in sidecar.attributes.items():
        if keyword not in stated and _has_place(request.kind, keyword):
            attributes[keyword] = value
    columns: dict[str, Any] = {}
    for keyword, values in sidecar.per_volume.items():
        is_complete = len(values) == (volume.volumes or 1)
        if keyword not in stated and is_complete and _has_place(request.kind, keyword):
            columns[keyword] = values
    metadata = Metadata.from_mapping(attributes, varying=(*columns, *stated))
    advice = list(request.advice)
    if sidecar.ignored:
        advice.append(
            "Keys of the BIDS sidecar that are left out, as DICOM has no place for them here: "
            f"{', '.join(sidecar.ignored)}."
        )
    unused = {*sidecar.attributes, *sidecar.per_volume} - {*attributes, *columns} - stated
    if unused:
        advice.append(
            f"Of the BIDS sidecar, a {request.kind.name} image has no place for "
            f"{', '.join(sorted(unused))}."
        )
    request = replace(
        request,
        metadata=metadata.having(*request.metadata.attributes),
        per_volume={**columns, **request.per_volume},
        advice=tuple(advice),
    )
    return request, _with_frame_times(volume, sidecar.times_s)


def _with_frame_times(volume: Volume, times_s: Sequence[float] | None) -> Volume:
    if volume.times_s is not None or times_s is None or len(times_s) != volume.volumes:
        return volume
    return replace(volume, times_s=tuple(time - times_s[0] for time in times_s))


def _has_place(kind: Kind, keyword: str) -> bool:
    places = derivation.AttributePlaces(kind=kind, source_class="")
    row = places.row(keyword)
    is_absent = row is not None and isinstance(row.source, Absent)
    return places.has(keyword) and not is_absent


# ------------------------------------------------------------------------- tags of the array
@dataclass(frozen=True, slots=True, kw_only=True)
class _Carried:
    """Attributes of an array: taken, computed, and left out."""

    metadata: Metadata
    study_uid: str
    computed: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def keywords(self) -> tuple[str, ...]:
        """The attributes that are taken over."""
        if not self.study_uid:
            return self.metadata.keywords
        return (_STUDY_UID, *self.metadata.keywords)


def with_carried(request: WriteRequest, volume: Volume, *, is_derived: bool) -> WriteRequest:
    """Return the request with valid attributes of the array.

    Of an ITK image: patient, study, descriptions, equipment and acquisition. Of a volume that was
    read from a series: patient and study. Attributes that the writer computes (pixels, geometry,
    UIDs of series and instances), and those about the meaning of the numbers, are left out and
    named.

    Parameters
    ----------
    request : WriteRequest
        The options, and the attributes of other inputs.
    volume : Volume
        With `carried` or `tags`.
    is_derived : bool
        Whether `like` names the source series, whose attributes hold.
    """
    if volume.carried:
        return _with_image_tags(request, volume.carried, is_derived=is_derived)
    if volume.tags is not None and not is_derived:
        return _with_series_tags(request, volume.tags.shared)
    return request


def _with_image_tags(
    request: WriteRequest, carried: Mapping[str, str], *, is_derived: bool
) -> WriteRequest:
    if is_derived:
        advice = (
            f"The image carries {len(carried)} DICOM attributes, which are left out: `like=` says "
            "what holds."
        )
        return replace(request, advice=(*request.advice, advice))
    values: dict[str, Any] = {}
    unknown: list[str] = []  # private and unknown tags have no keyword
    for tag, text in carried.items():
        try:
            values[keyword_of(tag)] = text
        except MetadataError:
            unknown.append(tag)
    chosen = _sorted_out(request, values, _holds_for_image)
    texts = ["The image carries DICOM attributes."]
    if chosen.keywords:
        texts.append(f"Taken: {_names_text(chosen.keywords)}.")
    if chosen.computed:
        texts.append(f"{len(chosen.computed)} are computed by the writer.")
    left_out = (*chosen.left_out, *unknown)
    if left_out:
        texts.append(f"Left out: {_names_text(left_out)}; give them in `metadata=` if they hold.")
    return _merged(request, chosen, " ".join(texts))


def _with_series_tags(request: WriteRequest, shared: Mapping[str, Any]) -> WriteRequest:
    values: dict[str, Any] = {}
    for name, value in shared.items():
        if name == _STUDY_UID or _holds_for_volume(name):
            values[name] = value
    chosen = _sorted_out(request, values, _holds_for_volume)
    if chosen.keywords:
        text = (
            f"Patient and study are those of the series that was read "
            f"({_names_text(chosen.keywords)}); its other attributes are left out. For a result of "
            "it, use volume.derive(array) or `like=`, which take over attributes that still hold."
        )
    else:
        text = (
            "The attributes of the series that was read are left out; use volume.derive(array) or "
            "`like=` for a result."
        )
    return _merged(request, chosen, text)


def _holds_for_volume(name: str) -> bool:
    """Return whether an attribute of a series holds.

    Private ones have no keyword.
    """
    return not name.startswith("(") and derivation.rule_for(name).is_verbatim


def _holds_for_image(keyword: str) -> bool:
    rule = derivation.rule_for(keyword)
    if rule.is_verbatim or rule.action == "keep forever" or keyword in _DESCRIBED:
        return True
    is_kept = rule.is_kept and rule.when == "always"
    return is_kept and rule.entity in _ENTITIES and keyword not in _GATED


def _sorted_out(
    request: WriteRequest, values: Mapping[str, Any], holds: Callable[[str], bool]
) -> _Carried:
    """Separate attributes that are taken over, computed, and left out."""
    is_same_patient = _is_same_patient(request, values)
    stated = {*request.metadata.keywords, *request.per_volume, _STUDY_UID}
    valid: dict[str, Any] = {}
    computed: list[str] = []
    left_out: list[str] = []
    for keyword, value in values.items():
        if keyword in stated or value in ("", None, []):
            continue
        is_of_other_patient = not is_same_patient and _holds_for_volume(keyword)
        if keyword in OWNED:
            computed.append(keyword)
        elif is_of_other_patient or not holds(keyword) or not _fits(request.kind, keyword):
            left_out.append(keyword)
        else:
            valid[keyword] = value
    metadata, malformed = _well_formed(valid)
    study_uid = ""
    if is_same_patient or not any(map(_holds_for_volume, values)):
        study_uid = _study_uid(request, values)
    if values.get(_STUDY_UID) and not study_uid and _STUDY_UID not in dict(request.uid.given):
        left_out.append(_STUDY_UID)
    return _Carried(
        metadata=metadata,
        study_uid=study_uid,
        computed=tuple(computed),
        left_out=(*left_out, *malformed),
    )


def _fits(kind: Kind, keyword: str) -> bool:
    """Return whether the kind holds one value of an attribute."""
    is_counted = keyword in kind.over_time and keyword not in _BASES
    return not is_counted and _has_place(kind, keyword)


def _is_same_patient(request: WriteRequest, values: Mapping[str, Any]) -> bool:
    """Return whether the user names no other patient."""
    for keyword in ("PatientID", "PatientName"):
        stated = request.metadata.get(keyword)
        if stated is not None and keyword in values and stated.values != (str(values[keyword]),):
            return False
    return True


def _well_formed(values: dict[str, Any]) -> tuple[Metadata, list[str]]:
    """Return well-formed attributes, and keywords of others."""
    malformed: list[str] = []
    while True:
        try:
            return Metadata.from_mapping(values), malformed
        except MetadataError as error:
            wrong = {fault.where.partition("[")[0] for fault in error.faults} & values.keys()
            if not wrong:
                return Metadata(), [*malformed, *values]
            malformed += sorted(wrong)
            values = {keyword: values[keyword] for keyword in values if keyword not in wrong}


def _study_uid(request: WriteRequest, values: Mapping[str, Any]) -> str:
    """Return a legal StudyInstanceUID, unless the user gives one."""
    text = str(values.get(_STUDY_UID) or "")
    if not text or dict(request.uid.given).get(_STUDY_UID):
        return ""
    try:
        check_uid(text, _STUDY_UID)
        replace(request.uid, given=(*request.uid.given, (_STUDY_UID, text)))
    except DicomSeriesError:
        return ""
    return text


def _merged(request: WriteRequest, chosen: _Carried, advice: str) -> WriteRequest:
    uid = request.uid
    if chosen.study_uid:
        known = {**dict(uid.given), _STUDY_UID: chosen.study_uid}
        uid = replace(uid, given=tuple(known.items()))
    metadata = replace(chosen.metadata, verbatim=frozenset(chosen.metadata.keywords))
    metadata = metadata.having(*request.metadata.attributes)
    return replace(request, metadata=metadata, uid=uid, advice=(*request.advice, advice))


def _names_text(names: Sequence[str]) -> str:
    text = ", ".join(names[:_MOST_NAMES])
    more = len(names) - _MOST_NAMES
    if more > 0:
        text += f" and {more} more"
    return text
