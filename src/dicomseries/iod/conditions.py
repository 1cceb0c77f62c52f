"""What rows are resolved against, and the conditions that make an attribute of Type 1C, 2C or 3 apply."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from dicomseries.metadata import Metadata
from dicomseries.standard.attribute import Value

__all__ = [
    "ALWAYS",
    "AnyOf",
    "Condition",
    "Context",
    "Given",
    "Grey",
    "GreyIf",
    "HasFact",
    "HasWord",
    "Not",
    "Rescaled",
    "SaysOneOf",
    "SeveralFrames",
    "Unless",
    "Used",
    "Values",
    "Varies",
    "When",
]

Values: TypeAlias = tuple[Value, ...]
"""The values of one attribute; empty means zero length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What rows are resolved against.

    Parameters
    ----------
    facts : mapping of str to tuple
        Values the plan has computed, by keyword.
    metadata : Metadata
        What the user has given.
    varying : set of str
        Keywords that have another value in every instance, frame or volume.

    Examples
    --------
    >>> Context(facts={"Rows": (4,)}, metadata=Metadata()).given("PatientName") is None
    True
    """

    facts: Mapping[str, Values]
    metadata: Metadata
    varying: frozenset[str] = frozenset()

    def given(self, keyword: str) -> Values | None:
        """Return the user's values; None if the user has not named the attribute."""
        found = self.metadata.get(keyword)
        return None if found is None else found.values

    def word(self, keywords: tuple[str, ...]) -> str:
        """Return the user's values of these keywords, joined by blanks; empty if there are none."""
        return " ".join(
            str(value) for keyword in keywords for value in self.given(keyword) or () if value != ""
        )


class Condition:
    """Where a row holds, and whether a user may fill it where it does not; as it stands, always and everywhere."""

    __slots__ = ()

    def holds(self, context: Context) -> bool:  # noqa: ARG002 - for subclasses
        """Return whether the row's default or fact is to be written."""
        return True

    def admits(self, context: Context) -> bool:  # noqa: ARG002 - for subclasses
        """Return whether the user may give the attribute."""
        return True


ALWAYS = Condition()
"""The row holds always and everywhere."""


@dataclass(frozen=True, slots=True)
class SeveralFrames(Condition):
    """The row only holds in files of more than one frame."""

    def holds(self, context: Context) -> bool:
        """Return whether the plan has more than one frame."""
        return context.facts.get("NumberOfFrames") != ("1",)


@dataclass(frozen=True, slots=True)
class HasFact(Condition):
    """The row only holds where the plan knows this fact."""

    keyword: str

    def holds(self, context: Context) -> bool:
        """Return whether the plan knows it."""
        return self.keyword in context.facts


@dataclass(frozen=True, slots=True)
class Unless(Condition):
    """The row falls away where the user gives one of these keywords a value."""

    keywords: tuple[str, ...]

    def holds(self, context: Context) -> bool:
        """Return whether the user has given none of the keywords a value."""
        return not any(context.given(keyword) for keyword in self.keywords)


@dataclass(frozen=True, slots=True)
class Given(Condition):
    """The row only holds where the user gives one of these keywords a value."""

    keywords: tuple[str, ...]

    def holds(self, context: Context) -> bool:
        """Return whether the user has given one of the keywords a value."""
        return any(context.given(keyword) for keyword in self.keywords)


@dataclass(frozen=True, slots=True)
class Used(Condition):
    """The row only holds where one of these keywords has a value of the user's, or values that vary."""

    keywords: tuple[str, ...]

    def holds(self, context: Context) -> bool:
        """Return whether one of the keywords is given or varies."""
        return any(
            context.given(keyword) or keyword in context.varying for keyword in self.keywords
        )


@dataclass(frozen=True, slots=True)
class Varies(Condition):
    """The row only holds where one of these keywords has another value in every instance, frame or volume."""

    keywords: tuple[str, ...]

    def holds(self, context: Context) -> bool:
        """Return whether one of the keywords varies."""
        return any(keyword in context.varying for keyword in self.keywords)


@dataclass(frozen=True, slots=True)
class Not(Condition):
    """The row only holds where this condition does not."""

    condition: Condition

    def holds(self, context: Context) -> bool:
        """Return whether the condition does not hold."""
        return not self.condition.holds(context)


@dataclass(frozen=True, slots=True)
class AnyOf(Condition):
    """The row holds where one of these conditions does, and admits the user where one of them does."""

    conditions: tuple[Condition, ...]

    def holds(self, context: Context) -> bool:
        """Return whether one of the conditions holds."""
        return any(condition.holds(context) for condition in self.conditions)

    def admits(self, context: Context) -> bool:
        """Return whether one of the conditions admits the user."""
        return any(condition.admits(context) for condition in self.conditions)


@dataclass(frozen=True, slots=True)
class When(Condition):
    """The row only holds where the user's values of `keyword` contain `value`."""

    keyword: str
    value: str

    def holds(self, context: Context) -> bool:
        """Return whether the user's values contain it."""
        return self.value in (context.given(self.keyword) or ())


@dataclass(frozen=True, slots=True)
class Grey(Condition):
    """The row only holds in images of one sample a pixel (windows and rescales say nothing about colour)."""

    def holds(self, context: Context) -> bool:
        """Return whether the plan's image is grey."""
        return context.facts.get("SamplesPerPixel", (1,)) == (1,)

    def admits(self, context: Context) -> bool:
        """Return whether the plan's image is grey."""
        return self.holds(context)


@dataclass(frozen=True, slots=True)
class Rescaled(Grey):
    """The row only holds where the plan has a rescale; a user may ask for it in any grey image."""

    def holds(self, context: Context) -> bool:
        """Return whether the plan has supplied a slope."""
        return "RescaleSlope" in context.facts

    def admits(self, context: Context) -> bool:
        """Return whether the plan's image is grey."""
        return Grey().holds(context)


@dataclass(frozen=True, slots=True)
class GreyIf(Grey):
    """The row only holds in images of one sample a pixel, and there where the condition does."""

    condition: Condition

    def holds(self, context: Context) -> bool:
        """Return whether the plan's image is grey and the condition holds."""
        return Grey().holds(context) and self.condition.holds(context)

    def admits(self, context: Context) -> bool:
        """Return whether the plan's image is grey."""
        return Grey().holds(context)


@dataclass(frozen=True, slots=True)
class HasWord(Condition):
    """The row only holds where what the user says under these keywords is one of these words, or nothing."""

    keywords: tuple[str, ...]
    words: tuple[str, ...]

    def holds(self, context: Context) -> bool:
        """Return whether the user says nothing or one of the words."""
        return context.word(self.keywords) in ("", *self.words)


@dataclass(frozen=True, slots=True)
class SaysOneOf(Condition):
    """The row only holds where a value of `keyword`, of the user's, is one of these words."""

    keyword: str
    words: tuple[str, ...]

    def holds(self, context: Context) -> bool:
        """Return whether the user says one of the words."""
        return any(value in self.words for value in context.given(self.keyword) or ())
