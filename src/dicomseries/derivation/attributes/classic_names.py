"""Attributes of enhanced objects under the names that classic ones have for them (PS3.3 C.8.13, C.8.15; C.8.2, C.8.3).

Enhanced objects renamed what they say in functional groups, mostly to have other value representations.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from dicomseries.derivation.source.source_facts import SourceFact
from dicomseries.standard.attribute import Attribute, Value, vr_of
from dicomseries.standard.decimal_string import format_ds

__all__ = ["CLASSIC_NAMES", "OPENED", "classic_facts", "opened_facts"]

Values = tuple[Value, ...]


def _decimal(values: Values) -> Values:
    return tuple(format_ds(float(str(one))) for one in values)


def _whole(values: Values) -> Values:
    return tuple(str(round(float(str(one)))) for one in values)


def _first_decimal(values: Values) -> Values:
    return _decimal(values[:1])


def _same(values: Values) -> Values:
    return values


def _words(**terms: str) -> Callable[[Values], Values]:
    def convert(values: Values) -> Values:
        return tuple(
            word for one in values for word in terms.get(str(one), str(one)).split("/") if word
        )

    return convert


def _gradient(values: Values) -> Values:
    found = (one for item in values[:1] if isinstance(item, tuple) for one in item)
    return next((one.values for one in found if one.keyword == "DiffusionGradientOrientation"), ())


_DATE_TIME = re.compile(r"(\d{8})(\d{2,6}(?:\.\d{1,6})?)")


def _date(values: Values) -> Values:
    found = _DATE_TIME.match(str(values[0]))
    return (found[1],) if found else ()


def _time(values: Values) -> Values:
    found = _DATE_TIME.match(str(values[0]))
    return (found[2],) if found else ()


OPENED: Mapping[str, tuple[tuple[str, Callable[[Values], Values]], ...]] = MappingProxyType(
    {"DiffusionGradientDirectionSequence": (("DiffusionGradientOrientation", _gradient),)}
)
"""Sequences inside of functional groups whose one attribute may differ from frame to frame."""

CLASSIC_NAMES: Mapping[str, tuple[tuple[str, Callable[[Values], Values]], ...]] = MappingProxyType(
    {
        # time
        "FrameAcquisitionNumber": (("AcquisitionNumber", _whole),),
        "FrameAcquisitionDateTime": (("AcquisitionDate", _date), ("AcquisitionTime", _time)),
        "NominalCardiacTriggerDelayTime": (("TriggerTime", _decimal),),
        "RRIntervalTimeNominal": (("NominalInterval", _whole),),
        # anatomy
        "FrameLaterality": (("ImageLaterality", _same),),
        # MR
        "EffectiveEchoTime": (("EchoTime", _decimal),),
        "InversionTimes": (("InversionTime", _first_decimal),),
        "RFEchoTrainLength": (("EchoTrainLength", _whole),),
        "TransmitterFrequency": (("ImagingFrequency", _first_decimal),),
        "ResonantNucleus": (("ImagedNucleus", _same),),
        "PulseSequenceName": (("SequenceName", _same),),
        "EchoPulseSequence": (
            ("ScanningSequence", _words(SPIN="SE", GRADIENT="GR", BOTH="SE/GR")),
        ),
        "InPlanePhaseEncodingDirection": (
            ("InPlanePhaseEncodingDirection", _words(COLUMN="COL", OTHER="")),
        ),
        **OPENED,
        # CT
        "ExposureTimeInms": (("ExposureTime", _whole),),
        "XRayTubeCurrentInmA": (("XRayTubeCurrent", _whole),),
        "ExposureInmAs": (("Exposure", _whole),),
    }
)
"""Keyword in an enhanced object → the classic keywords, each with what makes its values from the enhanced ones."""


def classic_facts(fact: SourceFact) -> Iterator[SourceFact]:
    """Yield what an attribute of an enhanced object is called in a classic one.

    Parameters
    ----------
    fact : SourceFact
        In a functional group, or at the top level.

    Yields
    ------
    SourceFact
        Under each classic keyword; the attribute itself where it has no other name. Values that cannot be converted
        are left out.

    Examples
    --------
    >>> echo = SourceFact(keyword="EffectiveEchoTime", frames=(Attribute("EffectiveEchoTime", "FD", (4.6,)),))
    >>> [(one.keyword, one.first.values) for one in classic_facts(echo)]
    [('EchoTime', ('4.6',))]
    """
    yield from _renamed(fact, CLASSIC_NAMES)


def opened_facts(fact: SourceFact) -> Iterator[SourceFact]:
    """Yield what an attribute of a functional group is made of, where it stands in a sequence inside of that.

    Parameters
    ----------
    fact : SourceFact
        In a functional group.

    Yields
    ------
    SourceFact
        The attribute inside; the attribute itself where it is no such sequence.

    Examples
    --------
    >>> item = (Attribute("DiffusionGradientOrientation", "FD", (1.0, 0.0, 0.0)),)
    >>> own = Attribute("DiffusionGradientDirectionSequence", "SQ", (item,))
    >>> [one.first.values for one in opened_facts(SourceFact(keyword=own.keyword, frames=(own,)))]
    [(1.0, 0.0, 0.0)]
    """
    yield from _renamed(fact, OPENED)


def _renamed(
    fact: SourceFact, names: Mapping[str, tuple[tuple[str, Callable[[Values], Values]], ...]]
) -> Iterator[SourceFact]:
    for keyword, convert in names.get(fact.keyword, ((fact.keyword, _same),)):
        if keyword == fact.keyword and convert is _same:
            yield fact
            continue
        found = fact.renamed(keyword, [_converted(keyword, one, convert) for one in fact.frames])
        if any(one is not None for one in found.frames):
            yield found


def _converted(
    keyword: str, own: Attribute | None, convert: Callable[[Values], Values]
) -> Attribute | None:
    if own is None or own.is_empty:
        return None
    try:
        values = convert(own.values)
    except (ValueError, OverflowError):
        return None
    return Attribute(keyword, vr_of(keyword), values) if values else None
