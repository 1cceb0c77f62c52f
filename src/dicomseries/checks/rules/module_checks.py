"""Checks of which attributes are there, by the modules and functional groups of the SOP class (MOD)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache, lru_cache

from dicomseries.checks.registry import Fault, check
from dicomseries.checks.series_view.frame_views import PER_FRAME, SHARED
from dicomseries.checks.series_view.required_groups import lacking_in_groups, lacking_partners
from dicomseries.checks.series_view.series_view import SeriesView, printable
from dicomseries.errors import counted
from dicomseries.reading import Element, Instance
from dicomseries.standard.attribute import tag_of
from dicomseries.standard.modules import mandatory_modules, module_requirements
from dicomseries.standard.terms import ENUMERATED

__all__: list[str] = []

_Tags = tuple[int, ...]
_ENHANCED_CT_MR = frozenset({"1.2.840.10008.5.1.4.1.1.2.1", "1.2.840.10008.5.1.4.1.1.4.1"})
_ORIGIN, _ROLE = frozenset({"ORIGINAL", "DERIVED"}), frozenset({"PRIMARY", "SECONDARY"})
_FOUR = (4, _ORIGIN | {"MIXED"}, frozenset({"PRIMARY"}))
_TYPES = {
    "1.2.840.10008.5.1.4.1.1.2": (3, _ORIGIN, _ROLE),
    "1.2.840.10008.5.1.4.1.1.4": (3, _ORIGIN, _ROLE),
    "1.2.840.10008.5.1.4.1.1.13.1.1": _FOUR,
    "1.2.840.10008.5.1.4.1.1.30": _FOUR,
    **dict.fromkeys(_ENHANCED_CT_MR, _FOUR),
}
"""SOP Class UID → least number of values of ImageType, and what its first and second may be."""


@cache
def _demands(sop_class_uid: str, kind: str) -> tuple[tuple[_Tags, str, str], ...]:
    """Return tags, keyword path and module of what the mandatory modules demand with Type 1 or 2."""
    found: dict[_Tags, tuple[str, str]] = {}
    for module in mandatory_modules(sop_class_uid):
        for requirement in module_requirements(module):
            if requirement.type == kind and requirement.path != ("PixelData",):
                tags = tuple(tag_of(keyword) for keyword in requirement.path)
                found.setdefault(tags, (".".join(requirement.path), module))
    return tuple((tags, path, module) for tags, (path, module) in found.items())


@check("MOD-001", level="error", part="PS3.3 A, C; PS3.5 7.4.1")
def type_1_has_a_value(view: SeriesView) -> Iterator[Fault]:
    """Attributes of Type 1 in the mandatory modules are there and have a value.

    In multi-frame files also the mandatory functional groups, of every frame or shared, and what their items demand.
    """
    for instance, path, module in _lacking(view, "1"):
        if path == "FrameIncrementPointer" and instance.frames == 1:
            continue  # C.8.6.3 makes it 1C: a single frame has no next one, and dciodvfy objects to a pointer
        yield Fault(
            f"{instance.name} {path}",
            f"{path} of Type 1 is missing or empty (module {module}).",
            f"Set {path} to its value in the files, e.g. with pydicom, or have them exported again.",
        )
    for where, group, count in lacking_in_groups(view, "1"):
        yield Fault(
            where,
            f"What the functional group {group} demands is missing or empty in {counted(count, 'frame')}.",
            "Set it to its value in these frames, e.g. with pydicom, or have the file exported again.",
        )


@check("MOD-002", level="error", part="PS3.3 A, C; PS3.5 7.4.3")
def type_2_is_there(view: SeriesView) -> Iterator[Fault]:
    """Attributes of Type 2 in the mandatory modules are there; they may be empty where the value is not known."""
    for instance, path, module in _lacking(view, "2"):
        yield Fault(
            f"{instance.name} {path}",
            f"{path} of Type 2 is missing (module {module}).",
            f"Add {path}, empty if its value is not known, e.g. with pydicom.",
        )
    for where, group, count in lacking_in_groups(view, "2"):
        yield Fault(
            where,
            f"A Type 2 attribute of the functional group {group} is missing in {counted(count, 'frame')}.",
            "Add it, empty if its value is not known, e.g. with pydicom.",
        )


@lru_cache(maxsize=16)
def _that_differ(
    demands: tuple[tuple[_Tags, str, str], ...], differing: frozenset[int]
) -> tuple[tuple[_Tags, str, str], ...]:
    return tuple(demand for demand in demands if demand[0][0] in differing)


def _lacking(view: SeriesView, kind: str) -> Iterator[tuple[Instance, str, str]]:
    """Yield file, path and module of what is missing; files after the first only where they differ from it."""
    for index, instance in enumerate(view.instances):
        demands = _demands(instance.sop_class_uid, kind)
        for tags, path, module in demands if not index else _that_differ(demands, view.differing):
            element = instance.element(tags[0])
            if len(tags) > 1:
                fine = element is None or all(_inner(view, instance, element, tags[1:], kind))
            else:
                fine = _is_there(element, kind)
            if not fine:
                yield instance, path, module


def _inner(
    view: SeriesView, instance: Instance, element: Element, tags: _Tags, kind: str
) -> Iterator[bool]:
    """Yield for each item below a sequence whether it has what is demanded."""
    for item in view.items(instance, element):
        yield from _in_item(view, instance, item, tags, kind)


def _in_item(
    view: SeriesView, instance: Instance, item: Mapping[int, Element], tags: _Tags, kind: str
) -> Iterator[bool]:
    element = item.get(tags[0])
    if len(tags) == 1:
        yield _is_there(element, kind)
    elif element is not None:
        yield from _inner(view, instance, element, tags[1:], kind)


def _is_there(element: Element | None, kind: str) -> bool:
    return element is not None and (
        kind == "2" or bool(element.raw.strip(b" \0") or _is_number(element))
    )


def _is_number(element: Element) -> bool:
    return bool(element.raw) and element.vr in {
        "US",
        "SS",
        "UL",
        "SL",
        "FL",
        "FD",
        "AT",
        "OB",
        "OW",
        "UN",
    }


@check("MOD-003", level="error", part="PS3.3 C")
def terms_are_allowed(view: SeriesView) -> Iterator[Fault]:
    """Attributes with enumerated values have one of them, such as R or L in Laterality."""
    for keyword, allowed in ENUMERATED.items():
        for instance, element in view.distinct(tag_of(keyword)):
            yield from _wrong_terms(f"{instance.name} {keyword}", element, allowed)
    for instance, name, tag, element in view.elements if view.is_framed else ():
        if tag in _ENUMERATED_TAGS and name.startswith((SHARED, PER_FRAME)):
            yield from _wrong_terms(f"{instance.name} {name}", element, _ENUMERATED_TAGS[tag])


_ENUMERATED_TAGS = {tag_of(keyword): allowed for keyword, allowed in ENUMERATED.items()}


def _wrong_terms(where: str, element: Element, allowed: tuple[str, ...]) -> Iterator[Fault]:
    text = element.raw.strip(b" \0").decode("latin-1")
    values = [part.strip(" \0") for part in text.split("\\")] if element.vr == "CS" else []
    wrong = [value for value in values if value and value not in allowed]
    if wrong:
        yield Fault(
            where,
            f"{printable(wrong[0])} is none of {', '.join(allowed)}.",
            "Write one of these terms.",
        )


@check("MOD-004", level="error", part="PS3.3 C.7.6.1.1.2, C.8.2.1.1.1, C.8.3.1.1.1, C.8.16.1")
def image_type_is_legal(view: SeriesView) -> Iterator[Fault]:
    """ImageType begins with ORIGINAL or DERIVED, PRIMARY or SECONDARY; CT and MR images have a third value.

    Enhanced images and parametric maps have four; they may begin with MIXED, and their second is PRIMARY.
    """
    for instance, _ in view.distinct(tag_of("ImageType")):
        values = instance.texts("ImageType")
        needed, origins, roles = _TYPES.get(instance.sop_class_uid, (2, _ORIGIN, _ROLE))
        legal = len(values) >= needed and values[0] in origins and values[1] in roles
        if not legal or not all(values[:needed]):
            example = (
                r"DERIVED\PRIMARY\VOLUME\QUANTITY" if needed == 4 else r"DERIVED\SECONDARY\AXIAL"
            )
            yield Fault(
                f"{instance.name} ImageType",
                f"{printable(instance.raw('ImageType'))} is no legal ImageType with {needed} values.",
                f"Write e.g. {example}.",
            )


@check("MOD-005", level="error", part="PS3.3 C.8.16.1.4")
def derived_contrast_is_named(view: SeriesView) -> Iterator[Fault]:
    """The fourth value of ImageType of a derived enhanced CT or MR image says what it was derived as, not NONE.

    RESAMPLED where the values are those of a measurement, QUANTITY where they are another quantity.
    """
    for instance, _ in view.distinct(tag_of("ImageType")):
        values = instance.texts("ImageType")
        if (
            instance.sop_class_uid in _ENHANCED_CT_MR
            and values[:1] == ("DERIVED",)
            and values[3:4] == ("NONE",)
        ):
            yield Fault(
                f"{instance.name} ImageType",
                f"{printable(instance.raw('ImageType'))} is derived, and its fourth value NONE.",
                "Write RESAMPLED or another term of PS3.3 section C.8.16.1.4.",
            )


@check("MOD-006", level="error", part="PS3.3 C.8.13.5, C.8.15.3, C.7.6.16.2")
def groups_are_whole(view: SeriesView) -> Iterator[Fault]:
    """Functional groups hold what their values ask for: a matrix beside BMATRIX, a direction beside DIRECTIONAL.

    Also slabs and limits of arterial spin labelling, the range of a velocity encoding, the material of a filter, and
    the group that the third value of ImageType is about (ASL, METABOLITE_MAP). Converters find no gradients otherwise.
    """
    for where, why, count in lacking_partners(view):
        yield Fault(
            where,
            f"It is missing in {count} frames: {why}.",
            "Write it, or leave out what asks for it.",
        )
