"""Attributes made from the source's values.

ImageType, SeriesType, loss, flags and time zone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from dicomseries.derivation.source.source_facts import (
    Facts,
    SourceFact,
    by_keyword,
    first_text,
    numbers_in,
    text_of,
)
from dicomseries.derivation.source.source_series import SourceSeries
from dicomseries.iod import Choice, Kind
from dicomseries.standard.attributes.attribute import Attribute, Item, attribute
from dicomseries.standard.attributes.date_times import date_text, is_zone, time_text
from dicomseries.standard.attributes.decimal_string import format_ds
from dicomseries.standard.objects.sop_classes import ENHANCED_MR, MR

__all__ = [
    "CHANGES",
    "date_attributes",
    "image_type",
    "loss",
    "type_of_derivation",
    "with_parts",
    "worst",
    "zone_of",
]


_TECHNIQUE = "VolumeBasedCalculationTechnique"


def image_type(source: SourceSeries, facts: Facts, kind: Kind) -> Attribute | None:
    r"""Return ImageType of the result: DERIVED and its flavour.

    Value 3 is the source's.

    Notes
    -----
    PS3.3 sections C.7.6.1.1.2 and C.8.16.1. Value 2 is the kind's. Value 3 is kept between objects
    with the same terms for it; value 4 of multi-frame objects names the kind's own derivation.
    Further values of vendors are not kept.

    Examples
    --------
    >>> from dicomseries.derivation.source.source_series import SourceFrame
    >>> from dicomseries.geometry import Grid
    >>> from dicomseries.iod import CT
    >>> frame = SourceFrame(
    ...     sop_class_uid="1.2", sop_instance_uid="1.3", position_lps=(0.0, 0.0, 0.0)
    ... )
    >>> source = SourceSeries(
    ...     kind="CT", sop_class_uid=CT.sop_class_uid, modality="CT", study_uid="1",
    ...     series_uid="2", frame_of_reference_uid="3",
    ...     grid=Grid(shape=(1, 4, 5), spacing_mm=(1, 1, 2)), frames=(frame,),
    ... )
    >>> original = Attribute("ImageType", "CS", ("ORIGINAL", "PRIMARY", "LOCALIZER", "CT_SOM5 TOP"))
    >>> facts = {"ImageType": SourceFact(keyword="ImageType", frames=(original,))}
    >>> "\\".join(image_type(source, facts, CT).values)
    'DERIVED\\SECONDARY\\LOCALIZER'
    """
    row = kind.row("ImageType")
    if row is None or not isinstance(row.source, Choice):
        return None
    values = list(row.source.values)
    flavours = set()
    if "ImageType" in facts and source.sop_class_uid == kind.sop_class_uid:
        for member in facts["ImageType"].frames:
            third_value = member.values[2:3] if member is not None else ()
            flavours.add("".join(map(str, third_value)))
    if len(values) > 2 and len(flavours) == 1:
        values[2] = flavours.pop() or values[2]
    return attribute("ImageType", *values)


_PART = "ComplexImageComponent"
_PARTS = MappingProxyType({"M": "MAGNITUDE", "P": "PHASE", "R": "REAL", "I": "IMAGINARY"})
"""Value 3 or 4 of ImageType of classic MR → ComplexImageComponent."""


def with_parts(source: SourceSeries, sop_class_uid: str) -> SourceSeries:
    """Return a classic MR source with the part of complex numbers in each frame.

    ImageType of Siemens and Philips names it (M, P, R, I); a multi-frame result requires it.

    Parameters
    ----------
    source : SourceSeries
        Source of any class; one that states the part, or none, is returned unchanged.
    sop_class_uid : str
        Class of the result; a class that does not require the part changes nothing.

    Examples
    --------
    >>> from dicomseries.derivation.source.source_series import SourceFrame
    >>> from dicomseries.geometry import Grid
    >>> image_type = Attribute("ImageType", "CS", ("ORIGINAL", "PRIMARY", "P", "ND"))
    >>> frame = SourceFrame(
    ...     sop_class_uid="1.2", sop_instance_uid="1.3", position_lps=(0.0, 0.0, 0.0),
    ...     attributes=(image_type,),
    ... )
    >>> source = SourceSeries(
    ...     kind="MR", sop_class_uid=MR, modality="MR", study_uid="1", series_uid="2",
    ...     frame_of_reference_uid="3", grid=Grid(shape=(1, 4, 5), spacing_mm=(1, 1, 2)),
    ...     frames=(frame,),
    ... )
    >>> with_parts(source, ENHANCED_MR).frames[0].get(_PART).values
    ('PHASE',)
    """
    is_stated = any(member.keyword == _PART for member in source.all_attributes())
    is_wanted = (source.sop_class_uid, sop_class_uid) == (MR, ENHANCED_MR)
    if is_stated or not is_wanted:
        return source
    frames = []
    for frame in source.frames:
        image_type = frame.get("ImageType") or source.get("ImageType")
        names = () if image_type is None else image_type.values[2:4]
        parts = [_PARTS[str(name)] for name in names if name in _PARTS]
        if not parts:
            return source
        attributes = (*frame.attributes, attribute(_PART, parts[0]))
        frames.append(replace(frame, attributes=attributes))
    return replace(source, frames=tuple(frames))


_CONTRASTS = MappingProxyType(
    {
        "113042": "ADDITION",
        "113046": "DIVISION",
        "113047": "MASKED",
        "113048": "MAXIMUM",
        "113049": "MEAN",
        "113051": "MINIMUM",
        "113053": "MULTIPLICATION",
        "113062": "SUBTRACTION",
        "113072": "RESAMPLED",
        "113073": "RESAMPLED",
        "113078": "MAX_IP",
        "113079": "MIN_IP",
        "113085": "RESAMPLED",
    }
)
"""Code of CID 7203 → value 4 of ImageType (PS3.3 section C.8.16.1.4)."""

_TECHNIQUES = MappingProxyType(
    {
        "113072": ("", "MPR"),
        "113073": ("", "CURVED_MPR"),
        "113074": ("SAMPLED", "VOLUME_RENDER"),
        "113075": ("SAMPLED", "SURFACE_RENDER"),
        "113078": ("SAMPLED", "MAX_IP"),
        "113079": ("SAMPLED", "MIN_IP"),
    }
)
"""Code of CID 7203 → VolumetricProperties, unless they stay, and the technique (C.8.16.2.1)."""


def type_of_derivation(
    code: Item | None, image_type: Attribute | None, kind: Kind
) -> Iterator[Attribute]:
    r"""Yield what the code of a derivation says about the type of a multi-frame image.

    Parameters
    ----------
    code : tuple of Attribute, optional
        Item of DerivationCodeSequence.
    image_type : Attribute, optional
        ImageType of the result.
    kind : Kind
        Kind of the result; one without these attributes gets none.

    Examples
    --------
    >>> from dicomseries.derivation.source.derivation_codes import derivation_code
    >>> from dicomseries.iod.kinds.enhanced_mr import EnhancedMR
    >>> for member in type_of_derivation(derivation_code("MIP"), None, EnhancedMR):
    ...     print(member.keyword, *member.values)
    VolumetricProperties SAMPLED
    VolumeBasedCalculationTechnique MAX_IP
    """
    members = by_keyword(code or ())
    value = first_text(members.get("CodeValue"))
    if first_text(members.get("CodingSchemeDesignator")) != "DCM" or kind.row(_TECHNIQUE) is None:
        return
    contrast = _CONTRASTS.get(value)
    if contrast and image_type is not None and len(image_type.values) > 3:
        values = (*image_type.values[:3], contrast, *image_type.values[4:])
        yield replace(image_type, values=values)
    properties, technique = _TECHNIQUES.get(value, ("", ""))
    if properties:
        yield attribute("VolumetricProperties", properties)
    if technique:
        yield attribute(_TECHNIQUE, technique)


def date_attributes(moment: dt.datetime) -> Iterator[Attribute]:
    """Yield the dates of a result that was made at a moment."""
    date, time = date_text(moment), time_text(moment.replace(microsecond=0))
    for name in ("Series", "Content", "InstanceCreation"):
        yield attribute(f"{name}Date", date)
        yield attribute(f"{name}Time", time)


def _series_type(_: SourceSeries, facts: Facts, kind: Kind) -> Attribute | None:
    """Return SeriesType of a whole-body scan (C.8.9.1).

    Others follow from the volumes.
    """
    constant = facts["SeriesType"].constant
    is_whole_body = constant is not None and constant.values[:1] == ("WHOLE BODY",)
    if not is_whole_body or not kind.row("SeriesType"):
        return None
    return attribute("SeriesType", "WHOLE BODY", "IMAGE")


CHANGES: Mapping[str, Callable[[SourceSeries, Facts, Kind], Attribute | None]] = MappingProxyType(
    {"ImageType": image_type, "SeriesType": _series_type}
)
"""Keyword → function for the result's attribute; None leaves it to the writer."""


