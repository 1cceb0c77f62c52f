"""The records a kind is made of: rows that say which attribute an instance has and where its values come from.

A kind is a table; nothing outside the tables asks which modality it is writing. Each source resolves itself:

==============  =====================================================================================
`Constant`      the object class fixes it
`Choice`        the user's metadata, else an honest default (or the plan's better one)
`Coded`         the user's code, else the one for a word the user has given, else an honest default
`Fact`          the plan's number (geometry, pixels, identity)
`Default`       the user's metadata, else the plan's number (dates, window, slice thickness)
`Remark`        the user's text followed by the plan's
`PerInstance`   another value in every instance, patched in while writing
`Absent`        the object class forbids it here
`Polarity`      the plan's colours; of grey the user says whether low values are bright
==============  =====================================================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from dicomseries.errors import MetadataError
from dicomseries.iod.conditions import ALWAYS, Condition, Context, Values
from dicomseries.standard.attribute import Item, tag_of, vr_of

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
    "shown",
]

TYPES = ("1", "1C", "2", "2C", "3")
"""Attribute types of PS3.5 section 7.4."""


# ---------------------------------------------------------------------------------------------------------- sources
@dataclass(frozen=True, slots=True, kw_only=True)
class Constant:
    """The object class fixes the values; a user may only repeat them.

    Parameters
    ----------
    values : tuple
        What is written.
    remedy : str
        What a user who wants another value does instead; begins with a verb.
    """

    values: Values
    remedy: str = "Leave it out; the kind fixes it."

    def resolve(self, row: Row, context: Context) -> Values | None:
        """Return the fixed values; None if the row's condition does not hold.

        Raises
        ------
        MetadataError
            If the user has given other values.
        """
        given = row.given(context)
        if given is not None and given != self.values:
            raise MetadataError(
                code="value-fixed-by-kind",
                where=row.keyword,
                given=shown(given),
                expected=f"{shown(self.values)}, which the kind fixes",
                remedy=self.remedy,
            )
        return self.values if row.condition.holds(context) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The user's metadata, else the plan's fact if it has one, else an honest default.

    Parameters
    ----------
    values : tuple
        The default; empty means zero length.
    demanded : bool
        The user must say it: nothing honest can stand in its place.
    demanded_where : Condition, optional
        The user must say it where this holds.
    allowed : tuple of tuple of str
        For each leading value, the texts the object class allows there; an empty tuple allows any text.
        As many values as entries must be there.
    because : str
        Why it is demanded, as it follows "a value, as"; by default its type.
    example : str
        A value to give, where there is a usual one.
    advice : str
        What the receipt tells a user who has left the default in place.
    """

    values: Values = ()
    demanded: bool = False
    demanded_where: Condition | None = None
    allowed: tuple[tuple[str, ...], ...] = ()
    because: str = ""
    example: str = ""
    advice: str = ""

    def resolve(self, row: Row, context: Context) -> Values | None:
        """Return the user's values, else the fact or the default; None if the row's condition does not hold.

        Raises
        ------
        MetadataError
            If the attribute is demanded and missing, or a value is not allowed here.
        """
        given = row.given(context)
        if given is None:
            if not row.condition.holds(context):
                return None
            if self.demanded or (
                self.demanded_where is not None and self.demanded_where.holds(context)
            ):
                raise _missing(row, because=self.because, example=self.example)
            return context.facts.get(row.keyword, self.values)
        self._check(row, given)
        return given

    def _check(self, row: Row, given: Values) -> None:
        wrong = len(given) < len(self.allowed) or any(
            not value or (texts and value not in texts)
            for value, texts in zip(given, self.allowed, strict=False)
        )
        if given and wrong:
            forms = "\\".join("|".join(texts) if texts else "(any)" for texts in self.allowed)
            raise MetadataError(
                code="value-not-allowed-by-kind",
                where=row.keyword,
                given=shown(given),
                expected=f"values of the form {forms}",
                remedy=f"Give such values, or leave it out for {shown(self.values)}.",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Coded:
    """The user's code sequence, else the code of a word the user has given elsewhere, else an honest default.

    Parameters
    ----------
    words : tuple of str
        Keywords whose values, joined by blanks, are the word.
    codes : mapping of str to Item
        Word → the item of a code sequence (PS3.3 section 8.8).
    default : Item
        Where no word is given.
    advice : str
        What the receipt tells a user who has left the default in place.
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
            If the user's word has no code here: no other code may contradict it.
        """
        given = row.given(context)
        if given is not None:
            return given
        word = context.word(self.words)
        if word and word not in self.codes:
            raise MetadataError(
                code="word-without-code",
                where=row.keyword,
                given=f"{' and '.join(self.words)} = {word}, for which there is no code here",
                expected="a code for it, as the attribute is of Type 1",
                remedy=f'Give `metadata={{"{row.keyword}": [{{"CodeValue": ..., '
                '"CodingSchemeDesignator": ..., "CodeMeaning": ...}]}` too.',
            )
        return (self.codes[word] if word else self.default,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """The plan's values; the user has no say (see `dicomseries.metadata.OWNED`).

    Parameters
    ----------
    implied : tuple
        What is written where the plan has none, if the user has given `implied_by`.
    implied_by : str
        Keyword; a user who says RescaleType needs a slope of 1 beside it (PS3.3 C.11.1).
    """

    implied: Values = ()
    implied_by: str = ""

    def resolve(self, row: Row, context: Context) -> Values | None:
        """Return the fact.

        Returns
        -------
        tuple or None
            None where the plan has none; zero length where the type demands presence.
        """
        values = _fact(row, context)
        if values is None and self.implied_by and context.given(self.implied_by):
            return self.implied
        return values


@dataclass(frozen=True, slots=True, kw_only=True)
class Default:
    """The user's metadata, else the plan's fact."""

    def resolve(self, row: Row, context: Context) -> Values | None:
        """Return the user's values, else the fact."""
        given = row.given(context)
        return _fact(row, context) if given is None else given


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """The user's text followed by the plan's, in one text.

    Parameters
    ----------
    limit : int
        Longest text in characters.
    """

    limit: int

    def resolve(self, row: Row, context: Context) -> Values | None:
        """Return the joined text; None if neither has any.

        Raises
        ------
        MetadataError
            If both together exceed the limit.
        """
        names = [name for name in (row.keyword, row.given_as) if name]
        own = "\n".join(
            str(value) for name in names for value in context.given(name) or () if value != ""
        )
        added = " ".join(str(value) for name in names for value in context.facts.get(name, ()))
        text = "\n".join(part for part in (own, added) if part)
        if len(text) > self.limit:
            raise MetadataError(
                code="text-too-long",
                where=row.keyword,
                given=f"{len(own)} characters",
                expected=f"at most {self.limit - len(added) - 1} characters, as {len(added)} are added",
                remedy="Shorten the text.",
            )
        return (text,) if text else None


@dataclass(frozen=True, slots=True, kw_only=True)
class PerInstance:
    """Another value in every instance; the plan patches it in while writing."""

    def resolve(self, row: Row, context: Context) -> None:  # noqa: ARG002 - one protocol for all sources
        """Return None: it is not shared."""
        return


@dataclass(frozen=True, slots=True, kw_only=True)
class Absent:
    """The condition of the standard can never hold here, so the attribute must not be there.

    Parameters
    ----------
    reason : str
        Why, with the clause of the standard.
    remedy : str
        What to give instead; begins with a verb.
    """

    reason: str
    remedy: str

    def resolve(self, row: Row, context: Context) -> None:
        """Return None.

        Raises
        ------
        MetadataError
            If the user has given it.
        """
        given = row.given(context)
        if given is not None:
            raise MetadataError(
                code="attribute-forbidden-by-kind",
                where=row.keyword,
                given=shown(given),
                expected=f"nothing: {self.reason}",
                remedy=self.remedy,
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Polarity:
    """PhotometricInterpretation: the plan's; of grey pixels the user says whether low values are bright.

    Parameters
    ----------
    inverse : bool
        Whether the object class allows MONOCHROME1.
    """

    inverse: bool = False

    def resolve(self, row: Row, context: Context) -> Values | None:
        """Return the user's polarity of grey pixels, else the fact.

        Raises
        ------
        MetadataError
            If the image is in colour, or the object class does not allow the value.
        """
        given = row.given(context)
        fact = _fact(row, context)
        if given is None:
            return fact
        is_grey = fact == ("MONOCHROME2",)
        if is_grey and (given == fact or (self.inverse and given == ("MONOCHROME1",))):
            return given
        remedy = "Leave it out."
        if is_grey and given == ("MONOCHROME1",):
            remedy = 'Invert the array (its maximum minus its values), or use `kind="SC"`.'
        words = "MONOCHROME2 or MONOCHROME1" if self.inverse else "MONOCHROME2"
        raise MetadataError(
            code="value-not-allowed-by-kind",
            where=row.keyword,
            given=shown(given),
            expected=words if is_grey else "nothing, as the array is in colour",
            remedy=remedy,
        )


Source: TypeAlias = (
    Constant | Choice | Coded | Fact | Default | Remark | PerInstance | Absent | Polarity
)


# ------------------------------------------------------------------------------------------------------------- rows
_NUMBERS = {"FD": float, "FL": float, "SL": int, "SS": int, "UL": int, "US": int}
"""Value representations of numbers, for values that were given under another keyword as texts."""


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
        Where the values come from.
    condition : Condition
        Where the row holds.
    given_as : str
        Another keyword under which the user may give it: enhanced objects renamed many attributes of the classic
        ones (EchoTime is EffectiveEchoTime there).

    Raises
    ------
    ValueError
        If the keyword or the type is unknown.

    Examples
    --------
    >>> from dicomseries.metadata import Metadata
    >>> Row("Modality", "1", Constant(values=("CT",))).resolve(Context(facts={}, metadata=Metadata()))
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

    def given(self, context: Context) -> Values | None:
        """Return the user's values, under either keyword; None if the user has not named the attribute."""
        own = context.given(self.keyword)
        if own is not None or not self.given_as:
            return own
        other = context.given(self.given_as)
        return None if other is None else converted(self.keyword, other)

    def column(self, context: Context) -> str:
        """Return the keyword under which the row's varying values stand."""
        return self.given_as if self.given_as in context.varying else self.keyword

    def varies(self, context: Context) -> bool:
        """Return whether the row has another value in every instance or frame."""
        if isinstance(self.source, PerInstance):
            return self.condition.holds(context)
        return self.keyword in context.varying or (
            self.given_as in context.varying and self.given_as != ""
        )

    @property
    def must_have_value(self) -> bool:
        """Whether zero length is illegal once the attribute is there (Types 1 and 1C)."""
        return self.type in {"1", "1C"}

    def resolve(self, context: Context) -> Values | None:
        """Return the values to write, None if the attribute is not to be there.

        Raises
        ------
        MetadataError
            If what the user has given does not fit, or a value is demanded and missing.
        """
        given = self.given(context)
        if given is not None and not self.condition.admits(context):
            raise not_for_this_image(self, given)
        values = self.source.resolve(self, context)
        if values is not None and self.must_have_value and not any(value != "" for value in values):
            raise _missing(self)
        return values

    def advice(self, context: Context) -> str:
        """Return what to tell a user who has left a default in place; empty if there is nothing to say."""
        if not isinstance(self.source, Choice | Coded) or self.given(context) is not None:
            return ""
        if isinstance(self.source, Coded) and context.word(self.source.words):
            return ""
        return self.source.advice if self.condition.holds(context) else ""


def converted(keyword: str, values: Values) -> Values:
    """Return values that were given under another keyword as the value representation of this one has them.

    Examples
    --------
    >>> converted("EffectiveEchoTime", ("30",))
    (30.0,)
    """
    number = _NUMBERS.get(vr_of(keyword))
    return values if number is None else tuple(number(value) for value in values)


def _fact(row: Row, context: Context) -> Values | None:
    """Return the plan's values; zero length for a missing Type 2 or 2C, an error for a missing Type 1."""
    values = context.facts.get(row.keyword)
    if values is not None or not row.condition.holds(context):
        return values
    if row.type == "1":
        raise _missing(row)
    return () if row.type in {"2", "2C"} else None


def not_for_this_image(row: Row, given: Values) -> MetadataError:
    """Return the fault of an attribute that speaks of grey levels where the image is in colour."""
    return MetadataError(
        code="attribute-not-for-this-image",
        where=row.keyword,
        given=shown(given),
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


def shown(values: Values) -> str:
    r"""Return values as DICOM prints them.

    Examples
    --------
    >>> shown(("DERIVED", "PRIMARY")), shown(())
    ('DERIVED\\PRIMARY', 'no value')
    """
    return (
        "\\".join("an item" if isinstance(value, tuple) else str(value) for value in values)
        or "no value"
    )
