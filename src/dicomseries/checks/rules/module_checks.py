"""Checks of required attributes, by modules and functional groups (MOD)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from typing import NamedTuple

from dicomseries.checks.registry import Fault, check
from dicomseries.checks.series_view.element_values import has_value, items_in, plain_text, printable
from dicomseries.checks.series_view.file_frames import PER_FRAME, SHARED
from dicomseries.checks.series_view.required_groups import missing_by_type, missing_partners
from dicomseries.checks.series_view.series_view import SeriesView
from dicomseries.errors import counted
from dicomseries.reading import Element, Instance
from dicomseries.standard.attributes.attribute import tag_of
from dicomseries.standard.attributes.defined_terms import ENUMERATED
from dicomseries.standard.objects import sop_classes
from dicomseries.standard.objects.modules import mandatory_modules, module_requirements

__all__: list[str] = []

_ORIGIN, _ROLE = frozenset({"ORIGINAL", "DERIVED"}), frozenset({"PRIMARY", "SECONDARY"})
_FOUR = (4, _ORIGIN | {"MIXED"}, frozenset({"PRIMARY"}))
_IMAGE_TYPES: Mapping[str, tuple[int, frozenset[str], frozenset[str]]] = {
    sop_classes.CT: (3, _ORIGIN, _ROLE),
    sop_classes.MR: (3, _ORIGIN, _ROLE),
    sop_classes.ENHANCED_CT: _FOUR,
    sop_classes.ENHANCED_MR: _FOUR,
    sop_classes.XRAY_3D: _FOUR,
    sop_classes.PARAMETRIC_MAP: _FOUR,
}
"""SOP class → least number of values of ImageType, allowed first and second values."""
_ENUMERATED_TAGS = {tag_of(keyword): allowed for keyword, allowed in ENUMERATED.items()}


class _RequiredAttribute(NamedTuple):
    """An attribute of a mandatory module, with tags and name."""

    tags: tuple[int, ...]
    name: str
    module: str


@cache
def _required(sop_class_uid: str, kind: str) -> tuple[_RequiredAttribute, ...]:
    """Return the attributes of one type in mandatory modules."""
    required: dict[tuple[int, ...], _RequiredAttribute] = {}
    for module in mandatory_modules(sop_class_uid):
        for requirement in module_requirements(module):
            if requirement.type == kind and requirement.path != ("PixelData",):
                tags = tuple(map(tag_of, requirement.path))
                attribute = _RequiredAttribute(tags, ".".join(requirement.path), module)
                required.setdefault(tags, attribute)
    return tuple(required.values())


@check("MOD-001", level="error", part="PS3.3 A, C; PS3.5 7.4.1")
def type_1_has_a_value(view: SeriesView) -> Iterator[Fault]:
    """Type 1 attributes of the mandatory modules have a value.

    In multi-frame files also the mandatory functional groups, of every frame or shared, and the
    required attributes in their items.
    """
    for instance, name, module in _missing(view, "1"):
        if name == "FrameIncrementPointer" and instance.frames == 1:
            # C.8.6.3 makes it 1C: a single frame has no next one, and dciodvfy rejects a pointer.
            continue
        yield Fault(
            f"{instance.name} {name}",
            f"{name} of Type 1 is missing or empty (module {module}).",
            f"Set {name} to its value in the files, e.g. with pydicom, or export them again.",
        )
    for missing in missing_by_type(view, "1"):
        yield Fault(
            f"{missing.frame} {missing.name}",
            f"Required content of the functional group {missing.group} is missing or empty in "
            f"{counted(missing.frame_count, 'frame')}.",
            "Set it to its value in these frames, e.g. with pydicom, or export the file again.",
        )


@check("MOD-002", level="error", part="PS3.3 A, C; PS3.5 7.4.3")
def type_2_is_there(view: SeriesView) -> Iterator[Fault]:
    """Type 2 attributes of the mandatory modules are present.

    They may be empty if the value is not known.
    """
    for instance, name, module in _missing(view, "2"):
        yield Fault(
            f"{instance.name} {name}",
            f"{name} of Type 2 is missing (module {module}).",
            f"Add {name}, empty if its value is not known, e.g. with pydicom.",
        )
    for missing in missing_by_type(view, "2"):
        yield Fault(
            f"{missing.frame} {missing.name}",
            f"A Type 2 attribute of the functional group {missing.group} is missing in "
            f"{counted(missing.frame_count, 'frame')}.",
            "Add it, empty if its value is not known, e.g. with pydicom.",
        )


def _missing(view: SeriesView, kind: str) -> Iterator[tuple[Instance, str, str]]:
    """Yield file, name and module of missing attributes."""
    for index, instance in enumerate(view.instances):
        required = _required(instance.sop_class_uid, kind)
        for tags, name, module in _differing(required, view.differing) if index else required:
            element = instance.element(tags[0])
            if len(tags) == 1:
                is_present = _is_present(element, kind)
            else:
                is_present = element is None or _is_inside(instance, element, tags[1:], kind)
            if not is_present:
                yield instance, name, module


@lru_cache(maxsize=16)
def _differing(
    required: tuple[_RequiredAttribute, ...], differing: frozenset[int]
) -> tuple[_RequiredAttribute, ...]:
    return tuple(attribute for attribute in required if attribute.tags[0] in differing)


def _is_inside(instance: Instance, sequence: Element, tags: tuple[int, ...], kind: str) -> bool:
    """Return whether every item of nested sequences has an attribute."""
    for item in items_in(instance, sequence):
        element = item.get(tags[0])
        if len(tags) == 1:
            if not _is_present(element, kind):
                return False
        elif element is not None and not _is_inside(instance, element, tags[1:], kind):
            return False
    return True


def _is_present(element: Element | None, kind: str) -> bool:
    if element is None:
        return False
    return kind == "2" or has_value(element.vr, element.raw)


@check("MOD-003", level="error", part="PS3.3 C")
def terms_are_allowed(view: SeriesView) -> Iterator[Fault]:
    """Attributes with enumerated values have one of them.

    R or L in Laterality, for example.
    """
    for keyword, allowed in ENUMERATED.items():
        for instance, element in view.distinct(tag_of(keyword)):
            yield from _wrong_terms(f"{instance.name} {keyword}", element, allowed)
    if not view.is_multi_frame:
        return
    for located in view.elements:
        if located.tag in _ENUMERATED_TAGS and located.name.startswith((SHARED, PER_FRAME)):
            allowed = _ENUMERATED_TAGS[located.tag]
            yield from _wrong_terms(located.where, located.element, allowed)


def _wrong_terms(where: str, element: Element, allowed: tuple[str, ...]) -> Iterator[Fault]:
    if element.vr != "CS":
        return
    for part in plain_text(element.raw).split("\\"):
        value = part.strip(" \0")
        if value and value not in allowed:
            yield Fault(
                where,
                f"{printable(value)} is not one of {', '.join(allowed)}.",
                "Write one of these terms.",
            )
            return


@check("MOD-004", level="error", part="PS3.3 C.7.6.1.1.2, C.8.2.1.1.1, C.8.3.1.1.1, C.8.16.1")
def image_type_is_legal(view: SeriesView) -> Iterator[Fault]:
    """ImageType begins with ORIGINAL or DERIVED, PRIMARY or SECONDARY.

    CT and MR images have a third value. Enhanced images and parametric maps have four; they may
    begin with MIXED, and their second is PRIMARY.
    """
    for instance, _ in view.distinct(tag_of("ImageType")):
        values = instance.texts("ImageType")
        count, origins, roles = _IMAGE_TYPES.get(instance.sop_class_uid, (2, _ORIGIN, _ROLE))
        is_complete = len(values) >= count and all(values[:count])
        if not is_complete or values[0] not in origins or values[1] not in roles:
            example = r"DERIVED\SECONDARY\AXIAL"
            if count == 4:
                example = r"DERIVED\PRIMARY\VOLUME\QUANTITY"
            yield Fault(
                f"{instance.name} ImageType",
                f"{printable(instance.raw('ImageType'))} is no legal ImageType with {count} "
                "values.",
                f"Write e.g. {example}.",
            )


@check("MOD-005", level="error", part="PS3.3 C.8.16.1.4")
def derived_contrast_is_named(view: SeriesView) -> Iterator[Fault]:
    """The fourth value of a derived ImageType is not NONE.

    In enhanced CT and MR images it is RESAMPLED for values of a measurement, QUANTITY for another
    quantity.
    """
    for instance, _ in view.distinct(tag_of("ImageType")):
        values = instance.texts("ImageType")
        is_enhanced = instance.sop_class_uid in {
            sop_classes.ENHANCED_CT,
            sop_classes.ENHANCED_MR,
        }
        if is_enhanced and values[:1] == ("DERIVED",) and values[3:4] == ("NONE",):
            yield Fault(
                f"{instance.name} ImageType",
                f"{printable(instance.raw('ImageType'))} is derived, but its fourth value is NONE.",
                "Write RESAMPLED or another term of PS3.3 section C.8.16.1.4.",
            )


@check("MOD-006", level="error", part="PS3.3 C.8.13.5, C.8.15.3, C.7.6.16.2")
def groups_are_complete(view: SeriesView) -> Iterator[Fault]:
    """Functional groups hold everything that their values require.

    A matrix with BMATRIX, a direction with DIRECTIONAL; slabs and limits of arterial spin
    labelling, the range of a velocity encoding, the material of a filter, and the group of the
    third value of ImageType (ASL, METABOLITE_MAP). Converters find no gradients otherwise.
    """
    for missing in missing_partners(view):
        yield Fault(
            f"{missing.frame} {missing.name}",
            f"It is missing in {missing.frame_count} frames: {missing.reason} requires it.",
            "Write it, or remove the value that requires it.",
        )
