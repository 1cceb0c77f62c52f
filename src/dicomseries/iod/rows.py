"""Rows of a kind: attributes with sources of values.

A kind is a table; no code outside of the tables asks for the modality. Each source resolves itself:

==============  ==============================================================================
`Constant`      fixed by the object class
`Choice`        the user's metadata, else the plan's fact, else a default
`Coded`         the user's code, else the code of the user's word, else a default
`Fact`          the plan's number (geometry, pixels, identity)
`Default`       the user's metadata, else the plan's number (dates, window, slice thickness)
`Remark`        the user's text followed by the plan's
`PerInstance`   a different value in every instance, inserted while writing
`Absent`        forbidden by the object class
`Polarity`      the plan's colours; for grey the user's choice of bright or dark low values
==============  ==============================================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from dicomseries.errors import MetadataError
from dicomseries.iod.conditions import ALWAYS, Condition, Context, Values
from dicomseries.lazy_dataclass import dataclass
from dicomseries.standard.attributes.attribute import Item, tag_of, vr_of

__all__ = [
    "Absent",
    "Choice",
    "Coded",
    "Constant",
    "Default",
    "Fact",
    "PerInstance",
    "Polarity",
    "Remark",
    "Row",
    "Source",
    "converted",
    "not_for_this_image",
    "values_text",
]

TYPES = ("1", "1C", "2", "2C", "3")
"""Attribute types of PS3.5 section 7.4."""

_NUMBERS = {"FD": float, "FL": float, "SL": int, "SS": int, "UL": int, "US": int}
"""Value representations of numbers → Python types."""


# ------------------------------------------------------------------------------------------- rows
@dataclass(frozen=True, slots=True)
class Row:
    """One attribute of a kind.

    Parameters
    ----------
    keyword : str
        Keyword of PS3.6.
    type : str
        "1", "1C", "2", "2C" or "3" (PS3.5 section 7.4); the strictest of the kind's modules.
    source : Source
        Source of the values.
    condition : Condition
        Condition of the row.
    given_as : str
        Another keyword for the user's values: enhanced objects renamed many attributes of the
        classic ones (EchoTime is EffectiveEchoTime there).

    Raises
    ------
    ValueError
        If the keyword or the type is unknown.

    Examples
    --------
    >>> from dicomseries.metadata import Metadata
    >>> context = Context(facts={}, metadata=Metadata())
    >>> Row("Modality", "1", Constant(values=("CT",))).resolve(context)
    ('CT',)
    """

    keyword: str
    type: str
    source: Source
    condition: Condition = ALWAYS
    given_as: str = ""

    def __post_init__(self) -> None:
        tag_of(self.keyword)
        if self.type not in TYPES:
            message = f"{self.keyword}: the type is one of {TYPES}, not {self.type!r}"
            raise ValueError(message)

    def resolve(self, context: Context) -> Values | None:
        """Return the values to write, None without the attribute.

        Raises
        ------
        MetadataError
            If the user's values do not fit, or a value is missing.
        """
        user_values = self.user_values(context)
        if user_values is not None and not self.condition.admits(context):
            raise not_for_this_image(self, user_values)
        values = self.source.resolve(self, context)
        if values is not None and self.must_have_value and not any(value != "" for value in values):
            raise _missing(self)
        return values

    def user_values(self, context: Context) -> Values | None:
        """Return the user's values under either keyword."""
        values = context.user_values(self.keyword)
        if values is not None or not self.given_as:
            return values
        others = context.user_values(self.given_as)
        return None if others is None else converted(self.keyword, others)

    def column(self, context: Context) -> str:
        """Return the keyword of the row's varying values."""
        return self.given_as if self.given_as in context.varying else self.keyword

    def varies(self, context: Context) -> bool:
        """Return whether the values differ between instances or frames."""
        if isinstance(self.source, PerInstance):
            return self.condition.holds(context)
        return context.has_varying((self.keyword, self.given_as or self.keyword))

    @property
    def must_have_value(self) -> bool:
        """Whether zero length is illegal (Types 1 and 1C)."""
        return self.type in {"1", "1C"}

    def advice(self, context: Context) -> str:
        """Return advice about a default in place; empty without any."""
        if not isinstance(self.source, Choice | Coded) or self.varies(context):
            return ""
        if self.user_values(context) is not None:
            return ""
        if isinstance(self.source, Coded) and context.word(self.source.words):
            return ""
        return self.source.advice if self.condition.holds(context) else ""


def converted(keyword: str, values: Values) -> Values:
    """Return values in the value representation of another keyword.

    Examples
    --------
    >>> converted("EffectiveEchoTime", ("30",))
    (30.0,)
    """
    number = _NUMBERS.get(vr_of(keyword))
    return values if number is None else tuple(map(number, values))


