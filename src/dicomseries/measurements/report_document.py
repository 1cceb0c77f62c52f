"""The file of a measurement report: header, references, content."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any

from dicomseries.derivation import Matching, Model, SourceSeries, inherit, rule_for, screened
from dicomseries.iod import MeasurementReport, compose
from dicomseries.lazy_dataclass import dataclass
from dicomseries.measurements.concepts import PRIVATE_SCHEME
from dicomseries.measurements.region_numbers import ReportedRegion
from dicomseries.metadata import Metadata
from dicomseries.plan import (
    IMPLEMENTATION_CLASS_UID,
    IMPLEMENTATION_VERSION_NAME,
    SOFTWARE_VERSION,
    identity_facts,
    moment_facts,
)
from dicomseries.standard.attributes.attribute import Attribute, Item, attribute
from dicomseries.standard.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN
from dicomseries.uids import SeriesUids

if TYPE_CHECKING:
    import datetime as dt

    from pydicom.dataset import Dataset

__all__ = ["ReferencedObjects", "ReportHeader", "encode_report", "report_header"]

_FROM_INHERITANCE = frozenset({"ContributingEquipmentSequence", "SeriesDescription"})
"""Attributes of the report that follow from the source, beside patient and study."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferencedObjects:
    """Objects of one series that a report refers to.

    Parameters
    ----------
    study_uid, series_uid : str
        Where they are.
    instances : tuple of (str, str)
        SOP Class and SOP Instance UID of each.
    """

    study_uid: str
    series_uid: str
    instances: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportHeader:
    """The attributes of a report beside its content, with advice."""

    attributes: tuple[Attribute, ...]
    advice: tuple[str, ...] = ()


def report_header(
    source: SourceSeries,
    matching: Matching,
    *,
    uids: SeriesUids,
    metadata: Metadata,
    moment: dt.datetime | None,
    description: str,
    model: Model | None,
    left_out: frozenset[str] = frozenset(),
) -> ReportHeader:
    """Return patient and study of the source, and the report's own attributes.

    Parameters
    ----------
    source : SourceSeries
        The series that was measured.
    matching : Matching
        Its slices.
    uids : SeriesUids
        The report is ``instance(0)``.
    metadata : Metadata
        Attributes of the user, which win.
    moment : datetime, optional
        Date and time of the report.
    description : str
        SeriesDescription, with the model's name if it fits.
    model : Model, optional
        An algorithm that took part.
    left_out : frozenset of str
        Keywords of the source that the user does not want.

    Raises
    ------
    MetadataError
        If attributes are wrong.
    """
    screening = screened(source, MeasurementReport.sop_class_uid, leave_out=left_out)
    inherited = inherit(
        screening.source,
        matching,
        kind=MeasurementReport,
        description=description,
        moment=moment,
        model=model,
        software=f"dicomseries {SOFTWARE_VERSION}",
    )
    unchanged: dict[str, Attribute] = {}
    for member in inherited.metadata.attributes:
        if member.keyword in _FROM_INHERITANCE or rule_for(member.keyword).is_verbatim:
            unchanged[member.keyword] = member
    keywords = frozenset(unchanged)
    of_source = Metadata(attributes=tuple(unchanged.values()), verbatim=keywords)
    of_source = of_source.without(*left_out)
    facts = {
        **moment_facts(moment),
        **identity_facts(MeasurementReport.sop_class_uid, uids),
        "SOPInstanceUID": (uids.instance(0),),
        "InstanceNumber": (1,),
    }
    composition = compose(MeasurementReport, facts, of_source.having(*metadata.attributes))
    advice = [text for text in screening.advice if any(name in text for name in keywords)]
    return ReportHeader(attributes=composition.shared, advice=(*advice, *composition.advice))


