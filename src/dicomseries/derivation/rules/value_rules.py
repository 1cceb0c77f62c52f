"""What becomes of every attribute that says what numbers mean, by how the new values relate to the source's.

One row for each group of attributes, one cell for each relation. `meaning` decides by this table, the documentation
prints it, and a test derives a series for every cell of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from dicomseries.derivation.source.value_relation import RELATIONS, ValueRelation

__all__ = ["JUDGED", "OUTCOMES", "VALUE_RULES", "Outcome", "ValueRule", "rule_of_values"]

Outcome = Literal["keep", "keep if shown", "new", "drop", "ask"]
"""What becomes of an attribute in one relation."""

OUTCOMES: Mapping[Outcome, str] = {
    "keep": "kept",
    "keep if shown": "kept where shown to hold, else new or dropped",
    "new": "new",
    "drop": "dropped",
    "ask": "dropped, and the receipt asks",
}
"""Outcome → its words on the page."""

_ALL = tuple(RELATIONS)


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueRule:
    """What becomes of some attributes about values.

    Parameters
    ----------
    name : str
        What they say, for people.
    keywords : tuple of str
        The attributes.
    cells : mapping of str to Outcome
        Relation → outcome; every relation is there.
    why : str
        The reason, as it follows a colon.
    places : str
        Which results have a place for it, for people.
    remedy : str
        What a user who knows better does; begins with a verb.

    Raises
    ------
    ValueError
        If a relation has no cell.

    Examples
    --------
    >>> rule_of_values("Units").cells["same"], rule_of_values("Units").cells["unit"]
    ('keep', 'ask')
    """

    name: str
    keywords: tuple[str, ...]
    cells: Mapping[ValueRelation, Outcome] = field(hash=False)
    why: str
    places: str = "any"
    remedy: str = ""

    def __post_init__(self) -> None:
        if set(self.cells) != set(RELATIONS):
            message = f"{self.name}: every relation needs a cell"
            raise ValueError(message)

    @property
    def is_always_kept(self) -> bool:
        """Whether it is kept in every relation."""
        return set(self.cells.values()) == {"keep"}


def _cells(default: Outcome, **others: Outcome) -> dict[ValueRelation, Outcome]:
    return {relation: others.get(relation, default) for relation in _ALL}


_UNIT = _cells("ask", same="keep", other="drop", colour="drop")
"""Of what names a unit: where the user has stated another one, there is nothing left to ask."""

VALUE_RULES: tuple[ValueRule, ...] = (
    ValueRule(
        name="unit of the rescale",
        keywords=("RescaleType",),
        cells=_UNIT,
        why="a rescale of the new values has the unit of the source only while they are its quantity",
        places="the source's modality (CT, MR); Secondary Capture never; Enhanced CT demands it where it is not kept",
        remedy='Give `metadata={"RescaleType": "HU"}` if they are',
    ),
    ValueRule(
        name="unit of PET",
        keywords=("Units", "SUVType"),
        cells=_UNIT,
        why="activity, counts and uptake values differ by a factor that only their maker knows",
        places="PT",
        remedy='Give `metadata={"Units": ...}` if they are',
    ),
    ValueRule(
        name="unit and quantity of a real-world map",
        keywords=(
            "MeasurementUnitsCodeSequence",
            "QuantityDefinitionSequence",
            "LUTLabel",
            "LUTExplanation",
        ),
        cells=_UNIT,
        why="code and label name the quantity; the map itself is made anew",
        places="the source's modality or object class; a PET series makes the code from Units",
        remedy="Give `units=` if they are",
    ),
    ValueRule(
        name="calibration of PET",
        keywords=(
            "DoseCalibrationFactor",
            "SliceSensitivityFactor",
            "ScatterFractionFactor",
            "DeadTimeFactor",
        ),
        cells=_cells("drop", same="keep"),
        why="factors that were applied to values of this unit",
        places="PT, in slices that lie in the plane of a source slice",
    ),
    ValueRule(
        name="decay and corrections of PET",
        keywords=("DecayCorrection", "DecayFactor", "CorrectedImage", "CountsSource"),
        cells=_cells("keep"),
        why="the counts were corrected so, whatever was computed from them; nothing else may be claimed",
        places="PT",
    ),
    ValueRule(
        name="part of a complex number",
        keywords=("ComplexImageComponent",),
        cells=_cells("drop", same="keep"),
        why="magnitude and phase are said of the signal, not of what was computed from it",
        places="MR, Enhanced MR",
    ),
    ValueRule(
        name="value 3 and 4 of ImageType of MR",
        keywords=("ImageType",),
        cells=_cells("drop", same="keep"),
        why="of MR they name the quantity (M, P, ADC)",
        places="the same object class",
    ),
    ValueRule(
        name="window",
        keywords=("WindowCenter", "WindowWidth", "WindowCenterWidthExplanation", "VOILUTFunction"),
        cells=_cells("new", same="keep if shown", colour="drop"),
        why="a window of the source's scale shows the same while the values are on it: one window for all slices, "
        "which a tenth of it or more of the new values' range meets; else it is computed from the values",
        places="any grey result",
    ),
    ValueRule(
        name="table of the window",
        keywords=("VOILUTSequence", "SoftcopyVOILUTSequence", "PresentationLUTSequence"),
        cells=_cells("drop"),
        why="it maps stored values that are gone; the window is computed",
    ),
    ValueRule(
        name="MONOCHROME1: low values are bright",
        keywords=("PhotometricInterpretation", "PresentationLUTShape"),
        cells=_cells("drop", same="keep", rescaled="ask", grey="ask"),
        why="dark stays dark while the values run the way of the source's",
        places="CT, MR, SC; other kinds know only MONOCHROME2, and the receipt says that the picture is inverted",
        remedy='Give `metadata={"PhotometricInterpretation": "MONOCHROME1"}` if low values are bright in it',
    ),
    ValueRule(
        name="padding",
        keywords=("PixelPaddingValue",),
        cells=_cells("drop", same="keep if shown"),
        why="the value is padding still where the new array holds it, whole numbers are stored exactly, and it lies "
        "beyond all others",
        places="any but Parametric Map, Segmentation and colour",
    ),
    ValueRule(
        name="stored numbers of the source",
        keywords=(
            "PixelPaddingRangeLimit",
            "SmallestImagePixelValue",
            "LargestImagePixelValue",
            "ModalityLUTSequence",
            "RealWorldValueMappingSequence",
            "PixelIntensityRelationship",
            "PixelIntensityRelationshipSign",
        ),
        cells=_cells("drop"),
        why="stored values that are gone",
    ),
    ValueRule(
        name="rescale",
        keywords=("RescaleSlope", "RescaleIntercept"),
        cells=_cells("new", colour="drop"),
        why="from how the new values are stored",
    ),
    ValueRule(
        name="dose",
        keywords=("DoseUnits", "DoseType", "DoseSummationType", "DoseGridScaling"),
        cells=_cells("ask", other="drop", labels="drop", colour="drop"),
        why="no kind here is a dose; a unit can be stated",
        places="none",
        remedy='Give `units="Gy"` if the values are doses in gray',
    ),
)
"""By what the attributes say."""

JUDGED: Mapping[str, ValueRule] = {
    keyword: rule for rule in VALUE_RULES for keyword in rule.keywords
}
"""Keyword → its rule."""


def rule_of_values(keyword: str) -> ValueRule:
    """Return the rule of an attribute about values.

    Raises
    ------
    KeyError
        If it is none.

    Examples
    --------
    >>> rule_of_values("RescaleType").name
    'unit of the rescale'
    """
    return JUDGED[keyword]
