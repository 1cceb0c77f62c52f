"""Classic names of attributes in functional groups.

Enhanced objects renamed attributes, mostly for other value representations (PS3.3 sections C.8.2,
C.8.3, C.8.13 and C.8.15).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from dicomseries.derivation.source.source_facts import SourceFact, item_members
from dicomseries.standard.attributes.attribute import Attribute, Value, vr_of
from dicomseries.standard.attributes.decimal_string import format_ds

__all__ = ["CLASSIC_NAMES", "OPENED", "renamed_facts"]

Values = tuple[Value, ...]
Names = Mapping[str, tuple[tuple[str, Callable[[Values], Values]], ...]]


def _decimal(values: Values) -> Values:
    return tuple(format_ds(float(str(value))) for value in values)


def _integer(values: Values) -> Values:
    return tuple(str(round(float(str(value)))) for value in values)


def _first_decimal(values: Values) -> Values:
    return _decimal(values[:1])


def _same(values: Values) -> Values:
    return values


def _words(**terms: str) -> Callable[[Values], Values]:
    """Return a conversion of terms.

    A slash separates several classic terms.
    """

    def convert(values: Values) -> Values:
        words: list[str] = []
        for value in values:
            words += terms.get(str(value), str(value)).split("/")
        return tuple(filter(None, words))

    return convert


def _gradient(values: Values) -> Values:
    for member in item_members(values[0]):
        if member.keyword == "DiffusionGradientOrientation":
            return member.values
    return ()


_DATE_TIME = re.compile(r"(\d{8})(\d{2,6}(?:\.\d{1,6})?)")


def _date(values: Values) -> Values:
    match = _DATE_TIME.match(str(values[0]))
    if match:
        return (match[1],)
    return ()


def _time(values: Values) -> Values:
    match = _DATE_TIME.match(str(values[0]))
    if match:
        return (match[2],)
    return ()


OPENED: Names = MappingProxyType(
    {"DiffusionGradientDirectionSequence": (("DiffusionGradientOrientation", _gradient),)}
)
"""Sequences inside functional groups whose one attribute may differ from frame to frame."""

_ECHO_TERMS = _words(SPIN="SE", GRADIENT="GR", BOTH="SE/GR")
_PHASE_TERMS = _words(COLUMN="COL", OTHER="")

CLASSIC_NAMES: Names = MappingProxyType(
    {
        # time
        "FrameAcquisitionNumber": (("AcquisitionNumber", _integer),),
        "FrameAcquisitionDateTime": (("AcquisitionDate", _date), ("AcquisitionTime", _time)),
        "NominalCardiacTriggerDelayTime": (("TriggerTime", _decimal),),
        "RRIntervalTimeNominal": (("NominalInterval", _integer),),
        # anatomy
        "FrameLaterality": (("ImageLaterality", _same),),
        # MR
        "EffectiveEchoTime": (("EchoTime", _decimal),),
        "InversionTimes": (("InversionTime", _first_decimal),),
        "RFEchoTrainLength": (("EchoTrainLength", _integer),),
        "TransmitterFrequency": (("ImagingFrequency", _first_decimal),),
        "ResonantNucleus": (("ImagedNucleus", _same),),
        "PulseSequenceName": (("SequenceName", _same),),
        "EchoPulseSequence": (("ScanningSequence", _ECHO_TERMS),),
        "InPlanePhaseEncodingDirection": (("InPlanePhaseEncodingDirection", _PHASE_TERMS),),
        **OPENED,
        # CT
        "ExposureTimeInms": (("ExposureTime", _integer),),
        "XRayTubeCurrentInmA": (("XRayTubeCurrent", _integer),),
        "ExposureInmAs": (("Exposure", _integer),),
    }
)
"""Keyword in an enhanced object → the classic keywords, each with its conversion of values."""


def renamed_facts(fact: SourceFact, names: Names) -> list[SourceFact]:
    """Return an attribute under its other names.

    Parameters
    ----------
    fact : SourceFact
        An attribute in a functional group, or at the top level.
    names : mapping
        `CLASSIC_NAMES` for a classic result, `OPENED` for an enhanced one.

    Returns
    -------
    list of SourceFact
        One for each name, without those that cannot be converted; the attribute itself if it has
        no other name.

    Examples
    --------
    >>> echo = Attribute("EffectiveEchoTime", "FD", (4.6,))
    >>> facts = renamed_facts(SourceFact(keyword=echo.keyword, frames=(echo,)), CLASSIC_NAMES)
    >>> [(fact.keyword, fact.first.values) for fact in facts]
    [('EchoTime', ('4.6',))]
    """
    if fact.keyword not in names:
        return [fact]
    facts = []
    for keyword, convert in names[fact.keyword]:
        frames = [_converted(keyword, member, convert) for member in fact.frames]
        if any(frames):
            facts.append(fact.renamed(keyword, frames))
    return facts


def _converted(
    keyword: str, member: Attribute | None, convert: Callable[[Values], Values]
) -> Attribute | None:
    if member is None or member.is_empty:
        return None
    try:
        values = convert(member.values)
    except (ValueError, OverflowError):
        return None
    if values:
        return Attribute(keyword, vr_of(keyword), values)
    return None
