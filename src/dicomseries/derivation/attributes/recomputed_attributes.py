"""Values that are made from the source's: ImageType, loss by compression, unit, time zone (PS3.3 C.7.6.1, C.12.1)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from dicomseries.derivation.source.source_facts import SourceFact
from dicomseries.derivation.source.source_series import SourceSeries
from dicomseries.iod import Choice, Kind
from dicomseries.standard.attribute import Attribute, attribute
from dicomseries.standard.decimal_string import format_ds
from dicomseries.standard.moments import is_zone

__all__ = ["CHANGES", "Facts", "image_type", "loss", "worst", "zone_of"]

Facts = Mapping[str, SourceFact]


# -------------------------------------------------------------------------------------------------------- ImageType
def image_type(source: SourceSeries, facts: Facts, kind: Kind) -> Attribute | None:
    r"""Return ImageType of the result: value 1 DERIVED, value 2 as the kind has it, value 3 the source's.

    Notes
    -----
    PS3.3 sections C.7.6.1.1.2 and C.8.16.1. Value 3 is handed on between objects that have the same terms for it;
    value 4 of multi-frame objects names the kind's own derivation. Vendors' further values are not handed on.

    Examples
    --------
    >>> from dicomseries.derivation.source.source_series import SourceFrame
    >>> from dicomseries.geometry import Grid
    >>> from dicomseries.iod import CT
    >>> frame = SourceFrame(sop_class_uid="1.2", sop_instance_uid="1.3", position_lps=(0.0, 0.0, 0.0))
    >>> source = SourceSeries(kind="CT", sop_class_uid=CT.sop_class_uid, modality="CT", study_uid="1", series_uid="2",
    ...                 frame_of_reference_uid="3", grid=Grid(shape=(1, 4, 5), spacing_mm=(1, 1, 2)), frames=(frame,))
    >>> own = Attribute("ImageType", "CS", ("ORIGINAL", "PRIMARY", "LOCALIZER", "CT_SOM5 TOP"))
    >>> "\\".join(image_type(source, {"ImageType": SourceFact(keyword="ImageType", frames=(own,))}, CT).values)
    'DERIVED\\SECONDARY\\LOCALIZER'
    """
    row = kind.row("ImageType")
    if row is None or not isinstance(row.source, Choice):
        return None
    values = list(row.source.values)
    third = _third(facts.get("ImageType"))
    if len(values) > 2 and third and source.sop_class_uid == kind.sop_class_uid:
        values[2] = third
    return attribute("ImageType", *values)


def _third(fact: SourceFact | None) -> str:
    """Return value 3 of ImageType, if all frames have the same."""
    texts = (
        {
            str(one.values[2]) if one is not None and len(one.values) > 2 else ""
            for one in fact.frames
        }
        if fact
        else set()
    )
    return texts.pop() if len(texts) == 1 else ""


# -------------------------------------------------------------------------------------------------- other attributes
def _series_type(source: SourceSeries, facts: Facts, kind: Kind) -> Attribute | None:  # noqa: ARG001 - one signature
    """Return SeriesType of a whole-body scan; of others the number of volumes decides (C.8.9.1)."""
    constant = facts["SeriesType"].constant
    is_whole = constant is not None and constant.values[:1] == ("WHOLE BODY",)
    return (
        attribute("SeriesType", "WHOLE BODY", "IMAGE")
        if is_whole and kind.row("SeriesType")
        else None
    )


CHANGES: Mapping[str, Callable[[SourceSeries, Facts, Kind], Attribute | None]] = MappingProxyType(
    {"ImageType": image_type, "SeriesType": _series_type}
)
"""Keyword → what makes the result's attribute; None for one that the writer makes by itself."""


# ------------------------------------------------------------------------------------------------- kept for ever
_GRAVE: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "LossyImageCompression": ("00", "01"),
        "BurnedInAnnotation": ("NO", "YES"),
        "RecognizableVisualFeatures": ("NO", "YES"),
        "PatientIdentityRemoved": ("YES", "NO"),
        "SyntheticData": ("NO", "YES"),
    }
)
"""What a flag says, from the harmless to the grave."""


def worst(fact: SourceFact) -> Attribute:
    """Return what is kept for ever where the files of the source differ: the gravest word, the strongest loss.

    Examples
    --------
    >>> texts = ("00", "01", "00")
    >>> own = tuple(Attribute("LossyImageCompression", "CS", (text,)) for text in texts)
    >>> worst(SourceFact(keyword="LossyImageCompression", frames=own)).values
    ('01',)
    """
    there = [one for one in fact.frames if one is not None]
    words = _GRAVE.get(fact.keyword)
    if words is not None:
        return max(
            there,
            key=lambda one: (
                words.index(str(one.values[0])) if one.values[:1] in _single(words) else -1
            ),
        )
    return max(there, key=lambda one: (len(one.values), _largest(one)))


def _single(words: Sequence[str]) -> set[tuple[str, ...]]:
    return {(word,) for word in words}


