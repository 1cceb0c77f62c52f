"""What belongs together in functional groups: conditions of Types 1C and 2C that the tables of types do not hold.

`Need` is one condition in words of the standard: an attribute, the values of it that ask, and what must stand beside
it in the same item. Conditions for ORIGINAL images alone are not here; a derived image may keep such a group in part.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

__all__ = ["FAMILIES", "FLAVOUR_GROUPS", "GROUP_NEEDS", "WHOLE_GROUPS", "Need", "unmet"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """An attribute that asks for others in the same item.

    Parameters
    ----------
    keyword : str
        The attribute that asks.
    partners : tuple of str
        What must have a value beside it.
    values : tuple of str
        The values that ask; empty means any value.
    unless : tuple of str
        Values that do not ask.

    Examples
    --------
    >>> Need(keyword="ASLCrusherFlag", values=("YES",), partners=("ASLCrusherFlowLimit",)).asks("YES")
    True
    """

    keyword: str
    partners: tuple[str, ...]
    values: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()

    def asks(self, value: str) -> bool:
        """Return whether this value of the attribute asks for the partners."""
        return value not in self.unless and (not self.values or value in self.values)


GROUP_NEEDS: Mapping[str, tuple[Need, ...]] = {
    # C.8.13.5.9
    "MRDiffusionSequence": (
        Need(
            keyword="DiffusionDirectionality",
            values=("DIRECTIONAL",),
            partners=("DiffusionGradientDirectionSequence",),
        ),
        Need(
            keyword="DiffusionDirectionality",
            values=("BMATRIX",),
            partners=("DiffusionBMatrixSequence",),
        ),
        Need(keyword="DiffusionGradientDirectionSequence", partners=("DiffusionDirectionality",)),
        Need(keyword="DiffusionBMatrixSequence", partners=("DiffusionDirectionality",)),
    ),
    # C.8.13.5.14
    "MRArterialSpinLabelingSequence": (
        Need(keyword="ASLContext", values=("LABEL", "CONTROL"), partners=("ASLSlabSequence",)),
        Need(
            keyword="ASLCrusherFlag",
            values=("YES",),
            partners=("ASLCrusherFlowLimit", "ASLCrusherDescription"),
        ),
        Need(
            keyword="ASLBolusCutoffFlag",
            values=("YES",),
            partners=("ASLBolusCutoffTimingSequence",),
        ),
    ),
    # C.8.13.5.12
    "MRVelocityEncodingSequence": (
        Need(
            keyword="VelocityEncodingDirection",
            partners=("VelocityEncodingMinimumValue", "VelocityEncodingMaximumValue"),
        ),
        Need(
            keyword="VelocityEncodingMinimumValue",
            partners=("VelocityEncodingDirection", "VelocityEncodingMaximumValue"),
        ),
        Need(
            keyword="VelocityEncodingMaximumValue",
            partners=("VelocityEncodingDirection", "VelocityEncodingMinimumValue"),
        ),
    ),
    # C.8.13.5.2
    "MRTimingAndRelatedParametersSequence": (
        Need(keyword="GradientOutput", partners=("GradientOutputType",)),
        Need(keyword="GradientOutputType", partners=("GradientOutput",)),
    ),
    # C.8.13.5.11
    "MRMetaboliteMapSequence": (
        Need(keyword="MetaboliteMapCodeSequence", partners=("MetaboliteMapDescription",)),
    ),
    # C.8.15.3.8
    "CTExposureSequence": (
        Need(
            keyword="WaterEquivalentDiameter",
            partners=("WaterEquivalentDiameterCalculationMethodCodeSequence",),
        ),
    ),
    # C.8.15.3.9
    "CTXRayDetailsSequence": (
        Need(keyword="FilterType", unless=("NONE",), partners=("FilterMaterial",)),
    ),
    # C.7.6.16.2.7
    "CardiacSynchronizationSequence": (
        Need(keyword="ActualCardiacTriggerDelayTime", partners=("NominalCardiacTriggerDelayTime",)),
        Need(
            keyword="NominalPercentageOfCardiacPhase", partners=("NominalCardiacTriggerDelayTime",)
        ),
    ),
}
"""Functional group → what asks for what in its items."""

WHOLE_GROUPS: Mapping[str, tuple[str, ...]] = {
    "MRVelocityEncodingSequence": (
        "VelocityEncodingDirection",
        "VelocityEncodingMinimumValue",
        "VelocityEncodingMaximumValue",
    ),
    "MRMetaboliteMapSequence": ("MetaboliteMapDescription",),
    "MRAveragesSequence": ("NumberOfAverages",),
    "MREchoSequence": ("EffectiveEchoTime",),
}
"""Functional group → what its item is about: without one of these it says nothing."""

FAMILIES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    # A.38.1.4.1 and C.8.2.2: multi-energy data are explained by a real world value mapping, which maps stored values
    "MultienergyCTAcquisition": (
        "RealWorldValueMappingSequence",
        (
            "MultienergyCTAcquisition",
            "MultienergyCTAcquisitionSequence",
            "MultienergyCTXRaySourceSequence",
            "MultienergyCTXRayDetectorSequence",
            "MultienergyCTPathSequence",
            "MultienergyCTProcessingSequence",
            "MultienergyCTCharacteristicsSequence",
        ),
    ),
    # C.7.6.18.2
    "RespiratoryMotionCompensationTechnique": (
        "RespiratorySignalSource",
        ("RespiratoryMotionCompensationTechnique",),
    ),
}
"""Attribute that asks, unless it says NO or NONE → what it asks for, and what goes with it where that is missing."""

FLAVOUR_GROUPS: Mapping[str, str] = {
    "ASL": "MRArterialSpinLabelingSequence",
    "METABOLITE_MAP": "MRMetaboliteMapSequence",
}
"""Value 3 of ImageType and FrameType → the functional group that it asks for (PS3.3 table A.36-2)."""


def unmet(
    group: str, values: Mapping[str, str], filled: Collection[str]
) -> Iterator[tuple[Need, str]]:
    """Yield what an item asks for and does not have: the need, and the first partner that is missing.

    Parameters
    ----------
    group : str
        Keyword of the functional group.
    values : mapping of str to str
        Attributes of the item with their first value as text; sequences with any text.
    filled : collection of str
        Attributes of the item that have a value.

    Examples
    --------
    >>> [partner for _, partner in unmet("MRDiffusionSequence", {"DiffusionDirectionality": "BMATRIX"}, ())]
    ['DiffusionBMatrixSequence']
    """
    for need in GROUP_NEEDS.get(group, ()):
        if need.keyword in values and need.asks(values[need.keyword]):
            missing = [partner for partner in need.partners if partner not in filled]
            if missing:
                yield need, missing[0]