_FLAGS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "LossyImageCompression": ("00", "01"),
        "BurnedInAnnotation": ("NO", "YES"),
        "RecognizableVisualFeatures": ("NO", "YES"),
        "PatientIdentityRemoved": ("YES", "NO"),
        "SyntheticData": ("NO", "YES"),
    }
)
"""Keyword → its terms, the worst last."""


def worst(fact: SourceFact) -> Attribute:
    """Return the worst flag or loss among different files.

    Examples
    --------
    >>> frames = tuple(Attribute("LossyImageCompression", "CS", (text,)) for text in ("00", "01"))
    >>> worst(SourceFact(keyword="LossyImageCompression", frames=frames)).values
    ('01',)
    """
    terms = _FLAGS.get(fact.keyword)
    if terms is None:
        return max(fact.different, key=lambda member: (len(member.values), _largest(member)))

    def badness(member: Attribute) -> int:
        term = first_text(member)
        if term in terms:
            return terms.index(term)
        return -1

    return max(fact.different, key=badness)


def _largest(member: Attribute) -> float:
    return max(numbers_in(member.values), default=0.0)


_PREFIX = "1.2.840.10008.1.2.4."
_SYNTAXES_BY_METHOD = {
    "ISO_10918_1": "50 51 52 53 54 55 56",
    "ISO_14495_1": "81",
    "ISO_13818_2": "100 100.1 101 101.1",
    "ISO_14496_10": "102 102.1 103 103.1 104 104.1 105 105.1 106 106.1",
    "ISO_23008_2": "107 108",
    "ISO_18181_1": "111",
}

