"""Structures of the body by name: codes, sides and colours.

The table has the class names of TotalSegmentator; `tools/make_segment_names.py` makes it. Other
names are looked up in pydicom's code dictionary. PS3.16, CID 7151, CID 4 and CID 4031.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from dicomseries.lazy_dataclass import dataclass
from dicomseries.segmentation.segment_codes import Code, category_of, known_region, known_type
from dicomseries.segmentation.segment_colors import Color
from dicomseries.standard.attributes.coded_concepts import plain_name
from dicomseries.standard.read_table import read_table

__all__ = ["NamedStructure", "structure_of"]

_LEFT = Code("7771000", "SCT", "Left")
_RIGHT = Code("24028007", "SCT", "Right")
_SIDES = {"left": _LEFT, "right": _RIGHT}
"""Word in a name → laterality (PS3.16, CID 244)."""

_AMBIGUOUS = frozenset({"atrium", "ventricle", "ventricles", "wall"})
"""Names of structures in several organs, for which the dictionary has one."""

_BETWEEN_WORDS = re.compile(r"[\W_]+|(?<=[a-z])(?=[A-Z])")


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedStructure:
    """The codes of a structure, and its usual colour.

    Parameters
    ----------
    type, category : Code
        Segmented property type and category (PS3.16, CID 7151 and 7150).
    modifier : Code, optional
        Left or Right, of a structure on one side.
    region, region_modifier : Code, optional
        Anatomic region and its side.
    color : Color, optional
        Red, green, blue.
    """

    type: Code
    category: Code
    modifier: Code | None = None
    region: Code | None = None
    region_modifier: Code | None = None
    color: Color | None = None


def structure_of(name: str) -> NamedStructure | None:
    """Return the structure with a name; None if it is unknown.

    Parameters
    ----------
    name : str
        A class name of TotalSegmentator, or a name in pydicom's code dictionary, with or without
        "left" or "right", in any spelling of words and case.

    Examples
    --------
    >>> kidney = structure_of("kidney_left")
    >>> print(kidney.type, kidney.modifier)
    (64033007, SCT, 'Kidney') (7771000, SCT, 'Left')
    >>> print(structure_of("Right parotid gland").modifier, structure_of("lesion 3"))
    (24028007, SCT, 'Right') None
    """
    rest, side = _rest_and_side(name)
    structure = _table().get((rest, side))
    if structure is not None:
        return structure
    structure = _in_dictionary(name)
    if structure is not None or not side or not rest:
        return structure
    structure = _in_dictionary(rest)
    if structure is None or structure.category.meaning not in {"Anatomical Structure", "Tissue"}:
        return None
    return NamedStructure(type=structure.type, category=structure.category, modifier=_SIDES[side])


def _rest_and_side(name: str) -> tuple[str, str]:
    """Return the letters and digits without the side, and the side.

    A name with both sides has none.
    """
    words = [word.casefold() for word in _BETWEEN_WORDS.split(name) if word]
    sides = [word for word in words if word in _SIDES]
    if len(sides) != 1:
        return "".join(words), ""
    return "".join(word for word in words if word not in _SIDES), sides[0]


def _in_dictionary(name: str) -> NamedStructure | None:
    """Return the structure that pydicom's dictionary has under a name."""
    code = known_type(name) or known_region(name)
    if code is None or plain_name(name) in _AMBIGUOUS:
        return None
    category = category_of(code)
    if category is None:
        return None
    return NamedStructure(type=code, category=category)


@cache
def _table() -> Mapping[tuple[str, str], NamedStructure]:
    """Return structures by name without side, and by side.

    A structure without a region is known by the meaning of its type, too.
    """
    names = read_table("segment_names.json", "dicomseries.segmentation")["names"]
    table: dict[tuple[str, str], NamedStructure] = {}
    by_meaning: dict[tuple[str, str], NamedStructure] = {}
    for name, entry in names.items():
        structure = _structure(entry)
        rest, side = _rest_and_side(name)
        table[rest, side] = structure
        meaning, side_of_meaning = _rest_and_side(structure.type.meaning)
        if structure.region is None:
            by_meaning.setdefault((meaning, side_of_meaning or side), structure)
    return {**by_meaning, **table}


def _structure(entry: Mapping[str, Any]) -> NamedStructure:
    codes = {key: Code(*code) for key, code in entry.items() if key != "color"}
    red, green, blue = bytes.fromhex(entry["color"][1:])
    return NamedStructure(**codes, color=(red, green, blue))
