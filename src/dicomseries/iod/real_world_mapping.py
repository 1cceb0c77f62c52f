"""Real World Value Mapping (PS3.3 C.7.6.16.2.11).

It maps stored numbers to real ones, with the unit as a code. The rescale beside it has the same
numbers; it has no unit, but most readers apply it alone. Classic objects have the mapping at the
top level (General Image, C.7.6.1), multi-frame ones in a functional group.
"""

from __future__ import annotations

from dicomseries.iod.code_items import NO_UNITS, PET_UNITS
from dicomseries.iod.conditions import AnyOf, Condition, Given, GreyIf, HasWord, Rescaled
from dicomseries.iod.groups import Group
from dicomseries.iod.rows import Choice, Coded, Default, Fact, Row, Source

__all__ = [
    "REAL_WORLD_VALUES",
    "REAL_WORLD_VALUES_IF_SET",
    "REAL_WORLD_VALUES_OF_PET",
    "UNITS",
    "real_world_values",
]

UNITS = Choice(values=(NO_UNITS,))
"""The user's code, else the code for no units (CID 7181)."""

_IS_SET = Given(
    ("MeasurementUnitsCodeSequence", "QuantityDefinitionSequence", "LUTLabel", "LUTExplanation")
)


def real_world_values(units: Source, condition: Condition) -> Group:
    """Return the mapping of a kind.

    Parameters
    ----------
    units : Source
        Of MeasurementUnitsCodeSequence.
    condition : Condition
        Condition of the mapping.

    Examples
    --------
    >>> real_world_values(UNITS, Given(("LUTLabel",))).keyword
    'RealWorldValueMappingSequence'
    """
    return Group(
        "RealWorldValueMappingSequence",
        (
            Row("RealWorldValueFirstValueMapped", "1C", Fact()),
            Row("RealWorldValueLastValueMapped", "1C", Fact()),
            Row("DoubleFloatRealWorldValueFirstValueMapped", "1C", Fact()),
            Row("DoubleFloatRealWorldValueLastValueMapped", "1C", Fact()),
            Row("RealWorldValueIntercept", "1", Fact()),
            Row("RealWorldValueSlope", "1", Fact()),
            Row("LUTExplanation", "1", Choice(values=("Real values",))),
            Row("LUTLabel", "1", Choice(values=("REAL",))),
            Row("MeasurementUnitsCodeSequence", "1", units),
            Row("QuantityDefinitionSequence", "3", Default()),
        ),
        condition,
    )


REAL_WORLD_VALUES = real_world_values(UNITS, GreyIf(AnyOf((Rescaled(), _IS_SET))))
"""For rescaled numbers, or if the user sets one of its attributes."""

REAL_WORLD_VALUES_IF_SET = real_world_values(UNITS, GreyIf(_IS_SET))
"""If the user sets one of its attributes."""

_PET_WORDS = ("Units", "SUVType")

REAL_WORLD_VALUES_OF_PET = real_world_values(
    Coded(words=_PET_WORDS, codes=PET_UNITS, default=NO_UNITS),
    AnyOf((HasWord(_PET_WORDS, tuple(PET_UNITS)), _IS_SET)),
)
"""With the unit of Units (C.8.9.1); a term without a code here needs the user's code."""