def encode_report(
    header: ReportHeader,
    content: Dataset,
    references: Sequence[ReferencedObjects],
    regions: Sequence[ReportedRegion],
    study_uid: str,
) -> bytes:
    """Return the bytes of the Part 10 file.

    Parameters
    ----------
    header : ReportHeader
        Attributes beside the content.
    content : Dataset
        Root item of the content tree.
    references : sequence of ReferencedObjects
        Every object that the content refers to (PS3.3 section C.17.2).
    regions : sequence of ReportedRegion
        Those of the content.
    study_uid : str
        Study of the report.
    """
    from pydicom import dcmwrite  # noqa: PLC0415 - slow to import
    from pydicom.dataset import FileMetaDataset  # noqa: PLC0415 - as above

    attributes = [*header.attributes, *_evidence(references, study_uid)]
    if _has_private_codes(regions):
        attributes.append(_coding_scheme())
    dataset = _dataset(attributes)
    for element in content:
        dataset.add(element)
    meta = (
        attribute("FileMetaInformationVersion", b"\0\1"),
        attribute("MediaStorageSOPClassUID", str(dataset.SOPClassUID)),
        attribute("MediaStorageSOPInstanceUID", str(dataset.SOPInstanceUID)),
        attribute("TransferSyntaxUID", EXPLICIT_VR_LITTLE_ENDIAN),
        attribute("ImplementationClassUID", IMPLEMENTATION_CLASS_UID),
        attribute("ImplementationVersionName", IMPLEMENTATION_VERSION_NAME),
    )
    dataset.file_meta = FileMetaDataset(_dataset(meta))
    file = BytesIO()
    dcmwrite(file, dataset, enforce_file_format=True)
    return file.getvalue()


def _evidence(references: Sequence[ReferencedObjects], study_uid: str) -> list[Attribute]:
    """Return the references by study: of the report's study, and of others."""
    by_study: dict[str, list[Item]] = {}
    for objects in references:
        images: list[Item] = []
        for class_uid, instance_uid in dict.fromkeys(objects.instances):
            image = (
                attribute("ReferencedSOPClassUID", class_uid),
                attribute("ReferencedSOPInstanceUID", instance_uid),
            )
            images.append(image)
        series = (
            attribute("ReferencedSOPSequence", *images),
            attribute("SeriesInstanceUID", objects.series_uid),
        )
        by_study.setdefault(objects.study_uid, []).append(series)
    evidence: dict[str, list[Item]] = {}
    for uid, items in by_study.items():
        keyword = "PertinentOtherEvidenceSequence"
        if uid == study_uid:
            keyword = "CurrentRequestedProcedureEvidenceSequence"
        study = (
            attribute("ReferencedSeriesSequence", *items),
            attribute("StudyInstanceUID", uid),
        )
        evidence.setdefault(keyword, []).append(study)
    return [attribute(keyword, *items) for keyword, items in evidence.items()]


def _has_private_codes(regions: Sequence[ReportedRegion]) -> bool:
    for region in regions:
        for number in region.numbers:
            for concept in (number.quantity, number.statistic):
                if concept is not None and concept.scheme == PRIVATE_SCHEME:
                    return True
    return False


def _coding_scheme() -> Attribute:
    """Return the name of our private scheme (PS3.3 section C.12.1.1.1)."""
    item = (
        attribute("CodingSchemeDesignator", PRIVATE_SCHEME),
        attribute("CodingSchemeName", "Names without a standard code, by dicomseries"),
    )
    return attribute("CodingSchemeIdentificationSequence", item)


def _dataset(attributes: Sequence[Attribute]) -> Dataset:
    from pydicom.dataset import Dataset  # noqa: PLC0415 - slow to import
    from pydicom.sequence import Sequence as DicomSequence  # noqa: PLC0415

    dataset = Dataset()
    for member in attributes:
        values: Any = list(member.values)
        if member.vr == "SQ":
            values = DicomSequence([_dataset(item) for item in values if isinstance(item, tuple)])
        elif len(values) == 1:
            values = values[0]
        elif not values:
            values = None
        dataset.add_new(member.tag, member.vr, values)
    return dataset
