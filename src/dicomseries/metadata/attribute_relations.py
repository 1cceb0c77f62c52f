"""Rules between attributes: what needs a partner, and numbers that have a lower limit (PS3.3 annex C)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from dicomseries.errors import MetadataError
from dicomseries.standard.attribute import Attribute

__all__ = ["relation_faults"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """An attribute that asks for another one.

    Parameters
    ----------
    keyword : str
        What the user has given.
    values : tuple of str
        The values that ask; empty means any.
    partners : tuple of str
        One of them must have a value.
    remedy : str
        What to do instead of leaving the attribute out; begins with a verb.
    """

    keyword: str
    values: tuple[str, ...] = ()
    partners: tuple[str, ...]
    remedy: str = ""

    def fault(
        self, found: Mapping[str, Attribute], beside: Collection[str] = ()
    ) -> MetadataError | None:
        """Return the fault if the partner is missing, both here and among the keywords beside."""
        asking = found.get(self.keyword)
        if asking is None or asking.is_empty or not self._asks(asking):
            return None
        if any(partner in found and not found[partner].is_empty for partner in self.partners):
            return None
        if not set(beside).isdisjoint(self.partners):
            return None
        partners = " or ".join(self.partners)
        return MetadataError(
            code="partner-missing",
            where=self.keyword,
            given="\\".join(str(value) for value in asking.values),
            expected=f"{partners} beside it",
            remedy=self.remedy or f"Give {partners} too, or leave {self.keyword} out.",
        )

    def _asks(self, asking: Attribute) -> bool:
        return not self.values or any(value in self.values for value in asking.values)


NEEDS = (
    Need(keyword="WindowCenter", partners=("WindowWidth",)),
    Need(keyword="WindowWidth", partners=("WindowCenter",)),
    Need(
        keyword="DecayCorrection",
        values=("START", "ADMIN"),
        partners=("DecayFactor",),
        remedy="Give DecayFactor too: the factor by which the values were multiplied for decay since that moment, as "
        "the reconstruction or its DICOM files state it, 1.0 at the moment itself; without DecayCorrection the series "
        "says that the values are not corrected.",
    ),
    Need(
        keyword="CorrectedImage",
        values=("DECY",),
        partners=("DecayCorrection",),
        remedy='Give DecayCorrection too ("START" or "ADMIN", with DecayFactor), as DECY says that decay is corrected, '
        "or leave DECY out.",
    ),
    Need(keyword="SeriesType", values=("DYNAMIC",), partners=("NumberOfTimeSlices",)),
    Need(
        keyword="PatientIdentityRemoved",
        values=("YES",),
        partners=("DeidentificationMethod", "DeidentificationMethodCodeSequence"),
    ),
    Need(keyword="LossyImageCompression", values=("01",), partners=("LossyImageCompressionRatio",)),
    Need(keyword="ResponsiblePerson", partners=("ResponsiblePersonRole",)),
    Need(
        keyword="ClinicalTrialProtocolID",
        partners=("ClinicalTrialSubjectID", "ClinicalTrialSubjectReadingID"),
    ),
    Need(keyword="PixelSpacingCalibrationType", partners=("PixelSpacingCalibrationDescription",)),
)
"""C.11.2, C.8.9.1, C.7.1.1, C.7.1.3, C.7.6.1, C.10.7; DICOM validators see only some of them."""

POSITIVE = frozenset(
    {"SliceThickness", "WindowWidth", "ReconstructionDiameter", "PatientWeight", "PatientSize"}
)
"""Numbers that must be above 0."""


def relation_faults(
    found: Mapping[str, Attribute], beside: Collection[str] = ()
) -> list[MetadataError]:
    """Return what is wrong between attributes that are each right by themselves.

    Parameters
    ----------
    found : mapping of str to Attribute
        The user's attributes by keyword.
    beside : collection of str
        Keywords that have a value for each volume or slice.

    Examples
    --------
    >>> from dicomseries.standard.attribute import attribute
    >>> [fault.where for fault in relation_faults({"WindowCenter": attribute("WindowCenter", "40")})]
    ['WindowCenter']
    """
    needs = [fault for need in NEEDS if (fault := need.fault(found, beside))]
    return [*needs, *_not_positive(found), *_window_faults(found)]


def _not_positive(found: Mapping[str, Attribute]) -> Iterator[MetadataError]:
    for keyword in sorted(POSITIVE & found.keys()):
        values = [float(str(value)) for value in found[keyword].values]
        if any(value <= 0 for value in values):
            yield MetadataError(
                code="number-not-positive",
                where=keyword,
                given="\\".join(str(value) for value in found[keyword].values),
                expected="a number above 0",
                remedy="Give a positive number, or leave it out.",
            )


def _window_faults(found: Mapping[str, Attribute]) -> Iterator[MetadataError]:
    center, width = found.get("WindowCenter"), found.get("WindowWidth")
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
    function = found.get("VOILUTFunction")
    if (function is None or function.values == ("LINEAR",)) and any(
        0 < float(str(w)) < 1 for w in width.values
    ):
        yield MetadataError(
            code="window-too-narrow",
            where="WindowWidth",
            given="\\".join(str(value) for value in width.values),
            expected="at least 1, as VOILUTFunction LINEAR demands (PS3.3 C.11.2.1.2.1)",
            remedy='Add VOILUTFunction = "LINEAR_EXACT".',
        )
