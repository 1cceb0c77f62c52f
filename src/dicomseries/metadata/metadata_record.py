"""The user's attributes as one checked, frozen record."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import field
from typing import Any, Self

from dicomseries.errors import MetadataError
from dicomseries.lazy_dataclass import dataclass
from dicomseries.metadata.attribute_relations import relation_faults
from dicomseries.metadata.convert_values import attribute_of, private_attributes
from dicomseries.metadata.keywords import keyword_of
from dicomseries.metadata.owned_attributes import OWNED
from dicomseries.metadata.private_names import private_tags
from dicomseries.metadata.single_value import short
from dicomseries.standard.attributes.attribute import Attribute
from dicomseries.standard.attributes.defined_terms import DEFINED

__all__ = ["Metadata"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """The user's attributes of patient, study, series and equipment.

    Parameters
    ----------
    attributes : tuple of Attribute
        Each keyword once; sorted by tag. `from_mapping` makes them from a user's mapping.
    verbatim : set of str
        Keywords of attributes copied from another series, whose faults the user cannot fix.

    Raises
    ------
    ValueError
        If a keyword is there twice.

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
        ordered = tuple(sorted(self.attributes, key=lambda attr: attr.tag))
        object.__setattr__(self, "attributes", ordered)
        self._by_keyword.update({attr.keyword: attr for attr in ordered})
        if len(self._by_keyword) < len(ordered):
            message = "metadata holds a keyword twice"
            raise ValueError(message)

    @classmethod
    def from_mapping(
        cls,
        mapping: Mapping[str, Any],
        *,
        owned: Mapping[str, str] = OWNED,
        varying: Collection[str] = (),
    ) -> Self:
        """Check a user's mapping and return it as attributes.

        Parameters
        ----------
        mapping : mapping of str to object
            DICOM keyword (or tag as text) → text, number, date, time, list of them, or for
            sequences a mapping or a list of mappings; None, "" and [] are zero length. A private
            attribute is named by its tag and creator: ``"(0099,1001) MY LAB"``.
        owned : mapping of str to str
            Keywords set by the writer → the option to use instead.
        varying : collection of str
            Keywords that have a value for each volume or slice.

        Raises
        ------
        MetadataError
            All faults at once, each with its keyword.

        Notes
        -----
        PS3.5 section 6.2 (value representations), PS3.6 (keywords, value multiplicity), PS3.3
        (enumerated values). Texts are written in UTF-8 (ISO_IR 192).

        Examples
        --------
        >>> Metadata.from_mapping({"PatienName": "Doe^Jane", "PixelSpacing": [1, 1]})
        Traceback (most recent call last):
        ...
        dicomseries.errors.MetadataError: 2 faults
        - PatienName: expected a keyword of the DICOM data dictionary, given 'PatienName'. Use ...
        - PixelSpacing: expected no value here, as the writer sets it, given [1, 1]. Use ...
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
        attributes = {attr.keyword: attr for attr in private_attributes(private, mapping, faults)}
        for name, value in mapping.items():
            if name in private:
                continue
            try:
                keyword = _free_keyword(name, value, owned, attributes)
                attributes[keyword] = attribute_of(keyword, value)
            except MetadataError as error:
                faults += [fault for fault in error.faults if isinstance(fault, MetadataError)]
        faults += relation_faults(attributes, varying)
        if faults:
            raise MetadataError.together(faults)
        return cls(attributes=tuple(attributes.values()))

    def having(self, *attributes: Attribute) -> Metadata:
        """Return the record with further attributes, or with others instead.

        Examples
        --------
        >>> from dicomseries.standard.attributes.attribute import attribute
        >>> Metadata().having(attribute("SeriesNumber", "2")).keywords
        ('SeriesNumber',)
        """
        joined = {attr.keyword: attr for attr in (*self.attributes, *attributes)}
        verbatim = self.verbatim - {attr.keyword for attr in attributes}
        return Metadata(attributes=tuple(joined.values()), verbatim=verbatim)

    def without(self, *keywords: str) -> Metadata:
        """Return the record without some attributes.

        Examples
        --------
        >>> Metadata.from_mapping({"PatientID": "42"}).without("PatientID").keywords
        ()
        """
        others = tuple(attr for attr in self.attributes if attr.keyword not in keywords)
        return Metadata(attributes=others, verbatim=self.verbatim)

    @property
    def keywords(self) -> tuple[str, ...]:
        """Keywords in the order of their tags."""
        return tuple(self._by_keyword)

    @property
    def advice(self) -> tuple[str, ...]:
        """Sentences about legal but unlikely values.

        Examples
        --------
        >>> Metadata.from_mapping({"TypeOfPatientID": "TXT"}).advice
        ('TypeOfPatientID is TXT, which the standard does not define (TEXT, RFID, BARCODE).',)
        """
        undefined, unparted = [], []
        for attr in self.attributes:
            terms = DEFINED.get(attr.keyword, ())
            for value in attr.values:
                if not isinstance(value, str):
                    continue
                if terms and value and value not in terms:
                    undefined.append(
                        f"{attr.keyword} is {value}, which the standard does not define "
                        f"({', '.join(terms)})."
                    )
                if attr.vr == "PN" and "," in value and "^" not in value:
                    unparted.append(
                        f"{attr.keyword} is {value}: all of it is the family name, as ^ separates "
                        "the names (Doe^Jane)."
                    )
        return (*undefined, *unparted)

    def get(self, keyword: str) -> Attribute | None:
        """Return the attribute; None if it is not set.

        Examples
        --------
        >>> Metadata().get("PatientName") is None
        True
        """
        return self._by_keyword.get(keyword)

    def text(self, keyword: str) -> str:
        """Return the first value as text; "" without one.

        Examples
        --------
        >>> Metadata.from_mapping({"SeriesNumber": 7}).text("SeriesNumber")
        '7'
        """
        attr = self.get(keyword)
        if attr is None or attr.is_empty:
            return ""
        return str(attr.values[0])


def _free_keyword(
    name: object, value: object, owned: Mapping[str, str], attributes: Mapping[str, Attribute]
) -> str:
    """Return the keyword of a name that may be set."""
    keyword = keyword_of(name)
    if keyword in owned:
        raise MetadataError(
            code="attribute-owned",
            where=keyword,
            given=short(value),
            expected="no value here, as the writer sets it",
            remedy=f"Use {owned[keyword]} instead.",
        )
    if keyword in attributes:
        raise MetadataError(
            code="attribute-twice",
            where=keyword,
            given=f"a second time as {name!r}",
            expected="each attribute once",
            remedy="Remove one of the two.",
        )
    return keyword