def _largest(own: Attribute) -> float:
    try:
        return max((float(str(one)) for one in own.values), default=0.0)
    except ValueError:
        return 0.0


_JPEG, _JPEG_LS, _JPEG_2000 = "ISO_10918_1", "ISO_14495_1", "ISO_15444_1"
_HTJ2K, _MPEG2, _AVC, _HEVC, _JPEG_XL = (
    "ISO_15444_15",
    "ISO_13818_2",
    "ISO_14496_10",
    "ISO_23008_2",
    "ISO_18181_1",
)

LOSSY: Mapping[str, str] = MappingProxyType(
    {
        **{f"1.2.840.10008.1.2.4.{number}": _JPEG for number in (50, 51, 52, 53, 54, 55, 56)},
        "1.2.840.10008.1.2.4.81": _JPEG_LS,
        **{f"1.2.840.10008.1.2.4.{number}": _MPEG2 for number in ("100", "100.1", "101", "101.1")},
        **{
            f"1.2.840.10008.1.2.4.{number}": _AVC
            for number in (
                "102",
                "102.1",
                "103",
                "103.1",
                "104",
                "104.1",
                "105",
                "105.1",
                "106",
                "106.1",
            )
        },
        **{f"1.2.840.10008.1.2.4.{number}": _HEVC for number in (107, 108)},
        "1.2.840.10008.1.2.4.111": _JPEG_XL,
    }
)
"""Transfer syntaxes that lose something → the defined term of their method (PS3.5 annex A, PS3.3 C.7.6.1.1.5.1)."""

MAYBE_LOSSY: Mapping[str, str] = MappingProxyType(
    {
        "1.2.840.10008.1.2.4.91": _JPEG_2000,
        "1.2.840.10008.1.2.4.93": _JPEG_2000,
        "1.2.840.10008.1.2.4.112": _JPEG_XL,
        "1.2.840.10008.1.2.4.203": _HTJ2K,
    }
)
"""Transfer syntaxes that may or may not lose something; a source that does not say "00" is taken to have lost."""


def loss(source: SourceSeries, facts: Facts) -> tuple[Attribute, ...]:
    """Return what the result must say of a loss that the source's files do not admit, or do not tell all of.

    Parameters
    ----------
    source : SourceSeries
        Its transfer syntax, and how much smaller that made it.
    facts : mapping of str to SourceFact
        What it says.

    Returns
    -------
    tuple of Attribute
        Empty where the source says it itself, or has lost nothing (PS3.3 section C.7.6.1.1.5).

    Examples
    --------
    >>> from dicomseries.derivation.source.source_series import SourceFrame
    >>> from dicomseries.geometry import Grid
    >>> frame = SourceFrame(sop_class_uid="1.2", sop_instance_uid="1.3", position_lps=(0.0, 0.0, 0.0))
    >>> source = SourceSeries(kind="CT", sop_class_uid="1.2", modality="CT", study_uid="1", series_uid="2",
    ...                 frame_of_reference_uid="3", grid=Grid(shape=(1, 4, 5), spacing_mm=(1, 1, 2)), frames=(frame,),
    ...                 transfer_syntax_uid="1.2.840.10008.1.2.4.50", compression_ratio=12.3456)
    >>> [one.values[0] for one in loss(source, {})]
    ['01', '12.346', 'ISO_10918_1']
    """
    said = facts.get("LossyImageCompression")
    word = "" if said is None or said.is_empty else str(worst(said).values[0])
    method = LOSSY.get(source.transfer_syntax_uid) or MAYBE_LOSSY.get(
        source.transfer_syntax_uid, ""
    )
    is_denied = word == "00" and source.transfer_syntax_uid not in LOSSY
    if is_denied or not method:
        return ()
    ratio = (
        "" if source.compression_ratio is None else format_ds(round(source.compression_ratio, 3))
    )
    texts = {
        "LossyImageCompression": "" if word == "01" else "01",
        "LossyImageCompressionRatio": ""
        if _is_said(facts, "LossyImageCompressionRatio")
        else ratio,
        "LossyImageCompressionMethod": ""
        if _is_said(facts, "LossyImageCompressionMethod")
        else method,
    }
    return tuple(attribute(keyword, text) for keyword, text in texts.items() if text)


def _is_said(facts: Facts, keyword: str) -> bool:
    return keyword in facts and not facts[keyword].is_empty


# -------------------------------------------------------------------------------------------------------- time zone
def zone_of(facts: Facts) -> str:
    """Return the zone of the source's dates as it writes it, ``"+0100"``; empty if it names none that can be read.

    Examples
    --------
    >>> own = Attribute("TimezoneOffsetFromUTC", "SH", ("-0330",))
    >>> zone_of({"TimezoneOffsetFromUTC": SourceFact(keyword="TimezoneOffsetFromUTC", frames=(own,))}), zone_of({})
    ('-0330', '')
    """
    fact = facts.get("TimezoneOffsetFromUTC")
    text = (
        ""
        if fact is None or fact.constant is None or fact.is_empty
        else str(fact.first.values[0]).strip()
    )
    return text if is_zone(text) else ""
