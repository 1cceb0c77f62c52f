"""Rules of the attributes that give numbers their meaning.

One row for each group of attributes, one cell for each relation of the new values to the source's.
`source_meaning` decides by this table, the documentation prints it, and a test derives a series for
every cell.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Literal

from dicomseries.lazy_dataclass import dataclass

__all__ = [
    "OUTCOMES",
    "RELATIONS",
    "VALUE_RULES",
    "VALUE_RULE_OF",
    "Outcome",
    "ValueRelation",
    "ValueRule",
]

ValueRelation = Literal["same", "rescaled", "grey", "other", "unit", "labels", "colour"]
"""Relation of the new values to the source's."""

RELATIONS: Mapping[ValueRelation, tuple[str, str]] = {
    "same": (
        "same values",
        "none of the following is shown or stated: the values may be the source's quantity",
    ),
    "rescaled": (
        "rescaled",
        (
            "values more than ten times beyond the source's possible values, or within a hundredth "
            "of its range; of Hounsfield units: beyond -32768 … 65535, or less than 20 apart"
        ),
    ),
    "grey": (
        "0 to 255",
        (
            "whole numbers from 0 to 255 where the source goes beyond, like grey levels and "
            "labels; floats that reach both ends exactly"
        ),
    ),
    "other": (
        "another quantity",
        (
            "a stated unit (`units=`, Units, RescaleType, MeasurementUnitsCodeSequence, "
            "QuantityDefinitionSequence) that differs from the source's"
        ),
    ),
    "unit": (
        "floats 0 to 1",
        "floats between -1 and 1 where the source goes beyond, like probabilities",
    ),
    "labels": ("labels", "kind Segmentation, a bool array, or integers that are only 0 and 1"),
    "colour": ("colour", "three samples per pixel"),
}
"""Relation → its name and its evidence, for people."""

Outcome = Literal["keep", "keep if shown", "new", "drop", "ask"]
"""Outcome for an attribute in one relation."""

OUTCOMES: Mapping[Outcome, str] = {
    "keep": "kept",
    "keep if shown": "kept if shown to hold, else new or dropped",
    "new": "new",
    "drop": "dropped",
    "ask": "dropped, and the receipt asks",
}
"""Outcome → its words in the documentation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueRule:
    """Rule of some attributes about values.

    Parameters
    ----------
    name : str
        Their meaning, for people.
    keywords : tuple of str
        The attributes.
    cells : mapping of str to Outcome
        Outcome for every relation.
    why : str
        The reason, as it follows a colon.
    places : str
        Kinds of results that can hold it, for people.
    remedy : str
        Instruction for a user who knows better; begins with a verb.

    Raises
    ------
    ValueError
        If a relation has no cell.

    Examples
    --------
    >>> units = VALUE_RULE_OF["Units"]
    >>> units.cells["same"], units.cells["unit"]
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
    return {relation: others.get(relation, default) for relation in RELATIONS}


_UNIT = _cells("ask", same="keep", other="drop", colour="drop")
"""Cells of a unit; if the user has stated another one, there is nothing to ask."""

VALUE_RULES: tuple[ValueRule, ...] = (
    ValueRule(
        name="unit of the rescale",
        keywords=("RescaleType",),
        cells=_UNIT,
        why="the new values have the source's unit only if they are the same quantity",
        places="the source's modality (CT, MR); never Secondary Capture; Enhanced CT requires it "
        "if it is not kept",
        remedy='Give `metadata={"RescaleType": "HU"}` if they are',
    ),
    ValueRule(
        name="unit of PET",
        keywords=("Units", "SUVType"),
        cells=_UNIT,
        why="activity, counts and uptake values differ by a factor unknown here",
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
        places="PT, in slices in the plane of a source slice",
    ),
    ValueRule(
        name="decay and corrections of PET",
        keywords=("DecayCorrection", "DecayFactor", "CorrectedImage", "CountsSource"),
        cells=_cells("keep"),
        why="the corrections of the counts stay the same after any computation",
        places="PT",
    ),
    ValueRule(
        name="part of a complex number",
        keywords=("ComplexImageComponent",),
        cells=_cells("drop", same="keep"),
        why="magnitude and phase describe the signal, not values computed from it",
        places="MR, Enhanced MR",
    ),
    ValueRule(
        name="substance or kind of a map",
        keywords=("MetaboliteMapDescription", "DiffusionAnisotropyType"),
        cells=_cells("drop", same="keep"),
        why="water, fat or fractional anisotropy are the source's quantity; its functional group "
        "goes with it",
        places="MR, Enhanced MR",
    ),
    ValueRule(
        name="values 3 and 4 of ImageType of MR",
        keywords=("ImageType",),
        cells=_cells("drop", same="keep"),
        why="in MR they name the quantity (M, P, ADC)",
        places="the same object class",
    ),
    ValueRule(
        name="window",
        keywords=("WindowCenter", "WindowWidth", "WindowCenterWidthExplanation", "VOILUTFunction"),
        cells=_cells("new", same="keep if shown", colour="drop"),
        why="the source's window fits values on the same scale: one window for all slices, at "
        "least a tenth of it within the range of the new values; else it is computed from them",
        places="any grey result",
    ),
    ValueRule(
        name="table of the window",
        keywords=("VOILUTSequence", "SoftcopyVOILUTSequence", "PresentationLUTSequence"),
        cells=_cells("drop"),
        why="it maps the source's stored values; the window is computed",
    ),
    ValueRule(
        name="MONOCHROME1: low values are bright",
        keywords=("PhotometricInterpretation", "PresentationLUTShape"),
        cells=_cells("drop", same="keep", rescaled="ask", grey="ask"),
        why="dark stays dark if the values rise like the source's",
        places="CT, MR, SC; other kinds have only MONOCHROME2, and the receipt says that the "
        "picture is inverted",
        remedy='Give `metadata={"PhotometricInterpretation": "MONOCHROME1"}` if low values are '
        "bright in it",
    ),
    ValueRule(
        name="padding",
        keywords=("PixelPaddingValue",),
        cells=_cells("drop", same="keep if shown"),
        why="the value is still padding if the new array has it, whole numbers are stored exactly, "
        "and it lies beyond all other values",
        places="all except Parametric Map, Segmentation and colour",
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
        why="they describe the source's stored values",
    ),
    ValueRule(
        name="rescale",
        keywords=("RescaleSlope", "RescaleIntercept"),
        cells=_cells("new", colour="drop"),
        why="it follows from the storage of the new values",
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
"""Rules in the order of the documentation."""

VALUE_RULE_OF: Mapping[str, ValueRule] = {
    keyword: rule for rule in VALUE_RULES for keyword in rule.keywords
}
"""Keyword → its rule."""