# ---------------------------------------------------------------------------------------- sources
@dataclass(frozen=True, slots=True, kw_only=True)
class Constant:
    """Values fixed by the object class.

    Parameters
    ----------
    values : tuple
        The values.
    remedy : str
        Remedy for a user with other values; begins with a verb.
    """

    values: Values
    remedy: str = "Leave it out; the kind fixes it."

    def resolve(self, row: Row, context: Context) -> Values | None:
        """Return the fixed values; reject other values of the user."""
        user_values = row.user_values(context)
        if user_values is not None and user_values != self.values:
            raise MetadataError(
                code="value-fixed-by-kind",
                where=row.keyword,
                given=values_text(user_values),
                expected=f"{values_text(self.values)}, which the kind fixes",
                remedy=self.remedy,
            )
        return self.values if row.condition.holds(context) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The user's metadata, else the plan's fact, else a default.

    Parameters
    ----------
    values : tuple
        The default; empty means zero length.
    demanded : bool
        Whether the user must set it: no default would be true.
    demanded_where : Condition, optional
        Condition under which the user must set it.
    allowed : tuple of tuple of str
        For each leading value the texts allowed by the object class; an empty tuple allows any
        text. There must be as many values as entries.
    because : str
        Reason of the demand, as it follows "a value, as"; by default the type.
    example : str
        A usual value.
    advice : str
        Advice of the receipt about the default.
    """

    values: Values = ()
    demanded: bool = False
    demanded_where: Condition | None = None
    allowed: tuple[tuple[str, ...], ...] = ()
    because: str = ""
    example: str = ""
    advice: str = ""

    def resolve(self, row: Row, context: Context) -> Values | None:
        """Return the user's values, the fact or the default.

        None if the row's condition fails.

        Raises
        ------
        MetadataError
            If a demanded value is missing, or a value is not allowed here.
        """
        user_values = row.user_values(context)
        if user_values is not None:
            self._check(row, user_values)
            return user_values
        if not row.condition.holds(context):
            return None
        demanded_where = self.demanded_where
        if self.demanded or (demanded_where is not None and demanded_where.holds(context)):
            raise _missing(row, because=self.because, example=self.example)
        return context.facts.get(row.keyword, self.values)

    def _check(self, row: Row, user_values: Values) -> None:
        is_wrong = len(user_values) < len(self.allowed)
        for value, texts in zip(user_values, self.allowed, strict=False):
            if not value or (texts and value not in texts):
                is_wrong = True
        if user_values and is_wrong:
            forms = "\\".join("|".join(texts) or "(any)" for texts in self.allowed)
            raise MetadataError(
                code="value-not-allowed-by-kind",
                where=row.keyword,
                given=values_text(user_values),
                expected=f"values of the form {forms}",
                remedy=f"Give such values, or leave it out for {values_text(self.values)}.",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Coded:
    """The user's code, a word's code, or a default.

    Parameters
    ----------
    words : tuple of str
        Keywords whose values, joined by blanks, are the word.
    codes : mapping of str to Item
        Word → the item of a code sequence (PS3.3 section 8.8).
    default : Item
        The item without a word.
    advice : str
        Advice of the receipt about the default.
    """

    words: tuple[str, ...]
    codes: Mapping[str, Item]
    default: Item
    advice: str = ""

    def resolve(self, row: Row, context: Context) -> Values:
        """Return the one item.

        Raises
        ------
        MetadataError
            If the user's word has no code here: another code would contradict it.
        """
        user_values = row.user_values(context)
        if user_values is not None:
            return user_values
        word = context.word(self.words)
        if word and word not in self.codes:
            item = '{"CodeValue": ..., "CodingSchemeDesignator": ..., "CodeMeaning": ...}'
            raise MetadataError(
                code="word-without-code",
                where=row.keyword,
                given=f"{' and '.join(self.words)} = {word}, for which no code is known here",
                expected="a code for it, as the attribute is of Type 1",
                remedy=f'Give `metadata={{"{row.keyword}": [{item}]}}` too.',
            )
        return (self.codes[word] if word else self.default,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """The plan's values, never the user's (see `dicomseries.metadata.OWNED`).

    Parameters
    ----------
    implied : tuple
        Values without a fact, if the user sets `implied_by`.
    implied_by : str
        Keyword; a user's RescaleType needs a slope of 1 beside it (PS3.3 C.11.1).
    """

    implied: Values = ()
    implied_by: str = ""

    def resolve(self, row: Row, context: Context) -> Values | None:
        """Return the fact.

        Returns
        -------
        tuple or None
            None without a fact; zero length if the type demands presence.
        """
        values = _fact(row, context)
        if values is None and self.implied_by and context.user_values(self.implied_by):
            return self.implied
        return values


@dataclass(frozen=True, slots=True, kw_only=True)
class Default:
    """The user's metadata, else the plan's fact."""

    def resolve(self, row: Row, context: Context) -> Values | None:
        """Return the user's values, else the fact."""
        user_values = row.user_values(context)
        return _fact(row, context) if user_values is None else user_values


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """The user's text followed by the plan's.

    Parameters
    ----------
    limit : int
        Longest text in characters.
    """

    limit: int

    def resolve(self, row: Row, context: Context) -> Values | None:
        """Return the joined text; None without any."""
        users: list[str] = []
        plans: list[str] = []
        for name in filter(None, (row.keyword, row.given_as)):
            users += filter(None, map(str, context.user_values(name) or ()))
            plans += map(str, context.facts.get(name, ()))
        user, plan = "\n".join(users), " ".join(plans)
        text = "\n".join(filter(None, (user, plan)))
        if len(text) > self.limit:
            most = self.limit - len(plan) - 1
            raise MetadataError(
                code="text-too-long",
                where=row.keyword,
                given=f"{len(user)} characters",
                expected=f"at most {most} characters, as {len(plan)} are added",
                remedy="Shorten the text.",
            )
        return (text,) if text else None


