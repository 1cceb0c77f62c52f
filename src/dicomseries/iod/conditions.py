"""Conditions of rows, and the context they look at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from dicomseries.lazy_dataclass import dataclass
from dicomseries.metadata import Metadata
from dicomseries.standard.attributes.attribute import Value

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
    """Facts and metadata to resolve rows with.

    Parameters
    ----------
    facts : mapping of str to tuple
        Values computed by the plan, by keyword.
    metadata : Metadata
        The user's attributes.
    varying : set of str
        Keywords with different values in instances, frames or volumes.

    Examples
    --------
    >>> Context(facts={"Rows": (4,)}, metadata=Metadata()).user_values("PatientName") is None
    True
    """

    facts: Mapping[str, Values]
    metadata: Metadata
    varying: frozenset[str] = frozenset()

    def user_values(self, keyword: str) -> Values | None:
        """Return the user's values; None if not set."""
        attribute = self.metadata.get(keyword)
        return None if attribute is None else attribute.values

    def word(self, keywords: tuple[str, ...]) -> str:
        """Return the user's values of these keywords, joined by blanks."""
        words: list[str] = []
        for keyword in keywords:
            words += filter(None, map(str, self.user_values(keyword) or ()))
        return " ".join(words)

    def has_value(self, keywords: tuple[str, ...]) -> bool:
        """Return whether the user sets one of the keywords."""
        return any(map(self.user_values, keywords))

    def has_varying(self, keywords: tuple[str, ...]) -> bool:
        """Return whether one of the keywords varies."""
        return not self.varying.isdisjoint(keywords)


class Condition:
    """Condition of a row; this base class always holds."""

    __slots__ = ()

    def holds(self, context: Context) -> bool:  # noqa: ARG002 - for subclasses
        """Return whether the default or fact is to be written."""
        return True

    def admits(self, context: Context) -> bool:  # noqa: ARG002 - for subclasses
        """Return whether the user may set the attribute."""
        return True


ALWAYS = Condition()
"""The condition that always holds."""


@dataclass(frozen=True, slots=True)
class SeveralFrames(Condition):
    """The file has more than one frame."""

    def holds(self, context: Context) -> bool:
        """Return whether the plan has more than one frame."""
        return context.facts.get("NumberOfFrames") != ("1",)


@dataclass(frozen=True, slots=True)
class HasFact(Condition):
    """The plan knows a fact."""

    keyword: str

    def holds(self, context: Context) -> bool:
        """Return whether the plan knows the fact."""
        return self.keyword in context.facts


@dataclass(frozen=True, slots=True)
class Unless(Condition):
    """The user sets none of these keywords to a value."""

    keywords: tuple[str, ...]

    def holds(self, context: Context) -> bool:
        """Return whether no keyword has a value."""
        return not context.has_value(self.keywords)


@dataclass(frozen=True, slots=True)
class Given(Condition):
    """The user sets one of these keywords to a value."""

    keywords: tuple[str, ...]

    def holds(self, context: Context) -> bool:
        """Return whether one keyword has a value."""
        return context.has_value(self.keywords)


@dataclass(frozen=True, slots=True)
class Used(Condition):
    """The user sets one of these keywords, or it varies."""

    keywords: tuple[str, ...]

    def holds(self, context: Context) -> bool:
        """Return whether one keyword has a value or varies."""
        return context.has_value(self.keywords) or context.has_varying(self.keywords)


@dataclass(frozen=True, slots=True)
class Varies(Condition):
    """One of these keywords differs between frames or files."""

    keywords: tuple[str, ...]

    def holds(self, context: Context) -> bool:
        """Return whether one keyword varies."""
        return context.has_varying(self.keywords)


@dataclass(frozen=True, slots=True)
class Not(Condition):
    """A condition does not hold."""

    condition: Condition

    def holds(self, context: Context) -> bool:
        """Return whether the condition does not hold."""
        return not self.condition.holds(context)


@dataclass(frozen=True, slots=True)
class AnyOf(Condition):
    """One of these conditions holds."""

    conditions: tuple[Condition, ...]

    def holds(self, context: Context) -> bool:
        """Return whether one of the conditions holds."""
        return any(condition.holds(context) for condition in self.conditions)

    def admits(self, context: Context) -> bool:
        """Return whether one of the conditions admits the user's values."""
        return any(condition.admits(context) for condition in self.conditions)


@dataclass(frozen=True, slots=True)
class AllOf(Condition):
    """All of these conditions hold."""

    conditions: tuple[Condition, ...]

    def holds(self, context: Context) -> bool:
        """Return whether each of the conditions holds."""
        return all(condition.holds(context) for condition in self.conditions)

    def admits(self, context: Context) -> bool:
        """Return whether each of the conditions admits the user's values."""
        return all(condition.admits(context) for condition in self.conditions)


@dataclass(frozen=True, slots=True)
class When(Condition):
    """The user's values of `keyword` contain `value`."""

    keyword: str
    value: str

    def holds(self, context: Context) -> bool:
        """Return whether the user's values contain it."""
        return self.value in (context.user_values(self.keyword) or ())


@dataclass(frozen=True, slots=True)
class Grey(Condition):
    """The image is grey.

    Colours have neither window nor rescale.
    """

    def holds(self, context: Context) -> bool:
        """Return whether the image is grey."""
        return context.facts.get("SamplesPerPixel", (1,)) == (1,)

    def admits(self, context: Context) -> bool:
        """Return whether the image is grey."""
        return Grey.holds(self, context)


@dataclass(frozen=True, slots=True)
class Rescaled(Grey):
    """The image is rescaled.

    The user may set the attribute in any grey image.
    """

    def holds(self, context: Context) -> bool:
        """Return whether the plan has a slope."""
        return "RescaleSlope" in context.facts


@dataclass(frozen=True, slots=True)
class GreyIf(Grey):
    """The image is grey, and a further condition holds."""

    condition: Condition

    def holds(self, context: Context) -> bool:
        """Return whether the image is grey and the condition holds."""
        return Grey.holds(self, context) and self.condition.holds(context)


@dataclass(frozen=True, slots=True)
class HasWord(Condition):
    """The user's word is one of these, or missing."""

    keywords: tuple[str, ...]
    words: tuple[str, ...]

    def holds(self, context: Context) -> bool:
        """Return whether there is no word, or one of these."""
        return context.word(self.keywords) in ("", *self.words)


@dataclass(frozen=True, slots=True)
class SaysOneOf(Condition):
    """The user's value of `keyword` is one of these."""

    keyword: str
    words: tuple[str, ...]

    def holds(self, context: Context) -> bool:
        """Return whether the user's values contain one of the words."""
        return any(value in self.words for value in context.user_values(self.keyword) or ())
