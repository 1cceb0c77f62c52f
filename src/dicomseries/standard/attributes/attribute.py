"""One DICOM attribute: keyword, value representation, values.

Texts are those of the file (DS and IS texts of at most 16 and 12 characters, dates as YYYYMMDD):
two attributes are equal exactly if their bytes are.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TypeAlias, Union

from dicomseries.lazy_dataclass import dataclass
from dicomseries.standard.dictionary import dictionary_vr, tag_for_keyword

__all__ = ["Attribute", "Item", "Value", "attribute", "tag_of", "vr_of"]

_NUMBER = re.compile(r"\(([0-9A-Fa-f]{4}),([0-9A-Fa-f]{4})\)")

Value: TypeAlias = Union[str, int, float, bytes, "Item"]
"""One value: text, number, bytes, or (VR SQ) an item."""

Item: TypeAlias = tuple["Attribute", ...]
"""One item of a sequence: its attributes."""


@dataclass(frozen=True, slots=True)
class Attribute:
    r"""An attribute of the data dictionary with its values.

    Parameters
    ----------
    keyword : str
        Keyword of PS3.6, such as ``"PixelSpacing"``; without one the tag, such as
        ``"(0029,1010)"``.
    vr : str
        Two-letter value representation (PS3.5 section 6.2).
    values : tuple
        One entry per value; empty means zero length. For VR SQ the entries are items: tuples of
        `Attribute`.

    Raises
    ------
    ValueError
        If the keyword is not in the data dictionary or `vr` is not two capital letters.

    Examples
    --------
    >>> spacing = Attribute("PixelSpacing", "DS", ("3.5", "2.5"))
    >>> f"{spacing.tag:08X}", spacing.is_empty
    ('00280030', False)
    """

    keyword: str
    vr: str
    values: tuple[Value, ...] = ()

    def __post_init__(self) -> None:
        tag_of(self.keyword)
        if not (len(self.vr) == 2 and self.vr.isalpha() and self.vr.isupper()):
            message = (
                f"{self.keyword}: a value representation has two capital letters, not {self.vr!r}"
            )
            raise ValueError(message)
        object.__setattr__(self, "values", tuple(self.values))

    @property
    def tag(self) -> int:
        """Group and element number as one integer.

        Attributes are written in this order (PS3.5 section 7.1).
        """
        return tag_of(self.keyword)

    @property
    def is_empty(self) -> bool:
        """Whether the attribute is written with zero length."""
        return not any(value != "" for value in self.values)


def attribute(keyword: str, *values: Value, vr: str | None = None) -> Attribute:
    """Return an attribute with the dictionary's value representation (PS3.6).

    Parameters
    ----------
    keyword : str
        Keyword of PS3.6.
    *values : str, int, float, bytes or tuple of Attribute
        The values as they are written; none for zero length.
    vr : str, optional
        Needed where the dictionary leaves a choice ("US or SS", "OB or OW").

    Raises
    ------
    ValueError
        If the keyword is unknown, or `vr` is missing for an attribute with a choice of VRs.

    Examples
    --------
    >>> attribute("Modality", "CT")
    Attribute(keyword='Modality', vr='CS', values=('CT',))
    >>> attribute("PixelPaddingValue", -1024, vr="SS").vr
    'SS'
    """
    return Attribute(keyword, vr or vr_of(keyword), values)


@cache
def tag_of(keyword: str) -> int:
    """Return the tag of a keyword as one integer.

    Attributes without a keyword are named by their tag.

    Raises
    ------
    ValueError
        If PS3.6 has no such keyword, or it is one of the repeating groups 50xx and 60xx.

    Examples
    --------
    >>> f"{tag_of('Rows'):08X}", f"{tag_of('(0029,1010)'):08X}"
    ('00280010', '00291010')
    """
    number = _NUMBER.fullmatch(keyword)
    if number is not None:
        return int(number[1] + number[2], 16)
    tag = tag_for_keyword(keyword)
    if tag is None:
        message = f"{keyword!r} is not a keyword of the DICOM data dictionary"
        raise ValueError(message)
    return tag


@cache
def vr_of(keyword: str) -> str:
    """Return the dictionary's value representation of a keyword.

    It may be a choice such as "US or SS".

    Raises
    ------
    ValueError
        If PS3.6 has no such keyword.

    Examples
    --------
    >>> vr_of("PixelSpacing"), vr_of("PixelPaddingValue")
    ('DS', 'US or SS')
    """
    return dictionary_vr(tag_of(keyword))