@dataclass(frozen=True, slots=True, kw_only=True)
class PerInstance:
    """A different value in every instance, inserted while writing."""

    def resolve(self, row: Row, context: Context) -> None:  # noqa: ARG002 - as other sources
        """Return None: it is not shared."""
        return


@dataclass(frozen=True, slots=True, kw_only=True)
class Absent:
    """An attribute that must not be there.

    Parameters
    ----------
    reason : str
        Reason with the clause of the standard.
    remedy : str
        Attribute to give instead; begins with a verb.
    """

    reason: str
    remedy: str

    def resolve(self, row: Row, context: Context) -> None:
        """Return None; a value of the user is an error."""
        user_values = row.user_values(context)
        if user_values is not None:
            raise MetadataError(
                code="attribute-forbidden-by-kind",
                where=row.keyword,
                given=values_text(user_values),
                expected=f"nothing: {self.reason}",
                remedy=self.remedy,
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Polarity:
    """PhotometricInterpretation: the plan's colours, or the user's kind of grey.

    Parameters
    ----------
    inverse : bool
        Whether the object class allows MONOCHROME1 (bright low values).
    """

    inverse: bool = False

    def resolve(self, row: Row, context: Context) -> Values | None:
        """Return the user's kind of grey, else the fact.

        Raises
        ------
        MetadataError
            If the image is in colour, or the object class does not allow the value.
        """
        user_values = row.user_values(context)
        fact = _fact(row, context)
        if user_values is None:
            return fact
        is_grey = fact == ("MONOCHROME2",)
        is_inverse = user_values == ("MONOCHROME1",)
        if is_grey and (user_values == fact or (self.inverse and is_inverse)):
            return user_values
        expected, remedy = "nothing, as the array is in colour", "Leave it out."
        if is_grey:
            expected = "MONOCHROME2 or MONOCHROME1" if self.inverse else "MONOCHROME2"
        if is_grey and is_inverse:
            remedy = 'Invert the array (its maximum minus its values), or use `kind="SC"`.'
        raise MetadataError(
            code="value-not-allowed-by-kind",
            where=row.keyword,
            given=values_text(user_values),
            expected=expected,
            remedy=remedy,
        )


Source: TypeAlias = (
    Constant | Choice | Coded | Fact | Default | Remark | PerInstance | Absent | Polarity
)


def _fact(row: Row, context: Context) -> Values | None:
    """Return the plan's values; zero length for missing Type 2."""
    values = context.facts.get(row.keyword)
    if values is not None or not row.condition.holds(context):
        return values
    if row.type == "1":
        raise _missing(row)
    return () if row.type in {"2", "2C"} else None


# ----------------------------------------------------------------------------------------- errors
def not_for_this_image(row: Row, user_values: Values) -> MetadataError:
    """Return the error of a grey attribute in colour images."""
    return MetadataError(
        code="attribute-not-for-this-image",
        where=row.keyword,
        given=values_text(user_values),
        expected="nothing, as a colour image has neither window nor rescale, nor units",
        remedy="Leave it out.",
    )


def _missing(row: Row, *, because: str = "", example: str = "") -> MetadataError:
    value = f'"{example}"' if example else "..."
    return MetadataError(
        code="value-missing",
        where=row.keyword,
        given="none",
        expected=f"a value, as {because or f'the attribute is of Type {row.type}'}",
        remedy=f'Give `metadata={{"{row.keyword}": {value}}}`.',
    )


def values_text(values: Values) -> str:
    r"""Return values as DICOM prints them.

    Examples
    --------
    >>> values_text(("DERIVED", "PRIMARY")), values_text(())
    ('DERIVED\\PRIMARY', 'no value')
    """
    texts = ["an item" if isinstance(value, tuple) else str(value) for value in values]
    return "\\".join(texts) or "no value"
