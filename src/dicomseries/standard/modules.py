"""Which modules and functional groups an image object has, and which attributes they demand (PS3.3 annexes A and C).

Types (PS3.5 section 7.4): 1 must have a value; 2 must be present and may be empty; 3 is optional; C makes 1 and 2
depend on a condition that the standard gives in words, which these tables do not hold.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dicomseries.standard import module_tables, multi_frame_tables
from dicomseries.standard.functional_group_tables import GROUP_TEXT, MACRO_TEXT

__all__ = [
    "FUNCTIONAL_GROUPS",
    "IOD_MODULES",
    "MANDATORY_GROUPS",
    "MODULES",
    "Requirement",
    "group_requirements",
    "mandatory_modules",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """The type of one attribute in one module.

    Parameters
    ----------
    path : tuple of str
        Keywords from the top level down to the attribute; all but the last are sequences.
    type : str
        "1", "1C", "2", "2C" or "3".

    Examples
    --------
    >>> Requirement(path=("PatientName",), type="2").keyword
    'PatientName'
    """

    path: tuple[str, ...]
    type: str

    @property
    def keyword(self) -> str:
        """Keyword of the attribute itself."""
        return self.path[-1]

    @property
    def is_top_level(self) -> bool:
        """Whether the attribute stands outside of any sequence."""
        return len(self.path) == 1


def _requirements(text: str) -> Iterator[Requirement]:
    """Yield what a module's text holds: every type at the top level, Types 1 and 2 inside sequences."""
    path: list[str] = []
    keyword = ""
    for word in text.replace("(", " ( ").replace(")", " ) ").split():
        if word == "(":
            path.append(keyword)
        elif word == ")":
            path.pop()
        else:
            keyword, _, kind = word.partition(":")
            if not path or kind in {"1", "2"}:
                yield Requirement(path=(*path, keyword), type=kind)


def _usages(text: str) -> Iterator[tuple[str, str]]:
    for word in text.split():
        key, _, usage = word.partition(":")
        yield key, usage


IOD_MODULES: dict[str, tuple[tuple[str, str], ...]] = {
    uid: tuple(_usages(text))
    for uid, text in (module_tables.IOD_TEXT | multi_frame_tables.IOD_TEXT).items()
}
"""SOP Class UID → (module, usage): M mandatory, C conditional, U optional."""

MODULES: dict[str, tuple[Requirement, ...]] = {
    key: tuple(_requirements(text))
    for key, text in (module_tables.MODULE_TEXT | multi_frame_tables.MODULE_TEXT).items()
}
"""Module → its attributes: all types at the top level, Types 1 and 2 inside sequences.

What stands in the items of functional groups is not here; see `FUNCTIONAL_GROUPS` and `group_requirements`.
"""

FUNCTIONAL_GROUPS: dict[str, tuple[str, ...]] = {
    uid: tuple(text.split()) for uid, text in GROUP_TEXT.items()
}
"""SOP Class UID → the sequences that may stand in an item of shared or per-frame functional groups (annex A)."""

_PLANE_GROUPS = ("PixelMeasuresSequence", "PlanePositionSequence", "PlaneOrientationSequence")
_ENHANCED_GROUPS = (*_PLANE_GROUPS, "FrameContentSequence", "FrameAnatomySequence")

MANDATORY_GROUPS: dict[str, tuple[str, ...]] = {
    # Table A.38-2
    "1.2.840.10008.5.1.4.1.1.2.1": (
        *_ENHANCED_GROUPS,
        "CTImageFrameTypeSequence",
        "IrradiationEventIdentificationSequence",
        "PixelValueTransformationSequence",
    ),
    # Table A.36-2
    "1.2.840.10008.5.1.4.1.1.4.1": (*_ENHANCED_GROUPS, "MRImageFrameTypeSequence"),
    # Table A.53-2
    "1.2.840.10008.5.1.4.1.1.13.1.1": (
        *_ENHANCED_GROUPS,
        "FrameVOILUTSequence",
        "XRay3DFrameTypeSequence",
    ),
    # Table A.75-2
    "1.2.840.10008.5.1.4.1.1.30": (
        "FrameAnatomySequence",
        "FrameContentSequence",
        "FrameVOILUTSequence",
        "ParametricMapFrameTypeSequence",
        "PixelMeasuresSequence",
        "PixelValueTransformationSequence",
        "RealWorldValueMappingSequence",
    ),
    # Table A.51-2; Segment Identification is not for label maps, whose pixels are the segment numbers.
    "1.2.840.10008.5.1.4.1.1.66.4": ("FrameContentSequence", "SegmentIdentificationSequence"),
    "1.2.840.10008.5.1.4.1.1.66.7": ("FrameContentSequence",),
}
"""SOP Class UID → the functional groups of usage M: in every frame, either shared or per frame."""

_MACROS: dict[str, tuple[Requirement, ...]] = {
    key: tuple(_requirements(text)) for key, text in MACRO_TEXT.items()
}


def group_requirements(sop_class_uid: str, group: str) -> tuple[Requirement, ...]:
    """Return what the items of a functional group hold: all types of an item itself, Types 1 and 2 below it.

    Parameters
    ----------
    sop_class_uid : str
        The object class; a few groups have another form in some.
    group : str
        Keyword of the sequence; none of the tables has nothing.

    Examples
    --------
    >>> [one.keyword for one in group_requirements("1.2.840.10008.5.1.4.1.1.2.1", "PlanePositionSequence")]
    ['ImagePositionPatient']
    """
    return _MACROS.get(f"{group} {sop_class_uid}", _MACROS.get(group, ()))


def mandatory_modules(sop_class_uid: str) -> tuple[str, ...]:
    """Return the modules every instance of a SOP class must have; none for a class without a table here.

    Examples
    --------
    >>> "ct-image" in mandatory_modules("1.2.840.10008.5.1.4.1.1.2")
    True
    """
    return tuple(key for key, usage in IOD_MODULES.get(sop_class_uid, ()) if usage == "M")
