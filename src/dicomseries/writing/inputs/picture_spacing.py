"""What becomes of the spacing that radiographs, screenshots and clips state without an image plane."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from dicomseries.derivation import Decision, SourceSeries
from dicomseries.geometry import Grid
from dicomseries.iod import Kind
from dicomseries.standard.attribute import Attribute

__all__ = ["PictureSpacing", "spacing_of_pictures"]

_MEASURED = ("PixelSpacing", "PixelSpacingCalibrationType", "PixelSpacingCalibrationDescription")
_OTHERS = (
    "ImagerPixelSpacing",
    "NominalScannedPixelSpacing",
    "PixelAspectRatio",
    "EstimatedRadiographicMagnificationFactor",
)
_REGIONS = "SequenceOfUltrasoundRegions"
_AT_DETECTOR = (
    "ImagerPixelSpacing is kept: it is the spacing at the detector, not in the patient; lengths on the picture are "
    "magnified."
)
_NOT_KNOWN = "as nothing says that it holds for the pixels of the result. Viewers show no ruler; give `spacing=` if you know it."
_OF_REGIONS = (
    "SequenceOfUltrasoundRegions of the source is left out: it says which part of the picture has which scale, and the "
    "result has no place for it. Viewers show no ruler; give `spacing=` if one scale holds for the whole picture."
)
_NONE = "The source states no pixel spacing, so the result has none: viewers show no ruler."
_NOT_OF_LABELS = "as labels without a place have no spacing. Measure on the pictures themselves."
_OF_PLACE = ("PositionReferenceIndicator", "SliceThickness", "SliceLocation")


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureSpacing:
    """Which of these attributes a result takes over.

    Parameters
    ----------
    kept : tuple of Attribute
        Still true of the pixels of the result.
    dropped : tuple of str
        Keywords that must not be taken over.
    advice : tuple of str
        What the user should know.
    """

    kept: tuple[Attribute, ...] = ()
    dropped: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()

    def decisions(self, decisions: Iterable[Decision]) -> Iterator[Decision]:
        """Yield the decisions of the table of rules, with what became of spacing in pictures."""
        kept = {one.keyword for one in self.kept}
        for one in decisions:
            if one.attribute in kept:
                yield replace(one, outcome="kept: the result has the pixels of the picture")
            elif one.attribute in self.dropped and one.outcome.startswith("kept"):
                yield replace(
                    one, outcome="dropped: nothing says that it holds for the pixels of the result"
                )
            else:
                yield one


def spacing_of_pictures(source: SourceSeries, grid: Grid, kind: Kind) -> PictureSpacing:
    """Return what a result takes over of the spacing of a source without image planes.

    Parameters
    ----------
    source : SourceSeries
        What the result comes from.
    grid : Grid
        Of the result.
    kind : Kind
        Of the result; label maps say nothing of spacing without a plane.

    Returns
    -------
    PictureSpacing
        Of a result with the same rows and columns the attributes as they are; of another, none: whether it was
        resampled or cropped is not known. Of a source with image planes, nothing changes but for a result without a
        place.

    Notes
    -----
    PS3.3 sections 10.7 (calibrated PixelSpacing), C.8.11.3 and C.8.11.4 (ImagerPixelSpacing of projections).
    """
    if source.grid.statement.has_place:
        return PictureSpacing() if grid.statement.has_place else PictureSpacing(dropped=_OF_PLACE)
    found = (source.get(keyword) for keyword in (*_MEASURED, *_OTHERS))
    stated = [one for one in found if one is not None and not one.is_empty]
    names = [one.keyword for one in stated if one.keyword in {"PixelSpacing", *_OTHERS}]
    if source.get(_REGIONS) is not None:
        names.append(_REGIONS)
    dropped = (*_MEASURED, *_OTHERS, *_OF_PLACE)
    if grid.statement.has_place:
        return PictureSpacing(dropped=dropped)
    if kind.name == "Segmentation":
        advice = (
            (f"{' and '.join(names)} of the source: left out, {_NOT_OF_LABELS}",) if names else ()
        )
        return PictureSpacing(dropped=dropped, advice=advice)
    is_same = grid.shape[1:] == source.grid.shape[1:]
    kept = tuple(one for one in stated if is_same and (one.keyword != "PixelSpacing"))
    left = [name for name in names if name == _REGIONS or not is_same]
    return PictureSpacing(
        kept=kept, dropped=dropped, advice=(*_kept_advice(kept), *_left_advice(left, names))
    )


def _kept_advice(kept: tuple[Attribute, ...]) -> tuple[str, ...]:
    has_imager = any(one.keyword == "ImagerPixelSpacing" for one in kept)
    return (_AT_DETECTOR,) if has_imager else ()


def _left_advice(left: list[str], names: list[str]) -> tuple[str, ...]:
    if not names:
        return (_NONE,)
    others = [name for name in left if name != _REGIONS]
    advice = (_OF_REGIONS,) if _REGIONS in left else ()
    return (
        (f"{' and '.join(others)} of the source: left out, {_NOT_KNOWN}", *advice)
        if others
        else advice
    )
