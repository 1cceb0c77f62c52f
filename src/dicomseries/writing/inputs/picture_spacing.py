"""Spacing of radiographs, screenshots and clips, and text in them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

from dicomseries.derivation import Decision, SourceSeries
from dicomseries.geometry import Grid
from dicomseries.iod import Kind
from dicomseries.lazy_dataclass import dataclass
from dicomseries.standard.attributes.attribute import Attribute, attribute

__all__ = ["TEXT_ADVICE", "PictureSpacing", "spacing_of_pictures", "text_in_pictures"]

_TEXT = "BurnedInAnnotation"
TEXT_ADVICE = (
    f"{_TEXT} YES is written, as the source does not say whether text in its pictures tells who "
    f'the patient is. Give `metadata={{"{_TEXT}": "NO"}}` if there is none.'
)
"""Advice beside `text_in_pictures`."""

_CALIBRATED = ("PixelSpacing", "PixelSpacingCalibrationType", "PixelSpacingCalibrationDescription")
_UNCALIBRATED = (
    "ImagerPixelSpacing",
    "NominalScannedPixelSpacing",
    "PixelAspectRatio",
    "EstimatedRadiographicMagnificationFactor",
)
_REGIONS = "SequenceOfUltrasoundRegions"
_OF_PLACE = ("PositionReferenceIndicator", "SliceThickness", "SliceLocation")

_AT_DETECTOR = (
    "ImagerPixelSpacing is kept: it is the spacing at the detector, not in the patient; lengths on "
    "the picture are magnified."
)
_NOT_KNOWN = (
    "as nothing says that it holds for the pixels of the result. Viewers show no ruler; give "
    "`spacing=` if you know it."
)
_OF_REGIONS = (
    "SequenceOfUltrasoundRegions of the source is left out: it says which part of the picture has "
    "which scale, and the result has no place for it. Viewers show no ruler; give `spacing=` if "
    "one scale holds for the whole picture."
)
_NONE = "The source states no pixel spacing, so the result has none: viewers show no ruler."
_NOT_OF_LABELS = "as labels without a place have no spacing. Measure on the pictures themselves."


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureSpacing:
    """The spacing attributes that a result takes over.

    Parameters
    ----------
    valid : tuple of Attribute
        Still true of the pixels of the result.
    dropped : tuple of str
        Keywords that must not be taken over.
    advice : tuple of str
        Sentences for the user.
    """

    valid: tuple[Attribute, ...] = ()
    dropped: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()

    def decisions(self, decisions: Iterable[Decision]) -> Iterator[Decision]:
        """Yield the decisions, with those about spacing of pictures."""
        valid = {attribute.keyword for attribute in self.valid}
        for decision in decisions:
            outcome = decision.outcome
            if decision.attribute in valid:
                outcome = "kept: the result has the pixels of the picture"
            elif decision.attribute in self.dropped and outcome.startswith("kept"):
                outcome = "dropped: nothing says that it holds for the pixels of the result"
            yield replace(decision, outcome=outcome)


def spacing_of_pictures(source: SourceSeries, grid: Grid, kind: Kind) -> PictureSpacing:
    """Return the spacing of a result without image planes.

    Parameters
    ----------
    source : SourceSeries
        The series that the result is derived from.
    grid : Grid
        Of the result.
    kind : Kind
        Of the result; label maps have no spacing without a plane.

    Returns
    -------
    PictureSpacing
        For a result with the same rows and columns, the attributes as they are; for another, none:
        it may be resampled or cropped. With a source of image planes, only a result without a place
        loses attributes.

    Notes
    -----
    PS3.3 sections 10.7 (calibrated PixelSpacing), C.8.11.3 and C.8.11.4 (ImagerPixelSpacing of
    projections).
    """
    if source.grid.statement.has_place:
        return PictureSpacing(dropped=() if grid.statement.has_place else _OF_PLACE)
    dropped = (*_CALIBRATED, *_UNCALIBRATED, *_OF_PLACE)
    if grid.statement.has_place:
        return PictureSpacing(dropped=dropped)
    stated: list[Attribute] = []
    for keyword in (*_CALIBRATED, *_UNCALIBRATED):
        attribute = source.get(keyword)
        if attribute is not None and not attribute.is_empty:
            stated.append(attribute)
    lengths = {"PixelSpacing", *_UNCALIBRATED}
    names = [attribute.keyword for attribute in stated if attribute.keyword in lengths]
    if source.get(_REGIONS) is not None:
        names.append(_REGIONS)
    if kind.name == "Segmentation":
        text = f"{' and '.join(names)} of the source: left out, {_NOT_OF_LABELS}"
        return PictureSpacing(dropped=dropped, advice=(text,) if names else ())
    valid: list[Attribute] = []
    left_out = names
    if grid.shape[1:] == source.grid.shape[1:]:
        valid = [attribute for attribute in stated if attribute.keyword != "PixelSpacing"]
        left_out = [name for name in names if name == _REGIONS]
    advice = tuple(_advice(valid, left_out, names))
    return PictureSpacing(valid=tuple(valid), dropped=dropped, advice=advice)


def _advice(valid: list[Attribute], left_out: list[str], names: list[str]) -> Iterator[str]:
    if any(attribute.keyword == "ImagerPixelSpacing" for attribute in valid):
        yield _AT_DETECTOR
    if not names:
        yield _NONE
    others = [name for name in left_out if name != _REGIONS]
    if others:
        yield f"{' and '.join(others)} of the source: left out, {_NOT_KNOWN}"
    if _REGIONS in left_out:
        yield _OF_REGIONS


def text_in_pictures(
    source: SourceSeries, kind: Kind, stated: Collection[str]
) -> tuple[Attribute, ...]:
    """Return BurnedInAnnotation YES, if a value is required and none is known.

    Ultrasound often has the name of the patient in its pixels.

    Parameters
    ----------
    source : SourceSeries
        The series that the result is derived from; only of pictures without a place.
    kind : Kind
        Of the result.
    stated : collection of str
        Keywords with a value from the source or the user.
    """
    row = kind.row(_TEXT)
    is_required = row is not None and row.must_have_value and _TEXT not in stated
    if is_required and not source.grid.statement.has_place:
        return (attribute(_TEXT, "YES"),)
    return ()