LOSSY: Mapping[str, str] = {
    f"{_PREFIX}{number}": method
    for method, numbers in _SYNTAXES_BY_METHOD.items()
    for number in numbers.split()
}
"""Lossy transfer syntaxes → term of their method (PS3.5 annex A, PS3.3 C.7.6.1.1.5.1)."""

MAYBE_LOSSY: Mapping[str, str] = MappingProxyType(
    {
        f"{_PREFIX}91": "ISO_15444_1",
        f"{_PREFIX}93": "ISO_15444_1",
        f"{_PREFIX}112": "ISO_18181_1",
        f"{_PREFIX}203": "ISO_15444_15",
    }
)
"""Transfer syntaxes with or without loss; a source counts as lossy unless it states "00"."""


def loss(source: SourceSeries, facts: Facts) -> tuple[Attribute, ...]:
    """Return attributes of a lossy compression without statement.

    Parameters
    ----------
    source : SourceSeries
        Its transfer syntax and compression ratio.
    facts : mapping of str to SourceFact
        Its attributes.

    Returns
    -------
    tuple of Attribute
        Empty if the source states all of it, or has lost nothing (PS3.3 section C.7.6.1.1.5).

    Examples
    --------
    >>> from dicomseries.derivation.source.source_series import SourceFrame
    >>> from dicomseries.geometry import Grid
    >>> frame = SourceFrame(
    ...     sop_class_uid="1.2", sop_instance_uid="1.3", position_lps=(0.0, 0.0, 0.0)
    ... )
    >>> source = SourceSeries(
    ...     kind="CT", sop_class_uid="1.2", modality="CT", study_uid="1", series_uid="2",
    ...     frame_of_reference_uid="3", grid=Grid(shape=(1, 4, 5), spacing_mm=(1, 1, 2)),
    ...     frames=(frame,), transfer_syntax_uid="1.2.840.10008.1.2.4.50",
    ...     compression_ratio=12.3456,
    ... )
    >>> [member.values[0] for member in loss(source, {})]
    ['01', '12.346', 'ISO_10918_1']
    """
    method = LOSSY.get(source.transfer_syntax_uid)
    possible_method = method or MAYBE_LOSSY.get(source.transfer_syntax_uid)
    stated = [keyword for keyword, fact in facts.items() if not fact.is_empty]
    flag = ""
    if "LossyImageCompression" in stated:
        flag = first_text(worst(facts["LossyImageCompression"]))
    if possible_method is None or (flag == "00" and method is None):
        return ()
    attributes = []
    if flag != "01":
        attributes.append(attribute("LossyImageCompression", "01"))
    if "LossyImageCompressionRatio" not in stated and source.compression_ratio is not None:
        ratio = format_ds(round(source.compression_ratio, 3))
        attributes.append(attribute("LossyImageCompressionRatio", ratio))
    if "LossyImageCompressionMethod" not in stated:
        attributes.append(attribute("LossyImageCompressionMethod", possible_method))
    return tuple(attributes)


def zone_of(facts: Facts) -> str:
    """Return the source's time zone, ``"+0100"``, or empty text."""
    zone = text_of(facts, "TimezoneOffsetFromUTC").split("\\")[0]
    if is_zone(zone):
        return zone
    return ""
