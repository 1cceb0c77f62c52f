"""The user's attributes as one checked, frozen record."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from dicomseries.errors import MetadataError
from dicomseries.metadata.attribute_relations import relation_faults
from dicomseries.metadata.convert_values import attribute_of, private_attributes, short
from dicomseries.metadata.keywords import keyword_of
from dicomseries.metadata.owned_attributes import OWNED
from dicomseries.metadata.private_names import private_tags
from dicomseries.standard.attribute import Attribute
from dicomseries.standard.terms import DEFINED

__all__ = ["Metadata"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """Attributes of patient, study, series and equipment, in the order of their tags.

    Parameters
    ----------
    attributes : tuple of Attribute
        Each keyword once. `from_mapping` makes them from what users write.
    verbatim : set of str
        Keywords of those that another series says so, whose faults are not the user's to fix.

    Raises
    ------
    ValueError
        If a keyword stands there twice.

    Examples
    --------
    >>> user = Metadata.from_mapping({"PatientName": "Doe^Jane", "SeriesNumber": 7})
    >>> user.keywords
    ('PatientName', 'SeriesNumber')
    >>> user.get("SeriesNumber").values
    ('7',)
    """

    attributes: tuple[Attribute, ...] = ()
    verbatim: frozenset[str] = field(default=frozenset(), repr=False, compare=False)
    _by_keyword: dict[str, Attribute] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )

    def __post_init__(self) -> None:
        ordered = tuple(sorted(self.attributes, key=lambda one: one.tag))
        object.__setattr__(self, "attributes", ordered)
        self._by_keyword.update({one.keyword: one for one in ordered})
        if len(self._by_keyword) < len(ordered):
            message = "metadata holds a keyword twice"
            raise ValueError(message)

    @classmethod
    def from_mapping(
        cls,
        mapping: Mapping[str, Any],
        *,
        owned: Mapping[str, str] = OWNED,
        beside: Collection[str] = (),
    ) -> Self:
        """Check what a user has written and return it as attributes.

        Parameters
        ----------
        mapping : mapping of str to object
            DICOM keyword (or tag as text) → text, number, date, time, list of them, or for sequences a mapping or a
            list of mappings; None, "" and [] are zero length. A private attribute is named by its tag and creator:
            ``"(0099,1001) MY LAB"``.
        owned : mapping of str to str
            Keywords the writer owns → what to use instead.
        beside : collection of str
            Keywords that have a value for each volume or slice.

        Raises
        ------
        MetadataError
            All faults at once, each with its keyword.

        Notes
        -----
        PS3.5 section 6.2 (value representations), PS3.6 (keywords, value multiplicity), PS3.3 (enumerated values).
        Texts are written in UTF-8 (ISO_IR 192).

        Examples
        --------
        >>> Metadata.from_mapping({"PatienName": "Doe^Jane", "PixelSpacing": [1, 1]})
        Traceback (most recent call last):
        ...
        dicomseries.errors.MetadataError: 2 faults
        - PatienName: expected a keyword of the DICOM data dictionary, given 'PatienName'. Use PatientName...
        - PixelSpacing: expected no value here, as the writer sets it, given [1, 1]. Use spacing= or affine= instead.
        """
        if not isinstance(mapping, Mapping):
            raise MetadataError(
                code="metadata-not-a-mapping",
                where="metadata",
                given=type(mapping).__name__,
                expected="a mapping from DICOM keywords to values",
                remedy='Give a dictionary such as {"PatientName": "Doe^Jane"}.',
            )
        faults: list[MetadataError] = []
        private = private_tags(mapping, faults)
        found = {one.keyword: one for one in private_attributes(private, mapping, faults)}
        for name, value in mapping.items():
            if name in private:
                continue
            try:
                keyword = _free_keyword(name, value, owned, found)
                found[keyword] = attribute_of(keyword, value)
            except MetadataError as error:
                faults += [fault for fault in error.faults if isinstance(fault, MetadataError)]
        faults += relation_faults(found, beside)
        if faults:
            raise MetadataError.together(faults)
        return cls(attributes=tuple(found.values()))

    def having(self, *attributes: Attribute) -> Metadata:
        """Return the same with further attributes; one that is there already is replaced.

        Examples
        --------
        >>> from dicomseries.standard.attribute import attribute
        >>> Metadata().having(attribute("SeriesNumber", "2")).keywords
        ('SeriesNumber',)
        """
        joined = {one.keyword: one for one in (*self.attributes, *attributes)}
        said = self.verbatim - {one.keyword for one in attributes}
        return Metadata(attributes=tuple(joined.values()), verbatim=said)

    def without(self, *keywords: str) -> Metadata:
        """Return the same without some attributes.

        Examples
        --------
        >>> Metadata.from_mapping({"PatientID": "42"}).without("PatientID").keywords
        ()
        """
        kept = tuple(one for one in self.attributes if one.keyword not in keywords)
        return Metadata(attributes=kept, verbatim=self.verbatim)

    @property
    def keywords(self) -> tuple[str, ...]:
        """Keywords in the order of their tags."""
        return tuple(one.keyword for one in self.attributes)

    @property
    def advice(self) -> tuple[str, ...]:
        """Values that are legal but hardly meant: terms the standard does not define, names with a comma.

        Examples
        --------
        >>> Metadata.from_mapping({"RescaleType": "HUU"}).advice
        ('RescaleType is HUU, which the standard does not define (OD, HU, US, MGML, Z_EFF, ED, EDW, HU_MOD, PCT).',)
        """
        undefined = tuple(
            f"{one.keyword} is {value}, which the standard does not define ({', '.join(DEFINED[one.keyword])})."
            for one in self.attributes
            if one.keyword in DEFINED
            for value in one.values
            if isinstance(value, str) and value and value not in DEFINED[one.keyword]
        )
        return undefined + tuple(
            f"{one.keyword} is {value}: all of it is the family name, as ^ parts the names (Doe^Jane)."
            for one in self.attributes
            if one.vr == "PN"
            for value in one.values
            if isinstance(value, str) and "," in value and "^" not in value
        )

    def get(self, keyword: str) -> Attribute | None:
        """Return the attribute, None if the user has not given it.

        Examples
        --------
        >>> Metadata().get("PatientName") is None
        True
        """
        return self._by_keyword.get(keyword)


def _free_keyword(
    name: object, value: object, owned: Mapping[str, str], found: Mapping[str, Attribute]
) -> str:
    """Return the keyword of `name` if a user may set it and has not done so before."""
    keyword = keyword_of(name)
    if keyword in owned:
        raise MetadataError(
            code="attribute-owned",
            where=keyword,
            given=short(value),
            expected="no value here, as the writer sets it",
            remedy=f"Use {owned[keyword]} instead.",
        )
    if keyword in found:
        raise MetadataError(
            code="attribute-twice",
            where=keyword,
            given=f"a second time as {name!r}",
            expected="each attribute once",
            remedy="Remove one of the two.",
        )
    return keyword
