"""Checks of which attributes are there, by the modules of the SOP class (MOD)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache, lru_cache

from dicomseries.readback import Instance
from dicomseries.readback.elements import Element
from dicomseries.readback.instance import tag_of
from dicomseries.standard.modules import MODULES, mandatory_modules
from dicomseries.standard.terms import ENUMERATED
from dicomseries.verify.registry import Fault, check
from dicomseries.verify.view import SeriesView, printable

__all__: list[str] = []

_Tags = tuple[int, ...]
_THREE_VALUES = {"1.2.840.10008.5.1.4.1.1.2": "CT", "1.2.840.10008.5.1.4.1.1.4": "MR"}


@cache
def _demands(sop_class_uid: str, kind: str) -> tuple[tuple[_Tags, str, str], ...]:
    """Return tags, keyword path and module of what the mandatory modules demand with Type 1 or 2."""
    found: dict[_Tags, tuple[str, str]] = {}
    for module in mandatory_modules(sop_class_uid):
        for requirement in MODULES.get(module, ()):
            if requirement.type == kind and requirement.path != ("PixelData",):
                tags = tuple(tag_of(keyword) for keyword in requirement.path)
                found.setdefault(tags, (".".join(requirement.path), module))
    return tuple((tags, path, module) for tags, (path, module) in found.items())


@check("MOD-001", level="error", part="PS3.3 A, C; PS3.5 7.4.1")
def type_1_has_a_value(view: SeriesView) -> Iterator[Fault]:
    """Attributes of Type 1 in the mandatory modules are there and have a value."""
    for instance, path, module in _lacking(view, "1"):
        yield Fault(
            f"{instance.name} {path}",
            f"A Type 1 attribute of the module {module} is missing or empty.",
            "Write it with a value.",
        )


@check("MOD-002", level="error", part="PS3.3 A, C; PS3.5 7.4.3")
def type_2_is_there(view: SeriesView) -> Iterator[Fault]:
    """Attributes of Type 2 in the mandatory modules are there; they may be empty where the value is not known."""
    for instance, path, module in _lacking(view, "2"):
        yield Fault(
            f"{instance.name} {path}",
            f"A Type 2 attribute of the module {module} is missing.",
            "Write it, with zero length if its value is not known.",
        )


@lru_cache(maxsize=16)
def _that_differ(
    demands: tuple[tuple[_Tags, str, str], ...], differing: frozenset[int]
) -> tuple[tuple[_Tags, str, str], ...]:
    return tuple(demand for demand in demands if demand[0][0] in differing)


def _lacking(view: SeriesView, kind: str) -> Iterator[tuple[Instance, str, str]]:
    """Yield file, path and module of what is missing; files after the first only where they differ from it."""
    for index, instance in enumerate(view.instances):
        demands = _demands(instance.text("SOPClassUID"), kind)
        for tags, path, module in demands if not index else _that_differ(demands, view.differing):
            element = instance.element(tags[0])
            if len(tags) > 1:
                fine = element is None or all(_inner(view, instance, element, tags[1:], kind))
            else:
                fine = _is_there(element, kind)
            if not fine:
                yield instance, path, module


def _inner(view: SeriesView, instance: Instance, element: Element, tags: _Tags, kind: str) -> Iterator[bool]:
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
    return element is not None and (kind == "2" or bool(element.raw.strip(b" \0") or _is_number(element)))


def _is_number(element: Element) -> bool:
    return bool(element.raw) and element.vr in {"US", "SS", "UL", "SL", "FL", "FD", "AT", "OB", "OW", "UN"}


@check("MOD-003", level="error", part="PS3.3 C")
def terms_are_allowed(view: SeriesView) -> Iterator[Fault]:
    """Attributes with enumerated values have one of them, such as R or L in Laterality."""
    for keyword, allowed in ENUMERATED.items():
        for instance, element in view.distinct(tag_of(keyword)):
            values = instance.texts(keyword) if element.vr == "CS" else ()
            wrong = [value for value in values if value and value not in allowed]
            if wrong:
                yield Fault(
                    f"{instance.name} {keyword}",
                    f"{printable(wrong[0])} is none of {', '.join(allowed)}.",
                    "Write one of them.",
                )


@check("MOD-004", level="error", part="PS3.3 C.7.6.1.1.2, C.8.2.1.1.1, C.8.3.1.1.1")
def image_type_is_legal(view: SeriesView) -> Iterator[Fault]:
    """ImageType begins with ORIGINAL or DERIVED, PRIMARY or SECONDARY; CT and MR images have a third value."""
    for instance, _ in view.distinct(tag_of("ImageType")):
        values = instance.texts("ImageType")
        needed = 3 if instance.text("SOPClassUID") in _THREE_VALUES else 2
        legal = len(values) >= needed and values[0] in {"ORIGINAL", "DERIVED"} and values[1] in {"PRIMARY", "SECONDARY"}
        if not legal or not all(values[:needed]):
            yield Fault(
                f"{instance.name} ImageType",
                f"{printable(instance.raw('ImageType'))} is no legal ImageType with {needed} values.",
                r"Write e.g. DERIVED\SECONDARY\AXIAL.",
            )
