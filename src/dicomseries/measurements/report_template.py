"""Content tree of a report by TID 1500, through highdicom."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from dicomseries.errors import missing_package
from dicomseries.lazy_dataclass import dataclass
from dicomseries.measurements.described_segments import BodySite, DescribedSegment
from dicomseries.measurements.region_numbers import PrintedNumber, ReportedRegion
from dicomseries.reading import CodedConcept

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

__all__ = ["ReportContext", "check_installed", "content_of"]

_MOST_MEANING = 64
_REPORT = CodedConcept("126000", "DCM", "Imaging Measurement Report")
_DEVICE = CodedConcept("121007", "DCM", "Device")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportContext:
    """What a report refers to, and who made it.

    Parameters
    ----------
    procedure : CodedConcept
        The imaging procedure.
    segmentation_class_uid, segmentation_uid : str
        SOP Class and Instance UID of the Segmentation.
    source_series_uid : str
        Series that was measured.
    observer_uid, observer_name, observer_version : str
        The program that observed.
    algorithm_name, algorithm_version, algorithm_manufacturer : str
        The algorithm behind the numbers; the manufacturer may be empty.
    parameters : tuple of str
        Facts of the algorithm, such as the kind of standard deviation.
    tracking_uid : callable
        Returns the tracking UID of a segment that states none.
    """

    procedure: CodedConcept
    segmentation_class_uid: str
    segmentation_uid: str
    source_series_uid: str
    observer_uid: str
    observer_name: str
    observer_version: str
    algorithm_name: str
    algorithm_version: str
    algorithm_manufacturer: str
    parameters: tuple[str, ...]
    tracking_uid: Callable[[int], str]


def check_installed() -> None:
    """Reject a machine without highdicom.

    Raises
    ------
    MissingPackageError
        If highdicom is not installed.
    """
    _highdicom()


def content_of(regions: Sequence[ReportedRegion], context: ReportContext) -> Dataset:
    """Return the root item of a Measurement Report.

    A group by TID 1411 for each region, which refers to the segment and to the source series.

    Parameters
    ----------
    regions : sequence of ReportedRegion
        At least one.
    context : ReportContext
        References, observer and algorithm.

    Raises
    ------
    MissingPackageError
        If highdicom is not installed.

    Notes
    -----
    PS3.16, TID 1500 (Measurement Report), 1001 (Observation Context), 1411 (Volumetric ROI
    Measurements), 300 (Measurement) and 4019 (Algorithm Identification).
    """
    hd = _highdicom()
    observer = hd.sr.ObserverContext(
        observer_type=_coded(hd, _DEVICE),
        observer_identifying_attributes=hd.sr.DeviceObserverIdentifyingAttributes(
            uid=context.observer_uid,
            name=context.observer_name,
            manufacturer_name=context.observer_name,
            model_name=context.observer_version,
        ),
    )
    report = hd.sr.MeasurementReport(
        observation_context=hd.sr.ObservationContext(observer_device_context=observer),
        procedure_reported=_coded(hd, context.procedure),
        imaging_measurements=[_group(hd, region, context) for region in regions],
        title=_coded(hd, _REPORT),
    )
    return report[0]  # type: ignore[no-any-return]


def _highdicom() -> Any:
    try:
        import highdicom  # noqa: PLC0415 - heavy and optional
        import highdicom.sr  # noqa: PLC0415 - as above
    except ImportError as error:
        raise missing_package(extra="seg", where="A measurement report") from error
    return highdicom


def _coded(hd: Any, concept: CodedConcept) -> Any:
    return hd.sr.CodedConcept(concept.value, concept.scheme, concept.meaning[:_MOST_MEANING])


def _optional(hd: Any, concept: CodedConcept | None) -> Any:
    return None if concept is None else _coded(hd, concept)


def _group(hd: Any, region: ReportedRegion, context: ReportContext) -> Any:
    segment = region.segment
    return hd.sr.VolumetricROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=_tracking(hd, segment, context),
        referenced_segment=hd.sr.ReferencedSegment(
            context.segmentation_class_uid,
            context.segmentation_uid,
            segment.number,
            source_series=hd.sr.SourceSeriesForSegmentation(context.source_series_uid),
        ),
        finding_type=_optional(hd, segment.type),
        finding_category=_optional(hd, segment.category),
        finding_sites=[_site(hd, site) for site in segment.sites] or None,
        algorithm_id=hd.sr.AlgorithmIdentification(
            context.algorithm_name,
            context.algorithm_version,
            parameters=context.parameters,
            manufacturer=context.algorithm_manufacturer or None,
        ),
        measurements=[_measurement(hd, number) for number in region.numbers] or None,
    )


def _tracking(hd: Any, segment: DescribedSegment, context: ReportContext) -> Any:
    uid = segment.tracking_uid or context.tracking_uid(segment.number)
    return hd.sr.TrackingIdentifier(uid=uid, identifier=segment.identifier)


def _site(hd: Any, site: BodySite) -> Any:
    return hd.sr.FindingSite(_coded(hd, site.region), laterality=_optional(hd, site.laterality))


def _measurement(hd: Any, number: PrintedNumber) -> Any:
    measurement = hd.sr.Measurement(
        name=_coded(hd, number.quantity),
        value=float(number.value),
        unit=_coded(hd, number.unit),
        derivation=_optional(hd, number.statistic),
        method=_optional(hd, number.method),
    )
    # one number in the file, the printed one: highdicom adds a second one as a float
    measured = measurement[0].MeasuredValueSequence[0]
    measured.NumericValue = number.value
    del measured.FloatingPointValue
    return measurement
