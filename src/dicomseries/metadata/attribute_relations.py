"""Rules between attributes: partners and lower limits (PS3.3 annex C)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from dicomseries.errors import MetadataError
from dicomseries.lazy_dataclass import dataclass
from dicomseries.standard.attributes.attribute import Attribute

__all__ = ["relation_faults"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerRule:
    """An attribute that needs another one beside it.

    Parameters
    ----------
    keyword : str
        The attribute with the need.
    values : tuple of str
        Values with the need; empty means any.
    partners : tuple of str
        One of them must have a value.
    remedy : str
        Better remedy than leaving the attribute out; begins with a verb.
    """

    keyword: str
    values: tuple[str, ...] = ()
    partners: tuple[str, ...]
    remedy: str = ""

    def fault(
        self, attributes: Mapping[str, Attribute], varying: Collection[str] = ()
    ) -> MetadataError | None:
        """Return the fault of an attribute without its partner."""
        attribute = attributes.get(self.keyword)
        if attribute is None or attribute.is_empty:
            return None
        if self.values and not set(self.values).intersection(attribute.values):
            return None
        for partner in self.partners:
            if partner in varying or (partner in attributes and not attributes[partner].is_empty):
                return None
        partners = " or ".join(self.partners)
        return MetadataError(
            code="partner-missing",
            where=self.keyword,
            given=_text(attribute),
            expected=f"{partners} beside it",
            remedy=self.remedy or f"Give {partners} too, or leave {self.keyword} out.",
        )


PARTNER_RULES = (
    PartnerRule(keyword="WindowCenter", partners=("WindowWidth",)),
    PartnerRule(keyword="WindowWidth", partners=("WindowCenter",)),
    PartnerRule(
        keyword="DecayCorrection",
        values=("START", "ADMIN"),
        partners=("DecayFactor",),
        remedy="Give DecayFactor too: the factor that corrects the values for decay since that "
        "moment, as stated by the reconstruction or its DICOM files (1.0 at the moment itself). "
        "Without DecayCorrection the series says that its values are not corrected.",
    ),
    PartnerRule(
        keyword="CorrectedImage",
        values=("DECY",),
        partners=("DecayCorrection",),
        remedy='Give DecayCorrection too ("START" or "ADMIN", with DecayFactor), as DECY says '
        "that decay is corrected, or leave DECY out.",
    ),
    PartnerRule(keyword="SeriesType", values=("DYNAMIC",), partners=("NumberOfTimeSlices",)),
    PartnerRule(
        keyword="PatientIdentityRemoved",
        values=("YES",),
        partners=("DeidentificationMethod", "DeidentificationMethodCodeSequence"),
    ),
    PartnerRule(
        keyword="LossyImageCompression", values=("01",), partners=("LossyImageCompressionRatio",)
    ),
    PartnerRule(keyword="ResponsiblePerson", partners=("ResponsiblePersonRole",)),
    PartnerRule(
        keyword="ClinicalTrialProtocolID",
        partners=("ClinicalTrialSubjectID", "ClinicalTrialSubjectReadingID"),
    ),
    PartnerRule(
        keyword="PixelSpacingCalibrationType", partners=("PixelSpacingCalibrationDescription",)
    ),
)
"""PS3.3 C.11.2, C.8.9.1, C.7.1.1, C.7.1.3, C.7.6.1, C.10.7; validators check only a part."""

POSITIVE = frozenset(
    {"SliceThickness", "WindowWidth", "ReconstructionDiameter", "PatientWeight", "PatientSize"}
)
"""Numbers that must be above 0."""


def relation_faults(
    attributes: Mapping[str, Attribute], varying: Collection[str] = ()
) -> list[MetadataError]:
    """Return the faults between attributes.

    Parameters
    ----------
    attributes : mapping of str to Attribute
        The user's attributes by keyword.
    varying : collection of str
        Keywords that have a value for each volume or slice.

    Examples
    --------
    >>> from dicomseries.standard.attributes.attribute import attribute
    >>> center = attribute("WindowCenter", "40")
    >>> [fault.where for fault in relation_faults({"WindowCenter": center})]
    ['WindowCenter']
    """
    faults = [rule.fault(attributes, varying) for rule in PARTNER_RULES]
    missing = filter(None, faults)
    return [*missing, *_not_positive(attributes), *_window_faults(attributes)]


def _not_positive(attributes: Mapping[str, Attribute]) -> Iterator[MetadataError]:
    for keyword in sorted(POSITIVE & attributes.keys()):
        if any(float(str(value)) <= 0 for value in attributes[keyword].values):
            yield MetadataError(
                code="number-not-positive",
                where=keyword,
                given=_text(attributes[keyword]),
                expected="a number above 0",
                remedy="Give a positive number, or leave it out.",
            )


def _window_faults(attributes: Mapping[str, Attribute]) -> Iterator[MetadataError]:
    center, width = attributes.get("WindowCenter"), attributes.get("WindowWidth")
    if center is None or width is None or center.is_empty or width.is_empty:
        return
    if len(center.values) != len(width.values):
        yield MetadataError(
            code="windows-uneven",
            where="WindowWidth",
            given=f"{len(width.values)} widths for {len(center.values)} centers",
            expected="one width for each center",
            remedy="Give both lists the same length.",
        )
    function = attributes.get("VOILUTFunction")
    is_linear = function is None or function.values == ("LINEAR",)
    if is_linear and any(0 < float(str(value)) < 1 for value in width.values):
        yield MetadataError(
            code="window-too-narrow",
            where="WindowWidth",
            given=_text(width),
            expected="at least 1, as VOILUTFunction LINEAR demands (PS3.3 C.11.2.1.2.1)",
            remedy='Add VOILUTFunction = "LINEAR_EXACT".',
        )


def _text(attribute: Attribute) -> str:
    return "\\".join(map(str, attribute.values))
